"""How cases end, over HTTP and the real dispatch: what it cost, false alarms, merging, faults that recur."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.alarms import ChangeKind
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import HOUR, MONDAY_9, change

DAY = 24 * HOUR
PARTS = [{"name": "浮球开关", "quantity": 2, "price_fen": 4550}]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people."""
    with open_town(tmp_path) as made:
        yield made


def alarm(town: Town, facility: str = "aa-sp-01", rule_id: str = "high", start: int = MONDAY_9) -> int:
    number = town.hall.city.facility(facility)
    town.hall.apply(change(ChangeKind.OPENED, rule_id, facility=number, start=start), now_ms=start)
    return town.hall.cases()[-1].number


def get(client: TestClient, path: str) -> Any:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def handle(town: Town, client: TestClient, case: int, handling: object) -> Any:
    task = next(one["id"] for one in get(client, f"/cases/{case}")["tasks"] if one["kind"] == "handle")
    for action in ("accept", "arrive"):
        assert town.step(client, task, action).status_code == 200
    return town.step(client, task, "handle", note="cleaned", handling=handling)


def test_what_was_found_and_what_it_cost(town: Town) -> None:
    """Entered with the step, shown in the case; the task says what observes it, here nothing."""
    case = alarm(town)
    with town.browser("aa-m1") as client:
        answer = handle(town, client, case, {"labour_min": 90, "parts": PARTS, "contractor_fen": 120_000})
        assert answer.status_code == 200, answer.text
        assert answer.json()["observation"] is None
        closure = get(client, f"/cases/{case}")["closure"]
    assert closure["cost"] == {"labour_min": 90, "parts_fen": 9_100, "contractor_fen": 120_000}
    (report,) = closure["reports"]
    assert report["parts"] == [{"name": "浮球开关", "quantity": 2.0, "price_fen": 4550}]
    assert (report["outcome"], report["by"]["en"]) == ("repaired", "Maintainer A1")


def test_a_false_alarm_needs_a_cause_and_is_reviewed(town: Town) -> None:
    """Without one it is refused with what to do, and the task is where it was; with one the rule is on the list."""
    case = alarm(town)
    with town.browser("aa-m1") as client:
        refused = handle(town, client, case, {"outcome": "false_alarm"})
        assert refused.status_code == 422
        assert "误报没有说明原因" in refused.text
        task = next(one for one in get(client, f"/cases/{case}")["tasks"] if one["kind"] == "handle")
        assert task["state"] == "on_site"
        done = town.step(client, task["id"], "handle", handling={"outcome": "false_alarm", "cause": "limit_wrong"})
        assert done.status_code == 200, done.text
        assert client.get("/api/v1/false-alarms").status_code == 403
    with town.browser("mgr-a") as client:
        (rule,) = get(client, f"/false-alarms?from_ms={MONDAY_9 - 1}&to_ms={MONDAY_9 + DAY}")["items"]
        assert get(client, f"/false-alarms?from_ms={MONDAY_9 + 1}&to_ms={MONDAY_9 + DAY}")["items"] == []
    assert (rule["rule_id"], rule["handled"], rule["false"]) == ("high", 1, 1)
    assert rule["causes"] == [{"cause": "limit_wrong", "alarms": 1}]
    assert rule["facilities"][0]["facility"]["code"] == "aa-sp-01"


def test_impossible_costs_are_refused_where_they_stand(town: Town) -> None:
    """Each field with its place."""
    case = alarm(town)
    with town.browser("aa-m1") as client:
        bad = {"labour_min": -1, "parts": [{"name": "", "quantity": 0, "price_fen": -5}], "contractor_fen": 1.5}
        answer = handle(town, client, case, bad)
    assert answer.status_code == 422
    for where in ("labour_min", "parts.0.name", "parts.0.quantity", "parts.0.price_fen", "contractor_fen"):
        assert where in answer.text


