"""``twingrid rule new``: the beginning of a rule and its scenarios, checked and played before they are written."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import typer

from app.console import Speaker
from app.exits import Exit
from app.rule_check import print_findings
from app.rule_files import classes
from app.rule_trial import FOLDER
from core.alarms import Severity
from core.findings import Finding, Kind
from core.foreign import system_problem
from core.places import Grid, Measurement, Text
from rules.expression import Truth
from rules.language.check import Checker
from rules.language.load import class_units, read_rules
from rules.language.parser import parse
from rules.language.tokens import SyntaxFault
from rules.language.warnings import warnings
from rules.rule_set import RuleSet
from rules.skeleton import NewRule, rule_text, scenario_text
from rules.trial.play import play
from rules.trial.scenario import read_scenarios
from rules.trial.series import span_ms
from rules.trial.verdict import differences


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was said on the command line; empty texts are asked for on a terminal."""

    class_id: str
    measurement: str
    limit: str
    held: str
    rule_id: str
    clear: str
    severity: str
    lead: str
    zh: str
    en: str
    source: str
    output: Path | None


class _Wrong(Exception):
    """What was said cannot become a rule; the reason is in the reader's language."""


def new(speaker: Speaker, wanted: Wanted) -> int:
    """Write the rule and its scenarios; 1 if what was asked for makes no rule, or a file is there already."""
    ask = _asker(speaker)
    try:
        made = _decided(speaker, wanted, ask)
        when = _checked(speaker, made)
    except _Wrong as error:
        speaker.error(str(error))
        return Exit.FINDING
    language = speaker.language.value
    file = wanted.output or Path(f"{made.rule_id}.yaml")
    trial = file.parent / FOLDER / file.name
    try:
        text = rule_text(made, when, language)
        scenarios = scenario_text(made, when, f"../{file.name}", language)
    except ValueError:
        one = made.measurement
        room = {"limit": made.limit, "low": f"{one.low:g}", "high": f"{one.high:g}", "unit": one.unit}
        speaker.error(speaker.say("new.no-room", **room))
        return Exit.FINDING
    odd = _proven(speaker, str(file), text, str(trial), scenarios)
    if odd is None:
        return Exit.FINDING
    taken = next((one for one in (file, trial) if one.exists()), None)
    if taken is not None:
        speaker.error(speaker.say("new.exists", file=taken))
        return Exit.FINDING
    if not (_written(speaker, file, text) and _written(speaker, trial, scenarios)):
        return Exit.UNAVAILABLE
    print_findings(speaker, odd, {str(file): text.splitlines()}, "yellow")
    speaker.out.print(speaker.say("new.next", file=file, trial=trial), markup=False, soft_wrap=True)
    return Exit.OK


# --- what is wanted -----------------------------------------------------------------------------------------------

Ask = Callable[[str, str, str], str]
"""``ask(value, key, default)``: the value, or the answer of the person at the terminal."""


def _asker(speaker: Speaker) -> Ask:
    def ask(value: str, key: str, default: str = "") -> str:
        if value or not sys.stdin.isatty():
            return value or default
        question = speaker.say(f"new.{key}")
        return str(typer.prompt(question, default=default or None, err=True))

    return ask


def _decided(speaker: Speaker, wanted: Wanted, ask: Ask) -> NewRule:
    known = classes()
    facility_class = _one_of(speaker, "class", ask(wanted.class_id, "class", ""), known)
    measurement: Measurement = _one_of(
        speaker, "measurement", ask(wanted.measurement, "measurement", ""), facility_class.measurements
    )
    limit = ask(wanted.limit, "limit", "")
    if not limit:
        raise _Wrong(speaker.say("new.missing", name="--limit"))
    held_ms = span_ms(ask(wanted.held, "for", "0"))
    if held_ms is None:
        raise _Wrong(speaker.say("new.no-span", value=wanted.held))
    severity = _one_of(speaker, "severity", ask(wanted.severity, "severity", "medium"), _SEVERITIES)
    lead = _one_of(speaker, "lead", wanted.lead or "construction", {one.value: one for one in Grid})
    suggestion = f"{facility_class.id}-{measurement.key}".replace("_", "-")
    return NewRule(
        rule_id=ask(wanted.rule_id, "id", suggestion),
        facility_class=facility_class,
        measurement=measurement,
        limit=limit.strip(),
        for_ms=held_ms,
        severity=severity,
        lead=lead,
        clear=_number(speaker, wanted.clear),
        say=Text(zh=wanted.zh, en=wanted.en),
        source=wanted.source,
    )


_SEVERITIES: Mapping[str, Severity] = {one.name.lower(): one for one in Severity}


T = TypeVar("T")


def _one_of(speaker: Speaker, name: str, value: str, known: Mapping[str, T]) -> T:
    if value in known:
        return known[value]
    if not value:
        raise _Wrong(speaker.say("new.missing", name=f"--{name}"))
    near = difflib.get_close_matches(value, known, n=3, cutoff=0.4) or sorted(known)[:30]
    raise _Wrong(speaker.say("new.unknown", name=f"--{name}", value=value, near=", ".join(near)))


def _number(speaker: Speaker, text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise _Wrong(speaker.say("new.no-number", value=text)) from None


def _checked(speaker: Speaker, made: NewRule) -> Truth:
    """The condition, checked on its own: its faults are shown under what was typed."""
    text = f"{made.measurement.key} {made.limit}"
    findings: list[Finding] = []

    def report(at: int, kind: Kind, values: Mapping[str, object]) -> None:
        findings.append(kind.at("--limit", 1, at + 1, **values))

    when = None
    try:
        when = Checker(made.facility_class, report).condition(parse(text))
    except SyntaxFault as fault:
        report(fault.at, fault.kind, fault.values)
    if when is None:
        print_findings(speaker, findings, {"--limit": [text]}, "red")
        raise _Wrong(speaker.say("new.no-limit"))
    return when


# --- what is written ----------------------------------------------------------------------------------------------


def _proven(speaker: Speaker, file: str, text: str, trial: str, scenarios: str) -> list[Finding] | None:
    """What is odd in the rule, if it loads and its scenarios pass; else ``None``, and why is shown."""
    known = classes()
    read = read_rules({file: text}, known)
    if read.findings:
        print_findings(speaker, read.findings, {file: text.splitlines()}, "red")
        return None
    rules = RuleSet(tuple(one.rule for one in read.rules), class_units(known))
    tried = read_scenarios(trial, scenarios, known)
    print_findings(speaker, tried.findings, {trial: scenarios.splitlines()}, "red")
    for scenario in tried.scenarios:
        if tried.findings or differences(scenario, play(scenario, rules, known)):
            speaker.error(speaker.say("new.unproven", name=scenario.name))
            return None
    return list(warnings(read.rules, known))


def _written(speaker: Speaker, file: Path, text: str) -> bool:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        speaker.error(speaker.say("new.exists", file=file))
        return False
    except OSError as error:
        speaker.error(
            speaker.say("profile.unwritable", file=file, why=system_problem(error).in_language(speaker.language))
        )
        return False
    speaker.out.print(speaker.say("new.written", file=file), markup=False, soft_wrap=True)
    return True
