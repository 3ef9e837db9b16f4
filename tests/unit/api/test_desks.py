"""Lists, details and steps as pages see them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from api.boards import LatestBoard, StandingBoard, newest_ms
from api.places import PlaceBook
from api.store_gate import StoreGate
from api.views import light
from core.alarms import AlarmKind, Severity
from core.cases import TaskState
from core.clock import ManualClock
from core.errors import Unavailable
from core.offsets import OffsetRange
from core.people import Role
from core.ports.feed import FeedKind
from core.ports.registry import Facility, FacilityFilter, Page, PageRequest
from core.ports.store import Commit, GapRecord
from core.quality import QualityClass, Reason, quality
from core.readings import Int32s, Readings, readings
from core.sparkplug.commit import Gap, GapReason
from core.sparkplug.topics import NodeId
from store.memory import MemoryStore
from tests.unit.api.world import NOW_MS, FakeCases, FakeDirectory, World, alarm_row, facility_of, registry, task_row

KEY = {"Idempotency-Key": "0123456789abcdef"}


def test_overview_lists_communities_worst_first(world: World) -> None:
    """In the order of dispatch, with counts and the newest reading of each."""
    world.store.commit(Commit(readings=readings(point=[101, 102], time_ms=[NOW_MS - 5, NOW_MS - 1], value=[1, 2])))
    with world.client("administrator0") as client:
        items = client.get("/api/v1/communities").json()["items"]
    assert [one["id"] for one in items] == [2, 1]
    assert [one["last_reading_ms"] for one in items] == [None, NOW_MS - 1]
    assert items[0]["alarms"] == {"info": 0, "low": 0, "medium": 0, "high": 1, "critical": 0}


def test_a_community_shows_its_classes_and_cells(world: World) -> None:
    """Classes with their counts by health, and the cells of both grids as polygons."""
    with world.client("manager1") as client:
        shown = client.get("/api/v1/communities/1").json()
    assert shown["classes"] == [
        {
            "class_id": "sewage_pump",
            "name": {"zh": "中Sewage pump", "en": "Sewage pump"},
            "total": 1,
            "fault": 1,
            "attention": 0,
            "unseen": 0,
        }
    ]
    assert {one["grid"] for one in shown["cells"]} == {"governance", "construction"}
    assert shown["cells"][0]["polygon"][0] == [121.0, 31.0]


def test_facilities_are_found_by_health(world: World) -> None:
    """A filter by health keeps those, and only those, also over empty pages."""
    for number in range(30, 60):
        detail = facility_of(1)
        world.registry.known_facilities[number] = replace(
            detail, facility=replace(detail.facility, number=number, code=f"x-{number}"), points=()
        )
    sight = replace(alarm_row(1), alarm_id="s", facility=45, kind=AlarmKind.SIGHT)
    low = replace(alarm_row(1), alarm_id="l", facility=59, severity=Severity.LOW)
    world.cases.alarm_by_id |= {"s": sight, "l": low}

    def found(health: str, **params: object) -> list[int]:
        numbers, cursor = [], ""
        while True:
            query = {"health": health, "cursor": cursor, **params}
            page = client.get("/api/v1/facilities", params=query).json()  # type: ignore[arg-type]
            numbers += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                return numbers

    with world.client("manager1") as client:
        assert found("fault") == [10]
        assert found("unseen") == [45]
        assert found("attention") == [59]
        fine = [number for number in range(30, 59) if number != 45]
        assert found("ok") == fine
        assert found("ok", limit=7) == fine
        assert found("ok", q="x-3") == list(range(30, 40))
        assert found("fault", **{"class": "lift"}) == []
        assert client.get("/api/v1/facilities?cursor=abc").json()["code"] == "TG-4221"


def test_facilities_are_found_by_number(world: World) -> None:
    """Many with one request; those elsewhere are left out; more than 200 at once are refused."""
    known = [one.facility for one in world.registry.known_facilities.values()]
    with world.client("manager1") as client:
        asked = "&".join(f"id={one.number}" for one in known)
        found = client.get(f"/api/v1/facilities?limit=200&{asked}").json()["items"]
        assert {one["id"] for one in found} == {one.number for one in known if one.community == 1}
        (one,) = client.get(f"/api/v1/facilities?id={found[0]['id']}").json()["items"]
        assert one == found[0]
        assert client.get("/api/v1/facilities?id=999999").json()["items"] == []
        assert client.get("/api/v1/facilities?" + "&".join(f"id={n}" for n in range(201))).status_code == 422


def test_a_facility_shows_what_its_points_read(world: World) -> None:
    """Newest value with its quality in words, staleness, limits, cells, open alarms and cases, provenance."""
    timeout = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
    batch = readings(
        point=[101, 102],
        time_ms=[NOW_MS - 31_000, NOW_MS - 1000],
        value=[1.25, float("nan")],
        quality=[0, timeout],
    )
    world.store.commit(Commit(readings=batch))
    with world.client("maintainer1") as client:
        shown = client.get("/api/v1/facilities/10").json()
    level, current = shown["points"]
    assert (level["latest"]["value"], level["latest"]["stale"], level["latest"]["quality"]) == (1.25, True, "good")
    assert (current["latest"]["value"], current["latest"]["reason"]) == (None, "timeout")
    assert current["latest"]["say"]["en"] == "not measured: the device did not answer"
    assert (level["low"], level["high"], level["normal_high"]) == (0.0, 5.0, None)
    assert [one["value"] for one in level["limits"]] == [0.2]
    assert shown["cells"]["governance"]["code"] == "g1"
    assert (shown["health"], shown["worst"]) == ("fault", "high")
    assert [one["id"] for one in shown["alarms"]] == ["alarm1"]
    assert [one["code"] for one in shown["cases"]] == ["C-2026-000001"]
    assert shown["provenance"] == "model"
    assert shown["attributes"] == {"build_year": 1998.0}


def test_lists_go_on_without_the_store(world: World) -> None:
    """While the store does not answer, overview and facilities are served without new readings."""
    world.store.close()
    with world.client("manager1") as client:
        assert client.get("/api/v1/communities").json()["items"][0]["last_reading_ms"] is None
        assert len(client.get("/api/v1/facilities").json()["items"]) == 1
        assert client.get("/api/v1/tasks/1").json()["why"]["series"] == []
        assert client.get("/api/v1/points/101/history").json()["code"] == "TG-5030"
        health = client.get("/api/v1/health").json()
        assert (health["status"], health["store"]) == ("down", None)
        ready = client.get("/-/ready")
        assert (ready.status_code, ready.json()["failing"]) == (503, ["store"])
        assert client.get("/-/healthy").status_code == 200


def test_alarms_are_filtered_and_paged(world: World) -> None:
    """Severity is a floor; pages join without a gap; a foreign cursor is refused."""
    world.cases.alarm_by_id |= {
        f"a{n}": replace(alarm_row(1), alarm_id=f"a{n}", severity=Severity.LOW) for n in range(9)
    }
    with world.client("manager1") as client:
        assert [one["id"] for one in client.get("/api/v1/alarms?severity=medium").json()["items"]] == ["alarm1"]
        seen, cursor = [], ""
        while True:
            page = client.get("/api/v1/alarms", params={"limit": 4, "cursor": cursor}).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert sorted(seen) == sorted({"alarm1", *(f"a{n}" for n in range(9))})
        for path in ("alarms", "cases", "tasks"):
            assert client.get(f"/api/v1/{path}?cursor=%00x").json()["code"] == "TG-4221"
        assert client.get("/api/v1/alarms?state=acknowledged&state=normal").json()["items"] == []
        assert client.get("/api/v1/alarms?state=angry").status_code == 422


def test_an_alarm_is_acknowledged_shelved_and_taken_up_again(world: World) -> None:
    """Each step answers with the alarm as it is then; reasons and times are bounded."""
    path = "/api/v1/alarms/alarm1"
    with world.client("manager1") as client:
        assert client.get(path).json()["rule"]["when"] == "current > 2 A and level < 0.2 m"
        assert client.post(f"{path}/acknowledge", json={"note": "seen"}).json()["state"] == "acknowledged"
        shelved = client.post(f"{path}/shelve", json={"minutes": 30, "reason": "pump is out"}).json()["shelved"]
        assert shelved == {"until_ms": NOW_MS + 1_800_000, "reason": "pump is out"}
        assert client.post(f"{path}/unshelve").json()["shelved"] is None
        assert client.post(f"{path}/reset", json={}).json()["code"] == "TG-4092"
        for body in ({"minutes": 481, "reason": "x"}, {"minutes": 5, "reason": "  "}, {"minutes": 5}):
            assert client.post(f"{path}/shelve", json=body).json()["code"] == "TG-4220"


def test_a_queue_is_mine(world: World) -> None:
    """`mine=true` is the person's queue; a login without a person has none."""
    with world.client("maintainer1") as client:
        (task,) = client.get("/api/v1/tasks?mine=true").json()["items"]
        assert (task["id"], task["mine"], task["owner"]["name"]["en"]) == (1, True, "Worker 1")
        assert task["deadline"]["light"] == "green"
    with world.client("manager1") as client:
        assert client.get("/api/v1/tasks?mine=true").json()["items"] == []
        assert [one["mine"] for one in client.get("/api/v1/tasks").json()["items"]] == [False]


