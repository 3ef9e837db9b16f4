"""What ``twingrid rule explain`` prints: the rule in sentences, and on a facility why its alarm is (not) on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.console import Speaker
from app.exits import Exit
from app.rule_check import cost_values, evaluated
from app.rule_files import classes
from app.rule_files import rule_set as read_rule_set
from app.rule_find import find_rule
from app.rule_look import Seen, look, moment
from app.settings_file import load
from core.errors import Refused
from core.findings import Speaks
from core.places import FacilityClass
from core.quality import GOOD, Reason, class_of, reason_of
from rules import phrases
from rules.cost import cost_of
from rules.explanation import Narrator, quantity
from rules.expression import Operand, form
from rules.moment import Held, Judged, Part
from rules.operand_kinds import kind_of
from rules.rule_set import Rule

_LANGUAGES = ("zh", "en")


def explain(
    speaker: Speaker,
    rule_id: str,
    book: tuple[Path, ...],
    config: Path | None,
    where: tuple[str, str, int],
    *,
    as_json: bool,
) -> int:
    """Explain a rule; ``where``: facility (empty: none), moment (empty: now), and how far back in milliseconds.

    Raises:
        Invalid: if settings or rule files are wrong.
        Unavailable: if a facility is asked for and its installation does not answer.
        Refused: if there is no such facility, or the moment is none.
    """
    rule = find_rule(speaker, read_rule_set(book, config), rule_id)
    if rule is None:
        return Exit.FINDING
    facility_class = classes()[rule.class_id]
    facility, at, back_ms = where
    seen, zone = None, "UTC"
    if facility:
        settings = load(config).settings
        zone = settings.time_zone
        seen = look(settings, rule, facility_class, facility, moment(at, zone), back_ms)
    if as_json:
        speaker.json(
            rule_values(rule, facility_class) | ({} if seen is None else {"moment": seen_values(seen, facility_class)})
        )
        return Exit.OK
    for line in rule_lines(rule, facility_class, speaker):
        speaker.out.print(line, markup=False, soft_wrap=True)
    if seen is not None:
        for line in seen_lines(seen, facility_class, speaker, ZoneInfo(zone)):
            speaker.out.print(line, markup=False, soft_wrap=True)
    return Exit.OK


# --- the rule -----------------------------------------------------------------------------------------------------


def rule_lines(rule: Rule, facility_class: FacilityClass, speaker: Speaker) -> Iterator[str]:
    """The rule in sentences."""
    language, narrator, cost = speaker.language.value, Narrator(facility_class), cost_of(rule)
    info = rule.info
    severity = speaker.say(f"severity.{info.severity.name.lower()}")
    yield f"{rule.id}: {info.say.in_language(language)}"
    yield f"  {facility_class.name.in_language(language)} · {severity} · {rule.file}:{rule.line}"
    yield f"  when: {rule.when_text}"
    if rule.clear_text:
        yield f"  clear: {rule.clear_text}"
    for said in narrator.rule(rule):
        yield f"  {said.in_language(language)}"
    for place, step in enumerate(info.do):
        yield f"  {speaker.say('explain.do') if place == 0 else ''}{place + 1}. {step.in_language(language)}"
    unknowns = narrator.unknowns(rule)
    if unknowns:
        yield f"  {speaker.say('explain.unknown')}"
    for said in unknowns:
        yield f"    {said.in_language(language)}"
    evidence = speaker.say(f"evidence.{rule.source.evidence.value}")
    yield f"  {speaker.say('explain.source', source=rule.source.document.in_language(language), evidence=evidence)}"
    windows = ", ".join(
        f"{phrases.duration(one.window_ms).in_language(language)} ({one.slots})" for one in cost.windows
    )
    sizes = {"nodes": cost.nodes, "own": cost.own_bytes, "shared": cost.shared_bytes, "windows": windows or "-"}
    yield f"  {speaker.say('explain.cost', evaluated=evaluated(cost, speaker), **sizes)}"


def rule_values(rule: Rule, facility_class: FacilityClass) -> dict[str, Any]:
    """The rule, for programs; sentences in both languages."""
    narrator = Narrator(facility_class)
    return {
        "id": rule.id,
        "class": rule.class_id,
        "severity": rule.info.severity.name.lower(),
        "file": rule.file,
        "line": rule.line,
        "when": rule.when_text,
        "clear": rule.clear_text,
        "for_ms": rule.for_ms,
        "clear_for_ms": rule.clear_for_ms,
        "say": _both(rule.info.say),
        "sentences": [_both(said) for said in narrator.rule(rule)],
        "unknown": [_both(said) for said in narrator.unknowns(rule)],
        "source": _both(rule.source.document) | {"evidence": rule.source.evidence.value},
        "cost": cost_values(cost_of(rule)),
    }


def _both(said: Speaks) -> dict[str, str]:
    return {language: said.in_language(language) for language in _LANGUAGES}


# --- at a moment --------------------------------------------------------------------------------------------------


def seen_lines(seen: Seen, facility_class: FacilityClass, speaker: Speaker, zone: ZoneInfo) -> Iterator[str]:
    """Every operand and every part of the conditions, and what the timer does."""
    language, now = speaker.language.value, seen.picture
    yield ""
    judged = {"readings": seen.readings, "since": _clock(seen.from_ms, zone)}
    yield speaker.say("explain.at", facility=seen.facility, at=_clock(now.at_ms, zone), **judged)
    for operand, value in now.operands.items():
        name = kind_of(operand).name(operand, facility_class).in_language(language)
        said = speaker.say("explain.is-unknown") if value is None else _value(operand, value, facility_class, language)
        yield f"  {name} = {said}{_reading(operand, seen, speaker)}"
    for level in now.levels:
        if len(now.levels) > 1:
            yield f"  [{speaker.say(f'severity.{level.severity.name.lower()}')}]"
        for title, parts in (("explain.when", level.when), ("explain.clear", level.clear)):
            yield f"  {speaker.say(title)}"
            yield from (_part(part, speaker) for part in parts)
        if level.held is None or level.timer.state != "normal":
            yield f"  {state_sentence(level, speaker, zone)}"
        if level.held is not None:
            yield f"  {held_sentence(level.held, speaker, zone)}"


def _value(operand: Operand, value: float, facility_class: FacilityClass, language: str) -> str:
    measurement = facility_class.measurements.get(kind_of(operand).key(operand) or "")
    unit = measurement.unit if measurement is not None and measurement.unit != "1" else ""
    return quantity(value, unit).in_language(language)


def _reading(operand: Operand, seen: Seen, speaker: Speaker) -> str:
    """How old the newest reading is, and why it is not good."""
    key = kind_of(operand).key(operand)
    if key is None:
        return ""
    if key not in seen.latest:
        return speaker.say("explain.no-reading")
    at_ms, quality = seen.latest[key]
    age = speaker.say("explain.age", seconds=(seen.picture.at_ms - at_ms) / 1000)
    return age if quality == GOOD else age + speaker.say("explain.quality", quality=quality_name(quality))


def quality_name(code: int) -> str:
    """Class and reason of a quality, as people read it."""
    try:
        reason = reason_of(code)
    except ValueError:
        reason = Reason.NONE
    name = class_of(code).name.lower()
    return name if reason is Reason.NONE else f"{name}, {reason.name.lower()}"


def _part(part: Part, speaker: Speaker) -> str:
    mark = {True: "+", False: "-", None: "?"}[part.holds]
    word = speaker.say({True: "explain.true", False: "explain.false", None: "explain.is-unknown"}[part.holds])
    return f"    {'  ' * part.depth}{mark} {part.say.in_language(speaker.language)}: {word}"


def state_sentence(now: Judged, speaker: Speaker, zone: ZoneInfo) -> str:
    """Why the alarm is on or not, which timer runs, and when it would end."""
    timer = now.timer
    language = speaker.language.value
    spent, needed = (phrases.duration(span).in_language(language) for span in (timer.spent_ms, timer.needed_ms))
    since = "" if timer.since_ms is None else _clock(timer.since_ms, zone)
    start = "" if timer.start_ms is None else _clock(timer.start_ms, zone)
    if timer.state == "normal":
        return speaker.say("explain.off" if now.when[0].holds is False else "explain.off-unknown")
    if timer.due_ms is not None:
        key = "explain.pending" if timer.state == "pending" else "explain.clearing"
        return speaker.say(key, since=since or start, spent=spent, needed=needed, due=_clock(timer.due_ms, zone))
    if timer.state == "pending":
        return speaker.say("explain.pending-stands", since=since, spent=spent, needed=needed)
    if timer.state == "clearing":
        return speaker.say("explain.clearing-stands", spent=spent, needed=needed)
    return speaker.say("explain.on", since=since or start, start=start)


def held_sentence(held: Held, speaker: Speaker, zone: ZoneInfo) -> str:
    """That an alarm, or a level of it, is on because it flaps, and when that ends."""
    values = {"flaps": held.flaps, "start": _clock(held.start_ms, zone)}
    if held.until_ms is None:
        return speaker.say("explain.flaps", **values)
    return speaker.say("explain.held", until=_clock(held.until_ms, zone), **values)


def _clock(at_ms: int, zone: ZoneInfo) -> str:
    text = datetime.fromtimestamp(at_ms / 1000, zone).isoformat(sep=" ", timespec="milliseconds")
    return text.replace(".000", "")


def seen_values(seen: Seen, facility_class: FacilityClass) -> dict[str, Any]:
    """A rule on a facility at a moment, for programs."""
    now = seen.picture
    return {
        "facility": seen.facility,
        "at_ms": now.at_ms,
        "from_ms": seen.from_ms,
        "readings": seen.readings,
        "operands": [
            {"operand": form(operand), "name": _both(kind_of(operand).name(operand, facility_class)), "value": value}
            for operand, value in now.operands.items()
        ],
        **_judged_values(now.levels[0]),
        "levels": [
            {"severity": level.severity.name.lower(), **_judged_values(level)}
            for level in (now.levels if len(now.levels) > 1 else ())
        ],
    }


def _judged_values(level: Judged) -> dict[str, Any]:
    timer = level.timer
    return {
        "when": [_part_values(part) for part in level.when],
        "clear": [_part_values(part) for part in level.clear],
        "state": timer.state,
        "since_ms": timer.since_ms,
        "start_ms": timer.start_ms,
        "spent_ms": timer.spent_ms,
        "needed_ms": timer.needed_ms,
        "due_ms": timer.due_ms,
        "held": None if level.held is None else asdict(level.held),
    }


def _part_values(part: Part) -> dict[str, Any]:
    return {"depth": part.depth, "say": _both(part.say), "holds": part.holds}


def back_span(text: str) -> int:
    """How far back, such as ``7 d``, in milliseconds; empty is 0.

    Raises:
        Refused: if it is no duration.
    """
    from app.findings import NO_SPAN
    from rules.trial.series import span_ms

    found = span_ms(text or "0")
    if found is None:
        raise Refused(NO_SPAN(value=text))
    return found
