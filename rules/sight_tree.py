"""What hangs where: the tree that sight folds over, from the registry's places and the gateways' births.

Where a birth has not said (or cannot say) which unit a point is read from, the points of one facility stand for a unit;
its alarm is then the facility's (``sight.device``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from core.alarms import SIGHT_POINT, Severity
from rules.columns import NEVER_MS, Bools, Indices, Ints
from rules.folding import Level, Tree
from rules.sight_severity import safe_above

SITE_RULE = "sight.site"
SUPPLY_RULE = "sight.supply"
GATEWAY_RULE = "sight.gateway"
BUS_RULE = "sight.bus"
UNIT_RULE = "sight.unit"
DEVICE_RULE = "sight.device"
POINT_RULE = SIGHT_POINT
SEVERITY: Mapping[str, Severity] = {
    SITE_RULE: Severity.HIGH,
    SUPPLY_RULE: Severity.MEDIUM,
    GATEWAY_RULE: Severity.MEDIUM,
    BUS_RULE: Severity.MEDIUM,
    UNIT_RULE: Severity.LOW,
    DEVICE_RULE: Severity.LOW,
    POINT_RULE: Severity.LOW,
}
"""At the start; what has become grave rises to high (``rules.sight_severity``)."""
LEAST_SILENCE_MS = 60_000


class Behind(NamedTuple):
    """One point: where it belongs and where it comes from.

    Attributes:
        point, facility: registry numbers.
        key: measurement.
        silence_ms: how long it may be silent.
        gateway: key of a ``Gate``, empty: none.
        bus, unit: as the gateway's birth says; empty: not said.
        safety: it is of gas, fire-fighting or a lift.
    """

    point: int
    facility: int
    key: str
    silence_ms: int
    gateway: str = ""
    bus: str = ""
    unit: str = ""
    safety: bool = False


class Gate(NamedTuple):
    """A gateway: ``group/node``, the facility that stands for it, the code of its community (empty: unknown)."""

    key: str
    facility: int | None
    community: str = ""


class Label(NamedTuple):
    """Under what a node is announced.

    Attributes:
        rule_id: ``sight.*``.
        facility: registry number of the facility whose alarm it is.
        element: which of several elements of that facility; empty where the facility says it all.
        gateway: key of the gateway it stands behind, or is; empty: none.
    """

    rule_id: str
    facility: int
    element: str = ""
    gateway: str = ""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Grown:
    """The tree with what its nodes are.

    Attributes:
        tree: the nodes.
        labels: n, one a node, then one for each facility of ``spread``.
        points: int32[p], registry numbers; the first p nodes of the tree are the points, in this order.
        facility: int64[p], of each point.
        silence_ms: int64[n + s], of points, units and facilities.
        is_device: bool[n], units that are no part of a gateway.
        spread: intp[p], number of the facility (0 … s - 1) among those whose points come from several units, else -1.
        supplied: intp[p], the supply node whose own point it is; -1: of none.
        gateways: node by gateway's key; buses: node by (gateway's key, bus); supplies: node by facility number.
        feeding: facility to the nearest supply above it; those without one are left out.
        safety: bool[n], points of gas, fire-fighting or lifts, and what carries any.
    """

    tree: Tree
    labels: tuple[Label, ...]
    points: Indices
    facility: Ints
    silence_ms: Ints
    is_device: Bools
    spread: Indices
    supplied: Indices
    gateways: Mapping[str, int]
    buses: Mapping[tuple[str, str], int]
    supplies: Mapping[int, int]
    feeding: Mapping[int, int]
    safety: Bools


@dataclass(kw_only=True)
class _Node:
    """A node while the tree grows; ``parent`` and ``supply`` are keys."""

    label: Label
    parent: Hashable = None
    supply: tuple[str, int] | None = None
    counts: bool = False
    silence_ms: int = LEAST_SILENCE_MS
    device: bool = False
    served: set[int] = field(default_factory=set)


_Nodes: TypeAlias = dict[Hashable, _Node]


def grow(
    points: Sequence[Behind], gates: Sequence[Gate], parents: Mapping[int, int], supplies: frozenset[int]
) -> Grown:
    """Build the tree.

    Args:
        points: every point, each once.
        gates: every gateway that may speak.
        parents: facility to the facility that supplies or contains it; without circles.
        supplies: facilities that are supplies for what hangs on them.
    """

    def feeding(facility: int) -> int | None:
        return _supply_of(facility, parents, supplies)

    facilities = {one.facility for one in points}
    fed = {one: one if one in supplies else feeding(one) for one in facilities}
    gateways, sites = _gateways(points, gates, feeding)
    first = {up for up in fed.values() if up is not None}
    first |= {node.supply[1] for node in gateways.values() if isinstance(node.supply, tuple)}
    inner, outer = _supplies(gateways, sites, {up for one in first for up in (one, *_chain(one, feeding))}, feeding)
    own: dict[int | None, str] = {gate.facility: gate.key for gate in gates if gate.facility is not None}
    units: _Nodes = {}
    buses: _Nodes = {}
    several = _several(points)
    unit_of = [_place(one, own, several, gateways, units, buses) for one in points]
    for nodes in (units, buses):
        for node in nodes.values():
            served = {fed[facility] for facility in node.served}
            node.supply = _key("supply", served.pop()) if len(served) == 1 else None
    above = {one: up for one in facilities if (up := feeding(one)) is not None}
    return _assemble(points, unit_of, fed, above, [units, buses, gateways, *inner, sites, *outer])


def _supply_of(facility: int, parents: Mapping[int, int], supplies: frozenset[int]) -> int | None:
    """The nearest supply above a facility."""
    found, seen = parents.get(facility), {facility}
    while found is not None and found not in supplies and found not in seen:
        seen.add(found)
        found = parents.get(found)
    return found if found in supplies else None


def _gateways(
    points: Sequence[Behind], gates: Sequence[Gate], feeding: Callable[[int], int | None]
) -> tuple[_Nodes, _Nodes]:
    """The gateways, and the communities that have any."""
    first: dict[str, int] = {}
    for one in points:
        first[one.gateway] = min(one.facility, first.get(one.gateway, one.facility))
    gateways: _Nodes = {}
    sites: _Nodes = {}
    for gate in sorted(gates, key=lambda one: one.key):
        facility = gate.facility if gate.facility is not None else first.get(gate.key)
        if facility is None:
            continue
        element = "" if gate.facility is not None else gate.key
        node = _Node(label=Label(GATEWAY_RULE, facility, element, gate.key))
        supply = feeding(gate.facility) if gate.facility is not None else None
        node.supply = _key("supply", supply)
        node.parent = ("site", gate.community) if gate.community else None
        gateways["gateway", gate.key] = node
        if gate.community:
            site = sites.setdefault(("site", gate.community), _Node(label=Label(SITE_RULE, facility, gate.community)))
            site.served.add(-1 if supply is None else supply)
    return gateways, sites


def _supplies(
    gateways: _Nodes, sites: _Nodes, wanted: Iterable[int], feeding: Callable[[int], int | None]
) -> tuple[list[_Nodes], list[_Nodes]]:
    """Supplies below the communities, and those that feed several: the inner ones first.

    A supply that feeds the gateways of one community stands below it, one that feeds those of several above them.
    """
    chain = {one: list(_chain(one, feeding)) for one in sorted(wanted)}
    reach: dict[int, set[Hashable]] = {one: set() for one in chain}
    for node in gateways.values():
        if isinstance(node.supply, tuple):
            for one in (node.supply[1], *chain[node.supply[1]]):
                reach[one].add(node.parent)
    nodes = {}
    for one, ups in chain.items():
        node = nodes[one] = _Node(label=Label(SUPPLY_RULE, one), supply=_key("supply", ups[0] if ups else None))
        node.parent = next(iter(reach[one])) if len(reach[one]) == 1 else node.supply
    for site in sites.values():
        common = [{one, *chain[one]} if one >= 0 else set() for one in site.served]
        wide = [one for one in set.intersection(*common) if len(reach[one]) > 1]
        site.supply = _key("supply", max(wide, key=lambda one: len(chain[one]), default=None))
    ranks: tuple[list[_Nodes], list[_Nodes]] = ([], [])
    for depth in range(max((len(ups) for ups in chain.values()), default=-1), -1, -1):
        here = [one for one, ups in chain.items() if len(ups) == depth]
        ranks[0].append({("supply", one): nodes[one] for one in here if len(reach[one]) <= 1})
        ranks[1].append({("supply", one): nodes[one] for one in here if len(reach[one]) > 1})
    return ranks


def _key(kind: str, of: int | None) -> tuple[str, int] | None:
    return None if of is None else (kind, of)


def _chain(one: int, feeding: Callable[[int], int | None]) -> Iterator[int]:
    """The supplies above a facility, the nearest first."""
    up = feeding(one)
    while up is not None:
        yield up
        up = feeding(up)


def _several(points: Sequence[Behind]) -> Set[int]:
    """Facilities whose points come from more than one unit, as far as the births say."""
    found: dict[int, set[tuple[str, str, str]]] = {}
    for one in points:
        found.setdefault(one.facility, set()).add((one.gateway, one.bus, one.unit))
    return {facility for facility, units in found.items() if len(units) > 1}


def _place(
    one: Behind,
    own: Mapping[int | None, str],
    several: Set[int],
    gateways: _Nodes,
    units: _Nodes,
    buses: _Nodes,
) -> Hashable:
    """Put a point under its unit, with bus and unit made as they are first met; the unit's key."""
    gateway = ("gateway", one.gateway)
    behind = one.gateway if gateway in gateways else ""
    itself = bool(behind) and own.get(one.facility) == one.gateway
    bus, unit = (one.bus, one.unit) if behind and not itself else ("", "")
    key: Hashable = ("unit", behind, bus, unit or one.facility)
    node = units.get(key)
    if node is None:
        element = f"{behind}/{bus}/{unit}" if unit else f"{behind}/{bus}/" if one.facility in several else ""
        label = Label(UNIT_RULE if unit else DEVICE_RULE, one.facility, element, behind)
        parent: Hashable = ("bus", behind, bus) if bus else gateway if behind else None
        node = _Node(label=label, parent=parent, counts=bool(bus), silence_ms=one.silence_ms, device=not itself)
        units[key] = node
        if bus and parent not in buses:
            facility = gateways[gateway].label.facility
            buses[parent] = _Node(
                label=Label(BUS_RULE, facility, f"{behind}/{bus}", behind), parent=gateway, counts=True
            )
    node.silence_ms = min(node.silence_ms, one.silence_ms)
    node.served.add(one.facility)
    if len(node.served) > 1:
        node.label = node.label._replace(facility=gateways[gateway].label.facility)
    if bus:
        buses["bus", behind, bus].served.add(one.facility)
    return key


