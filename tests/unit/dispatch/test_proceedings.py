"""Extension, supervision, appeal and the ladder: what people and the clock do beside the states of a case."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from core.alarms import ChangeKind
from core.cases import PROCEEDINGS, Action, CaseState, Conflict, NotPermitted, TaskKind, TaskState
from core.errors import Invalid
from core.ports.cases import TaskDetail
from core.stages import LadderStep, LimitUnit, ProceedingKind, ProceedingState, Stage, StageLight, SupervisionLevel
from dispatch import tables
from dispatch.findings import ACTIONS
from dispatch.messages import KINDS
from dispatch.proceedings import PROCEEDING_TABLE
from dispatch.worktime import SHANGHAI
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, change

HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY
DAY = 24 * HOUR


def opened(hall: Hall, rule_id: str = "medium", start_ms: int = MONDAY_9) -> None:
    one = change(ChangeKind.OPENED, rule_id, facility=hall.city.facility("aa-sp-01"), start=start_ms)
    hall.apply(one, now_ms=start_ms)


def seen(hall: Hall, who: str, now_ms: int, kind: TaskKind = HANDLE) -> TaskDetail:
    actor = hall.actor(who, supervises=who in {"aa-m3", "mgr", "mgr-a"})
    found = hall.queries.task(hall.tasks()[kind].number, actor, now_ms=now_ms)
    assert found is not None
    return found


def does(hall: Hall, who: str, action: Action, now_ms: int, kind: TaskKind = HANDLE, **values: object) -> None:
    actor = hall.actor(who, supervises=who in {"aa-m3", "mgr", "mgr-a"})
    values = {"note": "because"} | values
    hall.act(hall.tasks()[kind], action, actor, now_ms=now_ms, **values)  # type: ignore[arg-type]


def messages(hall: Hall, kind: str) -> list[str]:
    table = tables.outbox
    query = sa.select(table.c.person).where(table.c.kind == kind).order_by(table.c.id)
    with hall.engine.connect() as connection:
        return [hall.code_of(person) for person in dict.fromkeys(connection.execute(query).scalars())]


def test_an_extension_moves_the_limit_and_is_counted(hall: Hall) -> None:
    """Asked for by the owner, granted by a supervisor: case, task and clock have until then; the history says why."""
    opened(hall)
    does(hall, "aa-m1", Action.ACCEPT, MONDAY_9)
    before = hall.cases()[0].due_ms
    assert before is not None
    wished = before + 2 * HOUR
    does(hall, "aa-m1", Action.EXTEND, MONDAY_9 + HOUR, note="part on order", until_ms=wished)
    assert messages(hall, "extension_asked") == ["aa-m3"]
    assert hall.cases()[0].due_ms == before
    does(hall, "aa-m3", Action.GRANT, MONDAY_9 + HOUR, note="part comes tomorrow")
    (case,) = hall.cases()
    assert (case.due_ms, case.extensions, hall.tasks()[HANDLE].due_ms) == (wished, 1, wished)
    assert messages(hall, "extension_granted") == ["aa-m1"]
    detail = hall.queries.case(case.number)
    assert detail is not None
    clock = next(row for row in detail.stages if row.stage is Stage.HANDLE)
    assert (clock.limit_ms, clock.extended, clock.amount, clock.unit) == (wished, 1, 1, LimitUnit.WORK_DAY)
    (one,) = detail.proceedings
    assert (one.state, one.reason, one.ruling) == (ProceedingState.GRANTED, "part on order", "part comes tomorrow")
    lines = [(row.action, row.actor, row.note) for row in detail.history if row.action in PROCEEDINGS]
    assert lines == [("extend", "aa-m1", "part on order"), ("grant", "aa-m3", "part comes tomorrow")]


def test_two_extensions_are_granted_at_most_and_a_refusal_does_not_count(hall: Hall) -> None:
    """After two grants nobody may ask again; a refusal before leaves both."""
    opened(hall)
    does(hall, "aa-m1", Action.ACCEPT, MONDAY_9)
    for action in (Action.REFUSE, Action.GRANT, Action.GRANT):
        until_ms = seen(hall, "aa-m1", MONDAY_9).extension_until_ms
        does(hall, "aa-m1", Action.EXTEND, MONDAY_9, until_ms=until_ms)
        does(hall, "aa-m3", action, MONDAY_9)
    assert hall.cases()[0].extensions == 2
    assert Action.EXTEND not in seen(hall, "aa-m1", MONDAY_9).actions
    with pytest.raises(Conflict) as caught:
        does(hall, "aa-m1", Action.EXTEND, MONDAY_9, until_ms=MONDAY_9 + DAY)
    assert caught.value.code == "granted_before"


def test_an_extension_wants_a_moment_within_reach_and_comes_in_time(hall: Hall) -> None:
    """Neither before the limit nor more than one original limit after it, and not when the limit has passed."""
    opened(hall, "high")
    does(hall, "aa-m1", Action.ACCEPT, MONDAY_9)
    due_ms = MONDAY_9 + 2 * HOUR
    for until_ms in (None, due_ms, due_ms + 2 * HOUR + 1):
        with pytest.raises(Invalid, match="original limit"):
            does(hall, "aa-m1", Action.EXTEND, MONDAY_9, until_ms=until_ms)
    with pytest.raises(Invalid, match="reason"):
        does(hall, "aa-m1", Action.EXTEND, MONDAY_9, note=" ", until_ms=due_ms + HOUR)
    with pytest.raises(Conflict) as caught:
        does(hall, "aa-m1", Action.EXTEND, due_ms + 1, until_ms=due_ms + HOUR)
    assert caught.value.code == "too_late"
    with pytest.raises(NotPermitted):
        does(hall, "aa-m3", Action.EXTEND, MONDAY_9, until_ms=due_ms + HOUR)


def test_nobody_decides_on_their_own_request(hall: Hall) -> None:
    """A supervisor at work asks like everybody, and somebody else grants; while it is paused nothing is granted."""
    opened(hall)
    boss = hall.actor("aa-m3", supervises=True)
    hall.act(hall.tasks()[HANDLE], Action.TRANSFER, boss, note="mine", to_person=boss.person)
    does(hall, "aa-m3", Action.ACCEPT, MONDAY_9)
    until_ms = seen(hall, "aa-m3", MONDAY_9).extension_until_ms
    does(hall, "aa-m3", Action.EXTEND, MONDAY_9, until_ms=until_ms)
    with pytest.raises(Conflict) as caught:
        does(hall, "aa-m3", Action.GRANT, MONDAY_9)
    assert caught.value.code == "own_request"
    does(hall, "aa-m3", Action.SUSPEND, MONDAY_9)
    with pytest.raises(Conflict):
        does(hall, "mgr", Action.GRANT, MONDAY_9)
    does(hall, "mgr", Action.REFUSE, MONDAY_9)
    assert messages(hall, "extension_refused") == ["aa-m3"]


def handled(hall: Hall) -> None:
    """A case that has been repaired, and whose verifier has accepted."""
    opened(hall)
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        does(hall, "aa-m1", action, MONDAY_9)
    does(hall, "aa-g1", Action.ACCEPT, MONDAY_9, VERIFY)


def verification(hall: Hall) -> tuple[int | None, int, int]:
    """The newest run of the clock of verifying: its limit, how often it was moved, and that of the task."""
    detail = hall.queries.case(hall.cases()[0].number)
    assert detail is not None
    clock = [row for row in detail.stages if row.stage is Stage.VERIFY][-1]
    return hall.tasks()[VERIFY].due_ms, clock.limit_ms, clock.extended


def test_the_limit_of_a_verification_is_extended_likewise(hall: Hall) -> None:
    """Asked for by the verifier, granted by their supervisor: task and clock have until then, the repair stays."""
    handled(hall)
    before, case_due = hall.tasks()[VERIFY].due_ms, hall.cases()[0].due_ms
    assert before is not None
    until_ms = seen(hall, "aa-g1", MONDAY_9, VERIFY).extension_until_ms
    assert until_ms is not None
    assert until_ms > before
    does(hall, "aa-g1", Action.EXTEND, MONDAY_9, VERIFY, note="shop is closed", until_ms=until_ms)
    with pytest.raises(Invalid, match="original limit"):
        does(hall, "mgr", Action.GRANT, MONDAY_9, VERIFY, until_ms=until_ms + 1)
    does(hall, "mgr", Action.GRANT, MONDAY_9, VERIFY)
    assert verification(hall) == (until_ms, until_ms, 1)
    assert (hall.cases()[0].due_ms, hall.cases()[0].extensions) == (case_due, 0)
    assert messages(hall, "extension_granted") == ["aa-g1"]
    hall.journal.tick(before + MINUTE)
    assert not hall.tasks()[VERIFY].overdue
    hall.journal.tick(until_ms + MINUTE)
    assert hall.tasks()[VERIFY].overdue


def test_two_extensions_of_a_verification_and_none_before_it(hall: Hall) -> None:
    """The first look has no limit that is moved; nor may who has not accepted ask, nor anybody a third time."""
    opened(hall)
    does(hall, "aa-g1", Action.ACCEPT, MONDAY_9, VERIFY)
    assert Action.EXTEND not in seen(hall, "aa-g1", MONDAY_9, VERIFY).actions
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        does(hall, "aa-m1", action, MONDAY_9)
    for action in (Action.REFUSE, Action.GRANT, Action.GRANT):
        until_ms = seen(hall, "aa-g1", MONDAY_9, VERIFY).extension_until_ms
        does(hall, "aa-g1", Action.EXTEND, MONDAY_9, VERIFY, until_ms=until_ms)
        does(hall, "mgr", action, MONDAY_9, VERIFY)
    with pytest.raises(Conflict) as caught:
        does(hall, "aa-g1", Action.EXTEND, MONDAY_9, VERIFY, until_ms=MONDAY_9 + 30 * DAY)
    assert caught.value.code == "granted_before"
    assert hall.cases()[0].extensions == 0


def test_an_extension_of_a_verification_lapses_with_its_verdict(hall: Hall) -> None:
    """Rejected before anybody decided: the request lapses, and the next verification has its own limit."""
    handled(hall)
    until_ms = seen(hall, "aa-g1", MONDAY_9, VERIFY).extension_until_ms
    does(hall, "aa-g1", Action.EXTEND, MONDAY_9, VERIFY, until_ms=until_ms)
    does(hall, "aa-g1", Action.REJECT, MONDAY_9, VERIFY)
    detail = hall.queries.case(hall.cases()[0].number)
    assert detail is not None
    assert [one.state for one in detail.proceedings] == [ProceedingState.LAPSED]
    with pytest.raises(Conflict):
        does(hall, "mgr", Action.GRANT, MONDAY_9, VERIFY)


def test_a_supervision_has_a_clock_of_its_own(hall: Hall) -> None:
    """General within a working day; raised to listed within two hours; unanswered, both grids' heads hear of it."""
    opened(hall)
    does(hall, "mgr", Action.SUPERVISE, MONDAY_9, note="the street has called", level=SupervisionLevel.GENERAL)
    assert hall.cases()[0].supervised == "general"
    (one,) = seen(hall, "aa-m1", MONDAY_9).proceedings
    assert one.due_ms == MONDAY_9 + DAY
    with pytest.raises(Invalid, match="level"):
        does(hall, "mgr", Action.SUPERVISE, MONDAY_9, level=SupervisionLevel.GENERAL)
    does(hall, "mgr", Action.SUPERVISE, MONDAY_9, level=SupervisionLevel.LISTED)
    hall.journal.tick(MONDAY_9 + 2 * HOUR)
    assert messages(hall, "supervision_unanswered") == []
    hall.journal.tick(MONDAY_9 + 2 * HOUR + 1)
    hall.journal.tick(MONDAY_9 + 2 * HOUR + 2)
    owner = hall.code_of(hall.tasks()[HANDLE].owner)
    assert set(messages(hall, "supervision_unanswered")) == {owner, "mgr", "aa-m3", "aa-g3"}
    does(hall, owner, Action.ANSWER, MONDAY_9 + 3 * HOUR, note="pump is on the way")
    (one,) = seen(hall, "aa-m1", MONDAY_9).proceedings
    assert (one.state, one.overdue, one.answer) == (ProceedingState.ANSWERED, True, "pump is on the way")
    does(hall, "mgr-a", Action.LIFT, MONDAY_9 + 3 * HOUR, note="enough")
    assert hall.cases()[0].supervised == ""


