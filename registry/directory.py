"""What ingest and rules ask thousands of times a second, answered from memory: ``core.ports.directory.PointDirectory``.

``refresh`` is called by the owner of a loop, at start and every few seconds; it reads the registry's version and
rebuilds everything only when that has grown. Between two refreshes all answers belong to one version, and readers
never wait: the whole picture is one immutable value that is swapped in one assignment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from core.places import ClassMembers, FacilityClass, Grid, PointBinding, Relation
from core.ports.registry import Facility, Point
from core.sparkplug.topics import NodeId
from registry import tables
from registry.database import reading, version
from registry.queries import Registry, facility_of

_UNKNOWN: Mapping[str, PointBinding] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Picture:
    version: int
    bindings: Mapping[NodeId, Mapping[str, PointBinding]]
    members: Mapping[str, ClassMembers]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Names:
    """Names of groups by the numbers that facilities hold; ``gateway`` and ``bus`` by the facility's own number."""

    community: Mapping[int, str]
    facility: Mapping[int, str]
    gateway: Mapping[int, str]
    bus: Mapping[int, str]

    def groups(self, facilities: Sequence[Facility]) -> dict[Relation, tuple[str, ...]]:
        """The groups of each facility; relations that none of them has are left out."""
        columns = {
            Relation.GOVERNANCE_CELL: tuple(one.cells[Grid.GOVERNANCE] for one in facilities),
            Relation.CONSTRUCTION_CELL: tuple(one.cells[Grid.CONSTRUCTION] for one in facilities),
            Relation.COMMUNITY: tuple(self.community[one.community] for one in facilities),
            Relation.PARENT: tuple(
                "" if one.parent is None else self.facility.get(one.parent, "") for one in facilities
            ),
            Relation.REDUNDANT_SET: tuple(one.redundant_set for one in facilities),
            Relation.GATEWAY: tuple(self.gateway.get(one.number, "") for one in facilities),
            Relation.BUS: tuple(self.bus.get(one.number, "") for one in facilities),
        }
        return {relation: column for relation, column in columns.items() if any(column)}


def attributes_in_force(facility_class: FacilityClass | None, facility: Facility) -> Mapping[str, float | str]:
    """A facility's attributes as rules read them: its own, and those of its class that it does not say itself."""
    return {**(facility_class.attributes if facility_class is not None else {}), **facility.attributes}


class Directory:
    """The point directory in memory."""

    def __init__(self, engine: sa.Engine, registry: Registry) -> None:
        """Read the registry once; see ``refresh``."""
        self._engine = engine
        self._registry = registry
        self._picture = _Picture(version=-1, bindings={}, members={})
        self.refresh()

    @property
    def version(self) -> int:
        """The registry version all answers belong to."""
        return self._picture.version

    def refresh(self) -> bool:
        """Take over what changed; whether anything did.

        Raises:
            core.errors.Unavailable: if the database does not answer; the old answers go on holding.
        """
        with reading(self._engine) as connection:
            now = version(connection)
            if now == self._picture.version:
                return False
            self._picture = self._load(connection, now)
        return True

    def knows(self, node: NodeId) -> bool:
        """Whether this gateway is enrolled and not revoked."""
        return node in self._picture.bindings

    def bindings(self, node: NodeId, metrics: Sequence[str]) -> Sequence[PointBinding | None]:
        """What each metric of that gateway means; ``None`` where nobody knows it."""
        known = self._picture.bindings.get(node, _UNKNOWN)
        return [known.get(metric) for metric in metrics]

    def points_by_node(self) -> Mapping[NodeId, frozenset[int]]:
        """The point numbers that each enrolled gateway serves."""
        known = self._picture.bindings
        return {node: frozenset(binding.point for binding in bound.values()) for node, bound in known.items()}

    def members(self) -> Mapping[str, ClassMembers]:
        """All facilities by class; classes without a facility are left out."""
        return self._picture.members

    def _load(self, connection: sa.Connection, now: int) -> _Picture:
        gateway, facility = tables.gateway, tables.facility
        bindings: dict[NodeId, dict[str, PointBinding]] = {
            NodeId(row.group_id, row.node_id): {}
            for row in connection.execute(sa.select(gateway).where(gateway.c.revoked_ms.is_(None)))
        }
        points = self._registry.points_of(connection, sa.and_(tables.point.c.active, facility.c.active))
        by_facility: dict[int, dict[str, Point]] = {}
        for point in points:
            by_facility.setdefault(point.facility, {})[point.key] = point
            if point.gateway in bindings:
                bindings[point.gateway][point.metric] = PointBinding(
                    point=point.number, unit=point.unit, low=point.low, high=point.high
                )
        rows = connection.execute(sa.select(facility).where(facility.c.active).order_by(facility.c.number))
        by_class: dict[str, list[Any]] = {}
        for row in rows:
            by_class.setdefault(row.class_id, []).append(row)
        known = _Names(
            community={row.number: row.code for row in connection.execute(sa.select(tables.community))},
            facility={row.number: row.code for found in by_class.values() for row in found},
            gateway={number: _gateway_of(points) for number, points in by_facility.items()},
            bus={number: _bus_of(points) for number, points in by_facility.items()},
        )
        members = {name: self._members(name, found, by_facility, known) for name, found in by_class.items()}
        return _Picture(version=now, bindings=bindings, members=members)

    def _members(
        self, class_id: str, rows: Sequence[Any], points: Mapping[int, Mapping[str, Point]], known: _Names
    ) -> ClassMembers:
        facilities = [facility_of(row) for row in rows]
        facility_class = self._registry.classes().get(class_id)
        measurements = facility_class.measurements if facility_class else {}
        numbers = {key: np.full(len(rows), -1, np.int32) for key in measurements}
        stale = {
            key: np.full(len(rows), round(3000 * measurement.interval_s), np.int64)
            for key, measurement in measurements.items()
        }
        for index, facility in enumerate(facilities):
            for key, point in points.get(facility.number, {}).items():
                numbers[key][index] = point.number
                stale[key][index] = round(1000 * point.stale_after_s)
        attributes = [attributes_in_force(facility_class, facility) for facility in facilities]
        given = [(name, isinstance(value, str)) for every in attributes for name, value in every.items()]
        return ClassMembers(
            class_id=class_id,
            facility=np.array([facility.number for facility in facilities], np.int32),
            code=tuple(facility.code for facility in facilities),
            point=numbers,
            stale_after_ms=stale,
            unit={key: measurement.unit for key, measurement in measurements.items()},
            attribute={
                name: np.array([_number(every.get(name)) for every in attributes], np.float64)
                for name in sorted({name for name, textual in given if not textual})
            },
            text={
                name: tuple(_words(every.get(name)) for every in attributes)
                for name in sorted({name for name, textual in given if textual})
            },
            group=known.groups(facilities),
        )


def _words(value: float | str | None) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: float | str | None) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _gateway_of(points: Mapping[str, Point]) -> str:
    """The gateway that serves most of a facility's points, the first by name among equals; empty if none does."""
    return _most(str(point.gateway) for point in points.values() if point.gateway is not None)


def _bus_of(points: Mapping[str, Point]) -> str:
    """``group/node/bus`` of the bus on which most of a facility's points are read, in the same way."""
    return _most(f"{point.gateway}/{point.bus}" for point in points.values() if point.gateway is not None and point.bus)


def _most(names: Iterable[str]) -> str:
    served = Counter(names)
    return min(served, key=lambda name: (-served[name], name), default="")
