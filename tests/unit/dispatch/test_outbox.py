"""Messages: written with their cause, delivered at least once, withdrawn in time, given up with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from core.alarms import ChangeKind
from core.cases import Action, TaskKind
from core.errors import Refused, Unavailable
from core.ports.notifications import Notification
from dispatch import tables
from dispatch.outbox import Delivery, LogDeliverer, Outbox
from registry import tables as registry_tables
from tests.unit.dispatch.hall import HOUR, MONDAY_9, Hall, change


@dataclass
class Phone:
    """Takes messages, or refuses them as it is told."""

    trouble: Exception | None = None
    taken: list[Notification] = field(default_factory=list)

    def deliver(self, notification: Notification) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.taken.append(notification)


def opened(hall: Hall) -> Outbox:
    hall.apply(change(ChangeKind.OPENED, facility=hall.city.facility("aa-sp-01")))
    return Outbox(hall.engine)


def test_both_workers_are_told_once_in_both_languages(hall: Hall) -> None:
    """Each owner gets one message, in Chinese and English, with place and limit; a second round sends nothing."""
    outbox, phone = opened(hall), Phone()
    assert outbox.deliver(phone, MONDAY_9) == Delivery(sent=2)
    assert outbox.deliver(phone, MONDAY_9) == Delivery()
    assert {hall.code_of(message.person) for message in phone.taken} == {"aa-m1", "aa-g1"}
    message = phone.taken[0]
    assert "规则 medium" in message.title.zh
    assert "Rule medium" in message.title.en
    assert message.body.en == "Pump 1 (C-2026-000001), due 11-24 09:00"


def test_a_dead_line_is_tried_again_with_growing_pauses(hall: Hall) -> None:
    """What cannot be sent now is postponed further each time, and given up after a day."""
    outbox, phone = opened(hall), Phone(trouble=Unavailable("no line"))
    now, pauses = MONDAY_9, []
    while outbox.deliver(phone, now).postponed:
        with hall.engine.connect() as connection:
            following = int(connection.execute(sa.select(sa.func.min(tables.outbox.c.next_ms))).scalar_one())
        pauses.append(following - now)
        now = following
    assert pauses == sorted(pauses)
    assert pauses[0] == 20_000
    assert now - MONDAY_9 > 24 * HOUR
    assert outbox.waiting(now + 100 * HOUR) == []


def test_a_refused_message_is_not_tried_again(hall: Hall) -> None:
    """A channel that says never is believed."""
    outbox = opened(hall)
    assert outbox.deliver(Phone(trouble=Refused("no such number")), MONDAY_9) == Delivery(given_up=2)
    assert outbox.waiting(MONDAY_9 + HOUR) == []


def test_accepting_withdraws_the_message(hall: Hall) -> None:
    """Who has accepted need not be told any more that there is a task."""
    outbox = opened(hall)
    hall.act(hall.tasks()[TaskKind.HANDLE], Action.ACCEPT, hall.actor("aa-m1"))
    assert {hall.code_of(message.person) for message in outbox.waiting(MONDAY_9)} == {"aa-g1"}


def test_the_log_takes_messages_too(hall: Hall) -> None:
    """The log-only deliverer formats and takes everything."""
    assert opened(hall).deliver(LogDeliverer(), MONDAY_9) == Delivery(sent=2)


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])  # type: ignore[no-untyped-call]
def test_every_table_is_good_for_both_databases(dialect: Dialect) -> None:
    """Tables and indexes of both rooms compile for SQLite and PostgreSQL, the partial index with its condition."""
    every = [*tables.metadata.sorted_tables, *registry_tables.metadata.sorted_tables]
    assert all(str(CreateTable(table).compile(dialect=dialect)) for table in every)
    indexes = {
        str(index.name): str(CreateIndex(index).compile(dialect=dialect)) for table in every for index in table.indexes
    }
    assert "UNIQUE" in indexes["open_key"]
    assert "WHERE" in indexes["open_key"]
