"""Windows computed anew over a stretch of time: all slots of all late facilities in one go.

Live windows close one slot of all facilities at a time. A late reading needs the other way round: few facilities,
many slots. Here the pieces of all readings are cut at the slots' ends and folded into a table of slots by facilities;
heads and tails of all blocks are accumulated along it (the scans of ``windows.py``, in the same order of operations,
so the results are the same to the last bit), and every window is one fold of the two. The table begins with the slots
that the ring of the live window still knows, or with nothing.

Mostly a late reading is a few slots old and of the block that is still open. Then only its slots change: the head
before them is folded from the open block, the tails from the ring, and what was found is put in by slots
(``patches.py``). The result is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rules.columns import BEGINNING_MS, Bools, Floats, Indices, Ints
from rules.engine.crossings import Crossing, over_a_beginning
from rules.engine.patches import Patch, Stretch, cut_pieces, in_open_block, in_portions, last_held
from rules.engine.rows import NO_ROWS, Rows, firsts, joined
from rules.engine.seasons import Season, season_anew
from rules.engine.windows import Window, flat
from rules.operators.folds import fold_down, fold_up

_MOST_CELLS = 500_000
"""Slots times facilities worked on at once; 4 MB a table."""


@dataclass(frozen=True, slots=True, eq=False)
class Recomputed:
    """A window after a stretch of k places.

    Attributes:
        slot: int64[k], the open slot of each place.
        whole: the places ``whole_at`` as a window of their own.
        patches: the slots that change, and of which places.
    """

    slot: Ints
    whole: Window
    whole_at: Indices
    patches: Sequence[tuple[Patch, Indices]]

    def put(self, window: Window, row: Indices, wanted: Bools) -> None:
        """Put the ``wanted`` places (bool[k]) into the live window, in whose rows ``row`` (intp[k]) they lie."""
        chosen = np.flatnonzero(wanted[self.whole_at])
        if len(chosen):
            part = self.whole if len(chosen) == len(self.whole_at) else self.whole.cut(chosen)
            window.put(row[self.whole_at[chosen]], part)
        for patch, at in self.patches:
            patch.put(window, np.flatnonzero(wanted[at]))


def recomputed(live: Window, stretch: Stretch, rows: Rows) -> tuple[Recomputed, Rows]:
    """The window after the stretch, and its results.

    Args:
        live: the window as it is.
        stretch: where and how far.
        rows: readings with ``cell`` the place in ``stretch``, sorted by (cell, time), from one ``stale_ms`` before the
            stretch on (and one window before it where nothing is known).

    Returns:
        What is to be put into the window, and rows (place in the stretch, slot end, result) sorted by both, beginning
        with the result that held when the stretch began.
    """
    open_slot = np.maximum(stretch.until_ms // live.plan.step_ms, stretch.slot)
    if isinstance(live, Season):
        season, found = season_anew(live, stretch, rows)
        return Recomputed(open_slot, season, np.arange(len(stretch.row)), ()), found
    within = stretch.known & in_open_block(live, stretch.row, stretch.slot, open_slot)
    across = stretch.known & ~within & over_a_beginning(live, stretch.row, stretch.slot, open_slot)
    patches: list[tuple[Patch, Indices]] = []
    results: list[Rows] = []
    for kind, where in ((Patch, within), (Crossing, across)):
        at = np.flatnonzero(where)
        if len(at):
            patch = kind(live, stretch.take(at), _numbered(rows, at, len(where)))
            found = patch.results(live)
            patches.append((patch, at))
            results.append(found._replace(cell=at[found.cell]))
    at = np.flatnonzero(~within & ~across)
    whole, found = _recomputed_whole(live, stretch.take(at), _numbered(rows, at, len(within)))
    if len(at):
        results.append(found._replace(cell=at[found.cell]))
    every = joined(results)
    if len(results) > 1:
        every = every.take(np.argsort(every.cell, kind="stable"))
    return Recomputed(open_slot, whole, at, patches), every


def _numbered(rows: Rows, at: Indices, count: int) -> Rows:
    """The rows of some of ``count`` places, and the numbers of these places among each other."""
    if len(at) == count:
        return rows
    number = np.full(count, -1)
    number[at] = np.arange(len(at))
    own = number.take(rows.cell)
    chosen = np.flatnonzero(own >= 0)
    return rows.take(chosen)._replace(cell=own.take(chosen))


def _recomputed_whole(live: Window, stretch: Stretch, rows: Rows) -> tuple[Window, Rows]:
    """The window after the stretch, all its slots computed anew, and its results."""
    count, plan = len(stretch.row), live.plan
    whole = Window(plan, count)
    if not count:
        return whole, NO_ROWS
    first = (stretch.slot.min() - 1) // plan.slots - 1
    length = (int((stretch.until_ms // plan.step_ms).max()) // plan.slots - int(first) + 1) * plan.slots

    def anew(part: Stretch, own: Rows) -> tuple[Window, Rows]:
        table = _Table(live, part, own)
        return table.window(), table.results()

    return whole, in_portions(whole, stretch, rows, max(1, _MOST_CELLS // length), anew)


class _Table:
    """Shares and known times (int64) by slot and row, [l, k] each, from a block before the first result on."""

    def __init__(self, live: Window, stretch: Stretch, rows: Rows) -> None:
        self._live, self._stretch, self._rows = live, stretch, rows
        self._plan, self._aggregate = live.plan, live.plan.aggregate
        slots = self._plan.slots
        self._count = len(stretch.row)
        self._open: Ints = np.maximum(stretch.until_ms // self._plan.step_ms, stretch.slot)
        # One block before that of the earliest result, which is the one that held when the stretch began.
        self._first = (int(stretch.slot.min()) - 1) // slots * slots - slots
        self._length = (int(self._open.max()) // slots + 1) * slots - self._first
        self._share = np.full((self._length, self._count), self._aggregate.identity)
        self._known = np.zeros((self._length, self._count), np.int64)
        self._place = np.arange(self._count)
        self._remember()
        self._add_pieces()
        blocks = self._share.reshape(-1, slots, self._count)
        heads, tails = blocks.copy(), blocks.copy()
        fold_down(self._aggregate.fold, heads.swapaxes(0, 1))
        fold_up(self._aggregate.fold, tails.swapaxes(0, 1))
        self._head, self._tail = heads.reshape(self._share.shape), tails.reshape(self._share.shape)
        total = np.cumsum(self._known, axis=0)
        self._window_known = total.copy()
        self._window_known[slots:] -= total[:-slots]

    def _remember(self) -> None:
        """The slots of one window before the stretch, as the live ring has them."""
        live, known = self._live, np.flatnonzero(self._stretch.known)
        slots, ring = self._plan.slots, len(live.share_ring)
        number = self._stretch.slot[known] - slots + np.arange(slots)[:, None]
        row = self._stretch.row[known]
        self._share[number - self._first, known] = live.share_ring[number % ring, row]
        self._known[number - self._first, known] = live.known_ring[number % ring, row]

    def _add_pieces(self) -> None:
        """Cut what was held at the slots' ends and fold it in, in the order of time."""
        stretch, step_ms = self._stretch, self._plan.step_ms
        pieces = cut_pieces(self._rows, stretch.slot * step_ms, self._open * step_ms, stretch.stale_ms, step_ms)
        target = (pieces.slot - self._first) * self._count + pieces.place
        share = self._aggregate.piece(pieces.value, pieces.from_ms, pieces.held_ms)
        self._aggregate.fold.at(flat(self._share), target, share)
        np.add.at(flat(self._known), target, pieces.held_ms)

    def results(self) -> Rows:
        """Every result from the one at the beginning of the stretch on, by row and time."""
        slots = self._plan.slots
        number = self._first + np.arange(slots, self._length)[None, :]
        wanted = (number >= (self._stretch.slot - 1)[:, None]) & (number < self._open[:, None])
        row, place = np.nonzero(wanted)
        at = place + slots
        inside = at % slots
        before = np.where(inside == slots - 1, self._aggregate.identity, self._tail[at - slots + 1, row])
        window = self._aggregate.fold(before, self._head[at, row])
        end_ms = (self._first + at + 1) * self._plan.step_ms
        return Rows(row, end_ms, self._live.result(window, self._window_known[at, row], end_ms))

    def window(self) -> Window:
        """The window after the last closed slot."""
        plan, stretch, place = self._plan, self._stretch, self._place
        new, slots = Window(plan, self._count), plan.slots
        at = self._open - self._first
        inside = self._open % slots
        new.slot, new.share, new.known_ms = self._open, self._share[at, place], self._known[at, place]
        new.head = np.where(inside == 0, plan.aggregate.identity, self._head[at - 1, place])
        new.window_known_ms = self._window_known[at - 1, place]
        places = np.arange(slots)[:, None]
        current = at - inside + places
        new.tail[:-1] = np.where(places < inside, self._share[current, place], self._tail[current - slots, place])
        self._fill_rings(new)
        new.begun = stretch.begun
        new.from_ms = self._open * plan.step_ms
        self._set_held(new)
        return new

    def _fill_rings(self, new: Window) -> None:
        known, ring = np.flatnonzero(self._stretch.known), len(new.share_ring)
        new.share_ring[:, known] = self._live.share_ring[:, self._stretch.row[known]]
        new.known_ring[:, known] = self._live.known_ring[:, self._stretch.row[known]]
        number = self._open - ring + np.arange(ring)[:, None]
        fresh, row = np.nonzero(number >= self._stretch.slot)
        number = number[fresh, row]
        new.share_ring[number % ring, row] = self._share[number - self._first, row]
        new.known_ring[number % ring, row] = self._known[number - self._first, row]

    def _set_held(self, new: Window) -> None:
        """The value that is held at the end."""
        new.value[:], new.until_ms[:], time_ms = last_held(self._rows, self._stretch.stale_ms)
        new.from_ms = np.maximum(new.from_ms, time_ms)


def results_at(results: Rows, count: int, at_ms: Ints) -> Floats:
    """float64[count]: the last result at or before a moment of each place; NaN where there is none."""
    value: Floats = np.full(count, np.nan)
    past = results.take(results.time_ms <= at_ms[results.cell])
    value[past.cell] = past.value
    return value


def begin_slot(rows: Rows, count: int, step_ms: int) -> Ints:
    """int64[count]: the slot of the first reading of each place; ``BEGINNING_MS`` where there is none."""
    slot: Ints = np.full(count, BEGINNING_MS)
    first = np.flatnonzero(firsts(rows.cell))
    slot[rows.cell[first]] = rows.time_ms[first] // step_ms
    return slot
