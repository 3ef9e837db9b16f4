"""The latches and timers of all rules and facilities, in flat columns.

A machine (``docs/alarms.md`` section 3) is driven by two things its conditions say: what they do to it while *normal*
(true time runs, stands, returns to 0) and while *active* (clear time runs, stands, returns to 0). Both are packed
into one byte, the *drive*, and a machine hears only of changes of its drive. Between two changes nothing can happen
but the end of its timer, so while one runs the machine keeps the moment it will end (``deadline_ms``), and otherwise
the time accumulated.

A timer that ends at the very moment its condition changes has not fired: at the moment of the start ``when`` must be
true, at the moment of the stop ``clear`` must be true and ``when`` not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Bytes, Indices, Ints
from rules.engine.layout import Layout

RESET, HOLD, RUN = 0, 1, 2
UNSET_MS = NEVER_MS
"""``since`` while no accumulation has begun."""

_MODE = np.array([[drive // 3 for drive in range(9)], [drive % 3 for drive in range(9)]], np.uint8)
"""[active][drive] to RESET, HOLD or RUN."""


class Switches(NamedTuple):
    """Alarms that started or stopped: machine intp[n], at_ms int64[n], since_ms int64[n], on bool[n]."""

    machine: Indices
    at_ms: Ints
    since_ms: Ints
    on: Bools


class Machines:
    """State of q machines: 42 bytes each.

    ``moved_ms`` is the last moment at which a machine was not at rest, or switched; it is kept up to date while the
    machine moves only where its drive changes, so ask ``at_rest``.
    """

    COLUMNS = ("drive", "on", "spent_ms", "deadline_ms", "since_ms", "start_ms", "moved_ms")

    def __init__(self, layout: Layout) -> None:
        """All normal, driven by nothing known."""
        count = len(layout.machine_facility)
        self._layout = layout
        self.drive = np.full(count, HOLD * 3 + HOLD, np.uint8)
        self.on = np.zeros(count, np.uint8)
        self.spent_ms = np.zeros(count, np.int64)
        self.deadline_ms = np.full(count, NEVER_MS)
        self.since_ms = np.full(count, UNSET_MS)
        self.start_ms = np.full(count, UNSET_MS)
        self.moved_ms = np.full(count, BEGINNING_MS)
        self._switched: list[Switches] = []
        self._timers: list[Indices] = []

    def take_switches(self) -> list[Switches]:
        """What has switched since the last call, in an order that is chronological for each machine."""
        switched, self._switched = self._switched, []
        return switched

    def change(self, machine: Indices, at_ms: Ints, drive: Bytes) -> None:
        """New drives, grouped by machine and in time order within each."""
        first = np.empty(len(machine), np.bool_)
        first[:1] = True
        np.not_equal(machine[1:], machine[:-1], out=first[1:])
        if first.all():
            self._change_once(machine, at_ms, drive)
            return
        place = np.arange(len(machine))
        rank = place - np.maximum.accumulate(np.where(first, place, 0))
        order = np.argsort(rank, kind="stable")
        bounds = np.cumsum(np.bincount(rank))
        for start, stop in zip([0, *bounds[:-1].tolist()], bounds.tolist(), strict=True):
            rows = order[start:stop]
            self._change_once(machine[rows], at_ms[rows], drive[rows])

    def _change_once(self, q: Indices, at_ms: Ints, drive: Bytes) -> None:
        """Each machine at most once: let the old drive run up to ``at_ms``, then set the new one."""
        moves = self._moving(q)
        deadline = self.deadline_ms[q]
        fired = deadline < at_ms
        if fired.any():
            self._switch(q[fired], deadline[fired])
        running = ~fired & (deadline < NEVER_MS)
        if running.any():
            r = q[running]
            self.spent_ms[r] = self._limit(r) - (deadline[running] - at_ms[running])
        self.drive[q] = drive
        on = self.on[q]
        mode = _MODE[on, drive]
        self._set_mode(q, at_ms, mode, on)
        moves |= mode == RUN
        self.moved_ms[q[moves]] = at_ms[moves]

    def _set_mode(self, q: Indices, at_ms: Ints, mode: Bytes, on: Bytes) -> None:
        self.deadline_ms[q] = NEVER_MS
        reset = mode == RESET
        self.spent_ms[q[reset]] = 0
        self.since_ms[q[reset & (on == 0)]] = UNSET_MS
        run = mode == RUN
        if not run.any():
            return
        r, now = q[run], at_ms[run]
        beginning = (on[run] == 0) & (self.since_ms[r] == UNSET_MS)
        self.since_ms[r[beginning]] = now[beginning]
        left = self._limit(r) - self.spent_ms[r]
        ready = left <= 0
        waiting = ~ready
        self.deadline_ms[r[waiting]] = now[waiting] + left[waiting]
        self._timers.append(r[waiting])
        if ready.any():
            self._switch(r[ready], now[ready])

    def expire(self, horizon_ms: Ints) -> tuple[Indices, Ints]:
        """Fire the timers that end at or before their facility's horizon; facility indices and moments.

        Only machines whose timer was started are looked at: they are noted when it starts, and forgotten here.
        """
        if not self._timers:
            return np.empty(0, np.intp), np.empty(0, np.int64)
        q = np.concatenate(self._timers)
        deadline = self.deadline_ms[q]
        running = deadline < NEVER_MS
        q, deadline = q[running], deadline[running]
        facility = self._layout.machine_facility[q]
        due = deadline <= horizon_ms[facility]
        self._timers = [q[~due]] if not due.all() else []
        q = np.unique(q[due])
        at_ms = self.deadline_ms[q]
        if len(q):
            self._switch(q, at_ms)
        return self._layout.machine_facility[q], at_ms

    def adopt(self, machine: int, start_ms: int, since_ms: int, at_ms: int) -> None:
        """Have a machine active that was announced before anything was computed; its conditions go on at ``at_ms``."""
        self.on[machine], self.spent_ms[machine], self.deadline_ms[machine] = 1, 0, NEVER_MS
        self.moved_ms[machine] = at_ms
        self.start_ms[machine], self.since_ms[machine] = start_ms, since_ms
        q = np.array([machine], np.intp)
        self._change_once(q, np.array([at_ms]), self.drive[q])

    def find_timers(self) -> None:
        """Note the running timers anew, after the state was set from outside."""
        self._timers = [np.flatnonzero(self.deadline_ms < NEVER_MS)]

    def _limit(self, q: Indices) -> Ints:
        return np.where(self.on[q] == 1, self._layout.clear_ms[q], self._layout.for_ms[q])

    def _switch(self, q: Indices, at_ms: Ints) -> None:
        starting = self.on[q] == 0
        self._switched.append(Switches(q, at_ms, self.since_ms[q], starting))
        self.on[q] = starting
        self.moved_ms[q] = at_ms
        self.spent_ms[q] = 0
        self.deadline_ms[q] = NEVER_MS
        self.start_ms[q] = np.where(starting, at_ms, UNSET_MS)
        self.since_ms[q[~starting]] = UNSET_MS

    def _moving(self, q: Indices) -> Bools:
        """Whether time has accumulated or does."""
        active = (self.spent_ms[q] > 0) | (self.deadline_ms[q] < NEVER_MS)
        return np.where(self.on[q] == 1, active, self.since_ms[q] != UNSET_MS)

    def begun(self) -> Indices:
        """Machines of which an accumulation or an alarm has begun, ascending.

        Normal ones that are reset have none: so most are ruled out by bytes.
        """
        q = np.flatnonzero((self.drive >= 3 * HOLD) | (self.on != 0))
        return q.compress(self.since_ms.take(q) != UNSET_MS)

    def at_rest(self, q: Indices, since_ms: Ints) -> Bools:
        """Whether each machine has not moved since a moment before ``since_ms``: nothing accumulated, no switch."""
        rest: Bools = self.moved_ms[q] < since_ms
        rest &= ~self._moving(q)
        return rest

    def spent_at(self, q: Indices, at_ms: Ints) -> Ints:
        """Time accumulated at ``at_ms``, no earlier than the last change and before the next timer ends."""
        deadline = self.deadline_ms[q]
        return np.where(deadline < NEVER_MS, self._limit(q) - (deadline - at_ms), self.spent_ms[q])
