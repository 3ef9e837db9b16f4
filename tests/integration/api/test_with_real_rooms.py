"""The API over the real registry and dispatch in one SQLite file: from an alarm to a closed case, by several people."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import tables
from api.application import create_app
from api.ports import ApiPorts
from api.settings import ApiSettings
from app.calendar_days import CalendarDaysHere
from core.alarms import ChangeKind
from core.clock import ManualClock
from core.people import Login, Role
from core.ports.nodes import NodeStatus
from core.ports.store import Commit
from core.readings import readings
from core.sparkplug.topics import NodeId
from dispatch.calendar_effects import LimitEffects
from dispatch.closure_desk import SqlClosures
from dispatch.document_desk import SqlDocuments
from dispatch.fold_queries import SqlFoldQueries
from dispatch.holidays import mainland_china
from dispatch.intake_desk import SqlIntakes
from dispatch.photo_desk import SqlPhotos
from dispatch.review_queries import SqlReviewQueries
from dispatch.revisit.desk import SqlRevisits
from dispatch.task_photos import SqlTaskPhotos
from dispatch.worktime import WorkCalendar
from registry.book import SqlRegistryBook
from registry.calendar_days import SqlCalendarDays
from registry.classbook import load_classes
from registry.commands import RegistryCommandsSql
from registry.configurations import SqlConfigurationDesk
from registry.directory import Directory
from registry.editing import SqlRegistryEditing
from registry.enrolment import SqlEnrolling
from registry.node_status import SqlNodeStatusBook
from store.memory import MemoryStore
from tests.unit.api.world import COST, HASH, FakeReports, FakeRules, FakeWatch, World
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, build_hall, change
from tests.unit.dispatch.partners import desk


@dataclass
class Town:
    """Real rooms, a store in memory, a clock that is moved by hand."""

    hall: Hall
    store: MemoryStore
    clock: ManualClock
    commands: RegistryCommandsSql
    settings: ApiSettings
    keys: int = 0

    def app(self) -> Any:
        engine, registry = self.hall.engine, self.hall.city.registry
        ports = ApiPorts(
            store=self.store,
            registry=registry,
            registry_commands=self.commands,
            directory=Directory(engine, registry),
            cases=self.hall.queries,
            case_commands=self.hall.desk,
            folds=SqlFoldQueries(engine),
            nodes=SqlNodeStatusBook(engine),
            configurations=SqlConfigurationDesk(engine, lambda _text: None),
            rules=FakeRules(),
            performance=FakeReports(),
            clock=self.clock,
            engine=engine,
            watch=FakeWatch(),
            closures=SqlClosures(engine, rules=RULES.get, source=registry),
            review=SqlReviewQueries(engine),
            intakes=SqlIntakes(engine, rules=RULES.get, source=registry),
            book=SqlRegistryBook(engine),
            records=SqlRegistryEditing(engine, load_classes()),
            enrolling=SqlEnrolling(engine, load_classes()),
            calendar_days=CalendarDaysHere(
                SqlCalendarDays(engine, mainland_china()), LimitEffects(engine, WorkCalendar()), lambda: None
            ),
            photos=SqlPhotos(engine, self.settings.setup_code_file.with_name("photos")),
            task_photos=SqlTaskPhotos(engine, self.settings.setup_code_file.with_name("photos")),
            documents=SqlDocuments(engine, self.settings.setup_code_file.with_name("photos")),
            exchange=desk(self.hall),
            revisits=SqlRevisits(engine, rules=RULES.get, source=registry),
        )
        return create_app(ports, self.settings)

    def give_login(self, code: str, role: Role, community: str = "aa", *, everywhere: bool = False) -> None:
        """Let a person of the city in, under their code."""
        number = next(one.number for one in self.hall.city.registry.communities() if one.code == community)
        login = Login(
            username=code,
            password_hash=HASH,
            role=role,
            communities=frozenset({number}),
            everywhere=everywhere,
            person=self.hall.city.person(code),
        )
        self.commands.put_login(login, "test", MONDAY_9)

    @contextmanager
    def browser(self, code: str) -> Iterator[TestClient]:
        """A browser in which somebody is logged in."""
        with TestClient(self.app(), base_url="http://localhost") as client:
            World.log_in(client, code)
            yield client

    def step(self, client: TestClient, task: int, action: str, **body: object) -> Any:
        """Take a step with a fresh key."""
        self.keys += 1
        headers = {"Idempotency-Key": f"key-number-{self.keys}"}
        return client.post(f"/api/v1/tasks/{task}/{action}", json=body, headers=headers)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people."""
    with open_town(tmp_path) as made:
        yield made


