"""Revisits over HTTP: a worker calls, a resident answers by QR, and nobody sees what is not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dispatch.revisit.choosing import DAY_MS
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import MONDAY_9
from tests.unit.dispatch.partners import cases
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
    (row,) = desk.of_case(cases(town.hall)[0].number)
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
