"""Alembic's environment. It is run by Alembic with a connection from ``app.database``; offline mode is not offered."""

from __future__ import annotations

from alembic import context
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from app.database import all_metadata


def _drop_empty(_context: MigrationContext, _revision: object, directives: list[MigrationScript]) -> None:
    """A revision that would change nothing is not written."""
    upgrade = directives[0].upgrade_ops if directives else None
    if upgrade is not None and upgrade.is_empty():
        directives.clear()


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=all_metadata(),
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
        process_revision_directives=_drop_empty,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:  # the alembic command itself, for developers
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite://")
    with engine.connect() as opened:
        _run(opened)
    engine.dispose()
