"""Histories: bounded, honest about gaps, the same as a scalar reading of the rules."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import charts
from api.models.history import Gap
from api.words import quality_text, reason_name
from core.offsets import OffsetRange
from core.ports.store import Commit, GapRecord
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Readings, empty, readings
from core.sparkplug.commit import Gap as EvictedSpan
from core.sparkplug.commit import GapReason
from core.sparkplug.topics import NodeId
from tests.unit.api.world import NOW_MS, FakeRules, World

TIMEOUT = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
PATH = "/api/v1/points/101/history"


@given(st.integers(1, charts.STEPS_MS[-1] * 9), st.integers(10, 5000))
def test_any_range_fits_into_the_rows_asked_for(span_ms: int, max_points: int) -> None:
    """The step gives at most as many buckets as asked for, cut ones included, and is the smallest that does."""
    step_ms = charts.step_for(span_ms, max_points)
    assert math.ceil(span_ms / step_ms) + 1 <= max_points
    smaller = [one for one in charts.STEPS_MS if one < step_ms]
    assert not smaller or math.ceil(span_ms / smaller[-1]) + 1 > max_points


def test_steps_fit_the_stored_rollups() -> None:
    """Steps of a minute and more are whole minutes, of an hour and more whole hours."""
    assert list(charts.STEPS_MS) == sorted(charts.STEPS_MS)
    assert all(step % 60_000 == 0 for step in charts.STEPS_MS if step >= 60_000)
    assert all(step % 3_600_000 == 0 for step in charts.STEPS_MS if step >= 3_600_000)


def covered_by_hand(times: list[int], window: charts.Window) -> list[bool]:
    """For every ms of the window: does some reading hold there? The rule, word by word."""
    every = [*times, *([] if window.carried_ms is None else [window.carried_ms])]
    return [
        any(t <= ms < t + window.stale_ms for t in every)
        or (not any(t <= ms for t in every) and any(t > ms for t in every) and _soon(ms, every, window))
        for ms in range(window.from_ms, window.to_ms)
    ]


def _soon(ms: int, every: list[int], window: charts.Window) -> bool:
    """Before the first reading, silence counts only when it lasted longer than a value holds."""
    return min(every) - window.from_ms <= window.stale_ms


@given(
    st.lists(st.integers(0, 79), unique=True, max_size=12).map(sorted),
    st.integers(1, 15),
    st.one_of(st.none(), st.integers(1, 14)),
)
def test_gaps_of_raw_readings_are_what_no_value_covers(times: list[int], stale_ms: int, before: int | None) -> None:
    """A millisecond lies in a gap exactly when no reading holds there."""
    carried_ms = None if before is None or before >= stale_ms else 100 - before
    window = charts.Window(from_ms=100, to_ms=180, stale_ms=stale_ms, carried_ms=carried_ms)
    times = [100 + t for t in times]
    batch = readings(point=[1] * len(times), time_ms=times, value=[1.0] * len(times))
    gaps = charts.silent_gaps(charts.rows_of_readings(batch), window)
    inside = [any(gap.from_ms <= ms < gap.to_ms for gap in gaps) for ms in range(100, 180)]
    if not times and carried_ms is None:
        assert all(inside) or window.stale_ms >= 80
        return
    assert inside == [not covered for covered in covered_by_hand(times, window)]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([GOOD, TIMEOUT])), unique_by=lambda one: one[0], max_size=20)
)
def test_bad_gaps_never_cover_a_good_reading(rows: list[tuple[int, int]]) -> None:
    """Every reading that is not good lies in a bad gap, no good one does."""
    rows.sort()
    batch = readings(
        point=[1] * len(rows), time_ms=[t for t, _ in rows], value=[1.0] * len(rows), quality=[q for _, q in rows]
    )
    window = charts.Window(from_ms=0, to_ms=100, stale_ms=5)
    made = charts.rows_of_readings(batch)
    gaps = [charts.bad_gap(made, run, window, TIMEOUT) for run in charts.bad_runs(made)]
    for time_ms, code in rows:
        assert any(gap.from_ms <= time_ms < gap.to_ms for gap in gaps) is (code != GOOD)


def commit(world: World, batch: Readings, gaps: list[GapRecord] | None = None) -> None:
    world.store.commit(Commit(readings=batch, gaps=gaps or []))


def every_10_s(hours: float, value: float = 1.0) -> Readings:
    """A point read every 10 s until now."""
    n = int(hours * 360)
    times = NOW_MS - np.arange(n, 0, -1, dtype=np.int64) * 10_000
    return readings(point=np.full(n, 101), time_ms=times, value=np.full(n, value))


def test_few_readings_come_raw(world: World) -> None:
    """What fits is shown as it was read: times, nulls where it was not good, and no gap."""
    batch = readings(
        point=[101] * 3,
        time_ms=[NOW_MS - 30_000, NOW_MS - 20_000, NOW_MS - 10_000],
        value=[1.5, math.nan, 2.5],
        quality=[GOOD, TIMEOUT, GOOD],
    )
    commit(world, batch)
    with world.client("maintainer1") as client:
        past = client.get(PATH, params={"from_ms": NOW_MS - 30_000, "to_ms": NOW_MS}).json()
    assert past["step_ms"] == 0
    assert past["mean"] == [1.5, None, 2.5]
    assert (past["count"], past["bad"]) == ([1, 0, 1], [0, 1, 0])
    assert [(one["kind"], one["reason"], one["from_ms"], one["to_ms"]) for one in past["gaps"]] == [
        ("bad", "timeout", NOW_MS - 20_000, NOW_MS - 10_000)
    ]
    assert past["gaps"][0]["say"]["zh"] == "未测到：设备未应答"


def test_many_readings_come_in_buckets(world: World) -> None:
    """A day at 10 s becomes at most the rows asked for; they count every reading."""
    commit(world, every_10_s(24))
    with world.client("maintainer1") as client:
        past = client.get(PATH).json()
        coarse = client.get(PATH, params={"max_points": 50}).json()
    assert past["step_ms"] == 300_000
    assert len(past["start_ms"]) <= 720
    assert sum(past["count"]) == 8640
    assert len(coarse["start_ms"]) <= 50
    assert past["gaps"] == []
    assert {len(past[name]) for name in ("start_ms", "min", "mean", "max", "first", "last", "count", "bad")} == {
        len(past["start_ms"])
    }


def test_silence_is_a_gap_in_buckets_too(world: World) -> None:
    """Two hours without readings are drawn as no data, and so is the time after the last one."""
    batch = every_10_s(24)
    hole = (batch.time_ms < NOW_MS - 7_200_000) | (
        (batch.time_ms >= NOW_MS - 3_600_000) & (batch.time_ms < NOW_MS - 1_800_000)
    )
    commit(world, batch.take(hole))
    with world.client("maintainer1") as client:
        gaps = client.get(PATH).json()["gaps"]
    assert [one["kind"] for one in gaps] == ["no_data", "no_data"]
    assert abs((gaps[0]["to_ms"] - gaps[0]["from_ms"]) - 3_600_000) <= 600_000
    assert gaps[1]["to_ms"] == NOW_MS
    assert gaps[1]["say"] == {"zh": "没有数据", "en": "no data"}


def test_bad_buckets_say_why(world: World) -> None:
    """A bucket in which nothing good was read is a bad gap with the reason of its first reading."""
    batch = every_10_s(24)
    codes = np.where((batch.time_ms > NOW_MS - 7_200_000) & (batch.time_ms < NOW_MS - 3_600_000), TIMEOUT, GOOD)
    commit(world, readings(point=batch.point, time_ms=batch.time_ms, value=batch.value, quality=codes.astype(np.uint8)))
    with world.client("maintainer1") as client:
        past = client.get(PATH).json()
    bad = [one for one in past["gaps"] if one["kind"] == "bad"]
    assert [one["reason"] for one in bad] == ["timeout"]
    assert None in past["mean"]


def test_evicted_readings_are_drawn(world: World) -> None:
    """Gap records of the point's own gateway are shown once, put together; those of others are not."""

    def record(node: str, first: int, from_ms: int) -> GapRecord:
        span = EvictedSpan(reason=GapReason.SPOOL_FULL, from_ms=from_ms, to_ms=from_ms + 9_999)
        return GapRecord(node=NodeId("g", node), epoch=1, span=OffsetRange(first, first + 10), gap=span)

    start_ms = NOW_MS - 3_600_000
    gaps = [record("gw1", 10 * n, start_ms + 10_000 * n) for n in range(6)]
    gaps += [record("gw1", 900, start_ms + 1_800_000), record("gw2", 0, start_ms)]
    commit(world, empty(), gaps)
    with world.client("maintainer1") as client:
        shown = [one for one in client.get(PATH).json()["gaps"] if one["kind"] == "evicted"]
    assert [(one["from_ms"] - start_ms, one["to_ms"] - start_ms) for one in shown] == [
        (0, 60_000),
        (1_800_000, 1_810_000),
    ]
    assert {one["reason"] for one in shown} == {"spool_full"}


