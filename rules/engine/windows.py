"""Aggregates over windows, slot by slot, at a cost that does not grow with the window.

Event time is cut into slots of one width. Every value held during a slot adds its *piece* to it; at the slot's end T
the window [T - w', T) is the fold of the last n slots. To fold n slots at the cost of two, time is also cut into
blocks of n slots (van Herk 1992, Gil and Werman 1993): a window is the tail of the block before and the head of this
one, tails are folded once when a block ends, heads grow by one slot at a time. Slots and blocks are aligned to 1970,
and pieces end only where the
value changes or a slot ends, so the same readings give bit for bit the same result, in whatever chunks they came:
folding has no memory of the order of arrival. (A running sum that adds and subtracts would have.)
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, Floats, Indices, Ints
from rules.engine.layout import WindowPlan
from rules.engine.rows import firsts


class Emitted:
    """Results collected while slots close: rows of the class, moments, values."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.row: list[Indices] = []
        self.time_ms: list[Ints] = []
        self.value: list[Floats] = []

    def add(self, row: Indices, time_ms: Ints, value: Floats) -> None:
        """Results of one slot for some facilities."""
        self.row.append(row)
        self.time_ms.append(time_ms)
        self.value.append(value)


class Window:
    """One aggregate over one measurement of all m facilities of a class; state n * 12 + 77 bytes each."""

    ROW_COLUMNS = ("slot", "value", "from_ms", "until_ms", "share", "known_ms", "head", "window_known_ms")
    SLOT_COLUMNS = ("tail", "known_ring")

    def __init__(self, plan: WindowPlan, size: int) -> None:
        """Nothing known; slots begin with the first reading."""
        self.plan = plan
        identity = plan.aggregate.identity
        self.slot = np.full(size, BEGINNING_MS)
        self.value = np.zeros(size)
        self.from_ms = np.full(size, BEGINNING_MS)
        self.until_ms = np.full(size, BEGINNING_MS)
        self.share = np.full(size, identity)
        self.known_ms = np.zeros(size, np.int64)
        self.head = np.full(size, identity)
        self.window_known_ms = np.zeros(size, np.int64)
        self.tail = np.full((plan.slots + 1, size), identity)
        self.known_ring = np.zeros((plan.slots, size), np.int32)

    def feed(self, row: Indices, time_ms: Ints, value: Floats, stale_ms: Ints, emitted: Emitted) -> None:
        """Readings of the measurement, sorted by (row, time); ``stale_ms`` int64[n] is how long each holds."""
        first = firsts(row)
        if first.all():
            self._feed_once(row, time_ms, value, stale_ms, emitted)
            return
        place = np.arange(len(row))
        rank = place - np.maximum.accumulate(np.where(first, place, 0))
        order = np.argsort(rank, kind="stable")
        bounds = np.cumsum(np.bincount(rank)).tolist()
        for start, stop in zip([0, *bounds[:-1]], bounds, strict=True):
            chosen = order[start:stop]
            self._feed_once(row[chosen], time_ms[chosen], value[chosen], stale_ms[chosen], emitted)

    def _feed_once(self, row: Indices, time_ms: Ints, value: Floats, stale_ms: Ints, emitted: Emitted) -> None:
        slot = self.slot[row]
        new = slot == BEGINNING_MS
        if new.any():
            self.slot[row[new]] = time_ms[new] // self.plan.step_ms
            slot = self.slot[row]
        crossing = (slot + 1) * self.plan.step_ms <= time_ms
        if crossing.any():
            self._close_rows(row[crossing], time_ms[crossing], emitted)
        self._hold(row, time_ms)
        unknown = np.isnan(value)
        self.value[row] = np.where(unknown, 0.0, value)
        self.until_ms[row] = np.where(unknown, time_ms, time_ms + stale_ms)

    def close_until(self, horizon_ms: Ints, emitted: Emitted) -> None:
        """Close every slot that ends at or before the horizon of its facility (int64[m])."""
        row = np.flatnonzero(((self.slot + 1) * self.plan.step_ms <= horizon_ms) & (self.slot != BEGINNING_MS))
        if len(row):
            self._close_rows(row, horizon_ms[row], emitted)

    def _close_rows(self, row: Indices, until_ms: Ints, emitted: Emitted) -> None:
        """Close slots one after the other until none ends at or before ``until_ms`` of its row."""
        last = until_ms // self.plan.step_ms - 1
        while len(row):
            slot = self.slot[row]
            silent = (self.until_ms[row] <= slot * self.plan.step_ms) & (
                self.window_known_ms[row] + self.known_ms[row] == 0
            )
            silent &= slot < last
            if silent.any():
                self._skip(row[silent], last[silent])
                slot = self.slot[row]
            self._close(row, slot, emitted)
            going_on = slot < last
            row, last = row[going_on], last[going_on]

    def _skip(self, row: Indices, last: Ints) -> None:
        """Nothing is known in the whole window and nothing is held: leap to the last slot."""
        self.slot[row] = last
        self.head[row] = self.plan.aggregate.identity
        self.tail[:, row] = self.plan.aggregate.identity

    def _hold(self, row: Indices, time_ms: Ints) -> None:
        """The open value was held until ``time_ms`` (or until it expired): add its piece to the open slot."""
        held = np.minimum(time_ms, self.until_ms[row]) - self.from_ms[row]
        np.maximum(held, 0, out=held)
        aggregate = self.plan.aggregate
        self.share[row] = aggregate.fold(self.share[row], aggregate.piece(self.value[row], held))
        self.known_ms[row] += held
        self.from_ms[row] = time_ms

    def _close(self, row: Indices, slot: Ints, emitted: Emitted) -> None:
        """Close the open slot of each row, and say what the window that ends with it holds."""
        plan = self.plan
        end_ms = (slot + 1) * plan.step_ms
        self._hold(row, end_ms)
        place = slot % plan.slots
        share, known = self.share[row], self.known_ms[row]
        head = plan.aggregate.fold(self.head[row], share)
        head_known = self.window_known_ms[row] + known - self.known_ring[place, row]
        window = plan.aggregate.fold(self.tail[place + 1, row], head)
        half = 2 * head_known >= plan.slots * plan.step_ms
        result = np.full(len(row), np.nan)
        result[half] = plan.aggregate.finish(window[half], head_known[half])
        result[~np.isfinite(result)] = np.nan
        emitted.add(row, end_ms, result)
        self.tail[place, row] = share
        self.known_ring[place, row] = known
        self.head[row] = head
        self.window_known_ms[row] = head_known
        self.share[row] = plan.aggregate.identity
        self.known_ms[row] = 0
        self.slot[row] = slot + 1
        finished = row[place == plan.slots - 1]
        if len(finished):
            self._fold_tails(finished)

    def _fold_tails(self, row: Indices) -> None:
        """A block has ended: fold its slots from the end, and begin a new head."""
        block = self.tail[:, row]
        for place in range(self.plan.slots - 2, -1, -1):
            block[place] = self.plan.aggregate.fold(block[place], block[place + 1])
        self.tail[:, row] = block
        self.head[row] = self.plan.aggregate.identity
