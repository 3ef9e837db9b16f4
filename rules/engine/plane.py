"""Cells, windows and machines of a set of facilities, moved forward together.

One step: take in rows; raise each facility's horizon to its newest reading, or to a given moment; let everything that
became due until then happen (expiries, slot ends, dates of rules); judge all of it in the order of time; fire the
timers.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, Indices, Ints
from rules.engine.cells import Cells
from rules.engine.conditions import Changes, by_class, judge, judge_all, portions, tell
from rules.engine.derived import closed_ms, derive, sourced, stand
from rules.engine.layout import ClassLayout, Layout, dated, fed
from rules.engine.machines import Machines, Switches
from rules.engine.rows import NO_ROWS, Ranked, Rows, joined, order_by
from rules.engine.schedules import TermColumn
from rules.engine.seasons import window_of
from rules.engine.sieve import OrderedCells
from rules.engine.windows import Emitted, Window


class Plane:
    """State of G facilities.

    Attributes:
        horizon_ms: int64[G], up to where event time has been looked at.
        front_ms: int64[G], the last moment at which a condition of the facility changed.
    """

    def __init__(self, layout: Layout, cells: Cells | None = None) -> None:
        """Minus infinity: nothing known, everything normal; ``cells`` that sift in another way (``sieve.py``)."""
        self.layout = layout
        self.cells = cells or Cells(layout)
        self.machines = Machines(layout)
        self.windows = [[window_of(plan, one.size) for plan in one.windows] for one in layout.classes]
        self.horizon_ms = np.full(len(layout.facility), BEGINNING_MS)
        self.front_ms = np.full(len(layout.facility), BEGINNING_MS)
        self._sourced = sourced(layout)
        self._dates = [(one, column, part) for one in layout.classes for column, part in dated(one)]
        self._terms = [(one, term) for one in layout.classes for term in one.terms]
        for one, column, part in self._dates:
            self.cells.value[one.cells(column)] = 1.0 if part.from_ms is None else 0.0
        for one in layout.classes:
            derived = [
                *(column for column, _ in (*dated(one), *fed(one))),
                *(plan.column for plan in one.derived),
                *(term.column for term in one.terms),
            ]
            for column in [*derived, *(plan.column for plan in one.windows)]:
                self.cells.expiry_ms[one.cells(column)] = 2 * -BEGINNING_MS
                self.cells.rebound(np.arange(one.cells(column).start, one.cells(column).stop))

    def like(self, layout: Layout) -> Plane:
        """A plane of the same kind over another layout, at minus infinity, that is fed in order."""
        return Plane(layout, OrderedCells(layout))

    def step(
        self,
        batch: Ranked | None,
        until_ms: Ints | int | None,
        derived: Rows | None = None,
        fed_rows: Rows | None = None,
    ) -> Rows:
        """Take in a batch and move the horizons forward.

        Args:
            batch: rows in any order; ``None`` for none.
            until_ms: int64[G] or one moment, to which horizons rise as well.
            derived: results of windows by (cell, time), if they were computed elsewhere; the windows rest then.
            fed_rows: what other facilities feed, by (cell, time); behind every front.

        Returns:
            The rows that came too late for this plane; nothing of them was used.
        """
        before = self.horizon_ms.copy() if self._dates or self._terms else self.horizon_ms
        events = looked_back = late = NO_ROWS
        if batch is not None and len(batch.cell):
            events, looked_back, late, time_ms = self.cells.sift(batch, self.front_ms)
            self._raise_horizon(batch.rows, time_ms)
        if fed_rows is not None:
            self._raise_horizon(fed_rows)
        if until_ms is not None:
            np.maximum(self.horizon_ms, until_ms, out=self.horizon_ms)
        parts = [
            events,
            self.cells.expired(self.horizon_ms),
            self.cells.lapsing_at_once(events, self.horizon_ms),
            self._dates_passed(before),
            self._turns(before, batch, fed_rows, derived),
            NO_ROWS if fed_rows is None else self.cells.derived(fed_rows),
        ]
        if self._sourced:
            happened = joined([part for part in parts if len(part.cell)])
            looked_back = joined([looked_back, derive(self.layout, self._sourced, self.cells.value, happened)])
        parts.append(self._windows(looked_back) if derived is None else self.cells.derived(derived))
        self._judge(joined([part for part in parts if len(part.cell)]))
        facility, at_ms = self.machines.expire(self.horizon_ms)
        np.maximum.at(self.front_ms, facility, at_ms)
        return late

    def begin(self, at_ms: Ints) -> None:
        """Judge the cells as they are at ``at_ms`` (int64[G]): how a saved state starts to move again."""
        self.horizon_ms[:] = at_ms
        self.front_ms[:] = at_ms
        self.cells.since_ms[:] = at_ms[self.layout.cell_facility]
        for one, column, part in self._dates:
            at = at_ms[one.facilities]
            begun = np.ones(one.size, np.bool_) if part.from_ms is None else at >= part.from_ms
            over = np.zeros(one.size, np.bool_) if part.until_ms is None else at >= part.until_ms
            self.cells.value[one.cells(column)] = begun & ~over
        for one, term in self._terms:
            self.cells.value[one.cells(term.column)], _ = term.at(at_ms[one.facilities])
        stand(self.layout, self.cells.value)
        self.cells.rebound(np.arange(len(self.cells.value)))
        self.cells.usual_ms[:] = self.cells.since_ms
        self.cells.usual_low[:], self.cells.usual_high[:] = self.cells.low, self.cells.high
        judge_all(self.layout, self.cells, self.machines, at_ms)

    def admit(self, late: Rows, until_ms: Ints) -> None:
        """Take in late rows that move no machine (``stirring.py``) and hold until some moments.

        Those still in force are what the next events meet. The machines need not hear of them: under the drive they
        have and under the one they would get they rest, and if an event brings the old one back nothing was missed.
        """
        in_force = until_ms > self.horizon_ms[self.layout.cell_facility[late.cell]]
        over_ms = np.where(in_force, late.time_ms, until_ms)
        self.cells.unsettle(late, over_ms)
        np.maximum.at(self.front_ms, self.layout.cell_facility[late.cell], over_ms)
        newest = late.take(in_force)
        self.cells.prolong(newest)
        self.cells.put(newest)

    def judged(self, rows: Rows) -> Rows:
        """Rows of the history that are not behind their facility's horizon.

        The history may hold more only where facilities are judged at different distances from the wall clock.
        """
        if self.layout.pool is None:
            return rows
        return rows.take(rows.time_ms <= self.horizon_ms[self.layout.cell_facility[rows.cell]])

    def take_switches(self) -> list[Switches]:
        """Alarms that started or stopped since the last call."""
        return self.machines.take_switches()

    def _raise_horizon(self, rows: Rows, time_ms: Ints | None = None) -> None:
        """To the rows' moments; ``time_ms`` are those by cell, if they are at hand."""
        if time_ms is None:
            np.maximum.at(self.horizon_ms, self.layout.cell_facility.take(rows.cell), rows.time_ms)
            return
        for one in self.layout.classes:
            horizon_ms = self.horizon_ms[one.facilities]
            for column in range(len(one.operands)):
                np.maximum(horizon_ms, time_ms[one.cells(column)], out=horizon_ms)

    def _windows(self, looked_back: Rows) -> Rows:
        """Feed the windows, close their slots, and give the results that leave their band."""
        cell = looked_back.cell
        single = bool((cell[1:] > cell[:-1]).all())
        if not single and not bool((cell[1:] >= cell[:-1]).all()):
            looked_back = looked_back.take(np.argsort(cell, kind="stable"))
            cell = looked_back.cell
            single = bool((cell[1:] > cell[:-1]).all())
        found = [
            self._window(one, window, looked_back, single)
            for one, windows in zip(self.layout.classes, self.windows, strict=True)
            for window in windows
        ]
        return joined([part for part in found if len(part.cell)])

    def _window(self, one: ClassLayout, window: Window, looked_back: Rows, single: bool) -> Rows:
        """The same of one window; of ``looked_back`` no two are of one cell if ``single``."""
        emitted = Emitted()
        source, horizon_ms = one.cells(window.plan.source), self.horizon_ms[one.facilities]
        start, stop = looked_back.cell.searchsorted((source.start, source.stop)).tolist()
        _, time_ms, value = mine = looked_back.between(start, stop)
        if single and stop - start == one.size:
            window.feed_all(time_ms, value, self.layout.stale_ms[source], emitted)
        elif len(mine.cell):
            stale_ms = self.layout.stale_ms[mine.cell]
            window.feed(mine.cell - source.start, time_ms, value, stale_ms, horizon_ms, emitted)
        window.close_until(horizon_ms, emitted)
        if not emitted.row:
            return NO_ROWS
        closed = closed_ms(window)
        if window.plan.source in window.plan.inputs:
            np.maximum(self.cells.floor_ms[source], closed, out=self.cells.floor_ms[source])
        else:
            np.maximum(self.front_ms[one.facilities], closed, out=self.front_ms[one.facilities])
        target = one.cells(window.plan.column)
        if len(emitted.row) == 1 and len(emitted.row[0]) == one.size:
            return self.cells.derived_column(target, emitted.time_ms[0], emitted.value[0])
        cell = np.concatenate(emitted.row) + target.start
        return self.cells.derived(Rows(cell, np.concatenate(emitted.time_ms), np.concatenate(emitted.value)))

    def _dates_passed(self, before_ms: Ints) -> Rows:
        found: list[Rows] = []
        for one, column, part in self._dates:
            start, now = before_ms[one.facilities], self.horizon_ms[one.facilities]
            for moment, value in ((part.from_ms, 1.0), (part.until_ms, 0.0)):
                if moment is not None:
                    row = np.flatnonzero((start < moment) & (now >= moment))
                    cell = row + one.cells(column).start
                    found.append(Rows(cell, np.full(len(row), moment), np.full(len(row), value)))
        return joined(found)

    def _turns(self, before_ms: Ints, batch: Ranked | None, *others: Rows | None) -> Rows:
        """Where a term of the calendar turns true or false; a facility's calendar begins with its first reading."""
        if not self._terms:
            return NO_ROWS
        earliest = self.horizon_ms.copy()
        for rows in (batch, *others):
            if rows is not None and len(rows.cell):
                np.minimum.at(earliest, self.layout.cell_facility[rows.cell], rows.time_ms)
        from_ms = np.where(before_ms == BEGINNING_MS, earliest, before_ms)
        found: list[Rows] = []
        for one, term in self._terms:
            own = one.facilities
            self._begin_term(one, term, np.where(before_ms[own] == BEGINNING_MS, from_ms[own], BEGINNING_MS))
            row, time_ms, value = term.between(from_ms[own], self.horizon_ms[own])
            found.append(Rows(row + one.cells(term.column).start, time_ms, value))
        return joined(found)

    def _begin_term(self, one: ClassLayout, term: TermColumn, at_ms: Ints) -> None:
        """Set a term where facilities begin at a moment (``BEGINNING_MS`` where they do not).

        No condition can be true before a reading (``rules/language/alone.py``), so nothing is judged.
        """
        row = np.flatnonzero(at_ms > BEGINNING_MS)
        if not len(row):
            return
        value, since_ms = term.take(row).at(at_ms[row])
        cell, facility = row + one.cells(term.column).start, row + one.facility0
        self.cells.begin(cell, value, since_ms)
        self.front_ms[facility] = np.maximum(self.front_ms[facility], since_ms)

    def _judge(self, events: Rows) -> None:
        changes: list[Changes] = []
        for part in by_class(self.layout, events):
            facility = self.layout.cell_facility.take(part.cell)
            order = order_by(facility, part.time_ms)
            ordered, facility = part.take(order), facility.take(order)
            for begin, end in portions(facility):
                changes += self._judge_some(ordered.between(begin, end), facility[begin:end])
        tell(self.machines, changes)

    def _judge_some(self, events: Rows, facility: Indices) -> list[Changes]:
        changes = judge(self.layout, self.cells, self.machines, events, facility)
        self.cells.settle(events)
        self.front_ms[facility] = np.maximum(self.front_ms[facility], events.time_ms)
        return changes
