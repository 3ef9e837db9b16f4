"""The SQL database of registry, dispatch and api: opened, migrated, checked.

Each room owns its tables; only this environment sees them together. A database is never older than the program that
uses it (it is migrated at start, each revision in a transaction of its own) and never newer (refused: an older program
must not write to a schema it does not know).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

import api.tables
import dispatch.closure_tables
import dispatch.delivery_tables
import dispatch.document_tables
import dispatch.exchange.tables
import dispatch.funds_tables
import dispatch.intake_tables
import dispatch.plan_tables
import dispatch.revisit.tables
import dispatch.tables
import dispatch.webhooks.tables
import registry.configurations
import registry.node_status
import registry.rule_edits
import registry.strangers
import registry.tables
from app import findings as kinds
from core.errors import Refused, Unavailable
from core.foreign import system_problem, translated
from dispatch.database import prepare

log = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).parent / "migrations"
_POOL = 5


def all_metadata() -> Sequence[sa.MetaData]:
    """The tables of every room."""
    return [registry.tables.metadata, dispatch.delivery_tables.metadata, api.tables.metadata]


def open_database(url: str, *, durable: bool = True) -> sa.Engine:
    """An engine fit for several writing processes; a SQLite file's folder is made if missing.

    Raises:
        Unavailable: if the database does not answer or its folder cannot be made.
    """
    parsed = sa.make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and parsed.database != ":memory:":
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(kinds.NO_DATABASE_FOLDER(problem=system_problem(error))) from error
    options = {} if sqlite else {"pool_size": _POOL, "pool_pre_ping": True}
    arguments = {"check_same_thread": False} if sqlite else {}
    engine = sa.create_engine(url, connect_args=arguments, **options)
    prepare(engine, durable=durable)
    try:
        with engine.connect() as connection:
            connection.execute(sa.select(1))
    except OperationalError as error:
        engine.dispose()
        raise Unavailable(
            kinds.NO_DATABASE(url=parsed.render_as_string(hide_password=True), reason=translated("", f": {error.orig}"))
        ) from error
    return engine


def is_there(url: str) -> bool:
    """Whether a program of this kind has made its tables there; nothing is made, and no schema is changed.

    Raises:
        Unavailable: if the database does not answer.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return False
    engine = open_database(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() is not None
    finally:
        engine.dispose()


def migrate(engine: sa.Engine) -> None:
    """Bring the database to this program's schema; does nothing if it is there.

    Raises:
        Refused: if the database belongs to a newer program.
    """
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        before = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before not in known:
            raise Refused(kinds.NEWER_SCHEMA(schema=before))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = MigrationContext.configure(connection).get_current_revision()
    if before != after:
        log.info("database migrated", extra={"from": before or "empty", "to": after})


def differences(engine: sa.Engine) -> list[object]:
    """What separates the database from the tables of the rooms; empty when migrations are complete."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, all_metadata()))  # type: ignore[arg-type]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
