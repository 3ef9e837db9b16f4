"""Readings inside the engine: cells instead of points, NaN instead of bad quality; and how rows are ordered."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from core.readings import Int32s
from rules.columns import Bools, Floats, Indices, Ints


class Rows(NamedTuple):
    """Values of cells at moments: cell intp[n], time_ms int64[n], value float64[n] (NaN is unknown)."""

    cell: Indices
    time_ms: Ints
    value: Floats

    def take(self, rows: Indices | Bools) -> Rows:
        """Some of the rows, by index or mask; the same columns if a mask chooses all."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        if index is not rows and len(index) == len(self.cell):
            return self
        return Rows(self.cell.take(index), self.time_ms.take(index), self.value.take(index))

    def between(self, start: int, stop: int) -> Rows:
        """A slice of the rows."""
        return Rows(self.cell[start:stop], self.time_ms[start:stop], self.value[start:stop])


class Ranked(NamedTuple):
    """Rows as they arrived, with what decides between two of one cell and millisecond."""

    cell: Indices
    time_ms: Ints
    value: Floats
    epoch: Ints
    offset: Ints

    def take(self, rows: Indices | Bools) -> Ranked:
        """Some of the rows, by index or mask."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Ranked(
            self.cell.take(index),
            self.time_ms.take(index),
            self.value.take(index),
            self.epoch.take(index),
            self.offset.take(index),
        )

    def between(self, start: int, stop: int) -> Ranked:
        """A slice of the rows."""
        cut = slice(start, stop)
        return Ranked(self.cell[cut], self.time_ms[cut], self.value[cut], self.epoch[cut], self.offset[cut])

    @classmethod
    def alone(cls, rows: Rows) -> Ranked:
        """Rows of which no two are of one cell and millisecond: nothing is left to decide."""
        rank = np.zeros(len(rows.cell), np.int64)
        return cls(*rows, rank, rank)

    @property
    def rows(self) -> Rows:
        """Without the rank."""
        return Rows(self.cell, self.time_ms, self.value)


class CellIndex:
    """Where the rows of a cell stand in a batch: most cells have one row or none, few have several.

    Attributes:
        cell: intp[n], the cells of the rows.
        row: int32[cells], a row of each cell, the last one; n where it has none.
    """

    def __init__(self, cell: Indices, cells: int) -> None:
        """Index n rows of a layout with so many ``cells``."""
        self.cell = cell
        self.row = np.full(cells, len(cell), np.int32)
        self._number = np.arange(len(cell), dtype=np.int32)
        self.row[cell] = self._number

    @cached_property
    def others(self) -> tuple[Indices, Indices]:
        """intp[k]: the rows that are not the last one of their cell, and their cells."""
        count = len(self.cell)
        if np.count_nonzero(self.row < count) == count:
            return _NO_INDICES, _NO_INDICES
        row = np.flatnonzero(self.row.take(self.cell) != self._number)
        return row, self.cell.take(row)

    def find(self, wanted: Indices) -> tuple[Indices, Indices]:
        """One row of each of some cells that have any, and the place of each one's cell in ``wanted``."""
        row = self.row.take(wanted)
        place = np.flatnonzero(row < len(self.cell))
        return row.take(place).astype(np.intp), place


_NO_INDICES: Indices = np.empty(0, np.intp)
NO_ROWS = Rows(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0, np.float64))
NO_RANKED = Ranked(*NO_ROWS, np.empty(0, np.int64), np.empty(0, np.int64))


def joined(parts: list[Rows]) -> Rows:
    """All parts one after the other."""
    parts = [part for part in parts if len(part.cell)]
    if len(parts) == 1:
        return parts[0]
    return Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if parts else NO_ROWS


def joined_ranked(parts: list[Ranked]) -> Ranked:
    """All parts one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Ranked(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if parts else NO_RANKED


_MANY = 2_000
"""So many keys are ordered quicker digit by digit."""
_NEARLY = 8
"""Keys of which fewer than an eighth are less than the one before are merged, not sorted."""
_DIGIT = 16
"""Bits of a digit: NumPy orders keys of so many by counting, in one pass."""


def _order_of_many(keys: Ints) -> Indices:
    """Row order by keys that are not negative: by their last digit, those alike by the one before, and so on.

    What follows from sorted tables needs no sorting, or little: what NumPy calls stable merges what is in order.
    """
    less = np.count_nonzero(keys[1:] < keys[:-1])
    if _NEARLY * less < len(keys):
        return np.argsort(keys, kind="stable") if less else np.arange(len(keys))
    most, shift = int(keys.max()), _DIGIT
    order: Indices = np.argsort(keys.astype(np.uint16), kind="stable")
    while most >> shift:
        digit = (keys >> shift).astype(np.uint16).take(order)
        order = order.take(np.argsort(digit, kind="stable"))
        shift += _DIGIT
    return order


def order_by(group: Indices, time_ms: Ints) -> Indices:
    """Row order by (group, time); equal rows in any order. One sort of a combined key where it fits 62 bits."""
    if len(group) < 2:
        return np.arange(len(group))
    earliest = int(time_ms.min())
    span = int(time_ms.max()) - earliest + 1
    most = (1 << 62) // (int(group.max()) + 1)
    if span > most:
        return np.lexsort((time_ms, group))
    keys = group * np.int64(span) + (time_ms - earliest)
    if len(keys) >= _MANY:
        return _order_of_many(keys)
    # Sorting keys that hold the row, too, is twice as fast as sorting rows by keys.
    bits = len(group).bit_length()
    if span > most >> bits:
        return np.argsort(keys)
    keys <<= bits
    keys |= np.arange(len(keys))
    keys.sort()
    keys &= (1 << bits) - 1
    return keys


def firsts(group: Indices | Int32s) -> Bools:
    """Where a new group begins in a grouped column."""
    first = np.empty(len(group), np.bool_)
    first[:1] = True
    np.not_equal(group[1:], group[:-1], out=first[1:])
    return first


def one_per_moment(rows: Ranked) -> Ranked:
    """Sorted by (cell, time); of several of one cell and millisecond the one with the highest (epoch, offset)."""
    rows = rows.take(order_by(rows.cell, rows.time_ms))
    again = (rows.cell[1:] == rows.cell[:-1]) & (rows.time_ms[1:] == rows.time_ms[:-1])
    if not again.any():
        return rows
    rows = rows.take(np.lexsort((rows.offset, rows.epoch, rows.time_ms, rows.cell)))
    last = np.ones(len(rows.cell), np.bool_)
    last[:-1] = (rows.cell[1:] != rows.cell[:-1]) | (rows.time_ms[1:] != rows.time_ms[:-1])
    return rows.take(last)


def from_first(group: Indices, marked: Bools) -> Bools:
    """In grouped rows: every row from the first marked one of its group on."""
    if not marked.any():
        return marked
    seen = np.cumsum(marked)
    before = np.maximum.accumulate(np.where(firsts(group), seen - marked, 0))
    result: Bools = seen > before
    return result


def spans(first: Indices, number: Indices) -> tuple[Indices, Indices]:
    """Every place of every numbered stretch: which of ``number`` it belongs to, and the place itself."""
    start = first[number]
    count = first[number + 1] - start
    which = np.repeat(np.arange(len(number)), count)
    stop = np.cumsum(count)
    at = np.arange(len(which)) + np.repeat(start - stop + count, count)
    return which, at
