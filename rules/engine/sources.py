"""The members of pools, moved forward together: a plane without rules that says how its inner values change.

Each slot's value is a step function of event time like any operand. All members share one horizon, so that what a
step says of one moment holds for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rules.columns import Floats, Indices, Ints
from rules.engine.cells import Cells
from rules.engine.conditions import Moments
from rules.engine.layout import ClassLayout, Layout
from rules.engine.plane import Plane
from rules.engine.reach import Inner
from rules.engine.rows import NO_ROWS, Rows, joined, order_by
from rules.engine.sieve import OrderedCells
from rules.expression import Columns


class Slots(NamedTuple):
    """Where the slots of one class and inner expression lie."""

    one: ClassLayout
    inner: Inner
    place: slice


class SourcePlane(Plane):
    """Members and their slots.

    Attributes:
        value: float64[s], the inner value of each slot at the horizon, changes not yet taken excepted.
    """

    def __init__(self, layout: Layout, inners: Sequence[Sequence[Inner]], cells: Cells | None = None) -> None:
        """Minus infinity: nothing is known but what needs no reading; ``cells`` as in ``Plane``."""
        super().__init__(layout, cells)
        self._inners = inners
        self._slots: list[Slots] = []
        start = 0
        for one, of_class in zip(layout.classes, inners, strict=True):
            for inner in of_class:
                self._slots.append(Slots(one, inner, slice(start, start + one.size)))
                start += one.size
        self.value: Floats = np.full(start, np.nan)
        self._changes: list[Rows] = []
        self._evaluate()

    def like(self, layout: Layout) -> SourcePlane:
        """A plane over other members that are read in the same way."""
        return SourcePlane(layout, self._inners, OrderedCells(layout))

    def begin(self, at_ms: Ints) -> None:
        """Begin with the cells as they are at ``at_ms``."""
        super().begin(at_ms)
        self._evaluate()

    def take_changes(self) -> Rows:
        """How slots (in ``cell``) have changed since the last call, by (slot, time); ``value`` is as before them."""
        changes, self._changes = joined(self._changes), []
        return changes

    def apply(self, changes: Rows) -> None:
        """Let ``value`` follow changes that were taken."""
        self.value[changes.cell] = changes.value

    def slots_in(self, whole: Layout, facility: Indices) -> Indices:
        """Where the slots of this plane lie in that of the ``whole`` layout, out of which ``facility`` were cut."""
        found = [np.empty(0, np.intp)]
        start = 0
        for one, of_class, here in zip(whole.classes, self._inners, self.layout.classes, strict=True):
            row = facility[here.facilities] - one.facility0
            for _ in of_class:
                found.append(start + row)
                start += one.size
        return np.concatenate(found)

    def _evaluate(self) -> None:
        for one, inner, place in self._slots:
            columns = Columns(
                lambda operand, one=one: self.cells.value[one.cells(one.column_of[operand])],  # type: ignore[misc]
                lambda part, one=one: one.attribute[part],  # type: ignore[misc]
            )
            self.value[place] = inner.value(columns)

    def _judge(self, events: Rows) -> None:
        if not len(events.cell):
            return
        facility = self.layout.cell_facility[events.cell]
        order = order_by(facility, events.time_ms)
        events, facility = events.take(order), facility[order]
        moments: dict[str, Moments | None] = {}
        for one, inner, place in self._slots:
            if one.class_id not in moments:
                moments[one.class_id] = self._moments(one, events, facility)
            found = moments[one.class_id]
            if found is not None and not inner.reads.isdisjoint(found.touched):
                self._changes.append(self._changed(found, inner, place))
        self.cells.settle(events)
        self.front_ms[facility] = np.maximum(self.front_ms[facility], events.time_ms)

    def _moments(self, one: ClassLayout, events: Rows, facility: Indices) -> Moments | None:
        start, stop = np.searchsorted(facility, (one.facility0, one.facility0 + one.size)).tolist()
        if start == stop:
            return None
        return Moments(one, self.cells.value, events.between(start, stop), facility[start:stop])

    def _changed(self, moments: Moments, inner: Inner, place: slice) -> Rows:
        value = np.broadcast_to(inner.value(moments.columns()), len(moments.row))
        before = np.empty(len(value))
        before[1:] = value[:-1]
        first = moments.begin
        before[first] = self.value[place][moments.row[first]]
        changed = np.flatnonzero((value != before) & ~(np.isnan(value) & np.isnan(before)))
        if not len(changed):
            return NO_ROWS
        return Rows(place.start + moments.row[changed], moments.time_ms[changed], value[changed])
