"""Tasks of foreseen cases: made, limited, given to somebody, as ``dispatch.taskwork`` does it with rows."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

from core.cases import TaskKind
from core.ports.cases import PassedOver, Rung
from core.ports.registry import Roster
from dispatch.announcing import announce
from dispatch.deciding import announce_ms, request_for, task_limit
from dispatch.foreseen import Crew, ForeseenCase
from dispatch.loads import Announcer, ForeseenTask, Loads
from dispatch.policy import Policy

Not = Mapping[int, PassedOver]


class What(IntEnum):
    """What happens, in the order in which it is looked at within one millisecond."""

    OFF = 0
    ON = 1
    STEP = 2
    SETTLE = 3
    JUDGE = 4
    DUE = 5
    LOOK = 6
    ACCEPTED = 7
    WORKED = 8
    VERIFIED = 9


class TaskPlay:
    """What is to happen, in the order of time, and the tasks of the cases."""

    def __init__(self, roster: Roster, policy: Policy, crew: Crew, find: Announcer = announce) -> None:
        """Nothing is to happen yet; ``find`` gives out the tasks."""
        self._roster, self._policy, self._crew = roster, policy, crew
        self._loads = Loads(roster, policy, find)
        self._queue: list[tuple[int, int, int, Any, int]] = []
        self._order = 0
        self._served: dict[int, ForeseenCase] = {}

    def _later(self, at_ms: int, what: int, subject: object, turn: int = 0) -> None:
        self._order += 1
        heapq.heappush(self._queue, (at_ms, what, self._order, subject, turn))

    def _give(
        self, at_ms: int, case: ForeseenCase, kind: TaskKind, excluded: Mapping[int, PassedOver] | None = None
    ) -> None:
        """Make a task, as ``TaskWork.create`` does."""
        grid = case.info.lead if kind is TaskKind.HANDLE or case.info.support is None else case.info.support
        cell = case.place.cells.get(grid, "") if case.place else ""
        task = ForeseenTask(kind, grid, case.severity, at_ms, at_ms, None, Rung.UNSTAFFED, cell)
        case.tasks.append(task)
        self._served[id(task)] = case
        start_limit(self._loads, self._policy, at_ms, case, task)
        self._route(at_ms, case, task, excluded or {})

    def _route(
        self, at_ms: int, case: ForeseenCase, task: ForeseenTask, excluded: Not, keep: int | None = None
    ) -> None:
        """Give a task to somebody, or to somebody else, as ``TaskWork.reassign`` does."""
        task.severity, task.accepted_ms = case.severity, None
        request = request_for(
            kind=task.kind,
            grid=task.grid,
            support=case.info.support,
            place=case.place,
            community=case.community,
            severity=case.severity,
            at_ms=announce_ms(case.severity, at_ms, self._policy),
            excluded=excluded,
            policy=self._policy,
        )
        self._moved([task, *self._loads.give(task, request, case.place, at_ms, keep)])

    def _moved(self, tasks: Iterable[ForeseenTask]) -> None:
        """Tasks are announced at another time, so they are accepted at another time."""
        for task in tasks:
            task.turn += 1
            if task.kind is TaskKind.HANDLE and task.owner is not None:
                at_ms = task.given_ms + self._crew.accept_ms
                self._later(at_ms, What.ACCEPTED, self._served[id(task)], task.turn)

    def _call_verifier(self, at_ms: int, case: ForeseenCase) -> None:
        """A person is to verify: the repair is reported, or the sensor could not prove it."""
        case.called_ms = at_ms
        verify = case.task(TaskKind.VERIFY)
        if verify is None:
            self._give(at_ms, case, TaskKind.VERIFY, own_repair(case, TaskKind.VERIFY))
        else:
            start_limit(self._loads, self._policy, at_ms, case, verify)
            if verify.owner is None or verify.owner == case.handled_by:
                self._route(at_ms, case, verify, own_repair(case, TaskKind.VERIFY))
        self._later(at_ms + self._crew.verify_ms, What.VERIFIED, case)


def start_limit(
    loads: Loads, policy: Policy, at_ms: int, case: ForeseenCase, task: ForeseenTask, *, nearer: bool = False
) -> None:
    """Start the limit of a task, or only one that is ``nearer`` than what it has."""
    class_id = case.place.class_id if case.place else ""
    repaired = case.repaired_ms is not None
    limit = task_limit(task.kind, case.info, case.severity, policy, class_id, repaired=repaired)
    loads.limit(task, limit, announce_ms(case.severity, at_ms, policy), nearer=nearer)


def own_repair(case: ForeseenCase, kind: TaskKind) -> Not:
    """Nobody looks at their own repair."""
    return {case.handled_by: PassedOver.OWN_REPAIR} if kind is TaskKind.VERIFY and case.handled_by is not None else {}
