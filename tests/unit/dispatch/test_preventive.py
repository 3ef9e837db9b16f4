"""When preventive work is due: by whatever comes first, carried forward, once, and in a window that suits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.errors import Invalid
from core.places import Text
from core.ports.preventive import Counted, DueState, DueWork, Plan, Trigger, TriggerKind, Upkeep, Window
from dispatch import preventive_findings as kinds
from dispatch.preventive import DAY_MS, OVERDUE_SHARE, check_plan, due, since_ms

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


NOW = at("2026-11-30T09:00")
HOURS = Trigger(kind=TriggerKind.HOURS, every=2_000, measurement="run_hours")
MONTHS = Trigger(kind=TriggerKind.CALENDAR, every=12)
WORN = Trigger(kind=TriggerKind.CONDITION, every=3, measurement="vibration", above=7.1)
PLAN = Plan(
    number=1,
    code="pump-service",
    class_id="sewage_pump",
    work=Text(zh="更换机封", en="Change the seal"),
    triggers=(HOURS,),
    started_day="2026-01-01",
)


def state(plan: Plan = PLAN, *, now: int = NOW, **values: object) -> DueWork:
    known = replace(Upkeep(facility=7, done_ms=at("2026-01-01T00:00")), **values)  # type: ignore[arg-type]
    return due(plan, known, now, ZONE)


def counter(amount: float, a_day: float | None = 10.0, seen: int = NOW) -> dict[int, Counted]:
    return {0: Counted(amount=amount, a_day=a_day, seen_ms=seen)}


# --- what is due ------------------------------------------------------------------------------------------------------


def test_hours_are_carried_forward_at_the_pace_of_late() -> None:
    """Hours are carried forward at the pace of late."""
    found = state(counted=counter(1_800))
    assert (found.state, found.due_ms) == (DueState.LATER, NOW + 20 * DAY_MS)
    assert state(counted=counter(1_861)).state is DueState.READY
    late = state(counted=counter(2_100))
    assert (late.state, late.due_ms) == (DueState.READY, NOW - 10 * DAY_MS)
    assert late.used == pytest.approx(1.05)


def test_what_stands_still_is_not_due_and_says_so() -> None:
    """What stands still is not due and says so."""
    found = state(counted=counter(1_999, a_day=0.0))
    assert (found.state, found.due_ms, found.why.sentence) == (DueState.LATER, None, kinds.STANDS_STILL)


def test_a_counter_that_says_nothing_is_blind_and_a_calendar_stands_in_for_it() -> None:
    """A counter that says nothing is blind and a calendar stands in for it."""
    assert state(counted={}).state is DueState.BLIND
    assert state(counted=counter(100, seen=NOW - 31 * DAY_MS)).state is DueState.BLIND
    both = replace(PLAN, triggers=(HOURS, MONTHS))
    found = state(both, counted={})
    assert (found.state, found.trigger, found.due_ms) == (DueState.LATER, 1, at("2027-01-01T00:00"))


def test_a_counter_that_was_used_up_before_it_fell_silent_is_due() -> None:
    """A counter that was used up before it fell silent is due."""
    assert state(counted=counter(2_001, seen=NOW - 90 * DAY_MS)).state is DueState.READY


def test_a_condition_is_due_when_it_has_held_for_its_days() -> None:
    """A condition is due when it has held for its days."""
    plan = replace(PLAN, triggers=(WORN,))
    assert state(plan, counted=counter(2, None)).state is DueState.LATER
    found = state(plan, counted=counter(3, None))
    assert (found.state, found.why.sentence) == (DueState.READY, kinds.BY_CONDITION)


def test_what_was_never_done_counts_from_the_beginning_of_the_plan() -> None:
    """What was never done counts from the beginning of the plan."""
    known = Upkeep(facility=7)
    assert since_ms(PLAN, known, ZONE) == at("2026-01-01T00:00")


@pytest.mark.parametrize(
    ("done", "months", "expected"),
    [
        ("2026-01-31T10:00", 1, "2026-02-28T10:00"),
        ("2027-12-31T10:00", 2, "2028-02-29T10:00"),
        ("2026-12-15T00:00", 12, "2027-12-15T00:00"),
        ("2026-11-30T23:59", 1, "2026-12-30T23:59"),
        ("2026-06-30T08:00", 6, "2026-12-30T08:00"),
    ],
)
def test_months_end_where_months_end(done: str, months: int, expected: str) -> None:
    """Months end where months end."""
    plan = replace(PLAN, triggers=(Trigger(kind=TriggerKind.CALENDAR, every=months),))
    assert state(plan, done_ms=at(done), now=at(done)).due_ms == at(expected)


# --- what keeps it back -----------------------------------------------------------------------------------------------


def test_what_is_open_is_never_given_out_twice() -> None:
    """What is open is never given out twice."""
    found = state(counted=counter(9_000), open_case=31)
    assert (found.state, found.case) == (DueState.OPEN, 31)


def test_an_open_repair_goes_first_until_the_work_is_long_overdue() -> None:
    """An open repair goes first until the work is long overdue."""
    assert state(counted=counter(2_000), other_case=5).state is DueState.HELD
    assert state(counted=counter(2_000 * OVERDUE_SHARE), other_case=5).state is DueState.READY


def test_the_window_keeps_work_back_until_it_is_long_overdue() -> None:
    """The window keeps work back until it is long overdue."""
    spring = replace(PLAN, window=Window(months=frozenset({4, 5})))
    assert state(spring, counted=counter(2_000)).why.sentence is kinds.WINDOW_CLOSED
    assert state(spring, counted=counter(2_400)).state is DueState.READY
    monday = replace(PLAN, window=Window(weekdays=frozenset({0})))
    assert state(monday, counted=counter(2_000)).state is DueState.READY
    assert state(monday, counted=counter(2_000), now=NOW + DAY_MS).state is DueState.HELD


def test_what_is_out_of_service_waits_however_overdue() -> None:
    """What is out of service waits however overdue."""
    assert state(counted=counter(90_000), out_of_service=True).state is DueState.HELD


def test_what_somebody_cancelled_is_not_filed_again_at_once() -> None:
    """What somebody cancelled is not filed again at once."""
    assert state(counted=counter(2_400), cancelled_ms=NOW - DAY_MS).why.sentence is kinds.CANCELLED
    assert state(counted=counter(2_400), cancelled_ms=NOW - 30 * DAY_MS).state is DueState.READY


amounts = st.floats(0, 10_000)


@given(amounts, amounts, st.floats(0.1, 24))
def test_more_use_is_never_due_later(one: float, more: float, a_day: float) -> None:
    """More use is never due later."""
    less, much = sorted((one, more))
    first, second = state(counted=counter(less, a_day)), state(counted=counter(much, a_day))
    assert first.due_ms is not None
    assert second.due_ms is not None
    assert second.due_ms <= first.due_ms
    assert second.used >= first.used
    assert not (first.state is DueState.READY and second.state is DueState.LATER)


@given(amounts, st.floats(0, 24), st.integers(1, 48))
def test_whichever_comes_first_decides(amount: float, a_day: float, months: int) -> None:
    """Whichever comes first decides."""
    months_alone = replace(PLAN, triggers=(replace(MONTHS, every=months),))
    both = replace(PLAN, triggers=(HOURS, *months_alone.triggers))
    alone = [state(counted=counter(amount, a_day)), state(months_alone)]
    found = state(both, counted=counter(amount, a_day))
    moments = [one.due_ms for one in alone if one.due_ms is not None]
    assert found.due_ms == min(moments)
    ready = any(one.state is DueState.READY for one in alone)
    assert (found.state is DueState.READY) == ready


@given(
    st.integers(0, 900),
    st.sets(st.integers(1, 12)),
    st.sets(st.integers(0, 6)),
    st.none() | st.just(4),
    st.booleans(),
)
def test_every_state_says_why_in_both_languages(
    days: int, months: set[int], weekdays: set[int], other: int | None, out: bool
) -> None:
    """Every state says why in both languages."""
    plan = replace(PLAN, triggers=(MONTHS,), window=Window(months=frozenset(months), weekdays=frozenset(weekdays)))
    found = state(plan, now=NOW + days * DAY_MS, other_case=other, out_of_service=out)
    assert found.why.in_language("zh")
    assert found.why.in_language("en")
    assert found.state is not DueState.READY or not out


# --- plans that cannot be ---------------------------------------------------------------------------------------------

CLASSES = frozenset({"sewage_pump"})


def test_a_good_plan_is_kept() -> None:
    """A good plan is kept."""
    check_plan(replace(PLAN, triggers=(HOURS, MONTHS, WORN)), [PLAN], CLASSES)


def test_everything_wrong_with_a_plan_is_said_at_once() -> None:
    """Everything wrong with a plan is said at once."""
    bad = replace(
        PLAN,
        number=0,
        class_id="spaceship",
        work=Text(zh="", en=""),
        triggers=(
            replace(HOURS, every=0),
            replace(MONTHS, every=1.5),
            replace(WORN, above=None),
            replace(HOURS, below=1),
        ),
        started_day="2026-02-30",
        window=Window(months=frozenset({13})),
        lead_days=900,
        severity=Severity.CRITICAL,
    )
    with pytest.raises(Invalid) as raised:
        check_plan(bad, [PLAN], CLASSES)
    assert [finding.kind.code for finding in raised.value.findings] == [
        *(kinds.PLAN_NAMELESS.code, kinds.PLAN_CODE_TAKEN.code, kinds.PLAN_CLASS.code, kinds.PLAN_WINDOW.code),
        *(kinds.PLAN_DAYS.code, kinds.PLAN_SEVERITY.code, kinds.PLAN_DAY.code),
        *(kinds.TRIGGER_EVERY.code, kinds.TRIGGER_EVERY.code, kinds.TRIGGER_LIMIT.code, kinds.TRIGGER_LIMIT.code),
    ]


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2200-01-01", "9999-12-31"])
def test_a_plan_that_begins_where_the_calendar_ends_is_refused(day: str) -> None:
    """Nobody could count from there, and one such plan would keep all others from being looked at."""
    with pytest.raises(Invalid):
        check_plan(replace(PLAN, started_day=day), [], CLASSES)


@pytest.mark.parametrize("day", ["1970-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_of_a_plan_can_be_counted_from(day: str) -> None:
    """With the longest interval there is."""
    plan = replace(PLAN, started_day=day, triggers=(Trigger(kind=TriggerKind.CALENDAR, every=240),))
    check_plan(plan, [], CLASSES)
    assert due(plan, Upkeep(facility=1), 0, ZONE).due_ms is not None


def test_a_code_with_a_space_before_it_is_the_same_code() -> None:
    """It is kept without it."""
    with pytest.raises(Invalid):
        check_plan(replace(PLAN, code=f" {PLAN.code}", number=0), [replace(PLAN, number=5)], CLASSES)


def test_a_plan_without_a_trigger_is_refused() -> None:
    """A plan without a trigger is refused."""
    with pytest.raises(Invalid) as raised:
        check_plan(replace(PLAN, triggers=()), [], CLASSES)
    assert [finding.kind.code for finding in raised.value.findings] == [kinds.PLAN_NEVER_DUE.code]
