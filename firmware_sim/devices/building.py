"""Room sensor, fan drive and cold-room controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from firmware_sim.devices.base import setting
from firmware_sim.encoding import DataType
from firmware_sim.modbus.register_map import Product, Register, Table
from firmware_sim.signals.base import ConvertedSignal, Signal

_HOLD: Final = Table.HOLDING_REGISTERS


def _reg(
    name: str, address: int, data_type: DataType, scale: float = 1.0, unit: str = "1", table: Table = _HOLD
) -> Register:
    return Register(name=name, table=table, address=address, data_type=data_type, scale=scale, unit=unit)


def _bit(name: str, table: Table, address: int) -> Register:
    return _reg(name, address, DataType.BIT, table=table)


RS_WS_N01: Final = Product(
    key="renke-rs-ws-n01",
    maker="Renke",
    model="RS-WS-N01",
    reference="secondary sources; a variant has humidity and temperature swapped",
    note="Leaves the factory at 4800 baud. No function 43.",
    registers=(
        _reg("humidity", 0x0000, DataType.U16, 0.1, "%"),
        _reg("temperature", 0x0001, DataType.S16, 0.1, "Cel"),
        _reg("modbus_address", 0x07D0, DataType.U16),
        _reg("baud_rate", 0x07D1, DataType.U16),
    ),
)
FC51: Final = Product(
    key="danfoss-fc51",
    maker="Danfoss",
    model="VLT Micro FC 51",
    max_registers=2,
    reference="wb-mqtt-serial config-danfoss-fc51",
    note="Address = parameter x 10 - 1; only whole parameters can be read, gaps are refused.",
    registers=(
        _reg("operating_time", 14999, DataType.U32, 1.0, "h"),
        _reg("running_hours", 15009, DataType.U32, 1.0, "h"),
        _reg("energy", 15019, DataType.U32, 1.0, "kW.h"),
        _reg("reference_frequency", 16009, DataType.S32, 0.001, "Hz"),
        _reg("reference", 16019, DataType.S16, 0.1, "%"),
        _reg("motor_voltage", 16119, DataType.U16, 1.0, "V"),
        _reg("output_frequency", 16129, DataType.U16, 0.1, "Hz"),
        _reg("output_current", 16139, DataType.U16, 0.01, "A"),
        _reg("motor_thermal", 16179, DataType.U16, 1.0, "%"),
        _reg("dc_link_voltage", 16299, DataType.U16, 1.0, "V"),
        _reg("heatsink_temperature", 16339, DataType.U16, 1.0, "Cel"),
        _reg("inverter_thermal", 16349, DataType.U16, 1.0, "%"),
        _reg("alarm_word", 16899, DataType.U32),
        _reg("warning_word", 16919, DataType.U32),
        _reg("status_word", 50199, DataType.U16),
    ),
)
IR33: Final = Product(
    key="carel-ir33",
    maker="Carel",
    model="IR33",
    reference="wb-mqtt-serial config-carel-ir33",
    note="Uses all four tables: coils, discrete inputs, holding and input registers.",
    registers=(
        _bit("low_temperature_alarm", Table.COILS, 2),
        _bit("high_temperature_alarm", Table.COILS, 5),
        _bit("condenser_alarm", Table.COILS, 25),
        _bit("fahrenheit", Table.COILS, 41),
        _bit("defrost_relay", Table.DISCRETE_INPUTS, 0),
        _bit("probe_1_fault", Table.DISCRETE_INPUTS, 3),
        _bit("probe_2_fault", Table.DISCRETE_INPUTS, 6),
        _bit("compressor", Table.DISCRETE_INPUTS, 7),
        _bit("fan", Table.DISCRETE_INPUTS, 13),
        _bit("defrost", Table.DISCRETE_INPUTS, 18),
        _bit("door_open_long", Table.DISCRETE_INPUTS, 28),
        _bit("door_open", Table.DISCRETE_INPUTS, 43),
        _reg("setpoint", 404, DataType.S16, 0.1, "Cel"),
        _reg("probe_1", 403, DataType.S16, 0.1, "Cel", Table.INPUT_REGISTERS),
        _reg("virtual_probe", 406, DataType.S16, 0.1, "Cel", Table.INPUT_REGISTERS),
        _reg("probe_2", 412, DataType.S16, 0.1, "Cel", Table.INPUT_REGISTERS),
    ),
)


@dataclass(frozen=True, kw_only=True)
class RenkeRsWsN01:
    """Temperature and humidity sensor with a display.

    Attributes:
        device_id: name in the city.
        temperature: Cel.
        humidity: %.
        address: unit id, as its settings show it.
    """

    PRODUCT: ClassVar[Product] = RS_WS_N01
    device_id: str
    temperature: Signal
    humidity: Signal
    address: int = 1

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "humidity": self.humidity,
            "temperature": self.temperature,
            "modbus_address": setting(self.address),
            "baud_rate": setting(9600),
        }


@dataclass(frozen=True, kw_only=True)
class DanfossFc51:
    """Fan drive.

    Attributes:
        device_id: name in the city.
        frequency: Hz.
        current: A.
        running_hours: h, counted up.
        energy: kW.h, counted up.
    """

    PRODUCT: ClassVar[Product] = FC51
    device_id: str
    frequency: Signal
    current: Signal
    running_hours: Signal
    energy: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        warm = ConvertedSignal(
            unit="Cel", of=self.current, factor=0.8, offset=28.0, reason="heatsink warmed by the current"
        )
        volts = ConvertedSignal(unit="V", of=self.frequency, factor=7.6, reason="constant volts per hertz")
        return {
            "operating_time": self.running_hours,
            "running_hours": self.running_hours,
            "energy": self.energy,
            "reference_frequency": self.frequency,
            "reference": ConvertedSignal(unit="%", of=self.frequency, factor=2.0, reason="of 50 Hz"),
            "motor_voltage": volts,
            "motor_thermal": ConvertedSignal(unit="%", of=self.current, factor=6.0, reason="of rated current"),
            "inverter_thermal": ConvertedSignal(unit="%", of=self.current, factor=4.0, reason="of rated current"),
            "output_frequency": self.frequency,
            "output_current": self.current,
            "dc_link_voltage": setting(541, "V"),
            "heatsink_temperature": warm,
            "alarm_word": setting(0),
            "warning_word": setting(0),
            "status_word": setting(0x0F07),  # ready, remote control, on reference, running
        }


@dataclass(frozen=True, kw_only=True)
class CarelIr33:
    """Cold-room controller.

    Attributes:
        device_id: name in the city.
        room: air temperature, Cel.
        evaporator: Cel.
        compressor: 0 or 1.
        setpoint: Cel.
        high: 1 while the room is too warm.
    """

    PRODUCT: ClassVar[Product] = IR33
    device_id: str
    room: Signal
    evaporator: Signal
    compressor: Signal
    high: Signal
    setpoint: float = 4.0

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "low_temperature_alarm": setting(0),
            "high_temperature_alarm": self.high,
            "condenser_alarm": setting(0),
            "fahrenheit": setting(0),
            "defrost_relay": setting(0),
            "probe_1_fault": setting(0),
            "probe_2_fault": setting(0),
            "compressor": self.compressor,
            "fan": setting(1),
            "defrost": setting(0),
            "door_open_long": setting(0),
            "door_open": setting(0),
            "setpoint": setting(self.setpoint, "Cel"),
            "probe_1": self.room,
            "virtual_probe": self.room,
            "probe_2": self.evaporator,
        }
