"""The rule set as pages show it."""

from __future__ import annotations

import pytest

from app.rule_directory import RuleBook
from core.places import Text
from registry.classbook import load_classes
from rules.language.load import load_rules

RULES = """\
- id: level-high
  class: sewage_pump
  when: level > 150 cm or min(level) over 5 min < 0.2 m
  clear: level < 1.2 m
  for: 30 s
  severity: high
  lead: construction
  support: governance
  say: {zh: 液位高, en: Level high}
  do: {zh: [停泵], en: [Stop the pump]}
  source: GB 50014
  evidence: unchecked
- id: both-sides
  class: sewage_pump
  when: 3 A < pump_current and level > pump_current / 10 A * 1 m
  severity: low
  lead: construction
  support: governance
  say: {zh: 电流, en: Current}
  do: {zh: [看], en: [Look]}
  source: GB 50014
  evidence: unchecked
"""


def _book() -> RuleBook:
    classes = {name: entry.facility_class for name, entry in load_classes().items()}
    return RuleBook(load_rules({"a.yaml": RULES}, classes))


def test_limits_are_found_in_the_units_of_their_measurement() -> None:
    """Comparisons with a number become limits, either way round, windows included; others do not."""
    lines = {
        (limit.measurement, round(limit.value, 6), limit.unit, limit.kind) for limit in _book().limits("sewage_pump")
    }
    assert lines == {("level", 1.5, "m", "high"), ("level", 0.2, "m", "low"), ("pump_current", 3.0, "A", "high")}


def _only_with(when: str) -> dict[tuple[str, float, str], tuple[str, ...]]:
    """The limits of one condition by measurement, value and side, with what else must be so."""
    rule = RULES[RULES.index("- id: both-sides") :].replace(
        "3 A < pump_current and level > pump_current / 10 A * 1 m", f'"{when}"'
    )
    classes = {name: entry.facility_class for name, entry in load_classes().items()}
    found = RuleBook(load_rules({"a.yaml": rule}, classes)).limits("sewage_pump")
    return {(one.measurement, one.value, one.kind): one.only_with for one in found}


@pytest.mark.parametrize(
    ("when", "limits"),
    [
        (
            "pump_current > 2 A and level < 0.2 m",
            {("pump_current", 2, "high"): ("level",), ("level", 0.2, "low"): ("pump_current",)},
        ),
        ("level > 2 m or pump_current > 9 A", {("level", 2, "high"): (), ("pump_current", 9, "high"): ()}),
        (
            "level > 2 m and (pump1_running == 0 or pump_current > 9 A)",
            {("level", 2, "high"): ("pump1_running", "pump_current"), ("pump_current", 9, "high"): ("level",)},
        ),
        ("not (level < 2 m)", {("level", 2, "high"): ()}),
        (
            "not (level < 2 m or pump_current > 9 A)",
            {("level", 2, "high"): ("pump_current",), ("pump_current", 9, "low"): ("level",)},
        ),
        ("not (level < 2 m and pump_current > 9 A)", {("level", 2, "high"): (), ("pump_current", 9, "low"): ()}),
        ("level > 2 m and facility.deep == 1", {("level", 2, "high"): ("facility.deep",)}),
        ("slope(level) over 10 min > 1 m/h or stddev(level) over 1 h > 1 m", {}),
        ("time(level > 1 m) over 1 h > 30 min or mean(level + 1 m) over 1 h > 3 m", {}),
        ("reaches(level, 3 m) within 30 min", {("level", 3, "high"): ()}),
        (
            "at least 2 of (level > 2 m, pump_current > 9 A)",
            {("level", 2, "high"): ("pump_current",), ("pump_current", 9, "high"): ("level",)},
        ),
    ],
)
def test_a_limit_inside_a_conjunction_says_what_belongs_to_it(
    when: str, limits: dict[tuple[str, float, str], tuple[str, ...]]
) -> None:
    """A comparison is a limit by itself only if it alone makes the rule true: 2 A is normal in a well with water."""
    assert _only_with(when) == limits


def test_the_dates_of_a_rule_take_no_part_in_its_limits() -> None:
    """A rule that is in force for a season has limits like any other."""
    season = RULES[: RULES.index("- id: both-sides")].replace("  severity", "  from: 2026-05-01\n  severity", 1)
    classes = {name: entry.facility_class for name, entry in load_classes().items()}
    found = RuleBook(load_rules({"a.yaml": season}, classes)).limits("sewage_pump")
    assert {(one.measurement, one.only_with) for one in found} == {("level", ())}


def test_other_classes_have_no_lines() -> None:
    """A class without rules has no limits; an unknown rule is None."""
    assert _book().limits("elevator") == ()
    assert _book().rule("sight.gateway") is None


def test_a_rule_keeps_its_authors_words() -> None:
    """Conditions are shown as they were written."""
    rule = _book().rule("level-high")
    assert rule is not None
    assert rule.when.startswith("level > 150 cm")
    assert (rule.clear, rule.for_s) == ("level < 1.2 m", 30.0)
    assert rule.source == Text(zh="GB 50014", en="GB 50014")
    assert rule.info.say.zh == "液位高"
