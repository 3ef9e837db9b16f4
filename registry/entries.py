"""What the records of a registry folder mean: typed entries, decoded field by field.

An entry is only made when all its fields are right (``registry.record`` tells what is wrong with them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.amenities import AmenityState
from core.people import Certificate, Leave, Role, Shift
from core.places import Grid, Text
from core.ports.registry import OwnerKind, Provenance
from registry import findings as kinds
from registry.record import ALL, Place, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class StreetEntry:
    """A street office (街道)."""

    place: Place
    code: str
    name: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunityEntry:
    """A community with its dates."""

    place: Place
    code: str
    name: Text
    street: str
    valid_from: str
    valid_to: str
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True, slots=True)
class VillageEntry:
    """A village (村) that was merged into a community and whose property may still be kept in books of its own."""

    place: Place
    code: str
    name: Text
    community: str
    merged_on: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AmenityEntry:
    """What is stated of one item of the complete-community standard in one community."""

    place: Place
    community: str
    item: str
    state: AmenityState
    amount: float | None
    note: Text
    checked_on: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DepartmentEntry:
    """A department of the city (部门) that owns facilities and hands down tasks."""

    place: Place
    code: str
    name: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class CellEntry:
    """A cell of one grid; ``polygon`` holds (longitude, latitude), not closed."""

    place: Place
    code: str
    grid: Grid
    community: str
    name: Text
    polygon: tuple[tuple[float, float], ...]
    valid_from: str
    valid_to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayEntry:
    """A gateway to let in."""

    place: Place
    group: str
    node: str
    name: Text
    community: str
    facility: str

    @property
    def key(self) -> str:
        """``group/node``."""
        return f"{self.group}/{self.node}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityEntry:
    """A facility; ``measurements`` with ``gateway`` are points in short form."""

    place: Place
    code: str
    name: Text
    class_id: str
    community: str
    latitude: float
    longitude: float
    address: Text
    provenance: Provenance
    provenance_note: Text
    attributes: Mapping[str, float | str]
    gateway: str
    bus: str
    measurements: tuple[str, ...]
    parent: str
    redundant_set: str
    built: str
    owner_kind: OwnerKind | None
    owner: str
    cost_book: str
    component_code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PointEntry:
    """One point, where the short form does not do."""

    place: Place
    facility: str
    key: str
    gateway: str
    bus: str
    interval_s: float | None
    stale_after_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonEntry:
    """Somebody who works."""

    place: Place
    code: str
    name: Text
    role: Role
    communities: tuple[str, ...]
    everywhere: bool
    skills: tuple[str, ...]
    cells: tuple[str, ...]
    shifts: tuple[Shift, ...]
    supervisor: bool
    certificates: tuple[Certificate, ...]
    leave: tuple[Leave, ...]
    volunteer: bool
    department: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PostEntry:
    """A post of a cell; ``holder`` is the code of a person, empty while it is vacant; ``since`` when that began."""

    place: Place
    code: str
    name: Text
    cell: str
    holder: str
    since: str


def street(record: Record) -> StreetEntry:
    """Decode a street."""
    return StreetEntry(place=record.place, code=record.code("code"), name=record.both("name", required=True))


def community(record: Record) -> CommunityEntry:
    """Decode a community."""
    entry = CommunityEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name", required=True),
        street=record.code("street"),
        valid_from=record.day("valid_from", required=True),
        valid_to=record.day("valid_to"),
        latitude=record.number("latitude", -85, 85) or 0.0,
        longitude=record.number("longitude", -180, 180) or 0.0,
    )
    _check_dates(record, entry.valid_from, entry.valid_to)
    return entry


def village(record: Record) -> VillageEntry:
    """Decode a village."""
    return VillageEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name", required=True),
        community=record.code("community"),
        merged_on=record.day("merged_on"),
    )


def amenity(record: Record) -> AmenityEntry:
    """Decode a statement about an amenity."""
    return AmenityEntry(
        place=record.place,
        community=record.code("community"),
        item=record.code("item"),
        state=record.choice("state", AmenityState) or AmenityState.HAS,
        amount=record.number("amount", 0, 1e9, required=False),
        note=record.both("note", longest=1000),
        checked_on=record.day("checked_on"),
    )


def department(record: Record) -> DepartmentEntry:
    """Decode a department."""
    return DepartmentEntry(place=record.place, code=record.code("code"), name=record.both("name", required=True))


def post(record: Record) -> PostEntry:
    """Decode a post."""
    return PostEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name"),
        cell=record.code("cell"),
        holder=record.code("holder", required=False),
        since=record.day("since"),
    )


def cell(record: Record) -> CellEntry:
    """Decode a cell."""
    entry = CellEntry(
        place=record.place,
        code=record.code("code"),
        grid=record.choice("grid", Grid) or Grid.GOVERNANCE,
        community=record.code("community"),
        name=record.both("name", required=True),
        polygon=record.polygon("polygon"),
        valid_from=record.day("valid_from", required=True),
        valid_to=record.day("valid_to"),
    )
    _check_dates(record, entry.valid_from, entry.valid_to)
    return entry


def gateway(record: Record) -> GatewayEntry:
    """Decode a gateway."""
    return GatewayEntry(
        place=record.place,
        group=record.code("group"),
        node=record.code("node"),
        name=record.both("name", required=True),
        community=record.code("community"),
        facility=record.code("facility", required=False),
    )


def facility(record: Record) -> FacilityEntry:
    """Decode a facility."""
    owner = record.text("owner")
    kind = record.choice("owner_kind", OwnerKind) if record.text("owner_kind") else None
    if owner and not record.text("owner_kind"):
        record.complain("owner_kind", kinds.OWNER_OF_NO_KIND)
    if kind is not None and not owner:
        record.complain("owner", kinds.MISSING)
    return FacilityEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name", required=True),
        class_id=record.code("class"),
        community=record.code("community"),
        latitude=record.number("latitude", -85, 85) or 0.0,
        longitude=record.number("longitude", -180, 180) or 0.0,
        address=record.both("address"),
        provenance=record.choice("provenance", Provenance, Provenance.MEASURED) or Provenance.MEASURED,
        provenance_note=record.both("provenance_note", longest=1000),
        attributes=record.attributes(),
        gateway=record.text("gateway"),
        bus=record.code("bus", required=False),
        measurements=record.words("measurements"),
        parent=record.code("parent", required=False),
        redundant_set=record.code("redundant_set", required=False),
        built=record.built("built"),
        owner_kind=kind,
        owner=owner,
        cost_book=record.code("cost_book", required=False),
        component_code=record.code("component_code", required=False),
    )


def point(record: Record) -> PointEntry:
    """Decode a point."""
    return PointEntry(
        place=record.place,
        facility=record.code("facility"),
        key=record.code("measurement"),
        gateway=record.text("gateway", required=True),
        bus=record.code("bus", required=False),
        interval_s=record.number("interval_s", 0.1, 86400 * 31, required=False),
        stale_after_s=record.number("stale_after_s", 0.1, 86400 * 93, required=False),
    )


def person(record: Record) -> PersonEntry:
    """Decode a person."""
    communities = record.words("communities")
    entry = PersonEntry(
        place=record.place,
        code=record.code("code"),
        name=record.both("name", required=True),
        role=record.choice("role", Role) or Role.GRID_WORKER,
        communities=tuple(code for code in communities if code != ALL),
        everywhere=ALL in communities,
        skills=record.words("skills"),
        cells=record.words("cells"),
        shifts=record.shifts("shifts"),
        supervisor=record.flag("supervisor"),
        certificates=record.certificates("certificates"),
        leave=record.leave("leave"),
        volunteer=record.flag("volunteer"),
        department=record.code("department", required=False),
    )
    if not communities:
        record.complain("communities", kinds.COMMUNITIES_MISSING)
    return entry


def _check_dates(record: Record, valid_from: str, valid_to: str) -> None:
    if valid_from and valid_to and valid_to <= valid_from:
        record.complain("valid_to", kinds.ENDS_BEFORE_START, end=valid_to, start=valid_from)
