"""A department's own login over HTTP and the real rooms: its own tasks, what is referred to it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.department_desk import HIDDEN, without_numbers
from core.errors import Refused
from core.intake import SourceKind
from core.people import Role
from dispatch import tables
from tests.integration.api.test_intakes import community, key, send, stranger
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import MINUTE, MONDAY_9
from tests.unit.dispatch.partners import partner, take
from tests.unit.dispatch.partners import record as record_of
from tests.unit.dispatch.test_photos import jpeg

V1 = "/api/v1"
PHONE = "13800138000"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with two departments, somebody of each, and their logins."""
    with open_town(tmp_path) as made:
        everywhere(made, "mgr", Role.MANAGER)
        with made.browser("mgr") as client:
            for code, name in (("hb", "Housing bureau"), ("sw", "Water bureau")):
                record(client, "departments", code=code, name_zh=f"{name}局", name_en=name)
                person = {"code": f"{code}-1", "name_zh": "某人", "name_en": f"Someone of {code}", "department": code}
                record(client, "people", **person, role="department", communities="aa bb")
        for code in ("hb", "sw"):
            give(made, code)
        yield made


def record(client: TestClient, kind: str, **fields: str) -> None:
    """Enter a record of the registry."""
    answer = client.post(f"{V1}/registry/{kind}/records", json={"fields": fields})
    assert answer.status_code in {200, 201}, answer.text


def everywhere(town: Town, code: str, role: Role) -> None:
    """A login that sees all communities."""
    town.give_login(code, role)
    login = town.hall.city.registry.login(code)
    assert login is not None
    town.commands.put_login(replace(login, everywhere=True, communities=frozenset()), "test", MONDAY_9)


def give(town: Town, code: str, communities: frozenset[int] | None = None, **changes: Any) -> None:
    """The login of somebody of a department, for all communities unless told which."""
    base = town.hall.city.registry.login("mgr-a")
    assert base is not None
    values: dict[str, Any] = {
        "username": f"{code}-1",
        "role": Role.DEPARTMENT,
        "department": code,
        "person": town.hall.city.person(f"{code}-1"),
        "everywhere": communities is None,
        "communities": communities or frozenset(),
    }
    town.commands.put_login(replace(base, **(values | changes)), "test", MONDAY_9)


def task(town: Town, event: str = "visit", **more: object) -> dict[str, object]:
    """A task for community A."""
    base = {"source": "department", "event": event, "words": "入户走访", "ref": "〔2026〕7号"}
    return base | {"community": community(town, "aa")} | more


