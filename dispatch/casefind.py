"""Finding the case that an alarm belongs to: the open one of its key, or the last one if it comes again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.cases import SYSTEM, CaseState, RuleInfo
from dispatch import tables
from dispatch.merges import took_over
from dispatch.policy import Policy

SELF_CLEARED = "self-cleared"
"""Note of a case that ended because its alarms cleared before anybody had begun."""


def open_case(connection: sa.Connection, facility: int, family: str) -> Any | None:
    """The open case of a facility and rule family, or the one that took it in."""
    table = tables.case
    key = (table.c.facility == facility, table.c.family == family, table.c.open, table.c.gathers == "")
    row = connection.execute(sa.select(table).where(*key)).one_or_none()
    return row if row is not None else took_over(connection, facility, family)


def open_gathering(connection: sa.Connection, key: str) -> Any | None:
    """The open case that gathers a group."""
    table = tables.case
    return connection.execute(sa.select(table).where(table.c.gathers == key, table.c.open)).one_or_none()


def open_like(connection: sa.Connection, row: Any) -> Any | None:
    """The open case that takes what comes to an ended one: of its group if it gathers, else of its facility."""
    if row.gathers:
        return open_gathering(connection, row.gathers)
    return open_case(connection, row.facility, row.family) if row.facility else None


def ended_lately(connection: sa.Connection, alarm: Any, info: RuleInfo, policy: Policy) -> Any | None:
    """The case that ended by itself when the same alarm cleared, a short while ago."""
    table, case = tables.alarm, tables.case
    earlier = (
        sa.select(table.c.case)
        .where(
            table.c.facility == alarm.facility,
            table.c.rule_id == alarm.rule_id,
            table.c.start_ms < alarm.start_ms,
            table.c.stop_ms >= alarm.start_ms - policy.again_within_ms,
            table.c.case.is_not(None),
        )
        .order_by(table.c.start_ms.desc())
        .limit(1)
    )
    ended = (case.c.state == CaseState.CANCELLED.value, case.c.ended_by == SYSTEM, case.c.note == SELF_CLEARED)
    mine = (case.c.family == info.family, case.c.gathers == "", ~case.c.drill)
    query = sa.select(case).where(case.c.number == earlier.scalar_subquery(), *ended, *mine)
    return connection.execute(query).one_or_none() if policy.again_within_ms else None


def closed_lately(connection: sa.Connection, row: Any, policy: Policy, now_ms: int) -> Any | None:
    """The last case of the same facility and family that people closed a short while before this one was opened."""
    case = tables.case
    same = (case.c.facility == row.facility, case.c.family == row.family, ~case.c.drill, case.c.number != row.number)
    closed = (case.c.state == CaseState.CLOSED.value, case.c.closed_ms >= now_ms - policy.relapse_ms)
    query = sa.select(case).where(*same, *closed).order_by(case.c.closed_ms.desc(), case.c.number.desc()).limit(1)
    return connection.execute(query).one_or_none()
