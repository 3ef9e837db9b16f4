"""What a department sees of its own: what it handed down and what was referred to it. No names of people are in it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, FacilityRef, Model, Number, SeverityName, TimeMs
from api.models.intakes import EventKey, LogAnswerView, PhotoView, ReasonView, Words
from core.cases import CaseState
from core.intake import MOST_ASKED_MIN, MOST_WORDS, SourceKind, Verdict


class OwnList(StrEnum):
    """Which of its own a department asks for."""

    HANDED = "handed"
    """What it handed down."""
    REFERRED = "referred"
    """What was referred to it and it has not given back."""


class OwnTask(Model):
    """A task or an inspection of one's own department."""

    source: SourceKind = Field(description="`department` or `inspection`")
    event: EventKey
    words: Words
    community: Number
    ref: str = Field(min_length=1, max_length=100, description="number of the paper", examples=["〔2026〕7号"])
    minutes: int = Field(default=0, ge=0, le=MOST_ASKED_MIN, description="work it asks for; 0: nobody knows")
    from_ms: TimeMs | None = Field(default=None, description="what an inspection asks about; by default 30 days")
    to_ms: TimeMs | None = None


class ReferralAnswer(Model):
    """What a department says to what was referred to it."""

    take: bool = Field(description="it does it itself; else it gives it back to the gate")
    words: str = Field(default="", max_length=MOST_WORDS, description="needed where it gives it back")


class OwnCase(Model):
    """How far the case is; of one that was merged, the case that took it in."""

    code: str = Field(examples=["C-2026-000017"])
    state: CaseState
    ended_ms: TimeMs | None
    late: bool = Field(description="a limit has passed")


class OwnStep(Model):
    """One decision of it; by whom of the community's people is not told."""

    time_ms: TimeMs
    before: Verdict | None
    after: Verdict
    department_name: Bilingual | None
    words: str


class OwnIntake(Model):
    """What a department handed down or what was referred to it, and what became of it."""

    id: Number
    code: str = Field(examples=["R-2026-000017"])
    own: bool = Field(description="it handed it down; else it was referred to it")
    source: SourceKind
    event: EventKey
    say: Bilingual
    severity: SeverityName
    verdict: Verdict
    reasons: list[ReasonView]
    community: CommunityRef
    facility: FacilityRef | None
    longitude: float | None
    latitude: float | None
    words: str
    handed_down_by: Bilingual | None = Field(description="the department; null: a worker or a resident reported it")
    ref: str
    minutes: int
    time_ms: TimeMs
    decided_ms: TimeMs
    ruling: str = Field(description="words of whoever decided it last")
    referred_name: Bilingual | None
    steps: list[OwnStep]
    case: OwnCase | None
    answer: LogAnswerView | None
    photos: list[PhotoView]
