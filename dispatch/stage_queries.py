"""Stage clocks and proceedings of a case, read for pages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.places import Text
from core.ports.stages import AppealFacts, ProceedingRow, StageRow
from core.stages import (
    Basis,
    LadderStep,
    LimitUnit,
    ProceedingKind,
    ProceedingState,
    Stage,
    SupervisionLevel,
)
from dispatch import tables


def stages_of(connection: sa.Connection, case: int) -> tuple[StageRow, ...]:
    """All runs of a case's stage clocks, in the order in which they began."""
    table = tables.stage
    query = sa.select(table).where(table.c.case == case).order_by(table.c.number)
    return tuple(_stage(row) for row in connection.execute(query))


def proceedings_of(connection: sa.Connection, case: int) -> tuple[ProceedingRow, ...]:
    """All proceedings of a case, in the order in which they began."""
    table = tables.proceeding
    query = sa.select(table).where(table.c.case == case).order_by(table.c.number)
    return tuple(_proceeding(row) for row in connection.execute(query))


def _stage(row: Any) -> StageRow:
    return StageRow(
        number=row.number,
        task=row.task,
        stage=Stage(row.stage),
        amount=row.amount,
        unit=LimitUnit(row.unit),
        basis=Basis(row.basis),
        standard=Text(zh=row.standard_zh, en=row.standard_en) if row.standard_zh else None,
        started_ms=row.started_ms,
        warn_ms=row.warn_ms,
        limit_ms=row.limit_ms,
        paused_since_ms=row.paused_since_ms,
        paused_ms=row.paused_ms,
        ended_ms=row.ended_ms,
        ended_by=row.ended_by,
        late=row.late,
        reached=LadderStep(row.reached) if row.reached else None,
        extended=row.extended,
    )


def _proceeding(row: Any) -> ProceedingRow:
    kind = ProceedingKind(row.kind)
    facts = AppealFacts(
        due_ms=row.fact_due_ms, met_ms=row.fact_met_ms, overdue=row.fact_overdue, rejections=row.fact_rejections
    )
    return ProceedingRow(
        number=row.number,
        task=row.task,
        kind=kind,
        state=ProceedingState(row.state),
        actor=row.actor,
        person=row.person,
        reason=row.reason,
        asked_ms=row.asked_ms,
        wished_ms=row.wished_ms,
        granted_ms=row.granted_ms,
        level=SupervisionLevel(row.level) if row.level else None,
        due_ms=row.due_ms,
        overdue=row.overdue,
        answer=row.answer,
        endorsed_by=row.endorsed_by,
        decided_ms=row.decided_ms,
        decided_by=row.decided_by,
        decider=row.decider,
        ruling=row.ruling,
        facts=facts if kind is ProceedingKind.APPEAL else None,
    )
