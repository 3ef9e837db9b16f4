"""How well the alarms themselves do, as pages show it (ANSI/ISA-18.2 clause 16.4, EEMUA 191)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.models.base import Bilingual, FacilityRef, Model, PersonRef, SeverityName, TimeMs
from core.ports.performance import Load, Verdict

MeasureName = Literal[
    "rate",
    "peak",
    "busy_intervals",
    "flood_time",
    "top_ten",
    "chattering",
    "fleeting",
    "stale",
    "share_medium",
    "share_high",
    "share_critical",
    "tasks_a_day",
    "tasks_an_hour",
]


class Measure(Model):
    """One figure beside its target; shares are between 0 and 1."""

    key: MeasureName
    value: float
    target: float
    limit: float = Field(description="beyond it somebody must act")
    verdict: Verdict


class Flood(Model):
    """More than 10 alarms in ten minutes, until fewer than 5."""

    start_ms: TimeMs
    stop_ms: TimeMs
    alarms: int


class Delay(Model):
    """A delay in the rule, and the alarms that would have been left."""

    seconds: int
    left: int


class Deadband(Model):
    """A limit for clearing that the readings suggest."""

    measurement: str
    unit: str
    width: float
    clear: float
    left: int


class Actor(Model):
    """A rule at a facility with its share of the load."""

    rule_id: str
    say: Bilingual
    facility: FacilityRef
    severity: SeverityName
    alarms: int
    share: float
    chattering: int = Field(description="how often it came for the third time within a minute")
    fleeting: int = Field(description="over in 10 s and not back within a minute")
    hold: Delay | None = Field(description="a `clear_for` that joins its repetitions")
    wait: Delay | None = Field(description="a `for` that keeps fleeting ones away")
    deadband: Deadband | None


class Stale(Model):
    """An alarm that has been on for more than a day."""

    rule_id: str
    say: Bilingual
    facility: FacilityRef
    severity: SeverityName
    since_ms: TimeMs


class Burden(Model):
    """What one worker was given."""

    person: PersonRef
    tasks: int
    most_a_day: int
    most_an_hour: int


class SeverityCount(Model):
    """Annunciations of one severity."""

    severity: SeverityName
    alarms: int


class AlarmPerformance(Model):
    """The report of a span."""

    from_ms: TimeMs
    to_ms: TimeMs
    alarms: int
    load: Load = Field(description="EEMUA 191 class of the average of ten minutes and one operator")
    measures: list[Measure]
    by_severity: list[SeverityCount]
    by_hour: list[int] = Field(description="by hour of the local day, 24 numbers")
    floods: list[Flood]
    actors: list[Actor]
    chattering: list[Actor]
    stale: list[Stale]
    burdens: list[Burden]
