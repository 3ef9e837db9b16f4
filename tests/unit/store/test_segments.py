"""Segment files and what is kept of them in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.readings import Readings, readings
from store.hot import HotColumns
from store.segments import FooterCache, SegmentFile, SegmentWriter
from store.selection import Points

VALUES = st.one_of(st.integers(-999, 999).map(lambda n: n / 10), st.floats())


def written(path: Path, batch: Readings, footers: FooterCache) -> SegmentFile:
    writer = SegmentWriter(path, 16, with_text=bool(batch.text))
    writer.write_readings(batch)
    writer.finish()
    return SegmentFile(path, footers)


def rising(values: list[float], text: dict[int, str] | None = None) -> Readings:
    """Readings of points 0, 1, 2 … ten of each."""
    rows = np.arange(len(values))
    return readings(point=(rows // 10).astype(np.int32), time_ms=rows % 10, value=values, epoch=3, text=text)


@settings(max_examples=50)
@given(st.lists(VALUES, min_size=1, max_size=60), st.integers(0, 5), st.integers(0, 10), st.integers(0, 10))
def test_values_are_those_of_the_readings(values: list[float], point: int, first: int, last: int) -> None:
    """What roll-ups read of a segment are its readings without epoch, offset and text, doubles bit by bit."""
    wanted = Points(np.array([0, point], np.int32), first, last)
    with tempfile.TemporaryDirectory() as folder:
        file = written(Path(folder) / "one.parquet", rising(values, {0: "text"}), FooterCache())
        found, whole = file.read_values(wanted), file.read_readings(wanted)
    for name in ("point", "time_ms", "quality"):
        assert getattr(found, name).tolist() == getattr(whole, name).tolist()
    assert found.value.tobytes() == whole.value.tobytes()
    assert not found.text


def test_footers_are_bounded_by_their_size(tmp_path: Path) -> None:
    """The footers read last stay while they fit; one alone stays whatever its size."""
    footers = FooterCache(kept_bytes=1)
    files = [written(tmp_path / f"{number}.parquet", rising([1.0] * 20), footers) for number in range(2)]
    first = footers.get(files[0].path)
    assert footers.get(files[0].path) is first
    second = footers.get(files[1].path)
    assert footers.get(files[1].path) is second
    assert footers.get(files[0].path) is not first


def test_footers_of_other_files_are_let_go(tmp_path: Path) -> None:
    """What is not named any longer is closed, what is named stays at hand."""
    footers = FooterCache()
    files = [written(tmp_path / f"{number}.parquet", rising([1.0] * 20), footers) for number in range(2)]
    kept, gone = (footers.get(file.path) for file in files)
    footers.keep({files[0].path})
    assert footers.get(files[0].path) is kept
    assert footers.get(files[1].path) is not gone


def test_a_snapshot_of_hot_columns_does_not_change() -> None:
    """What is appended later, growth included, is not seen in an earlier snapshot."""
    hot = HotColumns([rising([1.0, 2.0])])
    before = hot.snapshot()
    for _ in range(3):
        hot.append(rising([3.0] * 10_000))
    assert before.value.tolist() == [1.0, 2.0]
    assert len(hot.snapshot()) == 30_002
