"""The exchange over HTTP: signed requests, what managers see, and nothing for anybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.exchange_desk import RULES as LIMITS
from api.exchange_desk import ExchangeScope
from core.people import Role
from dispatch import tables
from dispatch.exchange.sealing import sealed
from dispatch.exchange.tables import foreign, run, sending
from dispatch.intake_tables import intake
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import MINUTE, MONDAY_9
from tests.unit.dispatch.partners import SECRET, beside, record

V1 = "/api/v1"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people, and one partner."""
    with open_town(tmp_path) as made:
        made.give_login("mgr", Role.MANAGER)
        login = made.hall.city.registry.login("mgr")
        assert login is not None
        made.commands.put_login(replace(login, everywhere=True, communities=frozenset()), "test", MONDAY_9)
        yield made


def post(town: Town, client: TestClient, *records: dict[str, object], secret: str = SECRET, to: str = "city") -> Any:
    """Send cases as a partner does."""
    body, time_s = json.dumps({"cases": records}).encode(), town.clock.now_ms() // 1000
    headers = {"X-Twingrid-Timestamp": str(time_s), "X-Twingrid-Signature": sealed(secret, time_s, body)}
    return client.post(f"{V1}/exchange/{to}/cases", content=body, headers=headers)


def test_a_signed_request_is_taken_and_shown(town: Town) -> None:
    """A hundred cases come in one body; a manager sees the numbers, a worker none of it."""
    with TestClient(town.app(), base_url="http://localhost") as client:
        answer = post(town, client, record("G-1"), record("G-2", **beside(4_000)))
        assert (answer.status_code, answer.json()["code"]) == (200, 0)
        assert {one["number"]: one["came"] for one in answer.json()["items"]} == {"G-1": "filed", "G-2": "filed"}
        again = post(town, client, record("G-1"), record("G-2", **beside(4_000)))
        assert again.status_code == 409
        town.clock.advance(MINUTE)
        again = post(town, client, record("G-1"))
        assert [one["came"] for one in again.json()["items"]] == ["known"]
        many = [record(f"M-{n}", "已结案", words="路面破损" * 100) for n in range(100)]
        assert post(town, client, *many).status_code == 200
        assert post(town, client, *many, record("M-101")).status_code == 422
    with town.browser("mgr") as client:
        (state,) = client.get(f"{V1}/exchange").json()["items"]
        assert (state["name"], state["numbers"], state["sends"]) == ("city", 102, "nothing")
        shown = client.get(f"{V1}/exchange/numbers?limit=5").json()
        assert len(shown["items"]) == 5
        assert shown["next_cursor"]
        case = client.get(f"{V1}/cases").json()["items"][-1]
        (link,) = client.get(f"{V1}/exchange/numbers?case={case['id']}").json()["items"]
        assert (link["number"], link["state"], link["reason"]) == ("G-1", "dispatched", "entered")
        assert client.get(f"{V1}/exchange/messages").json()["items"] == []
        assert client.post(f"{V1}/exchange/messages/1/retry").status_code == 404
    with town.browser("aa-m1") as client:
        for path in ("/exchange", "/exchange/numbers", "/exchange/messages"):
            assert client.get(f"{V1}{path}").status_code == 403


def test_wrong_signatures_are_refused_and_slowed_down(town: Town) -> None:
    """Unknown partners and wrong secrets look alike; an address that guesses waits, the partner does not."""
    with TestClient(town.app(), base_url="http://localhost", client=("203.0.113.9", 5)) as client:
        known = post(town, client, record("G-1"), secret="another")
        unknown = post(town, client, record("G-1"), to="nobody")
        for answer in (known, unknown):
            assert (answer.status_code, answer.json()["code"]) == (401, "TG-4013")
        bare = client.post(f"{V1}/exchange/city/cases", content=b"{}")
        assert bare.status_code == 401
        for _ in range(LIMITS[ExchangeScope.WRONG].free):
            answer = post(town, client, record("G-1"), secret="another")
        answer = post(town, client, record("G-1"), secret="another")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
    with TestClient(town.app(), base_url="http://localhost", client=("203.0.113.10", 5)) as client:
        assert post(town, client, record("G-1")).status_code == 200


