"""What a partner hears, over real sockets: it answers as it likes, and nothing is lost, echoed or out of order."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.alarms import ChangeKind
from core.cases import Action, Actor, Conflict, TaskKind
from core.clock import ManualClock
from core.errors import Unavailable
from core.exchange import SharedState
from core.intake import SourceKind, Verdict
from core.ports.registry import PageRequest
from dispatch.exchange.entry import Partner
from dispatch.exchange.export import SqlExport
from dispatch.exchange.outgoing import POLICY, PartnerOutbox
from dispatch.exchange.sender import PartnerSender
from dispatch.exchange.sheets import read_rows
from dispatch.exchange.tables import foreign, left, sending
from tests.databases import Databases
from tests.integration.dispatch.stubs import HttpStub, Reply, http_stub
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, build_hall, change
from tests.unit.dispatch.partners import PLACE, SECRET, ZONE, beside, cases, desk, partner, record, take
from tests.unit.dispatch.test_exchange import desk_rule, finish, links, write_csv
from tests.unit.dispatch.test_reports import send

OK = Reply(body={"code": 0})


@pytest.fixture
def hall(tmp_path: Path, databases: Databases | None) -> Iterator[Hall]:
    """A fresh small city with an empty dispatch, on both databases."""
    made = build_hall(tmp_path, databases)
    yield made
    made.engine.dispose()


def reached(stub: HttpStub, **values: Any) -> Partner:
    """A partner that is reached at the stub."""
    return partner(url=f"{stub.base}/in", private=True, timeout_s=0.4, **values)


def sender(hall: Hall, one: Partner, clock: ManualClock) -> PartnerSender:
    """What sends to it."""
    return PartnerSender(
        PartnerOutbox(hall.engine, one),
        one,
        source=hall.city.registry,
        communities=hall.city.registry.communities,
        zone=ZONE,
        clock=clock,
    )


def clock_at(now_ms: int = MONDAY_9) -> ManualClock:
    """A clock that stands."""
    return ManualClock(now_ms)


def rows(hall: Hall) -> Any:
    """The messages."""
    with hall.engine.connect() as connection:
        return connection.execute(sa.select(sending).order_by(sending.c.id)).all()


def drain(one: PartnerSender, clock: ManualClock, hours: int = 12) -> None:
    """Let time pass until nothing is due any more, or for so long."""
    for _ in range(hours * 12):
        one.step()
        clock.advance(5 * MINUTE)


def test_a_number_hears_the_states_of_its_case_in_order_and_signed(hall: Hall) -> None:
    """From where it stands to the end; each with key, time and signature, in the partner's own words."""
    clock = clock_at()
    with http_stub(OK) as stub:
        one = reached(stub)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), by=one)
        out.step()
        finish(hall, cases(hall)[0].number)
        drain(out, clock, 1)
        said = stub.bodies()
        path, headers, body = stub.requests[0]
    assert path == "/in"
    assert [(row["number"], row["state"]) for row in said] == [
        ("G-1", state) for state in ("dispatched", "handling", "handled", "closed")
    ]
    assert [row["state_word"] for row in said] == ["派遣", "处置中", "已处置", "结案"]
    assert said[0]["ours"] == cases(hall)[0].code
    assert len({row["key"] for row in said}) == 4
    assert headers["idempotency-key"] == said[0]["key"]
    text = f"{headers['x-twingrid-timestamp']}.".encode() + body
    expected = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert headers["x-twingrid-signature"] == f"v1={expected}"


def test_bad_answers_lose_nothing_and_keep_the_order(hall: Hall) -> None:
    """429, 500, silence, a broken line, a code inside 200, an answer of somebody else: the same key again, then on."""
    bad = [
        Reply(status=429, headers={"Retry-After": "30"}),
        Reply(status=503),
        Reply(end="hang"),
        Reply(end="reset"),
        Reply(body={"code": 500}),
        Reply(body={"code": 429}),
        Reply(body=b"<html>log in</html>"),
        Reply(status=401),
        Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    ]
    clock = clock_at()
    with http_stub(*bad, OK) as stub:
        one = reached(stub)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), by=one)
        out.step()
        finish(hall, cases(hall)[0].number)
        drain(out, clock)
        said = stub.bodies()
    found = rows(hall)
    assert {row.delivery for row in found} == {"sent"}
    assert [row.error for row in found] == [""] * len(found)
    assert len({row["key"] for row in said[: len(bad) + 1]}) == 1, "the first one holds the others back"
    taken = list(dict.fromkeys(row["key"] for row in said))
    assert taken == [row.key for row in found]
    assert [row["state"] for row in said[-4:]] == ["dispatched", "handling", "handled", "closed"]


