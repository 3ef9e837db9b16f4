"""Late readings that look like a change, and those of them that are none.

Behind a cell's last change of band its step function is not at hand, so a late reading there is only suspected of a
change. Suspects are gathered for a while, then their neighbours are looked up in memory, all at once. Where the
reading judged last before lies in the same band, and holds until the next one judged, the cell was known and in this
band all along, with the late reading and without it: no comparison of its value changes. At most a window does.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, Bools, Ints
from rules.engine.cells import bands
from rules.engine.history import Memory
from rules.engine.lateness import Lateness
from rules.engine.layout import Layout
from rules.engine.rows import Rows, joined, order_by


class Suspects:
    """Late rows that wait to be looked into, and when it is their turn."""

    def __init__(self, layout: Layout) -> None:
        """None."""
        self._layout = layout
        self._rows: list[Rows] = []
        self.lateness = Lateness(len(layout.facility))

    def note(self, rows: Rows, now_ms: int) -> None:
        """Late rows have arrived."""
        self._rows.append(rows)
        self.lateness.note(self._layout.cell_facility[rows.cell], rows.time_ms, now_ms)

    def take(self) -> Rows:
        """All that wait; they wait no longer."""
        rows, self._rows = joined(self._rows), []
        self.lateness.done(self.lateness.waiting())
        return rows


def changing(layout: Layout, memory: Memory, late: Rows, judged_from_ms: Ints) -> Bools:
    """Which late rows may change a comparison with their own value.

    Args:
        layout: where everything lies.
        memory: holds every row judged so far, and the late ones.
        late: rows that have not been judged.
        judged_from_ms: int64[G], up to where rows of each facility may have gone unjudged.

    Returns:
        bool[len(late)].
    """
    cell, own = np.unique(late.cell, return_inverse=True)
    from_ms = np.full(len(cell), np.iinfo(np.int64).max)
    np.minimum.at(from_ms, own, late.time_ms)
    from_ms = np.maximum(from_ms - layout.stale_ms[cell], BEGINNING_MS)
    reached = from_ms >= memory.complete_from_ms
    rows = memory.gathered(cell[reached], from_ms[reached]).rows
    place = np.searchsorted(cell, rows.cell)
    order = order_by(place, rows.time_ms)
    rows, place = rows.take(order), place[order]
    # Two readings of one millisecond: which of them holds is left to a re-evaluation.
    again = (place[1:] == place[:-1]) & (rows.time_ms[1:] == rows.time_ms[:-1])
    reached[place[1:][again]] = False
    found = reached[own].copy()
    at = _find(place, rows.time_ms, own[found], late.time_ms[found])
    result = np.ones(len(found), np.bool_)
    result[found] = ~_harmless(layout, rows, at, judged_from_ms)
    return result


def _find(place: Ints, time_ms: Ints, wanted: Ints, wanted_ms: Ints) -> Ints:
    """Where rows (sorted by place and time) stand that are known to be there."""
    earliest = int(time_ms.min(initial=0))
    span = int(time_ms.max(initial=0)) - earliest + 1
    return np.searchsorted(place * span + (time_ms - earliest), wanted * span + (wanted_ms - earliest))


def _harmless(layout: Layout, rows: Rows, at: Ints, judged_from_ms: Ints) -> Bools:
    """Whether the rows ``at`` lie between two judged ones, in the band of the one before, which holds until then."""
    count, number = len(rows.cell), np.arange(len(rows.cell))
    judged = np.ones(count, np.bool_)
    judged[at] = False
    before = np.maximum.accumulate(np.where(judged, number, -1))[at]
    after = np.minimum.accumulate(np.where(judged, number, count)[::-1])[::-1][at]
    fine = (before >= 0) & (after < count)
    before, after = np.maximum(before, 0), np.minimum(after, count - 1)
    cell = rows.cell[at]
    fine &= (rows.cell[before] == cell) & (rows.cell[after] == cell)
    fine &= rows.time_ms[after] - rows.time_ms[before] <= layout.stale_ms[cell]
    fine &= rows.time_ms[before] > judged_from_ms[layout.cell_facility[cell]]
    order = np.argsort(cell, kind="stable")
    low, high = np.empty(len(at)), np.empty(len(at))
    low[order], high[order] = bands(layout, cell[order], rows.value[before][order])
    fine &= (rows.value[at] >= low) & (rows.value[at] <= high)
    return fine
