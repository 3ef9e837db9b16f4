"""Preventive work in the same queue as everything else: filed once, done, and due again an interval later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.cases import Action, Actor, CaseState, TaskKind, UnknownItem
from core.errors import Invalid
from core.intake import SourceKind
from core.places import Text
from core.ports.preventive import Counted, DueState, DueWork, Plan, Trigger, TriggerKind, family_of, plan_of
from core.ports.registry import FacilityFilter, PageRequest
from dispatch import tables
from dispatch.plan_desk import SqlPlans
from dispatch.upkeep import counted_of
from tests.unit.dispatch.hall import HOUR, MONDAY_9, RULES, Hall
from tests.unit.dispatch.test_closure import opened

DAY = 24 * HOUR
CLERK = Actor(login="clerk")
HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY
PLAN = Plan(
    code="pump-year",
    class_id="sewage_pump",
    work=Text(zh="年度保养", en="Yearly service"),
    triggers=(Trigger(kind=TriggerKind.CALENDAR, every=12),),
    started_day="2025-11-01",
)


class Meter:
    """Counters that say what a test wants."""

    def __init__(self, amount: float) -> None:
        self.amount = amount

    def counted(self, facility: int, trigger: Trigger, since_ms: int, now_ms: int) -> Counted | None:
        del facility, trigger, since_ms
        return Counted(amount=self.amount, a_day=8.0, seen_ms=now_ms)


def plans_of(hall: Hall, counters: Meter | None = None) -> SqlPlans:
    def in_use() -> frozenset[int]:
        found = hall.city.registry.facilities(FacilityFilter(), PageRequest(limit=500)).items
        return frozenset(one.number for one in found)

    return SqlPlans(
        hall.engine,
        rules=RULES.get,
        source=hall.city.registry,
        classes=frozenset({"sewage_pump"}),
        in_use=in_use,
        counters=counters,
    )


def only_pump(hall: Hall) -> Plan:
    return replace(PLAN, facilities=frozenset({hall.city.facility("aa-sp-01")}))


def mine(hall: Hall, desk: SqlPlans, now_ms: int = MONDAY_9) -> DueWork:
    [one] = [each for each in desk.due(now_ms) if each.facility == hall.city.facility("aa-sp-01")]
    return one


def work_off(hall: Hall, case: int, now_ms: int) -> None:
    """Whoever has the tasks does them."""
    worker = hall.actor(hall.code_of(hall.tasks(case)[HANDLE].owner))
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks(case)[HANDLE], action, worker, now_ms=now_ms)
    looker = hall.actor(hall.code_of(hall.tasks(case)[VERIFY].owner))
    hall.act(hall.tasks(case)[VERIFY], Action.ACCEPT, looker, now_ms=now_ms)
    hall.act(hall.tasks(case)[VERIFY], Action.VERIFY, looker, note="seen", now_ms=now_ms)


def test_what_is_due_goes_to_the_same_queue_once(hall: Hall) -> None:
    """What is due goes to the same queue once."""
    desk = plans_of(hall)
    plan = desk.keep_plan(only_pump(hall), CLERK, MONDAY_9)
    assert mine(hall, desk).state is DueState.READY
    [case] = desk.give_out(MONDAY_9)
    assert desk.give_out(MONDAY_9) == []
    row = hall.cases()[-1]
    assert (row.number, row.say, row.state) == (case, plan.work, CaseState.DISPATCHED)
    assert hall.tasks(case)[HANDLE].owner is not None
    with hall.engine.connect() as connection:
        source = connection.execute(sa.select(tables.case.c.source)).scalar_one()
    assert source == SourceKind.PLAN.value
    assert (mine(hall, desk).state, mine(hall, desk).case) == (DueState.OPEN, case)


def test_work_that_was_done_is_due_again_an_interval_later(hall: Hall) -> None:
    """Work that was done is due again an interval later."""
    desk = plans_of(hall)
    desk.keep_plan(only_pump(hall), CLERK, MONDAY_9)
    [case] = desk.give_out(MONDAY_9)
    work_off(hall, case, MONDAY_9 + HOUR)
    assert hall.cases()[-1].state is CaseState.CLOSED
    found = mine(hall, desk, MONDAY_9 + DAY)
    assert (found.state, found.due_ms) == (DueState.LATER, MONDAY_9 + HOUR + 365 * DAY)
    assert len(desk.give_out(MONDAY_9 + 352 * DAY)) == 1


def test_an_open_repair_holds_it_back_and_a_cancelled_one_is_not_filed_at_once(hall: Hall) -> None:
    """An open repair holds it back and a cancelled one is not filed at once."""
    desk = plans_of(hall)
    desk.keep_plan(only_pump(hall), CLERK, MONDAY_9)
    repair = opened(hall)
    assert mine(hall, desk).state is DueState.HELD
    boss = hall.actor("mgr", supervises=True)
    hall.act(hall.tasks(repair)[HANDLE], Action.CANCEL, boss, note="nothing to do")
    [case] = desk.give_out(MONDAY_9)
    hall.act(hall.tasks(case)[HANDLE], Action.CANCEL, boss, note="the pump goes next month")
    assert mine(hall, desk, MONDAY_9 + DAY).state is DueState.HELD
    assert mine(hall, desk, MONDAY_9 + 31 * DAY).state is DueState.READY


def test_running_hours_come_from_the_counters(hall: Hall) -> None:
    """Running hours come from the counters."""
    meter = Meter(100.0)
    desk = plans_of(hall, meter)
    hours = Trigger(kind=TriggerKind.HOURS, every=2_000, measurement="run_hours")
    desk.keep_plan(replace(only_pump(hall), triggers=(hours,)), CLERK, MONDAY_9)
    assert mine(hall, desk).state is DueState.LATER
    meter.amount = 1_999.0
    assert mine(hall, desk).state is DueState.READY


def test_what_was_done_elsewhere_is_written_down_and_counts(hall: Hall) -> None:
    """What was done elsewhere is written down and counts."""
    desk = plans_of(hall)
    plan = desk.keep_plan(only_pump(hall), CLERK, MONDAY_9)
    desk.write_down(plan.number, hall.city.facility("aa-sp-01"), MONDAY_9 - 60 * DAY, "by the maker", CLERK, MONDAY_9)
    assert mine(hall, desk).due_ms == MONDAY_9 + 305 * DAY
    with pytest.raises(UnknownItem):
        desk.write_down(99, 1, MONDAY_9, "", CLERK, MONDAY_9)
    with pytest.raises(UnknownItem, match="does not concern"):
        desk.write_down(plan.number, hall.city.facility("aa-sp-02"), MONDAY_9, "", CLERK, MONDAY_9)


def test_the_newest_of_all_that_was_done_counts_in_whatever_order_it_was_written_down(hall: Hall) -> None:
    """Cases that were closed and cancelled, and what was written down, of one facility; others have their own."""
    desk, pump = plans_of(hall), hall.city.facility("aa-sp-01")
    plan = desk.keep_plan(replace(PLAN, facilities=frozenset()), CLERK, MONDAY_9)
    for days in (60, 400, 90):
        desk.write_down(plan.number, pump, MONDAY_9 - days * DAY, "by the maker", CLERK, MONDAY_9)
    assert mine(hall, desk).due_ms == MONDAY_9 + 305 * DAY
    others = [one for one in desk.due(MONDAY_9) if one.facility != pump]
    assert others
    assert {one.state for one in others} == {DueState.READY}
    assert desk.due(MONDAY_9, plan=plan.number) == desk.due(MONDAY_9)
    assert desk.due(MONDAY_9, plan=plan.number + 1) == []
    again = MONDAY_9 + 300 * DAY
    [case] = [one for one in desk.give_out(again) if one == mine(hall, desk, again).case]
    hall.act(hall.tasks(case)[HANDLE], Action.CANCEL, hall.actor("mgr", supervises=True), note="not now", now_ms=again)
    assert mine(hall, desk, again + DAY).state is DueState.HELD
    desk.write_down(plan.number, pump, again + DAY, "after all", CLERK, again + DAY)
    found = mine(hall, desk, again + 2 * DAY)
    # The year from then has 366 days: February 2028 has 29.
    assert (found.state, found.due_ms) == (DueState.LATER, again + DAY + 366 * DAY)


def test_plans_are_read_as_they_were_kept_and_retired_ones_ask_for_nothing(hall: Hall) -> None:
    """Plans are read as they were kept and retired ones ask for nothing."""
    desk = plans_of(hall)
    kept = desk.keep_plan(only_pump(hall), CLERK, MONDAY_9)
    assert desk.plans() == [kept]
    desk.keep_plan(replace(kept, active=False), CLERK, MONDAY_9)
    assert desk.due(MONDAY_9) == []
    assert desk.give_out(MONDAY_9) == []
    with pytest.raises(Invalid):
        desk.keep_plan(replace(kept, number=0), CLERK, MONDAY_9)
    with pytest.raises(UnknownItem):
        desk.keep_plan(replace(kept, number=77, code="x"), CLERK, MONDAY_9)


def test_what_was_done_is_told_newest_first_with_why_it_was_given_out(hall: Hall) -> None:
    """Cases with the moment at which the work was met, and what was written down; of one's own communities."""
    desk = plans_of(hall)
    plan, facility = desk.keep_plan(only_pump(hall), CLERK, MONDAY_9), hall.city.facility("aa-sp-01")
    desk.write_down(plan.number, facility, MONDAY_9 - 400 * DAY, "by the maker", CLERK, MONDAY_9)
    [case] = desk.give_out(MONDAY_9)
    [given, written] = desk.works(None, 10)
    assert (given.case, given.state, given.done_ms, given.note) == (case, CaseState.DISPATCHED, None, "")
    assert given.why is not None
    assert "12" in given.why.zh
    assert "12" in given.why.en
    assert given.why.zh != given.why.en
    assert (written.case, written.done_ms, written.note, written.actor) == (
        *(None, MONDAY_9 - 400 * DAY, "by the maker", CLERK.login),
    )
    work_off(hall, case, MONDAY_9 + HOUR)
    assert desk.works(plan.number, 1)[0].done_ms == MONDAY_9 + HOUR
    assert desk.works(plan.number + 1, 10) == []
    assert desk.works(None, 10, frozenset()) == []