def test_what_is_undecided_lapses_with_its_case(hall: Hall) -> None:
    """A handled case needs no extension any more; a cancelled one no supervision."""
    opened(hall)
    does(hall, "aa-m1", Action.ACCEPT, MONDAY_9)
    does(hall, "mgr", Action.SUPERVISE, MONDAY_9, level=SupervisionLevel.KEY)
    does(hall, "aa-m1", Action.EXTEND, MONDAY_9, until_ms=seen(hall, "aa-m1", MONDAY_9).extension_until_ms)
    does(hall, "aa-m1", Action.ARRIVE, MONDAY_9)
    does(hall, "aa-m1", Action.HANDLE, MONDAY_9)
    supervision, extension = seen(hall, "mgr", MONDAY_9).proceedings
    assert (extension.state, supervision.state) == (ProceedingState.LAPSED, ProceedingState.STANDING)
    does(hall, "aa-g1", Action.ACCEPT, MONDAY_9, VERIFY)
    does(hall, "aa-g1", Action.VERIFY, MONDAY_9, VERIFY)
    assert hall.cases()[0].supervised == ""
    assert seen(hall, "mgr", MONDAY_9).proceedings[0].state is ProceedingState.LAPSED


def closed_late(hall: Hall) -> int:
    """A case that was handled two hours late and closed; when."""
    opened(hall, "high")
    late_ms = MONDAY_9 + 4 * HOUR
    does(hall, "aa-m1", Action.ACCEPT, MONDAY_9)
    hall.journal.tick(late_ms - HOUR)
    does(hall, "aa-m1", Action.ARRIVE, late_ms)
    does(hall, "aa-m1", Action.HANDLE, late_ms)
    does(hall, "aa-g1", Action.ACCEPT, late_ms, VERIFY)
    does(hall, "aa-g1", Action.VERIFY, late_ms, VERIFY)
    return late_ms


