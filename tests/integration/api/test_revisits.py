"""Revisits over HTTP: a worker calls, a resident answers by QR, and nobody sees what is not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.revisit_card import card
from dispatch.revisit.choosing import DAY_MS
from dispatch.revisit.tables import revisit
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9
from tests.unit.dispatch.partners import cases
from tests.unit.dispatch.test_exchange import finish
from tests.unit.dispatch.test_revisits import asking, called_case

V1 = "/api/v1"
PHONE = "13800000001"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people, and a closed case of a hotline."""
    with open_town(tmp_path) as made:
        called_case(made.hall)
        made.clock.advance(4 * DAY_MS)
        yield made


def test_a_worker_calls_and_writes_down_what_was_said(town: Town) -> None:
    """The list has no number in it; it is asked for apart; not solved brings the case back; the counts are right."""
    with town.browser("aa-g1") as client:
        answer = client.get(f"{V1}/revisits/calls")
        (row,) = answer.json()["items"]
        assert (row["has_phone"], row["state"], PHONE in answer.text) == (True, "due", False)
        assert client.post(f"{V1}/revisits/{row['id']}/phone").json() == {"phone": PHONE}
        missed = client.post(f"{V1}/revisits/{row['id']}/not-reached").json()
        assert (missed["tries"], missed["state"], missed["called_today"]) == (1, "due", True)
        assert client.get(f"{V1}/revisits/calls").json()["items"] == []
        body = {"solved": False, "satisfaction": 2, "comment": "又坏了"}
        said = client.post(f"{V1}/revisits/{row['id']}/answer", json=body)
        assert (said.status_code, said.json()["solved"], said.json()["satisfaction"]) == (200, False, 2)
        assert client.post(f"{V1}/revisits/{row['id']}/answer", json=body).status_code == 409
        (seen,) = client.get(f"{V1}/cases/{row['case_id']}/revisits").json()["items"]
        assert seen["comment"] == "又坏了"
    assert cases(town.hall)[0].open
    with town.browser("mgr-a") as client:
        span = f"from_ms={MONDAY_9 - 1}&to_ms={MONDAY_9 + DAY_MS}"
        found = client.get(f"{V1}/satisfaction?{span}").json()
        assert (found["asked"], found["answered"], found["solved"], found["scores"]) == (1, 1, 0, [0, 1, 0, 0, 0])
    for code in ("bb-m1", "aa-m1"):
        with town.browser(code) as client:
            assert client.get(f"{V1}/revisits/calls").status_code == 403


def test_a_resident_answers_by_qr_once(town: Town) -> None:
    """The token shows which case and nothing of anybody; one answer; nonsense is 422, another token 404."""
    desk = asking(town.hall)
    (row,) = desk.of_case(cases(town.hall)[0].number, MONDAY_9)
    with town.browser("aa-g1") as client:
        token = client.get(f"{V1}/revisits/{row.number}/token").json()["token"]
    with TestClient(town.app(), base_url="http://localhost", client=("203.0.113.7", 5)) as client:
        shown = client.get(f"{V1}/public/revisits/{token}")
        assert (shown.json()["case_code"], shown.json()["answered"]) == (row.code, False)
        assert set(shown.json()) == {"case_code", "say", "closed_ms", "ends_ms", "answered"}
        assert client.get(f"{V1}/public/revisits/{'x' * 32}").status_code == 404
        wrong = {"solved": True, "satisfaction": 9}
        assert client.post(f"{V1}/public/revisits/{token}", json=wrong).status_code == 422
        good = {"solved": True, "satisfaction": 4}
        assert client.post(f"{V1}/public/revisits/{token}", json=good).json()["answered"] is True
        assert client.post(f"{V1}/public/revisits/{token}", json=good).status_code == 409
        codes = [client.post(f"{V1}/public/revisits/{token}", json=good).status_code for _ in range(6)]
        assert codes[-1] == 429
    assert not cases(town.hall)[0].open


