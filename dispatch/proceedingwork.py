"""Extensions, supervisions and appeals inside a transaction. ``dispatch.proceedings`` decides; here rows are kept."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.cases import Action, Actor, CaseState, DeadlineWhat, TaskKind, TaskState
from core.stages import (
    OPEN_PROCEEDINGS,
    LimitUnit,
    ProceedingKind,
    ProceedingState,
    Stage,
    StageLimit,
    SupervisionLevel,
)
from dispatch import tables
from dispatch.ledger import Ledger
from dispatch.policy import Policy
from dispatch.proceedings import KIND_OF, LAPSES, Matter, Standing, Wish, decide, lapses
from dispatch.taskwork import TaskWork
from dispatch.worktime import due

K, S, A = ProceedingKind, ProceedingState, Action

_TOLD: dict[Action, str] = {
    A.EXTEND: "extension_asked",
    A.GRANT: "extension_granted",
    A.REFUSE: "extension_refused",
    A.SUPERVISE: "supervised",
    A.ANSWER: "supervision_answered",
    A.LIFT: "supervision_lifted",
    A.APPEAL: "appeal_made",
    A.ENDORSE: "appeal_endorsed",
    A.UPHOLD: "appeal_upheld",
    A.DISMISS: "appeal_dismissed",
}
"""Kind of the message that goes with a step."""
LIMITS = {TaskKind.HANDLE: Stage.HANDLE, TaskKind.VERIFY: Stage.VERIFY}
"""The stage whose limit an extension moves, by the task that it is asked for."""
_LAPSING: frozenset[Action] = frozenset().union(*LAPSES.values())
_TO_SUPERVISOR = frozenset({A.EXTEND, A.APPEAL, A.ENDORSE})


class ProceedingWork:
    """All that happens to proceedings in one transaction."""

    def __init__(self, connection: sa.Connection, ledger: Ledger, tasks: TaskWork, policy: Policy, now_ms: int) -> None:
        """Work on ``connection`` at ``now_ms``."""
        self._connection = connection
        self._ledger = ledger
        self._tasks = tasks
        self._policy = policy
        self._now_ms = now_ms

    def take(self, task: Any, case: Any, actor: Actor, action: Action, wish: Wish) -> None:
        """Decide and do a step.

        Raises:
            NotPermitted, Conflict, Invalid: as ``dispatch.proceedings.decide``.
        """
        kind = KIND_OF[action]
        seen = matter(self._connection, task, case, actor, self._policy, self._now_ms)
        state = decide(seen, action, wish)
        before = newest_of(self._connection, task.number).get(kind)
        row = self._moved(before, task, case, actor, action, state, wish)
        was = before.state if before is not None and before.open else ""
        self._ledger.note(
            case.number,
            action.value,
            task=task.number,
            actor=actor,
            from_state=was,
            to_state=state.value,
            note=wish.note,
        )
        after = self._case_after(case, task, row, action)
        task = self._tasks.update(task, **self._task_values(case, task, row, action))
        self._tasks.tell(task, after, action.value)
        self._tell(task, after, row, action)

    def lapse(self, case: Any, action: Action) -> Any:
        """End what the step of a case leaves undecided; the case after it."""
        if action not in _LAPSING:
            return case
        table = tables.proceeding
        rows = self._connection.execute(sa.select(table).where(table.c.case == case.number, table.c.open)).all()
        for row in rows:
            if not lapses(K(row.kind), S(row.state), action):
                continue
            self._update(row, state=S.LAPSED.value, open=False, due_ms=None, decided_ms=self._now_ms)
            self._ledger.note(
                case.number, "lapsed", task=row.task, from_state=row.state, to_state=S.LAPSED.value, note=row.kind
            )
            if row.kind == K.SUPERVISION:
                case = self._update_case(case, supervised="")
        return case

    def unanswered(self, row: Any, case: Any) -> None:
        """The time to answer a supervision is over."""
        self._update(row, overdue=True, due_ms=None)
        self._ledger.note(case.number, "unanswered", task=row.task, note=row.level)
        task = self._tasks.one(row.task)
        for person in dict.fromkeys((task.owner, row.person, *self._tasks.heads(task, case))):
            self._tasks.message(task, case, "supervision_unanswered", person)
        self._tasks.tell(task, case, "unanswered")

    # --- inside -------------------------------------------------------------------------------------------------

    def _moved(
        self, before: Any, task: Any, case: Any, actor: Actor, action: Action, state: ProceedingState, wish: Wish
    ) -> Any:
        """The row of the proceeding after a step."""
        values: dict[str, Any] = {"state": state.value, "open": state in OPEN_PROCEEDINGS}
        if action is A.SUPERVISE and wish.level is not None:
            limit = self._policy.answer[wish.level]
            due_ms = due(self._policy.calendar, limit.unit.clock, self._now_ms, limit.hours)
            values |= {"level": wish.level.value, "due_ms": due_ms, "overdue": False, "answer": ""}
        if action is A.ANSWER:
            late = self._now_ms > before.due_ms if before.due_ms is not None else before.overdue
            values |= {"answer": wish.note[:1000], "due_ms": None, "overdue": late}
        if action is A.GRANT:
            values["granted_ms"] = wish.until_ms if wish.until_ms is not None else before.wished_ms
        if action is A.ENDORSE:
            values["endorsed_by"] = actor.login
        if action in {A.GRANT, A.REFUSE, A.LIFT, A.UPHOLD, A.DISMISS}:
            decided = {"decided_ms": self._now_ms, "decided_by": actor.login, "decider": actor.person}
            values |= {**decided, "ruling": wish.note[:1000], "due_ms": None}
        if before is not None and before.open:
            return self._update(before, **values)
        values |= self._first(task, case, actor, action, wish)
        query = sa.insert(tables.proceeding).returning(tables.proceeding)
        return self._connection.execute(query, values).one()

    def _first(self, task: Any, case: Any, actor: Actor, action: Action, wish: Wish) -> dict[str, Any]:
        facts = action is A.APPEAL
        return {
            "case": case.number,
            "task": task.number,
            "kind": KIND_OF[action].value,
            "actor": actor.login,
            "person": actor.person,
            "reason": wish.note[:1000],
            "asked_ms": self._now_ms,
            "wished_ms": wish.until_ms if action is A.EXTEND else None,
            "level": wish.level.value if action is A.SUPERVISE and wish.level else "",
            "overdue": False,
            "answer": "",
            "endorsed_by": "",
            "decided_by": "",
            "ruling": "",
            "fact_due_ms": task.due_ms if facts else None,
            "fact_met_ms": task.met_ms if facts else None,
            "fact_overdue": bool(facts and _was_late(self._connection, task)),
            "fact_rejections": _rejections(self._connection, task) if facts else 0,
        }

    def _case_after(self, case: Any, task: Any, row: Any, action: Action) -> Any:
        values: dict[str, Any] = {}
        if action is A.GRANT:
            self._tasks.stages.extended(case, row.granted_ms, LIMITS[TaskKind(task.kind)])
        if action is A.GRANT and task.kind == TaskKind.HANDLE:
            values["extensions"] = case.extensions + 1
            if _limits_handling(case):
                values["due_ms"] = row.granted_ms
        if action in {A.SUPERVISE, A.LIFT}:
            values["supervised"] = row.level if action is A.SUPERVISE else ""
        if action is A.UPHOLD and task.kind == TaskKind.HANDLE:
            values["excused"] = True
        return self._update_case(case, **values) if values else case

    def _task_values(self, case: Any, task: Any, row: Any, action: Action) -> dict[str, Any]:
        moves = action is A.GRANT and task.due_what == DeadlineWhat.HANDLE and task.met_ms is None
        moves = moves and (task.kind == TaskKind.VERIFY or _limits_handling(case))
        return {"due_ms": row.granted_ms} if moves else {}

    def _tell(self, task: Any, case: Any, row: Any, action: Action) -> None:
        if action in _TO_SUPERVISOR:
            to = [self._tasks.supervisor(task, case)]
        elif action is A.ANSWER:
            to = [row.person]
        elif action in {A.SUPERVISE, A.LIFT}:
            to = [task.owner]
        else:
            to = [row.person, task.owner]
        for person in dict.fromkeys(to):
            self._tasks.message(task, case, _TOLD[action], person)

    def _update(self, row: Any, **values: Any) -> Any:
        table = tables.proceeding
        query = sa.update(table).where(table.c.number == row.number).values(**values).returning(table)
        return self._connection.execute(query).one()

    def _update_case(self, case: Any, **values: Any) -> Any:
        table = tables.case
        query = sa.update(table).where(table.c.number == case.number).values(changed_ms=self._now_ms, **values)
        return self._connection.execute(query.returning(table)).one()


def matter(connection: sa.Connection, task: Any, case: Any, actor: Actor, policy: Policy, now_ms: int) -> Matter:
    """What decides about proceedings of a task, read from its rows."""
    kind = TaskKind(task.kind)
    stage = _newest_run(connection, case.number, LIMITS[kind])
    running = stage is not None and stage.paused_since_ms is None and stage.ended_ms is None
    closed = case.state == CaseState.CLOSED
    return Matter(
        case=CaseState(case.state),
        task=kind,
        task_state=TaskState(task.state),
        drill=case.drill,
        actor=actor,
        owner=task.owner,
        now_ms=now_ms,
        due_ms=stage.limit_ms if running and stage is not None else None,
        met=stage is None or stage.ended_ms is not None,
        latest_ms=_latest_moment(stage, policy) if running else None,
        extensions=case.extensions if kind is TaskKind.HANDLE else _granted(connection, task.number),
        extensions_most=policy.extensions_most,
        adverse=closed and (_was_late(connection, task) or _rejections(connection, task) > 0),
        appeal_until_ms=case.closed_ms + policy.appeal_within_ms if case.closed_ms is not None else None,
        latest={one: _standing(row) for one, row in newest_of(connection, task.number).items()},
    )


def newest_of(connection: sa.Connection, task: int) -> dict[ProceedingKind, Any]:
    """The newest proceeding of each kind that a task has."""
    table = tables.proceeding
    rows = connection.execute(sa.select(table).where(table.c.task == task).order_by(table.c.number))
    return {ProceedingKind(row.kind): row for row in rows}


def _standing(row: Any) -> Standing:
    return Standing(
        state=ProceedingState(row.state),
        by=row.actor,
        level=SupervisionLevel(row.level) if row.level else None,
        wished_ms=row.wished_ms,
        endorsed_by=row.endorsed_by,
    )


def _granted(connection: sa.Connection, task: int) -> int:
    """How often the limit of a task was extended."""
    table = tables.proceeding
    granted = (table.c.task == task, table.c.kind == K.EXTENSION.value, table.c.state == S.GRANTED.value)
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*granted)).scalar_one())


def _newest_run(connection: sa.Connection, case: int, stage: Stage) -> Any | None:
    """The newest run of the clock of a stage."""
    table = tables.stage
    query = sa.select(table).where(table.c.case == case, table.c.stage == stage.value)
    return connection.execute(query.order_by(table.c.number.desc()).limit(1)).one_or_none()


def _latest_moment(stage: Any, policy: Policy) -> int:
    """One original limit beyond the present one."""
    limit = StageLimit(amount=stage.amount, unit=LimitUnit(stage.unit))
    return due(policy.calendar, limit.unit.clock, stage.limit_ms, limit.hours)


def _limits_handling(case: Any) -> bool:
    return case.due_what == DeadlineWhat.HANDLE and case.due_ms is not None and case.met_ms is None


def _was_late(connection: sa.Connection, task: Any) -> bool:
    """Whether a limit of the task, or of one of its stages, was missed; whatever was ruled about it."""
    table = tables.stage
    late = sa.select(sa.exists().where(table.c.task == task.number, table.c.late))
    return bool(task.overdue) or bool(connection.execute(late).scalar_one())


def _rejections(connection: sa.Connection, task: Any) -> int:
    """How often the repair was judged not to hold; for whoever verifies that counts nothing."""
    if task.kind != TaskKind.HANDLE:
        return 0
    table = tables.history
    where = (
        table.c.case == task.case,
        table.c.action == Action.REJECT.value,
        table.c.from_state == CaseState.HANDLED.value,
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())
