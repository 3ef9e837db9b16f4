"""Readings as columns.

Nobody handles one reading. A batch is six arrays of one length, carried from the decoder to the store and through the
rules engine; slicing and masking a batch slices every column. ``epoch`` and ``offset`` are the reading's place in its
gateway's spool: together they decide which of two readings of one point and one millisecond holds (the higher pair),
in whatever order they arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.quality import GOOD

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Float64s = NDArray[np.float64]
UInt8s = NDArray[np.uint8]

_T = TypeVar("_T", bound=np.generic)

_NO_TEXT: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Readings:
    """A batch of readings, one row a reading, in no promised order.

    Attributes:
        point: int32[n], the registry's number of the point; -1 is a point nobody knows.
        time_ms: int64[n], event time, UTC milliseconds.
        value: float64[n]; NaN where there is no number (text, or not measured).
        quality: uint8[n], see ``core.quality``.
        epoch: int64[n], the spool's epoch; 0 for readings without a spool (foreign edge nodes).
        offset: int64[n], place in the spool.
        text: sparse side column, row index to string: text values, and integers beyond 2**53 in decimal.
    """

    point: Int32s
    time_ms: Int64s
    value: Float64s
    quality: UInt8s
    epoch: Int64s
    offset: Int64s
    text: Mapping[int, str] = field(default_factory=lambda: _NO_TEXT)

    def __post_init__(self) -> None:
        """Refuse columns of unequal length or wrong dtype: a mixed-up batch must not travel one step.

        Raises:
            ValueError: naming the column.
        """
        n = len(self.point)
        for name, dtype in _DTYPES.items():
            column = getattr(self, name)
            if column.dtype != dtype or column.shape != (n,):
                raise ValueError(f"column {name}: expected {dtype}[{n}], got {column.dtype}{list(column.shape)}")

    def __len__(self) -> int:
        """Number of readings."""
        return len(self.point)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Readings:
        """Choose rows by an index array, a mask or a slice, in that order; text follows its rows."""
        text: Mapping[int, str] = _NO_TEXT
        if self.text:
            text = {new: self.text[old] for new, old in enumerate(_row_numbers(rows, len(self))) if old in self.text}
        return Readings(
            point=self.point[rows],
            time_ms=self.time_ms[rows],
            value=self.value[rows],
            quality=self.quality[rows],
            epoch=self.epoch[rows],
            offset=self.offset[rows],
            text=text,
        )

    def one_per_millisecond(self) -> Readings:
        """Sorted by (point, time), one reading per point and millisecond: the highest (epoch, offset) holds."""
        if len(self) == 0:
            return self
        order = np.lexsort((self.offset, self.epoch, self.time_ms, self.point))
        point, time_ms = self.point[order], self.time_ms[order]
        last = np.empty(len(order), dtype=np.bool_)
        last[-1] = True
        last[:-1] = (point[1:] != point[:-1]) | (time_ms[1:] != time_ms[:-1])
        return self.take(order[last])


def _row_numbers(rows: NDArray[np.intp] | NDArray[np.bool_] | slice, n: int) -> Iterable[int]:
    """The rows that an index array, a mask or a slice chooses of ``n``; a few of millions cost what few cost."""
    if isinstance(rows, slice):
        return range(n)[rows]
    numbers: list[int] = (np.flatnonzero(rows) if rows.dtype == np.bool_ else rows % n).tolist()
    return numbers


_DTYPES: Mapping[str, np.dtype[np.generic]] = {
    "point": np.dtype(np.int32),
    "time_ms": np.dtype(np.int64),
    "value": np.dtype(np.float64),
    "quality": np.dtype(np.uint8),
    "epoch": np.dtype(np.int64),
    "offset": np.dtype(np.int64),
}


def empty() -> Readings:
    """A batch of no readings."""
    return Readings(**{name: np.empty(0, dtype) for name, dtype in _DTYPES.items()})  # type: ignore[arg-type]


def readings(
    *,
    point: Iterable[int] | NDArray[np.generic],
    time_ms: Iterable[int] | NDArray[np.generic],
    value: Iterable[float] | NDArray[np.generic],
    quality: Iterable[int] | NDArray[np.generic] | None = None,
    epoch: Iterable[int] | NDArray[np.generic] | int = 0,
    offset: Iterable[int] | NDArray[np.generic] | None = None,
    text: Mapping[int, str] | None = None,
) -> Readings:
    """Build a batch from anything array-like; quality defaults to good, offsets to 0, 1, 2 and so on.

    Raises:
        ValueError: if the columns differ in length.
    """
    points = _column(point, np.int32)
    n = len(points)
    return Readings(
        point=points,
        time_ms=_column(time_ms, np.int64),
        value=_column(value, np.float64),
        quality=np.full(n, GOOD, np.uint8) if quality is None else _column(quality, np.uint8),
        epoch=np.full(n, epoch, np.int64) if isinstance(epoch, int) else _column(epoch, np.int64),
        offset=np.arange(n, dtype=np.int64) if offset is None else _column(offset, np.int64),
        text=_NO_TEXT if text is None else text,
    )


def _column(values: Iterable[object] | NDArray[np.generic], dtype: type[_T]) -> NDArray[_T]:
    return np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=dtype)


def concat(batches: Iterable[Readings]) -> Readings:
    """All batches one after the other; an empty iterable gives an empty batch."""
    parts = list(batches)
    if not parts:
        return empty()
    if len(parts) == 1:
        return parts[0]
    text: dict[int, str] = {}
    start = 0
    for part in parts:
        text.update({start + row: value for row, value in part.text.items()})
        start += len(part)
    return Readings(
        point=np.concatenate([part.point for part in parts]),
        time_ms=np.concatenate([part.time_ms for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        quality=np.concatenate([part.quality for part in parts]),
        epoch=np.concatenate([part.epoch for part in parts]),
        offset=np.concatenate([part.offset for part in parts]),
        text=text or _NO_TEXT,
    )
