"""What SQLite must be told, and the transactions of dispatch. The only file that knows which database it talks to.

Two processes write: ``core`` (journal) and ``api`` (people's actions). SQLite's default opens a transaction for reading
and upgrades it at the first write, which fails at once with "database is locked" if somebody else wrote in between,
whatever the busy timeout. So a writer says so when it begins (execution option ``write_intent``): ``BEGIN IMMEDIATE``
waits for the lock, then nothing can fail in the middle. PostgreSQL gets the same order from an advisory lock that is
held until the end of the transaction. So every writer, of any process, reads what is true until it has written, and
the ids of the change feed become visible in order. Writers are few and short here; races that would have to be thought
through one by one are not worth their speed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from core.errors import Unavailable

PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers never wait for the writer
    "PRAGMA synchronous=NORMAL",  # WAL: an app crash loses nothing; a power cut may lose the newest commits, see below
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
    "PRAGMA temp_store=MEMORY",
)
_WRITERS = 7_420_001
"""Key of the advisory lock that makes writers queue on PostgreSQL; any number that nobody else in the database uses."""

DURABLE = "PRAGMA synchronous=FULL"
"""A commit survives a power cut: the default of ``prepare``. NORMAL is for tests and throw-away demos."""


def prepare(engine: sa.Engine, *, durable: bool = True) -> sa.Engine:
    """Make a freshly created engine fit for two writing processes; call once, before the first connection.

    Args:
        engine: of ``sqlalchemy.create_engine``; for SQLite with ``connect_args={"check_same_thread": False}`` unless a
            file database with the default pool is used.
        durable: commits survive a power cut (SQLite only; PostgreSQL has its own setting).

    Returns:
        The same engine.
    """
    if engine.dialect.name == "sqlite":
        statements = (*PRAGMAS, DURABLE) if durable else PRAGMAS

        @sa.event.listens_for(engine, "connect")
        def _on_connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not begin transactions by itself
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            cursor.close()

        @sa.event.listens_for(engine, "begin")
        def _on_begin(connection: sa.Connection) -> None:
            wants_to_write = connection.get_execution_options().get("write_intent", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if wants_to_write else "BEGIN")

    if engine.dialect.name == "postgresql":

        @sa.event.listens_for(engine, "begin")
        def _queue(connection: sa.Connection) -> None:
            if connection.get_execution_options().get("write_intent", False):
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))

    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only reads: one consistent state of the database.

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


def insert_all(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all of the same columns, in their order.

    PostgreSQL takes many of them as one value: its driver spends longer on thousands of parameters than the server on
    the rows.
    """
    if connection.dialect.name == "postgresql" and len(rows) > 1:
        connection.execute(_insertion(table, tuple(rows[0])), {_GIVEN: _as_json(rows)})
    elif rows:
        connection.execute(sa.insert(table), list(rows))


def insert_returning(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    """As ``insert_all``; the rows with all of their columns, in any order."""
    if connection.dialect.name == "postgresql" and len(rows) > 1:
        query = _insertion(table, tuple(rows[0])).returning(table)
        return connection.execute(query, {_GIVEN: _as_json(rows)}).all()
    return connection.execute(sa.insert(table).returning(table), list(rows)).all()


def update_all(
    connection: sa.Connection,
    table: sa.Table,
    key: str,
    rows: Sequence[Mapping[str, Any]],
    only: Sequence[sa.ColumnElement[bool]] = (),
) -> None:
    """Update rows that are found by a column.

    Args:
        connection: within ``writing``.
        table: of the rows.
        key: name of the column; no value of it comes twice.
        rows: ``key`` and the new values, all of the same columns.
        only: conditions on the table that must hold besides.
    """
    if not rows:
        return
    names = [name for name in rows[0] if name != key]
    if connection.dialect.name == "postgresql" and len(rows) > 1:
        given = _given(table, tuple(rows[0]))
        query = sa.update(table).where(table.c[key] == given.c[key], *only)
        connection.execute(query.values({name: given.c[name] for name in names}), {_GIVEN: _as_json(rows)})
        return
    query = sa.update(table).where(table.c[key] == sa.bindparam("of_row"), *only)
    renamed = [{("of_row" if name == key else f"new_{name}"): value for name, value in row.items()} for row in rows]
    connection.execute(query.values({name: sa.bindparam(f"new_{name}") for name in names}), renamed)


def first_free(connection: sa.Connection, table: sa.Table) -> int:
    """The ``number`` that the next row of a table would get. Who then writes rows with numbers says so: ``set_last``.

    Only within ``writing``: nobody else writes until its end.
    """
    if connection.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(table.name, "number")
        return int(connection.execute(sa.select(sa.func.nextval(sequence))).scalar_one())
    given = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")  # it never gives a number a second time
    last = connection.execute(given, {"name": table.name}).scalar_one_or_none()
    return int(last or 0) + 1


def set_last(connection: sa.Connection, table: sa.Table, number: int) -> None:
    """Let the database go on after ``number``, the last one that was used; SQLite has seen it."""
    if connection.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(table.name, "number")
        connection.execute(sa.select(sa.func.setval(sequence, number)))


_GIVEN = "given_rows"


def _as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps([dict(row) for row in rows], ensure_ascii=False, allow_nan=False)


@lru_cache(maxsize=256)
def _given(table: sa.Table, names: tuple[str, ...]) -> sa.TableValuedAlias:
    """The rows of a JSON text as a table, each column of the type that it has in ``table``."""
    columns = [sa.column(name, table.c[name].type) for name in names]
    text = sa.cast(sa.bindparam(_GIVEN, type_=sa.Text), postgresql.JSON)
    return sa.func.json_to_recordset(text).table_valued(*columns, name="given").render_derived(with_types=True)


@lru_cache(maxsize=256)
def _insertion(table: sa.Table, names: tuple[str, ...]) -> Any:
    given = _given(table, names)
    return sa.insert(table).from_select(list(names), sa.select(*(given.c[name] for name in names)))


def _translated(error: DBAPIError) -> Exception:
    """A database that does not answer is ``Unavailable``; a wrong statement or value is a defect and stays itself."""
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InternalError | sa.exc.InterfaceError):
        return error
    return Unavailable(f"the case database does not answer: {error.orig}")
