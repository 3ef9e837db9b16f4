"""Stage clocks and proceedings of a case as ``api`` sees them."""

from __future__ import annotations

from dataclasses import dataclass

from core.places import Text
from core.stages import (
    Basis,
    LadderStep,
    LimitUnit,
    ProceedingKind,
    ProceedingState,
    Stage,
    StageLight,
    SupervisionLevel,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StageRow:
    """One run of a stage's clock; a stage that begins again has another one.

    Attributes:
        task: whose stage it is.
        amount, unit: the limit as it is written; basis, standard: where it comes from.
        started_ms, warn_ms, limit_ms: beginning, 80 % and 100 % of the time; as they are now, moved by pauses and
            extensions.
        paused_since_ms: while it stands still; paused_ms: how long it has stood still before, by the clock on the wall.
        ended_ms: ``None`` while it runs; ended_by: the action.
        late: the limit had passed while it ran; stays true for ever.
        reached: how far the escalation has gone, ``None``: not begun.
        extended: how often its limit was moved by a grant.
    """

    number: int
    task: int
    stage: Stage
    amount: float
    unit: LimitUnit
    basis: Basis
    standard: Text | None
    started_ms: int
    warn_ms: int
    limit_ms: int
    paused_since_ms: int | None
    paused_ms: int
    ended_ms: int | None
    ended_by: str
    late: bool
    reached: LadderStep | None
    extended: int

    def light(self, now_ms: int) -> StageLight:
        """How it stands; a clock that has stopped shows what it showed then."""
        at_ms = next((at for at in (self.ended_ms, self.paused_since_ms) if at is not None), now_ms)
        if self.late or at_ms > self.limit_ms:
            return StageLight.RED
        return StageLight.AMBER if at_ms >= self.warn_ms else StageLight.GREEN


@dataclass(frozen=True, kw_only=True, slots=True)
class AppealFacts:
    """The raw facts that an appeal is against."""

    due_ms: int | None
    met_ms: int | None
    overdue: bool
    rejections: int
    """How often the repair was judged not to hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProceedingRow:
    """An extension, supervision or appeal.

    Attributes:
        reason: of who began it; person, actor: who; asked_ms: when.
        wished_ms: of an extension, the moment asked for; granted_ms: the one granted.
        level, due_ms, overdue: of a supervision: its weight, by when it must be answered, that it was not.
        answer: what the owner answered.
        decided_ms, decided_by, decider, ruling: the last word, and why.
        endorsed_by: who reviewed an appeal first.
        facts: of an appeal, what it is against, as it was when it was made; never changed.
    """

    number: int
    task: int
    kind: ProceedingKind
    state: ProceedingState
    actor: str
    person: int | None
    reason: str
    asked_ms: int
    wished_ms: int | None
    granted_ms: int | None
    level: SupervisionLevel | None
    due_ms: int | None
    overdue: bool
    answer: str
    endorsed_by: str
    decided_ms: int | None
    decided_by: str
    decider: int | None
    ruling: str
    facts: AppealFacts | None
