"""The words for cases and tasks, and what dispatch must know of a rule.

One incident is one *case*; a case has one *handling* task (the leading grid) and one *verification* task (the
supporting grid, or a supervisor). The states follow urban grid management (GB/T 30428: filed, dispatched, accepted, on
site, handled, verified, closed); the tables that join them live in ``dispatch/lifecycle.py``, the picture in
``docs/cases.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.alarms import AlarmKind, Severity
from core.errors import Refused
from core.findings import Said
from core.places import Grid, Relation, Text

SYSTEM = "system"
"""The actor of what nobody did by hand."""


class CaseState(StrEnum):
    """Where a case stands."""

    FILED = "filed"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    ON_SITE = "on_site"
    HANDLED = "handled"
    VERIFIED = "verified"
    CLOSED = "closed"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    SUSPENDED = "suspended"
    REWORK = "rework"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    """Where a task stands. Whoever owns it, it is in exactly one queue."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    ON_SITE = "on_site"
    DONE = "done"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class TaskKind(StrEnum):
    """What a task asks for."""

    HANDLE = "handle"
    VERIFY = "verify"


class Action(StrEnum):
    """What happens to a case or a task, done by people or by the system (dispatch, close, cancel when self-cleared)."""

    DISPATCH = "dispatch"
    ACCEPT = "accept"
    ARRIVE = "arrive"
    HANDLE = "handle"
    VERIFY = "verify"
    REJECT = "reject"
    """The repair does not hold: rework."""
    CLOSE = "close"
    RETURN = "return"
    """Not mine, or not possible: back to dispatch, with a reason."""
    TRANSFER = "transfer"
    """To a named person, by a supervisor, with a reason."""
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"
    REOPEN = "reopen"
    """By the system only: the alarm behind an ended case turns out to be still on."""
    CONFIRM = "confirm"
    """Of a drill only: the test alarm has arrived."""
    MERGE = "merge"
    """It has the same root cause as another case, which goes on for both; by a supervisor, with a reason."""
    UNMERGE = "unmerge"
    """It has a cause of its own after all; by a supervisor, with a reason, while the other case is open."""
    EXTEND = "extend"
    """Ask for a later limit (延期)."""
    GRANT = "grant"
    REFUSE = "refuse"
    SUPERVISE = "supervise"
    """Put a case under supervision (督办), or raise its level."""
    ANSWER = "answer"
    LIFT = "lift"
    APPEAL = "appeal"
    """Against lateness or rework that counts against one (申诉)."""
    ENDORSE = "endorse"
    """First of the two reviews of an appeal."""
    UPHOLD = "uphold"
    DISMISS = "dismiss"


PROCEEDINGS = frozenset(
    {
        *(Action.EXTEND, Action.GRANT, Action.REFUSE),
        *(Action.SUPERVISE, Action.ANSWER, Action.LIFT),
        *(Action.APPEAL, Action.ENDORSE, Action.UPHOLD, Action.DISMISS),
    }
)
"""What happens beside the states of case and task (``dispatch/proceedings.py``)."""

REASON_NEEDED = PROCEEDINGS | {Action.RETURN, Action.TRANSFER, Action.SUSPEND, Action.CANCEL, Action.REJECT}
"""A reason is mandatory for these; an empty one is refused."""

OPEN_CASE_STATES = frozenset(CaseState) - {CaseState.CLOSED, CaseState.CANCELLED}
OPEN_TASK_STATES = frozenset(TaskState) - {TaskState.DONE, TaskState.CANCELLED}


class DeadlineClock(StrEnum):
    """How the hours of a deadline are counted."""

    CONTINUOUS = "continuous"
    """Day and night, holidays too (紧急工作时)."""
    WORK = "work"
    """Working hours of working days only (工作时; 8 of them are one 工作日)."""


class DeadlineWhat(StrEnum):
    """What must have happened when a deadline runs out."""

    ARRIVE = "arrive"
    HANDLE = "handle"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """A limit as a rule states it, counted from dispatch."""

    hours: float
    clock: DeadlineClock
    what: DeadlineWhat = DeadlineWhat.HANDLE

    def __post_init__(self) -> None:
        """Refuse limits that never or at once run out.

        Raises:
            ValueError: if the hours are not positive and finite.
        """
        if not 0 < self.hours < 24 * 365:
            raise ValueError(f"a deadline needs 0 < hours < 8760, got {self.hours}")


