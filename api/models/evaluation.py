"""The evaluation of cases as it travels."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, Model, PersonRef, TimeMs
from api.models.intakes import BurdenView
from core.ports.evaluation import Indicator, Standing, TrainingReason


class Tally(Model):
    """So many of so many."""

    part: int
    whole: int
    excused: int = Field(description="of what speaks against somebody, what an appeal has excused")


class Share(Model):
    """A measure with its counts."""

    indicator: Indicator
    tally: Tally
    value: float | None = Field(description="null if there was nothing to count")
    low: float = Field(description="Wilson's interval, 95 %")
    high: float
    standing: Standing = Field(description="beside peers with a like load")
    peers: Tally | None = Field(description="of all peers together; null without peers")


class EvaluationLine(Model):
    """One part, or the whole."""

    key: str = Field(description="empty: not known, or the system")
    name: Bilingual
    cases: int = Field(description="opened")
    ended: int
    tasks: int = Field(description="announced")
    load: float = Field(description="tasks per person who had any")
    labour_min: int
    spent_fen: int = Field(description="parts and contractors")
    waited_ms: int = Field(description="something was wrong and nobody had taken it up, all cases together")
    blind_ms: int = Field(description="a sensor said nothing, all facilities together")
    shares: list[Share]
    scores: list[int] = Field(description="answers of 1, 2, 3, 4 and 5 to how content people are")


class Training(Model):
    """Whom training in a skill would help."""

    person: PersonRef
    skill: str
    reason: TrainingReason
    own: Tally
    peers: Tally
    saved: float = Field(description="how many fewer there would have been at the peers' share")


class CaseEvaluation(Model):
    """The evaluation of a span."""

    from_ms: TimeMs
    to_ms: TimeMs
    known_ms: TimeMs
    enough: int = Field(description="below so many nothing is said of a share")
    whole: EvaluationLine
    communities: list[EvaluationLine]
    cells: list[EvaluationLine]
    workers: list[EvaluationLine]
    departments: list[EvaluationLine]
    burdens: list[BurdenView] = Field(description="handed down in the span, and what it cost, whenever")
    trainings: list[Training]
