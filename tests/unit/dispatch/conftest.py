"""Fixtures of dispatch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.unit.dispatch.hall import Hall, build_hall


@pytest.fixture
def file_hall(tmp_path: Path) -> Iterator[Hall]:
    """The same in a SQLite file alone, for long stories whose steps have been told on both elsewhere."""
    made = build_hall(tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def hall(tmp_path: Path, databases: Databases | None) -> Iterator[Hall]:
    """A fresh small city with an empty dispatch, on both databases."""
    made = build_hall(tmp_path, databases)
    yield made
    made.engine.dispose()
