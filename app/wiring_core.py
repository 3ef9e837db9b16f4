"""The core process: ingest, rules, dispatch, and the store that they share.

Order of the start: database, registry, store, rules with their memory, the socket for readers, the host. The host comes
last, because from then on readings arrive; it is also the first to go, so that everything it committed is still judged,
written down and served to readers until the end.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app import registry_folder
from app.by_design import DesignedJournal
from app.calendars import Calendars, local_day, notices
from app.configuration_carrier import ConfigurationCarrier
from app.core_status import CoreStatus, write_status
from app.drill_carrier import DrillCarrier
from app.evidence import StoreEvidence
from app.exchange import senders
from app.facility_memory import FacilityMemory
from app.frozen_place import Births
from app.home_assistant import publisher
from app.judge import Judge, JudgeSettings
from app.notification import courier
from app.preventive import preventive
from app.rule_reload import ReloadDesk, RuleReloader, removed_rules
from app.rules_in_force import StartingRules, in_force_file, keep, starting_rules
from app.settings import Settings
from app.sight_before import measured_before
from app.sight_places import marks_of
from app.sight_texts import Names
from app.snapshot import read_snapshot
from app.watchman import Watchman
from app.webhooks import webhook_post
from app.wiring import RuleInfos, broker_url, database, rule_sources
from app.wiring_evidence import frozen_source
from app.wiring_store import open_store
from core.alarms import Severity
from core.calendar import SiteCalendar
from core.clock import Clock, SystemClock
from core.errors import Refused, Unavailable
from core.ports.store import TimeSeriesStore
from core.readings import Int32s
from dispatch.courier import Courier
from dispatch.drills import SqlDrills
from dispatch.exchange.sender import PartnerSender
from dispatch.explained import Explained
from dispatch.freezer import Freezer
from dispatch.journal import SqlJournal
from dispatch.observing import Observer
from dispatch.plan_desk import SqlPlans
from dispatch.revisit.desk import SqlRevisits
from dispatch.suppression import SqlSuppression
from dispatch.webhooks.post import WebhookPost
from ingest.host import Host, HostSettings
from registry.classbook import load_classes
from registry.configurations import SqlConfigurationBook
from registry.content import read_folder
from registry.directory import Directory
from registry.importer import apply
from registry.node_status import SqlNodeStatusBook
from registry.queries import Registry
from registry.strangers import SqlStrangerBook
from rules.engine.engine import Engine, EngineSettings
from rules.engine.layout import build
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from store.remote_server import serve

log = logging.getLogger(__name__)

_SWITCH_S = 0.001
"""Readers of the store share the interpreter with the committer: at 5 ms, the default, a chart waits for its turn."""
_WATCH_EVERY_S = 0.5
_REFRESH_EVERY_S = 2.0
_DELIVER_EVERY_S = 1.0
_CARRY_EVERY_S = 1.0
_DRILL_EVERY_S = 0.25
_RELOAD_EVERY_S = 1.0
_RENEWED_WITHIN_S = 60.0
_FREEZE_EVERY_S = 1.0
_ASK_EVERY_S = 60.0
_PLAN_EVERY_S = 900.0
"""Preventive work falls due by the day; a quarter of an hour spreads a new plan over a city."""


@dataclass(kw_only=True)
class Core:
    """The running parts, for the loop that watches them."""

    settings: Settings
    clock: Clock
    engine: sa.Engine
    store: TimeSeriesStore
    directory: Directory
    judge: Judge
    host: Host
    courier: Courier
    senders: Sequence[PartnerSender]
    webhooks: WebhookPost
    freezer: Freezer
    observer: Observer
    plans: SqlPlans
    revisits: SqlRevisits
    carrier: ConfigurationCarrier
    drills: DrillCarrier
    registry: Registry
    started_ms: int
    rule_set: RuleSet
    infos: RuleInfos
    reloader: RuleReloader
    renewing: threading.Lock
    renewed: threading.Event
    leaving: Mapping[str, Severity]
    calendars: Calendars


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Run the core process until ``stop`` is set.

    Raises:
        core.errors.Invalid: if registry or rules are wrong.
        core.errors.Unavailable: if store or database cannot be opened.
    """
    sys.setswitchinterval(_SWITCH_S)
    with core(settings, SystemClock()) as parts:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, parts.reloader.signal)
        ready()
        chores = [
            asyncio.create_task(_watch(parts), name="watch"),
            asyncio.create_task(_every(settings.store.maintain_every_s, parts, _maintain), name="maintain"),
            asyncio.create_task(_every(_REFRESH_EVERY_S, parts, _refresh), name="refresh"),
            asyncio.create_task(_every(_DELIVER_EVERY_S, parts, _deliver), name="deliver"),
            asyncio.create_task(_every(_DELIVER_EVERY_S, parts, _tell_outside), name="webhooks"),
            asyncio.create_task(_every(_CARRY_EVERY_S, parts, _carry), name="configurations"),
            asyncio.create_task(_every(_DRILL_EVERY_S, parts, _drill), name="drills"),
            asyncio.create_task(_every(_RELOAD_EVERY_S, parts, _reload), name="rules"),
            asyncio.create_task(_every(_FREEZE_EVERY_S, parts, _freeze), name="evidence"),
            asyncio.create_task(_every(_FREEZE_EVERY_S, parts, _observe), name="observations"),
            asyncio.create_task(_every(_PLAN_EVERY_S, parts, _give_out), name="plans"),
            asyncio.create_task(_every(_ASK_EVERY_S, parts, _ask), name="revisits"),
        ]
        lanes = enumerate(_post(one) for one in parts.senders)
        chores += [asyncio.create_task(_every(_DELIVER_EVERY_S, parts, lane), name=f"partner-{n}") for n, lane in lanes]
        stopping = asyncio.create_task(stop.wait(), name="stop")
        done, _ = await asyncio.wait([stopping, *chores], return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, *chores):
            task.cancel()
        await asyncio.gather(stopping, *chores, return_exceptions=True)
        for task in done - {stopping}:
            task.result()  # a side task that died takes the service with it


