"""Level, pressure, flow, tilt and drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from firmware_sim.devices.base import setting
from firmware_sim.encoding import DataType, WordOrder
from firmware_sim.modbus.register_map import Identification, Product, Register, Table
from firmware_sim.signals.base import ConvertedSignal, Signal

_HOLD: Final = Table.HOLDING_REGISTERS


def _reg(
    name: str,
    address: int,
    data_type: DataType,
    scale: float = 1.0,
    unit: str = "1",
    *,
    order: WordOrder = WordOrder.ABCD,
    note: str = "",
) -> Register:
    return Register(
        name=name,
        table=_HOLD,
        address=address,
        data_type=data_type,
        scale=scale,
        unit=unit,
        word_order=order,
        note=note,
    )


QDY30A: Final = Product(
    key="qdy30a",
    maker="QDY",
    model="QDY30A",
    reference="secondary sources; their unit codes conflict, so read back on commissioning",
    note="value = raw / 10^decimals, with the decimals in register 0x0003. No function 43.",
    registers=(
        _reg("modbus_address", 0x0000, DataType.U16),
        _reg("baud_rate_code", 0x0001, DataType.U16),
        _reg("unit_code", 0x0002, DataType.U16, note="16 m, 17 cm, 18 mm, 1 kPa, 0 MPa; not the same in all sources"),
        _reg("decimals", 0x0003, DataType.U16),
        _reg("value", 0x0004, DataType.S16, note="scaled by 10^-decimals"),
    ),
)
GD200A: Final = Product(
    key="invt-gd200a",
    maker="INVT",
    model="GD200A",
    reference="secondary sources of the maker's Modbus table",
    max_registers=16,
    identification=Identification(vendor="INVT", product_code="GD200A", revision="1.0"),
    note="State 1 forward, 2 reverse, 3 stop, 4 fault, 5 off. At most 16 registers a request.",
    registers=(
        _reg("state", 0x2100, DataType.U16),
        _reg("state_2", 0x2101, DataType.U16, note="bit 0 ready"),
        _reg("fault_code", 0x2102, DataType.U16, note="4-6 OC, 7-9 OV, 10 UV, 11 OL1, 13 SPI, 14 SPO, 17 EF"),
        _reg("identity", 0x2103, DataType.U16),
        _reg("running_frequency", 0x3000, DataType.U16, 0.01, "Hz"),
        _reg("set_frequency", 0x3001, DataType.U16, 0.01, "Hz"),
        _reg("bus_voltage", 0x3002, DataType.U16, 0.1, "V"),
        _reg("output_voltage", 0x3003, DataType.U16, 1.0, "V"),
        _reg("output_current", 0x3004, DataType.U16, 0.1, "A"),
        _reg("speed", 0x3005, DataType.U16, 1.0, "/min"),
        _reg("output_power", 0x3006, DataType.S16, 0.1, "%"),
        _reg("output_torque", 0x3007, DataType.S16, 0.1, "%"),
        _reg("pid_set", 0x3008, DataType.S16, 0.1, "%"),
        _reg("pid_feedback", 0x3009, DataType.S16, 0.1, "%"),
        _reg("digital_inputs", 0x300A, DataType.U16, note="bit n: terminal S(n+1)"),
        _reg("digital_outputs", 0x300B, DataType.U16),
    ),
)
INCLINOMETER: Final = Product(
    key="dual-axis-inclinometer",
    maker="(several)",
    model="dual-axis inclinometer, s32 0.001 deg",
    reference="secondary sources; 38400 baud variants exist",
    registers=(
        _reg("angle_x", 0, DataType.S32, 0.001, "deg"),
        _reg("angle_y", 2, DataType.S32, 0.001, "deg"),
    ),
)
TUF_2000M: Final = Product(
    key="tuf-2000m",
    maker="(several)",
    model="TUF-2000M",
    reference="secondary sources of the maker's table, which counts registers from 1; these addresses count from 0",
    registers=(
        _reg("flow", 0, DataType.F32, 1.0, "m3/h", order=WordOrder.CDAB),
        _reg("net_total", 112, DataType.F32, 1.0, "m3", order=WordOrder.CDAB),
        _reg("positive_total", 114, DataType.F32, 1.0, "m3", order=WordOrder.CDAB),
        _reg("negative_total", 116, DataType.F32, 1.0, "m3", order=WordOrder.CDAB),
    ),
)


class DriveState(IntEnum):
    """State register of the GD200A."""

    FORWARD = 1
    REVERSE = 2
    STOPPED = 3
    FAULT = 4
    OFF = 5


class QdyUnit(IntEnum):
    """Unit register of the QDY30A, one of the conflicting tables."""

    MPA = 0
    KPA = 1
    METRE = 16


@dataclass(frozen=True, kw_only=True)
class Qdy30a:
    """Submersible level or pressure transmitter.

    Attributes:
        device_id: name in the city.
        measured: m, kPa or MPa.
        unit_code: what the unit register shows.
        decimals: what the decimals register shows.
        address: unit id, as its settings show it.
    """

    PRODUCT: ClassVar[Product] = QDY30A
    device_id: str
    measured: Signal
    unit_code: QdyUnit
    decimals: int = 3
    address: int = 1

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "modbus_address": setting(self.address),
            "baud_rate_code": setting(3),
            "unit_code": setting(self.unit_code),
            "decimals": setting(self.decimals),
            "value": ConvertedSignal(
                unit="1", of=self.measured, factor=10.0**self.decimals, reason="decimals register"
            ),
        }


@dataclass(frozen=True, kw_only=True)
class InvtGd200a:
    """Pump drive.

    Attributes:
        device_id: name in the city.
        state: 1 forward, 3 stop, 4 fault.
        fault_code: 0 none; see the map.
        frequency: Hz.
        current: A.
        power: % of rated.
        digital_inputs: bits of the terminals S1, S2, ...; floats and seal probes are wired here.
        pid_set: % of the sensor's range.
        pid_feedback: % of the sensor's range.
    """

    PRODUCT: ClassVar[Product] = GD200A
    device_id: str
    state: Signal
    fault_code: Signal
    frequency: Signal
    current: Signal
    power: Signal
    digital_inputs: Signal
    pid_set: Signal
    pid_feedback: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "state": self.state,
            "state_2": setting(1),
            "fault_code": self.fault_code,
            "identity": setting(0x010C),
            "running_frequency": self.frequency,
            "set_frequency": setting(50.0, "Hz"),
            "bus_voltage": setting(537.0, "V"),
            "output_voltage": ConvertedSignal(
                unit="V", of=self.frequency, factor=7.6, reason="constant volts per hertz"
            ),
            "output_current": self.current,
            "speed": ConvertedSignal(unit="/min", of=self.frequency, factor=29.0, reason="two pole pairs less slip"),
            "output_power": self.power,
            "output_torque": self.power,
            "pid_set": self.pid_set,
            "pid_feedback": self.pid_feedback,
            "digital_inputs": self.digital_inputs,
            "digital_outputs": setting(0),
        }


@dataclass(frozen=True, kw_only=True)
class DualAxisInclinometer:
    """Tilt sensor on a wall.

    Attributes:
        device_id: name in the city.
        angle_x: deg.
        angle_y: deg.
    """

    PRODUCT: ClassVar[Product] = INCLINOMETER
    device_id: str
    angle_x: Signal
    angle_y: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {"angle_x": self.angle_x, "angle_y": self.angle_y}


@dataclass(frozen=True, kw_only=True)
class Tuf2000m:
    """Clamp-on ultrasonic flow meter.

    Attributes:
        device_id: name in the city.
        flow: m3/h.
        volume: m3, counted up.
    """

    PRODUCT: ClassVar[Product] = TUF_2000M
    device_id: str
    flow: Signal
    volume: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "flow": self.flow,
            "net_total": self.volume,
            "positive_total": self.volume,
            "negative_total": setting(0.0, "m3"),
        }
