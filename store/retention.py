"""Which tiers have ended: by age, and by the disk budget. Values in, values out."""

from __future__ import annotations

from dataclasses import replace

from store.aggregates import DAY_MS
from store.catalog import Catalog, Change, Segment
from store.settings import StoreSettings


def expire(catalog: Catalog, now_ms: int, settings: StoreSettings, other_bytes: int) -> Change:
    """What goes by age: readings, then minutes; and if the rest is over the budget, the oldest of both, in this order.

    Minutes go only from days whose hours are in the hour files, and today is never touched.

    Args:
        catalog: the store as it is.
        now_ms: wall-clock time.
        settings: ages and budget.
        other_bytes: what the database itself takes of the budget.
    """
    today = now_ms // DAY_MS
    kept = {segment.number: segment for segment in catalog.segments}
    for segment in catalog.segments:
        if segment.day < today - settings.minute_days and segment.day in catalog.closed:
            del kept[segment.number]
        elif segment.day < today - settings.raw_days and segment.raw is not None:
            kept[segment.number] = _without_raw(segment)
    if settings.disk_budget_bytes:
        _fit(kept, catalog, today, settings.disk_budget_bytes - other_bytes - sum(file.size for file in catalog.hours))
    removed = tuple(segment for segment in catalog.segments if kept.get(segment.number) is not segment)
    return Change(removed=removed, added=tuple(kept[one.number] for one in removed if one.number in kept))


def _fit(kept: dict[int, Segment], catalog: Catalog, today: int, budget: int) -> None:
    excess = sum(segment.size for segment in kept.values()) - budget
    oldest_first = sorted(kept.values(), key=lambda segment: (segment.day, segment.number))
    for segment in oldest_first:
        if excess > 0 and segment.raw is not None and segment.day < today:
            excess -= segment.raw_bytes
            kept[segment.number] = _without_raw(segment)
    for segment in oldest_first:
        if excess > 0 and segment.day in catalog.closed and segment.day < today:
            excess -= segment.minute_bytes
            del kept[segment.number]


def _without_raw(segment: Segment) -> Segment:
    return replace(segment, raw=None, raw_bytes=0)
