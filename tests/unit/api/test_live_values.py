"""Each new reading is told once to those who watch, and all that is known to one who comes."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from api.live_values import LiveValues
from core.readings import Readings, readings

HOLDS = {1: 30_000, 2: 30_000}


def newest(times: dict[int, int]) -> Readings:
    return readings(point=list(times), time_ms=list(times.values()), value=np.ones(len(times)))


def time_in(text: str) -> int:
    return int(json.loads(text)["latest"]["time_ms"])


@given(st.lists(st.dictionaries(st.sampled_from([1, 2]), st.integers(0, 5)), max_size=20))
def test_whoever_was_told_all_and_then_what_changed_knows_the_newest(looks: list[dict[int, int]]) -> None:
    """However points change between looks: what changed is what differs, and together it is the newest."""
    values, known = LiveValues(), dict[int, int]()
    for times in looks:
        fresh = {point: time_in(text) for point, text in values.take(newest(times), HOLDS, 10).items()}
        assert all(known.get(point) != time_ms for point, time_ms in fresh.items())
        known = {point: time_ms for point, time_ms in (known | fresh).items() if point in times}
        assert known == times
        assert {point: time_in(text) for point, text in values.all_of(HOLDS).items()} == times


def test_one_who_comes_late_learns_that_a_value_no_longer_holds() -> None:
    """Growing old is no news for those who know the reading; for one who comes it stands beside the value."""
    values = LiveValues()
    assert list(values.take(newest({1: 0}), HOLDS, 1_000)) == [1]
    assert json.loads(values.all_of({1: 0})[1])["latest"]["stale"] is False
    assert values.take(newest({1: 0}), HOLDS, 30_001) == {}
    assert json.loads(values.all_of({1: 0})[1])["latest"]["stale"] is True


def test_points_that_nobody_watches_any_more_are_forgotten() -> None:
    """What is held is what was looked up last."""
    values = LiveValues()
    values.take(newest({1: 0, 2: 0}), HOLDS, 0)
    values.take(newest({2: 0}), HOLDS, 0)
    assert list(values.all_of(HOLDS)) == [2]
