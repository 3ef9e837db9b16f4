"""Sorting readings by (point, time) and keeping one per millisecond, with the losers counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.readings import Readings
from store.aggregates import DAY_MS

_DAY_BITS = 27


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Sorted readings, and how many were left out.

    Attributes:
        readings: sorted by (point, time), one per point and millisecond.
        superseded: readings that another one of the same millisecond outranks.
        repeated: readings that came twice with the same (epoch, offset).
    """

    readings: Readings
    superseded: int = 0
    repeated: int = 0


def sorted_distinct(batch: Readings) -> Readings | None:
    """Sorted by (point, time), whatever epoch and offset are; ``None`` if two rows share point and millisecond."""
    if len(batch) < 2:
        return batch
    earlier = batch.point[1:] > batch.point[:-1]
    earlier |= (batch.point[1:] == batch.point[:-1]) & (batch.time_ms[1:] > batch.time_ms[:-1])
    if earlier.all():
        return batch
    order = np.lexsort((batch.time_ms, batch.point))
    batch = batch.take(order)
    same = (batch.point[1:] == batch.point[:-1]) & (batch.time_ms[1:] == batch.time_ms[:-1])
    return None if same.any() else batch


def merge(batch: Readings) -> Merged:
    """Sort, and keep the highest (epoch, offset) of each point and millisecond; of equal ones the last row."""
    if len(batch) == 0:
        return Merged(batch)
    day = int(batch.time_ms[0]) // DAY_MS
    origin = day * DAY_MS
    if int(batch.time_ms.min()) < origin or int(batch.time_ms.max()) >= origin + DAY_MS or int(batch.point.min()) < 0:
        return _merge_any(batch)
    # One key instead of two: the millisecond of the day fits in 27 bits, the point in the 31 above.
    key = (batch.point.astype(np.int64) << _DAY_BITS) | (batch.time_ms - origin)
    if bool((key[1:] > key[:-1]).all()):
        return Merged(batch)
    order = np.argsort(key, kind="stable")
    key = key[order]
    if bool((key[1:] != key[:-1]).all()):
        return Merged(batch.take(order))
    return _merge_any(batch)


def _merge_any(batch: Readings) -> Merged:
    order = np.lexsort((batch.offset, batch.epoch, batch.time_ms, batch.point))
    point, time_ms = batch.point[order], batch.time_ms[order]
    epoch, offset = batch.epoch[order], batch.offset[order]
    same = (point[1:] == point[:-1]) & (time_ms[1:] == time_ms[:-1])
    repeated = same & (epoch[1:] == epoch[:-1]) & (offset[1:] == offset[:-1])
    keep = np.append(~same, True)
    return Merged(
        batch.take(order[keep]),
        superseded=int(np.count_nonzero(same & ~repeated)),
        repeated=int(np.count_nonzero(repeated)),
    )
