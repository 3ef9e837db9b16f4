"""Power meters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from firmware_sim.devices.base import setting
from firmware_sim.encoding import DataType
from firmware_sim.modbus.register_map import Identification, Product, Register, Table
from firmware_sim.signals.base import ModelSignal, Signal
from firmware_sim.signals.electric import ThreePhaseSupply


def _f32(name: str, address: int, unit: str, table: Table = Table.INPUT_REGISTERS) -> Register:
    return Register(name=name, table=table, address=address, data_type=DataType.F32, unit=unit)


def _phases(prefix: str, addresses: tuple[int, int, int], unit: str) -> tuple[Register, ...]:
    return tuple(_f32(f"{prefix}_l{n}", address, unit) for n, address in enumerate(addresses, start=1))


SDM630: Final = Product(
    key="eastron-sdm630",
    maker="Eastron",
    model="SDM630",
    reference="mbmd meters/rs485/sdm.go; esphome sdm_meter",
    max_registers=80,
    whole_values=True,
    identification=Identification(vendor="Eastron", product_code="SDM630", revision="V1.0"),
    note="Every value is f32 in two registers; a request begins and ends on a value and takes at most 40 of them. "
    "Addresses between the values are refused.",
    registers=(
        *_phases("voltage", (0x00, 0x02, 0x04), "V"),
        *_phases("current", (0x06, 0x08, 0x0A), "A"),
        *_phases("power", (0x0C, 0x0E, 0x10), "W"),
        *_phases("apparent_power", (0x12, 0x14, 0x16), "V.A"),
        *_phases("reactive_power", (0x18, 0x1A, 0x1C), "var"),
        *_phases("power_factor", (0x1E, 0x20, 0x22), "1"),
        _f32("power_total", 0x34, "W"),
        _f32("apparent_power_total", 0x38, "V.A"),
        _f32("reactive_power_total", 0x3C, "var"),
        _f32("power_factor_total", 0x3E, "1"),
        _f32("phase_angle_total", 0x42, "deg"),
        _f32("frequency", 0x46, "Hz"),
        _f32("import_energy", 0x48, "kW.h"),
        _f32("export_energy", 0x4A, "kW.h"),
        _f32("import_reactive_energy", 0x4C, "kvar.h"),
        _f32("export_reactive_energy", 0x4E, "kvar.h"),
        _f32("voltage_l1_l2", 0xC8, "V"),
        _f32("voltage_l2_l3", 0xCA, "V"),
        _f32("voltage_l3_l1", 0xCC, "V"),
        _f32("current_neutral", 0xE0, "A"),
        *_phases("thd_voltage", (0xEA, 0xEC, 0xEE), "%"),
        _f32("thd_voltage_mean", 0xF8, "%"),
        _f32("total_energy", 0x156, "kW.h"),
        _f32("total_reactive_energy", 0x158, "kvar.h"),
        *_phases("import_energy", (0x15A, 0x15C, 0x15E), "kW.h"),
        *_phases("export_energy", (0x160, 0x162, 0x164), "kW.h"),
        *_phases("total_energy", (0x166, 0x168, 0x16A), "kW.h"),
        _f32("modbus_address", 0x14, "1", Table.HOLDING_REGISTERS),
        _f32("baud_rate_code", 0x1C, "1", Table.HOLDING_REGISTERS),
    ),
)


@dataclass(frozen=True, kw_only=True)
class EastronSdm630:
    """Three-phase meter of a distribution board; all values follow from one supply model, so they agree.

    Attributes:
        device_id: name in the city.
        supply: voltages, load and energy behind the meter.
        address: unit id, as its settings show it.
    """

    PRODUCT: ClassVar[Product] = SDM630
    device_id: str
    supply: ThreePhaseSupply
    address: int = 1

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        supply = self.supply
        found: dict[str, Signal] = {}
        for phase in range(3):
            n = phase + 1
            self._phase_signals(found, phase, n)
            found[f"thd_voltage_l{n}"] = self._model("%", supply.thd_pct)
        lines = {"voltage_l1_l2": (0, 1), "voltage_l2_l3": (1, 2), "voltage_l3_l1": (2, 0)}
        for name, (a, b) in lines.items():
            found[name] = self._model("V", lambda t, a=a, b=b: supply.line_voltage_v(a, b, t))  # type: ignore[misc]
        found |= {
            "power_total": self._model("W", supply.power_w),
            "apparent_power_total": self._model("V.A", lambda t: supply.power_w(t) / supply.power_factor(t)),
            "reactive_power_total": self._model("var", lambda t: supply.power_w(t) * _tan(supply.power_factor(t))),
            "power_factor_total": self._model("1", supply.power_factor),
            "phase_angle_total": self._model("deg", lambda t: math.degrees(math.acos(supply.power_factor(t)))),
            "frequency": self._model("Hz", supply.frequency_hz),
            "import_energy": self._model("kW.h", supply.energy_kwh),
            "export_energy": setting(0.0, "kW.h"),
            "import_reactive_energy": self._model("kvar.h", supply.reactive_energy_kvarh),
            "export_reactive_energy": setting(0.0, "kvar.h"),
            "total_reactive_energy": self._model("kvar.h", supply.reactive_energy_kvarh),
            "current_neutral": self._model("A", supply.neutral_current_a),
            "thd_voltage_mean": self._model("%", supply.thd_pct),
            "total_energy": self._model("kW.h", supply.energy_kwh),
            "modbus_address": setting(self.address),
            "baud_rate_code": setting(2),
        }
        return found

    def _phase_signals(self, found: dict[str, Signal], phase: int, n: int) -> None:
        supply = self.supply
        found[f"voltage_l{n}"] = self._model("V", lambda t: supply.voltage_v(phase, t))
        found[f"current_l{n}"] = self._model("A", lambda t: supply.current_a(phase, t))
        found[f"power_l{n}"] = self._model("W", lambda t: supply.phase_power_w(phase, t))
        found[f"apparent_power_l{n}"] = self._model(
            "V.A", lambda t: supply.voltage_v(phase, t) * supply.current_a(phase, t)
        )
        found[f"reactive_power_l{n}"] = self._model(
            "var", lambda t: supply.phase_power_w(phase, t) * _tan(supply.power_factor(t))
        )
        for counter in ("import_energy", "total_energy"):
            found[f"{counter}_l{n}"] = self._model("kW.h", lambda t: supply.phase_energy_kwh(phase, t))
        found[f"export_energy_l{n}"] = setting(0.0, "kW.h")
        found[f"power_factor_l{n}"] = self._model("1", supply.power_factor)

    def _model(self, unit: str, function: Callable[[float], float]) -> Signal:
        return ModelSignal(unit=unit, model=self.supply.MODEL, function=function, detail=self.supply.detail)


def _tan(power_factor: float) -> float:
    return math.tan(math.acos(power_factor))
