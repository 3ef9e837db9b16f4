"""Transactions of the registry, and its counters.

The engine comes from outside. A writing transaction asks for the write lock when it begins (execution option
``write_intent``, which ``dispatch.database.prepare`` turns into ``BEGIN IMMEDIATE`` on SQLite and an advisory lock on
PostgreSQL), so that two writers queue instead of failing in the middle or overtaking each other unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.errors import Unavailable
from registry import tables

VERSION = "version"
_MANY = 1000
"""From so many rows on, their values go to the driver as they are."""


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only reads.

    Raises:
        Unavailable: if the database does not answer.
    """
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except DBAPIError as error:
        raise _translated(error) from error


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes; committed at the end, rolled back on any error.

    Raises:
        Unavailable: if the database does not answer, is locked for too long, or is full; nothing was written then.
    """
    try:
        with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
            yield connection
    except DBAPIError as error:
        raise _translated(error) from error


def _translated(error: DBAPIError) -> Exception:
    """A database that does not answer is ``Unavailable``; a wrong statement or value is a defect and stays itself."""
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InternalError | sa.exc.InterfaceError):
        return error
    return Unavailable(f"the registry's database does not answer: {error.orig}")


def insert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns and hold text, numbers, truth or nothing.

    Many of them skip SQLAlchemy's work on every value of every row, which takes longer than the database's.
    """
    if len(rows) < _MANY:
        connection.execute(sa.insert(table), list(rows))
        return
    statement = sa.insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    names = statement.positiontup
    values = list(rows) if names is None else list(map(itemgetter(*names), rows))
    connection.exec_driver_sql(str(statement), values)


def put_row(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Write a row in the place of the one with its primary key, or as a new one; one writer at a time."""
    where = [column == row[column.name] for column in table.primary_key]
    if connection.execute(sa.update(table).where(*where).values(row)).rowcount == 0:
        connection.execute(sa.insert(table).values(row))


def next_numbers(connection: sa.Connection, kind: str, count: int) -> int:
    """Take ``count`` fresh numbers of a kind; the first of them. Numbers start at 1 and are never given twice."""
    table = tables.counter
    bumped = connection.execute(sa.update(table).where(table.c.kind == kind).values(last=table.c.last + count))
    if bumped.rowcount == 0:
        connection.execute(sa.insert(table).values(kind=kind, last=count))
        return 1
    last = connection.execute(sa.select(table.c.last).where(table.c.kind == kind)).scalar_one()
    return int(last) - count + 1


def version(connection: sa.Connection) -> int:
    """The registry's version, 0 when nothing was ever written."""
    table = tables.counter
    last = connection.execute(sa.select(table.c.last).where(table.c.kind == VERSION)).scalar_one_or_none()
    return int(last or 0)


def record(
    connection: sa.Connection, *, actor: str, what: str, ref: str, detail: str, now_ms: int, raises: bool = True
) -> None:
    """Write an audit row and raise the version; logins do not raise it, since nobody keeps them in memory."""
    if raises:
        next_numbers(connection, VERSION, 1)
    connection.execute(
        sa.insert(tables.audit).values(at_ms=now_ms, actor=actor, what=what, ref=ref[:200], detail=detail)
    )
