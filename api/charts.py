"""A point's history as a chart needs it: a bounded number of rows, and the gaps it must not bridge. Pure.

The step is chosen so that any range fits into the rows asked for; readings are shown raw when they fit themselves. A
stretch without readings is a gap only when it is longer than a value holds (``stale_after``), because points report on
change. Readings that are not good make gaps of their own, with their reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.models.history import Gap
from api.words import NO_DATA, gap_name, gap_text, quality_text, reason_name
from core.ports.store import GapRecord, Rollups
from core.quality import is_good
from core.readings import Float64s, Int64s, Readings

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000

STEPS_MS = (
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28, 56, 112, 224)),
)
"""From a minute on multiples of a minute, from an hour on multiples of an hour, so that stored roll-ups serve them."""


def step_for(span_ms: int, max_points: int) -> int:
    """The smallest step that covers ``span_ms`` with at most ``max_points`` buckets (two may be cut by the ends)."""
    room = max(1, max_points - 1)
    return next((step for step in STEPS_MS if span_ms <= step * room), STEPS_MS[-1])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rows:
    """What the chart draws: columns of one length, ascending; ``step_ms`` 0 for raw readings.

    Attributes:
        start_ms: int64[n]; minimum, mean, maximum, first, last: float64[n], NaN where nothing good was read.
        count, bad: int64[n].
        quality: uint8[n] for raw readings, else empty.
    """

    step_ms: int
    start_ms: Int64s
    minimum: Float64s
    mean: Float64s
    maximum: Float64s
    first: Float64s
    last: Float64s
    count: Int64s
    bad: Int64s
    quality: NDArray[np.uint8]


def rows_of_readings(batch: Readings) -> Rows:
    """Raw readings as rows, sorted by time."""
    good = is_good(batch.quality)
    value = np.where(good, batch.value, np.nan)
    count = good.astype(np.int64)
    return Rows(
        step_ms=0,
        start_ms=batch.time_ms,
        minimum=value,
        mean=value,
        maximum=value,
        first=value,
        last=value,
        count=count,
        bad=1 - count,
        quality=batch.quality,
    )


def rows_of_rollups(rollups: Rollups) -> Rows:
    """Buckets as rows."""
    return Rows(
        step_ms=rollups.step_ms,
        start_ms=rollups.start_ms,
        minimum=rollups.minimum,
        mean=rollups.mean,
        maximum=rollups.maximum,
        first=rollups.first,
        last=rollups.last,
        count=rollups.count,
        bad=rollups.bad,
        quality=np.empty(0, np.uint8),
    )


def numbers(column: Float64s) -> list[float | None]:
    """A column for JSON: what is not finite becomes null."""
    out = column.astype(object)
    out[~np.isfinite(column)] = None
    return list(out.tolist())


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The stretch asked for.

    Attributes:
        from_ms, to_ms: [from, to); to_ms no later than now, since the future is no gap.
        stale_ms: how long a value holds.
        carried_ms: event time of the last reading before ``from_ms`` that still held then, ``None`` without one.
    """

    from_ms: int
    to_ms: int
    stale_ms: int
    carried_ms: int | None = None


def silent_gaps(rows: Rows, window: Window) -> list[Gap]:
    """Stretches without readings longer than a value holds."""
    if window.to_ms <= window.from_ms:
        return []
    # A raw reading holds for stale_ms after its time; a bucket already reaches to its end.
    hold_ms = window.stale_ms if rows.step_ms == 0 else 0
    begin = window.from_ms if window.carried_ms is None else window.carried_ms + window.stale_ms
    ends = np.concatenate(([begin], rows.start_ms + rows.step_ms + hold_ms))
    nexts = np.concatenate((rows.start_ms, [window.to_ms]))
    least_ms = np.full(len(ends), max(0, window.stale_ms - hold_ms))
    # Before the first row it is known whether a value was carried in; without one silence begins at once.
    least_ms[0] = window.stale_ms if window.carried_ms is None else 0
    found = np.flatnonzero((nexts - ends > least_ms) & (ends < window.to_ms))
    return [
        Gap(from_ms=max(int(ends[i]), window.from_ms), to_ms=int(nexts[i]), kind="no_data", reason="", say=NO_DATA)
        for i in found
    ]


def bad_runs(rows: Rows) -> Iterator[tuple[int, int]]:
    """Index ranges [first, stop) of consecutive rows in which nothing good was read."""
    bad = (rows.count == 0) & (rows.bad > 0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bad, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def bad_gap(rows: Rows, run: tuple[int, int], window: Window, code: int | None) -> Gap:
    """The gap of a run of rows that are not good; ``code`` is the quality byte of its beginning, where it is known."""
    first, stop = run
    if rows.step_ms:
        end_ms = int(rows.start_ms[stop - 1]) + rows.step_ms
    else:
        end_ms = int(rows.start_ms[stop - 1]) + window.stale_ms
        if stop < len(rows.start_ms):
            end_ms = min(end_ms, int(rows.start_ms[stop]))
    begin_ms = max(int(rows.start_ms[first]), window.from_ms)
    return Gap(
        from_ms=begin_ms,
        to_ms=max(min(end_ms, window.to_ms), begin_ms),
        kind="bad",
        reason="" if code is None else reason_name(code),
        say=NO_DATA if code is None else quality_text(code),
    )


def evicted_gaps(records: Sequence[GapRecord], window: Window) -> list[Gap]:
    """What the gateway gave up, with touching records of one reason put together."""
    merged: list[list[int]] = []
    for record in sorted(records, key=lambda one: (int(one.gap.reason), one.gap.from_ms)):
        begin = max(record.gap.from_ms, window.from_ms)
        end = min(record.gap.to_ms + 1, max(window.to_ms, begin))
        reason = int(record.gap.reason)
        if merged and merged[-1][2] == reason and begin <= merged[-1][1] + window.stale_ms:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end, reason])
    return [
        Gap(from_ms=begin, to_ms=end, kind="evicted", reason=gap_name(reason), say=gap_text(reason))
        for begin, end, reason in merged
    ]