def test_what_is_refused_is_given_up_shown_and_can_be_sent_again(hall: Hall) -> None:
    """A refusal ends a message alone; a manager sends it again, with its key."""
    clock = clock_at()
    with http_stub(Reply(body={"code": 4001, "message": "no such number"}), OK) as stub:
        one = reached(stub)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), by=one)
        out.step()
        (state,) = desk(hall, one).partners(clock.now_ms())
        assert (state.given_up, state.waiting) == (1, 0)
        assert "4001" in state.last_error
        (row,) = desk(hall, one).outgoing("city", "given_up", PageRequest(limit=10)).items
        assert desk(hall, one).try_again(row.id, "mgr", clock.now_ms())
        assert not desk(hall, one).try_again(row.id, "mgr", clock.now_ms())
        drain(out, clock, 1)
        assert stub.bodies()[-1]["key"] == stub.bodies()[0]["key"]
    assert {row.delivery for row in rows(hall)} == {"sent"}


def test_an_older_state_does_not_follow_a_newer_one(hall: Hall) -> None:
    """What was refused holds nothing back; once a later state has gone out, the older one can only be let be."""
    clock = clock_at()
    with http_stub(Reply(body={"code": 4001}), OK) as stub:
        one = reached(stub)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), by=one)
        out.step()
        finish(hall, cases(hall)[0].number)
        drain(out, clock, 1)
        (row,) = desk(hall, one).outgoing("city", "given_up", PageRequest(limit=10)).items
        with pytest.raises(Conflict) as refused:
            desk(hall, one).try_again(row.id, "mgr", clock.now_ms())
        assert refused.value.code == "wrong_state"
        drain(out, clock, 1)
        assert [said["state"] for said in stub.bodies()] == ["dispatched", "handling", "handled", "closed"]
        assert desk(hall, one).dismiss(row.id, "mgr", clock.now_ms())


def test_a_new_case_that_is_sent_again_carries_the_state_told_last(hall: Hall) -> None:
    """The partner cannot do without the case, and does not go back to where it began."""
    clock = clock_at()
    with http_stub(Reply(body={"code": 4001}), OK) as stub:
        one = reached(stub, sends="all")
        out = sender(hall, one, clock)
        out.step()
        hall.apply(change(ChangeKind.OPENED, facility=hall.city.facility("aa-sp-01")))
        out.step()
        finish(hall, cases(hall)[0].number)
        drain(out, clock, 1)
        (row,) = desk(hall, one).outgoing("city", "given_up", PageRequest(limit=10)).items
        last = rows(hall)[-1]
        assert desk(hall, one).try_again(row.id, "mgr", clock.now_ms())
        drain(out, clock, 1)
        said = stub.bodies()
    assert [body["kind"] for body in (said[0], said[-1])] == ["case", "case"]
    assert (said[-1]["key"], said[-1]["state"]) == (said[0]["key"], last.state)
    assert said[0]["state"] != last.state
    assert rows(hall)[0].at_ms == last.at_ms


def test_a_platform_that_stays_away_is_given_up_after_a_week_and_paused_before(hall: Hall) -> None:
    """It costs few attempts while it is away; what is given up stays in sight, and can be let be."""
    clock = clock_at()
    with http_stub(Reply(status=503)) as stub:
        one = reached(stub)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), by=one)
        for _ in range(8 * 24 * 2):
            out.step()
            clock.advance(30 * MINUTE)
        assert 5 <= len(stub.requests) <= 8 * 24 * 2
    (row,) = rows(hall)
    assert row.delivery == "given_up"
    assert row.done_ms - row.created_ms >= POLICY.give_up_ms
    assert desk(hall, one).dismiss(row.id, "mgr", clock.now_ms())
    assert desk(hall, one).partners(clock.now_ms())[0].given_up == 0


