"""What pages follow without asking for each thing: how communities stand, and the change feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.alarms import Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class CommunityFigures:
    """How a community stands, for the overview.

    Lists are ordered worst first: open critical, high, then overdue cases, then medium, unseen facilities, low, open
    cases (each descending), then by community number.
    """

    community: int
    facilities: int
    healthy: int
    """Facilities without an open alarm."""
    alarmed: int
    """Facilities with an open alarm of a condition."""
    unseen: int
    """Facilities nobody can see now (``sight.*`` on)."""
    alarms: Mapping[Severity, int]
    """Alarms on now, by severity."""
    open_cases: int
    overdue_cases: int
    waiting_tasks: int


class FeedKind(StrEnum):
    """What a line of the change feed is about."""

    ALARM = "alarm"
    CASE = "case"
    TASK = "task"
    FLAG = "flag"


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedEntry:
    """One line of the change feed: ``ref`` (alarm id, else a number) has changed; look it up."""

    id: int
    kind: FeedKind
    ref: str
    community: int
    at_ms: int
    severity: Severity = Severity.INFO
    what: str = ""
    """The change or action that caused it (``opened``, ``accept`` …)."""
    facility: int = 0
    owner: int | None = None
    """For tasks: whose queue."""
