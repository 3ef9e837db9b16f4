"""The evaluation over a real journal: what happens to cases is what is counted."""

from __future__ import annotations

from core.alarms import ChangeKind
from core.cases import Action
from core.closure import FalseCause, HandlingReport, Outcome
from core.intake import SourceKind, Verdict
from core.ports.cases import TaskCommand
from core.ports.evaluation import Evaluation, Indicator, Part, Tally
from core.revisits import RevisitAnswer
from dispatch.evaluation_queries import SqlEvaluations
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, change
from tests.unit.dispatch.partners import partner, record, take
from tests.unit.dispatch.test_closure import HANDLE, VERIFY, closed, opened, repaired
from tests.unit.dispatch.test_exchange import finish
from tests.unit.dispatch.test_reports import rule, send
from tests.unit.dispatch.test_revisits import BAD, CALL, CALLER, GOOD, asking, called_case

DAY = 24 * HOUR


def evaluated(hall: Hall, now_ms: int = MONDAY_9 + DAY, communities: frozenset[int] | None = None) -> Evaluation:
    made = SqlEvaluations(hall.engine, hall.city.registry)
    return made.evaluate(MONDAY_9 - HOUR, MONDAY_9 + DAY, now_ms, communities)


def tally(found: Evaluation, indicator: Indicator) -> Tally:
    return next(one.tally for one in found.whole.shares if one.indicator is indicator)


def test_a_case_from_filing_to_closing_is_counted_once_everywhere(hall: Hall) -> None:
    """A case from filing to closing is counted once everywhere."""
    case = opened(hall)
    closed(hall, case, HandlingReport(labour_min=30, contractor_fen=500), MONDAY_9 + 20 * MINUTE)
    found = evaluated(hall)
    whole = found.whole
    assert (whole.cases, whole.ended, whole.tasks, whole.labour_min, whole.spent_fen) == (1, 1, 2, 30, 500)
    assert whole.waited_ms == 20 * MINUTE
    for indicator in (
        *(Indicator.FILED_IN_TIME, Indicator.DISPATCHED_IN_TIME, Indicator.DISPATCHED_RIGHT),
        *(Indicator.HANDLED_IN_TIME, Indicator.VERIFIED_IN_TIME),
    ):
        assert tally(found, indicator) == Tally(1, 1), indicator
    assert tally(found, Indicator.REWORK) == Tally(0, 1)
    assert tally(found, Indicator.FALSE_ALARM) == Tally(0, 1)
    assert tally(found, Indicator.RETURNED) == Tally(0, 2)
    worker = str(hall.city.person("aa-m1"))
    [mine] = [one for one in found.parts[Part.WORKER] if one.key == worker]
    assert (mine.tasks, mine.labour_min) == (1, 30)


def test_a_rejected_repair_is_rework_of_whoever_repaired(hall: Hall) -> None:
    """A rejected repair is rework of whoever repaired."""
    case = opened(hall)
    repaired(hall, case, None)
    looker = hall.actor("aa-g1")
    hall.act(hall.tasks(case)[VERIFY], Action.ACCEPT, looker)
    hall.act(hall.tasks(case)[VERIFY], Action.REJECT, looker, note="still dripping")
    found = evaluated(hall)
    assert tally(found, Indicator.REWORK) == Tally(1, 1)
    worker = str(hall.city.person("aa-m1"))
    [mine] = [one for one in found.parts[Part.WORKER] if one.key == worker]
    assert next(one.tally for one in mine.shares if one.indicator is Indicator.REWORK) == Tally(1, 1)


def test_a_false_alarm_and_a_task_given_back_are_counted(hall: Hall) -> None:
    """A false alarm and a task given back are counted."""
    case = opened(hall)
    hall.act(hall.tasks(case)[HANDLE], Action.RETURN, hall.actor("aa-m1"), note="not mine")
    owner = hall.code_of(hall.tasks(case)[HANDLE].owner)
    worker = hall.actor(owner)
    found = HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.TEST)
    for action in (Action.ACCEPT, Action.ARRIVE):
        hall.act(hall.tasks(case)[HANDLE], action, worker)
    hall.keys += 1
    task = hall.tasks(case)[HANDLE].number
    hall.desk.act(TaskCommand(task=task, action=Action.HANDLE, actor=worker, key="h-1", report=found), MONDAY_9)
    made = evaluated(hall)
    assert tally(made, Indicator.FALSE_ALARM) == Tally(1, 1)
    assert tally(made, Indicator.DISPATCHED_RIGHT) == Tally(0, 1)
    assert tally(made, Indicator.RETURNED) == Tally(1, 2)


def test_a_case_nobody_takes_up_is_late_and_unseen_until_now(hall: Hall) -> None:
    """A case nobody takes up is late and unseen until now."""
    opened(hall)
    found = evaluated(hall, MONDAY_9 + 23 * HOUR)
    assert tally(found, Indicator.HANDLED_IN_TIME) == Tally(0, 0)
    assert tally(found, Indicator.ACCEPTED_IN_TIME) == Tally(0, 1)
    assert found.whole.waited_ms == 23 * HOUR


def test_what_a_caller_may_not_see_is_not_counted(hall: Hall) -> None:
    """What a caller may not see is not counted."""
    opened(hall)
    assert evaluated(hall, communities=frozenset({99})).whole.cases == 0


