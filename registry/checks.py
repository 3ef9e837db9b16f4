"""The records of a registry as one value, and the checks that only several of them together allow.

Entries that were wrong by themselves are not among them; what is wrong between them is appended to the findings.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from core.findings import DID_YOU_MEAN, Finding, Kind, Said, place_of
from core.people import Role
from core.places import Grid
from registry import calendar_findings, holdings
from registry import findings as kinds
from registry.calendar_entries import EVERYWHERE, CalendarEntry
from registry.classbook import ClassEntry
from registry.columns import SHEETS, collection_of
from registry.entries import (
    AmenityEntry,
    CellEntry,
    CommunityEntry,
    DepartmentEntry,
    FacilityEntry,
    GatewayEntry,
    PersonEntry,
    PointEntry,
    PostEntry,
    StreetEntry,
    VillageEntry,
)
from registry.geometry import CellMap, CellShape
from registry.record import ALL, Place
from registry.supply import check_supply

T = TypeVar("T")

_KEYS: Mapping[str, str] = {"gateway": "node", "amenity": "item"}
"""The field in which a kind of record must differ from the others, if it is not its code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a folder says, or a part of it.

    Attributes:
        points: short forms (``measurements`` of a facility) included.
        cell_of: facility code to its cell in each grid.
        neighbours: cell code to touching cells, nearest first.
    """

    streets: tuple[StreetEntry, ...] = ()
    communities: tuple[CommunityEntry, ...] = ()
    villages: tuple[VillageEntry, ...] = ()
    departments: tuple[DepartmentEntry, ...] = ()
    cells: tuple[CellEntry, ...] = ()
    gateways: tuple[GatewayEntry, ...] = ()
    facilities: tuple[FacilityEntry, ...] = ()
    points: tuple[PointEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    posts: tuple[PostEntry, ...] = ()
    amenities: tuple[AmenityEntry, ...] = ()
    calendar: tuple[CalendarEntry, ...] = ()
    cell_of: Mapping[str, Mapping[Grid, str]] = field(default_factory=dict)
    neighbours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def shape_of(cell: CellEntry) -> CellShape:
    """A cell on the ground."""
    return CellShape(
        code=cell.code,
        grid=cell.grid,
        community=cell.community,
        ring=cell.polygon,
        valid_from=cell.valid_from,
        valid_to=cell.valid_to,
    )


class Checker:
    """Checks between records; entries that were wrong by themselves are already gone."""

    def __init__(self, content: Content, classes: Mapping[str, ClassEntry], findings: list[Finding]) -> None:
        """Look at ``content``; what is wrong is appended to ``findings``."""
        self._content = content
        self._classes = classes
        self._findings = findings
        self._broken = {collection_of(finding.file) for finding in findings}

    def check_references(self) -> None:
        """Codes are unique; what is named exists."""
        content = self._content
        self._unique(content.streets, lambda entry: entry.code, "street")
        self._unique(content.communities, lambda entry: entry.code, "community")
        self._unique(content.cells, lambda entry: (entry.code, entry.valid_from), "cell")
        self._unique(content.gateways, lambda entry: entry.key, "gateway")
        self._unique(content.facilities, lambda entry: entry.code, "facility")
        self._unique(content.people, lambda entry: entry.code, "person")
        self._unique(content.villages, lambda entry: entry.code, "village")
        self._unique(content.departments, lambda entry: entry.code, "department")
        self._unique(content.posts, lambda entry: entry.code, "post")
        communities = {entry.code for entry in content.communities}
        for street in content.communities:
            self._known(street.place, "street", street.street, {entry.code for entry in content.streets}, "streets")
        for cell in content.cells:
            self._known(cell.place, "community", cell.community, communities, "communities")
        facilities = {entry.code for entry in content.facilities}
        for gateway in content.gateways:
            self._known(gateway.place, "community", gateway.community, communities, "communities")
            if gateway.facility:
                self._known(gateway.place, "facility", gateway.facility, facilities, "facilities")
        for facility in content.facilities:
            self._known(facility.place, "community", facility.community, communities, "communities")
            if facility.class_id not in self._classes:
                self.note(
                    facility.place,
                    "class",
                    kinds.NO_CLASS,
                    value=facility.class_id,
                    hint=_near(facility.class_id, self._classes),
                )
            if facility.parent:
                self._known(facility.place, "parent", facility.parent, facilities, "facilities")
        check_supply(content.facilities, self._findings)
        for person in content.people:
            self._check_person(person, communities)

    def check_holdings(self, day: str) -> None:
        """What belongs to whom, who works for whom, who holds which post."""
        content = self._content
        codes = {
            name: {entry.code for entry in getattr(content, name)}
            for name in ("villages", "communities", "streets", "departments")
        }
        for village in content.villages:
            self._known(village.place, "community", village.community, codes["communities"], "communities")
        for person in content.people:
            if person.department:
                self._known(person.place, "department", person.department, codes["departments"], "departments")
        self._unique(content.amenities, lambda entry: (entry.community, entry.item), "amenity")
        holdings.check_amenities(content.amenities, codes["communities"], self._findings, self._known)
        holdings.check_facilities(content.facilities, codes, day, self._findings, self._known)
        cells = {cell.code: cell for cell in content.cells}
        people = {person.code: person for person in content.people}
        holdings.check_posts(content.posts, cells, people, self._findings, self._known)

    def check_calendar(self) -> None:
        """No entry twice; the places that entries name exist."""
        content = self._content
        first: dict[tuple[str, str], Place] = {}
        known: Mapping[str, set[str]] = {
            "communities": {entry.code for entry in content.communities},
            "cells": {entry.code for entry in content.cells},
            "facilities": {entry.code for entry in content.facilities},
        }
        for entry in content.calendar:
            key = (entry.kind, entry.key)
            if entry.key or entry.kind == "general":
                if key in first:
                    where = place_of(first[key].file, first[key].line)
                    values = {"entry": entry.kind, "value": entry.key, "first": where}
                    self.note(entry.place, "entry", calendar_findings.ENTRY_TWICE, **values)
                first.setdefault(key, entry.place)
            where_of = getattr(entry.item, "where", EVERYWHERE)
            for name, collection, codes in (
                ("community", "communities", where_of.community),
                ("cell", "cells", where_of.cell),
                ("facility", "facilities", where_of.facility),
            ):
                for code in codes:
                    self._known(entry.place, name, code, known[collection], collection)
            for code in where_of.facility_class:
                if code not in self._classes:
                    self.note(entry.place, "class", kinds.NO_CLASS, value=code, hint=_near(code, self._classes))

    def expanded_points(self) -> tuple[PointEntry, ...]:
        """All points, short forms expanded; checks keys, gateways and repetitions."""
        facilities = {entry.code: entry for entry in self._content.facilities}
        expanded = [point for facility in self._content.facilities for point in _short_form(facility, self._classes)]
        expanded += self._content.points
        self._unique(expanded, lambda entry: (entry.facility, entry.key), "point")
        gateways = {entry.key for entry in self._content.gateways}
        for point in expanded:
            facility = facilities.get(point.facility)
            if facility is None:
                self._known(point.place, "facility", point.facility, facilities.keys(), "facilities")
            elif facility.class_id in self._classes:
                keys = self._classes[facility.class_id].facility_class.measurements
                if point.key not in keys:
                    self.note(
                        point.place,
                        _measured_in(point.place),
                        kinds.NO_MEASUREMENT,
                        class_id=facility.class_id,
                        value=point.key,
                        hint=_near(point.key, keys),
                    )
            if point.gateway:
                self._known(point.place, "gateway", point.gateway, gateways, "gateways")
            else:
                self.note(point.place, "gateway", kinds.GATEWAY_MISSING)
        return tuple(expanded)

    def check_cells(self, shapes: CellMap) -> None:
        """Polygons are sound, do not overlap, leave no hole."""
        for fault in shapes.faults():
            self.note(self._content.cells[fault.index].place, "polygon", fault.kind, **fault.values)

    def placed(self, shapes: CellMap, day: str) -> dict[str, dict[Grid, str]]:
        """The cell of every facility in each grid."""
        community_of = {cell.code: cell.community for cell in self._content.cells}
        answer: dict[str, dict[Grid, str]] = {}
        for facility in self._content.facilities:
            cells: dict[Grid, str] = {}
            for grid in Grid:
                found = shapes.at(grid, facility.longitude, facility.latitude, day)
                own = [code for code in found if community_of[code] == facility.community]
                if own:
                    cells[grid] = own[0]
                elif found:
                    self.note(
                        facility.place,
                        "latitude",
                        kinds.OTHER_COMMUNITY,
                        facility=facility.code,
                        cell=found[0],
                        community=community_of[found[0]],
                        own=facility.community,
                    )
                elif "cells" not in self._broken or shapes.is_far(facility.longitude, facility.latitude):
                    values = {"facility": facility.code, "grid": kinds.GRIDS[grid.value], "day": day}
                    self.note(facility.place, "latitude", kinds.NO_CELL, **values)
            answer[facility.code] = cells
        return answer

    def _check_person(self, person: PersonEntry, communities: set[str]) -> None:
        cells = {cell.code: cell for cell in self._content.cells}
        for code in person.communities:
            self._known(person.place, "communities", code, communities, "communities")
        if person.cells and person.role.grid is None:
            self.note(person.place, "cells", kinds.NO_POST, role=kinds.ROLES[person.role.value])
        for code in person.cells:
            self._known(person.place, "cells", code, cells.keys(), "cells")
            if code in cells and person.role.grid not in (None, cells[code].grid):
                self.note(
                    person.place,
                    "cells",
                    kinds.OTHER_GRID,
                    cell=code,
                    grid=kinds.GRIDS[cells[code].grid.value],
                    role=kinds.ROLES[person.role.value],
                )
        if person.supervisor and person.role in {Role.TECHNICIAN, Role.DEPARTMENT}:
            role, named = kinds.ROLES[person.role.value], person.place.called("role")
            self.note(person.place, "supervisor", kinds.SUPERVISES_NOTHING, role=role, role_name=named)
        if person.role is Role.DEPARTMENT and not person.department:
            self.note(person.place, "department", kinds.OF_NO_DEPARTMENT)

    def _unique(self, found: Iterable[T], key: Callable[[T], Hashable], kind: str) -> None:
        first: dict[Hashable, Place] = {}
        for entry in found:
            name, place = key(entry), getattr(entry, "place", Place("", 0))
            if name in first:
                shown = " ".join(name) if isinstance(name, tuple) else name
                where = place_of(first[name].file, first[name].line)
                told = _measured_in(place) if kind == "point" else _KEYS.get(kind, "code")
                self.note(place, told, kinds.CODE_TWICE, kind=kinds.KINDS[kind], value=shown, first=where)
            else:
                first[name] = place

    def _known(self, place: Place, name: str, code: str, known: Iterable[str], collection: str) -> None:
        if code in known:
            return
        if collection in self._broken and not known:
            return  # nothing of that file could be read; it has its own findings
        values = {"collection": SHEETS[collection], "value": code, "hint": _near(code, known)}
        self.note(place, name, kinds.NO_SUCH_RECORD, **values)

    def note(self, place: Place, name: str, kind: Kind, /, **values: object) -> None:
        """Note what is wrong in a field of an entry."""
        self._findings.append(place.note(kind, name, **values))


def _measured_in(place: Place) -> str:
    """The field that names the measurement of a point: its own, or that of the short form."""
    return "measurement" if collection_of(place.file) == "points" else "measurements"


def _near(code: str, known: Iterable[str]) -> Said:
    from difflib import get_close_matches

    matches: Sequence[str] = get_close_matches(code[:64], list(known)[:5000], n=1, cutoff=0.6)
    return DID_YOU_MEAN(near=matches[0]) if matches else kinds.ADD_OR_CORRECT()


def _short_form(facility: FacilityEntry, classes: Mapping[str, ClassEntry]) -> list[PointEntry]:
    keys: Iterable[str] = facility.measurements
    if ALL in facility.measurements:
        keys = classes[facility.class_id].facility_class.measurements if facility.class_id in classes else ()
    return [
        PointEntry(
            place=facility.place,
            facility=facility.code,
            key=key,
            gateway=facility.gateway,
            bus=facility.bus,
            interval_s=None,
            stale_after_s=None,
        )
        for key in keys
    ]
