"""The planes of a replay: as the running engine's, but their windows are computed stretch by stretch.

One step is one whole stretch, for the members of groups and parents, too: what is known of them is in order, so the
pools are computed for the stretch before anybody who reads them is judged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.readings import Readings
from rules.columns import BEGINNING_MS, Indices
from rules.engine.aggregation import Aggregation
from rules.engine.history import PointLookup
from rules.engine.layout import ClassLayout, Layout
from rules.engine.looking_back import Results, Source
from rules.engine.plane import Plane
from rules.engine.reach import Inner, Reach
from rules.engine.rows import NO_ROWS, Ranked, Rows, joined
from rules.engine.runs import Runs
from rules.engine.sieve import OrderedCells, Sieve
from rules.engine.sources import SourcePlane
from rules.engine.told import Told


class StretchWindows:
    """All windows of a layout, over readings that the sieve has sorted out."""

    def __init__(self, layout: Layout, cells: OrderedCells) -> None:
        """Nothing known."""
        self._cells = cells
        looked = [(one, column) for one in layout.classes for column in sorted({plan.source for plan in one.windows})]
        self._sources = [(one, column, _source(layout, one, column)) for one, column in looked]

    def close(self, looked_back: Rows, until_ms: int) -> Rows:
        """Results up to a moment that leave their band; ``looked_back`` are what expressions come to."""
        parts, self._cells.looked_back = self._cells.looked_back, []
        parts.append(Runs.of(looked_back))
        found: list[Rows] = []
        for one, column, source in self._sources:
            portions: list[Rows] = []
            for results in source.close([_of_cells(part, one.cells(column)) for part in parts], until_ms):
                if results.whole:
                    found.append(self._leaving(one, results))
                else:
                    portions.append(_rows(one, results, np.arange(len(results.place))))
            found.append(self._cells.derived(joined(portions)))
        return joined([part for part in found if len(part.cell)])

    def _leaving(self, one: ClassLayout, results: Results) -> Rows:
        """Of the places where any result leaves the band of its cell those that do."""
        cells, value = self._cells, results.value
        cell = one.cells(results.plan.column).start + results.place
        stays = (value >= cells.low[cell]) & (value <= cells.high[cell])
        stays |= np.isnan(value) & np.isnan(cells.value[cell])
        place = np.flatnonzero(~stays.all(axis=0))
        return cells.derived(_rows(one, results, place)) if len(place) else NO_ROWS


def _rows(one: ClassLayout, results: Results, place: Indices) -> Rows:
    """The results of some places by cell and time."""
    cell = one.cells(results.plan.column).start + results.place[place]
    moments = np.tile(results.end_ms, len(place))
    return Rows(np.repeat(cell, len(results.end_ms)), moments, results.value[:, place].T.ravel())


def _source(layout: Layout, one: ClassLayout, column: int) -> Source:
    plans = [plan for plan in one.windows if plan.source == column]
    return Source(plans, layout.stale_ms[one.cells(column)])


def _of_cells(runs: Runs, cells: slice) -> Runs:
    """The runs of some neighbouring cells, numbered from the first on."""
    chosen = np.flatnonzero((runs.cell >= cells.start) & (runs.cell < cells.stop))
    part = runs.ordered(chosen)
    return part._replace(cell=part.cell - cells.start)


class ReplayPlane(Plane):
    """Facilities and their rules, moved forward to one moment for all."""

    def __init__(self, layout: Layout, cells: OrderedCells) -> None:
        """Minus infinity."""
        super().__init__(layout, cells)
        self.windows = []
        self._stretch = StretchWindows(layout, cells)

    def _windows(self, looked_back: Rows) -> Rows:
        return self._stretch.close(looked_back, int(self.horizon_ms.max(initial=BEGINNING_MS)))


class ReplaySources(SourcePlane):
    """Members of pools, moved forward to one moment for all."""

    def __init__(self, layout: Layout, inners: Sequence[Sequence[Inner]], cells: OrderedCells) -> None:
        """Minus infinity."""
        super().__init__(layout, inners, cells)
        self.windows = []
        self._stretch = StretchWindows(layout, cells)

    def _windows(self, looked_back: Rows) -> Rows:
        return self._stretch.close(looked_back, int(self.horizon_ms.max(initial=BEGINNING_MS)))


class ReplayPools:
    """Groups and parents of a replay: readings of members in, values of pools out."""

    def __init__(self, reach: Reach) -> None:
        """Nothing known but what needs no reading."""
        self._reach = reach
        cells = OrderedCells(reach.layout)
        self._plane = ReplaySources(reach.layout, reach.inners, cells)
        self._sieve = Sieve(reach.layout, cells, PointLookup(reach.layout))
        self._aggregation = Aggregation(reach)
        self._told = Told(reach, 1)
        self._told.begin(BEGINNING_MS, self._aggregation.values(np.arange(reach.pools), self._plane.value))

    def take(self, batch: Readings) -> int:
        """Sieve; how many of the readings a pool reads."""
        return self._sieve.take(batch)

    def close(self, until_ms: int) -> Rows:
        """What the cells that are fed are told of the stretch that ends here, by pool and time."""
        events = self._sieve.hand_over()
        self._plane.step(Ranked.alone(events) if len(events.cell) else None, until_ms)
        changes = self._plane.take_changes()
        if not len(changes.cell):
            return NO_ROWS
        found = self._aggregation.run(self._reach.pools_of(changes.cell), self._plane.value, changes)
        self._plane.apply(changes)
        news = self._told.news(found, self._told.value)
        self._told.add(news)
        return self._reach.spread(news)
