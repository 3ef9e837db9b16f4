"""Giving tasks to people inside a transaction: loads from the database, routing from ``dispatch.routing``.

Loads are counted once per transaction and kept current while it gives out tasks, so that a flood of alarms in one batch
is spread like one that comes in single.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, TaskKind
from core.places import Grid
from core.ports.cases import Candidate, PassedOver, Rung
from core.ports.registry import FacilityPlace, Roster
from dispatch import tables
from dispatch.deciding import announce_ms, assign, request_for
from dispatch.policy import Policy
from dispatch.routing import Assignment, Load
from dispatch.worktime import HOUR_MS


class Assigner:
    """Finds owners within one transaction."""

    def __init__(self, connection: sa.Connection, roster: Roster, policy: Policy) -> None:
        """Route by ``roster``; nothing is read before the first task."""
        self._connection = connection
        self._roster = roster
        self._policy = policy
        self._loads: dict[int, dict[int, Load]] = {}

    def announce_ms(self, severity: Severity, now_ms: int) -> int:
        """When a task of this severity is announced: now, or when work begins again."""
        return announce_ms(severity, now_ms, self._policy)

    def assign(
        self,
        *,
        kind: TaskKind,
        grid: Grid,
        support: Grid | None,
        place: FacilityPlace | None,
        community: int,
        severity: Severity,
        at_ms: int,
        excluded: Mapping[int, PassedOver],
    ) -> Assignment:
        """Find the owner of a task; without anybody fit, those who returned it are asked again."""
        request = request_for(
            kind=kind,
            grid=grid,
            support=support,
            place=place,
            community=community,
            severity=severity,
            at_ms=at_ms,
            excluded=excluded,
        )
        loads = self._loads_at(at_ms)
        found = assign(request, place, self._roster, loads, self._policy)
        if found.owner is not None:
            load = loads.get(found.owner, Load())
            loads[found.owner] = Load(load.open + 1, load.today + 1, load.hour + 1)
        return found

    def _loads_at(self, at_ms: int) -> dict[int, Load]:
        if at_ms in self._loads:
            return self._loads[at_ms]
        table = tables.task
        midnight = self._policy.calendar.instant(self._policy.calendar.day_of(at_ms), 0)
        open_tasks = self._count(table.c.open)
        today = self._count(table.c.assigned_ms >= midnight, table.c.assigned_ms <= at_ms)
        hour = self._count(table.c.assigned_ms > at_ms - HOUR_MS, table.c.assigned_ms <= at_ms)
        people = {*open_tasks, *today, *hour}
        loads = {n: Load(open_tasks.get(n, 0), today.get(n, 0), hour.get(n, 0)) for n in people}
        self._loads[at_ms] = loads
        return loads

    def _count(self, *conditions: sa.ColumnElement[bool]) -> dict[int, int]:
        table = tables.task
        query = sa.select(table.c.owner, sa.func.count()).where(table.c.owner.is_not(None), ~table.c.drill, *conditions)
        return {int(row[0]): int(row[1]) for row in self._connection.execute(query.group_by(table.c.owner))}

    def returned_by(self, task: int) -> dict[int, PassedOver]:
        """Who has returned this task before."""
        table = tables.history
        query = sa.select(table.c.person).where(
            table.c.task == task, table.c.action == Action.RETURN.value, table.c.person.is_not(None)
        )
        return dict.fromkeys(self._connection.execute(query).scalars(), PassedOver.RETURNED_IT)


def routing_text(assignment: Assignment) -> str:
    """The candidates as they are stored with a task."""
    return json.dumps(
        [
            [item.rung.value, item.cell, item.person, item.load, item.passed_over.value if item.passed_over else None]
            for item in assignment.candidates[:100]
        ]
    )


def routing_of(text: str) -> tuple[Candidate, ...]:
    """The candidates of ``routing_text``."""
    rows: list[list[Any]] = json.loads(text)
    return tuple(
        Candidate(
            rung=Rung(rung),
            cell=cell,
            person=person,
            load=load,
            passed_over=PassedOver(passed_over) if passed_over else None,
        )
        for rung, cell, person, load, passed_over in rows
    )
