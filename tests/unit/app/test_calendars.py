"""The site calendar of a process: what it does not know is said in time, and working time goes by it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from app.calendars import Calendars, notices, of_folder, unknown_from
from app.settings import Settings
from core.cases import DeadlineClock
from core.holidays import DayKind, Holidays
from dispatch.worktime import due
from registry import importer
from registry.classbook import load_classes
from registry.content import read_folder
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from tests.unit.registry import city

KNOWN = Holidays(years=frozenset({2026}), holidays=frozenset(), makeup=frozenset())


def seasonal(season: str, when: str = "air_temp < 16 Cel and in season {}") -> RuleSet:
    """One rule that asks for a season."""
    text = f"""
- id: cold
  class: indoor_air
  when: {when.format(season)}
  severity: low
  lead: governance
  say: {{zh: 太冷, en: Too cold}}
  do: {{zh: [看供热], en: [Look at the heating]}}
  source: {{zh: 测试, en: test}}
  evidence: proposal
"""
    return load_rules({"a.yaml": text}, {name: entry.facility_class for name, entry in load_classes().items()})


@pytest.mark.parametrize(
    ("today", "holidays", "expected"),
    [
        (date(2026, 11, 1), KNOWN, None),
        (date(2026, 11, 29), KNOWN, date(2027, 1, 1)),
        (date(2026, 11, 29), Holidays(years=frozenset(), holidays=frozenset(), makeup=frozenset(), by_week=True), None),
        (date(2028, 3, 1), KNOWN, date(2028, 3, 1)),
    ],
)
def test_people_are_told_six_weeks_before_the_holidays_end(
    today: date, holidays: Holidays, expected: date | None
) -> None:
    """Not in autumn, when the next notice is not out; from the middle of November on, and for ever after."""
    assert unknown_from(holidays, today) == expected


def test_days_of_ones_own_fill_the_gap() -> None:
    """A first week written down moves the first unknown day behind it."""
    own = {date(2027, 1, day): DayKind.WORKDAY for day in range(1, 4)}
    holidays = Holidays(years=frozenset({2026}), holidays=frozenset(), makeup=frozenset(), own=own)
    assert unknown_from(holidays, date(2026, 12, 1)) == date(2027, 1, 4)


@pytest.mark.parametrize(
    "when", ["air_temp < 16 Cel and in season {}", "time(air_temp < 16 Cel and in season {}) over 24 h > 2 h"]
)
def test_a_season_that_nobody_defines_is_told_with_its_rules(tmp_path: Path, when: str) -> None:
    """In both languages; one that is defined is not mentioned."""
    folder = city.write_city(tmp_path / "folder")
    (folder / "calendar.yaml").write_text("- {entry: season, name: flood, first: 05-01, last: 10-15}\n")
    calendar = of_folder(folder, "Asia/Shanghai", city.DAY)
    (found,) = notices(seasonal("heating", when), calendar, date(2026, 6, 1))
    assert "heating" in found.in_language("zh")
    assert "cold" in found.in_language("zh")
    assert "has no season heating" in found.in_language("en")
    assert list(notices(seasonal("flood", when), calendar, date(2026, 6, 1))) == []


def test_working_time_goes_by_the_days_of_the_registry(tmp_path: Path) -> None:
    """A holiday of the city's own stops the work clock, from the moment the registry knows of it."""
    small = city.build_city(tmp_path)
    calendars = Calendars(small.registry, "Asia/Shanghai")
    policy = calendars.policy(Settings())

    def at(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=calendars.now.zone).timestamp() * 1000)

    friday = at("2027-03-05T17:00")
    assert due(policy.calendar, DeadlineClock.WORK, friday, 2) == at("2027-03-08T09:00")
    folder = city.write_city(tmp_path / "again")
    (folder / "calendar.yaml").write_text("- {entry: day, date: 2027-03-08, is: holiday}\n", encoding="utf-8")
    content = read_folder(folder, load_classes(), city.DAY)
    importer.apply(small.engine, content, day=city.DAY, actor="test", now_ms=city.NOW_MS)
    calendars.refresh()
    assert due(policy.calendar, DeadlineClock.WORK, friday, 2) == at("2027-03-09T09:00")
    small.engine.dispose()
