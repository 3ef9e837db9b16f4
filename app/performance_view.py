"""``twingrid alarms report``: how much the alarms ask of people, on a terminal."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from app.console import Speaker
from app.exits import Exit
from app.performance import Reports
from app.rule_directory import RuleBook
from app.settings_file import load
from app.wiring import database_there, rule_set_of
from core.clock import SystemClock
from core.ports.performance import Actor, Measure, Performance
from dispatch.performance_queries import SqlPerformanceQueries
from dispatch.policy import Policy
from dispatch.review_queries import SqlReviewQueries
from registry.classbook import load_classes
from registry.queries import Registry
from store.remote import RemoteStore

_DAY_MS = 86_400_000
_SHARES = frozenset({"busy_intervals", "flood_time", "top_ten", "share_medium", "share_high", "share_critical"})
_LISTED = 10


def show(speaker: Speaker, config: Path | None, days: int, community: str, *, as_json: bool) -> int:
    """Print the report of the last days.

    Raises:
        core.errors.Invalid: if the settings or rules are wrong.
        core.errors.Refused: if nothing has been installed here; no database is made.
        core.errors.Unavailable: if the database does not answer.
    """
    settings = load(config).settings
    with ExitStack() as parts:
        engine = database_there(settings)
        parts.callback(engine.dispose)
        registry = Registry(engine, load_classes())
        known = {one.code: one.number for one in registry.communities()}
        if community and community not in known:
            codes = ", ".join(sorted(known)) or "-"
            speaker.error(speaker.say("report.no-community", code=community, known=codes))
            return Exit.USAGE
        chosen = frozenset({known[community]}) if community else None
        store = RemoteStore(settings.store_socket)
        parts.callback(store.close)
        reports = Reports(
            journal=SqlPerformanceQueries(engine),
            reports=SqlReviewQueries(engine),
            registry=registry,
            rules=RuleBook(rule_set_of(settings, registry)),
            store=store,
            policy=Policy(),
        )
        now_ms = SystemClock().now_ms()
        made = reports.report(now_ms - days * _DAY_MS, now_ms, chosen)
        if as_json:
            speaker.json(asdict(made))
        else:
            _print(speaker, made, registry, days)
    return Exit.OK


def _print(speaker: Speaker, made: Performance, registry: Registry, days: int) -> None:
    load = speaker.say(f"report.load.{made.load}")
    speaker.out.print(speaker.say("report.sum", alarms=made.alarms, days=days, load=load), markup=False)
    columns = [speaker.say(f"report.column.{name}") for name in ("measure", "value", "target", "verdict")]
    speaker.table(columns, (_measure_row(speaker, one) for one in made.measures))
    if made.actors:
        columns = [speaker.say(f"report.column.{name}") for name in ("rule", "facility", "alarms", "share")]
        rows = ((*_who(one, registry, speaker), str(one.alarms), f"{one.share:.1%}") for one in made.actors[:_LISTED])
        speaker.table(columns, rows, whole=2)
    for one in made.chattering[:_LISTED]:
        rule, facility = _who(one, registry, speaker)
        counted = speaker.say("report.flutter", chattering=one.chattering, fleeting=one.fleeting)
        speaker.out.print(f"{rule} {facility}: {counted}", markup=False)
        for line in advice(speaker, one):
            speaker.out.print(f"    {line}", markup=False)


def _who(actor: Actor, registry: Registry, speaker: Speaker) -> tuple[str, str]:
    """The rule's id and the facility's code and name."""
    known = registry.facility(actor.source.facility)
    if known is None:
        return actor.source.rule_id, f"#{actor.source.facility}"
    name = known.facility.name.in_language(speaker.language)
    return actor.source.rule_id, f"{known.facility.code} {name}"


def _measure_row(speaker: Speaker, one: Measure) -> tuple[str, str, str, str]:
    figures = tuple(
        f"{value:.1%}" if one.key in _SHARES else f"{value:.2f}" if one.key == "rate" else f"{value:.0f}"
        for value in (one.value, one.target)
    )
    said = speaker.say(f"report.measure.{one.key}"), speaker.say(f"report.verdict.{one.verdict}")
    return said[0], figures[0], figures[1], said[1]


def advice(speaker: Speaker, actor: Actor) -> list[str]:
    """What would have helped a source, in words; the strongest first."""
    said = []
    if actor.deadband is not None:
        clear = f"{actor.deadband.clear:g} {actor.deadband.unit}"
        said.append(speaker.say("report.deadband", clear=clear, left=actor.deadband.left, alarms=actor.alarms))
    for key, delay in (("report.hold", actor.hold), ("report.wait", actor.wait)):
        if delay is not None:
            said.append(speaker.say(key, time=written(delay.seconds), left=delay.left, alarms=actor.alarms))
    return said


def written(seconds: int) -> str:
    """A time as it is written in a rule."""
    return f"{seconds} s" if seconds % 60 else f"{seconds // 60} min"
