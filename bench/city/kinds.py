"""What can happen: faults that somebody has to be told of, and disturbances that nobody should be told of.

Each row says how long it lasts, how strong it is, at which hours it begins, and which measurements it disturbs: an
alarm is explained by a fault if it is of a facility and of a measurement that the fault disturbs, while it does.
Disturbances explain nothing. Strengths of faults are those of a real fault of the kind, not those of a limit; where
they can be weak, the weak ones are in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One row.

    Attributes:
        class_id: facilities it happens to.
        name: as the station knows it.
        last_s: shortest and longest.
        strength: weakest and strongest, in the unit of the station.
        disturbs: measurements.
        after_s: how long they are disturbed afterwards.
        hours: local hours in which it may begin.
        weight: how often it is drawn, against 1.
        carries: whether it brings something to the facilities that hang on this one (``CARRIED``).
        workdays: whether it begins on working days only: what nobody uses cannot be seen to fail.
    """

    class_id: str
    name: str
    last_s: tuple[float, float]
    disturbs: frozenset[str]
    strength: tuple[float, float] = (1.0, 1.0)
    after_s: float = 0.0
    hours: tuple[float, float] = (0.0, 24.0)
    weight: float = 1.0
    carries: bool = False
    workdays: bool = False


def _kind(
    class_id: str,
    name: str,
    hours: tuple[float, float],
    disturbs: str,
    strength: tuple[float, float] = (1.0, 1.0),
    *,
    after_h: float = 0.2,
    begins: tuple[float, float] = (0.0, 24.0),
    weight: float = 1.0,
    carries: bool = False,
    workdays: bool = False,
) -> Kind:
    return Kind(
        class_id=class_id,
        name=name,
        last_s=(hours[0] * HOUR, hours[1] * HOUR),
        disturbs=frozenset(disturbs.split()),
        strength=strength,
        after_s=after_h * HOUR,
        hours=begins,
        weight=weight,
        carries=carries,
        workdays=workdays,
    )


_PUMP = "level pump_current pump1_running pump_fault high_float"
_LIFT = "floor speed speed_ratio door_open in_door_zone has_people moving fault_code"
_BOARD = "u_a u_b u_c i_a i_b i_c i_n load_ratio p_total freq energy thd_u unbalance_u cable_temp"
_DRIVE = "outlet_pressure pressure_error flow pump_running pump_freq pump_current vfd_fault inlet_pressure"

