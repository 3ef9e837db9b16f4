"""Whoever the registry marks as supervisor, over HTTP on the real dispatch: what they may, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from core.alarms import ChangeKind
from core.cases import TaskKind
from core.people import Role
from registry import tables
from registry.database import record
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.hall import MONDAY_9, change


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city; the foremen of both grids of a community have the logins of workers."""
    with open_town(tmp_path) as made:
        for code, role in (("aa-m3", Role.MAINTAINER), ("aa-g3", Role.GRID_WORKER)):
            made.give_login(code, role)
        pump = made.hall.city.facility("aa-sp-01")
        made.hall.apply(change(ChangeKind.OPENED, "critical", facility=pump), now_ms=MONDAY_9)
        yield made


def mark(town: Town, code: str, **values: bool) -> None:
    """Change how somebody stands in the registry."""
    with town.hall.engine.begin() as connection:
        connection.execute(sa.update(tables.person).where(tables.person.c.code == code).values(**values))
        record(connection, actor="test", what="person", ref=code, detail="", now_ms=MONDAY_9)


def permissions(client: TestClient) -> set[str]:
    """What the pages are told of whoever is logged in."""
    return set(client.get("/api/v1/session").json()["permissions"])


def steps(client: TestClient, task: int) -> set[str]:
    """The buttons of a task."""
    return set(client.get(f"/api/v1/tasks/{task}").json()["actions"])


def test_a_foreman_does_what_messages_ask_of_them(town: Town) -> None:
    """What they are told of an extension and a suspension they can decide; another worker of the grid cannot."""
    task = town.hall.tasks()[TaskKind.HANDLE].number
    with town.browser("aa-m1") as owner, town.browser("aa-m2") as worker, town.browser("aa-m3") as foreman:
        assert town.step(owner, task, "accept").status_code == 200
        wished = owner.get(f"/api/v1/tasks/{task}").json()["extension_until_ms"]
        assert town.step(owner, task, "extend", note="part on order", until_ms=wished).status_code == 200
        assert not {"grant", "transfer", "cancel", "supervise"} & steps(worker, task)
        assert {"grant", "refuse", "transfer", "cancel", "supervise", "suspend"} <= steps(foreman, task)
        assert "task.supervise" in permissions(foreman)
        assert "task.supervise" not in permissions(worker)
        assert town.step(worker, task, "grant", note="yes").json()["code"] == "TG-4030"
        assert town.step(foreman, task, "grant", note="the part comes at noon").status_code == 200
        to = town.hall.city.person("aa-m2")
        done = town.step(foreman, task, "transfer", note="nearer", to_person=to)
        assert (done.status_code, done.json()["owner"]["id"]) == (200, to), done.text


def test_a_foreman_stands_above_the_own_grid_alone(town: Town) -> None:
    """The verification is the other grid's: its foreman transfers it, not the repair; merging is the leading one's."""
    repair, look = (town.hall.tasks()[kind] for kind in (TaskKind.HANDLE, TaskKind.VERIFY))
    with town.browser("aa-m3") as foreman, town.browser("aa-g3") as other:
        assert "transfer" not in steps(foreman, look.number)
        assert "transfer" in steps(other, look.number)
        assert not {"transfer", "cancel", "supervise"} & steps(other, repair.number)
        assert town.step(other, repair.number, "cancel", note="no").json()["code"] == "TG-4033"
        assert town.step(other, repair.number, "supervise", note="no", level="key").json()["code"] == "TG-4033"
        body = {"into": repair.case, "reason": "same cause"}
        assert other.post(f"/api/v1/cases/{repair.case}/merge", json=body).json()["code"] == "TG-4033"
        assert foreman.post(f"/api/v1/cases/{repair.case}/merge", json=body).json()["code"] != "TG-4033"


def test_the_registry_says_it_at_once(town: Town) -> None:
    """Taken out of the registry, or a volunteer there: nothing of it is left, with the same session."""
    task = town.hall.tasks()[TaskKind.HANDLE].number
    with town.browser("aa-m3") as foreman:
        for values in ({"supervisor": False}, {"supervisor": True, "volunteer": True}):
            mark(town, "aa-m3", **values)
            assert "task.supervise" not in permissions(foreman)
            assert "transfer" not in steps(foreman, task)
        mark(town, "aa-m3", volunteer=False)
        assert "transfer" in steps(foreman, task)
