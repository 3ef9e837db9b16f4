"""The site calendar over HTTP: entries for facilities out of sight are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from core.holidays import DayKind
from core.places import Text
from core.ports.calendar_view import CalendarDay, CalendarLine, CalendarYear, EntryKind
from tests.unit.api.world import HOSTILE, World

PATH = "/api/v1/rules/calendar/2026"


@dataclass
class FakeCalendar:
    """Work at facility 10 of community 1 and at facility 20 of community 2, and a season for all."""

    def year(self, year: int) -> CalendarYear:
        def work(number: int) -> CalendarLine:
            name = Text(zh="检修", en=HOSTILE)
            return CalendarLine(
                kind=EntryKind.WORK, code=f"w-{number}", name=name, facilities=frozenset({number}), begin_ms=5, end_ms=9
            )

        season = CalendarLine(
            kind=EntryKind.SEASON, name=Text(zh="汛期", en="flood season"), first="05-01", last="10-15"
        )
        return CalendarYear(
            zone="Asia/Shanghai",
            year=year,
            known=True,
            by_week=False,
            night="22:00-06:00",
            days=(CalendarDay(day="2026-10-10", kind=DayKind.MAKEUP, own=False),),
            lines=(season, work(10), work(20)),
        )


def test_a_login_sees_the_entries_of_its_places(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is for all facilities everybody sees; a year that is none is refused."""
    ports = world.ports
    monkeypatch.setattr(world, "ports", lambda: replace(ports(), calendars=FakeCalendar()))
    with world.client("manager1") as client:
        shown = client.get(PATH).json()
        assert client.get("/api/v1/rules/calendar/999").status_code == 422
    assert shown["days"] == [{"day": "2026-10-10", "kind": "makeup", "own": False}]
    assert [(one["code"], one["everywhere"], one["facilities"] > 0) for one in shown["lines"]] == [
        ("", True, True),
        ("w-10", False, True),
    ]
    assert shown["lines"][1]["name"]["en"] == HOSTILE
    assert (shown["lines"][0]["begin_ms"], shown["lines"][1]["begin_ms"]) == (None, 5)
