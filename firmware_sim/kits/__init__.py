"""Which devices a facility can have."""

from __future__ import annotations

from typing import Final

from firmware_sim.kits import buildings, centre, water
from firmware_sim.kits.base import Kit

KITS: Final[dict[str, Kit]] = {
    "air_wall_sensor": Kit(class_id="indoor_air", options=centre.AIR_OPTIONS, build=centre.air_wall_sensor),
    "air_two_sensors": Kit(class_id="indoor_air", options=centre.AIR_OPTIONS, build=centre.air_two_sensors),
    "three_phase_meter": Kit(
        class_id="electrical_distribution", options=frozenset({"mean_kw", "peak_h"}), build=centre.three_phase_meter
    ),
    "fan_coil": Kit(class_id="hvac", options=centre.AIR_OPTIONS, build=centre.fan_coil),
    "leak_zigbee": Kit(class_id="indoor_leak", options=frozenset({"interval_s"}), build=centre.leak_zigbee),
    "charging_plug": Kit(
        class_id="ev_charging", options=frozenset({"mean_w", "interval_s"}), build=centre.charging_plug
    ),
    "sewage_drive": Kit(class_id="sewage_pump", options=water.SEWAGE_OPTIONS, build=water.sewage_drive),
    "lift_status": Kit(class_id="elevator", options=frozenset({"floors"}), build=buildings.lift_status),
    "well_submersible": Kit(class_id="drain_well", options=water.WELL_OPTIONS, build=water.well_submersible),
    "well_lorawan": Kit(class_id="drain_well", options=water.WELL_OPTIONS | {"interval_s"}, build=water.well_lorawan),
    "network_point": Kit(class_id="water_network", options=frozenset({"demand_m3h"}), build=water.network_point),
    "network_trunk": Kit(class_id="water_network", options=frozenset({"playback_speed"}), build=water.network_trunk),
    "pump_house": Kit(class_id="water_supply_pump", options=frozenset({"demand_m3h"}), build=water.pump_house),
    "house_tilt_crack": Kit(
        class_id="old_house", options=frozenset({"tilt_deg", "crack_mm"}), build=buildings.house_tilt_crack
    ),
    "weather_station": Kit(
        class_id="weather", options=frozenset({"recording", "playback_speed"}), build=buildings.weather_station
    ),
}
