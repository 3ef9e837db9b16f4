"""Frozen evidence as pages show it. The context's fields are those of ``core.evidence.FrozenContext``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.models.base import Bilingual, Model, SeverityName, TimeMs
from api.models.history import History
from core.holidays import DayKind
from core.ports.evidence import Occasion


class FrozenLevel(Model):
    """One level of a rule of several severities."""

    severity: SeverityName
    when: str
    clear: str
    for_ms: int
    clear_for_ms: int


class FrozenRule(Model):
    """The rule as it stood."""

    id: str
    version: str = Field(description="fingerprint of the rule")
    set_version: str = Field(description="fingerprint of the whole rule set")
    say: Bilingual
    when: str
    clear: str
    for_ms: int
    clear_for_ms: int
    severity: SeverityName
    family: str
    lead: str
    support: str
    source: Bilingual
    levels: list[FrozenLevel] = Field(description="from the least to the worst; empty for a rule of one severity")


class FrozenLimit(Model):
    """A limit of the rule over a measurement."""

    measurement: str
    value: float
    unit: str
    kind: Literal["high", "low"]
    severity: SeverityName
    only_with: list[Bilingual]


class FrozenPoint(Model):
    """What one reading came through."""

    point: int
    key: str
    name: Bilingual
    metric: str = Field(description="its name on the wire")
    gateway: str = Field(description="``group/node``; empty: none")
    bus: str = Field(description="as the gateway said, else as the registry has it; empty: not known")
    unit: str = Field(description="on the bus, as the gateway said; empty: not known")


class FrozenPlace(Model):
    """Where the facility stood, and through which gateways its readings came."""

    code: str
    name: Bilingual
    class_id: str
    class_name: Bilingual
    community: str
    community_name: Bilingual
    street: Bilingual
    cells: dict[str, tuple[str, Bilingual]]
    gateways: list[str]
    parents: list[str] = Field(description="what supplied or contained it, nearest first")
    points: list[FrozenPoint] = Field([], description="those that the rule reads first; empty in older records")
    points_left_out: int = Field(0, description="how many more there were")


class FrozenMember(Model):
    """A facility that the rule read beside its own."""

    code: str
    name: Bilingual
    value: float | None = Field(description="null: unknown")


class FrozenAround(Model):
    """What the rule read of a parent or of a group at that moment."""

    name: Bilingual
    written: str
    relation: str = Field(
        examples=["community", "cell.governance"], description="what holds the group together; empty: the parent itself"
    )
    group: str = Field(description="code of the parent, or name of the group; empty: there was none")
    value: float | None = Field(description="of the parent or of the group; null: unknown, or not kept")
    unit: str
    condition: bool = Field(description="members' values say whether a condition held, 1 or 0")
    members: list[FrozenMember]
    left_out: int = Field(description="members beyond those that are kept")
    kept: bool = Field(description="false: the group was too large, or looks back too far, to be read once more")


class FrozenTerm(Model):
    """What the site calendar said of a term at the facility."""

    term: str = Field(examples=["occupied", "season heating"])
    name: Bilingual
    holds: bool | None = Field(description="null: nobody knew")
    read: bool = Field(description="the rule asks for it")


class FrozenWork(Model):
    """Planned work that went on at the facility."""

    code: str
    name: Bilingual
    until_ms: TimeMs


class FrozenCalendar(Model):
    """What time it was for people."""

    zone: str
    local: str = Field(examples=["2026-11-23T09:00:00.000+08:00"])
    workday: bool
    works: bool = Field(description="within working hours")
    windows: list[tuple[int, int]] = Field(description="working hours, minutes after midnight")
    day: DayKind | Literal[""] = Field("", description="what the date was; empty in older records")
    terms: list[FrozenTerm] = Field([], description="those that the rule asks for first")
    planned: list[FrozenWork] = Field([], description="planned work at the facility")


class FrozenContext(Model):
    """The rule, place and calendar in force at the opening."""

    rule: FrozenRule | None
    limits: list[FrozenLimit]
    do: list[Bilingual]
    attributes: dict[str, float | str]
    place: FrozenPlace | None
    calendar: FrozenCalendar
    registry_version: int
    program: str
    around: list[FrozenAround] = Field([], description="of parents and groups; comes with the samples")


class FrozenSeries(Model):
    """The readings of one point around the opening."""

    key: str
    name: Bilingual
    of: str = Field(description="code of the parent whose readings they are; empty: of the facility itself")
    thinned: bool = Field(description="of each stretch the first, lowest, highest and last reading are kept")
    history: History


class EvidenceRecord(Model):
    """What was frozen on one occasion; nothing changes it once ``frozen_ms`` is set."""

    occasion: Occasion
    at_ms: TimeMs
    made_ms: TimeMs
    from_ms: TimeMs
    to_ms: TimeMs
    frozen_ms: TimeMs | None = Field(description="null: samples are still being taken")
    changed_since: bool = Field(description="the rule in force now is another one")
    context: FrozenContext | None = Field(description="null until it has been taken")
    series: list[FrozenSeries]


class EvidenceFile(Model):
    """All that was frozen of an alarm, oldest first; empty for alarms from before it was."""

    items: list[EvidenceRecord]
