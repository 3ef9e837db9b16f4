"""Fixtures of the API's integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.settings import ApiSettings
from core.clock import SystemClock
from tests.unit.api.world import COST, World, engine_in


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh world in real time, with hasty timing."""
    settings = ApiSettings(
        version="1.2.3",
        setup_code_file=tmp_path / "setup-code",
        password_cost=COST,
        values_every_s=0.1,
        ping_every_s=0.3,
        stream_send_timeout_s=1.0,
        max_streams_per_login=60,
    )
    engine = engine_in(tmp_path)
    yield World(settings=settings, engine=engine, clock=SystemClock())  # type: ignore[arg-type]
    engine.dispose()
