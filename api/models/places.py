"""Communities, facilities and their points as pages show them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.models.alarms import AlarmSummary
from api.models.base import (
    Bilingual,
    CommunityRef,
    FacilityRef,
    HealthName,
    Model,
    Number,
    SeverityName,
    TimeMs,
)
from api.models.cases import CaseSummary
from api.models.history import Limit
from core.places import Grid, PointKind

QualityName = Literal["good", "uncertain", "bad", "not_measured"]


class FacilityCounts(Model):
    """Facilities of a community."""

    total: int
    healthy: int = Field(description="without an open alarm")
    alarmed: int = Field(description="with an open alarm of a condition")
    unseen: int = Field(description="nobody can see them now")


class SeverityCounts(Model):
    """Alarms that are on, by severity."""

    info: int
    low: int
    medium: int
    high: int
    critical: int


class CaseCounts(Model):
    """Cases that are not closed, and how many of them are past their deadline."""

    open: int
    overdue: int


class CommunityOverview(CommunityRef):
    """One community on the overview."""

    street: Bilingual
    facilities: FacilityCounts
    alarms: SeverityCounts
    cases: CaseCounts
    waiting_tasks: int = Field(description="tasks nobody has accepted")
    last_reading_ms: TimeMs | None = Field(description="event time of the newest reading")
    latitude: float
    longitude: float


class CommunityList(Model):
    """All communities one sees, worst first."""

    items: list[CommunityOverview]


class CommunityChange(CommunityRef):
    """What a day has changed in one community; drills and tests are left out."""

    alarmed_before: int = Field(description="facilities with an alarm of a condition a day ago, by event time")
    alarms_opened: int = Field(description="alarms of conditions, above information, that began within the day")
    alarms_ended: int = Field(description="such alarms whose condition ended within it")
    cases_before: int = Field(description="cases open a day ago")
    cases_opened: int
    cases_closed: int = Field(description="ended within the day, also cancelled and merged ones")
    overdue_new: int = Field(description="open cases past a limit that fell within the day")
    unseen_ms: int = Field(description="time for which facilities could not be seen, added up over them")
    unseen_before_ms: int = Field(description="the same of the day before")


class CommunityChanges(Model):
    """What the last 24 hours changed, for every community one sees."""

    from_ms: TimeMs
    to_ms: TimeMs
    items: list[CommunityChange]


class ClassCount(Model):
    """Facilities of one class in a community."""

    class_id: str
    name: Bilingual
    total: int
    fault: int
    attention: int
    unseen: int


class CellView(Model):
    """A cell of one of the two grids."""

    code: str
    grid: Grid
    name: Bilingual
    polygon: list[tuple[float, float]] = Field(description="ring of (longitude, latitude), WGS-84, closed")


class CommunityDetail(CommunityOverview):
    """A community with its classes and the cells of both grids."""

    classes: list[ClassCount]
    cells: list[CellView]


class CellRef(Model):
    """A cell by code and name."""

    code: str
    name: Bilingual


class Cells(Model):
    """The cells of both grids a facility lies in."""

    governance: CellRef | None
    construction: CellRef | None


class LatestValue(Model):
    """The newest reading of a point."""

    time_ms: TimeMs
    value: float | None = Field(description="null for text, and where nothing was measured")
    text: str | None
    quality: QualityName
    reason: str = Field(description="why it is not simply good: `timeout`, `out_of_range`, …; else empty")
    say: Bilingual = Field(description="quality and reason for people")
    stale: bool = Field(description="older than `stale_after_s`")


class PointView(Model):
    """A point with its newest value and its limits."""

    id: Number
    key: str = Field(examples=["level"])
    name: Bilingual
    unit: str = Field(description="UCUM code", examples=["m"])
    kind: PointKind
    low: float | None = Field(description="plausible range; outside it a value is bad")
    high: float | None
    normal_low: float | None = Field(description="usual band, for charts")
    normal_high: float | None
    interval_s: float
    stale_after_s: float
    active: bool
    latest: LatestValue | None
    limits: list[Limit]


class FacilitySummary(FacilityRef):
    """A facility in a list. Health: `fault` alarm of medium or above, `attention` a lesser one, `unseen`, `ok`."""

    community: CommunityRef
    health: HealthName
    worst: SeverityName | None = Field(description="of its open alarms")
    open_alarms: int
    open_cases: int
    last_reading_ms: TimeMs | None
    provenance_note: Bilingual


class FacilityDetail(FacilitySummary):
    """Everything a page shows of one facility."""

    latitude: float
    longitude: float
    address: Bilingual
    cells: Cells
    parent: FacilityRef | None = Field(description="what supplies or contains it, if the caller may see that")
    supplies: list[FacilityRef] = Field(description="what it supplies or contains itself, directly")
    redundant_set: str = Field(description="name it shares with those that measure the same; else empty")
    attributes: dict[str, float | str] = Field(examples=[{"design_pressure": 0.6}])
    points: list[PointView]
    alarms: list[AlarmSummary] = Field(description="open ones, worst first")
    cases: list[CaseSummary] = Field(description="open ones, worst first")


class ClassView(Model):
    """A class of facilities, for filters."""

    id: str
    name: Bilingual


class ClassList(Model):
    """All classes of facilities."""

    items: list[ClassView]
