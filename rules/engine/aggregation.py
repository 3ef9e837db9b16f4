"""From the changes of members to the values of pools: every aggregate at every moment, in tables.

A table has a row for each moment of each pool and a column for each member; what a member brought last is carried
down. A row holds exactly the values in force at its moment, always in the order of the members, so the aggregate
depends on nothing else: not on what came before, nor on the order of arrival. The cost of a change is one row, that
is, the number of members. What counts a condition is counted along instead: whole numbers have no memory either, and
the cost of a change is that of one member.
"""

from __future__ import annotations

import numpy as np

from rules.columns import Bools, Floats, Indices, Ints
from rules.engine.reach import Reach
from rules.engine.rows import NO_ROWS, Rows, firsts, joined, order_by, spans

_MOST_CELLS = 500_000
"""Moments times members worked on at once."""


class Aggregation:
    """Aggregates of the pools of one ``Reach``; without state."""

    def __init__(self, reach: Reach) -> None:
        """Lay out the members of each pool."""
        self._reach = reach
        size = np.maximum(reach.size, 1)
        # Pools of similar size share a table: a quarter of it at most is behind the last member.
        step = 1 << np.maximum(np.log2(size).astype(np.intp) - 2, 0)
        self._width: Indices = -(-size // step) * step
        tallies = np.array([feed.aggregate is not None and feed.aggregate.tally is not None for feed in reach.feeds])
        self._counts: Bools = tallies[reach.pool_feed]
        self._kind = np.unique(np.stack([reach.pool_feed, self._width]), axis=1, return_inverse=True)[1].ravel()

    def values(self, pool: Indices, value: Floats) -> Floats:
        """float64[len(pool)]: pools of members as they are; ``value`` float64[s]."""
        return self._start(pool, value)

    def run(self, pool: Indices, value: Floats, changes: Rows) -> Rows:
        """The values of some pools at every moment at which one of their members changes.

        Args:
            pool: which, ascending.
            value: float64[s], the slots before the changes.
            changes: rows with ``cell`` the slot.

        Returns:
            Rows with ``cell`` the pool, by (pool, time), one a moment.
        """
        entries, by_slot = self._reach.by_slot
        which, at = spans(by_slot, changes.cell)
        entry = entries[at]
        place = np.full(self._reach.pools, -1)
        place[pool] = np.arange(len(pool))
        ours = np.flatnonzero(place[self._reach.entry_pool[entry]] >= 0)
        if not len(ours):
            return NO_ROWS
        rows = Rows(entry[ours], changes.time_ms[which[ours]], changes.value[which[ours]])
        found = joined(list(self._run(rows, value)))
        return found.take(order_by(found.cell, found.time_ms))

    def _run(self, rows: Rows, value: Floats) -> list[Rows]:
        """Rows with ``cell`` the entry; in pieces of time that are not too large."""
        width = self._width[self._reach.entry_pool[rows.cell]] * ~self._counts[self._reach.entry_pool[rows.cell]]
        if int(width.sum()) > _MOST_CELLS:
            middle = int(np.median(rows.time_ms))
            early = rows.time_ms <= middle
            if not early.all():
                first = rows.take(early)
                found = self._run(first, value)
                after = value.copy()
                order = np.argsort(first.time_ms, kind="stable")
                after[self._reach.slot[first.cell[order]]] = first.value[order]
                return [*found, *self._run(rows.take(~early), after)]
        kind = self._kind[self._reach.entry_pool[rows.cell]]
        found = []
        for one in np.unique(kind).tolist():
            mine = rows.take(kind == one)
            counts = self._counts[self._reach.entry_pool[mine.cell[0]]]
            found.append(self._counted(mine, value) if counts else self._table(mine, value))
        return found

    def _counted(self, rows: Rows, value: Floats) -> Rows:
        """The pools of one feed that counts a condition, by what each change adds and takes away."""
        reach = self._reach
        rows = rows.take(order_by(rows.cell, rows.time_ms))
        before = np.empty_like(rows.value)
        before[1:] = rows.value[:-1]
        first = np.flatnonzero(firsts(rows.cell))
        before[first] = value[reach.slot[rows.cell[first]]]
        of = reach.entry_pool[rows.cell]
        order = order_by(of, rows.time_ms)
        of, time_ms = of[order], rows.time_ms[order]
        begins = np.flatnonzero(firsts(of))
        last = np.ones(len(of), np.bool_)  # of a moment, all its changes applied
        last[:-1] = (of[1:] != of[:-1]) | (time_ms[1:] != time_ms[:-1])
        pool, counts = of[begins], np.diff(begins, append=len(of))
        which, at = spans(reach.first, pool)
        members = value[reach.slot[at]]
        running = []
        for holds in (_is_true, _is_known):
            change = (holds(rows.value) - holds(before))[order]
            added = np.cumsum(change)
            start = np.bincount(which, holds(members), len(pool)).astype(np.int64)
            running.append((added + np.repeat(start - added[begins] + change[begins], counts))[last])
        return Rows(of[last], time_ms[last], self._tallied(of[last], running[0], running[1]))

    def _tallied(self, pool: Indices, true: Ints, known: Ints) -> Floats:
        aggregate = self._reach.feeds[int(self._reach.pool_feed[pool[0]])].aggregate
        if aggregate is None or aggregate.tally is None:
            raise AssertionError("only what counts a condition is counted along")
        enough = np.flatnonzero((2 * known >= self._reach.size[pool]) & (known > 0))
        result: Floats = np.full(len(pool), np.nan)
        result[enough] = aggregate.tally(true[enough], known[enough])
        return result

    def _table(self, rows: Rows, value: Floats) -> Rows:
        """The pools of one feed and width."""
        reach = self._reach
        of = reach.entry_pool[rows.cell]
        order = order_by(of, rows.time_ms)
        rows, of = rows.take(order), of[order]
        begins = firsts(of)
        new: Bools = begins.copy()
        new[1:] |= rows.time_ms[1:] != rows.time_ms[:-1]
        moment = np.cumsum(new) - 1
        pool, moments = of[begins], int(moment[-1]) + 1
        width = int(self._width[pool[0]])
        # Member by member, what each holds from a moment on until it brings something else: runs of the same value.
        base = np.arange(width)[None] * moments + moment[begins][:, None]
        change = (rows.cell - reach.first[of]) * moments + moment
        place = np.concatenate([2 * base.ravel(), 2 * change + 1])
        held = np.concatenate([self._members(pool, width, value).ravel(), rows.value])
        order = np.argsort(place)
        length = np.diff(place[order] // 2, append=width * moments)
        table = np.ascontiguousarray(np.repeat(held[order], length).reshape(width, moments).T)
        return Rows(of[new], rows.time_ms[new], self._aggregate(of[new], table))

    def _start(self, pool: Indices, value: Floats) -> Floats:
        found: Floats = np.full(len(pool), np.nan)
        for kind in np.unique(self._kind[pool]).tolist():
            mine = np.flatnonzero(self._kind[pool] == kind)
            width = int(self._width[pool[mine[0]]])
            step = max(1, _MOST_CELLS // width)
            for begin in range(0, len(mine), step):
                some = mine[begin : begin + step]
                found[some] = self._aggregate(pool[some], self._members(pool[some], width, value))
        return found

    def _members(self, pool: Indices, width: int, value: Floats) -> Floats:
        """float64[len(pool), width]: the members' values; NaN behind the last member."""
        place = self._reach.first[pool][:, None] + np.arange(width)
        inside = np.arange(width) < self._reach.size[pool][:, None]
        slot = self._reach.slot[np.where(inside, place, 0)] if len(self._reach.slot) else place * 0
        return np.where(inside, value[slot] if len(value) else np.nan, np.nan)

    def _aggregate(self, pool: Indices, table: Floats) -> Floats:
        """What each row comes to; ``pool`` of each row, all of one feed."""
        aggregate = self._reach.feeds[int(self._reach.pool_feed[pool[0]])].aggregate
        if aggregate is None:
            return table[:, 0]
        size: Ints = self._reach.size[pool]
        known = np.count_nonzero(~np.isnan(table), axis=1)
        enough = (known == size if aggregate.everyone else 2 * known >= size) & (known > 0)
        result: Floats = np.full(len(table), np.nan)
        chosen = np.flatnonzero(enough)
        if len(chosen):
            found = aggregate.compute(table if len(chosen) == len(table) else table[chosen])
            result[chosen] = np.where(np.isfinite(found), found, np.nan)
        return result


def _is_true(truth: Floats) -> Ints:
    found: Ints = (truth == 1.0).astype(np.int64)
    return found


def _is_known(truth: Floats) -> Ints:
    found: Ints = (~np.isnan(truth)).astype(np.int64)
    return found
