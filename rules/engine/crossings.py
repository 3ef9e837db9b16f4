"""Patches over the beginning of a block.

A stretch that begins in the block before the open one (or with the open one) changes the shares of both. What the
tails have overwritten stands in the ring: heads and tails of the block before are folded anew from there, those of
the open block from the shares of the stretch, in the order in which the live window folded them.
"""

from __future__ import annotations

import numpy as np

from rules.columns import Bools, Indices, Ints, Shares
from rules.engine.patches import Patch
from rules.engine.windows import Window, flat
from rules.operators.folds import fold_down, fold_up


def over_a_beginning(live: Window, row: Indices, slot: Ints, open_slot: Ints) -> Bools:
    """Where a stretch that begins with ``slot`` ends in the block that begins next."""
    slots = live.plan.slots
    beginning = -(-slot // slots) * slots
    inside: Bools = (beginning <= open_slot) & (open_slot < beginning + slots) & (live.slot[row] == open_slot)
    return inside


class Crossing(Patch):
    """The slots of a window from the first that may differ to the open one, over one beginning of a block."""

    def _folds(self, live: Window) -> tuple[Shares, Shares]:
        slots, fold, count = self._plan.slots, self._plan.aggregate.fold, len(self._row)
        self._beginning: Ints = -(-self._slot // slots) * slots
        nothing = np.full((1, count), self._plan.aggregate.identity)
        block = self._remembered(live, self._beginning - slots)
        since = np.arange(slots)[:, None] - (self._slot - self._beginning + slots)
        fresh = np.flatnonzero(since >= 0)
        flat(block)[fresh] = self._share.take(since.take(fresh) * count + fresh % count)
        gone = self._remembered(live, self._beginning - 2 * slots)
        head_before = np.concatenate([nothing, block])
        self._open_head = np.concatenate([nothing, self._since_beginning()])
        self._tail_before = block
        for table in (self._tail_before, gone):
            fold_up(fold, table)
        for table in (head_before, self._open_head):
            fold_down(fold, table)
        # The results are numbered from the one before the first slot on; the first of them are of the block before.
        at = self._slot + np.arange(len(self._share))[:, None] - self._beginning
        rows = np.arange(count)
        place = np.where(at > 0, np.minimum(at + slots, len(self._open_head) + slots - 1), at + slots)
        head = np.concatenate([head_before, self._open_head[1:]]).take(place * count + rows)
        tail = np.concatenate([gone, nothing, self._tail_before[1:]])
        tail = tail.take(np.minimum(place, 2 * slots - 1) * count + rows)
        return head, tail

    def _remembered(self, live: Window, first: Ints) -> Shares:
        """[slots, k]: the shares of a block that begins with ``first``, as the ring has them."""
        return live.share_ring.take(live.in_rings(self._row, first, self._plan.slots))

    def _since_beginning(self) -> Shares:
        """[b, k]: the shares of the open block; nothing behind the open slot."""
        before = self._beginning - self._slot
        most = int((self._closed - before).max(initial=0))
        number = before + np.arange(most)[:, None]
        inside = number < self._closed
        share = self._share[np.where(inside, number, 0), np.arange(len(self._row))]
        return np.where(inside, share, self._plan.aggregate.identity)

    def _put_folds(self, window: Window, chosen: Indices, at: Indices) -> None:
        row, done = self._row[chosen], (self._closed - (self._beginning - self._slot))[chosen]
        window.head[row] = self._open_head[done, chosen]
        every = np.arange(self._plan.slots)[:, None] * len(window.slot) + row
        closed = np.arange(self._plan.slots)[:, None] < done
        kept = np.flatnonzero(~closed)
        flat(window.tail)[every.take(kept)] = self._tail_before[:, chosen].take(kept)
        number, place = np.nonzero(closed[: len(self._open_head)])
        at = number + (self._beginning - self._slot)[chosen[place]]
        window.tail[number, row[place]] = self._share[at, chosen[place]]
