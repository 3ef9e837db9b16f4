"""Whether a repair that no sensor shows is shown by a photo, or by words why there is none; inside a transaction.

A case without a sensor is one without an alarm: somebody reported it, handed it down, or it came from a plan. A round
of it lasts from one rejection (or reopening) to the next: what was shown of a repair that did not hold shows nothing of
the next one.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from core.cases import Action, CaseState
from core.closure import Outcome, PhotoKind
from dispatch import closure_tables, tables

_BEGINS_AGAIN: Final = (Action.REJECT.value, Action.REOPEN.value)


def round_since_ms(connection: sa.Connection, case: int) -> int:
    """When the repair began again: what was photographed before shows another one; -1: it never did."""
    table = tables.history
    query = sa.select(sa.func.max(table.c.at_ms)).where(table.c.case == case, table.c.action.in_(_BEGINS_AGAIN))
    found = connection.execute(query).scalar_one()
    return -1 if found is None else int(found)


def needed(connection: sa.Connection, case: Any) -> bool:
    """Whether a case has no sensor, so that its repair must be shown otherwise."""
    if case.drill:
        return False
    alarm = tables.alarm
    query = sa.select(alarm.c.alarm_id).where(alarm.c.case == case.number, ~alarm.c.retracted).limit(1)
    return connection.execute(query).first() is None


def missing(connection: sa.Connection, case: Any) -> bool:
    """Whether a photo after the repair is needed and neither it nor the reason has come, as things stand."""
    if not needed(connection, case):
        return False
    since_ms = round_since_ms(connection, case.number)
    report = _newest_report(connection, case.number) if case.state == CaseState.HANDLED else None
    if report is not None and (report.outcome != Outcome.REPAIRED or report.no_photo):
        return False
    table = closure_tables.task_photo
    shows = sa.and_(table.c.kind == PhotoKind.AFTER.value, table.c.at_ms > since_ms)
    if report is not None:
        seen = sa.and_(table.c.kind == PhotoKind.VERIFICATION.value, table.c.at_ms >= report.at_ms)
        shows = sa.or_(shows, seen)
    return (
        connection.execute(sa.select(table.c.task).where(table.c.case == case.number, shows).limit(1)).first() is None
    )


def _newest_report(connection: sa.Connection, case: int) -> Any | None:
    table = closure_tables.report
    query = sa.select(table).where(table.c.case == case).order_by(table.c.number.desc()).limit(1)
    return connection.execute(query).one_or_none()
