"""Stations of buildings: air, current, lifts, leaks, fire, gas, batteries, old houses."""

from __future__ import annotations

from firmware_sim.noise import jitter, smooth, uniform
from firmware_sim.signals.climate import OutdoorAir, RoomAir
from firmware_sim.signals.diurnal import daily_course
from firmware_sim.signals.electric import ThreePhaseSupply
from firmware_sim.signals.fire import DetectorLoop, Ups
from firmware_sim.signals.gas import Kitchen
from firmware_sim.signals.lift import LiftCar
from firmware_sim.signals.structure import OldHouse
from firmware_sim.signals.windows import rise_and_fall
from firmware_sim.stations.base import Output, Site, Station, output

RATED_A = 125.0
"""Breaker of a distribution board; the registry knows it as `rated_current`."""
_PERMILLE_PER_DEG = 17.4533


def _room(site: Site) -> RoomAir:
    seats = 14 + round(14 * uniform(site.own("seats"), 0))
    return RoomAir(
        seed=site.own("air"),
        supply_m3h=40.0 * seats,
        volume_m3=13.0 * seats,
        seats=seats,
        crowd=site.when("crowd"),
        crowd_tau_s=1200.0,
        warm=site.when("heat"),
        closed_days=site.closed_days,
    )


def indoor_air(site: Site) -> Station:
    """A room of a service centre."""
    room, seed = _room(site), site.own("dust")
    fumes, glue = site.when("fumes"), site.when("renovation")

    def dust(time_s: float) -> float:
        return 18.0 + 10.0 * smooth(seed, time_s, 14_400.0) + 4.0 * smooth(seed + 1, time_s, 600.0)

    return (
        output("air_temp", 60, 0.1, room.temperature_cel),
        output("rh", 60, 0.1, room.humidity_pct),
        output("co2", 60, 1, room.co2_ppm),
        output("pm2_5", 60, 1, dust),
        output("pm10", 60, 1, lambda t: 1.7 * dust(t)),
        output("hcho", 300, 0.001, lambda t: 0.03 + rise_and_fall(glue, t, 3600.0, 7200.0)),
        output("tvoc", 300, 0.01, lambda t: 0.2 + 3.0 * rise_and_fall(glue, t, 3600.0, 7200.0)),
        output("co", 60, 0.1, lambda t: 0.5 + rise_and_fall(fumes, t, 900.0, 900.0)),
        output("noise", 60, 0.1, room.sound_db),
        output("illuminance", 60, 1, room.illuminance_lx),
        output("people", 300, 0, lambda t: float(room.people(int(t // 1800)))),
    )


def hvac(site: Site) -> Station:
    """A fan coil: cools while the room is used; without its compressor the air stays as it is and the room warms."""
    room, seed = _room(site), site.own("coil")
    no_effect, broken, filter_full = site.when("no_effect"), site.when("hvac_fault"), site.when("filter_full")

    def warm_cel(time_s: float) -> float:
        return room.temperature_cel(time_s) + 4.0 * rise_and_fall(no_effect, time_s, 3600.0, 3600.0)

    def running(time_s: float) -> float:
        return float(warm_cel(time_s) > 22.0)

    def cooling(time_s: float) -> float:
        weak = no_effect.active(time_s) or broken.active(time_s)
        return running(time_s) * (0.8 if weak else 9.0 + smooth(seed, time_s, 900.0))

    return (
        output("room_temp", 60, 0.1, warm_cel),
        output("setpoint", 300, 0.1, lambda _: 23.0),
        output("supply_temp", 60, 0.1, lambda t: warm_cel(t) - cooling(t)),
        output("return_temp", 60, 0.1, warm_cel),
        output("running", 60, 0, running),
        output("power", 60, 0.01, lambda t: 0.05 + 1.8 * running(t)),
        output(
            "filter_dp",
            300,
            1,
            lambda t: running(t) * (70.0 + 5.0 * smooth(seed + 1, t, 3600.0) + 180.0 * bool(filter_full.active(t))),
        ),
        output("fault_code", 60, 0, lambda t: 5.0 * bool(broken.active(t))),
    )


def electrical_distribution(site: Site) -> Station:
    """A board with a meter, a residual current monitor and a cable sensor."""
    seed = site.own("board")
    mean_kw = 18.0 + 10.0 * uniform(seed, 0)
    supply = ThreePhaseSupply(
        seed=site.own("supply"),
        start_s=site.start_s,
        load_w=daily_course(site.own("load"), 1000 * mean_kw, peaks_h=(19.0, 10.0), swing=0.5, ripple=0.2),
        phase_loss=site.when("phase_loss"),
        outage=site.when("outage"),
        overload=site.when("overload"),
    )
    earth, joint, door = site.when("residual"), site.when("hot_joint"), site.when("door_open")

    def load_pct(time_s: float) -> float:
        return 100.0 * max(supply.meter(time_s)[3:]) / RATED_A

    def unbalance_pct(time_s: float) -> float:
        volts = supply.meter(time_s)[:3]
        mean = sum(volts) / 3
        return 100.0 * max(abs(v - mean) for v in volts) / mean if mean > 0 else 0.0

    def residual_ma(time_s: float) -> float:
        window = earth.active(time_s)
        return max(0.0, 60.0 + 15.0 * smooth(seed + 1, time_s, 600.0) + (window.magnitude if window else 0.0))

    def cable_cel(time_s: float) -> float:
        warm = 0.00026 * supply.power_w(time_s)
        return 28.0 + warm + 2.0 * smooth(seed + 2, time_s, 7200.0) + rise_and_fall(joint, time_s, 1800.0, 1800.0)

    return (
        Output(
            names=("u_a", "u_b", "u_c", "i_a", "i_b", "i_c"), interval_s=30, resolution=(0.1,) * 6, values=supply.meter
        ),
        output("i_n", 300, 0.1, supply.neutral_current_a),
        output("load_ratio", 60, 0.1, load_pct),
        output("p_total", 60, 0.01, lambda t: supply.power_w(t) / 1000.0),
        output("pf_total", 60, 0.001, supply.power_factor),
        output("freq", 60, 0.01, supply.frequency_hz),
        output("energy", 300, 0.01, supply.energy_kwh),
        output("thd_u", 300, 0.1, supply.thd_pct),
        output("unbalance_u", 60, 0.01, unbalance_pct),
        output("residual_current", 60, 1, residual_ma),
        output("cable_temp", 60, 0.1, cable_cel),
        output("door_open", 30, 0, lambda t: float(door.active(t) is not None)),
    )


def elevator(site: Site) -> Station:
    """A lift with its status module."""
    floors = 7 + round(4 * uniform(site.own("floors"), 0))
    lift = LiftCar(seed=site.own("trips"), start_s=site.start_s, floors=floors, incidents=site.happening)
    warm = site.when("room_hot")

    def contacts(time_s: float) -> tuple[float, ...]:
        state = lift.state(time_s)
        level = float(state.speed_ms == 0.0 and state.position == int(state.position))
        moving = float(state.speed_ms != 0.0)
        return (
            float(int(state.position)),
            state.speed_ms,
            abs(state.speed_ms) / lift.rated_ms,
            float(state.door_open),
            level,
            float(state.has_people),
            moving,
            float(state.fault_code),
        )

    names = ("floor", "speed", "speed_ratio", "door_open", "in_door_zone", "has_people", "moving", "fault_code")
    return (
        Output(names=names, interval_s=10, resolution=(0, 0.01, 0.01, 0, 0, 0, 0, 0), values=contacts),
        output("maintenance", 60, 0, lift.maintenance),
        output("mains", 30, 0, lift.mains),
        output("alarm_button", 5, 0, lift.alarm_button),
        output("door_cycles", 3600, 1, lift.door_cycles),
        output("level_error", 60, 0.1, lambda t: 2.0 + 3.0 * jitter(site.own("stop"), t, 60.0)),
        output(
            "machine_room_temp",
            300,
            0.1,
            lambda t: lift.machine_room_cel(t) + rise_and_fall(warm, t, 1800.0, 1800.0),
        ),
    )


def indoor_leak(site: Site) -> Station:
    """A leak sensor in a basement with a sump."""
    leak, flood = site.when("leak"), site.when("flood")

    def depth(time_s: float) -> float:
        return max(0.0, 1.0 + 0.3 * jitter(site.own("sump"), time_s) + rise_and_fall(flood, time_s, 1800.0, 1200.0))

    return (
        output("leak", 30, 0, lambda t: float(bool(leak.active(t)) or depth(t) > 4.0)),
        output("sump_depth", 60, 0.1, depth),
        output("battery", 3600, 0.1, lambda t: 96.0 - (t - site.start_s) / 86_400 * 0.05),
    )


def ups_battery(site: Site) -> Station:
    """The UPS of a centre."""
    ups = Ups(
        seed=site.own("ups"),
        mains_loss=site.when("mains_loss"),
        cell_weak=site.when("cell_weak"),
        warm=site.when("battery_hot"),
    )
    return (
        output("on_battery", 30, 0, ups.on_battery),
        output("soc", 60, 0.1, ups.charge_pct),
        output("runtime", 60, 1, ups.left_min),
        output("cell_voltage", 60, 0.01, ups.cell_v),
        output("battery_temp", 60, 0.1, ups.battery_cel),
        output("load_pct", 60, 0.1, ups.load_pct),
        output("fault", 60, 0, lambda _: 0.0),
    )


def smoke_fire(site: Site) -> Station:
    """A detector loop of a building."""
    loop = DetectorLoop(
        seed=site.own("loop"),
        fire=site.when("fire"),
        loop_fault=site.when("loop_fault"),
        disabled=site.when("detectors_off"),
        mains_loss=site.when("panel_mains_loss"),
    )
    return (
        output("fire", 10, 0, loop.alarm),
        output("fault", 60, 0, loop.fault),
        output("disabled", 60, 0, loop.off),
        output("main_power", 60, 0, loop.mains),
        output("smoke_obscuration", 60, 0.01, loop.obscuration_db_m),
        output("battery", 86_400, 0.1, lambda t: 98.0 - (t - site.start_s) / 86_400 * 0.03),
    )


def gas_indoor(site: Site) -> Station:
    """A kitchen with a gas detector."""
    kitchen = Kitchen(
        seed=site.own("kitchen"),
        leak=site.when("gas_leak"),
        fumes=site.when("fumes"),
        detector_fault=site.when("detector_fault"),
        valve_jammed=site.when("valve_jammed"),
    )
    return (
        output("ch4_lel", 30, 0.1, kitchen.methane_lel),
        output("co", 30, 1, kitchen.carbon_monoxide_ppm),
        output("valve_closed", 60, 0, kitchen.valve_closed),
        output("sensor_life", 86_400, 1, lambda t: 700.0 - (t - site.start_s) / 86_400),
        output("fault", 60, 0, kitchen.fault),
    )


def old_house(site: Site) -> Station:
    """An old house with an inclinometer, a crack gauge and a vibration sensor."""
    seed = site.own("house")
    house = OldHouse(
        seed=seed,
        start_s=site.start_s,
        air=OutdoorAir(seed=site.shared("outdoor"), storm=site.when("storm")),
        tilt_x_deg=0.08 + 0.12 * uniform(seed, 0),
        crack_mm=0.15 + 0.3 * uniform(seed, 1),
        movement=site.when("movement"),
        reach_s=3600.0,
    )
    works = site.when("works")
    first_deg, first_mm = house.angle_x_deg(site.start_s), house.crack_width_mm(site.start_s)

    def shaken(time_s: float) -> float:
        lorry = 1.5 * (uniform(seed + 7, int(time_s // 600)) < 0.1)
        window = works.active(time_s)
        return 0.3 + lorry + (window.magnitude if window else 0.0) + 0.1 * jitter(seed + 8, time_s)

    return (
        output("tilt_permille", 600, 0.01, lambda t: _PERMILLE_PER_DEG * house.angle_x_deg(t)),
        output("tilt_change", 600, 0.01, lambda t: _PERMILLE_PER_DEG * (house.angle_x_deg(t) - first_deg)),
        output("crack_width", 600, 0.001, house.crack_width_mm),
        output("crack_change", 600, 0.001, lambda t: house.crack_width_mm(t) - first_mm),
        output("vibration", 600, 0.01, shaken),
        output("sensor_temp", 3600, 0.1, house.air.temperature_cel),
    )
