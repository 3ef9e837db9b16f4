"""Readings of a whole stretch of time, cut at the slots' ends: what a replay's windows are made of.

``Window`` goes through time reading by reading, because it must; a replay has the readings of a stretch at hand. They
are cut once for all windows of one source and one slot width, in portions that stay in the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rules.columns import Floats, Indices, Ints, Shares
from rules.engine.rows import firsts
from rules.engine.runs import Runs
from rules.operators.courses import Held
from rules.operators.kinds import WindowAggregate


@dataclass(frozen=True, slots=True, eq=False)
class SlotCuts:
    """What k places held in some slots.

    Attributes:
        held: the pieces of each slot of a place in which something was known; by place and time.
        slot: int64[r], numbers of these slots (since 1970); place: intp[r].
    """

    held: Held
    slot: Ints
    place: Indices

    def shares(self, aggregate: WindowAggregate) -> Shares:
        """What each of these slots comes to."""
        if aggregate.gather is not None:
            return aggregate.gather(self.held)
        share = np.full(len(self.slot), aggregate.identity)
        held = self.held
        aggregate.fold.at(share, held.number, aggregate.piece(held.value, held.from_ms, held.held_ms))
        return share


def cut(runs: Runs, stale_ms: Ints, begin: int, stop: int, step_ms: int) -> SlotCuts:
    """Cut what was held in the slots from ``begin`` on before ``stop``.

    Args:
        runs: with ``cell`` the place, ascending; none is empty.
        stale_ms: int64[r], how long a reading of each run holds.
        begin: the first slot; readings before it count as far as they hold on.
        stop: the slot after the last.
        step_ms: width of a slot.
    """
    value, from_ms, until_ms, count = _held(runs, stale_ms, begin * step_ms, stop * step_ms)
    first = from_ms // step_ms
    times = (until_ms - 1) // step_ms
    times -= first
    times += 1
    total = int(times.sum())
    if total > len(value):
        ends = np.cumsum(times)
        slot = np.repeat(first - (ends - times), times)
        slot += np.arange(total)
        value, from_ms, until_ms = np.repeat(value, times), np.repeat(from_ms, times), np.repeat(until_ms, times)
        slot_ms = slot * step_ms
        np.maximum(from_ms, slot_ms, out=from_ms)
        slot_ms += step_ms
        np.minimum(until_ms, slot_ms, out=until_ms)
        count = np.concatenate([[0], ends])[count]
    else:
        slot = first
    new = firsts(slot)
    new[count[:-1][count[:-1] < total]] = True
    head = np.flatnonzero(new)
    until_ms -= from_ms
    place = np.repeat(runs.cell, np.diff(np.searchsorted(head, count)))
    return SlotCuts(Held(value, from_ms, until_ms, head), slot[head], place)


def _held(runs: Runs, stale_ms: Ints, begin_ms: int, stop_ms: int) -> tuple[Floats, Ints, Ints, Indices]:
    """Value, beginning and end of what was held between two moments, and where each place begins: intp[k + 1]."""
    time_ms, value = runs.time_ms, runs.value
    until_ms = np.empty_like(time_ms)
    until_ms[:-1] = time_ms[1:]
    until_ms[runs.last] = stop_ms
    shortest = int(stale_ms.min(initial=0))
    expiry_ms = time_ms + (shortest if (stale_ms == shortest).all() else np.repeat(stale_ms, runs.size))
    np.minimum(until_ms, expiry_ms, out=until_ms)
    np.minimum(until_ms, stop_ms, out=until_ms)
    from_ms = np.maximum(time_ms, begin_ms)
    known = until_ms > from_ms
    known &= value == value
    bounds = np.append(runs.head, len(time_ms))
    if known.all():
        return value, from_ms, until_ms, bounds
    chosen = np.flatnonzero(known)
    place = np.searchsorted(chosen, bounds)
    return value.take(chosen), from_ms.take(chosen), until_ms.take(chosen), place


class SlotTable:
    """Windows of k places that end with slots, from ``begin`` on before ``stop``: folds of slots, as ``Window`` does.

    Slots lie by their place in the block, block and place: so a column of the table is the same slot of all blocks.
    """

    def __init__(self, slots: int, begin: int, stop: int, count: int) -> None:
        """Slots of a window, the first and the last that are asked for, and how many places there are."""
        self._slots, self._begin, self._stop, self._count = slots, begin, stop, count
        self._block = begin // slots - 1
        self._blocks = (stop - 1) // slots - self._block + 1

    def _at(self, slot: Ints) -> tuple[Indices, Indices]:
        """Place in the block and block of slots."""
        block = slot // self._slots
        return slot - block * self._slots, block - self._block

    def table(self, cuts: SlotCuts, part: Shares, before: Shares, nothing: Shares) -> Shares:
        """A table of ``part`` [r] of each cut and of the ``slots`` slots ``before`` [slots, k]; else ``nothing``."""
        table = np.full((self._slots, self._blocks, self._count), nothing)
        inside, block = self._at(np.arange(self._begin - self._slots, self._begin))
        table[inside, block] = before
        inside, block = self._at(cuts.slot)
        inside *= self._blocks
        inside += block
        inside *= self._count
        inside += cuts.place
        table.reshape(-1, copy=False)[inside] = part
        return table

    def last(self, table: Shares) -> Shares:
        """The ``slots`` slots before ``stop``: [slots, k]."""
        last: Shares = table[self._at(np.arange(self._stop - self._slots, self._stop))]
        return last

    def windows(self, table: Shares, aggregate: WindowAggregate) -> Shares:
        """Folds of the slots of every window, [stop - begin, k]."""
        fold, slots = aggregate.fold, self._slots
        tails = np.empty((slots, self._blocks - 1, self._count), table.dtype)
        tails[-1:] = aggregate.identity
        tails[-2:-1] = table[-1:, :-1]
        for place in range(slots - 2, 0, -1):
            fold(table[place, :-1], tails[place], out=tails[place - 1])
        heads = table[:, 1:]
        for place in range(1, slots):
            fold(heads[place - 1], heads[place], out=heads[place])
        return self._asked(fold(tails, heads))

    def known_ms(self, table: Ints) -> Ints:
        """How long something was known in every window, int64[stop - begin, k]."""
        total = table.swapaxes(0, 1).reshape(-1, self._count).cumsum(axis=0)
        begin = self._begin - self._block * self._slots
        end = begin + self._stop - self._begin
        known: Ints = total[begin:end] - total[begin - self._slots : end - self._slots]
        return known

    def _asked(self, table: Shares) -> Shares:
        """Of a table without its first block the slots that are asked for, in the order of time."""
        begin = self._begin - (self._block + 1) * self._slots
        rows: Shares = table.swapaxes(0, 1).reshape(-1, self._count)
        return rows[begin : begin + self._stop - self._begin]
