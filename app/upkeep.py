"""What preventive plans and funds must know beside the cases: facilities in use, and what their counters say."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Protocol

import numpy as np

from core.errors import Refused, Unavailable
from core.ports.preventive import Counted, Trigger, TriggerKind
from core.ports.registry import Facility, FacilityFilter, PageRequest, RegistryQueries
from core.ports.store import Rollups
from core.readings import Int32s
from dispatch.upkeep import counted_of

log = logging.getLogger(__name__)

_HOUR_MS = 3_600_000
_PAGE = 500
_MOST_BACK_MS = 5 * 366 * 24 * _HOUR_MS


class _Rolls(Protocol):
    """The one thing that is asked of the store."""

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in buckets of ``step_ms``, sorted by (point, start)."""
        ...


class InUse:
    """All facilities that are not retired; read once for each version of the registry, from any thread."""

    def __init__(self, registry: RegistryQueries) -> None:
        """Nothing is read before it is asked for."""
        self._registry = registry
        self._lock = threading.Lock()
        self._version = -1
        self._found: Sequence[Facility] = ()

    def __call__(self) -> Sequence[Facility]:
        """The facilities."""
        with self._lock:
            version = self._registry.version()
            if version != self._version:
                self._found, self._version = tuple(self._read()), version
            return self._found

    def numbers(self) -> frozenset[int]:
        """Their registry numbers."""
        return frozenset(one.number for one in self())

    def _read(self) -> list[Facility]:
        found: list[Facility] = []
        cursor = ""
        while True:
            page = self._registry.facilities(FacilityFilter(), PageRequest(cursor=cursor, limit=_PAGE))
            found += page.items
            cursor = page.next_cursor
            if not cursor:
                return found


class StoreCounters:
    """``core.ports.preventive.Counters`` over the store: hourly aggregates, since a year of readings is not needed.

    What the store said is remembered until the hour is over: pages and rounds ask the same of every facility.
    """

    def __init__(self, store: _Rolls, registry: RegistryQueries, zone: tzinfo) -> None:
        """Read from ``store``; ``zone`` is that of days."""
        self._store = store
        self._registry = registry
        self._zone = zone
        self._version = -1
        self._points: dict[int, Mapping[str, int]] = {}
        self._remembered = -1, dict[tuple[int, Trigger, int], Counted]()

    def counted(self, facility: int, trigger: Trigger, since_ms: int, now_ms: int) -> Counted | None:
        """What a facility's point says since a moment; ``None`` where it has none, or the store does not answer."""
        (hour, said), key = self._remembered, (facility, trigger, since_ms)
        if hour != now_ms // _HOUR_MS:
            said = {}
            self._remembered = now_ms // _HOUR_MS, said
        if key not in said:
            counted = self._counted(facility, trigger, since_ms, now_ms)
            if counted is None:
                return None
            said[key] = counted
        return said[key]

    def _counted(self, facility: int, trigger: Trigger, since_ms: int, now_ms: int) -> Counted | None:
        point = self._point(facility, trigger.measurement)
        if point is None:
            return None
        if trigger.kind is TriggerKind.CONDITION:
            since_ms = max(since_ms, now_ms - (round(trigger.every) + 2) * 24 * _HOUR_MS)
        begin_ms = max(since_ms, now_ms - _MOST_BACK_MS, 0)
        try:
            rolled = self._store.rollup(np.array([point], np.int32), begin_ms, now_ms, _HOUR_MS)
        except (Refused, Unavailable) as error:
            log.info("no counter for preventive work", extra={"facility": facility, "why": str(error)})
            return None
        good = rolled.count > 0
        value = rolled.mean if trigger.kind is TriggerKind.CONDITION else rolled.last
        offset = datetime.fromtimestamp(now_ms / 1000, self._zone).utcoffset()
        zone_ms = 0 if offset is None else int(offset.total_seconds() * 1000)
        return counted_of(trigger, rolled.start_ms[good], value[good], now_ms=now_ms, zone_ms=zone_ms)

    def _point(self, facility: int, key: str) -> int | None:
        version = self._registry.version()
        if version != self._version:
            self._points, self._version = {}, version
        if facility not in self._points:
            detail = self._registry.facility(facility)
            self._points[facility] = {} if detail is None else {point.key: point.number for point in detail.points}
        return self._points[facility].get(key)