@contextmanager
def open_town(tmp_path: Path) -> Iterator[Town]:
    """The small city in a folder."""
    hall = build_hall(tmp_path)
    tables.metadata.create_all(hall.engine)
    made = Town(
        hall=hall,
        store=MemoryStore(),
        clock=ManualClock(MONDAY_9),
        commands=RegistryCommandsSql(hall.engine),
        settings=ApiSettings(version="1.2.3", setup_code_file=tmp_path / "code", password_cost=COST),
    )
    for code, role in (
        ("aa-m1", Role.MAINTAINER),
        ("aa-m2", Role.MAINTAINER),
        ("aa-g1", Role.GRID_WORKER),
        ("mgr-a", Role.MANAGER),
    ):
        made.give_login(code, role)
    made.give_login("bb-m1", Role.MAINTAINER, "bb")
    yield made
    hall.engine.dispose()


def raise_alarm(town: Town) -> int:
    """A high alarm at the first pump; the number of the pump."""
    pump = town.hall.city.facility("aa-sp-01")
    town.hall.apply(change(ChangeKind.OPENED, "high", facility=pump, start=MONDAY_9 - MINUTE), now_ms=MONDAY_9)
    return pump


def test_from_alarm_to_closed_case(town: Town) -> None:
    """The alarm shows, its task lies in the right queue, is done in steps, verified by the other grid, and closed."""
    pump = raise_alarm(town)
    with town.browser("aa-m1") as repairer, town.browser("aa-g1") as verifier, town.browser("bb-m1") as stranger:
        (community,) = repairer.get("/api/v1/communities").json()["items"]
        assert (community["code"], community["alarms"]["high"], community["cases"]["open"]) == ("aa", 1, 1)
        facility = repairer.get(f"/api/v1/facilities/{pump}").json()
        assert (facility["health"], len(facility["alarms"]), len(facility["cases"])) == ("fault", 1, 1)
        (task,) = repairer.get("/api/v1/tasks?mine=true").json()["items"]
        shown = repairer.get(f"/api/v1/tasks/{task['id']}").json()
        assert "accept" in shown["actions"]
        assert shown["steps"] == [{"zh": "停泵", "en": "Stop the pump"}]
        assert shown["where"]["latitude"] is not None
        assert stranger.get(f"/api/v1/tasks/{task['id']}").status_code == 404
        assert stranger.get(f"/api/v1/facilities/{pump}").status_code == 404
        assert stranger.get("/api/v1/alarms").json()["items"] == []
        assert town.step(stranger, task["id"], "accept").status_code == 404
        for action, state in (("accept", "accepted"), ("arrive", "on_site"), ("handle", "done")):
            answer = town.step(repairer, task["id"], action, note="done so")
            assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
        case = verifier.get(f"/api/v1/cases/{task['case_id']}").json()
        assert case["state"] == "handled"
        start, stop = MONDAY_9 - MINUTE, MONDAY_9 + MINUTE
        cleared = change(ChangeKind.CLOSED, "high", facility=pump, start=start, stop=stop, opened=start)
        town.hall.apply(cleared, now_ms=stop)
        town.clock.advance(2 * MINUTE)
        (check,) = (one for one in case["tasks"] if one["kind"] == "verify")
        queue = verifier.get("/api/v1/tasks?mine=true").json()["items"]
        assert [one["id"] for one in queue] == [check["id"]]
        for action in ("accept", "arrive", "verify"):
            answer = town.step(verifier, check["id"], action, note="it runs")
            assert answer.status_code == 200, answer.text
        case = verifier.get(f"/api/v1/cases/{task['case_id']}").json()
        assert (case["state"], case["open"]) == ("closed", False)
        names = [one["by"]["en"] for one in case["history"]]
        assert {"Maintainer A1", "Grid worker A1", "system"} <= set(names)
        assert repairer.get("/api/v1/tasks?mine=true").json()["items"] == []


