"""What handling costs and finds, cases of one cause, faults that come again, rules that were wrong."""

from __future__ import annotations

import math

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import ChangeKind, Severity
from core.cases import Action, Actor, CaseState, Conflict, NotPermitted, TaskKind, TaskState, UnknownItem
from core.closure import FalseCause, HandlingReport, Outcome, Part
from core.errors import Invalid
from core.places import Text
from core.ports.cases import TaskCommand
from core.ports.closure import Likeness
from core.ports.registry import FacilityPlace
from dispatch import tables
from dispatch.closure_desk import SqlClosures
from dispatch.closure_tables import merge
from dispatch.policy import Policy
from dispatch.reports import check
from dispatch.review_queries import SqlReviewQueries
from dispatch.similarity import Side, likeness, metres
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED
HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY
DAY = 24 * HOUR
FLOAT = Part(name="浮球开关", quantity=2, price_fen=4550)


def closures_of(hall: Hall, policy: Policy | None = None) -> SqlClosures:
    return SqlClosures(hall.engine, rules=RULES.get, source=hall.city.registry, policy=policy)


def boss_of(hall: Hall) -> Actor:
    return hall.actor("mgr", supervises=True)


def opened(hall: Hall, facility: str = "aa-sp-01", rule_id: str = "medium", now_ms: int = MONDAY_9) -> int:
    hall.apply(change(OPENED, rule_id, facility=hall.city.facility(facility), start=now_ms), now_ms=now_ms)
    return hall.cases()[-1].number


def repaired(hall: Hall, case: int, report: HandlingReport | None, now_ms: int = MONDAY_9) -> None:
    worker = hall.actor("aa-m1")
    for action in (Action.ACCEPT, Action.ARRIVE):
        hall.act(hall.tasks(case)[HANDLE], action, worker, now_ms=now_ms)
    hall.keys += 1
    command = TaskCommand(
        task=hall.tasks(case)[HANDLE].number,
        action=Action.HANDLE,
        actor=worker,
        key=f"r-{hall.keys}",
        report=report,
    )
    hall.desk.act(command, now_ms)


def closed(hall: Hall, case: int, report: HandlingReport | None, now_ms: int = MONDAY_9) -> None:
    repaired(hall, case, report, now_ms)
    looker = hall.actor("aa-g1")
    hall.act(hall.tasks(case)[VERIFY], Action.ACCEPT, looker, now_ms=now_ms)
    hall.act(hall.tasks(case)[VERIFY], Action.VERIFY, looker, note="looked", now_ms=now_ms)


# --- reports ----------------------------------------------------------------------------------------------------


def test_what_a_case_cost_is_the_sum_of_its_reports(hall: Hall) -> None:
    """Reported, rejected, reported again: both count; the newest says what was found."""
    case = opened(hall)
    repaired(hall, case, HandlingReport(labour_min=90, parts=(FLOAT,), contractor_fen=12_000))
    looker = hall.actor("aa-g1")
    hall.act(hall.tasks(case)[VERIFY], Action.ACCEPT, looker)
    hall.act(hall.tasks(case)[VERIFY], Action.REJECT, looker, note="still dripping")
    repaired(hall, case, HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.WEATHER, labour_min=15))
    found = closures_of(hall).closure(case, MONDAY_9)
    assert [one.report.outcome for one in found.reports] == [Outcome.REPAIRED, Outcome.FALSE_ALARM]
    assert found.reports[0].report.parts == (FLOAT,)
    assert (found.cost.labour_min, found.cost.parts_fen, found.cost.contractor_fen) == (105, 9_100, 12_000)
    assert closures_of(hall).closure(99, MONDAY_9).reports == ()


@pytest.mark.parametrize(
    ("report", "codes"),
    [
        (HandlingReport(outcome=Outcome.FALSE_ALARM), ["TG-3131"]),
        (HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.OTHER, cause_text=" "), ["TG-3131"]),
        (HandlingReport(cause=FalseCause.TEST), ["TG-3132"]),
        (HandlingReport(labour_min=-1, contractor_fen=-1), ["TG-3133", "TG-3133"]),
        (HandlingReport(parts=(Part(name=" ", quantity=math.nan, price_fen=1),)), ["TG-3133", "TG-3133"]),
        (HandlingReport(parts=(Part(name="x", quantity=1e9, price_fen=100),)), ["TG-3133"]),
        (HandlingReport(parts=(FLOAT,) * 51), ["TG-3133"]),
    ],
)
def test_a_report_that_cannot_be_is_refused(report: HandlingReport, codes: list[str]) -> None:
    """All that is wrong at once."""
    with pytest.raises(Invalid) as caught:
        check(Action.HANDLE, report)
    assert [one.kind.code for one in caught.value.findings] == codes


