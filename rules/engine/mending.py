"""Late readings that change a window and nothing else.

A late reading within its cell's band cannot change a comparison of its own value; but if a window looks back over the
cell, the slots it falls into change, and the windows that hold them. So the window alone is set back to the beginning
of that slot, fed anew from the history of this one cell, and if all its results since then stay within the bands they
were in, nothing else can have changed: the mended window is put in place. Otherwise the facility is re-evaluated as a
whole. The band is usually the present one, all along; where it is not, the results as they were are folded once more
from the slots that the window still knows, and compared one by one.
"""

from __future__ import annotations

import numpy as np

from rules.buckets import WEEK_HOURS
from rules.columns import Bools, Floats, Indices, Ints
from rules.engine.cells import bands
from rules.engine.history import Memory
from rules.engine.layout import ClassLayout
from rules.engine.patches import Patch, Stretch, in_open_block
from rules.engine.plane import Plane
from rules.engine.rewinding import Recomputed, recomputed
from rules.engine.rows import Rows
from rules.engine.seasons import Season
from rules.engine.windows import Window


def mendable(plane: Plane, late: Rows) -> Bools:
    """Which late rows leave every comparison with their own value as it is, and concern a window."""
    cells, cell = plane.cells, late.cell
    mild: Bools = plane.layout.windowed[cell] & (late.time_ms > cells.since_ms[cell])
    mild &= (late.value >= cells.low[cell]) & (late.value <= cells.high[cell])
    return mild


class Mending:
    """Mends the windows of a plane."""

    def __init__(self, live: Plane, memory: Memory) -> None:
        """Work on ``live``, with the history in ``memory``."""
        self._live = live
        self._memory = memory

    def run(self, cell: Indices, oldest_ms: Ints) -> Bools:
        """Mend the windows over cells (ascending) from each one's oldest late reading on.

        Returns:
            bool[len(cell)]: where that was not possible without a re-evaluation; nothing was done there.
        """
        layout = self._live.layout
        failed = np.zeros(len(cell), np.bool_)
        starts = self._starts(cell, oldest_ms, failed)
        horizon_ms = self._live.horizon_ms[layout.cell_facility[cell]]
        rows = self._memory.since(cell, starts - layout.stale_ms[cell], int(horizon_ms.max(initial=0)) + 1)
        rows = self._live.judged(rows)
        number = np.empty(len(layout.point), np.intp)
        mended: list[tuple[Window, Recomputed, Indices, Indices]] = []
        for one, windows in zip(layout.classes, self._live.windows, strict=True):
            for window in windows:
                span = one.cells(window.plan.source)
                chosen = np.flatnonzero((cell >= span.start) & (cell < span.stop) & ~failed)
                if len(chosen):
                    row = cell[chosen] - span.start
                    number[cell] = -1
                    number[cell[chosen]] = np.arange(len(chosen))
                    begin, end = np.searchsorted(rows.cell, (span.start, span.stop)).tolist()
                    local = rows.between(begin, end)
                    local = local._replace(cell=number.take(local.cell))
                    if failed.any():
                        local = local.take(local.cell >= 0)
                    new, left = self._mend(one, window, row, oldest_ms[chosen], local)
                    failed[chosen[left]] = True
                    mended.append((window, new, row, chosen))
        for window, new, row, chosen in mended:
            new.put(window, row, ~failed[chosen])
        return failed

    def _starts(self, cell: Indices, oldest_ms: Ints, failed: Bools) -> Ints:
        """The beginning of the earliest slot to be set back to; marks cells some window of which cannot."""
        starts = oldest_ms.copy()
        for one, windows in zip(self._live.layout.classes, self._live.windows, strict=True):
            for window in windows:
                span = one.cells(window.plan.source)
                mine = np.flatnonzero((cell >= span.start) & (cell < span.stop))
                slot = oldest_ms[mine] // window.plan.step_ms
                failed[mine[~window.reaches(cell[mine] - span.start, slot)]] = True
                starts[mine] = np.minimum(starts[mine], slot * window.plan.step_ms)
        return starts

    def _mend(
        self, one: ClassLayout, window: Window, row: Indices, oldest_ms: Ints, rows: Rows
    ) -> tuple[Recomputed, Bools]:
        """The window as it should be, and where it has left its band. ``rows`` are grouped by place in ``row``."""
        slot = oldest_ms // window.plan.step_ms
        stale_ms = self._live.layout.stale_ms[one.cells(window.plan.source).start + row]
        until_ms = window.slot[row] * window.plan.step_ms
        stretch = Stretch(row, slot, np.ones(len(row), np.bool_), window.begun[row], stale_ms, until_ms)
        new, results = recomputed(window, stretch, rows)
        left = self._leaves_band(one, window, row, slot, results)
        if isinstance(window, Season):
            # An hour is looked at a week later; only ``deviation`` looks at it at once.
            return new, left & ((new.slot - slot > WEEK_HOURS - 3) | (window.weekly.ahead == 0))
        unsure = np.flatnonzero(left & in_open_block(window, row, slot, new.slot))
        if len(unsure):
            mine = left[results.cell] & np.isin(results.cell, unsure)
            left[unsure] = self._differs(one, window, stretch.take(unsure), results.take(mine).value)
        return new, left

    def _differs(self, one: ClassLayout, window: Window, stretch: Stretch, value: Floats) -> Bools:
        """Where any result lies in another band than the one that stands in its place now.

        Args:
            one: the class.
            window: which of its windows.
            stretch: k places of the open block.
            value: their results, by place and time, beginning with the one that held when the stretch began.
        """
        before = Patch(window, stretch, None).results(window)
        cell = one.cells(window.plan.column).start + stretch.row[before.cell]
        low, high = bands(self._live.layout, cell, before.value)
        same = (value >= low) & (value <= high)
        same |= np.isnan(value) & np.isnan(before.value)
        differs = np.zeros(len(stretch.row), np.bool_)
        differs[before.cell[~same]] = True
        return differs

    def _leaves_band(self, one: ClassLayout, window: Window, row: Indices, slot: Ints, results: Rows) -> Bools:
        cells, base = self._live.cells, one.cells(window.plan.column).start
        left: Bools = cells.since_ms[base + row] >= (slot + 1) * window.plan.step_ms
        cell, value = base + row[results.cell], results.value
        fits = (value >= cells.low[cell]) & (value <= cells.high[cell])
        fits |= np.isnan(value) & np.isnan(cells.value[cell])
        left[results.cell[~fits]] = True
        return left
