"""What a rule may ask of the site calendar, and the form in which it is answered: step functions of event time.

A *term* is a question such as ``occupied`` or ``in season heating``. For one facility its answer is a step function
that is known for all time, past and future: 1 while it holds, 0 while it does not, NaN where nobody knows (a year
whose holidays are not published yet). Facilities that keep the same times share a *schedule*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.places import Text
from core.readings import Float64s, Int32s, Int64s

OCCUPIED = "occupied"
WORKDAY = "workday"
WEEKEND = "weekend"
HOLIDAY = "holiday"
NIGHT = "night"
PLANNED_WORK = "planned_work"
WORDS = (OCCUPIED, WORKDAY, WEEKEND, HOLIDAY, NIGHT, PLANNED_WORK)
"""Terms of one word."""

TERM_NAMES: Mapping[str, Text] = {
    OCCUPIED: Text(zh="开放时间", en="opening hours"),
    WORKDAY: Text(zh="工作日", en="working day"),
    WEEKEND: Text(zh="周末", en="weekend"),
    HOLIDAY: Text(zh="法定节假日", en="public holiday"),
    NIGHT: Text(zh="夜间", en="night"),
    PLANNED_WORK: Text(zh="计划作业", en="planned work"),
}
_SEASON_NAMES: Mapping[str, Text] = {
    "heating": Text(zh="采暖季", en="heating season"),
    "flood": Text(zh="汛期", en="flood season"),
    "freeze": Text(zh="冰冻期", en="freeze season"),
}
_SEASON = "season "


def season_term(name: str) -> str:
    """The term that asks whether a season runs."""
    return _SEASON + name


def season_of(term: str) -> str | None:
    """The season a term asks for; None if it asks for something else."""
    return term[len(_SEASON) :] if term.startswith(_SEASON) else None


def term_name(term: str) -> Text | None:
    """What people call a term; None if it is none."""
    season = season_of(term)
    if season is None:
        return TERM_NAMES.get(term)
    return _SEASON_NAMES.get(season, Text(zh=f"季节 {season}", en=f"season {season}"))


class Steps(NamedTuple):
    """A stretch of a step function: the value at its beginning, then float64[k] values from int64[k] moments on."""

    begin: float
    time_ms: Int64s
    value: Float64s


class Schedule(Protocol):
    """One step function, computed where it is asked for; the same answer whenever it is asked."""

    def steps(self, from_ms: int, until_ms: int) -> Steps:
        """The value at ``from_ms`` and every change in (from_ms, until_ms], in time order."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """A term for n facilities.

    Attributes:
        of: intp[n], the schedule each facility keeps.
        schedules: the different ones.
    """

    of: NDArray[np.intp]
    schedules: Sequence[Schedule]


class SiteCalendar(Protocol):
    """The calendar of all facilities, a value: two calendars that differ are two values."""

    def timetable(self, term: str, facility: Int32s) -> Timetable:
        """How a term holds for facilities (registry numbers, in any order)."""
        ...


@dataclass(frozen=True, slots=True)
class Always:
    """A step function without steps."""

    value: float

    def steps(self, from_ms: int, until_ms: int) -> Steps:
        """The one value."""
        del from_ms, until_ms
        return Steps(self.value, np.empty(0, np.int64), np.empty(0, np.float64))


UNKNOWN = Always(float("nan"))


class NoCalendar:
    """Where nothing was said: every term is unknown, so no rule that asks opens or ends anything."""

    def timetable(self, term: str, facility: Int32s) -> Timetable:
        """Unknown for everyone."""
        del term
        return Timetable(np.zeros(len(facility), np.intp), (UNKNOWN,))
