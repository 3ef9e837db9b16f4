"""What a field's text says, so that two texts that say the same are one value when edits are merged. Pure.

Read as its record reads it: ``120.1`` and ``120.10`` are one number, ``lift pump`` and ``pump lift`` one list. What
cannot be read so is its text.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from math import isfinite

from core.findings import Finding
from registry.columns import Holds, column
from registry.record import Record
from registry.sources import Field, Row

_LISTS = frozenset({"communities", "skills", "cells", "measurements"})
_READ: Mapping[str, Callable[[Record, str], Hashable]] = {
    **dict.fromkeys(_LISTS, lambda record, name: frozenset(record.words(name))),
    "shifts": lambda record, name: record.shifts(name),
    "certificates": lambda record, name: record.certificates(name),
    "leave": lambda record, name: record.leave(name),
    "polygon": lambda record, name: record.polygon(name),
}
_KINDS: Mapping[Holds, Callable[[Record, str], Hashable]] = {
    Holds.DATE: lambda record, name: record.day(name),
    Holds.FLAG: lambda record, name: record.flag(name),
}


def meaning(name: str, text: str) -> Hashable:
    """What the text of a field says; equal for texts that say the same, and never for others."""
    plain = text.strip()
    try:
        holds = column(name).holds
    except KeyError:
        return plain
    if holds in (Holds.NUMBER, Holds.VALUE):
        return _number(plain)
    read = _READ.get(name) or _KINDS.get(holds)
    if read is None or (not plain and holds is not Holds.FLAG):
        return plain
    findings: list[Finding] = []
    fields = {name: Field(plain, 1, 1)} if plain else {}
    said = read(Record(Row(name, 1, fields), findings), name)
    return plain if findings else said


def _number(text: str) -> Hashable:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) and "_" not in text else text
