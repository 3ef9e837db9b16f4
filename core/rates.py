"""Units of change per time: ``m/h``, ``K/min``, ``kPa/s``, ``%/d``.

Every unit of ``core.units`` has one per second, minute, hour and day; temperatures change by kelvins, and ``Cel/min``
is accepted as the same. Where physics has a name for the result (length per time is a speed, energy per time a power)
the units convert into those of that name, so that a slope of a water level compares with ``mm/h``, that of a meter
with ``kW``. Readings never carry these units; rules do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.units import PER_TIME, UNITS, Unit

_NAMED = {
    "number": "rotation",
    "length": "speed",
    "speed": "acceleration",
    "volume": "flow",
    "energy": "power",
}
"""Dimensions whose change has a dimension of its own in the table, with the same base units per second."""

_NEVER = frozenset({"time"})
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def per_second(unit: Unit) -> Unit:
    """The unit of a change of a quantity in ``unit``, per second; of a temperature in kelvins per second."""
    return _per("K" if unit.offset else unit.code, unit, "s")


def _per(code: str, unit: Unit, time: str) -> Unit:
    dimension = _NAMED.get(unit.dimension, unit.dimension + PER_TIME)
    return Unit("/" + time if code == "1" else f"{code}/{time}", dimension, unit.factor / _SECONDS[time])


def _rates() -> Iterator[Unit]:
    for code, unit in UNITS.items():
        if unit.dimension not in _NEVER:
            yield from (_per(code, unit, time) for time in _SECONDS)


RATES: Mapping[str, Unit] = {rate.code: rate for rate in _rates() if rate.code not in UNITS}
"""Units of change that are not in the table of units already, by code."""

ALL_UNITS: Mapping[str, Unit] = {**UNITS, **RATES}
"""Units a rule may write."""
