"""After a case is closed people are asked once, and what they say counts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import ChangeKind
from core.cases import Action, Actor, CaseState, Conflict, TaskKind, UnknownItem
from core.errors import Invalid
from core.intake import SourceKind, Verdict
from core.ports.revisits import RevisitRow
from core.revisits import MOST_COMMENT, RevisitAnswer, RevisitState, RevisitWay
from dispatch import tables
from dispatch.closure_desk import SqlClosures
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from dispatch.revisit.choosing import DAY_MS, RevisitPolicy, after_call, is_asked
from dispatch.revisit.desk import SqlRevisits
from dispatch.revisit.tables import contact, revisit
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change
from tests.unit.dispatch.partners import cases, partner, record, take
from tests.unit.dispatch.test_exchange import finish
from tests.unit.dispatch.test_reports import rule, send

NOBODY = RevisitPolicy(share=0.0)
CALLER, ANYBODY = Actor(login="caller"), Actor(login="anybody")
GOOD, BAD = RevisitAnswer(solved=True, satisfaction=5), RevisitAnswer(solved=False, satisfaction=1, comment="又漏了")
CALL, QR = RevisitWay.CALL, RevisitWay.QR


def asking(hall: Hall, policy: RevisitPolicy = NOBODY) -> SqlRevisits:
    """Revisits over the hall's database."""
    return SqlRevisits(hall.engine, rules=RULES.get, source=hall.city.registry, revisits=policy)


def called_case(hall: Hall, policy: RevisitPolicy = NOBODY) -> SqlRevisits:
    """A hotline's case with a number, closed; the revisits that follow."""
    desk = asking(hall, policy)
    desk.step(MONDAY_9)
    take(hall, record("H-1", phone="13800000001"), by=partner())
    finish(hall, cases(hall)[0].number)
    desk.step(MONDAY_9 + MINUTE)
    return desk


def test_a_residents_case_is_asked_about_and_another_is_not(hall: Hall) -> None:
    """With the closing, once; what was closed before the first look is left in peace."""
    early = send(hall, "road_hole", longitude=112.2, latitude=31.7)
    finish(hall, early.case)
    desk = asking(hall)
    desk.step(MONDAY_9)
    row = rule(hall, send(hall, "light_lamp", SourceKind.RESIDENT, community=1), Verdict.ADMIT)
    other = send(hall, "refuse", longitude=112.4, latitude=31.7)
    for number in (row.case, other.case):
        finish(hall, number)
    for _ in range(2):
        desk.step(MONDAY_9 + HOUR)
    assert hall.count(revisit) == 1
    assert row.case is not None
    (found,) = desk.of_case(row.case, MONDAY_9)
    assert (found.state, found.by_resident, found.due_ms - found.closed_ms) == (RevisitState.DUE, True, 3 * DAY_MS)
    assert desk.calls(MONDAY_9 + 4 * DAY_MS) == [], "without a number there is nobody to call"


def test_a_resident_whose_case_went_into_another_is_asked_when_that_is_closed(hall: Hall) -> None:
    """Every case of a resident is asked about, merged or not, and the number goes with the one that goes on."""
    desk = asking(hall)
    desk.step(MONDAY_9)
    kept = send(hall, "road_hole", longitude=112.4, latitude=31.7)
    take(hall, record("H-1", phone="13800000001"), by=partner())
    assert kept.case is not None
    merged = next(row.number for row in cases(hall) if row.number != kept.case)
    closures = SqlClosures(hall.engine, rules=RULES.get, source=hall.city.registry)
    closures.merge(merged, kept.case, "同一原因", hall.actor("mgr", supervises=True), MONDAY_9)
    finish(hall, kept.case)
    desk.step(MONDAY_9 + MINUTE)
    (row,) = desk.calls(MONDAY_9 + 4 * DAY_MS)
    assert (row.case, row.by_resident, hall.count(contact)) == (kept.case, True, 0)
    assert desk.phone(row.number, CALLER, MONDAY_9 + 4 * DAY_MS) == "13800000001"