def test_a_case_that_ended_by_itself_is_nobodys_lateness(hall: Hall) -> None:
    """A case that ended by itself is nobodys lateness."""
    facility = hall.city.facility("aa-sp-01")
    opened(hall)
    hall.apply(change(ChangeKind.CLOSED, "medium", facility=facility, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    found = evaluated(hall)
    assert found.whole.cases == 1
    assert tally(found, Indicator.HANDLED_IN_TIME) == Tally(0, 0)


def test_what_a_department_hands_down_counts_from_the_moment_it_came_in(hall: Hall) -> None:
    """Waiting at the gate counts as not yet filed."""
    row = send(hall, "visit", SourceKind.DEPARTMENT)
    if row.verdict is Verdict.WAIT:
        row = rule(hall, row, Verdict.ADMIT)
    found = evaluated(hall)
    assert found.whole.cases == 1
    assert tally(found, Indicator.FILED_IN_TIME) == Tally(1, 1)


def satisfaction(hall: Hall, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Evaluation:
    return SqlEvaluations(hall.engine, hall.city.registry).evaluate(from_ms, to_ms, to_ms, communities)


def test_an_answer_counts_in_the_span_in_which_it_was_given(hall: Hall) -> None:
    """Days after the closing, in a month that the case itself does not reach; with who repaired and where."""
    desk = called_case(hall)
    now_ms = MONDAY_9 + 4 * DAY
    (row,) = desk.calls(now_ms)
    desk.answer(row.number, GOOD, CALL, CALLER, now_ms)
    before, after = satisfaction(hall, MONDAY_9 - HOUR, now_ms), satisfaction(hall, now_ms, now_ms + DAY)
    assert tally(before, Indicator.REVISITED) == Tally(0, 0)
    for indicator in (Indicator.REVISITED, Indicator.SOLVED, Indicator.SATISFIED):
        assert tally(after, indicator) == Tally(1, 1), indicator
    assert (after.whole.cases, tuple(after.whole.scores)) == (0, (0, 0, 0, 0, 1))
    case = hall.queries.case(row.case)
    assert case is not None
    repaired_by = next(one.person for one in case.history if one.action == Action.HANDLE.value)
    [mine] = [one for one in after.parts[Part.WORKER] if one.key == str(repaired_by)]
    assert next(one.tally for one in mine.shares if one.indicator is Indicator.SOLVED) == Tally(1, 1)
    assert [one.key for one in after.parts[Part.COMMUNITY]] == [str(row.community)]
    assert tally(satisfaction(hall, now_ms, now_ms + DAY, frozenset({99})), Indicator.SOLVED) == Tally(0, 0)


def test_not_solved_counts_and_what_nobody_answers_is_no_answer(hall: Hall) -> None:
    """The case goes on and is asked about again; unanswered that one lapses, without being an answer."""
    desk = called_case(hall)
    now_ms = MONDAY_9 + 4 * DAY
    (row,) = desk.calls(now_ms)
    desk.answer(row.number, BAD, CALL, CALLER, now_ms)
    finish(hall, row.case)
    desk.step(now_ms + HOUR)
    desk.step(now_ms + 30 * DAY)
    found = satisfaction(hall, MONDAY_9 - HOUR, now_ms + 31 * DAY)
    assert tally(found, Indicator.REVISITED) == Tally(1, 2)
    assert tally(found, Indicator.SOLVED) == Tally(0, 1)
    assert tuple(found.whole.scores) == (1, 0, 0, 0, 0)


def test_a_closing_that_several_are_asked_about_counts_when_nobody_is_left_to_ask(hall: Hall) -> None:
    """Once, in the span of the last answer, by the worst: what a span says does not change after it."""
    desk = asking(hall)
    desk.step(MONDAY_9)
    for number in ("1", "2"):
        take(hall, record(f"H-{number}", phone=f"1380000000{number}"), by=partner())
    finish(hall, 1)
    desk.step(MONDAY_9 + HOUR)
    day, next_day = MONDAY_9 + 4 * DAY, MONDAY_9 + 5 * DAY
    first, second = desk.calls(day)
    desk.answer(first.number, GOOD, CALL, CALLER, day)
    assert tally(satisfaction(hall, day, next_day), Indicator.REVISITED) == Tally(0, 0), "the other is still asked"
    low = RevisitAnswer(solved=True, satisfaction=3)
    desk.answer(second.number, low, CALL, CALLER, next_day)
    assert tally(satisfaction(hall, day, next_day), Indicator.REVISITED) == Tally(0, 0)
    found = satisfaction(hall, next_day, next_day + DAY)
    assert tally(found, Indicator.REVISITED) == tally(found, Indicator.SOLVED) == Tally(1, 1)
    assert tuple(found.whole.scores) == (0, 0, 1, 0, 0)


def test_a_revisit_whose_case_went_on_by_itself_is_not_counted(hall: Hall) -> None:
    """The partner said first that it does not hold; nobody was asked."""
    desk = called_case(hall)
    take(hall, record("H-1", "返工", since_ms=MONDAY_9 + 2 * HOUR), now_ms=MONDAY_9 + 2 * HOUR)
    desk.step(MONDAY_9 + 3 * HOUR)
    desk.step(MONDAY_9 + 30 * DAY)
    assert tally(satisfaction(hall, MONDAY_9 - HOUR, MONDAY_9 + 31 * DAY), Indicator.REVISITED) == Tally(0, 0)
