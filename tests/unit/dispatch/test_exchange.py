"""What another platform calls a case is one case here, however often and in whatever order it comes in."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.alarms import ChangeKind
from core.cases import Action, Actor, CaseState, Conflict, NotPermitted, TaskKind
from core.errors import Invalid
from core.exchange import Came, LinkReason, SharedState
from core.intake import Decider, SourceKind, Verdict
from core.ports.intake import IntakeFilter, Ruling
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.exchange.mapping import parse_mapping, shipped
from dispatch.exchange.sealing import LEEWAY_MS, sealed
from dispatch.exchange.tables import fact, foreign, sending
from dispatch.intake_tables import intake
from dispatch.intakebook import load_intake
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, change, wipe
from tests.unit.dispatch.partners import PLACE, SECRET, at, beside, cases, desk, partner, record, take
from tests.unit.dispatch.test_reports import community, desk_of, rule, send

HANDLE = TaskKind.HANDLE


def links(hall: Hall, **values: Any) -> Any:
    return desk(hall).links("", PageRequest(limit=100), **values).items


# --- linked, not entered twice ----------------------------------------------------------------------------------


def test_a_number_is_entered_once(hall: Hall) -> None:
    """By the gate, with its number; sent again it changes nothing."""
    (first,) = take(hall, record("G-1"))
    assert (first.came, first.state) == (Came.FILED, SharedState.DISPATCHED)
    (again,) = take(hall, record("G-1"), now_ms=MONDAY_9 + MINUTE)
    assert (again.came, again.case_code) == (Came.KNOWN, first.case_code)
    assert len(cases(hall)) == hall.count(intake) == hall.count(fact) == 1
    (link,) = links(hall)
    assert (link.number, link.reason, link.case_code, link.conflict) == (
        "G-1",
        LinkReason.ENTERED,
        first.case_code,
        False,
    )


@pytest.mark.parametrize(
    ("metres", "hours", "joins"), [(0, 0, True), (99, 23.9, True), (101, 0, False), (0, 24.1, False)]
)
def test_what_is_near_and_lately_the_same_is_linked(hall: Hall, metres: float, hours: float, joins: bool) -> None:
    """Within 100 m and 24 h of an open case of the event, with the distance and the time; beyond it is another case."""
    send(hall, "road_hole", longitude=PLACE[0], latitude=PLACE[1])
    reported_ms = MONDAY_9 + round(hours * HOUR)
    (got,) = take(hall, record("G-1", ms=reported_ms, **beside(metres)), now_ms=MONDAY_9 + 30 * HOUR)
    assert got.came is (Came.LINKED if joins else Came.FILED)
    assert len(cases(hall)) == (1 if joins else 2)
    (link,) = links(hall)
    if joins:
        assert link.reason is LinkReason.NEAR
        assert link.distance_m == pytest.approx(metres, abs=0.5)
        assert link.apart_ms == pytest.approx(hours * HOUR, abs=1000)


def test_a_city_full_of_open_cases_is_asked_in_portions(hall: Hall) -> None:
    """A database takes only so many values in one question; how many cases are open has no such limit."""
    if hall.engine.dialect.name == "sqlite":
        hall.engine.dispose()
        limit = sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER
        sa.event.listen(hall.engine, "connect", lambda connection, _: connection.setlimit(limit, 600))
    send(hall, "road_hole", longitude=PLACE[0], latitude=PLACE[1])
    kept = dict(cases(hall)[0]._mapping)
    del kept["number"]
    twins = [
        kept | {"code": f"twin-{number}", "opening_alarm": f"twin/{number}", "gathers": f"twin/{number}"}
        for number in range(1_200)
    ]
    with hall.engine.begin() as connection:
        for begin in range(0, len(twins), 10):
            connection.execute(sa.insert(tables.case), twins[begin : begin + 10])
    (got,) = take(hall, record("G-1"))
    assert (got.came, got.case_code) == (Came.LINKED, kept["code"])


def test_a_file_that_is_days_old_links_by_the_time_of_the_reports(hall: Hall) -> None:
    """Two numbers of one morning of last week are one case, though filed only now; one of the day after is not."""
    now_ms = MONDAY_9 + 7 * 24 * HOUR
    got = take(
        hall,
        record("G-1"),
        record("G-2", ms=MONDAY_9 + HOUR, **beside(10)),
        record("G-3", ms=MONDAY_9 + 26 * HOUR, **beside(20)),
        now_ms=now_ms,
    )
    assert [one.came for one in got] == [Came.FILED, Came.LINKED, Came.FILED]


def test_the_same_facility_and_another_thing(hall: Hall) -> None:
    """A case of the event at the facility it names is it; another event close by is not."""
    own = send(hall, "other", facility="aa-sp-01")
    (same,) = take(hall, record("G-1", event=None, kind=None, event_word="其他", facility="aa-sp-01"))
    assert (same.came, links(hall)[0].case, links(hall)[0].reason) == (Came.LINKED, own.case, LinkReason.SAME_FACILITY)
    send(hall, "road_hole", longitude=PLACE[0], latitude=PLACE[1])
    (other,) = take(hall, record("G-2", event="0108"))
    assert other.came is Came.FILED


def test_of_two_cases_a_gatekeeper_chooses(hall: Hall) -> None:
    """Two fit: it waits with both, and the chosen one is told with its distance."""
    first = send(hall, "road_hole", **beside(80))
    second = send(hall, "road_hole", **beside(-80))
    assert first.case != second.case
    (got,) = take(hall, record("G-1", **beside(10)))
    assert (got.came, got.case_code) == (Came.WAITS, "")
    with hall.engine.connect() as connection:
        waits = connection.execute(sa.select(intake).where(intake.c.verdict == "wait")).one()
    assert json.loads(waits.candidates)[:2] == [first.case, second.case]
    (link,) = links(hall)
    assert (link.case, link.intake) == (None, waits.number)
    assert [one.number for one in links(hall, waits=True)] == [link.number]
    ruled = desk_rule(hall, waits.number, Verdict.JOIN, second.case)
    assert ruled.case == second.case
    (link,) = links(hall)
    assert (link.case, link.reason) == (second.case, LinkReason.BY_HAND)
    assert link.distance_m == pytest.approx(90, abs=0.5)
    assert list(links(hall, waits=True)) == [], "decided"


def desk_rule(hall: Hall, number: int, verdict: Verdict, case: int | None = None) -> Any:
    from tests.unit.dispatch.test_reports import desk_of

    row = desk_of(hall).intake(number)
    assert row is not None
    return rule(hall, row, verdict, case=case, words="不属网格职责")


def test_what_is_urgent_does_not_wait_for_a_choice(hall: Hall) -> None:
    """Two cases of water on the road fit: it joins the nearer one."""
    first = send(hall, "road_water", **beside(80))
    send(hall, "road_water", **beside(-80))
    (got,) = take(hall, record("G-1", event="0506", **beside(10)))
    assert (got.came, links(hall)[0].case) == (Came.LINKED, first.case)


def test_an_alarm_and_a_call_are_one_case(hall: Hall) -> None:
    """A sensor's case at a facility takes in the hotline's report from the same corner."""
    pump = hall.city.facility("aa-sp-01")
    place = hall.city.registry.place(pump)
    assert place is not None
    assert place.spot is not None
    hall.apply(change(ChangeKind.OPENED, facility=pump))
    with hall.engine.begin() as connection:  # as if its rule were of the family
        connection.execute(sa.update(tables.case).values(family="road_hole"))
    (got,) = take(hall, record("H-1", longitude=place.spot[0], latitude=place.spot[1]))
    assert (got.came, len(cases(hall))) == (Came.LINKED, 1)


def test_what_has_just_been_closed_is_not_entered_again(hall: Hall) -> None:
    """A closed case fits: a gatekeeper looks, with the case in sight."""
    row = send(hall, "road_hole", longitude=PLACE[0], latitude=PLACE[1])
    finish(hall, row.case)
    (got,) = take(hall, record("G-1"), now_ms=MONDAY_9 + 2 * HOUR)
    assert got.came is Came.WAITS
    with hall.engine.connect() as connection:
        kept = connection.execute(sa.select(foreign.c.candidates)).scalar_one()
    assert [one["case"] for one in json.loads(kept)] == [row.case]


def finish(hall: Hall, number: int | None, *, close: bool = True) -> None:
    """Take a case to its end by its own people."""
    from core.cases import Actor

    task = hall.tasks(number)[HANDLE]
    owner = Actor(login="owner", person=task.owner)
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks(number)[HANDLE], action, owner)
    if close:
        look = hall.tasks(number)[TaskKind.VERIFY]
        looker = Actor(login="looker", person=look.owner)
        hall.act(look, Action.ACCEPT, looker)
        hall.act(hall.tasks(number)[TaskKind.VERIFY], Action.VERIFY, looker, note="dark")


def test_a_hotlines_case_is_a_burden_like_any_other(hall: Hall) -> None:
    """As a department's it is counted, by its number; what is a department's duty goes back."""
    by = partner(source=SourceKind.DEPARTMENT, department="12345")
    (got,) = take(hall, record("H-1", event=None, kind=None, event_word="其他"), by=by)
    assert got.came is Came.FILED
    with hall.engine.connect() as connection:
        row = connection.execute(sa.select(intake)).one()
    assert (row.source, row.department, row.ref, row.actor) == ("department", "12345", "H-1", "exchange/city")


# --- states both ways -------------------------------------------------------------------------------------------


def test_their_withdrawal_ends_a_case_that_is_theirs_alone(hall: Hall) -> None:
    """Nobody has begun and nobody else has reported it: cancelled. Then an older state changes nothing."""
    take(hall, record("G-1"))
    take(hall, record("G-1", "作废", since_ms=MONDAY_9 + 2 * MINUTE), now_ms=MONDAY_9 + 3 * MINUTE)
    assert [row.state for row in cases(hall)] == ["cancelled"]
    (late,) = take(hall, record("G-1", "处置中", since_ms=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + 4 * MINUTE)
    assert (late.came, late.state) == (Came.CHANGED, SharedState.CANCELLED)
    assert links(hall)[0].said is SharedState.CANCELLED
    assert hall.count(fact) == 3


def test_their_withdrawal_does_not_end_what_others_see(hall: Hall) -> None:
    """A worker has reported it, too: noted, and the case goes on."""
    take(hall, record("G-1"))
    send(hall, "road_hole", longitude=PLACE[0], latitude=PLACE[1])
    take(hall, record("G-1", "作废", since_ms=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + 2 * MINUTE)
    assert [row.open for row in cases(hall)] == [True]


def test_their_withdrawal_of_what_is_worked_on_is_a_conflict_with_both_facts(hall: Hall) -> None:
    """Somebody is at work: the case stays, and both words are kept and shown."""
    from core.cases import Actor

    take(hall, record("G-1"))
    task = hall.tasks()[HANDLE]
    hall.act(task, Action.ACCEPT, Actor(login="owner", person=task.owner))
    take(hall, record("G-1", "作废", since_ms=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + 2 * MINUTE)
    assert [row.state for row in cases(hall)] == ["accepted"]
    (link,) = links(hall, conflicts=True)
    assert (link.said, link.said_word, link.state, link.conflict) == (
        SharedState.CANCELLED,
        "作废",
        CaseState.ACCEPTED,
        True,
    )
    assert desk(hall).partners(MONDAY_9)[0].conflicts == 1
    detail = hall.queries.case(link.case)
    assert detail is not None
    assert "partner_conflict" in [line.action for line in detail.history]


def test_what_waits_and_is_withdrawn_goes_back(hall: Hall) -> None:
    """It leaves the gatekeeper's list, with the reason."""
    by = partner(source=SourceKind.RESIDENT)
    (got,) = take(hall, record("H-1"), by=by)
    assert got.came is Came.WAITS
    take(hall, record("H-1", "撤销", since_ms=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + 2 * MINUTE, by=by)
    with hall.engine.connect() as connection:
        row = connection.execute(sa.select(intake)).one()
    assert (row.verdict, row.decided_by) == ("return", "exchange/city")
    assert "撤销" in row.ruling


def test_what_a_department_has_is_withdrawn_too_and_what_it_took_went_back(hall: Hall) -> None:
    """While it is referred nothing is told; taken by a department it is returned, in the eyes of the partner."""
    by = partner(source=SourceKind.RESIDENT)
    for number, state in (("H-1", "撤销"), ("H-2", "已立案")):
        (got,) = take(hall, record(number, **beside(0 if number == "H-1" else 900)), by=by)
        assert got.came is Came.WAITS
        (row,) = desk_of(hall).intakes(IntakeFilter(verdicts=frozenset({Verdict.WAIT})), PageRequest()).items
        rule(hall, row, Verdict.REFER, words="属于水务职责", department="sw")
        if number == "H-2":
            clerk = Actor(login="clerk")
            said = Ruling(
                number=row.number,
                verdict=Verdict.TAKEN,
                actor=clerk,
                department="sw",
                decider=Decider.DEPARTMENT,
            )
            desk_of(hall).rule(said, MONDAY_9 + MINUTE)
        late = record(number, state, since_ms=MONDAY_9 + MINUTE, **beside(0 if number == "H-1" else 900))
        (got,) = take(hall, late, now_ms=MONDAY_9 + 2 * MINUTE, by=by)
        found = desk_of(hall).intake(row.number)
        assert found is not None
        if number == "H-1":
            assert (found.verdict, found.referred, found.decided_by) == (Verdict.RETURN, "", "exchange/city")
            assert [one.after for one in found.steps] == [Verdict.WAIT, Verdict.REFER, Verdict.RETURN]
        else:
            assert (found.verdict, got.state) == (Verdict.TAKEN, SharedState.RETURNED)


@pytest.mark.parametrize("close", [True, False])
def test_not_content_over_there_is_rework_here(hall: Hall, close: bool) -> None:
    """Handled: the repair is rejected. Closed: the case is opened anew, with fresh limits."""
    take(hall, record("G-1"))
    finish(hall, cases(hall)[0].number, close=close)
    now_ms = MONDAY_9 + 5 * HOUR
    take(hall, record("G-1", "回访不满意", since_ms=now_ms), now_ms=now_ms)
    (row,) = cases(hall)
    assert row.open
    assert row.state == ("dispatched" if close else "rework")
    task = hall.tasks()[HANDLE]
    assert task.owner is not None
    assert task.due_ms is not None
    assert task.due_ms > now_ms


def test_what_was_over_before_we_heard_of_it_is_kept_and_not_entered(hall: Hall) -> None:
    """A year of closed cases makes no work, and nobody looks every second for whom to tell about it."""
    (got,) = take(hall, record("G-1", "已结案"))
    assert got.came is Came.ENDED
    assert (cases(hall), links(hall)[0].reason) == ([], LinkReason.ENDED)
    with hall.engine.connect() as connection:
        assert connection.execute(sa.select(foreign.c.told)).scalars().all() == ["closed"]


# --- any order, any repetition ----------------------------------------------------------------------------------

SPOTS = (0, 1_000, 2_000)
STORIES = st.permutations(
    [(number, spot, state) for number, spot in enumerate((0, 0, 1, 2)) for state in ("已立案", "挂账")]
)


@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=STORIES, repeats=st.lists(st.integers(0, 7), max_size=4), cut=st.integers(0, 12))
def test_any_order_and_repetition_gives_the_same_cases(
    hall: Hall, tmp_path: Path, story: list[tuple[int, int, str]], repeats: list[int], cut: int
) -> None:
    """By file and by request, once or more: a number is one row, three places are three cases, none counts twice."""
    wipe(hall)
    moments = {"已立案": 0, "挂账": 2}
    told = [
        record(f"G-{number}", state, MONDAY_9, since_ms=MONDAY_9 + moments[state] * MINUTE, **beside(SPOTS[spot]))
        for number, spot, state in story + [story[at] for at in repeats]
    ]
    now_ms = MONDAY_9 + HOUR
    for salt, one in enumerate(told[:cut]):
        take(hall, one, now_ms=now_ms, salt=salt)
    path = write_csv(tmp_path / "cases.csv", told[cut:])
    if told[cut:]:
        desk(hall).import_file("city", path, "test", now_ms)
        desk(hall).import_file("city", path, "test", now_ms)
    found = {link.number: (link.case, link.said) for link in links(hall)}
    assert sorted(found) == ["G-0", "G-1", "G-2", "G-3"]
    assert found["G-0"][0] == found["G-1"][0]
    assert len({case for case, _ in found.values()}) == len(cases(hall)) == 3
    assert {said for _, said in found.values()} == {SharedState.SUSPENDED}
    assert hall.count(intake) == 4
    assert hall.count(fact) == 8
    assert sorted(row.reports for row in cases(hall)) == [1, 1, 2]


