"""What a quantity usually shows, and how much it tells that a number does.

A profile's range says what a product can measure; most quantities of a plant show a much smaller part of it. Words that
are something else fall into a range by accident, the more easily the wider it is and the nearer to zero: numbers in
registers are small, and every decade of size is about as frequent as any other. So the evidence of a number is the
improbability of the accident.
"""

from __future__ import annotations

import math
from typing import Final

from gateway.profile import DataType, Register

_FLOATS: Final = frozenset({DataType.F32, DataType.F64})
_TYPICAL: Final[tuple[tuple[str, str, float, float], ...]] = (
    # unit, begin of the name, low, high
    ("V", "voltage_l1_l2", 150, 480),
    ("V", "voltage_l2_l3", 150, 480),
    ("V", "voltage_l3_l1", 150, 480),
    ("V", "bus_voltage", 200, 800),
    ("V", "battery", 5, 500),
    ("V", "motor", 0, 480),
    ("V", "output", 0, 480),
    ("V", "voltage", 80, 290),
    ("V", "input", 80, 480),
    ("Hz", "frequency", 45, 65),
    ("Hz", "output_frequency", 0, 120),
    ("Hz", "running_frequency", 0, 120),
    ("1", "power_factor", -1, 1),
    ("[ppm]", "co2", 300, 5000),
    ("[ppb]", "voc", 0, 5000),
    ("Cel", "", -30, 70),
    ("%", "humidity", 5, 100),
    ("hPa", "pressure", 850, 1085),
    ("dB[SPL]", "", 25, 110),
    ("A", "current", 0, 400),
    ("W", "", -100_000, 300_000),
    ("kW", "", -500, 1000),
    ("m/s", "wind", 0, 40),
    ("deg", "", -360, 360),
    ("kW.h", "", 0.1, 10_000_000),
    ("W.h", "", 100, 10_000_000_000),
)
_LOG_WORD: Final = math.log(65536)
_FLOAT_PLAUSIBLE: Final = 0.12
"""Share of pairs of words of other kinds that are a float of a size that people write."""


def typical(register: Register) -> tuple[float, float] | None:
    """Where values of this quantity usually are, within what its product can measure; None: nothing is known."""
    for unit, begin, low, high in _TYPICAL:
        if register.unit == unit and register.name.startswith(begin):
            return max(low, register.low), min(high, register.high)
    if math.isfinite(register.low) and math.isfinite(register.high):
        return register.low, register.high
    return None


def surprise(register: Register, low: float, high: float) -> float:
    """How improbable it is (negative logarithm) that words which are something else read as within this range."""
    factor = register.scale / register.divisor or 1.0
    if register.type in _FLOATS:
        return -math.log(_FLOAT_PLAUSIBLE) - math.log(max(0.05, min(1.0, _decades(low, high) / 8)))
    size = _LOG_WORD * max(1, register.width)
    small, large = sorted((low / factor, high / factor))
    if small <= 0:
        share = math.log(max(abs(small), abs(large), 1) + 1) / size
    else:
        share = math.log((large + 1) / (small + 1)) / size
    return -math.log(max(1e-3, min(1.0, share)))


def _decades(low: float, high: float) -> float:
    if low <= 0 <= high:
        return math.log10(max(abs(low), abs(high), 1)) + 3
    small, large = sorted((abs(low), abs(high)))
    return math.log10(large / small) if small > 0 else math.log10(max(large, 1)) + 3
