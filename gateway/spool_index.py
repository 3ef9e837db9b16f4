"""Where each chunk of the spool stands, in memory: columns, because a full spool holds a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.offsets import OffsetRange, Settled
from core.readings import Int64s
from gateway.chunk import Chunk, Worth

_COLUMNS = 9
_FIRST, _STOP, _FILE, _AT, _SIZE, _FROM, _TO, _TRAITS, _LEVEL = range(_COLUMNS)
_ALARM, _HELD, _GONE = 4, 8, 16
_DEVICE_SHIFT = 8


@dataclass(frozen=True, slots=True)
class Place:
    """One chunk: offsets, file, first byte and bytes of its frame, event times, what kind it is."""

    span: OffsetRange
    file: int
    at: int
    size: int
    from_ms: int
    to_ms: int
    worth: Worth
    alarm: bool
    held: bool
    device: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Chunks, readings and bytes of their frames."""

    chunks: int = 0
    readings: int = 0
    bytes: int = 0


class ChunkIndex:
    """Chunks by their first offset, ascending."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._table: Int64s = np.zeros((64, _COLUMNS), np.int64)
        self._n = 0
        self._begin = 0
        self._devices: dict[str, int] = {}
        self.total = Sum()
        self.held = 0
        self.live_bytes: dict[int, int] = {}

    # --- in -----------------------------------------------------------------------------------------------------

    def add(self, chunk: Chunk, file: int, at: int, size: int) -> None:
        """Take a chunk; it replaces whatever stood at its offsets."""
        row = self._row(chunk, file, at, size)
        rows = self._rows
        if self._n > self._begin and chunk.span.first < int(rows[-1, _STOP]):
            self.drop(self._overlapping(chunk.span))
            self._insert(row)
        else:
            self._grow()
            self._table[self._n] = row
            self._n += 1
        self._count(row, 1)

    def _row(self, chunk: Chunk, file: int, at: int, size: int) -> Int64s:
        device = self._devices.setdefault(chunk.device, len(self._devices))
        traits = int(chunk.worth) | (_ALARM if chunk.alarm else 0) | (_HELD if chunk.boot else 0)
        return np.array(
            [
                chunk.span.first, chunk.span.stop, file, at, size, chunk.from_ms, chunk.to_ms,
                traits | device << _DEVICE_SHIFT, 0,
            ],
            np.int64,
        )  # fmt: skip

    def _insert(self, row: Int64s) -> None:
        self._grow()
        place = self._begin + int(np.searchsorted(self._rows[:, _FIRST], row[_FIRST]))
        self._table[place + 1 : self._n + 1] = self._table[place : self._n]
        self._table[place] = row
        self._n += 1

    def _grow(self) -> None:
        if self._n < len(self._table):
            return
        alive = self._rows[self._rows[:, _TRAITS] & _GONE == 0]
        fresh = np.zeros((max(64, 2 * len(alive)), _COLUMNS), np.int64)
        fresh[: len(alive)] = alive
        self._table, self._begin, self._n = fresh, 0, len(alive)

    def _count(self, row: Int64s, sign: int) -> None:
        readings, size = int(row[_STOP] - row[_FIRST]), int(row[_SIZE])
        one = self.total
        self.total = Sum(one.chunks + sign, one.readings + sign * readings, one.bytes + sign * size)
        if row[_TRAITS] & _HELD:
            self.held += sign * readings
        file = int(row[_FILE])
        self.live_bytes[file] = self.live_bytes.get(file, 0) + sign * size

    def move(self, first: int, file: int, at: int) -> None:
        """The chunk at ``first`` stands at another place now."""
        rows = self._rows
        index = self._begin + int(np.searchsorted(rows[:, _FIRST], first))
        while self._table[index, _TRAITS] & _GONE:
            index += 1
        row = self._table[index]
        self._count(row, -1)
        row[_FILE], row[_AT] = file, at
        self._count(row, 1)

    # --- out ----------------------------------------------------------------------------------------------------

    def drop(self, rows: Int64s) -> None:
        """Forget the chunks at these rows (of ``within``, ``covered`` or ``victims``)."""
        for index in rows.tolist():
            row = self._table[index]
            if not row[_TRAITS] & _GONE:
                self._count(row, -1)
                row[_TRAITS] |= _GONE
        while self._begin < self._n and self._table[self._begin, _TRAITS] & _GONE:
            self._begin += 1

    def within(self, span: OffsetRange) -> Int64s:
        """Rows of the chunks that lie wholly within ``span``."""
        rows = self._rows
        low, high = np.searchsorted(rows[:, _FIRST], [span.first, span.stop])
        part = rows[low:high]
        found: Int64s = np.flatnonzero((part[:, _STOP] <= span.stop) & (part[:, _TRAITS] & _GONE == 0))
        return found + (self._begin + int(low))

    def _overlapping(self, span: OffsetRange) -> Int64s:
        rows = self._rows
        high = int(np.searchsorted(rows[:, _FIRST], span.stop))
        part = rows[:high]
        found: Int64s = np.flatnonzero((part[:, _STOP] > span.first) & (part[:, _TRAITS] & _GONE == 0))
        return found + self._begin

    def covered(self, settled: Settled) -> Int64s:
        """Rows of the chunks that are wholly settled."""
        spans = [OffsetRange(0, settled.low)] if settled.low else []
        found = [self.within(span) for span in (*spans, *settled.islands())]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def walk(self, span: OffsetRange) -> Iterator[Place]:
        """The chunks that begin within ``span``, ascending."""
        rows = self._rows
        low, high = np.searchsorted(rows[:, _FIRST], [span.first, span.stop])
        index, stop = self._begin + int(low), self._begin + int(high)
        while index < stop:
            row = self._table[index]
            if not row[_TRAITS] & _GONE:
                yield _place(row)
            index += 1

    def in_file(self, file: int) -> Iterator[Place]:
        """The chunks that stand in one file."""
        rows = self._rows
        for row in rows[(rows[:, _FILE] == file) & (rows[:, _TRAITS] & _GONE == 0)]:
            yield _place(row)

    def holding(self) -> Iterator[Place]:
        """The chunks that must be dated before they travel."""
        rows = self._rows
        for row in rows[rows[:, _TRAITS] & (_HELD | _GONE) == _HELD]:
            yield _place(row)

    def dated_times(self) -> tuple[int, int]:
        """Oldest and newest event time of the chunks that are dated; 0, 0 if there is none."""
        rows = self._rows
        mask = rows[:, _TRAITS] & (_HELD | _GONE) == 0
        return (int(rows[mask, _FROM].min()), int(rows[mask, _TO].max())) if mask.any() else (0, 0)

    def newest_before(self, offset: int) -> int:
        """Newest event time of dated chunks below ``offset``; 0 if there is none."""
        rows = self._rows
        mask = (rows[:, _TRAITS] & (_HELD | _GONE) == 0) & (rows[:, _FIRST] < offset)
        return int(rows[mask, _TO].max()) if mask.any() else 0

    def first(self) -> int | None:
        """The lowest offset of any chunk."""
        return int(self._table[self._begin, _FIRST]) if self._begin < self._n else None

    def spans(self) -> list[OffsetRange]:
        """Offsets of all chunks, ascending."""
        rows = self._rows
        alive = rows[rows[:, _TRAITS] & _GONE == 0]
        return [OffsetRange(first, stop) for first, stop in alive[:, (_FIRST, _STOP)].tolist()]

    # --- what may be given up -----------------------------------------------------------------------------------

    def candidates(self, worth: Worth, level: int, before_ms: int, most: int) -> Int64s:
        """Rows of the oldest chunks of this worth and older than ``before_ms`` that this level has not looked at."""
        rows = self._rows
        traits = rows[:, _TRAITS]
        mask = (traits & (3 | _ALARM | _HELD | _GONE) == int(worth)) & (rows[:, _LEVEL] < level)
        mask &= rows[:, _TO] < before_ms
        found: Int64s = self._begin + np.flatnonzero(mask)[:most]
        return found

    def spared(self, rows: Int64s, level: int) -> None:
        """These chunks survived this level of thinning."""
        self._table[rows, _LEVEL] = level

    def oldest(self, high: bool, most: int) -> Int64s:
        """Rows of the oldest chunks: those of low or normal worth, or (``high``) those of high worth and alarms."""
        rows = self._rows
        traits = rows[:, _TRAITS]
        valued = (traits & 3 == int(Worth.HIGH)) | (traits & _ALARM != 0)
        found: Int64s = self._begin + np.flatnonzero((valued == high) & (traits & _GONE == 0))[:most]
        return found

    def place(self, row: int) -> Place:
        """The chunk at a row."""
        return _place(self._table[row])

    @property
    def _rows(self) -> NDArray[np.int64]:
        return self._table[self._begin : self._n]


def _place(row: Int64s) -> Place:
    first, stop, file, at, size, from_ms, to_ms, traits, _ = row.tolist()
    return Place(
        OffsetRange(first, stop),
        file,
        at,
        size,
        from_ms,
        to_ms,
        Worth(traits & 3),
        bool(traits & _ALARM),
        bool(traits & _HELD),
        traits >> _DEVICE_SHIFT,
    )
