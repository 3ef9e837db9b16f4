"""The plane of a replay: as the running engine's, but its windows are computed stretch by stretch."""

from __future__ import annotations

import numpy as np

from rules.engine.layout import ClassLayout, Layout, WindowPlan
from rules.engine.looking_back import Results, Source
from rules.engine.plane import Plane
from rules.engine.rows import NO_ROWS, Rows, joined
from rules.engine.runs import Runs
from rules.engine.sieve import OrderedCells


class ReplayPlane(Plane):
    """Moved forward to one moment for all facilities, with the readings that the sieve has sorted out."""

    def __init__(self, layout: Layout, cells: OrderedCells) -> None:
        """Minus infinity."""
        super().__init__(layout, cells)
        self.windows = []
        self._ordered = cells
        looked = [(one, column) for one in layout.classes for column in _looked(one)]
        self._sources = [(one, column, _source(layout, one, column)) for one, column in looked]

    def _windows(self, looked_back: Rows) -> Rows:
        """Results of all windows that leave their band; ``looked_back`` are what expressions come to."""
        parts, self._ordered.looked_back = self._ordered.looked_back, []
        parts.append(Runs.of(looked_back))
        until_ms = int(self.horizon_ms.max(initial=0))
        found = [
            self._leaving(one, results)
            for one, column, source in self._sources
            for results in source.close([_of_cells(part, one.cells(column)) for part in parts], until_ms)
        ]
        return joined([part for part in found if len(part.cell)])

    def _leaving(self, one: ClassLayout, results: Results) -> Rows:
        """The results of the places where any leaves the band of its cell."""
        cells, value = self._ordered, results.value
        cell = one.cells(results.plan.column).start + results.place
        stays = (value >= cells.low[cell]) & (value <= cells.high[cell])
        stays |= np.isnan(value) & np.isnan(cells.value[cell])
        place = np.flatnonzero(~stays.all(axis=0))
        if not len(place):
            return NO_ROWS
        column = np.repeat(cell[place], len(results.end_ms))
        return cells.derived(Rows(column, np.tile(results.end_ms, len(place)), value[:, place].T.ravel()))


def _looked(one: ClassLayout) -> list[int]:
    """The columns of a class that windows look back over."""
    return sorted({plan.source for plan in one.windows})


def _source(layout: Layout, one: ClassLayout, column: int) -> Source:
    plans: list[WindowPlan] = [plan for plan in one.windows if plan.source == column]
    return Source(plans, layout.stale_ms[one.cells(column)])


def _of_cells(runs: Runs, cells: slice) -> Runs:
    """The runs of some neighbouring cells, numbered from the first on."""
    chosen = np.flatnonzero((runs.cell >= cells.start) & (runs.cell < cells.stop))
    part = runs.ordered(chosen)
    return part._replace(cell=part.cell - cells.start)
