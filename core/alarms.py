"""The words for alarms: severities, intervals, changes, life-cycle states. The theory stands in ``docs/alarms.md``.

Source of the life cycle: ANSI/ISA-18.2 and OPC UA Part 9 as tabulated in the documentation.
"""

from __future__ import annotations

import base64
import hashlib
import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from core.places import Text

SIGHT_POINT: Final = "sight.point"
"""The rule of alarms of a single point that cannot be seen; their element is its measurement."""


class Severity(IntEnum):
    """Ordered: a higher number is worse."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class AlarmKind(StrEnum):
    """Kinds that never mix."""

    CONDITION = "condition"
    """A rule's condition over readings; follows event time and may be re-evaluated."""
    SIGHT = "sight"
    """"Cannot see now": no data, a gateway down; follows arrival time and the wall clock, live only."""
    TEST = "test"
    """A drill that a technician asked for on site; it counts nowhere."""
    COMMISSIONING = "commissioning"
    """Of the installation, not of the process: what is read contradicts what was signed on site. Judged like a
    condition, by rules that say so."""


class ChangeKind(StrEnum):
    """What happened to an alarm when new and old intervals were compared (``docs/alarms.md``, table of differences)."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    MOVED = "moved"
    SPLIT = "split"
    MERGED = "merged"
    RETRACTED = "retracted"
    FOLDED = "folded"
    """Closed because the alarm of something above says it, too; for "cannot see now" only."""
    COVERS = "covers"
    """What cannot be seen because of it has changed, and nothing else has."""
    SEVERITY = "severity"
    """It rose or fell, the ends are as they were."""
    FLAPPED = "flapped"
    """It has opened and closed more often beneath its one announcement; nothing else has changed."""


class SeverityStep(NamedTuple):
    """From a moment (event time) on an alarm is of this severity, until its next step or its end."""

    at_ms: int
    severity: Severity


class Piece(NamedTuple):
    """A stretch of event time in which the condition of a flapping alarm held: [start, stop), without a stop on."""

    start_ms: int
    stop_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """When an alarm was on, in event time: [start, stop).

    Attributes:
        start_ms: when the condition had held long enough.
        stop_ms: when it cleared; ``None`` while it is on.
        since_ms: when the condition began to hold (start minus ``for``, without time unknown); <= start_ms.
        steps: how its severity rose and fell, the first at the start; empty for rules without levels, whose alarms are
            of the rule's severity throughout.
        flaps: how often it opened, those before its start that made it flap included; 0 for one that does not flap.
            While it is on the count is told when it has doubled.
        pieces: of one that flaps, when the condition truly held: the first ones, and once it is over the newest.
    """

    start_ms: int
    stop_ms: int | None
    since_ms: int
    steps: tuple[SeverityStep, ...] = ()
    flaps: int = 0
    pieces: tuple[Piece, ...] = ()

    def __post_init__(self) -> None:
        """Refuse negative intervals.

        Raises:
            ValueError: if the ends are in the wrong order, or the steps.
        """
        if self.since_ms > self.start_ms or (self.stop_ms is not None and self.stop_ms <= self.start_ms):
            raise ValueError(f"not an interval: since {self.since_ms}, {self.start_ms} to {self.stop_ms}")
        if self.steps:
            self._check_steps()

    def _check_steps(self) -> None:
        moments = [step.at_ms for step in self.steps]
        ends = (self.start_ms, math.inf if self.stop_ms is None else self.stop_ms)
        if moments[0] != ends[0] or not moments[-1] < ends[1] or not all(a < b for a, b in pairwise(moments)):
            raise ValueError(f"not the steps of [{self.start_ms}, {self.stop_ms}): {moments}")

    def severity(self, plain: Severity) -> Severity:
        """To be shown: that of the moment while it is on, the worst when it is over; ``plain`` without steps."""
        if not self.steps:
            return plain
        return self.worst(plain) if self.stop_ms is not None else self.steps[-1].severity

    def worst(self, plain: Severity) -> Severity:
        """The worst it has had; ``plain`` without steps."""
        return max((step.severity for step in self.steps), default=plain)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnnouncedAlarm:
    """An interval that was announced under an id that never changes.

    Attributes:
        severity: as the journal shows it; ``None`` where nobody asked the journal.
    """

    alarm_id: str
    rule_id: str
    facility: int
    interval: Interval
    element: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unseen:
    """What cannot be seen because of an alarm.

    Attributes:
        gateways, devices: how many.
        facilities: registry numbers, ascending.
    """

    gateways: int
    devices: int
    facilities: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmChange:
    """One step in an alarm's history, for the journal.

    Attributes:
        kind: what happened.
        alarm_id: whose history it belongs to.
        rule_id: the rule; ``sight.*`` for "cannot see now".
        facility: registry number.
        interval: the interval after the change; for ``RETRACTED`` the one that was withdrawn.
        severity: to be shown after the change: of the rule, or of the level (``Interval.severity``).
        alarm_kind: condition or sight.
        late: the beginning lies so far back that it is "discovered late", not live.
        into: for ``MERGED`` the id of the alarm that took this one in; for ``SPLIT`` the id it was split from; for
            ``FOLDED`` the id of the alarm that says it all.
        element: of "cannot see now", which of several elements of the facility; empty where the facility says it all.
        say: what is wrong, where the rule's own words do not name the element.
        unseen: what cannot be seen because of it.
    """

    kind: ChangeKind
    alarm_id: str
    rule_id: str
    facility: int
    interval: Interval
    severity: Severity
    alarm_kind: AlarmKind = AlarmKind.CONDITION
    late: bool = False
    into: str = ""
    element: str = ""
    say: Text | None = None
    unseen: Unseen | None = None


class AlarmState(StrEnum):
    """ISA-18.2 states. Shelved, suppressed and out of service are flags beside the state, so that nothing is lost."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"
    LATCHED_UNACKNOWLEDGED = "latched_unacknowledged"
    LATCHED_ACKNOWLEDGED = "latched_acknowledged"


class AlarmEvent(StrEnum):
    """What moves an alarm through its life cycle."""

    ENTER = "enter"
    RISE = "rise"
    """It is on, and of a higher severity than before."""
    CLEAR = "clear"
    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"
    ANNUNCIATE = "annunciate"
    """The last flag that kept it silent has fallen while it is on: it asks for attention anew."""


def alarm_id(rule_id: str, facility: int, start_ms: int) -> str:
    """The id of the alarm first opened at ``start_ms``: 16 letters and digits, the same on every replay."""
    digest = hashlib.blake2b(f"{rule_id}\0{facility}\0{start_ms}".encode(), digest_size=10).digest()
    return base64.b32encode(digest).decode().lower()
