"""Stations of streets: lamps, charging, gas regulators, toilets, slopes, weather; and the gateway itself."""

from __future__ import annotations

from firmware_sim.noise import jitter, smooth, uniform
from firmware_sim.signals.climate import OutdoorAir
from firmware_sim.signals.diurnal import daily_course
from firmware_sim.signals.electric import ThreePhaseSupply
from firmware_sim.signals.gas import Regulator, ToiletAir
from firmware_sim.signals.rain import RainGauge, Slope, StreetLamp
from firmware_sim.signals.windows import rise_and_fall
from firmware_sim.stations.base import Site, Station, output

SOCKETS = 4.0
"""Sockets of a charging shed; the registry knows them as `sockets`."""
_CHARGE_SLOT_S = 14_400
"""A battery is charged for four to eight hours."""


def street_light(site: Site) -> Station:
    """A lamp post and its circuit."""
    lamp = StreetLamp(
        seed=site.own("lamp"),
        storm=site.when("storm"),
        lamp_out=site.when("lamp_out"),
        insulation=site.when("insulation"),
        pole_live=site.when("pole_live"),
        pole_hit=site.when("pole_hit"),
    )
    door = site.when("door_open")
    return (
        output("lamp_power", 300, 0.1, lamp.power_w),
        output("power_ratio", 300, 0.01, lamp.power_ratio),
        output("lamp_on", 300, 0, lamp.switched_on),
        output("circuit_current", 300, 0.1, lamp.circuit_a),
        output("leakage", 60, 1, lamp.leakage_ma),
        output("pole_tilt", 600, 0.1, lamp.tilt_deg),
        output("pole_voltage", 60, 0.1, lamp.pole_v),
        output("illuminance", 900, 1, lamp.illuminance_lx),
        output("door_open", 300, 0, lambda t: float(door.active(t) is not None)),
    )


