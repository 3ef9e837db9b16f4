"""Reports and tasks handed down, as they travel: filed, decided, counted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, FacilityRef, Model, Number, SeverityName, TimeMs
from api.models.revisits import PublicAsked
from core.cases import CaseState
from core.intake import MOST_ASKED_MIN, MOST_WORDS, Category, Reason, SourceKind, Verdict

EventKey = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$", examples=["light_lamp"])]
Words = Annotated[str, Field(min_length=1, max_length=MOST_WORDS, examples=["灯杆倾斜，挂着电线"])]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="WGS-84 degrees")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="WGS-84 degrees")]
DepartmentCode = Annotated[str, Field(min_length=1, max_length=64, examples=["hb"])]


class EventView(Model):
    """Something that can be reported or asked for."""

    key: EventKey
    say: Bilingual
    category: Category = Field(description="heading of GB/T 30428.2 that it is looked for under")
    category_name: Bilingual
    severity: SeverityName
    urgent: bool = Field(description="never held back; whoever is in danger should call the emergency number first")


class EventList(Model):
    """What can be reported, in the order of the table."""

    items: list[EventView]


class ReportRequest(Model):
    """What a worker saw: at a facility by number or code, or at a place in a community."""

    event: EventKey
    words: Words
    facility: Number = Field(default=0, description="0: none")
    facility_code: str = Field(default="", max_length=64, description="in the place of the number, as the QR has it")
    community: Number = Field(default=0, description="0: that of the facility")
    longitude: Longitude | None = None
    latitude: Latitude | None = None


class HandedDownRequest(Model):
    """A task or an inspection that a department hands down to a community."""

    source: SourceKind = Field(description="`department` or `inspection`")
    event: EventKey
    words: Words
    community: Number
    department: DepartmentCode
    ref: str = Field(min_length=1, max_length=100, description="number of the paper", examples=["〔2026〕7号"])
    minutes: int = Field(default=0, ge=0, le=MOST_ASKED_MIN, description="work it asks for; 0: nobody knows")
    facility: Number = 0
    from_ms: TimeMs | None = Field(default=None, description="what an inspection asks about; by default 30 days")
    to_ms: TimeMs | None = None


class RulingRequest(Model):
    """What a gatekeeper decides of one that waits, or calls back from the department it was referred to."""

    verdict: Verdict = Field(
        description="`admit`, `join`, `return`, `answer` or `refer`; of one that was referred `wait`"
    )
    words: str = Field(default="", max_length=MOST_WORDS, description="needed but for `admit` and `join`")
    department: str = Field(default="", max_length=64, description="to which it is referred")
    case: Number | None = Field(default=None, description="which case it joins")
    event: EventKey | None = Field(default=None, description="what it is, if the report had that wrong")
    facility: Number | None = Field(default=None, description="where it is, if the report had that wrong")


class LogAnswerView(Model):
    """What the case log says of a community over a time, with the counts."""

    community: CommunityRef
    from_ms: TimeMs
    to_ms: TimeMs
    filed: int
    closed: int
    cancelled: int
    still_open: int
    in_time: int = Field(description="handled, every limit met")
    late: int = Field(description="a limit has passed")
    rework: int
    labour_min: int
    by_event: dict[str, int]
    by_source: dict[SourceKind, int]


class PhotoView(Model):
    """A photo; its bytes are at `/intakes/{id}/photos/{position}`."""

    position: int
    media_type: str
    size: int = Field(description="bytes")


class ReasonView(Model):
    """Why the gate decided so."""

    key: Reason
    say: Bilingual


class StepView(Model):
    """One decision of it; the first one is the gate's."""

    time_ms: TimeMs
    by: Bilingual
    before: Verdict | None
    after: Verdict
    department_name: Bilingual | None = Field(description="to which it was referred, or that answered")
    words: str


class IntakeView(Model):
    """A report or a task, and what became of it."""

    id: Number
    code: str = Field(examples=["R-2026-000017"])
    source: SourceKind
    event: EventKey
    say: Bilingual
    severity: SeverityName
    verdict: Verdict
    reasons: list[ReasonView]
    community: CommunityRef
    facility: FacilityRef | None
    longitude: float | None
    latitude: float | None
    words: str
    department: str
    department_name: Bilingual | None
    ref: str
    minutes: int
    time_ms: TimeMs
    by: Bilingual
    case_id: Number | None
    case_code: str
    candidates: list[Number] = Field(description="open cases that may be about the same, the likeliest first")
    figures: dict[str, int] = Field(description="open tasks and people that it was decided by")
    decided_ms: TimeMs
    decided_by: Bilingual
    ruling: str
    referred: str = Field(description="code of the department that has it or took it; empty: none")
    referred_name: Bilingual | None
    steps: list[StepView]
    answer: LogAnswerView | None
    photos: list[PhotoView]


class BurdenView(Model):
    """What a department asked of a community, and what it cost."""

    department: str
    department_name: Bilingual
    community: CommunityRef
    asked: int
    admitted: int
    joined: int
    returned: int
    answered: int
    waiting: int
    referred: int = Field(description="to another department, taken or not")
    inspections: int
    asked_min: int = Field(description="minutes of work, as the department said")
    cases: int
    tasks: int
    done: int
    labour_min: int = Field(description="minutes of work that were reported")
    late: int
    people: int


class BurdenReport(Model):
    """All of them, who gave the most tasks first."""

    from_ms: TimeMs
    to_ms: TimeMs
    items: list[BurdenView]


class KnownCase(Model):
    """An open case that a report may be about."""

    id: Number
    code: str = Field(examples=["C-2026-000017"])
    say: Bilingual
    severity: SeverityName
    state: CaseState
    facility: FacilityRef | None
    opened_ms: TimeMs
    same: bool = Field(description="a report would join it; else it may be about the same")
    distance_m: float | None = Field(description="from where it is reported; null: one of the two has no place")


class KnownCases(Model):
    """All of them, the likeliest first."""

    items: list[KnownCase]


class PublicPlace(Model):
    """What a stranger with the QR of a facility sees of it."""

    code: str
    name: Bilingual
    class_name: Bilingual
    community: Bilingual
    events: list[EventView]


class PublicReport(Model):
    """What a resident reports."""

    facility_code: str = Field(min_length=1, max_length=64)
    event: EventKey
    words: Words


class PublicReceipt(Model):
    """That it has arrived; what becomes of it is seen with the number."""

    id: Number
    code: str
    urgent: bool = Field(description="people are on their way; in danger call the emergency number all the same")


class PublicStage(StrEnum):
    """How far a resident's report has come, in as few words as they need."""

    RECEIVED = "received"
    """Somebody looks at it first."""
    ON_THE_WAY = "on_the_way"
    """It is a case; people have been sent."""
    DONE = "done"
    """The case is closed."""
    DECLINED = "declined"
    """It was returned or answered; the words say why."""
    REFERRED = "referred"
    """The department whose duty it is has taken it."""


class PublicState(Model):
    """What became of a report without a login; for whoever has its key."""

    code: str = Field(examples=["R-2026-000017"])
    say: Bilingual
    place: Bilingual
    time_ms: TimeMs
    stage: PublicStage
    known: bool = Field(description="somebody else had reported it before")
    changed_ms: TimeMs = Field(description="when that was decided")
    words: str = Field(description="why it was declined")
    photos: int
    revisit: PublicAsked | None = Field(description="it is done: what is asked about it; null: nothing, or no more")


class DepartmentView(Model):
    """A department of the city."""

    code: str
    name: Bilingual


class DepartmentList(Model):
    """All of them, by code."""

    items: list[DepartmentView]
