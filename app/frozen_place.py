"""Where a facility stood when an alarm opened, and what its readings came through: frozen as ``core.evidence``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from app.facility_memory import MOST_FACILITIES, FacilityMemory
from core.evidence import FrozenPlace, FrozenPoint
from core.places import Text
from core.ports.nodes import NodeStatus, Origin
from core.ports.registry import Community, FacilityDetail, Point
from core.sparkplug.topics import NodeId
from registry.queries import Registry

_MOST_PARENTS = 16
_MOST_POINTS = 24
_NOT_SAID: Final = Origin("", "")


class Births:
    """Bus and unit of every metric, as the gateways' births said last: a session that begins has said nothing yet."""

    def __init__(self, statuses: Callable[[], Sequence[NodeStatus]] = tuple) -> None:
        """Ask ``statuses`` for what the gateways say now."""
        self._statuses = statuses
        self._seen: Sequence[NodeStatus] = ()
        self._known: dict[NodeId, Mapping[str, Origin]] = {}

    def listen(self, statuses: Callable[[], Sequence[NodeStatus]]) -> None:
        """Ask ``statuses`` from now on: the host begins after those who ask for what it hears."""
        self._statuses = statuses

    def origin(self, node: NodeId, metric: str) -> Origin:
        """Where a metric is read from; empty where no birth has said so."""
        now = self._statuses()
        if now is not self._seen:
            self._known |= {one.node: one.origins for one in now if one.origins}
            self._seen = now
        return self._known.get(node, {}).get(metric, _NOT_SAID)


class _Known(NamedTuple):
    """Places of one version of the registry, their points left out."""

    version: int
    places: dict[int, FrozenPlace]
    communities: Mapping[int, Community]


class Places:
    """Answers from memory, once a facility has been asked for; safe to use from several threads."""

    def __init__(self, registry: Registry, facilities: FacilityMemory, births: Births) -> None:
        """Join the registry with what the gateways say."""
        self._registry = registry
        self._facilities = facilities
        self._births = births
        self._known = _Known(-1, {}, {})

    def place(self, detail: FacilityDetail, keys: frozenset[str]) -> FrozenPlace:
        """A facility's place; the points of ``keys`` come first."""
        version, number, known = self._facilities.version, detail.facility.number, self._known
        if version != known.version or len(known.places) >= MOST_FACILITIES:
            communities = {one.number: one for one in self._registry.communities()}
            known = self._known = _Known(version, {}, communities)
        if number not in known.places:
            known.places[number] = self._place(detail, known.communities)
        ordered = sorted(detail.points, key=lambda one: (one.key not in keys, one.number))
        return replace(
            known.places[number],
            points=tuple(self._point(one) for one in ordered[:_MOST_POINTS]),
            points_left_out=len(ordered[_MOST_POINTS:]),
        )

    def _point(self, one: Point) -> FrozenPoint:
        origin = _NOT_SAID if one.gateway is None else self._births.origin(one.gateway, one.metric)
        return FrozenPoint(
            point=one.number,
            key=one.key,
            name=one.name,
            metric=one.metric,
            gateway="" if one.gateway is None else str(one.gateway),
            bus=origin.device or one.bus,
            unit=origin.source,
        )

    def _place(self, detail: FacilityDetail, communities: Mapping[int, Community]) -> FrozenPlace:
        one = detail.facility
        community = communities.get(one.community)
        known, cells = self._registry.classes().get(one.class_id), {}
        names = {cell.code: cell.name for cell in self._registry.cells(one.community)}
        for grid, code in one.cells.items():
            cells[grid.value] = (code, names.get(code, Text(zh=code, en=code)))
        nothing = Text(zh="", en="")
        return FrozenPlace(
            code=one.code,
            name=one.name,
            class_id=one.class_id,
            class_name=known.name if known is not None else nothing,
            community=community.code if community is not None else "",
            community_name=community.name if community is not None else nothing,
            street=community.street if community is not None else nothing,
            cells=cells,
            gateways=tuple(sorted({str(point.gateway) for point in detail.points if point.gateway is not None})),
            parents=self._parents(detail),
        )

    def _parents(self, detail: FacilityDetail) -> tuple[str, ...]:
        """Codes of what is above it; a chain of the registry has no rings, and is cut off all the same."""
        codes: list[str] = []
        above = detail.facility.parent
        while above is not None and len(codes) < _MOST_PARENTS:
            found = self._facilities.detail(above)
            if found is None:
                break
            codes.append(found.facility.code)
            above = found.facility.parent
        return tuple(codes)