def _assemble(
    points: Sequence[Behind],
    unit_of: Sequence[Hashable],
    fed: Mapping[int, int | None],
    feeding: Mapping[int, int],
    upper: Sequence[_Nodes],
) -> Grown:
    """The nodes as columns."""
    place: dict[Hashable, int] = {}
    ranks = [(0, len(points))]
    nodes: list[_Node] = []
    for rank in upper:
        begin = len(points) + len(nodes)
        place |= {key: begin + number for number, key in enumerate(rank)}
        nodes += rank.values()
        ranks.append((begin, begin + len(rank)))
    spread = _spread(points, unit_of, place)
    labels = [Label(POINT_RULE, one.facility, one.key, one.gateway) for one in points]
    labels += [node.label for node in nodes]
    labels += [Label(DEVICE_RULE, facility) for facility in spread]
    silence = dict.fromkeys(spread, NEVER_MS)
    for one in points:
        if one.facility in silence:
            silence[one.facility] = min(silence[one.facility], one.silence_ms)
    levels = [_LEVELS[label.rule_id] for label in labels[: len(points) + len(nodes)]]
    parent = [place[key] for key in unit_of] + [place.get(node.parent, -1) for node in nodes]
    supply = [place.get(("supply", fed[one.facility]), -1) for one in points]
    supply += [place.get(node.supply, -1) for node in nodes]
    level = np.array(levels, np.int64)
    tree = Tree(
        level=level,
        parent=np.array(parent, np.intp),
        supply=np.array(supply, np.intp),
        counts=np.array([False] * len(points) + [node.counts for node in nodes], np.bool_),
        ranks=tuple(rank for rank in ranks if rank[0] < rank[1]),
        **_pairs(level, parent, supply),
    )
    return Grown(
        tree=tree,
        labels=tuple(labels),
        points=np.array([one.point for one in points], np.intp),
        facility=np.array([one.facility for one in points], np.int64),
        silence_ms=np.array(
            [*(one.silence_ms for one in points), *(node.silence_ms for node in nodes), *silence.values()], np.int64
        ),
        is_device=np.array([False] * len(points) + [node.device for node in nodes], np.bool_),
        spread=np.array([spread.get(one.facility, -1) for one in points], np.intp),
        supplied=np.array([place.get(("supply", one.facility), -1) for one in points], np.intp),
        gateways={key[1]: place[key] for key in upper[2] if isinstance(key, tuple)},
        buses={(key[1], key[2]): place[key] for key in upper[1] if isinstance(key, tuple)},
        supplies={key[1]: at for key, at in place.items() if isinstance(key, tuple) and key[0] == "supply"},
        feeding=feeding,
        safety=safe_above(tree, np.array([one.safety for one in points], np.bool_)),
    )


