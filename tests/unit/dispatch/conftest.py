"""Fixtures of dispatch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres as service
from tests.unit.dispatch.hall import Hall, build_hall


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL that lives as long as the tests; empty where none is installed."""
    if service.lacking():
        yield ""
        return
    with service.postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def either_hall(request: pytest.FixtureRequest, tmp_path: Path, postgres: str) -> Iterator[Hall]:
    """The same on both databases; without PostgreSQL its half is skipped, or fails when everything must run."""
    if request.param == "postgresql" and not postgres:
        if os.environ.get("TWINGRID_TEST_ALL") == "1":
            pytest.fail(f"{service.lacking()}, and TWINGRID_TEST_ALL=1 allows no skipping", pytrace=False)
        pytest.skip(service.lacking())
    made = build_hall(tmp_path, postgres if request.param == "postgresql" else "")
    yield made
    made.engine.dispose()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A fresh small city with an empty dispatch."""
    made = build_hall(tmp_path)
    yield made
    made.engine.dispose()
