"""The exchange of cases with other platforms, as it travels."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, Model, Number, TimeMs
from core.exchange import Came, LinkReason, SharedState


class ReceivedView(Model):
    """What became of a case that a partner sent."""

    number: str
    came: Came
    ours: str = Field(description="code of the case it stands for; empty: none yet")
    state: SharedState | None = Field(description="of that case; `returned`: not admitted; null: it waits")
    unknown: str = Field(description="code and word that the mapping does not know: a gatekeeper decides; else empty")


class ReceivedList(Model):
    """One answer a case; the order is ours."""

    code: int = Field(description="0: all of them were taken")
    items: list[ReceivedView]


class FileRunView(Model):
    """A file that was taken in or given out."""

    kind: str = Field(description="`import` or `export`")
    time_ms: TimeMs
    by: str
    file: str
    rows: int
    counts: dict[str, int]
    unknown: dict[str, int] = Field(description="codes and words that the mapping does not know, with their rows")


class PartnerView(Model):
    """How things are with a partner."""

    name: str
    sends: str = Field(description="`linked`, `all` or `nothing`")
    numbers: int = Field(description="numbers of it that are known here")
    at_gate: int = Field(description="of those that wait for a gatekeeper")
    conflicts: int = Field(description="of those on which the two sides contradict each other")
    waiting: int = Field(description="messages that wait to be sent")
    oldest_ms: TimeMs | None
    given_up: int
    paused_until_ms: TimeMs | None
    heard_ms: TimeMs | None = Field(description="when a request of it was last taken")
    last_error: str
    runs: list[FileRunView] | None = Field(description="newest first; null for whoever does not see the whole city")


class PartnerList(Model):
    """All partners of the settings."""

    items: list[PartnerView]


class ForeignLinkView(Model):
    """A partner's number, and what it stands for."""

    partner: str
    number: str
    said: SharedState
    said_say: Bilingual
    said_word: str = Field(description="as the partner wrote it")
    said_ms: TimeMs
    case_id: Number | None
    case_code: str
    community: CommunityRef | None
    state: SharedState | None = Field(description="of our case")
    reason: LinkReason
    distance_m: float | None
    apart_ms: int | None
    intake_id: Number | None
    conflict: bool


class OutgoingView(Model):
    """A message to a partner."""

    id: Number
    partner: str
    number: str
    case_code: str
    kind: str = Field(description="`case`: new to it; `state`")
    state: SharedState
    state_say: Bilingual
    time_ms: TimeMs
    delivery: str
    next_ms: TimeMs | None
    attempts: int
    unsure: bool = Field(description="one of the attempts may have arrived")
    error: str
    done_ms: TimeMs | None
    done_by: str
