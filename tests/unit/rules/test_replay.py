"""A replay of the past finds what the running engine announces for the same readings."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from core.quality import QualityClass, quality
from core.readings import Readings, readings
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.engine.replay import Replay
from rules.rule_set import RuleSet
from tests.unit.rules.reference.damping import damped
from tests.unit.rules.reference.judge import intervals
from tests.unit.rules.test_groups import rules as reaching
from tests.unit.rules.test_levels import levelled
from tests.unit.rules.test_order import (
    ATTRIBUTES,
    BASE_MS,
    GROUP,
    TEXTS,
    WELLS,
    Plan,
    calendars,
    delivery_of,
    plans,
    references,
    rules,
)
from tests.unit.rules.town import TownCalendar, members, rule_set, rule_text


def replayed(
    rule_set: RuleSet,
    everything: Readings,
    edges_ms: list[int],
    points_at_once: int,
    calendar: TownCalendar | None = None,
) -> Replay:
    """Replay readings in stretches that end before each of ``edges_ms``, some points at a time."""
    replay = Replay(rule_set, {"well": members(WELLS, ATTRIBUTES, TEXTS, GROUP)}, calendar)
    ordered, begin_ms = everything.one_per_millisecond(), 0
    for end_ms in edges_ms:
        inside = ordered.take((ordered.time_ms >= begin_ms) & (ordered.time_ms < end_ms))
        for first in range(0, len(replay.points), points_at_once):
            some = replay.points[first : first + points_at_once]
            replay.take(inside.take(np.isin(inside.point, some)))
        replay.close(end_ms - 1)
        begin_ms = end_ms
    return replay


@pytest.fixture(params=["one portion", "many portions", "engine"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of all facilities together or of each alone, and the way of rules that the sieve does not know."""
    if request.param == "many portions":
        monkeypatch.setattr("rules.engine.looking_back.AT_ONCE", 1)
        monkeypatch.setattr("rules.engine.looking_back.MOST_SLOTS", 20)
        monkeypatch.setattr("rules.engine.conditions.MOST_EVENTS", 2)
        monkeypatch.setattr("rules.engine.conditions._MOST_TOGETHER", -1)
    if request.param == "engine":
        monkeypatch.setattr("rules.engine.replay._SIEVED", ())


@pytest.mark.usefixtures("way")
@settings(
    max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "150")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.function_scoped_fixture],
)
@given(rules() | reaching(), plans, calendars(), st.integers(1, 9), st.sampled_from([1, 2, 100]))
def test_a_replay_gives_the_intervals_of_the_readings(
    texts: list[str], plan: Plan, calendar: TownCalendar, stretches: int, points_at_once: int
) -> None:
    """Whatever the stretches and the pieces, a replay finds what the naive reading gives, across facilities too."""
    everything, every_rule = delivery_of(plan).everything, rule_set(*texts)
    end_ms = BASE_MS + plan.span_ms + 40_000
    edges_ms = np.linspace(BASE_MS, end_ms, stretches + 1, dtype=np.int64)[1:].tolist()
    replay = replayed(every_rule, everything, edges_ms, points_at_once, calendar)
    found = [(alarm.rule.id, alarm.facility, alarm.interval) for alarm in replay.alarms()]
    town = references(everything, calendar)
    expected = [
        (rule.id, 100 + well, interval)
        for rule in every_rule.rules
        for well in range(WELLS)
        for interval in damped(intervals(town[well], rule, end_ms - 1), end_ms - 1)
    ]
    event(f"incidents: {min(len(expected), 5)}")
    target(float(len(expected)), label="incidents")
    assert sorted(found, key=str) == sorted(expected, key=str)


def waves(seed: int, hours: int) -> Readings:
    """Readings every three seconds with noise, steps, gaps and bad ones."""
    rng = np.random.default_rng(seed)
    count = hours * 1200
    point = np.repeat([well * 10 + key for well in range(WELLS) for key in range(3)], count)
    time_ms = np.tile(BASE_MS + np.arange(count) * 3_000, 9) + rng.integers(0, 2_000, count * 9)
    steps = np.cumsum(rng.normal(0, 0.15, (9, count)), axis=1)
    value = 1.5 + steps - np.round(steps / 4) * 4 + rng.normal(0, 0.2, (9, count))
    codes = np.where(rng.random(count * 9) < 0.01, quality(QualityClass.BAD), 0).astype(np.uint8)
    silent = np.convolve(rng.random(count * 9) < 0.002, np.ones(9), mode="same") > 0
    every = readings(point=point, time_ms=time_ms, value=value.ravel(), quality=codes)
    return every.take(~silent)


