"""The gap records of the spool: offsets that were given up, until the host has taken notice."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import replace

from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import Gap, GapReason
from gateway.spool_values import GapRecord


class GapTable:
    """Gap records by their first offset, ascending; they never touch a chunk."""

    def __init__(self, gaps: Iterable[GapRecord] = ()) -> None:
        """Take records over."""
        self._gaps = {gap.span.first: gap for gap in gaps}
        self._firsts = sorted(self._gaps)
        self.readings = sum(len(gap.span) for gap in self._gaps.values())

    def __len__(self) -> int:
        """How many records."""
        return len(self._firsts)

    def all(self) -> tuple[GapRecord, ...]:
        """All records, oldest offsets first."""
        return tuple(self._gaps[first] for first in self._firsts)

    def first(self) -> int | None:
        """The lowest offset of any record."""
        return self._firsts[0] if self._firsts else None

    def record(self, span: OffsetRange, gap: Gap) -> None:
        """Add a gap, joined to its neighbours of the same reason while those have never been sent."""
        left, right = self._left_of(span.first), self._gaps.get(span.stop)
        for other in (left, right):
            if other is None or other.sent or other.gap.reason is not gap.reason:
                continue
            if other.span.stop == span.first or other.span.first == span.stop:
                self._remove(other)
                span = OffsetRange(min(span.first, other.span.first), max(span.stop, other.span.stop))
                gap = Gap(reason=gap.reason, from_ms=_older(gap, other.gap), to_ms=max(gap.to_ms, other.gap.to_ms))
        self._add(GapRecord(span=span, gap=gap))

    def put(self, gap: GapRecord) -> None:
        """Add a record as it is, unless it is there."""
        if gap.span.first not in self._gaps:
            self._add(gap)

    def send(self) -> tuple[GapRecord, ...]:
        """All records; from now on their cut stays."""
        for first, gap in self._gaps.items():
            if not gap.sent:
                self._gaps[first] = replace(gap, sent=True)
        return self.all()

    @property
    def unsent(self) -> bool:
        """Whether there is a record that was never published."""
        return any(not gap.sent for gap in self._gaps.values())

    def shrink(self, settled: Settled) -> None:
        """Keep what is not settled: part of a run may have arrived before it was evicted."""
        for first in list(self._firsts):
            gap = self._gaps[first]
            missing = list(settled.missing(gap.span))
            if missing == [gap.span]:
                continue
            self._remove(gap)
            for part in missing:
                self._add(replace(gap, span=part))

    def _left_of(self, first: int) -> GapRecord | None:
        place = bisect_right(self._firsts, first) - 1
        return self._gaps[self._firsts[place]] if place >= 0 else None

    def _add(self, gap: GapRecord) -> None:
        self._gaps[gap.span.first] = gap
        insort(self._firsts, gap.span.first)
        self.readings += len(gap.span)

    def _remove(self, gap: GapRecord) -> None:
        del self._gaps[gap.span.first]
        self._firsts.remove(gap.span.first)
        self.readings -= len(gap.span)


def holes(stop: int, begin: int, spans: Iterable[OffsetRange], settled: Settled) -> list[OffsetRange]:
    """Offsets from ``begin`` to ``stop`` that are neither in ``spans`` nor settled: lost, and not yet declared."""
    known = settled.copy()
    for span in spans:
        known.add(span)
    return list(known.missing(OffsetRange(begin, stop))) if begin < stop else []


def damaged(span: OffsetRange) -> GapRecord:
    """A gap record for offsets of which nothing is known any more."""
    return GapRecord(span=span, gap=Gap(reason=GapReason.DAMAGED, from_ms=0, to_ms=0))


def _older(one: Gap, two: Gap) -> int:
    times = [gap.from_ms for gap in (one, two) if gap.from_ms]
    return min(times, default=0)