def test_a_value_carried_into_the_range_is_no_gap(world: World) -> None:
    """A reading shortly before the range still holds at its beginning."""
    commit(world, readings(point=[101, 101], time_ms=[NOW_MS - 70_000, NOW_MS - 15_000], value=[1, 2]))
    with world.client("maintainer1") as client:
        gaps = client.get(PATH, params={"from_ms": NOW_MS - 60_000}).json()["gaps"]
    assert [(one["from_ms"] - NOW_MS, one["to_ms"] - NOW_MS) for one in gaps] == [(-40_000, -15_000)]


def test_limits_come_in_the_unit_of_the_point(world: World) -> None:
    """20 cm is drawn at 0.2 m; a limit in a foreign unit is left out."""
    with world.client("maintainer1") as client:
        limits = client.get(PATH).json()["limits"]
        none = client.get("/api/v1/points/102/history").json()["limits"]
    assert [(one["value"], one["kind"], one["severity"]) for one in limits] == [(0.2, "low", "high")]
    assert none == []


def test_text_values_travel_beside_the_numbers(world: World) -> None:
    """A reading that carries text keeps it, by row."""
    commit(world, readings(point=[101], time_ms=[NOW_MS - 5_000], value=[math.nan], text={0: "18446744073709551615"}))
    with world.client("maintainer1") as client:
        past = client.get(PATH).json()
        shown = client.get("/api/v1/facilities/10").json()["points"][0]["latest"]
    assert past["text"] == {"0": "18446744073709551615"}
    assert past["mean"] == [None]
    assert (shown["text"], shown["value"], shown["quality"]) == ("18446744073709551615", None, "good")


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"from_ms": NOW_MS, "to_ms": NOW_MS}, 422, "TG-4220"),
        ({"from_ms": 0, "to_ms": NOW_MS}, 413, "TG-4131"),
        ({"max_points": 4001}, 422, "TG-4220"),
        ({"max_points": 9}, 422, "TG-4220"),
        ({"from_ms": -1}, 422, "TG-4220"),
        ({"from_ms": "NaN"}, 422, "TG-4220"),
        ({"to_ms": 10**18}, 422, "TG-4220"),
    ],
)
def test_a_query_of_death_is_refused_with_a_hint(
    params: dict[str, object], status: int, code: str, world: World
) -> None:
    """Ranges that make no sense or are too large get a problem that says what to do."""
    with world.client("maintainer1") as client:
        answer = client.get(PATH, params=params)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["fix"]


