"""What the API is joined to: ports of the vocabulary, and two narrow ones of its own for rules and the core process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import sqlalchemy as sa

from api import findings as kinds
from api.no_intakes import NoDocuments, NoIntakes, NoTaskPhotos
from api.no_office import NoEvaluations, NoFunds, NoPlans
from api.no_registry import NoCalendarDays, NoEnrolling, NoImports, NoRegistryEditing
from core.alarms import Severity
from core.amenities import Amenity, Item
from core.cases import Actor, RuleInfo
from core.clock import Clock
from core.errors import Refused
from core.findings import Said
from core.merging import FieldMoved
from core.places import Text
from core.ports.backtests import BacktestAsk, Backtests, BacktestState
from core.ports.calendar_days import CalendarDays
from core.ports.calendar_view import CalendarBook, CalendarYear
from core.ports.cases import CaseCommands, CaseQueries
from core.ports.changes import ChangeQueries, CommunityChanges
from core.ports.closure import (
    Closure,
    Closures,
    Correction,
    FalseAlarms,
    Handled,
    Recurring,
    ThresholdReview,
    WatchRow,
)
from core.ports.configurations import ConfigurationDesk
from core.ports.directory import PointDirectory
from core.ports.documents import Documents
from core.ports.enrolment import Enrolling
from core.ports.evaluation import Evaluations
from core.ports.exchange import Exchange, NoExchange
from core.ports.folding import FoldQueries
from core.ports.funds import Funds
from core.ports.intake import Intakes, Photos
from core.ports.limits import LimitsInForce
from core.ports.nodes import NodeStatusBook
from core.ports.notifications import NoNotifications, NotificationDesk, Preferences
from core.ports.performance import PerformanceReports
from core.ports.preventive import PreventivePlans
from core.ports.registry import Department, FieldChange, Owner, Post, RegistryCommands, RegistryQueries
from core.ports.registry_book import RegistryBook
from core.ports.registry_editing import RegistryEditing
from core.ports.registry_import import RegistryImports
from core.ports.revisits import NoRevisits, Revisits
from core.ports.rule_editing import (
    ExplainAsk,
    Explained,
    FormValues,
    Preview,
    PreviewAsk,
    RuleDraft,
    RuleEdit,
    RuleEditing,
    RuleEntry,
    RulePreviews,
    RuleSaved,
    RuleShelf,
    RuleWords,
    Trial,
)
from core.ports.store import GapRecord, Rollups, StoreCounts
from core.ports.task_photos import TaskPhotos
from core.ports.webhooks import NoWebhooks, Webhooks
from core.readings import Int32s, Readings


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleLimit:
    """A limit of a rule over one measurement, to be drawn on its chart.

    Attributes:
        measurement: key within the class; value in ``unit`` (UCUM), which must be convertible to the point's.
        kind: whether values above or below it are wrong.
        only_with: what else must be so: measurement keys, and attributes as ``facility.x``; empty when it stands alone.
    """

    measurement: str
    value: float
    unit: str
    kind: Literal["high", "low"]
    severity: Severity
    rule_id: str
    say: Text
    only_with: tuple[str, ...] = ()


class NotificationBook(NotificationDesk, Preferences, Protocol):
    """What people see and wish of notifications."""


NO_SOURCE = Text(zh="", en="")


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleText:
    """A rule in its author's words.

    Attributes:
        info: what dispatch knows of it too.
        when, clear: the expressions as written; clear empty: as soon as ``when`` no longer holds.
        for_s: how long ``when`` must hold.
        clear_for_s: how long ``clear`` must hold.
        source: the standard behind its limits.
        levels: from the least to the worst severity, each as a rule; the fields above are then those of the first.
        version: the same for two rules that judge alike; empty where nobody knows.
    """

    info: RuleInfo
    when: str
    clear: str = ""
    for_s: float = 0.0
    source: Text = NO_SOURCE
    clear_for_s: float = 0.0
    levels: tuple[RuleText, ...] = ()
    version: str = ""


class NoBook:
    """Where nobody keeps records of records."""

    def changes(
        self, collection: str = "", record: str = "", *, before: int | None = None, limit: int = 100
    ) -> Sequence[FieldChange]:
        """None."""
        return ()

    def field_name(self, field: str) -> Text:
        """Itself."""
        return Text(zh=field, en=field)

    def owner_name(self, owner: Owner) -> Text:
        """Its code."""
        return Text(zh=owner.code, en=owner.code)

    def departments(self) -> Sequence[Department]:
        """None."""
        return ()

    def standard(self) -> tuple[Text, Text, Sequence[Item]]:
        """Without items."""
        return NO_SOURCE, NO_SOURCE, ()

    def posts(self, communities: frozenset[int] | None = None) -> Sequence[Post]:
        """None."""
        return ()

    def cell_faults(self, community: int) -> Sequence[Said]:
        """None."""
        return ()

    def amenities(self, community: int) -> Sequence[Amenity]:
        """None."""
        return ()


class ReadableStore(Protocol):
    """What the API asks of ``core.ports.store.TimeSeriesStore``; it never writes."""

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time)."""
        ...

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in buckets of ``step_ms``, sorted by (point, start)."""
        ...

    def raw_from_ms(self) -> int:
        """From when on no readings were dropped for their age; 0 if none ever were."""
        ...

    def latest(self, points: Int32s | None = None) -> Readings:
        """The newest reading of each point (all points when ``None``), sorted by point."""
        ...

    def gaps(self, from_ms: int, to_ms: int) -> Sequence[GapRecord]:
        """Gap records whose event times touch [from_ms, to_ms)."""
        ...

    def counts(self) -> StoreCounts:
        """Totals and size."""
        ...

    def durable(self) -> int:
        """The number of the last durable commit."""
        ...


class FacilityPoints(PointDirectory, Protocol):
    """The point directory, with the hand that brings it up to date: in this process nobody else does."""

    def refresh(self) -> bool:
        """Take over what changed in the registry; whether anything did.

        Raises:
            core.errors.Unavailable: if the database does not answer; the old answers go on holding.
        """
        ...


class RuleDirectory(Protocol):
    """The rule set in force, as pages show it. Answers from memory."""

    def rule(self, rule_id: str) -> RuleText | None:
        """One rule; ``None`` for ``sight.*`` and for rules that no longer exist."""
        ...

    def limits(self, class_id: str) -> Sequence[RuleLimit]:
        """Limits over the measurements of a class."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PartStatus:
    """One part of the running system, for people."""

    name: str
    status: Literal["ok", "degraded", "down"]
    say: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class PromiseCount:
    """Breaches of one promise (INV-1 …) since it was counted first; 0 is kept."""

    id: str
    say: Text
    breaches: int