def test_an_upheld_appeal_keeps_the_raw_fact(hall: Hall) -> None:
    """Two others review it; the case is excused and stays late, as do its stages, and a copy lies with the appeal."""
    at_ms = closed_late(hall)
    does(hall, "aa-m1", Action.APPEAL, at_ms + HOUR, note="the road was closed")
    does(hall, "aa-m3", Action.ENDORSE, at_ms + HOUR)
    with pytest.raises(Conflict) as caught:
        does(hall, "aa-m3", Action.UPHOLD, at_ms + HOUR)
    assert caught.value.code == "reviewed_it"
    does(hall, "mgr", Action.UPHOLD, at_ms + HOUR, note="so it was")
    (case,) = hall.cases()
    assert (case.overdue, case.excused, case.state) == (True, True, CaseState.CLOSED)
    found = seen(hall, "aa-m1", at_ms)
    (appeal,) = found.proceedings
    assert appeal.facts is not None
    assert (appeal.facts.overdue, appeal.facts.met_ms, appeal.facts.rejections) == (True, at_ms, 0)
    assert (appeal.endorsed_by, appeal.decided_by, appeal.ruling) == ("aa-m3", "mgr", "so it was")
    assert [row.late for row in found.stages if row.stage is Stage.HANDLE] == [True]
    with pytest.raises(Conflict) as again:
        does(hall, "aa-m1", Action.APPEAL, at_ms + HOUR)
    assert again.value.code == "granted_before"


