"""The registry answers: ``core.ports.registry.RegistryQueries`` and ``RosterSource`` over SQL.

What changes rarely and is asked often (classes, roster, places of facilities) is kept in memory per registry version;
one indexed read of the version decides whether it still holds. Lists go to the database.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.errors import Refused
from core.holidays import Holidays
from core.people import Language, Login, Person, Role
from core.places import FacilityClass, Grid, Text
from core.ports.registry import (
    Cell,
    Community,
    Facility,
    FacilityDetail,
    FacilityFilter,
    FacilityPlace,
    Gateway,
    Owner,
    OwnerKind,
    Page,
    PageRequest,
    Point,
    Provenance,
    Roster,
    Supply,
)
from core.sparkplug.topics import NodeId
from registry import staff, tables
from registry.calendar_entries import from_text
from registry.classbook import ClassEntry
from registry.columns import rounded
from registry.database import reading, version
from registry.site_calendar import RegistryCalendar, Site

MAX_LIMIT = 500
STALE_INTERVALS = 3
"""A value holds for three expected intervals unless its point says otherwise (docs/alarms.md, part 1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """What is kept in memory for one version."""

    version: int
    roster: Roster
    counts: Mapping[int, int]


class Registry:
    """All reading of the registry; safe to use from several threads."""

    def __init__(self, engine: sa.Engine, classes: Mapping[str, ClassEntry]) -> None:
        """Answer from ``engine``; ``classes`` is ``registry.classbook.load_classes()``."""
        self._engine = engine
        self._entries = dict(classes)
        self._classes = {name: entry.facility_class for name, entry in classes.items()}
        self._lock = threading.Lock()
        self._kept: _Kept | None = None

    def version(self) -> int:
        """Grows with every change of places, gateways and people (not of logins)."""
        with reading(self._engine) as connection:
            return version(connection)

    def classes(self) -> Mapping[str, FacilityClass]:
        """All facility classes by id."""
        return self._classes

    def communities(self) -> Sequence[Community]:
        """All communities, by number, those that ended included."""
        table, street = tables.community, tables.street
        query = sa.select(table, street.c.name_zh.label("street_zh"), street.c.name_en.label("street_en"))
        query = query.join(street, street.c.code == table.c.street).order_by(table.c.number)
        with reading(self._engine) as connection:
            return tuple(_community(row) for row in connection.execute(query))

    def cells(self, community: int | None = None, grid: Grid | None = None) -> Sequence[Cell]:
        """Cells valid now (those without an end), by code."""
        table = tables.cell
        query = sa.select(table).where(table.c.valid_to == "").order_by(table.c.code)
        if community is not None:
            query = query.where(table.c.community == community)
        if grid is not None:
            query = query.where(table.c.grid == grid.value)
        with reading(self._engine) as connection:
            return tuple(_cell(row) for row in connection.execute(query))

    def calendar(self, table: Holidays, default_zone: str) -> RegistryCalendar:
        """The site calendar of all facilities in use; without entries it knows days and nights alone.

        Args:
            table: the public holidays, where the entries do not say otherwise.
            default_zone: the time zone where the entries name none.
        """
        calendar, facility, community = tables.calendar, tables.facility, tables.community
        entries = sa.select(calendar).where(calendar.c.active).order_by(calendar.c.kind, calendar.c.key)
        places = sa.select(facility, community.c.code.label("community_code"))
        places = places.join(community, community.c.number == facility.c.community).where(facility.c.active)
        with reading(self._engine) as connection:
            items = [from_text(row.kind, row.item) for row in connection.execute(entries)]
            sites = {
                row.number: Site(
                    community=row.community_code,
                    cells=frozenset({row.cell_governance, row.cell_construction}),
                    code=row.code,
                    facility_class=row.class_id,
                )
                for row in connection.execute(places)
            }
        return RegistryCalendar(items, sites, table, default_zone)

    def facilities(self, where: FacilityFilter, page: PageRequest) -> Page[Facility]:
        """Facilities by number, retired ones excluded.

        Raises:
            Refused: if the cursor or the limit is not valid.
        """
        table = tables.facility
        after, limit = _cursor(page)
        query = sa.select(table).where(table.c.number > after, table.c.active, *_matching(where))
        query = query.order_by(table.c.number).limit(limit + 1)
        with reading(self._engine) as connection:
            found = [facility_of(row) for row in connection.execute(query)]
        more = len(found) > limit
        return Page(items=tuple(found[:limit]), next_cursor=str(found[limit - 1].number) if more else "")

    def facility(self, number: int) -> FacilityDetail | None:
        """One facility with its points; also a retired one, since old alarms refer to it."""
        return self._detail(tables.facility.c.number == number)

    def facility_by_code(self, code: str) -> FacilityDetail | None:
        """The same by the code people know."""
        return self._detail(tables.facility.c.code == code)

    def supplies(self, facility: int) -> Sequence[Supply]:
        """What supplied or contained a facility over time, the oldest first; before that nothing was known."""
        table = tables.supply
        query = sa.select(table).where(table.c.facility == facility).order_by(table.c.from_ms)
        with reading(self._engine) as connection:
            return tuple(
                Supply(from_ms=row.from_ms, parent=row.parent, redundant_set=row.redundant_set or "")
                for row in connection.execute(query)
            )

    def point(self, number: int) -> Point | None:
        """One point."""
        with reading(self._engine) as connection:
            points = self.points_of(connection, tables.point.c.number == number)
        return points[0] if points else None

    def points_of(self, connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Point]:
        """Points that meet ``condition``, by number; those whose class lost the measurement are left out."""
        point, facility, gateway = tables.point, tables.facility, tables.gateway
        query = sa.select(point, facility.c.code, facility.c.class_id, gateway.c.group_id, gateway.c.node_id)
        query = query.join(facility, facility.c.number == point.c.facility)
        query = query.outerjoin(gateway, gateway.c.number == point.c.gateway)
        rows = connection.execute(query.where(condition).order_by(point.c.number))
        return [found for row in rows if (found := self._point(row)) is not None]

    def gateways(self, communities: frozenset[int] | None = None) -> Sequence[Gateway]:
        """Gateways by number, revoked ones included."""
        table, point = tables.gateway, tables.point
        count = sa.select(sa.func.count()).where(point.c.gateway == table.c.number, point.c.active).scalar_subquery()
        query = sa.select(table, count.label("points")).order_by(table.c.number)
        if communities is not None:
            query = query.where(table.c.community.in_(sorted(communities)))
        with reading(self._engine) as connection:
            return tuple(_gateway(row) for row in connection.execute(query))

    def people(self, communities: frozenset[int] | None = None) -> Sequence[Person]:
        """People by number, those no longer active included."""
        everybody = self._current().roster.people.values()
        if communities is None:
            return tuple(everybody)
        return tuple(person for person in everybody if person.everywhere or person.communities & communities)

    def person(self, number: int) -> Person | None:
        """One person."""
        return self._current().roster.people.get(number)

    def login(self, username: str) -> Login | None:
        """The login of that name, whatever its case."""
        found = _logins(self._engine, tables.login.c.folded == username.casefold()[:64])
        return found[0] if found else None

    def logins(self) -> Sequence[Login]:
        """All logins by username."""
        return tuple(_logins(self._engine, sa.true()))

    def roster(self) -> Roster:
        """Who may be given a task; the same object while nothing changed."""
        return self._current().roster

    def place(self, facility: int) -> FacilityPlace | None:
        """Where a facility stands; ``None`` when nobody knows it."""
        return self._current().roster.places.get(facility)

    def facility_counts(self) -> Mapping[int, int]:
        """Community to number of facilities, retired ones excluded; communities without any have no entry."""
        return self._current().counts

    # --- inside -------------------------------------------------------------------------------------------------

    def _current(self) -> _Kept:
        with self._lock, reading(self._engine) as connection:
            now = version(connection)
            if self._kept is None or self._kept.version != now:
                self._kept = self._load(connection, now)
            return self._kept

    def _load(self, connection: sa.Connection, now: int) -> _Kept:
        people = staff.people(connection)
        neighbours, centres, cells = {}, {}, {}
        table = tables.cell
        for row in connection.execute(sa.select(table).where(table.c.valid_to == "").order_by(table.c.code)):
            cell = cells[row.code] = _cell(row)
            neighbours[row.code] = cell.neighbours
            centres[row.code] = _middle(cell.polygon)
        places, counts = {}, dict[int, int]()
        for row in connection.execute(sa.select(tables.facility)):
            places[row.number] = self._place(row)
            if row.active:
                counts[row.community] = counts.get(row.community, 0) + 1
        roster = Roster(
            version=now,
            people=people,
            posts=tuple(staff.all_posts(connection, people)),
            neighbours=neighbours,
            centres=centres,
            places=places,
            cells=cells,
            skills={name: entry.skill for name, entry in self._entries.items()},
        )
        return _Kept(version=now, roster=roster, counts=counts)

    def _place(self, row: Any) -> FacilityPlace:
        entry = self._entries.get(row.class_id)
        return FacilityPlace(
            number=row.number,
            code=row.code,
            name=Text(zh=row.name_zh, en=row.name_en),
            class_id=row.class_id,
            community=row.community,
            cells={Grid.GOVERNANCE: row.cell_governance, Grid.CONSTRUCTION: row.cell_construction},
            skill=entry.skill if entry else "",
            parent=row.parent,
            latitude=rounded("latitude", row.latitude),
            longitude=rounded("longitude", row.longitude),
            redundant_set=row.redundant_set,
        )

    def _detail(self, condition: sa.ColumnElement[bool]) -> FacilityDetail | None:
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(tables.facility).where(condition)).one_or_none()
            if row is None:
                return None
            points = self.points_of(connection, sa.and_(tables.point.c.facility == row.number, tables.point.c.active))
            return FacilityDetail(facility=facility_of(row), points=tuple(points))

    def _point(self, row: Any) -> Point | None:
        entry = self._entries.get(row.class_id)
        measurement = entry.facility_class.measurements.get(row.key) if entry else None
        if entry is None or measurement is None:
            return None
        interval_s = row.interval_s or measurement.interval_s
        normal_low, normal_high = entry.normal[row.key]
        return Point(
            number=row.number,
            facility=row.facility,
            key=row.key,
            metric=f"{row.code}/{row.key}",
            name=measurement.name,
            gateway=NodeId(row.group_id, row.node_id) if row.group_id else None,
            bus=row.bus or "",
            unit=measurement.unit,
            kind=measurement.kind,
            low=measurement.low,
            high=measurement.high,
            normal_low=normal_low,
            normal_high=normal_high,
            interval_s=interval_s,
            stale_after_s=row.stale_after_s or STALE_INTERVALS * interval_s,
            active=row.active,
        )


