"""The rule book: every rule loads, can fire, and stays silent where it must; the demo city's incidents are all caught.

The series are made from the rules themselves: ``Course`` looks for values at which a condition is false and for values
at which it becomes true, and draws the line between them as near as it will go.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.alarms import ChangeKind, Severity
from core.places import ClassMembers, FacilityClass
from core.quality import GOOD, QualityClass, quality
from core.readings import Readings, readings
from firmware_sim.city import SimulatedCity, build_city
from firmware_sim.plan import DEMO_CITY, DEMO_SCRIPT, read_city
from firmware_sim.script import read_script
from firmware_sim.signals.base import Signal
from registry.classbook import load_classes
from rules.columns import Floats, Tri
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.expression import Columns, Const, Measured, Operand, Truth, Windowed, numbers, parts, truth_function
from rules.language.load import load_rules
from rules.rule_set import Evidence, Rule, RuleSet

BOOK = Path(__file__).parents[3] / "rules" / "book"
START_MS = 1_795_374_000_000
BAD = quality(QualityClass.BAD)
ATTRIBUTE = 1.0
"""The value of every facility attribute in the made series."""


def the_classes() -> Mapping[str, FacilityClass]:
    return {class_id: entry.facility_class for class_id, entry in load_classes().items()}


def the_book() -> RuleSet:
    return load_rules(
        {path.name: path.read_text(encoding="utf-8") for path in sorted(BOOK.glob("*.yaml"))}, the_classes()
    )


CLASSES = the_classes()
RULES = the_book()
SENSOR_HEALTH = "sensor_health.yaml"
"""The one file for all classes; what its rules raise is shown in ``test_sensor_health.py``."""
PARTS = [part for rule in RULES.rules if rule.file != SENSOR_HEALTH for part in rule.parts]
"""Every rule; of one with levels each of them, which is a rule of its own to whoever judges."""


def name_of(part: Rule) -> str:
    """Its id, with the severity where the rule has several."""
    return f"{part.id}-{part.info.severity.name.lower()}" if RULES.by_id[part.id].levels else part.id


JUMPS = {"mean", "min", "max", "delta"}


def made(rule: Rule) -> bool:
    """Whether ``Course`` knows what its operands show: measurements, and windows that follow a jump in a plain way."""
    return all(
        isinstance(one, Measured) or (isinstance(one, Windowed) and one.aggregate.word in JUMPS)
        for one in rule.operands
    )


MADE = [rule for rule in PARTS if made(rule)]
"""Rules for which series are made here; what the others say over time, calendars and groups is played in scenarios
(``test_book_scenarios``)."""
EACH = pytest.mark.parametrize("rule", MADE, ids=name_of)


# --- what every rule must say -----------------------------------------------------------------------------------------


def test_every_class_has_rules() -> None:
    """Each class of the registry has its file, each file is for the class of its name."""
    assert {rule.class_id for rule in RULES.rules} == set(CLASSES)
    assert all(rule.file in {f"{rule.class_id}.yaml", SENSOR_HEALTH} for rule in RULES.rules)


def test_most_rules_are_played_here() -> None:
    """What is left to scenarios is what only these can say."""
    assert len(MADE) >= 0.8 * len(PARTS)


def test_a_rule_that_makes_cases_has_a_deadline() -> None:
    """Info has no deadline, everything above has one; danger to life is latching or must be answered in an hour."""
    for rule in PARTS:
        deadline, severity = rule.info.deadline, rule.info.severity
        assert (deadline is None) == (severity is Severity.INFO), rule.id
        if severity is Severity.CRITICAL:
            assert rule.info.latching or (deadline is not None and deadline.hours <= 1), rule.id


def test_texts_are_in_their_language() -> None:
    """Chinese texts hold Chinese characters, English ones none."""
    for text in (text for rule in PARTS for text in (rule.info.say, *rule.info.do)):
        assert any("\u4e00" <= sign <= "\u9fff" for sign in text.zh), text
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in text.en), text


def test_a_proposal_says_so() -> None:
    """A source that names no document is never graded as read or quoted."""
    proposals = [rule for rule in PARTS if rule.source.document.en.lower().startswith("proposal")]
    assert {rule.source.evidence for rule in proposals} <= {Evidence.PROPOSAL, Evidence.UNCHECKED}


# --- series made from the condition -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """Values by measurement: held for long, then held from the jump on."""

    before: Mapping[str, float]
    after: Mapping[str, float]

    def toward(self, share: float) -> Course:
        """The same jump, gone only a share of the way."""
        mixed = {key: low + (self.after[key] - low) * share for key, low in self.before.items()}
        return Course(self.before, mixed)


def seen(operand: Operand, before: Mapping[str, Floats], after: Mapping[str, Floats], *, long_after: bool) -> Floats:
    """What an operand shows just after the jump, or long after it."""
    assert isinstance(operand, Measured | Windowed)
    old, new = before[operand.key], after[operand.key]
    if isinstance(operand, Windowed) and operand.aggregate.word == "delta":
        return np.zeros_like(new) if long_after else new - old
    if isinstance(operand, Measured) or long_after:
        return new
    if operand.aggregate.word == "mean":
        return old
    return np.minimum(old, new) if operand.aggregate.word == "min" else np.maximum(old, new)


def truth(condition: Truth, before: Mapping[str, Floats], after: Mapping[str, Floats], *, long_after: bool) -> Tri:
    """The condition for n pairs of values."""
    size = len(next(iter(before.values())))
    columns = Columns(
        lambda operand: seen(operand, before, after, long_after=long_after),
        lambda _: np.full(size, ATTRIBUTE),
        lambda value: np.full(size, value),
    )
    return truth_function(condition)(columns)


def candidates(rule: Rule) -> dict[str, Floats]:
    """For each measurement of ``when`` the values around every number it is compared with, within its range."""
    constants = {0.0, 1.0}
    for number in numbers(rule.when):
        for part in parts(number):
            if isinstance(part, Const):
                constants |= {part.value, ATTRIBUTE * part.value, ATTRIBUTE + part.value}
    tried: dict[str, Floats] = {}
    for key in sorted(rule.measurements):
        one = CLASSES[rule.class_id].measurements[key]
        near = [c + sign * step for c in constants for step in (0.0, abs(c) * 0.2 + 0.02) for sign in (-1, 1)]
        tried[key] = np.unique(np.clip([*near, sum(constants)], one.low, one.high))
    return tried


def course_of(rule: Rule) -> Course:
    """A jump from values at which the rule is silent to values at which it fires."""
    tried = candidates(rule)
    rows = np.array(list(itertools.product(*tried.values())))
    columns = dict(zip(tried, rows.T, strict=True))
    calm = np.flatnonzero(truth(rule.when, columns, columns, long_after=True).false)
    fires = np.flatnonzero(truth(rule.when, columns, columns, long_after=True).true)
    assert len(calm), "no values are calm"
    if len(fires):
        distance = np.abs(rows[calm] - rows[fires[0]]).sum(axis=1)
        pair = int(calm[int(distance.argmin())]), int(fires[0])
    else:
        left, right = np.repeat(calm, len(rows)), np.tile(np.arange(len(rows)), len(calm))
        before = {key: column[left] for key, column in columns.items()}
        after = {key: column[right] for key, column in columns.items()}
        hits = np.flatnonzero(truth(rule.when, before, after, long_after=False).true)
        assert len(hits), "no jump makes it fire"
        pair = int(left[hits[0]]), int(right[hits[0]])
    keys = list(columns)
    return Course(*(dict(zip(keys, rows[row].tolist(), strict=True)) for row in pair))


def nearly(rule: Rule, course: Course) -> Course:
    """The largest part of the jump that does not fire, to a millionth."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        part = course.toward(middle)
        before = {key: np.array([value]) for key, value in part.before.items()}
        after = {key: np.array([value]) for key, value in part.after.items()}
        fires = any(truth(rule.when, before, after, long_after=late).true[0] for late in (False, True))
        low, high = (low, middle) if fires else (middle, high)
    return course.toward(low)


