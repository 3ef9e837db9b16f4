"""What most tests of the registry begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from registry import tables
from tests.databases import Databases
from tests.unit.registry import city


@pytest.fixture
def engine(tmp_path: Path, databases: Databases | None) -> Iterator[sa.Engine]:
    """An empty registry, on both databases."""
    made = city.new_engine(tmp_path / "registry.db", databases)
    tables.metadata.create_all(made)
    yield made
    made.dispose()
