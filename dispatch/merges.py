"""Where a case went that was merged: what comes to it later goes there, too."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from dispatch import tables
from dispatch.closure_tables import merge
from dispatch.parts import in_parts


def present(connection: sa.Connection, number: int) -> Any | None:
    """The merging by which a case is part of another now; ``None`` without one."""
    return connection.execute(sa.select(merge).where(merge.c.case == number)).one_or_none()


def heir(connection: sa.Connection, number: int) -> int:
    """The number of the case that one is part of now, directly or not; its own if it is part of none."""
    merging = present(connection, number)
    while merging is not None:
        number = int(merging.into)
        merging = present(connection, number)
    return number


def members(connection: sa.Connection, number: int) -> list[Any]:
    """The rows of all cases that have gone into one, directly or not."""
    case, found, ask = tables.case, list[Any](), [number]
    while ask:
        query = sa.select(case).join(merge, merge.c.case == case.c.number)
        rows: list[Any] = []
        for part in in_parts(ask):
            rows += connection.execute(query.where(merge.c.into.in_(part))).all()
        rows.sort(key=lambda row: row.number)
        found += rows
        ask = [row.number for row in rows]
    return found


def took_over(connection: sa.Connection, facility: int, family: str) -> Any | None:
    """The open case that took in one of this facility and family, directly or not; ``None`` without one."""
    case = tables.case
    query = (
        sa.select(merge.c.into)
        .join(case, case.c.number == merge.c.case)
        .where(case.c.facility == facility, case.c.family == family)
        .order_by(merge.c.at_ms.desc())
        .limit(1)
    )
    number = connection.execute(query).scalar_one_or_none()
    while number is not None:
        row = connection.execute(sa.select(case).where(case.c.number == number)).one()
        if row.open:
            return row
        number = connection.execute(sa.select(merge.c.into).where(merge.c.case == number)).scalar_one_or_none()
    return None
