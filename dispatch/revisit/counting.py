"""Closings of cases as they count: each once, however many people were asked about it."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from core.revisits import RevisitState
from dispatch.revisit.tables import revisit

_STATES: Final = (RevisitState.ANSWERED, RevisitState.DUE, RevisitState.NOT_REACHED, RevisitState.LAPSED)
"""The first of these that one of a closing is in is that of the closing."""


def closings(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Closings by ``line`` of those revisits; without those whose case went on before anybody answered.

    Columns: line, case, community, person; done_ms: of the last one; open: how many are still asked; state; solved: 0
    if anybody says that it is not, else 1; satisfaction: the lowest. The last two are null if nobody has answered.
    """
    answered = revisit.c.state == RevisitState.ANSWERED.value
    by_state = [(_some(revisit.c.state == one.value) == 1, one.value) for one in _STATES]
    of = (revisit.c.line, revisit.c.case, revisit.c.community, revisit.c.person)
    return (
        sa.select(
            *of,
            sa.func.max(revisit.c.done_ms).label("done_ms"),
            _some(revisit.c.state == RevisitState.DUE.value).label("open"),
            sa.case(*by_state).label("state"),
            sa.func.min(sa.case((answered & revisit.c.solved, 1), (answered, 0))).label("solved"),
            sa.func.min(sa.case((answered, revisit.c.satisfaction))).label("satisfaction"),
        )
        .where(*where, revisit.c.state != RevisitState.STRUCK.value)
        .group_by(*of)
    )


def _some(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """1 if it holds for one of the group, else 0."""
    return sa.func.max(sa.case((condition, 1), else_=0))