def test_a_task_says_why_where_what_and_by_when(world: World) -> None:
    """Rule, evidence with its curve, place, steps, history with names, and the buttons this caller may press."""
    world.store.commit(Commit(readings=readings(point=[101], time_ms=[NOW_MS - 600_000], value=[0.1])))
    with world.client("maintainer1") as client:
        task = client.get("/api/v1/tasks/1").json()
    assert task["why"]["rule"]["when"].startswith("current > 2 A")
    assert task["why"]["evidence"][0]["value"] == 0.1
    assert task["why"]["series"][0]["history"]["mean"] == [0.1]
    assert task["where"]["address"]["en"] == "Road 1"
    assert task["steps"] == [{"zh": "中Stop the pump", "en": "Stop the pump"}]
    assert task["actions"] == ["accept", "return"]
    assert [one["by"]["en"] for one in task["history"]] == ["system", "Worker 1"]
    with world.client("manager1") as client:
        assert client.get("/api/v1/tasks/1").json()["actions"] == ["accept", "return", "cancel"]


def test_a_step_sent_twice_is_taken_once(world: World) -> None:
    """The same key answers as the first time; another key meets the task as it is now, and says who was faster."""
    with world.client("maintainer1") as client:
        first = client.post("/api/v1/tasks/1/accept", json={}, headers=KEY)
        again = client.post("/api/v1/tasks/1/accept", json={}, headers=KEY)
        assert first.status_code == again.status_code == 200
        assert len(world.cases.commands) == 1
        other = client.post("/api/v1/tasks/1/accept", json={}, headers={"Idempotency-Key": "another-key"})
        assert (other.status_code, other.json()["code"]) == (409, "TG-4091")
        assert other.json()["owner"]["name"]["en"] == "Worker 1"
    assert world.cases.task_by_number[1].state is TaskState.ACCEPTED


