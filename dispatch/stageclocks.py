"""One clock per stage of a case. Pure: instants in, instants out; the calendar is an argument.

A clock knows its beginning, the moments at which 80 % and 100 % of its time are used, and how long its time is. A pause
moves both moments by what was left of the clock, not by the time on the wall; so a pause outside working hours moves a
working limit not at all. A limit that is met in its last millisecond is met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from core.alarms import Severity
from core.cases import Action, DeadlineClock
from core.stages import LadderStep, Stage, StageLight
from dispatch.worktime import WorkCalendar, elapsed, resumed_due

WARN_SHARE = 0.8

Ladder = tuple[tuple[LadderStep, float], ...]
"""Who hears of it, and after which share of the stage's time; in ascending order."""

ENDS: Mapping[Action, frozenset[Stage]] = {
    Action.ACCEPT: frozenset({Stage.ACCEPT}),
    Action.ARRIVE: frozenset({Stage.ARRIVE}),
    Action.HANDLE: frozenset({Stage.ACCEPT, Stage.ARRIVE, Stage.HANDLE}),
    Action.VERIFY: frozenset({Stage.VERIFY}),
    Action.REJECT: frozenset({Stage.VERIFY}),
    Action.RETURN: frozenset({Stage.ACCEPT, Stage.ARRIVE}),
    Action.TRANSFER: frozenset({Stage.ACCEPT, Stage.ARRIVE}),
    Action.CLOSE: frozenset(Stage),
    Action.CANCEL: frozenset(Stage),
    Action.MERGE: frozenset(Stage),
    Action.CONFIRM: frozenset(Stage),
}
"""Stages that end with a step of the case."""

BEGINS: Mapping[Action, tuple[Stage, ...]] = {
    Action.ACCEPT: (Stage.ARRIVE,),
    Action.RESUME: (Stage.ARRIVE,),
}
"""Stages that begin with a step of the case, if they do not run. *Handle* begins when a case is opened, reopened or
rejected, *accept* with every assignment of the handling task, *verify* when the verification is given to somebody."""


class AfterUnmerge(StrEnum):
    """What becomes of a clock that ended with a merging once that is taken back."""

    GOES_ON = "stood still since the merging (or the suspension before it): what was left is left; late stays late"
    ANEW = "begins anew: with the next assignment, or when somebody accepts"
    NEVER = "did not run: what has been reported as handled is not merged"


