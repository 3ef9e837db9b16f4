"""Step functions by cell, and the sieve that lets calm readings pass.

Per cell: its value, when that expires, the band within which a new value changes nothing, and the *floor*: the last
moment at which the cell changed its band. A reading after the floor, inside the band and not after the expiry is
*calm*: the cell was in this band all along and still is, so it may even be older than the newest reading. Cells that
a window looks back over take every reading in order; their floor is their newest reading and the last closed slot.

What is not calm is an *event* if it is newer than everything that happened to its facility (the *front*), else *late*.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Floats, Indices, Ints
from rules.engine.frames import Frames, InColumns, Sifted
from rules.engine.layout import Layout
from rules.engine.rows import NO_ROWS, CellIndex, Ranked, Rows, firsts, from_first, joined, one_per_moment, order_by


class Cells(Frames):
    """State of n cells: 72 bytes each; their chains, expiries, and what follows from events."""

    def sift(self, batch: Ranked, front_ms: Ints) -> Sifted:
        """Take in a batch: calm rows at once; events, late rows and rows for windows are handed back."""
        if self._fill_columns(batch.rows):
            return self._sift_dense(batch, front_ms)
        rows = batch.rows
        expiry = self.expiry_ms.take(rows.cell)
        until = rows.time_ms + self._layout.stale_ms.take(rows.cell)
        newer = until > expiry
        if newer.all():
            past, fresh = NO_ROWS, self._places(len(rows.cell))
            repeated = self._repeated(rows.cell)
            if not repeated.any():
                return self._sift_frame(rows, expiry, until, front_ms)
        else:
            # What is older than what is known tells nothing of now, and without it most cells are single.
            past, fresh = rows.take(~newer), np.flatnonzero(newer)
            past = past.take(~self._fits(past))
            repeated = self._repeated(rows.cell.take(fresh))
        single = fresh.take(np.flatnonzero(~repeated))
        several = fresh.take(np.flatnonzero(repeated))
        frame = self._sift_frame(rows.take(single), expiry.take(single), until.take(single), front_ms)
        chains = self._sift_chains(one_per_moment(batch.take(several)).rows, front_ms)
        return Sifted(
            joined([frame.events, chains.events]),
            joined([frame.looked_back, chains.looked_back]),
            joined([past, frame.late, chains.late]),
        )

    def _sift_dense(self, batch: Ranked, front_ms: Ints) -> Sifted:
        """As ``sift``, of a batch with rows of most cells."""
        rows = batch.rows
        columns = self._put_in_columns(rows)
        if np.count_nonzero(columns.there) == len(rows.cell):
            return self._sift_columns(columns, front_ms)
        index = self._indexed = CellIndex(rows.cell, len(self.value))
        past, chained = self._several(batch, columns, index)
        past = past.take(~self._fits(past))
        frame = self._sift_columns(columns, front_ms)
        chained = chained.take(order_by(chained.cell, chained.time_ms))
        chains = self._sift_chains(chained, front_ms)
        columns.time_ms[chained.cell] = chained.time_ms
        return Sifted(
            joined([frame.events, chains.events]),
            joined([frame.looked_back, chains.looked_back]),
            joined([past, frame.late, chains.late]),
            frame.time_ms,
        )

    def _several(self, batch: Ranked, columns: InColumns, index: CellIndex) -> tuple[Rows, Rows]:
        """Sort out cells with several rows, until they have one or none in the columns.

        Returns:
            Rows that are older than what is known; and newer ones, where a cell has several of these.
        """
        lost, cell = index.others
        rows = Rows(cell, batch.time_ms.take(lost), batch.value.take(lost))
        kept_ms = columns.time_ms.take(cell)
        many = self._repeated(cell)
        many |= kept_ms == rows.time_ms
        past, chained = self._of_many(batch, columns, lost.compress(many), index)
        few = np.flatnonzero(~many)
        rows, kept_ms = rows.take(few), kept_ms.take(few)
        newer = np.flatnonzero(rows.time_ms > kept_ms)
        self._change_places(columns, rows, newer)
        in_vain = self._in_vain(rows)
        other = rows.take(~in_vain)
        newest = Rows(other.cell, columns.time_ms.take(other.cell), columns.value.take(other.cell))
        columns.there[other.cell], columns.time_ms[other.cell] = False, BEGINNING_MS
        return joined([past, rows.take(in_vain)]), joined([chained, other, newest])

    def _change_places(self, columns: InColumns, rows: Rows, some: Indices) -> None:
        """Put some rows into the columns, and in their places what the columns had."""
        cell = rows.cell.take(some)
        for column, of_rows in ((columns.time_ms, rows.time_ms), (columns.value, rows.value)):
            had = column.take(cell)
            column[cell] = of_rows.take(some)
            of_rows[some] = had

    def _of_many(self, batch: Ranked, columns: InColumns, lost: Indices, index: CellIndex) -> tuple[Rows, Rows]:
        """The same of cells with more than two rows, or two of one moment: ``lost`` and the last ones."""
        if not len(lost):
            return NO_ROWS, NO_ROWS
        last = index.row.take(np.unique(batch.cell.take(lost)))
        several = one_per_moment(batch.take(np.concatenate([lost, last]))).rows
        columns.there[several.cell], columns.time_ms[several.cell] = False, BEGINNING_MS
        in_vain = self._in_vain(several)
        past, several = several.take(in_vain), several.take(~in_vain)
        repeated = self._repeated(several.cell)
        single = several.take(~repeated)
        columns.there[single.cell] = True
        columns.time_ms[single.cell], columns.value[single.cell] = single.time_ms, single.value
        return past, several.take(repeated)

    def _in_vain(self, rows: Rows) -> Bools:
        """Rows that hold no longer than what is known: they tell nothing of now."""
        vain: Bools = rows.time_ms + self._layout.stale_ms.take(rows.cell) <= self.expiry_ms.take(rows.cell)
        return vain

    def in_order(self, rows: Rows) -> Ranked:
        """What ``sift`` takes for rows that are sorted by (cell, time), one a millisecond, none of them late."""
        return Ranked.alone(rows)

    def refresh(self, rows: Rows) -> None:
        """Have cells hold the last of their rows (sorted by cell and time) to the last bit, not only in its band."""
        last = np.ones(len(rows.cell), np.bool_)
        last[:-1] = firsts(rows.cell)[1:]
        cell, _, value = rows.take(last)
        held = self._holding(cell) & (value >= self.low[cell]) & (value <= self.high[cell])
        self.value[cell[held]] = value[held]

    def _of_cells_of(self, cell: Indices, some: Indices) -> Indices:
        """The rows whose cells are those of some of the rows."""
        self._marked[cell[some]] = True
        chosen = np.flatnonzero(self._marked.take(cell))
        self._marked[cell[some]] = False
        return chosen

    # --- cells repeat: sorted by (cell, time) -----------------------------------------------------------------

    def _sift_chains(self, rows: Rows, front_ms: Ints) -> Sifted:
        layout = self._layout
        cell, time_ms, value = rows
        expiry = self.expiry_ms.take(cell)
        until = time_ms + layout.stale_ms.take(cell)
        fits = self._fits(rows)
        first = firsts(cell)
        before = np.empty_like(until)
        before[1:] = until[:-1]
        before[first] = expiry[first]
        event = from_first(cell, ~fits | (time_ms > before))
        late = event & ((time_ms <= front_ms[layout.cell_facility[cell]]) | (time_ms <= self.floor_ms[cell]))
        lapsed = event & (time_ms > before) & (~first | self._holding(cell))
        lapsed &= before > front_ms[layout.cell_facility[cell]]
        gaps = self._lapses(cell[lapsed], before[lapsed])
        events = np.flatnonzero(event & ~late)
        calm = ~event
        self.value[cell[calm]] = value[calm]
        self.expiry_ms[cell[~late]] = until[~late]
        seen = self._looked_back(rows, np.flatnonzero(late))
        found = joined([gaps, Rows(cell[events], time_ms[events], value[events])])
        return Sifted(found, seen, rows.take(late))

    # --- expiry -----------------------------------------------------------------------------------------------

    def expired(self, horizon_ms: Ints) -> Rows:
        """A row "unknown" (or aged) for every known cell that expires at or before its facility's horizon."""
        if not len(self.value) or not len(horizon_ms):
            return NO_ROWS
        cell = np.flatnonzero(self.expiry_ms <= horizon_ms.max())
        cell = cell[self._holding(cell)]
        expiry = self.expiry_ms[cell]
        due = expiry <= horizon_ms[self._layout.cell_facility[cell]]
        return self._lapses(cell[due], expiry[due])

    def lapsing_at_once(self, events: Rows, horizon_ms: Ints) -> Rows:
        """Expiries of readings that came so late that the horizon has passed their end already."""
        if not len(events.cell):
            return NO_ROWS
        expiry = self.expiry_ms[events.cell]
        due = expiry <= horizon_ms[self._layout.cell_facility[events.cell]]
        due &= ~np.isnan(events.value)
        return self._lapses(events.cell[due], expiry[due])

    def derived(self, rows: Rows) -> Rows:
        """Of the results of windows those that leave their cell's band, and those after them; by cell and time."""
        cell, _, value = rows
        left = ~((value >= self.low.take(cell)) & (value <= self.high.take(cell)))
        left &= ~(np.isnan(value) & np.isnan(self.value.take(cell)))
        if not left.any():
            return NO_ROWS
        chosen = self._of_cells_of(cell, np.flatnonzero(left))
        chosen = chosen.take(order_by(cell.take(chosen), rows.time_ms.take(chosen)))
        return rows.take(chosen.take(np.flatnonzero(from_first(cell.take(chosen), left.take(chosen)))))

    def derived_column(self, span: slice, time_ms: Ints, value: Floats) -> Rows:
        """As ``derived``, of one result for every cell of a column."""
        stays = value >= self.low[span]
        stays &= value <= self.high[span]
        if stays.all():
            return NO_ROWS
        row = np.flatnonzero(~stays)
        row = row.compress(~(np.isnan(value.take(row)) & np.isnan(self.value[span].take(row))))
        return Rows(row + span.start, time_ms.take(row), value.take(row))

    def usual(self, rows: Rows) -> Bools:
        """Which rows lie in the usual bands of their cells, or are unknown."""
        value = rows.value
        inside: Bools = (value >= self.usual_low[rows.cell]) & (value <= self.usual_high[rows.cell])
        inside |= np.isnan(value)
        return inside

    def usual_value(self, cell: Indices) -> Floats:
        """A value of the usual band of some cells; NaN where there is none."""
        value, low = self.value[cell], self.usual_low[cell]
        return np.where(np.isnan(value) & (low <= self.usual_high[cell]), low, value)

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
        if len(touched) < len(cell):
            self._date_back(events)
        left = cell[~self.usual(events)]
        self.usual_ms[left] = self.since_ms[left]
        # Where the last value is unknown the band of the one before it is not at hand: the next one begins anew.
        self.usual_low[left], self.usual_high[left] = self.low[left], self.high[left]

    def _date_back(self, events: Rows) -> None:
        """Of several events of a cell the last ones may lie in one band: it has been there since the first of them."""
        cell, time_ms, value = events
        there = (value >= self.low[cell]) & (value <= self.high[cell])
        there |= np.isnan(value) & np.isnan(self.value[cell])
        elsewhere = np.flatnonzero(~there)
        self.since_ms[cell] = BEGINNING_MS
        np.maximum.at(self.since_ms, cell[elsewhere], time_ms[elsewhere])
        last = np.flatnonzero(time_ms > self.since_ms[cell])
        self.since_ms[cell[last]] = NEVER_MS
        np.minimum.at(self.since_ms, cell[last], time_ms[last])

    def unsettle(self, rows: Rows, until_ms: Ints) -> None:
        """Cells were elsewhere in the past than was known, until some moments (rows of one cell may repeat)."""
        np.maximum.at(self.since_ms, rows.cell, until_ms)
        np.maximum.at(self.floor_ms, rows.cell, until_ms)
        left = ~self.usual(rows)
        np.maximum.at(self.usual_ms, rows.cell[left], until_ms[left])

    def prolong(self, rows: Rows) -> None:
        """Late rows in their cell's band (rows of one cell may repeat): the newest holds longer than what was known."""
        np.maximum.at(self.expiry_ms, rows.cell, rows.time_ms + self._layout.stale_ms[rows.cell])

    def put(self, rows: Rows) -> None:
        """Late rows, one a cell, that are the newest of their cells and in force; ``unsettle`` has gone before."""
        self.value[rows.cell] = rows.value
        self.rebound(np.sort(rows.cell))
        left = rows.cell[~self.usual(rows)]
        self.usual_low[left], self.usual_high[left] = self.low[left], self.high[left]

    def begin(self, cell: Indices, value: Floats, since_ms: Ints) -> None:
        """Some cells (ascending) hold a value since a moment, and nothing before was of interest."""
        self.value[cell], self.since_ms[cell], self.usual_ms[cell] = value, since_ms, since_ms
        self.rebound(cell)
        self.usual_low[cell], self.usual_high[cell] = self.low[cell], self.high[cell]

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
