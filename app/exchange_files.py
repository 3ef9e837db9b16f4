"""``twingrid exchange import | export | show``: what they do, apart from their options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.calendars import Calendars
from app.console import Speaker, finding_values
from app.exchange import exchange, export_of, partners
from app.exits import Exit
from app.operator import operator
from app.settings import Settings
from app.settings_file import load
from app.wiring import RuleInfos, database, rule_set_of
from core.cases import RuleInfo
from core.clock import SystemClock
from core.errors import Invalid
from core.exchange import Came
from core.foreign import system_problem
from dispatch.exchange.desk import SqlExchange
from dispatch.policy import Policy
from registry.classbook import load_classes
from registry.queries import Registry


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    engine: sa.Engine
    registry: Registry
    policy: Policy
    exchange: SqlExchange


def import_from(
    speaker: Speaker, config: Path | None, partner: str, file: Path, *, dry_run: bool, as_json: bool
) -> Exit:
    """Read, check, enter, and say what became of the rows.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    settings = load(config).settings
    name = _chosen(speaker, settings, partner)
    if name is None:
        return Exit.USAGE
    with _open(settings) as opened:
        now_ms = SystemClock().now_ms()
        try:
            found = opened.exchange.import_file(name, file, operator(), now_ms, dry=dry_run)
        except Invalid as error:
            if as_json:
                speaker.json({"applied": False, "findings": finding_values(error.findings, speaker.language)})
            else:
                speaker.findings(error.findings)
                speaker.note(speaker.say("exchange.bad", count=len(error.findings)))
            return Exit.FINDING
    if as_json:
        speaker.json({"applied": not dry_run, "cases": [asdict(one) for one in found]})
        return Exit.OK
    counts = Counter(one.came for one in found)
    rows = [[speaker.say(f"exchange.came.{one}"), str(counts[one])] for one in Came if counts[one]]
    speaker.table([speaker.say("exchange.column.came"), speaker.say("exchange.column.count")], rows)
    speaker.note(speaker.say("exchange.rows", count=len(found)))
    for name, count in sorted(Counter(one.unknown for one in found if one.unknown).items()):
        speaker.note(speaker.say("exchange.unknown-event", name=name, count=count))
    if dry_run:
        speaker.note(speaker.say("exchange.dry"))
    return Exit.OK


def export_to(speaker: Speaker, config: Path | None, partner: str, to: Path, from_: str, until: str) -> Exit:
    """Write a file.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    settings = load(config).settings
    name = _chosen(speaker, settings, partner)
    if name is None:
        return Exit.USAGE
    with _open(settings) as opened:
        zone = opened.policy.calendar.zone
        days = {"from": (from_, 0), "until": (until, 1)}
        moments: dict[str, int | None] = {}
        for key, (text, later) in days.items():
            try:
                moments[key] = _midnight(text, later, zone)
            except ValueError:
                speaker.error(speaker.say("exchange.no-day", value=text))
                return Exit.USAGE
        chosen = partners(settings, opened.policy.intake)[name]
        files = export_of(opened.engine, opened.registry, opened.registry, zone)
        now_ms = SystemClock().now_ms()
        try:
            count = files.export(chosen, to, operator(), now_ms, from_ms=moments["from"], to_ms=moments["until"])
        except OSError as error:
            speaker.error(speaker.say("exchange.no-write", path=to, problem=_said(speaker, error)))
            return Exit.FINDING
    speaker.out.print(speaker.say("exchange.wrote", path=to, count=count), markup=False, soft_wrap=True)
    return Exit.OK


def show(speaker: Speaker, config: Path | None, *, as_json: bool) -> Exit:
    """How things are with each partner.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    settings = load(config).settings
    if not settings.exchange.partners:
        speaker.note(speaker.say("exchange.none"))
        return Exit.OK
    with _open(settings) as opened:
        found = opened.exchange.partners(SystemClock().now_ms())
    if as_json:
        speaker.json([asdict(one) for one in found])
        return Exit.OK
    heads = ("partner", "links", "gate", "conflicts", "waiting", "given-up", "last")
    rows = [
        [
            *(one.partner, str(one.links), str(one.at_gate), str(one.conflicts), str(one.waiting)),
            *(str(one.given_up), one.last_error),
        ]
        for one in found
    ]
    speaker.table([speaker.say(f"exchange.column.{name}") for name in heads], rows)
    return Exit.OK


def _chosen(speaker: Speaker, settings: Settings, name: str) -> str | None:
    """The partner that is meant; ``None`` if that is not clear, which has been said then."""
    known = sorted(settings.exchange.partners)
    if name in known:
        return name
    if not known:
        speaker.error(speaker.say("exchange.none"))
    elif name:
        speaker.error(speaker.say("exchange.unknown", name=name, known=", ".join(known)))
    elif len(known) == 1:
        return known[0]
    else:
        speaker.error(speaker.say("exchange.which", known=", ".join(known)))
    return None


@contextmanager
def _open(settings: Settings) -> Iterator[_Opened]:
    engine = database(settings)
    try:
        registry = Registry(engine, load_classes())
        infos = _late_rules(settings, registry)
        calendars = Calendars(registry, settings.time_zone)
        policy = calendars.policy(settings)
        found = exchange(settings, engine, registry, registry, infos, policy)
        yield _Opened(engine=engine, registry=registry, policy=policy, exchange=found)
    finally:
        engine.dispose()


def _late_rules(settings: Settings, registry: Registry) -> Callable[[str], RuleInfo | None]:
    """The rules, read once somebody asks for one: only a case of an alarm that is opened anew does."""

    @cache
    def infos() -> RuleInfos:
        return RuleInfos(rule_set_of(settings, registry))

    def look(rule_id: str) -> RuleInfo | None:
        return infos()(rule_id)

    return look


def _midnight(text: str, later_days: int, zone: ZoneInfo) -> int | None:
    """The beginning of a day, or of the one after it.

    Raises:
        ValueError: if it is no ISO date.
    """
    if not text:
        return None
    day = date.fromisoformat(text) + timedelta(days=later_days)
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)


def _said(speaker: Speaker, error: OSError) -> str:
    return system_problem(error).in_language(speaker.language)
