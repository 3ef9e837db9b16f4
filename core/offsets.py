"""Half-open ranges of spool offsets and the arithmetic of what is settled.

A gateway's spool numbers its readings 0, 1, 2, … within an epoch. An offset is *settled* when it never needs to travel
again: stored, quarantined, or evicted with a gap record. ``Settled`` is a low-water mark plus the islands above it;
it is what an acknowledgement says and what de-duplication asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class OffsetRange:
    """Offsets ``first`` up to but not including ``stop``."""

    first: int
    stop: int

    def __post_init__(self) -> None:
        """Refuse empty and negative ranges.

        Raises:
            ValueError: if not 0 <= first < stop.
        """
        if not 0 <= self.first < self.stop:
            raise ValueError(f"an offset range needs 0 <= first < stop, got {self.first}..{self.stop}")

    def __len__(self) -> int:
        """How many offsets it holds."""
        return self.stop - self.first


class Settled:
    """Which offsets of one epoch are settled: all below ``low``, and the islands above it.

    Adding ranges in any order, any number of times, gives the same value.
    """

    __slots__ = ("_firsts", "_low", "_stops")

    def __init__(self, low: int = 0, islands: Iterable[OffsetRange] = ()) -> None:
        """Start with everything below ``low`` settled, and the given islands."""
        self._low = low
        self._firsts: list[int] = []
        self._stops: list[int] = []
        for island in islands:
            self.add(island)

    @property
    def low(self) -> int:
        """The first offset that is not settled."""
        return self._low

    def islands(self) -> Iterator[OffsetRange]:
        """The settled ranges above ``low``, ascending, never touching each other."""
        return (OffsetRange(first, stop) for first, stop in zip(self._firsts, self._stops, strict=True))

    def raise_low(self, low: int) -> None:
        """Everything below ``low`` will never come (the gateway no longer holds it)."""
        if low > self._low:
            self._low = low
            self._absorb()

    def add(self, span: OffsetRange) -> None:
        """Settle ``span``; what is settled already is no error."""
        first, stop = max(span.first, self._low), span.stop
        if first >= stop:
            return
        left = bisect_right(self._stops, first - 1)
        right = bisect_right(self._firsts, stop)
        if left < right:
            first = min(first, self._firsts[left])
            stop = max(stop, self._stops[right - 1])
        self._firsts[left:right] = [first]
        self._stops[left:right] = [stop]
        self._absorb()

    def covers(self, span: OffsetRange) -> bool:
        """Whether every offset of ``span`` is settled."""
        return not any(True for _ in self.missing(span))

    def missing(self, span: OffsetRange) -> Iterator[OffsetRange]:
        """The parts of ``span`` that are not settled, ascending."""
        at = max(span.first, self._low)
        index = bisect_right(self._stops, at)
        while at < span.stop:
            first = self._firsts[index] if index < len(self._firsts) else span.stop
            if at < first:
                yield OffsetRange(at, min(first, span.stop))
            if index >= len(self._firsts):
                return
            at = max(at, self._stops[index])
            index += 1

    def clipped(self, stop: int) -> Settled:
        """The same, but nothing from ``stop`` on."""
        islands = [OffsetRange(span.first, min(span.stop, stop)) for span in self.islands() if span.first < stop]
        return Settled(min(self._low, stop), islands)

    def copy(self) -> Settled:
        """An independent copy."""
        twin = Settled(self._low)
        twin._firsts, twin._stops = list(self._firsts), list(self._stops)
        return twin

    def __eq__(self, other: object) -> bool:
        """Equal when the same offsets are settled."""
        if not isinstance(other, Settled):
            return NotImplemented
        return (self._low, self._firsts, self._stops) == (other._low, other._firsts, other._stops)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Low-water mark and islands, for test failures and logs."""
        return f"Settled(low={self._low}, islands={list(zip(self._firsts, self._stops, strict=True))})"

    def _absorb(self) -> None:
        """Let ``low`` swallow the islands it reaches."""
        taken = 0
        while taken < len(self._firsts) and self._firsts[taken] <= self._low:
            self._low = max(self._low, self._stops[taken])
            taken += 1
        del self._firsts[:taken]
        del self._stops[:taken]
