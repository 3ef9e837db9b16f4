"""Stations: every class has one, it keeps within what its instruments can show, and its faults can be seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from firmware_sim.signals.fire import FireWater, Ups
from firmware_sim.signals.gas import Kitchen
from firmware_sim.signals.rain import MM_H_PER_M, RainGauge, RoadDip, Slope
from firmware_sim.signals.windows import Schedule, Window
from firmware_sim.stations.all import STATIONS
from firmware_sim.stations.base import Site, output
from registry.classbook import load_classes

NOON_S = 1_758_513_600.0
"""2025-09-22 12:00 in Asia/Shanghai."""
HOUR_S = 3600.0


def window(hours: float, magnitude: float = 1.0) -> Schedule:
    """A window from noon on."""
    return Schedule(windows=(Window(start_s=NOON_S, stop_s=NOON_S + hours * HOUR_S, magnitude=magnitude),))


def sampled(class_id: str, happening: Mapping[str, Schedule], from_s: float, to_s: float) -> dict[str, np.ndarray]:
    """A station's measurements over some time."""
    site = Site(code="x-1", community="x", seed=7, start_s=NOON_S - 86_400, happening=happening)
    return {
        name: row
        for one in STATIONS[class_id](site)
        for name, row in zip(one.names, one.sample(np.arange(from_s, to_s, one.interval_s)), strict=True)
    }


def test_every_class_has_a_station() -> None:
    """And no station is of a class that does not exist."""
    assert set(STATIONS) == set(load_classes())


@pytest.mark.parametrize("class_id", sorted(STATIONS))
def test_an_undisturbed_day_is_plausible(class_id: str) -> None:
    """All measurements are of the class, finite, and within the plausible range of their instrument."""
    known = load_classes()[class_id].facility_class.measurements
    for name, row in sampled(class_id, {}, NOON_S, NOON_S + 86_400).items():
        assert np.all(np.isfinite(row)), name
        assert known[name].low <= row.min() <= row.max() <= known[name].high, name


@pytest.mark.parametrize("class_id", sorted(STATIONS))
def test_a_moment_is_the_same_however_it_is_asked_for(class_id: str) -> None:
    """In one stretch or in two, and whatever was asked before."""
    whole = sampled(class_id, {}, NOON_S, NOON_S + 2 * 86_400)
    second = sampled(class_id, {}, NOON_S + 86_400, NOON_S + 2 * 86_400)
    for name, row in second.items():
        assert np.array_equal(row, whole[name][-len(row) :]), name


def test_an_output_is_rounded_to_its_last_digit() -> None:
    """As an instrument shows it."""
    one = output("level", 60, 0.01, lambda t: t / 3)
    assert one.sample(np.array([1.0, 2.0])).tolist() == [[pytest.approx(0.33), pytest.approx(0.67)]]


def test_rain_is_the_integral_of_its_windows() -> None:
    """To one tip of the bucket, in whatever pieces it is asked for."""
    gauge = RainGauge(storm=window(2, 1.5))
    whole_mm = 2 * 1.5 * MM_H_PER_M
    assert gauge.sum_mm(NOON_S + 3 * HOUR_S, 24 * HOUR_S) == pytest.approx(whole_mm, abs=0.2)
    pieces = sum(gauge.sum_mm(NOON_S + step * 600, 600) for step in range(1, 19))
    assert pieces == pytest.approx(whole_mm, abs=18 * 0.2)


def test_a_road_floods_beyond_what_its_gullies_take() -> None:
    """Ordinary rain leaves it dry, a storm does not, and blocked gullies make a storm of ordinary rain."""
    at_s = NOON_S + 1.5 * HOUR_S
    assert RoadDip(seed=1, storm=window(2, 0.7)).depth_cm(at_s) == 0.0
    assert RoadDip(seed=1, storm=window(2, 2.5)).depth_cm(at_s) > 25
    assert RoadDip(seed=1, storm=window(2, 0.7), blocked=window(3)).depth_cm(at_s) > 5
    assert RoadDip(seed=1, storm=window(2, 2.5)).depth_cm(NOON_S + 8 * HOUR_S) == 0.0


def test_a_slope_moves_within_hours_and_is_set_back() -> None:
    """It reaches its displacement in six hours, holds it, and is back an hour after it was propped."""
    slope = Slope(seed=1, slip=window(24, 30.0))
    assert slope.displacement_mm(NOON_S - 1) < 3
    assert slope.displacement_mm(NOON_S + 12 * HOUR_S) == pytest.approx(31, abs=2)
    assert slope.tilt_deg(NOON_S + 12 * HOUR_S) == pytest.approx(0.6, abs=0.05)
    assert slope.displacement_mm(NOON_S + 26 * HOUR_S) < 3


def test_the_valve_closes_on_a_leak_unless_it_is_jammed() -> None:
    """At a fifth of the explosive limit, and not before."""
    at_s = NOON_S + 0.5 * HOUR_S
    assert Kitchen(seed=1, leak=window(1, 60)).valve_closed(at_s) == 1.0
    assert Kitchen(seed=1, leak=window(1, 60)).valve_closed(NOON_S + 30) == 0.0
    assert Kitchen(seed=1, leak=window(1, 15)).valve_closed(at_s) == 0.0
    assert Kitchen(seed=1, leak=window(1, 60), valve_jammed=window(1)).valve_closed(at_s) == 0.0


def test_a_battery_empties_without_mains_and_is_charged_again() -> None:
    """Without a jump where the mains come back."""
    ups = Ups(seed=1, mains_loss=window(1))
    last = ups.charge_pct(NOON_S + HOUR_S - 1)
    assert last == pytest.approx(50, abs=1)
    assert ups.charge_pct(NOON_S + HOUR_S + 1) == pytest.approx(last, abs=0.1)
    assert ups.charge_pct(NOON_S + 12 * HOUR_S) == 100.0


def test_a_drained_tank_is_filled_again_without_a_jump() -> None:
    """Down at its rate, up at that of the filling valve."""
    fire = FireWater(seed=1, draining=window(3, 0.5))
    assert fire.tank_m(NOON_S + 3 * HOUR_S) == pytest.approx(3.2 - 1.5, abs=0.06)
    assert fire.tank_m(NOON_S + 3 * HOUR_S + 60) == pytest.approx(1.71, abs=0.06)
    assert fire.tank_m(NOON_S + 7 * HOUR_S) > 3.1


def test_nobody_comes_on_a_closed_day() -> None:
    """A service hall on a holiday has the air of a night."""
    day = int((NOON_S + 8 * HOUR_S) // 86_400)
    site = Site(code="x-1", community="x", seed=7, start_s=NOON_S, closed_days=frozenset({day}))
    outputs = {one.names[0]: one for one in STATIONS["indoor_air"](site)}
    assert outputs["people"].sample(np.array([NOON_S])).item() == 0
    assert outputs["co2"].sample(np.array([NOON_S])).item() < 440
    assert outputs["people"].sample(np.array([NOON_S + 86_400])).item() > 0
