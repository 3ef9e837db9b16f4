"""Whose readings prove a repair: the facility's own, those of its group or parent, those that could not be seen.

Values in, values out. A rule that reads others is proven by all that it reads; a case of *cannot see now* by the points
that could not be heard. What cannot be told from the registry, or is too much, is looked at by a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from core.alarms import SIGHT_POINT, Unseen
from core.cases import RuleInfo
from core.places import Grid, Relation
from core.ports.registry import FacilityPlace

MOST_PARTS: Final = 50
"""Facilities whose readings one observation looks at."""


class Part(NamedTuple):
    """Points of a facility: those of the measurements, or all of them."""

    facility: int
    keys: tuple[str, ...] = ()

    def takes(self, key: str) -> bool:
        """Whether a point of this measurement belongs to it."""
        return not self.keys or key in self.keys


class Groups:
    """Who has what in common; made once for each roster."""

    def __init__(self, places: Mapping[int, FacilityPlace]) -> None:
        """Nothing is sorted before it is asked for."""
        self.places = places
        self._sorted: dict[Relation, dict[tuple[str, str], list[int]]] = {}

    def members(self, relation: Relation, place: FacilityPlace) -> Sequence[int] | None:
        """All of its class that share it, itself included, ascending; ``None`` if dispatch does not know."""
        name = _name(relation, place)
        if not name:
            return None
        if relation not in self._sorted:
            found: dict[tuple[str, str], list[int]] = {}
            for number, one in sorted(self.places.items()):
                found.setdefault((one.class_id, _name(relation, one)), []).append(number)
            self._sorted[relation] = found
        return self._sorted[relation].get((place.class_id, name), [])


def _name(relation: Relation, place: FacilityPlace) -> str:
    """What a facility shares with others; empty: nothing, or unknown here (gateways and buses)."""
    match relation:
        case Relation.GOVERNANCE_CELL:
            return place.cells.get(Grid.GOVERNANCE, "")
        case Relation.CONSTRUCTION_CELL:
            return place.cells.get(Grid.CONSTRUCTION, "")
        case Relation.COMMUNITY:
            return str(place.community)
        case Relation.PARENT:
            return "" if place.parent is None else str(place.parent)
        case Relation.REDUNDANT_SET:
            return place.redundant_set
        case _:
            return ""


def of_rule(info: RuleInfo, facility: int, groups: Groups) -> list[Part] | None:
    """What a rule reads where it is judged on a facility; ``None``: a person must look."""
    found = [Part(facility, info.measurements)] if info.measurements else []
    place = groups.places.get(facility)
    for one in info.elsewhere:
        if place is None:
            return None
        members = groups.members(one.relation, place)
        if one.parent:
            members = None if place.parent is None else [place.parent]
        if members is None:
            return None
        found += [Part(member, one.keys) for member in members if (member, one.keys) != (facility, info.measurements)]
        if len(found) > MOST_PARTS:
            return None
    return found or None


def of_sight(rule_id: str, facility: int, element: str, unseen: Unseen | None, count: int) -> list[Part] | None:
    """What could not be heard; ``None``: a person must look.

    Args:
        rule_id: of the alarm.
        facility: of the alarm.
        element: which of several of its facility, or empty; of a single point its measurement.
        unseen: what could not be seen because of it, if it was more than the facility.
        count: how many facilities that were; ``unseen`` names no more than it keeps.
    """
    if rule_id == SIGHT_POINT:
        return [Part(facility, (element,))]
    if unseen is None or not count:
        return [Part(facility)]
    if count > MOST_PARTS or count > len(unseen.facilities):
        return None
    return [Part(one) for one in unseen.facilities]
