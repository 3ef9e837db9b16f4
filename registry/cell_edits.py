"""A cell that is drawn anew: what is wrong with its shape, and what changes with it.

A cell's border decides in which cell facilities stand and which cells are neighbours, so that an edit of one cell is
several changes. They are found here from the rows that stand and written with it; shapes are judged by what judges
those of an import, but only what the edit itself brings is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from core.errors import Invalid
from core.findings import Finding
from core.places import Grid
from core.ports.registry import ChangeKind
from core.ports.registry_editing import RecordEdit
from registry import findings as kinds
from registry import geojson, rows
from registry.edit_checks import at_field
from registry.geometry import CellMap, CellShape, Fault
from registry.history import Change
from registry.rows import Key, RowValues

Cells = Mapping[Key, RowValues]
Ring = tuple[tuple[float, float], ...]
_PLACED = frozenset({"latitude", "longitude", "community", "cell_governance", "cell_construction", "active"})
_MARGIN_DEG = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Redrawn:
    """A cell as it would be.

    Attributes:
        after: its row, neighbours included.
        with_it: changes of other cells (neighbours) and of facilities (the cell they stand in).
        facilities: codes of those that come into another cell.
        area_m2: how large it is.
    """

    after: RowValues
    with_it: tuple[Change, ...]
    facilities: tuple[str, ...]
    area_m2: float


def redrawn(connection: sa.Connection, key: Key, after: RowValues, present: Cells, day: str) -> Redrawn:
    """What a cell brings with it that would stand as ``after`` beside the cells ``present``.

    Raises:
        Invalid: with every overlap and hole that it would make, and every facility that it would leave in no cell of
            its community.
    """
    others = {one: values for one, values in present.items() if one != key}
    ordered = [*others.items(), (key, after)]  # at the end, so that an overlap is told of it and no other
    shapes = CellMap([shape_of_row(one, values) for one, values in ordered])
    findings = [_at_border(one) for one in _own_faults(shapes, ordered, present)]
    moved = list(_moved(connection, shapes, key, after, present.get(key), day, findings))
    if findings:
        raise Invalid(findings)
    near = shapes.neighbours(day)
    own = {**after, "neighbours": json.dumps(near.get(key[0], ()))}
    turned = [
        _change("cells", one, values, {"neighbours": json.dumps(near.get(one[0], ()))})
        for one, values in others.items()
    ]
    changes = (*(one for one in turned if one is not None), *moved)
    return Redrawn(
        after=own,
        with_it=changes,
        facilities=tuple(sorted(one.key[0] for one in moved)),
        area_m2=shapes.area_m2(len(others)),
    )


def with_corners(edit: RecordEdit) -> RecordEdit:
    """An edit of a cell whose border was pasted as GeoJSON, with its corners as a file has them.

    Raises:
        Invalid: if it is no single polygon.
    """
    text = edit.fields.get("polygon", "")
    if edit.kind != "cells" or not text.lstrip().startswith("{"):
        return edit
    corners = geojson.ring_text(text)
    if isinstance(corners, Finding):
        raise Invalid([at_field(corners, "polygon")])
    return replace(edit, fields={**edit.fields, "polygon": corners})


def ring_of(text: str) -> Ring:
    """Corners (longitude, latitude) as far as they can be read, for drawing what is not finished."""
    found = []
    for pair in text.split(","):
        parts = pair.split()
        try:
            longitude, latitude = map(float, parts)
        except ValueError:
            continue
        if abs(longitude) <= 180 and abs(latitude) <= 90:
            found.append((longitude, latitude))
    return tuple(found)


def shape_of_row(key: Key, values: RowValues) -> CellShape:
    """A row of a cell on the ground."""
    ring = json.loads(str(values["polygon"]))["coordinates"][0][:-1]
    return CellShape(
        code=key[0],
        grid=Grid(str(values["grid"])),
        community=str(values["community"]),
        ring=tuple((float(longitude), float(latitude)) for longitude, latitude in ring),
        valid_from=key[1],
        valid_to=str(values["valid_to"] or ""),
    )


def _own_faults(shapes: CellMap, ordered: list[tuple[Key, RowValues]], present: Cells) -> Iterator[Fault]:
    """Faults of the last cell, and holes in its community that were not there before."""
    _, after = ordered[-1]
    known: set[tuple[object, ...]] | None = None
    for one in shapes.faults():
        if one.kind is not kinds.HOLE:
            if one.index == len(ordered) - 1:
                yield one
            continue
        values = ordered[one.index][1]
        if (values["grid"], values["community"]) != (after["grid"], after["community"]):
            continue
        if known is None:
            before = CellMap([shape_of_row(*cell) for cell in present.items()])
            known = {_hole(old) for old in before.faults() if old.kind is kinds.HOLE}
        if _hole(one) not in known:
            yield one


def _hole(one: Fault) -> tuple[object, ...]:
    places = (round(float(str(one.values[name])), 5) for name in ("longitude", "latitude"))
    return (*places, round(float(str(one.values["area"]))))


def _at_border(one: Fault) -> Finding:
    return at_field(one.kind.at("cells", 1, **one.values), "polygon")


def _moved(
    connection: sa.Connection,
    shapes: CellMap,
    key: Key,
    after: RowValues,
    before: RowValues | None,
    day: str,
    findings: list[Finding],
) -> Iterator[Change]:
    """Facilities that come into another cell; what would stand in none of its community is told."""
    grid = Grid(str(after["grid"]))
    column = f"cell_{grid.value}"
    communities = {shape.code: shape.community for shape in shapes.cells}
    near = _box(key, after, before)
    for facility, values in rows.present(connection, {"facilities"}, fields=_PLACED)["facilities"].items():
        place = float(str(values["longitude"])), float(str(values["latitude"]))
        if values["active"] is not True or not (values[column] == key[0] or near(*place)):
            continue
        found = shapes.at(grid, *place, day)
        own = [code for code in found if communities[code] == values["community"]]
        if own:
            change = _change("facilities", facility, values, {column: own[0]})
            if change is not None:
                yield change
        elif found:
            told = {"facility": facility[0], "cell": found[0], "community": communities[found[0]]}
            findings.append(at_field(kinds.OTHER_COMMUNITY.at("cells", 1, **told, own=values["community"]), "polygon"))
        else:
            names = {"facility": facility[0], "grid": kinds.GRIDS[grid.value], "day": day}
            findings.append(at_field(kinds.NO_CELL.at("cells", 1, **names), "polygon"))


def _box(key: Key, after: RowValues, before: RowValues | None) -> Any:
    """Whether a place lies where the cell is or was, roughly."""
    corners = [corner for one in (after, before) if one is not None for corner in shape_of_row(key, one).ring]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    west, east, south, north = min(xs), max(xs), min(ys), max(ys)
    return lambda x, y: (
        west - _MARGIN_DEG <= x <= east + _MARGIN_DEG and south - _MARGIN_DEG <= y <= north + _MARGIN_DEG
    )


def _change(collection: str, key: Key, before: RowValues, after: RowValues) -> Change | None:
    changed = {name: value for name, value in after.items() if before[name] != value}
    old = {name: before[name] for name in changed}
    return (
        Change(kind=ChangeKind.CHANGE, collection=collection, key=key, before=old, after=changed) if changed else None
    )
