"""What stands on a device's own display (or on the instrument held beside it), which commissioning compares with.

It is derived from the raw value that the register holds, so a display and a correct reading of the same moment agree to
the last digit that the display has.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from firmware_sim.encoding import DataType, to_raw
from firmware_sim.modbus.register_map import Register
from firmware_sim.serial_bus.unit import BusUnit, ProductInstrument

_DISPLAYS: Final = Path(str(resources.files("firmware_sim") / "data" / "displays.yaml"))
NO_VALUE: Final = "----"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One quantity on a display.

    Attributes:
        register: name in the product's map.
        text: digits as shown, or `NO_VALUE`.
        unit: UCUM code.
        own: on the device itself; False: on an instrument held beside it.
    """

    register: str
    text: str
    unit: str
    own: bool


@cache
def displays() -> Mapping[str, Mapping[str, Any]]:
    """Displays by product key, as `data/displays.yaml` has them."""
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_DISPLAYS.read_text(encoding="utf-8"))
    return loaded


def display_of(unit: BusUnit, time_s: float) -> tuple[Shown, ...]:
    """What can be read beside a unit at simulated time `time_s`; nothing where there is no power."""
    instrument = unit.instrument
    if unit.faults.dead or not isinstance(instrument, ProductInstrument):
        return ()
    found = displays().get(instrument.product.key, {"display": False, "shows": {}})
    shown = []
    for name, form in found["shows"].items():
        decimals, code = (form["decimals"], form["unit"]) if isinstance(form, dict) else (form, "")
        shown.append(
            Shown(
                register=name,
                text=_digits(unit, instrument, name, decimals, time_s),
                unit=code or instrument.product.register(name).unit,
                own=bool(found["display"]),
            )
        )
    return tuple(shown)


def _digits(unit: BusUnit, instrument: ProductInstrument, name: str, decimals: int | str, time_s: float) -> str:
    register = instrument.product.register(name)
    value = instrument.value(name, time_s, unit.faults.offsets)
    if math.isnan(value):
        return NO_VALUE
    held = _held(register, value)
    if isinstance(decimals, str):
        places = round(instrument.value(decimals, time_s, unit.faults.offsets))
        held, decimals = held.scaleb(-places), places
    return str(held.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def _held(register: Register, value: float) -> Decimal:
    """The engineering value that the register really holds, after its rounding."""
    raw = to_raw(value, register.data_type, register.scale, register.invalid)
    if register.data_type is DataType.F32:
        raw = struct.unpack(">f", struct.pack(">f", raw))[0]
    return Decimal(raw) * Decimal(str(register.scale))
