"""One table for the aliases of all nodes, so that a batch of many gateways is validated in one pass.

Each node owns a stretch of the columns, from its ``base``; row ``base + alias`` says what the alias means. A rebirth
with new aliases takes a new stretch at the end; the table is rebuilt when too much of it is dead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.places import PointBinding
from core.readings import Float64s, Int32s
from core.sparkplug.datatypes import DataType

UNKNOWN_ALIAS = -3
UNKNOWN_POINT = -2
WRONG_UNIT = -4
WRONG_TYPE = -5

MAX_ALIAS = 1_000_000
"""Aliases above this are refused: they would make the table as long as the sender likes."""

TEXT_TYPES = frozenset({DataType.STRING, DataType.TEXT, DataType.UUID})


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric as its birth announced it."""

    name: str
    alias: int
    datatype: int
    unit: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a node's aliases stand in the table."""

    base: int
    length: int


def meaning(metric: Metric, binding: PointBinding | None) -> int:
    """The point number of a metric, or the negative reason why its readings are refused."""
    if binding is None:
        return UNKNOWN_POINT
    if metric.unit and metric.unit != binding.unit:
        return WRONG_UNIT
    if (metric.datatype in TEXT_TYPES) != binding.textual:
        return WRONG_TYPE
    return binding.point


class AliasTable:
    """Columns by ``base + alias``: point number (or reason), plausible range."""

    def __init__(self) -> None:
        """Start empty."""
        self._point: Int32s = np.empty(0, np.int32)
        self._low: Float64s = np.empty(0, np.float64)
        self._high: Float64s = np.empty(0, np.float64)

    def append(self, bindings: Mapping[int, tuple[int, PointBinding | None]]) -> Stretch:
        """Add one node's aliases: alias to (point or reason, binding)."""
        length = max(bindings, default=-1) + 1
        point = np.full(length, UNKNOWN_ALIAS, np.int32)
        low, high = np.full(length, -np.inf), np.full(length, np.inf)
        for alias, (number, binding) in bindings.items():
            point[alias] = number
            if binding is not None:
                low[alias], high[alias] = binding.low, binding.high
        stretch = Stretch(len(self._point), length)
        self._point = np.concatenate([self._point, point])
        self._low = np.concatenate([self._low, low])
        self._high = np.concatenate([self._high, high])
        return stretch

    def __len__(self) -> int:
        """Rows, dead ones included."""
        return len(self._point)

    def points(self, rows: NDArray[np.int64]) -> Int32s:
        """Point numbers (or reasons) for table rows; a row below 0 is an unknown alias. int32[n]."""
        if not len(self._point):
            return np.full(len(rows), UNKNOWN_ALIAS, np.int32)
        found = self._point[np.maximum(rows, 0)]
        found[rows < 0] = UNKNOWN_ALIAS
        return found

    def out_of_range(self, rows: NDArray[np.int64], value: Float64s) -> NDArray[np.bool_]:
        """Mask of the values outside their point's plausible range; NaN is not outside."""
        if not len(self._point):
            return np.zeros(len(rows), np.bool_)
        at = np.maximum(rows, 0)
        mask: NDArray[np.bool_] = (value < self._low[at]) | (value > self._high[at])
        return mask