_LEVELS = {
    SITE_RULE: Level.SITE,
    SUPPLY_RULE: Level.SUPPLY,
    GATEWAY_RULE: Level.GATEWAY,
    BUS_RULE: Level.BUS,
    UNIT_RULE: Level.UNIT,
    DEVICE_RULE: Level.UNIT,
    POINT_RULE: Level.POINT,
}


def _spread(points: Sequence[Behind], unit_of: Sequence[Hashable], place: Mapping[Hashable, int]) -> dict[int, int]:
    """Facilities whose points come from several units, numbered."""
    found: dict[int, set[int]] = {}
    for one, unit in zip(points, unit_of, strict=True):
        found.setdefault(one.facility, set()).add(place[unit])
    return {facility: number for number, facility in enumerate(f for f, units in found.items() if len(units) > 1)}


def _pairs(level: Ints, parent: Sequence[int], supply: Sequence[int]) -> dict[str, Any]:
    """Every gateway with every supply and community above it."""

    def feeding(node: int) -> list[int]:
        up = supply[node]
        return [up, *feeding(up)] if up >= 0 else []

    gateway: list[int] = []
    above: list[int] = []
    beside: list[bool] = []
    for node in np.flatnonzero(level == Level.GATEWAY).tolist():
        site = parent[node]
        around = {*feeding(site)} if site >= 0 else set()
        for up in [*([site] if site >= 0 else []), *feeding(node)]:
            gateway.append(node)
            above.append(up)
            beside.append(up > site >= 0 and up not in around)
    return {
        "gateway": np.array(gateway, np.intp),
        "above": np.array(above, np.intp),
        "beside": np.array(beside, np.bool_),
    }
