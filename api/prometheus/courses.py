"""Courses from the store: readings where they are few, aggregates where they are many or no longer kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from api.charts import STEPS_MS
from api.ports import ReadableStore
from api.prometheus import findings as say
from api.prometheus.evaluate import Course
from api.prometheus.series import Series
from api.prometheus.tree import QueryError
from core.ports.store import Rollups
from core.quality import is_good
from core.readings import Int32s, Readings

MOST_READINGS: Final = 2_000_000
_FEW: Final = 200_000
_OFTEN_MS: Final = 10_000
_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What a selector needs of the store.

    Attributes:
        first_ms, last_ms: first and last moment, offset taken off.
        step_ms: between moments; 0 if there is one.
        range_ms: how far a window reaches back; 0 for the value at a moment.
    """

    first_ms: int
    last_ms: int
    step_ms: int
    range_ms: int


def bucket_ms(ask: Ask) -> int:
    """The widest aggregate that still tells windows apart; 0 if none does.

    One that divides first moment, step and range fits exactly; any other must be four times as fine.
    """
    narrow = min(width for width in (ask.step_ms, ask.range_ms, ask.last_ms + 1) if width)
    if not ask.step_ms and not ask.range_ms:
        return 0
    coarse = [step for step in STEPS_MS if _MINUTE_MS <= step <= narrow]
    exact = [step for step in coarse if not (ask.first_ms % step or ask.step_ms % step or ask.range_ms % step)]
    finer = [step for step in coarse if step * 4 <= narrow]
    return max([*exact, *finer], default=0)


def courses(store: ReadableStore, series: Sequence[Series], ask: Ask, now_ms: int) -> tuple[list[Course], int]:
    """The courses of some series, and the width of the aggregates they were taken from, 0 for readings.

    Raises:
        QueryError: if that is too much.
        core.errors.Unavailable: if the store does not answer.
    """
    if not series:
        return [], 0
    every = sorted(series, key=lambda one: one.point)
    points = np.array([one.point for one in every], np.int32)
    back_ms = ask.range_ms or max(one.hold_ms for one in every)
    from_ms, to_ms = max(0, ask.first_ms - back_ms), max(0, ask.last_ms) + 1
    width = bucket_ms(ask)
    expected = len(points) * (to_ms - from_ms) // _OFTEN_MS
    if expected <= _FEW and now_ms - from_ms <= _DAY_MS:
        return _of_readings(every, points, store.read(points, from_ms, to_ms)), 0
    probe = width or max(_MINUTE_MS, next((s for s in STEPS_MS if (to_ms - from_ms) // s <= 2_000), STEPS_MS[-1]))
    if len(points) * ((to_ms - from_ms) // probe + 2) > MOST_READINGS:
        raise QueryError(say.MUCH_WORK, "execution")
    rollups = store.rollup(points, from_ms - from_ms % probe, to_ms, probe)
    held = rollups.count + rollups.bad
    if int(held.sum()) <= (MOST_READINGS if not width else _FEW):
        batch = store.read(points, from_ms, to_ms)
        inside = (rollups.start_ms >= from_ms) & (rollups.start_ms + probe <= to_ms)
        # Where only aggregates are kept any more, they say more than the readings that are left.
        if not width or len(batch) >= int(held[inside].sum()):
            return _of_readings(every, points, batch), 0
    if not width:
        raise QueryError(say.MUCH_WORK, "execution")
    return _of_rollups(every, points, rollups), width


def _of_readings(series: Sequence[Series], points: Int32s, batch: Readings) -> list[Course]:
    begin = np.searchsorted(batch.point, points, side="left")
    end = np.searchsorted(batch.point, points, side="right")
    good = is_good(batch.quality) & np.isfinite(batch.value)
    one = np.ones(len(batch), np.int64)
    found = []
    for row, first, stop in zip(series, begin.tolist(), end.tolist(), strict=True):
        part, value = slice(first, stop), batch.value[first:stop]
        found.append(
            Course(
                labels=row.labels,
                hold_ms=row.hold_ms,
                time_ms=batch.time_ms[part],
                good=good[part],
                last=value,
                low=value,
                high=value,
                total=value,
                count=one[part],
            )
        )
    return found


def _of_rollups(series: Sequence[Series], points: Int32s, rollups: Rollups) -> list[Course]:
    begin = np.searchsorted(rollups.point, points, side="left")
    end = np.searchsorted(rollups.point, points, side="right")
    total = rollups.mean * rollups.count
    found = []
    for row, first, stop in zip(series, begin.tolist(), end.tolist(), strict=True):
        part = slice(first, stop)
        found.append(
            Course(
                labels=row.labels,
                # Its last reading may be as old as the bucket is wide.
                hold_ms=row.hold_ms + rollups.step_ms,
                time_ms=rollups.start_ms[part] + rollups.step_ms,
                good=rollups.count[part] > 0,
                last=rollups.last[part],
                low=rollups.minimum[part],
                high=rollups.maximum[part],
                total=total[part],
                count=rollups.count[part],
            )
        )
    return found
