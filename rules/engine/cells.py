"""Step functions by cell, and the sieve that lets calm readings pass.

Per cell: its value, when that expires, the band within which a new value changes nothing, and the *floor*: the last
moment at which the cell changed its band. A reading after the floor, inside the band and not after the expiry is
*calm*: the cell was in this band all along and still is, so it may even be older than the newest reading. Cells that
a window looks back over take every reading in order; their floor is their newest reading and the last closed slot.

What is not calm is an *event* if it is newer than everything that happened to its facility (the *front*), else *late*.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.columns import BEGINNING_MS, Bools, Floats, Indices, Ints
from rules.engine.layout import Layout
from rules.engine.rows import NO_ROWS, Ranked, Rows, firsts, from_first, joined, one_per_moment


class Sifted(NamedTuple):
    """What became of a batch.

    Attributes:
        events: rows that may change a condition, expiries included.
        looked_back: rows of windowed cells, sorted by (cell, time).
        late: rows that came too late.
        rows: the rows as sifted, without those older than what is known of their cell.
    """

    events: Rows
    looked_back: Rows
    late: Rows
    rows: Rows


class Cells:
    """State of n cells: 48 bytes each."""

    COLUMNS = ("value", "expiry_ms", "low", "high", "floor_ms", "since_ms")

    def __init__(self, layout: Layout) -> None:
        """Nothing known."""
        count = len(layout.cell_facility)
        self._layout = layout
        self.value = np.full(count, np.nan)
        self.expiry_ms = np.full(count, BEGINNING_MS)
        self.low = np.full(count, np.inf)
        self.high = np.full(count, -np.inf)
        self.floor_ms = np.full(count, BEGINNING_MS)
        self.since_ms = np.full(count, BEGINNING_MS)
        self._scratch = np.zeros(count, np.intp)
        self._marked = np.zeros(count, np.bool_)
        self._counting = np.arange(0)

    def sift(self, batch: Ranked, front_ms: Ints) -> Sifted:
        """Take in a batch: calm rows at once; events, late rows and rows for windows are handed back."""
        again = self._repeated(batch.cell)
        if not len(again):
            return self._sift_frame(batch.rows, front_ms)
        # Only cells that stand in several rows can have rows older than what another row of the batch says.
        cell, time_ms, _ = batch.rows
        is_old = time_ms + self._layout.stale_ms.take(cell) <= self.expiry_ms.take(cell)
        old, young = np.flatnonzero(is_old), np.flatnonzero(~is_old)
        late = self._unfit(batch.rows.take(old))
        rest = batch.rows.take(young)
        again = self._repeated(rest.cell)
        if not len(again):
            single = self._sift_frame(rest, front_ms)
            return single._replace(late=joined([late, single.late]))
        self._marked[rest.cell[again]] = True
        chained = self._marked.take(rest.cell)
        self._marked[rest.cell[again]] = False
        single = self._sift_frame(rest.take(~chained), front_ms)
        chains = self._sift_chains(one_per_moment(batch.take(young[chained])).rows, front_ms)
        both = Sifted(*(joined([one, other]) for one, other in zip(single, chains, strict=True)))
        return both._replace(late=joined([late, both.late]))

    def _unfit(self, old: Rows) -> Rows:
        """Of rows older than what is known of their cells, those that are not calm."""
        cell, time_ms, value = old
        fits = (value >= self.low.take(cell)) & (value <= self.high.take(cell)) & (time_ms > self.floor_ms.take(cell))
        fits &= time_ms <= self.expiry_ms.take(cell)
        return old.take(~fits)

    def _repeated(self, cell: Indices) -> Indices:
        """Rows whose cell stands in a later row, too."""
        if len(cell) > len(self._counting):
            self._counting = np.arange(2 * len(cell))
        place = self._counting[: len(cell)]
        self._scratch[cell] = place
        return np.flatnonzero(self._scratch.take(cell) != place)

    # --- each cell at most once -------------------------------------------------------------------------------

    def _sift_frame(self, rows: Rows, front_ms: Ints) -> Sifted:
        cell, time_ms, value = rows
        expiry = self.expiry_ms.take(cell)
        until = time_ms + self._layout.stale_ms.take(cell)
        calm = value >= self.low.take(cell)
        calm &= value <= self.high.take(cell)
        calm &= time_ms > self.floor_ms.take(cell)
        calm &= time_ms <= expiry
        newer = until > expiry
        events, late = NO_ROWS, NO_ROWS
        kept: Bools | None = None
        if not (calm.all() and newer.all()):
            events, late, kept = self._sort_out(rows, calm, newer, expiry, front_ms)
            calm &= newer
            self.value[cell[calm]] = value[calm]
            self.expiry_ms[cell[kept]] = until[kept]
        else:
            self.value[cell] = value
            self.expiry_ms[cell] = until
        return Sifted(events, self._looked_back(rows, kept), late, rows)

    def _sort_out(
        self, rows: Rows, calm: Bools, newer: Bools, expiry: Ints, front_ms: Ints
    ) -> tuple[Rows, Rows, Bools]:
        """Events (with the expiries before them), late rows, and a mask of rows that are the newest of their cell."""
        restless = np.flatnonzero(~calm)
        cell, time_ms = rows.cell[restless], rows.time_ms[restless]
        front = front_ms[self._layout.cell_facility[cell]]
        late = ~newer[restless] | (time_ms <= front) | (time_ms <= self.floor_ms[cell])
        events = restless[~late]
        cell, was_known = rows.cell[events], ~np.isnan(self.value[rows.cell[events]])
        lapsed = was_known & (rows.time_ms[events] > expiry[events])
        gaps = Rows(cell[lapsed], expiry[events[lapsed]], np.full(int(lapsed.sum()), np.nan))
        telling = was_known | ~np.isnan(rows.value[events])
        kept = newer.copy()
        kept[restless[late]] = False
        return joined([gaps, rows.take(events[telling])]), rows.take(restless[late]), kept

    def _looked_back(self, rows: Rows, kept: Bools | None) -> Rows:
        """The rows windows must see, and the new floor of their cells."""
        if not self._layout.has_windows:
            return NO_ROWS
        chosen = self._layout.windowed.take(rows.cell)
        if kept is not None:
            chosen &= kept
        seen = rows.take(chosen)
        self.floor_ms[seen.cell] = seen.time_ms
        return seen

    # --- cells repeat: sorted by (cell, time) -----------------------------------------------------------------

    def _sift_chains(self, rows: Rows, front_ms: Ints) -> Sifted:
        layout = self._layout
        cell, time_ms, value = rows
        expiry = self.expiry_ms.take(cell)
        until = time_ms + layout.stale_ms.take(cell)
        fits = (value >= self.low.take(cell)) & (value <= self.high.take(cell)) & (time_ms > self.floor_ms.take(cell))
        first = firsts(cell)
        before = np.empty_like(until)
        before[1:] = until[:-1]
        before[first] = expiry[first]
        event = from_first(cell, ~fits | (time_ms > before))
        late = event & ((time_ms <= front_ms[layout.cell_facility[cell]]) | (time_ms <= self.floor_ms[cell]))
        lapsed = event & (time_ms > before) & (~first | ~np.isnan(self.value[cell]))
        lapsed &= before > front_ms[layout.cell_facility[cell]]
        gaps = Rows(cell[lapsed], before[lapsed], np.full(int(lapsed.sum()), np.nan))
        events = np.flatnonzero(event & ~late)
        calm = ~event
        self.value[cell[calm]] = value[calm]
        self.expiry_ms[cell[~late]] = until[~late]
        seen = self._looked_back(Rows(cell, time_ms, value), ~late)
        found = joined([gaps, Rows(cell[events], time_ms[events], value[events])])
        return Sifted(found, seen, rows.take(late), rows)

    # --- expiry -----------------------------------------------------------------------------------------------

    def expired(self, horizon_ms: Ints) -> Rows:
        """A row "unknown" for every known cell that expires at or before its facility's horizon."""
        if not len(self.value) or not len(horizon_ms):
            return NO_ROWS
        cell = np.flatnonzero(self.expiry_ms <= horizon_ms.max())
        cell = cell[~np.isnan(self.value[cell])]
        expiry = self.expiry_ms[cell]
        due = expiry <= horizon_ms[self._layout.cell_facility[cell]]
        return Rows(cell[due], expiry[due], np.full(int(due.sum()), np.nan))

    def derived(self, rows: Rows) -> Rows:
        """Of the results of windows or dates (sorted by cell and time) those that leave their band."""
        cell, _, value = rows
        fits = (value >= self.low[cell]) & (value <= self.high[cell])
        fits |= np.isnan(value) & np.isnan(self.value[cell])
        return rows.take(from_first(cell, ~fits))

    def in_band(self, rows: Rows) -> Bools:
        """Which rows lie in the present bands of their cells, or are unknown."""
        value = rows.value
        inside: Bools = (value >= self.low[rows.cell]) & (value <= self.high[rows.cell])
        inside |= np.isnan(value)
        return inside

    # --- after the events -------------------------------------------------------------------------------------

    def settle(self, events: Rows) -> None:
        """Take over the last value of every cell with events (in time order for each cell), and its new band."""
        cell, time_ms, value = events
        self.value[cell] = value
        self.since_ms[cell] = time_ms
        self.floor_ms[cell] = np.maximum(self.floor_ms[cell], time_ms)
        self._marked[cell] = True
        touched = np.flatnonzero(self._marked)
        self._marked[touched] = False
        self.rebound(touched)

    def unsettle(self, cell: Indices, until_ms: Ints) -> None:
        """Cells that were elsewhere in the past than was known, until some moments (rows of one cell may repeat)."""
        np.maximum.at(self.since_ms, cell, until_ms)
        np.maximum.at(self.floor_ms, cell, until_ms)

    def prolong(self, rows: Rows) -> None:
        """Late rows in their cell's band (rows of one cell may repeat): the newest holds longer than what was known."""
        np.maximum.at(self.expiry_ms, rows.cell, rows.time_ms + self._layout.stale_ms[rows.cell])

    def put(self, rows: Rows) -> None:
        """Late rows, one a cell, that are the newest of their cells and in force."""
        self.value[rows.cell] = rows.value
        self.unsettle(rows.cell, rows.time_ms)
        self.rebound(np.sort(rows.cell))

    def rebound(self, cell: Indices) -> None:
        """Compute the bands of some cells (ascending) from their values."""
        self.low[cell], self.high[cell] = bands(self._layout, cell, self.value[cell])


def bands(layout: Layout, cell: Indices, value: Floats) -> tuple[Floats, Floats]:
    """First and last value of the bands in which values of some cells (ascending) lie."""
    low, high = np.empty(len(cell)), np.empty(len(cell))
    for one in layout.classes:
        start, stop = np.searchsorted(cell, (one.cell0, one.cell0 + len(one.operands) * one.size)).tolist()
        if start == stop:
            continue
        column = (cell[start:stop] - one.cell0) // one.size
        bounds = np.searchsorted(column, np.arange(len(one.operands) + 1)) + start
        for number, (begin, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
            if begin < end:
                rows = cell[begin:end] - one.cells(number).start
                low[begin:end], high[begin:end] = one.guards[number].band(value[begin:end], rows)
    return low, high
