"""What is usual at an hour of the week: against a scalar reading of the page, in any order, and across restarts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.quality import GOOD, QualityClass, quality
from core.readings import Readings, readings
from rules.buckets import CELL_BYTES, bucket
from rules.engine.engine import Engine, EngineSettings
from rules.engine.layout import build
from rules.engine.patches import Stretch
from rules.engine.rewinding import recomputed
from rules.engine.rows import Rows
from rules.engine.seasons import Season, window_of
from rules.engine.snapshot import restore, snapshot
from rules.engine.windows import Emitted
from rules.operators.weekly import BASELINE_OVER, DEVIATION_OVER
from tests.unit.rules.reference.operators import Number, strange, usual
from tests.unit.rules.town import Store, members, rule_set, rule_text

HOUR_MS, DAY_MS, WEEK_H = 3_600_000, 86_400_000, 168
BASE_MS = 1_700_006_400_000
"""Midnight of a Wednesday, UTC."""
STALE_MS = 2 * HOUR_MS
ROWS = 3


# --- the scalar twin --------------------------------------------------------------------------------------------------


def hour_mean(rows: list[tuple[int, float | None]], hour: int) -> Number:
    """The mean of one hour as the page says, kept in seven digits; ``rows`` in order of time."""
    begin, end = hour * HOUR_MS, (hour + 1) * HOUR_MS
    area = known = 0.0
    for (at_ms, value), (next_ms, _) in pairwise([*rows, (10**15, None)]):
        start, stop = max(at_ms, begin), min(next_ms, at_ms + STALE_MS, end)
        if stop > start and value is not None:
            area, known = area + value * (stop - start), known + (stop - start)
    return float(np.float32(area / known)) if 2 * known >= HOUR_MS else None


def twin(word: str, weeks: int, rows: list[tuple[int, float | None]], end_ms: int) -> Number:
    """The result that is made at the end of an hour."""
    last = end_ms // HOUR_MS - 1
    about = last + (word == "baseline")
    samples = [hour_mean(rows, about - WEEK_H * week + by) for week in range(1, weeks + 1) for by in (-1, 0, 1)]
    return usual(samples) if word == "baseline" else strange(samples, hour_mean(rows, last))


def course(seed: int, hours: int, every_min: int = 40) -> Rows:
    """Readings of all rows by row and time: days with a shape of their own, gaps, unknown ones, a week off."""
    rng = np.random.default_rng(seed)
    found = []
    for row in range(ROWS):
        time_ms = np.unique(BASE_MS + rng.integers(0, hours * 60, hours * 60 // every_min) * 60_000)
        hour = (time_ms - BASE_MS) / HOUR_MS
        value = np.round(20 + 5 * np.sin(hour / 12 * np.pi) + rng.normal(0, 0.5, len(hour)), 2)
        value[rng.random(len(hour)) < 0.05] = np.nan
        there = (hour % 100 > 7 + row) & ((hour < 400) | (hour > 460))
        found.append((np.full(len(hour), row)[there], time_ms[there], value[there]))
    return Rows(*(np.concatenate(column) for column in zip(*found, strict=True)))


def season(word: str, weeks: int, rows: Rows, end_ms: int) -> tuple[Season, dict[tuple[int, int], float]]:
    """A season that was fed rows in order of time, and its results by row and moment."""
    text = rule_text("r0", f"{word}(a) over {7 * weeks} d > 5")
    plan = build(rule_set(text), {"well": members(ROWS)}).classes[0].windows[0]
    live, emitted = window_of(plan, ROWS), Emitted()
    assert isinstance(live, Season)
    order, horizon_ms = np.argsort(rows.time_ms, kind="stable"), np.full(ROWS, end_ms)
    stale_ms = np.full(len(order), STALE_MS)
    live.feed(rows.cell[order], rows.time_ms[order], rows.value[order], stale_ms, horizon_ms, emitted)
    live.close_until(horizon_ms, emitted)
    told = zip(*(np.concatenate(part).tolist() for part in (emitted.row, emitted.time_ms, emitted.value)), strict=True)
    return live, {(row, at_ms): value for row, at_ms, value in told}


@pytest.mark.parametrize("word", ["baseline", "deviation"])
@pytest.mark.parametrize("weeks", [2, 4])
def test_it_is_what_the_page_says(word: str, weeks: int) -> None:
    """Hours all over six weeks: medians of the hours around it in the weeks before, unknown until half are known."""
    end_ms = BASE_MS + 6 * WEEK_H * HOUR_MS
    rows = course(weeks, 6 * WEEK_H)
    _, found = season(word, weeks, rows, end_ms)
    known = 0
    for row in range(ROWS):
        mine = rows.take(rows.cell == row)
        scalar = [
            (at, None if np.isnan(v) else v) for at, v in zip(mine.time_ms.tolist(), mine.value.tolist(), strict=True)
        ]
        for hour in range(12, 6 * WEEK_H, 35):
            at_ms = BASE_MS + (hour + 1) * HOUR_MS
            value, wanted = found[row, at_ms], twin(word, weeks, scalar, at_ms)
            assert (np.isnan(value) and wanted is None) or value == pytest.approx(wanted, rel=1e-6), (row, hour)
            known += wanted is not None
            assert wanted is None or hour >= weeks * WEEK_H // 2 - 2
    assert known > 30


samples = st.lists(st.none() | st.integers(-80, 80).map(lambda n: n / 8), min_size=6, max_size=12).filter(
    lambda row: len(row) % 3 == 0
)


@given(samples, st.none() | st.integers(-80, 80).map(float))
def test_the_judgement_agrees_with_its_twin(row: list[float | None], last: float | None) -> None:
    """Median and scatter of any samples, unknown ones among them."""
    column = np.array([[np.nan if value is None else value] for value in row])
    ended = np.array([np.nan if last is None else last])
    for judge, wanted in ((BASELINE_OVER.judge, usual(row)), (DEVIATION_OVER.judge, strange(row, last))):
        (value,) = judge(column, ended).tolist()
        assert np.isnan(value) if wanted is None else value == pytest.approx(wanted)


@pytest.mark.parametrize("word", ["baseline", "deviation"])
@pytest.mark.parametrize("back", [0, 1, 5, 100, 167, 169])
def test_hours_computed_anew_are_those_of_the_order_of_time(word: str, back: int) -> None:
    """Late by up to a week: the same means and the same results, to the last bit."""
    end_ms = BASE_MS + 5 * WEEK_H * HOUR_MS + 17 * 60_000
    rows, rng = course(back, 5 * WEEK_H), np.random.default_rng(back)
    ordered, wanted = season(word, 4, rows, end_ms)
    first = ordered.slot - back
    late = (rows.time_ms >= (first * HOUR_MS)[rows.cell]) & (rng.random(len(rows.cell)) < 0.5)
    live, _ = season(word, 4, rows.take(~late), end_ms)
    row = np.arange(ROWS)
    assert live.reaches(row, first).all()
    stretch = Stretch(row, first, np.ones(ROWS, np.bool_), live.begun, np.full(ROWS, STALE_MS), live.slot * HOUR_MS)
    since = rows.take(rows.time_ms >= (first * HOUR_MS - STALE_MS)[rows.cell])
    found, results = recomputed(live, stretch, since)
    found.put(live, row, np.array([True, False, True]))
    for name in (*Season.ROW_COLUMNS, *Season.SLOT_COLUMNS):
        mended, right = getattr(live, name)[..., [0, 2]], getattr(ordered, name)[..., [0, 2]]
        assert mended.tobytes() == right.tobytes(), name
    assert len(results.cell) == ROWS * (back + 1)
    for place, at_ms, value in zip(*(column.tolist() for column in results), strict=True):
        np.testing.assert_equal(value, wanted[place, at_ms])


# --- whole rules ------------------------------------------------------------------------------------------------------

CONDITIONS = (
    "a > baseline(a) over 14 d + 2.137",
    "abs(deviation(a) over 14 d) > 3.137",
    "mean(a) over 6 h - baseline(a + b) over 14 d < -21.3",
)


def engine_of(store: Store, **settings: int) -> Engine:
    """Three wells under all conditions; every reading holds for two hours."""
    rules = rule_set(*(rule_text(f"r{number}", when) for number, when in enumerate(CONDITIONS)))
    group = members(ROWS)
    group = replace(group, stale_after_ms={key: np.full(ROWS, STALE_MS, np.int64) for key in group.point})
    return Engine(rules, {"well": group}, store, EngineSettings(**settings))


def flow(seed: int, hours: int) -> Readings:
    """Readings of a and b of all wells; a few are bad."""
    rng, parts = np.random.default_rng(seed), [course(seed + number, hours, 90) for number in range(2)]
    point = np.concatenate([part.cell * 10 + number for number, part in enumerate(parts)])
    time_ms, value = (np.concatenate([part[column] for part in parts]) for column in (1, 2))
    marks = np.where(rng.random(len(point)) < 0.05, quality(QualityClass.BAD), GOOD)
    every = readings(point=point, time_ms=time_ms, value=value, quality=marks, offset=np.arange(len(point)))
    return every.take(np.argsort(time_ms, kind="stable"))


def deliver(engine: Engine, store: Store, every: Readings, arrival_ms: np.ndarray, tick_ms: int, hours: int) -> Engine:
    """In chunks of arrival; an engine that was saved and loaded in the middle goes on as it was."""
    end_ms = BASE_MS + (hours + 12) * HOUR_MS
    half = BASE_MS + hours * HOUR_MS // 2
    for now_ms in range(BASE_MS + tick_ms, end_ms + tick_ms, tick_ms):
        chunk = every.take((arrival_ms >= now_ms - tick_ms) & (arrival_ms < now_ms))
        store.batches.append(chunk)
        engine.ingest(chunk, now_ms)
        engine.advance(now_ms)
        if tick_ms == 4 * HOUR_MS and now_ms - tick_ms < half <= now_ms:
            group = members(ROWS)
            group = replace(group, stale_after_ms={key: np.full(ROWS, STALE_MS, np.int64) for key in group.point})
            engine = restore(snapshot(engine, now_ms), engine.rules, {"well": group}, store, engine.settings)
    engine.settle(end_ms + 10 * HOUR_MS)
    engine.advance(end_ms + 20 * HOUR_MS)
    return engine


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_chunks_and_a_restart_give_the_same_alarms(seed: int) -> None:
    """In order by three hours, in lumps of ten days, late by up to two days and saved and loaded in the middle."""
    hours = 3 * WEEK_H + 40
    every, rng = flow(seed, hours), np.random.default_rng(seed)
    late_ms = every.time_ms + np.where(rng.random(len(every.time_ms)) < 0.02, rng.integers(0, 48, 1) * HOUR_MS, 0)
    ways = [(every.time_ms, 3 * HOUR_MS), (every.time_ms, 10 * DAY_MS), (late_ms, 4 * HOUR_MS)]
    found = []
    for arrival_ms, tick_ms in ways:
        store = Store()
        engine = deliver(
            engine_of(store, save_every_ms=12 * HOUR_MS, reach_ms=60 * DAY_MS), store, every, arrival_ms, tick_ms, hours
        )
        found.append([list(engine.book.of(machine)) for machine in range(len(engine.layout.machine_facility))])
    assert found[1] == found[0]
    assert found[2] == found[0]
    assert sum(len(one) for one in found[0]) > 5


def test_a_quiet_office_is_strange_at_noon_and_not_at_night() -> None:
    """1000 at noon and 400 at night for two weeks; 400 at noon of the third is told, 400 at night is not."""
    store = Store()
    rules = rule_set(rule_text("r0", "abs(a - baseline(a) over 14 d) > 300"))
    group = members(1)
    group = replace(group, stale_after_ms={key: np.full(1, HOUR_MS, np.int64) for key in group.point})
    engine = Engine(rules, {"well": group}, store)
    for quarter in range(4 * 24 * 16):
        at_ms = BASE_MS + quarter * HOUR_MS // 4
        hour, day = quarter // 4 % 24, quarter // 96
        value = 1000.0 if 8 <= hour < 18 and day != 15 else 400.0
        engine.ingest(readings(point=[0], time_ms=[at_ms], value=[value]), at_ms)
        engine.advance(at_ms + 1000)
    ((start, stop),) = [(one.start_ms, one.stop_ms) for one in engine.book.of(0)]
    assert [(start - BASE_MS) / HOUR_MS, ((stop or 0) - BASE_MS) / HOUR_MS] == [15 * 24 + 8, 15 * 24 + 18]


def test_what_it_keeps_is_said() -> None:
    """Four weeks, and one to be set back over, are 844 hours of four bytes and a few numbers: what the arrays hold."""
    (operand,) = rule_set(rule_text("r0", "deviation(a) over 28 d > 5")).rules[0].operands
    plan = bucket(operand)
    live, _ = season("deviation", 4, course(1, 40), BASE_MS + 40 * HOUR_MS)
    held = sum(getattr(live, name).nbytes for name in (*Season.ROW_COLUMNS, *Season.SLOT_COLUMNS)) // ROWS
    assert (plan.state_bytes, held) == (held + CELL_BYTES, 4 * 844 + 64)
    assert "4 weeks" in plan.told().in_language("en")


def test_it_learns_from_whole_weeks() -> None:
    """Ten days are refused with the weeks that may stand there."""
    with pytest.raises(Invalid) as caught:
        rule_set(rule_text("r0", "baseline(a) over 10 d > 5"), rule_text("r1", "a > deviation(parent.a) over 30 d"))
    assert [("14 d, 21 d or 28 d" in str(finding)) for finding in caught.value.findings] == [True, True]
