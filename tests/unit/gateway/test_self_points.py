"""The gateway's own state as readings: what is known is said, what is not has no value."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from core.quality import GOOD, QualityClass, Reason, quality
from gateway.health import BusHealth, Health
from gateway.points import Points
from gateway.self_points import MEASURES, HostClock, SelfReport, Vitals, names

BUS = BusHealth(id="b", connected=True, used_percent=40, units_silent=2, wasted_s=0, units=())
NUMBERS = dict.fromkeys(Health.__dataclass_fields__, 0)
SAID = {
    "link": "online",
    "mode": "commit",
    "spool_replaced": "",
    "clock_doubtful": False,
    "spool_used_percent": 12.5,
    "disk_used_percent": 50.0,
    "in_flight_bytes": 750,
    "polls_ok": 30,
    "polls_failed": 10,
    "buses": (BUS,),
}
HEALTH = Health(**{**NUMBERS, **SAID})  # type: ignore[arg-type]
VITALS = Vitals(
    health=HEALTH,
    clock_offset_s=0.25,
    credit_bytes=1000,
    links=2,
    links_down=1,
    sessions=3,
)


def values(vitals: Vitals, *, doubtful: bool = False) -> dict[str, tuple[float, int]]:
    """Measurement to value and quality."""
    points = Points(names("gw"))
    points.alias[:] = np.arange(100, 100 + len(MEASURES))
    batch = SelfReport(points, 0).read(vitals, (5_000, doubtful))
    assert (batch.alias == points.alias).all()
    pairs = zip(batch.value.tolist(), batch.quality.tolist(), strict=True)
    return {one.key: pair for one, pair in zip(MEASURES, pairs, strict=True)}


def test_every_measure_is_in_its_class_with_its_unit() -> None:
    """What the gateway sends is what the registry knows of an edge device."""
    known = yaml.safe_load(Path("registry/classes/edge_device.yaml").read_text(encoding="utf-8"))["measurements"]
    units = {row["key"]: row["unit"] for row in known}
    assert {one.key: one.unit for one in MEASURES}.items() <= units.items()


def test_known_state_becomes_good_readings() -> None:
    """In the units of the class."""
    seen = values(VITALS)
    expected = {
        "clock_offset": 0.25,
        "disk_used": 50,
        "spool_used": 12.5,
        "credit_used": 75,
        "bus_used": 40,
        "units_silent": 2,
        "links_down": 1,
        "link_connected": 1,
        "poll_error_ratio": 25,
        "reconnects": 2,
    }
    assert {key: seen[key] for key in expected} == {key: (value, GOOD) for key, value in expected.items()}


def test_what_cannot_be_had_has_no_value() -> None:
    """No host heard, no polls, no bus, no disk: not measured, never 0."""
    empty = replace(
        VITALS,
        health=replace(HEALTH, buses=(), disk_used_percent=0.0, polls_ok=0, polls_failed=0),
        clock_offset_s=math.nan,
        links=0,
        links_down=0,
    )
    seen = values(empty)
    for key in ("clock_offset", "disk_used", "bus_used", "units_silent", "links_down", "poll_error_ratio"):
        value, code = seen[key]
        assert math.isnan(value)
        assert code == quality(QualityClass.NOT_MEASURED, Reason.NOTHING_TO_MEASURE)


def test_a_doubtful_clock_makes_doubtful_readings() -> None:
    """As for every other reading."""
    doubtful = quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED)
    assert values(VITALS, doubtful=True)["disk_used"] == (50, doubtful)


def test_times_of_a_point_increase() -> None:
    """Also when the clock stands still."""
    report = SelfReport(Points(names("gw")), 0)
    times = [int(report.read(VITALS, (5_000, False)).time_ms[0]) for _ in range(3)]
    assert times == [5_000, 5_001, 5_002]


def test_the_clock_is_compared_by_the_least_difference() -> None:
    """A command may be late and never early, so the smallest difference is nearest to the truth; each counts once."""
    clock = HostClock()
    for sent_ms, now_ms in ((1_000, 9_000), (2_000, 3_500), (0, 99_000)):
        clock.heard(sent_ms, now_ms)
    assert clock.take() == 1.5
    assert math.isnan(clock.take())


def test_errors_are_those_since_the_last_reading() -> None:
    """Old trouble does not weigh on a bus that is well again; without a poll there is no share."""
    report, place = SelfReport(Points(names("gw")), 0), [one.key for one in MEASURES].index("poll_error_ratio")
    seen = []
    for ok, failed in ((30, 10), (80, 60), (180, 60), (180, 60), (5, 5)):
        now = replace(VITALS, health=replace(HEALTH, polls_ok=ok, polls_failed=failed))
        seen.append(float(report.read(now, (1, False)).value[place]))
    assert seen[:3] == [25, 50, 0]
    assert math.isnan(seen[3])
