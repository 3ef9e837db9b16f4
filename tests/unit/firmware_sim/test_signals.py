"""Signals: pure, continuous where the plant is, and consistent with themselves."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import noise
from firmware_sim.signals.base import ConstantSignal, ConvertedSignal, ModelSignal, ProvenanceKind
from firmware_sim.signals.climate import OutdoorAir, RoomAir
from firmware_sim.signals.diurnal import daily_course, local_hour
from firmware_sim.signals.drainage import DrainWell
from firmware_sim.signals.electric import ThreePhaseSupply
from firmware_sim.signals.lift import LiftCar
from firmware_sim.signals.sewage import SewageSump
from firmware_sim.signals.structure import OldHouse
from firmware_sim.signals.water import NetworkPoint, PumpHouse
from firmware_sim.signals.windows import NEVER, Schedule, Window, rise_and_fall

START_S = 1_795_300_000.0
SEEDS = st.integers(0, 2**64 - 1)
MOMENTS = st.floats(0, 3 * 86_400)


def once(start_s: float, stop_s: float, magnitude: float = 1.0) -> Schedule:
    return Schedule(origin_s=START_S, windows=(Window(start_s=start_s, stop_s=stop_s, magnitude=magnitude),))


# --- noise and windows ------------------------------------------------------------------------------------------


@given(SEEDS, st.floats(-1e10, 1e10), st.floats(0.1, 1e5))
def test_noise_is_bounded(seed: int, time_s: float, period_s: float) -> None:
    """Noise stays between -1 and 1 at any moment."""
    assert -1 <= noise.smooth(seed, time_s, period_s) <= 1
    assert -1 <= noise.jitter(seed, time_s, period_s) <= 1


def test_noise_is_even() -> None:
    """The hash behind the noise is evenly spread: mean and quarters of 20,000 numbers are where they belong."""
    numbers = [noise.uniform(7, i) for i in range(20_000)]
    assert sum(numbers) / len(numbers) == pytest.approx(0.5, abs=0.01)
    assert sum(n < 0.25 for n in numbers) / len(numbers) == pytest.approx(0.25, abs=0.015)
    assert noise.derive_seed(1, "a") != noise.derive_seed(1, "b") != noise.derive_seed(2, "b")


def test_latest_and_active_windows() -> None:
    """A window is active from its start up to, not including, its stop, and stays the latest afterwards."""
    schedule = Schedule(origin_s=100.0, windows=(Window(start_s=10, stop_s=20), Window(start_s=30, stop_s=40)))
    assert schedule.latest(109.9) is None
    assert schedule.active(110.0) == Window(start_s=110, stop_s=120)
    assert schedule.active(120.0) is None
    assert schedule.latest(125.0) == Window(start_s=110, stop_s=120)
    assert schedule.latest(1e9) == Window(start_s=130, stop_s=140)


def test_repeating_windows() -> None:
    """A repeating schedule begins again, and before its first window of a round the last of the round before counts."""
    schedule = Schedule(origin_s=0.0, windows=(Window(start_s=10, stop_s=20),), repeat_s=100.0)
    assert schedule.latest(5.0) is None
    assert schedule.active(115.0) == Window(start_s=110, stop_s=120)
    assert schedule.latest(205.0) == Window(start_s=110, stop_s=120)
    assert [w.start_s for w in schedule.until(250.0)] == [10, 110, 210]


@given(st.floats(0, 500), st.floats(0.01, 5))
def test_first_order_response_has_no_jump(at_s: float, step_s: float) -> None:
    """The response to a window moves no faster than its time constant allows."""
    schedule = once(50, 150, 3.0)
    before = rise_and_fall(schedule, START_S + at_s, 20, 40)
    after = rise_and_fall(schedule, START_S + at_s + step_s, 20, 40)
    assert abs(after - before) <= 3.0 * step_s / 20 + 1e-9
    assert 0 <= after <= 3.0


# --- courses and counters ---------------------------------------------------------------------------------------


@given(SEEDS, st.floats(0, 86_400), st.floats(60, 7200))
def test_the_integral_of_a_course_is_its_area(seed: int, from_s: float, length_s: float) -> None:
    """The closed-form integral equals the trapezoidal sum of the course."""
    course = daily_course(seed, 100.0, peaks_h=(19.0, 7.5))
    steps = 2000
    step = length_s / steps
    numbers = [course.value(START_S + from_s + i * step) for i in range(steps + 1)]
    area = step * (sum(numbers) - (numbers[0] + numbers[-1]) / 2)
    assert course.integral(START_S + from_s, START_S + from_s + length_s) == pytest.approx(area, rel=1e-4)


@given(SEEDS, MOMENTS)
def test_a_course_stays_positive(seed: int, at_s: float) -> None:
    """Load and demand never become negative."""
    assert daily_course(seed, 5.0, peaks_h=(14, 10), swing=0.5, ripple=0.2).value(START_S + at_s) > 0


def supply(seed: int = 3) -> ThreePhaseSupply:
    return ThreePhaseSupply(
        seed=seed,
        start_s=START_S,
        load_w=daily_course(seed, 9000, peaks_h=(14, 10)),
        phase_loss=once(100, 200),
        outage=once(400, 500),
        overload=once(700, 800, 2.0),
    )


def test_energy_is_the_integral_of_power_through_incidents() -> None:
    """The energy counter equals the summed power, with a lost phase, an outage and an overload in between."""
    model = supply()
    step = 0.25
    joules = sum(model.power_w(START_S + (i + 0.5) * step) * step for i in range(int(1000 / step)))
    assert model.energy_kwh(START_S + 1000) - model.energy_kwh(START_S) == pytest.approx(joules / 3.6e6, rel=1e-4)


@given(st.floats(0, 1000), st.floats(0, 100))
def test_energy_never_runs_backwards(at_s: float, later_s: float) -> None:
    """The energy counter only grows."""
    model = supply()
    assert model.energy_kwh(START_S + at_s + later_s) >= model.energy_kwh(START_S + at_s) - 1e-9


@given(SEEDS, MOMENTS)
def test_a_healthy_supply_stays_in_the_legal_band(seed: int, at_s: float) -> None:
    """Without incidents each phase stays within +7/-10 % of 220 V and P = U I pf holds."""
    model = ThreePhaseSupply(seed=seed, start_s=START_S, load_w=daily_course(seed, 9000, peaks_h=(14, 10)))
    moment = START_S + at_s
    for phase in range(3):
        assert 198 <= model.voltage_v(phase, moment) <= 235.4
        product = model.voltage_v(phase, moment) * model.current_a(phase, moment) * model.power_factor(moment)
        assert product == pytest.approx(model.phase_power_w(phase, moment))
    assert 49.8 <= model.frequency_hz(moment) <= 50.2


def test_a_lost_phase_and_an_outage_show() -> None:
    """A lost phase reads almost no voltage and no current; an outage takes all of them and the frequency."""
    model = supply()
    assert model.voltage_v(1, START_S + 150) < 110 < 180 < model.voltage_v(0, START_S + 150)
    assert model.current_a(1, START_S + 150) == 0
    assert [model.voltage_v(p, START_S + 450) for p in range(3)] == [0, 0, 0]
    assert model.frequency_hz(START_S + 450) == 0


# --- sewage -----------------------------------------------------------------------------------------------------

SUMP_INCIDENTS = {
    "pump_runs_on": once(300, 900),
    "pump_trip": once(2500, 2900, 2.0),
    "pump_clogged": once(5000, 5300, 1.5),
}


@given(SEEDS, st.floats(0, 1), st.floats(0, 9000), st.floats(0.05, 2.0))
def test_the_sump_level_never_jumps(seed: int, phase: float, at_s: float, step_s: float) -> None:
    """The level moves no faster than inflow and pump can move it, through three incidents and their recoveries."""
    sump = SewageSump(seed=seed, start_s=START_S, phase=phase, incidents=SUMP_INCIDENTS)
    moment = START_S + at_s
    fastest = max(2.0 * 28 * 1.3, 75) / 3600 / sump.area_m2
    ripple = 2 * 0.002
    assert abs(sump.level_m(moment + step_s) - sump.level_m(moment)) <= 1.05 * fastest * step_s + ripple + 1e-6


@given(st.floats(0, 1), MOMENTS)
def test_an_undisturbed_sump_stays_between_its_floats(phase: float, at_s: float) -> None:
    """Without incidents the level stays between stop and start level, and the high float never answers."""
    sump = SewageSump(seed=1, start_s=START_S, phase=phase)
    assert sump.stop_m - 0.003 <= sump.level_m(START_S + at_s) <= sump.start_m + 0.003
    assert sump.digital_inputs(START_S + at_s) == 0


def test_the_sump_obeys_its_balance() -> None:
    """The rise without the pump is inflow over area, and the fall with it the difference to the pump's flow."""
    sump = SewageSump(seed=1, start_s=START_S, phase=0.1)
    exact = [sump._cycle(START_S + t)[0] for t in range(600)]
    running = [sump.running(START_S + t) for t in range(600)]
    inflow = sump.inflow_m3s(START_S)
    for i in range(599):
        if running[i] == running[i + 1]:
            expected = (inflow - running[i] * sump.pump_m3h / 3600) / sump.area_m2
            assert exact[i + 1] - exact[i] == pytest.approx(expected, rel=0.03)


