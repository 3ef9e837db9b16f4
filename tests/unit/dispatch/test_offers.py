"""Tasks offered to several, in the database: seen by all, taken by one, never nobody's."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from core.alarms import ChangeKind, Severity
from core.cases import Action, Conflict, TaskKind, TaskState
from core.ports.cases import Mode, PassedOver, TaskCommand, TaskRow
from dispatch import tables
from dispatch.desk import SqlDesk
from dispatch.journal import SqlJournal
from dispatch.modes import ClassWishes
from dispatch.policy import Policy
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change

OFFERED = Policy(modes={Severity.MEDIUM: Mode.CLAIM})
TURNS = Policy(modes={Severity.MEDIUM: Mode.ROTATE}, most_an_hour=99, most_a_day=99)


def use(hall: Hall, policy: Policy) -> None:
    """Let the hall work by another policy."""
    source = hall.city.registry
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=source, policy=policy)
    hall.desk = SqlDesk(hall.engine, rules=RULES.get, source=source, policy=policy)


def opened(hall: Hall, rule_id: str = "medium", at_ms: int = MONDAY_9) -> TaskRow:
    """The handling task of a new case."""
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(ChangeKind.OPENED, rule_id, facility=facility, start=at_ms), now_ms=at_ms)
    return hall.tasks()[TaskKind.HANDLE]


def seen_by(hall: Hall, task: TaskRow, codes: Sequence[str], at_ms: int = MONDAY_9) -> set[str]:
    """In whose queues the task is."""
    return {
        code
        for code in codes
        if any(row.number == task.number for row in hall.queries.queue(hall.city.person(code), at_ms))
    }


CREW = ("aa-m1", "aa-m2", "aa-m3")


def test_an_offer_is_in_several_queues_and_one_has_it(hall: Hall) -> None:
    """Whoever is fit sees it until somebody accepts; then it is in one queue, and everybody was told of the offer."""
    use(hall, OFFERED)
    task = opened(hall)
    before = seen_by(hall, task, CREW)
    assert len(before) >= 2
    assert hall.code_of(task.owner) in before
    assert task.offered_until_ms == MONDAY_9 + OFFERED.offer_ms
    taker = next(code for code in sorted(before) if code != hall.code_of(task.owner))
    taken = hall.act(task, Action.ACCEPT, hall.actor(taker))
    assert (hall.code_of(taken.owner), taken.offered_until_ms) == (taker, None)
    assert seen_by(hall, task, CREW) == {taker}
    with hall.engine.connect() as connection:
        left = connection.execute(sa.select(tables.offer.c.task)).scalars().all()
    assert task.number not in left


def test_two_who_take_an_offer_at_once(hall: Hall) -> None:
    """Of two who take it in the same moment one has it, and the other is told who."""
    use(hall, OFFERED)
    task = opened(hall)
    start, outcomes = threading.Barrier(2), dict[str, str]()

    def take(code: str) -> None:
        command = TaskCommand(task=task.number, action=Action.ACCEPT, actor=hall.actor(code), key=code)
        start.wait()
        try:
            outcomes[code] = hall.code_of(hall.desk.act(command, MONDAY_9).owner)
        except Conflict as lost:
            outcomes[code] = f"{lost.code} by {hall.code_of(lost.owner)}"

    threads = [threading.Thread(target=take, args=(code,)) for code in ("aa-m1", "aa-m2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [code for code, outcome in outcomes.items() if outcome == code]
    (loser,) = {"aa-m1", "aa-m2"} - {winner}
    assert outcomes[loser] == f"taken by {winner}"


def test_an_offer_that_nobody_takes_is_assigned(hall: Hall) -> None:
    """When its time is over it is somebody's alone, as if it had been assigned, and is offered to nobody again."""
    use(hall, OFFERED)
    task = opened(hall)
    assert task.owner is not None
    over_ms = MONDAY_9 + OFFERED.offer_ms
    hall.journal.tick(over_ms - MINUTE)
    assert hall.tasks()[TaskKind.HANDLE].offered_until_ms is not None
    hall.journal.tick(over_ms)
    after = hall.tasks()[TaskKind.HANDLE]
    assert (after.offered_until_ms, after.state) == (None, TaskState.WAITING)
    assert seen_by(hall, task, CREW, over_ms) == {hall.code_of(after.owner)}
    detail = hall.queries.task(task.number, hall.actor("aa-m1"))
    assert detail is not None
    assert PassedOver.OFFERED not in {one.passed_over for one in detail.routing}
    assert "offer_over" in [row.action for row in detail.history]


@pytest.mark.parametrize("rule_id", ["high", "critical"])
def test_what_is_urgent_is_never_offered(hall: Hall, rule_id: str) -> None:
    """Nobody waits for somebody to take it."""
    use(hall, Policy(modes=dict.fromkeys(Severity, Mode.CLAIM)))
    assert opened(hall, rule_id).offered_until_ms is None
    assert hall.count(tables.offer) == 0


def test_a_case_that_clears_takes_its_offer_along(hall: Hall) -> None:
    """Nobody sees a task any more whose case has ended by itself."""
    use(hall, OFFERED)
    task = opened(hall)
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(ChangeKind.CLOSED, facility=facility, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    assert seen_by(hall, task, CREW) == set()
    assert hall.count(tables.offer) == 0


def test_turns_go_round_in_the_database(hall: Hall) -> None:
    """What rotates goes to each of the crew before it comes to anybody a second time."""
    use(hall, TURNS)
    facility, owners = hall.city.facility("aa-sp-01"), list[str]()
    for at in range(4):
        at_ms = MONDAY_9 + at * HOUR
        owners.append(hall.code_of(opened(hall, at_ms=at_ms).owner))
        stop = change(ChangeKind.CLOSED, facility=facility, start=at_ms, stop=at_ms + MINUTE)
        hall.apply(stop, now_ms=at_ms + MINUTE)
        boss = hall.actor("mgr", supervises=True)
        for row in hall.tasks().values():
            if row.state is TaskState.WAITING:
                hall.act(row, Action.CANCEL, boss, note="next", now_ms=at_ms + MINUTE)
                break
    assert len(set(owners[:2])) == 2
    assert owners[2:] == owners[:2]


def test_a_class_asks_for_a_paper(hall: Hall) -> None:
    """Nobody of the small city has a certificate, so a repair that asks for one falls to a supervisor, and says why."""
    use(hall, Policy(classes={"sewage_pump": ClassWishes(certificate="低压电工")}))
    task = opened(hall)
    detail = hall.queries.task(task.number, hall.actor("aa-m1"))
    assert detail is not None
    assert PassedOver.NO_CERTIFICATE in {one.passed_over for one in detail.routing}
    person = hall.city.registry.person(task.owner or 0)
    assert person is not None
    assert person.supervisor
