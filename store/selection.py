"""Which rows a query or a merge wants: by a set of points or by a range of points, and by time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.readings import Int32s, Int64s, Readings

INDEX_DTYPE = np.dtype([("first_point", "<i4"), ("last_point", "<i4"), ("first_ms", "<i8"), ("last_ms", "<i8")])
"""One row per row group of a segment: its first and last row's point and time."""


class Selection(Protocol):
    """What to take out of columns that hold a point and a time."""

    def rows(self, point: Int32s, time_ms: Int64s) -> NDArray[np.intp]:
        """Row numbers that are wanted, ascending."""
        ...

    def row_groups(self, index: NDArray[Any]) -> NDArray[np.intp]:
        """Numbers of the row groups that may hold wanted rows; ``index`` has ``INDEX_DTYPE``."""
        ...


_A_RUN = 8
"""Rows of one point that follow one another, on the average, for it to be worth while to look at their first alone."""


class Points:
    """The rows of a set of points in [from_ms, to_ms)."""

    def __init__(self, points: Int32s, from_ms: int, to_ms: int) -> None:
        """Build once per query; ``points`` in any order, repeated or unknown ones do no harm."""
        self.points = np.unique(points[points >= 0]).astype(np.int32)
        self.from_ms, self.to_ms = from_ms, to_ms
        self._table: NDArray[np.bool_] | None = None
        if len(self.points) > 1:
            self._table = np.zeros(int(self.points[-1]) + 1, np.bool_)
            self._table[self.points] = True

    def during(self, from_ms: int, to_ms: int) -> Points:
        """The same points, other times."""
        twin = Points.__new__(Points)
        twin.points, twin._table = self.points, self._table  # noqa: SLF001 - another instance of this class
        twin.from_ms, twin.to_ms = from_ms, to_ms
        return twin

    def select(self, batch: Readings) -> Readings:
        """The rows of ``batch`` that are wanted, in their order."""
        return batch.take(self.rows(batch.point, batch.time_ms))

    def rows(self, point: Int32s, time_ms: Int64s) -> NDArray[np.intp]:
        """Row numbers that are wanted, ascending."""
        if len(self.points) == 0:
            return np.empty(0, np.intp)
        if self._table is None:
            rows = np.flatnonzero(point == self.points[0])
        elif self._has_all(point):
            if len(point) and int(time_ms.min()) >= self.from_ms and int(time_ms.max()) < self.to_ms:
                return np.arange(len(point))
            return np.flatnonzero((time_ms >= self.from_ms) & (time_ms < self.to_ms))
        else:
            rows = np.flatnonzero(self._wanted(point, self._table))
        when = time_ms[rows]
        inside = (when >= self.from_ms) & (when < self.to_ms)
        return rows if inside.all() else rows[inside]

    def _has_all(self, point: Int32s) -> bool:
        """Whether every row is of a wanted point; asked of the first row of each run of one point, if these are few."""
        if self._table is None or not len(point):
            return False
        heads = np.flatnonzero(point[1:] != point[:-1])
        if _A_RUN * len(heads) > len(point):
            return False
        heads += 1
        return bool(self._wanted(np.append(point[heads], point[0]), self._table).all())

    def _wanted(self, point: Int32s, table: NDArray[np.bool_]) -> NDArray[np.bool_]:
        wanted: NDArray[np.bool_] = np.take(table, point, mode="clip") & (point < len(table))
        return wanted

    def row_groups(self, index: NDArray[Any]) -> NDArray[np.intp]:
        """Numbers of the row groups that may hold wanted rows."""
        left = np.searchsorted(self.points, index["first_point"], side="left")
        right = np.searchsorted(self.points, index["last_point"], side="right")
        may = left < right
        late, early = index["first_ms"] >= self.to_ms, index["last_ms"] < self.from_ms
        may &= ~((index["first_point"] == index["last_point"]) & (late | early))
        if len(self.points) == 1:
            may &= ~((index["first_point"] == self.points[0]) & late)
            may &= ~((index["last_point"] == self.points[0]) & early)
        return np.flatnonzero(may)


class PointRange:
    """All rows of the points first <= point < stop, at any time."""

    def __init__(self, first: int, stop: int) -> None:
        """Used by merges, which walk through all points in bounded pieces."""
        self.first, self.stop = first, stop

    def rows(self, point: Int32s, time_ms: Int64s) -> NDArray[np.intp]:
        """Row numbers that are wanted; ``point`` is ascending, so they are one run."""
        begin, end = np.searchsorted(point, (self.first, self.stop), side="left")
        return np.arange(begin, end)

    def row_groups(self, index: NDArray[Any]) -> NDArray[np.intp]:
        """Numbers of the row groups that may hold wanted rows."""
        return np.flatnonzero((index["first_point"] < self.stop) & (index["last_point"] >= self.first))


def split_points(indices: list[NDArray[Any]], groups_at_once: int) -> list[PointRange]:
    """Cut all points into ranges that touch about ``groups_at_once`` row groups each."""
    firsts = np.sort(np.concatenate([index["first_point"] for index in indices]))
    cuts = np.unique(firsts[groups_at_once::groups_at_once]).tolist() if len(firsts) else []
    edges = [0, *[cut for cut in cuts if cut > 0], 2**31]
    return [PointRange(first, stop) for first, stop in pairwise(edges)]
