"""The standard of the complete community as data: ``registry/standards/complete_community.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from core.amenities import Item
from core.places import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Standard:
    """A standard with its items in order."""

    title: Text
    source: Text
    items: tuple[Item, ...]


@cache
def load_standard() -> Standard:
    """The standard that ships with the registry."""
    file = files("registry").joinpath("standards", "complete_community.yaml")
    return parse_standard(yaml.safe_load(file.read_text(encoding="utf-8")))


def parse_standard(document: dict[str, Any]) -> Standard:
    """The standard that a document says.

    Raises:
        KeyError, TypeError, ValueError: if it is no standard, or an item occurs twice.
    """
    items = [_item(_text(goal["name"]), item) for goal in document["goals"] for item in goal["items"]]
    if len({item.id for item in items}) != len(items):
        raise ValueError("an item occurs twice")
    return Standard(title=_text(document["title"]), source=_text(document["source"]), items=tuple(items))


def _item(goal: Text, values: dict[str, Any]) -> Item:
    limit = values.get("at_least")
    if (limit is None) != ("unit" not in values):
        raise ValueError(f"{values['id']}: a limit needs a unit, and a unit a limit")
    return Item(
        id=str(values["id"]),
        goal=goal,
        name=_text(values["name"]),
        at_least=None if limit is None else float(limit),
        unit=str(values.get("unit", "")),
        of=_text(values["of"]) if "of" in values else None,
        classes=tuple(values.get("classes", ())),
        checked=bool(values.get("checked", False)),
    )


def _text(values: dict[str, str]) -> Text:
    return Text(zh=values["zh"], en=values["en"])
