"""The notification outbox: messages wait in the database until a deliverer has taken them.

A message is written in the transaction that causes it and delivered after it, so no message speaks of something that
did not happen, and none is lost in a crash. Delivery is at least once: a crash between sending and noting it repeats
one message. What cannot be sent is tried again with growing pauses and given up after a day.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.errors import Refused, Unavailable
from core.places import Text
from core.ports.notifications import Deliverer, Notification
from dispatch import tables
from dispatch.database import reading, writing
from dispatch.worktime import HOUR_MS, MINUTE_MS

logger = logging.getLogger(__name__)

_GIVE_UP_MS = 24 * HOUR_MS
_LONGEST_PAUSE_MS = 30 * MINUTE_MS
_FIRST_PAUSE_MS = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What one round did."""

    sent: int = 0
    postponed: int = 0
    given_up: int = 0


class Outbox:
    """Takes due messages to a deliverer; one owner at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from ``engine``."""
        self._engine = engine

    def waiting(self, now_ms: int, limit: int = 100) -> list[Notification]:
        """Messages that are due, oldest first."""
        table = tables.outbox
        query = sa.select(table).where(table.c.next_ms <= now_ms).order_by(table.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_notification(row) for row in connection.execute(query)]

    def deliver(self, deliverer: Deliverer, now_ms: int, limit: int = 100) -> Delivery:
        """Try every due message once; what became of them is noted in one transaction at the end."""
        results: list[tuple[Notification, str | None, bool]] = []
        for message in self.waiting(now_ms, limit):
            try:
                deliverer.deliver(message)
                results.append((message, None, False))
            except Unavailable as error:
                results.append((message, str(error), now_ms - message.created_ms > _GIVE_UP_MS))
            except Refused as error:
                results.append((message, str(error), True))
        if not results:
            return Delivery()
        with writing(self._engine) as connection:
            for message, error_text, final in results:
                _noted(connection, message, error_text, final, now_ms)
        sent = sum(error_text is None for _, error_text, _ in results)
        given_up = sum(final for _, _, final in results)
        return Delivery(sent=sent, given_up=given_up, postponed=len(results) - sent - given_up)


class LogDeliverer:
    """Writes messages into the log: for demos, and until a channel is configured."""

    def deliver(self, notification: Notification) -> None:
        """Log it."""
        logger.info(
            "notification",
            extra={
                "channel": notification.channel,
                "person": notification.person,
                "kind": notification.kind,
                "ref": notification.ref,
                "title": notification.title.en,
            },
        )


def _noted(connection: sa.Connection, message: Notification, error: str | None, final: bool, now_ms: int) -> None:
    table = tables.outbox
    values: dict[str, object] = {"attempts": table.c.attempts + 1, "error": (error or "")[:1000]}
    if error is None:
        values |= {"sent_ms": now_ms, "next_ms": None}
    elif final:
        values["next_ms"] = None
    else:
        pause = sa.case((table.c.attempts >= 9, _LONGEST_PAUSE_MS), else_=_FIRST_PAUSE_MS * (table.c.attempts + 1) * 4)
        values["next_ms"] = sa.literal(now_ms, sa.BigInteger) + pause
    where = (table.c.id == message.id, table.c.next_ms.is_not(None))
    connection.execute(sa.update(table).where(*where).values(**values))


def _notification(row: Any) -> Notification:
    return Notification(
        id=row.id,
        key=row.key,
        channel=row.channel,
        person=row.person,
        kind=row.kind,
        ref=row.ref,
        title=Text(zh=row.title_zh, en=row.title_en),
        body=Text(zh=row.body_zh, en=row.body_en),
        created_ms=row.created_ms,
    )
