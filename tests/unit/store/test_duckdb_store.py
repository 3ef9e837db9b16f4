"""What only the embedded store promises: history, tiers, bounds, the flush thread, what it does when it opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from core.offsets import OffsetRange
from core.ports.store import Chunk, Commit, Quarantined, QuarantineReason
from core.readings import empty, readings
from core.sparkplug.topics import NodeId
from store.duckdb_store import DuckDBStore
from store.settings import StoreSettings

DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
T0_MS = 20_000 * DAY_MS
POINTS = np.arange(3, dtype=np.int32)
QUICK: dict[str, Any] = {"fan_in": 2, "close_grace_s": 1.0, "overlay_age_s": 1.0, "row_group_rows": 16}


def day_of(day: int, first: int, *, value: float = 1.0) -> Commit:
    """One reading of point 1 in each of 90 minutes of a day."""
    return Commit(
        readings=readings(
            point=[1] * 90,
            time_ms=[T0_MS + day * DAY_MS + minute * MINUTE_MS for minute in range(90)],
            value=[value + minute for minute in range(90)],
            epoch=7,
            offset=range(first, first + 90),
        ),
        chunks=[Chunk(node=NodeId("g", "n"), epoch=7, span=OffsetRange(first, first + 90), crc32=first)],
    )


def test_history_is_refused_once_it_is_gone(tmp_path: Path) -> None:
    """Commits older than the kept history cannot be replayed, the newer ones can."""
    clock = ManualClock(T0_MS)
    store = DuckDBStore(tmp_path, settings=StoreSettings(history_s=100.0), clock=clock)
    store.commit(day_of(0, 0))
    store.flush()
    clock.advance(50_000)
    store.commit(day_of(0, 90))
    store.flush()
    assert [number for number, _ in store.since(0)] == [1, 2]
    clock.advance(60_000)
    store.maintain(clock.now_ms())
    with pytest.raises(Refused, match="before 2"):
        store.since(0)
    assert [number for number, _ in store.since(1)] == [2]
    store.close()
    store = DuckDBStore(tmp_path, settings=StoreSettings(), clock=clock)
    assert store.durable() == 2
    assert store.commit(day_of(0, 180)) == 3
    store.close()


def test_rollups_answer_where_readings_have_gone(tmp_path: Path) -> None:
    """After 90 days only minutes answer, after a year only hours; steps widen, numbers stay."""
    clock = ManualClock(T0_MS + 2 * DAY_MS)
    store = DuckDBStore(tmp_path, settings=StoreSettings(**QUICK), clock=clock)
    store.commit(day_of(0, 0))
    for days, step_ms, widened in ((3, 1000, 1000), (95, 1000, MINUTE_MS), (400, MINUTE_MS, HOUR_MS)):
        clock.step_wall(T0_MS + days * DAY_MS)
        for _ in range(2):
            store.maintain(clock.now_ms())
        found = store.rollup(POINTS, T0_MS, T0_MS + HOUR_MS, step_ms)
        assert found.step_ms == widened
        assert int(found.count.sum()) == 60
        assert (found.minimum.min(), found.maximum.max()) == (1.0, 60.0)
        assert (found.first[0], found.last[-1]) == (1.0, 60.0)
        assert len(store.read(POINTS, T0_MS, T0_MS + DAY_MS)) == (90 if days < 90 else 0)
    assert store.latest().value.tolist() == [90.0], "the newest value outlives its tier"
    assert list(tmp_path.glob("segments/raw/*")) == list(tmp_path.glob("segments/minute/*")) == []
    store.close()
    assert len(list(tmp_path.glob("segments/hour/*"))) == 1


def test_late_readings_of_a_day_without_readings_reach_its_rollups(tmp_path: Path) -> None:
    """Minutes are added to minutes when a day's own readings are gone already."""
    clock = ManualClock(T0_MS + 100 * DAY_MS)
    store = DuckDBStore(tmp_path, settings=StoreSettings(**QUICK), clock=clock)
    store.commit(day_of(0, 0))
    store.flush()
    store.maintain(clock.now_ms())
    assert len(store.read(POINTS, T0_MS, T0_MS + DAY_MS)) == 0
    late = readings(point=[1], time_ms=[T0_MS + 30_500], value=[500.0], epoch=8, offset=[0])
    store.commit(Commit(readings=late))
    for _ in range(3):
        found = store.rollup(POINTS, T0_MS, T0_MS + DAY_MS, HOUR_MS)
        assert (found.count.tolist(), found.maximum[0]) == ([61, 30], 500.0)
        store.flush()
        clock.advance(10_000)
        store.maintain(clock.now_ms())
    store.close()


def test_quarantine_keeps_the_newest_and_counts_all(tmp_path: Path) -> None:
    """A flood of bad messages costs bounded disk, and every one is counted."""
    store = DuckDBStore(tmp_path, settings=StoreSettings(quarantine_kept=10))
    for number in range(7):
        items = [
            Quarantined(
                node="x", reason=QuarantineReason.MALFORMED, count=1, arrived_ms=5 * number + k, sample=b"z" * 5000
            )
            for k in range(5)
        ]
        store.commit(Commit(readings=empty(), quarantined=items))
    found = store.quarantine(1000)
    assert [item.arrived_ms for item in found] == list(range(34, 24, -1))
    assert len(found[0].sample) == 1024
    assert store.counts().quarantined == 35
    store.close()


def test_the_hot_table_is_flushed_when_it_is_full(tmp_path: Path) -> None:
    """Without any maintenance the store writes segments by itself, and commits wait when it is far behind."""
    store = DuckDBStore(tmp_path, settings=StoreSettings(hot_rows_max=100))
    for number in range(30):
        store.commit(day_of(number % 3, 90 * number, value=float(number)))
    assert len(list(tmp_path.glob("segments/raw/*.parquet"))) >= 3
    found = store.read(POINTS, T0_MS, T0_MS + 5 * DAY_MS)
    assert len(found) == 270
    assert found.value[found.time_ms == T0_MS + 2 * DAY_MS].tolist() == [29.0]
    store.close()


def test_strangers_are_deleted_when_the_store_opens(tmp_path: Path) -> None:
    """Files that no manifest names, as a crash leaves them, are gone after opening; the others stay."""
    store = DuckDBStore(tmp_path)
    store.commit(day_of(0, 0))
    store.flush()
    store.close()
    kept = sorted(tmp_path.rglob("*.parquet"))
    for name in ("raw/2026-01-01_00000009.parquet", "minute/x.parquet.tmp", "hour/y"):
        (tmp_path / "segments" / name).write_bytes(b"half a file")
    store = DuckDBStore(tmp_path)
    assert len(store.read(POINTS, T0_MS, T0_MS + DAY_MS)) == 90
    store.close()
    assert sorted(path for path in (tmp_path / "segments").rglob("*") if path.is_file()) == kept


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """An unknown format is never opened, nor changed."""
    DuckDBStore(tmp_path).close()
    with duckdb.connect(tmp_path / "twingrid.duckdb") as database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    with pytest.raises(Refused, match="format 99"):
        DuckDBStore(tmp_path)


def test_a_damaged_segment_is_unavailable(tmp_path: Path) -> None:
    """A segment that cannot be read is an error with its name, not an empty answer."""
    store = DuckDBStore(tmp_path)
    store.commit(day_of(0, 0))
    store.flush()
    (victim,) = tmp_path.glob("segments/raw/*")
    victim.write_bytes(b"PAR1 this is no Parquet file PAR1")
    with pytest.raises(Unavailable):
        store.read(POINTS, T0_MS, T0_MS + DAY_MS)
    store.close()
