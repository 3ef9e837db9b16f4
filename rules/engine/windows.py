"""Aggregates over windows, slot by slot, at a cost that does not grow with the window.

Event time is cut into slots of one width. Every value held during a slot adds its *piece* to it; at the slot's end T
the window [T - w', T) is the fold of the last n slots. To fold n slots at the cost of two, time is also cut into
blocks of n slots (van Herk 1992, Gil and Werman 1993): a window is the tail of the block before and the head of this
one, tails are folded once when a block ends, heads grow by one slot at a time. Slots and blocks are aligned to 1970,
and pieces end only where the
value changes or a slot ends, so the same readings give bit for bit the same result, in whatever chunks they came:
folding has no memory of the order of arrival. (A running sum that adds and subtracts would have.) Shares are numbers or
records (``rules.operators.folds``); everything here moves them as they are.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.buckets import REWIND_SLOTS
from rules.columns import BEGINNING_MS, Bools, Floats, Indices, Ints, Shares
from rules.engine.layout import WindowPlan
from rules.engine.rows import firsts

_T = TypeVar("_T", bound=np.generic)

_FEW = 4
"""Fewer rows than a quarter."""


def result(plan: WindowPlan, window: Shares, known_ms: Ints, end_ms: Ints) -> Floats:
    """What windows come to; unknown where one was known for less than half of its time.

    Args:
        plan: the windows.
        window: shares[…], the fold of each window's slots.
        known_ms: int64[…], how long each was known.
        end_ms: int64, the moments at which they end; broadcast.

    Returns:
        float64[…].
    """
    width_ms = plan.slots * plan.step_ms
    value = plan.aggregate.finish(window, known_ms, end_ms - width_ms)
    known: Bools = known_ms >= -(-width_ms // 2)
    known &= np.isfinite(value)
    return value if known.all() else np.where(known, value, np.nan)


def flat(table: NDArray[_T]) -> NDArray[_T]:
    """The table as one column over the same memory."""
    return table.reshape(-1, copy=False)


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
    """One aggregate over one measurement of all m facilities of a class; ``rules.buckets`` says what it takes."""

    ROW_COLUMNS: tuple[str, ...] = (
        "slot",
        "begun",
        "value",
        "from_ms",
        "until_ms",
        "share",
        "known_ms",
        "head",
        "window_known_ms",
    )
    SLOT_COLUMNS: tuple[str, ...] = ("tail", "share_ring", "known_ring")
    REWIND = REWIND_SLOTS

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
        self._ring = plan.slots + REWIND_SLOTS
        self.share_ring = np.full((self._ring, size), identity)
        self.known_ring = np.zeros((self._ring, size), np.int32)
        self.begun = np.full(size, BEGINNING_MS)
        self._rows = np.arange(size)

    def feed(
        self, row: Indices, time_ms: Ints, value: Floats, stale_ms: Ints, horizon_ms: Ints, emitted: Emitted
    ) -> None:
        """Take in readings of the measurement, in time order for each row.

        Args:
            row: intp[n], of which facility.
            time_ms: int64[n], when.
            value: float64[n], what.
            stale_ms: int64[n], how long each holds.
            horizon_ms: int64[m], up to where slots may be closed in rows without a reading.
            emitted: where results go.
        """
        if not bool((row[1:] >= row[:-1]).all()):
            order = np.argsort(row, kind="stable")
            row, time_ms, value, stale_ms = row[order], time_ms[order], value[order], stale_ms[order]
        last = np.ones(len(row), np.bool_)
        np.not_equal(row[1:], row[:-1], out=last[:-1])
        rest = np.flatnonzero(~last)
        if not len(rest):
            if len(row) == len(self.slot):
                self.feed_all(time_ms, value, stale_ms, emitted)
            else:
                self._feed_once(row, time_ms, value, stale_ms, horizon_ms, emitted)
            return
        # Few rows have more than one reading as a rule: these go before, the first ones together, then all second
        # ones, and so on. The last ones come with those of all others, and most rows close the same slot then.
        place = np.arange(len(rest))
        rank = place - np.maximum.accumulate(np.where(firsts(row[rest]), place, 0))
        turns = rest[np.argsort(rank, kind="stable")]
        bounds = np.cumsum(np.bincount(rank)).tolist()
        waits_ms = np.full_like(horizon_ms, BEGINNING_MS)
        for chosen in np.split(turns, bounds[:-1]):
            part = row.take(chosen), time_ms.take(chosen), value.take(chosen), stale_ms.take(chosen)
            self._feed_once(*part, waits_ms, emitted)
        # So do a few that end no slot.
        early = last & (time_ms < (self.slot.take(row) + 1) * self.plan.step_ms)
        if _FEW * np.count_nonzero(early) < len(row):
            self._feed_once(row[early], time_ms[early], value[early], stale_ms[early], waits_ms, emitted)
            last &= ~early
        self._feed_once(row[last], time_ms[last], value[last], stale_ms[last], horizon_ms, emitted)

    def _feed_once(
        self, row: Indices, time_ms: Ints, value: Floats, stale_ms: Ints, horizon_ms: Ints, emitted: Emitted
    ) -> None:
        """Each row at most once. If most rows have a reading, all are worked on as whole columns."""
        self._begin(row, time_ms)
        size = len(self.slot)
        unknown = np.isnan(value)
        if unknown.any():
            value, stale_ms = np.where(unknown, 0.0, value), np.where(unknown, 0, stale_ms)
        if 2 * len(row) < size:
            self._close_until(row, time_ms, emitted)
            self._hold(row, time_ms)
            self.value[row], self.until_ms[row] = value, time_ms + stale_ms
            return
        # Rows without a reading close what they can with the others; most rows then close the same slot.
        until = horizon_ms.copy()
        until[row] = time_ms
        self._close_until(None, until, emitted)
        # A row without a reading is held until where it was held already, which adds nothing.
        until = self.from_ms.copy()
        until[row] = np.maximum(time_ms, self.from_ms.take(row))
        self._hold(None, until)
        self.value[row], self.until_ms[row] = value, time_ms + stale_ms

    def feed_all(self, time_ms: Ints, value: Floats, stale_ms: Ints, emitted: Emitted) -> None:
        """As ``feed``, of one reading for each row in order: nothing is looked up row by row."""
        if int(self.slot.min(initial=0)) == BEGINNING_MS:
            self._begin(np.arange(len(time_ms)), time_ms)
        until_ms = time_ms + stale_ms
        unknown = np.isnan(value)
        if unknown.any():
            value, until_ms = np.where(unknown, 0.0, value), np.where(unknown, time_ms, until_ms)
        self._close_until(None, time_ms, emitted)
        self._hold(None, np.maximum(time_ms, self.from_ms))
        self.value[:], self.until_ms = value, until_ms

    def _begin(self, row: Indices, time_ms: Ints) -> None:
        """Slots begin with the first reading."""
        new = self.slot[row] == BEGINNING_MS
        if new.any():
            self.slot[row[new]] = self.begun[row[new]] = time_ms[new] // self.plan.step_ms

    def close_until(self, horizon_ms: Ints, emitted: Emitted) -> None:
        """Close every slot that ends at or before the horizon of its facility (int64[m])."""
        self._close_until(None, horizon_ms, emitted)

    def _close_until(self, row: Indices | None, until_ms: Ints, emitted: Emitted) -> None:
        """Close slots one after the other until none ends at or before ``until_ms``; ``row`` None is every row."""
        slot, step_ms = self.slot if row is None else self.slot[row], self.plan.step_ms
        if len(slot):
            first, furthest_ms = int(slot.min()), int(until_ms.max())
            if furthest_ms < (first + 1) * step_ms:
                return
            if row is None and furthest_ms < (first + 2) * step_ms and self._all_close(first, until_ms):
                self._close_all(first, emitted)
                return
        crossing = np.flatnonzero(((slot + 1) * self.plan.step_ms <= until_ms) & (slot != BEGINNING_MS))
        if not len(crossing):
            return
        last = until_ms[crossing] // self.plan.step_ms - 1
        left = crossing if row is None else row[crossing]
        while len(left):
            at: Indices | slice = slice(None) if row is None and len(left) == len(self.slot) else left
            slot = self.slot[at].copy()
            silent = (self.until_ms[at] <= slot * self.plan.step_ms) & (slot < last)
            if silent.any():
                silent &= self.window_known_ms[at] + self.known_ms[at] == 0
                self._skip(left[silent], last[silent])
                slot = self.slot[at].copy()
            self._close(left, at, slot, emitted)
            going_on = slot < last
            if not going_on.all():
                left, last = left[going_on], last[going_on]

    def _all_close(self, slot: int, until_ms: Ints) -> bool:
        """Whether ``slot`` is the open one of all rows, and ends at or before the moment of each."""
        return slot == int(self.slot.max()) and int(until_ms.min()) >= (slot + 1) * self.plan.step_ms

    def _skip(self, row: Indices, last: Ints) -> None:
        """Nothing is known in the whole window and nothing is held: leap to the last slot."""
        self.slot[row] = self.begun[row] = last
        self.head[row] = self.plan.aggregate.identity
        self.share_ring[:, row] = self.plan.aggregate.identity
        self.known_ring[:, row] = 0
        self.tail[:, row] = self.plan.aggregate.identity

    def _hold(self, row: Indices | None, time_ms: Ints | int) -> None:
        """The open value was held until ``time_ms`` (or until it expired): add its piece to the open slot."""
        at = slice(None) if row is None else row
        since = self.from_ms[at]
        held = np.minimum(time_ms, self.until_ms[at])
        held -= since
        np.maximum(held, 0, out=held)
        aggregate = self.plan.aggregate
        piece = aggregate.piece(self.value[at], since, held)
        if row is None:
            aggregate.fold(self.share, piece, out=self.share)
        else:
            self.share[row] = aggregate.fold(self.share[row], piece)
        self.known_ms[at] += held
        self.from_ms[at] = time_ms

    def _close_all(self, slot: int, emitted: Emitted) -> None:
        """As ``_close``, of ``slot`` that is the open one of all rows."""
        plan = self.plan
        window, known = self._close_columns(self._rows, slot)
        end_ms = np.array([(slot + 1) * plan.step_ms])
        emitted.add(self._rows, np.broadcast_to(end_ms, len(known)), self.result(window, known, end_ms))
        if slot % plan.slots == plan.slots - 1:
            self._fold_tails(self._rows)

    def _close(self, row: Indices, at: Indices | slice, slot: Ints, emitted: Emitted) -> None:
        """Close the open slot of each row (each at most once), and say what the window that ends with it holds.

        ``at`` says of which rows as cheaply as can be: a slice if these are all of them, in their order.
        """
        plan, number = self.plan, int(slot[0])
        # Usually most rows close the same slot: then whole columns are worked on, and one row of each ring.
        if 2 * len(row) > len(self.slot) and bool((slot == number).all()):
            window, known = self._close_columns(row, number)
            end_ms = np.full(len(row), (number + 1) * plan.step_ms)
            emitted.add(row, end_ms, self.result(window[at], known[at], end_ms))
            finished = row if number % plan.slots == plan.slots - 1 else row[:0]
        else:
            end_ms = (slot + 1) * plan.step_ms
            self._hold(row, end_ms)
            emitted.add(row, end_ms, self.result(*self._close_rows(row, slot), end_ms))
            finished = row[slot % plan.slots == plan.slots - 1]
        if len(finished):
            self._fold_tails(finished)

    def _close_columns(self, row: Indices, number: int) -> tuple[Shares, Ints]:
        """Close the slot ``number`` of most rows; windows and known times of all m rows, meaningless in the others."""
        plan, fold = self.plan, self.plan.aggregate.fold
        others = np.empty(0, np.intp)
        until: Ints | int = (number + 1) * plan.step_ms
        if len(row) < len(self.slot):
            waiting = np.ones(len(self.slot), np.bool_)
            waiting[row] = False
            others = np.flatnonzero(waiting)
            # What the others hold is held until where it was held already, which adds nothing.
            until = np.full(len(self.slot), until)
            until[others] = self.from_ms.take(others)
        self._hold(None, until)
        place, ring = number % plan.slots, number % self._ring
        head = fold(self.head, self.share)
        window_known = self.window_known_ms + self.known_ms
        window_known -= self.known_ring[(number - plan.slots) % self._ring]
        window = fold(self.tail[place + 1], head)
        for column, value in (
            (self.tail[place], self.share),
            (self.share_ring[ring], self.share),
            (self.known_ring[ring], self.known_ms),
            (self.head, head),
            (self.window_known_ms, window_known),
            (self.share, plan.aggregate.identity),
            (self.known_ms, 0),
            (self.slot, number + 1),
        ):
            if not len(others):
                column[:] = value
                continue
            # Most rows close: all are written, and the few others get what they had.
            had = column.take(others)
            column[:] = value
            column[others] = had
        return window, window_known

    def _close_rows(self, row: Indices, slot: Ints) -> tuple[Shares, Ints]:
        """Close the slot of some rows; their windows and known times."""
        plan, fold = self.plan, self.plan.aggregate.fold
        place, ring = slot % plan.slots, slot % self._ring
        share, known = self.share[row], self.known_ms[row]
        head = fold(self.head[row], share)
        window_known = self.window_known_ms[row] + known - self.known_ring[(slot - plan.slots) % self._ring, row]
        window = fold(self.tail[place + 1, row], head)
        self.tail[place, row] = share
        self.share_ring[ring, row] = share
        self.known_ring[ring, row] = known
        self.head[row] = head
        self.window_known_ms[row] = window_known
        self.share[row] = plan.aggregate.identity
        self.known_ms[row] = 0
        self.slot[row] = slot + 1
        return window, window_known

    def result(self, window: Shares, known_ms: Ints, end_ms: Ints) -> Floats:
        """What windows that end at some moments come to; unknown if one was known for less than half of its time."""
        return result(self.plan, window, known_ms, end_ms)

    def _fold_tails(self, row: Indices) -> None:
        """A block has ended: fold its slots from the end, and begin a new head."""
        block = self.tail if len(row) == len(self.slot) else self.tail[:, row]
        for place in range(self.plan.slots - 2, -1, -1):
            block[place] = self.plan.aggregate.fold(block[place], block[place + 1])
        if block is not self.tail:
            self.tail[:, row] = block
        self.head[row] = self.plan.aggregate.identity

    # --- back in time -------------------------------------------------------------------------------------------

    def reaches(self, row: Indices, slot: Ints) -> Bools:
        """Whether each row can be set back to the beginning of a slot."""
        able: Bools = (slot >= self.begun[row]) & (slot > self.slot[row] - self.REWIND) & (slot <= self.slot[row])
        return able

    def in_rings(self, row: Indices, first: Ints, length: int) -> Indices:
        """Where slots of some rows lie in the rings, as ``take`` counts: intp[length, k], from ``first`` on."""
        size = len(self.slot)
        place: Indices = (first % self._ring) * size + row + (np.arange(length) * size)[:, None]
        np.subtract(place, self._ring * size, out=place, where=place >= self._ring * size)
        return place

    def cut(self, row: Indices) -> Window:
        """Some of the rows."""
        part = type(self)(self.plan, 0)
        for name in self.ROW_COLUMNS:
            setattr(part, name, getattr(self, name)[row])
        for name in self.SLOT_COLUMNS:
            setattr(part, name, getattr(self, name)[:, row])
        return part

    def put(self, row: Indices, other: Window) -> None:
        """Take over the rows of another window."""
        for name in self.ROW_COLUMNS:
            getattr(self, name)[row] = getattr(other, name)
        for name in self.SLOT_COLUMNS:
            getattr(self, name)[:, row] = getattr(other, name)
