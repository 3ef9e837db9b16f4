"""Fixtures of dispatch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.dispatch.hall import Hall, build_hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A fresh small city with an empty dispatch."""
    made = build_hall(tmp_path)
    yield made
    made.engine.dispose()
