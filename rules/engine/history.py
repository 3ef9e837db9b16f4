"""The readings behind us: recent ones in memory, older ones from the store.

Blocks of rows are kept in the order they came, newest last, until they are more than the limit; then the oldest go,
and from then on questions that reach back behind them are answered by the store, which holds everything that was ever
judged.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np

from core.quality import GOOD
from core.readings import Int32s, Readings, empty
from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Floats, Indices, Ints
from rules.engine.feeds import VALUES, fed, sound
from rules.engine.layout import Layout
from rules.engine.rows import NO_RANKED, CellIndex, Ranked, Rows, joined, joined_ranked, one_per_moment, order_by


class History(Protocol):
    """Where readings are found that are no longer in memory: the time-series store, or an adapter to it."""

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings of some points in [from_ms, to_ms)."""
        ...


class NoHistory:
    """Nothing was ever stored: for a start from nothing, and for tests."""

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """No readings."""
        del points, from_ms, to_ms
        return empty()


_FEW = 4
"""A block with fewer rows than a quarter of the cells is looked through, not indexed."""


class _Wanted:
    """Some cells (ascending), and the moment from which on rows of each are wanted: intp[m], int64[m]."""

    def __init__(self, cell: Indices, from_ms: Ints, cells: int) -> None:
        """Cells out of so many."""
        self.cell = cell
        self.from_ms = from_ms
        self._cells = cells
        self._place: Indices | None = None

    def since(self, moment_ms: int) -> tuple[Indices, Ints]:
        """Those of which rows are wanted that are not newer than a moment."""
        some = np.flatnonzero(self.from_ms <= moment_ms)
        if len(some) == len(self.cell):
            return self.cell, self.from_ms
        return self.cell.take(some), self.from_ms.take(some)

    def among(self, rows: Ranked, row: Indices | None = None, cell: Indices | None = None) -> tuple[Indices, Indices]:
        """Which rows are wanted, found by looking at each, or at some with their cells; and each one's wanted cell."""
        if self._place is None:
            self._place = np.full(self._cells, -1)
            self._place[self.cell] = np.arange(len(self.cell))
        place = self._place.take(rows.cell if cell is None else cell)
        at = np.flatnonzero(place >= 0)
        place = place.take(at)
        if row is not None:
            at = row.take(at)
        new = np.flatnonzero(rows.time_ms.take(at) >= self.from_ms.take(place))
        return at.take(new), place.take(new)


class _Block:
    """Rows as they came, and how to find those of some cells in them, once somebody has asked."""

    def __init__(self, rows: Ranked, cells: int, index: CellIndex | None) -> None:
        """Rows of an engine with so many ``cells``, and their index if it is at hand."""
        self.rows = rows
        self.last_ms = int(rows.time_ms.max())
        self._cells = cells
        self._index = index

    def find(self, wanted: _Wanted) -> Indices:
        """Where the wanted rows stand, in no order."""
        if self._few():
            return wanted.among(self.rows)[0]
        cell, from_ms = wanted.since(self.last_ms)
        if not len(cell):
            return cell
        index = self._indexed()
        at, place = index.find(cell)
        at = at.compress(self.rows.time_ms.take(at) >= from_ms.take(place))
        if not len(index.others[0]):
            return at
        others, _ = wanted.among(self.rows, *index.others)
        return np.concatenate([at, others]) if len(others) else at

    def found(self, wanted: _Wanted) -> Rows:
        """The wanted rows, in no order."""
        if self._few():
            return self._taken(wanted, wanted.among(self.rows))
        cell, from_ms = wanted.since(self.last_ms)
        at, place = self._indexed().find(cell)
        time_ms = self.rows.time_ms.take(at)
        new = np.flatnonzero(time_ms >= from_ms.take(place))
        rows = Rows(cell.take(place.take(new)), time_ms.take(new), self.rows.value.take(at.take(new)))
        others = self._indexed().others
        return joined([rows, self._taken(wanted, wanted.among(self.rows, *others))]) if len(others[0]) else rows

    def _taken(self, wanted: _Wanted, among: tuple[Indices, Indices]) -> Rows:
        at, place = among
        return Rows(wanted.cell.take(place), self.rows.time_ms.take(at), self.rows.value.take(at))

    def _few(self) -> bool:
        return _FEW * len(self.rows.cell) < self._cells

    def _indexed(self) -> CellIndex:
        if self._index is None:
            self._index = CellIndex(self.rows.cell, self._cells)
        return self._index


