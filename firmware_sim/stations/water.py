"""Stations of water: pumps, wells, mains, pump houses, hydrants, fire tanks, roads."""

from __future__ import annotations

from firmware_sim.noise import jitter, smooth, uniform
from firmware_sim.signals.diurnal import daily_course
from firmware_sim.signals.drainage import DrainWell
from firmware_sim.signals.fire import FireWater, Hydrant
from firmware_sim.signals.rain import RainGauge, RoadDip
from firmware_sim.signals.sewage import SewageSump
from firmware_sim.signals.water import NetworkPoint, PumpHouse
from firmware_sim.signals.windows import rise_and_fall
from firmware_sim.stations.base import Site, Station, output

START_LEVEL_M = 1.45
"""Where the float starts the pump; the registry knows it as `start_level`."""


def sewage_pump(site: Site) -> Station:
    """A lifting station with one pump."""
    sump = SewageSump(
        seed=site.own("sump"),
        start_s=site.start_s,
        phase=uniform(site.own("phase"), 0),
        inflow_m3h=22 + 10 * uniform(site.own("inflow"), 0),
        start_m=START_LEVEL_M,
        incidents=site.happening,
    )
    return (
        output("level", 30, 0.001, sump.level_m),
        output("pump1_running", 10, 0, sump.running),
        output("pump_current", 10, 0.1, sump.current_a),
        output("pump_fault", 10, 0, sump.fault_code),
        output("high_float", 10, 0, lambda t: float(int(sump.digital_inputs(t)) & 1)),
        output("seal_leak", 60, 0, lambda t: float(int(sump.digital_inputs(t)) >> 1 & 1)),
    )


def drain_well(site: Site) -> Station:
    """A storm drain well with a level gauge, a cover sensor and a gas sensor."""
    depth = 2.4 + 0.6 * uniform(site.own("depth"), 0)
    well = DrainWell(
        seed=site.own("well"),
        depth_m=depth,
        trickle_m=daily_course(site.own("trickle"), 0.22, peaks_h=(9.0, 20.0), ripple=0.1),
        storm=site.when("storm"),
    )
    cover, gas = site.when("cover_moved"), site.when("sewer_gas")
    seed = site.own("gas")

    def tilt(time_s: float) -> float:
        window = cover.active(time_s)
        return abs((window.magnitude if window else 1.5) + 0.5 * jitter(seed + 2, time_s))

    def methane(time_s: float) -> float:
        return max(0.0, 1.0 + smooth(seed, time_s, 7200.0) + rise_and_fall(gas, time_s, 1800.0, 3600.0))

    def sulphide(time_s: float) -> float:
        marsh = 1.0 + 0.8 * smooth(seed + 1, time_s, 7200.0)
        return max(0.0, marsh + 0.4 * rise_and_fall(gas, time_s, 1800.0, 3600.0))

    return (
        output("level", 60, 0.001, well.level_m),
        output("freeboard", 60, 0.001, lambda t: depth - well.level_m(t)),
        output("fill_ratio", 60, 0.1, lambda t: 100.0 * well.level_m(t) / depth),
        output("cover_tilt", 600, 0.1, tilt),
        output("ch4_lel", 600, 0.1, methane),
        output("h2s", 600, 0.1, sulphide),
        output("battery_v", 86_400, 0.01, lambda t: 3.62 - (t - site.start_s) / 86_400 * 0.0004),
    )


def mains(site: Site) -> NetworkPoint:
    """The mains at a place of the community."""
    demand = daily_course(site.shared("demand"), 24, peaks_h=(19.0, 7.5), swing=0.45, ripple=0.12)
    return NetworkPoint(
        seed=site.own("network"),
        start_s=site.start_s,
        demand_m3h=demand,
        static_mpa=0.33 + 0.02 * uniform(site.own("height"), 0),
        burst=site.when("burst"),
    )


def water_network(site: Site) -> Station:
    """A pressure and flow point of the mains."""
    point = mains(site)
    return (
        output("pressure", 60, 0.001, point.pressure_mpa),
        output("flow", 60, 0.01, point.flow_m3h),
        output("volume", 900, 0.1, point.volume_m3),
    )


