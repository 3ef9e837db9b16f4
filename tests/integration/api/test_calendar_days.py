"""Holidays fixed over HTTP: shown first with the limits they touch, written by one editor, remembered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.cases import DeadlineClock
from core.people import Role
from core.stages import LimitUnit
from dispatch import tables as dispatch_tables
from dispatch.worktime import HOUR_MS, SHANGHAI
from tests.integration.api.test_with_real_rooms import Town, open_town, raise_alarm
from tests.unit.dispatch.hall import MONDAY_9

V1 = "/api/v1"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with a manager of one community and one of the whole city."""
    with open_town(tmp_path) as made:
        made.give_login("mgr-a", Role.MANAGER, everywhere=True)
        made.give_login("bb-m1", Role.MANAGER, "bb")
        yield made


def ask(client: TestClient, step: str, first: str, last: str = "", kind: str | None = "holiday", **more: str) -> Any:
    """What a step answers."""
    body = {"first": first, "last": last or first, "kind": kind, **more}
    return client.post(f"{V1}/registry/calendar/{step}", json=body)


def test_two_managers_fix_the_same_days(town: Town) -> None:
    """The first writes what was shown, the second is told; what became of the day is in the history by its kind."""
    with town.browser("mgr-a") as first, town.browser("mgr-a") as second:
        shown = ask(first, "preview", "2025-03-08", "2025-03-10").json()
        assert [(one["day"], one["before"], one["after"]) for one in shown["days"]] == [
            ("2025-03-08", "weekend", "holiday"),
            ("2025-03-09", "weekend", "holiday"),
            ("2025-03-10", "workday", "holiday"),
        ]
        late = ask(second, "preview", "2025-03-09", kind="makeup").json()
        done = ask(first, "days", "2025-03-08", "2025-03-10", mark=shown["mark"])
        assert (done.status_code, done.json()) == (200, {"days": 3})
        told = ask(second, "days", "2025-03-09", kind="makeup", mark=late["mark"])
        assert (told.status_code, told.json()["code"]) == (409, "TG-4096")
        again = ask(second, "preview", "2025-03-09", kind="makeup").json()
        assert (again["days"][0]["before"], again["days"][0]["own_before"]) == ("holiday", True)
        assert ask(second, "days", "2025-03-09", kind="makeup", mark=again["mark"]).json() == {"days": 1}
        changes = first.get(f"{V1}/registry/changes?kind=calendar&code=day:2025-03-09").json()["items"]
        assert [(one["by"], one["change"], one["before"], one["after"]) for one in changes] == [
            ("mgr-a", "change", "holiday", "makeup"),
            ("mgr-a", "add", "", "holiday"),
        ]


def test_limits_that_run_over_the_days_are_shown_and_keep_their_date(town: Town) -> None:
    """A working limit of two days loses the hours of the day between; one that runs day and night does not."""
    raise_alarm(town)
    stage = dispatch_tables.stage
    with town.hall.engine.begin() as connection:
        limit_ms = MONDAY_9 + 30 * HOUR_MS
        handle = stage.update().where(stage.c.stage == "handle")
        connection.execute(handle.values(unit=LimitUnit.WORK_HOUR.value, limit_ms=limit_ms))
        others = stage.update().where(stage.c.stage != "handle")
        connection.execute(others.values(unit=LimitUnit.URGENT_HOUR.value, limit_ms=limit_ms))
    assert LimitUnit.WORK_HOUR.clock is DeadlineClock.WORK
    day = (datetime.fromtimestamp(MONDAY_9 / 1000, SHANGHAI).date() + timedelta(days=1)).isoformat()
    with town.browser("mgr-a") as client:
        shown = ask(client, "preview", day).json()
        assert (shown["less"], shown["more"]) == (1, 0)
        (limit,) = shown["limits"]
        assert (limit["stage"], limit["limit_ms"], limit["change_ms"]) == ("handle", limit_ms, -5 * HOUR_MS)
        assert limit["facility"]["zh"]
        assert ask(client, "days", day, mark=shown["mark"]).json() == {"days": 1}
        with town.hall.engine.begin() as connection:
            kept = connection.execute(stage.select().where(stage.c.stage == "handle")).one()
        assert kept.limit_ms == limit_ms


def test_only_who_sees_the_whole_city_fixes_days(town: Town) -> None:
    """A manager of a community is refused with the reason, a worker without; nonsense is told at its field."""
    with town.browser("bb-m1") as part, town.browser("aa-g1") as worker, town.browser("mgr-a") as client:
        for step in ("preview", "days"):
            more = {} if step == "preview" else {"mark": "x"}
            refused = ask(part, step, "2025-03-08", **more)
            assert (refused.status_code, refused.json()["code"]) == (422, "TG-4224"), refused.text
            assert ask(worker, step, "2025-03-08", **more).json()["code"] == "TG-4030"
        wrong = ask(client, "preview", "2025-03-09", "2025-03-01")
        assert wrong.status_code == 422
        assert [one["where"] for one in wrong.json()["errors"]] == ["body.last"]
        wrong = ask(client, "days", "2025-03-08", kind="workday", mark="x")
        assert [one["where"] for one in wrong.json()["errors"]] == ["body.kind"]