def write_csv(path: Path, rows: list[dict[str, object]], encoding: str = "utf-8") -> Path:
    """Rows as a file."""
    heads = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(heads), *(",".join(str(row.get(head, "")) for head in heads) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


# --- requests ---------------------------------------------------------------------------------------------------


def test_a_request_is_taken_only_with_its_own_signature_and_once(hall: Hall) -> None:
    """Another secret, another body, an old or a coming time, a replay: nothing is taken."""
    body, time_s = json.dumps(record("G-1")).encode(), MONDAY_9 // 1000
    seal = sealed(SECRET, time_s, body)
    wrong = [
        (str(time_s), sealed("another", time_s, body), body),
        (str(time_s), seal, body + b" "),
        (str(time_s + 1), seal, body),
        ("", seal, body),
        ("٣", seal, body),
        (str(time_s), "", body),
    ]
    for time, one, sent in wrong:
        with pytest.raises(NotPermitted):
            desk(hall).take("city", time, one, sent, MONDAY_9)
    for now_ms in (MONDAY_9 + LEEWAY_MS + 1000, MONDAY_9 - LEEWAY_MS - 1000):
        with pytest.raises(NotPermitted):
            desk(hall).take("city", str(time_s), seal, body, now_ms)
    with pytest.raises(NotPermitted):
        desk(hall, partner(secret="")).take("city", str(time_s), sealed("", time_s, body), body, MONDAY_9)
    assert hall.count(foreign) == 0
    assert desk(hall).take("city", str(time_s), seal, body, MONDAY_9)[0].came is Came.FILED
    with pytest.raises(Conflict) as caught:
        desk(hall).take("city", str(time_s), seal, body, MONDAY_9 + MINUTE)
    assert caught.value.code == "replayed"
    assert desk(hall).partners(MONDAY_9)[0].heard_ms == MONDAY_9


def test_a_refused_request_leaves_nothing_behind(hall: Hall) -> None:
    """All that is wrong at once, and the good one beside it is not taken either."""
    with pytest.raises(Invalid) as caught:
        take(
            hall, record("G-1"), record("", "奇怪", event="9999", community="zz", longitude="x", reported_at="gestern")
        )
    assert sorted(one.code for one in caught.value.findings) == [
        "TG-3208",
        "TG-3209",
        "TG-3211",
        "TG-3213",
        "TG-3214",
    ]
    assert {one.line for one in caught.value.findings} == {2}
    with pytest.raises(Invalid):
        take(hall, record("G-1", ours="C-2026-999999"))
    with pytest.raises(Invalid):
        take(hall, {"number": "G-1", "colour": "red"})
    for broken in ("G\0", "G\ud800"):
        with pytest.raises(Invalid, match="TG-3223"):
            take(hall, record(broken))
    with pytest.raises(Invalid) as refused:
        take(hall, record("G-1") | {"col\ud800our": "red"})
    assert "col?our" in str(refused.value)
    assert (hall.count(foreign), hall.count(intake)) == (0, 0)
    for body in (b"", b"[]", b"7", b"[[]]", b'{"cases": 1}', b"[" * 5000):
        seal = sealed(SECRET, MONDAY_9 // 1000, body)
        with pytest.raises(Invalid):
            desk(hall).take("city", str(MONDAY_9 // 1000), seal, body, MONDAY_9)


def test_what_lies_in_the_future_is_refused(hall: Hall) -> None:
    """A clock that is ahead by minutes is believed, and what it said is known again; one by days is not."""
    (first,) = take(hall, record("G-1", ms=MONDAY_9 + 5 * MINUTE))
    (again,) = take(hall, record("G-1", ms=MONDAY_9 + 5 * MINUTE), now_ms=MONDAY_9 + MINUTE)
    assert (first.came, again.came, hall.count(fact)) == (Came.FILED, Came.KNOWN, 1)
    with hall.engine.connect() as connection:
        assert connection.execute(sa.select(foreign.c.reported_ms)).scalar_one() == MONDAY_9
    with pytest.raises(Invalid):
        take(hall, record("G-2", ms=MONDAY_9 + 24 * HOUR))


def test_the_city_is_known_by_name_code_and_grid(hall: Hall) -> None:
    """The community by its code, its name, and by the mapping's word for it."""
    take(hall, record("G-1", community="甲社区"), record("G-2", community="Community B", **beside(5_000)))
    with hall.engine.connect() as connection:
        found = connection.execute(sa.select(intake.c.community).order_by(intake.c.number)).scalars().all()
    assert found == [community(hall, "aa"), community(hall, "bb")]
    assert at(MONDAY_9).endswith("09:00:00")
    assert hall.count(sending) == 0


PARTS = (
    *("0101", "0102", "0103", "0104", "0106", "0110", "0111", "0114", "0118", "0123", "0125", "0126", "0127", "0128"),
    *("0137", "0138", "0139", "0146", "0149", "0150", "0154", "0157", "0188", "0193", "0207", "0301", "0303"),
)
EVENTS = ("0108", "0183", "0496", *(f"05{n:02}" for n in range(1, 9)), "0595", "0596")


def test_the_mapping_that_ships_knows_the_small_classes_that_can_be_touched() -> None:
    """Every part and event of the list; what we say of a case is a code of that event, and none for *other*."""
    found = shipped(load_intake())
    assert {code for kind, code in found.codes if kind == "part"} == set(PARTS)
    assert {code for kind, code in found.codes if kind == "event"} == set(EVENTS)
    assert found.codes["part", "0128"] == "power_cabinet"
    assert all(found.codes[key] == event for event, key in found.told.items())
    assert "other" not in found.told
    with pytest.raises(Invalid):
        parse_mapping("events: [{event: other, told: perhaps}]", "m.yaml", load_intake())
