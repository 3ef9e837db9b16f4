"""Cases that were merged and are separate again: their alarms, tasks and clocks; what people said stays said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from core.alarms import ChangeKind
from core.cases import (
    Action,
    Actor,
    CaseState,
    Conflict,
    Deadline,
    DeadlineClock,
    NotPermitted,
    TaskState,
    UnknownItem,
)
from core.errors import Invalid
from core.ports.cases import CaseDetail
from core.stages import Stage
from dispatch import closure_tables, tables
from dispatch.desk import SqlDesk
from dispatch.journal import SqlJournal
from dispatch.worktime import SHANGHAI
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change
from tests.unit.dispatch.test_closure import HANDLE, VERIFY, boss_of, closed, closures_of, opened

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED


def at(day: int, hour: int, minute: int = 0) -> int:
    return int(datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).timestamp() * 1000)


def detail(hall: Hall, number: int) -> CaseDetail:
    found = hall.queries.case(number)
    assert found is not None
    return found


def two(hall: Hall, rule_id: str = "medium") -> tuple[int, int]:
    return opened(hall, "aa-sp-01"), opened(hall, "aa-sp-02", rule_id)


def test_a_case_comes_back_with_its_alarms_and_those_that_came_since(hall: Hall) -> None:
    """Both histories say so; the merging is in the log of those that were taken back; then it may be merged again."""
    first, second = two(hall, "high")
    desk, boss = closures_of(hall), boss_of(hall)
    desk.merge(second, first, "one main", boss, MONDAY_9 + MINUTE)
    hall.apply(change(OPENED, "medium-2", facility=hall.city.facility("aa-sp-02")), now_ms=MONDAY_9 + 2 * MINUTE)
    hall.apply(change(OPENED, "medium-2", facility=hall.city.facility("aa-sp-01")), now_ms=MONDAY_9 + 3 * MINUTE)
    desk.unmerge(second, " two mains ", boss, MONDAY_9 + 5 * MINUTE)
    apart, heir = detail(hall, second), detail(hall, first)
    places = [{alarm.facility for alarm in one.alarms} for one in (apart, heir)]
    assert places == [{hall.city.facility("aa-sp-02")}, {hall.city.facility("aa-sp-01")}]
    assert (len(apart.alarms), len(heir.alarms)) == (2, 2)
    assert apart.case.state is CaseState.DISPATCHED
    assert {task.state for task in apart.tasks} == {TaskState.WAITING}
    line = next(one for one in apart.history if one.action == "unmerge" and one.to_state == "filed")
    assert (line.actor, line.note) == ("mgr", f"{heir.case.code} two mains")
    assert next(one for one in heir.history if one.action == "taken_out").note == f"{apart.case.code} two mains"
    found = desk.closure(second, MONDAY_9)
    assert found.into is None
    assert desk.closure(first, MONDAY_9).merged == ()
    with hall.engine.connect() as connection:
        logged = connection.execute(sa.select(closure_tables.unmerge)).one()
        left = connection.execute(sa.select(closure_tables.merge_alarm)).all()
        told = set(connection.execute(sa.select(tables.outbox.c.kind)).scalars())
    assert (logged.case, logged.into, logged.merged_why, logged.reason) == (second, first, "one main", "two mains")
    assert left == []
    assert "unmerged" in told
    desk.merge(second, first, "one main, really", boss, MONDAY_9 + 6 * MINUTE)
    assert detail(hall, second).case.state is CaseState.CANCELLED
    assert len(detail(hall, first).alarms) == 4


@pytest.mark.parametrize("suspended", [False, True])
def test_clocks_after_a_merging_over_a_night(hall: Hall, *, suspended: bool) -> None:
    """Merged at 10:00 and taken back the next day at 10:00: the limit lies one working day later."""
    first, second = two(hall, "medium-2")
    before = {stage.stage: stage for stage in detail(hall, second).stages}[Stage.HANDLE]
    desk, boss = closures_of(hall), boss_of(hall)
    owner = hall.actor(hall.code_of(hall.tasks(second)[HANDLE].owner))
    if suspended:
        hall.act(hall.tasks(second)[HANDLE], Action.ACCEPT, owner)
        hall.act(hall.tasks(second)[HANDLE], Action.SUSPEND, owner, note="no part", now_ms=at(23, 10))
    desk.merge(second, first, "one main", boss, at(23, 11 if suspended else 10))
    desk.unmerge(second, "two mains", boss, at(24, 10))
    found = detail(hall, second)
    handle = {stage.stage: stage for stage in found.stages if stage.ended_ms is None}[Stage.HANDLE]
    assert before.limit_ms == at(24, 9)
    assert handle.limit_ms == found.case.due_ms == hall.tasks(second)[HANDLE].due_ms == at(25, 9)
    accept = {stage.stage: stage for stage in found.stages if stage.ended_ms is None}[Stage.ACCEPT]
    assert accept.started_ms == at(24, 10)
    assert hall.tasks(second)[HANDLE].owner == owner.person
    assert (found.case.overdue, handle.late) == (False, False)


def test_what_was_late_before_the_merging_is_late_still(hall: Hall) -> None:
    """Merging and separating is no way out of a missed limit."""
    first, second = two(hall)
    hall.journal.tick(at(24, 17))
    assert detail(hall, second).case.overdue
    desk, boss = closures_of(hall), boss_of(hall)
    desk.merge(second, first, "one main", boss, at(24, 17, 1))
    desk.unmerge(second, "two mains", boss, at(25, 10))
    found = detail(hall, second)
    handle = {stage.stage: stage for stage in found.stages if stage.ended_ms is None}[Stage.HANDLE]
    assert (found.case.overdue, handle.late) == (True, True)


def test_who_may_take_a_merging_back_and_when(hall: Hall) -> None:
    """A supervisor, with a reason, while the other case is not handled; each refusal leaves no trace."""
    first, second = two(hall)
    desk, boss = closures_of(hall), boss_of(hall)
    with pytest.raises(Conflict, match="not been merged"):
        desk.unmerge(second, "x", boss, MONDAY_9)
    desk.merge(second, first, "one main", boss, MONDAY_9)
    lines = hall.count(tables.history)
    with pytest.raises(NotPermitted):
        desk.unmerge(second, "x", hall.actor("aa-m1"), MONDAY_9)
    with pytest.raises(Invalid):
        desk.unmerge(second, " ", boss, MONDAY_9)
    with pytest.raises(UnknownItem):
        desk.unmerge(99, "x", boss, MONDAY_9)
    assert hall.count(tables.history) == lines
    closed(hall, first, None)
    with pytest.raises(Conflict, match="no longer"):
        desk.unmerge(second, "x", boss, MONDAY_9)


def test_of_a_chain_the_last_merging_is_taken_back_first(hall: Hall) -> None:
    """The middle case comes back with what went into it, and that one comes back from there."""
    first, second = two(hall)
    hall.apply(change(OPENED, "alone", facility=hall.city.facility("aa-sp-01")))
    third = hall.cases()[-1].number
    desk, boss = closures_of(hall), boss_of(hall)
    desk.merge(third, second, "one main", boss, MONDAY_9)
    desk.merge(second, first, "one main", boss, MONDAY_9)
    with pytest.raises(Conflict, match="no longer"):
        desk.unmerge(third, "x", boss, MONDAY_9)
    desk.unmerge(second, "x", boss, MONDAY_9)
    assert [len(detail(hall, one).alarms) for one in (first, second, third)] == [1, 2, 0]
    desk.unmerge(third, "x", boss, MONDAY_9)
    assert [len(detail(hall, one).alarms) for one in (first, second, third)] == [1, 1, 1]


def test_a_case_that_took_in_what_somebody_reported_does_not_end_by_itself(hall: Hall) -> None:
    """The alarm of the other case clears; what people saw is still to be looked at."""
    first, second = two(hall)
    with hall.engine.begin() as connection:
        connection.execute(sa.update(tables.case).where(tables.case.c.number == second).values(reports=1))
    desk: Actor = boss_of(hall)
    closures_of(hall).merge(second, first, "one main", desk, MONDAY_9)
    for place in ("aa-sp-01", "aa-sp-02"):
        over = change(CLOSED, "medium", facility=hall.city.facility(place), stop=MONDAY_9 + HOUR)
        hall.apply(over, now_ms=MONDAY_9 + HOUR)
    assert detail(hall, first).case.state is CaseState.DISPATCHED
    assert hall.tasks(first)[VERIFY].state is TaskState.WAITING


def test_whoever_works_on_a_case_works_where_those_stood_that_went_into_it(hall: Hall) -> None:
    """A reported case brings no alarm; its facility is seen all the same, until the merging is taken back."""
    first, second = two(hall)
    owner, other = hall.tasks(first)[HANDLE].owner, hall.city.facility("aa-sp-02")
    assert owner is not None
    closures_of(hall).merge(second, first, "one main", boss_of(hall), MONDAY_9)
    with hall.engine.begin() as connection:
        table = tables.alarm
        connection.execute(sa.update(table).where(table.c.facility == other).values(case=None))
    assert hall.queries.works_on(owner, facility=other)
    with hall.engine.begin() as connection:
        for table in (closure_tables.merge_alarm, closure_tables.merge):
            connection.execute(sa.delete(table))
    assert not hall.queries.works_on(owner, facility=other)


def test_a_case_whose_alarms_are_off_ends_by_itself_when_it_is_separate(hall: Hall) -> None:
    """Nobody had begun, nothing is on: as any other."""
    first, second = two(hall)
    desk, boss = closures_of(hall), boss_of(hall)
    desk.merge(second, first, "one main", boss, MONDAY_9)
    over = change(CLOSED, "medium", facility=hall.city.facility("aa-sp-02"), stop=MONDAY_9 + HOUR)
    hall.apply(over, now_ms=MONDAY_9 + HOUR)
    desk.unmerge(second, "two mains", boss, MONDAY_9 + 2 * HOUR)
    ended, heir = (detail(hall, one).case.state for one in (second, first))
    assert (ended, heir) == (CaseState.CANCELLED, CaseState.DISPATCHED)


@pytest.mark.parametrize("merged", [False, True])
def test_a_clock_that_had_not_begun_when_it_was_stopped_has_lost_nothing(hall: Hall, *, merged: bool) -> None:
    """Filed at night with a limit of day and night from the morning on; stopped and going on before the morning.

    Found by the case machine.
    """
    rules = {**RULES, "medium": replace(RULES["medium"], deadline=Deadline(hours=8, clock=DeadlineClock.CONTINUOUS))}
    hall.journal = SqlJournal(hall.engine, rules=rules.get, source=hall.city.registry)
    hall.desk = SqlDesk(hall.engine, rules=rules.get, source=hall.city.registry)
    first, second = opened(hall, "aa-sp-01", now_ms=at(23, 20)), opened(hall, "aa-sp-02", now_ms=at(23, 20))
    assert detail(hall, second).case.due_ms == at(24, 16)
    desk, boss = closures_of(hall), boss_of(hall)
    if merged:
        desk.merge(second, first, "one main", boss, at(23, 21))
        desk.unmerge(second, "two mains", boss, at(23, 22))
    else:
        owner = hall.actor(hall.code_of(hall.tasks(second)[HANDLE].owner))
        hall.act(hall.tasks(second)[HANDLE], Action.ACCEPT, owner, now_ms=at(23, 20))
        hall.act(hall.tasks(second)[HANDLE], Action.SUSPEND, owner, note="no part", now_ms=at(23, 21))
        hall.act(hall.tasks(second)[HANDLE], Action.RESUME, owner, now_ms=at(24, 10))
    found = detail(hall, second)
    handle = {stage.stage: stage for stage in found.stages if stage.ended_ms is None}[Stage.HANDLE]
    assert handle.limit_ms == found.case.due_ms == (at(24, 16) if merged else at(24, 18))
