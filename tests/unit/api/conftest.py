"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import ApiSettings
from tests.databases import Databases
from tests.unit.api.world import COST, World, engine_in


@pytest.fixture
def settings(tmp_path: Path) -> ApiSettings:
    """Settings with cheap passwords."""
    return ApiSettings(version="1.2.3", setup_code_file=tmp_path / "setup-code", password_cost=COST)


@pytest.fixture
def either_world(settings: ApiSettings, tmp_path: Path, databases: Databases | None) -> Iterator[World]:
    """A fresh world whose sessions, waits and setup code are in either database."""
    engine = engine_in(tmp_path, databases)
    yield World(settings=settings, engine=engine)
    engine.dispose()


@pytest.fixture
def world(settings: ApiSettings, tmp_path: Path) -> Iterator[World]:
    """A fresh world."""
    engine = engine_in(tmp_path)
    yield World(settings=settings, engine=engine)
    engine.dispose()
