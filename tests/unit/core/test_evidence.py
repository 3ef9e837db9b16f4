"""Frozen samples: bounded in size whatever was read, and what matters of them stays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.evidence import MOST_POINTS, MOST_SAMPLES, Samples, pack, thinned, unpack
from core.places import Text

VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=3000)


def samples(values: list[float], point: int = 1) -> Samples:
    """One reading a second."""
    count = len(values)
    return Samples(
        point=point,
        key="level",
        name=Text(zh="液位", en="Level"),
        unit="m",
        stale_after_ms=30_000,
        time_ms=np.arange(count, dtype=np.int64) * 1000,
        value=np.array(values, np.float64),
        quality=np.zeros(count, np.uint8),
        text={0: "x" * 500} if count else {},
    )


@given(VALUES, st.integers(4, 500))
def test_thinning_keeps_ends_and_extremes(values: list[float], most: int) -> None:
    """At most so many rows stay, in order, among them the first, the last, the lowest and the highest."""
    column = np.array(values, np.float64)
    kept = thinned(np.arange(len(values), dtype=np.int64), column, most)
    assert len(kept) <= max(most, 4)
    assert np.all(np.diff(kept) > 0)
    if len(values):
        assert {int(kept[0]), int(kept[-1])} == {0, len(values) - 1}
    if np.isfinite(column).any():
        assert np.nanmin(column[kept]) == np.nanmin(column)
        assert np.nanmax(column[kept]) == np.nanmax(column)


@given(st.lists(st.one_of(st.floats(allow_infinity=False), st.just(float("nan"))), max_size=MOST_SAMPLES))
def test_what_is_packed_is_what_is_unpacked(values: list[float]) -> None:
    """Few samples come back exactly; texts are cut to a hundred characters."""
    one = samples(values)
    (back,) = unpack(pack([one]))
    assert np.array_equal(back.time_ms, one.time_ms)
    assert np.array_equal(back.value, one.value, equal_nan=True)
    assert np.array_equal(back.quality, one.quality)
    assert (back.key, back.name, back.unit, back.stale_after_ms) == ("level", one.name, "m", 30_000)
    assert (back.thinned, back.text) == (False, {0: "x" * 100} if values else {})


def test_a_record_is_bounded_whatever_was_read() -> None:
    """Twenty points at one reading a second for a day of noise fit into 64 KiB."""
    noise = np.random.default_rng(1).normal(size=86_400).tolist()
    packed = pack([samples(noise, point) for point in range(20)])
    assert len(packed) <= 64 * 1024
    series = unpack(packed)
    assert len(series) == MOST_POINTS
    assert all(one.thinned and len(one.time_ms) <= MOST_SAMPLES for one in series)
