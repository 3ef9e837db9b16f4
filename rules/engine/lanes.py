"""Windows of a replay, side by side in time.

``Window`` goes through time reading by reading and is fast where many facilities go together. A rule of a few
facilities over months has none to go with; but in a replay all of its time is at hand. So a stretch is cut into
*lanes*, and they are worked on together as if they were so many facilities. Each lane begins early enough that its
windows are full when its own time begins: a window and the time a value may be held before. What it says of that time
is left out; the results are, bit for bit, those of one go, because slots and blocks are aligned to 1970 and hold
nothing of what was before their windows.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, Floats, Indices, Ints
from rules.engine.layout import WindowPlan
from rules.engine.seasons import window_of
from rules.engine.windows import Emitted, Window

WIDTH = 4_096
"""So many lanes of facilities together; more are not faster."""
MOST_WINDOW_MS = 2 * 3_600_000
"""Longer windows go through time in one piece: the beginnings of their lanes would cost more than they save."""
LEADS_A_LANE = 4
"""A lane is at least so many times as long as what it begins early."""


def replay_window(plan: WindowPlan, size: int) -> Window:
    """The window of a replay over ``size`` facilities; what an expression comes to never goes stale: no lanes."""
    if plan.source not in plan.inputs or plan.slots * plan.step_ms > MOST_WINDOW_MS or 2 * size > WIDTH:
        return window_of(plan, size)
    return LanedWindow(plan, size)


class LanedWindow(Window):
    """A window that waits for the end of a stretch, and then computes all of it at once."""

    def __init__(self, plan: WindowPlan, size: int) -> None:
        """Nothing known."""
        super().__init__(plan, 0)
        self._size = size
        self.slot = np.full(size, BEGINNING_MS)
        self._stale_ms = 0
        self._until_ms = BEGINNING_MS
        self._parts: list[tuple[Indices, Ints, Floats, Ints]] = []

    def feed(
        self, row: Indices, time_ms: Ints, value: Floats, stale_ms: Ints, horizon_ms: Ints, emitted: Emitted
    ) -> None:
        """Keep readings until the stretch is closed; in time order for each row, later than all before."""
        del horizon_ms, emitted
        if len(row):
            self._stale_ms = max(self._stale_ms, int(stale_ms.max()))
            self._parts.append((row, time_ms, value, stale_ms))

    def close_until(self, horizon_ms: Ints, emitted: Emitted) -> None:
        """Compute the stretch that ends here; all facilities have one horizon in a replay."""
        if not self._parts:
            return
        row, time_ms, value, stale_ms = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        end_ms = int(horizon_ms.max())
        begin_ms = max(self._until_ms, int(time_ms.min()) - 1)
        lead_ms = self.plan.slots * self.plan.step_ms + self._stale_ms + self.plan.step_ms
        if end_ms > begin_ms:
            lane_ms = self._lane_ms(end_ms - begin_ms, lead_ms)
            self._compute((row, time_ms, value, stale_ms), begin_ms, end_ms, lane_ms, lead_ms, emitted)
        kept = time_ms > end_ms - lead_ms
        self._parts = [(row[kept], time_ms[kept], value[kept], stale_ms[kept])] if kept.any() else []
        self._until_ms = end_ms
        self.slot[:] = (end_ms + 1) // self.plan.step_ms

    def _lane_ms(self, span_ms: int, lead_ms: int) -> int:
        lanes = max(1, min(WIDTH // self._size, span_ms // (LEADS_A_LANE * lead_ms)))
        return -(-span_ms // lanes)

    def _compute(
        self,
        readings: tuple[Indices, Ints, Floats, Ints],
        begin_ms: int,
        end_ms: int,
        lane_ms: int,
        lead_ms: int,
        emitted: Emitted,
    ) -> None:
        """Results in (begin, end]; lane j has those in (begin + j * lane, begin + (j + 1) * lane]."""
        row, time_ms, value, stale_ms = readings
        size, lanes = self._size, -(-(end_ms - begin_ms) // lane_ms)
        lane = np.clip((time_ms - begin_ms - 1) // lane_ms, 0, lanes - 1)
        next_begin_ms = begin_ms + (lane + 1) * lane_ms
        early = np.flatnonzero((time_ms > next_begin_ms - lead_ms) & (lane + 1 < lanes))
        # What a lane begins early comes before its own readings: each row stays in the order of time.
        order = np.concatenate([early, np.arange(len(row))])
        target = np.concatenate([lane[early] + 1, lane]) * size + row[order]
        inner, found = Window(self.plan, lanes * size), Emitted()
        ends_ms = np.minimum(begin_ms + (np.arange(lanes) + 1) * lane_ms, end_ms).repeat(size)
        inner.feed(target, time_ms[order], value[order], stale_ms[order], ends_ms, found)
        inner.close_until(ends_ms, found)
        for some, at_ms, result in zip(found.row, found.time_ms, found.value, strict=True):
            own = at_ms > begin_ms + some // size * lane_ms
            emitted.add(some[own] % size, at_ms[own], result[own])