def test_a_report_belongs_to_handling(hall: Hall) -> None:
    """With another step it is refused, and nothing has happened; a good one, and none, pass."""
    case = opened(hall)
    task = hall.tasks(case)[HANDLE]
    command = TaskCommand(
        task=task.number, action=Action.ACCEPT, actor=hall.actor("aa-m1"), key="k", report=HandlingReport()
    )
    with pytest.raises(Invalid, match="not \\*handle\\*"):
        hall.desk.act(command, MONDAY_9)
    assert hall.tasks(case)[HANDLE] == task
    check(Action.HANDLE, HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.OTHER, cause_text="birds"))
    check(Action.ACCEPT, None)


# --- cancelling -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps", [(), (Action.ACCEPT,), (Action.ACCEPT, Action.ARRIVE), (Action.ACCEPT, Action.SUSPEND)]
)
def test_cancelling_ends_what_somebody_is_at_work_on(hall: Hall, steps: tuple[Action, ...]) -> None:
    """A cancelled case leaves no task in the queue of whoever had accepted it, been there or suspended it."""
    case = opened(hall)
    for action in steps:
        hall.act(hall.tasks(case)[HANDLE], action, hall.actor("aa-m1"), note="why")
    hall.act(hall.tasks(case)[HANDLE], Action.CANCEL, boss_of(hall), note="not ours")
    assert {task.state for task in hall.tasks(case).values()} == {TaskState.CANCELLED}


# --- one cause, one case ----------------------------------------------------------------------------------------


def place(number: int, **values: object) -> FacilityPlace:
    known: dict[str, object] = {
        "number": number,
        "code": str(number),
        "name": Text(zh="泵", en="Pump"),
        "class_id": "sewage_pump",
        "community": 1,
        "cells": {},
    }
    return FacilityPlace(**(known | values))  # type: ignore[arg-type]


def test_metres_on_the_ground() -> None:
    """A degree of latitude is 111.19 km; of longitude half as much at 60 degrees; unknown is unknown."""
    south, north = place(1, latitude=30.0, longitude=112.0), place(2, latitude=31.0, longitude=112.0)
    assert metres(south, north) == pytest.approx(111_195, rel=1e-4)
    assert metres(place(1, latitude=60.0, longitude=0.0), place(2, latitude=60.0, longitude=1.0)) == pytest.approx(
        55_597, rel=1e-3
    )
    assert metres(south, place(3)) is None


def test_why_two_cases_may_have_one_cause() -> None:
    """One family close by, one supply, a supply and what hangs on it, or what measures the same."""
    policy = Policy()

    def why(one: FacilityPlace, other: FacilityPlace, families: str = "aa", apart_ms: int = 0) -> list[Likeness]:
        mine, theirs = Side(families[0], 0, one), Side(families[1], apart_ms, other)
        found = likeness(mine, theirs, policy)
        assert likeness(theirs, mine, policy) == found
        return list(found)

    here = place(1, latitude=31.7, longitude=112.1, parent=9, redundant_set="r")
    near = place(2, latitude=31.7, longitude=112.101)
    assert why(here, near) == [Likeness.NEAR]
    assert why(here, near, "ab") == []
    assert why(here, place(2, latitude=31.7, longitude=112.102)) == []
    assert why(here, place(2, parent=9)) == [Likeness.PARENT]
    assert why(here, place(2, parent=9), "ab", policy.together_ms) == [Likeness.PARENT]
    assert why(here, place(2, parent=9), "ab", policy.together_ms + 1) == []
    assert why(here, place(9), "ab") == [Likeness.SUPPLY]
    assert why(here, place(2, redundant_set="r")) == [Likeness.REDUNDANT]
    assert why(place(1), place(2)) == []


