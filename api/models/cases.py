"""Cases and tasks as pages show them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from api.models.alarms import AlarmSummary, EvidenceValue, RuleView
from api.models.base import (
    Bilingual,
    CommunityRef,
    FacilityRef,
    Light,
    Model,
    Number,
    PersonRef,
    SeverityName,
    TimeMs,
)
from api.models.closure import CaseClosure, Handled, Handling, Observation
from api.models.history import History
from core.cases import CaseState, DeadlineClock, DeadlineWhat, TaskKind, TaskState
from core.closure import PhotoKind
from core.flags import FlagKind
from core.intake import SourceKind
from core.places import Grid
from core.ports.cases import PassedOver, Rung
from core.stages import Basis, LadderStep, LimitUnit, ProceedingKind, ProceedingState, Stage, SupervisionLevel


class TaskAction(StrEnum):
    """What a person may do with a task."""

    ACCEPT = "accept"
    ARRIVE = "arrive"
    HANDLE = "handle"
    VERIFY = "verify"
    REJECT = "reject"
    RETURN = "return"
    TRANSFER = "transfer"
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    EXTEND = "extend"
    GRANT = "grant"
    REFUSE = "refuse"
    SUPERVISE = "supervise"
    ANSWER = "answer"
    LIFT = "lift"
    APPEAL = "appeal"
    ENDORSE = "endorse"
    UPHOLD = "uphold"
    DISMISS = "dismiss"


class Deadline(Model):
    """By when, and how it looks now."""

    due_ms: TimeMs | None = Field(description="null while the clock stands still")
    what: DeadlineWhat
    light: Light = Field(description="amber: three quarters of the time are used; red: it is over")
    overdue: bool = Field(description="the limit has passed and was not met")


class Storm(Model):
    """A case of many facilities that have something in common."""

    members: int = Field(description="facilities with alarms in it")
    members_on: int = Field(description="those with an alarm on now")
    joint: bool = Field(description="their rule gathers them, one by one and in calm too: one piece of work, no storm")


class CaseSummary(Model):
    """A case in a list."""

    id: Number
    code: str = Field(examples=["C-2026-000123"])
    say: Bilingual
    family: str
    state: CaseState
    open: bool
    severity: SeverityName
    lead: Grid
    support: Grid | None
    facility: FacilityRef
    community: CommunityRef
    opened_ms: TimeMs
    changed_ms: TimeMs
    closed_ms: TimeMs | None
    deadline: Deadline
    escalated: int = Field(description="0 owner, 1 supervisor, 2 manager")
    note: str
    drill: bool = Field(description="a test alarm from site (演练): nothing is wrong, and it counts nowhere")
    flagged: FlagKind | None = Field(description="a flag stands over alarms of it, while it is open")
    storm: Storm | None = Field(description="it gathers many facilities; `facility` is the first of them")
    extensions: int = Field(description="how often its limit was extended (延期)")
    supervised: SupervisionLevel | None = Field(description="the level of the supervision (督办) it is under")
    excused: bool = Field(
        description="an appeal (申诉) of whoever handled it was upheld; `deadline.overdue` stays as it was"
    )
    suspended_until_ms: TimeMs | None = Field(
        description="its suspension (挂账) ends by itself then; null while it is not suspended"
    )


class TaskSummary(Model):
    """A task in a queue."""

    id: Number
    case_id: Number
    case_code: str = Field(examples=["C-2026-000123"])
    say: Bilingual
    kind: TaskKind
    grid: Grid
    state: TaskState
    ready: bool = Field(description="a verification becomes ready when the repair is reported")
    severity: SeverityName
    facility: FacilityRef
    community: CommunityRef
    cell: str
    owner: PersonRef | None
    mine: bool
    created_ms: TimeMs
    changed_ms: TimeMs
    offered_until_ms: TimeMs | None = Field(description="offered to several until then: the first to accept has it")
    not_before_ms: TimeMs | None = Field(description="announced then: night rest, or its owner has no room before")
    put_off_from_ms: TimeMs | None = Field(
        description="would have been announced then, but its owner has as many tasks in that hour or on that day as "
        "one person is told of; null: nothing puts it off"
    )
    suspended_until_ms: TimeMs | None = Field(
        description="its suspension (挂账) ends by itself then; null while it is not suspended"
    )
    deadline: Deadline
    clock: DeadlineClock
    version: int
    drill: bool = Field(description="of a test case (演练): only to be confirmed")
    flagged: FlagKind | None = Field(description="a flag stands over alarms of its case")


class HistoryEntry(Model):
    """One line of the history of a case or a task: who did what, when and why."""

    time_ms: TimeMs
    what: str = Field(examples=["accept"])
    by: Bilingual = Field(description="name of the person, or the login, or the system")
    task_id: Number | None
    from_state: str
    to_state: str
    note: str = Field(
        description="of whoever got a task or was told, or of an alarm: names, Chinese first, then ` / ` and English"
    )
    alarm_id: str = Field(default="", description="the alarm that the note names; empty: none that one sees")


class StageClock(Model):
    """One run of a stage's clock; a stage that begins again has another one."""

    id: Number
    task_id: Number
    stage: Stage
    amount: float = Field(description="the limit as it is written", examples=[2])
    unit: LimitUnit
    basis: Basis = Field(description="where the limit comes from")
    standard: Bilingual | None = Field(description="what the standard says of this class and event, in its own words")
    started_ms: TimeMs
    warn_ms: TimeMs = Field(description="80 % of the time")
    limit_ms: TimeMs = Field(description="all of it; moved by pauses and extensions")
    paused_since_ms: TimeMs | None = Field(description="while it stands still")
    paused_ms: int = Field(description="how long it stood still before, by the clock on the wall")
    ended_ms: TimeMs | None
    ended_by: str = Field(description="the step that ended it", examples=["accept"])
    late: bool = Field(description="the limit passed while it ran; stays true for ever")
    light: Light = Field(description="amber: 80 % are used; red: all of it; one that has stopped shows what it showed")
    reached: LadderStep | None = Field(description="how far the escalation has gone")
    extended: int = Field(description="how often its limit was moved by a grant")


