"""Both databases for the tests of what is stored: SQLite files, and a PostgreSQL that the session starts once.

A test, or a fixture of it, that asks for `databases` runs twice. On PostgreSQL each of its engines gets a database of
its own, copied from a template that is filled once, and given back when the engine is disposed of.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest
import sqlalchemy as sa

from dispatch.database import prepare
from tests import postgres as service

_HASTY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")
"""Nothing here need survive a power cut."""


class Databases:
    """Fresh databases of a running PostgreSQL.

    Args:
        address: of the server, with a database to begin from.
    """

    def __init__(self, address: str) -> None:
        self._address = sa.make_url(address)
        self._admin = sa.create_engine(address, isolation_level="AUTOCOMMIT")
        self._names = (f"one_{number}" for number in count())
        self._templates: dict[str, str] = {}

    def engine(self, template: str = "", fill: Callable[[sa.Engine], None] | None = None) -> sa.Engine:
        """An engine over a database of its own, which is dropped when the engine is disposed of.

        Args:
            template: what the database holds from the beginning; empty: nothing.
            fill: makes that, in an empty database, the first time it is asked for.
        """
        if template not in self._templates:
            name = self._created("template1")
            if fill is not None:
                engine = prepare(self._engine(name))
                fill(engine)
                engine.dispose()  # nobody may look at a database that is copied
            self._templates[template] = name
        name = self._created(self._templates[template])
        engine = self._engine(name)

        @sa.event.listens_for(engine, "engine_disposed")
        def _drop(_engine: sa.Engine) -> None:
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

        return prepare(engine)

    def close(self) -> None:
        """Let go of the server."""
        self._admin.dispose()

    def _created(self, template: str) -> str:
        name = next(self._names)
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _engine(self, name: str) -> sa.Engine:
        return sa.create_engine(self._address.set(database=name))

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def running() -> Iterator[Databases]:
    """A PostgreSQL for tests that ends with the block."""
    with service.postgres(_HASTY) as address:
        made = Databases(address)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def interrupted(engine: sa.Engine, table: str) -> Iterator[None]:
    """A database that does not answer as long as the block lasts, each kind in its own way.

    SQLite lacks a table, which it reports as it does a file that cannot be read; PostgreSQL takes no connection.
    """
    if engine.dialect.name == "postgresql":
        name = engine.url.database
        allow = f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS'
        admin = sa.create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        before = [f"{allow} false", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"]
        after = f"{allow} true"
    else:
        admin = engine
        before, after = [f"ALTER TABLE {table} RENAME TO hidden"], f"ALTER TABLE hidden RENAME TO {table}"
    with admin.begin() as connection:
        for statement in before:
            connection.exec_driver_sql(statement)
    try:
        yield
    finally:
        with admin.begin() as connection:
            connection.exec_driver_sql(after)
        if admin.url != engine.url:
            admin.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases | None]:
    """The PostgreSQL of the session; nothing where none is installed."""
    if service.lacking():
        yield None
        return
    with running() as made:
        yield made


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, postgres: Databases | None) -> Databases | None:
    """Where databases are made: in files (None), or on PostgreSQL.

    Without PostgreSQL its half is skipped, or fails when everything must run.
    """
    if request.param == "sqlite":
        return None
    if postgres is None:
        if os.environ.get("TWINGRID_TEST_ALL") == "1":
            pytest.fail(f"{service.lacking()}, and TWINGRID_TEST_ALL=1 allows no skipping", pytrace=False)
        pytest.skip(service.lacking())
    return postgres