def test_the_code_is_drawn_for_whoever_may_ask(town: Town) -> None:
    """An SVG with the link of that revisit, kept by no browser; none of another community, none once it is answered."""
    (row,) = asking(town.hall).of_case(cases(town.hall)[0].number, MONDAY_9)
    path = f"{V1}/revisits/{row.number}/card.svg"
    with town.browser("mgr-a") as client:
        made = client.get(f"{path}?language=en")
        token = client.get(f"{V1}/revisits/{row.number}/token").json()["token"]
        assert (made.headers["content-type"], made.headers["cache-control"]) == ("image/svg+xml", "no-store")
        link = f"http://localhost/e/revisit/{row.number}#{token}"
        assert made.text == card(link, row.report, row.say, "en")
        assert made.text != card(link + "x", row.report, row.say, "en")
        shown = ElementTree.fromstring(made.text)
        assert {one.text for one in shown.iter("{http://www.w3.org/2000/svg}text")} >= {row.report, row.say.en}
        client.post(f"{V1}/revisits/{row.number}/answer", json={"solved": True, "satisfaction": 4})
        assert client.get(path).status_code == 404
    with town.browser("aa-m1") as client:
        assert client.get(path).status_code == 403


def test_whoever_repaired_is_told_so_before_they_ask(town: Town) -> None:
    """The list of the case says whose repair it is, and what that person asks for is refused."""
    number = cases(town.hall)[0].number
    (row,) = asking(town.hall).of_case(number, MONDAY_9)
    with town.hall.engine.begin() as connection:
        mine = {"person": town.hall.city.person("aa-g1")}
        connection.execute(sa.update(revisit).where(revisit.c.number == row.number).values(mine))
    for code, own in (("aa-g1", True), ("mgr-a", False)):
        with town.browser(code) as client:
            (shown,) = client.get(f"{V1}/cases/{number}/revisits").json()["items"]
            assert shown["own_repair"] is own
            codes = [client.get(f"{V1}/revisits/{row.number}/{part}").status_code for part in ("token", "card.svg")]
            assert codes == ([409, 409] if own else [200, 200])


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Town]:
    """The small city before anything has happened, looked at once."""
    with open_town(tmp_path) as made:
        asking(made.hall).step(MONDAY_9)
        yield made


def key(name: str) -> dict[str, str]:
    """The key that somebody's phone keeps of a report."""
    return {"Idempotency-Key": f"key-of-{name}"}


