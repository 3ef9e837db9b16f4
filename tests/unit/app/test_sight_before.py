"""What the store says was measured before this process began."""

from __future__ import annotations

import numpy as np

from app.sight_before import LOOK_BACK_MS, measured_before
from core.ports.store import Commit
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import readings
from store.memory import MemoryStore

T0 = 1_790_000_000_000
HOUR_MS = 3_600_000
TIMEOUT = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
OFFLINE = quality(QualityClass.BAD, Reason.DEVICE_OFFLINE)
UNCERTAIN = quality(QualityClass.UNCERTAIN)


def store_of(*rows: tuple[int, int, int]) -> MemoryStore:
    """Readings: point, time, quality."""
    store = MemoryStore()
    point, time_ms, code = (list(column) for column in zip(*rows, strict=True))
    batch = readings(point=point, time_ms=time_ms, value=[1.0] * len(rows), quality=np.array(code, np.uint8))
    store.commit(Commit(readings=batch))
    return store


def test_a_value_counts_and_a_timeout_alone_does_not() -> None:
    """Points 1 and 2 have a value, 3 and 4 never had, 5 had one before it fell silent, 6 too long ago."""
    store = store_of(
        (1, T0 - 1, GOOD),
        (2, T0 - 1, UNCERTAIN),
        (3, T0 - 1, TIMEOUT),
        (4, T0 - 1, OFFLINE),
        (5, T0 - 50 * HOUR_MS, GOOD),
        (5, T0 - HOUR_MS, TIMEOUT),
        (6, T0 - LOOK_BACK_MS - 48 * HOUR_MS, GOOD),
        (6, T0 - HOUR_MS, OFFLINE),
    )
    assert measured_before(store, T0).tolist() == [1, 2, 5]


def test_where_every_newest_reading_is_a_value_all_count() -> None:
    """And an empty store knows of none."""
    assert measured_before(store_of((4, T0, GOOD), (7, T0, GOOD)), T0).tolist() == [4, 7]
    assert measured_before(MemoryStore(), T0).tolist() == []