def test_an_appeal_needs_something_against_one_and_comes_in_time(hall: Hall) -> None:
    """What was in time is not appealed, nor what is still open, nor after seven days, nor by somebody else."""
    opened(hall)
    with pytest.raises(NotPermitted):
        does(hall, "aa-m2", Action.APPEAL, MONDAY_9)
    does(hall, "aa-m1", Action.ACCEPT, MONDAY_9)
    with pytest.raises(Conflict) as early:
        does(hall, "aa-m1", Action.APPEAL, MONDAY_9)
    assert early.value.code == "not_now"
    does(hall, "aa-m1", Action.ARRIVE, MONDAY_9)
    does(hall, "aa-m1", Action.HANDLE, MONDAY_9)
    does(hall, "aa-g1", Action.ACCEPT, MONDAY_9, VERIFY)
    does(hall, "aa-g1", Action.VERIFY, MONDAY_9, VERIFY)
    with pytest.raises(Conflict) as caught:
        does(hall, "aa-m1", Action.APPEAL, MONDAY_9)
    assert caught.value.code == "nothing_to_appeal"


def test_an_appeal_is_heard_for_seven_days_and_dismissed_by_one(hall: Hall) -> None:
    """At the last moment it is heard, a millisecond later not; dismissed, the case is not excused."""
    at_ms = closed_late(hall)
    with pytest.raises(Conflict) as caught:
        does(hall, "aa-m1", Action.APPEAL, at_ms + 7 * DAY + 1)
    assert caught.value.code == "too_late"
    does(hall, "aa-m1", Action.APPEAL, at_ms + 7 * DAY)
    does(hall, "aa-m3", Action.DISMISS, at_ms + 7 * DAY, note="no")
    assert (hall.cases()[0].excused, hall.cases()[0].overdue) == (False, True)
    assert seen(hall, "mgr", at_ms).proceedings[0].kind is ProceedingKind.APPEAL


