"""What the live stream carries; each model is the JSON of one kind of event."""

from __future__ import annotations

from pydantic import Field

from api.models.alarms import AlarmSummary
from api.models.base import AlarmId, Model, Number, TimeMs
from api.models.cases import CaseSummary, TaskSummary
from api.models.places import LatestValue


class AlarmEvent(Model):
    """Event ``alarm``: an alarm opened or changed."""

    id: AlarmId
    what: str = Field(examples=["opened"])
    at_ms: TimeMs
    alarm: AlarmSummary | None = Field(description="null in a storm: load it when you show it")


class CaseEvent(Model):
    """Event ``case``: a case opened or changed."""

    id: Number
    what: str
    at_ms: TimeMs
    case: CaseSummary | None


class TaskEvent(Model):
    """Event ``task``: a task was made or changed."""

    id: Number
    what: str
    at_ms: TimeMs
    task: TaskSummary | None


class FlagEvent(Model):
    """Event ``flag``: something was silenced, or speaks again; also where nothing is in alarm."""

    id: Number
    what: str = Field(examples=["out_of_service"])
    at_ms: TimeMs
    facility: Number


class PointValue(Model):
    """A point and its newest reading."""

    id: Number
    latest: LatestValue


class ValuesEvent(Model):
    """Event ``values``, at most twice a second: points whose newest reading changed (all of them at first)."""

    points: list[PointValue]


class PingEvent(Model):
    """Event ``ping``, at once and then every 15 s: the stream is alive, and what time the server has."""

    now_ms: TimeMs


class ResetEvent(Model):
    """Event ``reset``: events were missed; load the page's data again. The stream goes on from now."""

    reason: str = Field(examples=["behind"])
