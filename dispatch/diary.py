"""When people were told of tasks, and will be. Pure: instants in, counts out.

An instant at which a task was announced to somebody, or will be, stays in their diary when the task is done; one that
ended before anybody heard of it, or that somebody else has got, leaves it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from typing import Any

from dispatch.arrival import Load, Urgent
from dispatch.distance import Spot
from dispatch.worktime import HOUR_MS, WorkCalendar

BELIEVED_MS = 12 * HOUR_MS
"""Somebody is believed to be where they went last for so long, midnight or not."""
_MOST_INSTANTS = 64
"""So many instants of a person are kept in mind."""


class Diary:
    """Announcements and open tasks by person."""

    def __init__(self, calendar: WorkCalendar, turn_ms: int = 0) -> None:
        """Nobody has anything; turns are counted over ``turn_ms``."""
        self._calendar, self._turn_ms = calendar, turn_ms
        self._earlier: dict[int, int] = {}
        self._spots: dict[int, tuple[int, Spot]] = {}
        self._open: dict[int, int] = {}
        self._told: dict[int, list[int]] = {}
        self._moments: dict[int, list[int]] = {}
        self._urgent: dict[int, dict[int, Urgent]] = {}
        self._worked: dict[int, dict[int, Load | None]] = {}

    def opened(self, person: int, count: int = 1) -> None:
        """Somebody has so many open tasks more, or less."""
        self._worked.pop(person, None)
        self._open[person] = self._open.get(person, 0) + count

    def write(self, person: int, at_ms: int) -> None:
        """Somebody is told of a task then."""
        self._worked.pop(person, None)
        told = self._told.setdefault(person, [])
        place = bisect_left(told, at_ms)
        if place == len(told) or told[place] != at_ms:
            insort(self._moments.setdefault(person, []), at_ms)
        told.insert(place, at_ms)

    def strike(self, person: int, at_ms: int) -> None:
        """Somebody is not told then after all."""
        self._worked.pop(person, None)
        told = self._told[person]
        place = bisect_left(told, at_ms)
        del told[place]
        if place == len(told) or told[place] != at_ms:
            moments = self._moments[person]
            del moments[bisect_left(moments, at_ms)]

    def turned(self, person: int, count: int) -> None:
        """So many tasks of somebody lie before what is written here, and count for their turn."""
        self._worked.pop(person, None)
        self._earlier[person] = self._earlier.get(person, 0) + count

    def went(self, person: int, spot: Spot | None, at_ms: int) -> None:
        """Somebody has set out to a place; it is where they are believed to be for twelve hours."""
        if spot is not None and at_ms >= self._spots.get(person, (at_ms, spot))[0]:
            self._worked.pop(person, None)
            self._spots[person] = at_ms, spot

    def urgent(self, person: int, task: int, what: Urgent | None) -> None:
        """Somebody has an urgent task, or has it no more (``None``)."""
        self._worked.pop(person, None)
        if what is not None:
            self._urgent.setdefault(person, {})[task] = what
        else:
            self._urgent.get(person, {}).pop(task, None)

    def after(self, person: int, from_ms: int, to_ms: int) -> list[int]:
        """The instants in (from_ms, to_ms] at which somebody is told of something, ascending, each once."""
        moments = self._moments.get(person, [])
        return moments[bisect_right(moments, from_ms) : bisect_right(moments, to_ms)]

    def at(self, at_ms: int) -> Mapping[int, Load]:
        """The loads that count for one task more at ``at_ms``; each is worked out when it is asked for."""
        return _Loads(self, at_ms, self._calendar.midnights(at_ms))

    def known(self) -> list[int]:
        """Everybody of whom something is written."""
        return list({**self._open, **self._told, **self._earlier, **self._spots, **self._urgent})

    def load(self, person: int, at_ms: int, midnights: tuple[int, int]) -> Load | None:
        """What counts for one task more of somebody at ``at_ms``; ``None``: nothing is written of them.

        It is worked out once, until something else is written of them.
        """
        worked = self._worked.get(person)
        if worked is None:
            worked = self._worked[person] = {}
        if at_ms not in worked:
            if len(worked) >= _MOST_INSTANTS:
                worked.clear()
            worked[at_ms] = self._work_out(person, at_ms, midnights)
        return worked[at_ms]

    def _work_out(self, person: int, at_ms: int, midnights: tuple[int, int]) -> Load | None:
        told, spot = self._told.get(person, []), self._spots.get(person)
        urgent = self._urgent.get(person, {})
        if not (told or urgent or spot is not None or person in self._open or person in self._earlier):
            return None
        return Load(
            self._open.get(person, 0),
            bisect_left(told, midnights[1]) - bisect_left(told, midnights[0]),
            _most_around(told, self._moments.get(person, []), at_ms),
            self._earlier.get(person, 0) + len(told) - bisect_right(told, at_ms - self._turn_ms),
            spot[1] if spot is not None and abs(at_ms - spot[0]) < BELIEVED_MS else None,
            tuple(urgent.values()),
        )


class _Loads(Mapping[int, Load]):
    """Person to load at one instant."""

    def __init__(self, diary: Diary, at_ms: int, midnights: tuple[int, int]) -> None:
        self._diary, self._at_ms, self._midnights = diary, at_ms, midnights

    def __getitem__(self, person: int) -> Load:
        load = self._diary.load(person, self._at_ms, self._midnights)
        if load is None:
            raise KeyError(person)
        return load

    def get(self, person: int, default: Any = None) -> Any:
        """As of any mapping; asked so often that a missing one is no error first."""
        load = self._diary.load(person, self._at_ms, self._midnights)
        return default if load is None else load

    def __iter__(self) -> Iterator[int]:
        return iter(self._diary.known())

    def __len__(self) -> int:
        return len(self._diary.known())


def _most_around(told: list[int], moments: list[int], at_ms: int) -> int:
    """How many of ascending instants lie within one hour with ``at_ms``, in the hour that has most of them.

    ``moments``: each of the instants once; many are told of at the same one when everybody is full.
    """
    later = moments[bisect_right(moments, at_ms) : bisect_left(moments, at_ms + HOUR_MS)]
    return max(bisect_right(told, end) - bisect_right(told, end - HOUR_MS) for end in (at_ms, *later))