@pytest.mark.parametrize(
    ("family", "number"), [("plan/7", 7), ("plan/", None), ("plan/x", None), ("sewage_pump", None)]
)
def test_a_familys_plan(family: str, number: int | None) -> None:
    """Only the families of plans have one."""
    assert plan_of(family) == number
    assert number is None or family_of(number) == family


# --- counters ---------------------------------------------------------------------------------------------------------

HOURS = Trigger(kind=TriggerKind.HOURS, every=100, measurement="run_hours")


@given(st.lists(st.floats(0, 50), max_size=60), st.lists(st.integers(0, 59), max_size=5, unique=True))
def test_a_counter_that_begins_anew_loses_nothing_that_was_seen(steps: list[float], resets: list[int]) -> None:
    """A counter that begins anew loses nothing that was seen."""
    value, total, counter = [], 0.0, 0.0
    for at, step in enumerate(steps):
        if at in resets and counter > step:
            counter = 0.0
        counter += step
        total += step if at else 0.0
        value.append(counter)
    time_ms = np.arange(len(value), dtype=np.int64) * HOUR
    found = counted_of(HOURS, time_ms, np.array(value, np.float64), now_ms=60 * HOUR, zone_ms=0)
    assert found.amount == pytest.approx(total, abs=1e-6)


