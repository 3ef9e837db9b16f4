"""Webhooks over HTTP: administrators who see everything keep them, for their password; a secret is shown once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core.clock import ManualClock
from dispatch.database import prepare, writing
from dispatch.senders.wire import Line
from dispatch.webhooks import tables
from dispatch.webhooks.desk import SqlWebhooks
from tests.unit.api.world import NOW_MS, PASSWORD, World

V1 = "/api/v1/webhooks"
HOOK: dict[str, Any] = {
    "name": "Duty desk",
    "url": "https://ops.example.com/in",
    "events": ["case.ended", "case.opened"],
    "password": PASSWORD,
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'hooks.sqlite'}"), durable=False)
    tables.metadata.create_all(made)
    yield made
    made.dispose()


@contextmanager
def browser(
    world: World, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, everywhere: bool = True
) -> Iterator[TestClient]:
    ports = world.ports
    login = world.registry.login("administrator1")
    assert login is not None
    with monkeypatch.context() as patch:
        desk = SqlWebhooks(engine, Line(timeout_s=0.2), ManualClock(NOW_MS))
        patch.setattr(world, "ports", lambda: replace(ports(), webhooks=desk))
        if everywhere:
            seen = world.registry.login
            patch.setattr(world.registry, "login", lambda name: _everywhere(seen(name)))
        with world.client("administrator1") as client:
            yield client


def _everywhere(login: Any) -> Any:
    return None if login is None else replace(login, everywhere=True)


def test_a_webhook_from_begin_to_end(world: World, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made, listed without its secret, changed, rotated, paused, resumed, ended; each step stands in its history."""
    with browser(world, engine, monkeypatch) as client:
        made = client.post(V1, json=HOOK)
        assert made.status_code == 201, made.text
        secret, at = made.json()["secret"], f"{V1}/{made.json()['id']}"
        assert secret.startswith("whsec_")
        assert made.json()["events"] == ["case.opened", "case.ended"]
        listed = client.get(V1)
        assert secret not in listed.text
        assert [one["state"] for one in listed.json()["items"]] == ["active"]
        changed = client.put(at, json={**HOOK, "url": "https://ops.example.com/2", "events": ["alarm.opened"]}).json()
        assert (changed["url"], changed["events"]) == ("https://ops.example.com/2", ["alarm.opened"])
        rotated = client.post(f"{at}/secret", json={"password": PASSWORD}).json()
        assert rotated["secret"] not in ("", secret)
        assert rotated["overlaps_until_ms"] == NOW_MS + 24 * 3_600_000
        assert client.post(f"{at}/state", json={"event": "pause"}).json()["state"] == "paused"
        assert client.post(f"{at}/state", json={"event": "pause"}).status_code == 422
        assert client.post(f"{at}/state", json={"event": "resume", "skip": True}).json()["state"] == "active"
        assert client.post(f"{at}/state", json={"event": "end"}).json()["state"] == "ended"
        assert client.post(f"{at}/secret", json={"password": PASSWORD}).status_code == 404
        assert client.post(f"{at}/test").status_code == 404
        steps = client.get(f"{at}/steps")
        did = [one["what"] for one in steps.json()["items"]]
        assert did == ["end", "resume", "pause", "rotated", "changed", "made"]
        assert {one["actor"] for one in steps.json()["items"]} == {"administrator1"}
        assert secret not in steps.text
        assert client.get(f"{at}/messages").json() == {"items": []}
        assert client.get(f"{V1}/99/steps").status_code == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "wrong password"}, 401),
        ({"url": "http://ops.example.com/in"}, 422),
        ({"url": "https://169.254.169.254/latest"}, 422),
        ({"url": "https://127.0.0.1/"}, 422),
        ({"events": []}, 422),
        ({"events": ["case.everything"]}, 422),
        ({"communities": [77]}, 422),
        ({"name": " "}, 422),
    ],
)
def test_what_is_refused_leaves_nothing(
    world: World, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], status: int
) -> None:
    """A wrong password, an address that may not be reached, a kind or a community that there is not."""
    with browser(world, engine, monkeypatch) as client:
        answer = client.post(V1, json={**HOOK, **changes})
        assert answer.status_code == status, answer.text
        assert client.get(V1).json() == {"items": []}


def test_who_sees_a_part_keeps_none(world: World, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator of some communities is refused, with the reason."""
    with browser(world, engine, monkeypatch, everywhere=False) as client:
        answers = [client.get(V1), client.post(V1, json=HOOK), client.get(f"{V1}/1/steps")]
        assert {one.status_code for one in answers} == {422}


def test_health_says_who_takes_nothing(world: World, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No part without webhooks; degraded, with the name, once one is disabled or its messages were given up."""
    with browser(world, engine, monkeypatch) as client:

        def part() -> Any:
            return [one for one in client.get("/api/v1/health").json()["parts"] if one["name"] == "webhooks"]

        assert part() == []
        client.post(V1, json=HOOK)
        assert [one["status"] for one in part()] == ["ok"]
        with writing(engine) as connection:
            connection.execute(sa.update(tables.webhook).values(state="disabled"))
        assert [one["status"] for one in part()] == ["degraded"]
        assert "Duty desk" in part()[0]["say"]["en"]
