"""The database of the version before alarms had flags is taken over with all that stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from app import database
from app.database import differences, migrate, open_database
from core.alarms import AlarmState
from core.flags import FlagKind
from core.ports.flags import FlagFilter
from core.ports.registry import PageRequest
from dispatch.journal import SqlJournal
from dispatch.queries import SqlCaseQueries
from tests.unit.dispatch.hall import HOUR, MONDAY_9, RULES
from tests.unit.registry.city import build_city

BEFORE = "0007"


def at_revision(engine: sa.Engine, revision: str) -> None:
    """Bring an empty database to an older revision, as that version of the program left it."""
    config = database._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def insert(connection: sa.Connection, table: str, **values: Any) -> None:
    """One row, by the names of its columns."""
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def alarm(connection: sa.Connection, alarm_id: str, **changes: Any) -> None:
    """An alarm that is on, with a shelf or without."""
    values: dict[str, Any] = {
        "alarm_id": alarm_id,
        "rule_id": "medium",
        "facility": 7,
        "community": 2,
        "severity": 2,
        "kind": "condition",
        "state": "acknowledged",
        "latching": False,
        "say_zh": "泵",
        "say_en": "pump",
        "do": "[]",
        "start_ms": MONDAY_9,
        "stop_ms": None,
        "since_ms": MONDAY_9,
        "active": True,
        "late": False,
        "retracted": False,
        "merged_into": "",
        "split_from": "",
        "opened_ms": MONDAY_9,
        "shelved_until_ms": None,
        "shelve_reason": "",
        "suppressed": False,
        "out_of_service": False,
        "case": None,
    }
    insert(connection, "dispatch_alarm", **(values | changes))


def step(connection: sa.Connection, alarm_id: str, at_ms: int, event: str, state: str) -> None:
    """A line of an alarm's history."""
    times = {"start_ms": MONDAY_9, "stop_ms": None, "since_ms": MONDAY_9}
    change = "opened" if event == "enter" else None
    values = {"alarm_id": alarm_id, "at_ms": at_ms, "actor": "mgr", "change": change, "event": event, "state": state}
    insert(connection, "dispatch_alarm_history", **values, **times, note="")


@pytest.fixture
def old(tmp_path: Path) -> sa.Engine:
    """A database of the version before: one alarm shelved until noon, one that nobody touched."""
    engine = open_database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    at_revision(engine, BEFORE)
    with engine.begin() as connection:
        alarm(connection, "shelvedone", shelved_until_ms=MONDAY_9 + 3 * HOUR, shelve_reason="exchange")
        alarm(connection, "plain", rule_id="low", severity=1, facility=8, state="unacknowledged")
        shelf = {"rule_id": "medium", "facility": 7, "reason": "exchange", "actor": "mgr"}
        insert(connection, "dispatch_shelf", until_ms=MONDAY_9 + 3 * HOUR, **shelf)
        step(connection, "shelvedone", MONDAY_9, "enter", "unacknowledged")
        step(connection, "plain", MONDAY_9, "enter", "unacknowledged")
        step(connection, "shelvedone", MONDAY_9 + 1, "acknowledge", "acknowledged")
        step(connection, "shelvedone", MONDAY_9 + HOUR, "shelved", "acknowledged")
    return engine


def test_shelves_become_flags_and_histories_learn_where_they_came_from(old: sa.Engine, tmp_path: Path) -> None:
    """A shelf stands as a flag with its time, reason and person, and ends by itself as it would have."""
    migrate(old)
    assert differences(old) == []
    source = build_city(tmp_path / "city").registry
    queries = SqlCaseQueries(old, source)
    (flag,) = queries.flags(FlagFilter(standing=True), PageRequest()).items
    assert (flag.kind, flag.facility, flag.rule_id, flag.community) == (FlagKind.SHELVED, 7, "medium", 2)
    assert (flag.reason, flag.actor, flag.severity) == ("exchange", "mgr", 2)
    assert (flag.set_ms, flag.until_ms) == (MONDAY_9 + HOUR, MONDAY_9 + 3 * HOUR)
    detail = queries.alarm("shelvedone")
    assert detail is not None
    assert [one.from_state for one in detail.history] == [None, AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED]
    assert detail.flags == (flag,)
    journal = SqlJournal(old, rules=RULES.get, source=source)
    journal.tick(MONDAY_9 + 3 * HOUR)
    after = queries.alarm("shelvedone")
    assert after is not None
    assert (after.alarm.state, after.alarm.shelved_until_ms, after.flags) == (AlarmState.UNACKNOWLEDGED, None, ())
    assert after.alarm.case is not None
    assert queries.evidence("plain") != []
    old.dispose()


def test_the_way_back_keeps_what_the_older_version_knows(old: sa.Engine) -> None:
    """Going back, the shelf stands again; what the older version has no place for is given up."""
    migrate(old)
    config = database._config()
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)
    with old.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT rule_id, facility, until_ms, reason, actor FROM dispatch_shelf")
        ).all()
    assert [tuple(row) for row in rows] == [("medium", 7, MONDAY_9 + 3 * HOUR, "exchange", "mgr")]
    old.dispose()
