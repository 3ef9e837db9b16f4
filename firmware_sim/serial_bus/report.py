"""A bus in words and as data: what hangs on it, what its displays show, what has passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from firmware_sim.modbus.register_map import Register
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.display import Shown, display_of
from firmware_sim.serial_bus.plan import BusPlan, UnitPlan
from firmware_sim.serial_bus.unit import BusUnit, ProductInstrument, UnitFaults


def wrong_with(faults: UnitFaults) -> str:
    """What is wrong with a unit now, in short; empty: nothing."""
    found = ["dead"] if faults.dead else []
    found += [f"slow +{faults.delay_s:g} s"] if faults.delay_s else []
    found += [f"late +{faults.late_s:g} s once"] if faults.late_s else []
    found += [f"crc {faults.crc_rate:g}"] if faults.crc_rate else []
    found += [f"noise {faults.noise_bytes} bytes"] if faults.noise_bytes else []
    found += ["wrong unit"] if faults.wrong_unit else []
    found += ["truncated"] if faults.truncated else []
    found += [f"exception {faults.exception}"] if faults.exception is not None else []
    found += [f"limit {faults.limit}"] if faults.limit is not None else []
    found += [f"hole FC{table:02d}/{address}" for table, address in sorted(faults.holes)]
    found += [f"{name} {value:+g}" for name, value in sorted(faults.offsets.items())]
    return ", ".join(found)


def unit_lines(bus: Bus, plan: BusPlan, time_s: float) -> Iterator[str]:
    """One line for each unit: id, product, place, what is wrong or different, its display."""
    for planned in plan.units:
        unit = bus.unit(planned.unit_id)
        remarks = "; ".join(text for text in (wrong_with(unit.faults), planned.differs) if text)
        shown = ", ".join(_shown(item) for item in display_of(unit, time_s))
        yield f"unit {planned.unit_id:>3}  {planned.product:<24} {planned.place_en:<30} [{remarks}] {shown}".rstrip()


def display_lines(bus: Bus, time_s: float) -> Iterator[str]:
    """One line for each quantity on a display."""
    for unit in bus.units:
        for item in display_of(unit, time_s):
            yield f"{unit.unit_id} {_shown(item)}"


def _shown(item: Shown) -> str:
    return f"{item.register} {item.text}" + (f" {item.unit}" if item.unit != "1" else "")


def bus_description(bus: Bus, plan: BusPlan, time_ms: int) -> dict[str, Any]:
    """Everything about a bus and its units, with their displays at `time_ms`."""
    return {
        "id": plan.id,
        "line": bus.settings.text,
        "framing": str(bus.framing),
        "time_ms": time_ms,
        "units": [_unit(bus.unit(planned.unit_id), planned, time_ms / 1000) for planned in plan.units],
    }


def _unit(unit: BusUnit, planned: UnitPlan, time_s: float) -> dict[str, Any]:
    described: dict[str, Any] = {
        "unit": unit.unit_id,
        "label": planned.product,
        "place": {"zh": planned.place_zh, "en": planned.place_en},
        "differs": planned.differs,
        "wrong": wrong_with(unit.faults),
        "turnaround_ms": [
            round(unit.pace.turnaround_s * 1000, 3),
            round((unit.pace.turnaround_s + unit.pace.jitter_s) * 1000, 3),
        ],
        "display": [
            {"register": s.register, "text": s.text, "unit": s.unit, "own": s.own} for s in display_of(unit, time_s)
        ],
    }
    instrument = unit.instrument
    if isinstance(instrument, ProductInstrument):
        product = instrument.product
        objects = product.identification.objects() if product.identification is not None else {}
        described |= {
            "maker": product.maker,
            "model": product.model,
            "max_registers": product.max_registers,
            "identification": {key: text.decode() for key, text in objects.items()},
            "registers": [_register(r) for r in product.registers if r.note != "reserved"],
        }
    return described


def _register(register: Register) -> Mapping[str, Any]:
    return {
        "name": register.name,
        "function": int(register.table),
        "address": register.address,
        "type": str(register.data_type),
        "order": str(register.word_order),
        "scale": register.scale,
        "unit": register.unit,
        "absent": register.invalid,
    }


def bus_totals(bus: Bus, elapsed_s: float) -> dict[str, Any]:
    """What has passed, and how much of the wire's time it took."""
    seen, character_s = bus.sniffer, bus.settings.character_s
    wire_s = (seen.bytes_sent + seen.bytes_answered) * character_s
    return {
        "frames": dict(seen.what),
        "functions": {str(code): count for code, count in sorted(seen.functions.items())},
        "writes_seen": seen.writes_seen,
        "foreign_seen": seen.foreign_seen,
        "exceptions": seen.exceptions,
        "collisions": bus.medium.collided,
        "bytes_sent": seen.bytes_sent,
        "bytes_answered": seen.bytes_answered,
        "elapsed_s": round(elapsed_s, 3),
        "wire_share": round(wire_s / elapsed_s, 4) if elapsed_s > 0 else 0.0,
        "by_unit": {str(unit.unit_id): unit.answered for unit in bus.units},
    }
