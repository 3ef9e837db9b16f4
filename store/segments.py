"""Immutable Parquet segments: readings or one tier of roll-ups of one span of time, sorted by (point, time).

A segment is written under a temporary name, synced, renamed and its folder synced; only then may the manifest name
it. Row groups are small and an index of them (first and last point and time of each) travels in the file's metadata,
so a query for one point decodes one row group. Columns of readings:

``point, time_ms, scaled, scale, raw, quality, epoch, offset[, text]``; the value is ``raw`` where ``scale`` is -1 and
otherwise follows from ``scaled`` (store/encoding.py), so any Parquet reader can compute it (docs/store.md has the
SQL).

Roll-ups hold ``point, start_ms, count, bad, scale, minimum, maximum, total, first, last``; the numbers are integers
of the row's scale, or the bits of the doubles where no scale fits.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import Unavailable
from core.readings import Float64s, Int32s, Int64s, Readings, empty
from store.aggregates import Partials, nothing
from store.encoding import NO_SCALE, SINGLE, Encoded, decode, decode_one, encode, try_scale
from store.selection import INDEX_DTYPE, Selection

_INDEX_KEY = b"twingrid.index"
_FORMAT_KEY = b"twingrid.format"
_FORMAT = b"1"
_CANONICAL_NAN = np.float64(np.nan).view(np.int64)
_TOTAL_MAX = float(2**53)
_ROLLUP_FLOATS = ("minimum", "maximum", "first", "last")

_RAW_OPTIONS: dict[str, Any] = {
    "use_dictionary": ["point", "scale", "quality", "epoch"],
    "column_encoding": {
        "time_ms": "DELTA_BINARY_PACKED",
        "scaled": "DELTA_BINARY_PACKED",
        "offset": "DELTA_BINARY_PACKED",
        "raw": "BYTE_STREAM_SPLIT",
    },
}
_ROLLUP_OPTIONS: dict[str, Any] = {
    "use_dictionary": ["point", "scale", "count", "bad"],
    "column_encoding": dict.fromkeys(
        ("start_ms", "minimum", "maximum", "total", "first", "last"), "DELTA_BINARY_PACKED"
    ),
}


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file: where, how many rows, how many bytes."""

    path: Path
    rows: int
    size: int


class SegmentWriter:
    """Writes one segment in sorted batches; ``finish`` makes it durable, ``abandon`` removes it."""

    def __init__(self, path: Path, row_group_rows: int, *, with_text: bool = False) -> None:
        """Write to ``path`` by way of ``path.tmp``; the folder must exist. Only ``with_text`` gives a text column."""
        self._with_text = with_text
        self._path = path
        self._temporary = path.with_name(path.name + ".tmp")
        self._row_group_rows = row_group_rows
        self._writer: Any = None
        self._index: list[NDArray[Any]] = []
        self.rows = 0

    def write_readings(self, batch: Readings) -> None:
        """Append readings that follow all earlier ones in (point, time)."""
        self._write(_readings_table(batch, self._with_text), batch.point, batch.time_ms, _RAW_OPTIONS)

    def write_partials(self, batch: Partials) -> None:
        """Append roll-ups that follow all earlier ones in (point, start)."""
        self._write(_partials_table(batch), batch.point, batch.start_ms, _ROLLUP_OPTIONS)

    def finish(self) -> WrittenFile | None:
        """Make the file durable under its final name; ``None`` if nothing was written."""
        if self._writer is None:
            return None
        index = np.concatenate(self._index)
        self._writer.add_key_value_metadata({_INDEX_KEY: index.tobytes().hex().encode(), _FORMAT_KEY: _FORMAT})
        self._writer.close()
        with self._temporary.open("rb") as file:
            os.fsync(file.fileno())
        self._temporary.rename(self._path)
        sync_folder(self._path.parent)
        return WrittenFile(self._path, self.rows, self._path.stat().st_size)

    def abandon(self) -> None:
        """Leave nothing behind, not even a finished file."""
        if self._writer is not None:
            self._writer.close()
        self._temporary.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _write(self, table: Any, point: Int32s, time_ms: Int64s, options: dict[str, Any]) -> None:
        if len(point) == 0:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._temporary,
                table.schema,
                compression="zstd",
                compression_level=1,
                write_statistics=[name for name in table.schema.names if name in ("point", "time_ms", "start_ms")],
                store_schema=False,
                **options,
            )
        self._writer.write_table(table, row_group_size=self._row_group_rows)
        first = np.arange(0, len(point), self._row_group_rows)
        last = np.append(first[1:], len(point)) - 1
        index = np.empty(len(first), INDEX_DTYPE)
        index["first_point"], index["last_point"] = point[first], point[last]
        index["first_ms"], index["last_ms"] = time_ms[first], time_ms[last]
        self._index.append(index)
        self.rows += len(point)


