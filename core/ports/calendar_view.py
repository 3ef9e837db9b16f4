"""The site calendar as people look at it: a year's holidays and make-up days, and the entries of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.holidays import DayKind
from core.places import Text


class EntryKind(StrEnum):
    """What an entry says."""

    OPENING = "opening"
    SEASON = "season"
    WORK = "work"


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarDay:
    """A day that is no ordinary one of its week; ``own``: the registry says so, not the notice."""

    day: str
    kind: DayKind
    own: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarLine:
    """An entry of the calendar.

    Attributes:
        kind: what it says.
        code: of planned work; else empty.
        name: of a season or of planned work.
        facilities: numbers of those it is for; ``None``: all.
        communities, cells, codes, classes: what it names, as written; empty lists do not restrict.
        hours: of an opening: day word to periods such as ``08:30-12:00``; closed without periods.
        first, last: of a season ``MM-DD`` or a date, of an opening the dates it is valid from and to, empty without.
        begin_ms, end_ms: of planned work.
    """

    kind: EntryKind
    code: str = ""
    name: Text = Text(zh="", en="")  # noqa: RUF009 - frozen
    facilities: frozenset[int] | None = None
    communities: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    hours: Mapping[str, tuple[str, ...]] | None = None
    first: str = ""
    last: str = ""
    begin_ms: int = 0
    end_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarYear:
    """The calendar in a year.

    Attributes:
        zone: its time zone.
        year: which.
        known: whether the holidays of the year are published; else its days are unknown.
        by_week: whether days of an unpublished year are taken by their weekday.
        night: hours of night, such as ``22:00-06:00``.
        days: holidays, make-up days and days of one's own, in order.
        lines: entries, in the order of their file.
    """

    zone: str
    year: int
    known: bool
    by_week: bool
    night: str
    days: tuple[CalendarDay, ...]
    lines: tuple[CalendarLine, ...]


class CalendarBook(Protocol):
    """The calendar in force."""

    def year(self, year: int) -> CalendarYear:
        """How it is in a year."""
        ...