class PointLookup:
    """From the registry's number of a point to its cell; -1 where no rule reads it."""

    def __init__(self, layout: Layout) -> None:
        """Index the points of a layout."""
        self._layout = layout
        real = np.flatnonzero(layout.point >= 0)
        points = layout.point[real]
        self._size = int(points.max()) + 2 if len(points) else 1
        others = real[:0] if layout.feed is None else real[layout.feed[real] != VALUES]
        self._table = self._table_of(np.setdiff1d(real, others, assume_unique=True) if len(others) else real)
        self._others: list[Indices] = []
        while len(others):
            _, first = np.unique(layout.point[others], return_index=True)
            self._others.append(self._table_of(others[first]))
            others = np.delete(others, first)

    def _table_of(self, cell: Indices) -> Indices:
        table = np.full(self._size, -1, np.intp)
        table[self._layout.point[cell]] = cell
        return table

    def cells(self, point: Int32s) -> Indices:
        """The cell that takes the values of each point, -1 where no rule reads it."""
        return self._table.take(self._place(point), mode="clip")

    def _place(self, point: Int32s) -> Indices:
        # ``take`` turns other types of index into this one much more slowly. Without sign what is below 0 lies behind
        # the last place, as all that is clipped.
        return point.view(np.uint32).astype(np.intp)

    def asks_more(self, point: Int32s) -> Bools:
        """Which points fill cells that take something else than the value."""
        asked = np.zeros(len(point), np.bool_)
        for table in self._others:
            asked |= table.take(self._place(point), mode="clip") >= 0
        return asked

    def more(self, batch: Readings) -> Ranked:
        """The rows for cells that take something else than the value (``feeds.py``)."""
        found: list[Ranked] = []
        feed = self._layout.feed
        if feed is None or not len(batch):
            return NO_RANKED
        for table in self._others:
            cell = table.take(self._place(batch.point), mode="clip")
            value = fed(batch, feed.take(np.maximum(cell, 0)))
            found.append(Ranked(cell, batch.time_ms, value, batch.epoch, batch.offset).take(cell >= 0))
        return joined_ranked(found)

    def rows(self, batch: Readings) -> Ranked:
        """The rows of a batch that a rule reads: values in the rules' units, NaN where not good or not finite."""
        cell = self.cells(batch.point)
        rows = Ranked(cell, batch.time_ms, _values(batch), batch.epoch, batch.offset)
        watched = cell >= 0
        if not watched.all():
            rows = rows.take(watched)
        if self._layout.factor is not None and self._layout.offset is not None:
            value = rows.value * self._layout.factor[rows.cell] + self._layout.offset[rows.cell]
            rows = rows._replace(value=value)
        return rows


def _values(batch: Readings) -> Floats:
    if int(batch.quality.max(initial=GOOD)) == GOOD and np.isfinite(batch.value).all():
        return batch.value
    usable = sound(batch)
    return batch.value if usable.all() else np.where(usable, batch.value, np.nan)


class Memory:
    """The readings of all cells, as long as they fit, and the way to the others."""

    def __init__(self, layout: Layout, lookup: PointLookup, history: History, limit: int) -> None:
        """Keep at least the newest ``limit`` rows in memory."""
        self._layout = layout
        self._lookup = lookup
        self._history = history
        self._limit = limit
        self._blocks: deque[_Block] = deque()
        self._count = 0
        self.complete_from_ms = BEGINNING_MS

    def __len__(self) -> int:
        """Rows in memory."""
        return self._count

    def add(self, rows: Ranked, index: CellIndex | None = None) -> None:
        """Remember rows as they came, and their index if it is at hand."""
        if not len(rows.cell):
            return
        self._blocks.append(_Block(rows, len(self._layout.point), index))
        self._count += len(rows.cell)
        while self._count - len(self._blocks[0].rows.cell) >= self._limit:
            gone = self._blocks.popleft()
            self._count -= len(gone.rows.cell)
            self.complete_from_ms = max(self.complete_from_ms, gone.last_ms + 1)

    def count_since(self, oldest_ms: int) -> int:
        """How many readings in memory came in batches that reach beyond a moment."""
        return sum(len(block.rows.cell) for block in self._blocks if block.last_ms >= oldest_ms)

    def since(self, wanted: Indices, from_ms: Ints, to_ms: int) -> Rows:
        """Rows of the cells ``wanted`` (ascending) from each cell's own moment on, before ``to_ms``.

        Sorted by (cell, time), one per millisecond; ``from_ms`` int64[len(wanted)].
        """
        stored = self._stored(wanted, from_ms, to_ms)
        if not stored:
            # What decides between two of one millisecond is looked up only where there are two.
            rows = self.gathered(wanted, from_ms)
            rows = rows.take(order_by(rows.cell, rows.time_ms))
            if not ((rows.cell[1:] == rows.cell[:-1]) & (rows.time_ms[1:] == rows.time_ms[:-1])).any():
                return rows
        asked = _Wanted(wanted, from_ms, len(self._layout.point))
        found = [block.rows.take(block.find(asked)) for block in self._back_to(from_ms)]
        return one_per_moment(joined_ranked([*found, *stored])).rows

    def gathered(self, wanted: Indices, from_ms: Ints) -> Rows:
        """What the memory holds of cells from each one's own moment on, in no order, repetitions too; as ``since``."""
        asked = _Wanted(wanted, from_ms, len(self._layout.point))
        return joined([block.found(asked) for block in self._back_to(from_ms)])

    def _back_to(self, from_ms: Ints) -> list[_Block]:
        """The blocks that may hold rows since these moments."""
        oldest_ms = int(from_ms.min(initial=NEVER_MS))
        return [block for block in self._blocks if block.last_ms >= oldest_ms]

    def _stored(self, wanted: Indices, from_ms: Ints, to_ms: int) -> list[Ranked]:
        """What lies behind the memory, asked for in few groups of similar reach."""
        behind = (from_ms < self.complete_from_ms) & (self._layout.point[wanted] >= 0)
        wanted, from_ms = wanted[behind], from_ms[behind]
        if not len(wanted):
            return []
        reach = np.log2(np.maximum(to_ms - np.maximum(from_ms, 0), 1)).astype(np.int64) // 3
        found = []
        for group in np.unique(reach).tolist():
            mine = reach == group
            earliest = max(0, int(from_ms[mine].min()))
            stored = self._history.read(np.unique(self._layout.point[wanted[mine]]), earliest, to_ms)
            rows = joined_ranked([self._lookup.rows(stored), self._lookup.more(stored)])
            begin = np.full(len(self._layout.point), np.iinfo(np.int64).max)
            begin[wanted[mine]] = from_ms[mine]
            found.append(rows.take(rows.time_ms >= begin.take(rows.cell)))
        return found