FAULTS: Final = (
    _kind("sewage_pump", "pump_runs_on", (0.3, 1), _PUMP),
    _kind("sewage_pump", "pump_trip", (1, 5), _PUMP, after_h=0.5, weight=2),
    _kind("sewage_pump", "pump_clogged", (1, 5), _PUMP, after_h=0.5),
    _kind("sewage_pump", "seal_leak", (6, 30), "seal_leak"),
    _kind("drain_well", "cover_moved", (2, 10), "cover_tilt", (20, 60)),
    _kind("drain_well", "sewer_gas", (2, 8), "ch4_lel h2s", (28, 60), after_h=4),
    _kind("electrical_distribution", "phase_loss", (0.5, 2), _BOARD),
    _kind("electrical_distribution", "outage", (0.3, 2), _BOARD, carries=True),
    _kind("electrical_distribution", "overload", (0.7, 2), _BOARD, (2.1, 2.8), begins=(18, 19.5), after_h=0.5),
    _kind("electrical_distribution", "residual", (2, 10), "residual_current", (320, 700)),
    _kind("electrical_distribution", "hot_joint", (3, 8), "cable_temp", (50, 75), after_h=2),
    _kind("electrical_distribution", "door_open", (1, 6), "door_open"),
    _kind("elevator", "passengers_trapped", (0.3, 1), f"{_LIFT} alarm_button"),
    _kind("elevator", "safety_circuit", (1, 4), _LIFT),
    _kind("elevator", "door_fault", (1, 4), _LIFT),
    _kind("elevator", "mains_loss", (0.5, 2), f"{_LIFT} mains"),
    _kind("elevator", "room_hot", (4, 8), "machine_room_temp", (19, 26), after_h=1.5),
    _kind("ev_charging", "hot_socket", (0.5, 2), "socket_temp", (60, 85), after_h=0.6),
    _kind("ev_charging", "leakage", (1, 5), "residual_current", (40, 90)),
    _kind("ev_charging", "never_unplugged", (21, 30), "charging"),
    _kind("ev_charging", "smoke", (0.3, 1), "smoke"),
    _kind("ev_charging", "overload", (0.7, 2), "power current socket_temp", (3.2, 3.8), begins=(19.5, 21)),
    _kind("fire_hydrant", "water_taken", (0.5, 2), "cap_open flow pressure", (8, 20)),
    _kind("fire_hydrant", "valve_shut", (12, 48), "pressure"),
    _kind("fire_hydrant", "hydrant_hit", (6, 24), "tilt", (20, 60)),
    _kind("fire_water", "tank_drained", (3, 10), "tank_level tank_ratio", (0.4, 0.8), after_h=6),
    _kind("fire_water", "pressure_lost", (2, 8), "worst_point_pressure", (0.26, 0.32)),
    _kind("fire_water", "manual_mode", (3, 24), "pump_auto"),
    _kind("fire_water", "pump_power_off", (1, 5), "pump_power worst_point_pressure jockey_running", after_h=0.5),
    _kind("fire_water", "fire_pump_runs", (0.4, 1), "pump_running"),
    _kind("gas_indoor", "gas_leak", (0.5, 2), "ch4_lel valve_closed", (8, 70), after_h=0.6, weight=2),
    _kind("gas_indoor", "fumes", (0.7, 2), "co", (45, 220), after_h=0.6),
    _kind("gas_indoor", "detector_fault", (6, 24), "fault"),
    _kind("gas_network", "lock_up", (1, 4), "outlet_pressure", (1.6, 4)),
    _kind("gas_network", "inlet_low", (1, 4), "inlet_pressure outlet_pressure", (165, 190), after_h=0.5),
    _kind("gas_network", "gas_leak", (3, 10), "ch4_lel", (30, 60), after_h=3),
    _kind("gas_network", "cover_moved", (3, 12), "cover_tilt", (20, 60)),
    _kind("hvac", "no_effect", (4, 9), "supply_temp return_temp room_temp", begins=(8.5, 11), after_h=2, workdays=True),
    _kind("hvac", "hvac_fault", (3, 10), "fault_code supply_temp"),
    _kind("hvac", "filter_full", (60, 90), "filter_dp", after_h=24),
    _kind("indoor_air", "crowd", (2.5, 5), "co2", (1200, 2500), begins=(9, 14), after_h=1.2),
    _kind("indoor_air", "heat", (3, 8), "air_temp", (7, 10), begins=(9, 13), after_h=1),
    _kind("indoor_air", "fumes", (1.5, 4), "co", (14, 45), after_h=1.2),
    _kind("indoor_air", "renovation", (8, 24), "hcho tvoc", (0.09, 0.25), after_h=12),
    _kind("indoor_leak", "leak", (0.5, 6), "leak"),
    _kind("indoor_leak", "flood", (1.5, 6), "leak sump_depth", (14, 30), after_h=0.8),
    _kind("ups_battery", "cell_weak", (30, 60), "cell_voltage", (0.12, 0.5)),
    _kind("ups_battery", "battery_hot", (5, 12), "battery_temp", (19, 26), after_h=3),
    _kind("smoke_fire", "fire", (0.2, 1), "fire smoke_obscuration", (1.5, 4), after_h=0.5),
    _kind("smoke_fire", "loop_fault", (3, 24), "fault"),
    _kind("smoke_fire", "detectors_off", (30, 60), "disabled"),
    _kind("smoke_fire", "panel_mains_loss", (1, 6), "main_power"),
    _kind(
        "old_house", "movement", (24, 72), "tilt_permille tilt_change crack_width crack_change", (0.2, 0.7), after_h=30
    ),
    _kind("old_house", "works", (1, 4), "vibration", (6, 9), begins=(8, 16)),
    _kind("public_toilet", "fan_stopped", (4, 12), "nh3 h2s", (0.8, 2), after_h=1),
    _kind("public_toilet", "flush_leak", (1, 5), "leak"),
    _kind("public_toilet", "sos", (0.1, 0.3), "sos_button"),
    _kind("slope_wall", "slip", (24, 72), "displacement tilt_change", (15, 60), after_h=26),
    _kind("street_light", "lamp_out", (24, 72), "lamp_power power_ratio circuit_current", after_h=1),
    _kind("street_light", "insulation", (5, 24), "leakage", (320, 600)),
    _kind("street_light", "pole_live", (2, 10), "pole_voltage", (60, 200)),
    _kind("street_light", "pole_hit", (10, 48), "pole_tilt", (8, 20), after_h=2),
    _kind("street_light", "door_open", (2, 12), "door_open"),
    _kind("water_network", "burst", (1, 5), "pressure flow", (0.06, 0.18), weight=2),
    _kind("water_supply_pump", "drive_trip", (0.5, 3), _DRIVE, weight=2),
    _kind("water_supply_pump", "bearing_worn", (8, 24), "vibration bearing_temp", (45, 65), after_h=1.5),
    _kind("water_supply_pump", "chlorine_low", (3, 10), "chlorine", (0.3, 0.4), after_h=2),
    _kind("water_supply_pump", "turbid", (2, 6), "turbidity", (1.2, 3), after_h=2),
    _kind("water_supply_pump", "door_open", (1, 4), "door_open"),
    _kind("water_supply_pump", "room_leak", (1, 5), "room_leak"),
    _kind("water_supply_pump", "tank_empties", (3, 6), "tank_level", (2, 2.4), after_h=1),
    _kind("edge_device", "uplink_slow", (1, 5), "queue_oldest_age spool_used", after_h=0.3),
    _kind("edge_device", "disk_full", (5, 24), "disk_used"),
    _kind("edge_device", "overheated", (3, 8), "cpu_temp", (40, 50), after_h=1),
    _kind("edge_device", "bus_noisy", (3, 10), "poll_error_ratio", after_h=1.2),
    _kind("edge_device", "clock_off", (3, 12), "clock_offset", after_h=0.7),
)

