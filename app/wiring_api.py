"""The API process: stateless, any number of them. Readings come from the core's socket, all else from SQL."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from fastapi import FastAPI

from api.application import create_app
from api.ports import ApiPorts
from api.server import listen
from api.server import server as http_server
from api.settings import ApiSettings
from app import findings as kinds
from app.backtest_workers import BacktestWorkers
from app.calendar_days import CalendarDaysHere
from app.calendar_view import RegistryCalendarBook
from app.calendars import Calendars
from app.commands.version import twingrid_version
from app.core_status import CoreWatch
from app.exchange import exchange
from app.notification import channels, routes
from app.pages import web_root
from app.performance import Reports
from app.registry_imports import ImportWorkers
from app.rule_directory import RuleBook
from app.rule_editor import RuleEditor
from app.rule_previews import PreviewWorkers
from app.rules_in_force import RulesWatch, in_force_file, kept
from app.settings import Settings
from app.upkeep import InUse, StoreCounters
from app.webhooks import desk
from app.wiring import RuleInfos, database, rule_set_of
from core.clock import SystemClock
from core.errors import Invalid, Unavailable
from core.foreign import system_problem
from dispatch.calendar_effects import LimitEffects
from dispatch.change_queries import SqlChangeQueries
from dispatch.closure_desk import SqlClosures
from dispatch.desk import SqlDesk
from dispatch.document_desk import SqlDocuments
from dispatch.evaluation_queries import SqlEvaluations
from dispatch.fold_queries import SqlFoldQueries
from dispatch.funds_desk import SqlFunds
from dispatch.holidays import mainland_china
from dispatch.intake_desk import SqlIntakes
from dispatch.notification_desk import SqlNotificationDesk
from dispatch.performance_queries import SqlPerformanceQueries
from dispatch.photo_desk import SqlPhotos
from dispatch.plan_desk import SqlPlans
from dispatch.policy import Policy, limits_in_force
from dispatch.queries import SqlCaseQueries
from dispatch.review_queries import SqlReviewQueries
from dispatch.revisit.desk import SqlRevisits
from dispatch.task_photos import SqlTaskPhotos
from gateway.device_part import check_part
from registry.book import SqlRegistryBook
from registry.calendar_days import SqlCalendarDays
from registry.classbook import load_classes
from registry.commands import RegistryCommandsSql
from registry.configurations import SqlConfigurationDesk
from registry.directory import Directory
from registry.editing import SqlRegistryEditing
from registry.enrolment import SqlEnrolling
from registry.node_status import SqlNodeStatusBook
from registry.queries import Registry
from registry.rule_edits import SqlRuleEdits
from rules.engine.layout import build
from rules.rule_set import RuleSet
from store.remote import RemoteStore

log = logging.getLogger(__name__)

_REFRESH_EVERY_S = 2.0


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Serve until ``stop`` is set.

    Raises:
        core.errors.Invalid: if rules or settings are wrong.
        core.errors.Unavailable: if the database does not answer or the port is taken.
    """
    with application(settings) as (app, refresh), _listen(settings) as listener:
        # A proxy on this machine ends TLS; its word on the peer's address is believed, nobody else's.
        server = http_server(app, trusted_proxies=("127.0.0.1", "::1") if settings.api.https else ())
        serving = asyncio.create_task(server.serve([listener]), name="http")
        refreshing = asyncio.create_task(_refresh(refresh), name="refresh")
        listening = asyncio.create_task(server.listening.wait(), name="listening")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        helpers = (refreshing, listening, stopping)
        try:
            await asyncio.wait([serving, listening], return_when=asyncio.FIRST_COMPLETED)
            if server.listening.is_set():
                ready()
            await asyncio.wait([serving, refreshing, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            for task in helpers:
                task.cancel()
            results = await asyncio.gather(serving, *helpers, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.api.host, settings.api.port
    try:
        return listen(host, port)
    except OSError as error:
        problem = system_problem(error)
        raise Unavailable(kinds.NO_LISTENING(host=host, port=port, problem=problem)) from error


@contextmanager
def application(settings: Settings) -> Iterator[tuple[FastAPI, Callable[[], None]]]:
    """The application joined to its neighbours, and what must be called every few seconds while it serves."""
    clock = SystemClock()
    with ExitStack() as open_parts:
        engine = database(settings)
        open_parts.callback(engine.dispose)
        registry = Registry(engine, load_classes())
        watch = RulesWatch(in_force_file(settings), registry.classes())
        # What the core judges by; before its first start the folder.
        rules = kept(in_force_file(settings), registry.classes()) or rule_set_of(settings, registry)
        infos, book = RuleInfos(rules), RuleBook(rules)
        directory, calendars = Directory(engine, registry), Calendars(registry, settings.time_zone)
        policy, in_use = calendars.policy(settings), InUse(registry)
        store = open_parts.enter_context(closing(RemoteStore(settings.store_socket)))
        performance = _performance(engine, registry, book, store, policy)
        ports = ApiPorts(
            store=store,
            registry=registry,
            registry_commands=RegistryCommandsSql(engine),
            directory=directory,
            cases=SqlCaseQueries(engine, registry, policy),
            case_commands=SqlDesk(engine, rules=infos, source=registry, policy=policy),
            closures=SqlClosures(engine, rules=infos, source=registry, policy=policy),
            intakes=SqlIntakes(engine, rules=infos, source=registry, policy=policy),
            photos=SqlPhotos(engine, settings.data_dir / "photos"),
            task_photos=SqlTaskPhotos(engine, settings.data_dir / "photos"),
            documents=SqlDocuments(engine, settings.data_dir / "photos"),
            rules=book,
            limits=limits_in_force(policy),
            performance=performance,
            changes=SqlChangeQueries(engine),
            review=performance,
            clock=clock,
            engine=engine,
            folds=SqlFoldQueries(engine),
            nodes=SqlNodeStatusBook(engine),
            configurations=SqlConfigurationDesk(engine, check_part),
            watch=CoreWatch(settings.core_status_file, clock),
            backtests=open_parts.enter_context(BacktestWorkers(settings)),
            editing=RuleEditor(
                settings,
                registry.classes(),
                SqlRuleEdits(engine),
                lambda: book.rules,
                lambda rules: _fit(rules, directory, calendars),
            ),
            previews=open_parts.enter_context(PreviewWorkers(settings)),
            book=SqlRegistryBook(engine),
            records=SqlRegistryEditing(engine, load_classes()),
            enrolling=SqlEnrolling(engine, load_classes()),
            imports=open_parts.enter_context(ImportWorkers(settings)),
            evaluations=SqlEvaluations(engine, registry),
            funds=SqlFunds(engine, in_use, policy, settings.funds.money()),
            plans=_plans(engine, registry, store, infos, policy, in_use),
            revisits=_revisits(settings, engine, registry, infos, policy),
            exchange=exchange(settings, engine, registry, registry, infos, policy),
            webhooks=desk(settings, engine, clock),
            calendars=RegistryCalendarBook(lambda: calendars.now),
            calendar_days=CalendarDaysHere(
                SqlCalendarDays(engine, mainland_china()), LimitEffects(engine, policy.calendar), calendars.refresh
            ),
            notifications=SqlNotificationDesk(engine, channels(settings), routes(settings)),
        )

        def refresh() -> None:
            if directory.refresh():
                calendars.refresh()
            news = watch.news()
            if news is not None:
                infos.take(news)
                book.take(news)
                log.info("other rules are in force", extra={"version": news.version})

        yield create_app(ports, api_settings(settings)), refresh


def _performance(engine: sa.Engine, registry: Registry, book: RuleBook, store: RemoteStore, policy: Policy) -> Reports:
    return Reports(
        journal=SqlPerformanceQueries(engine),
        reports=SqlReviewQueries(engine),
        registry=registry,
        rules=book,
        store=store,
        policy=policy,
    )


def _plans(
    engine: sa.Engine, registry: Registry, store: RemoteStore, infos: RuleInfos, policy: Policy, in_use: InUse
) -> SqlPlans:
    """Preventive work, with the counters of what runs."""
    return SqlPlans(
        engine,
        rules=infos,
        source=registry,
        classes=frozenset(registry.classes()),
        in_use=in_use.numbers,
        counters=StoreCounters(store, registry, policy.calendar.zone),
        policy=policy,
    )


def _revisits(
    settings: Settings, engine: sa.Engine, registry: Registry, infos: RuleInfos, policy: Policy
) -> SqlRevisits:
    """What asks people after the end of a case."""
    return SqlRevisits(engine, rules=infos, source=registry, policy=policy, revisits=settings.revisits.policy())


def _fit(rules: RuleSet, directory: Directory, calendars: Calendars) -> None:
    """Refuse rules that do not fit the facilities, as the core would.

    Raises:
        Refused: with the reason.
    """
    directory.refresh()
    build(rules, directory.members(), calendars.now)


def api_settings(settings: Settings) -> ApiSettings:
    """The API's settings in its own words.

    Raises:
        Invalid: if the metrics token cannot be read.
    """
    chosen = settings.api
    return ApiSettings(
        version=twingrid_version(),
        setup_code_file=settings.setup_code_file,
        web_root=web_root(settings),
        kept_on_phones=chosen.kept_on_phones,
        https=chosen.https,
        hosts=frozenset(chosen.hosts),
        metrics_token=_token(chosen.metrics_token_file),
        idle_timeout_s=round(chosen.idle_timeout_s),
        absolute_timeout_s=round(chosen.absolute_timeout_s),
        max_streams=chosen.max_streams,
        max_query_points=chosen.max_query_points,
        max_query_series=chosen.max_query_series,
        max_export_rows=chosen.max_export_rows,
    )


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([kinds.TOKEN_UNREADABLE.at(str(file), problem=system_problem(error))]) from error


async def _refresh(refresh: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_REFRESH_EVERY_S)
        try:
            await asyncio.to_thread(refresh)
        except Unavailable as error:
            log.warning("the registry does not answer", extra={"why": str(error)})
