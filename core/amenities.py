"""What a complete community (完整居住社区) should have, and how one stands against it. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.places import Text

NO_NOTE = Text(zh="", en="")


class AmenityState(StrEnum):
    """What people state of an amenity."""

    HAS = "has"
    WORN = "worn"
    """It is there, and worn out."""
    BUILDING = "building"
    LACKS = "lacks"


class Standing(StrEnum):
    """How a community stands against one item, the best first."""

    MEETS = "meets"
    UNMEASURED = "unmeasured"
    """It is there; how large, nobody has stated, and the standard sets a limit."""
    SEEN = "seen"
    """Nobody has stated anything, but facilities of the registry belong to it."""
    BELOW = "below"
    """It is there and smaller than the standard's limit."""
    WORN = "worn"
    BUILDING = "building"
    LACKS = "lacks"
    UNKNOWN = "unknown"
    """Neither a statement nor a facility."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One item of the standard.

    Attributes:
        id: stable word.
        goal: which of its goals it serves.
        name: what people read.
        at_least: limit in ``unit``; ``None``: it only has to be there.
        unit: UCUM code of the limit, ``1`` for a count.
        of: what the limit is of.
        classes: facility classes that belong to it.
        checked: whether the limit was read in a published text; else it is from memory.
    """

    id: str
    goal: Text
    name: Text
    at_least: float | None = None
    unit: str = ""
    of: Text | None = None
    classes: tuple[str, ...] = ()
    checked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Amenity:
    """What somebody stated of one item; ``amount`` is in the item's unit, ``checked_on`` an ISO date."""

    community: int
    item: str
    state: AmenityState
    amount: float | None = None
    note: Text = NO_NOTE
    checked_on: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluated:
    """One item in one community."""

    item: Item
    standing: Standing
    amenity: Amenity | None
    facilities: int


def evaluate(items: Iterable[Item], amenities: Iterable[Amenity], facilities: Mapping[str, int]) -> list[Evaluated]:
    """How a community stands.

    Args:
        items: of the standard, in its order.
        amenities: what was stated of this community, at most once an item.
        facilities: facility class to how many are in use there.
    """
    stated = {one.item: one for one in amenities}
    found = []
    for item in items:
        amenity, count = stated.get(item.id), sum(facilities.get(name, 0) for name in item.classes)
        standing = _standing(item, amenity, count)
        found.append(Evaluated(item=item, standing=standing, amenity=amenity, facilities=count))
    return found


def _standing(item: Item, amenity: Amenity | None, facilities: int) -> Standing:
    if amenity is None:
        return Standing.SEEN if facilities else Standing.UNKNOWN
    if amenity.state is not AmenityState.HAS:
        return Standing(amenity.state.value)
    if item.at_least is None:
        return Standing.MEETS
    if amenity.amount is None:
        return Standing.UNMEASURED
    return Standing.MEETS if amenity.amount >= item.at_least else Standing.BELOW