def ev_charging(site: Site) -> Station:
    """A charging shed for e-bikes."""
    seed = site.own("shed")
    supply = ThreePhaseSupply(
        seed=site.own("grid"),
        start_s=site.start_s,
        load_w=daily_course(site.own("load"), 1400, peaks_h=(21.0, 20.0), swing=0.55, ripple=0.3),
        shares=(1.0, 0.0, 0.0),
        overload=site.when("overload"),
    )
    hot, earth, smoke = site.when("hot_socket"), site.when("leakage"), site.when("smoke")
    forgotten = site.when("never_unplugged")

    def socket_cel(time_s: float) -> float:
        air = 22.0 + 4.0 * smooth(seed, time_s, 14_400.0)
        return air + 4.0 * supply.power_w(time_s) / 1400.0 + rise_and_fall(hot, time_s, 400.0, 600.0)

    def charging(time_s: float) -> float:
        slot = int(time_s // _CHARGE_SLOT_S)
        busy = slot % 3 != 2 and uniform(seed + 2, slot) < 0.6
        return float(busy or forgotten.active(time_s) is not None)

    def leakage_ma(time_s: float) -> float:
        window = earth.active(time_s)
        return 4.0 + 1.5 * jitter(seed + 1, time_s) + (window.magnitude if window else 0.0)

    return (
        output("current", 30, 0.01, lambda t: supply.current_a(0, t)),
        output("power", 30, 1, supply.power_w),
        output("socket_temp", 30, 0.1, socket_cel),
        output("residual_current", 10, 0.1, leakage_ma),
        output("smoke", 60, 0, lambda t: float(smoke.active(t) is not None)),
        output("charging", 30, 0, charging),
    )


def gas_network(site: Site) -> Station:
    """A district regulator and its pit."""
    regulator = Regulator(
        seed=site.own("regulator"),
        demand=daily_course(site.own("demand"), 1.0, peaks_h=(18.5, 7.0), swing=0.6, ripple=0.1),
        lock_up=site.when("lock_up"),
        inlet_low=site.when("inlet_low"),
        leak=site.when("gas_leak"),
        cover=site.when("cover_moved"),
        storm=site.when("storm"),
    )
    return (
        output("ch4_lel", 300, 0.1, regulator.pit_lel),
        output("inlet_pressure", 60, 0.1, regulator.inlet_kpa),
        output("outlet_pressure", 60, 0.01, regulator.outlet_kpa),
        output("water_level", 600, 1, regulator.water_cm),
        output("cover_tilt", 600, 0.1, regulator.cover_tilt_deg),
        output("gas_temp", 1800, 0.1, regulator.gas_cel),
    )


def public_toilet(site: Site) -> Station:
    """A public toilet."""
    air = ToiletAir(
        seed=site.own("toilet"),
        visits_h=daily_course(site.own("visits"), 12, peaks_h=(14.0, 9.0), swing=0.75, ripple=0.1),
        start_s=site.start_s,
        fan_stopped=site.when("fan_stopped"),
        flush_leak=site.when("flush_leak"),
        sos=site.when("sos"),
    )
    return (
        output("nh3", 60, 0.01, air.ammonia_mg_m3),
        output("h2s", 60, 0.0001, air.sulphide_mg_m3),
        output("leak", 60, 0, air.wet),
        output("visits", 900, 1, air.visits),
        output("sos_button", 5, 0, air.button),
    )


def slope_wall(site: Site) -> Station:
    """A retaining wall."""
    slope = Slope(seed=site.own("slope"), storm=site.when("storm"), slip=site.when("slip"))
    return (
        output("tilt_change", 600, 0.001, slope.tilt_deg),
        output("displacement", 600, 0.1, slope.displacement_mm),
        output("soil_moisture", 600, 0.1, slope.soil_moisture_pct),
        output("pore_pressure", 600, 0.1, slope.pore_pressure_kpa),
    )


def weather(site: Site) -> Station:
    """The community's weather station."""
    gauge = RainGauge(storm=site.when("storm"))
    air = OutdoorAir(seed=site.shared("outdoor"), storm=site.when("storm"), mean_cel=21.0)
    return (
        output("rain_1h", 600, 0.1, lambda t: gauge.sum_mm(t, 3600.0)),
        output("rain_24h", 600, 0.1, lambda t: gauge.sum_mm(t, 86_400.0)),
        output("wind_speed", 60, 0.1, air.wind_speed_ms),
        output("wind_dir", 60, 1, air.wind_direction_deg),
        output("air_temp", 60, 0.1, air.temperature_cel),
        output("rh", 60, 0.1, air.humidity_pct),
        output("pressure", 300, 0.1, air.pressure_hpa),
    )


def edge_device(site: Site) -> Station:
    """A gateway, as it reports of itself."""
    seed = site.own("gateway")
    cut, full, hot = site.when("uplink_slow"), site.when("disk_full"), site.when("overheated")
    noisy, clock = site.when("bus_noisy"), site.when("clock_off")

    def waiting_s(time_s: float) -> float:
        window = cut.latest(time_s)
        if window is None or time_s > window.stop_s + 300.0:
            return 2.0 * uniform(seed, int(time_s // 60))
        return min(time_s, window.stop_s) - window.start_s

    return (
        output("queue_oldest_age", 60, 1, waiting_s),
        output("spool_used", 60, 0.1, lambda t: min(100.0, 0.2 + waiting_s(t) / 3600.0 * 2.0)),
        output("disk_used", 300, 0.1, lambda t: 41.0 + 52.0 * bool(full.active(t))),
        output(
            "cpu_temp",
            300,
            0.1,
            lambda t: 52.0 + 5.0 * smooth(seed + 1, t, 7200.0) + rise_and_fall(hot, t, 900.0, 900.0),
        ),
        output(
            "poll_error_ratio",
            300,
            0.1,
            lambda t: 0.4 + 0.3 * smooth(seed + 2, t, 3600.0) + 25.0 * bool(noisy.active(t)),
        ),
        output("clock_offset", 300, 0.01, lambda t: 0.05 * smooth(seed + 3, t, 7200.0) + 30.0 * bool(clock.active(t))),
        output("bad_quality_ratio", 900, 0.1, lambda t: 0.3 + 0.2 * smooth(seed + 4, t, 7200.0)),
        output("bus_used", 60, 0.1, lambda t: 46.0 + 4.0 * smooth(seed + 5, t, 600.0)),
        output("units_contradicted", 60, 0, lambda _: 0.0),
    )
