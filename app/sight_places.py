"""What hangs where, for sight: the points of all facilities, and the gateways, as registry and births say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.places import ClassMembers, parents
from core.ports.nodes import Origin
from core.ports.registry import Gateway
from core.sparkplug.topics import NodeId
from rules.rule_set import RuleSet
from rules.sight_replay import Scenery
from rules.sight_tree import LEAST_SILENCE_MS, Behind, Gate

SAFETY_CLASSES = frozenset({"elevator", "fire_hydrant", "fire_water", "gas_indoor", "gas_network", "smoke_fire"})
"""Gas, fire-fighting and lifts: somebody has to watch them on site when they cannot be seen for long."""
_UNKNOWN = Origin("", "")
Origins = Mapping[NodeId, Mapping[str, Origin]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """What rules say of supplies.

    Attributes:
        rules: rule id to ``lost`` or ``feed_lost``.
        classes: classes with a rule that is marked ``lost``: their facilities are supplies.
    """

    rules: Mapping[str, str] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()


def marks_of(rule_set: RuleSet) -> Marks:
    """What the rules in force say of supplies."""
    marked = [rule for rule in rule_set.rules if rule.info.supply]
    return Marks(
        rules={rule.id: rule.info.supply for rule in marked},
        classes=frozenset(rule.class_id for rule in marked if rule.info.supply == "lost"),
    )


def gates_of(gateways: Sequence[Gateway], communities: Mapping[int, str]) -> list[Gate]:
    """The gateways that may speak; ``communities``: number to code."""
    return [
        Gate(str(one.node), one.facility, communities.get(one.community, ""))
        for one in gateways
        if one.revoked_ms is None
    ]


def points_behind(
    members: Mapping[str, ClassMembers], node_of: Mapping[int, NodeId], keys: frozenset[str], origins: Origins
) -> list[Behind]:
    """Every point with where it comes from; ``keys`` are the gateways that may speak."""
    found: list[Behind] = []
    for class_id, group in members.items():
        safety = class_id in SAFETY_CLASSES
        for key, column in group.point.items():
            silences = group.stale_after_ms[key].tolist()
            for facility, code, point, silence_ms in zip(
                group.facility.tolist(), group.code, column.tolist(), silences, strict=True
            ):
                if point >= 0:
                    node = node_of.get(point)
                    gateway = str(node) if node is not None and str(node) in keys else ""
                    said = {} if node is None else origins.get(node, {})
                    origin = said.get(f"{code}/{key}", _UNKNOWN)
                    silence_ms = max(LEAST_SILENCE_MS, silence_ms)
                    came = (gateway, origin.device, origin.source)
                    found.append(Behind(point, facility, key, silence_ms, *came, safety))
    return found


def past_places(
    rule_set: RuleSet,
    everyone: Mapping[str, ClassMembers],
    points_by_node: Mapping[NodeId, frozenset[int]],
    gateways: Sequence[Gateway],
    communities: Mapping[int, str],
) -> Callable[[Mapping[str, ClassMembers]], Scenery]:
    """What hung where in the past, as the registry says today: of some facilities, those of ``everyone`` or fewer."""
    marks, gates = marks_of(rule_set), gates_of(gateways, communities)
    keys = frozenset(gate.key for gate in gates)
    node_of = {point: node for node, points in points_by_node.items() for point in points}
    above = parents(everyone)
    supplies = frozenset(
        number for name in marks.classes & everyone.keys() for number in everyone[name].facility.tolist()
    )

    def places(members: Mapping[str, ClassMembers]) -> Scenery:
        return Scenery(
            points=points_behind(members, node_of, keys, {}),
            gates=gates,
            parents=above,
            supplies=supplies,
            marks=marks.rules,
        )

    return places
