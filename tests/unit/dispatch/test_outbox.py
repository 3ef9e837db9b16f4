"""Messages: written with their cause, in both languages, withdrawn in time; a given-up one is seen at its case."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from core.alarms import ChangeKind
from core.cases import Action, TaskKind
from core.clock import ManualClock
from core.ports.notifications import Channel, Outcome
from dispatch import delivery_tables, tables
from dispatch.courier import Courier
from dispatch.outbox import Outbox
from dispatch.preferences import SqlPreferences
from dispatch.senders.services import LogSender
from registry import tables as registry_tables
from tests.unit.dispatch.hall import HOUR, MONDAY_9, Hall, change
from tests.unit.dispatch.post_office import ZONE, People, Script, says


def opened(hall: Hall) -> Outbox:
    hall.apply(change(ChangeKind.OPENED, facility=hall.city.facility("aa-sp-01")))
    return Outbox(hall.engine)


def courier(hall: Hall, sender: Script | LogSender) -> Courier:
    """Takes the hall's messages to one room."""
    return Courier(
        Outbox(hall.engine),
        SqlPreferences(hall.engine),
        channels=[Channel(name="room", kind="log", sender=sender)],
        routes={"app": ["room"]},
        recipients=People(),
        zone=ZONE,
        link=lambda ref: "",
        clock=ManualClock(MONDAY_9),
        threads=False,
    )


def test_both_workers_are_told_once_in_both_languages(hall: Hall) -> None:
    """Each owner gets one message, in Chinese and English, with place, limit and severity."""
    outbox, room = opened(hall), Script("room")
    message = outbox.waiting(MONDAY_9)[0]
    assert "规则 medium" in message.title.zh
    assert "Rule medium" in message.title.en
    assert message.body.en == "Pump 1 (C-2026-000001), due 11-24 09:00"
    assert message.severity.name == "MEDIUM"
    taking = courier(hall, room)
    taking.step()
    taking.step()
    assert len(room.taken) == 2
    assert outbox.waiting(MONDAY_9 + HOUR) == []


def test_a_message_that_nobody_took_stands_in_the_history_of_its_case(hall: Hall) -> None:
    """Refused for good: the case says that somebody was not told, and by what."""
    opened(hall)
    courier(hall, Script("room", answers=[says(Outcome.REFUSED)])).step()
    with hall.engine.connect() as connection:
        query = sa.select(tables.history.c.note).where(tables.history.c.action == "not_delivered")
        assert connection.execute(query).scalars().all() == ["app room"]


def test_accepting_withdraws_the_message(hall: Hall) -> None:
    """Who has accepted need not be told any more that there is a task."""
    outbox = opened(hall)
    hall.act(hall.tasks()[TaskKind.HANDLE], Action.ACCEPT, hall.actor("aa-m1"))
    assert {hall.code_of(message.person) for message in outbox.waiting(MONDAY_9)} == {"aa-g1"}


def test_the_log_takes_messages_too(hall: Hall) -> None:
    """The log-only channel formats and takes everything."""
    outbox = opened(hall)
    courier(hall, LogSender()).step()
    assert outbox.waiting(MONDAY_9) == []


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])  # type: ignore[no-untyped-call]
def test_every_table_is_good_for_both_databases(dialect: Dialect) -> None:
    """Tables and indexes of both rooms compile for SQLite and PostgreSQL, the partial index with its condition."""
    every = [*delivery_tables.metadata.sorted_tables, *registry_tables.metadata.sorted_tables]
    assert all(str(CreateTable(table).compile(dialect=dialect)) for table in every)
    indexes = {
        str(index.name): str(CreateIndex(index).compile(dialect=dialect)) for table in every for index in table.indexes
    }
    assert "UNIQUE" in indexes["open_key"]
    assert "WHERE" in indexes["open_key"]