AFTER_UNMERGE: Mapping[Stage, AfterUnmerge] = {
    Stage.ACCEPT: AfterUnmerge.ANEW,
    Stage.ARRIVE: AfterUnmerge.ANEW,
    Stage.HANDLE: AfterUnmerge.GOES_ON,
    Stage.VERIFY: AfterUnmerge.NEVER,
}
"""Nobody could have handled the case for itself meanwhile, so that time is nobody's. A limit of arriving that a rule
states counts from the announcement like that of handling, and goes on like it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StageClock:
    """A clock as it stands.

    Attributes:
        clock: which hours it counts; total_ms: how many of them it has, milliseconds.
        started_ms, warn_ms, limit_ms: beginning, 80 % and 100 % of its time.
        paused_since_ms: while it stands; paused_ms: how long it stood before, on the wall.
        ended_ms: ``None`` while it has not ended.
    """

    clock: DeadlineClock
    total_ms: int
    started_ms: int
    warn_ms: int
    limit_ms: int
    paused_since_ms: int | None = None
    paused_ms: int = 0
    ended_ms: int | None = None

    def paused(self, now_ms: int) -> StageClock:
        """It stands still from now on."""
        if self.paused_since_ms is not None or self.ended_ms is not None:
            return self
        return replace(self, paused_since_ms=now_ms)

    def resumed(self, calendar: WorkCalendar, now_ms: int) -> StageClock:
        """It runs again: what was left is left; a moment that had passed stays where it was."""
        if self.paused_since_ms is None or self.ended_ms is not None:
            return self
        since_ms = max(self.paused_since_ms, self.started_ms)
        return replace(
            self,
            warn_ms=resumed_due(calendar, self.clock, self.warn_ms, since_ms, now_ms),
            limit_ms=resumed_due(calendar, self.clock, self.limit_ms, since_ms, now_ms),
            paused_since_ms=None,
            paused_ms=self.paused_ms + max(0, now_ms - since_ms),
        )

    def moved(self, calendar: WorkCalendar, now_ms: int, limit_ms: int) -> StageClock:
        """It has until ``limit_ms``, which lies after ``now_ms``; the 80 % follow."""
        used_ms = self.used_ms(calendar, now_ms)
        total_ms = used_ms + elapsed(calendar, self.clock, now_ms, limit_ms)
        ahead_ms = max(0, round(WARN_SHARE * total_ms) - used_ms)
        warn_ms = min(limit_ms, _add(calendar, self.clock, max(now_ms, self.started_ms), ahead_ms))
        return replace(self, total_ms=total_ms, limit_ms=limit_ms, warn_ms=warn_ms)

    def ended(self, now_ms: int) -> StageClock:
        """It stops for good; a pause that lasted until now is over."""
        if self.ended_ms is not None:
            return self
        stood_ms = 0 if self.paused_since_ms is None else max(0, now_ms - self.paused_since_ms)
        return replace(self, ended_ms=now_ms, paused_since_ms=None, paused_ms=self.paused_ms + stood_ms)

    def used_ms(self, calendar: WorkCalendar, now_ms: int) -> int:
        """How much of its time is used."""
        at_ms = now_ms if self.paused_since_ms is None else self.paused_since_ms
        if at_ms <= self.limit_ms:
            return self.total_ms - elapsed(calendar, self.clock, max(at_ms, self.started_ms), self.limit_ms)
        return self.total_ms + elapsed(calendar, self.clock, self.limit_ms, at_ms)

    def light(self, now_ms: int) -> StageLight:
        """How it stands; one that stands still or has ended shows what it showed then."""
        at_ms = next((at for at in (self.ended_ms, self.paused_since_ms) if at is not None), now_ms)
        if at_ms > self.limit_ms:
            return StageLight.RED
        return StageLight.AMBER if at_ms >= self.warn_ms else StageLight.GREEN

    def share_ms(self, calendar: WorkCalendar, now_ms: int, share: float) -> int:
        """When ``share`` of its time will be used (above 1: that much longer than its limit); now, if it is already."""
        used_ms, wanted_ms = self.used_ms(calendar, now_ms), round(share * self.total_ms)
        from_ms = max(now_ms, self.started_ms)
        return from_ms if wanted_ms <= used_ms else _add(calendar, self.clock, from_ms, wanted_ms - used_ms)


def begun(calendar: WorkCalendar, clock: DeadlineClock, hours: float, from_ms: int) -> StageClock:
    """A clock of so many hours that begins at ``from_ms``."""
    total_ms = round(hours * 3_600_000)
    return StageClock(
        clock=clock,
        total_ms=total_ms,
        started_ms=from_ms,
        warn_ms=_add(calendar, clock, from_ms, round(WARN_SHARE * total_ms)),
        limit_ms=_add(calendar, clock, from_ms, total_ms),
    )


def next_step(ladder: Ladder, reached: LadderStep | None) -> tuple[LadderStep, float] | None:
    """The step of the ladder after the one reached; ``None`` at the top."""
    steps = [step for step, _ in ladder]
    at = 0 if reached is None else steps.index(reached) + 1
    return ladder[at] if at < len(ladder) else None


def ladder_document(ladders: Mapping[Severity, Ladder], accept_ms: Mapping[Severity, int]) -> list[str]:
    """The part of ``docs/cases.md`` about the escalation."""
    lines = [
        "| severity | limit of accepting | " + " | ".join(LadderStep) + " |",
        "|---|---|" + "---|" * len(LadderStep),
    ]
    for severity in sorted(ladders, reverse=True):
        shares = [f"{share:.0%} ({accept_ms[severity] * share / 60_000:g} min)" for _, share in ladders[severity]]
        name, limit = severity.name.lower(), f"{accept_ms[severity] / 60_000:g} min"
        lines.append(f"| {name} | {limit} | " + " | ".join(shares) + " |")
    return lines


def _add(calendar: WorkCalendar, clock: DeadlineClock, from_ms: int, duration_ms: int) -> int:
    if clock is DeadlineClock.CONTINUOUS:
        return from_ms + duration_ms
    return calendar.add(from_ms, duration_ms)
