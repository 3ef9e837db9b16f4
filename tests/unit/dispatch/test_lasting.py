"""A fault that comes again asks for a decision; who declines is asked again after as many cases more."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.cases import CaseState, Conflict, NotPermitted, UnknownItem
from core.errors import Invalid
from dispatch import closure_tables, tables
from dispatch.funds_tables import project
from dispatch.lastingwork import Known, asks
from dispatch.policy import Policy
from tests.unit.dispatch.hall import HOUR, MONDAY_9, Hall
from tests.unit.dispatch.test_closure import DAY, boss_of, closed, closures_of, opened


def again(hall: Hall, times: int, first: int = 0) -> int:
    """So many cases of one fault; when the last was closed."""
    at_ms = MONDAY_9
    for day in range(first, first + times):
        at_ms = MONDAY_9 + day * DAY
        closed(hall, opened(hall, now_ms=at_ms), None, at_ms + HOUR)
    return at_ms + 2 * HOUR


def decide(hall: Hall, now_ms: int, *, accept: bool, project_number: int | None = None) -> int | None:
    return closures_of(hall).decide_lasting(
        hall.city.facility("aa-sp-01"),
        "pump",
        accept=accept,
        project=project_number,
        reason="the pump is worn",
        actor=boss_of(hall),
        now_ms=now_ms,
    )


def test_when_it_asks() -> None:
    """From the third case on; after a decision from the third one more; not while the renewal goes on."""
    policy = Policy()
    assert [asks(range(1, n + 1), None, policy) for n in (2, 3)] == [False, True]
    declined = Known(newest=3, renewing=False)
    assert [asks(range(1, n + 1), declined, policy) for n in (3, 5, 6)] == [False, False, True]
    assert not asks(range(1, 9), Known(newest=3, renewing=True), policy)


def test_declined_it_is_silent_until_as_many_cases_more(hall: Hall) -> None:
    """The reason is kept, in the table and in the history of the newest case."""
    now_ms = again(hall, 3)
    [fault] = closures_of(hall).recurring(now_ms)
    assert (fault.asks, fault.decision) == (True, None)
    assert decide(hall, now_ms, accept=False) is None
    [fault] = closures_of(hall).recurring(now_ms)
    assert not fault.asks
    assert fault.decision is not None
    assert (fault.decision.accepted, fault.decision.reason, fault.decision.actor) == (False, "the pump is worn", "mgr")
    detail = hall.queries.case(fault.cases[0].number)
    assert detail is not None
    assert detail.history[-1].action == "lasting_declined"
    with pytest.raises(Conflict):
        decide(hall, now_ms, accept=True)
    later_ms = again(hall, 3, first=3)
    [fault] = closures_of(hall).recurring(later_ms)
    assert (fault.asks, len(fault.cases)) == (True, 6)


def test_accepted_it_is_a_case_of_the_same_queue(hall: Hall) -> None:
    """Filed once, given out, linked; silent while it is open, and asked again only by cases after it."""
    now_ms = again(hall, 3)
    number = decide(hall, now_ms, accept=True)
    assert number is not None
    row = next(one for one in hall.cases() if one.number == number)
    assert (row.state, row.say.en) == (CaseState.DISPATCHED, "Lasting repair: Rule medium")
    with hall.engine.connect() as connection:
        case = connection.execute(sa.select(tables.case).where(tables.case.c.number == number)).one()
        kept = connection.execute(sa.select(closure_tables.lasting)).one()
    assert (case.source, case.family) == ("plan", "lasting/pump")
    assert (kept.case, kept.counted, kept.accepted) == (number, 3, True)
    again(hall, 3, first=3)
    [fault] = closures_of(hall).recurring(now_ms + 4 * DAY)
    assert not fault.asks
    assert fault.decision is not None
    assert fault.decision.case == number


def test_a_project_may_bear_it(hall: Hall) -> None:
    """Then no case is filed; a project that does not exist, or is another community's, is refused."""
    now_ms = again(hall, 3)
    with pytest.raises(UnknownItem):
        decide(hall, now_ms, accept=True, project_number=7)
    values = {"name_zh": "泵", "name_en": "Pumps", "state": "operating", "changed_ms": 0, "changed_by": "mgr"}
    [fault] = closures_of(hall).recurring(now_ms)
    places = {7: fault.community, 8: fault.community + 1}
    with hall.engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        for number, place in places.items():
            own = {"number": number, "code": f"P-{number}", "community": place}
            connection.execute(sa.insert(project).values(**values, **own))
    with pytest.raises(UnknownItem):
        decide(hall, now_ms, accept=True, project_number=8)
    before = hall.count(tables.case)
    assert decide(hall, now_ms, accept=True, project_number=7) is None
    assert hall.count(tables.case) == before
    [fault] = closures_of(hall).recurring(now_ms)
    assert fault.decision is not None
    assert fault.decision.project == 7


def test_who_may_decide_and_of_what(hall: Hall) -> None:
    """A supervisor, with a reason, of a fault that came again."""
    now_ms, desk, place = again(hall, 2), closures_of(hall), hall.city.facility("aa-sp-01")
    boss, worker = boss_of(hall), hall.actor("aa-m1")
    key = {"accept": False, "project": None, "now_ms": now_ms}
    with pytest.raises(UnknownItem):
        desk.decide_lasting(place, "pump", reason="x", actor=boss, **key)  # type: ignore[arg-type]
    with pytest.raises(NotPermitted):
        desk.decide_lasting(place, "pump", reason="x", actor=worker, **key)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        desk.decide_lasting(place, "pump", reason=" ", actor=boss, **key)  # type: ignore[arg-type]