def test_all_errors_come_at_once_in_the_readers_language(town: Town) -> None:
    """Nothing is taken, and each error names its field's value."""
    with TestClient(town.app(), base_url="http://localhost") as client:
        client.headers["Accept-Language"] = "en"
        answer = post(town, client, record("G-1"), record("G-2", "奇怪", community="9999"))
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == 2
        assert any("9999" in one["what"] for one in answer.json()["errors"])
        town.clock.advance(MINUTE)
        assert [one["came"] for one in post(town, client, record("G-1")).json()["items"]] == ["filed"]


def given_up(link: int) -> dict[str, object]:
    """A message to the partner about one of its numbers that nobody tries any more."""
    zero = dict.fromkeys(("at_ms", "created_ms", "since_ms", "tries", "attempts", "unsure"), 0)
    words = {"key": f"k-{link}", "partner": "city", "foreign": link, "kind": "state", "state": "closed"}
    return zero | words | {"note": "", "delivery": "given_up", "error": "", "done_by": ""}


def test_a_managers_figures_are_those_of_their_communities(town: Town) -> None:
    """Numbers, what waits and what contradicts, as the lists beside them; files, which are the whole city's, not."""
    with TestClient(town.app(), base_url="http://localhost") as client:
        assert post(town, client, record("G-1"), record("G-2", **beside(4_000))).status_code == 200
    with town.hall.engine.begin() as connection:
        values = {"partner": "city", "kind": "import", "at_ms": MONDAY_9, "actor": "cli", "file": "a.csv", "rows": 2}
        connection.execute(sa.insert(run).values(values | {"counts": "{}"}))
        elsewhere = sa.select(foreign.c.intake).where(foreign.c.number == "G-2").scalar_subquery()
        other = next(one.number for one in town.hall.city.registry.communities() if one.code == "bb")
        moved = sa.select(intake.c.case).where(intake.c.number == elsewhere).scalar_subquery()
        connection.execute(sa.update(tables.case).where(tables.case.c.number == moved).values(community=other))
        for number in ("G-1", "G-2"):
            link = connection.execute(sa.select(foreign.c.id).where(foreign.c.number == number)).scalar_one()
            connection.execute(sa.insert(sending).values(given_up(link)))
    seen = {}
    for name in ("mgr", "mgr-a"):
        with town.browser(name) as client:
            (state,) = client.get(f"{V1}/exchange").json()["items"]
            lists = (client.get(f"{V1}/exchange/{part}").json()["items"] for part in ("numbers", "messages"))
            assert (state["numbers"], state["given_up"]) == tuple(len(items) for items in lists)
            seen[name] = (state["numbers"], state["given_up"], state["runs"] and len(state["runs"]))
    assert seen == {"mgr": (2, 2, 1), "mgr-a": (1, 1, None)}


def test_a_small_class_that_nobody_knows_refuses_nothing(town: Town) -> None:
    """It waits at the gate as *other* with their code and word; a cabinet is known by now, and the rest is taken."""
    with TestClient(town.app(), base_url="http://localhost") as client:
        cabinet = record("G-2", kind="部件", event="0128", words="柜门锈蚀", **beside(4_000))
        odd = record("G-3", kind="部件", event="0177", event_word="雕塑", words="底座松动", **beside(8_000))
        answer = post(town, client, record("G-1"), cabinet, odd)
        assert answer.status_code == 200, answer.text
        came = {one["number"]: (one["came"], one["unknown"]) for one in answer.json()["items"]}
        assert came == {"G-1": ("filed", ""), "G-2": ("filed", ""), "G-3": ("waits", "0177 雕塑")}
    with town.browser("mgr") as client:
        (waits,) = client.get(f"{V1}/intakes?verdict=wait").json()["items"]
        assert (waits["event"], waits["words"]) == ("other", "（0177 雕塑）底座松动")
        assert waits["reasons"][0]["key"] == "unclear_duty"
        ruled = client.post(f"{V1}/intakes/{waits['id']}/ruling", json={"verdict": "admit", "event": "falling_object"})
        assert (ruled.status_code, ruled.json()["event"]) == (200, "falling_object")
