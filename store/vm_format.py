"""Readings as VictoriaMetrics samples and back, without losing a bit.

A sample there is (labels, ms, number), the numbers of a block share one decimal exponent, equal milliseconds are kept
side by side in no order, and NaN does not exist. So:

* labels ``store, point, epoch, quality, kind``: what repeats; an epoch has more digits than a double holds;
* ``twingrid_value``: for people and Grafana. With ``kind="decimal"`` it is the value exactly (at most six decimals,
  below 10⁹, see store/encoding.py), with ``single`` it is the value when rounded to single precision;
* ``twingrid_high`` and ``twingrid_low``, two halves of the double, with ``kind="bits"``; ``kind="none"`` has no
  value;
* ``twingrid_offset``: place in the spool; every reading has it, also one without a value;
* ``twingrid_link``, only for readings not newer than all before of their point: a hash that ties offset and value
  together, for the case that two readings of one millisecond have all labels in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.readings import Float64s, Int64s, Readings, concat, empty
from store.encoding import SINGLE, decode_one, try_scale

KINDS = ("decimal", "single", "bits", "none")
_DECIMAL, _SINGLE, _BITS, _NONE = range(4)
_MAX_DECIMALS = 7
_MAX_PLAIN = 1e9
_MIX = np.uint64(0x9E3779B97F4A7C15)
_LINK_BITS = np.uint64(14)  # 64 - 50: a link stays an integer that a double holds


class _Export(msgspec.Struct):
    metric: dict[str, str]
    values: list[float | str | None]
    timestamps: list[int]


_EXPORT = msgspec.json.Decoder(_Export)


def lines(batch: Readings, store: str, late: NDArray[np.bool_]) -> bytes:
    """Line protocol with millisecond stamps, one line a reading.

    Args:
        batch: the readings; texts are kept elsewhere.
        store: label that tells the stores of one server apart.
        late: bool[n], rows that may share their millisecond with an earlier reading.
    """
    if len(batch) == 0:
        return b""
    kind, plain = _classify(batch.value)
    bits = batch.value.view(np.uint64)
    text = [
        _join(f"twingrid,store={store},point=", batch.point, ",epoch=", batch.epoch, ",quality=", batch.quality),
        _join(",kind=", pa.array(KINDS).take(pa.array(kind)), " offset=", batch.offset),
        _where(kind != _NONE, _join(",value=", plain)),
        _where(kind == _BITS, _join(",high=", bits >> np.uint64(32), ",low=", bits & np.uint64(0xFFFFFFFF))),
        _where(late, _join(",link=", link(batch.offset, batch.value))),
        _join(" ", batch.time_ms),
    ]
    rows = pc.binary_join_element_wise(*text, "")
    return "\n".join(rows.to_pylist()).encode()


def link(offset: Int64s, value: Float64s) -> NDArray[np.uint64]:
    """A hash of 50 bits of (offset, bits of the value)."""
    mixed = (offset.astype(np.uint64) * _MIX) ^ (value.view(np.uint64) * (_MIX | np.uint64(2)))
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    result: NDArray[np.uint64] = mixed >> _LINK_BITS
    return result


def parse(body: bytes) -> Readings:
    """Readings of an answer of ``/api/v1/export``, in no order; several of one millisecond possible."""
    groups: dict[tuple[int, int, int, int], _Group] = {}
    for line in body.splitlines():
        if not line:
            continue
        series = _EXPORT.decode(line)
        label = series.metric.get
        key = (
            int(label("point", "-1")),
            int(label("epoch", "0")),
            int(label("quality", "0")),
            KINDS.index(label("kind", "none")),
        )
        name = label("__name__", "").removeprefix("twingrid_")
        numbers = np.array([float(value if value is not None else "nan") for value in series.values], np.float64)
        times = np.array(series.timestamps, np.int64)
        order = np.argsort(times, kind="stable")
        groups.setdefault(key, _Group()).fields.setdefault(name, []).append((times[order], numbers[order]))
    return concat([_readings(key, group) for key, group in groups.items()]) if groups else empty()


@dataclass(slots=True)
class _Group:
    """All series of one (point, epoch, quality, kind)."""

    fields: dict[str, list[tuple[Int64s, Float64s]]] = field(default_factory=dict)

    def get(self, name: str) -> tuple[Int64s, Float64s]:
        parts = self.fields.get(name)
        if parts is None:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        if len(parts) == 1:
            return parts[0]
        times, numbers = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.argsort(times, kind="stable")
        return times[order], numbers[order]


def _readings(key: tuple[int, int, int, int], group: _Group) -> Readings:
    point, epoch, quality, kind = key
    times, offsets = group.get("offset")
    names = {_DECIMAL: ["value"], _SINGLE: ["value"], _BITS: ["high", "low"], _NONE: []}[kind]
    columns = [group.get(name) for name in names]
    single = np.ones(len(times), np.bool_)
    single[1:] &= times[1:] != times[:-1]
    single[:-1] &= times[1:] != times[:-1]
    whole = all(len(stamps) == len(times) and bool((stamps == times).all()) for stamps, _ in columns)
    if single.all() and whole:
        value = _value(kind, [numbers for _, numbers in columns], len(times))
        return _build(point, epoch, quality, times, value, offsets.astype(np.int64))
    return _resolve(point, epoch, quality, kind, group)


def _resolve(point: int, epoch: int, quality: int, kind: int, group: _Group) -> Readings:
    """One reading per millisecond where several share it: the one with the highest offset, found by its link."""
    offsets, links = _by_time(*group.get("offset")), _by_time(*group.get("link"))
    names = {_DECIMAL: ["value"], _SINGLE: ["value"], _BITS: ["high", "low"], _NONE: []}[kind]
    halves = [_by_time(*group.get(name)) for name in names]
    times, values, winners = [], [], []
    for time_ms, candidates in offsets.items():
        combined = list(product(*(sorted(set(half.get(time_ms, ()))) for half in halves)))
        if names and not combined:
            continue  # the value has not become readable yet
        parts = [np.array(column, np.float64) for column in zip(*combined, strict=True)]
        found = _value(kind, parts, max(len(combined), 1))
        times.append(time_ms)
        winners.append(int(max(candidates)))
        values.append(
            _pick(sorted({int(one) for one in candidates}), found, {int(one) for one in links.get(time_ms, ())})
        )
    return _build(
        point, epoch, quality, np.array(times, np.int64), np.array(values, np.float64), np.array(winners, np.int64)
    )


def _pick(offsets: Sequence[int], values: Float64s, links: set[int]) -> float:
    """The value that belongs to the highest offset."""
    if len(values) == 1:
        return float(values[0])

    def linked(offset: int) -> list[float]:
        hashes = link(np.full(len(values), offset, np.int64), values)
        return [float(value) for value, one in zip(values, hashes.tolist(), strict=True) if one in links]

    own = linked(offsets[-1])
    if own:
        return own[0]
    others = np.array([value for offset in offsets[:-1] for value in linked(offset)], np.float64).view(np.int64)
    left = [float(value) for value in values if np.float64(value).view(np.int64) not in others]
    return left[0] if left else float(values[-1])


def _by_time(times: Int64s, numbers: Float64s) -> Mapping[int, list[float]]:
    found: dict[int, list[float]] = {}
    for time_ms, number in zip(times.tolist(), numbers.tolist(), strict=True):
        found.setdefault(time_ms, []).append(number)
    return found


def _value(kind: int, columns: Sequence[Float64s], n: int) -> Float64s:
    if kind == _NONE:
        return np.full(n, np.nan)
    if kind == _BITS:
        high, low = (column.astype(np.uint64) for column in columns)
        return ((high << np.uint64(32)) | low).view(np.float64)
    if kind == _SINGLE:
        return columns[0].astype(np.float32).astype(np.float64)
    return columns[0]


def _build(point: int, epoch: int, quality: int, times: Int64s, value: Float64s, offset: Int64s) -> Readings:
    n = len(times)
    return Readings(
        point=np.full(n, point, np.int32),
        time_ms=times,
        value=value,
        quality=np.full(n, quality, np.uint8),
        epoch=np.full(n, epoch, np.int64),
        offset=offset,
    )


def _classify(value: Float64s) -> tuple[NDArray[np.int8], Float64s]:
    """The kind of each value, and the number to write for people."""
    kind = np.full(len(value), _BITS, np.int8)
    shown = np.where(np.isfinite(value), value, 0.0)
    kind[np.isnan(value)] = _NONE
    open_rows = np.flatnonzero(np.isfinite(value) & (np.abs(value) < _MAX_PLAIN))
    for code in (*range(_MAX_DECIMALS), *range(SINGLE, SINGLE + _MAX_DECIMALS)):
        if len(open_rows) == 0:
            break
        integers, fits = try_scale(value[open_rows], code)
        hit = open_rows[fits]
        kind[hit] = _DECIMAL if code < SINGLE else _SINGLE
        shown[hit] = decode_one(integers[fits], code % SINGLE)
        open_rows = open_rows[~fits]
    return kind, shown


def _join(*parts: Any) -> Any:
    """Concatenate strings and columns row by row."""
    columns = [part if isinstance(part, str) else pc.cast(pa.array(part), pa.string()) for part in parts]
    return pc.binary_join_element_wise(*columns, "")


def _where(mask: NDArray[np.bool_], column: Any) -> Any:
    return pc.if_else(pa.array(mask), column, "")


def point_filter(store: str, points: Iterable[int]) -> str:
    """The selector of these points' series; of all when they are too many for a pattern."""
    numbers = sorted(set(points))
    if len(numbers) > 1000:
        return f'{{store="{store}"}}'
    return f'{{store="{store}",point=~"{"|".join(map(str, numbers))}"}}'
