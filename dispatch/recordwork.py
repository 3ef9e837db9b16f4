"""Frozen evidence inside a transaction: begun here, completed by ``dispatch.freezer``. What was begun is not again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from core.ports.cases import EvidenceValue
from core.ports.evidence import Occasion
from dispatch import tables
from dispatch.database import insert_all
from dispatch.parts import in_parts

_MOST_VALUES = 50


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
    values = record_values(
        alarm_id, occasion, at_ms=at_ms, from_ms=from_ms, to_ms=to_ms, now_ms=now_ms, context=context
    )
    begin_records(connection, [values])


def record_values(
    alarm_id: str, occasion: Occasion, *, at_ms: int, from_ms: int, to_ms: int, now_ms: int, context: str = ""
) -> dict[str, Any]:
    """The columns of a record that is begun."""
    return {
        "alarm_id": alarm_id,
        "occasion": occasion.value,
        "at_ms": at_ms,
        "made_ms": now_ms,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "context": context,
        "due_ms": now_ms,
    }


def begin_records(connection: sa.Connection, records: Sequence[dict[str, Any]]) -> None:
    """Begin records of different alarms, in order, without those that were begun before."""
    table = tables.record
    for occasion, group in groupby(records, key=lambda one: one["occasion"]):
        for part in in_parts(list(group)):
            ids = [one["alarm_id"] for one in part]
            query = sa.select(table.c.alarm_id).where(table.c.alarm_id.in_(ids), table.c.occasion == occasion)
            known = set(connection.execute(query).scalars())
            fresh = [one for one in part if one["alarm_id"] not in known]
            insert_all(connection, table, fresh)


def evidence_rows(alarm_id: str, evidence: Sequence[EvidenceValue]) -> Iterator[dict[str, Any]]:
    """The rows of the values at the opening of an alarm."""
    for position, item in enumerate(evidence[:_MOST_VALUES]):
        yield {
            "alarm_id": alarm_id,
            "position": position,
            "point": item.point,
            "key": item.key,
            "name_zh": item.name.zh,
            "name_en": item.name.en,
            "unit": item.unit,
            "time_ms": item.time_ms,
            "value": item.value if item.value is None or item.value == item.value else None,
            "quality": item.quality,
            "text": item.text[:1000],
        }
