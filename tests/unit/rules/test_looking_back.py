"""Windows of a replay, computed stretch by stretch, against windows that go through time reading by reading."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.columns import BEGINNING_MS
from rules.engine.layout import ClassLayout, build
from rules.engine.looking_back import Source
from rules.engine.rows import Rows, order_by
from rules.engine.runs import Runs
from rules.engine.seasons import window_of
from rules.engine.windows import Emitted
from tests.unit.rules.town import members, rule_set, rule_text

ROWS = 4
SECOND_MS, HOUR_MS, DAY_MS = 1_000, 3_600_000, 86_400_000
BASE_MS = 1_700_006_400_000
WORDS = (
    *("mean", "min", "max", "range", "stddev", "slope", "delta", "changes", "stuck", "spike", "travel", "missing"),
    *("increase", "rate"),
)
CONDITIONS = ("time", "share", "count")
UNITS = {"slope": "/s", "rate": "/s", "time": "s"}
WIDTHS = {"30 s": 40, "90 s": 300, "24 h": 4 * 86_400, "7 d": 16 * 86_400}
OTHER = {"30 s": "90 s", "90 s": "30 s", "24 h": "7 d", "7 d": "24 h"}
"""Windows, another one over the same source, and over how many seconds readings are played."""


def class_of(*aggregates: tuple[str, str]) -> ClassLayout:
    """A class with one window for each (word, width)."""
    texts = []
    for number, (word, width) in enumerate(aggregates):
        source = "a > 1" if word in CONDITIONS else "c" if word in {"increase", "rate"} else "a"
        limit = "" if word == "stuck" else f" > 5 {UNITS.get(word, '')}"
        texts.append(rule_text(f"r{number}", f"{word}({source}) over {width}{limit}"))
    (one,) = build(rule_set(*texts), {"well": members(ROWS)}).classes
    return one


def course(seed: int, span_ms: int, every_ms: int, stale_ms: int) -> Rows:
    """Readings of all rows by (row, time): noise and rests, unknown ones, pauses; one row begins late, one is mute."""
    rng, found = np.random.default_rng(seed), []
    for row in range(ROWS - 1):
        count = max(1, span_ms // every_ms)
        time_ms = np.unique(BASE_MS + rng.integers(0, span_ms, count) // 250 * 250)
        value = np.where(rng.random(len(time_ms)) < 0.3, 1.0, np.round(rng.normal(1, 1, len(time_ms)), 1) + 0.0)
        value[rng.random(len(time_ms)) < 0.05] = np.nan
        there = (time_ms - BASE_MS + row * stale_ms) % (9 * stale_ms) < 6 * stale_ms
        there &= time_ms >= BASE_MS + (row == 1) * span_ms // 2
        found.append(Rows(np.full(len(time_ms), row), time_ms, value).take(there))
    return Rows(*(np.concatenate(column) for column in zip(*found, strict=True)))


def in_turn(one: ClassLayout, rows: Rows, stale_ms: int, end_ms: int) -> list[dict[tuple[int, int], bytes]]:
    """The results of each window, fed in the order of time, by row and moment; unknown ones left out."""
    order, horizon_ms = np.argsort(rows.time_ms, kind="stable"), np.full(ROWS, end_ms)
    found = []
    for plan in one.windows:
        window, emitted = window_of(plan, ROWS), Emitted()
        stale = np.full(len(order), stale_ms)
        window.feed(rows.cell[order], rows.time_ms[order], rows.value[order], stale, horizon_ms, emitted)
        window.close_until(horizon_ms, emitted)
        told = zip(emitted.row, emitted.time_ms, emitted.value, strict=True)
        found.append(known(told))
    return found


def known(told: object) -> dict[tuple[int, int], bytes]:
    """Known results by row and moment, with every bit."""
    results: dict[tuple[int, int], bytes] = {}
    for row, time_ms, value in told:  # type: ignore[attr-defined]
        for place, at_ms, number in zip(row.tolist(), time_ms.tolist(), value, strict=True):
            assert (place, at_ms) not in results
            if not np.isnan(number):
                results[place, at_ms] = number.tobytes()
    return results


def in_stretches(
    one: ClassLayout, rows: Rows, stale_ms: int, edges_ms: list[int], parts: int
) -> list[dict[tuple[int, int], bytes]]:
    """The same computed stretch by stretch, each in some parts of other rows."""
    (column,) = {plan.source for plan in one.windows}
    source = Source([plan for plan in one.windows if plan.source == column], np.full(ROWS, stale_ms))
    told: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {plan.column: [] for plan in one.windows}
    before_ms = BEGINNING_MS
    for until_ms in edges_ms:
        stretch = rows.take((rows.time_ms > before_ms) & (rows.time_ms <= until_ms))
        pieces = [Runs.of(stretch.take(stretch.cell % parts == part)) for part in reversed(range(parts))]
        for plan, place, end_ms, value, _ in source.close(pieces, until_ms):
            moments = np.tile(end_ms, len(place))
            told[plan.column].append((np.repeat(place, len(end_ms)), moments, value.T.ravel()))
        before_ms = until_ms
    return [known(told[plan.column]) for plan in one.windows]


def step_function(rows: Rows) -> Rows:
    """What ``a > 1`` comes to, where it becomes another."""
    value = np.where(np.isnan(rows.value), np.nan, rows.value > 1)
    new = np.ones(len(value), np.bool_)
    same = (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
    new[1:] = (rows.cell[1:] != rows.cell[:-1]) | ~same
    return Rows(rows.cell, rows.time_ms, value).take(new)


def sides(word: str, rows: Rows) -> Rows:
    """What windows of a word look back over."""
    return step_function(rows) if word in CONDITIONS else rows


@pytest.mark.parametrize("most", [60, 200_000])
@pytest.mark.parametrize("word", [*WORDS, *CONDITIONS])
@settings(max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "150")) // 40, deadline=None)
@given(
    st.sampled_from(list(WIDTHS)),
    st.integers(0, 2**32 - 1),
    st.sampled_from([20, 150]),
    st.integers(1, 6),
    st.integers(1, 2),
)
def test_a_window_is_that_of_the_order_of_time(
    most: int, word: str, width: str, seed: int, count: int, stretches: int, parts: int
) -> None:
    """Any width, density, stretches and parts, with pauses and unknown readings: the same to the last bit."""
    span_ms, rng = WIDTHS[width] * SECOND_MS, np.random.default_rng(seed)
    every_ms = span_ms // count
    stale_ms = int(rng.integers(1, 6)) * every_ms
    rows, end_ms = sides(word, course(seed, span_ms, every_ms, stale_ms)), BASE_MS + span_ms + stale_ms
    edges_ms = [*np.sort(rng.integers(BASE_MS, end_ms, stretches - 1)).tolist(), end_ms]
    one = class_of((word, width), (word, OTHER[width]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rules.engine.looking_back.AT_ONCE", most)
        patch.setattr("rules.engine.looking_back.MOST_SLOTS", most)
        found = in_stretches(one, rows, stale_ms, edges_ms, parts)
    assert found == in_turn(one, rows, stale_ms, end_ms)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("days", [1, 5, 100])
def test_hours_of_the_week_are_those_of_the_order_of_time(seed: int, days: int) -> None:
    """What is usual, from six weeks in stretches of days: the same to the last bit."""
    one = class_of(("baseline", "28 d"), ("deviation", "28 d"), ("mean", "7 d"), ("baseline", "14 d"))
    rows = course(seed, 42 * DAY_MS, 20 * 60_000, 2 * HOUR_MS)
    end_ms = BASE_MS + 43 * DAY_MS
    edges_ms = [*range(BASE_MS + 7 * HOUR_MS, end_ms, days * DAY_MS), end_ms]
    found, wanted = in_stretches(one, rows, 2 * HOUR_MS, edges_ms, 1), in_turn(one, rows, 2 * HOUR_MS, end_ms)
    assert all(len(results) > 100 for results in wanted)
    assert found == wanted


def test_runs_of_one_cell_are_joined_in_their_order() -> None:
    """Parts in any order of cells, a cell in several of them, become one run a cell."""
    parts = [
        Rows(np.array([3, 3, 1]), np.array([1, 2, 1]), np.array([0.0, 1, 2])),
        Rows(np.array([1, 3]), np.array([5, 6]), np.array([3.0, 4])),
    ]
    every = Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    runs = Runs.of(every).merged()
    wanted = every.take(order_by(every.cell, every.time_ms))
    assert [column.tolist() for column in runs.rows] == [column.tolist() for column in wanted]
    assert runs.cell.tolist() == [1, 3]
    later = runs.since(2)
    assert [column.tolist() for column in later.rows] == [[1, 1, 3, 3], [1, 5, 2, 6], [2.0, 3.0, 1.0, 4.0]]
