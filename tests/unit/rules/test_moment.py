"""A rule at a moment: what is shown is what the engine holds, operand by operand and part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.alarms import Severity
from core.places import ClassMembers
from core.readings import Readings, concat, readings
from rules.explanation import Narrator
from rules.moment import Held, Picture, picture
from rules.rule_set import Rule
from tests.unit.rules.reference.judge import Facility, Reading
from tests.unit.rules.town import KEYS, STALE_MS, members, rule_set, rule_text, town_class

START_MS = 1_795_374_000_000
UNITS = {"well": dict.fromkeys(KEYS, "1")}


def the_rule(when: str, **fields: str) -> Rule:
    return rule_set(rule_text("r", when, **fields)).rules[0]


def made(series: Mapping[str, Sequence[tuple[int, float]]]) -> Readings:
    """Readings of the first well: (seconds after the start, value) by measurement."""
    parts = [
        readings(
            point=[KEYS.index(key)] * len(rows),
            time_ms=[START_MS + 1000 * at for at, _ in rows],
            value=[value for _, value in rows],
        )
        for key, rows in series.items()
    ]
    return concat(parts)


def seen(rule: Rule, series: Mapping[str, Sequence[tuple[int, float]]], at_s: float, **attributes: float) -> Picture:
    """The picture of the first well."""
    well: ClassMembers = members(1, {name: [value] for name, value in attributes.items()})
    at_ms = START_MS + round(at_s * 1000)
    return picture(rule, well, made(series), at_ms, town_class(), UNITS)


DRY = the_rule("a > 2 and b < 1", for_="10 s", clear="b > 3", clear_for="4 s")
SERIES = {"a": [(t, 5.0) for t in range(0, 60, 5)], "b": [(0, 4.0), (8, 0.5), (16, 0.6), (24, 3.5), (32, 3.6)]}


@pytest.mark.parametrize(
    ("at_s", "state", "holds", "spent_s", "due_s"),
    [
        (4, "normal", False, 0, None),
        (10, "pending", True, 2, 18),
        (17.999, "pending", True, 9.999, 18),
        (18, "on", True, 0, None),
        (25, "clearing", False, 1, 28),
        (28, "normal", False, 0, None),
    ],
)
def test_the_timer_is_the_engines(at_s: float, state: str, holds: bool, spent_s: float, due_s: float | None) -> None:
    """State, time passed and the moment at which it ends, at each step of an alarm."""
    now = seen(DRY, SERIES, at_s)
    assert (now.timer.state, now.when[0].holds) == (state, holds)
    assert now.timer.spent_ms == spent_s * 1000
    assert now.timer.due_ms == (None if due_s is None else START_MS + due_s * 1000)
    assert (now.timer.since_ms is None) == (state == "normal")
    assert (now.timer.start_ms == START_MS + 18_000) == (state in {"on", "clearing"})


def test_time_that_nobody_knows_stands_still() -> None:
    """With an operand unknown the timer keeps what it has, and none runs."""
    now = seen(DRY, {"a": [(t, 5.0) for t in range(0, 40, 5)], "b": [(0, 4.0), (8, 0.5)]}, 30)
    assert (now.timer.state, now.timer.due_ms, now.timer.spent_ms) == ("pending", None, 9_500)
    assert [part.holds for part in now.when] == [None, True, None]


@pytest.mark.parametrize("levels", [False, True])
def test_what_is_on_because_it_flaps_says_so(levels: bool) -> None:
    """From the fifth opening on, until it has been quiet for five minutes; each level by itself."""
    rule = the_rule("a > 2")
    if levels:
        two = '[{severity: low, when: "a > 2"}, {severity: high, when: "a > 4"}]'
        text = rule_text("r", "a > 2").replace('  when: "a > 2"\n', "").replace("  severity: high\n", "")
        rule = rule_set(f"{text}  levels: {two}\n").rules[0]
    series = {"a": [(t, 5.0 if t % 20 else 3.0 if levels else 0.0) for t in range(0, 200, 10)]}
    assert not held(rule, series, 60)
    on = list(held(rule, series, 190).values())
    assert [(one.flaps, one.start_ms, one.until_ms) for one in on] == [(10, START_MS + 90_000, None)]
    off = held(rule, series | {"a": [*series["a"], (200, 3.0 if levels else 0.0)]}, 210)
    assert {severity.name: one.until_ms for severity, one in off.items()} == {"HIGH": START_MS + 500_000}
    assert not held(rule, series | {"a": [*series["a"], (200, 0.0)]}, 500)


def held(rule: Rule, series: Mapping[str, Sequence[tuple[int, float]]], at_s: float) -> dict[Severity, Held]:
    """What is on because it flaps, by severity."""
    return {level.severity: level.held for level in seen(rule, series, at_s).levels if level.held is not None}


def test_every_part_of_a_condition_is_shown() -> None:
    """A chain of one connective is one level; each part has its words and whether it holds."""
    rule = the_rule("(a > 2 or b > 100 or c > 1) and not b in [0, 3]")
    now = seen(rule, {"a": [(0, 5.0)], "b": [(0, 4.0)]}, 1)
    assert [(part.depth, part.holds) for part in now.when] == [
        (0, True), (1, True), (2, True), (2, False), (2, None), (1, True), (2, False),
    ]  # fmt: skip
    assert [part.say.in_language("en") for part in now.when][:4] == [
        "all of these", "any of these", "a is above 2", "b is above 100",
    ]  # fmt: skip
    assert [part.holds for part in now.clear] == [False]


def test_a_value_inside_its_band_is_the_newest() -> None:
    """What changes no comparison is still shown as it was read, also for a window."""
    rule = the_rule("a > 100 or max(b) over 10 s > 100")
    now = seen(rule, {"a": [(0, 1.0), (5, 2.0)], "b": [(t, float(t)) for t in range(0, 40, 2)]}, 39)
    values = {type(operand).__name__: value for operand, value in now.operands.items()}
    assert values["Windowed"] == 38
    now = seen(rule, {"a": [(0, 1.0), (5, 2.0)], "b": []}, 6)
    assert next(iter(now.operands.values())) == 2


def rows() -> st.SearchStrategy[dict[str, list[tuple[int, float]]]]:
    value = st.sampled_from([0.0, 1.0, 2.0, 3.0, float("nan")])
    one = st.dictionaries(st.integers(0, 60), value, max_size=15).map(lambda found: sorted(found.items()))
    return st.fixed_dictionaries({"a": one, "b": one, "c": one})


RULES = [
    the_rule("a > 1 and (b < 2 or not c == 1)", for_="5 s"),
    the_rule("mean(a) over 12 s > b or max(c) over 7 s - min(c) over 7 s > 1", for_="3 s", clear="a < 1"),
    the_rule("abs(a - b) > facility.limit or c in [1, 2]", clear="c > 2", clear_for="4 s"),
]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows(), st.integers(0, 70), st.sampled_from(RULES))
def test_operands_and_conditions_equal_the_reference(
    series: dict[str, list[tuple[int, float]]], at_s: int, rule: Rule
) -> None:
    """Every value and every truth is that of the scalar reading of docs/alarms.md at that moment."""
    now = seen(rule, series, at_s, limit=1.5)
    plain = Facility(
        {
            key: [Reading(START_MS + 1000 * at, None if np.isnan(v) else v) for at, v in found if at <= at_s]
            for key, found in series.items()
        },
        STALE_MS,
        {"limit": 1.5},
    )
    at_ms = START_MS + at_s * 1000
    for operand, value in now.operands.items():
        assert value == pytest.approx(plain.operand(operand, at_ms)), operand
    if any(at <= at_s for found in series.values() for at, _ in found):
        assert now.when[0].holds == plain.truth(rule.when, at_ms)
        if rule.clear is not None:
            assert now.clear[0].holds == plain.truth(rule.clear, at_ms)


# --- in words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "zh", "en"),
    [
        ("level > 2 m", "告警条件：液位高于 2 m", "raised when: Level is above 2 m"),
        ("2 m < level", "告警条件：2 m低于 液位", "raised when: 2 m is below Level"),
        ("level in [0 m, 1 m]", "告警条件：液位在 0 m 至 1 m 之间", "raised when: Level is between 0 m and 1 m"),
        (
            "(level > 2 m or level < 1 m) and not temp > 30 Cel",
            "告警条件：（液位高于 2 m，或者液位低于 1 m），并且并非（温度高于 30 Cel）",
            "raised when: (Level is above 2 m, or Level is below 1 m), and not (Temp is above 30 Cel)",
        ),
        (
            "abs(temp - back) > 4 K",
            "告警条件：（温度 - 回温）的绝对值高于 4 K",
            "raised when: the size of (Temp - Back) is above 4 K",
        ),
        (
            "level - min(level) over 10 min > 0.3 m",
            "告警条件：液位 - 液位最近 10 分钟 的最小值高于 0.3 m",
            "raised when: Level - the minimum of Level over the last 10 min is above 0.3 m",
        ),
        (
            "level > facility.start m + 20 cm",
            "告警条件：液位高于 本设施的 start + 0.2 m",
            "raised when: Level is above the facility's start + 0.2 m",
        ),
        ("run == 1", "告警条件：运行等于 1", "raised when: Run is 1"),
        ("-level > -1 m", "告警条件：-液位高于 -1 m", "raised when: -Level is above -1 m"),
    ],
)
def test_a_condition_is_said_in_both_languages(when: str, zh: str, en: str) -> None:
    """Names of measurements, units, windows and attributes, nested as they are written."""
    from dataclasses import replace

    from core.places import FacilityClass, Text

    names = {"level": ("液位", "Level"), "temp": ("温度", "Temp"), "back": ("回温", "Back"), "run": ("运行", "Run")}
    units = {"level": "m", "temp": "Cel", "back": "Cel", "run": "1"}
    plain = town_class(**units)
    named = {
        key: replace(one, name=Text(zh=names[key][0], en=names[key][1])) for key, one in plain.measurements.items()
    }
    well = FacilityClass(id="well", name=plain.name, measurements=named)
    rule = rule_set(rule_text("r", when), **units).rules[0]
    said = next(iter(Narrator(well).rule(rule)))
    assert (said.in_language("zh"), said.in_language("en")) == (zh, en)


def test_every_level_has_its_own_machine() -> None:
    """Each severity with its own condition and time, the least first; what is asked of the whole is of the least."""
    low = the_rule("a > 2")
    high = the_rule("a > 4", for_="20 s")
    high = replace(high, info=replace(high.info, severity=Severity.CRITICAL))
    now = seen(replace(low, levels=(low, high)), {"a": [(t, 5.0) for t in range(0, 60, 5)]}, 12)
    assert [one.timer.state for one in now.levels] == ["on", "pending"]
    assert [one.when[0].holds for one in now.levels] == [True, True]
    assert [one.timer.needed_ms for one in now.levels][1] == 20_000
    assert now.levels[0].severity < now.levels[1].severity
    assert now.timer == now.levels[0].timer