def test_five_years_fit_one_query(world: World) -> None:
    """The longest range is bounded by rows, not refused."""
    commit(world, readings(point=[101] * 2, time_ms=[NOW_MS - 4 * 365 * 86_400_000, NOW_MS - 1000], value=[1, 2]))
    with world.client("maintainer1") as client:
        past = client.get(PATH, params={"from_ms": NOW_MS - 5 * 365 * 86_400_000}).json()
    assert sum(past["count"]) == 2
    assert [one["kind"] for one in past["gaps"]] == ["no_data", "no_data"]


def test_every_quality_has_words() -> None:
    """Each reason is named and worded in both languages; a code of a later version does not fail."""
    for reason in Reason:
        for klass in QualityClass:
            said = quality_text(quality(klass, reason))
            assert said.zh
            assert said.en
            assert said.zh != said.en
            if reason is not Reason.NONE:
                assert "：" in said.zh
    assert reason_name(quality(QualityClass.BAD, Reason.SENSOR_ERROR)) == "sensor_error"
    assert reason_name(0x80 | 63) == "reason_63"
    assert quality_text(0x80 | 63).en == "bad"


def test_gap_model_is_closed() -> None:
    """A gap holds what it says and nothing else."""
    with pytest.raises(ValueError, match="extra"):
        Gap.model_validate({"from_ms": 0, "to_ms": 1, "kind": "bad", "reason": "", "say": {"zh": "", "en": ""}, "x": 1})


def test_a_limit_names_what_belongs_to_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What must be so beside a limit comes with its name in both languages; an attribute stands for itself."""
    alone, _ = FakeRules().limits("sewage_pump")
    joint = replace(alone, only_with=("level", "facility.deep"))
    monkeypatch.setattr(FakeRules, "limits", lambda _self, _class_id: [alone, joint])
    with world.client("maintainer1") as client:
        limits = client.get(PATH).json()["limits"]
    assert [[name["en"] for name in one["only_with"]] for one in limits] == [[], ["Level", "facility.deep"]]
