"""``core.ports.registry_book.RegistryBook`` over SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.amenities import Amenity, AmenityState, Item
from core.findings import Said
from core.places import Grid, Text
from core.ports.registry import Department, Owner, OwnerKind, Post
from registry import staff, tables
from registry.columns import column
from registry.database import reading
from registry.geometry import CellMap, CellShape
from registry.history import SqlHistory
from registry.standard import load_standard

_OWNERS: Mapping[OwnerKind, sa.Table] = {
    OwnerKind.VILLAGE: tables.village,
    OwnerKind.COMMUNITY: tables.community,
    OwnerKind.STREET: tables.street,
    OwnerKind.DEPARTMENT: tables.department,
}
_FIELDS: Mapping[str, Text] = {
    "active": Text(zh="在用", en="in use"),
    "attributes": Text(zh="属性", en="attributes"),
    "cell_governance": Text(zh="治理网格", en="governance cell"),
    "cell_construction": Text(zh="建管网格", en="construction cell"),
}
"""Fields that no column of a file has."""


def _shape(row: Any) -> CellShape:
    ring = json.loads(row.polygon)["coordinates"][0][:-1]
    return CellShape(
        code=row.code,
        grid=Grid(row.grid),
        community=str(row.community),
        ring=tuple((float(longitude), float(latitude)) for longitude, latitude in ring),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


class SqlRegistryBook(SqlHistory):
    """Tells of records, owners and amenities; safe to use from several threads."""

    def field_name(self, field: str) -> Text:
        """What people call a field of a change; a field that nobody knows any more by its own name."""
        if field in _FIELDS:
            return _FIELDS[field]
        english = field.removesuffix("_id").replace("_", " ")
        try:
            return Text(zh=column(field.removesuffix("_id")).zh, en=english)
        except KeyError:
            return Text(zh=english, en=english)

    def owner_name(self, owner: Owner) -> Text:
        """What an owner is called; an enterprise, and one that nobody knows any more, by its code."""
        table = _OWNERS.get(owner.kind)
        if table is not None:
            with reading(self._engine) as connection:
                row = connection.execute(sa.select(table).where(table.c.code == owner.code)).one_or_none()
            if row is not None:
                return Text(zh=row.name_zh, en=row.name_en)
        return Text(zh=owner.code, en=owner.code)

    def departments(self) -> Sequence[Department]:
        """Departments that hand down tasks, by code; those that ended left out."""
        table = tables.department
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(table).where(table.c.active).order_by(table.c.code)).all()
        return [Department(code=row.code, name=Text(zh=row.name_zh, en=row.name_en)) for row in rows]

    def posts(self, communities: frozenset[int] | None = None) -> Sequence[Post]:
        """Every post of the cells valid now."""
        with reading(self._engine) as connection:
            found = staff.all_posts(connection, staff.people(connection))
        return [one for one in found if communities is None or one.community in communities]

    def cell_faults(self, community: int) -> Sequence[Said]:
        """What is wrong with the shapes of a community's cells; those of its neighbours may overlap them."""
        table = tables.cell
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(table).where(table.c.valid_to == "").order_by(table.c.code)).all()
        shapes = CellMap([_shape(row) for row in rows])
        told = [one for one in shapes.faults() if rows[one.index].community == community]
        return [one.kind.what(**one.values) for one in told]

    def standard(self) -> tuple[Text, Text, Sequence[Item]]:
        """Title, source and items of the complete-community standard."""
        found = load_standard()
        return found.title, found.source, found.items

    def amenities(self, community: int) -> Sequence[Amenity]:
        """What is stated of a community, at most one line an item."""
        table = tables.amenity
        query = sa.select(table).where(table.c.community == community, table.c.active).order_by(table.c.item)
        with reading(self._engine) as connection:
            return [
                Amenity(
                    community=row.community,
                    item=row.item,
                    state=AmenityState(row.state),
                    amount=row.amount,
                    note=Text(zh=row.note_zh, en=row.note_en),
                    checked_on=row.checked_on,
                )
                for row in connection.execute(query)
            ]