def own(client: TestClient, show: str = "handed") -> list[dict[str, Any]]:
    """The list of one's own."""
    answer = client.get(f"{V1}/department/intakes?show={show}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def ruled(client: TestClient, number: int, **body: object) -> Any:
    """A gatekeeper's decision."""
    return client.post(f"{V1}/intakes/{number}/ruling", json=body)


def waiting(town: Town) -> int:
    """Something that a department handed down and whose duty nobody has settled."""
    with town.browser("hb-1") as client:
        made = send(client, "/department/handed-down", "unclear", **task(town, "assist")).json()
    assert made["verdict"] == "wait"
    return int(made["id"])


# --- what it hands down -----------------------------------------------------------------------------------------


def test_a_department_hands_down_and_sees_what_became_of_it(town: Town) -> None:
    """Admitted with the case's state, returned with the reason, answered from the log; the same key answers again."""
    with town.browser("hb-1") as client:
        me = client.get(f"{V1}/session").json()
        assert (me["role"], me["permissions"], me["department"]["en"]) == (
            "department",
            ["department.own"],
            "Housing bureau",
        )
        assert "visit" in {one["key"] for one in client.get(f"{V1}/department/events").json()["items"]}
        assert client.get(f"{V1}/department/events?source=worker").status_code == 422
        admitted = send(client, "/department/handed-down", "one", **task(town, minutes=240))
        assert admitted.status_code == 201, admitted.text
        assert send(client, "/department/handed-down", "one", **task(town, minutes=240)).json() == admitted.json()
        send(client, "/department/handed-down", "two", **task(town, "enforcement"))
        town.clock.advance(1)
        send(client, "/department/handed-down", "three", **task(town, "work_report", source="inspection"))
        answered, returned, first = own(client)
        assert [one["verdict"] for one in (first, returned, answered)] == ["admit", "return", "answer"]
        assert (first["case"]["state"], first["case"]["late"], first["own"]) == ("dispatched", False, True)
        assert returned["reasons"][0]["key"] == "not_their_duty"
        assert answered["answer"]["filed"] == 1
        assert client.get(f"{V1}/department/intakes/{first['id']}").json() == first
        span = f"from_ms={MONDAY_9 - MINUTE}&to_ms={MONDAY_9 + MINUTE}"
        (burden,) = client.get(f"{V1}/department/burden?{span}").json()["items"]
        assert (burden["department"], burden["asked"], burden["asked_min"]) == ("hb", 3, 240)
    with town.browser("sw-1") as other:
        assert own(other) == []
        assert other.get(f"{V1}/department/burden?{span}").json()["items"] == []


def test_the_state_of_the_case_is_that_of_the_one_that_took_it_in(town: Town) -> None:
    """What was merged is not cancelled for whoever asked for it."""
    with town.browser("hb-1") as client:
        first = send(client, "/department/handed-down", "one", **task(town, "visit")).json()
        send(client, "/department/handed-down", "two", **task(town, "notice"))
    with town.browser("mgr-a") as manager:
        cases = {one["id"]: one["case_id"] for one in manager.get(f"{V1}/intakes").json()["items"]}
        into = next(case for number, case in cases.items() if number != first["id"])
        merged = manager.post(f"{V1}/cases/{cases[first['id']]}/merge", json={"into": into, "reason": "同一次入户"})
        assert merged.status_code == 200, merged.text
    with town.browser("hb-1") as client:
        found = client.get(f"{V1}/department/intakes/{first['id']}").json()["case"]
    assert (found["state"], found["ended_ms"]) == ("dispatched", None)
    assert found["code"] != first["case"]["code"]


def test_a_department_names_no_other_and_sees_nothing_of_another(town: Town) -> None:
    """The department is that of the login; what others handed down is not found, not in a photo either."""
    with town.browser("mgr-a") as manager:
        theirs = send(manager, "/handed-down", "paper", **task(town, department="sw")).json()["id"]
        photos = f"{V1}/intakes/{theirs}/photos"
        assert manager.post(photos, content=jpeg(), headers=key("paper")).status_code == 201
    with town.browser("hb-1") as client:
        forged = send(client, "/department/handed-down", "forged", **task(town, department="sw"))
        assert forged.status_code == 422
        for path in (f"/department/intakes/{theirs}", f"/department/intakes/{theirs}/photos/0"):
            assert client.get(f"{V1}{path}").status_code == 404
        answer = client.post(f"{V1}/department/intakes/{theirs}/referral", json={"take": True})
        assert answer.status_code == 404
    with town.browser("sw-1") as client:
        (mine,) = own(client)
        assert (mine["id"], mine["own"], len(mine["photos"])) == (theirs, True, 1)
        shown = client.get(f"{V1}/department/intakes/{theirs}/photos/0")
        assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")


def test_a_department_may_be_let_into_some_communities_alone(town: Town) -> None:
    """It hands nothing down elsewhere, and what was handed down there does not exist for it."""
    with town.browser("hb-1") as client:
        elsewhere = task(town, community=community(town, "bb"))
        number = send(client, "/department/handed-down", "bb", **elsewhere).json()["id"]
    give(town, "hb", frozenset({community(town, "aa")}))
    with town.browser("hb-1") as client:
        assert [one["code"] for one in client.get(f"{V1}/session").json()["communities"]] == ["aa"]
        assert send(client, "/department/handed-down", "more", **elsewhere).status_code == 404
        assert own(client) == []
        assert client.get(f"{V1}/department/intakes/{number}").status_code == 404
        assert client.get(f"{V1}/department/burden?community={community(town, 'bb')}").status_code == 404


def test_a_department_attaches_photos_to_its_own_as_everybody_does(town: Town) -> None:
    """With the key of the task; not with another key, and not to what somebody else handed down."""
    with town.browser("hb-1") as client:
        number = send(client, "/department/handed-down", "photo", **task(town)).json()["id"]
        path = f"{V1}/department/intakes/{number}/photos"
        assert client.post(path, content=jpeg() + bytes(1024 * 1024), headers=key("photo")).status_code == 201
        assert client.post(path, content=jpeg(), headers=key("other")).status_code == 404
        assert client.get(f"{path}/0").status_code == 200
        assert client.post(f"{V1}/intakes/{number}/photos", content=jpeg(), headers=key("photo")).status_code == 403
    with town.browser("sw-1") as other:
        assert other.post(path, content=jpeg(), headers=key("photo")).status_code == 404


# --- what is referred to it -------------------------------------------------------------------------------------


def test_what_is_referred_is_in_that_departments_list_until_it_gives_it_back(town: Town) -> None:
    """Out of the gate's queue, seen by both departments, told to the other one; then at the gate again."""
    number = waiting(town)
    with town.browser("mgr-a") as manager:
        assert ruled(manager, number, verdict="refer", department="sw").status_code == 422
        assert ruled(manager, number, verdict="refer", department="nobody", words="x").status_code == 422
        assert ruled(manager, number, verdict="refer", department="hb", words="x").status_code == 422
        done = ruled(manager, number, verdict="refer", department="sw", words="属于水务职责")
        assert (done.status_code, done.json()["referred_name"]["en"]) == (200, "Water bureau"), done.text
        assert manager.get(f"{V1}/intakes?verdict=wait").json()["items"] == []
        assert [one["id"] for one in manager.get(f"{V1}/intakes?verdict=refer").json()["items"]] == [number]
        assert [one["id"] for one in manager.get(f"{V1}/intakes?referred=sw").json()["items"]] == [number]
    with town.hall.engine.connect() as connection:
        query = sa.select(tables.outbox.c.person).where(tables.outbox.c.kind == "referral")
        assert connection.execute(query).scalars().all() == [town.hall.city.person("sw-1")]
    with town.browser("hb-1") as client:
        (mine,) = own(client)
        assert (mine["verdict"], mine["referred_name"]["en"], mine["ruling"]) == (
            "refer",
            "Water bureau",
            "属于水务职责",
        )
        answer = client.post(f"{V1}/department/intakes/{number}/referral", json={"take": True})
        assert answer.status_code == 404, "it handed it down; another has it"
    with town.browser("sw-1") as client:
        (theirs,) = own(client, "referred")
        assert (theirs["own"], theirs["handed_down_by"]["en"]) == (False, "Housing bureau")
        path = f"{V1}/department/intakes/{number}/referral"
        assert client.post(path, json={"take": False}).status_code == 422
        back = client.post(path, json={"take": False, "words": "属于燃气职责"})
        assert (back.status_code, back.json()["verdict"]) == (200, "wait"), back.text
        assert own(client, "referred") == []
        assert client.get(f"{V1}/department/intakes/{number}").status_code == 404
    with town.browser("mgr-a") as manager:
        (again,) = manager.get(f"{V1}/intakes?verdict=wait").json()["items"]
        assert [one["after"] for one in again["steps"]] == ["wait", "refer", "wait"]
        assert (again["steps"][-1]["by"]["en"], again["ruling"]) == ("Someone of sw", "属于燃气职责")
        span = f"from_ms={MONDAY_9 - MINUTE}&to_ms={MONDAY_9 + MINUTE}"
        (burden,) = manager.get(f"{V1}/burden?{span}").json()["items"]
        assert (burden["department"], burden["asked"], burden["waiting"]) == ("hb", 1, 1)


def test_a_department_takes_what_is_its_own_and_the_resident_reads_so(town: Town) -> None:
    """Once; neither names nor numbers of residents reach the department."""
    body = {"facility_code": "aa-sp-01", "event": "other", "words": f"漏水，找王某 {PHONE}"}
    with stranger(town) as client:
        number = send(client, "/public/reports", "leak", **body).json()["id"]
        state = f"{V1}/public/reports/{number}"
        assert client.get(state, headers=key("leak")).json()["stage"] == "received"
    with town.browser("mgr-a") as manager:
        done = ruled(manager, number, verdict="refer", department="sw", words=f"请联系 {PHONE}")
        assert done.status_code == 200, done.text
    with stranger(town) as client:
        assert client.get(state, headers=key("leak")).json()["stage"] == "received"
    with town.browser("sw-1") as client:
        (mine,) = own(client, "referred")
        assert PHONE not in json.dumps(mine)
        assert mine["words"] == f"漏水，找王某 {HIDDEN}"
        assert "by" not in mine
        assert mine["handed_down_by"] is None
        path = f"{V1}/department/intakes/{number}/referral"
        taken = client.post(path, json={"take": True})
        assert (taken.status_code, taken.json()["verdict"]) == (200, "taken"), taken.text
        assert client.post(path, json={"take": True}).status_code == 409
        assert [one["id"] for one in own(client, "referred")] == [number]
    with town.browser("mgr-a") as manager:
        assert ruled(manager, number, verdict="wait", words="x").status_code == 409
    with stranger(town) as client:
        assert client.get(state, headers=key("leak")).json()["stage"] == "referred"


def test_what_a_hotline_entered_for_a_department_tells_no_numbers(town: Town) -> None:
    """It is the department's burden and in its list, and yet the words are those of a caller."""
    hotline = partner("hotline", source=SourceKind.DEPARTMENT, department="hb")
    call = record_of("H-1", event=None, kind=None, event_word="其他", words=f"路面破损，李某 {PHONE}")
    take(town.hall, call, by=hotline)
    with town.browser("hb-1") as client:
        (mine,) = own(client)
    assert (mine["own"], mine["words"]) == (True, f"路面破损，李某 {HIDDEN}")


def test_everything_else_is_closed_to_a_department(town: Town) -> None:
    """Neither cases nor people, nor the gate, nor the list of departments."""
    with town.browser("hb-1") as client:
        send(client, "/department/handed-down", "one", **task(town))
        for path in ("cases", "cases/1", "tasks/1", "intakes", "intakes/1", "burden", "departments", "communities"):
            assert client.get(f"{V1}/{path}").status_code == 403, path
        for path in ("alarms", "facilities", "registry/staff", "stream", "notifications/preference"):
            assert client.get(f"{V1}/{path}").status_code == 403, path
        assert send(client, "/handed-down", "two", **task(town, department="hb")).status_code == 403
        assert ruled(client, 1, verdict="admit").status_code == 403
    with town.browser("mgr") as manager:
        assert manager.get(f"{V1}/department/intakes").status_code == 403


# --- the login --------------------------------------------------------------------------------------------------


def test_the_role_and_the_department_of_a_login_belong_together(town: Town) -> None:
    """Without a department, of an unknown one, or another role with one: refused; what ended hands nothing down."""
    for changes in ({"department": ""}, {"department": "nobody"}, {"role": Role.MANAGER}):
        with pytest.raises(Refused):
            give(town, "hb", **changes)
    with town.browser("hb-1") as client:
        assert client.get(f"{V1}/department/intakes").status_code == 200
        with town.browser("mgr") as manager:
            for kind, code in (("people", "hb-1"), ("departments", "hb")):
                mark = manager.get(f"{V1}/registry/{kind}/records/{code}").json()["mark"]
                ended = manager.post(f"{V1}/registry/{kind}/records/{code}/end", json={"mark": mark})
                assert ended.status_code == 200, ended.text
        assert send(client, "/department/handed-down", "late", **task(town)).status_code == 422


def test_somebody_of_the_role_needs_a_department_and_holds_no_post(town: Town) -> None:
    """Told by field, as everything that is wrong in a record."""
    with town.browser("mgr") as manager:
        fields = {"code": "x-1", "name_zh": "某", "name_en": "X", "role": "department", "communities": "aa"}
        for more, where in (
            ({}, "department"),
            ({"department": "hb", "cells": "aa-g-11"}, "cells"),
            ({"department": "hb", "supervisor": "yes"}, "supervisor"),
        ):
            answer = manager.post(f"{V1}/registry/people/records", json={"fields": fields | more})
            assert answer.status_code == 422, answer.text
            assert {one["where"] for one in answer.json()["errors"]} == {f"body.fields.{where}"}


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (PHONE, HIDDEN),
        ("138 0013 8000", HIDDEN),
        ("+86 138-0013-8000。", f"{HIDDEN}。"),
        ("(0712) 234 5678", f"({HIDDEN}"),
        ("１３８００１３８０００", HIDDEN),
        ("2026-11-30 前，12 户", "2026-11-30 前，12 户"),
        ("C-2026-000017、R-2026-000018", "C-2026-000017、R-2026-000018"),
        ("〔2026〕7号，240 min", "〔2026〕7号，240 min"),
    ],
)
def test_numbers_that_may_be_telephones_are_hidden(words: str, shown: str) -> None:
    """However they are grouped; days and numbers of cases stay."""
    assert without_numbers(words) == shown
