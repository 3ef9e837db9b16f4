"""Indoor climate sensors, thermostat and weather station."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from firmware_sim.devices.base import setting
from firmware_sim.encoding import DataType
from firmware_sim.modbus.register_map import Identification, Product, Register, Table
from firmware_sim.signals.base import Signal

_IN: Final = Table.INPUT_REGISTERS
_HOLD: Final = Table.HOLDING_REGISTERS


def _reg(
    name: str,
    table: Table,
    address: int,
    data_type: DataType,
    scale: float = 1.0,
    unit: str = "1",
    *,
    invalid: int | None = None,
) -> Register:
    return Register(
        name=name, table=table, address=address, data_type=data_type, scale=scale, unit=unit, invalid=invalid
    )


XY_MD02: Final = Product(
    key="xy-md02",
    maker="XY",
    model="MD02 (SHT20)",
    reference="wb-mqtt-serial config-xy-md0x",
    note="No function 43. Correction registers 0x0103/0x0104 are part of the map.",
    registers=(
        _reg("temperature", _IN, 0x0001, DataType.S16, 0.1, "Cel"),
        _reg("humidity", _IN, 0x0002, DataType.U16, 0.1, "%"),
        _reg("modbus_address", _HOLD, 0x0101, DataType.U16),
        _reg("baud_rate", _HOLD, 0x0102, DataType.U16),
        _reg("temperature_correction", _HOLD, 0x0103, DataType.S16, 0.1, "Cel"),
        _reg("humidity_correction", _HOLD, 0x0104, DataType.S16, 0.1, "%"),
    ),
)
SENSEAIR_S8: Final = Product(
    key="senseair-s8",
    maker="SenseAir",
    model="S8",
    reference="esphome senseair",
    max_registers=32,
    identification=Identification(vendor="SenseAir AB", product_code="S8", revision="1.0"),
    note="Only status words, CO2 and the self-calibration period are in this map.",
    registers=(
        _reg("status", _IN, 0, DataType.U16),
        _reg("alarm_status", _IN, 1, DataType.U16),
        _reg("output_status", _IN, 2, DataType.U16),
        _reg("co2", _IN, 3, DataType.S16, 1.0, "[ppm]"),
        _reg("abc_period", _HOLD, 0x001F, DataType.U16, 1.0, "h"),
    ),
)
WB_MSW_V4: Final = Product(
    key="wirenboard-msw-v4",
    maker="Wiren Board",
    model="WB-MSW v.4",
    reference="wb-mqtt-serial template of the product",
    identification=Identification(vendor="Wiren Board", product_code="WB-MSW4", revision="4"),
    registers=(
        _reg("sound_level", _IN, 3, DataType.U16, 0.01, "dB[SPL]"),
        _reg("temperature", _IN, 4, DataType.S16, 0.01, "Cel", invalid=0x7FFF),
        _reg("humidity", _IN, 5, DataType.S16, 0.01, "%", invalid=0x7FFF),
        _reg("co2", _IN, 8, DataType.U16, 1.0, "[ppm]", invalid=0xFFFF),
        _reg("illuminance", _IN, 9, DataType.U32, 0.01, "lx"),
        _reg("voc", _IN, 11, DataType.U16, 1.0, "[ppb]", invalid=0xFFFF),
        _reg("motion", _IN, 280, DataType.U16),
    ),
)
BAC_002ALN: Final = Product(
    key="bac-002aln",
    maker="BAC",
    model="BAC-002ALN",
    reference="wb-mqtt-serial config-bac-002aln",
    registers=(
        _reg("on", _HOLD, 0, DataType.U16),
        _reg("fan_speed", _HOLD, 1, DataType.U16),
        _reg("mode", _HOLD, 2, DataType.U16),
        _reg("setpoint", _HOLD, 3, DataType.U16, 0.1, "Cel"),
        _reg("room_temperature", _HOLD, 8, DataType.S16, 0.1, "Cel"),
        _reg("valve", _HOLD, 9, DataType.U16),
        _reg("fan_state", _HOLD, 10, DataType.U16),
    ),
)
SOKOL_M: Final = Product(
    key="sokol-m",
    maker="EcoSystems",
    model="Sokol-M",
    reference="wb-mqtt-serial config-sokol-m",
    registers=(
        _reg("temperature", _HOLD, 3, DataType.S16, 0.01, "Cel"),
        _reg("pressure", _HOLD, 4, DataType.U16, 0.1, "hPa"),
        _reg("humidity", _HOLD, 5, DataType.U16, 1.0, "%"),
        _reg("wind_speed", _HOLD, 6, DataType.U16, 0.01, "m/s"),
        _reg("wind_direction", _HOLD, 7, DataType.U16, 1.0, "deg"),
        _reg("precipitation_rate", _HOLD, 8, DataType.U16, 0.1, "mm/h"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class XyMd02:
    """Temperature and humidity sensor.

    Attributes:
        device_id: name in the city.
        temperature: Cel.
        humidity: %.
        address: unit id, as its settings show it.
    """

    PRODUCT: ClassVar[Product] = XY_MD02
    device_id: str
    temperature: Signal
    humidity: Signal
    address: int = 1

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "temperature": self.temperature,
            "humidity": self.humidity,
            "modbus_address": setting(self.address),
            "baud_rate": setting(9600),
            "temperature_correction": setting(0, "Cel"),
            "humidity_correction": setting(0, "%"),
        }


@dataclass(frozen=True, kw_only=True)
class SenseAirS8:
    """CO2 sensor.

    Attributes:
        device_id: name in the city.
        co2: ppm.
    """

    PRODUCT: ClassVar[Product] = SENSEAIR_S8
    device_id: str
    co2: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "status": setting(0),
            "alarm_status": setting(0),
            "output_status": setting(0),
            "co2": self.co2,
            "abc_period": setting(180, "h"),
        }


@dataclass(frozen=True, kw_only=True)
class WirenBoardMsw4:
    """Wall sensor for temperature, humidity, CO2, sound and light; the VOC sensor is not fitted (0xFFFF).

    Attributes:
        device_id: name in the city.
        temperature: Cel.
        humidity: %.
        co2: ppm.
        sound_level: dB.
        illuminance: lx.
        motion: strength of movement, 0 for none.
    """

    PRODUCT: ClassVar[Product] = WB_MSW_V4
    device_id: str
    temperature: Signal
    humidity: Signal
    co2: Signal
    sound_level: Signal
    illuminance: Signal
    motion: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "sound_level": self.sound_level,
            "temperature": self.temperature,
            "humidity": self.humidity,
            "co2": self.co2,
            "illuminance": self.illuminance,
            "voc": setting(float("nan"), "[ppb]"),
            "motion": self.motion,
        }


@dataclass(frozen=True, kw_only=True)
class Bac002Aln:
    """Fan-coil thermostat.

    Attributes:
        device_id: name in the city.
        on: 0 or 1.
        room_temperature: Cel.
        setpoint: Cel.
    """

    PRODUCT: ClassVar[Product] = BAC_002ALN
    device_id: str
    on: Signal
    room_temperature: Signal
    setpoint: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "on": self.on,
            "fan_speed": setting(1),
            "mode": setting(1),
            "setpoint": self.setpoint,
            "room_temperature": self.room_temperature,
            "valve": self.on,
            "fan_state": self.on,
        }


@dataclass(frozen=True, kw_only=True)
class SokolM:
    """Weather station.

    Attributes:
        device_id: name in the city.
        temperature: Cel.
        pressure: hPa.
        humidity: %.
        wind_speed: m/s.
        wind_direction: deg.
        precipitation_rate: mm/h.
    """

    PRODUCT: ClassVar[Product] = SOKOL_M
    device_id: str
    temperature: Signal
    pressure: Signal
    humidity: Signal
    wind_speed: Signal
    wind_direction: Signal
    precipitation_rate: Signal

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        return {
            "temperature": self.temperature,
            "pressure": self.pressure,
            "humidity": self.humidity,
            "wind_speed": self.wind_speed,
            "wind_direction": self.wind_direction,
            "precipitation_rate": self.precipitation_rate,
        }