def test_the_stages_of_the_main_way(hall: Hall) -> None:
    """Accept, arrive, handle and verify each have a row with beginning, limit, end and light; rework adds more."""
    opened(hall)
    at_ms = MONDAY_9
    for who, action, kind in (
        ("aa-m1", Action.ACCEPT, HANDLE),
        ("aa-m1", Action.ARRIVE, HANDLE),
        ("aa-m1", Action.HANDLE, HANDLE),
        ("aa-g1", Action.ACCEPT, VERIFY),
        ("aa-g1", Action.REJECT, VERIFY),
        ("aa-m1", Action.ACCEPT, HANDLE),
    ):
        at_ms += 10 * MINUTE
        does(hall, who, action, at_ms, kind)
    found = [(row.stage.value, row.started_ms, row.ended_ms, row.ended_by) for row in seen(hall, "mgr", at_ms).stages]
    t = [MONDAY_9 + n * 10 * MINUTE for n in range(7)]
    assert found == [
        ("accept", t[0], t[1], "accept"),
        ("handle", t[0], t[3], "handle"),
        ("arrive", t[1], t[2], "arrive"),
        ("verify", t[3], t[5], "reject"),
        ("handle", t[5], None, ""),
        ("accept", t[5], t[6], "accept"),
        ("arrive", t[6], None, ""),
    ]
    assert {row.light(at_ms) for row in seen(hall, "mgr", at_ms).stages} == {StageLight.GREEN}


def test_the_ladder_is_climbed_rung_by_rung(hall: Hall) -> None:
    """Nobody takes a critical task: its worker at half of the five minutes, then the next on shift, then the leads."""
    opened(hall, "critical")
    owner = hall.code_of(hall.tasks()[HANDLE].owner)
    hall.journal.tick(MONDAY_9 + 150_000)
    assert messages(hall, "accept_person") == []
    hall.journal.tick(MONDAY_9 + 150_001)
    assert messages(hall, "accept_person") == [owner]
    hall.journal.tick(MONDAY_9 + 4 * MINUTE + 1)
    (helper,) = messages(hall, "accept_on_duty")
    assert helper not in {owner, ""}
    hall.journal.tick(MONDAY_9 + 5 * MINUTE + 1)
    assert messages(hall, "escalated") != []
    assert messages(hall, "accept_supervisor") == []  # the limit of the task has told them
    hall.journal.tick(MONDAY_9 + 10 * MINUTE + 1)
    assert set(messages(hall, "accept_leads")) == {"aa-m3", "aa-g3"}
    stage = next(row for row in seen(hall, "mgr", MONDAY_9).stages if row.stage is Stage.ACCEPT)
    assert (stage.reached, stage.late, hall.cases()[0].escalated) == (LadderStep.LEADS, True, 2)
    before = hall.count(tables.history)
    hall.journal.tick(MONDAY_9 + 10 * MINUTE + 2)
    assert hall.count(tables.history) == before


def test_a_suspension_stops_all_clocks_and_ends_by_itself(hall: Hall) -> None:
    """From Friday to Monday nothing of a working limit is used; at its end the system resumes and tells the owner."""
    friday_16 = int(datetime(2026, 11, 27, 16, tzinfo=SHANGHAI).timestamp() * 1000)
    monday_8 = friday_16 + 64 * HOUR
    opened(hall, start_ms=friday_16)
    does(hall, "aa-m1", Action.ACCEPT, friday_16)
    due_ms = hall.cases()[0].due_ms
    with pytest.raises(Invalid, match="365 days"):
        does(hall, "aa-m1", Action.SUSPEND, friday_16 + 2 * HOUR, until_ms=friday_16 + 400 * DAY)
    does(hall, "aa-m1", Action.SUSPEND, friday_16 + 2 * HOUR, note="no access", until_ms=monday_8)
    hall.journal.tick(monday_8 - 1)
    assert hall.tasks()[HANDLE].state is TaskState.SUSPENDED
    hall.journal.tick(monday_8)
    (case,) = hall.cases()
    assert (case.state, case.due_ms) == (CaseState.ACCEPTED, due_ms)
    assert messages(hall, "resumed") == ["aa-m1"]
    clock = next(row for row in seen(hall, "mgr", monday_8).stages if row.stage is Stage.HANDLE)
    assert (clock.limit_ms, clock.paused_ms) == (due_ms, 62 * HOUR)


def test_a_cancelled_case_leaves_no_task_behind(hall: Hall) -> None:
    """Whoever was at work on it has nothing left in the queue."""
    opened(hall)
    does(hall, "aa-m1", Action.ACCEPT, MONDAY_9)
    does(hall, "mgr", Action.CANCEL, MONDAY_9)
    assert {task.state for task in hall.tasks().values()} == {TaskState.CANCELLED}
    assert set(messages(hall, "cancelled")) == {"aa-m1", "aa-g1"}


def test_every_step_has_words_and_messages() -> None:
    """Actions and the messages of all stages and steps exist in both languages."""
    assert {action for _, _, action in PROCEEDING_TABLE} == PROCEEDINGS
    assert {action.value for action in Action} <= ACTIONS.keys()
    assert {f"{stage}_{step}" for stage in Stage for step in LadderStep} <= KINDS.keys()
