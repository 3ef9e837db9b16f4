"""Single-phase power meters, all behind phase L1 of one supply model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from firmware_sim.devices.base import setting
from firmware_sim.encoding import DataType, WordOrder
from firmware_sim.modbus.register_map import Product, Register, Table
from firmware_sim.signals.base import ModelSignal, Signal
from firmware_sim.signals.electric import ThreePhaseSupply

_IN: Final = Table.INPUT_REGISTERS


def _f32(name: str, address: int, unit: str, table: Table = _IN) -> Register:
    return Register(name=name, table=table, address=address, data_type=DataType.F32, unit=unit)


def _int(name: str, address: int, data_type: DataType, scale: float, unit: str) -> Register:
    order = WordOrder.CDAB if data_type is DataType.U32 else WordOrder.ABCD
    return Register(
        name=name, table=_IN, address=address, data_type=data_type, scale=scale, unit=unit, word_order=order
    )


SDM120: Final = Product(
    key="eastron-sdm120",
    maker="Eastron",
    model="SDM120",
    reference="mbmd meters/rs485/sdm.go; wb-mqtt-serial config-sdm120",
    max_registers=80,
    whole_values=True,
    note="Every value is f32 in two registers; a request begins and ends on a value. No function 43.",
    registers=(
        _f32("voltage", 0x00, "V"),
        _f32("current", 0x06, "A"),
        _f32("power", 0x0C, "W"),
        _f32("apparent_power", 0x12, "V.A"),
        _f32("reactive_power", 0x18, "var"),
        _f32("power_factor", 0x1E, "1"),
        _f32("frequency", 0x46, "Hz"),
        _f32("import_energy", 0x48, "kW.h"),
        _f32("export_energy", 0x4A, "kW.h"),
        _f32("import_reactive_energy", 0x4C, "kvar.h"),
        _f32("export_reactive_energy", 0x4E, "kvar.h"),
        _f32("total_energy", 0x156, "kW.h"),
        _f32("total_reactive_energy", 0x158, "kvar.h"),
        _f32("modbus_address", 0x14, "1", Table.HOLDING_REGISTERS),
        _f32("baud_rate_code", 0x1C, "1", Table.HOLDING_REGISTERS),
    ),
)
PZEM_016: Final = Product(
    key="pzem-016",
    maker="Peacefair",
    model="PZEM-016",
    reference="esphome pzemac (its sample frame decides the scale of the energy: 1 Wh)",
    note="32-bit values send the low word first. No function 43.",
    registers=(
        _int("voltage", 0, DataType.U16, 0.1, "V"),
        _int("current", 1, DataType.U32, 0.001, "A"),
        _int("power", 3, DataType.U32, 0.1, "W"),
        _int("energy", 5, DataType.U32, 1.0, "W.h"),
        _int("frequency", 7, DataType.U16, 0.1, "Hz"),
        _int("power_factor", 8, DataType.U16, 0.01, "1"),
        _int("alarm", 9, DataType.U16, 1.0, "1"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class EastronSdm120:
    """Single-phase meter.

    Attributes:
        device_id: name in the city.
        supply: what is behind the meter; its L1 is measured.
        address: unit id, as its settings show it.
    """

    PRODUCT: ClassVar[Product] = SDM120
    device_id: str
    supply: ThreePhaseSupply
    address: int = 1

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        supply = self.supply
        return {
            **_basics(supply),
            "apparent_power": _model(supply, "V.A", lambda t: supply.voltage_v(0, t) * supply.current_a(0, t)),
            "reactive_power": _model(supply, "var", lambda t: supply.phase_power_w(0, t) * _tangent(supply, t)),
            "import_energy": _model(supply, "kW.h", lambda t: supply.phase_energy_kwh(0, t)),
            "export_energy": setting(0.0, "kW.h"),
            "import_reactive_energy": _model(supply, "kvar.h", supply.reactive_energy_kvarh),
            "export_reactive_energy": setting(0.0, "kvar.h"),
            "total_energy": _model(supply, "kW.h", lambda t: supply.phase_energy_kwh(0, t)),
            "total_reactive_energy": _model(supply, "kvar.h", supply.reactive_energy_kvarh),
            "modbus_address": setting(self.address),
            "baud_rate_code": setting(2),
        }


@dataclass(frozen=True, kw_only=True)
class Pzem016:
    """Single-phase meter with an external current transformer.

    Attributes:
        device_id: name in the city.
        supply: what is behind the meter; its L1 is measured.
    """

    PRODUCT: ClassVar[Product] = PZEM_016
    device_id: str
    supply: ThreePhaseSupply

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        supply = self.supply
        return {
            **_basics(supply),
            "energy": _model(supply, "W.h", lambda t: 1000.0 * supply.phase_energy_kwh(0, t)),
            "alarm": setting(0),
        }


def _basics(supply: ThreePhaseSupply) -> dict[str, Signal]:
    return {
        "voltage": _model(supply, "V", lambda t: supply.voltage_v(0, t)),
        "current": _model(supply, "A", lambda t: supply.current_a(0, t)),
        "power": _model(supply, "W", lambda t: supply.phase_power_w(0, t)),
        "power_factor": _model(supply, "1", supply.power_factor),
        "frequency": _model(supply, "Hz", supply.frequency_hz),
    }


def _model(supply: ThreePhaseSupply, unit: str, function: Callable[[float], float]) -> Signal:
    return ModelSignal(unit=unit, model=supply.MODEL, function=function, detail=supply.detail)


def _tangent(supply: ThreePhaseSupply, time_s: float) -> float:
    return math.tan(math.acos(supply.power_factor(time_s)))
