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
from rules.operators.folds import fold_up


def over_a_beginning(live: Window, row: Indices, slot: Ints, open_slot: Ints) -> Bools:
    """Where a stretch that begins with ``slot`` ends in the block that begins next."""
    slots = live.plan.slots
    beginning = -(-slot // slots) * slots
    inside: Bools = (beginning <= open_slot) & (open_slot < beginning + slots) & (live.slot[row] == open_slot)
    return inside


class Crossing(Patch):
    """The slots of a window from the first that may differ to the open one, over one beginning of a block."""

    def _folds(self, live: Window) -> tuple[Shares, Shares]:
        slots, count = self._plan.slots, len(self._row)
        self._beginning: Ints = -(-self._slot // slots) * slots
        # The results are numbered from the one before the first slot on; the first of them are of the block before.
        self._at: Ints = self._slot + np.arange(len(self._share))[:, None] - self._beginning
        block = self._remembered(live, self._beginning - slots)
        fresh = np.flatnonzero(self._at < 0)
        flat(block)[(self._at.take(fresh) + slots) * count + fresh % count] = self._share.take(fresh)
        heads = self._block_heads(block)
        self._tail_before = block
        fold_up(self._plan.aggregate.fold, block)
        return heads, self._block_tails(live)

    def _block_heads(self, block: Shares) -> Shares:
        """[l, k]: the head of every result: of the block before, and from its end on of the open one."""
        aggregate, inside = self._plan.aggregate, self._at[0] + self._plan.slots
        least, most = int(inside.min()), int(inside.max())
        heads = np.empty_like(self._share)
        heads[0] = aggregate.identity
        for place in range(most):
            share = block[place] if place < least else np.where(place < inside, block[place], aggregate.identity)
            aggregate.fold(heads[0], share, out=heads[0])
        for number in range(1, len(heads)):
            begins = self._at[number - 1] == 0
            before = np.where(begins, aggregate.identity, heads[number - 1]) if begins.any() else heads[number - 1]
            aggregate.fold(before, self._share[number - 1], out=heads[number])
        return heads

    def _block_tails(self, live: Window) -> Shares:
        """[l, k]: the tail of every result: of the block two before the open one, and then of the one before."""
        fold, at, count = self._plan.aggregate.fold, self._at, len(self._row)
        tails = live.share_ring.take(self._gone_in_ring)
        for number in range(len(tails) - 2, -1, -1):
            goes_on = at[number] < -1
            if goes_on.all():
                fold(tails[number], tails[number + 1], out=tails[number])
            elif goes_on.any():
                tails[number] = np.where(goes_on, fold(tails[number], tails[number + 1]), tails[number])
        tails[at == 0] = self._plan.aggregate.identity
        opened = np.flatnonzero((at > 0) & (at < self._plan.slots))  # what lies behind belongs to no result
        flat(tails)[opened] = self._tail_before.take(at.take(opened) * count + opened % count)
        return tails

    def _remembered(self, live: Window, first: Ints) -> Shares:
        """[slots, k]: the shares of a block that begins with ``first``, as the ring has them."""
        slots, ring, begin = self._plan.slots, len(live.share_ring), int(first.min())
        if begin < int(first.max()):
            return live.share_ring.take(live.in_rings(self._row, first, slots))
        block = np.empty((slots, len(self._row)), live.share_ring.dtype)
        for place, row in enumerate(block):
            row[:] = live.share_ring[(begin + place) % ring].take(self._row)
        return block

    def _put_folds(self, window: Window, chosen: Indices, at: Indices) -> None:
        row, closed = self._row[chosen], self._closed[chosen]
        done = self._at[closed, chosen]
        head = self._head[closed, chosen]
        head[done == 0] = self._plan.aggregate.identity
        window.head[row] = head
        tails = self._tail_before[:, chosen]
        number, place = np.nonzero((self._at[:, chosen] >= 0) & (np.arange(len(self._share))[:, None] < closed))
        tails[self._at[number, chosen[place]], place] = self._share[number, chosen[place]]
        for line, tail in zip(window.tail, tails, strict=False):
            line[row] = tail
