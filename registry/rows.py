"""Wanted and present rows of the registry in one shape, so that comparing them is comparing dictionaries.

A row is keyed by codes and holds plain values; references are codes, lists are tuples of text. ``wanted`` builds them
from a checked folder, ``present`` from the database; a ``Form`` says how a row's values are stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.people import Certificate, Leave, Shift
from core.places import Grid, Text
from registry import tables
from registry.calendar_entries import to_text
from registry.checks import Content
from registry.columns import DIGITS, rounded

Key = tuple[str, ...]
Value = str | float | bool | None | tuple[str, ...]
RowValues = Mapping[str, Value]
Numbers = Mapping[str, Mapping[Key, int]]

_LISTS = frozenset({"communities", "skills", "cells", "shifts", "certificates", "leave"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """How a collection is stored.

    Attributes:
        key: columns that hold the code people know.
        numbered: rows have a registry number.
        references: column to the collection whose number it holds; the value in a row is that collection's code.
    """

    table: sa.Table
    key: tuple[str, ...]
    numbered: bool
    references: Mapping[str, str]

    def key_columns(self) -> list[sa.Column[Any]]:
        """The key's columns, in order."""
        return [self.table.c[name] for name in self.key]

    def keyed(self, key: Key, numbers: Numbers) -> dict[str, object]:
        """The key as column values."""
        return {name: self._column(name, part, numbers) for name, part in zip(self.key, key, strict=True)}

    def stored(self, values: RowValues, numbers: Numbers) -> dict[str, object]:
        """A row's values as column values; lists live in tables of their own."""
        return {name: self._column(name, value, numbers) for name, value in values.items() if name not in _LISTS}

    def _column(self, name: str, value: Value, numbers: Numbers) -> object:
        collection = self.references.get(name)
        if collection is None or value is None:
            return value
        key = tuple(str(value).split("/", 1)) if collection == "gateways" else (str(value),)
        return numbers[collection][key]


COLLECTIONS: Mapping[str, Form] = {
    "streets": Form(table=tables.street, key=("code",), numbered=False, references={}),
    "communities": Form(table=tables.community, key=("code",), numbered=True, references={}),
    "villages": Form(table=tables.village, key=("code",), numbered=False, references={"community": "communities"}),
    "amenities": Form(
        table=tables.amenity, key=("community", "item"), numbered=False, references={"community": "communities"}
    ),
    "departments": Form(table=tables.department, key=("code",), numbered=False, references={}),
    "cells": Form(
        table=tables.cell, key=("code", "valid_from"), numbered=False, references={"community": "communities"}
    ),
    "facilities": Form(
        table=tables.facility,
        key=("code",),
        numbered=True,
        references={"community": "communities", "parent": "facilities"},
    ),
    "gateways": Form(
        table=tables.gateway,
        key=("group_id", "node_id"),
        numbered=True,
        references={"community": "communities", "facility": "facilities"},
    ),
    "points": Form(
        table=tables.point,
        key=("facility", "key"),
        numbered=True,
        references={"facility": "facilities", "gateway": "gateways"},
    ),
    "people": Form(table=tables.person, key=("code",), numbered=True, references={}),
    "posts": Form(table=tables.post, key=("code",), numbered=False, references={"holder": "people"}),
    "calendar": Form(table=tables.calendar, key=("kind", "key"), numbered=False, references={}),
}
"""In the order in which they must be written."""

WORDS: Mapping[str, tuple[sa.Table, str]] = {
    "communities": (tables.person_community, "community"),
    "skills": (tables.person_skill, "skill"),
    "cells": (tables.person_cell, "cell"),
}
"""Lists of a person whose items are one word: where they are kept."""


def listed(value: Value) -> tuple[str, ...]:
    """A list value; anything else is a defect."""
    if not isinstance(value, tuple):
        raise TypeError(f"{value!r} is no list")
    return value


def shift_text(shift: Shift) -> str:
    """A shift as one word, for comparing and showing."""
    return f"{shift.weekday}:{shift.from_minute}-{shift.to_minute}"


def certificate_text(one: Certificate) -> str:
    """A certificate as one text, for comparing and showing."""
    return f"{one.name}|{one.number}|{one.valid_to}"


def leave_text(one: Leave) -> str:
    """A leave as one text, for comparing and showing."""
    return f"{one.first_day}..{one.last_day}"


def _shift(row: Any) -> Shift:
    return Shift(weekday=row.weekday, from_minute=row.from_minute, to_minute=row.to_minute)


def shift_row(text: str) -> dict[str, int]:
    """The columns of ``shift_text``'s word."""
    weekday, _, minutes = text.partition(":")
    begin, _, end = minutes.partition("-")
    return {"weekday": int(weekday), "from_minute": int(begin), "to_minute": int(end)}