@contextmanager
def core(settings: Settings, clock: Clock) -> Iterator[Core]:
    """Open and join all parts; end them in the reverse order."""
    with ExitStack() as open_parts:
        engine = database(settings)
        open_parts.callback(engine.dispose)
        import_registry(settings, engine, clock)
        registry = Registry(engine, load_classes())
        directory = Directory(engine, registry)
        starting = starting_rules(settings, registry.classes())
        rule_set = starting.rules
        calendars = Calendars(registry, settings.time_zone)
        today = date.fromisoformat(local_day(clock.now_ms(), settings.time_zone))
        for notice in notices(rule_set, calendars.now, today):
            log.warning("the site calendar does not know everything", extra={"notice": str(notice)})
        policy = calendars.policy(settings)
        store = open_store(settings, clock)
        open_parts.callback(store.close)
        infos, facilities = RuleInfos(rule_set), FacilityMemory(registry)
        evidence = StoreEvidence(store, facilities)
        births = Births()
        frozen = frozen_source(store, registry, facilities, infos, calendars, policy, directory, births)
        journal = SqlJournal(engine, rules=infos, source=registry, policy=policy, evidence=evidence, frozen=frozen)
        silent = SqlSuppression(engine, rules=infos, source=registry, policy=policy)
        designed = DesignedJournal(journal, silent, Explained(infos), registry, lambda: calendars.now)
        book = SqlDrills(engine, rules=infos, source=registry, policy=policy, evidence=evidence)
        judge = _judge(settings, starting, directory, store, designed, clock, calendars.now)
        open_parts.enter_context(judge)
        settings.store_socket.parent.mkdir(parents=True, exist_ok=True)
        open_parts.enter_context(serve(store, settings.store_socket))
        messages = courier(settings, engine, registry, clock, policy.calendar.zone)
        open_parts.callback(messages.close)
        outside = open_parts.enter_context(closing(webhook_post(settings, engine, registry, clock)))
        open_parts.enter_context(publisher(settings, directory, registry, store, clock))
        host = _host(settings, store, directory, clock, judge, engine)
        open_parts.enter_context(host)
        births.listen(lambda: host.statuses)
        parts = Core(
            settings=settings,
            clock=clock,
            engine=engine,
            store=store,
            directory=directory,
            judge=judge,
            host=host,
            courier=messages,
            webhooks=outside,
            senders=senders(settings, engine, registry, registry, policy, clock),
            freezer=Freezer(engine, frozen, infos, policy),
            observer=Observer(engine, frozen, rules=infos, source=registry, policy=policy),
            revisits=SqlRevisits(
                engine, rules=infos, source=registry, policy=policy, revisits=settings.revisits.policy()
            ),
            plans=preventive(engine, store, registry, infos, policy),
            carrier=ConfigurationCarrier(SqlConfigurationBook(engine), host),
            drills=DrillCarrier(book, host, directory, registry, rule_set),
            rule_set=rule_set,
            infos=infos,
            reloader=_reloader(settings, registry, starting, lambda: parts),
            renewing=threading.Lock(),
            renewed=threading.Event(),
            leaving=removed_rules(starting.before, rule_set),
            calendars=calendars,
            registry=registry,
            started_ms=clock.now_ms(),
        )
        _post_watchman(parts, measured_before(store, clock.now_ms()))
        yield parts


