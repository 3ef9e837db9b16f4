"""Units of measurement by their UCUM code: dimension and conversion.

A small closed table, because the units of buildings, water, air and power are a closed set; a unit that is not in it
is an error at the door. Source: The Unified Code for Units of Measure, ucum.org, case-sensitive codes. ``[ppm]``,
``[NTU]``, ``dB[SPL]`` and ``%[LEL]`` are units of their own dimension: converting them would need the substance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Refused
from core.findings import DID_YOU_MEAN, Said, Sentence


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: ``base = value * factor + offset`` in the base unit of ``dimension``."""

    code: str
    dimension: str
    factor: float
    offset: float = 0.0


_GRAVITY_MS2 = 9.80665
"""Standard acceleration of free fall, by definition (3rd CGPM, 1901)."""
_POUND_KG = 0.45359237
"""The avoirdupois pound, by definition (international yard and pound agreement, 1959), as is the inch of 0.0254 m."""


def _table(dimension: str, rows: dict[str, float]) -> dict[str, Unit]:
    return {code: Unit(code, dimension, factor) for code, factor in rows.items()}


UNITS: dict[str, Unit] = {
    **_table("number", {"1": 1.0, "%": 0.01, "[ppth]": 1e-3}),
    **_table("parts per million", {"[ppm]": 1.0, "[ppb]": 1e-3}),
    **_table("time", {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}),
    **_table("length", {"um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3, "[in_i]": 0.0254, "[ft_i]": 0.3048}),
    **_table("area", {"m2": 1.0}),
    **_table("volume", {"L": 1e-3, "m3": 1.0}),
    **_table("speed", {"m/s": 1.0, "mm/s": 1e-3, "mm/h": 1e-3 / 3600}),
    **_table("acceleration", {"m/s2": 1.0, "[g]": _GRAVITY_MS2}),
    **_table("flow", {"m3/h": 1 / 3600, "L/s": 1e-3, "L/min": 1e-3 / 60, "m3/s": 1.0}),
    **_table("pressure", {"Pa": 1.0, "hPa": 100.0, "kPa": 1e3, "MPa": 1e6, "bar": 1e5}),
    **_table("pressure", {"m[H2O]": 9806.65, "kgf/cm2": 98066.5, "[psi]": _POUND_KG * _GRAVITY_MS2 / 0.0254**2}),
    **_table("voltage", {"mV": 1e-3, "V": 1.0, "kV": 1e3}),
    **_table("current", {"mA": 1e-3, "A": 1.0}),
    **_table("power", {"W": 1.0, "kW": 1e3, "MW": 1e6}),
    **_table("apparent power", {"VA": 1.0, "kVA": 1e3}),
    **_table("reactive power", {"var": 1.0, "kvar": 1e3}),
    **_table("energy", {"W.h": 3600.0, "kW.h": 3.6e6, "J": 1.0, "kJ": 1e3, "MJ": 1e6}),
    **_table("reactive energy", {"var.h": 1.0, "kvar.h": 1e3}),
    **_table("frequency", {"Hz": 1.0, "kHz": 1e3}),
    **_table("rotation", {"/min": 1 / 60, "/s": 1.0}),
    **_table("angle", {"deg": 1.0, "'": 1 / 60, "''": 1 / 3600}),
    **_table("illuminance", {"lx": 1.0}),
    **_table("concentration", {"mg/m3": 1e-3, "ug/m3": 1e-6, "mg/L": 1.0, "g/L": 1e3, "ug/L": 1e-3}),
    **_table("conductivity", {"uS/cm": 1e-4, "mS/cm": 0.1, "S/m": 1.0}),
    **_table("mass", {"g": 1e-3, "kg": 1.0}),
    **_table("resistance", {"Ohm": 1.0, "kOhm": 1e3}),
    **_table("sound level", {"dB[SPL]": 1.0}),
    **_table("signal level", {"dB[mW]": 1.0}),
    **_table("ratio level", {"dB": 1.0}),
    **_table("attenuation", {"dB/m": 1.0}),
    **_table("turbidity", {"[NTU]": 1.0}),
    **_table("acidity", {"[pH]": 1.0}),
    **_table("explosive limit", {"%[LEL]": 1.0}),
    **_table("volume fraction", {"%[vol]": 1.0}),
    **_table("activity concentration", {"Bq/m3": 1.0}),
    "K": Unit("K", "temperature", 1.0),
    "Cel": Unit("Cel", "temperature", 1.0, 273.15),
    "[degF]": Unit("[degF]", "temperature", 5 / 9, 459.67 * 5 / 9),
}

DIMENSIONS: Mapping[str, Sentence] = {
    en: Sentence(zh, en)
    for zh, en in (
        ("纯数", "number"),
        ("百万分比", "parts per million"),
        ("时间", "time"),
        ("长度", "length"),
        ("面积", "area"),
        ("体积", "volume"),
        ("速度", "speed"),
        ("加速度", "acceleration"),
        ("流量", "flow"),
        ("压力", "pressure"),
        ("电压", "voltage"),
        ("电流", "current"),
        ("有功功率", "power"),
        ("视在功率", "apparent power"),
        ("无功功率", "reactive power"),
        ("电能", "energy"),
        ("无功电能", "reactive energy"),
        ("频率", "frequency"),
        ("转速", "rotation"),
        ("角度", "angle"),
        ("照度", "illuminance"),
        ("质量浓度", "concentration"),
        ("电导率", "conductivity"),
        ("质量", "mass"),
        ("电阻", "resistance"),
        ("声级", "sound level"),
        ("信号强度", "signal level"),
        ("电平", "ratio level"),
        ("衰减", "attenuation"),
        ("浊度", "turbidity"),
        ("酸碱度", "acidity"),
        ("爆炸下限", "explosive limit"),
        ("体积分数", "volume fraction"),
        ("放射性活度浓度", "activity concentration"),
        ("温度", "temperature"),
    )
}
"""What people call a dimension."""
PER_TIME = " per time"
"""Ends the name of a dimension of change (``core.rates``)."""
UNKNOWN_UNIT = Sentence("未知的单位 {code!r}：{hint}", "unknown unit {code!r}: {hint}")
_CODES_LISTED = Sentence("已知的代码见 docs/units.md", "docs/units.md lists the known codes")
UNLIKE = Sentence(
    "{left_unit} 是{left}，{right_unit} 是{right}", "{left_unit} measures {left}, {right_unit} measures {right}"
)


def unit(code: str) -> Unit:
    """The unit with this UCUM code.

    Raises:
        Refused: if the table has none; the message names near ones.
    """
    known = UNITS.get(code)
    if known is None:
        near = [name for name in UNITS if name.lower().strip("[]") == code.lower().strip("[]")]
        raise Refused(UNKNOWN_UNIT(code=code, hint=DID_YOU_MEAN(near=near[0]) if near else _CODES_LISTED))
    return known


def dimension_name(dimension: str) -> Sentence:
    """What people call a dimension, that of a change per time among them (``core.rates``)."""
    if dimension.endswith(PER_TIME):
        changing = DIMENSIONS[dimension.removesuffix(PER_TIME)]
        return Sentence(changing.zh + "的变化率", changing.en + PER_TIME)
    return DIMENSIONS[dimension]


def unlike(left: Unit, right: Unit) -> Said:
    """That two units measure different things."""
    sides = {"left": dimension_name(left.dimension), "right": dimension_name(right.dimension)}
    return UNLIKE(left_unit=left.code, right_unit=right.code, **sides)


def convert(value: float, source: str, target: str) -> float:
    """Convert ``value`` between two units of one dimension.

    Raises:
        Refused: if a unit is unknown or the dimensions differ.
    """
    have, want = unit(source), unit(target)
    if have.dimension != want.dimension:
        raise Refused(unlike(have, want))
    return (value * have.factor + have.offset - want.offset) / want.factor
