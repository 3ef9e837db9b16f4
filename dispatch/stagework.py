"""Stage clocks inside a transaction: begun, paused, moved, ended, and looked at by the clock.

The rows of a case are the history of its stages; a stage that begins again has another row. What a moment means is
decided in ``dispatch.stageclocks``; here rows are read and written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, CaseState, Deadline, TaskKind
from core.ports.registry import RosterSource
from core.stages import Basis, LadderStep, LimitUnit, Stage, StageLimit
from dispatch import tables
from dispatch.database import update_all
from dispatch.deciding import stage_limit_of
from dispatch.limitbook import stated_for
from dispatch.newrows import NewRows
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.stageclocks import AFTER_UNMERGE, BEGINS, ENDS, AfterUnmerge, StageClock, begun, next_step

_TOUCHES = frozenset({*ENDS, *BEGINS, Action.SUSPEND, Action.RESUME})
"""Steps of a case that do something to its stages."""
RESTARTED = "assigned"
"""Ends a clock that begins anew for somebody else."""


class StageWork:
    """All that happens to stage rows in one transaction."""

    def __init__(
        self, connection: sa.Connection, source: RosterSource, policy: Policy, now_ms: int, rows: NewRows
    ) -> None:
        """Work on ``connection`` at ``now_ms``; ``rows``: clocks that wait to be written."""
        self._connection = connection
        self._source = source
        self._policy = policy
        self._calendar = policy.calendar
        self._now_ms = now_ms
        self._rows = rows
        self._fresh: set[int] = set()

    def filed(self, case: int) -> None:
        """A case has been filed: nothing of it runs, and need not be asked for, until its handling has begun."""
        self._fresh.add(case)

    def running(self, case: int) -> dict[Stage, Any]:
        """The rows of a case that have not ended."""
        if case in self._fresh:
            return {}
        self._rows.write()
        table = tables.stage
        query = sa.select(table).where(table.c.case == case, table.c.ended_ms.is_(None))
        return {Stage(row.stage): row for row in self._connection.execute(query)}

    def assigned(self, case: Any, task: Any, announce_ms: int) -> None:
        """The handling task has been given to somebody: the clock of accepting begins anew."""
        if case.drill or task.kind != TaskKind.HANDLE:
            return
        running = self.running(case.number).get(Stage.ACCEPT)
        if running is not None:
            self._end(running, RESTARTED)
        if task.owner is not None:
            self._insert(case, task.number, Stage.ACCEPT, self.limit(case, Stage.ACCEPT), announce_ms)

    def announced(self, tasks: Mapping[int, Any]) -> None:
        """Handling tasks are announced at other times: their clocks of accepting begin then.

        Args:
            tasks: number to anything with ``severity`` (of the case) and ``assigned_ms``.
        """
        table = tables.stage
        for part in in_parts(sorted(tasks)):
            mine = (table.c.task.in_(part), table.c.stage == Stage.ACCEPT.value)
            query = sa.select(table).where(*mine, table.c.ended_ms.is_(None)).order_by(table.c.number)
            found = []
            for row in self._connection.execute(query).all():
                unit, task = LimitUnit(row.unit), tasks[row.task]
                clock = begun(self._calendar, unit.clock, row.amount * unit.hours, task.assigned_ms)
                reached = LadderStep(row.reached) if row.reached else None
                next_ms = self._next_ms(clock, task, reached, row.late)
                found.append({"number": row.number, **_values(clock), "next_ms": next_ms})
            update_all(self._connection, table, "number", found)

    def limit(self, case: Any, stage: Stage, stated: Deadline | None = None) -> StageLimit:
        """The limit of a stage of a case; ``stated``: what its rule says of this stage."""
        return stage_limit_of(
            self._policy,
            stage,
            Severity(case.severity),
            class_id=self.class_of(case.facility),
            event=case.family,
            stated=stated,
        )

    def class_of(self, facility: int) -> str:
        """Class of a facility; empty where it is not known."""
        place = self._source.place(facility)
        return place.class_id if place else ""

    def handling(self, case: Any, task: int, stated: Deadline | None, from_ms: int, ended_by: str = "") -> None:
        """The clock of handling begins, and that of arriving where the rule states it; in place of those that run."""
        running = {} if case.drill else self.running(case.number)
        self._fresh.discard(case.number)
        if case.drill:
            return
        for stage in (Stage.HANDLE, Stage.ARRIVE):
            own = stated_for(stage, stated)
            if stage is Stage.ARRIVE and own is None:
                continue
            if stage in running:
                self._end(running[stage], ended_by)
            self._insert(case, task, stage, self.limit(case, stage, own), from_ms)

    def begin(self, case: Any, task: int, stage: Stage, limit: StageLimit, from_ms: int) -> None:
        """Begin a stage; one that runs goes on."""
        if not case.drill and stage not in self.running(case.number):
            self._insert(case, task, stage, limit, from_ms)

    def step(self, case: Any, action: Action, task: int | None) -> None:
        """What a step of a case does to its stages; ``case`` is the row after it."""
        if case.drill or action not in _TOUCHES:
            return
        running = self.running(case.number)
        for stage, row in running.items():
            if action in {Action.RETURN, Action.TRANSFER} and row.basis == Basis.RULE:
                continue  # counts from the announcement, whoever goes
            if stage in ENDS.get(action, frozenset()):
                self._end(row, action.value)
            elif action is Action.SUSPEND:
                self._write(row, case, _clock(row).paused(self._now_ms))
            elif action is Action.RESUME:
                self._write(row, case, _clock(row).resumed(self._calendar, self._now_ms))
        begins = BEGINS.get(action, ()) if CaseState(case.state) is CaseState.ACCEPTED else ()
        for stage in begins:
            if stage not in running and task is not None:
                self._insert(case, task, stage, self.limit(case, stage), self._now_ms)

    def begun_ms(self, case: int) -> int:
        """When the clock of handling began, or will; 0 without one."""
        table = tables.stage
        query = sa.select(sa.func.max(table.c.started_ms)).where(
            table.c.case == case, table.c.stage == Stage.HANDLE.value
        )
        return self._connection.execute(query).scalar_one() or 0

    def taken_back(self, case: Any, since_ms: int) -> None:
        """A merging is taken back: what ended with it and counts from the announcement goes on, having stood since.

        Args:
            case: the row after the step.
            since_ms: from when on the clocks have stood: the merging, or a suspension that lasted until then.
        """
        table, seen = tables.stage, set[str]()
        query = sa.select(table).where(table.c.case == case.number, table.c.ended_by == Action.MERGE.value)
        for row in self._connection.execute(query.order_by(table.c.number.desc())).all():
            after = AfterUnmerge.GOES_ON if row.basis == Basis.RULE else AFTER_UNMERGE[Stage(row.stage)]
            if row.stage in seen or after is not AfterUnmerge.GOES_ON:
                continue
            seen.add(row.stage)
            stood_ms = max(0, row.ended_ms - since_ms)
            stood = replace(
                _clock(row), ended_ms=None, paused_since_ms=since_ms, paused_ms=max(0, row.paused_ms - stood_ms)
            )
            self._write(row, case, stood.resumed(self._calendar, self._now_ms), ended_by="")

    def extended(self, case: Any, limit_ms: int, stage: Stage) -> None:
        """The limit of a stage has been moved by a grant."""
        row = self.running(case.number).get(stage)
        if row is not None:
            clock = _clock(row).moved(self._calendar, self._now_ms, limit_ms)
            self._write(row, case, clock, extended=row.extended + 1)

    def look(self, row: Any, case: Any) -> tuple[list[LadderStep], Any]:
        """What time has done to a stage: the steps of the ladder that are due by now, and the row after it."""
        clock, reached = _clock(row), LadderStep(row.reached) if row.reached else None
        due: list[LadderStep] = []
        while (step := next_step(self._policy.ladder[Severity(case.severity)], reached)) is not None:
            if not self._is_over(clock, step[1]):
                break
            reached = step[0]
            due.append(reached)
        late = bool(row.late or self._now_ms > clock.limit_ms)
        return due, self._write(row, case, clock, reached=reached.value if reached else "", late=late)

    # --- inside -------------------------------------------------------------------------------------------------

    def _is_over(self, clock: StageClock, share: float) -> bool:
        return clock.used_ms(self._calendar, self._now_ms) >= round(share * clock.total_ms) and (
            share < 1.0 or self._now_ms > clock.limit_ms
        )

    def _insert(self, case: Any, task: int, stage: Stage, limit: StageLimit, from_ms: int) -> None:
        clock = begun(self._calendar, limit.unit.clock, limit.hours, from_ms)
        values = {
            "case": case.number,
            "task": task,
            "stage": stage.value,
            "amount": limit.amount,
            "unit": limit.unit.value,
            "basis": limit.basis.value,
            "standard_zh": limit.standard.zh[:1000] if limit.standard else "",
            "standard_en": limit.standard.en[:1000] if limit.standard else "",
            "ended_by": "",
            "late": False,
            "reached": "",
            "extended": 0,
            **_values(clock),
        }
        values["next_ms"] = self._next_ms(clock, case, reached=None, late=False)
        self._rows.add(tables.stage, [values])

    def _end(self, row: Any, ended_by: str) -> None:
        clock = _clock(row).ended(self._now_ms)
        at_ms = self._now_ms if row.paused_since_ms is None else row.paused_since_ms
        late = bool(row.late or at_ms > row.limit_ms)
        self._update(row, **_values(clock), ended_by=ended_by, late=late, next_ms=None)

    def _write(self, row: Any, case: Any, clock: StageClock, **values: Any) -> Any:
        reached = values.get("reached", row.reached)
        late = values.get("late", row.late)
        next_ms = self._next_ms(clock, case, LadderStep(reached) if reached else None, late)
        return self._update(row, **_values(clock), next_ms=next_ms, **values)

    def _next_ms(self, clock: StageClock, case: Any, reached: LadderStep | None, late: bool) -> int | None:
        """When time must look again: after the limit, if that has not been marked, or for the next step."""
        if clock.paused_since_ms is not None or clock.ended_ms is not None:
            return None
        moments = [] if late else [clock.limit_ms]
        step = next_step(self._policy.ladder[Severity(case.severity)], reached)
        if step is not None:
            moments.append(clock.share_ms(self._calendar, self._now_ms, step[1]))
        return min(moments, default=None)

    def _update(self, row: Any, **values: Any) -> Any:
        table = tables.stage
        query = sa.update(table).where(table.c.number == row.number).values(**values).returning(table)
        return self._connection.execute(query).one()


def _clock(row: Any) -> StageClock:
    return StageClock(
        clock=LimitUnit(row.unit).clock,
        total_ms=row.total_ms,
        started_ms=row.started_ms,
        warn_ms=row.warn_ms,
        limit_ms=row.limit_ms,
        paused_since_ms=row.paused_since_ms,
        paused_ms=row.paused_ms,
        ended_ms=row.ended_ms,
    )


def _values(clock: StageClock) -> dict[str, Any]:
    """A clock's columns; which hours it counts follows from the unit."""
    values = asdict(clock)
    del values["clock"]
    return values