def test_a_key_belongs_to_one_step(world: World) -> None:
    """One key used for two steps of two tasks stands for four different commands, each of a length dispatch takes."""
    world.cases.task_by_number[3] = replace(task_row(1, 100), number=3)
    world.cases.alarm_by_id["alarm3"] = alarm_row(1)
    with world.client("maintainer1") as client:
        for task in (1, 3):
            for action in ("return", "handle"):
                client.post(f"/api/v1/tasks/{task}/{action}", json={"note": "x"}, headers=KEY)
    keys = [one.key for one in world.cases.commands]
    assert len(set(keys)) == 4
    assert all(len(key) <= 64 for key in keys)


@pytest.mark.parametrize(
    ("action", "body", "headers", "code"),
    [
        ("return", {"note": " "}, KEY, "TG-4223"),
        ("reject", {}, KEY, "TG-4223"),
        ("accept", {}, {}, "TG-4220"),
        ("accept", {}, {"Idempotency-Key": "short"}, "TG-4220"),
        ("accept", {"note": "x" * 2001}, KEY, "TG-4220"),
        ("close", {}, KEY, "TG-4220"),
        ("dispatch", {}, KEY, "TG-4220"),
    ],
)
def test_incomplete_steps_are_refused(
    action: str, body: dict[str, str], headers: dict[str, str], code: str, world: World
) -> None:
    """A reason where one is needed, a key always, and only steps that people take."""
    with world.client("maintainer1") as client:
        answer = client.post(f"/api/v1/tasks/1/{action}", json=body, headers=headers)
    assert answer.json()["code"] == code
    assert world.cases.commands == []