def test_the_pace_is_that_of_the_last_days_alone() -> None:
    """The pace is that of the last days alone."""
    day = np.arange(0, 100, dtype=np.int64)
    value = np.where(day < 60, 20.0 * day, 1_200.0 + 2.0 * (day - 60))
    found = counted_of(HOURS, day * DAY, value, now_ms=99 * DAY, zone_ms=0)
    assert found.a_day == pytest.approx(2.0)
    assert counted_of(HOURS, day[:1], value[:1], now_ms=99 * DAY, zone_ms=0).a_day is None


days_of_means = st.lists(st.none() | st.floats(0, 10), max_size=20)


@given(days_of_means)
def test_a_condition_counts_days_one_after_the_other_as_a_person_would(means: list[float | None]) -> None:
    """A condition counts days one after the other as a person would."""
    trigger = Trigger(kind=TriggerKind.CONDITION, every=3, measurement="vibration", above=5.0)
    time_ms = np.array([at * DAY + 9 * HOUR for at, mean in enumerate(means) if mean is not None], np.int64)
    value = np.array([mean for mean in means if mean is not None], np.float64)
    found = counted_of(trigger, time_ms, value, now_ms=len(means) * DAY + HOUR, zone_ms=0)
    run = 0
    for mean in reversed(means):
        if mean is None or mean <= 5.0:
            break
        run += 1
    assert found.amount == run