def _post_watchman(parts: Core, measured: Int32s | None = None) -> None:
    """Have gateways and facilities watched as the registry knows them now; ``measured``: for the first of them."""
    communities = {one.number: one for one in parts.registry.communities()}
    names = Names(
        places=parts.registry.roster().places,
        communities={one.code: one.name for one in communities.values()},
        measurements={
            (one.id, key): measurement.name
            for one in parts.registry.classes().values()
            for key, measurement in one.measurements.items()
        },
    )
    watchman = Watchman(
        parts.directory.members(),
        parts.directory.points_by_node(),
        parts.registry.gateways(),
        lambda: parts.host.statuses,
        parts.started_ms,
        marks=marks_of(parts.rule_set),
        names=names,
        communities={number: one.code for number, one in communities.items()},
        measured=measured,
    )
    parts.judge.look_out(watchman)


def import_registry(settings: Settings, engine: sa.Engine, clock: Clock) -> None:
    """Import the registry folder, if one is set; importing the same folder again undoes what was changed elsewhere.

    With ``registry.only_changed`` it is imported into an empty registry and when it has become another since.

    Raises:
        Invalid: with everything that is wrong in the folder.
        OSError: with ``only_changed``, if what was imported cannot be remembered.
    """
    folder = settings.registry.folder
    if folder is None:
        return
    stands_for = registry_folder.digest(folder) if settings.registry.only_changed else ""
    if stands_for and stands_for == registry_folder.last_imported(settings) and Registry(engine, {}).version() > 0:
        log.info("registry folder is as it was imported", extra={"folder": str(folder)})
        return
    now_ms = clock.now_ms()
    day = local_day(now_ms, settings.time_zone)
    plan = apply(engine, read_folder(folder, load_classes(), day), day=day, actor="settings", now_ms=now_ms)
    if stands_for:
        registry_folder.remember(settings, stands_for)
    log.info("registry folder imported", extra={"folder": str(folder), "changes": len(plan.changes)})


def _judge(
    settings: Settings,
    starting: StartingRules,
    directory: Directory,
    store: TimeSeriesStore,
    journal: DesignedJournal,
    clock: Clock,
    calendar: SiteCalendar,
) -> Judge:
    options, rule_set = _engine_settings(settings), starting.rules
    path = settings.data_dir / "rules" / "snapshot"
    number, engine = 0, None
    kept = read_snapshot(path)
    if kept is not None:
        try:
            engine = Engine.restore(kept[1], rule_set, directory.members(), store, options, calendar)
            number = kept[0]
        except Refused as error:
            log.warning("the rules' snapshot is of no use, they begin anew", extra={"why": str(error)})
    if engine is None:
        engine = Engine(rule_set, directory.members(), store, options, calendar)
    engine.retire(removed_rules(starting.before, rule_set))
    judge = Judge(
        JudgeSettings(snapshot_path=path, snapshot_every_s=settings.rules.snapshot_every_s),
        engine=engine,
        journal=journal,
        store=store,
        clock=clock,
    )
    judge.recover(number)
    return judge


def _engine_settings(settings: Settings) -> EngineSettings:
    return EngineSettings(
        grace_ms=round(settings.rules.grace_s * 1000), reach_ms=round(settings.rules.keep_states_s * 1000)
    )


def _host(
    settings: Settings, store: TimeSeriesStore, directory: Directory, clock: Clock, judge: Judge, engine: sa.Engine
) -> Host:
    options = HostSettings(
        broker_url=broker_url(settings),
        host_id=settings.ingest.host_id,
        groups=settings.ingest.groups,
        max_queued_bytes=settings.ingest.max_queued_mb * 1024 * 1024,
    )
    return Host(
        options,
        store=store,
        directory=directory,
        clock=clock,
        on_committed=judge.submit,
        status_book=SqlNodeStatusBook(engine),
        stranger_book=SqlStrangerBook(engine),
    )


# --- chores -----------------------------------------------------------------------------------------------------


async def _watch(parts: Core) -> None:
    """Say how things are, and end the process when one of its threads has died: it is started again whole."""
    while True:
        _tell(parts)
        for failure in (parts.host.failure, parts.judge.failure):
            if failure is not None:
                raise RuntimeError("a thread of the core process died") from failure
        await asyncio.sleep(_WATCH_EVERY_S)


