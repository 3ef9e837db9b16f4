"""The scenarios of one rule that is being edited, played in memory: what it should do and what it does.

Only the edited rule is judged: of a scenario for a whole class that part which is about this rule. Scenarios are begun
as long as there is time; those that were not played are counted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.rule_trial import FOLDER, shipped_scenarios
from app.settings import Settings
from core.findings import Finding
from core.places import FacilityClass, Text
from core.ports.rule_editing import Trial, TrialCase, TrialDifference
from rules.language.load import class_units, load_rules
from rules.rule_set import RuleSet
from rules.trial.play import Run, play
from rules.trial.scenario import Scenario, ScenarioFile, read_scenarios
from rules.trial.verdict import Difference, differences

_LANGUAGES = ("zh", "en")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialAsk:
    """A text of one rule or template to be tried, and how long no other scenario is begun after."""

    text: str
    limit_s: float


def scenario_texts(settings: Settings) -> Mapping[str, str]:
    """File name to text: those beside the installation's rules, else those that came with Twingrid."""
    folder = settings.rule_folder
    own = None if folder is None else folder / FOLDER
    if own is not None and (own.is_dir() or folder != settings.own_rules):
        files = sorted(own.glob("*.yaml")) if own.is_dir() else []
        return {file.name: file.read_text(encoding="utf-8") for file in files}
    return {file.name: text for file, text in shipped_scenarios()}


def try_rule(ask: TrialAsk, texts: Mapping[str, str], classes: Mapping[str, FacilityClass]) -> Trial:
    """Play what the scenarios of a rule's class say about it.

    Args:
        ask: the rule.
        texts: files of scenarios by name.
        classes: of facilities, by name.

    Raises:
        Invalid: with everything that is wrong with the rule.
    """
    began_s = time.monotonic()
    rules = load_rules({"rule": ask.text}, classes)
    by_class: dict[str, list[str]] = {}
    for rule in rules.rules:
        by_class.setdefault(rule.class_id, []).append(rule.id)
    cases: list[TrialCase] = []
    wrong: list[Finding] = []
    left = 0
    for name, read in _files(texts, frozenset(by_class), classes):
        wrong += read.findings
        for one in read.scenarios:
            mine = frozenset(by_class.get(one.class_id, ()))
            scenario = _about(one, mine)
            if scenario is None:
                continue
            if time.monotonic() - began_s > ask.limit_s:
                left += 1
                continue
            own = RuleSet(tuple(rule for rule in rules.rules if rule.id in mine), class_units(classes))
            cases.append(_case(name, scenario, play(scenario, own, classes)))
    cases.sort(key=lambda one: one.passed)
    spent_s = round(time.monotonic() - began_s, 2)
    return Trial(cases=tuple(cases), left_out=left, wrong=tuple(_said(one) for one in wrong), spent_s=spent_s)


def _files(
    texts: Mapping[str, str], wanted: frozenset[str], classes: Mapping[str, FacilityClass]
) -> Iterator[tuple[str, ScenarioFile]]:
    for name, text in texts.items():
        if any(class_id in text for class_id in wanted):  # a file of another class need not be read
            read = read_scenarios(name, text, classes)
            if wanted & {read.class_id, *(one.class_id for one in read.scenarios)}:
                yield name, read


def _about(scenario: Scenario, mine: frozenset[str]) -> Scenario | None:
    """What a scenario says of these rules; ``None`` if it leaves them out."""
    looked = mine & set(scenario.only) if scenario.only else mine
    moments = tuple(
        replace(one, states={rule: state for rule, state in one.states.items() if rule in mine})
        for one in scenario.moments
    )
    asked = {rule for one in moments for rule in one.states}
    if not looked | asked:
        return None
    expected = tuple(one for one in scenario.expected if one.rule_id in mine)
    return replace(scenario, only=tuple(sorted(looked | asked)), expected=expected, moments=moments)


def _case(file: str, scenario: Scenario, runs: Sequence[Run]) -> TrialCase:
    found = differences(scenario, runs)
    return TrialCase(
        name=scenario.name,
        file=file,
        line=int(scenario.place.rpartition(":")[2]),
        say=scenario.say,
        passed=not found,
        expects=bool(scenario.expected),
        differences=tuple(_together(found, len(runs))),
    )


def _together(found: Sequence[Difference], orders: int) -> Iterator[TrialDifference]:
    """Each difference once, with the orders of arrival in which it shows; none named: in all of them."""
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for one in found:
        key = (one.rule_id, *one.lines, *(said.in_language("en") for said in one.got))
        groups.setdefault(key, []).append(one)
    for same in groups.values():
        yield TrialDifference(
            rule_id=same[0].rule_id,
            orders=() if len(same) >= orders else tuple(Text.of(one.order) for one in same),
            expected=tuple(Text.of(one) for one in same[0].expected),
            got=tuple(Text.of(one) for one in same[0].got),
            lines=same[0].lines,
        )


def _said(one: Finding) -> Text:
    zh, en = (f"{one.place} {one.what_in(language)}" for language in _LANGUAGES)
    return Text(zh=zh, en=en)
