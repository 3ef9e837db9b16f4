"""Profiles from YAML files: all mistakes of a file at once, each with its line."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from core.errors import Finding, Invalid
from gateway import document, profile_findings
from gateway.document import Document, Table
from gateway.product import Evidence, Kind, Quirk
from gateway.profile import MAX_BITS, MAX_REGISTERS, Factory, Hole, Identification, Order, Profile, Register
from gateway.profile_rows import Defaults, check_pattern, hole, named_bits, register, remark, signature, spoken

BASES: Final = ("0", "1", "plc")
PARITIES: Final = ("none", "even", "odd")
OBJECTS: Final[Mapping[str, int]] = {
    "vendor_name": 0,
    "product_code": 1,
    "revision": 2,
    "vendor_url": 3,
    "product_name": 4,
    "model_name": 5,
    "user_application_name": 6,
}
"""Object ids of function 43/14 (Modbus Application Protocol V1.1b3, 6.21)."""


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
    base = _base(top)
    function = top.integer("function", 3, low=1, high=4)
    order = top.choice("order", list(Order), Order.ABCD)
    max_registers = top.integer("max_registers", MAX_REGISTERS, low=1, high=MAX_REGISTERS)
    defaults = Defaults(base=base, function=function, order=order, max_registers=max_registers)
    profile = Profile(
        key=key,
        maker=spoken(top, "maker"),
        model=spoken(top, "model"),
        source=spoken(top, "source"),
        evidence=top.choice("evidence", list(Evidence), Evidence.PROJECT),
        kind=top.choice("kind", list(Kind), Kind.OTHER),
        base=base,
        max_registers=max_registers,
        max_bits=top.integer("max_bits", 0, low=1, high=MAX_BITS),
        bridge=top.integer("bridge", 0, low=0, high=MAX_REGISTERS),
        illegal=_illegal(top, defaults),
        timeout_s=top.number("timeout_s", 1.0, low=0.01, high=60.0),
        guard_s=top.number("guard_s", 0.0, low=0.0, high=10.0),
        turnaround_s=top.number("turnaround_s", 0.0, low=0.0, high=10.0),
        quirks=_quirks(top),
        identify=_identification(top, defaults),
        factory=_factory(top),
        note=remark(top, "note"),
        registers=_registers(top, defaults),
    )
    top.close()
    source.finish()
    return profile


def _base(top: Table) -> str:
    written = top.raw("base") if top.has("base") else "0"
    top.skip("base")
    if written not in BASES:
        top.note("base", profile_findings.NO_BASE, value=written)
        return "0"
    return written


def _registers(top: Table, defaults: Defaults) -> dict[str, Register]:
    registers: dict[str, Register] = {}
    rows = top.table("registers")
    for name in rows.names() if rows else ():
        row = rows.table(name) if rows else None
        if row is not None:
            found = register(row, name, defaults)
            registers[name] = found
            registers |= {bit.name: bit for bit in named_bits(found)}
    if rows is not None:
        if not registers:
            top.note("registers", profile_findings.NO_REGISTERS)
        _check_exponents(rows, registers)
    return registers


def _illegal(top: Table, defaults: Defaults) -> tuple[Hole, ...]:
    return tuple(hole(row, defaults) for row in top.tables("illegal", required=False))


def _quirks(top: Table) -> tuple[Quirk, ...]:
    found = []
    for name in top.texts("quirks"):
        try:
            found.append(Quirk(name))
        except ValueError:
            top.note("quirks", profile_findings.NO_QUIRK, value=name, known=", ".join(Quirk))
    return tuple(found)


def _identification(top: Table, defaults: Defaults) -> Identification:
    table = top.table("identify", required=False)
    if table is None:
        return Identification()
    objects: dict[int, str] = {}
    texts = table.table("objects", required=False)
    for name, number in OBJECTS.items():
        if texts is not None and (pattern := texts.text(name, "")):
            check_pattern(texts, name, pattern)
            objects[number] = pattern
    if texts is not None:
        texts.close()
    rows = table.tables("registers", required=False)
    signatures = tuple(signature(row, index, defaults) for index, row in enumerate(rows))
    if not objects and not signatures:
        top.note("identify", profile_findings.IDENTIFIES_NOTHING)
    table.close()
    return Identification(objects=objects, signatures=signatures)


def _factory(top: Table) -> Factory:
    table = top.table("factory", required=False)
    if table is None:
        return Factory()
    factory = Factory(
        unit=table.integer("unit", low=1, high=247) if table.has("unit") else None,
        baud=table.integer("baud", low=300, high=921600) if table.has("baud") else None,
        parity=table.choice("parity", PARITIES, "none") if table.has("parity") else None,
        stop_bits=table.integer("stop_bits", low=1, high=2) if table.has("stop_bits") else None,
    )
    for key in ("unit", "baud", "parity", "stop_bits"):
        table.skip(key)
    table.close()
    return factory


def _check_exponents(rows: Table, registers: dict[str, Register]) -> None:
    for name, found in registers.items():
        source = found.exponent_from
        if not source:
            continue
        other = registers.get(source)
        if other is None:
            rows.note(name, profile_findings.NO_EXPONENT, source=source)
        elif other.function != found.function or other.width != 1 or other.exponent_from:
            rows.note(name, profile_findings.WRONG_EXPONENT, source=source)


def shipped() -> dict[str, Profile]:
    """The profiles that come with Twingrid, by key; read once, for a gateway reads configurations while it polls.

    Raises:
        Invalid: if one of them is wrong.
    """
    return dict(_shipped())


@functools.cache
def _shipped() -> Mapping[str, Profile]:
    return load_folder(Path(str(resources.files("gateway") / "profiles")))


def load_folder(folder: Path, but: Collection[str] = ()) -> dict[str, Profile]:
    """All profiles (``*.yaml``) of a folder, by key; those of the keys ``but`` are not looked at.

    Raises:
        Invalid: with everything that is wrong in any of them.
    """
    profiles: dict[str, Profile] = {}
    found: list[Finding] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.stem in but:
            continue
        try:
            profiles[path.stem] = load(path)
        except Invalid as error:
            found += error.findings
    if found:
        raise Invalid(found)
    return profiles
