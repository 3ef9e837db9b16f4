"""The readings in memory, found by cell."""

from __future__ import annotations

import numpy as np
import pytest

from rules.engine.history import Memory, NoHistory, PointLookup
from rules.engine.layout import build
from rules.engine.rows import Ranked
from tests.unit.rules.town import members, rule_set, rule_text


@pytest.mark.parametrize("size", [1, 7, 500])
def test_small_and_large_blocks_find_the_same_readings(size: int) -> None:
    """Blocks with few rows are looked through, others indexed: both give every row of the cells asked for alone."""
    layout = build(rule_set(rule_text("r0", "a > 1 or b > 1 or c > 1")), {"well": members(40)})
    memory = Memory(layout, PointLookup(layout), NoHistory(), 10_000)
    rng = np.random.default_rng(size)
    count, cells = 1_000, len(layout.point)
    cell, time_ms = rng.integers(0, cells, count), rng.permutation(count).astype(np.int64)
    for start in range(0, count, size):
        part = slice(start, start + size)
        rank = np.zeros(len(cell[part]), np.int64)
        memory.add(Ranked(cell[part], time_ms[part], time_ms[part].astype(np.float64), rank, rank))
    wanted = np.sort(rng.choice(cells, 30, replace=False))
    from_ms = rng.integers(0, count, 30)
    begin = np.full(cells, count)
    begin[wanted] = from_ms
    expected = sorted(time_ms[time_ms >= begin[cell]].tolist())
    for found in (memory.gathered(wanted, from_ms), memory.since(wanted, from_ms, count)):
        assert sorted(found.time_ms.tolist()) == expected
        assert set(found.cell.tolist()) <= set(wanted.tolist())
        np.testing.assert_array_equal(found.value, found.time_ms)
