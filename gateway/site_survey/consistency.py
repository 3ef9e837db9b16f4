"""Whether quantities of one unit agree with each other: a map that is not the unit's own does not come out right.

Active power is voltage times current times power factor, so it is never more than the apparent power; a total is about
the sum of its phases; an apparent power is voltage times current. Values come from reads a moment apart, so a fifth of
difference is agreement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from core.units import UNITS
from gateway.profile import Register

_SLACK: Final = 0.2
_FEW: Final = 1.0
"""Watts below which nothing is said: a meter without load agrees with everything."""
_DIMENSIONS: Final = frozenset({"power", "apparent power", "voltage", "current"})

Values = Mapping[str, tuple[Register, float]]


def agreements(values: Values) -> tuple[int, int]:
    """How many relations hold, and how many do not.

    Args:
        values: by name of the quantity, those that were read and are within range.
    """
    checks = [_phase(values, suffix) for suffix in ("", "_l1", "_l2", "_l3")]
    checks.append(_total(values))
    return sum(one is True for one in checks), sum(one is False for one in checks)


def _si(values: Values, *names: str) -> float:
    for name in names:
        if name in values:
            register, value = values[name]
            unit = UNITS.get(register.unit)
            return value * unit.factor if unit is not None and unit.dimension in _DIMENSIONS else math.nan
    return math.nan


def _phase(values: Values, suffix: str) -> bool | None:
    power = abs(_si(values, f"power{suffix}", f"active_power{suffix}"))
    apparent = _si(values, f"voltage{suffix}") * _si(values, f"current{suffix}")
    if math.isnan(power) or math.isnan(apparent) or max(power, apparent) < _FEW:
        return None
    if power > apparent * (1 + _SLACK):
        return False
    factor = values.get(f"power_factor{suffix}")
    if factor is not None:
        expected = apparent * abs(factor[1])
        return abs(power - expected) <= _SLACK * max(power, expected)
    return power >= 0.2 * apparent


def _total(values: Values) -> bool | None:
    total = _si(values, "power_total", "power")
    phases = [_si(values, f"power_l{phase}") for phase in (1, 2, 3)]
    if math.isnan(total) or any(map(math.isnan, phases)) or abs(total) < _FEW:
        return None
    return abs(total - sum(phases)) <= _SLACK * abs(total)
