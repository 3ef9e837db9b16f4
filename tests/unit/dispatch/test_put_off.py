"""Tasks of one night in the database: told two an hour, moved when something else must come first or has cleared."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmKind, ChangeKind, Interval, Severity, alarm_id
from core.cases import Action
from core.ports.cases import TaskFilter
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.foreseen import Crew, PastAlarm
from dispatch.foresight import foresee
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall

MORNING = MONDAY_9 + 23 * HOUR
NIGHT = MORNING - 6 * HOUR
NAMES = ("low-1", "low-2", *(f"medium-{number}" for number in range(26)), "high-1")
MINE = {
    name: replace(RULES[name.split("-")[0]], rule_id=name, family=name, support=None, deadline=None) for name in NAMES
}


@pytest.fixture
def journal(hall: Hall) -> SqlJournal:
    """A journal of rules that make a case each."""
    return SqlJournal(hall.engine, rules=MINE.get, source=hall.city.registry)


def alarm(hall: Hall, name: str, start_ms: int, stop_ms: int | None = None) -> AlarmChange:
    """An alarm of the first pump begins, or ends."""
    facility = hall.city.facility("aa-sp-01")
    return AlarmChange(
        kind=ChangeKind.OPENED if stop_ms is None else ChangeKind.CLOSED,
        alarm_id=alarm_id(name, facility, start_ms),
        rule_id=name,
        facility=facility,
        interval=Interval(start_ms=start_ms, stop_ms=stop_ms, since_ms=start_ms),
        severity=MINE[name].severity,
        alarm_kind=AlarmKind.CONDITION,
    )


def told(hall: Hall) -> dict[str, tuple[str, int, int | None, int | None]]:
    """Rule to (owner, hours from the morning until it is announced, the same of its message, version)."""
    task, case, outbox = tables.task, tables.case, tables.outbox
    query = sa.select(task, case.c.rule_id).join(case, case.c.number == task.c.case).where(task.c.open)
    with hall.engine.connect() as connection:
        found = {}
        for row in connection.execute(query):
            mine = (outbox.c.ref == str(row.number), outbox.c.person == row.owner, outbox.c.channel == "app")
            next_ms = connection.execute(sa.select(outbox.c.next_ms).where(*mine)).scalar_one()
            hours = (row.assigned_ms - MORNING) // HOUR
            assert row.not_before_ms == row.assigned_ms
            found[row.rule_id] = (hall.code_of(row.owner), hours, (next_ms - MORNING) // HOUR, row.version)
    return found


def test_a_night_of_many_tasks_is_told_two_an_hour(hall: Hall, journal: SqlJournal) -> None:
    """Two for each who can take them at 8, and so on each hour (the third is kept); messages wait with their tasks."""
    for number, name in enumerate(NAMES[2:24]):
        journal.apply([alarm(hall, name, NIGHT + number * MINUTE)], NIGHT + number * MINUTE)
    found = told(hall)
    by_hour: dict[tuple[str, int], int] = {}
    for owner, hours, message, _ in found.values():
        assert hours == message
        by_hour[owner, hours] = by_hour.get((owner, hours), 0) + 1
    assert len(found) == 22
    assert max(by_hour.values()) == 2
    assert {hours for _, hours in by_hour} == {0, 1, 2, 3}
    assert {owner for owner, _ in by_hour} == {"aa-m1", "aa-m2", "aa-m3"}


def test_what_may_wait_less_goes_first_and_nothing_is_sent_twice(hall: Hall, journal: SqlJournal) -> None:
    """Low ones are put behind what is filed later and is due sooner; to their owner they stay the same task."""
    low = [alarm(hall, name, NIGHT - HOUR) for name in NAMES[:2]]
    journal.apply(low, NIGHT - HOUR)
    journal.tick(NIGHT)
    assert {name: hours for name, (_, hours, _, _) in told(hall).items()} == {"low-1": 0, "low-2": 0}
    for name in NAMES[2:26]:
        journal.apply([alarm(hall, name, NIGHT)], NIGHT)
    found = told(hall)
    assert all(message == hours for _, hours, message, _ in found.values())
    assert all(found[name][1] > 0 for name in NAMES[:2])
    assert [found[name][3] for name in NAMES[:2]] == [1, 1]
    with hall.engine.connect() as connection:
        twice = sa.select(tables.outbox.c.ref).group_by(tables.outbox.c.ref).having(sa.func.count() > 1)
        assert connection.execute(twice).all() == []


def test_a_queue_says_from_when_a_task_is_put_off(hall: Hall, journal: SqlJournal) -> None:
    """What rests by night alone is not put off; what waits for room is, from the morning; accepted it is neither."""
    for name in NAMES[2:9]:
        journal.apply([alarm(hall, name, NIGHT)], NIGHT)
    tasks = hall.queries.tasks(TaskFilter(), PageRequest(limit=100)).items
    assert [task.put_off_from_ms for task in tasks if task.not_before_ms == MORNING] == [None] * 6
    [late] = [task for task in tasks if task.not_before_ms == MORNING + HOUR]
    assert late.put_off_from_ms == MORNING
    accepted = hall.act(late, Action.ACCEPT, hall.actor(hall.code_of(late.owner)), now_ms=NIGHT + HOUR)
    assert (accepted.not_before_ms, accepted.put_off_from_ms) == (None, None)


def test_what_clears_in_the_night_makes_room(hall: Hall, journal: SqlJournal) -> None:
    """Seven for three people: one at 8 clears, so the one of 9 moves up."""
    for name in NAMES[2:9]:
        journal.apply([alarm(hall, name, NIGHT)], NIGHT)
    before = told(hall)
    [late] = [name for name, (_, hours, _, _) in before.items() if hours == 1]
    neighbour = next(n for n, (owner, hours, _, _) in before.items() if owner == before[late][0] and hours == 0)
    journal.apply([alarm(hall, neighbour, NIGHT, NIGHT + HOUR)], NIGHT + HOUR)
    after = told(hall)
    assert neighbour not in after
    assert after[late][:3] == (before[late][0], 0, 0)


@pytest.mark.parametrize("cleared", [0, 4])
def test_a_crowded_night_is_foreseen_as_it_happens(hall: Hall, journal: SqlJournal, cleared: int) -> None:
    """Low, medium and high ones, some of which clear before morning: owners and times are those of the journal."""
    names = (*NAMES[:2], *NAMES[2:28:1], "high-1")
    facility = hall.city.facility("aa-sp-01")
    alarms = []
    for number, name in enumerate(names):
        start_ms = NIGHT - HOUR + number * 5 * MINUTE
        stop_ms = NIGHT + 3 * HOUR + number * MINUTE if cleared and number % cleared == 1 else None
        info = MINE[name]
        alarms.append(
            PastAlarm(info=info, facility=facility, severity=info.severity, start_ms=start_ms, stop_ms=stop_ms)
        )
    moments = {at_ms for one in alarms for at_ms in (one.start_ms, one.stop_ms, one.start_ms + 30 * MINUTE) if at_ms}
    for now_ms in sorted(moments):
        over = [alarm(hall, one.info.rule_id, one.start_ms, now_ms) for one in alarms if one.stop_ms == now_ms]
        begun = [alarm(hall, one.info.rule_id, one.start_ms) for one in alarms if one.start_ms == now_ms]
        journal.apply([*over, *begun], now_ms)
        journal.tick(now_ms)
    found = foresee(alarms, hall.city.registry.roster(), Policy(), Crew(), NIGHT - HOUR, MORNING)
    expected = {
        case.info.rule_id: (task.owner, task.given_ms) for case in found.cases for task in case.tasks if task.open
    }
    task, case = tables.task, tables.case
    query = sa.select(case.c.rule_id, task.c.owner, task.c.assigned_ms).join(case, case.c.number == task.c.case)
    with hall.engine.connect() as connection:
        rows = connection.execute(query.where(task.c.open)).all()
    assert {row.rule_id: (row.owner, row.assigned_ms) for row in rows} == expected
    assert len({at_ms for _, at_ms in expected.values()}) > 3
    assert Severity.LOW in {one.severity for one in alarms}
