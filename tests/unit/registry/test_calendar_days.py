"""Days of the calendar are fixed one by one or in a run, by one editor at a time, and an export has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from core.cases import Conflict
from core.errors import Invalid
from core.holidays import DayKind, Holidays
from core.ports.calendar_days import DaysWish
from registry import exporter, importer
from registry.calendar_days import SqlCalendarDays
from registry.classbook import load_classes
from registry.content import read_folder
from registry.history import SqlHistory
from tests.unit.registry import city
from tests.unit.registry.city import DAY, NOW_MS, City

TABLE = Holidays(years=frozenset({2027}), holidays=frozenset({date(2027, 2, 8)}), makeup=frozenset({date(2027, 2, 14)}))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[City]:
    """The small city."""
    made = city.build_city(tmp_path)
    city.import_city(made.engine, made.folder)
    yield made
    made.engine.dispose()


@pytest.fixture
def days(town: City) -> SqlCalendarDays:
    """Where days are fixed."""
    return SqlCalendarDays(town.engine, TABLE)


def wish(first: str, last: str = "", kind: DayKind | None = DayKind.HOLIDAY) -> DaysWish:
    return DaysWish(first=first, last=last or first, kind=kind)


def write(days: SqlCalendarDays, asked: DaysWish, actor: str = "mgr") -> int:
    """As a page does: look, then write what was shown."""
    return days.apply(asked, days.run(asked).mark, actor, NOW_MS + 1)


def test_a_run_shows_what_each_day_is_and_becomes(days: SqlCalendarDays) -> None:
    """Published holidays count as they are; fixing one to the same is written, since a later notice may differ."""
    run = days.run(wish("2027-02-06", "2027-02-09"))
    assert [(one.day, one.before, one.after) for one in run.shown] == [
        ("2027-02-06", DayKind.WEEKEND, DayKind.HOLIDAY),
        ("2027-02-07", DayKind.WEEKEND, DayKind.HOLIDAY),
        ("2027-02-08", DayKind.HOLIDAY, DayKind.HOLIDAY),
        ("2027-02-09", DayKind.WORKDAY, DayKind.HOLIDAY),
    ]
    assert not run.after.is_workday(date(2027, 2, 9))
    assert run.after.kind(date(2027, 2, 10)) is DayKind.WORKDAY


def test_days_are_written_taken_back_and_remembered(town: City, days: SqlCalendarDays) -> None:
    """Twice the same writes nothing; taken back, the notice holds again; the history says who."""
    assert write(days, wish("2027-02-06", "2027-02-07")) == 2
    assert write(days, wish("2027-02-06", "2027-02-07")) == 0
    assert write(days, wish("2027-02-06", kind=DayKind.MAKEUP), "other") == 1
    assert days.run(wish("2027-02-06")).before.kind(date(2027, 2, 6)) is DayKind.MAKEUP
    assert write(days, wish("2027-02-01", "2027-02-28", None)) == 2
    assert days.run(wish("2027-02-06")).before.kind(date(2027, 2, 6)) is DayKind.WEEKEND
    past = SqlHistory(town.engine).changes("calendar", "day/2027-02-06")
    assert [(one.actor, one.kind.value, one.field) for one in past] == [
        ("mgr", "retire", "active"),
        ("other", "change", "item"),
        ("mgr", "add", ""),
    ]
    assert write(days, wish("2027-02-06")) == 1


def test_who_is_overtaken_is_told_and_a_neighbour_is_not(days: SqlCalendarDays) -> None:
    """A change of one of the shown days refuses the other; a change of days beside them does not."""
    asked = wish("2027-02-06", "2027-02-09")
    shown = days.run(asked).mark
    write(days, wish("2027-02-10"))
    assert days.run(asked).mark == shown
    write(days, wish("2027-02-09"))
    with pytest.raises(Conflict):
        days.apply(asked, shown, "mgr", NOW_MS + 1)
    assert days.run(asked).before.kind(date(2027, 2, 6)) is DayKind.WEEKEND


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (wish("2027-02-30", "2027-03-01"), "first"),
        (wish("2027-02-01", "20270203"), "last"),
        (wish("1999-12-31", "2000-01-01"), "first"),
        (wish("2027-02-03", "2027-02-01"), "last"),
        (wish("2027-02-03", "2028-02-04"), "last"),
        (wish("2027-02-06", "2027-02-08", DayKind.MAKEUP), "kind"),
        (wish("2027-02-06", kind=DayKind.WORKDAY), "kind"),
        (wish("2027-02-09", kind=DayKind.WEEKEND), "kind"),
        (wish("2027-02-09", kind=DayKind.UNKNOWN), "kind"),
    ],
)
def test_what_no_run_can_be_is_told_at_its_field(days: SqlCalendarDays, asked: DaysWish, field: str) -> None:
    """Dates that are none, runs that go backwards or beyond a year, kinds that do not fit the weekday."""
    with pytest.raises(Invalid) as error:
        days.run(asked)
    assert [one.values["field"] for one in error.value.findings] == [field]
    with pytest.raises(Invalid):
        days.apply(asked, "", "mgr", NOW_MS)


def test_all_ends_that_are_wrong_are_told_at_once(days: SqlCalendarDays) -> None:
    """Both dates."""
    with pytest.raises(Invalid) as error:
        days.run(wish("soon", "later"))
    assert [one.values["field"] for one in error.value.findings] == ["first", "last"]


def test_what_is_exported_after_edits_imports_without_a_change(
    town: City, days: SqlCalendarDays, tmp_path: Path
) -> None:
    """Days written by the page are those of the file; days taken back are not in it."""
    write(days, wish("2027-02-06", "2027-02-12"))
    write(days, wish("2027-02-10", kind=None))
    folder = tmp_path / "out"
    exporter.write_folder(exporter.tables_of(town.engine), folder)
    assert "2027-02-11" in (folder / "calendar.csv").read_text(encoding="utf-8-sig")
    assert "2027-02-10" not in (folder / "calendar.csv").read_text(encoding="utf-8-sig")
    content = read_folder(folder, load_classes(), DAY)
    assert not importer.plan(town.engine, content, DAY)
