"""Windows patched: the few slots that late readings change, of all late facilities in one go.

If the late readings of a facility are of the block that is open (``windows.py``), the shares of their slots and those
after are cut anew from the readings; the head before them is folded from the open block's shares, which the tails
still hold unfolded, and the tails that were overwritten since from the ring. All folds are made in the order in which
the live window made them, so the results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from rules.columns import BEGINNING_MS, Bools, Floats, Indices, Ints, Shares
from rules.engine.rows import Rows, firsts, joined
from rules.engine.windows import Window, flat
from rules.operators.folds import fold_down

_W = TypeVar("_W", bound=Window)


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What is to be computed for k rows of a window.

    Attributes:
        row: intp[k], rows of the live window.
        slot: int64[k], the first slot that may differ.
        known: bool[k], whether the live window can be set back that far; else nothing is known before.
        begun: int64[k], how far back the result may be set back in its turn.
        stale_ms: int64[k]; until_ms: int64[k], slots ending until then are closed.
    """

    row: Indices
    slot: Ints
    known: Bools
    begun: Ints
    stale_ms: Ints
    until_ms: Ints

    def take(self, chosen: Indices) -> Stretch:
        """Some of the rows."""
        return Stretch(
            self.row[chosen],
            self.slot[chosen],
            self.known[chosen],
            self.begun[chosen],
            self.stale_ms[chosen],
            self.until_ms[chosen],
        )


class Pieces(NamedTuple):
    """What was held, cut at the slots' ends, in time order.

    place intp[n], slot, from_ms, held_ms int64[n], value float64[n].
    """

    place: Indices
    slot: Ints
    from_ms: Ints
    held_ms: Ints
    value: Floats


def cut_pieces(rows: Rows, from_ms: Ints, until_ms: Ints, stale_ms: Ints, step_ms: int) -> Pieces:
    """Cut readings (sorted by place and time) between two moments of each place (int64[k]) at the slots' ends."""
    place, time_ms, value = rows
    until = until_ms[place]
    until[:-1] = np.where(place[1:] == place[:-1], time_ms[1:], until[:-1])
    end = np.minimum(until, time_ms + stale_ms[place])
    begin = np.maximum(time_ms, from_ms[place])
    held = np.flatnonzero((end > begin) & ~np.isnan(value))
    place, value, begin, end = place[held], value[held], begin[held], end[held]
    first = begin // step_ms
    times = (end - 1) // step_ms - first + 1
    piece = np.repeat(np.arange(len(held)), times)
    slot = first[piece] + np.arange(len(piece)) - (np.cumsum(times) - times)[piece]
    since = np.maximum(begin[piece], slot * step_ms)
    held_ms = np.minimum(end[piece], (slot + 1) * step_ms) - since
    return Pieces(place[piece], slot, since, held_ms, value[piece])


def last_held(rows: Rows, stale_ms: Ints) -> tuple[Floats, Ints, Ints]:
    """The last value of each place (0 where unknown), until when it holds, and since when: three columns of k."""
    count = len(stale_ms)
    held, until, since = np.zeros(count), np.full(count, BEGINNING_MS), np.full(count, BEGINNING_MS)
    last = np.ones(len(rows.cell), np.bool_)
    last[:-1] = firsts(rows.cell)[1:]
    place, time_ms, value = rows.take(last)
    unknown = np.isnan(value)
    held[place] = np.where(unknown, 0.0, value)
    until[place] = np.where(unknown, time_ms, time_ms + stale_ms[place])
    since[place] = time_ms
    return held, until, since