def test_everybody_who_reported_is_asked_and_called(hall: Hall) -> None:
    """Two who left numbers and a resident without one; asked anew when it is closed again, each with their number."""
    desk = asking(hall)
    desk.step(MONDAY_9)
    take(hall, record("H-1", phone="13800000001"), by=partner())
    take(hall, record("H-2", phone="13800000002"), by=partner())
    number = cases(hall)[0].number
    row = rule(hall, send(hall, "road_hole", SourceKind.RESIDENT, community=1), Verdict.JOIN, case=number)
    finish(hall, number)
    desk.step(MONDAY_9 + HOUR)
    now_ms = MONDAY_9 + 4 * DAY_MS

    def numbers(rows: Sequence[RevisitRow]) -> list[str]:
        return [desk.phone(one.number, CALLER, now_ms) for one in rows]

    assert numbers(desk.calls(now_ms)) == ["13800000001", "13800000002"]
    asked = desk.of_report(row.number, now_ms)
    assert asked is not None
    assert (asked.report, asked.has_phone, len(desk.of_case(number, MONDAY_9))) == (row.code, False, 3)
    desk.answer(asked.number, BAD, QR, ANYBODY, now_ms)
    desk.step(now_ms + MINUTE)
    states = [one.state for one in desk.of_case(number, MONDAY_9)]
    assert states == [RevisitState.ANSWERED, RevisitState.STRUCK, RevisitState.STRUCK], "it is worked on"
    finish(hall, number)
    now_ms += HOUR
    desk.step(now_ms)
    again = desk.of_report(row.number, now_ms)
    assert again is not None
    assert (again.state, again.number == asked.number, len(desk.of_case(number, MONDAY_9))) == (
        RevisitState.DUE,
        False,
        6,
    )
    now_ms += 4 * DAY_MS
    assert numbers(desk.calls(now_ms)) == ["13800000001", "13800000002"]
    assert hall.count(contact) == 0


def test_a_closing_counts_once_by_the_worst_that_was_said(hall: Hall) -> None:
    """Whatever the order; before anybody has answered it is as far as the one that has come least far."""
    desk = asking(hall)
    desk.step(MONDAY_9)
    take(hall, record("H-1", phone="13800000001"), by=partner())
    take(hall, record("H-2", phone="13800000002"), by=partner())
    finish(hall, cases(hall)[0].number)
    desk.step(MONDAY_9 + HOUR)
    now_ms = MONDAY_9 + 4 * DAY_MS

    def counted() -> tuple[int, ...]:
        found = desk.satisfaction(0, now_ms + DAY_MS)
        return found.asked, found.answered, found.not_reached, found.lapsed, found.solved, *found.scores

    first, second = desk.calls(now_ms)
    assert counted() == (1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    desk.answer(second.number, RevisitAnswer(solved=True, satisfaction=4), CALL, CALLER, now_ms)
    assert counted() == (1, 1, 0, 0, 1, 0, 0, 0, 1, 0)
    desk.answer(first.number, RevisitAnswer(solved=False, satisfaction=2), CALL, CALLER, now_ms)
    assert counted() == (1, 1, 0, 0, 0, 0, 1, 0, 0, 0)


@given(share=st.floats(0, 1), codes=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=30))
def test_the_share_is_drawn_by_the_code_alone(share: float, codes: list[str]) -> None:
    """The same whoever asks; a greater share asks about all that a smaller one does; residents always."""
    small, great = RevisitPolicy(share=share / 2), RevisitPolicy(share=share)
    for code in codes:
        chosen = is_asked(code, by_resident=False, policy=small)
        assert chosen == is_asked(code, by_resident=False, policy=small)
        assert not chosen or is_asked(code, by_resident=False, policy=great)
        assert is_asked(code, by_resident=True, policy=small)


def test_the_share_is_about_what_it_says() -> None:
    """Of 10,000 codes a tenth, within four standard deviations."""
    policy = RevisitPolicy(share=0.1)
    drawn = sum(is_asked(f"C-2026-{n:06d}", by_resident=False, policy=policy) for n in range(10_000))
    assert 880 <= drawn <= 1120


