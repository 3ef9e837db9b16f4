"""When a bus polls what: aligned slots, the earliest deadline first, and no slot lost in silence.

Every poll interval cuts time into slots ``[k * interval, (k + 1) * interval)``, aligned to multiples of the interval,
so that all points of a bus with one interval are read together and share messages, and slots of 10 s coincide with
those of 60 s. A slot is due from its beginning and must be read before its end. When a bus cannot keep up, the slot
that ends first is served first; a slot whose end has passed is *missed*: it is counted, never fetched up.

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

    def due(self, now_ms: int) -> tuple[list[Job[K]], list[Missed[K]]]:
        """What is to be read now, the earliest deadline first, and what was missed since the last call.

        A job leaves the schedule when it is handed out: the caller must read it or record that it did not.
        """
        jobs: list[Job[K]] = []
        missed: list[Missed[K]] = []
        for unit, lines in self._lines.items():
            intervals: list[int] = []
            deadline = 0
            for line in lines:
                current = now_ms // line.interval_ms
                if current < line.slot:
                    continue
                if current > line.slot:
                    missed.append(Missed(unit, line.interval_ms, current - line.slot))
                line.slot = current + 1
                end = line.slot * line.interval_ms
                deadline = min(deadline, end) if intervals else end
                intervals.append(line.interval_ms)
            if intervals:
                jobs.append(Job(unit, frozenset(intervals), deadline))
        jobs.sort(key=lambda job: job.deadline_ms)
        return jobs, missed
