"""Answers from one consistent view of the store: segments, hour files and hot blocks as they were at one moment."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.ports.store import Rollups
from core.readings import Readings, concat
from store.aggregates import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Partials,
    combine,
    of_readings,
    to_rollups,
)
from store.catalog import Catalog, Segment
from store.compaction import window_of
from store.merging import merge, sorted_distinct
from store.plan import cut
from store.selection import Points

_FEW_POINTS = 16

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a query sees: ``hot`` are blocks that are in no segment, oldest first; ``stamp`` names the catalog."""

    catalog: Catalog
    hot: tuple[Readings, ...]
    stamp: int = 0


def excerpt(view: View, wanted: Points, step_ms: int) -> View:
    """The view with only those hot readings that ``rollup`` will look at, or ``read`` if ``step_ms`` is 0."""
    if step_ms and wanted.from_ms < wanted.to_ms:
        wanted = _widen(view.catalog, wanted, step_ms)[1]
    return View(view.catalog, (concat(_hot_parts(view, wanted)),), view.stamp)


def read(view: View, wanted: Points) -> Readings:
    """The wanted readings, sorted by (point, time), one per millisecond."""
    parts = [
        segment.raw.read_readings(wanted)
        for segment in view.catalog.touching(wanted.from_ms, wanted.to_ms)
        if segment.raw is not None
    ]
    return _merge([*parts, *_hot_parts(view, wanted)])


def pieces(view: View, points: Points, points_at_once: int) -> Iterator[Readings]:
    """``read`` for replays, some points after the other: without ranks and texts it is ten times as fast."""
    segments = view.catalog.touching(points.from_ms, points.to_ms)
    hot = concat([part for part in _hot_parts(view, points) if len(part)])
    for begin in range(0, len(points.points), points_at_once):
        some = Points(points.points[begin : begin + points_at_once], points.from_ms, points.to_ms)
        found = _values(segments, some, some.select(hot))
        if len(found):
            yield found


def raw_from_ms(catalog: Catalog) -> int:
    """The end of the last day whose readings have gone because of their age; 0 if there is none."""
    kept = {segment.day for segment in catalog.segments if segment.raw is not None}
    gone = {segment.day for segment in catalog.segments if segment.raw is None} | set(catalog.closed)
    return max((day + 1 for day in gone - kept), default=0) * DAY_MS


def rollup(view: View, wanted: Points, step_ms: int) -> Rollups:
    """Roll-ups of the wanted range, widened to whole buckets."""
    if wanted.from_ms >= wanted.to_ms or len(wanted.points) == 0:
        return to_rollups(combine([], step_ms), step_ms)
    step_ms, whole = _widen(view.catalog, wanted, step_ms)
    hot = _merge(_hot_parts(view, whole))
    intervals = _hour_intervals(view.catalog, whole, hot) if step_ms % HOUR_MS == 0 else []
    parts = [_hours(view.catalog, whole.during(*interval), hot) for interval in intervals]
    for interval in _remaining(whole.from_ms, whole.to_ms, intervals):
        parts += _fine(view.catalog, whole.during(*interval), hot, step_ms)
    return to_rollups(combine(parts, step_ms), step_ms)


