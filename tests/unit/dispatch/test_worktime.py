"""Working time: windows, holidays, 调休, and the arithmetic of limits."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cases import DeadlineClock
from dispatch.worktime import HOUR_MS, WorkCalendar, due, monday_to_friday, resumed_due

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar()

INSTANTS = st.integers(
    int(datetime(2025, 1, 1, tzinfo=SHANGHAI).timestamp() * 1000),
    int(datetime(2027, 6, 1, tzinfo=SHANGHAI).timestamp() * 1000),
)
DURATIONS = st.integers(0, 400 * HOUR_MS)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


@pytest.mark.parametrize(
    ("start", "hours", "end", "why"),
    [
        ("2026-11-23 08:00", 8, "2026-11-23 18:00", "a whole day, lunch not counted"),
        ("2026-11-23 11:00", 2, "2026-11-23 15:00", "across lunch"),
        ("2026-11-23 12:30", 1, "2026-11-23 15:00", "begun during lunch"),
        ("2026-11-23 17:00", 2, "2026-11-24 09:00", "across the evening"),
        ("2026-11-27 17:00", 2, "2026-11-30 09:00", "across the weekend"),
        ("2026-11-23 22:00", 8, "2026-11-24 18:00", "begun at night"),
        ("2026-09-30 17:00", 2, "2026-10-08 09:00", "across the National Day week"),
        ("2026-10-09 17:00", 2, "2026-10-10 09:00", "into a worked Saturday"),
        ("2026-02-14 08:00", 8, "2026-02-14 18:00", "a worked Saturday before Spring Festival"),
        ("2027-01-08 17:00", 2, "2027-01-11 09:00", "beyond the table Monday to Friday is worked"),
    ],
)
def test_work_hours(start: str, hours: int, end: str, why: str) -> None:
    """Hours of the work clock run only in working hours of worked days."""
    assert due(CALENDAR, DeadlineClock.WORK, at(start), hours) == at(end), why


def test_continuous_clock_ignores_holidays() -> None:
    """Two urgent hours in the night of a holiday are two hours."""
    assert due(CALENDAR, DeadlineClock.CONTINUOUS, at("2026-10-01 03:00"), 2) == at("2026-10-01 05:00")


@given(INSTANTS, DURATIONS, DURATIONS)
def test_work_time_adds_up(start: int, a: int, b: int) -> None:
    """add(a + b) = add(add(a), b)."""
    assert CALENDAR.add(start, a + b) == CALENDAR.add(CALENDAR.add(start, a), b)


@given(INSTANTS, INSTANTS, DURATIONS)
def test_limits_are_monotone_in_start(one: int, two: int, duration: int) -> None:
    """Who begins later is not due earlier."""
    early, late = sorted((one, two))
    assert CALENDAR.add(early, duration) <= CALENDAR.add(late, duration)


@given(INSTANTS, DURATIONS)
def test_between_is_the_inverse_of_add(start: int, duration: int) -> None:
    """Exactly the duration lies between a start and its limit."""
    assert CALENDAR.between(start, CALENDAR.add(start, duration)) == duration


@given(INSTANTS, st.integers(1, 400 * HOUR_MS))
def test_limits_fall_into_working_hours(start: int, duration: int) -> None:
    """A limit lies in a working stretch or at its end, never in the night."""
    end = CALENDAR.add(start, duration)
    assert CALENDAR.works_at(end - 1)


@given(INSTANTS, st.integers(1, 100), st.integers(0, 50 * 24 * HOUR_MS))
def test_suspending_and_resuming_at_once_changes_nothing(start: int, hours: int, later: int) -> None:
    """A suspension without length leaves the limit where it was, on both clocks."""
    for clock in DeadlineClock:
        limit = due(CALENDAR, clock, start, hours)
        pause = min(start + later, limit)
        assert resumed_due(CALENDAR, clock, limit, pause, pause) == limit


@given(INSTANTS, st.integers(1, 100), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_longer_suspensions_never_shorten_a_limit(start: int, hours: int, a: int, b: int, c: int) -> None:
    """The limit after a suspension is monotone in the moment of resuming and never before the old limit."""
    for clock in DeadlineClock:
        limit = due(CALENDAR, clock, start, hours)
        early, late = start + a + min(b, c), start + a + max(b, c)
        first = resumed_due(CALENDAR, clock, limit, start + a, early)
        assert limit <= first <= resumed_due(CALENDAR, clock, limit, start + a, late)


def test_a_calendar_of_its_own() -> None:
    """A city may work other hours; without any working day the arithmetic refuses instead of turning for ever."""
    other = WorkCalendar(is_workday=monday_to_friday, windows=((540, 1020),))
    assert other.add(at("2026-10-01 16:00"), 2 * HOUR_MS) == at("2026-10-02 10:00")
    never = WorkCalendar(is_workday=lambda day: day < date(1970, 1, 1))
    with pytest.raises(ValueError, match="no further working day"):
        never.add(at("2026-10-01 16:00"), 1)
    with pytest.raises(ValueError, match="backwards"):
        CALENDAR.add(at("2026-10-01 16:00"), -1)
