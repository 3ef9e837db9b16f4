"""What people do: the main way, who may, who wins, what is refused, what time adds."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.alarms import AlarmState, ChangeKind, alarm_id
from core.cases import Action, CaseState, Conflict, NotPermitted, TaskKind, TaskState, UnknownItem
from core.errors import Invalid
from core.ports.cases import AlarmFilter, PassedOver, TaskCommand
from core.ports.flags import FlagFilter
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.database import prepare
from dispatch.desk import SqlDesk
from dispatch.outbox import Outbox
from registry.classbook import load_classes
from registry.queries import Registry
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change
from tests.unit.registry import city

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED
HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY


def opened(hall: Hall, rule_id: str = "medium", facility: str = "aa-sp-01", now_ms: int = MONDAY_9) -> None:
    hall.apply(change(OPENED, rule_id, facility=hall.city.facility(facility), start=now_ms), now_ms=now_ms)


def handled(hall: Hall) -> None:
    repairer = hall.actor("aa-m1")
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks()[HANDLE], action, repairer, note="float switch cleaned")


def test_the_main_way(hall: Hall) -> None:
    """Accept, on site, handle, verify by somebody else: closed, with every step in the history."""
    opened(hall)
    handled(hall)
    assert hall.cases()[0].state is CaseState.HANDLED
    assert hall.tasks()[VERIFY].ready
    hall.apply(change(CLOSED, facility=hall.city.facility("aa-sp-01"), stop=MONDAY_9 + HOUR), now_ms=MONDAY_9 + HOUR)
    looker = hall.actor("aa-g1")
    hall.act(hall.tasks()[VERIFY], Action.ACCEPT, looker, now_ms=MONDAY_9 + HOUR)
    done = hall.act(hall.tasks()[VERIFY], Action.VERIFY, looker, now_ms=MONDAY_9 + HOUR)
    (case,) = hall.cases()
    assert (case.state, case.closed_ms, case.overdue) == (CaseState.CLOSED, MONDAY_9 + HOUR, False)
    assert done.state is TaskState.DONE
    detail = hall.queries.case(case.number)
    assert detail is not None
    steps = [(row.action, row.actor) for row in detail.history if row.actor != "system"]
    assert steps == [
        ("accept", "aa-m1"),
        ("arrive", "aa-m1"),
        ("handle", "aa-m1"),
        ("accept", "aa-g1"),
        ("verify", "aa-g1"),
    ]
    assert all(row.task is not None for row in detail.history if row.actor != "system")


def test_nobody_verifies_their_own_repair(hall: Hall) -> None:
    """A supervisor who repaired cannot verify; without a supporting grid the verification goes to somebody else."""
    hall.apply(change(OPENED, "alone", facility=hall.city.facility("aa-sp-01")))
    boss = hall.actor("aa-m3", supervises=True)
    hall.act(hall.tasks()[HANDLE], Action.TRANSFER, boss, note="mine", to_person=boss.person)
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks()[HANDLE], action, boss)
    verify = hall.tasks()[VERIFY]
    assert hall.code_of(verify.owner) == "mgr-a"
    with pytest.raises(Conflict) as caught:
        hall.act(verify, Action.ACCEPT, boss)
    assert caught.value.code == "own_repair"
    with pytest.raises(Conflict):
        hall.act(verify, Action.TRANSFER, hall.actor("mgr", supervises=True), note="x", to_person=boss.person)
    detail = hall.queries.task(verify.number, boss)
    assert detail is not None
    assert PassedOver.OWN_REPAIR in {candidate.passed_over for candidate in detail.routing}


def test_two_who_accept_at_once(hall: Hall) -> None:
    """Of two colleagues who accept in the same moment one wins; the other is told who has it."""
    for attempt in range(10):
        opened(hall, now_ms=MONDAY_9 + attempt * HOUR)
        task = hall.tasks()[HANDLE]
        start = threading.Barrier(2)
        outcomes: dict[str, str] = {}

        def accept(code: str, number: int = task.number, start: threading.Barrier = start) -> None:
            command = TaskCommand(task=number, action=Action.ACCEPT, actor=hall.actor(code), key=f"{code}-{number}")
            start.wait()
            try:
                outcomes[code] = hall.code_of(hall.desk.act(command, MONDAY_9).owner)  # noqa: B023
            except Conflict as lost:
                outcomes[code] = f"{lost.code} by {hall.code_of(lost.owner)}"  # noqa: B023

        threads = [threading.Thread(target=accept, args=(code,)) for code in ("aa-m1", "aa-m2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winner = next(code for code, outcome in outcomes.items() if outcome == code)
        loser = ({"aa-m1", "aa-m2"} - {winner}).pop()
        assert outcomes[loser] == f"taken by {winner}"
        hall.act(hall.tasks()[HANDLE], Action.CANCEL, hall.actor("mgr", supervises=True), note="next")


def test_a_repeated_command_has_one_effect(hall: Hall) -> None:
    """The same key again answers as the first time; for something else it is refused."""
    opened(hall)
    actor = hall.actor("aa-m1")
    first = hall.act(hall.tasks()[HANDLE], Action.ACCEPT, actor, key="tap")
    lines = hall.count(tables.history)
    assert hall.act(first, Action.ACCEPT, actor, key="tap") == first
    assert hall.count(tables.history) == lines
    with pytest.raises(Conflict) as caught:
        hall.act(first, Action.ARRIVE, actor, key="tap")
    assert caught.value.code == "key_reused"
    with pytest.raises(Invalid, match="idempotency"):
        hall.desk.act(TaskCommand(task=first.number, action=Action.ARRIVE, actor=actor, key=""), MONDAY_9)


def test_an_old_view_is_refused(hall: Hall) -> None:
    """A command for a version that has passed is refused."""
    opened(hall)
    task, actor = hall.tasks()[HANDLE], hall.actor("aa-m1")
    hall.act(task, Action.ACCEPT, actor)
    command = TaskCommand(task=task.number, action=Action.ARRIVE, actor=actor, key="k", version=task.version)
    with pytest.raises(Conflict) as caught:
        hall.desk.act(command, MONDAY_9)
    assert caught.value.code == "changed"


def test_strangers_are_refused(hall: Hall) -> None:
    """Neither the other grid, nor the other community, nor a colleague after acceptance may act; unknown is unknown."""
    opened(hall)
    task = hall.tasks()[HANDLE]
    for code in ("aa-g1", "bb-m1", "tech"):
        with pytest.raises(NotPermitted):
            hall.act(task, Action.ACCEPT, hall.actor(code))
    hall.act(task, Action.ACCEPT, hall.actor("aa-m1"))
    with pytest.raises(NotPermitted):
        hall.act(task, Action.ARRIVE, hall.actor("aa-m2"))
    with pytest.raises(UnknownItem):
        hall.desk.act(TaskCommand(task=777, action=Action.ACCEPT, actor=hall.actor("aa-m1"), key="k"), MONDAY_9)


def test_returned_tasks_find_another(hall: Hall) -> None:
    """A returned task goes to the next one, never straight back; the supervisor gets it in the end."""
    opened(hall)
    owners = []
    for _ in range(3):
        task = hall.tasks()[HANDLE]
        owners.append(hall.code_of(task.owner))
        hall.act(task, Action.RETURN, hall.actor(owners[-1]), note="no tools")
        assert hall.cases()[0].state is CaseState.DISPATCHED
    assert owners == ["aa-m1", "aa-m2", "aa-m3"]
    assert hall.code_of(hall.tasks()[HANDLE].owner) == "mgr-a"


def test_who_was_told_stays_told(hall: Hall) -> None:
    """A task that comes back keeps what its row forgets: who had been told of it, and when."""
    opened(hall)
    handled(hall)
    looker = hall.actor("aa-g1")
    hall.act(hall.tasks()[VERIFY], Action.ACCEPT, looker)
    owner = hall.tasks()[HANDLE].owner

    def told() -> list[tuple[int, int]]:
        with hall.engine.connect() as connection:
            rows = connection.execute(sa.select(tables.told.c.person, tables.told.c.at_ms))
            return [(row.person, row.at_ms) for row in rows]

    assert told() == []
    hall.act(hall.tasks()[VERIFY], Action.REJECT, looker, note="still dry", now_ms=MONDAY_9 + 30 * MINUTE)
    assert told() == [(owner, MONDAY_9)]


def test_transfer_needs_somebody_of_the_community(hall: Hall) -> None:
    """A supervisor gives a task to a named person of the community; to a stranger it is refused."""
    opened(hall)
    boss = hall.actor("mgr-a", supervises=True)
    with pytest.raises(Invalid):
        hall.act(hall.tasks()[HANDLE], Action.TRANSFER, boss, note="x", to_person=hall.city.person("bb-m1"))
    with pytest.raises(NotPermitted):
        hall.act(hall.tasks()[HANDLE], Action.TRANSFER, hall.actor("aa-m1"), note="x", to_person=1)
    moved = hall.act(hall.tasks()[HANDLE], Action.TRANSFER, boss, note="x", to_person=hall.city.person("aa-m2"))
    assert (hall.code_of(moved.owner), hall.cases()[0].state) == ("aa-m2", CaseState.DISPATCHED)


def test_suspension_stops_the_clock(hall: Hall) -> None:
    """While suspended there is no limit; afterwards there is what was left of it."""
    opened(hall, "high")
    actor = hall.actor("aa-m1")
    hall.act(hall.tasks()[HANDLE], Action.ACCEPT, actor)
    hall.act(hall.tasks()[HANDLE], Action.SUSPEND, actor, note="part ordered", now_ms=MONDAY_9 + HOUR)
    assert (hall.cases()[0].due_ms, hall.tasks()[HANDLE].due_ms) == (None, None)
    hall.journal.tick(MONDAY_9 + 20 * HOUR)
    assert not hall.cases()[0].overdue
    hall.act(hall.tasks()[HANDLE], Action.RESUME, actor, now_ms=MONDAY_9 + 24 * HOUR)
    assert hall.cases()[0].due_ms == MONDAY_9 + 25 * HOUR == hall.tasks()[HANDLE].due_ms


def test_rejected_repairs_begin_again(hall: Hall) -> None:
    """A rejected repair is rework for the same person; the verification waits for the next report."""
    opened(hall)
    handled(hall)
    looker = hall.actor("aa-g1")
    hall.act(hall.tasks()[VERIFY], Action.ACCEPT, looker)
    with pytest.raises(Invalid, match="reason"):
        hall.act(hall.tasks()[VERIFY], Action.REJECT, looker)
    hall.act(hall.tasks()[VERIFY], Action.REJECT, looker, note="still dry")
    task = hall.tasks()[HANDLE]
    assert (hall.cases()[0].state, task.state, hall.code_of(task.owner)) == (
        CaseState.REWORK,
        TaskState.WAITING,
        "aa-m1",
    )
    assert not hall.tasks()[VERIFY].ready
    handled(hall)
    hall.act(hall.tasks()[VERIFY], Action.VERIFY, looker, note="sensor lags")
    assert hall.cases()[0].state is CaseState.CLOSED


def test_verifying_against_the_alarm_needs_a_word(hall: Hall) -> None:
    """While the alarm is still on, a verification must say why it counts nevertheless."""
    opened(hall)
    handled(hall)
    looker = hall.actor("aa-g1")
    hall.act(hall.tasks()[VERIFY], Action.ACCEPT, looker)
    with pytest.raises(Invalid, match="still on"):
        hall.act(hall.tasks()[VERIFY], Action.VERIFY, looker)
    assert hall.cases()[0].state is CaseState.HANDLED


def test_limits_pass(hall: Hall) -> None:
    """A case is overdue after its limit, not at it; worker and supervisor are told once."""
    opened(hall, "high")
    limit = MONDAY_9 + 2 * HOUR
    hall.journal.tick(limit)
    assert not hall.cases()[0].overdue
    hall.journal.tick(limit + 1)
    hall.journal.tick(limit + 2)
    (case,) = hall.cases()
    assert (case.overdue, case.escalated) == (True, 2)
    told = [message for message in Outbox(hall.engine).waiting(limit + 2) if message.kind == "overdue"]
    handle_task = str(hall.tasks()[HANDLE].number)
    assert {hall.code_of(message.person) for message in told if message.ref == handle_task} == {"aa-m1", "aa-m3"}
    assert len({message.key for message in told}) == len(told)


def test_done_exactly_at_the_limit_is_in_time(hall: Hall) -> None:
    """The last millisecond counts."""
    opened(hall, "high")
    actor = hall.actor("aa-m1")
    hall.act(hall.tasks()[HANDLE], Action.ACCEPT, actor)
    hall.act(hall.tasks()[HANDLE], Action.ARRIVE, actor)
    hall.act(hall.tasks()[HANDLE], Action.HANDLE, actor, now_ms=MONDAY_9 + 2 * HOUR)
    hall.journal.tick(MONDAY_9 + 5 * HOUR)
    assert not hall.cases()[0].overdue


def test_nobody_accepts_and_the_supervisor_is_told(hall: Hall) -> None:
    """A high task that waits for more than 15 minutes is escalated, once."""
    opened(hall, "high")
    for minute in (15, 16, 17):
        hall.journal.tick(MONDAY_9 + minute * MINUTE)
    messages = [m for m in Outbox(hall.engine).waiting(MONDAY_9 + HOUR) if m.kind == "escalated"]
    assert {(hall.code_of(m.person), m.way) for m in messages} == {
        ("aa-m3", "app"),
        ("aa-m3", "sms"),
        ("aa-g3", "app"),
        ("aa-g3", "sms"),
    }
    assert hall.cases()[0].escalated == 1


def test_nights_are_for_the_urgent(hall: Hall) -> None:
    """A medium alarm at 23:00 waits until 8:00 with its message; a critical one is announced at once."""
    night = MONDAY_9 - 10 * HOUR  # Sunday 23:00
    opened(hall, "medium", now_ms=night)
    task = hall.tasks()[HANDLE]
    assert task.not_before_ms == MONDAY_9 - HOUR
    outbox = Outbox(hall.engine)
    assert outbox.waiting(night + HOUR) == []
    assert len(outbox.waiting(MONDAY_9 - HOUR)) == 2
    opened(hall, "critical", facility="aa-sp-02", now_ms=night)
    assert hall.tasks()[HANDLE].not_before_ms is None
    assert {m.way for m in outbox.waiting(night)} == {"app", "sms", "phone"}


def test_burden_is_bounded(hall: Hall) -> None:
    """No worker is told of more than two ordinary tasks an hour, the third is kept; the rest comes later."""
    facility = hall.city.facility("aa-sp-01")
    for number in range(9):
        family = f"f{number}"
        hall.apply(change(OPENED, family, facility=facility))
    tasks = [hall.tasks(case.number)[HANDLE] for case in hall.cases()]
    assert len([task for task in tasks if task.owner is not None]) == 9
    at_once = [hall.code_of(task.owner) for task in tasks if task.not_before_ms in {None, MONDAY_9}]
    assert {code: at_once.count(code) for code in at_once} == {"aa-m1": 2, "aa-m2": 2, "aa-m3": 2}


def test_task_of_somebody_who_left_is_given_on(hall: Hall, tmp_path: Path) -> None:
    """When the owner is no longer there, the next round finds somebody else."""
    opened(hall)
    people = (hall.city.folder / "people.yaml").read_text(encoding="utf-8")
    kept = people.replace("- {code: aa-m1,", "- {code: aa-m9,")
    (hall.city.folder / "people.yaml").write_text(kept, encoding="utf-8")
    city.import_city(hall.engine, hall.city.folder)
    hall.journal.tick(MONDAY_9 + MINUTE)
    assert hall.code_of(hall.tasks()[HANDLE].owner) == "aa-m9"


def test_without_anybody_a_case_waits_visibly(hall: Hall) -> None:
    """With no people at all the case stays filed and unowned, and is dispatched when somebody comes."""
    people = hall.city.folder / "people.yaml"
    staff = people.read_text(encoding="utf-8")
    people.write_text("[]", encoding="utf-8")
    city.import_city(hall.engine, hall.city.folder)
    opened(hall)
    hall.journal.tick(MONDAY_9 + MINUTE)
    assert (hall.cases()[0].state, hall.tasks()[HANDLE].owner) == (CaseState.FILED, None)
    people.write_text(staff, encoding="utf-8")
    city.import_city(hall.engine, hall.city.folder)
    hall.journal.tick(MONDAY_9 + 2 * MINUTE)
    assert (hall.cases()[0].state, hall.code_of(hall.tasks()[HANDLE].owner)) == (CaseState.DISPATCHED, "aa-m1")


def test_acknowledging_is_not_accepting(hall: Hall) -> None:
    """An acknowledged alarm is seen; its task still waits. Acknowledging twice changes nothing."""
    opened(hall)
    (alarm,) = hall.queries.alarms(AlarmFilter(), PageRequest()).items
    actor = hall.actor("aa-g3")
    assert hall.desk.acknowledge(alarm.alarm_id, actor, MONDAY_9).state is AlarmState.ACKNOWLEDGED
    assert hall.desk.acknowledge(alarm.alarm_id, actor, MONDAY_9).state is AlarmState.ACKNOWLEDGED
    assert hall.tasks()[HANDLE].state is TaskState.WAITING
    with pytest.raises(UnknownItem):
        hall.desk.acknowledge("nonsense", actor, MONDAY_9)
    with pytest.raises(Conflict):
        hall.desk.reset(alarm.alarm_id, actor, MONDAY_9)


def test_shelving_has_limits(hall: Hall) -> None:
    """High at most one hour, critical never, always with a reason."""
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(OPENED, "high", facility=facility), change(OPENED, "critical", facility=facility))
    boss = hall.actor("mgr", supervises=True)
    high, critical = (alarm_id(name, facility, MONDAY_9) for name in ("high", "critical"))
    hall.desk.shelve(high, boss, MONDAY_9 + HOUR, "works", MONDAY_9)
    for refused, until in ((high, HOUR + 1), (critical, MINUTE), (high, 0)):
        with pytest.raises(Conflict) as caught:
            hall.desk.shelve(refused, boss, MONDAY_9 + until, "works", MONDAY_9)
        assert caught.value.code == "shelving"
    with pytest.raises(Invalid):
        hall.desk.shelve(high, boss, MONDAY_9 + MINUTE, " ", MONDAY_9)
    assert hall.desk.unshelve(high, boss, MONDAY_9).shelved_until_ms is None
    assert hall.queries.flags(FlagFilter(standing=True), PageRequest()).items == ()


def test_a_raise_at_night_wakes_somebody(hall: Hall) -> None:
    """A medium case that rests until morning and becomes critical goes to whoever answers at night, at once."""
    night = MONDAY_9 - 10 * HOUR
    opened(hall, "medium", now_ms=night)
    assert hall.code_of(hall.tasks()[HANDLE].owner) == "aa-m1"
    opened(hall, "critical", now_ms=night + MINUTE)
    task = hall.tasks()[HANDLE]
    assert (hall.code_of(task.owner), task.not_before_ms) == ("aa-m3", None)
    assert "aa-m3" in {hall.code_of(message.person) for message in Outbox(hall.engine).waiting(night + MINUTE)}
    (case,) = hall.cases()
    assert case.due_ms == night + MINUTE + HOUR


def test_journal_and_desk_write_at_the_same_time(hall: Hall) -> None:
    """While the journal records alarms, people act from other connections: nobody is refused for a locked database."""
    facility = hall.city.facility("aa-sp-01")
    for number in range(12):
        hall.apply(change(OPENED, f"before{number}", facility=facility))
    tasks = [hall.tasks(case.number)[HANDLE] for case in hall.cases()]
    failures: list[BaseException] = []

    def record() -> None:
        try:
            for number in range(40):
                hall.apply(change(OPENED, f"during{number}", facility=facility))
                hall.journal.tick(MONDAY_9 + number * MINUTE)
        except BaseException as error:  # noqa: BLE001 - whatever a thread dies of fails the test
            failures.append(error)

    def work(code: str) -> None:
        try:
            actor = hall.actor(code)
            for task in tasks:
                for action in (Action.ACCEPT, Action.ARRIVE):
                    command = TaskCommand(
                        task=task.number, action=action, actor=actor, key=f"{code}-{task.number}-{action}"
                    )
                    try:
                        hall.desk.act(command, MONDAY_9)
                    except (Conflict, NotPermitted):
                        break
        except BaseException as error:  # noqa: BLE001 - whatever a thread dies of fails the test
            failures.append(error)

    threads = [threading.Thread(target=record)]
    threads += [threading.Thread(target=work, args=(code,)) for code in ("aa-m1", "aa-m2", "aa-m3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    states = {hall.tasks(task.case)[HANDLE].state for task in tasks}
    assert states == {TaskState.ON_SITE}
    entries = hall.queries.feed(0, limit=5000)
    assert [entry.id for entry in entries] == list(range(1, len(entries) + 1))


def test_a_crowd_on_few_connections_does_not_stand_still(hall: Hall) -> None:
    """Thirty people act at once over a pool of three connections: everybody gets an answer."""
    facility = hall.city.facility("aa-sp-01")
    hall.apply(*(change(OPENED, f"crowd{number}", facility=facility) for number in range(30)))
    numbers = [hall.tasks(case.number)[HANDLE].number for case in hall.cases()]
    small = sa.create_engine(hall.engine.url, pool_size=3, max_overflow=0, pool_timeout=20)
    desk = SqlDesk(prepare(small, durable=False), rules=RULES.get, source=Registry(small, load_classes()))
    boss = hall.actor("mgr", supervises=True)
    answers: list[TaskState] = []

    def give_back(number: int) -> None:
        command = TaskCommand(task=number, action=Action.RETURN, actor=boss, key=f"crowd-{number}", note="storm")
        answers.append(desk.act(command, MONDAY_9).state)

    threads = [threading.Thread(target=give_back, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    small.dispose()
    assert answers == [TaskState.WAITING] * 30
