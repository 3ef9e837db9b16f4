"""The sieve for a replay: readings in order, sorted out run by run instead of reading by reading.

A replay reads the store, which gives each point's readings in one run, in time order, one a millisecond, nothing late.
So three things can be asked of a whole run at once: its least and greatest value, its longest pause, and whether it
joins on to what was known before. A run that stays in its cell's band and has no pause changes no comparison: it
costs five passes over its columns and leaves one value behind. In the others each reading's band is told by counting
the cuts below it, and only readings that leave the band of the one before are events.

In this the sieve differs from ``Cells.sift``, which must be ready for late readings and therefore calls everything an
event that follows one in the same batch. Both find the same step functions: ``tests/unit/rules/test_replay.py``.
"""

from __future__ import annotations

import numpy as np

from core.quality import GOOD, is_good
from core.readings import Readings
from rules.columns import Bools, Floats, Indices, Ints
from rules.engine.cells import Cells
from rules.engine.frames import Sifted
from rules.engine.guards import Guard
from rules.engine.history import PointLookup
from rules.engine.layout import Layout
from rules.engine.rows import NO_ROWS, Ranked, Rows, firsts, joined, order_by
from rules.engine.runs import Runs

_COUNTED = 16
"""Up to so many cuts are counted one by one; more are searched."""