def test_merged_cases_are_one(hall: Hall) -> None:
    """The alarms of both are the heir's, the worst severity counts, both histories say so, later ones go there."""
    first = opened(hall, "aa-sp-01")
    second = opened(hall, "aa-sp-02", "high")
    hall.act(hall.tasks(second)[HANDLE], Action.ACCEPT, hall.actor("aa-m2"))
    desk, boss = closures_of(hall), boss_of(hall)
    desk.merge(second, first, "one blocked main", boss, MONDAY_9 + MINUTE)
    gone, heir = hall.queries.case(second), hall.queries.case(first)
    assert gone is not None
    assert heir is not None
    assert gone.case.state is CaseState.CANCELLED
    assert gone.case.note == f"{heir.case.code} one blocked main"
    assert gone.alarms == ()
    assert {task.state for task in gone.tasks} == {TaskState.CANCELLED}
    assert (heir.case.severity, len(heir.alarms)) == (Severity.HIGH, 2)
    assert [line.action for line in gone.history][-1] == "merge"
    merged_in = next(line for line in heir.history if line.action == "merged_in")
    assert merged_in.note == f"{gone.case.code} one blocked main"
    assert (merged_in.actor, merged_in.person) == ("mgr", boss.person)
    found = desk.closure(first, MONDAY_9)
    assert [one.case.number for one in found.merged] == [second]
    into = desk.closure(second, MONDAY_9).into
    assert into is not None
    assert (into.case.number, into.reason) == (first, "one blocked main")
    hall.apply(change(OPENED, "medium-2", facility=hall.city.facility("aa-sp-02")), now_ms=MONDAY_9 + HOUR)
    assert len(hall.cases(open_only=True)) == 1
    again = hall.queries.case(first)
    assert again is not None
    assert len(again.alarms) == 3
    lines = hall.count(tables.history)
    desk.merge(second, first, "again", boss, MONDAY_9 + HOUR)
    assert hall.count(tables.history) == lines


def test_what_comes_after_a_merged_case_has_ended_is_a_case_of_its_own(hall: Hall) -> None:
    """One root cause is over with its case."""
    first, second = opened(hall, "aa-sp-01"), opened(hall, "aa-sp-02")
    third = opened(hall, "bb-sp-01")
    desk, boss = closures_of(hall), boss_of(hall)
    desk.merge(second, first, "x", boss, MONDAY_9)
    desk.merge(first, third, "x", boss, MONDAY_9)
    hall.apply(change(OPENED, "medium-2", facility=hall.city.facility("aa-sp-02")))
    assert [case.number for case in hall.cases(open_only=True)] == [third]
    hall.act(hall.tasks(third)[HANDLE], Action.CANCEL, boss, note="done by the city")
    new = hall.city.facility("aa-sp-02")
    hall.apply(change(OPENED, "high", facility=new, start=MONDAY_9 + HOUR), now_ms=MONDAY_9 + HOUR)
    (left,) = hall.cases(open_only=True)
    assert left.facility == new
    assert left.number not in {first, second, third}


def test_what_may_not_be_merged(hall: Hall) -> None:
    """Without supervising or a reason, with itself, what has been handled or ended, and what gathers."""
    first, second = opened(hall, "aa-sp-01"), opened(hall, "aa-sp-02")
    desk, boss = closures_of(hall), boss_of(hall)
    with pytest.raises(NotPermitted):
        desk.merge(first, second, "x", hall.actor("aa-m1"), MONDAY_9)
    with pytest.raises(Invalid, match="reason"):
        desk.merge(first, second, "  ", boss, MONDAY_9)
    with pytest.raises(UnknownItem):
        desk.merge(first, 999, "x", boss, MONDAY_9)
    with pytest.raises(Conflict, match="itself"):
        desk.merge(first, first, "x", boss, MONDAY_9)
    joint = opened(hall, "aa-ia-01", "lamp")
    for pair in ((first, joint), (joint, first)):
        with pytest.raises(Conflict, match="cannot be merged"):
            desk.merge(*pair, "x", boss, MONDAY_9)
    repaired(hall, first, None)
    for pair in ((first, second), (second, first)):
        with pytest.raises(Conflict, match="cannot be merged"):
            desk.merge(*pair, "x", boss, MONDAY_9)
    assert len(hall.cases(open_only=True)) == 3


