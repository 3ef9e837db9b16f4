"""The site calendar: hours, days, seasons and planned work as step functions of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import HOLIDAY, NIGHT, OCCUPIED, PLANNED_WORK, WEEKEND, WORDS, WORKDAY, season_term
from core.holidays import DayKind, Holidays
from core.places import Text
from dispatch.holidays import mainland_china
from registry.calendar_entries import (
    EVERYWHERE,
    CalendarItem,
    General,
    HolidaySource,
    KnownYear,
    Minutes,
    Opening,
    OwnDay,
    PlannedWork,
    Season,
    Unpublished,
    Where,
    from_text,
    hours_of,
    to_text,
)
from registry.record import Record
from registry.site_calendar import RegistryCalendar, Site
from registry.sources import Row

SHANGHAI = ZoneInfo("Asia/Shanghai")
HALL = Site(community="aa", cells=frozenset({"aa-g-00", "aa-c-0"}), code="aa-ia-01", facility_class="indoor_air")
PUMP = Site(community="bb", cells=frozenset({"bb-g-00", "bb-c-0"}), code="bb-sp-01", facility_class="sewage_pump")
OFFICE = "workday 08:30-12:00 14:00-17:30; sat 09:00-12:00"
TABLE = Holidays(
    years=mainland_china().years & frozenset(range(2004, 2027)),
    holidays=mainland_china().holidays,
    makeup=mainland_china().makeup,
)
"""The notices up to that of 2026, so that these tests stay true when the library learns the next year."""


def opening(hours: str, **where: tuple[str, ...]) -> Opening:
    """Opening hours of some facilities."""
    return Opening(where=Where(**where), hours=hours_of(Record(Row("calendar.yaml", 1), []), hours))


def calendar(*items: CalendarItem, zone: str = "Asia/Shanghai") -> RegistryCalendar:
    """A calendar for the hall (1) and the pump (2)."""
    return RegistryCalendar(items, {1: HALL, 2: PUMP}, TABLE, zone)


def at(one: RegistryCalendar, term: str, text: str, facility: int = 1) -> float | None:
    """What a term is at a local time; None where nobody knows."""
    timetable = one.timetable(term, np.array([facility], np.int32))
    moment_ms = int(datetime.fromisoformat(text).replace(tzinfo=one.zone).timestamp() * 1000)
    value = timetable.schedules[timetable.of[0]].steps(moment_ms, moment_ms).begin
    return None if math.isnan(value) else value


@pytest.mark.parametrize(
    ("text", "workday", "weekend", "holiday"),
    [
        ("2026-11-27T12:00", 1, 0, 0),
        ("2026-11-28T12:00", 0, 1, 0),
        ("2026-10-01T00:00", 0, 0, 1),
        ("2026-10-04T12:00", 0, 1, 1),
        ("2026-10-10T12:00", 1, 1, 0),
        ("2026-02-14T23:59", 1, 1, 0),
        ("2026-02-15T00:00", 0, 1, 1),
        ("2026-12-31T23:59", 1, 0, 0),
        ("2027-01-04T12:00", None, 0, None),
        ("2027-01-09T12:00", None, 1, None),
    ],
)
def test_days_are_those_of_the_notices(text: str, workday: float, weekend: float, holiday: float) -> None:
    """A Saturday that is worked is a weekend and a working day; beyond the last notice only the weekend is known."""
    one = calendar()
    assert [at(one, term, text) for term in (WORKDAY, WEEKEND, HOLIDAY)] == [workday, weekend, holiday]


def test_a_year_that_is_not_published_can_be_written_down() -> None:
    """Days of one's own count in an unknown year; a year declared known has ordinary days for the rest."""
    days = (OwnDay(day="2027-02-06", kind=DayKind.HOLIDAY), OwnDay(day="2027-02-20", kind=DayKind.MAKEUP))
    some, whole = calendar(*days), calendar(*days, KnownYear(year=2027))
    by_week = calendar(General(unpublished=Unpublished.WEEKDAYS))
    assert at(some, HOLIDAY, "2027-02-06T12:00") == 1
    assert at(some, WORKDAY, "2027-02-20T12:00") == 1
    assert at(some, WORKDAY, "2027-02-22T12:00") is None
    assert at(whole, WORKDAY, "2027-02-22T12:00") == 1
    assert at(by_week, WORKDAY, "2027-02-20T12:00") == 0
    assert at(calendar(General(holidays=HolidaySource.NONE)), WORKDAY, "2026-10-01T12:00") == 1


