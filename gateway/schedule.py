"""When a bus polls what: aligned slots, the earliest deadline first, and no slot lost in silence.

Every poll interval cuts time into slots ``[k * interval, (k + 1) * interval)``, aligned to multiples of the interval,
so that all points of a bus with one interval are read together and share messages, and slots of 10 s coincide with
those of 60 s. A slot is due from its beginning and must be read before its end. Before each poll the slot that ends
first is chosen anew, so a unit polled every second never waits for a whole round of slower ones. A slot whose end has
passed is *missed*: it is counted, never fetched up.

Pure: times are arguments, in milliseconds of the monotonic scale that the caller keeps.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Job(Generic[K]):
    """Work that is due: one unit, and those of its intervals whose slots have begun."""

    unit: K
    intervals_ms: frozenset[int]
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Missed(Generic[K]):
    """Slots of one unit and interval that ended unread."""

    unit: K
    interval_ms: int
    count: int


@dataclass(slots=True)
class _Line:
    """One unit at one interval: ``slot`` is the next slot to be read."""

    interval_ms: int
    slot: int


class Schedule(Generic[K]):
    """The slots of one bus."""

    def __init__(self, lines: Iterable[tuple[K, int]], now_ms: int) -> None:
        """Plan for (unit, interval in ms) pairs; the first slot of each is the one that begins at or after ``now_ms``.

        Raises:
            ValueError: if an interval is not positive.
        """
        self._lines: dict[K, list[_Line]] = {}
        for unit, interval_ms in lines:
            if interval_ms <= 0:
                raise ValueError(f"an interval must be positive, not {interval_ms} ms")
            line = _Line(interval_ms, -(-now_ms // interval_ms))
            self._lines.setdefault(unit, []).append(line)

    def next_ms(self) -> int | None:
        """When the next slot begins (or began); None when there is nothing to read."""
        return min((line.slot * line.interval_ms for lines in self._lines.values() for line in lines), default=None)

    def missed(self, now_ms: int) -> list[Missed[K]]:
        """Slots that have ended unread since the last call."""
        gone: list[Missed[K]] = []
        for unit, lines in self._lines.items():
            for line in lines:
                current = now_ms // line.interval_ms
                if current > line.slot:
                    gone.append(Missed(unit, line.interval_ms, current - line.slot))
                    line.slot = current
        return gone

    def take(self, now_ms: int) -> Job[K] | None:
        """The due unit whose slot ends first; None when nothing is due.

        Call ``missed`` first: what has ended is not handed out here. A job leaves the schedule with this call: the
        caller must read it or record that it did not.
        """
        chosen: Job[K] | None = None
        for unit, lines in self._lines.items():
            due = [line for line in lines if now_ms // line.interval_ms == line.slot]
            if not due:
                continue
            deadline_ms = min((line.slot + 1) * line.interval_ms for line in due)
            if chosen is None or deadline_ms < chosen.deadline_ms:
                chosen = Job(unit, frozenset(line.interval_ms for line in due), deadline_ms)
        if chosen is not None:
            for line in self._lines[chosen.unit]:
                line.slot += line.interval_ms in chosen.intervals_ms
        return chosen
