"""Fixtures of dispatch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.unit.dispatch.hall import Hall, build_hall


@pytest.fixture
def hall(tmp_path: Path, databases: Databases | None) -> Iterator[Hall]:
    """A fresh small city with an empty dispatch, on both databases."""
    made = build_hall(tmp_path, databases)
    yield made
    made.engine.dispose()