def _tell(parts: Core) -> None:
    counts = parts.host.count_all() + parts.judge.counts + parts.reloader.counts
    refused = parts.reloader.refused
    status = CoreStatus(
        at_ms=parts.clock.now_ms(),
        broker=parts.host.is_connected,
        waiting_bytes=parts.host.queued_bytes,
        waiting_readings=parts.judge.waiting,
        journal_waits=parts.judge.unwritten > 0,
        counts=dict(counts),
        rules_version=parts.rule_set.version,
        rules_refused={name: f"{refused[0].place} {refused[0].what_in(name)}" for name in ("zh", "en") if refused},
    )
    try:
        write_status(parts.settings.core_status_file, status)
    except OSError as error:
        log.warning("the core's status cannot be written", extra={"why": str(error)})


async def _every(seconds: float, parts: Core, chore: Callable[[Core], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(chore, parts)
        except Unavailable as error:
            log.warning("a chore waits for a neighbour", extra={"chore": chore.__name__, "why": str(error)})


def _maintain(parts: Core) -> None:
    done = parts.store.maintain(parts.clock.now_ms())
    if done.segments_written or done.segments_dropped:
        log.info("store maintained", extra={"written": done.segments_written, "dropped": done.segments_dropped})


def _refresh(parts: Core) -> None:
    """Take over what changed in the registry; the rules go on with their state over the new facilities."""
    with parts.renewing:
        if not parts.directory.refresh():
            return
        log.info("registry changed", extra={"version": parts.directory.version})
        parts.calendars.refresh()
        _renew(parts)
    _post_watchman(parts)


def _renew(parts: Core) -> None:
    """Let the judge go on with the rules and facilities of now; ``renewed`` is set once it does."""
    rules, members, options = parts.rule_set, parts.directory.members(), _engine_settings(parts.settings)
    leaving, calendar = parts.leaving, parts.calendars.now
    parts.renewed.clear()

    def make(state: bytes) -> Engine:
        engine = Engine.restore(state, rules, members, parts.store, options, calendar)
        engine.retire(leaving)
        parts.renewed.set()
        return engine

    parts.judge.renew(make)


def _reloader(
    settings: Settings, registry: Registry, starting: StartingRules, parts: Callable[[], Core]
) -> RuleReloader:
    def read() -> tuple[Mapping[str, str], RuleSet]:
        sources = rule_sources(settings.rule_folder)
        return sources, load_rules(sources, registry.classes())

    return RuleReloader(
        ReloadDesk(settings.core_status_file.parent),
        read=read,
        in_force=lambda: parts().rule_set,
        apply=lambda rules: _take_rules(parts(), rules),
        keep=lambda sources: keep(in_force_file(settings), sources),
        refused=starting.refused,
    )


def _take_rules(parts: Core, rules: RuleSet) -> bool:
    """Put rules in force; whether the judge goes by them within a minute.

    Raises:
        Refused: if they do not fit the facilities; nothing has changed then.
    """
    with parts.renewing:
        build(rules, parts.directory.members(), parts.calendars.now)
        left = {**parts.leaving, **removed_rules(parts.rule_set, rules)}
        parts.leaving = {rule: severity for rule, severity in left.items() if rule not in rules.by_id}
        parts.rule_set = rules
        parts.infos.take(rules)
        parts.drills.take(rules)
        _renew(parts)
    return parts.renewed.wait(_RENEWED_WITHIN_S)


def _reload(parts: Core) -> None:
    parts.reloader.step(parts.clock.now_ms())


def _carry(parts: Core) -> None:
    parts.carrier.step(parts.clock.now_ms())


def _drill(parts: Core) -> None:
    parts.drills.step(parts.clock.now_ms())


def _observe(parts: Core) -> None:
    parts.observer.step(parts.clock.now_ms())


def _give_out(parts: Core) -> None:
    filed = parts.plans.give_out(parts.clock.now_ms())
    if filed:
        log.info("preventive work given out", extra={"count": len(filed)})


def _ask(parts: Core) -> None:
    parts.revisits.step(parts.clock.now_ms())


def _freeze(parts: Core) -> None:
    parts.freezer.step(parts.clock.now_ms())


def _deliver(parts: Core) -> None:
    parts.courier.step()


def _tell_outside(parts: Core) -> None:
    parts.webhooks.step()


def _post(sender: PartnerSender) -> Callable[[Core], None]:
    """The chore of one partner: one that hangs delays no other."""

    def post(_: Core) -> None:
        sender.step()

    return post