def longest_ms(rule: Rule) -> int:
    return max((part.window_ms for part in rule.operands if isinstance(part, Windowed)), default=0)


def alarms(rule: Rule, course: Course, *, mark: int = GOOD, nan: bool = False, stale_ms: int = 30 * 86_400_000) -> int:
    """How often the rule opens an alarm when the course is played; the jump's readings may be spoilt."""
    window_ms = longest_ms(rule)
    # A whole window of calm, the jump, and time enough for the window, the hold and the last slot to end.
    jump_ms = START_MS + window_ms * 2 + 120_000
    end_ms = jump_ms + window_ms + rule.for_ms + 120_000 + window_ms // 30
    keys = sorted(rule.measurements)
    times = np.append(np.arange(START_MS, jump_ms, max(1, stale_ms * 9 // 10)), jump_ms)
    point = np.tile(np.arange(len(keys), dtype=np.int32), len(times))
    time_ms = np.repeat(times.astype(np.int64), len(keys))
    jumped = time_ms == jump_ms
    value = np.where(
        jumped, np.array([course.after[k] for k in keys])[point], np.array([course.before[k] for k in keys])[point]
    )
    readings = Readings(
        point=point,
        time_ms=time_ms,
        value=np.where(jumped & nan, np.nan, value),
        quality=np.where(jumped, mark, GOOD).astype(np.uint8),
        epoch=np.zeros(len(point), np.int64),
        offset=np.arange(len(point), dtype=np.int64),
    )
    members = ClassMembers(
        class_id=rule.class_id,
        facility=np.array([1], np.int32),
        code=("one",),
        point={key: np.array([place], np.int32) for place, key in enumerate(keys)},
        stale_after_ms={key: np.array([stale_ms], np.int64) for key in keys},
        unit={key: CLASSES[rule.class_id].measurements[key].unit for key in keys},
        attribute={name: np.array([ATTRIBUTE]) for name in rule.attributes},
    )
    engine = Engine(RuleSet((rule,), RULES.units), {rule.class_id: members}, NoHistory())
    engine.ingest(readings, end_ms)
    engine.advance(end_ms)
    return Counter(change.kind for change in engine.changes(end_ms))[ChangeKind.OPENED]


@EACH
def test_it_fires_once(rule: Rule) -> None:
    """A jump over the limit that stays opens exactly one alarm."""
    assert alarms(rule, course_of(rule)) == 1


@EACH
def test_it_does_not_fire_just_below(rule: Rule) -> None:
    """A jump that ends a millionth of its way before the limit opens none."""
    assert alarms(rule, nearly(rule, course_of(rule))) == 0


@EACH
@pytest.mark.parametrize(("mark", "nan"), [(BAD, False), (GOOD, True)], ids=["bad", "nan"])
def test_it_believes_no_spoilt_reading(rule: Rule, mark: int, nan: bool) -> None:
    """Values beyond the limit that are bad, or no numbers, open none."""
    assert alarms(rule, course_of(rule), mark=mark, nan=nan) == 0


@pytest.mark.parametrize("rule", [rule for rule in MADE if rule.for_ms and longest_ms(rule) <= 3_600_000], ids=name_of)
def test_a_gap_does_not_count_as_time(rule: Rule) -> None:
    """Where a condition must hold, half of that time and then silence opens none. (What a window
    says of a day outlives a gap of hours.)
    """
    assert alarms(rule, course_of(rule), stale_ms=rule.for_ms // 2) == 0


# --- the demo city ----------------------------------------------------------------------------------------------------

STEP_S = 5
PLAYED_S = 1_200
CAUGHT: Mapping[tuple[str, str], tuple[int, int]] = {
    # (facility, rule): earliest and latest beginning, s after the start
    ("wtl-sp-01", "pump-dry-run"): (30, 95),
    ("htn-el-01", "lift-severe-fault"): (85, 95),
    ("htn-el-01", "lift-alarm-button"): (98, 105),
    ("htn-el-01", "lift-trapped"): (80, 125),
    ("sqw-sp-01", "pump-fault"): (110, 120),
    ("sqw-sp-01", "pump-high-float"): (110, 420),
    ("htn-dw-01", "well-level-high"): (150, 480),
    ("htn-dw-01", "well-overflow"): (150, 480),
    ("htn-dw-02", "well-level-high"): (150, 480),
    ("wtl-lk-01", "leak-water"): (200, 225),
    ("sqw-ed-02", "elec-phase-loss"): (225, 235),
    ("wtl-el-02", "lift-severe-fault"): (265, 275),
    ("htn-wn-01", "mains-burst"): (360, 375),
    ("sqw-ws-01", "supply-drive-fault"): (370, 380),
    ("sqw-ws-01", "supply-below-set-point"): (420, 450),
    ("wtl-oh-02", "house-tilt-jump"): (785, 810),
    ("sqw-ia-02", "iaq-co2-high"): (300, 900),
    ("htn-sp-02", "pump-seal-leak"): (1_100, 1_110),
    ("sqw-el-01", "lift-fault"): (605, 615),
    ("sqw-el-01", "lift-door-long"): (720, 730),
    ("htn-ed-01", "elec-outage"): (960, 970),
}


def running_city() -> tuple[SimulatedCity, frozenset[str]]:
    """The demo city with its script, and the facilities to which something happens."""
    plan, start_s = read_city(DEMO_CITY), START_MS / 1000
    targets = build_city(plan, start_s=start_s, seed=1).script_targets()
    script = read_script(DEMO_SCRIPT, targets, start_s=start_s, seed=1)
    city = build_city(plan, start_s=start_s, seed=1, incidents=script.incidents)
    return city, frozenset(incident.facility for incident in script.incidents)


def measured(city: SimulatedCity, facility: str, played_s: int = PLAYED_S) -> Iterator[tuple[str, Floats]]:
    """Key and values at every step of a facility's measurements, scaled as a gateway scales them."""
    plant = city.plants[facility]
    signals: dict[str, Mapping[str, Signal]] = {device.device_id: device.signals() for device in plant.modbus}
    signals |= {device.device_id: device.fields() for device in plant.mqtt}
    times = START_MS / 1000 + np.arange(0, played_s, STEP_S)
    for point in plant.mapped:
        own = signals[point.device_id]
        raw = np.array([own[point.register].value(time) for time in times.tolist()])
        if point.decimals_register:
            raw = raw * 10.0 ** -own[point.decimals_register].value(START_MS / 1000)
        if point.bit is not None:
            raw = (raw.astype(np.int64) >> point.bit & 1).astype(np.float64)
        if point.value_map:
            raw = np.array([float(point.value_map[int(code)]) for code in raw])
        yield point.measurement, raw * point.scale + point.offset


@dataclass(frozen=True)
class Raised:
    """One alarm of the played city: seconds after the start."""

    facility: str
    rule: str
    severity: Severity
    start_s: float


@pytest.fixture(scope="module")
def raised() -> list[Raised]:
    """Every alarm of the demo city's first twenty minutes."""
    city, _ = running_city()
    codes: dict[str, list[str]] = {}
    for facility in (f for c in city.plan.communities for f in c.facilities):
        codes.setdefault(facility.class_id, []).append(facility.id)
    number = {code: place for place, code in enumerate(itertools.chain(*codes.values()))}
    members: dict[str, ClassMembers] = {}
    times = START_MS + 1000 * np.arange(0, PLAYED_S, STEP_S, dtype=np.int64)
    point_of: dict[tuple[str, str], int] = {}
    values: list[Floats] = []
    marks: list[np.ndarray[tuple[int], np.dtype[np.uint8]]] = []
    for class_id, those in codes.items():
        known = CLASSES[class_id].measurements
        for code in those:
            for key, series in measured(city, code):
                point_of[code, key] = len(values)
                values.append(series)
                plausible = (series >= known[key].low) & (series <= known[key].high)
                marks.append(np.where(plausible, GOOD, BAD).astype(np.uint8))
        members[class_id] = ClassMembers(
            class_id=class_id,
            facility=np.array([number[code] for code in those], np.int32),
            code=tuple(those),
            point={key: np.array([point_of.get((code, key), -1) for code in those], np.int32) for key in known},
            stale_after_ms={key: np.full(len(those), 3_000 * STEP_S, np.int64) for key in known},
            unit={key: one.unit for key, one in known.items()},
            attribute={
                name: np.full(len(those), value)
                for name, value in CLASSES[class_id].attributes.items()
                if isinstance(value, float)
            },
        )
    engine, found = Engine(RULES, members, NoHistory()), []
    for chunk in np.array_split(np.arange(len(times)), 20):
        now_ms, width = int(times[chunk[-1]]), len(chunk)
        batch = Readings(
            point=np.repeat(np.arange(len(values), dtype=np.int32), width),
            time_ms=np.tile(times[chunk], len(values)),
            value=np.concatenate([series[chunk] for series in values]),
            quality=np.concatenate([mark[chunk] for mark in marks]),
            epoch=np.zeros(width * len(values), np.int64),
            offset=np.tile(chunk.astype(np.int64), len(values)),
        )
        engine.ingest(batch, now_ms)
        engine.advance(now_ms)
        found += engine.changes(now_ms)
    code_of = {place: code for code, place in number.items()}
    return [
        Raised(code_of[c.facility], c.rule_id, c.severity, (c.interval.start_ms - START_MS) / 1000)
        for c in found
        if c.kind is ChangeKind.OPENED
    ]


@pytest.mark.parametrize(("facility", "rule"), CAUGHT, ids=lambda name: name)
def test_the_demos_incidents_are_caught(raised: list[Raised], facility: str, rule: str) -> None:
    """Each incident of the demo script raises its rule within the time people are promised."""
    earliest, latest = CAUGHT[facility, rule]
    starts = [one.start_s for one in raised if (one.facility, one.rule) == (facility, rule)]
    assert starts, f"{rule} never began; {facility} raised {[o.rule for o in raised if o.facility == facility]}"
    assert earliest <= starts[0] <= latest


def test_the_crowded_rooms_alarm_rises_and_falls() -> None:
    """The script comes round every half hour: stale air becomes bad, and only stale again, in one alarm."""
    city, _ = running_city()
    played_s = 3_600
    values = next(series for key, series in measured(city, "sqw-ia-02", played_s) if key == "co2")
    members = ClassMembers(
        class_id="indoor_air",
        facility=np.array([1], np.int32),
        code=("sqw-ia-02",),
        point={"co2": np.array([0], np.int32)},
        stale_after_ms={"co2": np.array([60_000], np.int64)},
        unit={"co2": CLASSES["indoor_air"].measurements["co2"].unit},
    )
    engine, found = Engine(RULES, {"indoor_air": members}, NoHistory()), []
    for number, value in enumerate(values.tolist()):
        now_ms = START_MS + number * STEP_S * 1000
        engine.ingest(readings(point=[0], time_ms=[now_ms], value=[value]), now_ms)
        engine.advance(now_ms)
        found += [change for change in engine.changes(now_ms) if change.rule_id == "iaq-co2-high"]
    last = found[-1]
    assert [step.severity for step in last.interval.steps] == [Severity.LOW, Severity.MEDIUM, Severity.LOW]
    assert (last.kind, last.severity, last.interval.stop_ms) == (ChangeKind.SEVERITY, Severity.LOW, None)
    assert 1_800 <= (last.interval.start_ms - START_MS) / 1000 <= 1_900


def test_healthy_facilities_stay_silent(raised: list[Raised]) -> None:
    """A facility to which nothing happens raises nothing of medium severity or above."""
    _, troubled = running_city()
    strangers = [one for one in raised if one.facility not in troubled and one.severity >= Severity.MEDIUM]
    assert strangers == []


def test_nothing_is_raised_before_anything_happens(raised: list[Raised]) -> None:
    """The first 30 s are silent: the first incident begins after 8 s and must hold."""
    assert [one for one in raised if one.start_s < 30] == []


def test_one_incident_makes_one_case(raised: list[Raised]) -> None:
    """The alarms of one incident of a pump, a lift car, a well or a pump house share a family."""
    for facility in (
        "wtl-sp-01",
        "sqw-sp-01",
        "htn-el-01",
        "sqw-el-01",
        "htn-dw-01",
        "sqw-ws-01",
        "htn-wn-01",
        "wtl-oh-02",
        "sqw-ed-02",
        "htn-ed-01",
    ):
        names = {one.rule for one in raised if one.facility == facility and one.severity >= Severity.MEDIUM}
        assert len({RULES.by_id[name].info.family for name in names}) == 1, (facility, names)
