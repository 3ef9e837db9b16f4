"""The rule set as pages show it."""

from __future__ import annotations

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
    """Comparisons with a number become lines, either way round, windows included; others do not."""
    lines = {
        (limit.measurement, round(limit.value, 6), limit.unit, limit.kind) for limit in _book().limits("sewage_pump")
    }
    assert lines == {("level", 1.5, "m", "high"), ("level", 0.2, "m", "low"), ("pump_current", 3.0, "A", "high")}


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
