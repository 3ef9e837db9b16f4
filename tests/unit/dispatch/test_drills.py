"""Test alarms: the way of a real one, once for ever, and without any weight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.alarms import AlarmKind, ChangeKind, Severity
from core.cases import Action, CaseState, Conflict, NotPermitted, TaskKind
from core.ports.cases import AlarmFilter, CaseFilter, TaskFilter, TaskRow
from core.ports.drills import Drill, DrillEnd
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.drills import SqlDrills
from dispatch.journal import SqlJournal
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, build_hall, change, rule, wipe

SATURDAY_23 = MONDAY_9 - 34 * HOUR


@pytest.fixture(scope="module")
def shared_hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    made = build_hall(tmp_path_factory.mktemp("hall"))
    yield made
    made.engine.dispose()


def drills(hall: Hall) -> SqlDrills:
    return SqlDrills(hall.engine, rules=RULES.get, source=hall.city.registry)


def opened(hall: Hall, call: str = "one", rule_id: str = "medium", now_ms: int = MONDAY_9) -> Drill:
    return drills(hall).open(call, hall.city.facility("aa-sp-01"), rule_id, now_ms)


@pytest.mark.parametrize("rule_id", ["critical", "high", "medium", "low", "alone", "gas"])
@pytest.mark.parametrize("now_ms", [MONDAY_9, SATURDAY_23])
def test_a_drill_reaches_exactly_the_people_of_a_real_alarm(hall: Hall, rule_id: str, now_ms: int) -> None:
    """Every rule, by day and at night: the test's tasks belong to those whom the real alarm would have reached."""
    facility = hall.city.facility("aa-sp-01")
    drill = opened(hall, "one", rule_id, now_ms)
    tested = [(post.person, post.kind, post.grid) for post in drill.posts]
    wipe(hall)
    hall.apply(change(ChangeKind.OPENED, rule_id, facility=facility, start=now_ms - HOUR), now_ms=now_ms)
    hall.journal.tick(now_ms)
    real = [(task.owner, task.kind, task.grid) for task in sorted(hall.tasks().values(), key=lambda task: task.number)]
    assert tested == real
    assert tested[0][0] is not None


def test_the_same_call_is_answered_alike_for_ever(hall: Hall) -> None:
    """Repeated while it is open, after its end, days later: one alarm, one case."""
    first = opened(hall)
    assert opened(hall, now_ms=MONDAY_9 + MINUTE) == first
    hall.journal.tick(MONDAY_9 + 31 * MINUTE)
    late = opened(hall, now_ms=MONDAY_9 + 48 * HOUR)
    assert (late.number, late.end, late.ended_ms) == (first.number, DrillEnd.UNCONFIRMED, MONDAY_9 + 31 * MINUTE)
    assert (hall.count(tables.case), hall.count(tables.alarm)) == (1, 1)
    assert drills(hall).find("one") == late
    assert drills(hall).find("other") is None


def test_a_second_call_joins_the_open_case(hall: Hall) -> None:
    """Two technicians, one facility: one case, and both learn of its end."""
    first, second = opened(hall, "one"), opened(hall, "two", now_ms=MONDAY_9 + MINUTE)
    assert (first.joined, second.joined) == (False, True)
    assert first.number == second.number
    hall.act(_tasks(hall)[TaskKind.HANDLE], Action.CONFIRM, hall.actor("aa-m1"), now_ms=MONDAY_9 + 2 * MINUTE)
    for call in ("one", "two"):
        found = drills(hall).find(call)
        assert found is not None
        assert found.end is DrillEnd.CONFIRMED
    assert opened(hall, "three", now_ms=MONDAY_9 + 3 * MINUTE).number != first.number


def test_confirming_ends_everything_of_it(hall: Hall) -> None:
    """The handling worker's confirmation closes the case, its alarm and the other task, and is dated."""
    opened(hall)
    when = MONDAY_9 + 2 * MINUTE
    hall.act(_tasks(hall)[TaskKind.HANDLE], Action.CONFIRM, hall.actor("aa-m1"), now_ms=when)
    found = drills(hall).find("one")
    assert found is not None
    assert (found.end, found.ended_ms, found.posts[0].confirmed_ms) == (DrillEnd.CONFIRMED, when, when)
    assert not any(task.state in {"waiting", "accepted"} for task in _tasks(hall).values())
    (alarm,) = hall.queries.alarms(AlarmFilter(drills=True), PageRequest()).items
    assert (alarm.kind, alarm.stop_ms) == (AlarmKind.TEST, when)
    assert hall.queries.queue(hall.city.person("aa-m1"), when) == []
    (case,) = hall.queries.cases(CaseFilter(drills=True), PageRequest()).items
    assert (case.state, case.drill, case.overdue, case.due_ms) == (CaseState.CLOSED, True, False, None)


def test_the_other_grid_may_confirm_too_and_the_case_goes_on(hall: Hall) -> None:
    """The supporting worker's confirmation is noted; the handling worker's is still awaited."""
    opened(hall)
    task = _tasks(hall)[TaskKind.VERIFY]
    hall.act(task, Action.CONFIRM, hall.actor(hall.code_of(task.owner)), now_ms=MONDAY_9 + MINUTE)
    found = drills(hall).find("one")
    assert found is not None
    assert [post.confirmed_ms for post in found.posts] == [None, MONDAY_9 + MINUTE]
    assert found.end is None


