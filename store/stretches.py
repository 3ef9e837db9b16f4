"""``PastReadings`` of stores that read as fast as they can anyway."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.readings import Int32s, Readings


class WholeReads:
    """Stretches made of ``read``. Such a store does not say what it has dropped: replays show where readings begin."""

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time)."""
        raise NotImplementedError

    def stretch(self, points: Int32s, from_ms: int, to_ms: int, points_at_once: int) -> Iterator[Readings]:
        """The same as ``read``, some points after the other."""
        points = np.unique(points).astype(np.int32)
        for begin in range(0, len(points), points_at_once):
            yield self.read(points[begin : begin + points_at_once], from_ms, to_ms)

    def raw_from_ms(self) -> int:
        """0: nothing is known to have been dropped for its age."""
        return 0
