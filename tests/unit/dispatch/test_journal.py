"""From alarm to case: what opens, joins, clears, comes back, and never happens twice."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.alarms import AlarmState, ChangeKind, Severity, alarm_id
from core.cases import SYSTEM, Action, CaseState, TaskKind, TaskState
from core.errors import Unavailable
from core.ports.cases import AlarmFilter
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.policy import Policy
from tests.databases import interrupted
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, change

OPENED, CLOSED, REOPENED = ChangeKind.OPENED, ChangeKind.CLOSED, ChangeKind.REOPENED
MOVED, SPLIT, MERGED, RETRACTED = ChangeKind.MOVED, ChangeKind.SPLIT, ChangeKind.MERGED, ChangeKind.RETRACTED
STOP = MONDAY_9 + 10 * MINUTE


def pump(hall: Hall) -> int:
    return hall.city.facility("aa-sp-01")


def test_medium_alarm_opens_a_case_with_two_tasks(hall: Hall) -> None:
    """A medium alarm opens one case, repaired by the construction grid and verified by the governance grid."""
    hall.apply(change(OPENED, facility=pump(hall)))
    (case,) = hall.cases()
    tasks = hall.tasks()
    assert (case.state, case.code, case.overdue) == (CaseState.DISPATCHED, "C-2026-000001", False)
    assert hall.code_of(tasks[TaskKind.HANDLE].owner) == "aa-m1"
    assert hall.code_of(tasks[TaskKind.VERIFY].owner) == "aa-g1"
    assert (tasks[TaskKind.HANDLE].ready, tasks[TaskKind.VERIFY].ready) == (True, False)
    assert case.due_ms == MONDAY_9 + 10 * HOUR + 14 * HOUR  # 8 work hours from Monday 9:00 end on Tuesday 9:00


def test_info_never_opens_a_case(hall: Hall) -> None:
    """An info alarm is kept and never becomes a case, however long it lasts."""
    hall.apply(change(OPENED, "info", facility=pump(hall)))
    hall.journal.tick(MONDAY_9 + 24 * HOUR)
    assert hall.cases() == ()
    assert len(hall.queries.alarms(AlarmFilter(), PageRequest()).items) == 1


def test_low_alarm_waits_thirty_minutes(hall: Hall) -> None:
    """A low alarm opens its case at the first tick after 30 minutes on, and not when it has cleared before."""
    other = hall.city.facility("aa-sp-02")
    hall.apply(change(OPENED, "low", facility=pump(hall)), change(OPENED, "low", facility=other))
    hall.journal.tick(MONDAY_9 + 30 * MINUTE - 1)
    assert hall.cases() == ()
    hall.apply(change(CLOSED, "low", facility=other, stop=STOP), now_ms=STOP)
    hall.journal.tick(MONDAY_9 + 30 * MINUTE)
    hall.journal.tick(MONDAY_9 + 31 * MINUTE)
    assert [case.facility for case in hall.cases()] == [pump(hall)]


def test_second_alarm_joins_and_raises(hall: Hall) -> None:
    """Another rule of the family joins the open case, which takes the worse severity and the nearer limit."""
    hall.apply(change(OPENED, "medium", facility=pump(hall)))
    hall.apply(change(OPENED, "critical", facility=pump(hall)), now_ms=MONDAY_9 + MINUTE)
    (case,) = hall.cases()
    assert case.severity is Severity.CRITICAL
    assert case.due_ms == MONDAY_9 + MINUTE + HOUR
    assert hall.tasks()[TaskKind.HANDLE].due_ms == case.due_ms


def test_another_family_is_another_case(hall: Hall) -> None:
    """Families do not share cases."""
    hall.apply(change(OPENED, "medium", facility=pump(hall)), change(OPENED, "gas", facility=pump(hall)))
    assert len(hall.cases(open_only=True)) == 2


def test_cleared_before_accepted_is_self_cleared(hall: Hall) -> None:
    """If all alarms clear before somebody has accepted, the case is cancelled, its tasks with it."""
    hall.apply(change(OPENED, facility=pump(hall)), change(OPENED, "medium-2", facility=pump(hall)))
    hall.apply(change(CLOSED, facility=pump(hall), stop=STOP), now_ms=STOP)
    assert hall.cases()[0].state is CaseState.DISPATCHED
    hall.apply(change(CLOSED, "medium-2", facility=pump(hall), stop=STOP), now_ms=STOP)
    (case,) = hall.cases()
    assert (case.state, case.note) == (CaseState.CANCELLED, "self-cleared")
    assert {task.state for task in hall.tasks().values()} == {TaskState.CANCELLED}
    with hall.engine.connect() as connection:
        due = sa.select(sa.func.count()).where(tables.outbox.c.next_ms.is_not(None))
        assert connection.execute(due).scalar_one() == 0


def test_cleared_after_accepted_is_a_note(hall: Hall) -> None:
    """Once somebody is at work the clearing is a note in the history and a message, and the case goes on."""
    hall.apply(change(OPENED, facility=pump(hall)))
    hall.act(hall.tasks()[TaskKind.HANDLE], Action.ACCEPT, hall.actor("aa-m1"))
    hall.apply(change(CLOSED, facility=pump(hall), stop=STOP), now_ms=STOP)
    (case,) = hall.cases()
    assert case.state is CaseState.ACCEPTED
    detail = hall.queries.case(case.number)
    assert detail is not None
    assert "cleared" in [row.action for row in detail.history]


def test_latched_alarm_does_not_clear_itself(hall: Hall) -> None:
    """A gas alarm that went off by itself stays latched, and its case stays."""
    hall.apply(change(OPENED, "gas", facility=pump(hall)))
    hall.apply(change(CLOSED, "gas", facility=pump(hall), stop=STOP), now_ms=STOP)
    (alarm,) = hall.queries.alarms(AlarmFilter(), PageRequest()).items
    assert alarm.state is AlarmState.LATCHED_UNACKNOWLEDGED
    assert hall.cases()[0].state is CaseState.DISPATCHED
    actor = hall.actor("aa-g3")
    hall.desk.acknowledge(alarm.alarm_id, actor, STOP)
    assert hall.desk.reset(alarm.alarm_id, actor, STOP).state is AlarmState.NORMAL
    assert hall.cases()[0].state is CaseState.CANCELLED


def test_late_and_over_is_a_report_line(hall: Hall) -> None:
    """An alarm discovered late and over is recorded, opens nothing and asks for nothing."""
    hall.apply(change(OPENED, facility=pump(hall), stop=STOP, late=True), now_ms=MONDAY_9 + 5 * HOUR)
    assert hall.cases() == ()
    assert hall.queries.alarms(AlarmFilter(needs_attention=True), PageRequest()).items == ()
    assert len(hall.queries.alarms(AlarmFilter(), PageRequest()).items) == 1


def test_late_and_on_opens_a_case(hall: Hall) -> None:
    """An alarm discovered late that is still on opens its case."""
    hall.apply(change(OPENED, facility=pump(hall), late=True), now_ms=MONDAY_9 + 5 * HOUR)
    assert len(hall.cases(open_only=True)) == 1


def test_retracted_before_anybody_started(hall: Hall) -> None:
    """What never was has no case: it is cancelled as retracted."""
    hall.apply(change(OPENED, facility=pump(hall)))
    hall.apply(change(RETRACTED, facility=pump(hall)))
    (case,) = hall.cases()
    assert (case.state, case.note) == (CaseState.CANCELLED, "retracted")
    assert hall.journal.announced(0) == []


def test_retracted_and_opened_again_is_the_same_case(hall: Hall) -> None:
    """An alarm that was retracted by late data and restored by later ones reopens its case; there is no second one."""
    hall.apply(change(OPENED, facility=pump(hall)))
    hall.apply(change(RETRACTED, facility=pump(hall)))
    hall.apply(change(OPENED, facility=pump(hall), late=True), now_ms=MONDAY_9 + HOUR)
    (case,) = hall.cases()
    assert case.state is CaseState.DISPATCHED
    assert {task.state for task in hall.tasks().values()} == {TaskState.WAITING}
    assert len(hall.journal.announced(0)) == 1


def test_reopened_alarm_reopens_its_case(hall: Hall) -> None:
    """A clearing that late data take back reopens the self-cleared case."""
    hall.apply(change(OPENED, facility=pump(hall)))
    hall.apply(change(CLOSED, facility=pump(hall), stop=STOP), now_ms=STOP)
    hall.apply(change(REOPENED, facility=pump(hall)), now_ms=STOP + MINUTE)
    (case,) = hall.cases()
    assert case.state is CaseState.DISPATCHED


def test_case_cancelled_by_a_person_stays_cancelled(hall: Hall) -> None:
    """What a supervisor has cancelled the system does not bring back."""
    hall.apply(change(OPENED, facility=pump(hall)))
    boss = hall.actor("aa-m3", supervises=True)
    hall.act(hall.tasks()[TaskKind.HANDLE], Action.CANCEL, boss, note="drill")
    hall.apply(change(CLOSED, facility=pump(hall), stop=STOP), now_ms=STOP)
    hall.apply(change(REOPENED, facility=pump(hall)), now_ms=STOP + MINUTE)
    (case,) = hall.cases()
    assert (case.state, case.note) == (CaseState.CANCELLED, "drill")


def test_moved_alarm_keeps_its_case(hall: Hall) -> None:
    """A moved beginning is the same alarm and the same case."""
    hall.apply(change(OPENED, facility=pump(hall)))
    hall.apply(change(MOVED, facility=pump(hall), start=MONDAY_9 - HOUR, opened=MONDAY_9))
    assert len(hall.cases()) == 1
    (known,) = hall.journal.announced(0)
    assert known.interval.start_ms == MONDAY_9 - HOUR
    assert known.alarm_id == alarm_id("medium", pump(hall), MONDAY_9)


def test_split_makes_no_second_case(hall: Hall) -> None:
    """The second half of a split alarm belongs to the case of the first."""
    facility = pump(hall)
    hall.apply(change(OPENED, facility=facility))
    parent = alarm_id("medium", facility, MONDAY_9)
    hall.apply(
        change(MOVED, facility=facility, stop=STOP),
        change(SPLIT, facility=facility, start=STOP + MINUTE, into=parent),
        now_ms=STOP + 2 * MINUTE,
    )
    (case,) = hall.cases()
    assert case.state is CaseState.DISPATCHED
    detail = hall.queries.case(case.number)
    assert detail is not None
    assert len(detail.alarms) == 2


def test_split_of_a_self_cleared_alarm_reopens_the_case(hall: Hall) -> None:
    """If the first half had cleared and its case was cancelled, the half that is on reopens that case."""
    facility = pump(hall)
    hall.apply(change(OPENED, facility=facility))
    hall.apply(change(CLOSED, facility=facility, stop=STOP), now_ms=STOP)
    parent = alarm_id("medium", facility, MONDAY_9)
    hall.apply(change(SPLIT, facility=facility, start=STOP + MINUTE, into=parent), now_ms=STOP + 2 * MINUTE)
    (case,) = hall.cases()
    assert case.state is CaseState.DISPATCHED


def test_merged_and_split_again_is_the_same_alarm(hall: Hall) -> None:
    """An alarm that was merged away and splits off again comes back under its id, in the same case."""
    facility = pump(hall)
    later = STOP + MINUTE
    first = alarm_id("medium", facility, MONDAY_9)
    hall.apply(change(OPENED, facility=facility), change(MOVED, facility=facility, stop=STOP))
    hall.apply(change(OPENED, facility=facility, start=later), now_ms=later)
    before = len(hall.cases())
    hall.apply(
        change(MOVED, facility=facility), change(MERGED, facility=facility, start=later, into=first), now_ms=later
    )
    assert [known.alarm_id for known in hall.journal.announced(0)] == [first]
    hall.apply(change(MOVED, facility=facility, stop=STOP), change(SPLIT, facility=facility, start=later, into=first))
    assert len(hall.journal.announced(0)) == 2
    assert len(hall.cases()) == before
    assert len(hall.cases(open_only=True)) == 1


def test_unknown_rule_still_becomes_a_case(hall: Hall) -> None:
    """An alarm of a rule that has left the rule set is not lost."""
    hall.apply(change(OPENED, "gone-from-the-book", facility=pump(hall)))
    assert len(hall.cases(open_only=True)) == 1


def test_unknown_facility_goes_to_the_city(hall: Hall) -> None:
    """An alarm of a facility that nobody knows still gets somebody."""
    hall.apply(change(OPENED, facility=99_999))
    assert hall.code_of(hall.tasks()[TaskKind.HANDLE].owner) == "mgr"


def test_announced_answers_what_is_on_or_recent(hall: Hall) -> None:
    """Only alarms that are on, or were on at or after the given time, are announced."""
    facility = pump(hall)
    hall.apply(change(OPENED, facility=facility), change(CLOSED, facility=facility, stop=STOP), now_ms=STOP)
    hall.apply(change(OPENED, "high", facility=facility, start=STOP + HOUR), now_ms=STOP + HOUR)
    assert len(hall.journal.announced(STOP)) == 2
    assert [known.rule_id for known in hall.journal.announced(STOP + 1)] == ["high"]


def test_the_database_itself_refuses_a_second_open_case(hall: Hall) -> None:
    """Even code that forgets to look cannot open two cases of one facility and family."""
    hall.apply(change(OPENED, facility=pump(hall)))
    with hall.engine.connect() as connection:
        row = dict(connection.execute(sa.select(tables.case)).mappings().one())
        del row["number"]
        twin = row | {"code": "other", "opening_alarm": "other"}
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(sa.insert(tables.case).values(**twin))
        connection.execute(sa.insert(tables.case).values(**(twin | {"open": False})))
        connection.rollback()


def test_a_dead_database_is_unavailable(hall: Hall) -> None:
    """If the database does not answer, nothing is recorded and the caller may try again."""
    with interrupted(hall.engine, "dispatch_outbox"), pytest.raises(Unavailable):
        hall.apply(change(OPENED, facility=pump(hall)))
    assert hall.count(tables.alarm) == 0
    hall.apply(change(OPENED, facility=pump(hall)))
    assert hall.count(tables.case) == 1


def test_shelved_alarm_opens_no_case_until_the_shelf_falls(hall: Hall) -> None:
    """A shelved rule stays silent at its facility, also when it returns; what is still on when it ends opens a case."""
    facility = pump(hall)
    boss = hall.actor("mgr", supervises=True)
    hall.apply(change(OPENED, facility=facility), change(CLOSED, facility=facility, stop=STOP), now_ms=STOP)
    first = alarm_id("medium", facility, MONDAY_9)
    hall.desk.shelve(first, boss, STOP + HOUR, "repair under way", STOP)
    hall.apply(change(OPENED, facility=facility, start=STOP + MINUTE), now_ms=STOP + MINUTE)
    hall.journal.tick(STOP + 59 * MINUTE)
    assert hall.cases(open_only=True) == ()
    hall.journal.tick(STOP + HOUR)
    (case,) = hall.cases()
    assert (case.state, case.note) == (CaseState.DISPATCHED, ""), "the same incident goes on"
    history = hall.queries.alarm(alarm_id("medium", facility, STOP + MINUTE))
    assert history is not None
    assert history.history[-1].event == "shelving_ended"
    assert history.history[-1].actor == SYSTEM


def test_an_old_opening_is_ignored(hall: Hall) -> None:
    """The opening of an alarm that is known already does not put it on again."""
    opening = change(OPENED, facility=pump(hall))
    hall.apply(opening)
    hall.apply(change(CLOSED, facility=pump(hall), stop=STOP), now_ms=STOP)
    hall.apply(opening, now_ms=STOP)
    (known,) = hall.journal.announced(0)
    assert known.interval.stop_ms == STOP
    assert hall.cases()[0].state is CaseState.CANCELLED


def test_what_comes_again_soon_goes_on_with_the_case_that_ended_with_it(hall: Hall) -> None:
    """Four times within ten minutes are four alarms and one case; after a longer pause it is another one."""
    pump = hall.city.facility("aa-sp-01")
    for place in range(4):
        start_ms = MONDAY_9 + place * 2 * MINUTE
        hall.apply(change(ChangeKind.OPENED, facility=pump, start=start_ms), now_ms=start_ms)
        (case,) = hall.cases()
        assert case.state is CaseState.DISPATCHED
        stop_ms = start_ms + MINUTE
        hall.apply(change(ChangeKind.CLOSED, facility=pump, start=start_ms, stop=stop_ms), now_ms=stop_ms)
        (case,) = hall.cases()
        assert (case.state, case.note) == (CaseState.CANCELLED, "self-cleared")
    other_ms = MONDAY_9 + 8 * MINUTE
    hall.apply(change(ChangeKind.OPENED, "medium-2", facility=pump, start=other_ms), now_ms=other_ms)
    assert len(hall.cases()) == 2, "another rule is another incident"
    hall.apply(
        change(ChangeKind.CLOSED, "medium-2", facility=pump, start=other_ms, stop=other_ms + 1), now_ms=other_ms + 1
    )
    later_ms = MONDAY_9 + 7 * MINUTE + Policy().again_within_ms
    hall.apply(change(ChangeKind.OPENED, facility=pump, start=later_ms), now_ms=later_ms)
    assert len(hall.cases()) == 2
    hall.apply(change(ChangeKind.CLOSED, facility=pump, start=later_ms, stop=later_ms + 1), now_ms=later_ms + 1)
    late_ms = later_ms + 2 + Policy().again_within_ms
    hall.apply(change(ChangeKind.OPENED, facility=pump, start=late_ms), now_ms=late_ms)
    assert len(hall.cases()) == 3


def test_alarms_that_open_together_ask_once_for_the_cases_of_their_facilities(hall: Hall) -> None:
    """The open cases of all facilities of a batch are one question; none is asked facility by facility."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM dispatch_case" in statement and "dispatch_case.open" in statement.partition("WHERE")[2]:
            asked.append(statement)

    sa.event.listen(hall.engine, "before_cursor_execute", note)
    pumps = ("aa-sp-01", "aa-sp-02", "aa-li-01")
    hall.apply(*(change(OPENED, facility=hall.city.facility(code)) for code in pumps))
    sa.event.remove(hall.engine, "before_cursor_execute", note)
    assert len(hall.cases()) == 3
    assert len([one for one in asked if "dispatch_case.facility IN" in one]) == 1
    assert not [one for one in asked if "dispatch_case.family = " in one]
