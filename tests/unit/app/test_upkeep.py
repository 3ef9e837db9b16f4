"""What preventive plans ask of registry and store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.upkeep import InUse, StoreCounters
from core.errors import Unavailable
from core.ports.preventive import Trigger, TriggerKind
from core.ports.store import Rollups
from core.readings import Int32s
from tests.unit.registry.city import City, build_city

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_000 * DAY


class Rolls:
    """A store that holds one counter, an hour of running per hour."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.asked: list[tuple[int, int]] = []

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        if self.fails:
            raise Unavailable("the store sleeps")
        self.asked.append((from_ms, to_ms))
        start = np.arange(from_ms // step_ms, to_ms // step_ms, dtype=np.int64) * step_ms
        value = start / HOUR
        ones = np.ones(len(start), np.int64)
        point = np.full(len(start), points[0], np.int32)
        return Rollups(
            step_ms=step_ms,
            point=point,
            start_ms=start,
            count=np.where(start % (5 * HOUR) == 0, 0, ones),
            bad=0 * ones,
            minimum=value,
            maximum=value,
            mean=value,
            first=value,
            last=np.where(start % (5 * HOUR) == 0, np.nan, value),
        )


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """The small city."""
    made = build_city(tmp_path)
    yield made
    made.engine.dispose()


def first_point(city: City) -> tuple[int, str]:
    """A facility that has a point, and the key of it."""
    for one in InUse(city.registry)():
        detail = city.registry.facility(one.number)
        if detail is not None and detail.points:
            return one.number, detail.points[0].key
    raise AssertionError("the small city has points")


def test_facilities_in_use_are_those_of_the_registry(city: City) -> None:
    """Every facility that is not retired, each once."""
    found = InUse(city.registry)
    assert len(found()) == len(found.numbers()) > 0
    assert found() is found()


def test_hours_are_counted_from_hourly_aggregates_and_holes_lose_nothing(city: City) -> None:
    """Hours without a good reading are passed over; the counter goes on across them."""
    facility, key = first_point(city)
    trigger = Trigger(kind=TriggerKind.HOURS, every=100, measurement=key)
    counters = StoreCounters(Rolls(), city.registry, ZoneInfo("Asia/Shanghai"))
    found = counters.counted(facility, trigger, NOW - 40 * DAY, NOW)
    assert found is not None
    assert found.amount == pytest.approx(40 * 24, abs=2)
    assert found.a_day == pytest.approx(24)


def test_a_condition_asks_for_its_days_alone(city: City) -> None:
    """A condition of three days reads five, not a year."""
    facility, key = first_point(city)
    store = Rolls()
    trigger = Trigger(kind=TriggerKind.CONDITION, every=3, measurement=key, above=0.0)
    found = StoreCounters(store, city.registry, ZoneInfo("UTC")).counted(facility, trigger, 0, NOW)
    assert store.asked == [(NOW - 5 * DAY, NOW)]
    assert found is not None
    assert found.amount >= 3


def test_the_store_is_asked_once_an_hour_and_again_after_it_slept(city: City) -> None:
    """Pages and rounds ask the same of every facility; what was done since is another question."""
    facility, key = first_point(city)
    trigger = Trigger(kind=TriggerKind.HOURS, every=100, measurement=key)
    store = Rolls(fails=True)
    counters = StoreCounters(store, city.registry, ZoneInfo("UTC"))
    hour = NOW - NOW % HOUR
    assert counters.counted(facility, trigger, 0, hour) is None
    store.fails = False
    found = counters.counted(facility, trigger, hour - 40 * DAY, hour)
    assert found is not None
    assert counters.counted(facility, trigger, hour - 40 * DAY, hour + HOUR - 1) == found
    assert len(store.asked) == 1
    done = counters.counted(facility, trigger, hour - DAY, hour + 1)
    assert done is not None
    assert done.amount < found.amount
    later = counters.counted(facility, trigger, hour - 40 * DAY, hour + 2 * HOUR)  # the first hour has no good reading
    assert later is not None
    assert later.amount > found.amount
    assert len(store.asked) == 3


def test_what_has_no_such_point_and_a_store_that_sleeps_say_nothing(city: City) -> None:
    """Neither is an error: the plan says that it is blind."""
    facility, key = first_point(city)
    trigger = Trigger(kind=TriggerKind.HOURS, every=100, measurement="no_such_thing")
    zone = ZoneInfo("UTC")
    assert StoreCounters(Rolls(), city.registry, zone).counted(facility, trigger, 0, NOW) is None
    known = Trigger(kind=TriggerKind.HOURS, every=100, measurement=key)
    assert StoreCounters(Rolls(fails=True), city.registry, zone).counted(facility, known, 0, NOW) is None
