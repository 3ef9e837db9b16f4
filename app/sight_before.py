"""What was measured before this process began, for sight: only such a point can fall silent."""

from __future__ import annotations

import numpy as np

from core.ports.store import TimeSeriesStore
from core.readings import Int32s
from rules.sight_evidence import is_sign_of_life

LOOK_BACK_MS = 7 * 86_400_000
_DAY_MS = 86_400_000


def measured_before(store: TimeSeriesStore, now_ms: int) -> Int32s:
    """Numbers of the points that had a value before now.

    The newest reading of most is one. Of those whose newest says that nothing was measured, or that the device is off,
    the roll-ups of the last seven days say whether there was a good one.

    Args:
        store: the readings.
        now_ms: wall clock.

    Raises:
        core.errors.Unavailable: if the store cannot answer now.
    """
    newest = store.latest()
    measured = is_sign_of_life(newest.quality)
    silent = newest.point[~measured]
    if not len(silent):
        return newest.point
    past = store.rollup(silent, now_ms - LOOK_BACK_MS, now_ms, _DAY_MS)
    return np.union1d(newest.point[measured], past.point[past.count > 0]).astype(np.int32)
