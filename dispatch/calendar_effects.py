"""What a change of the calendar's days does to limits in working time that run.

A limit is a moment that was promised, so it stays; what changes is how much working time is left until it. That is the
working hours of the changed days between now and the limit, counted for all limits at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import sqlalchemy as sa

from core.cases import DeadlineClock
from core.ports.calendar_days import NO_EFFECT, LimitEffect, TouchedLimit
from core.readings import Int64s
from core.stages import LimitUnit
from dispatch import tables
from dispatch.database import reading
from dispatch.worktime import WorkCalendar

_SHOWN = 10
_WORKED_UNITS = tuple(unit.value for unit in LimitUnit if unit.clock is DeadlineClock.WORK)


def work_change(calendar: WorkCalendar, days: Mapping[date, bool], from_ms: Int64s, limit_ms: Int64s) -> Int64s:
    """How much working time between two moments comes or goes, milliseconds; negative: it is less.

    Args:
        calendar: windows and time zone; which days it works is not asked.
        days: those that become worked (true) or free (false) and were not.
        from_ms: [n], UTC milliseconds.
        limit_ms: [n]; nothing lies between where it is the earlier one.
    """
    change = np.zeros(len(limit_ms), np.int64)
    for day, worked in days.items():
        for window in calendar.windows:
            begin, end = (calendar.instant(day, minute) for minute in window)
            inside = np.minimum(limit_ms, end) - np.maximum(from_ms, begin)
            change += np.maximum(inside, 0) * (1 if worked else -1)
    return change


class LimitEffects:
    """Asks the running limits; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, calendar: WorkCalendar) -> None:
        """Read from ``engine``; ``calendar`` is that of the policy."""
        self._engine = engine
        self._calendar = calendar

    def of(self, days: Mapping[date, bool], now_ms: int) -> LimitEffect:
        """What it does that these days become worked or free.

        Clocks that stand still are left out: what is left of them is counted when they go on, by the days of then.

        Raises:
            Unavailable: if the database does not answer.
        """
        if not days:
            return NO_EFFECT
        with reading(self._engine) as connection:
            rows = connection.execute(_running(self._calendar.instant(min(days), 0))).all()
        if not rows:
            return NO_EFFECT
        started = np.array([row.started_ms for row in rows], np.int64)
        limit = np.array([row.limit_ms for row in rows], np.int64)
        change = work_change(self._calendar, days, np.maximum(started, now_ms), limit)
        touched = np.flatnonzero(change)
        first = touched[np.argsort(limit[touched], kind="stable")][:_SHOWN].tolist()
        return LimitEffect(
            less=int((change < 0).sum()),
            more=int((change > 0).sum()),
            first=tuple(
                TouchedLimit(
                    case=rows[at].code,
                    facility=rows[at].facility,
                    stage=rows[at].stage,
                    limit_ms=rows[at].limit_ms,
                    change_ms=int(change[at]),
                )
                for at in first
            ),
        )


def _running(from_ms: int) -> sa.Select[tuple[object, ...]]:
    """Clocks in working time that run and end after a moment."""
    stage, case = tables.stage, tables.case
    return (
        sa.select(case.c.code, case.c.facility, stage.c.stage, stage.c.started_ms, stage.c.limit_ms)
        .join(case, case.c.number == stage.c.case)
        .where(
            stage.c.ended_ms.is_(None),
            stage.c.paused_since_ms.is_(None),
            stage.c.unit.in_(_WORKED_UNITS),
            stage.c.limit_ms > from_ms,
        )
        .order_by(stage.c.limit_ms, stage.c.number)
    )
