"""Rules on sound sensors, and the templates they are written in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.alarms import AlarmKind, Severity
from core.places import ClassMembers, Grid, PointKind, Relation
from core.quality import GOOD, QualityClass
from core.readings import readings
from core.units import UNITS
from registry.classbook import load_classes
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.expression import Windowed
from rules.language.load import load_rules, read_rules
from rules.rule_set import Rule, RuleSet
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


# --- each rule raised by its fault, and silent under a lesser one -----------------------------------------------------

Values = list[float | None]
"""Readings 10 min (drift: 1 h) apart; None: there is none."""

NORMAL = {
    "u_a": 228.0,
    "u_b": 229.0,
    "u_c": 227.0,
    "cable_temp": 45.0,
    "worst_point_pressure": 0.2,
    "outlet_pressure": 0.42,
    "room_temp": 23.0,
    "supply_temp": 12.0,
    "return_temp": 17.0,
    "air_temp": 21.0,
    "rh": 45.0,
    "co2": 600.0,
    "illuminance": 300.0,
    "battery_temp": 25.0,
    "pressure": 0.35,
    "chlorine": 0.5,
    "ph": 7.4,
    "level": 1.2,
    "ch4_lel": 1.0,
    "depth": 0.05,
}
"""About what each shows on a plain day, in its unit."""


def calm(normal: float, count: int) -> Values:
    """It moves a little, as instruments do: by a hundredth of a percent, up and down."""
    return [normal * (1 + 0.0001 * (place % 3 - 1)) for place in range(count)]


def stuck(normal: float, limit: float, strength: float) -> Values:
    """``limit`` hours at one value, and a slot more; then it moves again."""
    return [*calm(normal, 40), *[normal * 1.01] * round(6 * (limit * strength + 0.5)), *calm(normal, 20)]


def spike(normal: float, limit: float, strength: float) -> Values:
    """One reading leaps out."""
    return [*calm(normal, 40), normal + limit * strength, *calm(normal, 40)]


def step(normal: float, limit: float, strength: float) -> Values:
    """It leaps and stays."""
    return [*calm(normal, 40), *calm(normal + limit * strength, 40)]


def noise(normal: float, limit: float, strength: float) -> Values:
    """After a calm week it trembles for two hours, six steps an hour."""
    return [
        *calm(normal, 7 * 144),
        *[normal + place % 2 * limit * strength / 6 for place in range(14)],
        *calm(normal, 40),
    ]


def gaps(normal: float, limit: float, strength: float) -> Values:
    """For half a day every so-many-th reading is missing, which is so much of the time."""
    every = round(100 / (limit * strength))
    return [value if place % every or not 40 < place < 112 else None for place, value in enumerate(calm(normal, 160))]


def drift(normal: float, limit: float, strength: float) -> Values:
    """Four weeks with the hours of the day in them, then two days too high."""
    hours = [normal + 0.02 * limit * ((place * 7) % 5 - 2) for place in range(720)]
    return [value + (limit * strength if place >= 672 else 0) for place, value in enumerate(hours)]


FAULTS: dict[str, tuple[Callable[[float, float, float], Values], float, float]] = {
    "sensor-stuck": (stuck, 1.1, 0.7),
    "sensor-spike": (spike, 1.2, 0.8),
    "sensor-step": (step, 1.2, 0.8),
    "sensor-noise": (noise, 1.5, 0.6),
    "sensor-gaps": (gaps, 2.0, 0.5),
    "sensor-drift": (drift, 1.5, 0.6),
}
"""Template to the fault, and with which strengths, in parts of the limit, it raises the rule and does not."""
LIMITED = [rule for rule in RULES.rules if rule.id.partition(".")[0] in FAULTS]
SIMPLE = pytest.mark.parametrize("rule", LIMITED, ids=lambda rule: rule.id)


def limit_of(rule: Rule) -> float:
    """The number of its row in the table, in the unit of the measurement; of *stuck* hours, of *gaps* percent."""
    template = rule.id.partition(".")[0]
    if template == "sensor-stuck":
        (operand,) = rule.operands
        assert isinstance(operand, Windowed)
        return operand.window_ms / HOUR_MS
    row = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    (entry,) = (one for one in row if one["id"] == template)
    number, _, unit = str(entry["for_each"][rule.class_id][rule.id.rpartition(".")[2]]).partition(" ")
    if template == "sensor-gaps":
        return float(number)
    (key,) = rule.measurements
    factor = UNITS[unit].factor / UNITS[CLASSES[rule.class_id].measurements[key].unit].factor
    return float(number) * factor


def raised(rule: Rule, values: Values, *, every_ms: int = 10 * MINUTE_MS, bad: range = range(0)) -> int:
    """How many alarms a series makes; those numbered ``bad`` are of bad quality."""
    (key,) = rule.measurements
    unit = CLASSES[rule.class_id].measurements[key].unit
    one = ClassMembers(
        class_id=rule.class_id,
        facility=np.zeros(1, np.int32),
        code=("one",),
        point={key: np.zeros(1, np.int32)},
        stale_after_ms={key: np.full(1, every_ms, np.int64)},
        unit={key: unit},
    )
    engine = Engine(RuleSet((rule,), RULES.units), {rule.class_id: one}, NoHistory())
    there = [place for place, value in enumerate(values) if value is not None]
    series = readings(
        point=[0] * len(there),
        time_ms=[BASE_MS + place * every_ms for place in there],
        value=[value for value in values if value is not None],
        quality=[int(QualityClass.BAD) << 6 if place in bad else GOOD for place in there],
    )
    end_ms = BASE_MS + len(values) * every_ms
    engine.ingest(series, end_ms)
    engine.advance(end_ms)
    return sum(len(engine.book.of(machine)) for machine in engine.book.machines())


@SIMPLE
def test_its_fault_raises_it_once_and_a_lesser_one_does_not(rule: Rule) -> None:
    """The fault beyond the limit is one alarm; the same below it, and a plain day, are none."""
    fault, strong, weak = FAULTS[rule.id.partition(".")[0]]
    (key,) = rule.measurements
    every_ms = HOUR_MS if fault is drift else 10 * MINUTE_MS
    limit = limit_of(rule)
    assert raised(rule, fault(NORMAL[key], limit, strong), every_ms=every_ms) == 1
    assert raised(rule, fault(NORMAL[key], limit, weak), every_ms=every_ms) == 0


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.rules if rule.id.startswith("sensor-bad.")], ids=lambda rule: rule.id
)
def test_bad_readings_for_half_an_hour_raise_it(rule: Rule) -> None:
    """An hour of them does, twenty minutes do not."""
    (key,) = rule.measurements
    assert raised(rule, calm(NORMAL[key], 100), bad=range(40, 46)) == 1
    assert raised(rule, calm(NORMAL[key], 100), bad=range(40, 42)) == 0


def test_every_class_and_template_is_among_them() -> None:
    """Only what compares facilities is played apart (above)."""
    played = {*LIMITED, *(rule for rule in RULES.rules if rule.id.startswith("sensor-bad."))}
    assert {rule.id.partition(".")[0] for rule in RULES.rules if rule not in played} == {"sensor-apart"}
    assert {rule.class_id for rule in played} == {rule.class_id for rule in RULES.rules}