def test_similar_cases_are_suggested(hall: Hall) -> None:
    """Open ones alone, with their reasons; the pumps of the city stand 1.4 km apart."""
    first, second = opened(hall, "aa-sp-01"), opened(hall, "aa-sp-02")
    desk = closures_of(hall, Policy(near_m=2_000))
    (found,) = desk.closure(first, MONDAY_9).similar
    assert (found.case.number, found.reasons) == (second, (Likeness.NEAR,))
    assert found.metres == pytest.approx(1_460, abs=30)
    assert closures_of(hall).closure(first, MONDAY_9).similar == ()
    hall.act(hall.tasks(second)[HANDLE], Action.CANCEL, boss_of(hall), note="x")
    assert desk.closure(first, MONDAY_9).similar == ()


@given(lat=st.floats(-89, 89), lon=st.floats(-180, 180), north=st.floats(-150, 150), east=st.floats(-150, 150))
def test_near_is_near_whatever_the_latitude(lat: float, lon: float, north: float, east: float) -> None:
    """Within a few decimetres of plane geometry over some hundred metres."""
    one = place(1, latitude=lat, longitude=lon)
    step = math.degrees(1 / 6_371_008.8)
    other = place(2, latitude=lat + north * step, longitude=lon + east * step / math.cos(math.radians(lat)))
    assert metres(one, other) == pytest.approx(math.hypot(north, east), abs=0.6)


# --- again and again --------------------------------------------------------------------------------------------


def test_a_fault_that_comes_again_proposes_a_lasting_repair(hall: Hall) -> None:
    """Three cases of a facility and family in 90 days, with their cost; false, cancelled and old ones do not count."""
    desk = closures_of(hall)
    for days in (0, 10):
        case = opened(hall, now_ms=MONDAY_9 + days * DAY)
        closed(hall, case, HandlingReport(labour_min=60, contractor_fen=1_000), MONDAY_9 + days * DAY)
    false = opened(hall, now_ms=MONDAY_9 + 20 * DAY)
    closed(hall, false, HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.TEST), MONDAY_9 + 20 * DAY)
    assert desk.recurring(MONDAY_9 + 21 * DAY) == []
    last = opened(hall, now_ms=MONDAY_9 + 30 * DAY)
    (found,) = desk.recurring(MONDAY_9 + 31 * DAY)
    assert (found.facility, found.family, len(found.cases)) == (hall.city.facility("aa-sp-01"), "pump", 3)
    assert (found.cost.labour_min, found.cost.contractor_fen) == (120, 2_000)
    assert desk.closure(last, MONDAY_9 + 31 * DAY).recurring == found
    bb = frozenset({next(one.number for one in hall.city.registry.communities() if one.code == "bb")})
    assert desk.recurring(MONDAY_9 + 31 * DAY, bb) == []
    assert desk.recurring(MONDAY_9 + 91 * DAY) == []


def test_rules_that_were_wrong_are_reviewed(hall: Hall) -> None:
    """N false of m handled, by cause, where; of each case the newest report counts; other spans and places do not."""
    wrong = HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.LIMIT_WRONG)
    other = HandlingReport(outcome=Outcome.FALSE_ALARM, cause=FalseCause.OTHER, cause_text="a ball in the pit")
    for at, report in enumerate((wrong, other, wrong, None)):
        now_ms = MONDAY_9 + at * DAY
        closed(hall, opened(hall, now_ms=now_ms), report, now_ms)
    queries = SqlReviewQueries(hall.engine)
    (found,) = queries.false_alarms(MONDAY_9, MONDAY_9 + 10 * DAY)
    assert (found.rule_id, found.false, found.handled) == ("medium", 3, 4)
    assert list(found.causes) == [(FalseCause.LIMIT_WRONG, 2), (FalseCause.OTHER, 1)]
    assert found.facilities == {hall.city.facility("aa-sp-01"): 3}
    assert found.texts == ["a ball in the pit"]
    assert queries.false_alarms(MONDAY_9 + 3 * DAY, MONDAY_9 + 10 * DAY) == []
    assert queries.false_alarms(MONDAY_9, MONDAY_9 + 10 * DAY, frozenset()) == []


def test_a_merged_case_has_one_row_however_often(hall: Hall) -> None:
    """The audit of merging is only appended to."""
    first, second = opened(hall, "aa-sp-01"), opened(hall, "aa-sp-02")
    desk = closures_of(hall)
    for _ in range(2):
        desk.merge(second, first, "x", boss_of(hall), MONDAY_9)
    with hall.engine.connect() as connection:
        assert len(connection.execute(sa.select(merge)).all()) == 1
