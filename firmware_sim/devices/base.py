"""What makes a Modbus device: a product's map and a signal for every register of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from firmware_sim.modbus.register_map import Product
from firmware_sim.signals.base import ConstantSignal, Signal


class ModbusDevice(Protocol):
    """A device with a map; `device_id` is its name in the city, not on the wire."""

    PRODUCT: ClassVar[Product]

    @property
    def device_id(self) -> str:
        """Name in the city, as `wtl-sp-01-drive`."""
        ...

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register of the map, by register name."""
        ...


def setting(value: float, unit: str = "1") -> Signal:
    """A register that does not change: an address, a baud rate code, a set point."""
    return ConstantSignal(unit=unit, constant=value)