def test_a_supervisor_merges_cases_of_one_cause(town: Town) -> None:
    """The answer is the case that goes on; both name each other; workers may not, nor what is out of sight."""
    first, second = alarm(town), alarm(town, "aa-sp-02")
    elsewhere = alarm(town, "bb-sp-01")
    body = {"into": first, "reason": "one blocked main"}
    with town.browser("aa-m1") as client:
        assert client.post(f"/api/v1/cases/{second}/merge", json=body).status_code == 403
    with town.browser("mgr-a") as client:
        for case, into in ((second, elsewhere), (elsewhere, second)):
            refused = client.post(f"/api/v1/cases/{case}/merge", json={"into": into, "reason": "x"})
            assert refused.status_code == 404
        assert client.post(f"/api/v1/cases/{second}/merge", json={"into": first, "reason": "  "}).status_code == 422
        answer = client.post(f"/api/v1/cases/{second}/merge", json=body)
        assert answer.status_code == 200, answer.text
        heir, gone = answer.json(), get(client, f"/cases/{second}")
        again = client.post(f"/api/v1/cases/{first}/merge", json={"into": second, "reason": "x"})
        assert again.status_code == 409
    assert heir["id"] == first
    assert len(heir["alarms"]) == 2
    assert heir["closure"]["merged"][0]["case"]["id"] == second
    assert gone["closure"]["merged_into"]["case"]["id"] == first
    assert gone["closure"]["merged_into"]["reason"] == "one blocked main"


def test_a_fault_that_recurs_proposes_a_lasting_repair(town: Town) -> None:
    """Three cases in 90 days, with their cost, on the list and in the newest case."""
    cases = []
    for day in range(3):
        start = MONDAY_9 + day * DAY
        town.clock.advance(start - town.clock.now_ms())
        cases.append(alarm(town, start=start))
        with town.browser("aa-m1") as client:
            assert handle(town, client, cases[-1], {"contractor_fen": 100}).status_code == 200
        with town.browser("aa-g1") as client:
            task = next(one["id"] for one in get(client, f"/cases/{cases[-1]}")["tasks"] if one["kind"] == "verify")
            for action in ("accept", "verify"):
                assert town.step(client, task, action, note="looked").status_code == 200
    with town.browser("mgr-a") as client:
        (fault,) = get(client, "/recurring-faults")["items"]
        shown = get(client, f"/cases/{cases[-1]}")["closure"]["recurring"]
    assert [one["id"] for one in fault["cases"]] == cases[::-1]
    assert fault["cost"]["contractor_fen"] == 300
    assert shown == fault


def test_a_report_is_corrected_by_two_phones(town: Town) -> None:
    """Different fields are merged and told; of the same field both values come back, and the history tells."""
    case = alarm(town)
    base = {"labour_min": 30, "parts": PARTS, "contractor_fen": 0}
    with town.browser("aa-m1") as worker, town.browser("mgr-a") as boss:
        done = handle(town, worker, case, base).json()
        assert (done["handled"]["labour_min"], done["handled"]["may_correct"]) == (30, True)
        path = f"/api/v1/tasks/{done['id']}/handling"

        def correct(client: TestClient, key: str, **handling: object) -> Any:
            body = {"base": base, "handling": {**base, **handling}, "reason": "slip"}
            return client.patch(path, json=body, headers={"Idempotency-Key": key})

        first = correct(worker, "key-number-a1", labour_min=90)
        assert (first.status_code, first.json()["meanwhile"]) == (200, []), first.text
        other = correct(boss, "key-number-b1", contractor_fen=5_000)
        assert other.status_code == 200, other.text
        assert [(one["field"], one["theirs"]) for one in other.json()["meanwhile"]] == [("labour_min", "90")]
        assert (other.json()["handled"]["labour_min"], other.json()["handled"]["contractor_fen"]) == (90, 5_000)
        both = correct(boss, "key-number-b2", labour_min=45)
        assert (both.status_code, both.json()["code"]) == (409, "TG-4100")
        (one,) = both.json()["conflicts"]
        assert (one["field"], one["mine"], one["theirs"], one["by"]) == ("labour_min", "45", "90", "aa-m1")
        assert get(boss, f"/cases/{case}")["closure"]["cost"]["contractor_fen"] == 5_000
        lines = [one for one in get(worker, f"/tasks/{done['id']}")["history"] if one["what"] == "corrected"]
        assert lines[0]["by"]["en"] == "Maintainer A1"
        assert "30 → 90" in lines[0]["note"]
    with town.browser("aa-m2") as other_worker:
        refused = correct(other_worker, "key-number-c1", labour_min=1)
        assert refused.status_code in (403, 404)
