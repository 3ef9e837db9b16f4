"""Hours of the week: what is usual, hour by hour, from the weeks before (``rules.operators.weekly``).

A season is a window whose slots are hours. It keeps the mean of each closed hour and nothing else: a result is made
from the few hours that lie whole weeks before, so nothing is folded over them. What an hour comes to depends on its
readings alone, so late ones compute it anew, with the results that looked at it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rules.buckets import WEEK_HOURS, WEEKLY_REWIND_SLOTS
from rules.columns import BEGINNING_MS, Floats, Indices, Ints
from rules.engine.layout import WindowPlan
from rules.engine.patches import Stretch, cut_pieces, in_portions, last_held
from rules.engine.rows import NO_ROWS, Rows
from rules.engine.windows import Emitted, Window, flat
from rules.operators.weekly import WeeklyAggregate

_MOST_CELLS = 1_000_000
"""Hours times facilities worked on at once."""


class Season(Window):
    """One weekly aggregate over one measurement of all m facilities of a class."""

    ROW_COLUMNS = ("slot", "begun", "value", "from_ms", "until_ms", "share", "known_ms", "window_known_ms")
    SLOT_COLUMNS = ("hours",)
    REWIND = WEEKLY_REWIND_SLOTS

    def __init__(self, plan: WindowPlan, size: int) -> None:
        """Nothing known; hours begin with the first reading."""
        assert isinstance(plan.aggregate, WeeklyAggregate)
        self.plan = plan
        self.weekly = plan.aggregate
        self.slot = np.full(size, BEGINNING_MS)
        self.begun = np.full(size, BEGINNING_MS)
        self.value = np.zeros(size)
        self.from_ms = np.full(size, BEGINNING_MS)
        self.until_ms = np.full(size, BEGINNING_MS)
        self.share = np.full(size, plan.aggregate.identity)
        self.known_ms = np.zeros(size, np.int64)
        self.window_known_ms = np.zeros(size, np.int64)
        """How many of the hours that results look back at are known."""
        self.hours = np.full((plan.slots + self.REWIND, size), np.nan, np.float32)
        self._ring = plan.slots + self.REWIND
        self._rows = np.arange(size)

    def _skip(self, row: Indices, last: Ints) -> None:
        """Nothing is known of all the weeks and nothing is held: leap to the last hour."""
        self.slot[row] = self.begun[row] = last
        self.hours[:, row] = np.nan

    def _close_all(self, slot: int, emitted: Emitted) -> None:
        """As ``_close``, of ``slot`` that is the open one of all rows."""
        self._close(self._rows, slice(None), np.full(len(self._rows), slot), emitted)

    def _close(self, row: Indices, at: Indices | slice, slot: Ints, emitted: Emitted) -> None:
        """Close the open hour of each row (each at most once), and say what is usual from then on."""
        del at
        end_ms = (slot + 1) * self.plan.step_ms
        self._hold(row, end_ms)
        hour = hourly(self.plan, self.share[row], self.known_ms[row])
        gone = self.hours[(slot - self.plan.slots) % self._ring, row]
        self.window_known_ms[row] += (~np.isnan(hour)).astype(np.int64) - ~np.isnan(gone)
        self.hours[slot % self._ring, row] = hour
        self.share[row] = self.plan.aggregate.identity
        self.known_ms[row] = 0
        self.slot[row] = slot + 1
        samples = self.hours[asked(self.plan, slot) % self._ring, row]
        emitted.add(row, end_ms, judged(self.weekly, samples, hour))


def window_of(plan: WindowPlan, size: int) -> Window:
    """The window of a plan over ``size`` facilities."""
    return Season(plan, size) if isinstance(plan.aggregate, WeeklyAggregate) else Window(plan, size)


def hourly(plan: WindowPlan, share: Floats, known_ms: Ints) -> NDArray[np.float32]:
    """float32[…]: the mean of each hour; NaN where less than half of it was known."""
    with np.errstate(all="ignore"):
        mean = plan.aggregate.finish(share, known_ms, known_ms).astype(np.float32)
    return np.where((2 * known_ms >= plan.step_ms) & np.isfinite(mean), mean, np.float32(np.nan))


def asked(plan: WindowPlan, slot: Ints) -> Ints:
    """int64[s, n]: the hours that are looked at when ``slot`` has closed: of each week three."""
    assert isinstance(plan.aggregate, WeeklyAggregate)
    weeks = np.arange(1, plan.slots // WEEK_HOURS + 1) * WEEK_HOURS
    back: Ints = (weeks[:, None] + np.array([1, 0, -1])).ravel()
    return slot + plan.aggregate.ahead - back[:, None]


def judged(weekly: WeeklyAggregate, samples: NDArray[np.float32], last: NDArray[np.float32]) -> Floats:
    """The result from its samples; NaN where unknown."""
    result = weekly.judge(samples.astype(np.float64), last.astype(np.float64))
    return np.where(np.isfinite(result), result, np.nan)


# --- back in time ---------------------------------------------------------------------------------------------------


def season_anew(live: Season, stretch: Stretch, rows: Rows) -> tuple[Season, Rows]:
    """The season after a stretch, its hours computed anew, and its results; as ``rewinding.recomputed``."""
    count, plan = len(stretch.row), live.plan
    whole = Season(plan, count)
    if not count:
        return whole, NO_ROWS
    length = int((stretch.until_ms // plan.step_ms).max() - stretch.slot.min()) + plan.slots + 3

    def anew(part: Stretch, own: Rows) -> tuple[Season, Rows]:
        table = _Table(live, part, own)
        return table.season(), table.results()

    return whole, in_portions(whole, stretch, rows, max(1, _MOST_CELLS // length), anew)


class _Table:
    """Means of hours by number and place, [l, k], from the oldest that is looked at on."""

    def __init__(self, live: Season, stretch: Stretch, rows: Rows) -> None:
        self._live, self._stretch, self._rows, self._plan = live, stretch, rows, live.plan
        step_ms, count = live.plan.step_ms, len(stretch.row)
        self._place = np.arange(count)
        self._open: Ints = np.maximum(stretch.until_ms // step_ms, stretch.slot)
        begin = int(stretch.slot.min())
        self._first = begin - live.plan.slots - 1
        self._hour = np.full((int(self._open.max()) - self._first + 1, count), np.nan, np.float32)
        known = np.flatnonzero(stretch.known)
        number = stretch.slot[known] - live.plan.slots + np.arange(live.plan.slots)[:, None]
        self._hour[number - self._first, known] = live.hours[number % len(live.hours), stretch.row[known]]
        fresh = int(self._open.max()) - begin + 1
        self._share = np.full((fresh, count), live.plan.aggregate.identity)
        self._known_ms = np.zeros((fresh, count), np.int64)
        pieces = cut_pieces(rows, stretch.slot * step_ms, self._open * step_ms, stretch.stale_ms, step_ms)
        target = (pieces.slot - begin) * count + pieces.place
        share = live.plan.aggregate.piece(pieces.value, pieces.from_ms, pieces.held_ms)
        live.plan.aggregate.fold.at(flat(self._share), target, share)
        np.add.at(flat(self._known_ms), target, pieces.held_ms)
        number = begin + np.arange(fresh)[:, None]
        closed = (number >= stretch.slot) & (number < self._open)
        computed = hourly(live.plan, self._share, self._known_ms)
        np.copyto(self._hour[begin - self._first :], computed, where=closed)
        self._begin = begin

    def results(self) -> Rows:
        """Every result from the one at the beginning of the stretch on, by place and time."""
        number = np.arange(self._begin - 1, int(self._open.max()))[None, :]
        wanted = (number >= (self._stretch.slot - 1)[:, None]) & (number < self._open[:, None])
        place, at = np.nonzero(wanted)
        slot = at + self._begin - 1
        samples = self._hour[asked(self._plan, slot) - self._first, place]
        value = judged(self._live.weekly, samples, self._hour[slot - self._first, place])
        return Rows(place, (slot + 1) * self._plan.step_ms, value)

    def season(self) -> Season:
        """The season after the last closed hour."""
        stretch, place, new = self._stretch, self._place, Season(self._plan, len(self._place))
        new.slot = self._open
        new.share = self._share[self._open - self._begin, place]
        new.known_ms = self._known_ms[self._open - self._begin, place]
        number = self._open - self._plan.slots + np.arange(self._plan.slots)[:, None]
        new.window_known_ms = np.count_nonzero(~np.isnan(self._hour[number - self._first, place]), axis=0)
        known = np.flatnonzero(stretch.known)
        new.hours[:, known] = self._live.hours[:, stretch.row[known]]
        number = self._open - len(new.hours) + np.arange(len(new.hours))[:, None]
        fresh, row = np.nonzero(number >= stretch.slot)
        number = number[fresh, row]
        new.hours[number % len(new.hours), row] = self._hour[number - self._first, row]
        new.begun = stretch.begun
        new.value[:], new.until_ms[:], time_ms = last_held(self._rows, stretch.stale_ms)
        new.from_ms = np.maximum(self._open * self._plan.step_ms, time_ms)
        return new
