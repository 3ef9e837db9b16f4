"""An export of series as columns: how many rows, in which pieces they are read, what each column holds. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from api.charts import STEPS_MS, step_for
from core.ports.store import Rollups
from core.readings import Int32s, Int64s, Readings

PIECE_ROWS: Final = 50_000
"""About what is read and written at once; it bounds the memory of an export."""
_HOUR_MS: Final = 3_600_000
_MOST_BUCKETS: Final = 100_000
_OFFSET_STEP_MS: Final = 900_000
"""Clocks of a zone are moved at full quarters of an hour."""

RAW: Final = (
    "time_utc",
    "local_time",
    "facility",
    "facility_name",
    "measurement",
    "value",
    "text",
    "unit",
    "quality",
    "reason",
)
ROLLED: Final = (
    "time_utc",
    "local_time",
    "facility",
    "facility_name",
    "measurement",
    "step_s",
    "minimum",
    "mean",
    "maximum",
    "first",
    "last",
    "count",
    "bad",
    "unit",
)


def names_of(step_ms: int) -> tuple[str, ...]:
    """The columns of an export, in order; ``step_ms`` 0 for readings."""
    return ROLLED if step_ms else RAW


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """What every row of a point says of it.

    Attributes:
        point: its number.
        facility: code of its facility; facility_name: in the language of the file.
        measurement: key within the class; measurement_name: in the language of the file.
        unit: UCUM code.
    """

    point: int
    facility: str
    facility_name: str
    measurement: str
    measurement_name: str
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Some points over some time: one question to the store; ``points`` ascending, [from_ms, to_ms)."""

    points: Int32s
    from_ms: int
    to_ms: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Piece:
    """Rows of an export as columns of one length n, sorted by (point, time).

    Attributes:
        label: intp[n], index into the labels.
        time_ms: int64[n], event time or begin of the bucket, UTC.
        local_ms: int64[n], what the clocks of the place show then, as if that were UTC.
        numbers: the columns of numbers by name, float64[n] or int64[n]; NaN where there is none.
        quality: uint8[n] of readings; empty for roll-ups.
        text: row to text, of readings that are no number.
    """

    label: NDArray[np.intp]
    time_ms: Int64s
    local_ms: Int64s
    numbers: Mapping[str, NDArray[np.generic]]
    quality: NDArray[np.uint8]
    text: Mapping[int, str]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.time_ms)


