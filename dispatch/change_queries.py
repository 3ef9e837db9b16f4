"""What has changed since a moment, read from journal and cases as columns (``core.ports.changes``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from core.alarms import AlarmKind, Severity
from core.ports.changes import CommunityChanges
from dispatch import tables
from dispatch.changes import STILL, Spells, changes
from dispatch.database import reading
from dispatch.flag_queries import seen


class SqlChangeQueries:
    """Reads the journal; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        """Read from ``engine``."""
        self._engine = engine

    def changes(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None
    ) -> Sequence[CommunityChanges]:
        """Those communities in sight in which anything stood or happened, by number.

        Reads the alarms and cases that touch the span and the one before it, so the effort grows with what happened in
        two spans and with what is still open, not with the journal.
        """
        since_ms = 2 * from_ms - to_ms
        with reading(self._engine) as connection:
            alarms = connection.execute(_alarms(since_ms, to_ms, communities)).all()
            cases = connection.execute(_cases(since_ms, to_ms, communities)).all()
        condition = [row for row in alarms if row.kind == AlarmKind.CONDITION.value]
        sight = [row for row in alarms if row.kind == AlarmKind.SIGHT.value]
        late = [row.due_ms if row.open and row.overdue and row.due_ms is not None else STILL for row in cases]
        return changes(
            conditions=_spells(condition),
            sight=_spells(sight),
            cases=_spells(cases),
            late_ms=np.array(late, np.int64),
            from_ms=from_ms,
            to_ms=to_ms,
        )


def _spells(rows: Sequence[Any]) -> Spells:
    return Spells(
        community=np.array([row.community for row in rows], np.int64),
        facility=np.array([row.facility for row in rows], np.int64),
        start_ms=np.array([row.start_ms for row in rows], np.int64),
        stop_ms=np.array([STILL if row.stop_ms is None else row.stop_ms for row in rows], np.int64),
    )


def _alarms(since_ms: int, to_ms: int, communities: frozenset[int] | None) -> sa.Select[Any]:
    """Alarms of a facility, above information, that touch the time from ``since_ms`` on."""
    alarm = tables.alarm
    return sa.select(alarm.c.community, alarm.c.facility, alarm.c.kind, alarm.c.start_ms, alarm.c.stop_ms).where(
        sa.or_(alarm.c.active, alarm.c.stop_ms >= since_ms),
        alarm.c.start_ms < to_ms,
        alarm.c.kind.in_([AlarmKind.CONDITION.value, AlarmKind.SIGHT.value]),
        alarm.c.severity > Severity.INFO.value,
        ~alarm.c.retracted,
        alarm.c.merged_into == "",
        seen(alarm.c.community, communities),
    )


def _cases(since_ms: int, to_ms: int, communities: frozenset[int] | None) -> sa.Select[Any]:
    case = tables.case
    return sa.select(
        case.c.community,
        case.c.facility,
        case.c.open,
        case.c.overdue,
        case.c.due_ms,
        case.c.opened_ms.label("start_ms"),
        case.c.closed_ms.label("stop_ms"),
    ).where(
        sa.or_(case.c.open, case.c.closed_ms >= since_ms),
        case.c.opened_ms < to_ms,
        ~case.c.drill,
        seen(case.c.community, communities),
    )