def _widen(catalog: Catalog, wanted: Points, step_ms: int) -> tuple[int, Points]:
    """Whole buckets; wider ones where the tier that the step asks for has ended."""
    widened = step_ms
    for _ in range(3):  # a wider range may touch an older tier once more
        first = wanted.from_ms // widened * widened
        stop = -(-wanted.to_ms // widened) * widened
        touched = catalog.touching(first, stop)
        if any(segment.raw is None for segment in touched):
            widened = math.lcm(widened, MINUTE_MS)
        held = {segment.day for segment in catalog.segments}
        if any(first < (day + 1) * DAY_MS and day * DAY_MS < stop and day not in held for day in catalog.closed):
            widened = math.lcm(widened, HOUR_MS)
    first, stop = wanted.from_ms // widened * widened, -(-wanted.to_ms // widened) * widened
    return widened, wanted.during(first, stop)


def _hour_intervals(catalog: Catalog, wanted: Points, hot: Readings) -> list[Interval]:
    """Where the hour files are current: closed days, less the hours that hot readings touch."""
    held = {segment.day for segment in catalog.segments}
    intervals: list[Interval] = []
    for day in sorted(catalog.closed):
        first, stop = max(day * DAY_MS, wanted.from_ms), min((day + 1) * DAY_MS, wanted.to_ms)
        if first >= stop:
            continue
        touched = _slice(hot, first, stop).time_ms if day in held else hot.time_ms[:0]
        if len(touched) == 0:
            pieces = [(first, stop)]
        else:
            begin = int(touched.min()) // HOUR_MS * HOUR_MS
            end = (int(touched.max()) // HOUR_MS + 1) * HOUR_MS
            pieces = [(first, max(begin, first)), (min(end, stop), stop)]
        for begin, end in pieces:
            if begin < end and intervals and intervals[-1][1] == begin:
                begin = intervals.pop()[0]
            if begin < end:
                intervals.append((begin, end))
    return intervals


def _remaining(first: int, stop: int, taken: Sequence[Interval]) -> list[Interval]:
    """[first, stop) without ``taken``, cut at UTC midnight so that each day is planned by itself."""
    free: list[Interval] = []
    at = first
    for begin, end in [*taken, (stop, stop)]:
        while at < begin:
            edge = min(begin, (at // DAY_MS + 1) * DAY_MS)
            free.append((at, edge))
            at = edge
        at = max(at, end)
    return free


def _hours(catalog: Catalog, wanted: Points, hot: Readings) -> Partials:
    """Hours from the hour files; hot readings are left only where a day's own segments are gone."""
    windows = range(window_of(wanted.from_ms // DAY_MS), window_of((wanted.to_ms - 1) // DAY_MS) + 1)
    parts = [file.file.read_partials(wanted) for file in catalog.hours if file.window in windows]
    parts.append(of_readings(_slice(hot, wanted.from_ms, wanted.to_ms), HOUR_MS))
    return combine(parts, HOUR_MS)


def _fine(catalog: Catalog, wanted: Points, hot: Readings, step_ms: int) -> list[Partials]:
    """One stretch of at most a day from minutes and readings."""
    segments = catalog.touching(wanted.from_ms, wanted.to_ms)
    hot = _slice(hot, wanted.from_ms, wanted.to_ms)
    complete = all(segment.raw is not None for segment in segments)
    if step_ms % MINUTE_MS:
        return [of_readings(_values(segments, wanted, hot), step_ms)]
    spans = [(segment.from_ms, segment.to_ms) for segment in segments]
    if len(hot):
        spans.append((int(hot.time_ms.min()), int(hot.time_ms.max())))
    stretches = cut(wanted.from_ms, wanted.to_ms, spans, MINUTE_MS)
    if complete and len(wanted.points) <= _FEW_POINTS and len(stretches) > 2:
        # For a few points decoding each segment once is cheaper than many small stretches.
        return [of_readings(_values(segments, wanted, hot), MINUTE_MS)]
    parts: list[Partials] = []
    for stretch in stretches:
        here = wanted.during(stretch.from_ms, stretch.to_ms)
        sources = [segments[index] for index in stretch.sources if index < len(segments)]
        warm = _slice(hot, here.from_ms, here.to_ms)
        if len(stretch.sources) > 1 and all(segment.raw is not None for segment in sources):
            parts.append(of_readings(_values(sources, here, warm), MINUTE_MS))
            continue
        minutes = [segment.minute.read_partials(here) for segment in sources if segment.minute is not None]
        parts.append(combine([*minutes, of_readings(warm, MINUTE_MS)], MINUTE_MS))
    return parts


def _values(segments: Sequence[Segment], wanted: Points, hot: Readings) -> Readings:
    """Readings for roll-ups. Which of two of one millisecond holds is looked up only where there are two."""
    raws = [segment.raw for segment in segments if segment.raw is not None]
    parts = [*(raw.read_values(wanted) for raw in raws), hot]
    found = sorted_distinct(concat([part for part in parts if len(part)]))
    return _merge([*(raw.read_readings(wanted) for raw in raws), hot]) if found is None else found


def _hot_parts(view: View, wanted: Points) -> list[Readings]:
    return [wanted.select(block) for block in view.hot]


def _merge(parts: Sequence[Readings]) -> Readings:
    """Sorted, one per millisecond; of equal readings the one in the later part holds."""
    return merge(concat([part for part in parts if len(part)])).readings


def _slice(batch: Readings, from_ms: int, to_ms: int) -> Readings:
    if len(batch) == 0:
        return batch
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]] = (batch.time_ms >= from_ms) & (batch.time_ms < to_ms)
    return batch if inside.all() else batch.take(inside)
