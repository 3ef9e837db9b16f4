"""How a community stands against the standard."""

from __future__ import annotations

import pytest

from core.amenities import Amenity, AmenityState, Item, Standing, evaluate
from core.places import Text
from registry.classbook import load_classes
from registry.standard import load_standard, parse_standard

NAME = Text(zh="甲", en="A")
SIZED = Item(id="sized", goal=NAME, name=NAME, at_least=300, unit="m2", classes=("lift", "pump"))
PLAIN = Item(id="plain", goal=NAME, name=NAME)


def stated(item: Item, state: AmenityState, amount: float | None = None) -> Amenity:
    return Amenity(community=1, item=item.id, state=state, amount=amount)


@pytest.mark.parametrize(
    ("item", "amenity", "facilities", "standing"),
    [
        (SIZED, None, {}, Standing.UNKNOWN),
        (SIZED, None, {"pump": 2, "lamp": 9}, Standing.SEEN),
        (SIZED, stated(SIZED, AmenityState.HAS), {}, Standing.UNMEASURED),
        (SIZED, stated(SIZED, AmenityState.HAS, 299.9), {"pump": 2}, Standing.BELOW),
        (SIZED, stated(SIZED, AmenityState.HAS, 300), {}, Standing.MEETS),
        (SIZED, stated(SIZED, AmenityState.WORN, 900), {}, Standing.WORN),
        (SIZED, stated(SIZED, AmenityState.BUILDING), {}, Standing.BUILDING),
        (SIZED, stated(SIZED, AmenityState.LACKS), {"pump": 2}, Standing.LACKS),
        (PLAIN, stated(PLAIN, AmenityState.HAS), {}, Standing.MEETS),
    ],
)
def test_standings(item: Item, amenity: Amenity | None, facilities: dict[str, int], standing: Standing) -> None:
    """A statement goes before facilities; a limit is met from its very value on."""
    (found,) = evaluate([item], [amenity] if amenity else [], facilities)
    assert found.standing is standing
    assert found.amenity is amenity


def test_facilities_are_counted_over_the_classes_of_an_item() -> None:
    """Those of other classes are not."""
    (found,) = evaluate([SIZED], [], {"pump": 2, "lift": 3, "lamp": 9})
    assert found.facilities == 5


def test_the_standard_has_six_goals_and_twenty_items() -> None:
    """Its classes exist, and not every limit claims to be checked."""
    items = load_standard().items
    assert len(items) == 20
    assert len({item.goal for item in items}) == 6
    assert {name for item in items for name in item.classes} <= load_classes().keys()
    limits = [item for item in items if item.at_least is not None]
    assert {item.checked for item in limits} == {True, False}


def test_a_standard_that_says_an_item_twice_is_refused() -> None:
    """As is a limit without a unit."""
    name = {"zh": "甲", "en": "A"}

    def standard(*items: dict[str, object]) -> dict[str, object]:
        return {"title": name, "source": name, "goals": [{"name": name, "items": list(items)}]}

    with pytest.raises(ValueError, match="twice"):
        parse_standard(standard({"id": "a", "name": name}, {"id": "a", "name": name}))
    with pytest.raises(ValueError, match="unit"):
        parse_standard(standard({"id": "a", "name": name, "at_least": 3}))