@dataclass(frozen=True, slots=True, eq=False)
class _Footer:
    """A parsed footer, and open readers of the file that nobody uses at the moment."""

    metadata: Any
    index: NDArray[Any]
    idle: list[Any] = field(default_factory=list)


class FooterCache:
    """The parsed footers and open files of the segments read last; thread-safe.

    Parsed, a footer takes about twelve times its bytes on disk: 30 MB for the readings and minutes of a day of 43
    million readings.
    """

    def __init__(self, kept: int = 128, kept_bytes: int = 16 << 20) -> None:
        """Hold at most ``kept`` footers that take ``kept_bytes`` on disk, or one that takes more."""
        self._kept, self._kept_bytes = kept, kept_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._footers: OrderedDict[Path, _Footer] = OrderedDict()

    def get(self, path: Path) -> _Footer:
        """The footer of ``path``, parsed now if it is not at hand."""
        with self._lock:
            footer = self._footers.get(path)
            if footer is not None:
                self._footers.move_to_end(path)
                return footer
        metadata = pq.read_metadata(path)
        notes = metadata.metadata or {}
        if notes.get(_FORMAT_KEY) != _FORMAT:
            raise Unavailable(f"{path} is no segment that this version of the store has written")
        index = np.frombuffer(bytes.fromhex(notes[_INDEX_KEY].decode()), INDEX_DTYPE)
        footer = _Footer(metadata, index)
        with self._lock:
            self._drop(path)
            self._footers[path] = footer
            self._bytes += metadata.serialized_size
            while len(self._footers) > 1 and (len(self._footers) > self._kept or self._bytes > self._kept_bytes):
                self._drop(next(iter(self._footers)))
        return footer

    def keep(self, paths: Set[Path]) -> None:
        """Let go of all files but ``paths``: an open file that was unlinked still takes its place on the disk."""
        with self._lock:
            for path in [path for path in self._footers if path not in paths]:
                self._drop(path)

    def _drop(self, path: Path) -> None:
        footer = self._footers.pop(path, None)
        if footer is not None:
            self._bytes -= footer.metadata.serialized_size