def test_after_a_crash_an_attempt_is_made_again_with_its_key(hall: Hall) -> None:
    """Its beginning is on record and its end is not: it may have arrived."""
    clock = clock_at()
    with http_stub(OK) as stub:
        one = reached(stub)
        first = sender(hall, one, clock)
        first.step()
        take(hall, record("G-1"), by=one)
        box = PartnerOutbox(hall.engine, one)
        box.collect(clock.now_ms())
        (due,) = box.due(clock.now_ms())
        assert box.begin(due)
        assert not box.begin(due)
        assert box.due(clock.now_ms()) == []
        sender(hall, one, clock).step()
        assert [row["key"] for row in stub.bodies()] == [due.message.key]
    (row,) = rows(hall)
    assert (row.delivery, row.attempts) == ("sent", 2)


def test_an_attempt_whose_end_could_not_be_written_down_is_made_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails between the answer and its record: the same sender goes on when it answers again."""
    clock = clock_at()
    with http_stub(OK) as stub:
        one = reached(stub)
        post = sender(hall, one, clock)
        post.step()
        take(hall, record("G-1"), by=one)
        with monkeypatch.context() as broken:
            broken.setattr(PartnerOutbox, "end", unavailable)
            with pytest.raises(Unavailable):
                post.step()
        assert [row.delivery for row in rows(hall)] == ["sending"]
        assert post.step() == 1
        assert len({row["key"] for row in stub.bodies()}) == 1
    (row,) = rows(hall)
    assert (row.delivery, row.attempts) == ("sent", 2)


def unavailable(*_: object) -> bool:
    raise Unavailable("the case database does not answer")


def test_what_came_from_the_partner_does_not_go_back_as_new(hall: Hall) -> None:
    """Told all cases: those that it has already go as states, its own withdrawal goes nowhere."""
    clock = clock_at()
    with http_stub(OK) as stub:
        one = reached(stub, sends="all")
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), by=one)
        out.step()
        take(hall, record("G-1", "作废", since_ms=MONDAY_9 + MINUTE), by=one, now_ms=MONDAY_9 + 2 * MINUTE)
        drain(out, clock, 1)
        assert [(row["kind"], row["state"]) for row in stub.bodies()] == [("state", "dispatched")]


def test_our_cases_go_out_and_come_back_as_the_same(hall: Hall) -> None:
    """A worker's case is sent; the answer tells their number; their file brings it with and without ours: one case."""
    clock = clock_at()
    with http_stub(Reply(body={"code": 0, "number": "P-77"}), OK) as stub:
        one = reached(stub, sends="all")
        out = sender(hall, one, clock)
        out.step()
        send(hall, "road_hole", longitude=PLACE[0], latitude=PLACE[1])
        send(hall, "road_hole", **beside(3_000))
        drain(out, clock, 1)
        said = stub.bodies()
        new = [row for row in said if row["kind"] == "case"]
        assert [row["ours"] for row in new] == [row.code for row in cases(hall)]
        assert (new[0]["part_or_event"], new[0]["event"], new[0]["community"]) == ("event", "0505", "aa")
        assert new[0]["longitude"] == pytest.approx(PLACE[0])
        take(hall, record("P-77"), by=one)
        take(hall, record("P-78", ours=cases(hall)[1].code, **beside(3_000)), by=one)
        take(hall, record("P-78", **beside(3_000)), by=one, salt=1)
        assert len(cases(hall)) == 2
        assert {link.number: link.case_code for link in links(hall)} == {
            "P-77": cases(hall)[0].code,
            "P-78": cases(hall)[1].code,
        }
        send(hall, "road_hole", **beside(6_000))
        out.step()
        (got,) = take(hall, record("P-79", **beside(6_010)), by=one)
        assert got.case_code == cases(hall)[2].code
        with hall.engine.connect() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(foreign)).scalar_one() == 3
        count = len(stub.requests)
        drain(out, clock, 1)
        assert [row["kind"] for row in stub.bodies()[count:]] in ([], ["state"])


def test_what_the_gate_sends_back_is_told_with_its_reason(hall: Hall) -> None:
    """A gatekeeper returns it: the partner hears returned and why; what is admitted later is told as well."""
    clock = clock_at()
    with http_stub(OK) as stub:
        one = reached(stub, source=SourceKind.RESIDENT)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("H-1"), record("H-2", **beside(4_000)), by=one)
        out.step()
        assert stub.requests == []
        desk_rule(hall, 1, Verdict.RETURN)
        desk_rule(hall, 2, Verdict.ADMIT)
        drain(out, clock, 1)
        said = {row["number"]: row for row in stub.bodies()}
    assert (said["H-1"]["state"], said["H-1"]["note"]) == ("returned", "不属网格职责")
    assert said["H-2"]["state"] == "dispatched"


