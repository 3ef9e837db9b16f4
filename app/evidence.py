"""The values that go into a case: what the facility's points show, from the store's memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.facility_memory import FacilityMemory
from core.errors import Unavailable
from core.ports.cases import EvidenceValue
from core.ports.store import TimeSeriesStore


class StoreEvidence:
    """Answers dispatch from the latest values."""

    def __init__(self, store: TimeSeriesStore, facilities: FacilityMemory) -> None:
        """Ask ``store`` for values and ``facilities`` for what they mean."""
        self._store = store
        self._facilities = facilities

    def evidence(self, facility: int, at_ms: int, keys: Sequence[str]) -> Sequence[EvidenceValue]:
        """The facility's newest values not later than ``at_ms`` plus what came since, ``keys`` first."""
        try:
            detail = self._facilities.detail(facility)
            points = detail.points if detail is not None else ()
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
