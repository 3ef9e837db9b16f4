"""What the facilities were told of their pools: the step functions they were judged by.

Only what changes a comparison is told. Where a pool's values have bands that are the same for all who read it, that
is a change of band; otherwise every change. The log of it is what late readings are compared with, and what a
re-evaluation plays. It is kept as long as it fits; what lies behind it is computed anew from the members' readings.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Floats, Indices, Ints
from rules.engine.reach import Reach
from rules.engine.rows import NO_ROWS, Rows, firsts, joined, order_by


class Told:
    """Rows with ``cell`` the pool; what was in force before them is in ``_base``."""

    def __init__(self, reach: Reach, limit: int) -> None:
        """Nothing but unknown, since the beginning."""
        self._reach = reach
        self._limit = limit
        self._blocks: list[Rows] = []
        self._count = 0
        self._base: Floats = np.full(reach.pools, np.nan)
        self.value: Floats = np.full(reach.pools, np.nan)
        self.complete_from_ms = BEGINNING_MS
        self._banded = np.array([feed.banded for feed in reach.feeds], np.bool_)

    def begin(self, at_ms: int, value: Floats) -> None:
        """Nothing is known of the time up to ``at_ms``, when the pools had these values (float64[p])."""
        self._blocks, self._count = [], 0
        self._base, self.value = value.copy(), value.copy()
        self.complete_from_ms = at_ms

    def news(self, rows: Rows, before: Floats) -> Rows:
        """Of values of pools (by pool and time) those that must be told; ``before`` float64[p] was told last."""
        if not len(rows.cell):
            return rows
        code = self._code(rows.cell, rows.value)
        last = np.empty_like(code)
        last[1:] = code[:-1]
        first = np.flatnonzero(firsts(rows.cell))
        last[first] = self._code(rows.cell[first], before[rows.cell[first]])
        return rows.take(code != last)

    def add(self, rows: Rows) -> None:
        """These were told, in time order for each pool, later than all others."""
        if not len(rows.cell):
            return
        self.value[rows.cell] = rows.value
        self._blocks.append(rows)
        self._count += len(rows.cell)
        while self._count - len(self._blocks[0].cell) >= self._limit:
            gone = self._blocks.pop(0)
            self._count -= len(gone.cell)
            self._base[gone.cell] = gone.value
            self.complete_from_ms = max(self.complete_from_ms, int(gone.time_ms.max()))

    def forget(self, before_ms: int) -> None:
        """Nobody will ask for what was told before a moment."""
        if not self._blocks:
            return
        every = self._ordered()
        old = every.time_ms <= before_ms
        gone, kept = every.take(old), every.take(~old)
        self._base[gone.cell] = gone.value
        if len(gone.cell):
            self.complete_from_ms = max(self.complete_from_ms, before_ms)
        self._blocks, self._count = [kept] if len(kept.cell) else [], len(kept.cell)

    def since(self, pool: Indices, from_ms: Ints) -> Rows:
        """What was told to the pools (ascending) after a moment of each, and what was in force then, at that moment."""
        every, place = self._of(pool)
        late = every.time_ms > from_ms[place]
        value = self._base[pool]
        before = np.flatnonzero(~late)
        value[place[before]] = every.value[before]
        return _by_pool(joined([Rows(pool, from_ms, value), every.take(late)]))

    def correct(self, pool: Indices, from_ms: int, rows: Rows) -> tuple[Indices, Ints]:
        """Replace what was told to the pools (ascending) after a moment.

        Args:
            pool: which.
            from_ms: since when.
            rows: what should have been told, by (pool, time), with what is in force at ``from_ms`` at that moment.

        Returns:
            The pools for which that makes a difference, and the first moment of each. What was told before the log
            begins is not known any more, and counts as different.
        """
        differs: Ints = np.full(len(pool), from_ms + 1)
        if from_ms >= self.complete_from_ms:
            old = self.since(pool, np.full(len(pool), from_ms))
            differs = self._first_difference(pool, old, rows)
        marked = np.zeros(self._reach.pools, np.bool_)
        marked[pool] = True
        blocks = [block.take(~(marked[block.cell] & (block.time_ms > from_ms))) for block in self._blocks]
        # What holds at the beginning is told only where something else was thought.
        wrong = marked & False
        wrong[pool[differs == from_ms]] = True
        fresh = rows.take((rows.time_ms > from_ms) | wrong[rows.cell])
        if from_ms < self.complete_from_ms:
            before = rows.time_ms <= self.complete_from_ms
            self._base[rows.cell[before]] = rows.value[before]
            fresh = rows.take(~before)
        self._blocks = [block for block in (*blocks, fresh) if len(block.cell)]
        self._count = sum(len(block.cell) for block in self._blocks)
        self.value[rows.cell] = rows.value
        found = np.flatnonzero(differs < NEVER_MS)
        return pool[found], differs[found]

    def _first_difference(self, pool: Indices, old: Rows, new: Rows) -> Ints:
        """int64[len(pool)]: the first moment at which two step functions differ; ``NEVER_MS`` where they are alike."""
        both = joined([old, new])
        is_new = np.arange(len(both.cell)) >= len(old.cell)
        order = order_by(both.cell, both.time_ms)
        both, is_new = both.take(order), is_new[order]
        code = self._code(both.cell, both.value)
        first = np.maximum.accumulate(np.where(firsts(both.cell), np.arange(len(order)), 0))
        of_old, of_new = (_carried(code, side, first) for side in (~is_new, is_new))
        last = np.ones(len(order), np.bool_)  # of a moment, all its rows applied
        last[:-1] = (both.cell[1:] != both.cell[:-1]) | (both.time_ms[1:] != both.time_ms[:-1])
        unlike = np.flatnonzero(last & (of_old != of_new))
        found: Ints = np.full(self._reach.pools, NEVER_MS)
        np.minimum.at(found, both.cell[unlike], both.time_ms[unlike])
        return found[pool]

    def _code(self, pool: Indices, value: Floats) -> Floats:
        """float64[n]: alike where nobody who reads the pool can tell two values apart; -inf where unknown."""
        code = np.where(np.isnan(value), -np.inf, value)
        feed = self._reach.pool_feed[pool]
        for number in np.flatnonzero(self._banded).tolist():
            mine = np.flatnonzero((feed == number) & ~np.isnan(value))
            if len(mine):
                code[mine] = np.searchsorted(self._reach.feeds[number].guard.starts, value[mine], side="right")
        return code

    def _of(self, pool: Indices) -> tuple[Rows, Indices]:
        """Everything told to some pools, by (pool, time), and the place of each row's pool."""
        place = np.full(self._reach.pools, -1)
        place[pool] = np.arange(len(pool))
        found = [block.take(place[block.cell] >= 0) for block in self._blocks]
        every = _by_pool(joined(found)) if found else NO_ROWS
        return every, place[every.cell]

    def _ordered(self) -> Rows:
        return _by_pool(joined(self._blocks))


def _by_pool(rows: Rows) -> Rows:
    return rows.take(np.lexsort((rows.time_ms, rows.cell)))


def _carried(code: Floats, side: Bools, first: Indices) -> Floats:
    """The last code of one side at every row of its pool; NaN before there is one."""
    at = np.maximum.accumulate(np.where(side, np.arange(len(code)), -1))
    return np.where(at >= first, code[at], np.nan)
