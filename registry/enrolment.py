"""Gateways come into the registry by what their births say: ``core.ports.enrolment.Enrolling`` over SQL.

A metric is ``facility/measurement``, so that births name the facilities a gateway reads and what it reads of them. What
is missing is the class of a new facility, and that is found by its measurements and their units. An enrolment is a
small import: every record is read and checked by what reads and checks files, and all are written in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from core.cases import UnknownItem
from core.errors import Invalid, Refused
from core.places import Grid, Text
from core.ports.enrolment import (
    Announced,
    Enrolled,
    Enrolment,
    NewCommunity,
    PointState,
    Proposal,
    ProposedFacility,
    ProposedPoint,
    Stranger,
)
from core.ports.registry_editing import RecordEdit
from core.sparkplug.topics import is_own_id
from registry import edit_findings as edits
from registry import forms, history, rows, tables
from registry.cell_edits import redrawn
from registry.classbook import ClassEntry
from registry.database import reading, record, writing
from registry.edit_checks import NEEDS, at_field, checked
from registry.editing import near
from registry.history import Change
from registry.importer import carry_out, difference
from registry.rows import Key, RowValues
from registry.strangers import unknown

_SIDE_DEG = 0.02
"""A community that begins with its first gateway is a square of about 2 km, one cell in each grid; its borders are
drawn later, and none of its facilities stands outside meanwhile."""
_STREET = Text(zh="街道（待填写）", en="Street (to be filled in)")
_CELLS: Mapping[Grid, Text] = {
    Grid.GOVERNANCE: Text(zh="治理网格", en="Governance cell"),
    Grid.CONSTRUCTION: Text(zh="建管网格", en="Construction cell"),
}
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MANY = frozenset({"facilities", "gateways"})
"""Kinds of which an enrolment makes several that do not name each other: they are written together."""
_Known = Mapping[str, "tuple[str, int, Mapping[str, str]]"]
"""Facilities by code: class, number of the community, measurement to the gateway (``group/node``) that serves it."""


class SqlEnrolling:
    """Strangers, and how they are enrolled; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, classes: Mapping[str, ClassEntry]) -> None:
        """Write to ``engine``; ``classes`` is ``registry.classbook.load_classes()``."""
        self._engine = engine
        self._classes = classes

    def strangers(self) -> Sequence[Proposal]:
        """Gateways that are not in the registry, with what enrolling them would make."""
        with reading(self._engine) as connection:
            found = unknown(connection)
            named = {code for one in found for code in _by_facility(one.metrics)[0]}
            known = _facilities(connection, named)
        return [proposal(one, known, self._classes) for one in found]

    def enrol(self, wish: Enrolment, *, day: str, actor: str, now_ms: int) -> Enrolled:
        """Make gateway, facilities and points."""
        with writing(self._engine) as connection:
            stranger = next((one for one in unknown(connection) if one.node == wish.node), None)
            if stranger is None:
                raise UnknownItem(edits.NO_RECORD())
            known = _facilities(connection, set(_by_facility(stranger.metrics)[0]))
            wanted = _wanted(proposal(stranger, known, self._classes), wish, self._classes)
            if not wanted:
                raise Refused(edits.NOTHING_TO_ENROL(node=wish.node))
            write = _Writing(connection, self._classes, day, actor, now_ms)
            community = write.community(wish.new_community) if wish.new_community else wish.community
            place = _place(connection, community)
            for one in wanted:
                if not one.known:
                    write.save("facilities", _facility(one, community, place, self._classes, wish))
            write.save("gateways", _gateway(wish, community))
            write.flush()
            points = write.points(wish, wanted, stranger)
            record(
                connection, actor=actor, what="enrol", ref=f"gateways {wish.node}", detail=str(points), now_ms=now_ms
            )
            return _enrolled(connection, wish, [one.code for one in wanted], points)


# --- what a stranger would make: values in, values out ---------------------------------------------------------------


def proposal(stranger: Stranger, known: _Known, classes: Mapping[str, ClassEntry]) -> Proposal:
    """What enrolling a stranger would make of its metrics."""
    by_facility, nameless = _by_facility(stranger.metrics)
    return Proposal(
        stranger=stranger,
        enrollable=is_own_id(stranger.node.group) and is_own_id(stranger.node.node),
        facilities=tuple(_proposed(code, found, known, classes) for code, found in sorted(by_facility.items())),
        nameless=nameless,
    )


def fitting(announced: Mapping[str, str], classes: Mapping[str, ClassEntry]) -> tuple[str, ...]:
    """Classes that measure at least one of these (measurement to unit), the one that measures most of them first.

    Of two that measure as many the one with fewer others comes first.
    """
    counted = {
        class_id: sum(_measures(entry, key, unit) for key, unit in announced.items())
        for class_id, entry in classes.items()
    }
    return tuple(
        sorted(
            (class_id for class_id, count in counted.items() if count),
            key=lambda one: (-counted[one], len(classes[one].facility_class.measurements), one),
        )
    )


