"""From alarm to case: every rule of joining, grouping and ending by itself, by name (``docs/alarms.md``, part 8)."""

from __future__ import annotations

import sqlalchemy as sa

from core.alarms import AlarmState, ChangeKind, Severity
from core.cases import Action, CaseState, TaskKind, TaskState
from core.places import Text
from core.ports.cases import AlarmFilter, CaseDetail, EvidenceValue
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from tests.unit.dispatch.crowd import FIRST, Crowd, crowd_of
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED
HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY
DAY = 24 * HOUR


def opens(hall: Hall, rule: str = "medium", code: str = "aa-sp-01", at_ms: int = MONDAY_9) -> None:
    hall.apply(change(OPENED, rule, facility=hall.city.facility(code), start=at_ms), now_ms=at_ms)


def clears(hall: Hall, rule: str = "medium", at_ms: int = MONDAY_9, after_ms: int = MINUTE) -> None:
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(CLOSED, rule, facility=facility, start=at_ms, stop=at_ms + after_ms), now_ms=at_ms + after_ms)


def detail(hall: Hall, number: int) -> CaseDetail:
    found = hall.queries.case(number)
    assert found is not None
    return found


def told(hall: Hall, number: int, action: str) -> list[str]:
    return [row.note for row in detail(hall, number).history if row.action == action]


def closed(hall: Hall, at_ms: int = MONDAY_9) -> int:
    """An alarm opens, is repaired and verified; the number of its case."""
    opens(hall, at_ms=at_ms)
    number = hall.cases()[-1].number
    worker, looker = hall.actor("aa-m1"), hall.actor("aa-g1")
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks(number)[HANDLE], action, worker, now_ms=at_ms)
    clears(hall, at_ms=at_ms)
    for action in (Action.ACCEPT, Action.VERIFY):
        hall.act(hall.tasks(number)[VERIFY], action, looker, now_ms=at_ms + 2 * MINUTE)
    assert detail(hall, number).case.state is CaseState.CLOSED
    return number


def test_medium_and_worse_open_a_case_at_once(hall: Hall) -> None:
    """One case with two tasks, never two cases."""
    for rule, code in (("medium", "aa-sp-01"), ("high", "aa-sp-02"), ("critical", "aa-li-01")):
        opens(hall, rule, code)
    assert [case.severity for case in hall.cases()] == [Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
    assert all(set(hall.tasks(case.number)) == {HANDLE, VERIFY} for case in hall.cases())


def test_low_opens_a_case_when_it_is_still_on_after_thirty_minutes(hall: Hall) -> None:
    """Not a millisecond before; one that has cleared by then opens none."""
    opens(hall, "low")
    opens(hall, "low", "aa-sp-02")
    hall.apply(
        change(CLOSED, "low", facility=hall.city.facility("aa-sp-02"), stop=MONDAY_9 + 1), now_ms=MONDAY_9 + MINUTE
    )
    hall.journal.tick(MONDAY_9 + 30 * MINUTE - 1)
    assert not hall.cases()
    hall.journal.tick(MONDAY_9 + 30 * MINUTE)
    assert [case.facility for case in hall.cases()] == [hall.city.facility("aa-sp-01")]


def test_an_alarm_joins_the_open_case_of_its_facility_and_family(hall: Hall) -> None:
    """As long as it is open, also after days; another family or another facility is another case."""
    opens(hall)
    opens(hall, "medium-2", at_ms=MONDAY_9 + 3 * DAY)
    (case,) = hall.cases()
    assert len(detail(hall, case.number).alarms) == 2
    assert len(told(hall, case.number, "joined")) == 1
    opens(hall, "gas", at_ms=MONDAY_9 + 3 * DAY)
    opens(hall, code="aa-sp-02", at_ms=MONDAY_9 + 3 * DAY)
    assert len(hall.cases()) == 3


class _Level:
    """Every alarm has one value at its opening."""

    def evidence(self, facility: int, at_ms: int, keys: object) -> list[EvidenceValue]:
        del keys
        name = Text(zh="液位", en="Level")
        return [
            EvidenceValue(
                point=facility, key="level", name=name, unit="m", time_ms=at_ms, value=1.5, quality=192, text=""
            )
        ]


def test_a_second_rule_adds_its_evidence_and_the_worst_severity_counts(hall: Hall) -> None:
    """A lesser one that joins after it lowers nothing."""
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry, evidence=_Level())
    opens(hall, "medium")
    opens(hall, "high", at_ms=MONDAY_9 + MINUTE)
    opens(hall, "medium-2", at_ms=MONDAY_9 + 2 * MINUTE)
    (case,) = hall.cases()
    assert case.severity is Severity.HIGH
    assert told(hall, case.number, "raised") == ["high"]
    assert sorted(one.time_ms - MONDAY_9 for one in detail(hall, case.number).evidence) == [0, MINUTE, 2 * MINUTE]


