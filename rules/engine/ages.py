"""Which readings make an age begin anew: the good ones, unless another of the same millisecond goes before them.

The cell of an age takes good readings alone; one that is not good is *void*. Of two readings of one millisecond the
higher (epoch, offset) holds, so a void one may keep a good one from counting. In one batch that is decided here; where
the two come apart, the cell of their values sends the facility to a re-evaluation, as with any two of one millisecond.
"""

from __future__ import annotations

import numpy as np

from rules.columns import NEVER_MS, Indices, Ints
from rules.engine.feeds import AGES
from rules.engine.layout import Layout
from rules.engine.rows import Ranked, Rows, joined_ranked, one_per_moment


class Ages:
    """What is remembered of the readings of n cells; nothing where no rule asks for an age.

    Attributes:
        cells: intp[k], the cells of ages, ascending.
        first_ms: int64[n], the first good reading ever.
    """

    def __init__(self, layout: Layout) -> None:
        """No reading yet."""
        self._layout = layout
        feed = layout.feed
        self.cells: Indices = np.empty(0, np.intp) if feed is None else np.flatnonzero(feed == AGES)
        count = len(layout.point) if len(self.cells) else 0
        self.first_ms: Ints = np.full(count, NEVER_MS)
        self._scratch: Indices = np.empty(count, np.intp)

    def count(self, rows: Ranked) -> Ranked:
        """The rows to be judged: void ones have done their part. Notes when a point has been read first."""
        feed = self._layout.feed
        if feed is None or not len(self.cells):
            return rows
        own = feed.take(rows.cell) == AGES
        mine = rows.take(own)
        if self._repeated(mine.cell):
            mine = one_per_moment(mine)
        void = np.isnan(mine.value)
        if void.any():
            mine = mine.take(~void)
        earlier = np.flatnonzero(mine.time_ms < self.first_ms.take(mine.cell))
        np.minimum.at(self.first_ms, mine.cell[earlier], mine.time_ms[earlier])
        return joined_ranked([rows.take(~own), mine])

    def _repeated(self, cell: Indices) -> bool:
        """Whether a cell stands in more than one row."""
        place = np.arange(len(cell))
        self._scratch[cell] = place
        return bool((self._scratch.take(cell) != place).any())

    def without_void(self, rows: Rows) -> Rows:
        """Rows of which no two are of one cell and millisecond, without void ones."""
        feed = self._layout.feed
        if feed is None or not len(self.cells):
            return rows
        return rows.take(~((feed[rows.cell] == AGES) & np.isnan(rows.value)))

    def begin_anew(self, cell: Indices, at_ms: Ints, rows: Rows) -> None:
        """Find the first readings again where they came after a moment.

        Args:
            cell: intp[k], the cells of a part of the layout.
            at_ms: int64[k], the moment of each.
            rows: all their good readings after it, by the numbers of that part.
        """
        if not len(self.cells):
            return
        first = np.where(self.first_ms[cell] > at_ms, NEVER_MS, self.first_ms[cell])
        later = rows.take(rows.time_ms > at_ms[rows.cell])
        np.minimum.at(first, later.cell, later.time_ms)
        self.first_ms[cell] = first

    def resume(self, first_ms: Ints) -> None:
        """Go on after a restart with the first good readings (int64[n])."""
        if len(self.cells):
            self.first_ms[self.cells] = first_ms[self.cells]
