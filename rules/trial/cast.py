"""The facilities of a scenario as the engine knows them: registry numbers, points, groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.places import ClassMembers, FacilityClass, Relation
from rules.trial.players import Player
from rules.trial.scenario import Scenario
from rules.trial.series import Sample

FACILITY: Final = 1
"""Registry number of the facility under test."""
_PARENT_CODE: Final = "trial-parent"


@dataclass(frozen=True, slots=True)
class Cast:
    """All facilities by class, and the series of their points in the order of the points' numbers."""

    members: Mapping[str, ClassMembers]
    series: Sequence[tuple[int, tuple[Sample, ...]]]


@dataclass(frozen=True, slots=True)
class _One:
    """A facility: its number, its code, what it plays, and its groups."""

    number: int
    code: str
    player: Player
    groups: frozenset[Relation]


def cast_of(scenario: Scenario, classes: Mapping[str, FacilityClass]) -> Cast:
    """The facility under test, then the members of its groups, then its parent, each with every measurement."""
    named = frozenset[Relation]().union(*(member.groups for member in scenario.members))
    own = named | {Relation.PARENT} if scenario.parent is not None else named
    found = [_One(FACILITY, "trial", scenario.own, own)]
    for member in scenario.members:
        for _ in range(member.count):
            number = FACILITY + len(found)
            found.append(_One(number, f"trial-{number}", member, member.groups))
    if scenario.parent is not None:
        found.append(_One(FACILITY + len(found), _PARENT_CODE, scenario.parent, frozenset()))
    members: dict[str, ClassMembers] = {}
    series: list[tuple[int, tuple[Sample, ...]]] = []
    points = 0
    for class_id in dict.fromkeys(one.player.class_id for one in found):
        mine = [one for one in found if one.player.class_id == class_id]
        keys = list(classes[class_id].measurements)
        members[class_id] = _members(mine, classes[class_id], points)
        for row, one in enumerate(mine):
            first = points + row * len(keys)
            series += [(first + keys.index(key), part) for key, part in one.player.series.items()]
        points += len(mine) * len(keys)
    return Cast(members=members, series=series)


def _members(found: Sequence[_One], facility_class: FacilityClass, first_point: int) -> ClassMembers:
    """The facilities of one class; row i has the points from ``first_point + i * measurements`` on."""
    keys = list(facility_class.measurements)
    first = first_point + len(keys) * np.arange(len(found))
    players = [one.player for one in found]
    relations = frozenset[Relation]().union(*(one.groups for one in found))
    return ClassMembers(
        class_id=facility_class.id,
        facility=np.array([one.number for one in found], np.int32),
        code=tuple(one.code for one in found),
        point={key: (first + place).astype(np.int32) for place, key in enumerate(keys)},
        stale_after_ms={key: np.array([player.stale_ms[key] for player in players], np.int64) for key in keys},
        unit={key: one.unit for key, one in facility_class.measurements.items()},
        attribute={
            name: np.array([player.attributes.get(name, math.nan) for player in players])
            for name in dict.fromkeys(name for player in players for name in player.attributes)
        },
        group={
            relation: tuple(_group(relation) if relation in one.groups else "" for one in found)
            for relation in sorted(relations)
        },
        text={
            name: tuple(player.texts.get(name) for player in players)
            for name in dict.fromkeys(name for player in players for name in player.texts)
        },
    )


def _group(relation: Relation) -> str:
    return _PARENT_CODE if relation is Relation.PARENT else f"trial-{relation.value}"
