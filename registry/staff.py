"""People and posts out of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from core.people import Certificate, Leave, Person, Role, Shift
from core.places import Grid, Text
from core.ports.registry import Post
from registry import tables


def people(connection: sa.Connection) -> dict[int, Person]:
    """Everybody by number, those no longer active included."""
    table = tables.person
    found = {row.number: _person(row) for row in connection.execute(sa.select(table).order_by(table.c.number))}
    communities = _grouped(connection, tables.person_community, "community")
    skills = _grouped(connection, tables.person_skill, "skill")
    cells = _grouped(connection, tables.person_cell, "cell")
    held = _grouped(connection, tables.post, "cell", by="holder", where=tables.post.c.active)
    shifts: dict[int, list[Shift]] = {}
    ordered = sa.select(tables.shift).order_by(tables.shift.c.weekday, tables.shift.c.from_minute)
    for row in connection.execute(ordered):
        shift = Shift(weekday=row.weekday, from_minute=row.from_minute, to_minute=row.to_minute)
        shifts.setdefault(row.person, []).append(shift)
    certificates, leave = _certificates(connection), _leave(connection)
    return {
        number: replace(
            person,
            communities=frozenset(communities.get(number, ())),
            skills=frozenset(skills.get(number, ())),
            cells=frozenset((*cells.get(number, ()), *held.get(number, ()))),
            shifts=tuple(shifts.get(number, ())),
            certificates=tuple(certificates.get(number, ())),
            leave=tuple(leave.get(number, ())),
        )
        for number, person in found.items()
    }


def _person(row: Any) -> Person:
    return Person(
        number=row.number,
        code=row.code,
        name=Text(zh=row.name_zh, en=row.name_en),
        role=Role(row.role),
        everywhere=row.everywhere,
        supervisor=row.supervisor,
        active=row.active,
        volunteer=row.volunteer,
        department=row.department,
    )


def _certificates(connection: sa.Connection) -> dict[int, list[Certificate]]:
    table = tables.person_certificate
    found: dict[int, list[Certificate]] = {}
    for row in connection.execute(sa.select(table).order_by(table.c.name, table.c.number)):
        found.setdefault(row.person, []).append(Certificate(name=row.name, number=row.number, valid_to=row.valid_to))
    return found


def _leave(connection: sa.Connection) -> dict[int, list[Leave]]:
    table = tables.person_leave
    found: dict[int, list[Leave]] = {}
    for row in connection.execute(sa.select(table).order_by(table.c.first_day)):
        found.setdefault(row.person, []).append(Leave(first_day=row.first_day, last_day=row.last_day))
    return found


def _grouped(
    connection: sa.Connection,
    table: sa.Table,
    column: str,
    by: str = "person",
    where: sa.ColumnElement[bool] | None = None,
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    query = sa.select(table.c[by], table.c[column])
    for person, item in connection.execute(query if where is None else query.where(where)):
        found.setdefault(person, []).append(item)
    return found


def listed_posts(connection: sa.Connection) -> dict[str, list[Any]]:
    """Posts that stand in the registry themselves, by cell; one whose holder no longer works here is vacant."""
    table, person = tables.post, tables.person
    holder = sa.case((person.c.active, table.c.holder)).label("held_by")
    query = sa.select(table, holder).outerjoin(person, person.c.number == table.c.holder)
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query.where(table.c.active).order_by(table.c.code)):
        found.setdefault(row.cell, []).append(row)
    return found


def all_posts(connection: sa.Connection, people: Mapping[int, Person]) -> list[Post]:
    """Every post of the cells valid now, by cell."""
    table, listed = tables.cell, listed_posts(connection)
    holders: dict[str, list[int]] = {}
    for person in people.values():
        for code in person.cells if person.active else ():
            holders.setdefault(code, []).append(person.number)
    cells = connection.execute(sa.select(table).where(table.c.valid_to == "").order_by(table.c.code))
    return [post for row in cells for post in posts(row, holders.get(row.code, []), listed.get(row.code, []))]


def posts(cell: Any, holders: Sequence[int], listed: Sequence[Any]) -> list[Post]:
    """The posts of a cell: those listed, those that people name themselves, and a vacant one where there is none."""
    where = partial(Post, cell=cell.code, grid=Grid(cell.grid), community=cell.community)
    found = [where(holder=row.held_by, code=row.code, since=row.since) for row in listed]
    known = {post.holder for post in found}
    found += [where(holder=holder) for holder in holders if holder not in known]
    return found or [where(holder=None)]
