"""Revisits, as they travel."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, FacilityRef, Model, Number, TimeMs
from core.revisits import MOST_COMMENT, RevisitState, RevisitWay

Score = Annotated[int, Field(ge=1, le=5, description="1: not content at all; 5: very")]
Comment = Annotated[str, Field(max_length=MOST_COMMENT)]


class RevisitAnswerRequest(Model):
    """What somebody says of a case that was closed."""

    solved: bool
    satisfaction: Score
    comment: Comment = ""


class RevisitView(Model):
    """A revisit; the number to call is asked for apart."""

    id: Number
    case_id: Number
    case_code: str
    report_code: str = Field(description="of whoever is asked; empty: the case was drawn", examples=["R-2026-000017"])
    say: Bilingual
    community: CommunityRef
    facility: FacilityRef | None
    by_resident: bool
    state: RevisitState
    closed_ms: TimeMs
    due_ms: TimeMs
    ends_ms: TimeMs
    has_phone: bool
    tries: int = Field(
        description="days on which a call reached nobody; with the third it ends, or as the settings say"
    )
    called_today: bool
    way: RevisitWay | None
    solved: bool | None
    satisfaction: int | None
    comment: str
    done_ms: TimeMs | None
    own_repair: bool = Field(description="the login repaired it: neither link nor number for them")


class RevisitList(Model):
    """Revisits."""

    items: list[RevisitView]


class PhoneView(Model):
    """The number to call; that it was shown stands in the history of the case."""

    phone: str


class TokenView(Model):
    """What opens the one answer without a login."""

    token: str


class PublicRevisit(Model):
    """What somebody without a login is asked about."""

    case_code: str
    say: Bilingual
    closed_ms: TimeMs
    ends_ms: TimeMs
    answered: bool


class PublicAsked(Model):
    """What whoever reported is asked about the end of it, or has answered."""

    closed_ms: TimeMs
    ends_ms: TimeMs = Field(description="until when an answer is taken")
    answered: bool


class SatisfactionView(Model):
    """What was answered, with the counts."""

    from_ms: TimeMs
    to_ms: TimeMs
    asked: int
    answered: int
    not_reached: int
    lapsed: int
    solved: int
    scores: list[int] = Field(description="answers of 1, 2, 3, 4 and 5")
