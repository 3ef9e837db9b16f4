"""Three-phase power meters whose maps differ as maps do: divided floats, 64-bit counters, word orders, no value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from firmware_sim.devices.base import setting
from firmware_sim.encoding import DataType, WordOrder
from firmware_sim.modbus.register_map import Identification, Product, Register, Table
from firmware_sim.signals.base import ModelSignal, Signal
from firmware_sim.signals.electric import ThreePhaseSupply

_HOLD: Final = Table.HOLDING_REGISTERS
_IN: Final = Table.INPUT_REGISTERS
_ALL_ONES: Final = {DataType.U16: 0xFFFF, DataType.U32: 0xFFFFFFFF, DataType.U64: (1 << 64) - 1}
_HIGHEST: Final = {DataType.S16: 0x7FFF, DataType.S32: 0x7FFFFFFF}


def _reg(
    name: str,
    address: int,
    data_type: DataType,
    scale: float,
    unit: str,
    *,
    table: Table = _HOLD,
    order: WordOrder = WordOrder.ABCD,
    invalid: int | None = None,
) -> Register:
    return Register(
        name=name,
        table=table,
        address=address,
        data_type=data_type,
        scale=scale,
        unit=unit,
        word_order=order,
        invalid=invalid,
    )


def _phases(
    prefix: str, addresses: tuple[int, int, int], data_type: DataType, scale: float, unit: str, **more: object
) -> tuple[Register, ...]:
    return tuple(
        _reg(f"{prefix}_l{n}", address, data_type, scale, unit, **more)  # type: ignore[arg-type]
        for n, address in enumerate(addresses, start=1)
    )


_F32, _U16, _S16, _U32, _S32 = DataType.F32, DataType.U16, DataType.S16, DataType.U32, DataType.S32

DTSU666: Final = Product(
    key="chint-dtsu666",
    maker="Chint",
    model="DTSU666",
    reference="mbmd meters/rs485/dtsu666.go, which follows the maker's manual",
    whole_values=True,
    note="f32 that still needs a divisor: volts and watts by 10, amperes and power factor by 1000, hertz by 100.",
    registers=(
        _reg("import_energy", 0x101E, _F32, 1.0, "kW.h"),
        _reg("export_energy", 0x1028, _F32, 1.0, "kW.h"),
        _reg("voltage_l1_l2", 0x2000, _F32, 0.1, "V"),
        _reg("voltage_l2_l3", 0x2002, _F32, 0.1, "V"),
        _reg("voltage_l3_l1", 0x2004, _F32, 0.1, "V"),
        *_phases("voltage", (0x2006, 0x2008, 0x200A), _F32, 0.1, "V"),
        *_phases("current", (0x200C, 0x200E, 0x2010), _F32, 0.001, "A"),
        _reg("power_total", 0x2012, _F32, 0.1, "W"),
        *_phases("power", (0x2014, 0x2016, 0x2018), _F32, 0.1, "W"),
        _reg("reactive_power_total", 0x201A, _F32, 0.1, "var"),
        *_phases("reactive_power", (0x201C, 0x201E, 0x2020), _F32, 0.1, "var"),
        _reg("power_factor_total", 0x202A, _F32, 0.001, "1"),
        *_phases("power_factor", (0x202C, 0x202E, 0x2030), _F32, 0.001, "1"),
        _reg("frequency", 0x2044, _F32, 0.01, "Hz"),
    ),
)
ADW300: Final = Product(
    key="acrel-adw300",
    maker="Acrel",
    model="ADW300",
    reference="evcc templates/definition/meter/acrel-adw300.yaml",
    note="Directly connected model: no transformer ratio to apply.",
    registers=(
        *_phases("voltage", (20, 21, 22), _U16, 0.1, "V"),
        *_phases("current", (26, 27, 28), _U16, 0.01, "A"),
        *_phases("power", (30, 32, 34), _S32, 1.0, "W"),
        _reg("power_total", 36, _S32, 1.0, "W"),
        _reg("import_energy", 62, _S32, 0.01, "kW.h"),
        _reg("export_energy", 64, _S32, 0.01, "kW.h"),
    ),
)
IEM3000: Final = Product(
    key="schneider-iem3000",
    maker="Schneider Electric",
    model="iEM3155",
    reference="mbmd meters/rs485/iem3000.go; identification objects from the maker's manual of the iEM3000 range",
    identification=Identification(
        vendor="Schneider Electric",
        product_code="A9MEM3155",
        revision="001.006.000",
        product_name="iEM3000",
        model_name="A9MEM3155",
        application="A9MEM3155",
    ),
    registers=(
        *_phases("current", (0x0BB7, 0x0BB9, 0x0BBB), _F32, 1.0, "A"),
        *_phases("voltage", (0x0BD3, 0x0BD5, 0x0BD7), _F32, 1.0, "V"),
        *_phases("power", (0x0BED, 0x0BEF, 0x0BF1), _F32, 1000.0, "W"),
        _reg("power_total", 0x0BF3, _F32, 1000.0, "W"),
        _reg("reactive_power_total", 0x0BFB, _F32, 1000.0, "var"),
        _reg("apparent_power_total", 0x0C03, _F32, 1000.0, "V.A"),
        _reg("frequency", 0x0C25, _F32, 1.0, "Hz"),
        _reg("import_energy", 0x0C83, DataType.S64, 0.001, "kW.h"),
        _reg("export_energy", 0x0C87, DataType.S64, 0.001, "kW.h"),
    ),
)


def _abb(name: str, address: int, data_type: DataType, scale: float, unit: str) -> Register:
    invalid = (_ALL_ONES | _HIGHEST)[data_type]
    return _reg(name, address, data_type, scale, unit, invalid=invalid)


ABB_B23: Final = Product(
    key="abb-b-series",
    maker="ABB",
    model="B23",
    reference="mbmd meters/rs485/abb.go",
    note="A value that is not available has all bits set (unsigned) or is the highest number (signed).",
    registers=(
        _abb("import_energy", 0x5000, DataType.U64, 0.01, "kW.h"),
        _abb("export_energy", 0x5004, DataType.U64, 0.01, "kW.h"),
        *(_abb(f"import_energy_l{n}", 0x5460 + 4 * (n - 1), DataType.U64, 0.01, "kW.h") for n in (1, 2, 3)),
        *(_abb(f"export_energy_l{n}", 0x546C + 4 * (n - 1), DataType.U64, 0.01, "kW.h") for n in (1, 2, 3)),
        *(_abb(f"voltage_l{n}", 0x5B00 + 2 * (n - 1), _U32, 0.1, "V") for n in (1, 2, 3)),
        *(_abb(f"current_l{n}", 0x5B0C + 2 * (n - 1), _U32, 0.01, "A") for n in (1, 2, 3)),
        _abb("power_total", 0x5B14, _S32, 0.01, "W"),
        *(_abb(f"power_l{n}", 0x5B16 + 2 * (n - 1), _S32, 0.01, "W") for n in (1, 2, 3)),
        _abb("frequency", 0x5B2C, _U16, 0.01, "Hz"),
        _abb("power_factor_total", 0x5B3A, _S16, 0.001, "1"),
        *(_abb(f"power_factor_l{n}", 0x5B3A + n, _S16, 0.001, "1") for n in (1, 2, 3)),
    ),
)
EM24: Final = Product(
    key="carlo-gavazzi-em24",
    maker="Carlo Gavazzi",
    model="EM24-DIN",
    reference="mbmd, Carlo Gavazzi meters",
    max_registers=11,
    note="32-bit values send the low word first; at most 11 registers a request.",
    registers=(
        *_phases("voltage", (0x00, 0x02, 0x04), _S32, 0.1, "V", table=_IN, order=WordOrder.CDAB),
        *_phases("current", (0x0C, 0x0E, 0x10), _S32, 0.001, "A", table=_IN, order=WordOrder.CDAB),
        *_phases("power", (0x12, 0x14, 0x16), _S32, 0.1, "W", table=_IN, order=WordOrder.CDAB),
        _reg("power_total", 0x28, _S32, 0.1, "W", table=_IN, order=WordOrder.CDAB),
        *_phases("power_factor", (0x32, 0x33, 0x34), _S16, 0.001, "1", table=_IN),
        _reg("power_factor_total", 0x35, _S16, 0.001, "1", table=_IN),
        _reg("frequency", 0x37, _U16, 0.1, "Hz", table=_IN),
        _reg("import_energy", 0x42, _S32, 0.1, "kW.h", table=_IN, order=WordOrder.CDAB),
        *_phases("import_energy", (0x46, 0x48, 0x4A), _S32, 0.1, "kW.h", table=_IN, order=WordOrder.CDAB),
        _reg("export_energy", 0x5C, _S32, 0.1, "kW.h", table=_IN, order=WordOrder.CDAB),
    ),
)


@dataclass(frozen=True, kw_only=True)
class _Meter:
    """Signals of all these meters from one supply; a map takes those it has.

    Attributes:
        device_id: name in the city.
        supply: voltages, load and energy behind the meter.
        absent: registers whose value is not available here.
    """

    PRODUCT: ClassVar[Product]
    device_id: str
    supply: ThreePhaseSupply
    absent: frozenset[str] = frozenset()

    def signals(self) -> Mapping[str, Signal]:
        """A signal for every register."""
        known = self._known()
        return {
            r.name: setting(math.nan, r.unit) if r.name in self.absent else known[r.name]
            for r in self.PRODUCT.registers
        }

    def _known(self) -> dict[str, Signal]:
        supply = self.supply
        known: dict[str, Signal] = {
            "power_total": self._model("W", supply.power_w),
            "apparent_power_total": self._model("V.A", lambda t: supply.power_w(t) / supply.power_factor(t)),
            "reactive_power_total": self._model(
                "var", lambda t: supply.power_w(t) * math.tan(math.acos(supply.power_factor(t)))
            ),
            "power_factor_total": self._model("1", supply.power_factor),
            "frequency": self._model("Hz", supply.frequency_hz),
            "import_energy": self._model("kW.h", supply.energy_kwh),
            "export_energy": setting(0.0, "kW.h"),
        }
        for phase in range(3):
            self._add_phase(known, phase)
        return known

    def _add_phase(self, known: dict[str, Signal], phase: int) -> None:
        supply, n, other = self.supply, phase + 1, (phase + 1) % 3
        known[f"voltage_l{n}"] = self._model("V", lambda t: supply.voltage_v(phase, t))
        known[f"current_l{n}"] = self._model("A", lambda t: supply.current_a(phase, t))
        known[f"power_l{n}"] = self._model("W", lambda t: supply.phase_power_w(phase, t))
        known[f"reactive_power_l{n}"] = self._model(
            "var", lambda t: supply.phase_power_w(phase, t) * math.tan(math.acos(supply.power_factor(t)))
        )
        known[f"power_factor_l{n}"] = self._model("1", supply.power_factor)
        known[f"import_energy_l{n}"] = self._model("kW.h", lambda t: supply.phase_energy_kwh(phase, t))
        known[f"export_energy_l{n}"] = setting(0.0, "kW.h")
        known[f"voltage_l{n}_l{other + 1}"] = self._model("V", lambda t: supply.line_voltage_v(phase, other, t))

    def _model(self, unit: str, function: Callable[[float], float]) -> Signal:
        return ModelSignal(unit=unit, model=self.supply.MODEL, function=function, detail=self.supply.detail)


class ChintDtsu666(_Meter):
    """Meter whose floats still need a divisor."""

    PRODUCT: ClassVar[Product] = DTSU666


class AcrelAdw300(_Meter):
    """Meter with 16-bit volts and 32-bit watts."""

    PRODUCT: ClassVar[Product] = ADW300


class SchneiderIem3000(_Meter):
    """Meter with floats in kW, 64-bit energy and an identification."""

    PRODUCT: ClassVar[Product] = IEM3000


class AbbB23(_Meter):
    """Meter with codes for what is not available."""

    PRODUCT: ClassVar[Product] = ABB_B23


class CarloGavazziEm24(_Meter):
    """Meter that sends the low word first and answers short requests only."""

    PRODUCT: ClassVar[Product] = EM24
