"""Generic modules, no maker's product: said so wherever they appear.

No public register map of a lift controller could be confirmed, and lift makers do not publish one. A retrofit therefore
taps the controller's status contacts with a remote input module. These two maps describe such modules and nothing else;
a site replaces them by the map of what is really installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from firmware_sim.encoding import DataType
from firmware_sim.modbus.register_map import Identification, Product, Register, Table
from firmware_sim.signals.base import ConvertedSignal, Signal

_DI: Final = Table.DISCRETE_INPUTS
_IN: Final = Table.INPUT_REGISTERS


def _input(name: str, address: int) -> Register:
    return Register(name=name, table=_DI, address=address, data_type=DataType.BIT)


def _value(name: str, address: int, data_type: DataType, scale: float = 1.0, unit: str = "1") -> Register:
    return Register(name=name, table=_IN, address=address, data_type=data_type, scale=scale, unit=unit)


LIFT_STATUS: Final = Product(
    key="generic-lift-status",
    maker="(generic)",
    model="lift status input module",
    reference="proposal of this project, no maker's map",
    identification=Identification(vendor="generic", product_code="LIFT-STATUS", revision="1"),
    note="Discrete inputs tap the controller's contacts; floor, speed and fault code come from the module's encoder. "
    "Fault codes: 6 stopped outside the door zone, 8 passengers held outside the door zone, 9 no mains, "
    "10 safety circuit open, 11 door does not open, 12 door does not close.",
    registers=(
        _input("door_open", 0),
        _input("in_door_zone", 1),
        _input("has_people", 2),
        _input("moving", 3),
        _input("maintenance", 4),
        _input("mains", 5),
        _input("alarm_button", 6),
        _value("floor", 0, DataType.S16),
        _value("speed", 1, DataType.S16, 0.01, "m/s"),
        _value("fault_code", 2, DataType.U16),
        _value("door_cycles", 3, DataType.U32),
        _value("machine_room_temperature", 5, DataType.S16, 0.1, "Cel"),
    ),
)
ANALOG_INPUTS: Final = Product(
    key="generic-ai4",
    maker="(generic)",
    model="4-channel 4-20 mA input module",
    reference="proposal of this project, no maker's map",
    identification=Identification(vendor="generic", product_code="AI4-420", revision="1"),
    note="Current of each loop in 0.001 mA; below 3.6 mA the loop is broken (NAMUR NE 43).",
    registers=tuple(_value(f"current_{n}", n - 1, DataType.U16, 0.001, "mA") for n in range(1, 5)),
)


@dataclass(frozen=True, kw_only=True)
class LiftStatusModule:
    """Remote input module on a lift controller.

    Attributes:
        device_id: name in the city.
        inputs: signal by register name, all of the map.
    """

    PRODUCT: ClassVar[Product] = LIFT_STATUS
    device_id: str
    inputs: Mapping[str, Signal]

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return self.inputs


@dataclass(frozen=True, kw_only=True)
class AnalogInputs:
    """Loop current module with one transmitter on channel 1; the other loops are open (0 mA).

    Attributes:
        device_id: name in the city.
        measured: the transmitter's quantity.
        span: its value at 20 mA; 4 mA is zero.
    """

    PRODUCT: ClassVar[Product] = ANALOG_INPUTS
    device_id: str
    measured: Signal
    span: float

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        loop = ConvertedSignal(
            unit="mA", of=self.measured, factor=16 / self.span, offset=4.0, reason="4-20 mA transmitter"
        )
        idle = ConvertedSignal(unit="mA", of=self.measured, factor=0.0, reason="open loop")
        return {"current_1": loop, "current_2": idle, "current_3": idle, "current_4": idle}