def water_supply_pump(site: Site) -> Station:
    """A booster pump house with its water quality."""
    house = PumpHouse(seed=site.own("house"), network=mains(site), drive_trip=site.when("drive_trip"))
    worn, chlorine, door = site.when("bearing_worn"), site.when("chlorine_low"), site.when("door_open")
    dirty, leak, tank = site.when("turbid"), site.when("room_leak"), site.when("tank_empties")
    seed = site.own("quality")

    def tank_m(time_s: float) -> float:
        return max(0.05, house.tank_level_m(time_s) - rise_and_fall(tank, time_s, 1800.0, 1200.0))

    return (
        output("inlet_pressure", 10, 0.001, house.inlet_mpa),
        output("outlet_pressure", 10, 0.001, house.outlet_mpa),
        output("pressure_set", 300, 0.001, lambda _: house.set_mpa),
        output("pressure_error", 10, 0.001, lambda t: house.outlet_mpa(t) - house.set_mpa),
        output("flow", 30, 0.01, house.flow_m3h),
        output("pump_running", 10, 0, house.running),
        output("pump_freq", 30, 0.1, house.frequency_hz),
        output("pump_current", 30, 0.1, house.current_a),
        output("vfd_fault", 10, 0, house.fault_code),
        output("tank_level", 60, 0.001, tank_m),
        output(
            "vibration",
            300,
            0.1,
            lambda t: 1.8 + 0.4 * smooth(seed, t, 600.0) + 0.12 * rise_and_fall(worn, t, 7200.0, 60.0),
        ),
        output(
            "bearing_temp",
            60,
            0.1,
            lambda t: 48.0 + 3.0 * smooth(seed + 1, t, 3600.0) + rise_and_fall(worn, t, 7200.0, 1800.0),
        ),
        output(
            "chlorine",
            300,
            0.001,
            lambda t: max(0.0, 0.25 + 0.05 * smooth(seed + 2, t, 7200.0) - rise_and_fall(chlorine, t, 1200.0, 1200.0)),
        ),
        output(
            "turbidity",
            300,
            0.01,
            lambda t: 0.25 + 0.08 * smooth(seed + 3, t, 3600.0) + rise_and_fall(dirty, t, 900.0, 1800.0),
        ),
        output("ph", 300, 0.01, lambda t: 7.4 + 0.1 * smooth(seed + 4, t, 14_400.0)),
        output("door_open", 30, 0, lambda t: float(door.active(t) is not None)),
        output("room_leak", 30, 0, lambda t: float(leak.active(t) is not None)),
    )


def fire_hydrant(site: Site) -> Station:
    """A hydrant that reports every ten minutes."""
    hydrant = Hydrant(
        seed=site.own("hydrant"),
        network=mains(site),
        opened=site.when("water_taken"),
        shut_off=site.when("valve_shut"),
        hit=site.when("hydrant_hit"),
    )
    return (
        output("pressure", 600, 0.001, hydrant.pressure_mpa),
        output("cap_open", 600, 0, hydrant.cap_open),
        output("flow", 600, 0.1, hydrant.flow_ls),
        output("tilt", 600, 0.1, hydrant.tilt_deg),
        output("water_temp", 3600, 0.1, hydrant.water_cel),
        output("battery", 86_400, 0.1, lambda t: 94.0 - (t - site.start_s) / 86_400 * 0.02),
    )


def fire_water(site: Site) -> Station:
    """A fire tank with its pumps."""
    fire = FireWater(
        seed=site.own("fire"),
        draining=site.when("tank_drained"),
        pressure_lost=site.when("pressure_lost"),
        manual=site.when("manual_mode"),
        power_off=site.when("pump_power_off"),
        drill=site.when("fire_pump_runs"),
    )
    return (
        output("tank_level", 60, 0.001, fire.tank_m),
        output("tank_ratio", 60, 0.1, fire.tank_pct),
        output("worst_point_pressure", 60, 0.001, fire.worst_point_mpa),
        output("pump_auto", 30, 0, fire.automatic),
        output("pump_power", 30, 0, fire.powered),
        output("pump_running", 30, 0, fire.pump),
        output("jockey_running", 30, 0, fire.jockey),
        output("room_temp", 300, 0.1, fire.room_cel),
    )


def road_ponding(site: Site) -> Station:
    """An underpass with a depth gauge."""
    gauge = RainGauge(storm=site.when("storm"))
    road = RoadDip(seed=site.own("road"), storm=site.when("storm"), blocked=site.when("gully_blocked"))
    return (
        output("depth", 60, 0.1, road.depth_cm),
        output("rain_10min", 600, 0.1, lambda t: gauge.sum_mm(t, 600.0)),
    )
