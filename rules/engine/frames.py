"""Frames: batches in which each cell stands at most once.

Most batches are frames, or nearly. If a frame brings a row for most of the cells, its rows are put in place by cell
once, and everything about them is compared column by column; nothing is looked up row by row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.columns import BEGINNING_MS, Bools, Floats, Indices, Ints
from rules.engine.feeds import AGES, LAPSED
from rules.engine.layout import Layout
from rules.engine.rows import NO_ROWS, Rows, joined


class Sifted(NamedTuple):
    """What became of a batch.

    Attributes:
        events: rows that may change a condition, expiries included.
        looked_back: rows of windowed cells, sorted by (cell, time).
        late: rows that came too late.
        time_ms: int64[n], the newest moment of each cell's rows, ``BEGINNING_MS`` where none has come or all were older
            than what was known; ``None`` if the batch was not worked on as columns.
    """

    events: Rows
    looked_back: Rows
    late: Rows
    time_ms: Ints | None = None


class Frames:
    """State of n cells, and how it takes in what comes once a cell.

    ``usual_low`` to ``usual_high`` is the band of the last known value; since ``usual_ms`` the cell has been there or
    unknown.
    """

    COLUMNS = ("value", "expiry_ms", "low", "high", "floor_ms", "since_ms", "usual_low", "usual_high", "usual_ms")

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
        self.usual_low = np.full(count, np.inf)
        self.usual_high = np.full(count, -np.inf)
        self.usual_ms = np.full(count, BEGINNING_MS)
        self._ages: Bools | None = None if layout.feed is None else layout.feed == AGES
        self._scratch = np.zeros(count, np.intp)
        self._marked = np.zeros(count, np.bool_)
        self._counting = np.arange(0)
        self._values = np.zeros(0)

    def _fits(self, rows: Rows) -> Bools:
        """Which rows lie in the band in which their cell has been since a moment before."""
        fits: Bools = rows.value >= self.low.take(rows.cell)
        fits &= rows.value <= self.high.take(rows.cell)
        fits &= rows.time_ms > self.floor_ms.take(rows.cell)
        return fits

    def _places(self, count: int) -> Indices:
        """0 to ``count``; not to be written to."""
        if count > len(self._counting):
            self._counting = np.arange(2 * count)
        return self._counting[:count]

    def _repeated(self, cell: Indices) -> Bools:
        """Rows whose cell stands in another row, too."""
        place = self._places(len(cell))
        self._scratch[cell] = place
        repeated: Bools = self._scratch.take(cell) != place
        again = cell.take(np.flatnonzero(repeated))
        repeated[self._scratch.take(again)] = True
        return repeated

    def _holding(self, cell: Indices) -> Bools:
        """Where a reading is in force: neither unknown nor, for an age, reached."""
        value = self.value[cell]
        holding: Bools = ~np.isnan(value)
        if self._ages is not None:
            holding &= ~(self._ages[cell] & (value == LAPSED))
        return holding

    def _lapses(self, cell: Indices, time_ms: Ints) -> Rows:
        """What cells become when their readings are over."""
        value = np.full(len(cell), np.nan)
        if self._ages is not None:
            value[self._ages[cell]] = LAPSED
        return Rows(cell, time_ms, value)

    # --- each cell at most once -------------------------------------------------------------------------------

    def _fill_columns(self, rows: Rows) -> bool:
        """Whether most cells have a row, so that whole columns cost less than looking up each row's cell."""
        return 2 * len(rows.cell) > len(self.value)

    def _there(self, rows: Rows) -> Bools:
        """bool[n]: which cells have a row."""
        there = np.zeros(len(self.value), np.bool_)
        there[rows.cell] = True
        return there

    def _sift_single(self, rows: Rows, single: Indices, ends: tuple[Ints, Ints], front_ms: Ints) -> Sifted:
        """Take in the ``single`` ones of some rows, newer than what is known; ``ends`` are expiry and until of all."""
        own = rows.take(single)
        frame = self._sift_columns(own, self._there(own), front_ms) if self._fill_columns(own) else None
        return frame or self._sift_frame(own, ends[0].take(single), ends[1].take(single), front_ms)

    def _put_in_columns(self, rows: Rows) -> tuple[Ints, Floats]:
        """When each cell has a row (``BEGINNING_MS`` where none has come) and what, until the next call."""
        if len(self._values) < len(self.value):
            self._values = np.zeros(len(self.value))
        self._scratch[:] = BEGINNING_MS
        self._scratch[rows.cell] = rows.time_ms
        self._values[rows.cell] = rows.value
        return self._scratch, self._values

    def _sift_columns(self, rows: Rows, there: Bools, front_ms: Ints) -> Sifted | None:
        """As ``_sift_frame`` over whole columns: nothing is looked up row by row.

        ``None`` if a row is older than what is known; nothing was done then. Rows are of different cells, those that
        are ``there`` (bool[n], overwritten).
        """
        time_ms, value = self._put_in_columns(rows)
        until = time_ms + self._layout.stale_ms
        calm = until > self.expiry_ms
        if (there > calm).any():
            return None
        np.less_equal(time_ms, self.expiry_ms, out=calm)
        calm &= value >= self.low
        calm &= value <= self.high
        calm &= time_ms > self.floor_ms
        calm &= there
        np.copyto(self.value, value, where=calm)
        cell = np.flatnonzero(there > calm)
        restless = Rows(cell, time_ms.take(cell), value.take(cell))
        events, late = self._sort_out(restless, self._places(len(cell)), self.expiry_ms.take(cell), front_ms)
        there[cell.take(late)] = False
        until[cell.take(late)] = BEGINNING_MS
        np.maximum(self.expiry_ms, until, out=self.expiry_ms)  # every row that is taken holds longer than what was
        there &= self._layout.windowed
        np.copyto(self.floor_ms, time_ms, where=there)
        seen = np.flatnonzero(there)
        looked_back = Rows(seen, time_ms.take(seen), value.take(seen))
        return Sifted(events, looked_back, restless.take(late), time_ms)

    def _sift_frame(self, rows: Rows, expiry: Ints, until: Ints, front_ms: Ints) -> Sifted:
        """Take in rows that are the newest of their cells, if they are not late.

        Args:
            rows: the rows.
            expiry: int64[n], until when holds what is known.
            until: int64[n], until when each row holds.
            front_ms: int64[G].
        """
        cell, time_ms, value = rows
        calm = self._fits(rows)
        calm &= time_ms <= expiry
        if calm.all():
            self.value[cell] = value
            self.expiry_ms[cell] = until
            return Sifted(NO_ROWS, self._looked_back(rows), NO_ROWS)
        # Few rows are not calm: all are written, and what these have overwritten is put back.
        restless = np.flatnonzero(~calm)
        events, late = self._sort_out(rows, restless, expiry, front_ms)
        before = self.value.take(cell.take(restless))
        self.value[cell] = value
        self.value[cell.take(restless)] = before
        self.expiry_ms[cell] = until
        self.expiry_ms[cell.take(late)] = expiry.take(late)
        return Sifted(events, self._looked_back(rows, late), rows.take(late))

    def _sort_out(self, rows: Rows, restless: Indices, expiry: Ints, front_ms: Ints) -> tuple[Rows, Indices]:
        """Of rows that are not calm the events (with the expiries before them), and which rows are late."""
        cell, time_ms = rows.cell[restless], rows.time_ms[restless]
        front = front_ms[self._layout.cell_facility[cell]]
        late = (time_ms <= front) | (time_ms <= self.floor_ms[cell])
        events = restless[~late]
        cell, was_known = rows.cell[events], self._holding(rows.cell[events])
        lapsed = was_known & (rows.time_ms[events] > expiry[events])
        gaps = self._lapses(cell[lapsed], expiry[events[lapsed]])
        telling = was_known | ~np.isnan(rows.value[events])
        return joined([gaps, rows.take(events[telling])]), restless[late]

    def _looked_back(self, rows: Rows, late: Indices | None = None) -> Rows:
        """The rows windows must see, and the new floor of their cells."""
        if not self._layout.has_windows:
            return NO_ROWS
        chosen = self._layout.windowed.take(rows.cell)
        if late is not None:
            chosen[late] = False
        seen = rows.take(chosen)
        self.floor_ms[seen.cell] = seen.time_ms
        return seen