def _storm(hall: Hall, count: int, most: int = 10) -> Crowd:
    source = crowd_of(hall, count, alike=True)
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=source, policy=Policy(storm_facilities=most))
    return source


def test_more_facilities_than_that_in_ten_minutes_are_one_case(hall: Hall) -> None:
    """One more than the bound within the time is a storm; the same number a moment too late is none."""
    _storm(hall, 30)
    hall.apply(*(change(OPENED, facility=FIRST + at) for at in range(11)))
    assert [case.members for case in hall.cases()] == [11]
    late_ms = MONDAY_9 + DAY
    hall.apply(*(change(OPENED, "alone", facility=FIRST + at, start=late_ms) for at in range(10)), now_ms=late_ms)
    later_ms = late_ms + 10 * MINUTE + 1
    hall.apply(change(OPENED, "alone", facility=FIRST + 10, start=later_ms), now_ms=later_ms)
    assert len(hall.cases()) == 1 + 11


def test_the_facility_that_opened_the_storm_of_its_community_may_open_that_of_its_cell(hall: Hall) -> None:
    """A wider storm comes first, a narrower one by the same facility after it: both are open, nothing is refused."""
    source = hall.city.registry
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=source, policy=Policy(storm_facilities=1))
    roster = source.roster()
    pump = roster.places[hall.city.facility("aa-sp-01")]
    lead = RULES["medium"].lead
    apart = [one for one in roster.places.values() if one.community == pump.community]
    far = next(one for one in apart if one.cells.get(lead) != pump.cells.get(lead))
    near = next(one for one in apart if one.cells.get(lead) == pump.cells.get(lead) and one.number != pump.number)
    hall.apply(change(OPENED, facility=far.number), now_ms=MONDAY_9)
    hall.apply(change(OPENED, facility=pump.number), now_ms=MONDAY_9)
    hall.apply(*(change(OPENED, "medium-2", facility=one.number) for one in (pump, near)), now_ms=MONDAY_9)
    gathering = [case for case in hall.cases(open_only=True) if case.members]
    assert len(gathering) == 2
    assert len({case.facility for case in gathering}) == 1


def test_what_clears_before_anybody_accepts_ends_by_itself(hall: Hall) -> None:
    """With that as the reason, so that it can be counted by rule."""
    opens(hall)
    clears(hall)
    (case,) = hall.cases()
    assert (case.state, case.note) == (CaseState.CANCELLED, "self-cleared")
    with hall.engine.connect() as connection:
        assert connection.execute(sa.select(tables.case.c.rule_id)).scalar_one() == "medium"
    assert {task.state for task in hall.tasks().values()} == {TaskState.CANCELLED}


def test_what_clears_afterwards_is_a_note_and_is_still_verified(hall: Hall) -> None:
    """The case goes on to the end; the other person looks."""
    opens(hall)
    hall.act(hall.tasks()[HANDLE], Action.ACCEPT, hall.actor("aa-m1"))
    clears(hall)
    (case,) = hall.cases()
    assert case.state is CaseState.ACCEPTED
    assert len(told(hall, case.number, "cleared")) == 1
    for action in (Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks()[HANDLE], action, hall.actor("aa-m1"))
    assert hall.tasks()[VERIFY].state is TaskState.WAITING
    assert hall.cases()[0].state is CaseState.HANDLED


def test_an_alarm_within_seven_days_of_closing_is_a_new_case_that_names_the_last(hall: Hall) -> None:
    """A relapse; in the last millisecond of the seven days still, after it no more; another family is none."""
    first = closed(hall)
    ended_ms = MONDAY_9 + 2 * MINUTE
    opens(hall, "gas", at_ms=ended_ms + DAY)
    assert told(hall, hall.cases()[-1].number, "relapse") == []
    again_ms = ended_ms + 7 * DAY
    opens(hall, at_ms=again_ms)
    second = hall.cases()[-1]
    assert second.number != first
    assert told(hall, second.number, "relapse") == [detail(hall, first).case.code]
    clears(hall, at_ms=again_ms)
    opens(hall, "medium-2", at_ms=again_ms + HOUR)
    assert told(hall, hall.cases()[-1].number, "relapse") == []


def test_acknowledging_an_alarm_accepts_no_task_nor_the_other_way_round(hall: Hall) -> None:
    """Both are steps of their own."""
    opens(hall)
    (alarm,) = hall.queries.alarms(AlarmFilter(), PageRequest()).items
    hall.desk.acknowledge(alarm.alarm_id, hall.actor("aa-g3"), MONDAY_9)
    assert hall.tasks()[HANDLE].state is TaskState.WAITING
    opens(hall, code="aa-sp-02")
    hall.act(hall.tasks()[HANDLE], Action.ACCEPT, hall.actor("aa-m1"))
    states = {one.facility: one.state for one in hall.queries.alarms(AlarmFilter(), PageRequest()).items}
    assert states[hall.city.facility("aa-sp-02")] is AlarmState.UNACKNOWLEDGED