PARTS: Mapping[str, tuple[sa.Table, Callable[[str], Mapping[str, object]], Callable[[Any], str]]] = {
    "shifts": (tables.shift, shift_row, lambda row: shift_text(_shift(row))),
    "certificates": (
        tables.person_certificate,
        lambda text: dict(zip(("name", "number", "valid_to"), text.split("|"), strict=True)),
        lambda row: certificate_text(Certificate(name=row.name, number=row.number, valid_to=row.valid_to)),
    ),
    "leave": (
        tables.person_leave,
        lambda text: dict(zip(("first_day", "last_day"), text.split(".."), strict=True)),
        lambda row: leave_text(Leave(first_day=row.first_day, last_day=row.last_day)),
    ),
}
"""Lists of a person whose items have several columns: where they are kept, their text as columns, columns as text."""


def _text(name: str, text: Text) -> dict[str, Value]:
    return {f"{name}_zh": text.zh, f"{name}_en": text.en}


def wanted(content: Content) -> dict[str, dict[Key, RowValues]]:
    """The rows a folder asks for."""
    return {
        "streets": {(entry.code,): _text("name", entry.name) for entry in content.streets},
        "communities": {
            (entry.code,): {
                **_text("name", entry.name),
                "street": entry.street,
                "valid_from": entry.valid_from,
                "valid_to": entry.valid_to,
                "latitude": entry.latitude,
                "longitude": entry.longitude,
            }
            for entry in content.communities
        },
        "cells": {
            (entry.code, entry.valid_from): {
                **_text("name", entry.name),
                "valid_to": entry.valid_to,
                "grid": entry.grid.value,
                "community": entry.community,
                "polygon": _geojson(entry.polygon),
                "neighbours": json.dumps(content.neighbours.get(entry.code, ())),
            }
            for entry in content.cells
        },
        "facilities": _wanted_facilities(content),
        "gateways": {
            (entry.group, entry.node): {
                **_text("name", entry.name),
                "community": entry.community,
                "facility": entry.facility or None,
            }
            for entry in content.gateways
        },
        "points": {
            (entry.facility, entry.key): {
                "gateway": entry.gateway,
                "bus": entry.bus or None,
                "interval_s": entry.interval_s,
                "stale_after_s": entry.stale_after_s,
                "active": True,
            }
            for entry in content.points
        },
        "people": _wanted_people(content),
        "villages": {
            (entry.code,): {
                **_text("name", entry.name),
                "community": entry.community,
                "merged_on": entry.merged_on,
                "active": True,
            }
            for entry in content.villages
        },
        "amenities": {
            (entry.community, entry.item): {
                "state": entry.state.value,
                "amount": entry.amount,
                **_text("note", entry.note),
                "checked_on": entry.checked_on,
                "active": True,
            }
            for entry in content.amenities
        },
        "departments": {(entry.code,): {**_text("name", entry.name), "active": True} for entry in content.departments},
        "posts": {
            (entry.code,): {
                **_text("name", entry.name),
                "cell": entry.cell,
                "holder": entry.holder or None,
                "since": entry.since,
                "active": True,
            }
            for entry in content.posts
        },
        "calendar": _wanted_calendar(content),
    }


def _wanted_people(content: Content) -> dict[Key, RowValues]:
    return {
        (entry.code,): {
            **_text("name", entry.name),
            "role": entry.role.value,
            "everywhere": entry.everywhere,
            "supervisor": entry.supervisor,
            "active": True,
            "volunteer": entry.volunteer,
            "department": entry.department,
            "communities": tuple(sorted(set(entry.communities))),
            "skills": tuple(sorted(set(entry.skills))),
            "cells": tuple(sorted(set(entry.cells))),
            "shifts": tuple(sorted(shift_text(shift) for shift in entry.shifts)),
            "certificates": tuple(sorted(certificate_text(one) for one in entry.certificates)),
            "leave": tuple(sorted(leave_text(one) for one in entry.leave)),
        }
        for entry in content.people
    }


def _wanted_calendar(content: Content) -> dict[Key, RowValues]:
    """Entries by kind and name; those without a name (hours, seasons) are numbered, since their order counts."""
    counted: Counter[str] = Counter()
    found: dict[Key, RowValues] = {}
    for entry in content.calendar:
        counted[entry.kind] += 1
        key = entry.key or f"{counted[entry.kind]:04d}"
        found[entry.kind, key] = {"item": to_text(entry.item), "active": True}
    return found