def test_nothing_but_confirming_can_be_done_with_a_drill(hall: Hall) -> None:
    """No accepting, returning, transferring; a stranger cannot confirm; a real task cannot be confirmed."""
    opened(hall)
    task = _tasks(hall)[TaskKind.HANDLE]
    owner, foreman = hall.actor("aa-m1"), hall.actor("aa-m3", supervises=True)
    for action in set(Action) - {Action.CONFIRM, Action.CANCEL}:
        with pytest.raises(Conflict):
            hall.act(task, action, owner, note="why")
    detail = hall.queries.task(task.number, owner)
    assert detail is not None
    assert detail.actions == (Action.CONFIRM,)
    with pytest.raises(NotPermitted):
        hall.act(task, Action.CONFIRM, hall.actor("bb-m1"))
    hall.act(task, Action.CANCEL, foreman, note="wrong facility")
    found = drills(hall).find("one")
    assert found is not None
    assert found.end is DrillEnd.CANCELLED
    hall.apply(change(ChangeKind.OPENED, facility=hall.city.facility("aa-sp-02")))
    with pytest.raises(Conflict):
        hall.act(hall.tasks()[TaskKind.HANDLE], Action.CONFIRM, owner)


def test_a_drill_counts_nowhere(hall: Hall) -> None:
    """Overview, lists, loads, limits, escalation: all as if it were not there; only queues and its own list show it."""
    before = hall.queries.overview()
    opened(hall, rule_id="critical")
    assert hall.queries.overview() == before
    assert hall.cases() == ()
    assert hall.queries.alarms(AlarmFilter(), PageRequest()).items == ()
    assert hall.queries.tasks(TaskFilter(), PageRequest()).items == ()
    assert hall.journal.announced(0) == []
    for minutes in range(0, 29, 4):
        hall.journal.tick(MONDAY_9 + minutes * MINUTE)
    tasks = _tasks(hall).values()
    assert [(task.overdue, task.due_ms, task.drill) for task in tasks] == [(False, None, True)] * 2
    (case,) = hall.queries.cases(CaseFilter(drills=True), PageRequest()).items
    assert (case.escalated, case.severity) == (0, Severity.INFO)
    assert [task.drill for task in hall.queries.queue(hall.city.person("aa-m1"), MONDAY_9)] == [True]


def test_drills_do_not_change_who_gets_the_real_alarms(hall: Hall) -> None:
    """A worker with many test tasks is as free as before."""
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(ChangeKind.OPENED, facility=facility))
    wanted = {kind: task.owner for kind, task in hall.tasks().items()}
    wipe(hall)
    for number in range(14):
        opened(hall, f"call-{number}")
        hall.act(_tasks(hall)[TaskKind.HANDLE], Action.CONFIRM, hall.actor("aa-m1"))
    opened(hall, "last")
    hall.apply(change(ChangeKind.OPENED, facility=facility))
    assert {kind: task.owner for kind, task in hall.tasks().items()} == wanted
    assert hall.cases()[-1].drill is False


def test_a_real_alarm_never_joins_a_drill(hall: Hall) -> None:
    """With a drill open, a real alarm of the facility opens its own case, and the drill's end leaves it alone."""
    facility = hall.city.facility("aa-sp-01")
    opened(hall)
    hall.apply(change(ChangeKind.OPENED, facility=facility))
    hall.journal.tick(MONDAY_9 + 31 * MINUTE)
    (case,) = hall.cases()
    assert (case.state, case.drill) == (CaseState.DISPATCHED, False)


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("call"), st.sampled_from(["a", "b", "c"])),
            st.tuples(st.just("wait"), st.sampled_from([1, 10, 31])),
            st.tuples(st.just("confirm"), st.just(0)),
        ),
        max_size=12,
    )
)
def test_calls_in_any_order_never_make_a_second_case_of_one_call(
    shared_hall: Hall, steps: list[tuple[str, object]]
) -> None:
    """Repeats, waits and confirmations in any order: each call has one case for ever, at most one is open."""
    hall, now_ms = shared_hall, MONDAY_9
    wipe(hall)
    case_of: dict[str, int] = {}
    for what, value in steps:
        if what == "call":
            drill = opened(hall, str(value), now_ms=now_ms)
            assert case_of.setdefault(str(value), drill.number) == drill.number
        elif what == "wait":
            now_ms += int(str(value)) * MINUTE
            hall.journal.tick(now_ms)
        else:
            for task in hall.queries.tasks(TaskFilter(drills=True, open=True), PageRequest()).items:
                if task.kind is TaskKind.HANDLE:
                    hall.act(task, Action.CONFIRM, hall.actor("aa-m1"), now_ms=now_ms)
        open_cases = hall.queries.cases(CaseFilter(drills=True, open=True), PageRequest()).items
        assert len(open_cases) <= 1
    assert hall.count(tables.case) == len(set(case_of.values()))


def _tasks(hall: Hall) -> dict[TaskKind, TaskRow]:
    found = hall.queries.tasks(TaskFilter(drills=True), PageRequest(limit=500)).items
    newest = max(task.case for task in found)
    return {task.kind: task for task in found if task.case == newest}


def test_a_rule_of_the_installation_makes_alarms_of_its_kind(hall: Hall) -> None:
    """The kind is the rule's; people, limits and case are those of any alarm."""
    rules = {"seal": rule("seal", Severity.MEDIUM, family="commissioning", kind=AlarmKind.COMMISSIONING, support=None)}
    journal = SqlJournal(hall.engine, rules=rules.get, source=hall.city.registry)
    journal.apply([change(ChangeKind.OPENED, "seal", facility=hall.city.facility("aa-sp-01"))], MONDAY_9)
    (alarm,) = hall.queries.alarms(AlarmFilter(), PageRequest()).items
    assert alarm.kind is AlarmKind.COMMISSIONING
    (case,) = hall.cases()
    assert (case.family, case.drill) == ("commissioning", False)
    assert hall.code_of(hall.tasks()[TaskKind.HANDLE].owner) == "aa-m1"