def _proposed(
    code: str, announced: Mapping[str, str], known: _Known, classes: Mapping[str, ClassEntry]
) -> ProposedFacility:
    if code in known:
        class_id, community, served = known[code]
        fits: tuple[str, ...] = (class_id,)
    else:
        fits, community, served = fitting(announced, classes), None, {}
        class_id = fits[0] if fits else ""
    return ProposedFacility(
        code=code,
        known=code in known,
        community=community,
        class_id=class_id,
        classes=fits,
        points=_points(announced, classes.get(class_id), served),
    )


def _points(
    announced: Mapping[str, str], entry: ClassEntry | None, served: Mapping[str, str]
) -> tuple[ProposedPoint, ...]:
    def state(key: str, unit: str) -> PointState:
        if entry is None or not _measures(entry, key, unit):
            return PointState.UNFIT
        return PointState.TAKEN if key in served else PointState.NEW

    return tuple(ProposedPoint(key=key, unit=unit, state=state(key, unit)) for key, unit in sorted(announced.items()))


def _measures(entry: ClassEntry, key: str, unit: str) -> bool:
    """As ingest will judge it: in the unit of the class, or in none."""
    measurement = entry.facility_class.measurements.get(key)
    return measurement is not None and unit in ("", measurement.unit)


def _by_facility(metrics: Sequence[Announced]) -> tuple[dict[str, dict[str, str]], int]:
    """Facility to measurement to unit, and how many metrics name none."""
    found: dict[str, dict[str, str]] = {}
    for metric in metrics:
        code, _, key = metric.name.partition("/")
        if _CODE.fullmatch(code) and _CODE.fullmatch(key):
            found.setdefault(code, {}).setdefault(key, metric.unit)
    return found, len(metrics) - sum(map(len, found.values()))


def _wanted(found: Proposal, wish: Enrolment, classes: Mapping[str, ClassEntry]) -> list[ProposedFacility]:
    """The facilities that come with the gateway, under the class that was chosen; those without a point stay out."""
    by_facility, _ = _by_facility(found.stranger.metrics)
    chosen = [
        one
        if one.known
        else replace(
            one,
            class_id=wish.classes[one.code],
            points=_points(by_facility[one.code], classes.get(wish.classes[one.code]), {}),
        )
        for one in found.facilities
        if one.known or one.code in wish.classes
    ]
    return [one for one in chosen if any(point.state is PointState.NEW for point in one.points)]


def _facility(
    one: ProposedFacility,
    community: str,
    place: tuple[float, float],
    classes: Mapping[str, ClassEntry],
    wish: Enrolment,
) -> dict[str, str]:
    named = classes[one.class_id].facility_class.name if one.class_id in classes else Text(zh="", en="")
    name = wish.names.get(one.code) or Text(zh=f"{named.zh} {one.code}", en=f"{named.en} {one.code}")
    return {
        "code": one.code,
        "class": one.class_id,
        "community": community,
        "name_zh": name.zh,
        "name_en": name.en,
        "latitude": f"{place[0]:.7f}",
        "longitude": f"{place[1]:.7f}",
    }


def _gateway(wish: Enrolment, community: str) -> dict[str, str]:
    node = wish.node
    return {
        "group": node.group,
        "node": node.node,
        "name_zh": wish.name.zh,
        "name_en": wish.name.en,
        "community": community,
    }


# --- the registry ----------------------------------------------------------------------------------------------------