@pytest.mark.parametrize(
    ("text", "occupied"),
    [
        ("2026-11-27T08:29", 0),
        ("2026-11-27T08:30", 1),
        ("2026-11-27T12:00", 0),
        ("2026-11-27T17:29", 1),
        ("2026-11-28T10:00", 1),
        ("2026-11-28T14:30", 0),
        ("2026-11-29T10:00", 0),
        ("2026-10-10T15:00", 1),
        ("2026-10-02T10:00", 0),
        ("2027-01-04T10:00", None),
        ("2027-01-04T12:30", 0),
        ("2027-01-09T10:00", None),
        ("2027-01-09T20:00", 0),
    ],
)
def test_hours_follow_the_kind_of_the_day(text: str, occupied: float | None) -> None:
    """A worked Saturday has the hours of a workday; in an unknown year only what is the same on every day is known."""
    assert at(calendar(opening(OFFICE)), OCCUPIED, text) == occupied


def test_the_last_entry_that_applies_holds() -> None:
    """General hours, those of a class, those of a facility for some weeks: the later in the file goes first."""
    one = calendar(
        opening(OFFICE),
        opening("daily 00:00-24:00", facility_class=("sewage_pump",)),
        Opening(where=Where(facility=("aa-ia-01",)), hours={}, valid_from="2026-07-01", valid_to="2026-07-10"),
    )
    assert at(one, OCCUPIED, "2027-03-03T03:00", facility=2) == 1
    assert at(one, OCCUPIED, "2026-07-10T10:00") == 0
    assert at(one, OCCUPIED, "2026-07-13T10:00") == 1
    assert at(calendar(opening(OFFICE, community=("bb",))), OCCUPIED, "2026-07-13T10:00") is None


def test_hours_and_night_run_over_midnight() -> None:
    """What begins in the evening ends the next morning, whatever day that is."""
    one = calendar(opening("sat 20:00-02:00; workday closed"), General(night=(23 * 60, 29 * 60)))
    assert [at(one, OCCUPIED, f"2026-11-29T0{hour}:00") for hour in (1, 2)] == [1, 0]
    assert [at(one, NIGHT, f"2026-11-29T{time}") for time in ("22:59", "23:00", "04:59", "05:00")] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("day", "heating"),
    [("2026-11-14", 0), ("2026-11-15", 1), ("2027-03-15", 1), ("2027-03-16", 0), ("2025-11-08", 1), ("2026-03-17", 1)],
)
def test_a_season_has_its_first_and_last_day(day: str, heating: float) -> None:
    """Every year the same, over the turn of the year; where a year has dates of its own they hold instead."""
    one = calendar(
        Season(where=EVERYWHERE, name="heating", first="11-15", last="03-15"),
        Season(where=EVERYWHERE, name="heating", first="2025-11-08", last="2026-03-20"),
        Season(where=Where(community=("bb",)), name="flood", first="05-01", last="10-15"),
    )
    assert at(one, season_term("heating"), f"{day}T23:59") == heating
    assert at(one, season_term("flood"), "2026-07-01T12:00") == 0
    assert at(one, season_term("flood"), "2026-07-01T12:00", facility=2) == 1
    assert at(one, season_term("freeze"), f"{day}T12:00") is None


def test_planned_work_is_where_and_when_it_was_announced() -> None:
    """From its beginning until before its end, in its cell alone; overlapping work is one stretch."""
    work = [
        PlannedWork(where=Where(cell=("aa-g-00",)), code=code, name=Text(zh="换泵", en="Pump"), begin=begin, end=end)
        for code, begin, end in (
            ("w1", "2026-12-01T08:00:00", "2026-12-01T12:00:00"),
            ("w2", "2026-12-01T11:00:00", "2026-12-01T17:00:00"),
        )
    ]
    one = calendar(*work)
    assert [at(one, PLANNED_WORK, f"2026-12-01T{t}") for t in ("07:59", "08:00", "12:00", "17:00")] == [0, 1, 1, 0]
    assert at(one, PLANNED_WORK, "2026-12-01T09:00", facility=2) == 0


def test_facilities_that_keep_the_same_times_share_a_schedule() -> None:
    """A thousand facilities of two communities need two schedules, not a thousand."""
    sites = {n: HALL if n % 2 else PUMP for n in range(1_000)}
    one = RegistryCalendar([opening(OFFICE, community=("aa",))], sites, TABLE, "Asia/Shanghai")
    timetable = one.timetable(OCCUPIED, np.arange(1_000, dtype=np.int32))
    assert len(timetable.schedules) == 2
    assert len(set(timetable.of[::2])) == len(set(timetable.of[1::2])) == 1


