"""What the measures of performance are made of, read from the journal: annunciations and tasks as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from core.alarms import AlarmEvent, AlarmKind
from core.places import Text
from core.ports.performance import STILL_ON, Annunciations, Source
from dispatch import tables
from dispatch.assignment import heard
from dispatch.database import reading

_SPEAKS_AGAIN = ("shelving_ended", "shelving_outgrown", "unshelved", "unsuppressed", "in_service")
_ANNUNCIATES = (AlarmEvent.ENTER.value, *_SPEAKS_AGAIN)


class SqlPerformanceQueries:
    """Reads the journal; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from ``engine``."""
        self._engine = engine

    def annunciations(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Annunciations:
        """Every moment of [from, to) at which an alarm asked for attention, and every task that was given out.

        An alarm that a late reading moved is counted once, where it was annunciated; drills are left out.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(_annunciations(from_ms, to_ms, communities)).all()
            tasks = connection.execute(_tasks(from_ms, to_ms, communities)).all()
        number: dict[tuple[str, int], int] = {}
        sources: list[Source] = []
        for row in rows:
            key = (row.rule_id, row.facility)
            if key not in number:
                number[key] = len(sources)
                say = Text(zh=row.say_zh, en=row.say_en)
                sources.append(Source(rule_id=row.rule_id, facility=row.facility, say=say))
        return Annunciations(
            from_ms=from_ms,
            to_ms=to_ms,
            at_ms=np.array([row.at_ms for row in rows], np.int64),
            stop_ms=np.array([_stop(row) for row in rows], np.int64),
            severity=np.array([row.severity for row in rows], np.int64),
            source=np.array([number[row.rule_id, row.facility] for row in rows], np.int64),
            sources=tuple(sources),
            task_owner=np.array([row.owner for row in tasks], np.int64),
            task_ms=np.array([row.assigned_ms for row in tasks], np.int64),
        )


def _annunciations(from_ms: int, to_ms: int, communities: frozenset[int] | None) -> sa.Select[Any]:
    """History lines that annunciate, with the next line of the same alarm at which its condition ended."""
    alarm, line, later = tables.alarm, tables.alarm_history, tables.alarm_history.alias("later")
    ended = (
        sa.select(sa.func.min(later.c.at_ms))
        .where(later.c.alarm_id == line.c.alarm_id, later.c.id > line.c.id, later.c.event == AlarmEvent.CLEAR.value)
        .scalar_subquery()
    )
    query = (
        sa.select(
            line.c.at_ms,
            line.c.stop_ms,
            ended.label("ended_ms"),
            alarm.c.rule_id,
            alarm.c.facility,
            alarm.c.severity,
            alarm.c.active,
            alarm.c.say_zh,
            alarm.c.say_en,
        )
        .join(alarm, alarm.c.alarm_id == line.c.alarm_id)
        .where(
            line.c.at_ms >= from_ms,
            line.c.at_ms < to_ms,
            line.c.event.in_(_ANNUNCIATES),
            line.c.state == "unacknowledged",
            alarm.c.kind != AlarmKind.TEST.value,
            ~line.c.silent,
        )
        .order_by(line.c.at_ms, line.c.id)
    )
    return query if communities is None else query.where(alarm.c.community.in_(communities))


def _tasks(from_ms: int, to_ms: int, communities: frozenset[int] | None) -> sa.Select[Any]:
    table = tables.task
    when = (table.c.assigned_ms >= from_ms, table.c.assigned_ms < to_ms)
    query = sa.select(table.c.owner, table.c.assigned_ms).where(
        table.c.owner.is_not(None), *when, ~table.c.drill, heard()
    )
    return query if communities is None else query.where(table.c.community.in_(communities))


def _stop(row: Any) -> int:
    """When the condition ended: event time where the line knows it, else when the end was recorded."""
    if row.stop_ms is not None:
        return max(int(row.stop_ms), int(row.at_ms))
    if row.ended_ms is not None:
        return int(row.ended_ms)
    return STILL_ON if row.active else int(row.at_ms)