class OrderedCells(Cells):
    """Cells of a replay: rows come sorted, nothing is late, and an event is only what changes a band."""

    def __init__(self, layout: Layout) -> None:
        """Nothing known."""
        super().__init__(layout)
        self.sieved = Sifted(NO_ROWS, NO_ROWS, NO_ROWS)
        self.looked_back: list[Runs] = []
        columns = [(one, number) for one in layout.classes for number in range(len(one.operands))]
        self._guard = [one.guards[number] for one, number in columns]
        self._cell0 = [one.cells(number).start for one, number in columns]
        sizes = np.array([one.size for one, _ in columns], np.intp)
        self._column: Indices = np.repeat(np.arange(len(columns)), sizes)

    def sift(self, batch: Ranked, front_ms: Ints) -> Sifted:
        """What the sieve has found; ``batch`` only says that there is something."""
        del batch, front_ms
        found, self.sieved = self.sieved, Sifted(NO_ROWS, NO_ROWS, NO_ROWS)
        return found

    def in_order(self, rows: Rows) -> Ranked:
        """Sift rows that are sorted by (cell, time), one a millisecond, none of them late; windows do not see them."""
        runs = Runs.of(rows)
        if not len(runs.cell):
            return Ranked.alone(rows)
        events = self.sifted_out(runs)
        last = rows.take(runs.last)
        windowed = np.flatnonzero(self._layout.windowed[last.cell])
        self.floor_ms[last.cell[windowed]] = last.time_ms[windowed]
        self.sieved = Sifted(events, NO_ROWS, NO_ROWS)
        return Ranked.alone(rows.take(np.concatenate([runs.head, runs.last])))  # from when and until when there are any

    def sifted_out(self, runs: Runs) -> Rows:
        """Take in runs of different cells; their events."""
        stale_ms = self._layout.stale_ms[runs.cell]
        calm = self._calm(runs, _pauses(runs, stale_ms))
        self.value[runs.cell[calm]] = runs.value[runs.last[calm]]
        events = NO_ROWS if calm.all() else self.events(runs.take(~calm))
        self.expiry_ms[runs.cell] = runs.time_ms[runs.last] + stale_ms
        return events

    def _calm(self, runs: Runs, pauses: Indices) -> Bools:
        """Which runs stay in the band in which their cell is, and follow on without a pause."""
        calm: Bools = np.minimum.reduceat(runs.value, runs.head) >= self.low[runs.cell]
        calm &= np.maximum.reduceat(runs.value, runs.head) <= self.high[runs.cell]
        calm &= runs.time_ms[runs.head] <= self.expiry_ms[runs.cell]
        calm[runs.owners(pauses)] = False
        return calm

    def derived(self, rows: Rows) -> Rows:
        """Of the results of windows those that lie in another band than the one before."""
        left = ~((rows.value >= self.low.take(rows.cell)) & (rows.value <= self.high.take(rows.cell)))
        left &= ~(np.isnan(rows.value) & np.isnan(self.value.take(rows.cell)))
        if not left.any():
            return NO_ROWS
        chosen = self._of_cells_of(rows.cell, np.flatnonzero(left))
        chosen = chosen.take(order_by(rows.cell.take(chosen), rows.time_ms.take(chosen)))
        return self.events(Runs.of(rows.take(chosen)))

    def events(self, runs: Runs) -> Rows:
        """Where runs change their band, become unknown or known, by cell and time."""
        column = self._column[runs.cell]
        order = np.argsort(column, kind="stable")
        if (column[1:] < column[:-1]).any():
            runs, column = runs.ordered(order), column[order]
        bounds = np.flatnonzero(np.diff(column, prepend=-1, append=-1))
        found: list[Rows] = []
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            number = int(column[start])
            found += self._events(runs.between(start, stop), self._guard[number], self._cell0[number])
        return joined(found)

    def _events(self, runs: Runs, guard: Guard, cell0: int) -> list[Rows]:
        """The same of one operand: the ends of what was held before a pause, and the readings that change it."""
        head, known = runs.head, ~np.isnan(runs.value)
        was_known = np.empty(len(known), np.bool_)
        was_known[1:] = known[:-1]
        was_known[head] = self._holding(runs.cell)
        lapsed = np.zeros(len(known), np.bool_)
        lapsed[_pauses(runs, self._layout.stale_ms[runs.cell])] = True
        lapsed[head] = runs.time_ms[head] > self.expiry_ms[runs.cell]
        lapsed &= was_known
        moved = self._moved(runs, guard, cell0)
        # From known to unknown and back is a change whatever the bands; unknown to unknown is none, and after a
        # pause its end has said "unknown" already.
        moved |= known != was_known
        moved |= lapsed
        moved &= known | (was_known & ~lapsed)
        return [self._ends(runs, np.flatnonzero(lapsed)), _rows_at(runs, np.flatnonzero(moved))]

    def _moved(self, runs: Runs, guard: Guard, cell0: int) -> Bools:
        """Which readings lie in another band than the one before them."""
        if guard.restless:
            return np.ones(len(runs.value), np.bool_)
        code = _codes(runs, guard, cell0)
        moved = np.empty(len(code), np.bool_)
        moved[1:] = code[1:] != code[:-1]
        first = runs.value[runs.head]
        moved[runs.head] = ~((first >= self.low[runs.cell]) & (first <= self.high[runs.cell]))
        return moved

    def _ends(self, runs: Runs, lapsed: Indices) -> Rows:
        """When what was held before some rows has expired."""
        owner = runs.owners(lapsed)
        cell = runs.cell[owner]
        ended_ms = runs.time_ms[lapsed - 1] + self._layout.stale_ms[cell]
        is_head = runs.head[owner] == lapsed
        ended_ms[is_head] = self.expiry_ms[cell[is_head]]
        return self._lapses(cell, ended_ms)