class Common(StrEnum):
    """What facilities of one case have in common, the narrowest first."""

    PARENT = "parent"
    CELL = "cell"
    COMMUNITY = "community"


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What a rule reads of other facilities.

    Attributes:
        relation: what they have in common with the one that is judged.
        keys: measurements that are read of each of them.
        parent: the parent itself is read; else all of the class that share the relation, the judged one included.
    """

    relation: Relation
    keys: tuple[str, ...]
    parent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelInfo:
    """What a level of a rule says and asks for; ``None``: as the rule does. ``alone``: nobody supports it."""

    severity: Severity
    say: Text | None = None
    do: tuple[Text, ...] | None = None
    deadline: Deadline | None = None
    alone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleInfo:
    """What dispatch must know of a rule; ``app`` maps the rule set to it.

    Attributes:
        rule_id: the rule.
        family: alarms of one facility and one family share one open case.
        severity: of its alarms; of a rule with levels the worst.
        lead: the grid that handles.
        support: the grid that looks and verifies; ``None``: the supervisor of the leading grid verifies.
        say: what is wrong, one clause.
        do: what to do, in order.
        deadline: the handling limit; ``None`` takes the default of the severity.
        latching: alarms stay until reset (gas, fire, a person trapped).
        measurements: keys whose values are the evidence.
        kind: of its alarms.
        supply: what its alarms say of supplies: ``lost`` (the facility supplies nothing), ``feed_lost`` (nothing
            supplies it); empty: nothing.
        levels: from the least to the worst; empty for a rule of one severity.
        gather: alarms of facilities that have this in common are items of one case; ``None``: a case for each.
        observe_ms: how long the sensor is observed after a repair; 0: never, a person looks; ``None``: as its class.
        hold_ms: over how long a time it judges at most (``for`` and windows).
        elsewhere: what it reads of other facilities: of a parent, of a group.
    """

    rule_id: str
    family: str
    severity: Severity
    lead: Grid
    support: Grid | None
    say: Text
    do: tuple[Text, ...] = ()
    deadline: Deadline | None = None
    latching: bool = False
    measurements: tuple[str, ...] = ()
    kind: AlarmKind = AlarmKind.CONDITION
    supply: str = ""
    levels: tuple[LevelInfo, ...] = ()
    gather: Common | None = None
    observe_ms: int | None = None
    hold_ms: int = 0
    elsewhere: tuple[Elsewhere, ...] = ()

    def at(self, severity: Severity) -> RuleInfo:
        """What is known of an alarm of this severity: for a rule with levels, of the highest that it reaches."""
        if not self.levels:
            return self
        level = next((one for one in reversed(self.levels) if one.severity <= severity), self.levels[0])
        return replace(
            self,
            severity=level.severity,
            say=level.say or self.say,
            do=self.do if level.do is None else level.do,
            deadline=level.deadline or self.deadline,
            support=None if level.alone else self.support,
            levels=(),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who does something: a logged-in person, or the system.

    Attributes:
        login: username, or ``SYSTEM``; goes into the history.
        person: registry number, ``None`` for logins without a person (an office manager).
        supervises: may transfer, cancel and return what belongs to others, of both grids. Whoever the registry marks as
            supervisor may that too, of the own grid and communities: dispatch looks there itself.
    """

    login: str
    person: int | None = None
    supervises: bool = False


THE_SYSTEM: Final = Actor(login=SYSTEM)
"""Who acts when no person does: the rules, the clock, logic."""


class UnknownItem(Refused):
    """No such alarm, case or task (or none this person may see)."""


class Conflict(Refused):
    """Not in this state, or somebody was faster; ``code`` says which, ``owner`` who holds it now.

    Codes: ``taken``, ``wrong_state``, ``own_repair``, ``not_handled_yet``, ``suspended_before``, ``key_reused``,
    ``changed``, ``shelving``, ``silent``; of proceedings ``not_now``, ``granted_before``, ``own_request``,
    ``nothing_to_appeal``, ``too_late``, ``reviewed_it``.
    """

    def __init__(self, code: str, message: Said | str, owner: int | None = None) -> None:
        """Keep the code for programs and the message for people."""
        super().__init__(message)
        self.code = code
        self.owner = owner


class NotPermitted(Refused):
    """The actor may not do this to this item: it is in somebody else's queue."""


class Unfit(NotPermitted):
    """Whoever would have the task lacks the trade or the certificate that it asks for."""