BOOK = (
    rule_text("high", "a > 2.5", for_="30 s", clear="a < 2", clear_for="10 s"),
    rule_text("mean", "mean(a) over 5 min > 2 and b > 1", clear="mean(a) over 5 min < 1.5"),
    rule_text("apart", "abs(a - c) > 1.5", for_="10 s"),
    rule_text("own", "b > facility.limit", for_="1 min", clear="b < facility.limit or c > 4"),
    rule_text("rise", "c - min(c) over 10 min > 2.5", clear_for="2 min"),
)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("seed", [1])
def test_a_replay_equals_what_was_announced_live(seed: int) -> None:
    """Three hours fed live in batches of ten seconds, with the sweeps of a running engine, and replayed in three."""
    everything, every_rule = waves(seed, 3), rule_set(*BOOK)
    engine = Engine(every_rule, {"well": members(WELLS, ATTRIBUTES)}, NoHistory())
    order = np.argsort(everything.time_ms, kind="stable")
    tick = everything.time_ms[order] // 10_000
    now_ms = 0
    for rows in np.split(order, np.flatnonzero(np.diff(tick)) + 1):
        now_ms = (int(everything.time_ms[rows[0]]) // 10_000 + 1) * 10_000
        engine.ingest(everything.take(rows), now_ms)
        engine.advance(now_ms)
    end_ms = now_ms + 120_000
    engine.advance(end_ms + engine.settings.grace_ms)
    announced: dict[str, tuple[str, int, int, int | None]] = {}
    for change in engine.changes(end_ms):
        interval = change.interval
        announced[change.alarm_id] = (change.rule_id, change.facility, interval.start_ms, interval.stop_ms)
    edges_ms = [BASE_MS + 3_600_000, BASE_MS + 2 * 3_600_000, end_ms + 1]
    found = [
        (alarm.rule.id, alarm.facility, alarm.interval.start_ms, alarm.interval.stop_ms)
        for alarm in replayed(every_rule, everything, edges_ms, 2).alarms()
    ]
    assert len(found) > 50
    assert {rule_id for rule_id, *_ in found} == {rule.id for rule in every_rule.rules}
    assert sorted(found) == sorted(announced.values())


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("seed", [4, 5])
def test_levels_rise_and_fall_in_a_replay_as_they_do_live(seed: int) -> None:
    """A rule of three severities gives the running engine's alarms, with every rise and fall."""
    levels = (
        '{severity: low, when: "a > 1.8", for: "10 s"}',
        '{severity: medium, when: "a > 2.4"}',
        '{severity: high, when: "a > 3", clear: "a < 2.6"}',
    )
    everything, every_rule = waves(seed, 2), rule_set(levelled(*levels), BOOK[0])
    engine = Engine(every_rule, {"well": members(WELLS, ATTRIBUTES)}, NoHistory())
    order = np.argsort(everything.time_ms, kind="stable")
    now_ms = 0
    for rows in np.split(order, np.flatnonzero(np.diff(everything.time_ms[order] // 10_000)) + 1):
        now_ms = (int(everything.time_ms[rows[0]]) // 10_000 + 1) * 10_000
        engine.ingest(everything.take(rows), now_ms)
        engine.advance(now_ms)
    end_ms = now_ms + 120_000
    engine.advance(end_ms + engine.settings.grace_ms)
    last = {one.alarm_id: (one.rule_id, one.facility, one.interval) for one in engine.changes(end_ms)}
    found = replayed(every_rule, everything, [BASE_MS + 3_600_000, end_ms + 1], 2).alarms()
    told = [(alarm.rule.id, alarm.facility, alarm.interval) for alarm in found]
    assert any(len(interval.steps) > 2 for _, _, interval in told)
    assert sorted(told, key=str) == sorted(last.values(), key=str)