class Sieve:
    """Gathers what a stretch of time holds for the plane, while it goes through the points piece by piece."""

    def __init__(self, layout: Layout, cells: OrderedCells, lookup: PointLookup) -> None:
        """Sieve for these cells."""
        self._layout = layout
        self._cells = cells
        self._lookup = lookup
        self._events: list[Rows] = []
        self._looked_back: list[Runs] = []

    def take(self, batch: Readings) -> int:
        """Sort out readings of some points, sorted by (point, time), one per millisecond; how many a rule reads.

        Between two calls of ``hand_over`` each point comes in one batch at most.
        """
        own, more = self._runs(batch), self._more(batch)
        self._sift(own)
        self._sift(Runs.of(more.take(~np.isnan(more.value))))  # what is not good is none for an age
        return max(len(own.time_ms), len(more.cell))

    def _sift(self, runs: Runs) -> None:
        """Sort out runs of different cells."""
        if not len(runs.cell):
            return
        self._events.append(self._cells.sifted_out(runs))
        if self._layout.has_windows:
            self._looked_back.append(runs.take(self._layout.windowed[runs.cell]))

    def hand_over(self) -> Rows:
        """Give the cells what was found; the events among it."""
        events, self._cells.looked_back = joined(self._events), self._looked_back
        self._events, self._looked_back = [], []
        self._cells.sieved = Sifted(events, NO_ROWS, NO_ROWS)
        return events

    def _more(self, batch: Readings) -> Rows:
        """What the cells of qualities and ages take, by cell and time."""
        if self._layout.feed is None or not len(batch):
            return NO_ROWS
        head = np.flatnonzero(firsts(batch.point))
        asked = self._lookup.asks_more(batch.point[head])
        if not asked.any():
            return NO_ROWS
        rows = np.flatnonzero(np.repeat(asked, np.diff(head, append=len(batch))))
        return self._lookup.more(batch.take(rows)).rows

    # --- whole runs ---------------------------------------------------------------------------------------------

    def _runs(self, batch: Readings) -> Runs:
        """The runs of cells; readings that no rule reads are left out."""
        point = batch.point
        head = (
            np.concatenate([[0], np.flatnonzero(point[1:] != point[:-1]) + 1]) if len(point) else np.empty(0, np.intp)
        )
        size = np.diff(head, append=len(point))
        cell = self._lookup.cells(point[head])
        value = batch.value
        if len(point) and int(batch.quality.max()) != GOOD:
            value = np.where(is_good(batch.quality), value, np.nan)
        runs = Runs(cell, head, size, batch.time_ms, value).take(cell >= 0)
        return runs._replace(value=self._converted(runs))

    def _converted(self, runs: Runs) -> Floats:
        """Values in the rules' units, NaN for infinities."""
        value, layout = runs.value, self._layout
        if not np.isfinite(value).all():
            value = np.where(np.isfinite(value), value, np.nan)
        if layout.factor is None or layout.offset is None:
            return value
        factor, offset = layout.factor[runs.cell], layout.offset[runs.cell]
        if (factor == 1.0).all() and (offset == 0.0).all():
            return value
        converted: Floats = value * np.repeat(factor, runs.size) + np.repeat(offset, runs.size)
        return converted


def _rows_at(runs: Runs, rows: Indices) -> Rows:
    """Some of the rows."""
    return Rows(runs.cell[runs.owners(rows)], runs.time_ms[rows], runs.value[rows])


def _pauses(runs: Runs, stale_ms: Ints) -> Indices:
    """Rows that come later than the one before them in their run holds."""
    if not len(runs.time_ms):
        return np.empty(0, np.intp)
    longest = int(stale_ms.min())
    far = np.flatnonzero(np.diff(runs.time_ms) > longest) + 1
    owner = runs.owners(far)
    inside = runs.head[owner] != far
    far, owner = far[inside], owner[inside]
    too_far: Indices = far[runs.time_ms[far] - runs.time_ms[far - 1] > stale_ms[owner]]
    return too_far


def _codes(runs: Runs, guard: Guard, cell0: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """A number for the band of each value; 0 for unknown ones. Different bands of one cell have different numbers."""
    value = runs.value
    if guard.restless:
        return np.zeros(len(value), np.int16)
    if len(guard.starts) > _COUNTED:
        code = np.searchsorted(guard.starts, value, side="right").astype(np.int16)
        code[np.isnan(value)] = 0
    else:
        code = np.zeros(len(value), np.int16)
        for start in guard.starts.tolist():
            code += value >= start
    for cut in guard.own:
        at = np.repeat(cut[runs.cell - cell0], runs.size)
        code += value >= at
        code += value > at
    return code
