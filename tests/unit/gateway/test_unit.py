"""A unit's requests: one register that a firmware lacks does not hide its neighbours."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from core.quality import QualityClass, Reason, quality
from core.sparkplug.datatypes import DataType as MetricType
from core.sparkplug.sparkplug_b_pb2 import Payload
from gateway.chunk import encode_metrics
from gateway.config import PointConfig, UnitConfig
from gateway.decode import Decoded
from gateway.points import PointName, Points
from gateway.profile import Profile
from gateway.profile_file import shipped
from gateway.unit import REFUSALS, Compiled, Unit

SECOND = frozenset({1_000})
NOW = 1_780_000_000_000


def unit(profile: Profile, names: list[str]) -> tuple[Unit, Points]:
    configs = tuple(PointConfig(metric=f"f/{n}", register=profile.registers[n], interval_ms=1_000) for n in names)
    points = Points([PointName(device="bus", metric=c.metric, type=MetricType.DOUBLE, unit=c.unit) for c in configs])
    points.alias[:] = np.arange(len(names)) + 1
    return Unit(
        UnitConfig(name="u", unit=1, profile=profile, timeout_s=1, points=configs), "bus", points, 0, 0.0
    ), points


def poll(it: Unit, refuses: Callable[[Compiled], bool], now_s: float) -> tuple[list[int], int, int]:
    """One slot, as the bus does it: rows read, rows refused, requests sent."""
    read: list[int] = []
    refused = sent = 0
    left = deque((*it.requests(SECOND), *it.retries(SECOND, now_s)))
    while left:
        compiled = left.popleft()
        sent += 1
        if not refuses(compiled):
            it.answered(compiled, now_s)
            read += compiled.rows.tolist()
        elif parts := it.refused(compiled, now_s):
            left.extendleft(reversed(parts))
        else:
            refused += len(compiled.rows)
    return sorted(read), refused, sent


def lacks(*names: str) -> Callable[[Compiled], bool]:
    return lambda compiled: any(register.name in names for register in compiled.request.registers)


def test_one_bad_register_costs_only_itself_from_the_first_poll_on() -> None:
    """Register 5 of 25 is illegal: the other 24 are read in the very slot that found it, and in two requests after."""
    it, _ = unit(shipped()["generic-f32"], [f"value_{i}" for i in range(25)])
    others = [row for row in range(25) if row != 5]
    read, refused, sent = poll(it, lacks("value_5"), 0.0)
    assert (read, refused) == (others, 1)
    assert sent <= 2 * 5 + 1
    assert poll(it, lacks("value_5"), 1.0) == (others, 0, 2)
    assert it.missing(SECOND).tolist() == [5]


def test_a_missing_register_is_asked_for_alone_ever_more_rarely_and_comes_back() -> None:
    """After 10 s, 20 s, 40 s …, at most every 10 min; when it answers, the whole is one request again."""
    it, _ = unit(shipped()["generic-f32"], [f"value_{i}" for i in range(25)])
    for now_s in range(3600):
        poll(it, lacks("value_5"), float(now_s))
    assert it.retries(SECOND, 3600.0 + 600.0)
    tries = sum(poll(it, lacks("value_5"), 3600.0 + now_s)[1] for now_s in range(1200))
    assert tries <= 2
    for now_s in range(4800, 5500):
        poll(it, lambda _: False, float(now_s))
    assert poll(it, lambda _: False, 5500.0) == (list(range(25)), 0, 1)


def test_one_refusal_of_a_request_that_was_answered_is_not_enough() -> None:
    """A device that refuses once or twice, as when it starts up, keeps its plan."""
    it, _ = unit(shipped()["generic-f32"], ["value_0", "value_1"])
    poll(it, lambda _: False, 0.0)
    for _ in range(REFUSALS - 1):
        assert poll(it, lacks("value_0"), 1.0)[1:] == (2, 1)
    assert poll(it, lacks("value_0"), 2.0) == ([1], 1, 3)


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


def test_a_text_travels_from_the_wire_to_the_message() -> None:
    """The serial number of a UPS is a String metric, with its bits beside it, from the response to the payload."""
    it, points = unit(shipped()["apc-smart-ups"], ["status", "status.on_battery", "serial_number"])
    words = {0: "0000 0004", 564: "4153 3132 3334 3536 3738 3930 2020 2020"}
    kinds = {1: MetricType.DOUBLE, 2: MetricType.DOUBLE, 3: MetricType.STRING}
    sent = {}
    for compiled in it.requests(SECOND):
        decoded = compiled.decoder.decode(bytes.fromhex(words[compiled.request.address]))
        batch = it.read(compiled.rows, decoded, NOW, 0.0, doubtful=False, era=0)
        assert batch is not None
        for metric in Payload.FromString(encode_metrics(batch, kinds)).metrics:
            sent[metric.alias] = metric.string_value or metric.double_value
    assert sent == {1: 4.0, 2: 1.0, 3: "AS1234567890"}
    assert points.text == {2: "AS1234567890"}
