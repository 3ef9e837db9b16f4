"""The cross-facility stage: members' readings in, values of pools out, before anything is judged.

Members of a pool are read by different gateways, so their readings meet only after a while. The stage lets them meet:
it goes forward to a moment that lies a little behind the wall clock, all members together, and whoever reads a pool
is judged up to that moment and no further. What comes later than that is late for the pool: the stage goes back
before it, computes the pool anew from the stored readings, and compares with what was told. Only where that differs
are the readers of the pool sent back, to the moment of the first difference.
"""

from __future__ import annotations

import numpy as np

from core.readings import Readings
from rules.columns import BEGINNING_MS, NEVER_MS, Floats, Indices, Ints
from rules.engine.ages import Ages
from rules.engine.aggregation import Aggregation
from rules.engine.history import History, Memory, PointLookup
from rules.engine.intervals import IntervalBook
from rules.engine.lateness import Lateness
from rules.engine.reach import Reach
from rules.engine.reevaluation import Reevaluation
from rules.engine.rows import NO_RANKED, NO_ROWS, Ranked, Rows, joined, joined_ranked
from rules.engine.saved import SavedStates
from rules.engine.sources import SourcePlane
from rules.engine.told import Told


class Pools:
    """All pools of an engine; owned by it."""

    def __init__(self, reach: Reach, history: History, limit: int) -> None:
        """Begin from nothing.

        Args:
            reach: the pools.
            history: where readings are found that are no longer in memory.
            limit: readings kept in memory, and values told.
        """
        self.reach = reach
        self.plane = SourcePlane(reach.layout, reach.inners)
        self.lookup = PointLookup(reach.layout)
        self.memory = Memory(reach.layout, self.lookup, history, limit)
        self.told = Told(reach, limit)
        self.lateness = Lateness(len(reach.layout.facility))
        self.horizon_ms = BEGINNING_MS
        self.held: list[Ranked] = []
        self._aggregation = Aggregation(reach)
        self.told.begin(BEGINNING_MS, self._aggregation.values(np.arange(reach.pools), self.plane.value))

    # --- forward ------------------------------------------------------------------------------------------------

    def take_in(self, batch: Readings) -> None:
        """Readings have come; they wait until their time."""
        rows = self.lookup.rows(batch)
        if len(rows.cell):
            self.held.append(rows)

    def step(self, until_ms: int, judged_from_ms: int, now_ms: int) -> Rows:
        """Go forward to a moment; what is to be told, with ``cell`` the pool.

        Args:
            until_ms: the moment; never back.
            judged_from_ms: before this nothing is judged any more.
            now_ms: wall clock, for who waits for a correction.
        """
        until_ms = max(until_ms, self.horizon_ms)
        ripe = self._ripe(until_ms)
        if not len(ripe.cell) and until_ms == self.horizon_ms:
            return NO_ROWS
        self.memory.add(ripe)
        late = self.plane.step(ripe, until_ms)
        self.plane.front_ms[:] = self.plane.horizon_ms
        self.horizon_ms = until_ms
        late = late.take(late.time_ms > judged_from_ms)
        self.lateness.note(self.reach.layout.cell_facility[late.cell], late.time_ms, now_ms)
        changes = self.plane.take_changes()
        if not len(changes.cell):
            return NO_ROWS
        found = self._aggregation.run(self.reach.pools_of(changes.cell), self.plane.value, changes)
        self.plane.apply(changes)
        news = self.told.news(found, self.told.value)
        self.told.add(news)
        return news

    def _ripe(self, until_ms: int) -> Ranked:
        if not self.held or not any(int(part.time_ms.min()) <= until_ms for part in self.held):
            return NO_RANKED
        rows = joined_ranked(self.held)
        ripe = rows.time_ms <= until_ms
        self.held = [] if ripe.all() else [rows.take(~ripe)]
        return rows.take(ripe)

    # --- back ---------------------------------------------------------------------------------------------------

    def waiting(self) -> tuple[Indices, Ints]:
        """Pools with a late reading that is not yet looked into, and the oldest moment of each."""
        facility = self.lateness.waiting()
        return self._affected(facility, self.lateness.oldest_ms[facility])

    def correct(self) -> tuple[Indices, Ints]:
        """Compute pools with late readings anew: those for which it made a difference, and since when."""
        pool, oldest_ms = self._affected(*self.lateness.take())
        found = [
            self.told.correct(some, begin_ms, self._recomputed(some, begin_ms, keep=True))
            for some, begin_ms in self._by_reach(pool, oldest_ms - 1)
        ]
        if not found:
            return np.empty(0, np.intp), np.empty(0, np.int64)
        return np.concatenate([one for one, _ in found]), np.concatenate([at for _, at in found])

    def since(self, pool: Indices, from_ms: Ints) -> Rows:
        """The values of pools (ascending) after a moment of each, and those at that moment; by (pool, time)."""
        known = from_ms >= self.told.complete_from_ms
        parts = [self.told.since(pool[known], from_ms[known])]
        for some, begin_ms in self._by_reach(pool[~known], from_ms[~known]):
            parts.append(self._recomputed(some, begin_ms, keep=False))
        rows = joined(parts)
        return rows.take(np.lexsort((rows.time_ms, rows.cell)))

    def restore(self, horizon_ms: int) -> None:
        """Stand at a moment, with nothing in memory: everything is read from the history."""
        if horizon_ms == BEGINNING_MS:
            return
        self.horizon_ms = horizon_ms
        self.plane.horizon_ms[:] = self.plane.front_ms[:] = horizon_ms
        self.memory.complete_from_ms = horizon_ms + 1
        every = np.arange(self.reach.pools)
        self.told.begin(horizon_ms, self._recomputed(every, horizon_ms, keep=True).value)

    def _affected(self, facility: Indices, oldest_ms: Ints) -> tuple[Indices, Ints]:
        """The pools of some members, and the oldest moment of each."""
        since: Ints = np.full(len(self.reach.layout.facility), NEVER_MS)
        since[facility] = oldest_ms
        of_pool: Ints = np.full(self.reach.pools, NEVER_MS)
        np.minimum.at(of_pool, self.reach.entry_pool, since[self.reach.entry_facility])
        pool = np.flatnonzero(of_pool < NEVER_MS)
        return pool, of_pool[pool]

    def _by_reach(self, pool: Indices, begin_ms: Ints) -> list[tuple[Indices, int]]:
        """Pools in few groups of similar reach, each with the moment before its oldest."""
        if not len(pool):
            return []
        back = np.maximum(self.horizon_ms - np.maximum(begin_ms, 0), 1)
        group = np.log2(back).astype(np.int64) // 3
        return [(pool[group == one], int(begin_ms[group == one].min())) for one in np.unique(group).tolist()]

    def _recomputed(self, pool: Indices, begin_ms: int, *, keep: bool) -> Rows:
        """What is to be told of pools (ascending) from a moment on, and what is in force then; by (pool, time).

        Args:
            pool: which.
            begin_ms: the moment.
            keep: let the members go on from what was computed.
        """
        inside = np.zeros(self.reach.pools, np.bool_)
        inside[pool] = True
        member = np.unique(self.reach.entry_facility[inside[self.reach.entry_pool]])
        value = np.full(len(self.plane.value), np.nan)
        changes = NO_ROWS
        if len(member):
            value, changes = self._replayed(member, begin_ms, keep=keep)
        start = self._aggregation.values(pool, value)
        found = self._aggregation.run(pool, value, changes)
        before = np.full(self.reach.pools, np.nan)
        before[pool] = start
        rows = joined([Rows(pool, np.full(len(pool), begin_ms), start), self.told.news(found, before)])
        return rows.take(np.lexsort((rows.time_ms, rows.cell)))

    def _replayed(self, member: Indices, begin_ms: int, *, keep: bool) -> tuple[Floats, Rows]:
        """Members back to a moment and forward to the horizon: slots as they were then, and their changes since."""
        saved = SavedStates(len(self.reach.layout.facility), 1, 1)
        saved.states[0].at_ms[:] = begin_ms
        work = Reevaluation(self.plane, self.memory, Ages(self.reach.layout), saved, IntervalBook())
        played = work.play(member, np.zeros(len(member), np.int64))
        if not isinstance(played, SourcePlane):
            raise AssertionError("members are replayed on a plane of members")
        slot = played.slots_in(self.reach.layout, member)
        changes = played.take_changes()
        value: Floats = np.full(len(self.plane.value), np.nan)
        value[slot] = played.value
        played.apply(changes)
        if keep:
            work.keep()
            self.plane.value[slot] = played.value
            self.plane.front_ms[:] = self.plane.horizon_ms
        return value, changes._replace(cell=slot[changes.cell])