class SegmentFile:
    """One segment on disk. Safe to read from several threads; unlinked when retired and no longer read."""

    def __init__(self, path: Path, footers: FooterCache) -> None:
        """Name the file; nothing is read yet."""
        self.path = path
        self._footers = footers

    def retire(self) -> None:
        """Unlink the file as soon as the last reader lets go of this object."""
        weakref.finalize(self, self.path.unlink, missing_ok=True)

    def has_text(self) -> bool:
        """Whether the file has a text column."""
        return "text" in self._footers.get(self.path).metadata.schema.names

    def row_groups(self) -> NDArray[Any]:
        """The index: structured array of ``first_point, last_point, first_ms, last_ms`` per row group."""
        return self._footers.get(self.path).index

    def read_values(self, wanted: Selection) -> Readings:
        """``read_readings`` for roll-ups: epoch and offset are 0 and texts are left out, because each column costs."""
        table = self._read(wanted, ["point", "time_ms", "scaled", "scale", "quality"])
        if table is None:
            return empty()
        point, time_ms = _ints(table, "point", np.int32), _ints(table, "time_ms", np.int64)
        cut = _as_slice(wanted.rows(point, time_ms))
        scaled, scale = _ints(table, "scaled", np.int64)[cut], _ints(table, "scale", np.int8)[cut]
        if len(scale) == 0:
            return empty()
        raw = np.empty(0) if int(scale.min()) > NO_SCALE else _floats(self._read(wanted, ["raw"]), "raw")[cut]
        nothing_known = np.zeros(len(scale), np.int64)
        return Readings(
            point=point[cut],
            time_ms=time_ms[cut],
            value=decode(scaled, scale, raw),
            quality=_ints(table, "quality", np.uint8)[cut],
            epoch=nothing_known,
            offset=nothing_known,
        )

    def read_readings(self, wanted: Selection) -> Readings:
        """The wanted readings, sorted by (point, time)."""
        names = ["point", "time_ms", "scaled", "scale", "raw", "quality", "epoch", "offset"]
        table = self._read(wanted, names, "text")
        if table is None:
            return empty()
        point, time_ms = _ints(table, "point", np.int32), _ints(table, "time_ms", np.int64)
        rows = wanted.rows(point, time_ms)
        cut = _as_slice(rows)
        value = decode(
            _ints(table, "scaled", np.int64)[cut], _ints(table, "scale", np.int8)[cut], _floats(table, "raw")[cut]
        )
        return Readings(
            point=point[cut],
            time_ms=time_ms[cut],
            value=value,
            quality=_ints(table, "quality", np.uint8)[cut],
            epoch=_ints(table, "epoch", np.int64)[cut],
            offset=_ints(table, "offset", np.int64)[cut],
            text=_texts(table, rows),
        )

    def read_partials(self, wanted: Selection) -> Partials:
        """The wanted roll-ups, sorted by (point, start)."""
        names = ["point", "start_ms", "count", "bad", "scale", "minimum", "maximum", "total", "first", "last"]
        table = self._read(wanted, names)
        if table is None:
            return nothing()
        point, start_ms = _ints(table, "point", np.int32), _ints(table, "start_ms", np.int64)
        cut = _as_slice(wanted.rows(point, start_ms))
        scale = _ints(table, "scale", np.int8)[cut]
        numbers = {name: _unpack(_ints(table, name, np.int64)[cut], scale) for name in _ROLLUP_FLOATS}
        return Partials(
            point=point[cut],
            start_ms=start_ms[cut],
            count=_ints(table, "count", np.int64)[cut],
            bad=_ints(table, "bad", np.int64)[cut],
            total=_unpack(_ints(table, "total", np.int64)[cut], np.where(scale >= SINGLE, NO_SCALE, scale)),
            **numbers,
        )

    def _read(self, wanted: Selection, names: Sequence[str], optional: str = "") -> Any:
        footer = self._footers.get(self.path)
        groups = wanted.row_groups(footer.index)
        if len(groups) == 0:
            return None
        if optional and optional in footer.metadata.schema.names:
            names = [*names, optional]
        try:
            file = footer.idle.pop()
        except IndexError:
            file = pq.ParquetFile(self.path, metadata=footer.metadata, memory_map=True)
        table = file.read_row_groups(groups.tolist(), columns=list(names), use_threads=False)
        footer.idle.append(file)
        return table


