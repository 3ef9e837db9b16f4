"""What live readers are told of points: each new reading becomes JSON once, however many readers wait for it.

Five hundred readers of three hundred points are 150,000 values a second; a reader's own part is to pick and join texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from api import views
from api.models.stream import PointValue
from core.readings import Readings


@dataclass(frozen=True, slots=True)
class _Told:
    """The newest reading of a point as it was told: its time, whether it no longer held, and its JSON."""

    time_ms: int
    stale: bool
    text: str


class LiveValues:
    """The newest readings of the points that anybody watches."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._told: dict[int, _Told] = {}

    def take(self, latest: Readings, stale_ms: Mapping[int, int], now_ms: int) -> dict[int, str]:
        """Take in the newest readings of all watched points; the JSON of those whose reading is another than before.

        Args:
            latest: at most one reading a point.
            stale_ms: how long each holds.
            now_ms: the present.
        """
        before, told = self._told, dict[int, _Told]()
        fresh: dict[int, str] = {}
        other = []
        for row, (point, time_ms) in enumerate(zip(latest.point.tolist(), latest.time_ms.tolist(), strict=True)):
            known = before.get(point)
            if known is None or (known.time_ms, known.stale) != (time_ms, now_ms - time_ms > stale_ms.get(point, 0)):
                other.append(row)
            else:
                told[point] = known
        for point, value in views.latest_values(latest.take(np.array(other, np.intp)), stale_ms, now_ms).items():
            told[point] = _Told(value.time_ms, value.stale, PointValue(id=point, latest=value).model_dump_json())
            if point not in before or before[point].time_ms != value.time_ms:
                fresh[point] = told[point].text
        self._told = told
        return fresh

    def all_of(self, points: Mapping[int, int]) -> dict[int, str]:
        """What is known of these points, as JSON of each."""
        return {point: self._told[point].text for point in points if point in self._told}
