"""Back to a saved state and forward over the stored readings, for all late facilities at once.

A small plane of the late facilities is set to the newest saved state before each one's oldest late reading. Values at
that moment come from the last reading before it, windows from the live ones, set back, or from the readings of one
window before it. Then all readings since are played through the same code that judges live ones, up to the live
horizon, and the result is copied over the live plane. Saved states in between were taken without the late readings:
the newest becomes the state at the end, those before it copies of the one begun at. But a backlog of hours comes in
pieces, each later than the one before; so where the late readings are long past, the plane pauses near the newest of
them and saves its state, for the next piece to begin there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from core.alarms import Interval
from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Indices, Ints
from rules.engine.ages import Ages
from rules.engine.cells import Cells
from rules.engine.derived import closed_ms, derived_anew
from rules.engine.feeds import AGES, LAPSED
from rules.engine.history import Memory
from rules.engine.intervals import IntervalBook
from rules.engine.layout import ClassLayout, Layout
from rules.engine.machines import Machines
from rules.engine.patches import Stretch
from rules.engine.plane import Plane
from rules.engine.rewinding import Recomputed, begin_slot, recomputed, results_at
from rules.engine.rows import NO_ROWS, Rows, firsts, joined, spans
from rules.engine.saved import SavedState, SavedStates, save
from rules.engine.seasons import window_of
from rules.engine.windows import Window

PAUSE_MS = 60_000
"""A state is saved so long before the newest late reading: what of a backlog comes next is seldom older than that."""
LONG_AGO_MS = 600_000


def pauses(newest_ms: Ints, horizon_ms: Ints) -> Ints:
    """Where re-evaluations pause to save a state, for what may come next of a backlog.

    Args:
        newest_ms: int64[k], the newest late reading of each facility.
        horizon_ms: int64[k], up to where each is judged.

    Returns:
        int64[k]; ``NEVER_MS`` where the late readings are so recent that the usual states are near enough.
    """
    return np.where(horizon_ms - newest_ms > LONG_AGO_MS, newest_ms - PAUSE_MS, NEVER_MS)


class Feeding(Protocol):
    """Where the values of pools (``pools.py``) come from."""

    def since(self, pool: Indices, from_ms: Ints) -> Rows:
        """The values of pools (ascending) after a moment of each, and those at that moment; by (pool, time)."""
        ...


class Reevaluation:
    """One re-evaluation: ``play``, then ``keep``, or both by ``run``; each is called once."""

    def __init__(
        self,
        live: Plane,
        memory: Memory,
        ages: Ages,
        saved: SavedStates,
        book: IntervalBook,
        pools: Feeding | None = None,
    ) -> None:
        """Work on ``live``, its history, its ages, its saved states, its intervals, and what feeds it."""
        self._live = live
        self._memory = memory
        self._ages = ages
        self._saved = saved
        self._book = book
        self._pools = pools
        self._anew: list[tuple[Window, Recomputed, Indices]] = []
        self._blank: list[tuple[Window, Indices]] = []

    def run(self, facility: Indices, state: Ints, pause_ms: Ints | None = None) -> int:
        """Re-evaluate facilities (ascending), each from the saved state with its number.

        Args:
            facility: which.
            state: from where.
            pause_ms: int64[k], where each pauses to save a state (``NEVER_MS`` where not); none pauses without.

        Returns:
            How many readings were played.
        """
        self.play(facility, state, pause_ms)
        self.keep()
        return self._played_rows

    def play(self, facility: Indices, state: Ints, pause_ms: Ints | None = None) -> Plane:
        """What the facilities (ascending) come to, each from the saved state with its number; as ``run``."""
        pause_ms = np.full(len(facility), NEVER_MS) if pause_ms is None else pause_ms
        layout, cell, machine = self._live.layout.take(facility)
        plane = self._live.like(layout)
        at_ms = np.empty(len(facility), np.int64)
        for number in np.unique(state).tolist():
            mine = state == number
            at_ms[mine] = self._saved.states[number].at_ms[facility[mine]]
            chosen = np.flatnonzero(mine[layout.machine_facility])
            self._saved.states[number].put(plane.machines, machine, chosen)
        horizon = self._live.horizon_ms[facility]
        rows = self._readings(plane, facility, cell, at_ms, int(horizon.max()) + 1)
        before = rows.take(rows.time_ms <= at_ms[layout.cell_facility[rows.cell]])
        _rebuild(plane, before, at_ms)
        if len(self._ages.cells):
            self._ages.begin_anew(cell, at_ms[layout.cell_facility], rows)
            _age(plane, self._ages.first_ms[cell], at_ms)
        derived = joined([self._rewind(plane, facility, rows, at_ms, horizon), self._feed(plane, at_ms)])
        self._reopen(plane, machine, at_ms)
        self._play(plane, rows, derived, (facility, state, machine), (at_ms, pause_ms, horizon))
        self._result = plane, facility, cell, machine, at_ms
        self._played_rows = len(rows.cell)
        return plane

    def keep(self) -> None:
        """Let everything go on from what was played."""
        plane, facility, cell, machine, at_ms = self._result
        self._book.record(plane.take_switches(), machine)
        _keep_what_held(self._live, plane, cell, machine, at_ms)
        _copy_back(self._live, plane, facility, cell, machine)
        for window, row in self._blank:
            window.put(row, window_of(window.plan, len(row)))
        for window, found, row in self._anew:
            found.put(window, row, np.ones(len(row), np.bool_))

    def _windows(self, plane: Plane, facility: Indices) -> Iterator[tuple[ClassLayout, Window, Window, Indices]]:
        """Each window of the plane, the live one, and where its rows lie there."""
        live = self._live
        for one, windows, whole, lives in zip(
            plane.layout.classes, plane.windows, live.layout.classes, live.windows, strict=True
        ):
            row = facility[one.facilities] - whole.facility0
            for window, live_window in zip(windows, lives, strict=True):
                yield one, window, live_window, row

    def _readings(self, plane: Plane, facility: Indices, cell: Indices, at_ms: Ints, to_ms: int) -> Rows:
        """Everything needed from before the saved state on, in the plane's own cells."""
        layout = plane.layout
        window_ms = np.zeros(len(layout.stale_ms), np.int64)
        for one, window, live, row in self._windows(plane, facility):
            at = at_ms[one.facilities]
            able = live.reaches(row, at // window.plan.step_ms)
            back = np.where(able, at % window.plan.step_ms, (window.plan.slots + 1) * window.plan.step_ms)
            for column in window.plan.inputs:
                window_ms[one.cells(column)] = np.maximum(window_ms[one.cells(column)], back)
        lookback = np.minimum(layout.stale_ms + window_ms, NEVER_MS)
        from_ms = np.maximum(at_ms[layout.cell_facility] - lookback, BEGINNING_MS)
        real = np.flatnonzero(layout.point >= 0)
        order = real[np.argsort(cell[real])]
        rows = self._memory.since(cell[order], from_ms[order], to_ms)
        own = np.zeros(len(self._live.layout.point), np.intp)
        own[cell] = np.arange(len(cell))
        rows = self._ages.without_void(self._live.judged(rows))
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

    def _rewind(self, plane: Plane, facility: Indices, rows: Rows, at_ms: Ints, horizon_ms: Ints) -> Rows:
        """Compute all windows up to the horizon; their results after the saved state, by (cell, time)."""
        found = []
        for one, window, live, row in self._windows(plane, facility):
            source, target = one.cells(window.plan.source), one.cells(window.plan.column)
            at, step_ms = at_ms[one.facilities], window.plan.step_ms
            mine = _looked_back(plane.layout, one, window, rows, horizon_ms[one.facilities])
            known = live.reaches(row, at // step_ms)
            slot = np.where(known, at // step_ms, begin_slot(mine, one.size, step_ms))
            able = np.flatnonzero(slot != BEGINNING_MS)
            stale_ms, until_ms = plane.layout.stale_ms[source], horizon_ms[one.facilities]
            # The readings reach back one window before the saved state, so from there on every slot is whole.
            begun = np.where(known, live.begun[row], np.maximum(slot, at // step_ms))
            stretch = Stretch(row[able], slot[able], known[able], begun[able], stale_ms[able], until_ms[able])
            inside = np.zeros(one.size, np.bool_)
            inside[able] = True
            part = mine.take(inside[mine.cell])
            new, results = recomputed(live, stretch, part._replace(cell=np.searchsorted(able, part.cell)))
            window.slot[able] = new.slot
            self._blank.append((live, row[slot == BEGINNING_MS]))
            self._anew.append((live, new, row[able]))
            results = results._replace(cell=able[results.cell])
            plane.cells.value[target] = results_at(results, one.size, at)
            later = results.take(results.time_ms > at[results.cell])
            found.append(later._replace(cell=later.cell + target.start))
        return joined(found)

    def _feed(self, plane: Plane, at_ms: Ints) -> Rows:
        """Set the fed cells as they stood at the saved state; what they were fed after it."""
        feed = plane.layout.pool
        if self._pools is None or feed is None or not (feed >= 0).any():
            return NO_ROWS
        cell = np.flatnonzero(feed >= 0)
        cell = cell[np.argsort(feed[cell], kind="stable")]
        pool, first = np.unique(feed[cell], return_index=True)
        at = at_ms[plane.layout.cell_facility[cell]]
        rows = self._pools.since(pool, np.minimum.reduceat(at, first))
        which, place = spans(np.append(first, len(cell)), np.searchsorted(pool, rows.cell))
        fed = Rows(cell[place], rows.time_ms[which], rows.value[which])
        later = fed.time_ms > at_ms[plane.layout.cell_facility[fed.cell]]
        before = fed.take(~later)
        plane.cells.value[before.cell] = before.value
        return fed.take(later)

    def _play(
        self,
        plane: Plane,
        rows: Rows,
        derived: Rows,
        place: tuple[Indices, Ints, Indices],
        stretch: tuple[Ints, Ints, Ints],
    ) -> None:
        _, state, _ = place
        at_ms, pause_ms, horizon_ms = stretch
        newest = len(self._saved.states) - 1
        between = range(int(state.min()) + 1, newest)
        taken_ms = [one.taken_ms for one in self._saved.states]
        begun = save(plane, 0)
        for number in between:
            self._renew(begun, number, np.flatnonzero((state < number) & (taken_ms[number] < pause_ms)), place)
        pausing = (pause_ms > at_ms) & (pause_ms <= max(taken_ms[:newest], default=BEGINNING_MS))
        paused_ms = np.where(pausing, np.minimum(pause_ms, horizon_ms), at_ms)
        if pausing.any():
            self._forward(plane, rows, derived, at_ms, paused_ms)
        paused = save(plane, 0)
        for number in between:
            self._renew(paused, number, np.flatnonzero((state < number) & (taken_ms[number] >= pause_ms)), place)
        self._forward(plane, rows, derived, paused_ms, horizon_ms)
        renewed = np.flatnonzero(state < newest)
        self._renew(save(plane, 0), newest, renewed, place)
        plane.front_ms[renewed] = plane.horizon_ms[renewed]

    def _forward(self, plane: Plane, rows: Rows, derived: Rows, done_ms: Ints, until_ms: Ints) -> None:
        owner = plane.layout.cell_facility
        now: Bools = (rows.time_ms > done_ms[owner[rows.cell]]) & (rows.time_ms <= until_ms[owner[rows.cell]])
        mine = owner[derived.cell]
        due: Bools = (derived.time_ms > done_ms[mine]) & (derived.time_ms <= until_ms[mine])
        played = rows.take(now)
        late = plane.step(plane.cells.in_order(played), until_ms, derived.take(due))
        if len(late.cell):
            raise AssertionError("a reading was late in a re-evaluation")
        plane.cells.refresh(played)

    def _renew(self, fresh: SavedState, number: int, renewed: Indices, place: tuple[Indices, Ints, Indices]) -> None:
        """A later saved state was computed without the late readings: put in the right one for these facilities."""
        if not len(renewed):
            return
        facility, _, machine = place
        owner = self._live.layout.machine_facility[machine]
        mine = np.zeros(len(self._live.layout.facility), np.bool_)
        mine[facility[renewed]] = True
        chosen = mine[owner]
        own = np.flatnonzero(chosen)
        inside = chosen[fresh.machine]
        part = SavedState(
            fresh.taken_ms,
            fresh.at_ms[renewed],
            np.searchsorted(own, fresh.machine[inside]),
            *(getattr(fresh, name)[inside] for name in ("on", "spent_ms", "since_ms", "start_ms")),
        )
        self._saved.states[number].replace(part, machine[own], facility[renewed])


def _looked_back(layout: Layout, one: ClassLayout, window: Window, rows: Rows, until_ms: Ints) -> Rows:
    """What a window looks back over, from readings: ``cell`` is the row in the class; sorted by (row, time)."""
    for plan in one.derived:
        if plan.column == window.plan.source:
            return derived_anew(layout, one, plan, rows, until_ms)
    source = one.cells(window.plan.source)
    start, stop = np.searchsorted(rows.cell, (source.start, source.stop)).tolist()
    mine = rows.between(start, stop)
    return mine._replace(cell=mine.cell - source.start)


def _rebuild(plane: Plane, before: Rows, at_ms: Ints) -> None:
    """Cells as they stood at ``at_ms``, from the readings until then (sorted by cell and time)."""
    layout = plane.layout
    last = np.ones(len(before.cell), np.bool_)
    last[:-1] = firsts(before.cell)[1:]
    newest = before.take(last)
    at = at_ms[layout.cell_facility[newest.cell]]
    expiry = newest.time_ms + layout.stale_ms[newest.cell]
    plane.cells.expiry_ms[newest.cell] = expiry
    plane.cells.value[newest.cell] = np.where(expiry > at, newest.value, np.nan)
    plane.cells.floor_ms[newest.cell] = at


def _age(plane: Plane, first_ms: Ints, at_ms: Ints) -> None:
    """Ages that were reached at ``at_ms``: there was a good reading (int64[n], the first), and none is in force."""
    layout, value = plane.layout, plane.cells.value
    if layout.feed is not None:
        old = np.flatnonzero((layout.feed == AGES) & np.isnan(value) & (first_ms <= at_ms[layout.cell_facility]))
        value[old] = LAPSED


def _keep_what_held(live: Plane, plane: Plane, cell: Indices, machine: Indices, at_ms: Ints) -> None:
    """What has not changed since the saved state has not changed for as long as it had not before."""
    layout = plane.layout
    began = at_ms[layout.cell_facility]
    still = plane.cells.since_ms == began
    np.minimum(plane.cells.since_ms, live.cells.since_ms[cell], out=plane.cells.since_ms, where=still)
    usual = (plane.cells.usual_ms == began) & (plane.cells.usual_low == live.cells.usual_low[cell])
    np.minimum(plane.cells.usual_ms, live.cells.usual_ms[cell], out=plane.cells.usual_ms, where=usual)
    moved = np.minimum(live.machines.moved_ms[machine], at_ms[layout.machine_facility])
    np.maximum(plane.machines.moved_ms, moved, out=plane.machines.moved_ms)


def _copy_back(live: Plane, plane: Plane, facility: Indices, cell: Indices, machine: Indices) -> None:
    for one, windows in zip(plane.layout.classes, plane.windows, strict=True):
        for window in windows:
            own = window.plan.source in window.plan.inputs
            floor = plane.cells.floor_ms[one.cells(window.plan.source)] if own else plane.front_ms[one.facilities]
            np.maximum(floor, closed_ms(window), out=floor)
    for name in Cells.COLUMNS:
        getattr(live.cells, name)[cell] = getattr(plane.cells, name)
    for name in Machines.COLUMNS:
        getattr(live.machines, name)[machine] = getattr(plane.machines, name)
    live.machines.find_timers()
    live.horizon_ms[facility] = plane.horizon_ms
    live.front_ms[facility] = plane.front_ms
