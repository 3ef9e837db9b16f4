"""Stage clocks against a reference that looks at every minute: holidays, make-up days, pauses, time zones."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cases import DeadlineClock
from core.errors import Invalid
from core.stages import Basis, LimitUnit, Stage, StageLight, StageLimit
from dispatch.limitbook import ANY, as_limit, load_limits, parse_limits, stage_limit
from dispatch.policy import Policy
from dispatch.stageclocks import StageClock, begun, next_step
from dispatch.worktime import WorkCalendar, chinese_workday, monday_to_friday
from registry.classbook import load_classes
from tests.unit.dispatch.minutes import MINUTE, MINUTES_IN, SlowClock

SHANGHAI, NEW_YORK, ADELAIDE = (ZoneInfo(name) for name in ("Asia/Shanghai", "America/New_York", "Australia/Adelaide"))
CALENDARS = {
    "China": WorkCalendar(),
    "China in winter": WorkCalendar(windows=((480, 720), (810, 1050))),
    "New York": WorkCalendar(is_workday=monday_to_friday, windows=((540, 1020),), zone=NEW_YORK),
    "Adelaide": WorkCalendar(is_workday=monday_to_friday, windows=((510, 750), (780, 1050)), zone=ADELAIDE),
}
EVENTFUL = {
    # National Day and Mid-Autumn of 2026 with make-up days, Spring Festival of 2026, the clocks that change abroad.
    "China": [(2026, 9, 18), (2026, 2, 12), (2026, 4, 30)],
    "China in winter": [(2026, 2, 12), (2025, 12, 30)],
    "New York": [(2026, 3, 5), (2026, 10, 29)],
    "Adelaide": [(2026, 4, 2), (2026, 10, 1)],
}


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, zone: ZoneInfo = SHANGHAI) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=zone).timestamp() * 1000)


@st.composite
def courses(draw: st.DrawFn) -> tuple[str, StageLimit, int, list[tuple[int, int]]]:
    """A calendar, a limit, a beginning and some pauses after it, apart from each other."""
    name = draw(st.sampled_from(sorted(CALENDARS)))
    day = draw(st.sampled_from(EVENTFUL[name]))
    start_ms = at(*day, zone=CALENDARS[name].zone) + draw(st.integers(0, 5 * 1440)) * MINUTE
    unit = draw(st.sampled_from(list(LimitUnit)))
    amount = draw(st.integers(1, 4 if MINUTES_IN[unit] > 60 else 16))
    pauses, at_ms = [], start_ms
    for _ in range(draw(st.integers(0, 3))):
        begin_ms = at_ms + draw(st.integers(0, 1500)) * MINUTE
        at_ms = begin_ms + draw(st.integers(0, 3000)) * MINUTE
        pauses.append((begin_ms, at_ms))
    return name, StageLimit(amount=amount, unit=unit), start_ms, pauses


def play(calendar: WorkCalendar, limit: StageLimit, start_ms: int, pauses: list[tuple[int, int]]) -> StageClock:
    clock = begun(calendar, limit.unit.clock, limit.hours, start_ms)
    for begin_ms, end_ms in pauses:
        clock = clock.paused(begin_ms).resumed(calendar, end_ms)
    return clock


def slow(calendar: WorkCalendar, unit: LimitUnit) -> SlowClock:
    return SlowClock(unit, calendar.is_workday, calendar.windows, calendar.zone)


@settings(max_examples=150, deadline=None)
@given(courses())
def test_limits_are_those_of_the_minutes(course: tuple[str, StageLimit, int, list[tuple[int, int]]]) -> None:
    """80 % and 100 % of the time fall where a count of every minute puts them, whatever pauses came between."""
    name, limit, start_ms, pauses = course
    calendar = CALENDARS[name]
    reference, minutes = slow(calendar, limit.unit), limit.amount * MINUTES_IN[limit.unit]
    clock = play(calendar, limit, start_ms, pauses)
    assert clock.limit_ms == reference.after(start_ms, int(minutes), pauses)
    assert clock.warn_ms == reference.after(start_ms, int(minutes * 8 // 10), pauses)
    assert clock.paused_ms == sum(end - begin for begin, end in pauses)


@settings(max_examples=100, deadline=None)
@given(courses(), st.integers(0, 6000))
def test_what_is_used_is_what_the_minutes_say(
    course: tuple[str, StageLimit, int, list[tuple[int, int]]], later: int
) -> None:
    """How much is used, at any moment after the last pause, and the light that follows from it."""
    name, limit, start_ms, pauses = course
    calendar = CALENDARS[name]
    now_ms = (pauses[-1][1] if pauses else start_ms) + later * MINUTE
    clock = play(calendar, limit, start_ms, pauses)
    used = slow(calendar, limit.unit).used(start_ms, now_ms, pauses)
    if now_ms <= clock.limit_ms or not any(end > clock.limit_ms for _, end in pauses):
        assert clock.used_ms(calendar, now_ms) == used * MINUTE
    expected = StageLight.RED if now_ms > clock.limit_ms else StageLight.GREEN
    if now_ms <= clock.limit_ms and 10 * used >= 8 * limit.amount * MINUTES_IN[limit.unit]:
        expected = StageLight.AMBER
    assert clock.light(now_ms) is expected


@settings(max_examples=100, deadline=None)
@given(courses(), st.integers(0, 400), st.integers(1, 5000))
def test_an_extension_only_gives(
    course: tuple[str, StageLimit, int, list[tuple[int, int]]], used: int, more: int
) -> None:
    """The new limit is exactly the one granted, the 80 % never come earlier, and what is used does not change."""
    name, limit, start_ms, _ = course
    calendar = CALENDARS[name]
    clock = begun(calendar, limit.unit.clock, limit.hours, start_ms)
    now_ms = min(start_ms + used * MINUTE, clock.limit_ms)
    later = clock.moved(calendar, now_ms, clock.limit_ms + more * MINUTE)
    assert later.limit_ms == clock.limit_ms + more * MINUTE
    assert now_ms <= later.warn_ms <= later.limit_ms or later.warn_ms == clock.warn_ms
    assert later.warn_ms >= min(clock.warn_ms, now_ms)
    assert later.used_ms(calendar, now_ms) == clock.used_ms(calendar, now_ms)
    assert later.total_ms >= clock.total_ms
    reference = slow(calendar, limit.unit)
    assert later.total_ms == reference.used(start_ms, later.limit_ms, []) * MINUTE


def test_a_make_up_sunday_counts_and_a_holiday_does_not() -> None:
    """Two working days and two natural days from the Friday before a worked Sunday, written out by hand."""
    calendar = WorkCalendar()
    days = [date(2026, 9, day) for day in (18, 19, 20, 21, 25)]
    assert [chinese_workday(day) for day in days] == [True, False, True, True, False]
    clock = begun(calendar, DeadlineClock.WORK, 16, at(2026, 9, 18, 14))
    assert clock.limit_ms == at(2026, 9, 21, 12)  # Friday afternoon, the worked Sunday, Monday morning
    natural = begun(calendar, LimitUnit.NATURAL_DAY.clock, 48, at(2026, 9, 18, 14))
    assert natural.limit_ms == at(2026, 9, 20, 14)


def test_the_last_millisecond_is_in_time() -> None:
    """At the limit itself a stage is amber; one millisecond later it is red, and stays so when it ends."""
    calendar = WorkCalendar()
    clock = begun(calendar, DeadlineClock.CONTINUOUS, 1, at(2026, 9, 21, 9))
    assert clock.light(clock.warn_ms - 1) is StageLight.GREEN
    assert clock.light(clock.warn_ms) is StageLight.AMBER
    assert clock.light(clock.limit_ms) is StageLight.AMBER
    assert clock.light(clock.limit_ms + 1) is StageLight.RED
    assert clock.ended(clock.limit_ms).light(clock.limit_ms + MINUTE) is StageLight.AMBER
    assert clock.ended(clock.limit_ms + 1).light(clock.limit_ms + MINUTE) is StageLight.RED


def test_what_stands_still_stays_as_it_is() -> None:
    """Pausing twice, resuming what runs, and touching what has ended change nothing."""
    calendar = WorkCalendar()
    clock = begun(calendar, DeadlineClock.WORK, 8, at(2026, 9, 21, 9))
    now_ms = at(2026, 9, 21, 10)
    stood = clock.paused(now_ms)
    assert stood.paused(now_ms + MINUTE) == stood
    assert clock.resumed(calendar, now_ms) == clock
    assert stood.resumed(calendar, now_ms) == clock
    assert stood.light(at(2026, 12, 1)) is StageLight.GREEN
    gone = stood.ended(now_ms + MINUTE)
    assert (gone.paused_ms, gone.paused_since_ms) == (MINUTE, None)
    assert gone.ended(now_ms + 2 * MINUTE) == gone.paused(now_ms) == gone.resumed(calendar, now_ms) == gone


def test_the_ladder_is_climbed_in_order() -> None:
    """Every severity has all four steps in ascending order; after the last there is none."""
    for ladder in Policy().ladder.values():
        shares = [share for _, share in ladder]
        assert shares == sorted(shares)
        reached, climbed = None, []
        while (step := next_step(ladder, reached)) is not None:
            reached = step[0]
            climbed.append(reached.value)
        assert climbed == ["person", "on_duty", "supervisor", "leads"]


def test_the_table_of_limits_names_what_exists() -> None:
    """Every class of the table is one of the registry, and every limit is written in the standard's words."""
    book = load_limits()
    assert len(book.rows) > 10
    assert {class_id for class_id, _ in book.rows} - {ANY} <= load_classes().keys()
    assert all(row.said.zh and row.said.en for row in book.rows.values())
    assert "GB/T 30428" in book.source.zh