def probe_ms(span_ms: int, points: int, step_ms: int) -> int:
    """Width of the buckets by which the rows of an export are counted before it begins."""
    return max(step_ms, step_for(span_ms, max(50, _MOST_BUCKETS // max(1, points))))


def rows_by_bucket(probe: Rollups, step_ms: int) -> Int64s:
    """How many rows each bucket of a probe comes to, at most: int64[n]; ``step_ms`` 0 for readings."""
    held: Int64s = probe.count + probe.bad
    return np.minimum(held, max(1, probe.step_ms // step_ms)) if step_ms else held


def stretches(probe: Rollups, rows: Int64s, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> list[Stretch]:
    """The questions whose answers, one after the other, are the export: sorted by (point, time), nothing twice.

    Few points of many rows are cut by time, many points of few rows are asked for together. Cuts lie where no bucket
    of a roll-up crosses them, also if the store has to answer with wider ones.

    Args:
        probe: buckets of all points.
        rows: how many rows each comes to.
        points: int32[p], ascending.
        from_ms: begin of the whole.
        to_ms: its end.
        step_ms: of roll-ups, 0 for readings.
    """
    found: list[Stretch] = []
    together: list[int] = []
    room = PIECE_ROWS
    begin, stop = np.searchsorted(probe.point, points, "left"), np.searchsorted(probe.point, points, "right")
    for point, first, last in zip(points.tolist(), begin.tolist(), stop.tolist(), strict=True):
        many = int(rows[first:last].sum())
        if together and many > room:
            found.append(Stretch(points=np.array(together, np.int32), from_ms=from_ms, to_ms=to_ms))
            together, room = [], PIECE_ROWS
        if many > PIECE_ROWS:
            found += _cut(point, probe.start_ms[first:last], rows[first:last], from_ms, to_ms, step_ms)
        elif many:
            together.append(point)
            room -= many
    if together:
        found.append(Stretch(points=np.array(together, np.int32), from_ms=from_ms, to_ms=to_ms))
    return found


def _cut(point: int, start_ms: Int64s, rows: Int64s, from_ms: int, to_ms: int, step_ms: int) -> Iterator[Stretch]:
    """One point, cut by time into pieces of about ``PIECE_ROWS`` rows."""
    grain = math.lcm(step_ms, _HOUR_MS) if step_ms else 1
    piece = (np.cumsum(rows) - rows) // PIECE_ROWS
    cuts = start_ms[np.flatnonzero(np.diff(piece)) + 1] // grain * grain
    edges = [from_ms, *(int(one) for one in np.unique(cuts) if from_ms < one < to_ms), to_ms]
    only = np.array([point], np.int32)
    for begin, stop in pairwise(edges):
        yield Stretch(points=only, from_ms=begin, to_ms=stop)


def of_readings(batch: Readings, points: Int32s, zone: ZoneInfo) -> Piece:
    """Readings as they are stored, whatever their quality; ``points`` in the order of the labels, ascending."""
    return Piece(
        label=np.searchsorted(points, batch.point),
        time_ms=batch.time_ms,
        local_ms=batch.time_ms + offsets_ms(batch.time_ms, zone),
        numbers={"value": batch.value},
        quality=batch.quality,
        text=batch.text,
    )


def of_rollups(found: Rollups, points: Int32s, zone: ZoneInfo) -> Piece:
    """Buckets as they are; one without a reading is no row."""
    numbers: dict[str, NDArray[np.generic]] = {
        "step_s": np.full(len(found.start_ms), found.step_ms / 1000),
        "minimum": found.minimum,
        "mean": found.mean,
        "maximum": found.maximum,
        "first": found.first,
        "last": found.last,
        "count": found.count,
        "bad": found.bad,
    }
    return Piece(
        label=np.searchsorted(points, found.point),
        time_ms=found.start_ms,
        local_ms=found.start_ms + offsets_ms(found.start_ms, zone),
        numbers=numbers,
        quality=np.empty(0, np.uint8),
        text={},
    )


def offsets_ms(time_ms: Int64s, zone: ZoneInfo) -> Int64s:
    """How far the clocks of a zone are ahead of UTC: int64[n], one look-up for each quarter of an hour."""
    quarters, which = np.unique(time_ms // _OFFSET_STEP_MS, return_inverse=True)
    ahead = [_ahead_ms(int(one) * _OFFSET_STEP_MS, zone) for one in quarters]
    return np.array(ahead, np.int64)[which] if ahead else np.empty(0, np.int64)


def _ahead_ms(at_ms: int, zone: ZoneInfo) -> int:
    ahead = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).utcoffset()
    return 0 if ahead is None else round(ahead.total_seconds() * 1000)


def iso_utc(time_ms: Int64s) -> NDArray[np.str_]:
    """``2026-11-30T12:00:00.000Z``, str[n]."""
    return np.char.add(np.datetime_as_string(time_ms.astype("datetime64[ms]"), unit="ms"), "Z")


def iso_local(time_ms: Int64s, local_ms: Int64s) -> NDArray[np.str_]:
    """``2026-11-30T20:00:00.000+08:00``, str[n]."""
    ahead, which = np.unique((local_ms - time_ms) // 60_000, return_inverse=True)
    said = np.array([f"{'-' if one < 0 else '+'}{abs(one) // 60:02}:{abs(one) % 60:02}" for one in ahead.tolist()])
    shown = np.datetime_as_string(local_ms.astype("datetime64[ms]"), unit="ms")
    return np.char.add(shown, said[which]) if len(said) else shown


def finite(column: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Mask of what is a number: bool[n]."""
    if column.dtype.kind != "f":
        return np.ones(len(column), np.bool_)
    mask: NDArray[np.bool_] = np.isfinite(column.astype(np.float64))
    return mask


def known_step(step_ms: int) -> bool:
    """Whether an export may have this step; 0: readings."""
    return step_ms == 0 or step_ms in STEPS_MS


def labelled(labels: Sequence[Label]) -> Int32s:
    """Numbers of the points of some labels, int32[n]."""
    return np.array([one.point for one in labels], np.int32)
