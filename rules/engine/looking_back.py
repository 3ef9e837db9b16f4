"""Windows of a replay: computed stretch by stretch, all windows over one source together.

A stretch's readings are cut at the slots' ends once for each slot width (``slots.py``); every window over them folds
its own shares. What a stretch leaves behind are the slots of one window, and the readings of the slots that are open.
The results are, bit for bit, those of ``Window`` and ``Season``: the same pieces, folded in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.columns import BEGINNING_MS, Bools, Floats, Indices, Ints
from rules.engine.layout import WindowPlan
from rules.engine.runs import NO_RUNS, Runs, joined_runs
from rules.engine.seasons import asked, hourly, judged
from rules.engine.slots import SlotCuts, SlotTable, cut
from rules.engine.windows import result
from rules.operators.kinds import WindowAggregate
from rules.operators.weekly import WeeklyAggregate

MOST_SLOTS = 200_000
"""Slots of one place that are worked on together."""
AT_ONCE = 150_000
"""Readings and slots of some places that are worked on together."""


class Results(NamedTuple):
    """Results of one window in a stretch.

    Attributes:
        plan: the window.
        place: intp[k], rows of the class.
        end_ms: int64[s], ends of slots; value: float64[s, k].
        whole: these are all of the stretch; else others of the same places come before or after them.
    """

    plan: WindowPlan
    place: Indices
    end_ms: Ints
    value: Floats
    whole: bool = True


class _Span(NamedTuple):
    """The slots of a stretch: [begin, stop)."""

    begin: int
    stop: int


class _Plain:
    """What one window keeps of m places between two stretches: the slots of one window."""

    def __init__(self, plan: WindowPlan, size: int) -> None:
        self._plan = plan
        self._share = np.full((plan.slots, size), plan.aggregate.identity)
        self._known_ms = np.zeros((plan.slots, size), np.int64)

    def knows(self) -> Bools:
        """bool[m]: where anything is known."""
        return np.asarray(self._known_ms.any(axis=0))

    def results(self, cuts: SlotCuts, known_ms: Ints, span: _Span, place: Indices) -> Floats:
        """float64[s, k]: the results of some places."""
        plan, aggregate = self._plan, self._plan.aggregate
        slots = SlotTable(plan.slots, *span, len(place))
        table = slots.table(cuts, cuts.shares(aggregate), self._share[:, place], aggregate.identity)
        known = slots.table(cuts, known_ms, self._known_ms[:, place], np.array(0))
        self._share[:, place], self._known_ms[:, place] = slots.last(table), slots.last(known)
        end_ms = (np.arange(*span)[:, None] + 1) * plan.step_ms
        return result(plan, slots.windows(table, aggregate), slots.known_ms(known), end_ms)


class _Weekly:
    """What a weekly aggregate keeps of m places: the hours that results look at."""

    def __init__(self, plan: WindowPlan, aggregate: WeeklyAggregate, size: int) -> None:
        self._plan, self._aggregate = plan, aggregate
        self._hours: NDArray[np.float32] = np.full((plan.slots, size), np.nan, np.float32)

    def knows(self) -> Bools:
        """bool[m]: where any hour is known."""
        return np.asarray((~np.isnan(self._hours)).any(axis=0))

    def results(self, cuts: SlotCuts, known_ms: Ints, span: _Span, place: Indices) -> Floats:
        """float64[s, k]: the results of some places."""
        plan, (begin, stop) = self._plan, span
        hours = np.full((plan.slots + stop - begin, len(place)), np.nan, np.float32)
        hours[: plan.slots] = self._hours[:, place]
        first = begin - plan.slots
        hours[cuts.slot - first, cuts.place] = hourly(plan, cuts.shares(plan.aggregate), known_ms)
        self._hours[:, place] = hours[-plan.slots :]
        slot = np.arange(begin, stop)
        samples = hours[asked(plan, slot) - first].reshape(-1, len(slot) * len(place))
        value = judged(self._aggregate, samples, hours[slot - first].ravel())
        return value.reshape(len(slot), len(place))


class _Width:
    """All windows of one source with slots of one width."""

    def __init__(self, plans: Sequence[WindowPlan], size: int) -> None:
        self.step_ms = plans[0].step_ms
        self._tracks = [(plan, _track(plan, size)) for plan in plans]
        self._open_slot: int | None = None

    @property
    def begin_ms(self) -> int:
        """The beginning of the open slot."""
        return BEGINNING_MS if self._open_slot is None else self._open_slot * self.step_ms

    def close(self, runs: Runs, stale_ms: Ints, until_ms: int) -> Iterator[Results]:
        """Close all slots that end at or before a moment.

        Args:
            runs: what was read since the beginning of the open slot, and what was in force then.
            stale_ms: int64[m], how long a reading of each place holds.
            until_ms: the moment.
        """
        stop = until_ms // self.step_ms
        if self._open_slot is None:
            self._open_slot = int(runs.time_ms.min()) // self.step_ms
        span = _Span(self._open_slot, stop)
        if stop <= span.begin:
            return
        self._open_slot = stop
        active = np.zeros(len(stale_ms), np.bool_)
        for _, track in self._tracks:
            active |= track.knows()
        active[runs.cell] |= runs.time_ms[runs.last] + stale_ms[runs.cell] > span.begin * self.step_ms
        for place in _portions(np.flatnonzero(active), runs, len(active), stop - span.begin):
            yield from self._results(_numbered(runs, place), stale_ms, span, place)

    def _results(self, runs: Runs, stale_ms: Ints, span: _Span, place: Indices) -> Iterator[Results]:
        cuts = cut(runs, stale_ms[place[runs.cell]], *span, self.step_ms)
        known_ms = cuts.held.known_ms()
        end_ms = (np.arange(*span) + 1) * self.step_ms
        for plan, track in self._tracks:
            yield Results(plan, place, end_ms, track.results(cuts, known_ms, span, place))


def _track(plan: WindowPlan, size: int) -> _Plain | _Weekly:
    aggregate: WindowAggregate = plan.aggregate
    return _Weekly(plan, aggregate, size) if isinstance(aggregate, WeeklyAggregate) else _Plain(plan, size)


def _portions(active: Indices, runs: Runs, size: int, slots: int) -> list[Indices]:
    """Places with about so many readings and slots together."""
    rows = np.full(size, slots)
    rows[runs.cell] += runs.size
    number = np.cumsum(rows[active]) // AT_ONCE
    return np.split(active, np.flatnonzero(np.diff(number)) + 1) if len(active) else []


def _numbered(runs: Runs, place: Indices) -> Runs:
    """The runs of some places, with their numbers among these."""
    number = np.searchsorted(place, runs.cell)
    inside = place.take(number, mode="clip") == runs.cell
    chosen = np.flatnonzero(inside)
    if len(chosen) and chosen[-1] - chosen[0] + 1 == len(chosen):
        part = runs.between(int(chosen[0]), int(chosen[-1]) + 1)
    else:
        part = runs.ordered(chosen)
    return part._replace(cell=number[chosen])


class Source:
    """One column of a class that windows look back over."""

    def __init__(self, plans: Sequence[WindowPlan], stale_ms: Ints) -> None:
        """Nothing known.

        Args:
            plans: the windows.
            stale_ms: int64[m], how long a reading of each of the m facilities holds.
        """
        steps = sorted({plan.step_ms for plan in plans})
        self._widths = [_Width([plan for plan in plans if plan.step_ms == step], len(stale_ms)) for step in steps]
        self._stale_ms = stale_ms
        self._kept = NO_RUNS

    def close(self, parts: list[Runs], until_ms: int) -> Iterator[Results]:
        """Results of all windows up to a moment.

        Args:
            parts: what was read since the last call, with ``cell`` the row of the class; the runs of one are in time
                order, later than all before.
            until_ms: the moment.
        """
        yield from self._close(joined_runs(parts).merged(), until_ms)

    def _close(self, runs: Runs, until_ms: int) -> Iterator[Results]:
        """The same, in portions of time if its slots would not fit in memory."""
        begin_ms = max(width.begin_ms for width in self._widths)
        if begin_ms == BEGINNING_MS:
            begin_ms = int(runs.time_ms.min(initial=until_ms))
        if until_ms - begin_ms > MOST_SLOTS * self._widths[0].step_ms:
            middle_ms = (begin_ms + until_ms) // 2
            early, late = runs.parted(middle_ms)
            for part, at_ms in ((early, middle_ms), (late, until_ms)):
                yield from (results._replace(whole=False) for results in self._close(part, at_ms))
            return
        runs = joined_runs([self._kept, runs]).merged()
        if not len(runs.cell):
            return
        for width in self._widths:
            yield from width.close(runs, self._stale_ms, until_ms)
        self._kept = runs.since(min(width.begin_ms for width in self._widths))
