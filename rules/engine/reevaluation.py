"""Back to a saved state and forward over the stored readings, for all late facilities at once.

A small plane of the late facilities is set to the newest saved state before each one's oldest late reading. Values at
that moment come from the last reading before it, windows from the readings of one window before it. Then all readings
since are played through the same code that judges live ones, stopping at every later saved state to renew it, up to
the live horizon; and the result is copied over the live plane.
"""

from __future__ import annotations

import numpy as np

from core.alarms import Interval
from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Indices, Ints
from rules.engine.history import Memory
from rules.engine.intervals import IntervalBook
from rules.engine.layout import ClassLayout
from rules.engine.machines import Machines
from rules.engine.plane import Plane
from rules.engine.rows import Ranked, Rows, firsts
from rules.engine.saved import SavedStates, save
from rules.engine.windows import Emitted, Window


class Reevaluation:
    """One re-evaluation; ``run`` is called once."""

    def __init__(self, live: Plane, memory: Memory, saved: SavedStates, book: IntervalBook) -> None:
        """Work on ``live``, its history, its saved states and its intervals."""
        self._live = live
        self._memory = memory
        self._saved = saved
        self._book = book

    def run(self, facility: Indices, state: Ints) -> int:
        """Re-evaluate facilities (ascending), each from the saved state with its number.

        Returns:
            How many readings were played.
        """
        layout, cell, machine = self._live.layout.take(facility)
        plane = Plane(layout)
        at_ms = np.empty(len(facility), np.int64)
        for number in np.unique(state).tolist():
            mine = state == number
            at_ms[mine] = self._saved.states[number].at_ms[facility[mine]]
            chosen = np.flatnonzero(mine[layout.machine_facility])
            self._saved.states[number].put(plane.machines, machine, chosen)
        horizon = self._live.horizon_ms[facility]
        rows = self._readings(plane, cell, at_ms, int(horizon.max()) + 1)
        _rebuild(plane, rows, at_ms)
        self._reopen(plane, machine, at_ms)
        self._play(plane, rows, (facility, state, machine), at_ms, horizon)
        self._book.record(plane.take_switches(), machine)
        _copy_back(self._live, plane, facility, cell, machine)
        return len(rows.cell)

    def _readings(self, plane: Plane, cell: Indices, at_ms: Ints, to_ms: int) -> Ranked:
        """Everything needed from before the saved state on, in the plane's own cells."""
        layout = plane.layout
        lookback = layout.stale_ms.copy()
        for one in layout.classes:
            for plan in one.windows:
                lookback[one.cells(plan.source)] += (plan.slots + 1) * plan.step_ms
        from_ms = np.maximum(at_ms[layout.cell_facility] - np.minimum(lookback, NEVER_MS), BEGINNING_MS)
        real = np.flatnonzero(layout.point >= 0)
        order = real[np.argsort(cell[real])]
        rows = self._memory.since(cell[order], from_ms[order], to_ms)
        own = np.zeros(len(self._live.layout.point), np.intp)
        own[cell] = np.arange(len(cell))
        return rows._replace(cell=own[rows.cell])

    def _reopen(self, plane: Plane, machine: Indices, at_ms: Ints) -> None:
        """Forget intervals after the saved state; those that were on there begin the new ones."""
        own_of = np.full(len(self._live.layout.machine_facility), -1)
        own_of[machine] = np.arange(len(machine))
        known = np.fromiter(self._book.machines(), np.intp)
        known = known[own_of[known] >= 0]
        at = at_ms[plane.layout.machine_facility[own_of[known]]]
        for number, moment in zip(known.tolist(), at.tolist(), strict=True):
            self._book.cut(number, moment)
        machines = plane.machines
        for own in np.flatnonzero(machines.on).tolist():
            start_ms, since_ms = int(machines.start_ms[own]), int(machines.since_ms[own])
            self._book.begin(int(machine[own]), Interval(start_ms=start_ms, stop_ms=None, since_ms=since_ms))
        plane.begin(at_ms)

    def _play(
        self, plane: Plane, rows: Ranked, place: tuple[Indices, Ints, Indices], at_ms: Ints, horizon_ms: Ints
    ) -> None:
        facility, state, machine = place
        owner = plane.layout.cell_facility[rows.cell]
        done_ms = at_ms.copy()
        for number in range(int(state.min()) + 1, len(self._saved.states)):
            later = self._saved.states[number]
            until_ms = np.where(state < number, later.at_ms[facility], done_ms)
            self._forward(plane, rows, owner, done_ms, until_ms)
            renewed = np.flatnonzero(state < number)
            self._renew(plane, number, renewed, facility, machine)
            done_ms = np.maximum(done_ms, until_ms)
        self._forward(plane, rows, owner, done_ms, horizon_ms)

    def _forward(self, plane: Plane, rows: Ranked, owner: Indices, done_ms: Ints, until_ms: Ints) -> None:
        now: Bools = (rows.time_ms > done_ms[owner]) & (rows.time_ms <= until_ms[owner])
        late = plane.step(rows.take(now), until_ms)
        if len(late.cell):
            raise AssertionError("a reading was late in a re-evaluation")

    def _renew(self, plane: Plane, number: int, renewed: Indices, facility: Indices, machine: Indices) -> None:
        """The later saved state was computed without the late readings: compute it anew for these facilities."""
        later = self._saved.states[number]
        fresh = save(plane, later.taken_ms)
        mine = np.zeros(len(facility), np.bool_)
        mine[renewed] = True
        chosen = mine[plane.layout.machine_facility]
        inside = chosen[fresh.machine]
        own = np.flatnonzero(chosen)
        fresh.at_ms = fresh.at_ms[renewed]
        fresh.machine, fresh.on = np.searchsorted(own, fresh.machine[inside]), fresh.on[inside]
        fresh.spent_ms, fresh.since_ms = fresh.spent_ms[inside], fresh.since_ms[inside]
        fresh.start_ms = fresh.start_ms[inside]
        later.replace(fresh, machine[own], facility[renewed])


