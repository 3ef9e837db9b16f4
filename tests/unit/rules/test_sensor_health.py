"""Rules on sound sensors, and the templates they are written in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.alarms import AlarmKind, Severity
from core.places import ClassMembers, Grid, PointKind, Relation
from core.readings import readings
from registry.classbook import load_classes
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.language.load import load_rules, read_rules
from rules.rule_set import RuleSet
from tests.unit.rules.town import town_class

FILE = Path(__file__).parents[3] / "rules" / "book" / "sensor_health.yaml"
CLASSES = {class_id: entry.facility_class for class_id, entry in load_classes().items()}
RULES = load_rules({FILE.name: FILE.read_text(encoding="utf-8")}, CLASSES)
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BASE_MS = 1_700_006_400_000


# --- what the shipped rules are ---------------------------------------------------------------------------------------


def test_every_rule_is_for_the_maintainer_and_none_is_loud() -> None:
    """They are of the installation, of the construction grid alone, one family, and never above low."""
    assert len(RULES) >= 30
    for rule in RULES.rules:
        info = rule.info
        assert (info.kind, info.family) == (AlarmKind.COMMISSIONING, "sensor_health"), rule.id
        assert (info.lead, info.support) == (Grid.CONSTRUCTION, None), rule.id
        assert info.severity <= Severity.LOW, rule.id
        assert (info.deadline is None) == (info.severity is Severity.INFO), rule.id


def test_every_rule_is_about_one_gauge_and_names_it() -> None:
    """Its id ends with class and measurement, and both texts say what people call the measurement."""
    for rule in RULES.rules:
        (key,) = rule.measurements
        measurement = CLASSES[rule.class_id].measurements[key]
        assert measurement.kind is PointKind.GAUGE
        assert rule.id.endswith(f".{rule.class_id}.{key}")
        assert measurement.name.zh in rule.info.say.zh
        assert measurement.name.en in rule.info.say.en
        assert "{" not in rule.when_text + rule.info.say.zh + rule.info.say.en


def test_one_of_three_thermometers_drifts_and_is_named() -> None:
    """Of three weather stations of one set the one that creeps away by 4 K is told of, the others are not."""
    rules = RuleSet((RULES.by_id["sensor-apart.weather.air_temp"],), RULES.units)
    members = ClassMembers(
        class_id="weather",
        facility=np.arange(3, dtype=np.int32),
        code=("one", "two", "three"),
        point={"air_temp": np.arange(3, dtype=np.int32)},
        stale_after_ms={"air_temp": np.full(3, HOUR_MS, np.int64)},
        unit={"air_temp": "Cel"},
        group={Relation.REDUNDANT_SET: ("roof", "roof", "roof")},
    )
    engine = Engine(rules, {"weather": members}, NoHistory())
    time_ms = BASE_MS + np.arange(0, 40 * HOUR_MS, 10 * MINUTE_MS)
    hours = (time_ms - BASE_MS) / HOUR_MS
    air = 15 + 5 * np.sin(hours / 24 * 2 * np.pi)
    drifting = air + np.clip((hours - 5) / 5, 0, 1) * 4
    value = np.stack([air, air + 0.2, drifting], axis=1).ravel()
    every = readings(point=np.tile([0, 1, 2], len(time_ms)), time_ms=np.repeat(time_ms, 3), value=value)
    end_ms = BASE_MS + 41 * HOUR_MS
    engine.ingest(every, end_ms)
    engine.advance(end_ms)
    found = {machine: list(engine.book.of(machine)) for machine in engine.book.machines()}
    assert list(found) == [2]
    ((alarm,),) = found.values()
    assert 14 * HOUR_MS < alarm.start_ms - BASE_MS < 17 * HOUR_MS


# --- templates --------------------------------------------------------------------------------------------------------

TEMPLATE = """\
- id: far
  for_each:
    well: {a: 3, b: 4}
  when: "{x} > {limit}"
  severity: low
  lead: construction
  say: {zh: "{name}偏高", en: "{name} is high"}
  do: {zh: ["看{name}"], en: ["Look at {name}"]}
  source: DESIGN
  evidence: proposal
"""


def faults(text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of everything wrong in a file."""
    read = read_rules({"a.yaml": text}, {"well": town_class()})
    return [(finding.kind.code, finding.line, finding.column) for finding in read.findings]


def test_a_template_is_a_rule_for_each_measurement() -> None:
    """Names and limits are filled in, everything else is the same."""
    rules = load_rules({"a.yaml": TEMPLATE}, {"well": town_class()}).rules
    assert [(rule.id, rule.when_text) for rule in rules] == [("far.well.a", "a > 3"), ("far.well.b", "b > 4")]
    assert [(rule.info.say.zh, rule.info.do[0].en) for rule in rules] == [
        ("a偏高", "Look at a"),
        ("b偏高", "Look at b"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("well: {a: 3, b: 4}", "well: {a: 3, bb: 4}", [("TG-0311", 3, 18)]),
        ("well: {a: 3, b: 4}", "well: {a: 3, b: }", [("TG-0325", 4, 16), ("TG-0310", 4, 16)]),
        ("well: {a: 3, b: 4}", "wel: {a: 3}", [("TG-0308", 3, 5)]),
        ("well: {a: 3, b: 4}", "[well]", [("TG-0302", 3, 5)]),
        ('"{x} > {limit}"', '"{x} > {limit} + q"', [("TG-0311", 4, 26)]),
        ('"{x} > {limit}"', '"{x} > {limit} A"', [("TG-0311", 4, 14)]),
        ("{name} is high", "{nam} is high", [("TG-0325", 7, 30)]),
        ("  severity: low\n", "  severity: low\n  class: well\n", [("TG-0325", 6, 3)]),
    ],
)
def test_a_fault_in_a_template_stands_where_it_was_written(
    old: str, new: str, expected: list[tuple[str, int, int]]
) -> None:
    """Behind placeholders of any length the column is that of the file."""
    assert old in TEMPLATE
    assert faults(TEMPLATE.replace(old, new)) == expected
