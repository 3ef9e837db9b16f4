"""Late readings that look like a change, and those of them that are none.

Behind a cell's last change of band its step function is not at hand, so a late reading there is only suspected of a
change. Suspects are gathered for a while, then their neighbours are looked up in memory, all at once. Where the
reading judged last before lies in the same band, and holds until the next one judged, the cell was known and in this
band all along, with the late reading and without it: no comparison of its value changes. At most a window does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Indices, Ints
from rules.engine.ages import Ages
from rules.engine.cells import bands
from rules.engine.feeds import AGES
from rules.engine.history import Memory
from rules.engine.lateness import Lateness
from rules.engine.layout import Layout
from rules.engine.plane import Plane
from rules.engine.rows import NO_ROWS, Rows, joined, order_by

MANY = 100
"""Late readings of one facility: so many of a backlog are judged again; to look into each would cost more."""


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

    def take(self) -> tuple[Rows, Rows]:
        """All that wait, and apart from them those of facilities that have very many; they wait no longer."""
        rows, self._rows = joined(self._rows), []
        self.lateness.take()
        facility = self._layout.cell_facility[rows.cell]
        many = (np.bincount(facility, minlength=1) > MANY)[facility]
        return (rows.take(~many), rows.take(many)) if many.any() else (rows, NO_ROWS)


class Looked(NamedTuple):
    """What was found about n late rows of m cells.

    Attributes:
        changing: bool[n], the row may change a comparison with its own value.
        until_ms: int64[n], until when it holds if no other reading comes; ``NEVER_MS`` where that is not known.
        cell: intp[m], the cells, ascending.
        steady: bool[m], every row that can have held since the facility's oldest late row lies in the cell's usual
            band, or is unknown.
    """

    changing: Bools
    until_ms: Ints
    cell: Indices
    steady: Bools


def looked_into(plane: Plane, memory: Memory, ages: Ages, late: Rows, judged_from_ms: Ints) -> Looked:
    """Find out which late rows may change a comparison.

    Args:
        plane: the live plane.
        memory: holds every row judged so far, and the late ones.
        ages: which of them count for ages.
        late: rows that have not been judged.
        judged_from_ms: int64[G], up to where rows of each facility may have gone unjudged.
    """
    layout = plane.layout
    cell, own = np.unique(late.cell, return_inverse=True)
    oldest_ms = np.full(len(layout.facility), NEVER_MS)
    np.minimum.at(oldest_ms, layout.cell_facility[late.cell], late.time_ms)
    from_ms = np.maximum(oldest_ms[layout.cell_facility[cell]] - layout.stale_ms[cell], BEGINNING_MS)
    reached = from_ms >= memory.complete_from_ms
    rows = memory.gathered(cell[reached], from_ms[reached])
    place_of = np.empty(len(layout.cell_facility), np.intp)
    place_of[cell] = np.arange(len(cell))
    place = place_of.take(rows.cell)
    order = order_by(place, rows.time_ms)
    rows, place = rows.take(order), place[order]
    # Two readings of one millisecond: which of them holds is left to a re-evaluation.
    again = (place[1:] == place[:-1]) & (rows.time_ms[1:] == rows.time_ms[:-1])
    reached[place[1:][again]] = False
    rows = ages.without_void(rows)
    place = place_of.take(rows.cell)
    steady = reached.copy()
    steady[place[~plane.cells.usual(rows)]] = False
    found = np.flatnonzero(reached[own])
    at = _find(place, rows.time_ms, own[found], late.time_ms[found])
    changing, until_ms = np.ones(len(own), np.bool_), np.full(len(own), NEVER_MS)
    changing[found] = ~_harmless(layout, rows, at, judged_from_ms)
    until_ms[found] = _until(layout, rows, at)
    if layout.feed is not None:
        # The first good reading of a point makes all the time after it aged: that is not over when the reading is.
        aging = layout.feed[cell] == AGES
        steady[aging] = False
        until_ms[aging[own]] = NEVER_MS
    return Looked(changing, until_ms, cell, steady)


def _find(place: Ints, time_ms: Ints, wanted: Ints, wanted_ms: Ints) -> Ints:
    """Where rows (sorted by place and time) stand that are known to be there."""
    earliest = int(time_ms.min(initial=0))
    span = int(time_ms.max(initial=0)) - earliest + 1
    return np.searchsorted(place * span + (time_ms - earliest), wanted * span + (wanted_ms - earliest))


def _until(layout: Layout, rows: Rows, at: Ints) -> Ints:
    """Until when the rows ``at`` hold: until the next one of the cell, or until they expire."""
    cell = rows.cell[at]
    until: Ints = rows.time_ms[at] + layout.stale_ms[cell]
    after = np.minimum(at + 1, len(rows.cell) - 1)
    followed = (after > at) & (rows.cell[after] == cell)
    until[followed] = np.minimum(until[followed], rows.time_ms[after[followed]])
    return until


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