class SystemWatch(Protocol):
    """What the core process tells about itself. Methods raise ``core.errors.Unavailable`` when it does not answer."""

    def parts(self) -> Sequence[PartStatus]:
        """Its parts, such as broker, ingest, rules and dispatch."""
        ...

    def promises(self) -> Sequence[PromiseCount]:
        """The promises and their counters."""
        ...


class NobodyWatches:
    """Where no core process tells anything: everything is unknown."""

    def parts(self) -> Sequence[PartStatus]:
        """None."""
        return ()

    def promises(self) -> Sequence[PromiseCount]:
        """None."""
        return ()


class NoBacktests:
    """Where none can be run."""

    def start(self, ask: BacktestAsk, owner: str, now_ms: int) -> BacktestState:
        """Refused."""
        raise Refused(kinds.NO_BACKTESTS())

    def of(self, owner: str) -> Sequence[BacktestState]:
        """None."""
        return ()

    def look(self, owner: str, number: str) -> BacktestState | None:
        """None."""
        return None

    def stop(self, owner: str, number: str) -> BacktestState | None:
        """None."""
        return None


class NoRuleEditing:
    """Where no rules can be edited."""

    def shelf(self) -> RuleShelf:
        """None."""
        return RuleShelf(rules=(), is_own=False, version="")

    def text(self, rule_id: str) -> tuple[RuleEntry, str] | None:
        """None."""
        return None

    def template(self, class_id: str, language: str) -> str | None:
        """None."""
        return None

    def words(self, class_id: str) -> RuleWords:
        """None."""
        return RuleWords()

    def draft(self, text: str, form: FormValues | None, rule_id: str, member: str = "") -> RuleDraft:
        """Refused."""
        raise Refused(kinds.NO_EDITING())

    def edits(self, rule_id: str = "", limit: int = 100) -> Sequence[RuleEdit]:
        """None."""
        return ()

    def save(self, rule_id: str, base: str, text: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        """Refused."""
        raise Refused(kinds.NO_EDITING())

    def remove(self, rule_id: str, base: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        """Refused."""
        raise Refused(kinds.NO_EDITING())

    def look(self, ask: PreviewAsk, owner: str) -> Preview:
        """Refused."""
        raise Refused(kinds.NO_EDITING())

    def explain(self, ask: ExplainAsk, owner: str) -> Explained:
        """Refused."""
        raise Refused(kinds.NO_EDITING())

    def trial(self, text: str, owner: str) -> Trial:
        """Refused."""
        raise Refused(kinds.NO_EDITING())


class NoClosures:
    """Where nobody keeps how cases end."""

    def watch(self, number: int) -> WatchRow | None:
        """None."""
        return None

    def closure(self, number: int, now_ms: int) -> Closure:
        """Nothing."""
        return Closure()

    def handled(self, task: int, actor: Actor) -> Handled | None:
        """Nothing."""
        return None

    def correct(self, ask: Correction, now_ms: int) -> tuple[FieldMoved[str], ...]:
        """Refuse."""
        raise Refused(kinds.NO_CLOSURES())

    def recurring(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[Recurring]:
        """None."""
        return ()

    def merge(self, number: int, into: int, reason: str, actor: Actor, now_ms: int) -> None:
        """Refused."""
        raise Refused(kinds.NO_CLOSURES())

    def unmerge(self, number: int, reason: str, actor: Actor, now_ms: int) -> None:
        """Refused."""
        raise Refused(kinds.NO_CLOSURES())

    def decide_lasting(
        self,
        facility: int,
        family: str,
        *,
        accept: bool,
        project: int | None,
        reason: str,
        actor: Actor,
        now_ms: int,
    ) -> int | None:
        """Refused."""
        raise Refused(kinds.NO_CLOSURES())

    def false_alarms(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None
    ) -> Sequence[FalseAlarms]:
        """None."""
        return ()


class NoCalendar:
    """Where no calendar is kept."""

    def year(self, year: int) -> CalendarYear:
        """Nothing is known of it."""
        return CalendarYear(zone="UTC", year=year, known=False, by_week=False, night="22:00-06:00", days=(), lines=())


class NoChanges:
    """Nobody counts what changes."""

    def changes(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None
    ) -> Sequence[CommunityChanges]:
        """Nothing."""
        return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiPorts:
    """Everything the API needs from outside.

    Attributes:
        store: the time series (the ``remote`` adapter).
        registry, registry_commands: places, people, logins.
        directory: points of all facilities, from memory; refreshed by the API as it is asked.
        cases, case_commands: alarms, cases, tasks, the change feed.
        folds: what alarms have to do with each other.
        nodes: the newest state of each gateway.
        configurations: versions of their configurations.
        rules: rule texts and limits.
        performance: the report on the alarms themselves.
        changes: what a day has changed.
        clock: wall and monotonic time.
        engine: where ``api.tables`` live; prepared for two writing processes.
        watch: what the core process tells about itself.
        backtests: runs rules over the past.
        editing: changes rules.
        previews: tries them on the last day.
        calendars: of the sites, as people look at them; calendar_days: changes their holidays.
        notifications: channels, wishes, what could not be delivered.
        closures: how cases end.
        review: which rules were wrong.
        evaluations: how well cases are dealt with.
        funds: projects, their money, cost books, renewal.
        plans: preventive work.
        book: what changed in the registry, whose things are, what communities should have.
        records: changes single records of it.
        imports: whole files into it, and it as a file.
        enrolling: gateways that nobody has enrolled.
        limits: which table of limits is in force.
        intakes, photos: reports and tasks handed down.
        task_photos: what whoever repaired or verified has seen.
        documents: files of facilities.
        exchange: cases of other platforms.
        webhooks: other programs are told what happens.
        revisits: people are asked after the end of a case.
    """

    store: ReadableStore
    registry: RegistryQueries
    registry_commands: RegistryCommands
    directory: FacilityPoints
    cases: CaseQueries
    case_commands: CaseCommands
    folds: FoldQueries
    nodes: NodeStatusBook
    configurations: ConfigurationDesk
    rules: RuleDirectory
    performance: PerformanceReports
    clock: Clock
    engine: sa.Engine
    changes: ChangeQueries = NoChanges()  # noqa: RUF009 - it has no state
    watch: SystemWatch = NobodyWatches()  # noqa: RUF009 - it has no state
    backtests: Backtests = NoBacktests()  # noqa: RUF009 - it has no state
    editing: RuleEditing = NoRuleEditing()  # noqa: RUF009 - it has no state
    previews: RulePreviews = NoRuleEditing()  # noqa: RUF009 - it has no state
    calendars: CalendarBook = NoCalendar()  # noqa: RUF009 - it has no state
    calendar_days: CalendarDays = NoCalendarDays()  # noqa: RUF009 - it has no state
    notifications: NotificationBook = NoNotifications()  # noqa: RUF009 - it has no state
    closures: Closures = NoClosures()  # noqa: RUF009 - it has no state
    review: ThresholdReview = NoClosures()  # noqa: RUF009 - it has no state
    book: RegistryBook = NoBook()  # noqa: RUF009 - it has no state
    records: RegistryEditing = NoRegistryEditing()  # noqa: RUF009 - it has no state
    enrolling: Enrolling = NoEnrolling()  # noqa: RUF009 - it has no state
    imports: RegistryImports = NoImports()  # noqa: RUF009 - it has no state
    evaluations: Evaluations = NoEvaluations()  # noqa: RUF009 - it has no state
    funds: Funds = NoFunds()  # noqa: RUF009 - it has no state
    plans: PreventivePlans = NoPlans()  # noqa: RUF009 - it has no state
    intakes: Intakes = NoIntakes()  # noqa: RUF009 - it has no state
    limits: LimitsInForce = LimitsInForce()  # noqa: RUF009 - it has no state
    photos: Photos = NoIntakes()  # noqa: RUF009 - it has no state
    task_photos: TaskPhotos = NoTaskPhotos()  # noqa: RUF009 - it has no state
    documents: Documents = NoDocuments()  # noqa: RUF009 - it has no state
    exchange: Exchange = NoExchange()  # noqa: RUF009 - it has no state
    webhooks: Webhooks = NoWebhooks()  # noqa: RUF009 - it has no state
    revisits: Revisits = NoRevisits()  # noqa: RUF009 - it has no state