def _cursor(page: PageRequest) -> tuple[int, int]:
    if not 1 <= page.limit <= MAX_LIMIT:
        raise Refused(f"a page has 1 to {MAX_LIMIT} items, not {page.limit}")
    if page.cursor and not (page.cursor.isascii() and page.cursor.isdigit() and len(page.cursor) <= 18):
        raise Refused("the cursor is none that this list gave out: begin with the first page")
    return int(page.cursor or 0), page.limit


def _matching(where: FacilityFilter) -> list[sa.ColumnElement[bool]]:
    table = tables.facility
    found: list[sa.ColumnElement[bool]] = []
    if where.communities is not None:
        found.append(table.c.community.in_(sorted(where.communities)))
    if where.numbers is not None:
        found.append(table.c.number.in_(sorted(where.numbers)))
    if where.parent is not None:
        found.append(table.c.parent == where.parent)
    if where.class_id:
        found.append(table.c.class_id == where.class_id)
    if where.cell:
        found.append(sa.or_(table.c.cell_governance == where.cell, table.c.cell_construction == where.cell))
    if where.text:
        columns = (table.c.code, table.c.name_zh, table.c.name_en, table.c.address_zh, table.c.address_en)
        found.append(sa.or_(*(column.icontains(where.text[:100], autoescape=True) for column in columns)))
    return found