class AppealFacts(Model):
    """What an appeal is against, as it was when it was made."""

    due_ms: TimeMs | None
    met_ms: TimeMs | None
    overdue: bool
    rejections: int = Field(description="how often the repair was judged not to hold")


class Proceeding(Model):
    """An extension, a supervision or an appeal."""

    id: Number
    task_id: Number
    kind: ProceedingKind
    state: ProceedingState
    by: Bilingual = Field(description="who began it")
    reason: str
    asked_ms: TimeMs
    wished_ms: TimeMs | None = Field(description="of an extension: the moment asked for")
    granted_ms: TimeMs | None = Field(description="of an extension: the new limit")
    level: SupervisionLevel | None
    due_ms: TimeMs | None = Field(description="of a supervision: by when it must be answered; null once it is")
    overdue: bool = Field(description="of a supervision: it was not answered in time")
    answer: str
    endorsed: bool = Field(description="of an appeal: the first review has passed it on")
    decided_ms: TimeMs | None
    decided_by: Bilingual | None
    ruling: str
    facts: AppealFacts | None = Field(description="of an appeal; never changed, whatever is ruled")


class ReportSeen(Model):
    """What somebody reported of a case; photos are at `/intakes/{id}/photos/{position}`."""

    id: Number
    code: str = Field(examples=["R-2026-000017"])
    source: SourceKind
    say: Bilingual
    words: str
    time_ms: TimeMs
    by: Bilingual
    department: str
    ref: str
    longitude: float | None
    latitude: float | None
    photos: list[int] = Field(description="their positions")


class TaskPhotoView(Model):
    """A photo of a task; its bytes are at `/tasks/{task_id}/photos/{position}`."""

    task_id: Number
    position: int
    kind: PhotoKind
    media_type: str = Field(examples=["image/jpeg"])
    size: int = Field(description="bytes")
    time_ms: TimeMs = Field(description="when it arrived")
    by: Bilingual


class PlanRef(Model):
    """The preventive plan that a case came from."""

    id: Number
    code: str


