"""Flags, audit and evidence through the API over the real registry and dispatch."""

from __future__ import annotations

import numpy as np
import pytest

from core.alarms import ChangeKind, alarm_id
from core.ports.store import Commit
from core.readings import readings
from tests.integration.api.test_with_real_rooms import Town, raise_alarm, town
from tests.unit.app.frozen import freezer_of, level_of
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, change

__all__ = ["town"]
DAY = 24 * HOUR


@pytest.fixture
def path(town: Town) -> str:
    """A high alarm at the first pump; the path of it."""
    return f"/api/v1/alarms/{alarm_id('high', raise_alarm(town), MONDAY_9 - MINUTE)}"


def test_a_facility_goes_out_of_service_and_comes_back(town: Town, path: str) -> None:
    """Taken out with reason and end, extended, returned: listed, counted, marked on its case, and audited."""
    pump, until = town.hall.city.facility("aa-sp-01"), MONDAY_9 + DAY
    with town.browser("aa-m1") as worker, town.browser("mgr-a") as client:
        body = {"until_ms": until, "reason": "overhaul"}
        refused = worker.post(f"/api/v1/facilities/{pump}/out-of-service", json=body)
        assert refused.json()["code"] == "TG-4030"
        flag = client.post(f"/api/v1/facilities/{pump}/out-of-service", json=body).json()
        assert (flag["kind"], flag["scope"], flag["by"]["en"]) == ("out_of_service", "facility", "Manager A")
        shown = worker.get(path).json()
        assert (shown["out_of_service"], shown["flags"][0]["reason"]) == (True, "overhaul")
        assert worker.post(f"{path}/acknowledge", json={}).json()["code"] == "TG-4090"
        (case,) = worker.get("/api/v1/cases").json()["items"]
        assert case["flagged"] == "out_of_service"
        assert worker.get("/api/v1/tasks?mine=true").json()["items"][0]["flagged"] == "out_of_service"
        counts = worker.get("/api/v1/alarm-counts").json()
        assert (counts["attention"], counts["active"], counts["out_of_service"]) == (0, 1, 1)
        assert [one["id"] for one in worker.get("/api/v1/flags").json()["items"]] == [flag["id"]]
        far = {"until_ms": until + 40 * DAY, "reason": "part is late"}
        wrong = client.post(f"/api/v1/flags/{flag['id']}/extend", json=far).json()
        assert (wrong["code"], "30" in wrong["errors"][0]["what"]) == ("TG-4220", True)
        near = {**far, "until_ms": until + DAY}
        assert client.post(f"/api/v1/flags/{flag['id']}/extend", json=near).json()["until_ms"] == until + DAY
        done = client.post(f"/api/v1/flags/{flag['id']}/return", json={"reason": "runs"}).json()
        assert [one["what"] for one in done["history"]] == ["raise", "extend", "lower"]
        history = client.get(path).json()["history"]
        assert [(one["what"], one["by_name"]["en"], one["note"]) for one in history[1:]] == [
            ("out_of_service", "Manager A", "overhaul"),
            ("out_of_service", "Manager A", "part is late"),
            ("in_service", "Manager A", "runs"),
        ]
        assert history[1]["until_ms"] == until
        assert worker.get("/api/v1/flags").json()["items"] == []
        assert len(worker.get("/api/v1/flags?standing=false").json()["items"]) == 1


def test_lists_by_flag_and_by_silence(town: Town, path: str) -> None:
    """Shelved alarms stand in their own list and in no other that asks for somebody."""
    pump = town.hall.city.facility("aa-sp-01")
    town.hall.apply(change(ChangeKind.OPENED, "medium", facility=pump, start=MONDAY_9))
    with town.browser("mgr-a") as client:
        client.post(f"{path}/shelve", json={"minutes": 30, "reason": "exchange", "scope": "alarm"})

        def rules(query: str) -> set[str]:
            return {one["rule_id"] for one in client.get(f"/api/v1/alarms?{query}").json()["items"]}

        assert rules("flag=shelved") == rules("silent=true") == {"high"}
        assert rules("silent=false") == rules("attention=true") == {"medium"}
        assert rules("flag=suppressed") == set()
        bad = client.post(f"{path}/shelve", json={"minutes": 30, "reason": "x", "scope": "facility"})
        assert bad.json()["code"] == "TG-4220"
        assert client.post(f"{path}/comments", json={"text": " "}).json()["code"] == "TG-4220"
        assert client.post(f"{path}/comments", json={"text": "seen"}).json()["history"][-1]["what"] == "comment"


def test_evidence_is_served_as_it_was_frozen(town: Town, path: str) -> None:
    """Context and samples come from the record when the store is empty; other communities have none of it."""
    times = MONDAY_9 + np.arange(-60, 40, dtype=np.int64) * 10_000
    level = level_of(town.hall)
    batch = readings(point=[level] * len(times), time_ms=times, value=np.linspace(1, 3, len(times)))
    town.store.commit(Commit(readings=batch))
    freezer_of(town.hall, town.store).step(MONDAY_9 + 10 * MINUTE)
    town.store = type(town.store)()
    with town.browser("aa-m1") as client, town.browser("bb-m1") as stranger:
        (record,) = client.get(f"{path}/evidence").json()["items"]
        assert (record["occasion"], record["frozen_ms"]) == ("alarm", MONDAY_9 + 10 * MINUTE)
        assert record["context"]["place"]["code"] == "aa-sp-01"
        (series,) = record["series"]
        assert (series["key"], series["history"]["point"]) == ("level", level)
        assert len(series["history"]["start_ms"]) == 84
        assert series["history"]["gaps"] == []
        assert stranger.get(f"{path}/evidence").json()["code"] == "TG-4040"
