"""A new rule passes its check without a warning, and its scenarios say beforehand what the engine then does."""

from __future__ import annotations

import pytest

from core.alarms import Severity
from core.places import FacilityClass, Grid, Measurement, PointKind, Text
from registry.classbook import load_classes
from rules.language.check import Checker
from rules.language.load import class_units, read_rules
from rules.language.parser import parse
from rules.language.warnings import warnings
from rules.rule_set import RuleSet
from rules.skeleton import NewRule, rule_text, scenario_text
from rules.trial.play import play
from rules.trial.scenario import read_scenarios
from rules.trial.verdict import differences

CLASSES = {name: entry.facility_class for name, entry in load_classes().items()}
EVERY = [(one, measurement) for one in CLASSES.values() for measurement in one.measurements.values()]


def limits(one: Measurement) -> list[str]:
    """Limits a person would set: in the middle of the range, or a state."""
    if one.kind in {PointKind.STATE, PointKind.EVENT}:
        return [f"== {one.high:g}", f"!= {one.low:g}"]
    middle = (one.low + one.high) / 2 or one.high / 4
    unit = "" if one.unit == "1" else f" {one.unit}"
    return [f"> {middle:g}{unit}", f"<= {middle:g}{unit}"]


def made(facility_class: FacilityClass, one: Measurement, limit: str, for_ms: int) -> tuple[NewRule, str, str]:
    """A new rule with its two texts."""
    new = NewRule(
        rule_id="new-rule", facility_class=facility_class, measurement=one, limit=limit, for_ms=for_ms,
        severity=Severity.HIGH, lead=Grid.GOVERNANCE,
    )  # fmt: skip
    when = Checker(facility_class, lambda *fault: pytest.fail(str(fault))).condition(parse(f"{one.key} {limit}"))
    assert when is not None
    return new, rule_text(new, when, "en"), scenario_text(new, when, "../rule.yaml", "zh")


@pytest.mark.parametrize(
    ("facility_class", "one"), EVERY[::5], ids=[f"{one.id}-{measurement.key}" for one, measurement in EVERY[::5]]
)
def test_every_measurement_can_have_a_rule(facility_class: FacilityClass, one: Measurement) -> None:
    """Whatever the class, unit, range and pace: sound, not odd, and its scenarios pass in every order."""
    interval_ms = round(one.interval_s * 1000)
    for limit, for_ms in zip(limits(one), (interval_ms * 5 // 2, 0), strict=True):
        new, text, trial = made(facility_class, one, limit, for_ms)
        read = read_rules({"rule.yaml": text}, CLASSES)
        assert read.findings == (), text
        assert warnings(read.rules, CLASSES) == (), text
        rule = read.rules[0].rule
        assert (rule.id, rule.for_ms, rule.info.lead) == (new.rule_id, for_ms, Grid.GOVERNANCE)
        found = read_scenarios("trial.yaml", trial, CLASSES)
        assert found.findings == (), trial
        assert len(found.scenarios) == (3 if for_ms else 2)
        rules = RuleSet((rule,), class_units(CLASSES))
        for scenario in found.scenarios:
            assert differences(scenario, play(scenario, rules, CLASSES)) == [], trial


def test_the_texts_are_commented_in_both_languages() -> None:
    """A rule says what its fields mean, and what is raised, in the person's language and in both."""
    pump = CLASSES["sewage_pump"]
    new, text, _ = made(pump, pump.measurements["level"], "> 2 m", 60_000)
    assert 'say: {zh: "液位高于 2 m", en: "Level is above 2 m"}' in text
    assert 'clear: "level < 1.8 m"  # at a distance from the limit' in text
    when = Checker(pump, lambda *fault: None).condition(parse("level > 2 m"))
    assert when is not None
    assert "与限值留有距离" in rule_text(new, when, "zh")


@pytest.mark.parametrize(
    ("limit", "clear"), [("> 10 m", None), ("< 0 m", None), ("> 2 m", 2.5), ("in [0 m, 1 m]", None)]
)
def test_a_limit_without_room_is_refused(limit: str, clear: float | None) -> None:
    """At the end of the range nothing lies beyond; a clear on the wrong side never clears; a range has no one limit."""
    from dataclasses import replace

    pump = CLASSES["sewage_pump"]
    new = NewRule(
        rule_id="r", facility_class=pump, measurement=pump.measurements["level"], limit=limit, for_ms=0,
        severity=Severity.LOW, lead=Grid.CONSTRUCTION, say=Text(zh="", en=""),
    )  # fmt: skip
    when = Checker(pump, lambda *fault: None).condition(parse(f"level {limit}"))
    assert when is not None
    with pytest.raises(ValueError, match=r"limit|room"):
        rule_text(replace(new, clear=clear), when, "en")