def sync_folder(folder: Path) -> None:
    """Make renames and new files in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def run_heads(point: Int32s) -> NDArray[np.intp]:
    """Row numbers at which another point begins."""
    if len(point) == 0:
        return np.empty(0, np.intp)
    return np.concatenate(([0], np.flatnonzero(point[1:] != point[:-1]) + 1))


def _readings_table(batch: Readings, with_text: bool) -> Any:
    encoded = encode(batch.value, run_heads(batch.point))
    held = encoded.scale != NO_SCALE
    columns = {
        "point": pa.array(batch.point),
        "time_ms": pa.array(batch.time_ms),
        "scaled": pa.array(encoded.scaled, mask=~held),
        "scale": pa.array(encoded.scale),
        "raw": pa.array(batch.value, mask=held | (batch.value.view(np.int64) == _CANONICAL_NAN)),
        "quality": pa.array(batch.quality),
        "epoch": pa.array(batch.epoch),
        "offset": pa.array(batch.offset),
    }
    if with_text:
        columns["text"] = pa.array([batch.text.get(row) for row in range(len(batch))], pa.string())
    return pa.table(columns)


def _partials_table(batch: Partials) -> Any:
    columns = {name: getattr(batch, name) for name in _ROLLUP_FLOATS}
    scale = _shared_scale(columns, batch.total, batch.point)
    packed = {name: _pack(value, scale) for name, value in columns.items()}
    packed["total"] = _pack(batch.total, np.where(scale >= SINGLE, NO_SCALE, scale))
    return pa.table(
        {
            "point": batch.point,
            "start_ms": batch.start_ms,
            "count": batch.count.astype(np.int32),
            "bad": batch.bad.astype(np.int32),
            "scale": scale,
            **packed,
        }
    )


def _shared_scale(columns: dict[str, Float64s], total: Float64s, point: Int32s) -> NDArray[np.int8]:
    """One scale per row that fits all columns exactly (the total to rounding), NO_SCALE where none does."""
    heads = run_heads(point)
    encoded: list[Encoded] = [encode(column, heads) for column in columns.values()]
    scale: NDArray[np.int8] = np.max([one.scale for one in encoded], axis=0).astype(np.int8)
    for code in np.unique(scale).tolist():
        if code == NO_SCALE:
            continue
        rows = np.flatnonzero(scale == code)
        fits = _total_fits(total[rows], code)
        for column in columns.values():
            fits &= try_scale(column[rows], code)[1]
        scale[rows[~fits]] = NO_SCALE
    return scale


def _total_fits(total: Float64s, code: int) -> NDArray[np.bool_]:
    """Mask of the totals that rounding to the scale's decimals moves by rounding errors only; singles keep all bits."""
    if code >= SINGLE:
        return np.ones(len(total), np.bool_)
    shifted = total * 10.0**code
    fits: NDArray[np.bool_] = np.abs(shifted) < _TOTAL_MAX  # false for NaN
    with np.errstate(invalid="ignore"):
        return fits & (np.abs(np.rint(shifted) - shifted) <= 1e-12 * np.abs(shifted) + 1e-9)


def _pack(value: Float64s, scale: NDArray[np.int8]) -> Int64s:
    packed = value.view(np.int64).copy()
    for code in np.unique(scale).tolist():
        if code != NO_SCALE:
            mine = scale == code
            packed[mine] = np.rint(value[mine] * 10.0 ** (code % SINGLE)).astype(np.int64)
    return packed


def _unpack(packed: Int64s, scale: NDArray[np.int8]) -> Float64s:
    value = packed.view(np.float64).copy()
    for code in np.unique(scale).tolist():
        if code != NO_SCALE:
            mine = scale == code
            value[mine] = decode_one(packed[mine], code)
    return value


def _ints(table: Any, name: str, dtype: type[Any]) -> NDArray[Any]:
    """A column without nulls as it is, one with nulls with 0 in their place."""
    column = table.column(name)
    if column.null_count:
        column = column.fill_null(0)
    array: NDArray[Any] = column.to_numpy()
    return array.astype(dtype, copy=False)


def _floats(table: Any, name: str) -> Float64s:
    """A column with NaN in the place of nulls."""
    column = table.column(name)
    if column.null_count == len(column):
        return np.full(len(column), np.nan)
    if column.null_count:
        column = column.fill_null(float("nan"))
    array: Float64s = column.to_numpy()
    return array


def _texts(table: Any, rows: NDArray[np.intp]) -> dict[int, str]:
    if "text" not in table.schema.names:
        return {}
    texts = table.column("text").take(pa.array(rows)).to_pylist()
    return {row: text for row, text in enumerate(texts) if text is not None}


def _as_slice(rows: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """Rows without a hole as a slice, which costs no copy."""
    if len(rows) and int(rows[-1]) - int(rows[0]) + 1 == len(rows):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
