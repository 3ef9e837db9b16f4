"""How cases end, as pages see it: reports, observations, merged cases, the review of limits, lasting repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.cases import Actor, CaseState
from core.closure import FalseCause, HandlingReport, WatchState
from core.merging import FieldMoved
from core.places import Text
from core.ports.performance import Deadband, Delay


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a case, or several, cost.

    Attributes:
        labour_min: minutes of work; parts_fen, contractor_fen: money, fen.
    """

    labour_min: int = 0
    parts_fen: int = 0
    contractor_fen: int = 0

    def __add__(self, other: Cost) -> Cost:
        """The sum of both."""
        return Cost(
            labour_min=self.labour_min + other.labour_min,
            parts_fen=self.parts_fen + other.parts_fen,
            contractor_fen=self.contractor_fen + other.contractor_fen,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportRow:
    """What somebody reported with *handle*, and when."""

    at_ms: int
    actor: str
    person: int | None
    report: HandlingReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Handled:
    """What was reported last with a task, and whether whoever asks may correct it."""

    row: ReportRow
    may_correct: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What somebody wants to be other in the newest report of a task.

    Attributes:
        base: the report that it was based on; report: as it should be.
        reason: why; key: idempotency key, 1 to 64 characters.
    """

    task: int
    base: HandlingReport
    report: HandlingReport
    reason: str
    actor: Actor
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchRow:
    """An observation after a repair.

    Attributes:
        since_ms: when the repair was reported; window_ms: how long the condition must stay away.
        from_ms, seen_ms: from when to when the sensor was good and seen; from ``None``: not yet.
        until_ms: when it ends, as things stand; ``None`` while nobody can say.
        ended_ms: ``None`` while it goes on.
        moment_ms, alarm_id: what decided: where on the curve, and whose alarm.
        why: why it is so long.
    """

    state: WatchState
    since_ms: int
    window_ms: int
    from_ms: int | None
    seen_ms: int
    until_ms: int | None
    ended_ms: int | None
    moment_ms: int | None
    alarm_id: str
    why: Text


class Likeness(StrEnum):
    """Why two open cases may have one cause."""

    NEAR = "near"
    """One family, close to each other."""
    PARENT = "parent"
    """The same supply."""
    SUPPLY = "supply"
    """The one's facility supplies the other's."""
    REDUNDANT = "redundant"
    """They measure the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRef:
    """A case by name.

    Attributes:
        outcome_false: its newest report says that nothing was wrong.
    """

    number: int
    code: str
    say: Text
    facility: int
    state: CaseState
    opened_ms: int
    cost: Cost = Cost()
    outcome_false: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Similar:
    """An open case that may have the same cause.

    Attributes:
        reasons: why, the strongest first.
        metres: how far away, ``None`` where a place is not known.
    """

    case: CaseRef
    reasons: tuple[Likeness, ...]
    metres: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """A case that went into another: which, by whom, when and why."""

    case: CaseRef
    at_ms: int
    actor: str
    person: int | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """All of a case that has to do with its end.

    Attributes:
        watch: the newest observation, ``None``: there was none.
        reports: oldest first; cost: their sum.
        into: where it went, if it was merged; merged: what went into it.
        similar: open cases that may have the same cause, the likeliest first.
        recurring: all cases of the same fault lately, if there are so many that a lasting repair should be thought of.
    """

    watch: WatchRow | None = None
    reports: tuple[ReportRow, ...] = ()
    cost: Cost = Cost()
    into: Merged | None = None
    merged: tuple[Merged, ...] = ()
    similar: tuple[Similar, ...] = ()
    recurring: Recurring | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recurring:
    """A fault that came again so often that a lasting repair is proposed.

    Attributes:
        cases: newest first; cost: their sum; since_ms: from when they were counted.
        asks: it is to be decided now; decision: the newest one.
    """

    facility: int
    community: int
    family: str
    say: Text
    since_ms: int
    cases: tuple[CaseRef, ...]
    cost: Cost
    asks: bool = True
    decision: LastingDecision | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LastingDecision:
    """What somebody decided about a lasting repair.

    Attributes:
        case, project: where it is done, if it was accepted.
    """

    accepted: bool
    at_ms: int
    actor: str
    person: int | None
    reason: str
    case: int | None = None
    project: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FalseAlarms:
    """How often a rule was wrong, for the review of its limits.

    Attributes:
        handled: cases it opened that were handled in the span; false: those of them in which nothing was wrong.
        causes: how often each cause was named, the most frequent first.
        facilities: registry number to false alarms there, the most first.
        texts: the newest words that were given, at most ten.
        hold, wait, deadband: what the readings of its worst facility suggest; ``None`` where they suggest nothing.
    """

    rule_id: str
    say: Text
    handled: int
    false: int
    causes: Sequence[tuple[FalseCause, int]]
    facilities: Mapping[int, int]
    texts: Sequence[str]
    hold: Delay | None = None
    wait: Delay | None = None
    deadband: Deadband | None = None


class ClosureQueries(Protocol):
    """Reading. Methods raise ``core.errors.Unavailable`` if the database does not answer now."""

    def watch(self, number: int) -> WatchRow | None:
        """The newest observation of a case."""
        ...

    def closure(self, number: int, now_ms: int) -> Closure:
        """How a case ends or ended; of a case that does not exist, nothing."""
        ...

    def handled(self, task: int, actor: Actor) -> Handled | None:
        """What was reported last with a task."""
        ...

    def recurring(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[Recurring]:
        """Faults that came again often lately, the most expensive first."""
        ...


class ThresholdReview(Protocol):
    """Which rules were wrong how often, and why."""

    def false_alarms(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None
    ) -> Sequence[FalseAlarms]:
        """Rules with false alarms in [from, to) by the moment of the report, the most false ones first."""
        ...


class Closures(ClosureQueries, Protocol):
    """Reading, and writing by people; one transaction each."""

    def merge(self, number: int, into: int, reason: str, actor: Actor, now_ms: int) -> None:
        """Let a case go into another of the same cause.

        Raises:
            core.cases.UnknownItem: if there is no such case.
            core.cases.NotPermitted: if the actor does not supervise.
            core.cases.Conflict: ``wrong_state`` if one of them may not be merged.
            core.errors.Invalid: if the reason is missing.
        """
        ...

    def correct(self, ask: Correction, now_ms: int) -> tuple[FieldMoved[str], ...]:
        """Correct the newest report of a task, merged by field; what others changed between its base and now.

        Raises:
            core.cases.UnknownItem: if nothing was reported with it.
            core.cases.NotPermitted: if the actor does not supervise and did not report it, or its case has ended.
            core.merging.Diverged: if somebody else changed the same fields to something else; nothing was written.
            core.errors.Invalid: with everything that is wrong.
        """
        ...

    def unmerge(self, number: int, reason: str, actor: Actor, now_ms: int) -> None:
        """Take a merging back while the other case is open: the case is filed anew with its alarms.

        Raises:
            core.cases.UnknownItem: if there is no such case.
            core.cases.NotPermitted: if the actor does not supervise.
            core.cases.Conflict: ``wrong_state`` if it is not merged, or that can no longer be taken back.
            core.errors.Invalid: if the reason is missing.
        """
        ...

    def decide_lasting(
        self,
        facility: int,
        family: str,
        *,
        accept: bool,
        project: int | None,
        reason: str,
        actor: Actor,
        now_ms: int,
    ) -> int | None:
        """Decide about a lasting repair; accepted without a project, a case is filed: its number.

        Raises:
            core.cases.UnknownItem: if no such fault came again, or its community has no such project.
            core.cases.NotPermitted: if the actor does not supervise.
            core.cases.Conflict: ``decided`` if it is not to be decided now.
            core.errors.Invalid: if the reason is missing.
        """
        ...
