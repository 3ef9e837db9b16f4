"""Reports, tasks handed down and residents over HTTP and the real dispatch: who sees what, and what follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.cases import CaseState
from dispatch.photos import picture_of
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import MINUTE, MONDAY_9
from tests.unit.dispatch.test_photos import jpeg

V1 = "/api/v1"
BOTH_SAY = ("zh", "en")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people."""
    with open_town(tmp_path) as made:
        yield made


@contextmanager
def stranger(town: Town, address: str = "203.0.113.7") -> Iterator[TestClient]:
    """A resident's phone: no login."""
    with TestClient(town.app(), base_url="http://localhost", client=(address, 5)) as client:
        yield client


def key(name: str) -> dict[str, str]:
    """A key of somebody's."""
    return {"Idempotency-Key": f"key-of-{name}"}


def community(town: Town, code: str) -> int:
    """Number of a community."""
    return next(one.number for one in town.hall.city.registry.communities() if one.code == code)


def send(client: TestClient, path: str, name: str, **body: object) -> Any:
    """Hand something in."""
    return client.post(f"{V1}{path}", json=body, headers=key(name))


def test_a_worker_scans_a_code_and_reports_with_a_photo(town: Town) -> None:
    """The code finds the facility; the case is in somebody's queue; the photo shows without what the phone wrote."""
    with town.browser("aa-g1") as client:
        pump = town.hall.city.facility("aa-sp-01")
        events = client.get(f"{V1}/events?source=worker&facility={pump}").json()["items"]
        assert {"other", "road_water"} <= {one["key"] for one in events}
        assert "lift_car" not in {one["key"] for one in events}
        answer = send(client, "/reports", "g1-first", event="other", words="漏水", facility_code="aa-sp-01")
        assert answer.status_code == 201, answer.text
        row = answer.json()
        assert (row["verdict"], row["facility"]["code"], row["by"]["en"]) == ("admit", "aa-sp-01", "Grid worker A1")
        assert all(row["reasons"][0]["say"][language] for language in BOTH_SAY)
        assert send(client, "/reports", "g1-first", event="other", words="漏水", facility_code="aa-sp-01").json() == row
        assert client.get(f"{V1}/cases/{row['case_id']}").json()["state"] == "dispatched"
        path = f"{V1}/intakes/{row['id']}/photos"
        raw = jpeg(turned=6)
        added = client.post(path, content=raw, headers=key("g1-first") | {"content-type": "image/jpeg"})
        assert added.status_code == 201, added.text
        shown = client.get(f"{path}/0")
        assert shown.content == picture_of(raw).data
        assert (shown.headers["content-type"], shown.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
        assert len(client.get(f"{V1}/intakes/{row['id']}").json()["photos"]) == 1
        (seen,) = client.get(f"{V1}/cases/{row['case_id']}").json()["reports"]
        assert (seen["words"], seen["photos"], seen["source"]) == ("漏水", [0], "worker")
        assert client.post(path, content=b"<svg/>", headers=key("g1-first")).status_code == 422
        assert client.post(path, content=raw, headers=key("g1-other")).status_code == 404
    with town.browser("bb-m1") as client:
        for hidden in (f"{V1}/intakes/{row['id']}", f"{path}/0", f"{path}/1"):
            assert client.get(hidden).status_code == 404
        assert client.get(f"{V1}/intakes").json()["items"] == []
        refused = send(client, "/reports", "m1", event="other", words="x", facility_code="aa-sp-01")
        assert refused.status_code == 404


def test_whoever_gets_the_task_sees_what_was_seen_and_where(town: Town) -> None:
    """Without a facility the place of the first report is where to go; a second one stands beside it."""
    here = {"event": "road_hole", "community": community(town, "aa"), "longitude": 112.105, "latitude": 31.705}
    with town.browser("aa-g1") as client:
        first = send(client, "/reports", "hole-one", **here, words="路面塌陷").json()
        again = send(client, "/reports", "hole-two", **(here | {"latitude": 31.7053}), words="坑很深").json()
        assert (again["verdict"], again["case_id"]) == ("join", first["case_id"])
        tasks = client.get(f"{V1}/cases/{first['case_id']}").json()["tasks"]
        task = client.get(f"{V1}/tasks/{tasks[0]['id']}").json()
    assert [one["words"] for one in task["reports"]] == ["坑很深", "路面塌陷"]
    assert (task["where"]["longitude"], task["where"]["latitude"]) == (112.105, 31.705)
    assert (task["why"]["alarms"], task["why"]["rule"]) == ([], None)


def test_a_photo_is_as_large_as_it_may_be_and_nothing_else_is(town: Town) -> None:
    """Beyond the bound it is not read; other requests keep theirs."""
    with town.browser("aa-g1") as client:
        row = send(client, "/reports", "large-one", event="other", words="漏水", facility_code="aa-sp-01").json()
        path = f"{V1}/intakes/{row['id']}/photos"
        padded = jpeg() + bytes(1024 * 1024)
        assert client.post(path, content=padded, headers=key("large-one")).status_code == 201
        for wrong in (path, f"{path}/", f"{V1}/reports"):
            assert client.post(wrong, content=bytes(5 * 1024 * 1024), headers=key("large-one")).status_code == 413


def test_a_resident_reports_without_a_login(town: Town) -> None:
    """The QR tells a name and what can be wrong; the report waits at the gate; nothing else is shown to a stranger."""
    with stranger(town) as client:
        place = client.get(f"{V1}/public/places/aa-li-01").json()
        assert set(place) == {"code", "name", "class_name", "community", "events"}
        assert {"lift_car", "other"} <= {one["key"] for one in place["events"]}
        assert "visit" not in {one["key"] for one in place["events"]}
        assert client.get(f"{V1}/public/places/nowhere").status_code == 404
        body = {"facility_code": "aa-li-01", "event": "other", "words": "按钮不亮"}
        receipt = send(client, "/public/reports", "resident", **body).json()
        assert set(receipt) == {"id", "code", "urgent"}
        assert send(client, "/public/reports", "resident", **body).json() == receipt
        photos = f"{V1}/public/reports/{receipt['id']}/photos"
        assert client.post(photos, content=jpeg(), headers=key("resident")).status_code == 201
        assert client.post(photos, content=jpeg(), headers=key("somebody")).status_code == 404
        assert client.get(f"{V1}/intakes/{receipt['id']}").status_code == 401
        stuck = send(client, "/public/reports", "stuck-in", **(body | {"event": "lift_car", "words": "有人被困"}))
        assert stuck.json()["urgent"] is True
    assert [case.state for case in town.hall.cases()] == [CaseState.DISPATCHED]
    with town.browser("mgr-a") as client:
        (waits,) = client.get(f"{V1}/intakes?verdict=wait").json()["items"]
        assert (waits["id"], waits["by"]["zh"], waits["words"]) == (receipt["id"], "居民", "按钮不亮")
        path = f"{V1}/intakes/{waits['id']}/ruling"
        assert client.post(path, json={"verdict": "return", "words": " "}).status_code == 422
        done = client.post(path, json={"verdict": "admit"})
        assert (done.status_code, done.json()["verdict"]) == (200, "admit")
        assert client.post(path, json={"verdict": "admit"}).status_code == 409
    with town.browser("aa-g1") as client:
        assert client.post(path, json={"verdict": "admit"}).status_code == 403


def test_what_is_known_already_is_told_before_it_is_reported(town: Town) -> None:
    """The same case, how far away and since when; nothing of other communities, and nothing is handed in."""
    with town.browser("aa-g1") as client:
        ask = f"{V1}/known-cases?event=light_lamp&community={community(town, 'aa')}"
        assert client.get(ask).json() == {"items": []}
        first = {"event": "other", "words": "漏水", "facility_code": "aa-sp-01"}
        case = send(client, "/reports", "known-one", **first).json()["case_id"]
        pump = town.hall.city.facility("aa-sp-01")
        (known,) = client.get(f"{V1}/known-cases?event=other&facility={pump}").json()["items"]
        assert (known["id"], known["same"], known["distance_m"]) == (case, True, 0)
        assert (known["facility"]["code"], known["opened_ms"]) == ("aa-sp-01", MONDAY_9)
        assert client.get(f"{V1}/known-cases?event=nothing&facility={pump}").status_code == 422
        assert client.get(f"{V1}/known-cases?event=other&community={community(town, 'bb')}").status_code == 404
        assert client.get(f"{V1}/intakes").json()["items"][0]["id"] == 1


def test_a_resident_looks_up_what_became_of_it(town: Town) -> None:
    """With the key alone: waiting, sent to people, or returned with the words; nothing to whoever has only a number."""
    body = {"facility_code": "aa-li-01", "event": "other", "words": "按钮不亮"}
    with stranger(town) as client:
        first = send(client, "/public/reports", "look-one", **body).json()["id"]
        second = send(client, "/public/reports", "look-two", **(body | {"facility_code": "aa-sp-01"})).json()["id"]
        path = f"{V1}/public/reports/{first}"
        state = client.get(path, headers=key("look-one")).json()
        assert (state["stage"], state["known"], state["words"], state["photos"]) == ("received", False, "", 0)
        shown = {"code", "say", "place", "time_ms", "stage", "known", "changed_ms", "words", "photos", "revisit"}
        assert (set(state), state["revisit"]) == (shown, None)
        assert client.get(path, headers=key("look-two")).status_code == 404
        assert client.get(path).status_code == 422
    with town.browser("mgr-a") as manager:
        manager.post(f"{V1}/intakes/{first}/ruling", json={"verdict": "admit"})
        manager.post(f"{V1}/intakes/{second}/ruling", json={"verdict": "return", "words": "已向物业说明"})
    with stranger(town) as client:
        assert client.get(path, headers=key("look-one")).json()["stage"] == "on_the_way"
        returned = client.get(f"{V1}/public/reports/{second}", headers=key("look-two")).json()
        assert (returned["stage"], returned["words"]) == ("declined", "已向物业说明")


def test_what_was_merged_is_done_when_the_case_that_took_it_in_is(town: Town) -> None:
    """The resident's case ends with the merging, what they reported does not."""
    with stranger(town) as client:
        body = {"event": "other", "words": "漏水"}
        ids = [
            send(client, "/public/reports", code, facility_code=code, **body).json()["id"]
            for code in ("aa-sp-01", "aa-sp-02")
        ]
    with town.browser("mgr-a") as manager:
        first, second = (
            manager.post(f"{V1}/intakes/{one}/ruling", json={"verdict": "admit"}).json()["case_id"] for one in ids
        )
        merged = manager.post(f"{V1}/cases/{second}/merge", json={"into": first, "reason": "同一水管"})
        assert merged.status_code == 200, merged.text
        assert manager.get(f"{V1}/cases/{second}").json()["state"] == "cancelled"
    path = f"{V1}/public/reports/{ids[1]}"
    with stranger(town) as client:
        assert client.get(path, headers=key("aa-sp-02")).json()["stage"] == "on_the_way"
    with town.browser("mgr-a") as manager:
        tasks = manager.get(f"{V1}/cases/{first}").json()["tasks"]
        ended = town.step(manager, tasks[0]["id"], "cancel", note="已由物业处理")
        assert ended.status_code == 200, ended.text
    with stranger(town) as client:
        assert client.get(path, headers=key("aa-sp-02")).json()["stage"] == "done"


def test_residents_cannot_flood_a_place(town: Town) -> None:
    """The sixth within an hour is told how long to wait; another place goes on; urgent or not."""
    body = {"event": "other", "words": "又漏了"}
    answers = []
    for number in range(7):
        with stranger(town, f"198.51.100.{number}") as client:
            answers.append(send(client, "/public/reports", f"flood-{number}", facility_code="aa-sp-01", **body))
    assert [one.status_code for one in answers] == [201] * 5 + [429] * 2
    assert answers[-1].json()["code"] == "TG-4292"
    assert int(answers[-1].headers["retry-after"]) == 300
    with stranger(town) as client:
        again = send(client, "/public/reports", "flood-0", facility_code="aa-sp-01", **body)
        assert again.json() == answers[0].json(), "who has been heard may ask again"
        assert send(client, "/public/reports", "elsewhere", facility_code="aa-sp-02", **body).status_code == 201


def test_what_a_department_hands_down_passes_the_gate_and_is_counted(town: Town) -> None:
    """Admitted, returned with the reason, answered from the log; the burden says what it cost."""
    task = {
        "source": "department",
        "community": community(town, "aa"),
        "department": "hb",
        "ref": "〔2026〕7号",
        "words": "入户走访",
        "event": "visit",
    }
    with town.browser("mgr-a") as client:
        admitted = send(client, "/handed-down", "down-one", **task, minutes=240).json()
        assert (admitted["verdict"], admitted["facility"]) == ("admit", None)
        returned = send(client, "/handed-down", "down-two", **(task | {"event": "enforcement"})).json()
        assert (returned["verdict"], returned["case_id"]) == ("return", None)
        asked = send(
            client, "/handed-down", "down-three", **(task | {"event": "work_report", "source": "inspection"})
        ).json()
        assert asked["verdict"] == "answer"
        elsewhere = task | {"community": community(town, "bb")}
        assert send(client, "/handed-down", "down-four", **elsewhere).status_code == 404
        assert send(client, "/handed-down", "down-five", **(task | {"source": "worker"})).status_code == 422
        span = f"from_ms={MONDAY_9 - MINUTE}&to_ms={MONDAY_9 + MINUTE}"
        (burden,) = client.get(f"{V1}/burden?{span}").json()["items"]
        assert (burden["department"], burden["asked"], burden["admitted"], burden["tasks"]) == ("hb", 3, 1, 1)
        assert burden["asked_min"] == 240
        log = client.get(f"{V1}/communities/{task['community']}/case-log?{span}").json()
        assert (log["filed"], log["by_source"]) == (1, {"department": 1})
        assert client.get(f"{V1}/communities/{elsewhere['community']}/case-log").status_code == 404
    with town.browser("aa-g1") as client:
        assert send(client, "/handed-down", "down-six", **task).status_code == 403
        assert client.get(f"{V1}/burden").status_code == 403


def test_an_inspection_asks_about_a_bounded_time(town: Town) -> None:
    """One end alone is enough: the other is a month before, or now; more than five years are refused."""
    task = {
        "source": "inspection",
        "community": community(town, "aa"),
        "department": "hb",
        "ref": "〔2026〕9号",
        "words": "工作汇报",
        "event": "work_report",
    }
    month_ms = 30 * 24 * 60 * MINUTE
    to_ms = MONDAY_9 - 2 * month_ms
    with town.browser("mgr-a") as client:
        past = send(client, "/handed-down", "down-past", **task, to_ms=to_ms).json()["answer"]
        assert (past["from_ms"], past["to_ms"]) == (to_ms - month_ms, to_ms)
        assert send(client, "/handed-down", "down-ever", **task, from_ms=1).status_code == 413


def test_of_two_gatekeepers_one_wins(town: Town) -> None:
    """Both decide at the same moment: one case, and the other is told."""
    with stranger(town) as client:
        body = {"facility_code": "aa-sp-01", "event": "other", "words": "漏水"}
        number = send(client, "/public/reports", "resident", **body).json()["id"]
    answers: list[int] = []
    with town.browser("mgr-a") as one, town.browser("mgr-a") as other:
        both = threading.Barrier(2)

        def decide(client: TestClient) -> None:
            both.wait()
            answers.append(client.post(f"{V1}/intakes/{number}/ruling", json={"verdict": "admit"}).status_code)

        threads = [threading.Thread(target=decide, args=(client,)) for client in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [200, 409]
    assert len(town.hall.cases()) == 1


@pytest.mark.parametrize(
    ("event", "amount", "unit", "words"),
    [
        ("fire_lane", 2, "work_hour", "占用消防通道"),
        ("wire_charging", 4, "work_hour", "飞线充电"),
        ("road_hole", 2, "urgent_hour", "路面塌陷"),
        ("falling_object", 2, "urgent_hour", "高空坠物"),
        ("road_water", 2, "urgent_hour", "道路积水"),
        ("water_network_burst", 1, "urgent_hour", "供水管道破裂"),
        ("gas_network_leak", 1, "urgent_hour", "燃气管道破裂"),
        ("heat_main_burst", 1, "urgent_hour", "热力管道破裂"),
        ("cable_down", 2, "work_hour", "架空线缆脱落"),
        ("snow_ice", 4, "work_hour", "道路积雪积冰"),
        ("power_cabinet", 4, "work_day", "电力设施破损"),
    ],
)
def test_a_report_without_a_facility_has_the_limit_of_the_standard(
    town: Town, event: str, amount: float, unit: str, words: str
) -> None:
    """What has happened is timed as the standard says, in its words, whether or not the registry has a thing there."""
    here = {"event": event, "community": community(town, "aa"), "longitude": 112.105, "latitude": 31.705}
    with town.browser("aa-g1") as client:
        row = send(client, "/reports", "timed", **here, words="看到的情况").json()
        case = client.get(f"{V1}/cases/{row['case_id']}").json()
    (handle,) = (one for one in case["stages"] if one["stage"] == "handle")
    assert (handle["amount"], handle["unit"], handle["basis"]) == (amount, unit, "standard")
    assert handle["standard"]["zh"].startswith(words)
    assert f"{amount} " in handle["standard"]["en"]


def test_a_report_without_a_facility_goes_to_the_cell_beneath_it(town: Town) -> None:
    """The cell of each grid by its place, whoever holds it first, the way of everybody, the load of that cell."""
    here = {"event": "road_hole", "community": community(town, "aa"), "longitude": 112.105, "latitude": 31.712}
    with town.browser("aa-g1") as client:
        row = send(client, "/reports", "in-a-cell", **here, words="路面塌陷").json()
        assert row["case_id"] is not None
        case = client.get(f"{V1}/cases/{row['case_id']}").json()
        tasks = {one["kind"]: client.get(f"{V1}/tasks/{one['id']}").json() for one in case["tasks"]}
    assert {kind: one["cell"] for kind, one in tasks.items()} == {"handle": "aa-c-0", "verify": "aa-g-01"}
    assert {kind: one["owner"]["name"]["en"] for kind, one in tasks.items()} == {
        "handle": "Maintainer A1",
        "verify": "Grid worker A2",
    }
    for task in tasks.values():
        first = task["routing"][0]
        assert (first["rung"], first["cell"], first["passed_over"]) == ("cell", task["cell"], None)
        assert 0 < first["distance_m"] < 1_500
    with town.browser("mgr-a") as client:
        again = here | {"event": "wire_charging", "longitude": 112.115}
        send(client, "/reports", "next-cell", **again, words="飞线充电")
        figures = client.get(f"{V1}/intakes").json()["items"][0]["figures"]
        assert (figures["cell_open"], figures["cell_people"]) == (0, 0), "nobody holds the cell aa-g-11"
        send(client, "/reports", "same-cell", **(here | {"event": "fire_lane"}), words="消防通道")
        figures = client.get(f"{V1}/intakes").json()["items"][0]["figures"]
        assert (figures["cell_open"], figures["cell_people"]) == (1, 1)


def test_a_report_without_a_facility_asks_for_the_trade_of_its_event(town: Town) -> None:
    """A lamp asks for an electrician, whoever holds the cell; outside all cells the community is asked."""
    lamp = {"event": "light_lamp", "community": community(town, "aa"), "longitude": 112.115, "latitude": 31.705}
    with town.browser("aa-g1") as client:
        for name, place, cell in (("lamp", lamp, "aa-c-1"), ("far-off", lamp | {"longitude": 112.2}, "")):
            row = send(client, "/reports", f"{name}-out", **place, words="路灯不亮").json()
            case = client.get(f"{V1}/cases/{row['case_id']}").json()
            (handle,) = (one for one in case["tasks"] if one["kind"] == "handle")
            task = client.get(f"{V1}/tasks/{handle['id']}").json()
            assert (task["cell"], task["owner"]["name"]["en"]) == (cell, "Maintainer A1")
            passed = {one["person"]["name"]["en"]: one["passed_over"] for one in task["routing"] if one["person"]}
            assert passed["Maintainer A2"] == "no_skill"