def _text(row: Any, name: str) -> Text:
    return Text(zh=getattr(row, f"{name}_zh"), en=getattr(row, f"{name}_en"))


def _community(row: Any) -> Community:
    return Community(
        number=row.number,
        code=row.code,
        name=_text(row, "name"),
        street=_text(row, "street"),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        latitude=rounded("latitude", row.latitude),
        longitude=rounded("longitude", row.longitude),
    )


def _cell(row: Any) -> Cell:
    ring = json.loads(row.polygon)["coordinates"][0]
    return Cell(
        code=row.code,
        grid=Grid(row.grid),
        community=row.community,
        name=_text(row, "name"),
        polygon=tuple((float(longitude), float(latitude)) for longitude, latitude in ring),
        neighbours=tuple(json.loads(row.neighbours)),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def facility_of(row: Any) -> Facility:
    """A row of ``registry_facility`` as a value."""
    return Facility(
        number=row.number,
        code=row.code,
        name=_text(row, "name"),
        class_id=row.class_id,
        community=row.community,
        latitude=rounded("latitude", row.latitude),
        longitude=rounded("longitude", row.longitude),
        cells={Grid.GOVERNANCE: row.cell_governance, Grid.CONSTRUCTION: row.cell_construction},
        address=_text(row, "address"),
        attributes=json.loads(row.attributes),
        provenance=Provenance(row.provenance),
        provenance_note=_text(row, "provenance_note"),
        parent=row.parent,
        redundant_set=row.redundant_set or "",
        built=row.built,
        owner=Owner(kind=OwnerKind(row.owner_kind), code=row.owner) if row.owner_kind else None,
        cost_book=row.cost_book,
        component_code=row.component_code,
    )


def _gateway(row: Any) -> Gateway:
    return Gateway(
        number=row.number,
        node=NodeId(row.group_id, row.node_id),
        name=_text(row, "name"),
        community=row.community,
        enrolled_ms=row.enrolled_ms,
        revoked_ms=row.revoked_ms,
        points=row.points,
        facility=row.facility,
    )


_FOREMAN = sa.func.coalesce(
    tables.person.c.supervisor
    & tables.person.c.active
    & ~tables.person.c.volunteer
    & tables.person.c.role.in_([role.value for role in Role if role.grid is not None]),
    sa.false(),
).label("foreman")


def _logins(engine: sa.Engine, condition: sa.ColumnElement[bool]) -> list[Login]:
    table, link = tables.login, tables.login_community
    with reading(engine) as connection:
        communities: dict[str, set[int]] = {}
        links = sa.select(link).join(table, table.c.folded == link.c.login).where(condition)
        for row in connection.execute(links):
            communities.setdefault(row.login, set()).add(row.community)
        query = sa.select(table, _FOREMAN).outerjoin(tables.person, tables.person.c.number == table.c.person)
        query = query.where(condition).order_by(table.c.folded)
        return [_login(row, communities.get(row.folded, set())) for row in connection.execute(query)]


def _login(row: Any, communities: set[int]) -> Login:
    return Login(
        username=row.username,
        password_hash=row.password_hash,
        role=Role(row.role),
        language=Language(row.language),
        communities=frozenset(communities),
        everywhere=row.everywhere,
        person=row.person,
        one_time=row.one_time,
        active=row.active,
        changed_ms=row.changed_ms,
        department=row.department,
        foreman=bool(row.foreman),
    )


def _middle(ring: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The middle of what a closed ring spans, longitude and latitude: near enough to compare ways."""
    east, north = [float(one[0]) for one in ring], [float(one[1]) for one in ring]
    return (min(east) + max(east)) / 2, (min(north) + max(north)) / 2
