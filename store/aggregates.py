"""Roll-ups as arithmetic on columns, without knowing where the columns lie.

A ``Partials`` is what a set of readings contributes to buckets of one width. Partials of *disjoint* sets of readings
add
up: counts and totals sum, minima and maxima combine, first and last come from the earliest and latest contribution.
    So one-minute partials make hours, and hours make days; only two sets that may hold the same millisecond of the
    same point have to be merged as readings first (``store/plan.py`` sees to that).

A good reading counts even if it carries no number (a text): minimum and maximum pass over NaN, total, first and last
do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import Refused
from core.ports.store import Rollups, no_rollups
from core.quality import is_good
from core.readings import Float64s, Int32s, Int64s, Readings

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Partials:
    """Columns of one length, sorted by (point, start) unless said otherwise.

    Attributes:
        point: int32[n].
        start_ms: int64[n], begin of the bucket.
        count: int64[n], good readings.
        bad: int64[n], other readings.
        minimum: float64[n] of the good readings, NaN if none carries a number.
        maximum: as ``minimum``.
        total: float64[n], sum of the good readings; 0 if there is none.
        first: float64[n], value of the first good reading, NaN if there is none.
        last: as ``first``.
    """

    point: Int32s
    start_ms: Int64s
    count: Int64s
    bad: Int64s
    minimum: Float64s
    maximum: Float64s
    total: Float64s
    first: Float64s
    last: Float64s

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.point)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Partials:
        """The rows chosen by an index array, a mask or a slice."""
        return Partials(**{name: getattr(self, name)[rows] for name in _COLUMNS})


_COLUMNS = ("point", "start_ms", "count", "bad", "minimum", "maximum", "total", "first", "last")


def check_step(step_ms: int) -> None:
    """Refuse a bucket width that makes no sense.

    Raises:
        Refused: if ``step_ms`` is not positive.
    """
    if step_ms <= 0:
        raise Refused(f"a roll-up needs a step above 0 ms, got {step_ms}")


def of_readings(batch: Readings, step_ms: int) -> Partials:
    """Partials of readings that are sorted by (point, time), one per point and millisecond."""
    n = len(batch)
    if n == 0:
        return nothing()
    start = batch.time_ms - batch.time_ms % step_ms
    heads = _heads(batch.point, start)
    good = is_good(batch.quality)
    value = np.where(good, batch.value, np.nan)
    counts = np.add.reduceat(good.astype(np.int64), heads)
    sizes = np.diff(heads, append=n)
    rows = np.arange(n)
    first = np.minimum.reduceat(np.where(good, rows, n - 1), heads)
    last = np.maximum.reduceat(np.where(good, rows, 0), heads)
    has = counts > 0
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(np.where(good, batch.value, 0.0), heads)
    return Partials(
        point=batch.point[heads],
        start_ms=start[heads],
        count=counts,
        bad=sizes - counts,
        minimum=np.fmin.reduceat(value, heads),
        maximum=np.fmax.reduceat(value, heads),
        total=total,
        first=np.where(has, batch.value[first], np.nan),
        last=np.where(has, batch.value[last], np.nan),
    )


def combine(parts: Sequence[Partials], step_ms: int) -> Partials:
    """Add partials of disjoint sets of readings up to buckets of ``step_ms``.

    Contributions to one bucket with the same start are taken as earlier and later in the order of ``parts``.
    """
    whole = _concatenate(parts)
    n = len(whole)
    if n == 0:
        return whole
    order = np.lexsort((whole.start_ms, whole.point))
    whole = whole.take(order)
    start = whole.start_ms - whole.start_ms % step_ms
    heads = _heads(whole.point, start)
    has = whole.count > 0
    rows = np.arange(n)
    first = np.minimum.reduceat(np.where(has, rows, n - 1), heads)
    last = np.maximum.reduceat(np.where(has, rows, 0), heads)
    count = np.add.reduceat(whole.count, heads)
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(whole.total, heads)
    return Partials(
        point=whole.point[heads],
        start_ms=start[heads],
        count=count,
        bad=np.add.reduceat(whole.bad, heads),
        minimum=np.fmin.reduceat(whole.minimum, heads),
        maximum=np.fmax.reduceat(whole.maximum, heads),
        total=total,
        first=np.where(count > 0, whole.first[first], np.nan),
        last=np.where(count > 0, whole.last[last], np.nan),
    )


def to_rollups(partials: Partials, step_ms: int) -> Rollups:
    """The port's answer."""
    if len(partials) == 0:
        return no_rollups(step_ms)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = partials.total / partials.count
    return Rollups(
        step_ms=step_ms,
        point=partials.point,
        start_ms=partials.start_ms,
        count=partials.count,
        bad=partials.bad,
        minimum=partials.minimum,
        maximum=partials.maximum,
        mean=np.where(partials.count > 0, mean, np.nan),
        first=partials.first,
        last=partials.last,
    )


def from_rows(step_ms: int, rows: Sequence[tuple[int, int, int, int, float, float, float, float, float]]) -> Rollups:
    """Roll-ups from (point, start, count, bad, minimum, maximum, mean, first, last) tuples."""
    point, start, count, bad, *numbers = zip(*rows, strict=True)
    minimum, maximum, mean, first, last = (np.array(column, np.float64) for column in numbers)
    return Rollups(
        step_ms=step_ms,
        point=np.array(point, np.int32),
        start_ms=np.array(start, np.int64),
        count=np.array(count, np.int64),
        bad=np.array(bad, np.int64),
        minimum=minimum,
        maximum=maximum,
        mean=mean,
        first=first,
        last=last,
    )


def nothing() -> Partials:
    """No partials."""
    ints = np.empty(0, np.int64)
    floats = np.empty(0, np.float64)
    return Partials(
        point=np.empty(0, np.int32),
        start_ms=ints,
        count=ints,
        bad=ints,
        minimum=floats,
        maximum=floats,
        total=floats,
        first=floats,
        last=floats,
    )


def _concatenate(parts: Sequence[Partials]) -> Partials:
    if len(parts) == 1:
        return parts[0]
    filled = [part for part in parts if len(part)]
    if not filled:
        return nothing()
    return Partials(**{name: np.concatenate([getattr(part, name) for part in filled]) for name in _COLUMNS})


def _heads(point: Int32s, start: Int64s) -> NDArray[np.intp]:
    """Row numbers at which a new (point, start) begins."""
    new = np.empty(len(point), np.bool_)
    new[0] = True
    new[1:] = (point[1:] != point[:-1]) | (start[1:] != start[:-1])
    return np.flatnonzero(new)
