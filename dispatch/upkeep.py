"""What a time series says of how much a facility has run, or how long a condition has held. Pure, in columns."""

from __future__ import annotations

import numpy as np

from core.ports.preventive import Counted, Trigger, TriggerKind
from core.readings import Float64s, Int64s

DAY_MS = 86_400_000
PACE_DAYS = 30
"""The pace of late is that of so many days."""


def counted_of(trigger: Trigger, time_ms: Int64s, value: Float64s, *, now_ms: int, zone_ms: int) -> Counted:
    """What the good readings of one point since the work was last done say.

    Args:
        trigger: of the plan.
        time_ms: int64[n], ascending.
        value: float64[n]: a counter in hours or cycles, or the value of a condition.
        now_ms: until when.
        zone_ms: offset of the local clock, for days.
    """
    if not len(time_ms):
        return Counted(amount=0.0)
    seen_ms = int(time_ms[-1])
    if trigger.kind is TriggerKind.CONDITION:
        return Counted(amount=float(_days_running(trigger, time_ms, value, now_ms, zone_ms)), seen_ms=seen_ms)
    steps = _steps(value)
    return Counted(amount=float(steps.sum()), a_day=_pace(time_ms, steps, now_ms), seen_ms=seen_ms)


def _steps(value: Float64s) -> Float64s:
    """How much was counted up to each reading since the one before: float64[n]; a counter that fell began anew at 0."""
    step = np.diff(value, prepend=value[:1])
    return np.where(step < 0, np.maximum(value, 0.0), step)


def _pace(time_ms: Int64s, steps: Float64s, now_ms: int) -> float | None:
    """Per day, over the last days; ``None`` if less than one day of them was seen."""
    first = int(np.searchsorted(time_ms, now_ms - PACE_DAYS * DAY_MS))
    if first >= len(time_ms):
        return None
    # The step of the first reading lies before it, outside of the time that is looked at.
    days = (int(time_ms[-1]) - int(time_ms[first])) / DAY_MS
    return float(steps[first + 1 :].sum()) / days if days >= 1 else None


def _days_running(trigger: Trigger, time_ms: Int64s, value: Float64s, now_ms: int, zone_ms: int) -> int:
    """Whole days up to yesterday, one after the other, whose mean was beyond the limit; a day unseen ends them."""
    day = (time_ms + zone_ms) // DAY_MS
    today = (now_ms + zone_ms) // DAY_MS
    first = int(day[0])
    if first >= today:
        return 0
    past = day < today
    count = np.bincount(day[past] - first, minlength=today - first)
    total = np.bincount(day[past] - first, weights=value[past], minlength=today - first)
    mean = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    held = mean > trigger.above if trigger.above is not None else mean < trigger.below
    broken = np.flatnonzero(~held)
    return len(held) - 1 - int(broken[-1]) if len(broken) else len(held)