def test_a_stuck_float_runs_the_pump_dry() -> None:
    """The level falls below the suction level while the pump runs at its no-load current."""
    sump = SewageSump(seed=1, start_s=START_S, phase=0.9, incidents={"pump_runs_on": once(10, 400)})
    moment = START_S + 390
    assert sump.level_m(moment) < 0.2
    assert 2 < sump.current_a(moment) < 7
    assert sump.running(moment) == 1
    refilled = START_S + 1500
    assert sump.level_m(refilled) > 0.3


def test_a_tripped_pump_lets_the_sump_fill_to_the_high_float() -> None:
    """The drive shows fault 11 and no current, and the high float answers before the sump overflows."""
    sump = SewageSump(seed=1, start_s=START_S, incidents={"pump_trip": once(10, 900, 2.0)})
    moment = START_S + 800
    assert (sump.fault_code(moment), sump.current_a(moment), sump.drive_state(moment)) == (11, 0, 4)
    assert int(sump.digital_inputs(moment)) & 1
    assert sump.level_m(moment) <= sump.max_m + 0.003


# --- air, wells, water, houses ----------------------------------------------------------------------------------


def test_co2_agrees_with_the_integrated_balance() -> None:
    """The closed form equals the mass balance integrated in small steps from the night on."""
    room = RoomAir(seed=5)
    tau_s = room.volume_m3 / room.supply_m3h * 3600
    begin = START_S - (local_hour(START_S) * 3600)  # local midnight, when nobody is there
    level, step = 420.0, 5.0
    for i in range(int(15 * 3600 / step)):
        moment = begin + i * step
        steady = 420.0 + room.people(int(moment // 1800)) * 20 / 1000 / room.supply_m3h * 1e6
        level += (steady - level) * step / tau_s
    assert room.co2_ppm(begin + 15 * 3600) == pytest.approx(level, abs=10)


@given(SEEDS, MOMENTS)
def test_a_rooms_values_are_possible(seed: int, at_s: float) -> None:
    """Climate values stay inside what instruments can show."""
    room = RoomAir(seed=seed)
    moment = START_S + at_s
    assert 400 <= room.co2_ppm(moment) <= 1600
    assert 15 <= room.temperature_cel(moment) <= 28
    assert 30 <= room.humidity_pct(moment) <= 80
    assert 0 <= room.illuminance_lx(moment) <= 1000


def test_a_crowd_is_felt_and_fades() -> None:
    """A crowd adds CO2 towards its magnitude, and the air recovers afterwards."""
    room, crowded = RoomAir(seed=5), RoomAir(seed=5, crowd=once(100, 1500, 2000))
    assert crowded.co2_ppm(START_S + 1490) - room.co2_ppm(START_S + 1490) > 1900
    assert crowded.co2_ppm(START_S + 5000) - room.co2_ppm(START_S + 5000) < 10


@given(SEEDS, st.floats(0, 4000))
def test_a_well_holds_water_between_bottom_and_cover(seed: int, at_s: float) -> None:
    """Level is never below the bottom nor above the cover, and distance is its complement."""
    course = daily_course(seed, 0.3, peaks_h=(9, 20))
    well = DrainWell(seed=seed, depth_m=2.0, trickle_m=course, storm=once(100, 900, 5.0), rise_tau_s=60, fall_tau_s=90)
    level = well.level_m(START_S + at_s)
    assert 0 <= level <= 2.0
    assert well.distance_mm(START_S + at_s) == pytest.approx(1000 * (2.0 - level))


def test_compressed_time_is_said() -> None:
    """A well that fills faster than real ones says so in its provenance."""
    course = daily_course(1, 0.3, peaks_h=(9, 20))
    assert "compressed" in DrainWell(seed=1, depth_m=2.0, trickle_m=course, rise_tau_s=60).detail
    assert "compressed" not in DrainWell(seed=1, depth_m=2.0, trickle_m=course).detail


def network(burst: Schedule = NEVER) -> NetworkPoint:
    return NetworkPoint(seed=2, start_s=START_S, demand_m3h=daily_course(2, 24, peaks_h=(19, 7.5)), burst=burst)


def test_volume_is_the_integral_of_flow_through_a_burst() -> None:
    """The meter's volume equals the summed flow, a burst included."""
    point = network(burst=once(200, 500, 0.15))
    step = 0.5
    summed = sum(point.flow_m3h(START_S + (i + 0.5) * step) * step / 3600 for i in range(2000))
    assert point.volume_m3(START_S + 1000) - point.volume_m3(START_S) == pytest.approx(summed, rel=1e-4)


def test_a_burst_takes_pressure_within_a_minute() -> None:
    """Pressure falls by the burst's magnitude and comes back."""
    sound, burst = network(), network(burst=once(200, 500, 0.15))
    assert sound.pressure_mpa(START_S + 260) - burst.pressure_mpa(START_S + 260) == pytest.approx(0.15, abs=0.01)
    assert burst.pressure_mpa(START_S + 600) == pytest.approx(sound.pressure_mpa(START_S + 600), abs=0.01)


@pytest.mark.parametrize("magnitude", [0.0, 1.0])
def test_a_tripped_booster_falls_to_the_inlet(magnitude: float) -> None:
    """With the drive down outlet equals inlet pressure; running it holds the set point; the strength has no meaning."""
    house = PumpHouse(seed=4, network=network(), drive_trip=once(100, 300, magnitude))
    assert house.outlet_mpa(START_S + 50) == pytest.approx(house.set_mpa, abs=0.02)
    assert house.outlet_mpa(START_S + 290) == pytest.approx(house.inlet_mpa(START_S + 290), abs=0.01)
    assert (house.fault_code(START_S + 200), house.running(START_S + 200), house.flow_m3h(START_S + 200)) == (10, 0, 0)
    assert house.outlet_mpa(START_S + 400) == pytest.approx(house.set_mpa, abs=0.02)


def test_a_crack_opens_as_the_wall_cools() -> None:
    """A crack is 0.01 mm wider for each Cel less."""
    air = OutdoorAir(seed=1)
    house = OldHouse(seed=1, start_s=START_S, air=air)
    warm, cold = START_S + 7 * 3600, START_S + 19 * 3600
    difference = house.crack_width_mm(cold) - house.crack_width_mm(warm)
    expected = 0.01 * (air.temperature_cel(warm) - air.temperature_cel(cold))
    assert difference == pytest.approx(expected, abs=0.005)


# --- lift -------------------------------------------------------------------------------------------------------

LIFT_INCIDENTS = {
    "passengers_trapped": once(1000, 1200),
    "safety_circuit": once(2000, 2200),
    "door_fault": once(3000, 3200),
    "mains_loss": once(4000, 4200),
}


@given(SEEDS, st.integers(2, 20), st.floats(0, 6000))
def test_a_lift_is_never_in_an_impossible_state(seed: int, floors: int, at_s: float) -> None:
    """It never moves with an open door, is in the shaft, in a door zone when the door is open, and within its speed."""
    lift = LiftCar(seed=seed, start_s=START_S, floors=floors, incidents=LIFT_INCIDENTS)
    moment = START_S + at_s
    assert not (lift.moving(moment) and lift.door_open(moment))
    assert not lift.door_open(moment) or lift.in_door_zone(moment)
    assert 1 <= lift.floor(moment) <= floors
    assert abs(lift.speed_ms(moment)) <= lift.rated_ms


@given(SEEDS, st.integers(2, 20))
def test_the_door_counter_counts_door_openings(seed: int, floors: int) -> None:
    """Over whole trips the counter grows by the number of times the door was seen to open."""
    lift = LiftCar(seed=seed, start_s=START_S, floors=floors)
    begin = START_S - START_S % 60 + 59
    seen = [lift.door_open(begin + 0.5 * i) for i in range(481)]
    opened = sum(later > earlier for earlier, later in pairwise(seen))
    assert opened == lift.door_cycles(begin + 240) - lift.door_cycles(begin)


@pytest.mark.parametrize("floors", [1, 23])
def test_a_trip_must_fit_its_minute(floors: int) -> None:
    """A lift whose longest trip does not fit a slot, or that goes nowhere, is refused."""
    with pytest.raises(ValueError, match="floors must be at least 2"):
        LiftCar(seed=1, start_s=START_S, floors=floors)


def test_trapped_passengers_show_and_press_the_button() -> None:
    """The car stands between floors with people inside, code 8, and the button follows after 15 s."""
    lift = LiftCar(seed=9, start_s=START_S, incidents=LIFT_INCIDENTS)
    moment = START_S + 1100
    state = [f(moment) for f in (lift.has_people, lift.moving, lift.door_open, lift.in_door_zone)]
    assert state == [1, 0, 0, 0]
    assert lift.fault_code(moment) == 8
    assert (lift.alarm_button(START_S + 1010), lift.alarm_button(START_S + 1016)) == (0, 1)


# --- any signal -------------------------------------------------------------------------------------------------


@given(st.integers(0, 1000))
def test_signals_are_pure(shuffle_seed: int) -> None:
    """The order and number of evaluations changes no value."""
    sump = SewageSump(seed=8, start_s=START_S, incidents=SUMP_INCIDENTS)
    lift = LiftCar(seed=8, start_s=START_S)
    moments = [START_S + 7.3 * i for i in range(40)]
    straight = [(sump.level_m(m), sump.current_a(m), lift.floor(m)) for m in moments]
    order = list(range(40)) * 2
    random.Random(shuffle_seed).shuffle(order)
    for i in order:
        assert (sump.level_m(moments[i]), sump.current_a(moments[i]), lift.floor(moments[i])) == straight[i]


def test_a_converted_signal_says_so() -> None:
    """A conversion multiplies exactly and is named in the provenance, which stays the source's."""
    watts = ModelSignal(unit="kW", model="some load", function=lambda _: 1.5, detail="mean 1 kW")
    converted = ConvertedSignal(unit="W", of=watts, factor=1000, reason="exact")
    assert converted.value(0) == 1500
    assert converted.provenance.kind is ProvenanceKind.MODEL
    assert converted.provenance.name == "some load"
    assert "kW to W: x 1000 + 0 (exact)" in converted.provenance.detail
    assert ConstantSignal(unit="1", constant=3).provenance.kind is ProvenanceKind.CONSTANT
    assert math.isfinite(converted.value(1e12))
