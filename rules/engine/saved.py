"""Saved states: where a re-evaluation begins.

A saved state keeps only what cannot be computed anew: the machines that were not at rest (accumulating or active),
each as it stood at its facility's horizon. Values, bands and windows are rebuilt from the readings before that
moment, so a saved state of 10,000 quiet facilities is 80 kB. States are taken every few seconds of wall time and
thinned so that their distance grows with their age; the oldest reaches back ``reach_ms``. The first one, *genesis*,
is minus infinity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Bytes, Indices, Ints
from rules.engine.machines import Machines
from rules.engine.plane import Plane


@dataclass(slots=True)
class SavedState:
    """Machines that were not at rest.

    Attributes:
        taken_ms: wall clock.
        at_ms: int64[G], the horizon of each facility.
        machine: intp[k], ascending.
        on: uint8[k]; spent_ms, since_ms, start_ms: int64[k].
    """

    taken_ms: int
    at_ms: Ints
    machine: Indices
    on: Bytes
    spent_ms: Ints
    since_ms: Ints
    start_ms: Ints

    def put(self, machines: Machines, index: Indices, chosen: Indices) -> None:
        """Set the machines ``chosen`` of a plane, which are ``index[chosen]`` here, as they stood."""
        place = np.searchsorted(self.machine, index[chosen])
        place[place == len(self.machine)] = 0
        there = self.machine[place] == index[chosen] if len(self.machine) else np.zeros(len(chosen), np.bool_)
        source, target = place[there], chosen[there]
        machines.on[target] = self.on[source]
        machines.spent_ms[target] = self.spent_ms[source]
        machines.since_ms[target] = self.since_ms[source]
        machines.start_ms[target] = self.start_ms[source]

    def replace(self, other: SavedState, index: Indices, facility: Indices) -> None:
        """Put in the newly computed state of some facilities; ``index`` leads from its machines to those here."""
        self.at_ms[facility] = other.at_ms
        gone = np.zeros(max(int(self.machine.max(initial=0)), int(index.max(initial=0))) + 1, np.bool_)
        gone[index] = True
        rest = ~gone.take(self.machine)
        machine = np.concatenate([self.machine[rest], index[other.machine]])
        order = np.argsort(machine)
        self.machine = machine[order]
        self.on = np.concatenate([self.on[rest], other.on])[order]
        self.spent_ms = np.concatenate([self.spent_ms[rest], other.spent_ms])[order]
        self.since_ms = np.concatenate([self.since_ms[rest], other.since_ms])[order]
        self.start_ms = np.concatenate([self.start_ms[rest], other.start_ms])[order]

    def adopt(self, machine: int, start_ms: int, since_ms: int) -> None:
        """Have a machine active that was announced before anything was computed."""
        one = np.array([machine], np.intp)
        on = np.ones(1, np.uint8)
        state = SavedState(
            self.taken_ms, self.at_ms[:0], np.zeros(1, np.intp), on, *(np.array([x]) for x in (0, since_ms, start_ms))
        )
        self.replace(state, one, np.empty(0, np.intp))


def save(plane: Plane, now_ms: int) -> SavedState:
    """The state of a plane at its horizons."""
    machines = plane.machines
    q = machines.begun()
    at_ms = plane.horizon_ms.copy()
    return SavedState(
        taken_ms=now_ms,
        at_ms=at_ms,
        machine=q,
        on=machines.on[q],
        spent_ms=machines.spent_at(q, at_ms[plane.layout.machine_facility[q]]),
        since_ms=machines.since_ms[q],
        start_ms=machines.start_ms[q],
    )


class SavedStates:
    """Saved states from old to new, their distance growing with their age."""

    def __init__(self, facilities: int, every_ms: int, reach_ms: int) -> None:
        """Begin with genesis."""
        none = np.empty(0, np.int64)
        genesis = SavedState(
            BEGINNING_MS,
            np.full(facilities, BEGINNING_MS),
            np.empty(0, np.intp),
            np.empty(0, np.uint8),
            none,
            none,
            none,
        )
        self.states: list[SavedState] = [genesis]
        self._every_ms = every_ms
        self._reach_ms = reach_ms

    def due(self, now_ms: int) -> bool:
        """Whether it is time for the next one."""
        return now_ms - self.states[-1].taken_ms >= self._every_ms

    def add(self, state: SavedState) -> None:
        """Keep a state, and drop those that have become too dense or too old."""
        self.states.append(state)
        now_ms, kept = state.taken_ms, [state]
        older = self.states[:-1]
        while older:
            candidate = older.pop()
            newer = kept[-1].taken_ms
            next_older = older[-1].taken_ms if older else -NEVER_MS
            if len(kept) > 1 and newer - next_older <= (now_ms - newer) // 2:
                continue
            kept.append(candidate)
            if now_ms - candidate.taken_ms > self._reach_ms:
                break
        self.states = kept[::-1]

    def latest_before(self, facility: Indices, moment_ms: Ints) -> Ints:
        """For each facility the number of the newest state before a moment; -1 if none reaches back so far."""
        number = np.full(len(facility), -1)
        for place, state in enumerate(self.states):
            number[state.at_ms[facility] < moment_ms] = place
        return number