def test_a_history_names_the_alarms_that_joined_and_no_ids(town: Town) -> None:
    """On again and joined: what is wrong and where, in both languages, with the way to the alarm."""
    pump, start, stop = raise_alarm(town), MONDAY_9 - MINUTE, MONDAY_9 + MINUTE
    with town.browser("aa-m1") as client:
        (task,) = client.get("/api/v1/tasks?mine=true").json()["items"]
        for action in ("accept", "arrive"):
            assert town.step(client, task["id"], action).status_code == 200
        cleared = change(ChangeKind.CLOSED, "high", facility=pump, start=start, stop=stop, opened=start)
        town.hall.apply(cleared, now_ms=stop)
        again = change(ChangeKind.OPENED, "high", facility=pump, start=stop + MINUTE)
        town.hall.apply(again, now_ms=stop + MINUTE)
        case = client.get(f"/api/v1/cases/{task['case_id']}").json()
        history = case["history"] + client.get(f"/api/v1/tasks/{task['id']}").json()["history"]
        ids = {one["id"] for one in case["alarms"]}
        assert len(ids) == 2
        assert [one["note"] for one in history if one["note"] in ids] == []
        (joined,) = [one for one in case["history"] if one["what"] == "joined"]
        alarm = client.get(f"/api/v1/alarms/{joined['alarm_id']}").json()
        zh, en = (f"{alarm['say'][lang]} · {alarm['facility']['name'][lang]}" for lang in ("zh", "en"))
        assert joined["note"] == f"{zh} / {en}"


def test_more_time_is_asked_for_and_granted_and_the_stages_show_it(town: Town) -> None:
    """The owner asks, the manager grants; limits and clocks move; reasons, moments and deciders are looked at."""
    raise_alarm(town)
    with town.browser("aa-m1") as owner, town.browser("mgr-a") as manager:
        (task,) = owner.get("/api/v1/tasks?mine=true").json()["items"]
        number = task["id"]
        assert "extend" not in owner.get(f"/api/v1/tasks/{number}").json()["actions"]
        town.step(owner, number, "accept")
        shown = owner.get(f"/api/v1/tasks/{number}").json()
        assert {"extend", "return"} <= set(shown["actions"])
        assert not {"grant", "supervise"} & set(shown["actions"])
        clocks = {one["stage"]: one for one in shown["stages"]}
        assert (clocks["accept"]["ended_by"], clocks["arrive"]["light"]) == ("accept", "green")
        assert (clocks["handle"]["amount"], clocks["handle"]["unit"]) == (2, "urgent_hour")
        wished = shown["extension_until_ms"]
        assert wished == MONDAY_9 + 4 * HOUR
        assert town.step(owner, number, "extend", until_ms=wished).json()["code"] == "TG-4223"
        refused = town.step(owner, number, "extend", note="part on order", until_ms=wished + 1)
        assert (refused.status_code, refused.json()["code"]) == (422, "TG-4220")
        assert town.step(owner, number, "extend", note="part on order", until_ms=wished).status_code == 200
        assert town.step(owner, number, "grant", note="yes").json()["code"] == "TG-4030"
        granted = town.step(manager, number, "grant", note="part comes at noon")
        assert granted.status_code == 200, granted.text
        case = manager.get(f"/api/v1/cases/{task['case_id']}").json()
        assert (case["deadline"]["due_ms"], case["extensions"]) == (wished, 1)
        (one,) = case["proceedings"]
        assert (one["state"], one["reason"], one["ruling"]) == ("granted", "part on order", "part comes at noon")
        assert (one["by"]["en"], one["decided_by"]["en"]) == ("Maintainer A1", "Manager A")
        assert town.step(manager, number, "supervise", note="residents call", level="key").status_code == 200
        (item,) = manager.get("/api/v1/cases").json()["items"]
        assert (item["supervised"], item["excused"]) == ("key", False)
        town.clock.advance(5 * HOUR)
        late = town.step(owner, number, "extend", note="still no part", until_ms=MONDAY_9 + 6 * HOUR)
        assert (late.status_code, late.json()["code"]) == (422, "TG-4225")
        lights = {one["stage"]: one["light"] for one in owner.get(f"/api/v1/tasks/{number}").json()["stages"]}
        assert (lights["accept"], lights["handle"]) == ("green", "red")