class CaseDetail(CaseSummary):
    """A case with its alarms, tasks, evidence, instructions and whole history."""

    alarms: list[AlarmSummary]
    tasks: list[TaskSummary]
    evidence: list[EvidenceValue]
    do: list[Bilingual]
    history: list[HistoryEntry]
    stages: list[StageClock]
    proceedings: list[Proceeding]
    closure: CaseClosure
    reports: list[ReportSeen] = Field(description="what people reported of it, the newest 20 first")
    plan: PlanRef | None = Field(description="of preventive work")
    photos: list[TaskPhotoView] = Field(description="of all tasks of the case, oldest first")
    photo_needed: bool = Field(description="no sensor shows the repair: a photo must, or words why there is none")
    photo_missing: bool = Field(description="neither has come: as things stand, `verify` needs a note that says why")


class Series(Model):
    """What a point read around the opening; the chart beside the reason."""

    point: Number
    key: str
    name: Bilingual
    history: History


class TaskWhy(Model):
    """Why there is a task: the alarms, the rule in words, the values at the opening and the curves around it."""

    alarms: list[AlarmSummary]
    rule: RuleView | None
    evidence: list[EvidenceValue]
    series: list[Series]


class TaskWhere(Model):
    """Where to go; WGS-84 degrees."""

    latitude: float | None
    longitude: float | None
    address: Bilingual


class Candidate(Model):
    """Somebody routing looked at, and why they did not get the task (null: they did)."""

    rung: Rung
    cell: str
    person: PersonRef | None
    load: int = Field(description="open tasks they had then")
    passed_over: PassedOver | None
    distance_m: int | None = Field(description="from where they were believed to be; null where nobody knows")
    there_min: int | None = Field(description="minutes until they would have been there; of urgent tasks alone")


class Receiver(Model):
    """Somebody whom a task may be transferred to, or why they may not have it."""

    person: PersonRef
    open_tasks: int = Field(description="how many they have now")
    refused: Bilingual | None = Field(description="why they may not be given it; null: they may")
    lacks: Bilingual | None = Field(description="what they lack although they may be given it; the history says so")
    on_leave: bool
    off_shift: bool = Field(description="not at work now")


class Receivers(Model):
    """Whom a task may be transferred to: whoever may have it first, the fewest tasks first."""

    items: list[Receiver]


class TaskDetail(TaskSummary):
    """Everything a worker needs on site: why, where, what to do, by when; and the buttons that work now."""

    why: TaskWhy
    where: TaskWhere
    steps: list[Bilingual]
    actions: list[TaskAction]
    observation: Observation | None = Field(description="the sensor observes the repair, or has")
    history: list[HistoryEntry]
    routing: list[Candidate]
    stages: list[StageClock]
    proceedings: list[Proceeding]
    extension_until_ms: TimeMs | None = Field(description="the furthest moment an extension may ask for now")
    reports: list[ReportSeen] = Field(description="what people reported of its case, the newest 20 first")
    photos: list[TaskPhotoView] = Field(description="of all tasks of the case, oldest first")
    photo_needed: bool = Field(description="no sensor shows the repair: a photo must, or words why there is none")
    handled: Handled | None = Field(description="what was reported last with this task")
    photo_missing: bool = Field(description="neither has come: as things stand, `verify` needs a note that says why")


class TaskReport(Model):
    """What somebody reports with a step."""

    note: str = Field(
        default="",
        max_length=2000,
        description="report or reason; needed for return, reject, transfer, suspend and cancel, for every step of an "
        "extension, a supervision or an appeal, and for verify while an alarm is on or `photo_missing`",
    )
    to_person: Number | None = Field(default=None, description="for `transfer`")
    until_ms: TimeMs | None = Field(
        default=None,
        description="for `extend` the moment wished for, for `grant` the one granted (that wished for, if null), "
        "for `suspend` when it ends by itself: within 365 days, which is also what null means",
    )
    level: SupervisionLevel | None = Field(default=None, description="for `supervise`")
    version: int | None = Field(default=None, ge=0, description="refused when the task has changed since that version")
    handling: Handling | None = Field(default=None, description="with `handle`: what was found and what it cost")
