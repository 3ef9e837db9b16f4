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
from rules.engine.rows import NO_ROWS, CellIndex, Rows, joined


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


class InColumns(NamedTuple):
    """What n cells have got in a batch.

    Attributes:
        there: bool[n], which have got anything.
        time_ms: int64[n], when; ``BEGINNING_MS`` for nothing.
        value: float64[n], what; anything for nothing.
    """

    there: Bools
    time_ms: Ints
    value: Floats


_NEAR = 4_096
"""Columns of points that lie no further apart are worked on together: to pass over so many cells costs no more."""


def point_spans(layout: Layout) -> tuple[slice, ...]:
    """Where the cells lie that readings can come for; what windows, groups and calendars come to has cells as well."""
    found: list[slice] = []
    for one in layout.classes:
        for column in range(len(one.operands)):
            span = one.cells(column)
            if not (layout.point[span] >= 0).any():
                continue
            if found and span.start - found[-1].stop <= _NEAR:
                found[-1] = slice(found[-1].start, span.stop)
            else:
                found.append(span)
    return tuple(found)


_BLOCK = 16_384
"""Cells that are compared with what came for them at once: all columns of so many stay in the processor's cache."""


class _Block(NamedTuple):
    """Some cells of points, and how long a reading of each holds: one number where it is the same for all."""

    cells: slice
    stale_ms: Ints | int


def _blocks(layout: Layout, spans: tuple[slice, ...]) -> list[_Block]:
    found: list[_Block] = []
    for span in spans:
        for start in range(span.start, span.stop, _BLOCK):
            cells = slice(start, min(start + _BLOCK, span.stop))
            stale_ms = layout.stale_ms[cells]
            same = bool((stale_ms == stale_ms[0]).all())
            found.append(_Block(cells, int(stale_ms[0]) if same else stale_ms))
    return found


class _Sorted(NamedTuple):
    """What came for whole columns and is not calm.

    Attributes:
        past: rows older than what is known that do not fit: late.
        restless: newer rows.
        expiry_ms: int64[n], until when held what was known before each of these.
    """

    past: Rows
    restless: Rows
    expiry_ms: Ints


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
        self._spans = point_spans(layout)
        self._fillable = int(sum(span.stop - span.start for span in self._spans))
        self._blocks = _blocks(layout, self._spans)
        self._windowed_columns = [
            (span, np.arange(span.start, span.stop))
            for span in (one.cells(number) for one in layout.classes for number in range(len(one.operands)))
            if (layout.windowed[span] & (layout.point[span] >= 0)).any()
        ]
        self._times = np.empty(0, np.int64)
        self._values = np.empty(0)
        self._counting = np.arange(0)
        self._indexed: CellIndex | None = None

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
        """Whether most cells of points have a row: whole columns cost less than looking up each row's cell then."""
        return 2 * len(rows.cell) > self._fillable

    def _put_in_columns(self, rows: Rows) -> InColumns:
        """Rows put in place by cell, until the next call; of several of one cell, the last."""
        if len(self._values) < len(self.value):
            self._values = np.zeros(len(self.value))
            self._times = np.empty(len(self.value), np.int64)
        time_ms, value = self._times, self._values
        time_ms[:] = BEGINNING_MS
        time_ms[rows.cell] = rows.time_ms
        value[rows.cell] = rows.value
        return InColumns(time_ms != BEGINNING_MS, time_ms, value)

    def index_of(self, cell: Indices) -> CellIndex | None:
        """The index of the rows of the last batch, if it was made and ``cell`` are their cells."""
        return self._indexed if self._indexed is not None and self._indexed.cell is cell else None

    def _sift_columns(self, columns: InColumns, front_ms: Ints) -> Sifted:
        """As ``_sift_frame`` over whole columns: nothing is looked up row by row.

        Rows that are older than what is known are taken out of the columns, and are among the late ones if they do not
        fit; so are other late rows.
        """
        found = [self._sift_block(columns, *block) for block in self._blocks]
        past, restless = joined([part.past for part in found]), joined([part.restless for part in found])
        expiry = np.concatenate([part.expiry_ms for part in found])
        events, late = self._sort_out(restless, self._places(len(restless.cell)), expiry, front_ms)
        cell = restless.cell.take(late)
        columns.there[cell] = False
        self.expiry_ms[cell] = expiry.take(late)
        return Sifted(events, self._seen(columns), joined([past, restless.take(late)]), columns.time_ms)

    def _sift_block(self, columns: InColumns, cells: slice, stale_ms: Ints | int) -> _Sorted:
        """Take in the calm rows of some cells; every newer row prolongs what its cell holds, late ones too."""
        there, when, what = columns.there[cells], columns.time_ms[cells], columns.value[cells]
        expiry_ms, held = self.expiry_ms[cells], self.value[cells]
        until = when + stale_ms
        older = until <= expiry_ms
        older &= there
        calm = when > self.floor_ms[cells]  # never where there is no row
        calm &= when <= expiry_ms
        calm &= what >= self.low[cells]
        calm &= what <= self.high[cells]
        past = NO_ROWS
        if older.any():
            row = np.flatnonzero(older)
            late = row.compress(~calm.take(row))
            past = Rows(late + cells.start, when.take(late), what.take(late))
            there[row], calm[row], when[row] = False, False, BEGINNING_MS
        # Most cells have a calm row: all are written, and the others get what they had.
        others = np.flatnonzero(~calm)
        restless = others.compress(there.take(others))
        found = _Sorted(
            past,
            Rows(restless + cells.start, when.take(restless), what.take(restless)),
            expiry_ms.take(restless),
        )
        kept = held.take(others)
        held[:] = what
        held[others] = kept
        np.maximum(expiry_ms, until, out=expiry_ms)
        return found

    def _seen(self, columns: InColumns) -> Rows:
        """The rows windows must see, and the new floor of their cells."""
        there, time_ms, value = columns
        found: list[Rows] = []
        for span, cell in self._windowed_columns:
            mine = there[span]
            if mine.all():
                found.append(Rows(cell, time_ms[span], value[span]))
                self.floor_ms[span] = time_ms[span]
                continue
            row = np.flatnonzero(mine)
            seen = Rows(row + span.start, time_ms[span].take(row), value[span].take(row))
            found.append(seen)
            self.floor_ms[seen.cell] = seen.time_ms
        return joined(found)

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
