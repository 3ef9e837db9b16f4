"""Profiles from YAML files: all mistakes of a file at once, each with its line."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

from core.errors import Finding, Invalid
from core.units import UNITS
from gateway import document, findings
from gateway.document import Document, Table
from gateway.profile import MAX_BITS, MAX_REGISTERS, DataType, Order, Profile, Register

_BIT_FUNCTIONS = (1, 2)


def load(path: Path) -> Profile:
    """Read one profile; its key is the file's name.

    Raises:
        Invalid: with everything that is wrong.
    """
    return parse(document.read(path), path.stem)


def parse(source: Document, key: str) -> Profile:
    """Read one profile from a document.

    Raises:
        Invalid: with everything that is wrong.
    """
    top = source.top
    base = top.integer("base", 0, low=0, high=1)
    function = top.integer("function", 3, low=1, high=4)
    order = top.choice("order", list(Order), Order.ABCD)
    maker, model, origin = top.text("maker"), top.text("model"), top.text("source")
    limit = MAX_BITS if function in _BIT_FUNCTIONS else MAX_REGISTERS
    max_registers = top.integer("max_registers", min(limit, MAX_REGISTERS), low=1, high=limit)
    bridge = top.integer("bridge", 0, low=0, high=MAX_REGISTERS)
    timeout_s = top.number("timeout_s", 1.0, low=0.01, high=60.0)
    guard_s = top.number("guard_s", 0.0, low=0.0, high=10.0)
    registers: dict[str, Register] = {}
    rows = top.table("registers")
    for name in rows.names() if rows else ():
        row = rows.table(name) if rows else None
        if row is not None:
            registers[name] = _register(row, name, base, function, order, max_registers)
    if rows is not None:
        _check_exponents(rows, registers)
    top.close()
    source.finish()
    return Profile(
        key=key,
        maker=maker,
        model=model,
        source=origin,
        max_registers=max_registers,
        bridge=bridge,
        timeout_s=timeout_s,
        guard_s=guard_s,
        registers=registers,
    )


def _register(row: Table, name: str, base: int, function: int, order: Order, max_registers: int) -> Register:
    function = row.integer("function", function, low=1, high=4)
    data_type = row.choice("type", list(DataType), DataType.BOOL if function in _BIT_FUNCTIONS else None)
    register = Register(
        name=name,
        function=function,
        address=row.integer("address", low=base, high=65535 + base) - base,
        type=data_type,
        order=row.choice("order", list(Order), order),
        bit=row.integer("bit", 0, low=0, high=15),
        bit_count=row.integer("bits", 1, low=1, high=16),
        scale=row.number("scale", 1.0),
        offset=row.number("offset", 0.0),
        exponent_from=row.text("decimals_from", "") or row.text("exponent_from", ""),
        exponent_sign=-1 if row.has("decimals_from") else 1,
        unit=row.text("unit", "1"),
        absent=row.integers("absent"),
        low=row.number("low", -math.inf),
        high=row.number("high", math.inf),
        note=row.text("note", ""),
    )
    row.text("exponent_from", "")
    _check_register(row, register, max_registers)
    row.close()
    return register


def _check_register(row: Table, register: Register, max_registers: int) -> None:
    if register.unit not in UNITS:
        row.note("unit", findings.UNKNOWN_UNIT, unit=register.unit)
    if register.function in _BIT_FUNCTIONS and register.type is not DataType.BOOL:
        row.note("type", findings.BITS_ARE_BOOL, type=register.type)
    if register.stop > 65536:
        row.note("address", findings.PAST_LAST_ADDRESS)
    if register.type.words > max_registers:
        row.note("type", findings.TYPE_TOO_WIDE, words=register.type.words)
    if register.bit + register.bit_count > 16:
        row.note("bit", findings.PAST_LAST_BIT, bit=register.bit, count=register.bit_count)
    if any(not 0 <= raw < 1 << (16 * register.type.words) for raw in register.absent):
        row.note("absent", findings.ABSENT_TOO_LARGE)
    if register.scale == 0:
        row.note("scale", findings.SCALE_IS_ZERO)
    if register.low > register.high:
        row.note("low", findings.LOW_ABOVE_HIGH, low=register.low, high=register.high)


def _check_exponents(rows: Table, registers: dict[str, Register]) -> None:
    for name, register in registers.items():
        source = register.exponent_from
        if not source:
            continue
        other = registers.get(source)
        if other is None:
            rows.note(name, findings.NO_EXPONENT, source=source)
        elif other.function != register.function or other.type.words != 1 or other.exponent_from:
            rows.note(name, findings.WRONG_EXPONENT, source=source)


def shipped() -> dict[str, Profile]:
    """The profiles that come with Twingrid, by key.

    Raises:
        Invalid: if one of them is wrong.
    """
    folder = Path(str(resources.files("gateway") / "profiles"))
    return load_folder(folder)


def load_folder(folder: Path) -> dict[str, Profile]:
    """All profiles (``*.yaml``) of a folder, by key.

    Raises:
        Invalid: with everything that is wrong in any of them.
    """
    profiles: dict[str, Profile] = {}
    found: list[Finding] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            profiles[path.stem] = load(path)
        except Invalid as error:
            found += error.findings
    if found:
        raise Invalid(found)
    return profiles
