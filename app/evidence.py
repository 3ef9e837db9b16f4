"""The values that go into a case: what the facility's points show, from the store's memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import Unavailable
from core.ports.cases import EvidenceValue
from core.ports.registry import Point
from core.ports.store import TimeSeriesStore
from registry.queries import Registry

_MOST_FACILITIES = 20_000


class StoreEvidence:
    """Answers dispatch from the latest values; the registry's answers are kept for one version of it."""

    def __init__(self, store: TimeSeriesStore, registry: Registry) -> None:
        """Ask ``store`` for values and ``registry`` for what they mean."""
        self._store = store
        self._registry = registry
        self._version = -1
        self._points: dict[int, tuple[Point, ...]] = {}

    def evidence(self, facility: int, at_ms: int, keys: Sequence[str]) -> Sequence[EvidenceValue]:
        """The facility's newest values not later than ``at_ms`` plus what came since, ``keys`` first."""
        try:
            points = self._points_of(facility)
            latest = self._store.latest(np.array([point.number for point in points], np.int32))
        except Unavailable:  # a case without its values is better than no case
            return ()
        row_of = {int(number): row for row, number in enumerate(latest.point)}
        rank = {key: place for place, key in enumerate(keys)}
        ordered = sorted(points, key=lambda point: (rank.get(point.key, len(rank)), point.number))
        values: list[EvidenceValue] = []
        for point in ordered:
            row = row_of.get(point.number)
            if row is None:
                continue
            value = float(latest.value[row])
            values.append(
                EvidenceValue(
                    point=point.number,
                    key=point.key,
                    name=point.name,
                    unit=point.unit,
                    time_ms=int(latest.time_ms[row]),
                    value=value if np.isfinite(value) else None,
                    quality=int(latest.quality[row]),
                    text=latest.text.get(row, ""),
                )
            )
        return values

    def _points_of(self, facility: int) -> tuple[Point, ...]:
        version = self._registry.version()
        if version != self._version or len(self._points) > _MOST_FACILITIES:
            self._points.clear()
            self._version = version
        if facility not in self._points:
            detail = self._registry.facility(facility)
            self._points[facility] = detail.points if detail is not None else ()
        return self._points[facility]
