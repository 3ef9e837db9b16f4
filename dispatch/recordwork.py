"""Frozen evidence inside a transaction: begun here, completed by ``dispatch.freezer``. What was begun is not again."""

from __future__ import annotations

import sqlalchemy as sa

from core.ports.evidence import Occasion
from dispatch import tables


def begin_record(
    connection: sa.Connection,
    alarm_id: str,
    occasion: Occasion,
    *,
    at_ms: int,
    from_ms: int,
    to_ms: int,
    now_ms: int,
    context: str = "",
) -> None:
    """Begin to freeze the readings in [from, to) around ``at_ms`` of an alarm, once for each occasion."""
    table = tables.record
    known = sa.exists().where(table.c.alarm_id == alarm_id, table.c.occasion == occasion.value)
    if connection.execute(sa.select(known)).scalar_one():
        return
    values = {
        "alarm_id": alarm_id,
        "occasion": occasion.value,
        "at_ms": at_ms,
        "made_ms": now_ms,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "context": context,
        "due_ms": now_ms,
    }
    connection.execute(sa.insert(table), values)
