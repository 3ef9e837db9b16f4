"""A unit's requests: one register that a firmware lacks does not hide its neighbours."""

from __future__ import annotations

import numpy as np

from core.quality import QualityClass, Reason, quality
from core.sparkplug.datatypes import DataType as MetricType
from gateway.config import PointConfig, UnitConfig
from gateway.decode import Decoded
from gateway.points import PointName, Points
from gateway.profile import Profile
from gateway.profile_file import shipped
from gateway.unit import REFUSALS, WHOLE_AGAIN_S, Unit

SECOND = frozenset({1_000})
NOW = 1_780_000_000_000


def unit(profile: Profile, names: list[str]) -> tuple[Unit, Points]:
    configs = tuple(PointConfig(metric=f"f/{n}", register=profile.registers[n], interval_ms=1_000) for n in names)
    points = Points([PointName(device="bus", metric=c.metric, type=MetricType.DOUBLE, unit=c.unit) for c in configs])
    points.alias[:] = np.arange(len(names)) + 1
    return Unit(
        UnitConfig(name="u", unit=1, profile=profile, timeout_s=1, points=configs), "bus", points, 0, 0.0
    ), points


def test_a_refused_request_is_halved_until_the_culprit_stands_alone() -> None:
    """Register 5 of 25 is illegal: in the end 24 are read, in few requests, and later the whole is tried again."""
    it, _ = unit(shipped()["generic-f32"], [f"value_{i}" for i in range(25)])
    polls = 0
    refused: list[str] = []
    while polls < 100:
        polls += 1
        refused = []
        for compiled in it.requests(SECOND):
            names = [register.name for register in compiled.request.registers]
            if "value_5" in names:
                refused += names
                it.refused(compiled, 0.0)
        if refused == ["value_5"]:
            break
    assert refused == ["value_5"]
    assert polls <= REFUSALS * 5 + 1
    requests = it.requests(SECOND)
    assert len(requests) <= 6
    rows = sorted(row for compiled in requests for row in compiled.rows.tolist())
    assert rows == list(range(25))
    it.tidy(WHOLE_AGAIN_S - 1)
    assert len(it.requests(SECOND)) == len(requests)
    it.tidy(WHOLE_AGAIN_S)
    assert len(it.requests(SECOND)) == 1


def test_one_refusal_is_not_enough() -> None:
    """A device that refuses once or twice, as when it starts up, keeps its plan."""
    it, _ = unit(shipped()["generic-f32"], ["value_0", "value_1"])
    for _ in range(REFUSALS - 1):
        it.refused(it.requests(SECOND)[0], 0.0)
    assert len(it.requests(SECOND)) == 1


def test_two_points_of_one_register_are_one_read() -> None:
    """The request reads the register once and fills both points."""
    profile = shipped()["xy-md02"]
    it, points = unit(profile, ["temperature", "temperature", "humidity"])
    (compiled,) = it.requests(SECOND)
    assert compiled.request.count == 2
    batch = it.read(compiled.rows, compiled.decoder.decode(b"\xff\xcb\x02\x8f"), NOW, 0.0, doubtful=False, era=0)
    assert batch is not None
    assert sorted(zip(batch.alias.tolist(), batch.value.tolist(), strict=True)) == [(1, -5.3), (2, -5.3), (3, 65.5)]
    assert points.value.tolist() == [-5.3, -5.3, 65.5]


def test_stamps_of_a_point_increase_until_the_era_changes() -> None:
    """The same millisecond twice: the second stamp is one later. A clock put right begins anew."""
    it, _ = unit(shipped()["xy-md02"], ["temperature"])
    row = np.array([0])
    decoded = Decoded(value=np.array([1.0]), quality=np.zeros(1, np.uint8))

    def stamp(time_ms: int, era: int) -> int:
        batch = it.read(row, decoded, time_ms, 0.0, doubtful=False, era=era)
        assert batch is not None
        return int(batch.time_ms[0])

    assert [stamp(NOW, 0), stamp(NOW, 0), stamp(NOW - 5, 0), stamp(NOW - 10**9, 1)] == [
        NOW,
        NOW + 1,
        NOW + 2,
        NOW - 10**9,
    ]


def test_no_answer_is_a_reading_without_a_value() -> None:
    """Not measured, with its reason; the last value is not repeated."""
    it, points = unit(shipped()["xy-md02"], ["temperature"])
    row = np.array([0])
    it.read(row, Decoded(value=np.array([21.5]), quality=np.zeros(1, np.uint8)), NOW, 0.0, doubtful=False, era=0)
    batch = it.not_measured(row, Reason.TIMEOUT, NOW + 1_000, 1_000.0, era=0)
    assert batch is not None
    assert np.isnan(batch.value).all()
    assert batch.quality.tolist() == [quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)]
    assert np.isnan(points.value[0])


def test_a_doubtful_clock_makes_good_values_uncertain() -> None:
    """Bad ones stay bad."""
    it, _ = unit(shipped()["xy-md02"], ["temperature", "humidity"])
    out_of_range = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
    decoded = Decoded(value=np.array([21.5, 110.0]), quality=np.array([0, out_of_range], np.uint8))
    batch = it.read(np.array([0, 1]), decoded, NOW, 0.0, doubtful=True, era=0)
    assert batch is not None
    assert batch.quality.tolist() == [quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED), out_of_range]