def _rebuild(plane: Plane, rows: Ranked, at_ms: Ints) -> None:
    """Cells and windows as they stood at ``at_ms``, from the readings until then (sorted by cell and time)."""
    layout = plane.layout
    before = rows.rows.take(rows.time_ms <= at_ms[layout.cell_facility[rows.cell]])
    if not len(before.cell):
        return
    last = np.ones(len(before.cell), np.bool_)
    last[:-1] = firsts(before.cell)[1:]
    newest = before.take(last)
    expiry = newest.time_ms + layout.stale_ms[newest.cell]
    known = expiry > at_ms[layout.cell_facility[newest.cell]]
    plane.cells.expiry_ms[newest.cell] = expiry
    plane.cells.value[newest.cell] = np.where(known, newest.value, np.nan)
    plane.cells.floor_ms[newest.cell] = at_ms[layout.cell_facility[newest.cell]]
    for one, windows in zip(layout.classes, plane.windows, strict=True):
        for window in windows:
            start, stop = np.searchsorted(before.cell, _span(one, window)).tolist()
            if start < stop:
                _rebuild_window(plane, one, window, before.between(start, stop), at_ms[one.facilities])


def _span(one: ClassLayout, window: Window) -> tuple[int, int]:
    source = one.cells(window.plan.source)
    return source.start, source.stop


def _rebuild_window(plane: Plane, one: ClassLayout, window: Window, rows: Rows, at_ms: Ints) -> None:
    source = one.cells(window.plan.source)
    emitted = Emitted()
    window.feed(rows.cell - source.start, rows.time_ms, rows.value, plane.layout.stale_ms[rows.cell], emitted)
    window.close_until(at_ms, emitted)
    result = plane.cells.value[one.cells(window.plan.column)]
    for row, value in zip(emitted.row, emitted.value, strict=True):
        result[row] = value


def _copy_back(live: Plane, plane: Plane, facility: Indices, cell: Indices, machine: Indices) -> None:
    for name in ("value", "expiry_ms", "low", "high", "floor_ms"):
        getattr(live.cells, name)[cell] = getattr(plane.cells, name)
    for name in Machines.COLUMNS:
        getattr(live.machines, name)[machine] = getattr(plane.machines, name)
    live.machines.find_timers()
    live.horizon_ms[facility] = plane.horizon_ms
    live.front_ms[facility] = plane.front_ms
    for one, windows, new_windows in zip(live.layout.classes, live.windows, plane.windows, strict=True):
        inside = (facility >= one.facility0) & (facility < one.facility0 + one.size)
        row = facility[inside] - one.facility0
        for window, new in zip(windows, new_windows, strict=True):
            for name in Window.ROW_COLUMNS:
                getattr(window, name)[row] = getattr(new, name)
            for name in Window.SLOT_COLUMNS:
                getattr(window, name)[:, row] = getattr(new, name)
