"""How cases end, as pages show it: observations, reports with their cost, merged cases, repairs, false alarms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import (
    AlarmId,
    Bilingual,
    CommunityRef,
    FacilityRef,
    FieldMoved,
    Model,
    Number,
    SeverityName,
    TimeMs,
)
from api.models.performance import Deadband, Delay
from core.cases import CaseState
from core.closure import MOST_FEN, MOST_LABOUR_MIN, MOST_PARTS, FalseCause, Outcome, WatchState
from core.ports.closure import Likeness
from core.stages import LadderStep

Fen = Annotated[int, Field(ge=0, le=MOST_FEN, description="fen, a hundredth of a yuan")]


class Observation(Model):
    """What the sensor says after a repair."""

    state: WatchState
    since_ms: TimeMs = Field(description="the repair was reported")
    window_ms: int = Field(description="so long the condition must stay away")
    from_ms: TimeMs | None = Field(description="since when the sensor has been seen; null: not yet")
    seen_ms: TimeMs = Field(description="up to when it has been good and seen")
    until_ms: TimeMs | None = Field(description="when it ends, as things stand; null while nobody can say")
    ended_ms: TimeMs | None
    moment_ms: TimeMs | None = Field(description="the moment of the curve that decided")
    alarm_id: AlarmId | None = Field(description="the alarm that decided")
    why: Bilingual = Field(description="why it takes so long")


class PartUsed(Model):
    """Something that was used up."""

    name: str = Field(min_length=1, max_length=200, examples=["浮球开关"])
    quantity: float = Field(gt=0, le=1_000_000, allow_inf_nan=False)
    price_fen: Fen


class CostSum(Model):
    """What something cost."""

    labour_min: int = Field(description="minutes of work")
    parts_fen: int
    contractor_fen: int


class Report(Model):
    """What was reported with *handle*."""

    time_ms: TimeMs
    by: Bilingual
    outcome: Outcome
    cause: FalseCause | None
    cause_text: str
    labour_min: int
    parts: list[PartUsed]
    contractor_fen: int
    no_photo: str = Field(description="why there is no photo after the repair; empty: none was asked for, or it came")


class Handling(Model):
    """What is reported with `handle`: what was found and what it cost."""

    outcome: Outcome = Outcome.REPAIRED
    cause: FalseCause | None = Field(default=None, description="needed for a false alarm")
    cause_text: str = Field(default="", max_length=1000, description="needed for the cause `other`")
    labour_min: int = Field(default=0, ge=0, le=MOST_LABOUR_MIN, description="minutes of all who worked on it")
    parts: list[PartUsed] = Field(default_factory=list, max_length=MOST_PARTS)
    contractor_fen: Fen = 0
    no_photo: str = Field(default="", max_length=1000, description="why no photo could be taken after the repair")


class Handled(Report):
    """What was reported last with a task."""

    may_correct: bool = Field(description="whether who asks may correct it")


class HandlingCorrection(Model):
    """What should be other in the newest report of a task; it is merged by field with what others corrected since."""

    base: Handling = Field(description="the report as it was when the correction began")
    handling: Handling = Field(description="the report as it should be; its outcome stays")
    reason: str = Field(min_length=1, max_length=900)


class HandlingCorrected(Model):
    """The report after a correction."""

    handled: Handled
    meanwhile: list[FieldMoved] = Field(
        description="what others corrected since its base, which stands; a part is `part:NAME` with quantity and fen"
    )


class CaseName(Model):
    """A case by name, with what it cost."""

    id: Number
    code: str = Field(examples=["C-2026-000123"])
    say: Bilingual
    facility: FacilityRef
    state: CaseState
    opened_ms: TimeMs
    cost: CostSum


class SimilarCase(Model):
    """An open case that may have the same cause."""

    case: CaseName
    reasons: list[Likeness]
    metres: float | None


class MergedCase(Model):
    """A case that went into another: by whom, when and why."""

    case: CaseName
    time_ms: TimeMs
    by: Bilingual
    reason: str


class RecurringFault(Model):
    """A fault that came again so often that a lasting repair is proposed."""

    facility: FacilityRef
    community: CommunityRef
    family: str
    say: Bilingual
    since_ms: TimeMs
    cases: list[CaseName]
    cost: CostSum
    asks: bool = Field(description="a lasting repair is to be decided about now")
    decision: LastingRepair | None = Field(description="the newest decision")


class LastingRepair(Model):
    """What somebody decided about a lasting repair."""

    accepted: bool
    time_ms: TimeMs
    by: Bilingual
    reason: str
    case_id: Number | None = Field(description="the case in which it is done")
    project_id: Number | None = Field(description="the project that pays for it")


class LastingRequest(Model):
    """Accept (a case is filed, or a project named) or decline; why."""

    family: str = Field(min_length=1, max_length=160)
    accept: bool
    project: Number | None = None
    reason: str = Field(min_length=1, max_length=900)


class LadderShare(Model):
    """Who hears of a stage after which share of its time."""

    step: LadderStep
    share: float


class SeverityLadder(Model):
    """The escalation of one severity."""

    severity: SeverityName
    steps: list[LadderShare]
    proposed: bool = Field(description="shares of this project: the table in force states none")


class Limits(Model):
    """Which table of limits is in force."""

    file: str
    own: bool = Field(description="the city's own, not the one that came with the program")
    version: str
    source: Bilingual
    rows: int
    ladder: list[SeverityLadder]
    appeal_days: float
    appeal_proposed: bool


class RecurringFaults(Model):
    """All of them, the most expensive first."""

    items: list[RecurringFault]


class CaseClosure(Model):
    """All of a case that has to do with its end."""

    observation: Observation | None
    reports: list[Report]
    cost: CostSum
    merged_into: MergedCase | None
    merged: list[MergedCase]
    similar: list[SimilarCase] = Field(description="open cases that may have the same cause")
    recurring: RecurringFault | None = Field(description="so often lately that a lasting repair is proposed")


class MergeRequest(Model):
    """Into which case, and why."""

    into: Number
    reason: str = Field(min_length=1, max_length=900)


class UnmergeRequest(Model):
    """Why the two have different causes after all."""

    reason: str = Field(min_length=1, max_length=900)


class CauseCount(Model):
    """How often a cause was named."""

    cause: FalseCause
    alarms: int


class FalseAt(Model):
    """False alarms at a facility."""

    facility: FacilityRef
    alarms: int


class FalseRule(Model):
    """A rule that was wrong: how often of how many, why, and what would have helped at its worst facility."""

    rule_id: str
    say: Bilingual
    handled: int = Field(description="cases that were handled")
    false: int = Field(description="those of them in which nothing was wrong")
    causes: list[CauseCount]
    facilities: list[FalseAt]
    texts: list[str]
    hold: Delay | None
    wait: Delay | None
    deadband: Deadband | None


class FalseAlarmReview(Model):
    """Rules for the review of their limits, the most false ones first."""

    from_ms: TimeMs
    to_ms: TimeMs
    items: list[FalseRule]
