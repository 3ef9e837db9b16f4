"""Gateways that were heard are shown to who keeps the whole registry, and come into it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.people import Role
from core.ports.enrolment import Announced, Stranger
from core.sparkplug.topics import NodeId
from registry.strangers import SqlStrangerBook
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import MONDAY_9

V1 = "/api/v1"
REQUEST: dict[str, Any] = {
    "group": "g1",
    "node": "gw-new",
    "name_zh": "新网关",
    "name_en": "New gateway",
    "facilities": [{"code": "p1", "class_id": "water_supply_pump"}],
}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city, a manager of all of it and one of a part, and two strangers: one of them is hostile."""
    with open_town(tmp_path) as made:
        made.give_login("mgr", Role.MANAGER, everywhere=True)
        pump = (Announced("p1/outlet_pressure", "MPa", "bus1"), Announced("p1/colour", "", "bus1"))
        hostile = (Announced("<img src=x onerror=alert(1)>", "", "d"),)
        SqlStrangerBook(made.hall.engine).put(
            [
                Stranger(node=NodeId("g1", "gw-new"), first_ms=MONDAY_9, seen_ms=MONDAY_9 + 1, metrics=pump),
                Stranger(node=NodeId("g1", "<script>"), first_ms=MONDAY_9, seen_ms=MONDAY_9, metrics=hostile),
            ]
        )
        yield made


def test_a_gateway_that_was_heard_is_enrolled_with_its_facility(town: Town) -> None:
    """It is shown with the class that fits, comes with one request, and is unknown no more."""
    with town.browser("mgr") as client:
        shown = client.get(f"{V1}/unknown-gateways").json()["items"]
        assert [(one["node"], one["enrollable"]) for one in shown] == [("gw-new", True), ("<script>", False)]
        (facility,) = shown[0]["facilities"]
        assert facility["classes"][0]["id"] == facility["class_id"] == "water_supply_pump"
        assert {one["key"]: one["state"] for one in facility["points"]} == {"colour": "unfit", "outlet_pressure": "new"}
        community = client.get(f"{V1}/communities").json()["items"][0]["id"]
        done = client.post(f"{V1}/gateways", json={**REQUEST, "community": community})
        assert (done.status_code, done.json()["points"]) == (201, 1), done.text
        assert [one["node"] for one in client.get(f"{V1}/unknown-gateways").json()["items"]] == ["<script>"]
        assert "g1/gw-new" in {one["node"] for one in client.get(f"{V1}/gateways").json()["items"]}
        (number,) = done.json()["facilities"]
        assert client.get(f"{V1}/facilities/{number}").status_code == 200
        again = client.post(f"{V1}/gateways", json={**REQUEST, "community": community})
        assert again.status_code == 404


def test_who_sees_a_part_sees_no_strangers_and_enrols_none(town: Town) -> None:
    """A gateway could serve any community."""
    with town.browser("mgr-a") as client:
        assert client.get(f"{V1}/unknown-gateways").json() == {"items": []}
        refused = client.post(f"{V1}/gateways", json={**REQUEST, "community": 1})
        assert (refused.status_code, refused.json()["code"]) == (422, "TG-4224")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"community": 1, "new_community": {"name_zh": "a", "name_en": "a", "latitude": 1, "longitude": 1}},
        {"community": 1, "node": "<script>"},
        {"community": 1, "name_zh": ""},
        {"new_community": {"name_zh": "a", "name_en": "a", "latitude": 91, "longitude": 1}},
    ],
)
def test_what_is_wrong_with_a_request_is_told(town: Town, wrong: dict[str, Any]) -> None:
    """No community or two, ids that are none, no name, no place on earth: nothing is written."""
    with town.browser("mgr") as client:
        told = client.post(f"{V1}/gateways", json={**REQUEST, **wrong})
        assert told.status_code in (400, 422), told.text
        assert told.json()["errors"]
        assert len(client.get(f"{V1}/unknown-gateways").json()["items"]) == 2
