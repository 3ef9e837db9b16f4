"""What a unit and a measurement are called by Home Assistant. No clock, no I/O.

A device class is given only where it is certain: where the unit alone says what is measured, or unit and key together
do. A class with a unit that it does not know makes Home Assistant refuse the entity; a missing class costs an icon. So
a unit that only newer releases know in a class (``MPa``, ``L/s``, ``kV``) is shown without one. Values are never
converted: a number there is the number here.

Source: Home Assistant, ``homeassistant/components/sensor/const.py`` (``DEVICE_CLASS_UNITS``,
``DEVICE_CLASS_STATE_CLASSES``) and the binary sensor's ``BinarySensorDeviceClass``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.places import PointKind

UNITS: Final[Mapping[str, str]] = {
    "1": "",
    "[pH]": "",
    "[ppth]": "‰",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    "um": "µm",
    "[in_i]": "in",
    "[ft_i]": "ft",
    "m2": "m²",
    "m3": "m³",
    "m/s2": "m/s²",
    "[g]": "g₀",
    "m3/h": "m³/h",
    "m3/s": "m³/s",
    "m[H2O]": "mH₂O",
    "kgf/cm2": "kgf/cm²",
    "[psi]": "psi",
    "W.h": "Wh",
    "kW.h": "kWh",
    "var.h": "varh",
    "kvar.h": "kvarh",
    "/min": "rpm",
    "/s": "1/s",
    "deg": "°",
    "'": "′",
    "''": "″",
    "mg/m3": "mg/m³",
    "ug/m3": "µg/m³",
    "ug/L": "µg/L",
    "uS/cm": "µS/cm",
    "Ohm": "Ω",
    "kOhm": "kΩ",
    "dB[SPL]": "dB",
    "dB[mW]": "dBm",
    "[NTU]": "NTU",
    "%[LEL]": "% LEL",
    "%[vol]": "% vol",
    "Bq/m3": "Bq/m³",
    "Cel": "°C",
    "[degF]": "°F",
}
"""UCUM code to the sign that Home Assistant writes; those that are written alike are left out. Empty: no unit."""

_BY_UNIT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Cel", "[degF]"), "temperature"),
    **dict.fromkeys(("Pa", "hPa", "kPa", "bar", "[psi]"), "pressure"),
    **dict.fromkeys(("mV", "V"), "voltage"),
    **dict.fromkeys(("mA", "A"), "current"),
    **dict.fromkeys(("W", "kW"), "power"),
    **dict.fromkeys(("Hz", "kHz"), "frequency"),
    **dict.fromkeys(("s", "min", "h", "d"), "duration"),
    **dict.fromkeys(("m3/h", "L/min"), "volume_flow_rate"),
    **dict.fromkeys(("g", "kg"), "weight"),
    "VA": "apparent_power",
    "var": "reactive_power",
    "lx": "illuminance",
    "dB[SPL]": "sound_pressure",
    "dB[mW]": "signal_strength",
    "[pH]": "ph",
}
_BY_COUNTER: Final[Mapping[str, str]] = {
    **dict.fromkeys(("W.h", "kW.h", "MJ"), "energy"),
    **dict.fromkeys(("L", "m3"), "volume"),
}
"""Classes that may only be counted up."""
_BY_KEY: Final[Mapping[tuple[str, str], str]] = {
    ("%", "rh"): "humidity",
    ("%", "battery"): "battery",
    ("%", "soc"): "battery",
    ("%", "soil_moisture"): "moisture",
    ("1", "pf_total"): "power_factor",
    ("[ppm]", "co"): "carbon_monoxide",
    ("[ppm]", "co2"): "carbon_dioxide",
    ("ug/m3", "pm2_5"): "pm25",
    ("ug/m3", "pm10"): "pm10",
    ("m/s", "wind_speed"): "wind_speed",
}
_YES_OR_NO: Final[Mapping[str, str]] = {
    "door_open": "door",
    "cap_open": "opening",
    "leak": "moisture",
    "room_leak": "moisture",
    "seal_leak": "moisture",
    "fault": "problem",
    "running": "running",
    "pump_running": "running",
    "pump1_running": "running",
    "pump2_running": "running",
    "jockey_running": "running",
    "moving": "moving",
    "has_people": "occupancy",
    "link_connected": "connectivity",
    "mains": "power",
    "main_power": "power",
    "pump_power": "power",
}
"""Of those whose yes is the *on* of that class."""


def sign(unit: str) -> str:
    """How Home Assistant writes the unit of a UCUM code; empty: it has none."""
    return UNITS.get(unit, unit)


def device_class(key: str, unit: str, kind: PointKind) -> str:
    """The class of a sensor; empty where none is certain."""
    if kind not in (PointKind.GAUGE, PointKind.COUNTER):
        return ""
    by_key = _BY_KEY.get((unit, key), "")
    if by_key:
        return by_key
    if kind is PointKind.COUNTER:
        return _BY_COUNTER.get(unit, "duration" if _BY_UNIT.get(unit) == "duration" else "")
    return _BY_UNIT.get(unit, "")


def state_class(kind: PointKind) -> str:
    """How its values add up over time; empty where they are no quantity."""
    return {PointKind.GAUGE: "measurement", PointKind.COUNTER: "total_increasing"}.get(kind, "")


def binary_class(key: str) -> str:
    """The class of a yes or no; empty where none is certain."""
    return _YES_OR_NO.get(key, "")