def test_a_call_is_due_with_its_number_for_whoever_calls(hall: Hall) -> None:
    """After three days; seeing the number is noted; answered, it is off the list and the number goes after a while."""
    desk = called_case(hall)
    assert desk.calls(MONDAY_9 + DAY_MS) == []
    (row,) = desk.calls(MONDAY_9 + 3 * DAY_MS)
    assert row.has_phone
    assert desk.calls(MONDAY_9 + 3 * DAY_MS, frozenset({99})) == []
    assert desk.phone(row.number, CALLER, MONDAY_9 + 3 * DAY_MS) == "13800000001"
    with pytest.raises(UnknownItem):
        desk.phone(row.number, CALLER, MONDAY_9 + 3 * DAY_MS, frozenset({99}))
    done = desk.answer(row.number, GOOD, CALL, CALLER, MONDAY_9 + 3 * DAY_MS)
    assert (done.state, done.answer) == (RevisitState.ANSWERED, GOOD)
    assert desk.calls(MONDAY_9 + 4 * DAY_MS) == []
    with pytest.raises(UnknownItem):
        desk.phone(row.number, CALLER, MONDAY_9 + 4 * DAY_MS)
    desk.step(MONDAY_9 + 31 * DAY_MS)
    with hall.engine.connect() as connection:
        assert connection.execute(sa.select(revisit.c.phone)).scalar_one() == ""
    assert hall.count(contact) == 0
    detail = hall.queries.case(row.case)
    assert detail is not None
    assert [one.action for one in detail.history if one.actor == "caller"] == ["phone_shown", "revisited"]
    assert not any("13800000001" in one.note for one in detail.history)


def test_three_days_without_an_answer_end_it(hall: Hall) -> None:
    """Two calls of one day count once."""
    desk = called_case(hall)
    (row,) = desk.calls(MONDAY_9 + 3 * DAY_MS)
    for at_ms in (3 * DAY_MS, 3 * DAY_MS + HOUR, 4 * DAY_MS):
        after = desk.not_reached(row.number, CALLER, MONDAY_9 + at_ms)
        assert after.state is RevisitState.DUE
    assert desk.calls(MONDAY_9 + 4 * DAY_MS) == [], "called today"
    after = desk.not_reached(row.number, CALLER, MONDAY_9 + 5 * DAY_MS)
    assert (after.state, after.tries) == (RevisitState.NOT_REACHED, 3)
    with pytest.raises(Conflict):
        desk.answer(row.number, GOOD, CALL, CALLER, MONDAY_9 + 5 * DAY_MS)
    assert after_call(2, "2026-11-26", "2026-11-27") == (RevisitState.NOT_REACHED, 3)


def test_nobody_asks_about_their_own_repair(hall: Hall) -> None:
    """Neither list, number, link nor answer for whoever repaired; somebody else calls."""
    desk = called_case(hall)
    now_ms = MONDAY_9 + 3 * DAY_MS
    repairer = cases(hall)[0].handled_by
    own = Actor(login="own", person=repairer)
    (row,) = desk.calls(now_ms, None, repairer + 1)
    assert desk.calls(now_ms, None, repairer) == []
    for asks in (
        lambda: desk.token(row.number, own),
        lambda: desk.phone(row.number, own, now_ms),
        lambda: desk.answer(row.number, GOOD, CALL, own, now_ms),
        lambda: desk.not_reached(row.number, own, now_ms),
    ):
        with pytest.raises(Conflict) as caught:
            asks()
        assert caught.value.code == "own_repair"
    assert desk.calls(now_ms) == [row], "nothing was written"
    assert desk.answer(row.number, GOOD, CALL, CALLER, now_ms).answer == GOOD


