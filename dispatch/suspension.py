"""How a suspension (挂账) ends: somebody resumes, or its time is over. Limits move by what was left of their clocks."""

from __future__ import annotations

from typing import Any

from core.cases import Action, Actor, DeadlineClock, TaskKind, TaskState
from core.errors import Invalid
from dispatch import findings as kinds
from dispatch.casework import CaseWork
from dispatch.policy import Policy
from dispatch.worktime import resumed_due

HELD = "time over"
"""Note of a suspension that ended by itself."""


def until(wished_ms: int | None, now_ms: int, policy: Policy) -> int:
    """When a suspension that begins now ends by itself.

    Raises:
        Invalid: if the moment asked for has passed, or lies too far away.
    """
    latest_ms = now_ms + policy.suspended_most_ms
    if wished_ms is None:
        return latest_ms
    if not now_ms < wished_ms <= latest_ms:
        raise Invalid([kinds.SUSPENDED_TOO_LONG.at(days=policy.suspended_most_ms / 86_400_000)])
    return wished_ms


def limits_resumed(cases: CaseWork, task: Any, case: Any, policy: Policy, now_ms: int) -> None:
    """The limits of case and task go on."""
    due_ms = case.suspended_due_ms
    if due_ms is not None and case.met_ms is None:
        since_ms = max(case.suspended_ms, cases.tasks.stages.begun_ms(case.number))
        due_ms = resumed_due(policy.calendar, DeadlineClock(case.due_clock), due_ms, since_ms, now_ms)
    cases.update(case, due_ms=due_ms, suspended_ms=None, suspended_due_ms=None, suspended_until_ms=None)
    cases.tasks.update(task, due_ms=due_ms)


def tell_the_other(cases: CaseWork, task: Any, case: Any, kind: str, actor: Actor) -> None:
    """The owner's supervisor hears what the owner does with a suspension, the owner what a supervisor does."""
    mine = actor.person is not None and actor.person == task.owner
    cases.tasks.message(task, case, kind, cases.tasks.supervisor(task, case) if mine else task.owner)


def end_suspension(cases: CaseWork, case: Any, policy: Policy, now_ms: int) -> None:
    """The time of a suspension is over: the system resumes the case, and its owner is told."""
    task = cases.tasks.tasks(case.number)[TaskKind.HANDLE]
    task = cases.tasks.update(task, state=TaskState.ACCEPTED)
    case = cases.step(case, Action.RESUME, task=task.number, note=HELD)
    limits_resumed(cases, task, case, policy, now_ms)
    task = cases.tasks.tasks(case.number)[TaskKind.HANDLE]
    cases.tasks.message(task, case, "resumed", task.owner)
    cases.tasks.tell(task, case, "resume")
