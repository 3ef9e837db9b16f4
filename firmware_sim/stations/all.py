"""All stations by facility class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from firmware_sim.stations import buildings, streets, water
from firmware_sim.stations.base import Site, Station

STATIONS: Final[Mapping[str, Callable[[Site], Station]]] = {
    "drain_well": water.drain_well,
    "edge_device": streets.edge_device,
    "electrical_distribution": buildings.electrical_distribution,
    "elevator": buildings.elevator,
    "ev_charging": streets.ev_charging,
    "fire_hydrant": water.fire_hydrant,
    "fire_water": water.fire_water,
    "gas_indoor": buildings.gas_indoor,
    "gas_network": streets.gas_network,
    "hvac": buildings.hvac,
    "indoor_air": buildings.indoor_air,
    "indoor_leak": buildings.indoor_leak,
    "old_house": buildings.old_house,
    "public_toilet": streets.public_toilet,
    "road_ponding": water.road_ponding,
    "sewage_pump": water.sewage_pump,
    "slope_wall": streets.slope_wall,
    "smoke_fire": buildings.smoke_fire,
    "street_light": streets.street_light,
    "ups_battery": buildings.ups_battery,
    "water_network": water.water_network,
    "water_supply_pump": water.water_supply_pump,
    "weather": streets.weather,
}

ATTRIBUTES: Final[Mapping[str, Mapping[str, float]]] = {
    "sewage_pump": {"start_level": water.START_LEVEL_M},
    "electrical_distribution": {"rated_current": buildings.RATED_A},
    "fire_water": {"static_pressure_min": 0.15},
    "ev_charging": {"sockets": streets.SOCKETS},
}
"""What the registry must know of them, since rules ask for it."""