def _wanted_facilities(content: Content) -> dict[Key, RowValues]:
    return {
        (entry.code,): {
            **_text("name", entry.name),
            "class_id": entry.class_id,
            "community": entry.community,
            "latitude": entry.latitude,
            "longitude": entry.longitude,
            "cell_governance": content.cell_of[entry.code][Grid.GOVERNANCE],
            "cell_construction": content.cell_of[entry.code][Grid.CONSTRUCTION],
            **_text("address", entry.address),
            "attributes": json.dumps(entry.attributes, ensure_ascii=False, sort_keys=True),
            "provenance": entry.provenance.value,
            **_text("provenance_note", entry.provenance_note),
            "active": True,
            "parent": entry.parent or None,
            "redundant_set": entry.redundant_set or None,
            "built": entry.built,
            "owner_kind": entry.owner_kind.value if entry.owner_kind else "",
            "owner": entry.owner,
            "cost_book": entry.cost_book,
            "component_code": entry.component_code,
        }
        for entry in content.facilities
    }


def _geojson(ring: tuple[tuple[float, float], ...]) -> str:
    closed = [list(corner) for corner in (*ring, ring[0])]
    return json.dumps({"type": "Polygon", "coordinates": [closed]})


def present(
    connection: sa.Connection,
    only: Collection[str] | None = None,
    *,
    where: Mapping[str, sa.ColumnElement[bool]] | None = None,
    fields: Collection[str] | None = None,
) -> dict[str, dict[Key, RowValues]]:
    """The rows the database holds.

    Args:
        connection: of a transaction.
        only: kinds of record; all where it is not given.
        where: kind to which rows of it, where not all are needed; for kinds whose rows have no lists of their own.
        fields: what is needed of a row beside its key; all where it is not given.
    """
    codes: dict[str, dict[int, str]] = {}
    found: dict[str, dict[Key, RowValues]] = {}
    for name, form in COLLECTIONS.items():
        wanted_too = only is None or name in only
        if not wanted_too and not (form.numbered and _is_named(name, only or ())):
            continue
        query = sa.select(*_columns(form, fields if wanted_too else ()))
        limit = (where or {}).get(name)
        answer = connection.execute(query if limit is None else query.where(limit))
        names = tuple(answer.keys())
        stored = [dict(zip(names, row, strict=True)) for row in answer]
        for column in DIGITS.keys() & set(names):  # an older version kept what arithmetic had left behind
            for row in stored:
                row[column] = rounded(column, row[column])
        if form.numbered:  # before the rows are read, since a facility's parent is one of them
            codes[name] = {row["number"]: "/".join(str(row[part]) for part in form.key) for row in stored}
            if limit is not None:
                codes[name] |= _named_by(connection, name, stored)
        if wanted_too:
            found[name] = dict(_keyed(form, row, codes) for row in stored)
    if "people" in found:
        _add_lists(connection, codes, found["people"])
    return found


def _columns(form: Form, fields: Collection[str] | None) -> list[sa.Column[Any]]:
    if fields is None:
        return list(form.table.columns)
    needed = {*form.key, *fields, *(("number",) if form.numbered else ())}
    return [column for column in form.table.columns if column.name in needed]


def _named_by(connection: sa.Connection, name: str, stored: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Codes of the rows of the same kind that these rows refer to."""
    form = COLLECTIONS[name]
    columns = [column for column, kind in form.references.items() if kind == name and stored and column in stored[0]]
    numbers = sorted({row[column] for row in stored for column in columns if row[column] is not None})
    if not numbers:
        return {}
    query = sa.select(form.table.c.number, *form.key_columns()).where(form.table.c.number.in_(numbers))
    return {row[0]: "/".join(map(str, row[1:])) for row in connection.execute(query)}


def _is_named(name: str, only: Collection[str]) -> bool:
    """Whether one of these kinds refers to the numbers of that one."""
    return any(name in COLLECTIONS[one].references.values() for one in only) or (
        name == "communities" and "people" in only
    )


def _keyed(form: Form, values: dict[str, Any], codes: Mapping[str, Mapping[int, str]]) -> tuple[Key, RowValues]:
    """A stored row as its key and its values; the row becomes its values."""
    for column, kind in form.references.items():
        number = values.get(column)
        if number is not None:
            values[column] = codes[kind][number]
    key = tuple([str(values.pop(part)) for part in form.key])
    values.pop("number", None)
    return key, values


def _add_lists(connection: sa.Connection, codes: dict[str, dict[int, str]], people: dict[Key, RowValues]) -> None:
    lists: dict[tuple[str, str], list[str]] = {}
    for name, (table, column) in WORDS.items():
        for person, item in connection.execute(sa.select(table.c.person, table.c[column])):
            text = codes["communities"][item] if name == "communities" else str(item)
            lists.setdefault((codes["people"][person], name), []).append(text)
    for name, (table, _, text_of) in PARTS.items():
        for row in connection.execute(sa.select(table)):
            lists.setdefault((codes["people"][row.person], name), []).append(text_of(row))
    for key, values in people.items():
        people[key] = {**values, **{name: tuple(sorted(lists.get((key[0], name), []))) for name in _LISTS}}