def test_of_two_answers_at_once_one_counts(hall: Hall) -> None:
    """By link and by phone at the same moment: one is kept, the other told, and the case goes on at most once."""
    desk = called_case(hall)
    (row,) = desk.calls(MONDAY_9 + 3 * DAY_MS)
    before = threading.Barrier(2)

    def answer(said: RevisitAnswer, way: RevisitWay) -> str:
        before.wait(10)
        try:
            desk.answer(row.number, said, way, CALLER, MONDAY_9 + 3 * DAY_MS)
        except Conflict as error:
            return error.code
        return "kept"

    with ThreadPoolExecutor(2) as pool:
        came = [one.result(30) for one in [pool.submit(answer, GOOD, QR), pool.submit(answer, BAD, CALL)]]
    assert sorted(came) == ["kept", "wrong_state"]
    (kept,) = desk.of_case(row.case, MONDAY_9)
    assert kept.answer == (GOOD, BAD)[came.index("kept")]
    assert cases(hall)[0].open == (kept.answer == BAD)


def test_days_and_tries_are_those_of_the_settings(hall: Hall) -> None:
    """A call due the day after, one try, and a week."""
    desk = called_case(hall, RevisitPolicy(share=0.0, due_ms=DAY_MS, open_ms=7 * DAY_MS, tries=1))
    (row,) = desk.calls(MONDAY_9 + 2 * DAY_MS)
    assert (row.due_ms - row.closed_ms, row.ends_ms - row.closed_ms) == (DAY_MS, 7 * DAY_MS)
    assert desk.not_reached(row.number, CALLER, MONDAY_9 + 2 * DAY_MS).state is RevisitState.NOT_REACHED


def test_a_token_takes_one_answer_until_its_time_is_over(hall: Hall) -> None:
    """By QR, without a login; a second answer and a late one are refused; nonsense is told."""
    desk = called_case(hall)
    (row,) = desk.of_case(cases(hall)[0].number, MONDAY_9)
    token = desk.token(row.number, CALLER)
    assert desk.by_token("x" * len(token), MONDAY_9) is None
    found = desk.by_token(token, MONDAY_9 + HOUR)
    assert found is not None
    assert found.number == row.number
    for wrong in (RevisitAnswer(solved=True, satisfaction=0), RevisitAnswer(solved=True, satisfaction=6)):
        with pytest.raises(Invalid):
            desk.answer(row.number, wrong, QR, ANYBODY, MONDAY_9 + HOUR)
    long = RevisitAnswer(solved=True, satisfaction=3, comment="长" * (MOST_COMMENT + 1))
    with pytest.raises(Invalid):
        desk.answer(row.number, long, QR, ANYBODY, MONDAY_9 + HOUR)
    assert desk.by_token(token, MONDAY_9 + 15 * DAY_MS) is None
    with pytest.raises(Conflict) as caught:
        desk.answer(row.number, GOOD, QR, ANYBODY, MONDAY_9 + 15 * DAY_MS)
    assert caught.value.code == "too_late"
    desk.answer(row.number, GOOD, QR, ANYBODY, MONDAY_9 + HOUR)
    with pytest.raises(Conflict) as caught:
        desk.answer(row.number, BAD, QR, ANYBODY, MONDAY_9 + 2 * HOUR)
    assert caught.value.code == "wrong_state"


def test_not_solved_brings_the_case_back_and_it_is_asked_about_again(hall: Hall) -> None:
    """The case is opened anew with a worker and fresh limits; its next closing is asked about; both answers count."""
    desk = called_case(hall)
    number = cases(hall)[0].number
    (row,) = desk.of_case(number, MONDAY_9)
    now_ms = MONDAY_9 + 3 * DAY_MS
    desk.answer(row.number, BAD, CALL, CALLER, now_ms)
    (case,) = cases(hall)
    assert (case.open, CaseState(case.state)) == (True, CaseState.DISPATCHED)
    task = hall.tasks(number)[TaskKind.HANDLE]
    assert task.due_ms is not None
    assert task.due_ms > now_ms
    finish(hall, number)
    desk.step(now_ms + HOUR)
    again, first = desk.of_case(number, MONDAY_9)
    assert (first.state, first.answer) == (RevisitState.ANSWERED, BAD)
    assert again.state is RevisitState.DUE
    found = desk.satisfaction(0, now_ms + 10 * DAY_MS)
    assert (found.asked, found.answered, found.solved, found.scores) == (2, 1, 0, (1, 0, 0, 0, 0))


