"""The words of a foretelling: alarms of the past, what is assumed of people, and the cases that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from core.alarms import Severity, SeverityStep
from core.cases import RuleInfo, TaskKind
from core.ports.registry import FacilityPlace
from dispatch.loads import ForeseenTask
from dispatch.worktime import HOUR_MS, MINUTE_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class PastAlarm:
    """An alarm that was, or would have been.

    Attributes:
        info: its rule.
        facility: registry number.
        severity: of the alarm, at its start.
        start_ms, stop_ms: when it was on; ``stop_ms`` ``None``: still on at the end.
        steps: how its severity rose and fell, the first at the start; empty for one severity throughout.
        element: which of several of its facility, of *cannot see now*; of a single point its measurement.
    """

    info: RuleInfo
    facility: int
    severity: Severity
    start_ms: int
    stop_ms: int | None
    steps: tuple[SeverityStep, ...] = ()
    element: str = ""

    @property
    def worst(self) -> Severity:
        """The worst it had."""
        return max((step.severity for step in self.steps), default=self.severity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """What is assumed of people, since no policy decides it.

    Attributes:
        accept_ms: a task is accepted so long after it was announced; what clears before is nobody's trip.
        work_ms: the repair takes so long from then on, and at least until all alarms of the case are off.
        verify_ms: whoever verifies has looked so long after they were called: with the repair, or when the sensor could
            not prove it.
    """

    accept_ms: int = 15 * MINUTE_MS
    work_ms: int = HOUR_MS
    verify_ms: int = 30 * MINUTE_MS


class Ending(IntEnum):
    """How a case ended."""

    OPEN = 0
    SELF_CLEARED = 1
    CLOSED = 2
    FOLDED = 3
    """A storm has taken its alarms in."""


@dataclass(slots=True, eq=False)
class ForeseenCase:
    """A case as it would have been opened; ``cleared_ms`` is when all its alarms were off for the first time.

    ``gathers`` is the group of a storm, ``quiet_ms`` since when all its alarms have been off, ``members`` the alarms
    that it holds. ``called_ms`` is when a person was asked to verify, ``proven``: the sensor has verified instead.
    """

    info: RuleInfo
    facility: int
    community: int
    place: FacilityPlace | None
    severity: Severity
    opened_ms: int
    alarms: int = 0
    on: int = 0
    latched: bool = False
    begun: bool = False
    cleared_ms: int | None = None
    repaired_ms: int | None = None
    handled_by: int | None = None
    called_ms: int | None = None
    proven: bool = False
    reworks: int = 0
    closed_ms: int | None = None
    ending: Ending = Ending.OPEN
    gathers: str = ""
    quiet_ms: int | None = None
    tasks: list[ForeseenTask] = field(default_factory=list)
    members: list[PastAlarm] = field(default_factory=list)

    def task(self, kind: TaskKind) -> ForeseenTask | None:
        """Its task of a kind."""
        return next((task for task in self.tasks if task.kind is kind), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """Everything that would have been made, in the order of time.

    Attributes:
        cases: opened in the time.
        unheard: alarms that never needed a case: information, and low ones that were short.
    """

    cases: tuple[ForeseenCase, ...]
    unheard: int
