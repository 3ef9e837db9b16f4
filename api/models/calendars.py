"""The site calendar as pages show it."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, Model, TimeMs
from core.holidays import DayKind
from core.ports.calendar_view import EntryKind


class CalendarDay(Model):
    """A day that is no ordinary one of its week."""

    day: str = Field(examples=["2026-10-10"])
    kind: DayKind
    own: bool = Field(description="the registry says so, not the notice")


class CalendarHours(Model):
    """Hours on one kind of day."""

    on: str = Field(description="`workday`, `weekend`, `holiday`, `daily`, `mon` to `sun`")
    periods: list[str] = Field(description="empty: closed", examples=[["08:30-12:00"]])


class CalendarLine(Model):
    """An entry of the calendar."""

    kind: EntryKind
    code: str
    name: Bilingual
    everywhere: bool = Field(description="whether it is for all facilities")
    facilities: int = Field(description="that it is for, of those this login sees")
    where: list[Bilingual] = Field(description="communities, cells, classes and facilities that it names")
    hours: list[CalendarHours]
    first: str = Field(description="of a season `MM-DD` or a date; of an opening a date or empty")
    last: str
    begin_ms: TimeMs | None = Field(description="of planned work")
    end_ms: TimeMs | None


class CalendarYear(Model):
    """The calendar in a year."""

    zone: str
    year: int
    known: bool = Field(description="whether the holidays of the year are published")
    by_week: bool = Field(description="whether days of an unpublished year are taken by their weekday")
    night: str
    days: list[CalendarDay]
    lines: list[CalendarLine]
