"""The store's arithmetic on columns against its scalar twins: encoding, merging, newest rows, selection, roll-ups."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.quality import QualityClass, class_of
from core.readings import Readings, readings
from store.aggregates import MINUTE_MS, combine, of_readings
from store.encoding import NO_SCALE, SINGLE, decode, encode
from store.latest import LatestTable
from store.merging import merge, sorted_distinct
from store.plan import cut
from store.segments import run_heads
from store.selection import INDEX_DTYPE, Points

DAY_MS = 86_400_000

DOUBLES = st.one_of(
    st.floats(),
    st.integers(-(10**6), 10**6).map(lambda n: n / 10),
    st.integers(-(10**6), 10**6).map(lambda n: float(np.float32(n / 100))),
    st.sampled_from([0.0, -0.0, 2.0**53, 2.0**53 + 2, 1e22, 5e-324]),
)
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(st.integers(0, 20), st.integers(-DAY_MS, 2 * DAY_MS)),
        st.sampled_from([1.0, 2.5, -0.1, math.nan, math.inf]),
        st.sampled_from([0, 0, 0, 128, 193]),
        st.integers(1, 2),
        st.integers(0, 5),
    ),
    max_size=40,
)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def columns(rows: list[tuple[int, int, float, int, int, int]]) -> Readings:
    point, time_ms, value, quality, epoch, offset = zip(*rows, strict=True) if rows else ((), (), (), (), (), ())
    return readings(point=point, time_ms=time_ms, value=value, quality=quality, epoch=epoch, offset=offset)


# --- encoding -----------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(DOUBLES, min_size=1, max_size=12), min_size=1, max_size=4))
def test_every_double_comes_back_bit_by_bit(runs: list[list[float]]) -> None:
    """Whatever scale is found, decoding gives the same 64 bits, value by value."""
    values = np.array([value for run in runs for value in run])
    heads = np.cumsum([0, *map(len, runs)])[:-1]
    encoded = encode(values, heads)
    assert decode(encoded.scaled, encoded.scale, values).tobytes() == values.tobytes()
    kept = np.where(encoded.scale == NO_SCALE, values, np.nan)  # what a segment keeps as raw
    assert decode(encoded.scaled, encoded.scale, kept).tobytes() == values.tobytes()


def test_sensor_values_become_small_integers() -> None:
    """Tenths get the scale 1, hundredths in single precision 16 + 2, noise none; each run has its own."""
    tenths = [21.4, 21.5, math.nan, 20.9]
    singles = [float(np.float32(value)) for value in (3.25, 3.27, 3.31)]
    noise = [math.pi, math.e, 1 / 7]
    encoded = encode(np.array(tenths + singles + noise), np.array([0, 4, 7]))
    assert encoded.scale.tolist() == [1, 1, NO_SCALE, 1] + [SINGLE + 2] * 3 + [NO_SCALE] * 3
    assert encoded.scaled.tolist()[:4] == [214, 215, 0, 209]


def test_no_values_at_all() -> None:
    """An empty column encodes to nothing."""
    encoded = encode(np.empty(0), np.empty(0, np.intp))
    assert len(encoded.scaled) == len(decode(encoded.scaled, encoded.scale, np.empty(0))) == 0


# --- one per millisecond ------------------------------------------------------------------------------------------


@given(ROWS)
def test_merge_keeps_the_highest_pair_and_counts_the_rest(rows: list[tuple[int, int, float, int, int, int]]) -> None:
    """Merging equals a dictionary that keeps the highest (epoch, offset); losers are superseded or repeated."""
    held: dict[tuple[int, int], tuple[int, int, float]] = {}
    for point, time_ms, value, _, epoch, offset in rows:
        key = (point, time_ms)
        if key not in held or (epoch, offset) >= held[key][:2]:
            held[key] = (epoch, offset, value)
    merged = merge(columns(rows))
    found = merged.readings
    keys = list(zip(found.point.tolist(), found.time_ms.tolist(), strict=True))
    assert keys == sorted(held)
    assert [bits(value) for value in found.value.tolist()] == [bits(held[key][2]) for key in keys]
    distinct = {(row[0], row[1], row[4], row[5]) for row in rows}
    assert merged.repeated == len(rows) - len(distinct)
    assert merged.superseded == len(distinct) - len(held)


@given(ROWS)
def test_sorting_alone_is_enough_where_no_two_rows_meet(rows: list[tuple[int, int, float, int, int, int]]) -> None:
    """The result is that of merging, or none if two rows share point and millisecond."""
    found, merged = sorted_distinct(columns(rows)), merge(columns(rows)).readings
    if len(merged) < len(rows):
        assert found is None
        return
    assert found is not None
    for name in ("point", "time_ms", "quality", "epoch", "offset"):
        assert getattr(found, name).tolist() == getattr(merged, name).tolist()
    assert found.value.tobytes() == merged.value.tobytes()


@given(st.lists(ROWS, max_size=4))
def test_latest_equals_a_dictionary(batches: list[list[tuple[int, int, float, int, int, int]]]) -> None:
    """After any batches the table holds the highest (time, epoch, offset) of each point."""
    table, held = LatestTable(), dict[int, tuple[int, int, int, float]]()
    for rows in batches:
        table.update(columns(rows))
        for point, time_ms, value, _, epoch, offset in rows:
            if point not in held or (time_ms, epoch, offset) >= held[point][:3]:
                held[point] = (time_ms, epoch, offset, value)
    found = table.get()
    assert found.point.tolist() == sorted(held)
    assert [bits(value) for value in found.value.tolist()] == [bits(held[point][3]) for point in sorted(held)]
    some = table.get(np.array([2, 0, 2, -1, 77], np.int32))
    assert some.point.tolist() == [point for point in (0, 2) if point in held]


# --- selection ----------------------------------------------------------------------------------------------------


@given(ROWS, st.sets(st.integers(-1, 5)), st.integers(-5, 25), st.integers(-5, DAY_MS), st.integers(1, 7))
def test_selection_takes_what_a_loop_takes(
    rows: list[tuple[int, int, float, int, int, int]], points: set[int], from_ms: int, to_ms: int, group: int
) -> None:
    """The rows are those a loop would take, and no row group that holds one is passed over."""
    batch = merge(columns(rows)).readings
    wanted = Points(np.array(sorted(points), np.int32), from_ms, to_ms)
    pairs = list(zip(batch.point.tolist(), batch.time_ms.tolist(), strict=True))
    expected = [row for row, (point, at) in enumerate(pairs) if point in points and from_ms <= at < to_ms]
    assert wanted.rows(batch.point, batch.time_ms).tolist() == expected
    first = np.arange(0, len(batch), group)
    last = np.minimum(first + group, len(batch)) - 1
    index = np.empty(len(first), INDEX_DTYPE)
    index["first_point"], index["last_point"] = batch.point[first], batch.point[last]
    index["first_ms"], index["last_ms"] = batch.time_ms[first], batch.time_ms[last]
    assert {row // group for row in expected} <= set(wanted.row_groups(index).tolist())


# --- roll-ups -----------------------------------------------------------------------------------------------------


def scalar(batch: Readings, step_ms: int) -> dict[tuple[int, int], list[float]]:
    """[count, bad, minimum, maximum, total, first, last] by (point, start), in plain Python."""
    found: dict[tuple[int, int], list[tuple[float, bool]]] = {}
    for point, time_ms, value, code in zip(batch.point, batch.time_ms, batch.value, batch.quality, strict=True):
        key = (int(point), int(time_ms) // step_ms * step_ms)
        found.setdefault(key, []).append((float(value), class_of(int(code)) is QualityClass.GOOD))
    answer = {}
    for key, rows in found.items():
        good = [value for value, fine in rows if fine]
        numbers = [value for value in good if not math.isnan(value)]
        answer[key] = [
            float(len(good)),
            float(len(rows) - len(good)),
            min(numbers, default=math.nan),
            max(numbers, default=math.nan),
            float(sum(good)),
            good[0] if good else math.nan,
            good[-1] if good else math.nan,
        ]
    return answer


@given(ROWS, st.sampled_from([1, 7, 1000, MINUTE_MS, DAY_MS]))
def test_partials_equal_their_scalar_twin(rows: list[tuple[int, int, float, int, int, int]], step_ms: int) -> None:
    """Every aggregate of every bucket is what plain Python computes."""
    batch = merge(columns(rows)).readings
    found, expected = of_readings(batch, step_ms), scalar(batch, step_ms)
    assert list(zip(found.point.tolist(), found.start_ms.tolist(), strict=True)) == sorted(expected)
    names = ("count", "bad", "minimum", "maximum", "total", "first", "last")
    table = np.array([getattr(found, name) for name in names], np.float64).T.reshape(-1, len(names))
    np.testing.assert_allclose(table, np.array([expected[key] for key in sorted(expected)]).reshape(-1, len(names)))


@given(ROWS, st.lists(st.integers(-1, 3), max_size=3))
def test_minutes_add_up_to_days(rows: list[tuple[int, int, float, int, int, int]], cuts: list[int]) -> None:
    """Partials of parts in time, combined, are the partials of the whole, wherever the parts are cut."""
    batch = merge(columns(rows)).readings
    edges = [-(10**12), *sorted(cut * 12 * 3_600_000 for cut in set(cuts)), 10**12]
    parts = [
        of_readings(batch.take((batch.time_ms >= begin) & (batch.time_ms < end)), MINUTE_MS)
        for begin, end in pairwise(edges)
    ]
    found, expected = combine(parts, DAY_MS), of_readings(batch, DAY_MS)
    for name in ("point", "start_ms", "count", "bad", "minimum", "maximum", "total", "first", "last"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), err_msg=name)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted), max_size=5), st.sampled_from([1, 10]))
def test_every_moment_of_a_source_is_in_one_stretch(spans: list[list[int]], grid: int) -> None:
    """Each moment that a source covers lies in exactly one stretch, which names exactly the sources of its bucket."""
    stretches = cut(0, 100, [(span[0], span[1]) for span in spans], grid)
    for at in range(100):
        bucket = at // grid * grid
        sources = tuple(
            number for number, (first, last) in enumerate(spans) if first < bucket + grid and last >= bucket
        )
        inside = [stretch for stretch in stretches if stretch.from_ms <= at < stretch.to_ms]
        assert [stretch.sources for stretch in inside] == ([sources] if sources else [])
        assert all(stretch.from_ms % grid == 0 and stretch.to_ms % grid == 0 for stretch in inside)


def test_run_heads_of_nothing() -> None:
    """No rows have no heads."""
    assert len(run_heads(np.empty(0, np.int32))) == 0
