"""The newest reading of every point, in arrays indexed by the point's number; never backwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.readings import Int32s, Readings

_NEVER = np.iinfo(np.int64).min


class LatestTable:
    """Not thread-safe; its owner holds a lock."""

    def __init__(self) -> None:
        """Start with no point known."""
        self._time = np.empty(0, np.int64)
        self._value = np.empty(0, np.float64)
        self._quality = np.empty(0, np.uint8)
        self._epoch = np.empty(0, np.int64)
        self._offset = np.empty(0, np.int64)
        self._text: dict[int, str] = {}

    def update(self, batch: Readings) -> None:
        """Take over what is newer by (time, epoch, offset); an equal one replaces."""
        if len(batch) == 0:
            return
        rows = _newest_rows(batch)
        point = batch.point[rows]
        self._grow(int(point.max()) + 1)
        time_ms, epoch, offset = batch.time_ms[rows], batch.epoch[rows], batch.offset[rows]
        held_time, held_epoch, held_offset = self._time[point], self._epoch[point], self._offset[point]
        newer = (time_ms > held_time) | (
            (time_ms == held_time) & ((epoch > held_epoch) | ((epoch == held_epoch) & (offset >= held_offset)))
        )
        rows, point = rows[newer], point[newer]
        self._time[point] = batch.time_ms[rows]
        self._value[point] = batch.value[rows]
        self._quality[point] = batch.quality[rows]
        self._epoch[point] = batch.epoch[rows]
        self._offset[point] = batch.offset[rows]
        if self._text:
            for number in point.tolist():
                self._text.pop(number, None)
        if batch.text:
            for number, row in zip(point.tolist(), rows.tolist(), strict=True):
                if row in batch.text:
                    self._text[number] = batch.text[row]

    def get(self, points: Int32s | None = None) -> Readings:
        """Copies, sorted by point; points without any reading are left out."""
        known = np.flatnonzero(self._time != _NEVER).astype(np.int32)
        if points is not None:
            wanted = np.unique(points)
            wanted = wanted[(wanted >= 0) & (wanted < len(self._time))]
            known = wanted[self._time[wanted] != _NEVER].astype(np.int32)
        return Readings(
            point=known,
            time_ms=self._time[known],
            value=self._value[known],
            quality=self._quality[known],
            epoch=self._epoch[known],
            offset=self._offset[known],
            text={row: self._text[point] for row, point in enumerate(known.tolist()) if point in self._text}
            if self._text
            else {},
        )

    def _grow(self, size: int) -> None:
        """Room for points 0 to ``size`` - 1, doubling so that growth stays cheap."""
        have = len(self._time)
        if size <= have:
            return
        more = max(size, 2 * have) - have
        self._time = np.concatenate([self._time, np.full(more, _NEVER)])
        self._value = np.concatenate([self._value, np.full(more, np.nan)])
        self._quality = np.concatenate([self._quality, np.zeros(more, np.uint8)])
        self._epoch = np.concatenate([self._epoch, np.zeros(more, np.int64)])
        self._offset = np.concatenate([self._offset, np.full(more, -1, np.int64)])


def _newest_rows(batch: Readings) -> NDArray[np.intp]:
    """One row per point: the newest by (time, epoch, offset)."""
    n = len(batch)
    if n == 1 or bool(np.all(batch.time_ms[1:] > batch.time_ms[:-1])):
        order = np.arange(n)
    else:
        order = np.lexsort((batch.offset, batch.epoch, batch.time_ms))
    slot = np.full(int(batch.point.max()) + 1, -1, np.intp)
    slot[batch.point[order]] = order  # with repeated indices the last assignment holds
    return slot[slot >= 0]