CARRIED: Final = {
    "elevator": "mains_loss",
    "sewage_pump": "pump_trip",
    "water_supply_pump": "drive_trip",
    "ups_battery": "mains_loss",
    "smoke_fire": "panel_mains_loss",
}
"""What an outage of its board is for each class that hangs on it."""
CARRIED_DISTURBS: Final = {
    "elevator": frozenset(f"{_LIFT} mains".split()),
    "sewage_pump": frozenset(_PUMP.split()),
    "water_supply_pump": frozenset(_DRIVE.split()),
    "ups_battery": frozenset({"on_battery", "soc", "runtime", "cell_voltage"}),
    "smoke_fire": frozenset({"main_power"}),
}
CARRIED_AFTER_S: Final = {"ups_battery": 6 * HOUR, "sewage_pump": 0.5 * HOUR}

_MINUTE: Final = 1 / 60
DISTURBANCES: Final = (
    _kind("electrical_distribution", "phase_loss", (1 / 1800, 1 / 900), ""),
    _kind("electrical_distribution", "outage", (1 / 1800, 1 / 360), ""),
    _kind("electrical_distribution", "overload", (0.5, 1.5), "", (1.2, 1.45)),
    _kind("electrical_distribution", "door_open", (3 * _MINUTE, 25 * _MINUTE), ""),
    _kind("elevator", "lift_maintenance", (0.5, 2), "", begins=(8, 16)),
    _kind("ev_charging", "hot_socket", (0.5, 3), "", (12, 25), weight=2),
    _kind("ev_charging", "leakage", (0.5, 3), "", (6, 14)),
    _kind("fire_water", "manual_mode", (2 * _MINUTE, 40 * _MINUTE), ""),
    _kind("fire_water", "fire_pump_runs", (4 * _MINUTE, 8 * _MINUTE), "", begins=(9, 16), weight=0.5),
    _kind("gas_indoor", "gas_leak", (0.1, 0.5), "", (1, 4), weight=3),
    _kind("gas_indoor", "fumes", (0.3, 1), "", (5, 18), weight=3),
    _kind("gas_network", "inlet_low", (0.5, 2), "", (20, 60)),
    _kind("indoor_air", "crowd", (1, 2.5), "", (60, 250), begins=(9, 14), weight=4),
    _kind("indoor_air", "heat", (1, 4), "", (1, 4), begins=(9, 14), weight=2),
    _kind("indoor_leak", "leak", (5 / 3600, 60 / 3600), "", weight=2),
    _kind("ups_battery", "mains_loss", (15 / 3600, 90 / 3600), ""),
    _kind("ups_battery", "battery_hot", (2, 6), "", (4, 9)),
    _kind("smoke_fire", "detectors_off", (0.3, 8), "", begins=(8, 14)),
    _kind("smoke_fire", "fire", (0.05, 0.3), "", (0.1, 0.35), begins=(6, 20), weight=3),
    _kind("smoke_fire", "panel_mains_loss", (1 * _MINUTE, 8 * _MINUTE), ""),
    _kind("old_house", "works", (0.5, 3), "", (0.8, 3), begins=(8, 16), weight=2),
    _kind("public_toilet", "fan_stopped", (0.5, 2), "", (0.05, 0.15), weight=2),
    _kind("public_toilet", "flush_leak", (1 * _MINUTE, 7 * _MINUTE), "", weight=2),
    _kind("street_light", "door_open", (5 * _MINUTE, 45 * _MINUTE), ""),
    _kind("water_network", "burst", (0.1, 0.6), "", (0.005, 0.03), weight=3),
    _kind("water_supply_pump", "door_open", (0.5 * _MINUTE, 8 * _MINUTE), "", weight=2),
    _kind("water_supply_pump", "turbid", (0.2, 0.8), "", (0.1, 0.4)),
    _kind("water_supply_pump", "chlorine_low", (0.5, 2), "", (0.04, 0.1)),
    _kind("water_supply_pump", "tank_empties", (0.5, 2), "", (0.2, 0.6)),
    _kind("edge_device", "uplink_slow", (1 * _MINUTE, 20 * _MINUTE), "", weight=3),
    _kind("edge_device", "overheated", (1, 4), "", (6, 14)),
)
"""Ordinary life: dips, unannounced maintenance, mopping, meetings, cooking; some as strong as a rule can bear."""