def test_a_merged_case_is_told_as_the_one_that_goes_on(hall: Hall) -> None:
    """Its number stands for the other one from then on."""
    from dispatch.closure_desk import SqlClosures
    from tests.unit.dispatch.hall import RULES

    clock = clock_at()
    with http_stub(OK) as stub:
        one = reached(stub)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), record("G-2", **beside(4_000)), by=one)
        out.step()
        first, second = (row.number for row in cases(hall))
        closures = SqlClosures(hall.engine, rules=RULES.get, source=hall.city.registry)
        closures.merge(second, first, "同一原因", hall.actor("mgr", supervises=True), MONDAY_9)
        task = hall.tasks(first)[TaskKind.HANDLE]
        hall.act(task, Action.ACCEPT, Actor(login="owner", person=task.owner))
        drain(out, clock, 1)
        told = [(row["number"], row["state"]) for row in stub.bodies()]
    assert {link.number: link.case for link in links(hall)} == {"G-1": first, "G-2": first}
    assert ("G-2", "cancelled") not in told
    assert sorted(told[-2:]) == [("G-1", "handling"), ("G-2", "handling")]


def test_a_merging_that_is_taken_back_gives_the_case_its_number_back(hall: Hall) -> None:
    """What comes in for the number is about its own case again, and the partner hears where that stands."""
    from dispatch.closure_desk import SqlClosures
    from tests.unit.dispatch.hall import RULES

    clock, boss = clock_at(), hall.actor("mgr", supervises=True)
    with http_stub(OK) as stub:
        one = reached(stub)
        out = sender(hall, one, clock)
        out.step()
        take(hall, record("G-1"), record("G-2", **beside(4_000)), by=one)
        drain(out, clock, 1)
        first, second = (row.number for row in cases(hall))
        closures = SqlClosures(hall.engine, rules=RULES.get, source=hall.city.registry)
        closures.merge(second, first, "同一原因", boss, clock.now_ms())
        drain(out, clock, 1)
        assert {link.number: link.case for link in links(hall)} == {"G-1": first, "G-2": first}
        count = len(stub.requests)
        closures.unmerge(second, "两处不同", boss, clock.now_ms())
        drain(out, clock, 1)
        told = [(row["number"], row["state"]) for row in stub.bodies()[count:]]
    assert {link.number: link.case for link in links(hall)} == {"G-1": first, "G-2": second}
    assert told == [("G-2", "filed"), ("G-2", "dispatched")]


def test_a_number_that_a_partner_gave_goes_back_to_our_case_through_a_chain(hall: Hall) -> None:
    """Three of ours with numbers of the partner, merged one into the next: each gets its number back by itself."""
    from dispatch.closure_desk import SqlClosures
    from tests.unit.dispatch.hall import RULES

    clock, boss = clock_at(), hall.actor("mgr", supervises=True)
    with http_stub(OK) as stub:
        one = reached(stub, sends="all")
        out = sender(hall, one, clock)
        out.step()
        for at in range(3):
            send(hall, "road_hole", **(beside(4_000 * at) if at else {"longitude": PLACE[0], "latitude": PLACE[1]}))
        drain(out, clock, 1)
        first, second, third = cases(hall)
        for at, case in enumerate((first, second, third)):
            take(hall, record(f"P-{at}", ours=case.code, **beside(20_000)), by=one, salt=at)
        closures = SqlClosures(hall.engine, rules=RULES.get, source=hall.city.registry)

        def stands_for() -> dict[str, int]:
            drain(out, clock, 1)
            return {link.number: link.case for link in links(hall)}

        closures.merge(third.number, second.number, "同一原因", boss, clock.now_ms())
        assert stands_for() == {"P-0": first.number, "P-1": second.number, "P-2": second.number}
        closures.merge(second.number, first.number, "同一原因", boss, clock.now_ms())
        assert set(stands_for().values()) == {first.number}
        closures.unmerge(second.number, "两处不同", boss, clock.now_ms())
        assert stands_for() == {"P-0": first.number, "P-1": second.number, "P-2": second.number}
        count = len(stub.requests)
        closures.unmerge(third.number, "两处不同", boss, clock.now_ms())
        assert stands_for() == {"P-0": first.number, "P-1": second.number, "P-2": third.number}
        told = {row["number"] for row in stub.bodies()[count:]}
    assert told == {"P-2"}
    with hall.engine.connect() as connection:
        assert connection.execute(sa.select(left)).all() == []


