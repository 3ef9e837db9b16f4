"""Events to drives: evaluate the conditions of a class where something changed.

The events of a class, sorted by (facility, time), are cut into *moments*: all events of one facility and millisecond
are one row. A column of an operand has its new values at the rows that bring one; in between the last one is carried
forward along the facility (``repeat`` until the next), and before the first stands the cell's value from before the
batch. That value may be newer than the moment, but then it is of the same band (it was calm), so
every comparison is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from itertools import pairwise

import numpy as np

from rules.columns import BEGINNING_MS, Bytes, Floats, Indices, Ints
from rules.engine.cells import Cells
from rules.engine.drives import drive_of
from rules.engine.layout import ClassLayout, Layout, RulePlan
from rules.engine.machines import Machines
from rules.engine.rows import Rows, firsts
from rules.expression import Columns, Operand

_MOST_TOGETHER = 100_000
"""Operands times moments that are carried on together, because calls cost more than numbers; else one by one."""
MOST_EVENTS = 50_000
"""Events that are judged at once, about: what is made of them should stay in the processor's cache."""
_MOST_DRIVES = 4_000_000
"""Drives of moments and rules that are compared at once, a byte each."""


class Moments:
    """The moments of one class in one batch, and the columns of its operands over them."""

    def __init__(self, one: ClassLayout, before: Floats, events: Rows, facility: Indices) -> None:
        """Cut ``events`` of the class, sorted by (facility, time), into moments.

        ``before`` is float64[n]: the values of all cells before the first of them.
        """
        self._one = one
        self._before = before
        self._value = events.value
        self._column: Indices = (events.cell - one.cell0) // one.size
        new = firsts(facility)
        new[1:] |= events.time_ms[1:] != events.time_ms[:-1]
        self._moment = np.cumsum(new) - 1
        self.row: Indices = facility[new] - one.facility0
        self.time_ms: Ints = events.time_ms[new]
        self.begin = np.flatnonzero(firsts(self.row))
        self._columns: dict[int, Floats] = {}
        self._bands: dict[int, Indices] = {}
        count = np.bincount(self._column)
        self._brought: Indices = np.argsort(self._column.astype(np.min_scalar_type(len(count))), kind="stable")
        self._brought_from = [0, *np.cumsum(count).tolist()]
        self.touched = frozenset(np.flatnonzero(count).tolist())

    def columns(self) -> Columns:
        """What the conditions read."""
        return Columns(self._load, lambda part: self._one.attribute[part][self.row])

    def _load(self, operand: Operand) -> Floats:
        column = self._one.column_of[operand]
        found = self._columns.get(column)
        if found is None:
            found = self._columns[column] = self._carried(column)
        return found

    def bands(self, column: int) -> Indices:
        """The band of an operand at every moment, as its guard numbers them."""
        found = self._bands.get(column)
        if found is None:
            guard = self._one.guards[column]
            if self._together is None:
                value, count = self._values(column)
                found = np.repeat(guard.number(value), count)
            else:
                found = guard.number(self._together[column])
            self._bands[column] = found
        return found

    def _carried(self, column: int) -> Floats:
        """The operand at every moment: each value repeated until the next one of its facility."""
        return np.repeat(*self._values(column)) if self._together is None else self._together[column]

    @cached_property
    def _together(self) -> Floats | None:
        """float64[columns, n]: all operands at every moment, if these are few."""
        one, count = self._one, len(self.row)
        columns = len(one.operands)
        if columns * count > _MOST_TOGETHER:
            return None
        before = self._before[one.cell0 : one.cell0 + columns * one.size]
        table: Floats = before.reshape(columns, one.size).take(self.row, axis=1)
        moment, value = self._moment.take(self._brought), self._value.take(self._brought)
        start = self._column.take(self._brought) * count
        place = start + moment
        if len(self.begin) < count:
            # A value holds until the next one of its operand, at most until the last moment of its facility.
            next_facility = np.append(self.begin[1:], count)
            stop = start + np.repeat(next_facility, next_facility - self.begin).take(moment)
            np.minimum(stop[:-1], place[1:], out=stop[:-1])
            times = stop - place
            ends = np.cumsum(times)
            place = np.repeat(place - (ends - times), times) + np.arange(int(ends[-1]))
            value = np.repeat(value, times)
        table.reshape(-1, copy=False)[place] = value
        return table

    def _values(self, column: int) -> tuple[Floats, Indices]:
        """The values of an operand in the order of moments, and for how many moments each holds.

        A facility's row begins with the value from before; of two values in one place the later one holds.
        """
        value = self._before[self._one.cells(column)].take(self.row.take(self.begin))
        place: Indices = self.begin
        if column in self.touched:
            start = self._brought_from[column]
            brings = self._brought[start : self._brought_from[column + 1]]
            place = np.concatenate((place, self._moment.take(brings)))
            order = np.argsort(place, kind="stable")
            place = place.take(order)
            value = np.concatenate((value, self._value.take(brings))).take(order)
        count = np.empty_like(place)
        np.subtract(place[1:], place[:-1], out=count[:-1])
        count[-1:] = len(self.row) - place[-1:]
        return value, count


