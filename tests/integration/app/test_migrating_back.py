"""Migrations lead up, all the way down and up again, on both databases, and each step leaves what it found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.database import _config, differences, migrate, open_database
from tests import postgres as service
from tests.integration.app.test_database import _shape

pytestmark = pytest.mark.timeout(600)  # some thirty revisions, three times, on a loaded machine


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database; without PostgreSQL its half is skipped, or fails when everything must run."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}", durable=False)
        yield engine
        engine.dispose()
        return
    if service.lacking():
        if os.environ.get("TWINGRID_TEST_ALL") == "1":
            pytest.fail(f"{service.lacking()}, and TWINGRID_TEST_ALL=1 allows no skipping", pytrace=False)
        pytest.skip(service.lacking())
    with service.postgres() as address:
        engine = open_database(address)
        yield engine
        engine.dispose()


def step(engine: sa.Engine, target: str) -> None:
    """Go down to a revision, or up to it, as the program migrates: in one transaction."""
    config = _config()
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        before = MigrationContext.configure(connection).get_current_revision() or ""
        down = target == "base" or (before > target != "head")
        (command.downgrade if down else command.upgrade)(config, target)


def test_up_down_to_nothing_and_up_again(empty: sa.Engine) -> None:
    """Nothing is left at the base, neither tables nor sequences; the second way up ends where the first did."""
    migrate(empty)
    whole = _shape(empty)
    assert len(whole) > 40
    assert differences(empty) == []
    step(empty, "base")
    assert _shape(empty) == {}
    if empty.dialect.name == "postgresql":
        assert sa.inspect(empty).get_sequence_names() == []
    migrate(empty)
    assert _shape(empty) == whole
    assert differences(empty) == []


def test_every_step_back_leaves_what_the_step_before_had_made(empty: sa.Engine) -> None:
    """Of each revision: down from the one above it is the same as up to it."""
    revisions = [one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]
    made = {}
    for revision in revisions:
        step(empty, revision)
        made[revision] = _shape(empty)
    assert len({repr(one) for one in made.values()}) > 20
    for revision in revisions[-2::-1]:
        step(empty, revision)
        found = _shape(empty)
        odd = [name for name in made[revision].keys() | found if made[revision].get(name) != found.get(name)]
        assert odd == [], (revision, [(made[revision].get(name), found.get(name)) for name in odd])
