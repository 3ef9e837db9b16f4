"""Stage clocks and proceedings as the models that travel. Pure: rows and a snapshot of places in, models out."""

from __future__ import annotations

from api.models.base import Bilingual
from api.models.cases import AppealFacts, Proceeding, StageClock
from api.places import Places
from api.views import who
from core.ports import stages as rows


def stage(row: rows.StageRow, now_ms: int) -> StageClock:
    """One run of a stage's clock as it stands at ``now_ms``."""
    return StageClock(
        id=row.number,
        task_id=row.task,
        stage=row.stage,
        amount=row.amount,
        unit=row.unit,
        basis=row.basis,
        standard=Bilingual(zh=row.standard.zh, en=row.standard.en) if row.standard else None,
        started_ms=row.started_ms,
        warn_ms=row.warn_ms,
        limit_ms=row.limit_ms,
        paused_since_ms=row.paused_since_ms,
        paused_ms=row.paused_ms,
        ended_ms=row.ended_ms,
        ended_by=row.ended_by,
        late=row.late,
        light=row.light(now_ms).value,
        reached=row.reached,
        extended=row.extended,
    )


def proceeding(row: rows.ProceedingRow, places: Places) -> Proceeding:
    """An extension, supervision or appeal, with names."""
    facts = row.facts
    return Proceeding(
        id=row.number,
        task_id=row.task,
        kind=row.kind,
        state=row.state,
        by=who(row.actor, row.person, places),
        reason=row.reason,
        asked_ms=row.asked_ms,
        wished_ms=row.wished_ms,
        granted_ms=row.granted_ms,
        level=row.level,
        due_ms=row.due_ms,
        overdue=row.overdue,
        answer=row.answer,
        endorsed=row.endorsed_by != "",
        decided_ms=row.decided_ms,
        decided_by=who(row.decided_by, row.decider, places) if row.decided_by else None,
        ruling=row.ruling,
        facts=None
        if facts is None
        else AppealFacts(due_ms=facts.due_ms, met_ms=facts.met_ms, overdue=facts.overdue, rejections=facts.rejections),
    )