def in_open_block(live: Window, row: Indices, slot: Ints, open_slot: Ints) -> Bools:
    """Where a stretch that begins with ``slot`` lies in the open block, not at its very beginning."""
    slots = live.plan.slots
    inside: Bools = (slot // slots == open_slot // slots) & (slot % slots > 0) & (live.slot[row] == open_slot)
    return inside


class Patch:
    """The slots of a window from the first that may differ to the open one: tables of l slots by k places."""

    def __init__(self, live: Window, stretch: Stretch, rows: Rows | None) -> None:
        """Compute the slots of a stretch up to the open ones; ``rows`` by place and time, None: as they are now."""
        plan, row, slot, stale_ms = live.plan, stretch.row, stretch.slot, stretch.stale_ms
        count = len(row)
        self._plan, self._row, self._slot = plan, row, slot
        open_slot = live.slot[row]
        self._closed: Ints = open_slot - slot
        length = int(self._closed.max(initial=0)) + 1
        self._is_closed: Bools = np.arange(length)[:, None] < self._closed
        self._in_ring = live.in_rings(row, slot, length)
        self._gone_in_ring = live.in_rings(row, slot - plan.slots, length)
        self._share = np.full((length, count), plan.aggregate.identity)
        self._known = np.zeros((length, count), np.int64)
        if rows is None:
            self._remember(live)
        else:
            self._add(cut_pieces(rows, slot * plan.step_ms, open_slot * plan.step_ms, stale_ms, plan.step_ms))
            self._held = last_held(rows, stale_ms)
        self._window_known = self._window_knowns(live)
        self._head, self._tail = self._folds(live)

    def _remember(self, live: Window) -> None:
        """The closed slots as the ring has them."""
        np.copyto(self._share, live.share_ring.take(self._in_ring), where=self._is_closed)
        np.copyto(self._known, live.known_ring.take(self._in_ring), where=self._is_closed)

    def _add(self, pieces: Pieces) -> None:
        aggregate = self._plan.aggregate
        target = (pieces.slot - self._slot[pieces.place]) * len(self._row) + pieces.place
        share = aggregate.piece(pieces.value, pieces.from_ms, pieces.held_ms)
        aggregate.fold.at(flat(self._share), target, share)
        np.add.at(flat(self._known), target, pieces.held_ms)

    def _window_knowns(self, live: Window) -> Ints:
        """int64[l + 1, k]: how long the window was known before the first slot, and after each."""
        gone = live.known_ring.take(self._gone_in_ring)
        since = live.known_ring.take(self._in_ring)
        since -= gone
        since *= self._is_closed
        change = np.empty((len(gone) + 1, len(self._row)), np.int64)
        np.subtract(live.window_known_ms[self._row], since.sum(axis=0), out=change[0])
        np.subtract(self._known, gone, out=change[1:])
        # What leaves a window shorter than the stretch is of the stretch itself.
        slots = self._plan.slots
        change[1 + slots :] = self._known[slots:] - self._known[:-slots]
        fold_down(np.add, change)
        return change

    def _folds(self, live: Window) -> tuple[Shares, Shares]:
        """Shares of [l + 1, k] and [l, k]: heads and tails of the result before the first slot, and of those after."""
        return self._heads(live), self._tails(live)

    def _tails(self, live: Window) -> Shares:
        gone = live.share_ring.take(self._gone_in_ring)
        tails = np.empty_like(gone)
        tail = live.tail[live.slot[self._row] % self._plan.slots, self._row]
        for place in range(len(gone) - 1, 0, -1):
            tails[place] = tail
            tail = np.where(place <= self._closed, self._plan.aggregate.fold(gone[place - 1], tail), tail)
        tails[0] = tail
        return tails

    def _heads(self, live: Window) -> Shares:
        aggregate, inside = self._plan.aggregate, self._slot % self._plan.slots
        most = int(inside.max(initial=0))
        block = live.tail[:most].take(self._row, axis=1)
        if most > int(inside.min(initial=most)):
            block[np.arange(most)[:, None] >= inside] = aggregate.identity
        heads = np.empty((len(self._share) + 1, len(self._row)), self._share.dtype)
        head = np.full(len(self._row), aggregate.identity)
        for share in block:
            aggregate.fold(head, share, out=head)
        heads[0], heads[1:] = head, self._share
        fold_down(aggregate.fold, heads)
        return heads

    def results(self, live: Window) -> Rows:
        """The result that held when the stretch began, and that of every slot closed since; by place and time."""
        length = len(self._share)
        found = np.flatnonzero(np.arange(length) <= self._closed[:, None])
        place = found // length
        number = found - place * length
        at = number * len(self._row) + place
        window = self._plan.aggregate.fold(self._tail.take(at), self._head.take(at))
        end_ms = (self._slot.take(place) + number) * self._plan.step_ms
        return Rows(place, end_ms, live.result(window, self._window_known.take(at), end_ms))

    def put(self, window: Window, chosen: Indices) -> None:
        """Put the chosen places into the live window."""
        if not len(chosen):
            return
        row, closed = self._row[chosen], self._closed[chosen]
        wanted = np.zeros(len(self._row), np.bool_)
        wanted[chosen] = True
        at = np.flatnonzero(self._is_closed & wanted)
        target = self._in_ring.take(at)
        flat(window.share_ring)[target] = self._share.take(at)
        flat(window.known_ring)[target] = self._known.take(at)
        window.window_known_ms[row] = self._window_known[closed, chosen]
        window.share[row] = self._share[closed, chosen]
        window.known_ms[row] = self._known[closed, chosen]
        value, until_ms, since_ms = self._held
        window.value[row], window.until_ms[row] = value[chosen], until_ms[chosen]
        window.from_ms[row] = np.maximum(window.slot[row] * self._plan.step_ms, since_ms[chosen])
        self._put_folds(window, chosen, at)

    def _put_folds(self, window: Window, chosen: Indices, at: Indices) -> None:
        """Put heads and tails of the chosen places into the live window; ``at``: their closed slots in the tables."""
        window.head[self._row[chosen]] = self._head[self._closed[chosen], chosen]
        number = at // len(self._row)
        place = at - number * len(self._row)
        slot = self._slot.take(place) + number
        flat(window.tail)[slot % self._plan.slots * len(window.slot) + self._row.take(place)] = self._share.take(at)


def in_portions(
    whole: _W, stretch: Stretch, rows: Rows, size: int, anew: Callable[[Stretch, Rows], tuple[_W, Rows]]
) -> Rows:
    """Compute a window anew for some places at a time, so that their tables stay small.

    Args:
        whole: the window of all places of the stretch, which is filled.
        stretch: where and how far; at least one place.
        rows: readings with ``cell`` the place, sorted by (cell, time).
        size: how many places at a time, at least one.
        anew: the window and the results of some places, numbered among each other.

    Returns:
        The results (place in the stretch, slot end, result), sorted by both.
    """
    found = []
    for start in range(0, len(stretch.row), size):
        chosen = np.arange(start, min(len(stretch.row), start + size))
        begin, stop = np.searchsorted(rows.cell, (start, chosen[-1] + 1)).tolist()
        part = rows.between(begin, stop)
        window, results = anew(stretch.take(chosen), part._replace(cell=part.cell - start))
        whole.put(chosen, window)
        found.append(results._replace(cell=results.cell + start))
    return joined(found)
