"""Photos of tasks over HTTP and the real dispatch: added by whoever repairs, seen by whoever verifies, asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.cases import Action, TaskKind
from core.people import Role
from dispatch.photos import picture_of
from tests.integration.api.test_intakes import V1, key, send
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import MONDAY_9
from tests.unit.dispatch.test_photos import jpeg


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people."""
    with open_town(tmp_path) as made:
        for code in ("aa-g3", "aa-m3"):
            made.give_login(code, Role.GRID_WORKER)
        yield made


def photos_of(task: int, kind: str = "") -> str:
    """Where the photos of a task are."""
    return f"{V1}/tasks/{task}/photos{f'?kind={kind}' if kind else ''}"


def reported(town: Town, event: str = "other") -> dict[str, Any]:
    """A case that a worker reported, with its tasks by kind."""
    with town.browser("aa-m2") as client:
        filed = send(client, "/reports", "the-report", event=event, words="漏水", facility_code="aa-sp-01").json()
        case = client.get(f"{V1}/cases/{filed['case_id']}").json()
    return {"case": case["id"]} | {one["kind"]: one for one in case["tasks"]}


def owner(town: Town, kind: TaskKind) -> str:
    """The code of whoever has a task."""
    return town.hall.code_of(town.hall.tasks()[kind].owner)


def at_work(town: Town, client: TestClient, task: int, *actions: str) -> None:
    """Take steps that must succeed."""
    for action in actions:
        answer = town.step(client, task, action)
        assert answer.status_code == 200, answer.text


def test_a_repair_without_a_sensor_is_shown_by_photos(town: Town) -> None:
    """Text first, then the photo; the verifier sees it; without one the verification is refused, in both languages."""
    made = reported(town)
    task, repairer, verifier = made["handle"]["id"], owner(town, TaskKind.HANDLE), owner(town, TaskKind.VERIFY)
    with town.browser(repairer) as client:
        assert client.get(f"{V1}/tasks/{task}").json()["photo_needed"]
        early = client.post(photos_of(task, "before"), content=jpeg(), headers=key("too-early"))
        assert early.status_code == 403, early.text
        at_work(town, client, task, "accept", "arrive", "handle")
        raw = jpeg(turned=6)
        added = client.post(photos_of(task, "before"), content=raw, headers=key("before-1"))
        assert added.status_code == 201, added.text
        assert client.post(photos_of(task, "before"), content=raw, headers=key("before-1")).json() == added.json()
        assert client.post(photos_of(task, "before"), content=jpeg(), headers=key("before-1")).status_code == 409
        for wrong in ("verification", "selfie"):
            assert client.post(photos_of(task, wrong), content=raw, headers=key("wrong")).status_code == 422
        assert client.post(photos_of(task), content=raw, headers=key("wrong")).status_code == 422
        large = client.post(photos_of(task, "after"), content=bytes(5 * 1024 * 1024), headers=key("wrong"))
        assert large.status_code == 413
    check = town.hall.tasks()[TaskKind.VERIFY].number
    with town.browser(verifier) as client:
        seen = client.get(f"{V1}/tasks/{check}").json()
        assert [(one["task_id"], one["kind"], one["position"]) for one in seen["photos"]] == [(task, "before", 0)]
        shown = client.get(f"{photos_of(task)}/0")
        assert shown.content == picture_of(raw).data
        assert (shown.headers["content-type"], shown.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
        assert client.get(f"{photos_of(task)}/1").status_code == 404
        assert client.post(photos_of(task, "after"), content=raw, headers=key("not-mine")).status_code == 403
        at_work(town, client, check, "accept")
        for language, says in (("zh", "至少要有一张照片"), ("en", "there is no photo after it")):
            assert client.patch(f"{V1}/session", json={"language": language}).status_code == 200
            no = town.step(client, check, "verify")
            assert no.status_code == 422
            assert says in no.json()["detail"]
        assert client.get(f"{V1}/tasks/{check}").json()["photo_missing"]
    with town.browser(repairer) as client:  # the phone has signal again
        assert client.post(photos_of(task, "after"), content=jpeg(), headers=key("after-1")).status_code == 201
    with town.browser(verifier) as client:
        assert not client.get(f"{V1}/tasks/{check}").json()["photo_missing"]
        at_work(town, client, check, "verify")
        case = client.get(f"{V1}/cases/{made['case']}").json()
        assert (case["state"], [one["kind"] for one in case["photos"]]) == ("closed", ["before", "after"])
        assert all(one["by"]["zh"] and one["by"]["en"] for one in case["photos"])


def test_a_stated_reason_is_shown_with_the_report(town: Town) -> None:
    """Whoever repaired says why there is no photo; the verifier is not asked again."""
    made = reported(town)
    task, verifier = made["handle"]["id"], owner(town, TaskKind.VERIFY)
    with town.browser(owner(town, TaskKind.HANDLE)) as client:
        at_work(town, client, task, "accept", "arrive")
        said = {"note": "done", "handling": {"no_photo": "夜间无照明"}}
        assert town.step(client, task, "handle", **said).status_code == 200
    with town.browser(verifier) as client:
        at_work(town, client, town.hall.tasks()[TaskKind.VERIFY].number, "accept", "verify")
        closure = client.get(f"{V1}/cases/{made['case']}").json()["closure"]
    assert [one["no_photo"] for one in closure["reports"]] == ["夜间无照明"]


def test_photos_are_seen_by_whoever_sees_the_task_or_the_case(town: Town) -> None:
    """Another community does not know of it; whoever has the other task does, wherever they are."""
    made = reported(town)
    task, repairer = made["handle"]["id"], owner(town, TaskKind.HANDLE)
    with town.browser(repairer) as client:
        at_work(town, client, task, "accept")
        assert client.post(photos_of(task, "before"), content=jpeg(), headers=key("before-1")).status_code == 201
    with town.browser("bb-m1") as client:
        assert client.get(f"{photos_of(task)}/0").status_code == 404
        assert client.post(photos_of(task, "before"), content=jpeg(), headers=key("other-1")).status_code == 404
    check, boss = town.hall.tasks()[TaskKind.VERIFY], town.hall.actor("mgr", supervises=True)
    manager = town.hall.city.person("mgr-a")
    town.hall.act(check, Action.TRANSFER, boss, note="x", to_person=manager, now_ms=MONDAY_9)
    town.give_login("mgr-a", Role.GRID_WORKER, "bb")
    with town.browser("mgr-a") as client:
        assert client.get(f"{photos_of(task)}/0").status_code == 200
