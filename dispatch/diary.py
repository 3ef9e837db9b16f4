"""When people were told of tasks, and will be. Pure: instants in, counts out.

An instant at which a task was announced to somebody, or will be, stays in their diary when the task is done; one that
ended before anybody heard of it, or that somebody else has got, leaves it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping

from dispatch.routing import Load
from dispatch.worktime import HOUR_MS, WorkCalendar


class Diary:
    """Announcements and open tasks by person."""

    def __init__(self, calendar: WorkCalendar) -> None:
        """Nobody has anything."""
        self._calendar = calendar
        self._open: dict[int, int] = {}
        self._told: dict[int, list[int]] = {}

    def opened(self, person: int, count: int = 1) -> None:
        """Somebody has so many open tasks more, or less."""
        self._open[person] = self._open.get(person, 0) + count

    def write(self, person: int, at_ms: int) -> None:
        """Somebody is told of a task then."""
        insort(self._told.setdefault(person, []), at_ms)

    def strike(self, person: int, at_ms: int) -> None:
        """Somebody is not told then after all."""
        told = self._told[person]
        del told[bisect_left(told, at_ms)]

    def after(self, person: int, from_ms: int) -> list[int]:
        """The instants later than ``from_ms``, ascending."""
        told = self._told.get(person, [])
        return told[bisect_right(told, from_ms) :]

    def at(self, at_ms: int) -> Mapping[int, Load]:
        """The loads that count for one task more at ``at_ms``; each is worked out when it is asked for."""
        day = self._calendar.day_of(at_ms)
        midnights = self._calendar.instant(day, 0), self._calendar.instant(day, 1440)
        return _Loads(self._open, self._told, at_ms, midnights)


class _Loads(Mapping[int, Load]):
    """Person to load at one instant."""

    def __init__(
        self, open_: Mapping[int, int], told: Mapping[int, list[int]], at_ms: int, midnights: tuple[int, int]
    ) -> None:
        self._open, self._told, self._at_ms, self._midnights = open_, told, at_ms, midnights

    def __getitem__(self, person: int) -> Load:
        if person not in self._open and person not in self._told:
            raise KeyError(person)
        told = self._told.get(person, [])
        today = bisect_left(told, self._midnights[1]) - bisect_left(told, self._midnights[0])
        return Load(self._open.get(person, 0), today, _most_around(told, self._at_ms))

    def __iter__(self) -> Iterator[int]:
        return iter({**self._open, **self._told})

    def __len__(self) -> int:
        return len({**self._open, **self._told})


def _most_around(told: list[int], at_ms: int) -> int:
    """How many of ascending instants lie within one hour with ``at_ms``, in the hour that has most of them."""
    near = told[bisect_right(told, at_ms - HOUR_MS) : bisect_left(told, at_ms + HOUR_MS)]
    ends = (at_ms, *(one for one in near if one > at_ms))
    return max(bisect_right(near, end) - bisect_right(near, end - HOUR_MS) for end in ends)