# --- against a naive reading ------------------------------------------------------------------------------------

MINUTES = st.integers(0, 1439)
PERIODS = st.lists(st.tuples(MINUTES, st.integers(1, 1440)).map(lambda p: (p[0], p[0] + p[1])), max_size=3)
HOURS = st.dictionaries(st.sampled_from(["workday", "weekend", "holiday", "daily", "sat", "sun"]), PERIODS, max_size=4)
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
MOMENTS = st.tuples(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(0, 1439))


def naive_kinds(day: date) -> Sequence[DayKind]:
    """What a day may be."""
    kind = TABLE.kind(day)
    if kind is not DayKind.UNKNOWN:
        return [kind]
    either = [DayKind.WORKDAY] if day.weekday() < 5 else [DayKind.WEEKEND, DayKind.MAKEUP]
    return [*either, DayKind.HOLIDAY]


def naive_open(hours: dict[str, list[Minutes]], day: date, kind: DayKind, minute: int) -> bool:
    """Whether hours that began on a day hold a minute of it, which may lie on the next day."""
    words = {"holiday": ["holiday"], "makeup": ["workday"], "weekend": [f"{day:%a}".lower(), "weekend"]}
    for word in [*words.get(kind.value, ["workday"]), "daily"]:
        if word in hours:
            return any(begin <= minute < end for begin, end in hours[word])
    return False


@given(HOURS, MOMENTS)
def test_occupied_is_what_a_naive_reading_gives(hours: dict[str, list[Minutes]], moment: tuple[date, int]) -> None:
    """Any hours at any minute, unknown years included: open or closed if every kind the days may be agrees."""
    today, minute = moment
    yesterday = today - timedelta(days=1)
    answers = {
        naive_open(hours, today, kind, minute) or naive_open(hours, yesterday, before, minute + 1440)
        for kind in naive_kinds(today)
        for before in naive_kinds(yesterday)
    }
    given_hours = {word: tuple(sorted(periods)) for word, periods in hours.items()}
    found = at(
        calendar(Opening(where=EVERYWHERE, hours=given_hours)), OCCUPIED, f"{today}T{minute // 60:02}:{minute % 60:02}"
    )
    assert found == (float(answers.pop()) if len(answers) == 1 else None)


@given(HOURS, ZONES, st.lists(st.integers(0, 400 * 24 * 60), min_size=3, max_size=3), st.sampled_from(WORDS))
def test_a_stretch_is_the_sum_of_its_parts(
    hours: dict[str, list[Minutes]], zone: str, minutes: list[int], term: str
) -> None:
    """However time is cut, the same steps come out in time order, also over a change of daylight saving."""
    work = PlannedWork(
        where=EVERYWHERE, code="w", name=Text(zh="", en=""), begin="2026-03-29T01:00:00", end="2026-10-25T02:30:00"
    )
    item = Opening(where=EVERYWHERE, hours={word: tuple(sorted(periods)) for word, periods in hours.items()})
    timetable = calendar(item, work, zone=zone).timetable(term, np.array([1], np.int32))
    schedule = timetable.schedules[0]
    start = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
    first, middle, last = (start + 60_000 * minute for minute in sorted(minutes))
    whole, one, two = schedule.steps(first, last), schedule.steps(first, middle), schedule.steps(middle, last)
    np.testing.assert_array_equal(whole.time_ms, np.concatenate([one.time_ms, two.time_ms]))
    np.testing.assert_array_equal(whole.value, np.concatenate([one.value, two.value]))
    np.testing.assert_equal(two.begin, [one.begin, *one.value][-1])
    assert (np.diff(whole.time_ms) > 0).all()


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("general", General(zone="Asia/Urumqi", unpublished=Unpublished.WEEKDAYS)),
        ("opening", opening(OFFICE, community=("aa", "bb"))),
        ("season", Season(where=Where(cell=("c",)), name="flood", first="05-01", last="10-15")),
        ("day", OwnDay(day="2027-01-01", kind=DayKind.HOLIDAY)),
        ("year", KnownYear(year=2027)),
        ("work", PlannedWork(where=EVERYWHERE, code="w", name=Text(zh="甲", en="A"), begin="a", end="b")),
    ],
)
def test_an_entry_is_stored_whole(kind: str, item: CalendarItem) -> None:
    """Written as text and read again it is the same entry."""
    assert from_text(kind, to_text(item)) == item
