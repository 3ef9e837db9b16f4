"""Flags as pages show them: what keeps alarms silent, who said so, until when and why."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, CommunityRef, FacilityRef, Model, Number, TimeMs
from core.flags import FlagKind, FlagScope, FlagState

_REASON = Field(min_length=1, max_length=500, pattern=r"\S", examples=["pump is being exchanged"])


class FlagView(Model):
    """Something that keeps alarms silent, or did."""

    id: Number
    kind: FlagKind
    state: FlagState
    scope: FlagScope
    facility: FacilityRef
    community: CommunityRef
    rule_id: str = Field(description="empty: every rule of the facility")
    rule_say: Bilingual | None = Field(description="the rule in its author's words, while it is in the rule book")
    alarm_id: str = Field(description="empty: every alarm of the rule")
    cause: str = Field(description="for suppression by design: topology, planned_work or storm")
    ref: str = Field(description="what stands for it, such as the alarm of the element above")
    reason: str
    by: Bilingual = Field(description="name of the person, or the login, or the system")
    set_ms: TimeMs
    until_ms: TimeMs | None = Field(description="end of shelving; planned end out of service; null: when logic says so")
    ended_ms: TimeMs | None


class FlagEntry(Model):
    """One step of a flag."""

    time_ms: TimeMs
    what: str = Field(examples=["raise"])
    by: Bilingual
    from_state: FlagState
    to_state: FlagState
    until_ms: TimeMs | None
    note: str


class FlagDetail(FlagView):
    """A flag with its history."""

    history: list[FlagEntry]


class OutOfServiceRequest(Model):
    """Take out of service, with a planned end: at most 30 days, to be extended."""

    until_ms: TimeMs
    reason: str = _REASON


class AlarmOutOfServiceRequest(OutOfServiceRequest):
    """The alarm alone, its rule at its facility, or the whole facility."""

    scope: FlagScope = FlagScope.RULE


class ReturnRequest(Model):
    """Return to service."""

    reason: str = Field(default="", max_length=500)


class CommentRequest(Model):
    """A note beside an alarm."""

    text: str = Field(min_length=1, max_length=1000, pattern=r"\S", examples=["the float switch sticks again"])


class AlarmTally(Model):
    """How many alarms each list holds, and how many flags stand."""

    attention: int
    active: int
    unacknowledged: int
    shelved: int
    suppressed: int
    out_of_service: int
    flags_shelved: int = Field(description="shelves that stand, also over what is not in alarm")
    flags_out_of_service: int
    overdue: int = Field(description="out of service beyond the planned end")
