"""The scenarios of the rule book: every rule is raised by one, ended by one and kept silent by one, in both languages.

That they pass in every order of arrival is tested in ``test_trial``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from core.quality import GOOD
from registry.classbook import load_classes
from rules.language.load import load_rules
from rules.rule_set import Evidence, Rule
from rules.trial.scenario import Scenario, read_scenarios

FOLDER = Path(__file__).parents[3] / "rules"
CLASSES = {name: entry.facility_class for name, entry in load_classes().items()}
BOOK = load_rules({path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "book").glob("*.yaml")}, CLASSES)
SCENARIOS = [
    scenario
    for path in sorted((FOLDER / "scenarios").glob("*.yaml"))
    for scenario in read_scenarios(path.name, path.read_text(encoding="utf-8"), CLASSES).scenarios
]
OWN = [one for one in SCENARIOS if one.place.startswith(f"{one.class_id}.yaml:")]
RULES = [rule for rule in BOOK.rules if rule.file == f"{rule.class_id}.yaml"]
"""Those of the classes' own files."""
EACH = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
SHIPPED = pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)
"""Those of templates too; that a lesser fault keeps these silent is shown in ``test_sensor_health.py``."""


def raising(rule: Rule) -> list[Scenario]:
    """Scenarios that expect its alarm."""
    return [one for one in SCENARIOS if rule.id in {expected.rule_id for expected in one.expected}]


def silent(rule: Rule) -> list[Scenario]:
    """Scenarios under which it is tested and not expected, although it can judge: all it measures is played."""
    return [
        one
        for one in SCENARIOS
        if one.class_id == rule.class_id
        and (not one.only or rule.id in one.only)
        and rule.id not in {expected.rule_id for expected in one.expected}
        and all(any(sample.quality == GOOD for sample in one.own.series.get(key, ())) for key in rule.measurements)
    ]


@SHIPPED
def test_a_scenario_raises_it(rule: Rule) -> None:
    """Somebody has written down when the alarm comes; of a rule with levels the highest is reached."""
    assert raising(rule), rule.id
    if rule.levels:
        worst = max(part.info.severity for part in rule.parts)
        seen = {expected.severity for one in raising(rule) for expected in one.expected if expected.rule_id == rule.id}
        assert worst in seen, (rule.id, worst)


@SHIPPED
def test_its_alarm_ends(rule: Rule) -> None:
    """One of them shows when the alarm is over."""
    stops = [expected.stop_ms for one in raising(rule) for expected in one.expected if expected.rule_id == rule.id]
    assert any(stop is not None for stop in stops), rule.id


@EACH
def test_a_scenario_keeps_it_silent(rule: Rule) -> None:
    """Somebody has written down what must not raise it."""
    assert silent(rule), rule.id


def row(class_id: str) -> str:
    """A class's line in the manual: rules, scenarios, and how many limits rest on what."""
    rules = [rule for rule in RULES if rule.class_id == class_id]
    evidence = Counter(part.source.evidence for rule in rules for part in rule.parts)
    scenarios = sum(one.class_id == class_id for one in OWN)
    counts = " | ".join(str(evidence[kind]) for kind in Evidence)
    return f"| {class_id} | {len(rules)} | {scenarios} | {counts} |"


def test_the_manual_counts_them() -> None:
    """The table of classes in the manual is what the book holds."""
    manual = (FOLDER.parent / "docs" / "rules.md").read_text(encoding="utf-8")
    missing = [line for line in map(row, sorted(CLASSES)) if line not in manual]
    assert not missing, "\n".join(missing)
    total = f"{len(RULES)} rules, {len(OWN)} scenarios"
    assert total in manual, total
    sensors = sum(one.place.startswith("sensor_health.yaml:") for one in SCENARIOS)
    told = f"{len(BOOK.rules) - len(RULES)} rules on sound sensors, made from eight templates, and {sensors} scenarios"
    assert told in manual, told


def test_they_speak_both_languages() -> None:
    """Each says what happens in Chinese and in English."""
    for one in SCENARIOS:
        where = (one.place, one.name)
        assert any("\u4e00" <= sign <= "\u9fff" for sign in one.say.zh), where
        assert one.say.en, where
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in one.say.en), where
