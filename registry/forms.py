"""What pages know of every field: the words it may hold, the kind of record it refers to, whether it may be empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.amenities import AmenityState
from core.people import Role
from core.places import Grid, Text
from core.ports.registry import OwnerKind, Provenance
from core.ports.registry_editing import FieldForm, KindForm
from registry.columns import ORDER, SHEETS, column
from registry.standard import load_standard

KEYS: Mapping[str, tuple[str, ...]] = {
    "amenities": ("community", "item"),
    "gateways": ("group", "node"),
    "cells": ("code", "valid_from"),
    "points": ("facility", "measurement"),
    "calendar": ("entry", "code"),
}
"""Fields that make the code of a record, where that is more than ``code``."""
EDITED = frozenset(
    {
        *("streets", "communities", "villages", "departments", "gateways", "facilities", "points", "people", "posts"),
        *("amenities", "cells"),
    }
)
ADDED = EDITED - {"gateways", "points"}
"""Kinds of which a page adds records: points and gateways come with what is wired, by import or when one is set up."""
ENDED = frozenset({"villages", "departments", "facilities", "people", "posts", "amenities"})
BY_IMPORT = frozenset({"gateway", "bus", "measurements"})
"""Fields of a facility that stand for its points."""
KEPT: Mapping[str, frozenset[str]] = {"points": frozenset({"gateway", "bus"}), "cells": frozenset({"grid"})}
"""Fields that a page shows and does not change: what a gateway reads on which line is written in its configuration,
and the two must change together; a cell of the other grid is another cell, with other people."""
_REFERS: Mapping[str, str] = {
    "street": "streets",
    "community": "communities",
    "communities": "communities",
    "facility": "facilities",
    "parent": "facilities",
    "cell": "cells",
    "cells": "cells",
    "holder": "people",
    "department": "departments",
}
_SEVERAL = frozenset({"communities", "cells", "skills"})
_CHOICES: Mapping[str, Iterable[str]] = {
    "role": Role,
    "grid": Grid,
    "provenance": Provenance,
    "owner_kind": OwnerKind,
    "state": AmenityState,
}
_REQUIRED: Mapping[str, frozenset[str]] = {
    "streets": frozenset({"code", "name_zh", "name_en"}),
    "communities": frozenset({"code", "name_zh", "name_en", "street", "valid_from", "latitude", "longitude"}),
    "villages": frozenset({"code", "name_zh", "name_en", "community"}),
    "departments": frozenset({"code", "name_zh", "name_en"}),
    "facilities": frozenset({"code", "class", "community", "name_zh", "name_en", "latitude", "longitude"}),
    "cells": frozenset({"code", "grid", "community", "name_zh", "name_en", "polygon", "valid_from"}),
    "people": frozenset({"code", "name_zh", "name_en", "role", "communities"}),
    "posts": frozenset({"code", "cell"}),
    "amenities": frozenset({"community", "item", "state"}),
    "gateways": frozenset({"group", "node", "name_zh", "name_en", "community"}),
    "points": frozenset({"facility", "measurement", "gateway"}),
}


def key_fields(kind: str) -> tuple[str, ...]:
    """The fields that make a record's code."""
    return KEYS.get(kind, ("code",))


def fixed_fields(kind: str) -> frozenset[str]:
    """The fields that stay as they came."""
    return frozenset(key_fields(kind)) | KEPT.get(kind, frozenset())


def kinds(classes: Sequence[str], skills: Sequence[str]) -> list[KindForm]:
    """All kinds of record with their fields; ``classes`` and ``skills`` are those of the class book."""
    items = [item.id for item in load_standard().items]
    choices = {**_CHOICES, "class": classes, "skills": skills, "item": items}
    return [
        KindForm(
            kind=kind,
            label=Text(zh=said.zh, en=said.en),
            fields=tuple(_field(kind, name, choices) for name in ORDER[kind] if _shown(kind, name)),
            editable=kind in EDITED,
            adds=kind in ADDED,
            ends=kind in ENDED,
        )
        for kind, said in SHEETS.items()
    ]


def _shown(kind: str, name: str) -> bool:
    return not (kind == "facilities" and name in BY_IMPORT)


def _field(kind: str, name: str, choices: Mapping[str, Iterable[str]]) -> FieldForm:
    one = column(name)
    return FieldForm(
        name=name,
        label=Text(zh=one.zh, en=name.replace("_", " ")),
        help=one.help,
        holds=one.holds.value,
        choices=tuple(str(word) for word in choices.get(name, ())) if kind in EDITED else (),
        refers=_REFERS.get(name, ""),
        several=name in _SEVERAL,
        required=name in _REQUIRED.get(kind, ()),
        fixed=name in fixed_fields(kind),
    )