def test_two_of_ours_that_became_one_are_named_by_either(hall: Hall) -> None:
    """We sent both, they were merged: each number that the partner gives them stands for the one that goes on."""
    from dispatch.closure_desk import SqlClosures
    from tests.unit.dispatch.hall import RULES

    clock = clock_at()
    with http_stub(OK) as stub:
        one = reached(stub, sends="all")
        out = sender(hall, one, clock)
        out.step()
        send(hall, "road_hole", longitude=PLACE[0], latitude=PLACE[1])
        send(hall, "road_hole", **beside(4_000))
        out.step()
        first, second = cases(hall)
        closures = SqlClosures(hall.engine, rules=RULES.get, source=hall.city.registry)
        closures.merge(second.number, first.number, "同一原因", hall.actor("mgr", supervises=True), MONDAY_9)
        out.step()
        far = beside(9_000)
        got = [
            take(hall, record(f"P-{at}", ours=case.code, **far), by=one, salt=at)[0]
            for at, case in enumerate((first, second, second))
        ]
    assert [row.case_code for row in got] == [first.code] * 3
    assert {link.number: link.case for link in links(hall)} == dict.fromkeys(("P-0", "P-1", "P-2"), first.number)


def test_a_partner_by_file_alone_acts_on_the_case_that_goes_on(hall: Hall) -> None:
    """Nobody sends to it, so nobody has moved its number: it is not content, and what took its case in is rework."""
    from dispatch.closure_desk import SqlClosures
    from tests.unit.dispatch.hall import RULES

    take(hall, record("G-1"), record("G-2", **beside(4_000)))
    first, second = (row.number for row in cases(hall))
    closures = SqlClosures(hall.engine, rules=RULES.get, source=hall.city.registry)
    closures.merge(second, first, "同一原因", hall.actor("mgr", supervises=True), MONDAY_9)
    finish(hall, first, close=False)
    later = record("G-2", "返工", since_ms=MONDAY_9 + 2 * HOUR, **beside(4_000))
    (got,) = take(hall, later, now_ms=MONDAY_9 + 2 * HOUR)
    assert (got.case_code, got.state) == (cases(hall)[0].code, SharedState.REWORK)


# --- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_file_goes_out_and_comes_back_without_a_second_case(hall: Hall, tmp_path: Path, suffix: str) -> None:
    """Incremental, repeatable after a crash, and what it says is known when it comes back."""
    one = partner()
    take(hall, record("G-1"), by=one)
    send(hall, "light_lamp", **beside(3_000))
    files = SqlExport(hall.engine, source=hall.city.registry, communities=hall.city.registry.communities, zone=ZONE)
    path = tmp_path / f"out.{suffix}"
    assert files.export(one, path, "test", MONDAY_9 + MINUTE) == 2
    rows_of, wrong = read_rows(path, one.mapped)
    assert wrong == []
    given = [dict(row.fields) for row in rows_of]
    assert [row.get("number", "") for row in given] == ["G-1", ""]
    back = write_csv(tmp_path / "back.csv", [{**row, "number": row.get("number") or "P-1"} for row in given])
    got = desk(hall, one).import_file("city", back, "test", MONDAY_9 + HOUR)
    assert {row.number: row.case_code for row in got} == {
        "G-1": cases(hall)[0].code,
        "P-1": cases(hall)[1].code,
    }
    assert len(cases(hall)) == 2
    assert files.export(one, path, "test", MONDAY_9 + 2 * MINUTE) == 0
    assert files.export(one, path, "test", MONDAY_9 + 2 * MINUTE, from_ms=MONDAY_9 - HOUR) == 2
    with pytest.raises(OSError, match="No such file"):
        files.export(one, tmp_path / "nowhere" / "out.csv", "test", MONDAY_9)
    assert not list(tmp_path.glob(".out*")), "no half a file is left"
