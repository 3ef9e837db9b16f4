"""The readings in memory, found by cell."""

from __future__ import annotations

import numpy as np
import pytest

from rules.engine.history import Memory, NoHistory, PointLookup
from rules.engine.layout import build
from rules.engine.rows import Ranked, order_by
from tests.unit.rules.town import members, rule_set, rule_text


@pytest.mark.parametrize("wells", [3, 40, 400])
@pytest.mark.parametrize("size", [1, 7, 500])
def test_small_and_large_blocks_find_the_same_readings(size: int, wells: int) -> None:
    """Blocks with few rows are looked through, others indexed: both give every row of the cells asked for alone."""
    layout = build(rule_set(rule_text("r0", "a > 1 or b > 1 or c > 1")), {"well": members(wells)})
    memory = Memory(layout, PointLookup(layout), NoHistory(), 10_000)
    rng = np.random.default_rng(size)
    count, cells = 1_000, len(layout.point)
    cell, time_ms = rng.integers(0, cells, count), rng.permutation(count).astype(np.int64)
    for start in range(0, count, size):
        part = slice(start, start + size)
        rank = np.zeros(len(cell[part]), np.int64)
        memory.add(Ranked(cell[part], time_ms[part], time_ms[part].astype(np.float64), rank, rank))
    wanted = np.sort(rng.choice(cells, cells * 2 // 3, replace=False))
    from_ms = rng.integers(0, count, len(wanted))
    begin = np.full(cells, count)
    begin[wanted] = from_ms
    expected = sorted(time_ms[time_ms >= begin[cell]].tolist())
    for found in (memory.gathered(wanted, from_ms), memory.since(wanted, from_ms, count)):
        assert sorted(found.time_ms.tolist()) == expected
        np.testing.assert_array_equal(found.cell, cell[np.argsort(time_ms)][found.time_ms])
        np.testing.assert_array_equal(found.value, found.time_ms)


def test_a_point_no_rule_reads_has_no_cell() -> None:
    """Numbers below, between and above those of the points that rules read lead to no cell, the others to their own."""
    layout = build(rule_set(rule_text("r0", "a > 1 or c > 1")), {"well": members(3)})
    known = np.sort(layout.point[layout.point >= 0])
    asked = np.concatenate([known, [-1, -7, np.iinfo(np.int32).min], known + 1, [10**6, np.iinfo(np.int32).max]])
    asked = asked.astype(np.int32)
    cell = PointLookup(layout).cells(asked)
    expected = [int(np.flatnonzero(layout.point == point)[0]) if point in known else -1 for point in asked.tolist()]
    assert cell.tolist() == expected
    assert PointLookup(layout).cells(asked[:0]).tolist() == []


@pytest.mark.parametrize("mixed", [0, 3, 200_000])
@pytest.mark.parametrize("span_ms", [1, 5, 10**6, 1 << 45, 1 << 55])
def test_rows_are_ordered_by_group_and_time_whatever_the_span(span_ms: int, mixed: int) -> None:
    """Each row once, groups ascending, times ascending in each: with keys that hold the row, without, and with none."""
    rng = np.random.default_rng(span_ms)
    for count in (2, 3, 1_000, 1_024, 2_500, 70_000):
        group, time_ms = rng.integers(0, 300, count), rng.integers(0, span_ms, count) - span_ms // 2
        place = np.lexsort((time_ms, group))  # in order, but for those that change places
        for one, other in rng.integers(0, count, (min(mixed, 3 * count), 2)).tolist():
            place[[one, other]] = place[[other, one]]
        group, time_ms = group[place], time_ms[place]
        order = order_by(group, time_ms)
        assert sorted(order.tolist()) == list(range(count))
        placed = list(zip(group[order].tolist(), time_ms[order].tolist(), strict=True))
        assert placed == sorted(placed)
