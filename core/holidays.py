"""Which days are worked in mainland China: public holidays, and the Saturdays and Sundays worked instead (调休).

Both are decided year by year by a notice of the State Council, so they are data, not a rule: a table of the notices
(``dispatch.holidays``), and days that a city adds or corrects (``registry`` folder, ``calendar``).
A day of a year that no table holds is *unknown*; whoever needs an answer nevertheless must say what it goes by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class DayKind(StrEnum):
    """What a date is."""

    WORKDAY = "workday"
    """Monday to Friday, worked."""
    MAKEUP = "makeup"
    """A Saturday or Sunday that is worked instead of a holiday (调休)."""
    WEEKEND = "weekend"
    """A Saturday or Sunday, free."""
    HOLIDAY = "holiday"
    """Of a public holiday; its Saturdays and Sundays too."""
    UNKNOWN = "unknown"
    """Of a year whose notice is not known."""

    @property
    def is_worked(self) -> bool | None:
        """Whether it is worked; None if nobody knows."""
        return None if self is DayKind.UNKNOWN else self in {DayKind.WORKDAY, DayKind.MAKEUP}


@dataclass(frozen=True, kw_only=True, slots=True)
class Holidays:
    """Days by the notices.

    Attributes:
        years: those of which every day is known.
        holidays: dates of public holidays.
        makeup: Saturdays and Sundays that are worked.
        own: days that somebody has fixed himself; they go before everything else, in unknown years too.
        by_week: in a year that is not known, take Monday to Friday for worked and know of no holidays.
    """

    years: frozenset[int]
    holidays: frozenset[date]
    makeup: frozenset[date]
    own: Mapping[date, DayKind] = field(default_factory=dict)
    by_week: bool = False

    def kind(self, day: date) -> DayKind:
        """What a date is."""
        own = self.own.get(day)
        if own is not None:
            return own
        if day.year not in self.years and not self.by_week:
            return DayKind.UNKNOWN
        if day in self.holidays:
            return DayKind.HOLIDAY
        if day in self.makeup:
            return DayKind.MAKEUP
        return by_weekday(day)

    def is_workday(self, day: date) -> bool:
        """Whether a date is worked, Monday to Friday where nobody knows: for clocks that must run."""
        worked = self.kind(day).is_worked
        return by_weekday(day) is DayKind.WORKDAY if worked is None else worked

    @property
    def last_year(self) -> int:
        """The last year that is known, with every year between the first and it; 0 if none is."""
        return max(self.years, default=0)


def by_weekday(day: date) -> DayKind:
    """Monday to Friday is worked, where nothing else was said."""
    return DayKind.WORKDAY if day.weekday() < 5 else DayKind.WEEKEND


NO_HOLIDAYS = Holidays(years=frozenset(), holidays=frozenset(), makeup=frozenset(), by_week=True)
"""A site that keeps none: Monday to Friday all the year."""
