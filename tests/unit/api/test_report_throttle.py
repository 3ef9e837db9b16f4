"""Residents may report without a login, and nobody floods a place, an address or the city."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api import tables
from api.report_throttle import RULES, ReportScope, ReportThrottle

NOW = 1_795_000_000_000
HOUR = 3_600_000


@pytest.fixture
def throttle(tmp_path: Path) -> Iterator[ReportThrottle]:
    """Over a fresh database."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/api.db")
    tables.metadata.create_all(engine)
    yield ReportThrottle(engine)
    engine.dispose()


def passed(throttle: ReportThrottle, place: str, address: str, count: int, now_ms: int = NOW) -> int:
    """How many of so many reports pass at one moment."""
    return sum(throttle.admit(place, address, now_ms) == 0 for _ in range(count))


def test_one_place_takes_five_an_hour_then_waits(throttle: ReportThrottle) -> None:
    """Whoever sends them; other places go on; after the wait it is heard again."""
    assert [throttle.admit("lamp", f"10.0.0.{one}", NOW) for one in range(5)] == [0] * 5
    wait = throttle.admit("lamp", "10.0.0.99", NOW)
    assert wait == RULES[ReportScope.PLACE].first_ms
    assert throttle.admit("pump", "10.0.0.99", NOW) == 0
    assert throttle.admit("lamp", "10.0.0.99", NOW + wait) == 0
    assert throttle.admit("lamp", "10.0.0.98", NOW + wait) == 2 * wait
    assert passed(throttle, "lamp", "10.0.0.97", 3, NOW + 3 * HOUR) == 3


def test_one_address_cannot_walk_through_the_codes(throttle: ReportThrottle) -> None:
    """Eleven an hour, each of another place; somebody else is not held up by it."""
    got = [throttle.admit(f"lamp-{one}", "10.0.0.1", NOW) for one in range(40)]
    assert got.count(0) == 11
    assert throttle.admit("lamp-39", "10.0.0.2", NOW) == 0


def test_a_report_that_waits_counts_for_nothing(throttle: ReportThrottle) -> None:
    """Pressing the button again does not make the wait longer."""
    assert passed(throttle, "lamp", "10.0.0.1", 50) == 5
    assert throttle.admit("lamp", "10.0.0.1", NOW + RULES[ReportScope.PLACE].first_ms) == 0
