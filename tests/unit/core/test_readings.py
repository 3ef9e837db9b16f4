"""A batch of readings keeps its columns together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.readings import Readings, concat, empty, readings

rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.floats(-5, 5), st.integers(1, 2), st.integers(0, 9)), max_size=40
)


def batch(content: list[tuple[int, int, float, int, int]]) -> Readings:
    """A batch from rows of (point, time, value, epoch, offset)."""
    columns = list(zip(*content, strict=True)) or [(), (), (), (), ()]
    return readings(point=columns[0], time_ms=columns[1], value=columns[2], epoch=columns[3], offset=columns[4])


@given(rows)
def test_one_reading_per_point_and_millisecond_is_the_one_with_the_highest_epoch_and_offset(
    content: list[tuple[int, int, float, int, int]],
) -> None:
    """Whatever the order of arrival, the higher (epoch, offset) holds."""
    naive: dict[tuple[int, int], tuple[int, int]] = {}
    for point, time_ms, _, epoch, offset in content:
        key = (point, time_ms)
        naive[key] = max(naive.get(key, (0, 0)), (epoch, offset))
    kept = batch(content).one_per_millisecond()
    got = {
        (int(point), int(time)): (int(epoch), int(offset))
        for point, time, epoch, offset in zip(kept.point, kept.time_ms, kept.epoch, kept.offset, strict=True)
    }
    assert got == naive
    assert len(kept) == len(naive)


def test_columns_of_unequal_length_are_refused() -> None:
    """A mixed-up batch does not travel one step."""
    with pytest.raises(ValueError, match="time_ms"):
        readings(point=[1, 2], time_ms=[1], value=[1.0, 2.0])


def test_a_wrong_dtype_is_refused() -> None:
    """A column of the wrong type is an error at construction, not a surprise in the store."""
    good = empty()
    with pytest.raises(ValueError, match="point"):
        Readings(
            point=np.empty(0, np.int64),
            time_ms=good.time_ms,
            value=good.value,
            quality=good.quality,
            epoch=good.epoch,
            offset=good.offset,
        )


def test_text_follows_its_rows() -> None:
    """Taking and joining rows moves their texts with them."""
    first = readings(point=[1, 2, 3], time_ms=[1, 2, 3], value=[0, np.nan, 0], text={1: "door open"})
    second = readings(point=[4], time_ms=[4], value=[np.nan], text={0: "闸门"})
    joined = concat([first, second])
    assert dict(joined.text) == {1: "door open", 3: "闸门"}
    assert dict(joined.take(np.array([3, 1])).text) == {0: "闸门", 1: "door open"}
    assert dict(joined.take(joined.point == 2).text) == {0: "door open"}
    assert dict(joined.take(np.array([-1, 0])).text) == {0: "闸门"}
    assert dict(joined.take(slice(1, None, 2)).text) == {0: "door open", 1: "闸门"}
    assert dict(joined.take(np.empty(0, np.intp)).text) == {}
