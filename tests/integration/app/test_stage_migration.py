"""A database from before stages had clocks is taken over, up and down, with the cases that are open in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from app import database
from app.database import differences, migrate, open_database
from core.stages import LimitUnit, Stage
from dispatch import tables
from dispatch.stage_queries import stages_of
from tests.integration.app.test_alarm_migration import at_revision, insert
from tests.unit.dispatch.hall import HOUR, MONDAY_9

BEFORE = "0012"


def case(connection: sa.Connection, number: int, **changes: Any) -> None:
    """An open case with its handling task, as that version left it."""
    values: dict[str, Any] = {
        "number": number,
        "code": f"C-{number}",
        "facility": number,
        "community": 1,
        "family": "pump",
        "open": True,
        "state": "accepted",
        "severity": 3,
        "lead": "construction",
        "rule_id": "high",
        "say_zh": "泵",
        "say_en": "pump",
        "opening_alarm": f"alarm{number}",
        "opened_ms": MONDAY_9,
        "changed_ms": MONDAY_9,
        "due_ms": MONDAY_9 + 2 * HOUR,
        "due_clock": "continuous",
        "due_what": "handle",
        "met_ms": None,
        "overdue": False,
        "escalated": 0,
        "suspensions": 0,
        "ended_by": "",
        "note": "",
    } | changes
    insert(connection, "dispatch_case", **values)
    task = {
        "number": 100 + number,
        "case": number,
        "kind": "handle",
        "state": "accepted",
        "open": True,
        "grid": "construction",
        "owner": 1,
        "cell": "",
        "community": 1,
        "created_ms": MONDAY_9,
        "assigned_ms": MONDAY_9,
        "changed_ms": MONDAY_9,
        "due_ms": values["due_ms"],
        "due_clock": "continuous",
        "due_what": "handle",
        "overdue": False,
        "escalate_ms": MONDAY_9,
        "escalated": True,
        "ready": True,
        "routing": "[]",
        "version": 1,
    }
    insert(connection, "dispatch_task", **task)


@pytest.fixture
def old(tmp_path: Path) -> sa.Engine:
    """Open cases of both clocks, one suspended, one handled, one closed."""
    engine = open_database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    at_revision(engine, BEFORE)
    with engine.begin() as connection:
        case(connection, 1)
        case(connection, 2, severity=2, due_clock="work", due_ms=MONDAY_9 + 24 * HOUR)
        case(connection, 3, state="suspended", due_ms=None)
        case(connection, 4, state="handled", met_ms=MONDAY_9 + HOUR)
        case(connection, 5, state="closed", open=False)
    return engine


def test_open_cases_get_the_clock_of_handling_up_to_their_limit(old: sa.Engine) -> None:
    """Those whose limit runs, and no others; the way back drops what came."""
    migrate(old)
    assert differences(old) == []
    with old.connect() as connection:
        found = {number: stages_of(connection, number) for number in range(1, 6)}
        marks = connection.execute(sa.select(tables.case.c.extensions, tables.case.c.supervised).distinct()).all()
    assert marks == [(0, "")]
    (urgent,), (working,) = found[1], found[2]
    assert (urgent.stage, urgent.amount, urgent.unit) == (Stage.HANDLE, 2, LimitUnit.URGENT_HOUR)
    assert (urgent.started_ms, urgent.limit_ms, urgent.warn_ms) == (
        MONDAY_9,
        MONDAY_9 + 2 * HOUR,
        MONDAY_9 + 2 * HOUR * 4 // 5,
    )
    assert (working.amount, working.unit, working.limit_ms) == (8, LimitUnit.WORK_HOUR, MONDAY_9 + 24 * HOUR)
    assert [found[number] for number in (3, 4, 5)] == [(), (), ()]
    config = database._config()
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)
    assert "dispatch_stage" not in sa.inspect(old).get_table_names()
    migrate(old)
    assert differences(old) == []
    old.dispose()