def test_a_limit_comes_from_the_rule_then_the_table_then_the_severity() -> None:
    """The narrowest counts; the standard's words stand beside whatever it is."""
    book, policy = load_limits(), Policy()
    default = next(iter(policy.handle.values()))
    key = {"class_id": "street_light", "event": "light_lamp"}
    stated = stage_limit(book, Stage.HANDLE, **key, stated=default, default=default)
    assert (stated.basis, stated.standard and stated.standard.en) == (Basis.RULE, "One lamp out: 2 working days")
    found = stage_limit(book, Stage.HANDLE, **key, stated=None, default=default)
    assert (found.basis, found.amount, found.unit) == (Basis.STANDARD, 2, LimitUnit.WORK_DAY)
    other = stage_limit(book, Stage.VERIFY, **key, stated=None, default=default)
    assert (other.basis, other.standard) == (Basis.SEVERITY, None)
    assert as_limit(found.deadline(default.what), Basis.RULE).unit is LimitUnit.WORK_DAY


def test_everything_wrong_in_a_table_is_named_at_once() -> None:
    """Rows are told by their number; a good row does not hide a bad one."""
    said = "said: {zh: 一, en: one}"
    text = f"""
limits:
  - {{class: a, event: b, handle: {{amount: 1, unit: work_day}}, {said}}}
  - {{class: a, event: b, handle: {{amount: 2, unit: work_day}}, {said}}}
  - {{class: a, handle: {{amount: 1, unit: work_day}}, {said}}}
  - {{class: a, event: c, handle: {{amount: 0, unit: work_day}}, {said}}}
  - {{class: a, event: d, handle: {{amount: 1, unit: week}}, {said}}}
  - {{class: a, event: e, handle: {{amount: 1, unit: work_day}}, colour: red}}
  - {{class: a, event: f, {said}}}
"""
    with pytest.raises(Invalid) as caught:
        parse_limits(text, "limits.yaml")
    found = [(finding.code, finding.values["row"]) for finding in caught.value.findings]
    wrong = {
        ("TG-3127", 2),
        ("TG-3123", 3),
        ("TG-3125", 4),
        ("TG-3125", 5),
        ("TG-3124", 6),
        ("TG-3126", 6),
        ("TG-3125", 7),
    }
    assert set(found) == wrong
    assert len(found) == len(wrong)
    with pytest.raises(Invalid):
        parse_limits("limits: 3", "limits.yaml")