Changes = tuple[Indices, Ints, Bytes]
"""New drives: machine intp[n], moment int64[n], drive uint8[n]; those of one machine together, in the order of time."""


def judge(layout: Layout, cells: Cells, machines: Machines, events: Rows, facility: Indices) -> list[Changes]:
    """What the events change. ``events`` and their ``facility`` are sorted by (facility, time)."""
    changes: list[Changes] = []
    for one in layout.classes:
        start, stop = np.searchsorted(facility, (one.facility0, one.facility0 + one.size)).tolist()
        if start < stop:
            mine = events.between(start, stop)
            changes += _judge_class(one, cells, machines, Moments(one, cells.value, mine, facility[start:stop]))
    return changes


def by_class(layout: Layout, events: Rows) -> Iterator[Rows]:
    """Very many events class by class, in the order they have; else all together; nothing of none."""
    if len(events.cell) <= MOST_EVENTS:
        yield from [events] if len(events.cell) else []
        return
    sizes = [one.size * len(one.operands) for one in layout.classes]
    number = np.repeat(np.arange(len(sizes), dtype=np.min_scalar_type(len(sizes))), sizes).take(events.cell)
    order = np.argsort(number, kind="stable")
    bounds = np.cumsum(np.bincount(number)).tolist()
    for start, stop in pairwise([0, *bounds]):
        if start < stop:
            yield events.take(order[start:stop])


def portions(facility: Indices) -> Iterator[tuple[int, int]]:
    """Where events, grouped by facility, are cut: always between two facilities."""
    head = np.zeros(1, np.intp)
    if len(facility) > MOST_EVENTS:
        head = np.flatnonzero(firsts(facility))
        head = head[firsts(head // MOST_EVENTS)]
    return pairwise([*head.tolist(), len(facility)])


def _judge_class(one: ClassLayout, cells: Cells, machines: Machines, moments: Moments) -> list[Changes]:
    columns = moments.columns()
    touched = [number for number, plan in enumerate(one.rules) if not plan.columns.isdisjoint(moments.touched)]
    size = max(1, _MOST_DRIVES // len(moments.row))
    return [
        _changed_drives(one, machines, moments, columns, touched[start : start + size])
        for start in range(0, len(touched), size)
    ]


def _changed_drives(
    one: ClassLayout, machines: Machines, moments: Moments, columns: Columns, numbers: list[int]
) -> Changes:
    """Where the drives of some rules (at least one) become others: machine, moment and drive, by rule and moment."""
    count = len(moments.row)
    drive = np.empty((len(numbers), count), np.uint8)
    for own, number in zip(drive, numbers, strict=True):
        own[:] = _drive(one.rules[number], columns, moments.bands)
    start = np.array([one.machines(number).start for number in numbers])
    first = moments.begin
    before = np.empty_like(drive)
    before[:, 1:] = drive[:, :-1]
    before[:, first] = machines.drive.take(start[:, None] + moments.row.take(first))
    changed = np.flatnonzero(drive != before)
    place = changed // count
    moment = changed - place * count
    return start.take(place) + moments.row.take(moment), moments.time_ms.take(moment), drive.ravel().take(changed)


def _drive(plan: RulePlan, columns: Columns, bands: Callable[[int], Indices]) -> Bytes:
    if plan.table is not None:
        return plan.table.drives(bands)
    return drive_of(plan.when(columns), None if plan.clear is None else plan.clear(columns))


def judge_all(layout: Layout, cells: Cells, machines: Machines, at_ms: Ints) -> None:
    """Evaluate every rule of every facility on the cells as they are, at the moment ``at_ms`` (int64[G]).

    Not at minus infinity: there is nothing to evaluate before the first event.
    """
    changes = []
    for one in layout.classes:
        rows = np.flatnonzero(at_ms[one.facilities] > BEGINNING_MS)
        columns = Columns(
            lambda operand, one=one: cells.value[one.cells(one.column_of[operand])],  # type: ignore[misc]
            lambda part, one=one: one.attribute[part],  # type: ignore[misc]
        )
        bands = cache(lambda column, one=one: one.guards[column].number(cells.value[one.cells(column)]))
        for number, plan in enumerate(one.rules):
            drive = np.broadcast_to(_drive(plan, columns, bands), one.size)
            changes.append((one.machines(number).start + rows, at_ms[rows + one.facility0], drive[rows]))
    tell(machines, changes)


def tell(machines: Machines, changes: list[Changes]) -> None:
    """Tell the machines of their new drives, each of which stands in one of the ``changes`` at most."""
    if changes:
        machine, at_ms, drive = (np.concatenate(column) for column in zip(*changes, strict=True))
        machines.change(machine, at_ms, drive)