def test_somebody_elses_task_is_not_touched(world: World) -> None:
    """A worker of the same community who does not hold the task is told so."""
    world.registry.login_by_name["grid_worker1"] = replace(world.registry.login_by_name["grid_worker1"], person=200)
    with world.client("grid_worker1") as client:
        answer = client.post("/api/v1/tasks/1/accept", json={}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (403, "TG-4033")


@pytest.mark.parametrize(
    ("now", "due", "overdue", "shown"),
    [
        (0, 100, False, "green"),
        (74, 100, False, "green"),
        (75, 100, False, "amber"),
        (99, 100, False, "amber"),
        (100, 100, False, "red"),
        (10, 100, True, "red"),
        (10, None, False, "green"),
        (10, None, True, "red"),
    ],
)
def test_lights(now: int, due: int | None, overdue: bool, shown: str) -> None:
    """Amber once three quarters are used, red when it is over; a clock that stands still is green unless late."""
    assert light(0, due, now, overdue=overdue) == shown


def test_health_names_parts_and_broken_promises(world: World) -> None:
    """A broken promise and an offline gateway degrade it; counts of the store are there."""
    with world.client("technician1") as client:
        health = client.get("/api/v1/health").json()
        gateways = client.get("/api/v1/gateways").json()["items"]
    assert health["status"] == "degraded"
    assert {one["name"]: one["status"] for one in health["parts"]} == {
        "store": "ok",
        "registry": "ok",
        "cases": "ok",
        "gateways": "degraded",
        "broker": "ok",
        "notifications": "ok",
    }
    assert [(one["id"], one["kept"]) for one in health["promises"]] == [("INV-3", False)]
    assert [(one["node"], one["online"]) for one in gateways] == [("g/gw1", True)]
    assert health["version"] == "1.2.3"


def test_a_gateways_ledger_says_what_is_owed(world: World) -> None:
    """The last day by default, a verdict in two languages; a stretch that ends before it begins is refused."""
    with world.client("technician1") as client:
        number = client.get("/api/v1/gateways").json()["items"][0]["id"]
        answer = client.get(f"/api/v1/gateways/{number}/ledger").json()
        wrong = client.get(f"/api/v1/gateways/{number}/ledger?from_ms=5&to_ms=5")
        unknown = client.get("/api/v1/gateways/999/ledger")
    assert answer["to_ms"] - answer["from_ms"] == 86_400_000
    assert answer["verdict"] in ("complete", "in_gateway", "lost", "unknown")
    assert answer["say"]["zh"]
    assert answer["say"]["en"]
    assert (wrong.status_code, unknown.status_code) == (422, 404)


def test_a_gateways_ledger_lists_its_gaps(world: World) -> None:
    """The latest first with time, count and reason; undated ones last; others not at all."""
    ours, other = NodeId("g", "gw1"), NodeId("g", "gw9")
    kept = [
        (ours, 0, 10, GapReason.SPOOL_FULL, NOW_MS - 9_000_000, NOW_MS - 8_000_000),
        (ours, 10, 11, GapReason.THINNED, NOW_MS - 5_000, NOW_MS - 5_000),
        (ours, 20, 27, GapReason.DAMAGED, 0, 0),
        (ours, 30, 31, GapReason.TOO_OLD, NOW_MS - 90_000_000, NOW_MS - 89_000_000),
        (other, 0, 99, GapReason.SPOOL_FULL, NOW_MS - 9_000_000, NOW_MS - 8_000_000),
    ]
    gaps = [
        GapRecord(node=node, epoch=3, span=OffsetRange(first, stop), gap=Gap(reason=why, from_ms=begin, to_ms=end))
        for node, first, stop, why, begin, end in kept
    ]
    world.store.commit(Commit(readings=readings(point=[], time_ms=[], value=[]), gaps=gaps))
    with world.client("technician1") as client:
        number = client.get("/api/v1/gateways").json()["items"][0]["id"]
        answer = client.get(f"/api/v1/gateways/{number}/ledger").json()
    seen = [(one["first"], one["readings"], one["reason"], one["from_ms"], one["to_ms"]) for one in answer["gaps"]]
    assert seen == [
        (10, 1, "thinned", NOW_MS - 5_000, NOW_MS - 5_000),
        (0, 10, "spool_full", NOW_MS - 9_000_000, NOW_MS - 8_000_000),
        (20, 7, "damaged", None, None),
    ]
    assert answer["gap_count"] == 3
    assert all(one["say"]["zh"] and one["say"]["en"] and one["epoch"] == 3 for one in answer["gaps"])


def test_of_many_gaps_the_latest_are_listed(world: World) -> None:
    """At most 200 in an answer, and how many there are."""
    gaps = [
        GapRecord(
            node=NodeId("g", "gw1"),
            epoch=1,
            span=OffsetRange(k, k + 1),
            gap=Gap(reason=GapReason.THINNED, from_ms=NOW_MS - 1_000 + k, to_ms=NOW_MS - 1_000 + k),
        )
        for k in range(203)
    ]
    world.store.commit(Commit(readings=readings(point=[], time_ms=[], value=[]), gaps=gaps))
    with world.client("technician1") as client:
        number = client.get("/api/v1/gateways").json()["items"][0]["id"]
        answer = client.get(f"/api/v1/gateways/{number}/ledger").json()
    assert answer["gap_count"] == 203
    assert [one["first"] for one in answer["gaps"]] == list(range(202, 2, -1))


def test_metrics_are_openmetrics(world: World) -> None:
    """Counters end in _total, labels name operations only, the text ends with EOF."""
    with world.client("manager1") as client:
        client.get("/api/v1/facilities/10")
        client.get("/api/v1/facilities/20")
        client.get("/nowhere/17")
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    lines = answer.text.splitlines()
    assert lines[-1] == "# EOF"
    assert 'twingrid_api_requests_total{operation="get_facility",method="GET",status="2xx"} 1' in lines
    assert 'twingrid_api_requests_total{operation="get_facility",method="GET",status="4xx"} 1' in lines
    assert 'twingrid_api_requests_total{operation="none",method="GET",status="4xx"} 1' in lines
    assert all(line.startswith(("#", "twingrid_")) for line in lines)
    assert "17" not in "".join(line.partition("{")[2].partition("}")[0] for line in lines)


def test_standings_are_read_again_only_when_the_feed_has_grown() -> None:
    """The same head means the same standings; a new line means a new look, at most every half second."""
    cases, clock = FakeCases(), ManualClock(NOW_MS)
    board = StandingBoard(cases, clock)
    assert board.now().of(10).health == "fault"
    cases.alarm_by_id.clear()
    clock.advance(1000)
    assert board.now().of(10).health == "fault"
    cases.note(FeedKind.ALARM, "alarm1", 1, "closed")
    assert board.now().of(10).health == "fault"
    clock.advance(500)
    assert board.now().of(10).health == "ok"
    assert board.now().of(10).cases == 1


def test_latest_readings_outlive_a_silent_store() -> None:
    """A store that stops answering leaves the last snapshot in place."""
    world_store = MemoryStore()
    world_store.commit(Commit(readings=readings(point=[101, 201], time_ms=[5, 9], value=[1, 2])))
    clock = ManualClock(NOW_MS)
    board = LatestBoard(world_store, FakeDirectory(), clock)
    assert newest_ms(board.now(), board.points_of(10)) == 5
    world_store.close()
    clock.advance(5000)
    assert newest_ms(board.now(), board.points_of(20)) == 9
    assert newest_ms(board.now(), np.array([7, 999], np.int32)) is None
    assert len(board.points_of(999)) == 0


def test_places_follow_the_registry_version() -> None:
    """A new version is seen within a second; an unknown number keeps its number for a name."""
    known, clock = registry(), ManualClock(NOW_MS)
    book = PlaceBook(known, clock)
    assert book.now().facility_ref(30).name.en == "#30"
    known.known_facilities[30] = replace(facility_of(1), facility=replace(facility_of(1).facility, number=30))
    known.number += 1
    assert book.now().facility_ref(30).name.en == "#30"
    clock.advance(1000)
    assert book.now().facility_ref(30).code == "c1-sp-01"
    assert book.now().community_ref(99).name.zh == "#99"
    assert book.now().person_ref(None) is None
    assert known.known_people[100].role is Role.MAINTAINER


def test_a_registry_that_does_not_answer_is_not_remembered() -> None:
    """The error passes through, and the next question asks again."""
    known, clock = registry(), ManualClock(NOW_MS)
    book = PlaceBook(known, clock)
    original = known.version

    def silent() -> int:
        raise Unavailable("no")

    known.version = silent  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        book.now()
    known.version = original  # type: ignore[method-assign]
    assert book.now().version == 1


def test_a_retired_facility_keeps_its_name() -> None:
    """A facility that lists no longer show is still named by old alarms."""
    known, clock = registry(), ManualClock(NOW_MS)
    listed = known.facilities

    def without_twenty(where: FacilityFilter, page: PageRequest) -> Page[Facility]:
        got = listed(where, page)
        return replace(got, items=tuple(one for one in got.items if one.number != 20))

    known.facilities = without_twenty  # type: ignore[method-assign]
    places = PlaceBook(known, clock).now()
    assert list(places.facilities) == [10]
    assert places.facility_ref(20).code == "c2-sp-01"
    assert places.facility_ref(21).code == ""


class HangingStore(MemoryStore):
    """A store that does not come back until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.waiting = threading.Semaphore(0)

    def latest(self, points: Int32s | None = None) -> Readings:
        self.waiting.release()
        assert self.let_go.wait(20)
        return super().latest(points)


def test_a_hanging_store_takes_only_some_threads() -> None:
    """As many calls as there are slots wait; the next one is told to come back."""
    store = HangingStore()
    gate = StoreGate(store, at_once=3, patience_s=0.01)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(gate.latest) for _ in range(3)]
        for _ in calls:
            assert store.waiting.acquire(timeout=10)
        with pytest.raises(Unavailable, match="too many"):
            gate.latest()
        store.let_go.set()
        assert [len(call.result(10)) for call in calls] == [0, 0, 0]
        assert len(gate.latest()) == 0
        assert gate.counts().readings == 0
        assert gate.durable() == 0


def test_lists_do_not_wait_while_somebody_asks_a_slow_store() -> None:
    """One thread asks; the others take the snapshot of before."""
    store, clock = HangingStore(), ManualClock(NOW_MS)
    board = LatestBoard(store, FakeDirectory(), clock)
    store.let_go.set()
    assert len(board.now()) == 0
    store.let_go.clear()
    assert store.waiting.acquire(timeout=10)
    clock.advance(5_000)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(board.now)
        assert store.waiting.acquire(timeout=10)
        assert len(board.now()) == 0
        assert not asking.done()
        store.let_go.set()
        asking.result(10)


def test_a_facility_shows_what_it_hangs_on_as_far_as_one_may_see(world: World) -> None:
    """Parent and supplied facilities are links; where they stand in a community one may not see they are left out."""
    known = world.registry.known_facilities
    child, parent = known[10], known[20]
    known[10] = replace(child, facility=replace(child.facility, parent=20, redundant_set="pit"))
    with world.client("administrator0") as client:
        shown = client.get("/api/v1/facilities/10").json()
        above = client.get("/api/v1/facilities/20").json()
    assert (shown["parent"]["id"], shown["parent"]["code"]) == (20, parent.facility.code)
    assert (shown["supplies"], shown["redundant_set"]) == ([], "pit")
    assert ([one["id"] for one in above["supplies"]], above["parent"]) == ([10], None)
    with world.client("maintainer1") as client:
        assert client.get("/api/v1/facilities/10").json()["parent"] is None
