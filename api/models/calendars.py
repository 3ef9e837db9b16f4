"""The site calendar as pages show it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import Bilingual, Model, TimeMs
from core.holidays import DayKind
from core.ports.calendar_view import EntryKind
from core.stages import Stage


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


DayText = Annotated[str, Field(max_length=40, examples=["2027-02-06"])]


class DaysWish(Model):
    """What a run of days shall be."""

    first: DayText
    last: DayText = Field(description="included; the same as `first` for a single day")
    kind: DayKind | None = Field(description="null: as the notice or the week says; what was fixed is taken back")


class DaysChange(DaysWish):
    """The same, and what was looked at before."""

    mark: str = Field(max_length=64, description="of the preview")


class DayChangeView(Model):
    """What a day is and becomes."""

    day: str
    before: DayKind
    after: DayKind
    own_before: bool = Field(description="somebody had fixed it")


class TouchedLimitView(Model):
    """A running limit with more or less working time left than before."""

    case: str = Field(description="code of the case")
    facility: Bilingual
    stage: Stage
    limit_ms: TimeMs = Field(description="stays as it is")
    change_ms: int = Field(description="working time that comes; negative: goes")


class DaysPreviewView(Model):
    """What a change of days would do; nothing is written."""

    mark: str
    days: list[DayChangeView] = Field(description="those that change; empty: all are so already")
    less: int = Field(description="running limits with less working time left")
    more: int
    limits: list[TouchedLimitView] = Field(description="the first of them")


class DaysWritten(Model):
    """What was written."""

    days: int = Field(description="that changed")
