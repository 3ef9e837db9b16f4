"""Backtests over HTTP: who may ask for what, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from api.ports import ApiPorts
from core.errors import Refused
from core.places import Text
from core.ports.backtests import BacktestAsk, BacktestState, BacktestStatus, WrongInQuestion
from tests.unit.api.world import World

PATH = "/api/v1/backtests"
TIME = {"from_ms": 1_794_000_000_000, "to_ms": 1_795_000_000_000}


@dataclass
class FakeWorkers:
    """Runs nothing and remembers what it was asked."""

    kept: dict[str, BacktestState] = field(default_factory=dict)

    def start(self, ask: BacktestAsk, owner: str, now_ms: int) -> BacktestState:
        if any(state.owner == owner and state.status is BacktestStatus.RUNNING for state in self.kept.values()):
            raise Refused("one runs")
        number = f"{len(self.kept) + 1:x}"
        self.kept[number] = BacktestState(
            id=number, owner=owner, ask=ask, status=BacktestStatus.RUNNING, started_ms=now_ms
        )
        return self.kept[number]

    def of(self, owner: str) -> list[BacktestState]:
        return [state for state in self.kept.values() if state.owner == owner][::-1]

    def look(self, owner: str, number: str) -> BacktestState | None:
        state = self.kept.get(number)
        return state if state is not None and state.owner == owner else None

    def stop(self, owner: str, number: str) -> BacktestState | None:
        state = self.look(owner, number)
        if state is not None:
            self.kept[number] = state = replace(state, status=BacktestStatus.STOPPED, report={"complete": False})
        return state


@pytest.fixture
def workers(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeWorkers:
    """Fake workers behind the application."""
    fake, ports = FakeWorkers(), world.ports

    def with_workers() -> ApiPorts:
        return replace(ports(), backtests=fake)

    monkeypatch.setattr(world, "ports", with_workers)
    return fake


def started(client: Any, **question: Any) -> Any:
    """The answer to a question."""
    return client.post(PATH, json={**TIME, **question})


def test_a_manager_starts_follows_and_stops_one(world: World, workers: FakeWorkers) -> None:
    """The one that was started is listed without its report, followed, and stopped with what there is."""
    with world.client("manager1") as client:
        answer = started(client, rule="pump-dry-run")
        assert (answer.status_code, answer.json()["status"]) == (201, "running")
        number = answer.json()["id"]
        workers.kept[number] = replace(workers.kept[number], share=0.25, left_s=9.0, readings=1_000)
        assert client.get(f"{PATH}/{number}").json()["share"] == 0.25
        stopped = client.post(f"{PATH}/{number}/stop").json()
        assert (stopped["status"], stopped["report"]) == ("stopped", {"complete": False})
        listed = client.get(PATH).json()["items"]
        assert [(one["id"], one["report"]) for one in listed] == [(number, None)]


def test_nobody_looks_beyond_their_communities(world: World, workers: FakeWorkers) -> None:
    """Without a wish it is about the communities one sees; another one does not exist; who sees all is not narrowed."""
    with world.client("manager1") as client:
        assert started(client, communities=["c2"]).status_code == 404
        assert started(client).json()["question"]["communities"] == ["c1"]
    with world.client("administrator0") as client:
        assert started(client).json()["question"]["communities"] == []
    assert [state.ask.communities for state in workers.kept.values()] == [("c1",), ()]


def test_somebody_elses_backtest_does_not_exist(world: World, workers: FakeWorkers) -> None:
    """Another manager neither sees nor stops it."""
    with world.client("manager1") as client:
        number = started(client).json()["id"]
    with world.client("manager2") as client:
        assert client.get(PATH).json()["items"] == []
        assert client.get(f"{PATH}/{number}").status_code == 404
        assert client.post(f"{PATH}/{number}/stop").status_code == 404
    assert workers.kept[number].status is BacktestStatus.RUNNING


@pytest.mark.parametrize(
    "question",
    [
        {"to_ms": TIME["from_ms"]},
        {"from_ms": 0},
        {"rule": "../../etc/passwd"},
        {"text": "x" * 50_000},
        {"accept_min": -1},
        {"cells": [""]},
    ],
)
def test_a_question_without_bounds_is_refused(world: World, workers: FakeWorkers, question: dict[str, Any]) -> None:
    """An empty or endless time, a path for a rule, and a text without end never reach a worker."""
    with world.client("manager1") as client:
        assert started(client, **question).status_code == 422
    assert workers.kept == {}


def test_a_second_one_is_refused_and_says_why(world: World, workers: FakeWorkers) -> None:
    """One at a time."""
    with world.client("manager1") as client:
        started(client)
        assert started(client).status_code in (409, 422)
    assert len(workers.kept) == 1


def test_what_was_wrong_is_told_in_both_languages(world: World, workers: FakeWorkers) -> None:
    """A fault in the rules' text has its line, and what to do."""
    with world.client("manager1") as client:
        number = started(client, text="- {}").json()["id"]
        text = Text(zh="缺少", en="missing")
        wrong = WrongInQuestion(code="TG-0101", line=3, column=1, what=text, fix=text)
        workers.kept[number] = replace(workers.kept[number], status=BacktestStatus.FAILED, wrong=(wrong,))
        shown = client.get(f"{PATH}/{number}").json()
    assert shown["status"] == "failed"
    assert shown["wrong"][0]["line"] == 3
    assert shown["wrong"][0]["what"] == {"zh": "缺少", "en": "missing"}
