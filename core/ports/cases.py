"""Alarms, cases and tasks as ``api`` sees them, and the small ports ``dispatch`` itself needs.

Everything a page shows comes as frozen values. ``communities`` is the viewer's horizon: ``None`` means everything, an
empty set nothing; the caller derives it from the login, every query applies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.alarms import AlarmKind, AlarmState, ChangeKind, Piece, Severity, SeverityStep
from core.cases import Action, Actor, CaseState, DeadlineClock, DeadlineWhat, TaskKind, TaskState
from core.closure import HandlingReport
from core.flags import FlagKind
from core.places import Grid, Text
from core.ports.evidence import EvidenceQueries
from core.ports.feed import CommunityFigures, FeedEntry
from core.ports.flags import AlarmCommands, FlagQueries, FlagRow
from core.ports.receivers import ReceiverQueries
from core.ports.registry import Page, PageRequest
from core.ports.stages import ProceedingRow, StageRow
from core.stages import SupervisionLevel


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmRow:
    """One alarm as lists show it.

    Attributes:
        alarm_id: never changes.
        start_ms, stop_ms, since_ms: the interval, event time; stop_ms ``None`` while on.
        state: ISA-18.2 state; the flags stand beside it.
        shelved_until_ms: ``None`` when not shelved.
        late: found late (it began more than 5 min before it was found).
        retracted: it never was; kept for the record.
        merged_into: the alarm that took it in, or empty; split_from: the alarm it was split from, or empty.
        case: number of the case it belongs to, ``None`` for report lines.
        opened_ms: wall clock, when it was first recorded.
        severity: that of the moment while it is on, the worst once it is over.
        steps: how it rose and fell; empty for rules without levels.
        flaps: how often it opened, if it flaps, else 0; pieces: when its condition truly held, first and newest.
    """

    alarm_id: str
    rule_id: str
    facility: int
    community: int
    severity: Severity
    kind: AlarmKind
    state: AlarmState
    say: Text
    start_ms: int
    stop_ms: int | None
    since_ms: int
    late: bool
    retracted: bool
    latching: bool
    opened_ms: int
    shelved_until_ms: int | None = None
    shelve_reason: str = ""
    suppressed: bool = False
    out_of_service: bool = False
    merged_into: str = ""
    split_from: str = ""
    case: int | None = None
    steps: tuple[SeverityStep, ...] = ()
    flaps: int = 0
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmHistoryRow:
    """One step of an alarm, by the rules (``change``), a person or the clock (``event``): from where to where, why.

    ``from_state`` is ``None`` for the first step; ``until_ms`` is the end of a flag that was raised.
    """

    at_ms: int
    actor: str
    change: ChangeKind | None
    event: str
    state: AlarmState
    start_ms: int
    stop_ms: int | None
    note: str = ""
    severity: Severity | None = None
    """Shown after the step; ``None`` in lines from before severities changed."""
    from_state: AlarmState | None = None
    person: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceValue:
    """One value at the opening of an alarm, frozen for the case.

    Attributes:
        point: registry number; key: measurement key; unit: UCUM code.
        value: the number, ``None`` where there was none; text: where the point carries text.
        time_ms: event time of the reading; quality: packed byte (``core.quality``).
    """

    point: int
    key: str
    name: Text
    unit: str
    time_ms: int
    value: float | None
    quality: int
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmDetail:
    """An alarm with its history, evidence and instructions, and the flags that keep it silent."""

    alarm: AlarmRow
    history: tuple[AlarmHistoryRow, ...]
    evidence: tuple[EvidenceValue, ...]
    do: tuple[Text, ...]
    flags: tuple[FlagRow, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmFilter:
    """Which alarms; empty fields do not restrict."""

    communities: frozenset[int] | None = None
    facility: int | None = None
    rule_id: str = ""
    minimum: Severity = Severity.INFO
    states: frozenset[AlarmState] = frozenset()
    on: bool | None = None
    """True: on now; False: cleared."""
    needs_attention: bool = False
    """Annunciated: unacknowledged, latched, or on, and no flag stands."""
    flags: frozenset[FlagKind] = frozenset()
    """Under a flag of one of these kinds."""
    silent: bool | None = None
    """True: some flag stands; False: none."""
    from_ms: int | None = None
    to_ms: int | None = None
    """Interval touches [from_ms, to_ms), event time."""
    retracted: bool = False
    """Include retracted and merged ones."""
    drills: bool = False
    """Include test alarms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRow:
    """One case as lists show it.

    Attributes:
        number: running number.
        code: what people quote (``C-2026-000123``).
        due_ms: the limit of its deadline, ``None`` while suspended.
        overdue: the limit has passed without being met; stays true for ever.
        closed_ms: when it was closed or cancelled.
        escalated: 0 owner, 1 supervisor, 2 manager.
        note: for cancelled ones why (``self-cleared``).
        drill: a test case; it counts nowhere.
        flagged: the kind of flag that stands over alarms of it, while it is open; else empty.
        storm: it gathers many facilities; members: how many, members_on: those with an alarm on now.
        joint: its rule gathers them, one by one and in calm too; no storm.
        extensions: how often its limit was extended.
        supervised: the level of the supervision it is under; else empty.
        excused: an appeal of whoever handled it was upheld; ``overdue`` stays as it was.
        suspended_until_ms: when its suspension ends by itself; ``None`` while it is not suspended.
    """

    number: int
    code: str
    facility: int
    community: int
    family: str
    state: CaseState
    severity: Severity
    lead: Grid
    support: Grid | None
    say: Text
    opened_ms: int
    changed_ms: int
    due_ms: int | None
    due_what: DeadlineWhat
    overdue: bool
    escalated: int
    closed_ms: int | None = None
    note: str = ""
    drill: bool = False
    flagged: str = ""
    storm: bool = False
    members: int = 0
    members_on: int = 0
    joint: bool = False
    extensions: int = 0
    supervised: str = ""
    excused: bool = False
    suspended_until_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFilter:
    """Which cases; empty fields do not restrict."""

    communities: frozenset[int] | None = None
    facility: int | None = None
    states: frozenset[CaseState] = frozenset()
    open: bool | None = None
    overdue: bool | None = None
    minimum: Severity = Severity.INFO
    drills: bool = False
    """True: test cases alone; False: real ones alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryRow:
    """One step of a case or task: who did what when and why. Never changed, never removed."""

    at_ms: int
    actor: str
    person: int | None
    task: int | None
    action: str
    """An ``Action``, or what the system noted: ``opened``, ``joined``, ``cleared``, ``overdue``, ``escalated`` …"""
    from_state: str
    to_state: str
    note: str = ""


class PassedOver(StrEnum):
    """Why a candidate did not get a task."""

    OFF_SHIFT = "off_shift"
    NO_SKILL = "no_skill"
    FULL_DAY = "full_day"
    FULL_HOUR = "full_hour"
    MORE_LOAD = "more_load"
    VACANT = "vacant"
    INACTIVE = "inactive"
    RETURNED_IT = "returned_it"
    OWN_REPAIR = "own_repair"
    NO_CERTIFICATE = "no_certificate"
    ON_LEAVE = "on_leave"
    FARTHER = "farther"
    """As little on their hands, and a longer way."""
    TIE = "tie"
    """Nothing tells them apart but their number."""
    OTHERS_TURN = "others_turn"
    BUSY = "busy"
    """At urgent work: whoever got it is there sooner."""
    NO_SOONER = "no_sooner"
    """Hardly there sooner than somebody to whom it belongs rather."""
    OFFERED = "offered"
    """May take it: it is offered to several, and somebody else has it if nobody does."""


class Mode(StrEnum):
    """How a task finds its owner."""

    ASSIGN = "assign"
    """Given to the nearest by cell who has least (指派)."""
    CLAIM = "claim"
    """Offered to all who are fit; the first who takes it has it (抢单)."""
    ROTATE = "rotate"
    """By turns in the community (轮训)."""


class Rung(StrEnum):
    """The steps of routing, nearest first."""

    CELL = "cell"
    NEIGHBOUR = "neighbour"
    COMMUNITY = "community"
    ELSEWHERE = "elsewhere"
    """Workers of other communities, for what is urgent, if they are there sooner."""
    VOLUNTEER = "volunteer"
    """Volunteers of the community, where the class is fit for them: to look, never to repair."""
    SUPERVISOR = "supervisor"
    CITY = "city"
    UNSTAFFED = "unstaffed"
    """Nobody at all: the task waits visibly and is routed when somebody comes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One person routing looked at; ``passed_over`` is None for the one who got it, ``person`` for a vacant post.

    ``distance_m`` is the line from where they are believed to be to the facility; ``None`` where nobody knows.
    ``there_min`` is in how many minutes they are believed to be there, of urgent tasks alone.
    """

    rung: Rung
    cell: str
    person: int | None
    load: int
    passed_over: PassedOver | None
    distance_m: int | None = None
    there_min: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRow:
    """One task as a queue shows it.

    Attributes:
        version: grows with every change; what ``If-Match`` compares.
        owner: person whose queue it is in; ``None`` only when there is nobody at all.
        not_before_ms: it is not announced before (night rest, or its owner has no room); ``None`` when at once.
        put_off_from_ms: when it would have been, if its owner had room then; ``None`` if nothing puts it off.
        due_ms: limit of this task; due_what: what must have happened then.
        ready: a verification task becomes ready when the repair is reported.
        drill: of a test case.
        flagged: as of its case.
        offered_until_ms: others may take it until then; ``None``: it is not offered.
        suspended_until_ms: when its suspension ends by itself; ``None`` while it is not suspended.
    """

    number: int
    case: int
    case_code: str
    kind: TaskKind
    state: TaskState
    grid: Grid
    owner: int | None
    cell: str
    facility: int
    community: int
    severity: Severity
    say: Text
    created_ms: int
    changed_ms: int
    due_ms: int | None
    due_what: DeadlineWhat
    clock: DeadlineClock
    overdue: bool
    not_before_ms: int | None
    ready: bool
    version: int
    drill: bool = False
    flagged: str = ""
    offered_until_ms: int | None = None
    put_off_from_ms: int | None = None
    suspended_until_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskDetail:
    """A task with everything its worker needs: why, where, what, by when; and what may be done with it now.

    Attributes:
        alarms, evidence: why; ``task.facility``: where; do: what to do; ``task.due_ms``: by when.
        actions: what this actor may do with it now (for buttons).
        routing: who was looked at, in order, and why they were passed over.
    """

    task: TaskRow
    case: CaseRow
    alarms: tuple[AlarmRow, ...]
    evidence: tuple[EvidenceValue, ...]
    do: tuple[Text, ...]
    history: tuple[HistoryRow, ...]
    actions: tuple[Action, ...]
    routing: tuple[Candidate, ...]
    stages: tuple[StageRow, ...] = ()
    proceedings: tuple[ProceedingRow, ...] = ()
    extension_until_ms: int | None = None
    """The furthest moment that an extension may ask for now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseDetail:
    """A case with its alarms, tasks and whole history."""

    case: CaseRow
    alarms: tuple[AlarmRow, ...]
    tasks: tuple[TaskRow, ...]
    evidence: tuple[EvidenceValue, ...]
    do: tuple[Text, ...]
    history: tuple[HistoryRow, ...]
    stages: tuple[StageRow, ...] = ()
    proceedings: tuple[ProceedingRow, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFilter:
    """Which tasks; empty fields do not restrict."""

    communities: frozenset[int] | None = None
    owner: int | None = None
    grid: Grid | None = None
    open: bool | None = None
    case: int | None = None
    drills: bool | None = False
    """None: test tasks and real ones; True: test tasks alone; False: real ones alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskCommand:
    """What a person does with a task.

    Attributes:
        task: number.
        action: what a person may do; of ``core.cases.PROCEEDINGS`` those beside the state.
        actor: who.
        key: idempotency key, 1 to 64 characters; the same (actor, key) again answers as the first time, without effect.
        note: reason or report; mandatory where ``core.cases.REASON_NEEDED`` says so.
        to_person: for transfer.
        until_ms: the moment wished for or granted, of an extension; the end of a suspension.
        level: of a supervision.
        version: if given, refused as ``Conflict('changed')`` when the task has changed since.
        report: with ``handle``: what was found and what it cost; ``None``: repaired, without cost.
    """

    task: int
    action: Action
    actor: Actor
    key: str
    note: str = ""
    to_person: int | None = None
    version: int | None = None
    report: HandlingReport | None = None
    until_ms: int | None = None
    level: SupervisionLevel | None = None


class CaseQueries(FlagQueries, EvidenceQueries, ReceiverQueries, Protocol):
    """Reading. Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def alarms(self, where: AlarmFilter, page: PageRequest) -> Page[AlarmRow]:
        """Alarms, newest start first."""
        ...

    def alarm(self, alarm_id: str, communities: frozenset[int] | None = None) -> AlarmDetail | None:
        """One alarm."""
        ...

    def works_on(self, person: int, *, alarm_id: str = "", facility: int = 0) -> bool:
        """Whether somebody owns an open task of a case that this alarm, or an alarm of this facility, belongs to."""
        ...

    def cases(self, where: CaseFilter, page: PageRequest) -> Page[CaseRow]:
        """Cases, newest number first."""
        ...

    def case(self, number: int, communities: frozenset[int] | None = None) -> CaseDetail | None:
        """One case."""
        ...

    def tasks(self, where: TaskFilter, page: PageRequest) -> Page[TaskRow]:
        """Tasks, newest number first."""
        ...

    def queue(self, person: int, now_ms: int) -> Sequence[TaskRow]:
        """A person's open tasks: ready before not ready, then overdue, worse severity, earlier limit first."""
        ...

    def task(
        self, number: int, actor: Actor, communities: frozenset[int] | None = None, now_ms: int = 0
    ) -> TaskDetail | None:
        """One task with its why, where, what, by when; ``actions`` are what ``actor`` may do at ``now_ms``."""
        ...

    def overview(self, communities: frozenset[int] | None = None) -> Sequence[CommunityFigures]:
        """All communities in sight, worst first; also those without any alarm."""
        ...

    def feed(self, after: int, limit: int = 500, communities: frozenset[int] | None = None) -> Sequence[FeedEntry]:
        """Lines with id > ``after``, ascending; ids grow in commit order, so none is ever passed over."""
        ...

    def feed_head(self) -> int:
        """The newest id, 0 when the feed is empty."""
        ...


class CaseCommands(AlarmCommands, Protocol):
    """Writing by people (with alarms, too); each call is one transaction with history and feed.

    Methods raise ``UnknownItem``, ``NotPermitted``, ``Conflict`` (all ``Refused``), ``Invalid`` for a missing reason,
    or ``Unavailable``.
    """

    def act(self, command: TaskCommand, now_ms: int) -> TaskRow:
        """Do something with a task; the task after it."""
        ...


class EvidenceSource(Protocol):
    """Where dispatch gets the values that go into a case."""

    def evidence(self, facility: int, at_ms: int, keys: Sequence[str]) -> Sequence[EvidenceValue]:
        """The facility's values at that time, ``keys`` first; answers from memory within 50 ms, or with nothing."""
        ...