def test_a_storm_that_is_not_solved_is_told_to_the_open_one_of_its_group_alone(hall: Hall) -> None:
    """Others that the same facility began, of other groups, have nothing to do with it; without one it goes on."""
    policy = Policy(storm_facilities=2)
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry, policy=policy)
    desk, pumps = asking(hall, RevisitPolicy(share=1.0)), ("aa-sp-01", "aa-sp-02", "aa-li-01")
    desk.step(MONDAY_9)

    def storm(at_ms: int) -> int:
        for code in pumps:
            hall.apply(change(ChangeKind.OPENED, facility=hall.city.facility(code), start=at_ms), now_ms=at_ms)
        return max(case.number for case in hall.cases(open_only=True) if case.storm)

    def ended(number: int, at_ms: int) -> int:
        finish(hall, number, close=False)
        hall.apply(
            *(
                change(ChangeKind.CLOSED, facility=hall.city.facility(code), start=at_ms, stop=at_ms + 1)
                for code in pumps
            ),
            now_ms=at_ms + 1,
        )
        for action in (Action.ACCEPT, Action.VERIFY):
            look = hall.tasks(number)[TaskKind.VERIFY]
            hall.act(look, action, Actor(login="looker", person=look.owner))
        desk.step(at_ms + MINUTE)
        return desk.of_case(number, MONDAY_9)[0].number

    first = storm(MONDAY_9)
    asked = ended(first, MONDAY_9)
    with hall.engine.begin() as connection:
        kept = connection.execute(sa.select(tables.case).where(tables.case.c.number == first)).one()._asdict()
        del kept["number"]
        for group in ("cell|x", "cell|y"):
            other = {"gathers": f"{kept['family']}|{group}", "open": True, "state": "filed", "closed_ms": None}
            connection.execute(
                sa.insert(tables.case).values(kept | other | {"code": group, "opening_alarm": f"storm/{group}"})
            )
    second = storm(MONDAY_9 + HOUR)
    assert second != first
    desk.answer(asked, BAD, CALL, CALLER, MONDAY_9 + 2 * HOUR)
    assert [case.number in (first, second) for case in hall.cases(open_only=True)].count(True) == 1
    found = hall.queries.case(second)
    assert found is not None
    assert "not_solved" in {row.action for row in found.history}
    asked = ended(second, MONDAY_9 + HOUR)
    assert second not in {case.number for case in hall.cases(open_only=True)}
    desk.answer(asked, BAD, CALL, CALLER, MONDAY_9 + 2 * HOUR)
    assert second in {case.number for case in hall.cases(open_only=True)}


def test_a_case_says_whether_somebody_has_called_today(hall: Hall) -> None:
    """As the list of calls does; tomorrow it is to be called again."""
    desk = called_case(hall)
    (row,) = desk.of_case(cases(hall)[0].number, MONDAY_9)
    desk.not_reached(row.number, CALLER, MONDAY_9 + DAY_MS)
    seen = [desk.of_case(row.case, MONDAY_9 + days * DAY_MS)[0].called_today for days in (1, 2)]
    assert seen == [True, False]


def test_what_nobody_answers_lapses_and_what_goes_on_is_struck(hall: Hall) -> None:
    """Two weeks are the end; a case that goes on for another reason is not asked about."""
    desk = called_case(hall)
    number = cases(hall)[0].number
    take(hall, record("H-1", "返工", since_ms=MONDAY_9 + 2 * HOUR), now_ms=MONDAY_9 + 2 * HOUR)
    desk.step(MONDAY_9 + 3 * HOUR)
    assert [one.state for one in desk.of_case(number, MONDAY_9)] == [RevisitState.STRUCK]
    finish(hall, number)
    desk.step(MONDAY_9 + 4 * HOUR)
    desk.step(MONDAY_9 + 15 * DAY_MS)
    assert [one.state for one in desk.of_case(number, MONDAY_9)] == [RevisitState.LAPSED, RevisitState.STRUCK]
    found = desk.satisfaction(0, MONDAY_9 + 20 * DAY_MS)
    assert (found.asked, found.lapsed, found.answered) == (1, 1, 0)
