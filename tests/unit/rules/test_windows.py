"""Windows computed anew against windows that were fed in the order of time."""

from __future__ import annotations

import copy
from collections import Counter

import numpy as np
import pytest

from rules.buckets import REWIND_SLOTS
from rules.columns import Floats, Shares
from rules.engine.crossings import over_a_beginning
from rules.engine.layout import build
from rules.engine.patches import Stretch, in_open_block
from rules.engine.rewinding import recomputed
from rules.engine.rows import Rows
from rules.engine.windows import Emitted, Window
from tests.unit.rules.town import members, rule_set, rule_text

ROWS = 5
STALE_MS = 7_000
BASE_MS = 1_700_000_000_000
MOMENTS_MS = [0, 1, 13_000, 57_000, 58_000, 61_999, 89_999]


def lags(moment: int) -> list[int]:
    """How many slots back to begin anew: nearest and farthest at every moment, each of those between at one in four."""
    return sorted({0, 1, REWIND_SLOTS - 1, *range(moment % 4, REWIND_SLOTS, 4)})


def readings_until(end_ms: int, seed: int) -> Rows:
    """Random readings of 400 s until ``end_ms``, by row and time; some unknown, some gaps."""
    rng = np.random.default_rng(seed)
    time_ms = np.unique(end_ms - rng.integers(0, 400_000, 3_000))
    row = rng.integers(0, ROWS, len(time_ms))
    value = np.where(rng.random(len(time_ms)) < 0.05, np.nan, rng.random(len(time_ms)))
    kept = ((time_ms // 1000 + 7 * row) % 60 > 12) | (end_ms - time_ms < STALE_MS)
    order = np.lexsort((time_ms[kept], row[kept]))
    return Rows(row[kept], time_ms[kept], value[kept]).take(order)


def live_window(aggregate: str, end_ms: int, rows: Rows) -> Window:
    """A window that was fed rows in the order of time, closed until ``end_ms``."""
    unit = "/s" if aggregate.startswith(("slope", "rate")) else ""
    layout = build(rule_set(rule_text("r0", f"{aggregate} > 5 {unit}")), {"well": members(ROWS)})
    window, emitted = Window(layout.classes[0].windows[0], ROWS), Emitted()
    order = np.argsort(rows.time_ms)
    stale_ms, horizon_ms = np.full(len(order), STALE_MS), np.full(ROWS, end_ms)
    window.feed(rows.cell[order], rows.time_ms[order], rows.value[order], stale_ms, horizon_ms, emitted)
    window.close_until(horizon_ms, emitted)
    return window


def same_bits(found: Shares, wanted: Shares, told: str) -> None:
    """Records hold NaN where nothing is; of them and of numbers every bit must be the same."""
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape), told
    assert found.tobytes() == wanted.tobytes(), told


@pytest.mark.parametrize(
    "aggregate",
    [
        *("mean(a) over 90 s", "max(a) over 90 s", "mean(a) over 20 s", "min(a) over 5 s"),
        *("slope(a) over 90 s", "stddev(a) over 20 s", "rate(c) over 90 s", "changes(a) over 5 s"),
        *("spike(a) over 20 s", "travel(a) over 90 s", "missing(a) over 90 s"),
    ],
)
@pytest.mark.parametrize("after_beginning_ms", MOMENTS_MS)
def test_a_window_computed_anew_is_that_of_the_order_of_time(aggregate: str, after_beginning_ms: int) -> None:
    """Late by any number of slots, within the open block or over its beginning: the same to the last bit."""
    end_ms = BASE_MS // 90_000 * 90_000 + after_beginning_ms
    rows = readings_until(end_ms, seed=after_beginning_ms)
    ordered = live_window(aggregate, end_ms, rows)
    step_ms, slots, rng = ordered.plan.step_ms, ordered.plan.slots, np.random.default_rng(1)
    kinds: Counter[str] = Counter()
    for back in lags(MOMENTS_MS.index(after_beginning_ms)):
        first = ordered.slot - back
        late = (rows.time_ms >= (first * step_ms)[rows.cell]) & (rng.random(len(rows.cell)) < 0.3)
        window = live_window(aggregate, end_ms, rows.take(~late))
        # Where nothing was known for a whole window it has leapt, and forgotten what was before.
        row = np.flatnonzero(window.reaches(np.arange(ROWS), first) & (window.begun == ordered.begun))
        slot, open_slot = first[row], window.slot[row]
        kinds["open"] += int(in_open_block(window, row, slot, open_slot).sum())
        kinds["across"] += int(over_a_beginning(window, row, slot, open_slot).sum())
        known, stale_ms = np.ones(len(row), np.bool_), np.full(len(row), STALE_MS)
        stretch = Stretch(row, slot, known, window.begun[row], stale_ms, open_slot * step_ms)
        since = rows.take((rows.time_ms >= (first * step_ms - STALE_MS)[rows.cell]) & np.isin(rows.cell, row))
        found, results = recomputed(window, stretch, since._replace(cell=np.searchsorted(row, since.cell)))
        asked = rng.random(len(row)) < 0.8
        untouched = copy.deepcopy(window)
        found.put(window, row, asked)
        rest = np.setdiff1d(np.arange(ROWS), row[asked])
        for name in (*Window.ROW_COLUMNS, *Window.SLOT_COLUMNS):
            mended, wanted = getattr(window, name), getattr(ordered, name)[..., row[asked]]
            same_bits(mended[..., row[asked]], wanted, f"{name}, {back} back")
            before = getattr(untouched, name)[..., rest]
            same_bits(mended[..., rest], before, f"{name} of others, {back} back")
        assert len(results.cell) == len(row) * (back + 1)
    inside = int(ordered.slot[0]) % slots
    assert (kinds["open"] > 0) == (inside > 0)
    assert (kinds["across"] > 0) == (inside < REWIND_SLOTS)


@pytest.mark.parametrize("aggregate", ["mean(a) over 5 s", "stddev(a) over 5 s", "min(a) over 5 s"])
def test_rows_late_by_different_times_are_mended_over_a_beginning_together(aggregate: str) -> None:
    """The table is as long as the longest lag; at the end of a block the others' lines reach beyond it."""
    end_ms = BASE_MS // 90_000 * 90_000 + 94_500
    rows = readings_until(end_ms, seed=4)
    ordered = live_window(aggregate, end_ms, rows)
    step_ms = ordered.plan.step_ms
    back = 5 + np.arange(ROWS) % 4
    first = ordered.slot - back
    late = (rows.time_ms >= (first * step_ms)[rows.cell]) & (np.random.default_rng(1).random(len(rows.cell)) < 0.3)
    window = live_window(aggregate, end_ms, rows.take(~late))
    row = np.flatnonzero(window.reaches(np.arange(ROWS), first) & (window.begun == ordered.begun))
    slot, open_slot = first[row], window.slot[row]
    across = over_a_beginning(window, row, slot, open_slot)
    assert len(set((open_slot - slot)[across].tolist())) > 1
    known, stale_ms = np.ones(len(row), np.bool_), np.full(len(row), STALE_MS)
    stretch = Stretch(row, slot, known, window.begun[row], stale_ms, open_slot * step_ms)
    since = rows.take((rows.time_ms >= (first * step_ms - STALE_MS)[rows.cell]) & np.isin(rows.cell, row))
    found, results = recomputed(window, stretch, since._replace(cell=np.searchsorted(row, since.cell)))
    found.put(window, row, np.ones(len(row), np.bool_))
    for name in (*Window.ROW_COLUMNS, *Window.SLOT_COLUMNS):
        same_bits(getattr(window, name)[..., row], getattr(ordered, name)[..., row], name)
    assert len(results.cell) == int((back[row] + 1).sum())


@pytest.mark.parametrize(
    "aggregate",
    ["mean(a) over 90 s", "max(a) over 90 s", "min(a) over 5 s", "stddev(a) over 90 s", "increase(c) over 5 s"],
)
@pytest.mark.parametrize("tick_ms", [900, 2_500, 31_000])
def test_readings_taken_in_together_give_the_results_of_one_by_one(aggregate: str, tick_ms: int) -> None:
    """Whatever the batches, silent rows and rows with several readings among them: the same to the last bit."""
    rows = readings_until(BASE_MS, seed=tick_ms)
    rows = rows.take(np.lexsort((rows.cell, rows.time_ms)))
    rng, plan = np.random.default_rng(tick_ms), live_window(aggregate, BASE_MS, rows).plan
    together, single = Window(plan, ROWS), Window(plan, ROWS)
    emitted, wanted = Emitted(), Emitted()
    horizon_ms = np.full(ROWS, rows.time_ms[0] - 1)
    for tick in np.unique(rows.time_ms // tick_ms).tolist():
        batch = rows.take(rows.time_ms // tick_ms == tick)
        before_ms = horizon_ms.copy()
        np.maximum.at(horizon_ms, batch.cell, batch.time_ms)
        np.maximum(horizon_ms, rng.integers(tick * tick_ms, (tick + 1) * tick_ms, ROWS), out=horizon_ms)
        together.feed(*batch, np.full(len(batch.cell), STALE_MS), horizon_ms, emitted)
        together.close_until(horizon_ms, emitted)
        for number in range(len(batch.cell)):
            single.feed(*batch.between(number, number + 1), np.full(1, STALE_MS), before_ms, wanted)
        single.close_until(horizon_ms, wanted)
    for name in (*Window.ROW_COLUMNS, *Window.SLOT_COLUMNS):
        same_bits(getattr(together, name), getattr(single, name), name)
    np.testing.assert_array_equal(in_order(emitted), in_order(wanted))


def in_order(emitted: Emitted) -> Floats:
    """float64[3, n]: rows, moments and results by row and time."""
    row, time_ms, value = (np.concatenate(column) for column in (emitted.row, emitted.time_ms, emitted.value))
    order = np.lexsort((time_ms, row))
    return np.array([row[order], time_ms[order], value[order]], np.float64)