class Residents:
    """People at a sign without a login, by name: each has a phone with the key of their report."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self._ids: dict[str, int] = {}

    def report(self, name: str, code: str) -> int:
        """Report by the QR of a facility; the number of the report."""
        body = {"facility_code": code, "event": "other", "words": "按钮不亮"}
        answer = self._client.post(f"{V1}/public/reports", json=body, headers=key(name))
        assert answer.status_code == 201, answer.text
        self._ids[name] = answer.json()["id"]
        return self._ids[name]

    def look(self, name: str) -> Any:
        """What the look-up shows, as text too."""
        return self._client.get(f"{V1}/public/reports/{self._ids[name]}", headers=key(name))

    def say(self, name: str, solved: bool, score: int, *, of: str = "", comment: str = "") -> Any:
        """Answer, about one's own report or with one's own key about that of somebody else."""
        body = {"solved": solved, "satisfaction": score, "comment": comment}
        return self._client.post(f"{V1}/public/reports/{self._ids[of or name]}/revisit", json=body, headers=key(name))


def closed(town: Town, number: int) -> None:
    """Take a case to its end, and let people be asked."""
    finish(town.hall, number)
    asking(town.hall).step(town.clock.now_ms())


def test_whoever_reported_by_qr_is_asked_where_they_look_it_up(quiet: Town) -> None:
    """Each of two who reported the same, once, with the key of their own report alone; not solved brings it back."""
    with TestClient(quiet.app(), base_url="http://localhost", client=("203.0.113.7", 5)) as client:
        people = Residents(client)
        first = people.report("one", "aa-li-01")
        with quiet.browser("mgr-a") as manager:
            case = manager.post(f"{V1}/intakes/{first}/ruling", json={"verdict": "admit"}).json()["case_id"]
        people.report("two", "aa-li-01")
        assert (people.look("two").json()["known"], people.look("two").json()["revisit"]) == (True, None)
        people.report("three", "aa-sp-01")
        closed(quiet, case)
        for name in ("one", "two"):
            shown = people.look(name).json()
            assert (shown["stage"], shown["revisit"]["answered"]) == ("done", False)
            assert shown["revisit"]["ends_ms"] - shown["revisit"]["closed_ms"] == 14 * DAY_MS
        with quiet.hall.engine.connect() as connection:
            hidden = [*connection.execute(sa.select(revisit.c.token)).scalars(), cases(quiet.hall)[0].code]
        assert not [one for one in hidden if one in people.look("one").text]
        assert people.look("three").json()["revisit"] is None
        assert people.say("three", True, 5).status_code == 404
        assert people.say("one", True, 5, of="two").status_code == 404
        assert people.say("one", True, 9).status_code == 422
        said = people.say("one", True, 5, comment="很快")
        assert (said.status_code, said.json()["revisit"]["answered"]) == (200, True)
        assert people.say("one", False, 1).status_code == 409
        assert people.look("two").json()["revisit"]["answered"] is False, "what one says, another has not"
        assert not cases(quiet.hall)[0].open
        quiet.clock.advance(HOUR)
        again = people.say("two", False, 2, comment="还是不亮")
        assert (again.json()["stage"], again.json()["revisit"]) == ("on_the_way", None)
        assert cases(quiet.hall)[0].open
        quiet.clock.advance(HOUR)
        closed(quiet, case)
        assert [people.look(name).json()["revisit"]["answered"] for name in ("one", "two")] == [False, False]
        quiet.clock.advance(14 * DAY_MS)
        assert people.look("one").json()["revisit"] is None
        assert people.say("one", True, 5).status_code == 404
    with quiet.browser("mgr-a") as manager:
        rows = manager.get(f"{V1}/cases/{case}/revisits").json()["items"]
        assert [(one["report_code"][-1], one["state"], one["solved"]) for one in rows] == [
            ("2", "due", None),
            ("1", "due", None),
            ("2", "answered", False),
            ("1", "answered", True),
        ]


def test_a_closing_counts_once_however_many_answer(quiet: Town) -> None:
    """Solved if nobody says otherwise, the lowest score: whoever answers several times over gains nothing by it."""
    with TestClient(quiet.app(), base_url="http://localhost", client=("203.0.113.7", 5)) as client:
        people = Residents(client)
        first = people.report("one", "aa-li-01")
        with quiet.browser("mgr-a") as manager:
            case = manager.post(f"{V1}/intakes/{first}/ruling", json={"verdict": "admit"}).json()["case_id"]
        people.report("two", "aa-li-01")
        people.report("three", "aa-li-01")
        closed(quiet, case)
        quiet.clock.advance(HOUR)
        assert people.say("one", True, 3).status_code == 200
        assert people.say("two", True, 5).status_code == 200
    span = f"from_ms={MONDAY_9 - DAY_MS}&to_ms={MONDAY_9 + 30 * DAY_MS}"
    with quiet.browser("mgr-a") as manager:
        found = manager.get(f"{V1}/satisfaction?{span}").json()
        assert (found["asked"], found["answered"], found["solved"], found["scores"]) == (1, 1, 1, [0, 0, 1, 0, 0])
    quiet.clock.advance(15 * DAY_MS)
    asking(quiet.hall).step(quiet.clock.now_ms())
    with quiet.browser("mgr-a") as manager:
        found = manager.get(f"{V1}/satisfaction?{span}").json()
        assert (found["answered"], found["lapsed"], found["scores"]) == (1, 0, [0, 0, 1, 0, 0])


def test_reports_slow_down_whoever_answers_too_often(quiet: Town) -> None:
    """The bound of the link holds here, too."""
    with TestClient(quiet.app(), base_url="http://localhost", client=("203.0.113.7", 5)) as client:
        people = Residents(client)
        first = people.report("one", "aa-li-01")
        with quiet.browser("mgr-a") as manager:
            case = manager.post(f"{V1}/intakes/{first}/ruling", json={"verdict": "admit"}).json()["case_id"]
        closed(quiet, case)
        quiet.clock.advance(MINUTE)
        codes = [people.say("one", True, 4).status_code for _ in range(8)]
    assert (codes[:2], codes[-1]) == ([200, 409], 429)