class _Writing:
    """Records that come, one after the other, in one transaction."""

    def __init__(
        self, connection: sa.Connection, classes: Mapping[str, ClassEntry], day: str, actor: str, now_ms: int
    ) -> None:
        self._connection, self._classes = connection, classes
        self._day, self._actor, self._now_ms = day, actor, now_ms
        self._present: dict[str, dict[Key, RowValues]] = {}
        self._made: list[Change] = []

    def save(self, kind: str, fields: Mapping[str, str]) -> None:
        """A new record.

        Raises:
            Invalid: with everything that is wrong with it.
        """
        connection, present = self._connection, self._read(kind, fields)
        names = forms.key_fields(kind)
        if tuple(fields[name] for name in names) in present[kind]:  # ended ones too: nobody brings them back unasked
            taken = edits.CODE_TAKEN.at(kind, 1, value=fields[names[-1]])
            raise Invalid([at_field(taken, names[-1])])
        key, after = checked(connection, kind, fields, self._classes, present, self._day, ())
        with_it: tuple[Change, ...] = ()
        if kind == "cells":
            drawn = redrawn(connection, key, after, present[kind], self._day)
            after, with_it = drawn.after, drawn.with_it
        change = difference(kind, key, None, after)
        self._made += [*([change] if change else []), *with_it]
        if kind not in _MANY:
            self.flush()

    def _read(self, kind: str, fields: Mapping[str, str]) -> dict[str, dict[Key, RowValues]]:
        """What a record is compared with: of the many facilities those that may matter, of all else everything, once.

        A gateway may bring hundreds of facilities to ten thousand, and the registry is locked meanwhile.
        """
        edit = RecordEdit(kind=kind, code="", mark="", fields=fields)
        few = {"facilities"} & NEEDS[kind]
        self._present |= rows.present(self._connection, NEEDS[kind] - few - self._present.keys())
        return self._present | rows.present(self._connection, few, where=near(edit))

    def flush(self) -> None:
        """Write what was made until now."""
        changes, self._made = self._made, []
        self.write(changes)
        self._present.clear()

    def write(self, changes: Sequence[Change]) -> None:
        """Changes, with their history."""
        carry_out(self._connection, changes, self._now_ms)
        history.remember(self._connection, changes, self._actor, self._now_ms)

    def community(self, wish: NewCommunity) -> str:
        """A community that begins: itself, a street if there is none, one cell in each grid; its code."""
        connection = self._connection
        street = connection.execute(sa.select(tables.street.c.code).order_by(tables.street.c.code)).scalars().first()
        if street is None:
            street = "s1"
            self.save("streets", {"code": street, "name_zh": _STREET.zh, "name_en": _STREET.en})
        taken = set(connection.execute(sa.select(tables.community.c.code)).scalars())
        code = next(name for number in range(1, len(taken) + 2) if (name := f"c{number}") not in taken)
        place = {"latitude": f"{wish.latitude:.7f}", "longitude": f"{wish.longitude:.7f}"}
        own = {"code": code, "street": str(street), "valid_from": self._day, **place}
        self.save("communities", {**own, "name_zh": wish.name.zh, "name_en": wish.name.en})
        for grid, called in _CELLS.items():
            cell = {"code": f"{code}-{grid.value[0]}", "grid": grid.value, "community": code}
            square = _square(wish.latitude, wish.longitude)
            shape = {"polygon": square, "valid_from": self._day, "name_zh": called.zh, "name_en": called.en}
            self.save("cells", {**cell, **shape})
        return code

    def points(self, wish: Enrolment, wanted: Sequence[ProposedFacility], stranger: Stranger) -> int:
        """The points of the gateway; those that had ended come back under their old numbers."""
        bus = {metric.name: metric.device for metric in stranger.metrics if _CODE.fullmatch(metric.device)}
        keys = [(one.code, point.key) for one in wanted for point in one.points if point.state is PointState.NEW]
        facility = tables.facility
        near = facility.c.number == tables.point.c.facility
        mine = sa.exists().where(near, facility.c.code.in_({code for code, _ in keys}))
        present: Mapping[Key, RowValues] = rows.present(self._connection, {"points"}, where={"points": mine})["points"]
        changes = []
        for key in keys:
            after: RowValues = {
                "gateway": str(wish.node),
                "bus": bus.get("/".join(key)),
                "interval_s": None,
                "stale_after_s": None,
                "active": True,
            }
            change = difference("points", key, present.get(key), after)
            changes += [change] if change else []
        self.write(changes)
        return len(changes)


def _square(latitude: float, longitude: float) -> str:
    half = _SIDE_DEG / 2
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    return ", ".join(f"{longitude + east:.7f} {latitude + north:.7f}" for east, north in corners)


def _facilities(connection: sa.Connection, codes: set[str]) -> _Known:
    """Those of these facilities that are in use, with who serves what of them."""
    facility, point, gateway = tables.facility, tables.point, tables.gateway
    if not codes:
        return {}
    mine = sa.select(facility.c.code, facility.c.class_id, facility.c.community).where(
        facility.c.code.in_(sorted(codes)), facility.c.active
    )
    found: dict[str, tuple[str, int, dict[str, str]]] = {
        row.code: (row.class_id, row.community, {}) for row in connection.execute(mine)
    }
    served = (
        sa.select(facility.c.code, point.c.key, gateway.c.group_id, gateway.c.node_id)
        .join(point, point.c.facility == facility.c.number)
        .join(gateway, gateway.c.number == point.c.gateway)
        .where(facility.c.code.in_(sorted(found)), point.c.active)
    )
    for row in connection.execute(served):
        found[row.code][2][row.key] = f"{row.group_id}/{row.node_id}"
    return found


def _place(connection: sa.Connection, community: str) -> tuple[float, float]:
    """Where a new facility stands until somebody says it: latitude and longitude of its community.

    Raises:
        Refused: if there is no such community.
    """
    table = tables.community
    row = connection.execute(sa.select(table).where(table.c.code == community)).one_or_none()
    if row is None:
        raise Refused(edits.NO_COMMUNITY(code=community))
    return float(row.latitude), float(row.longitude)


def _enrolled(connection: sa.Connection, wish: Enrolment, codes: Sequence[str], points: int) -> Enrolled:
    gateway, facility = tables.gateway, tables.facility
    own = (gateway.c.group_id == wish.node.group, gateway.c.node_id == wish.node.node)
    numbers = sa.select(facility.c.number).where(facility.c.code.in_(codes)).order_by(facility.c.number)
    return Enrolled(
        gateway=int(connection.execute(sa.select(gateway.c.number).where(*own)).scalar_one()),
        facilities=tuple(connection.execute(numbers).scalars()),
        points=points,
    )
