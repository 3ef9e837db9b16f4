"""Alarms as pages show them; what an alarm is stands in docs/alarms.md."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.models.base import AlarmId, Bilingual, CommunityRef, FacilityRef, Model, Number, SeverityName, TimeMs
from api.models.flags import FlagView
from core.alarms import AlarmKind, AlarmState
from core.flags import FlagScope
from core.places import Grid


class Shelving(Model):
    """Put aside by a person for a while."""

    until_ms: TimeMs
    reason: str


class SeverityStep(Model):
    """From this moment on it was of this severity, until the next step or its end."""

    from_ms: TimeMs
    severity: SeverityName


class Piece(Model):
    """When the condition of an alarm that flaps truly held."""

    start_ms: TimeMs
    stop_ms: TimeMs | None


class AlarmSummary(Model):
    """An alarm in a list."""

    id: AlarmId
    kind: AlarmKind
    rule_id: str = Field(examples=["sewage-pump-dry-run"])
    say: Bilingual
    severity: SeverityName = Field(description="of the moment while it is on, the worst it has had once it is over")
    worst: SeverityName = Field(description="the worst it has had")
    state: AlarmState
    active: bool = Field(description="the condition holds now")
    facility: FacilityRef
    community: CommunityRef
    since_ms: TimeMs = Field(description="when the condition began to hold")
    start_ms: TimeMs
    stop_ms: TimeMs | None
    late: bool = Field(description="found late: it lay in the past already")
    retracted: bool = Field(description="it never was: late readings have shown so")
    latching: bool = Field(description="stays until it is reset")
    shelved: Shelving | None
    suppressed: bool
    out_of_service: bool
    flaps: int = Field(description="how often it opened, if it flaps: told in doublings while it is on; else 0")
    case_id: Number | None


class AlarmEntry(Model):
    """One line of an alarm's history."""

    time_ms: TimeMs
    what: str = Field(description="for a severity that changed `rise` or `fall`", examples=["opened"])
    severity: SeverityName | None = Field(description="shown after it; null where it was not written down yet")
    from_state: AlarmState | None = Field(description="null at the first")
    state: AlarmState
    by: str = Field(description="username, or `system`")
    by_name: Bilingual = Field(description="name of the person, or the login, or the system")
    start_ms: TimeMs
    stop_ms: TimeMs | None
    until_ms: TimeMs | None = Field(description="end of the flag that was raised")
    note: str


class EvidenceValue(Model):
    """A value at the opening, frozen."""

    point: Number
    key: str
    name: Bilingual
    unit: str
    time_ms: TimeMs
    value: float | None
    text: str
    quality: str = Field(description="good, uncertain, bad or not_measured", examples=["good"])
    reason: str = Field(examples=[""])


class LevelView(Model):
    """One level of a rule, in its author's words."""

    severity: SeverityName
    say: Bilingual
    when: str
    for_s: float
    clear: str = Field(description="empty: as soon as `when` no longer holds")
    clear_for_s: float
    source: Bilingual


class RuleView(Model):
    """The rule behind an alarm, in its author's words."""

    id: str
    say: Bilingual
    when: str = Field(examples=["current > 2 A and level < 0.2 m"])
    for_s: float
    clear: str = Field(description="empty: as soon as `when` no longer holds")
    severity: SeverityName
    family: str
    lead: Grid
    support: Grid | None
    source: Bilingual = Field(description="the standard or the practice behind the limits")
    levels: list[LevelView] = Field(
        description="from the least to the worst; `when`, `for_s` and `clear` are then those of the first"
    )


class AlarmDetail(AlarmSummary):
    """An alarm with its history, evidence, instructions and rule, and the flags that keep it silent."""

    flags: list[FlagView]
    history: list[AlarmEntry]
    evidence: list[EvidenceValue]
    do: list[Bilingual]
    steps: list[SeverityStep] = Field(description="how its severity rose and fell; empty for a rule without levels")
    pieces: list[Piece] = Field(description="of one that flaps: the first, and once it is over the newest")
    rule: RuleView | None = Field(description="null for `sight.*` and for rules that no longer exist")


class Acknowledgement(Model):
    """Somebody has seen the alarm; it says nothing about who works on it."""

    note: str = Field(default="", max_length=500)


class ShelveRequest(Model):
    """Put an alarm aside: at most 8 h, high 1 h, critical never."""

    minutes: int = Field(ge=1, le=480, examples=[60])
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S", examples=["pump is being exchanged"])
    scope: Literal[FlagScope.ALARM, FlagScope.RULE] = Field(
        default=FlagScope.RULE, description="the alarm alone, or its rule at its facility"
    )
