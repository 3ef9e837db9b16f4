"""One edited record, read and checked as a file would be; of the rest only what it can touch is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from core.errors import Invalid
from core.findings import Finding
from registry import edit_findings as edits
from registry import entries, exporter, forms, rows, tables
from registry import findings as kinds
from registry.checks import Checker, Content, shape_of
from registry.classbook import ClassEntry
from registry.columns import is_field
from registry.geometry import CellMap
from registry.record import Place, Record
from registry.rows import Key, RowValues
from registry.sources import Field, Row

NEEDS: Mapping[str, frozenset[str]] = {
    "streets": frozenset({"streets"}),
    "communities": frozenset({"streets", "communities"}),
    "villages": frozenset({"communities", "villages"}),
    "departments": frozenset({"departments"}),
    "facilities": frozenset({"streets", "communities", "villages", "departments", "cells", "facilities"}),
    "people": frozenset({"communities", "cells", "departments", "people", "posts"}),
    "posts": frozenset({"communities", "cells", "people", "posts"}),
    "amenities": frozenset({"communities", "amenities"}),
    "cells": frozenset({"communities", "cells"}),
    "gateways": frozenset({"communities", "facilities", "gateways"}),
    "points": frozenset({"facilities", "gateways", "points"}),
}
"""Kinds of record that an edit of one has to be compared with."""
_DECODERS: Mapping[str, Callable[[Record], Any]] = {
    "streets": entries.street,
    "communities": entries.community,
    "villages": entries.village,
    "departments": entries.department,
    "cells": entries.cell,
    "facilities": entries.facility,
    "people": entries.person,
    "posts": entries.post,
    "amenities": entries.amenity,
    "gateways": entries.gateway,
    "points": entries.point,
}


def checked(
    connection: sa.Connection,
    kind: str,
    fields: Mapping[str, str],
    classes: Mapping[str, ClassEntry],
    present: Mapping[str, Mapping[Key, RowValues]],
    day: str,
    key: Key,
) -> tuple[Key, RowValues]:
    """Key and row of the record that ``fields`` describe.

    Raises:
        Invalid: with everything that is wrong; a finding's value ``field`` is its field, where it has one.
    """
    strange = [
        name for name in fields if not is_field(kind, name) or (kind == "facilities" and name in forms.BY_IMPORT)
    ]
    findings = [at_field(edits.NOT_EDITED_HERE.at(kind, 1, name=name[:80]), name[:80]) for name in strange]
    entry = _DECODERS[kind](Record(_row(kind, fields), findings))
    if findings:
        raise Invalid(findings)
    others = {name: _others(name, kind, key, entry, present) for name in NEEDS[kind] - {kind}}
    own = [*_others(kind, kind, key, entry, present), entry]
    collected: dict[str, Any] = {**{name: tuple(found) for name, found in others.items()}, kind: tuple(own)}
    content = Content(**collected)
    checker = Checker(content, classes, findings)
    checker.check_references()
    checker.check_holdings(day)
    if kind == "points":
        checker.expanded_points()
    cell_of = {}
    if kind == "facilities":
        cell_of = checker.placed(CellMap([shape_of(cell) for cell in content.cells]), day)
        findings += _measured(connection, entry, classes)
    told = [one for one in findings if one.file == kind or one.kind is kinds.PARENT_CYCLE]
    if told:
        raise Invalid(told)
    alone: dict[str, Any] = {kind: (entry,), "cell_of": cell_of}
    only = Content(**alone)
    (found,) = rows.wanted(only)[kind].items()
    return found


def _row(file: str, fields: Mapping[str, str], line: int = 1) -> Row:
    filled = [(name, text.strip()) for name, text in fields.items() if text.strip()]
    return Row(file, line, {name: Field(text, line, at) for at, (name, text) in enumerate(filled, start=1)})


def _others(name: str, kind: str, key: Key, edited: Any, present: Mapping[str, Mapping[Key, RowValues]]) -> list[Any]:
    """Entries of a kind beside the edited one, as far as they can matter to it; their place is their code."""
    wanted = present[name]
    if name == kind == "facilities":
        wanted = _kin(edited, present["facilities"])
    elif name == kind:
        return []  # that nobody else has the code was seen by its key
    elif kind == "people" and name == "posts":
        wanted = {post: values for post, values in wanted.items() if values["holder"] == key[0] and values["active"]}
    elif kind == "posts" and name == "people":
        wanted = {person: values for person, values in wanted.items() if person[0] == edited.holder}
    found = []
    for other, values in wanted.items():
        if (other == key and name == kind) or values.get("active") is False:
            continue
        # a post is told at the person whom it makes impossible
        file = kind if kind == "people" and name == "posts" else "/".join(other)
        record = Record(_row(file, exporter.record_of(name, other, values), 0), [])
        entry = _DECODERS[name](record)
        found.append(replace(entry, place=Place(file, 0)))
    return found


def _kin(edited: Any, facilities: Mapping[Key, RowValues]) -> dict[Key, RowValues]:
    """What supplies an edited facility, all the way up, and what measures the same."""
    found: dict[Key, RowValues] = {}
    above = edited.parent
    while above and (above,) in facilities and (above,) not in found and above != edited.code:
        found[above,] = facilities[above,]
        above = str(facilities[above,]["parent"] or "")
    if edited.redundant_set:
        found |= {key: row for key, row in facilities.items() if row["redundant_set"] == edited.redundant_set}
    return {key: row for key, row in found.items() if key != (edited.code,)}


def _measured(connection: sa.Connection, edited: Any, classes: Mapping[str, ClassEntry]) -> list[Finding]:
    """Points that the class of an edited facility does not have."""
    if edited.class_id not in classes:
        return []
    point, facility = tables.point, tables.facility
    query = sa.select(point.c.key).join(facility, facility.c.number == point.c.facility)
    keys = connection.execute(query.where(facility.c.code == edited.code, point.c.active)).scalars()
    strange = sorted(set(keys) - classes[edited.class_id].facility_class.measurements.keys())
    if not strange:
        return []
    values = {"keys": ", ".join(strange), "class_id": edited.class_id, "field": "class"}
    return [edits.MEASURES_OTHERWISE.at("facilities", 1, **values)]


def at_field(one: Finding, field: str) -> Finding:
    """The finding with the field that it is about, as its value ``field``."""
    return replace(one, values={**one.values, "field": field})