def test_one_of_many_racing_steps_wins(town: Town) -> None:
    """Twelve browsers accept one task at once, each with its own key: one wins, the others get 409, none 5xx."""
    raise_alarm(town)
    with town.browser("aa-m1") as client:
        task = client.get("/api/v1/tasks?mine=true").json()["items"][0]["id"]
        outcomes: list[tuple[int, str]] = []
        gate = threading.Barrier(12)

        def accept(n: int) -> None:
            gate.wait()
            answer = client.post(
                f"/api/v1/tasks/{task}/accept", json={}, headers={"Idempotency-Key": f"racing-key-{n}"}
            )
            outcomes.append((answer.status_code, answer.json().get("code", "")))

        threads = [threading.Thread(target=accept, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(status for status, _ in outcomes) == [200] + [409] * 11
        assert {code for status, code in outcomes if status == 409} <= {"TG-4091", "TG-4092"}
        again = client.get(f"/api/v1/tasks/{task}").json()
        assert sum(one["what"] == "accept" for one in again["history"]) == 1


def test_a_step_repeated_by_its_key_is_written_once(town: Town) -> None:
    """A lost answer costs a repeat, nothing else."""
    raise_alarm(town)
    with town.browser("aa-m1") as client:
        task = client.get("/api/v1/tasks?mine=true").json()["items"][0]["id"]
        headers = {"Idempotency-Key": "the-same-key"}
        answers = [client.post(f"/api/v1/tasks/{task}/accept", json={}, headers=headers) for _ in range(3)]
        assert [one.status_code for one in answers] == [200] * 3
        assert len({one.json()["version"] for one in answers}) == 1
        stale = client.post(f"/api/v1/tasks/{task}/arrive", json={"version": 0}, headers=headers)
        assert (stale.status_code, stale.json()["code"]) == (409, "TG-4096")


def test_alarm_steps_follow_the_rules_of_shelving(town: Town) -> None:
    """High at most one hour; the alarm keeps its state beneath; a worker may not shelve."""
    raise_alarm(town)
    with town.browser("mgr-a") as client, town.browser("aa-m1") as worker:
        (alarm,) = client.get("/api/v1/alarms?active=true&attention=true").json()["items"]
        path = f"/api/v1/alarms/{alarm['id']}"
        assert worker.post(f"{path}/shelve", json={"minutes": 5, "reason": "noise"}).json()["code"] == "TG-4030"
        assert client.post(f"{path}/shelve", json={"minutes": 90, "reason": "noise"}).json()["code"] == "TG-4097"
        assert client.post(f"{path}/shelve", json={"minutes": 30, "reason": "exchange"}).status_code == 200
        assert client.get("/api/v1/alarms?attention=true").json()["items"] == []
        assert client.post(f"{path}/unshelve").json()["shelved"] is None
        assert worker.post(f"{path}/acknowledge", json={}).json()["state"] == "acknowledged"
        assert client.post(f"{path}/reset", json={}).status_code == 409


def test_language_and_password_in_the_real_registry(town: Town) -> None:
    """Changing the language keeps every session; changing the password ends the others."""
    with town.browser("mgr-a") as one, town.browser("mgr-a") as two:
        town.clock.advance(1000)
        assert one.patch("/api/v1/session", json={"language": "en"}).json()["language"] == "en"
        assert two.get("/api/v1/session").json()["language"] == "en"
        change_ = {"current_password": "correct horse battery", "new_password": "a quite different one"}
        assert one.post("/api/v1/session/password", json=change_).status_code == 200
        assert one.get("/api/v1/session").status_code == 200
        assert two.get("/api/v1/session").status_code == 401
        town.clock.advance(1000)
        login = town.hall.city.registry.login("MGR-A")
        assert login is not None
        town.commands.put_login(replace(login, active=False), "test", town.clock.now_ms())
        assert one.get("/api/v1/session").status_code == 401


def test_first_administrator_in_the_real_registry(town: Town) -> None:
    """Created once, with the code, under a name that is not the system's; a second try is refused."""
    with TestClient(town.app(), base_url="http://localhost") as client:
        code = town.settings.setup_code_file.read_text().strip()
        body = {"setup_code": code, "username": "chief", "password": "a quite different one"}
        refused = client.post("/api/v1/setup", json={**body, "username": "system"})
        assert (refused.status_code, "system" in refused.json()["detail"]) == (422, True)
        answer = client.post("/api/v1/setup", json=body)
        assert answer.status_code == 201
        assert len(answer.json()["communities"]) == 2
        assert client.post("/api/v1/setup", json={**body, "username": "other"}).json()["code"] == "TG-4095"


def test_lists_over_the_real_registry(town: Town) -> None:
    """Facilities page by page, by class and words; histories of real points; gateways with their newest state."""
    raise_alarm(town)
    node = NodeId("city", "gw-aa")
    status = NodeStatus(node=node, online=True, since_ms=MONDAY_9, seen_ms=MONDAY_9, readings=7, health={"x": 1.5})
    SqlNodeStatusBook(town.hall.engine).put([status], MONDAY_9)
    with town.browser("mgr-a") as client:
        seen, cursor = [], ""
        while True:
            page = client.get("/api/v1/facilities", params={"limit": 2, "cursor": cursor}).json()
            seen += [one["code"] for one in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert seen == ["aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01"]
        lifts = client.get("/api/v1/facilities", params={"class": "elevator", "q": "Lift"}).json()["items"]
        assert [one["code"] for one in lifts] == ["aa-li-01"]
        assert [one["code"] for one in client.get("/api/v1/facilities?health=fault").json()["items"]] == ["aa-sp-01"]
        pump = client.get(f"/api/v1/facilities/{town.hall.city.facility('aa-sp-01')}").json()
        point = next(one for one in pump["points"] if one["key"] == "level")
        town.store.commit(Commit(readings=readings(point=[point["id"]], time_ms=[MONDAY_9 - MINUTE], value=[1.5])))
        past = client.get(f"/api/v1/points/{point['id']}/history", params={"from_ms": MONDAY_9 - HOUR}).json()
        assert past["mean"] == [1.5]
        town.clock.advance(2000)
        assert client.get("/api/v1/communities").json()["items"][0]["last_reading_ms"] == MONDAY_9 - MINUTE
        (gateway,) = client.get("/api/v1/gateways").json()["items"]
        assert (gateway["node"], gateway["online"], gateway["stored"]) == ("city/gw-aa", True, 7)
        assert client.get("/api/v1/communities/1").json()["cells"]
        for path in ("facilities", "alarms", "cases", "tasks"):
            assert client.get(f"/api/v1/{path}?cursor=-1").json()["code"] == "TG-4221", path
