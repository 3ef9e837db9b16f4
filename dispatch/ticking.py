"""What time does by itself: limits pass, waiting tasks are escalated, posts change hands, old lines are dropped.

``anything_due`` asks a handful of indexed questions without taking the write lock; only if one of them says yes does a
round write. Every step marks what it has done, so a round that is repeated does nothing more.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, CaseState, TaskKind, TaskState
from core.ports.registry import Roster
from core.stages import LadderStep, Stage
from dispatch import tables
from dispatch.alarmwork import AlarmWork, due_for_case
from dispatch.casework import NOT_BEGUN
from dispatch.drillwork import UNCONFIRMED
from dispatch.offerwork import lapsed
from dispatch.policy import Policy
from dispatch.proceedings import AT_WORK
from dispatch.silence import expire_flags
from dispatch.suspension import end_suspension
from dispatch.worktime import HOUR_MS

_KEYS_KEPT_MS = 30 * 24 * HOUR_MS
_PRUNE_EVERY_MS = HOUR_MS
GONE = "owner gone"
"""Note of a task that came back because whoever had it is not there any more."""
WAITS_FOR_OWNER = frozenset({CaseState.FILED, CaseState.RETURNED, CaseState.TRANSFERRED})


class Rounds:
    """One round over everything that time touches."""

    def __init__(self, policy: Policy, roster: Roster, now_ms: int, *, seek_owners: bool) -> None:
        """A round at ``now_ms``; ``seek_owners``: try again for tasks that nobody could be found for."""
        self._seek_owners = seek_owners
        self._policy = policy
        self._roster = roster
        self._now_ms = now_ms

    def anything_due(self, connection: sa.Connection) -> bool:
        """Whether a round would change anything."""
        questions = [
            sa.exists(due_for_case(self._policy, self._now_ms)),
            sa.exists().where(tables.flag.c.due_ms <= self._now_ms),
            sa.exists().where(self._late(tables.case)),
            sa.exists().where(self._late(tables.task)),
            sa.exists().where(self._unanswered()),
            sa.exists().where(lapsed(self._now_ms)),
            sa.exists().where(self._old_feed()),
            sa.exists().where(self._unconfirmed()),
            sa.exists().where(self._calm()),
            sa.exists().where(tables.stage.c.next_ms < self._now_ms),
            sa.exists().where(tables.proceeding.c.due_ms < self._now_ms),
            sa.exists().where(self._held_enough()),
        ]
        if bool(connection.execute(sa.select(sa.or_(*questions))).scalar_one()):
            return True
        return any(True for _ in self._orphans(connection))

    def run(self, connection: sa.Connection, work: AlarmWork) -> None:
        """Do the round."""
        expire_flags(work, self._roster, self._policy, self._now_ms)
        work.open_due_cases()
        work.settle()
        for row in self._orphans(connection):
            self._find_owner(work, row)
        for row in connection.execute(_in_order(tables.task, lapsed(self._now_ms), tables.task.c.offer_ms)).all():
            case = work.cases.case(row.case)
            work.ledger.note(case.number, "offer_over", task=row.number)
            work.cases.tasks.reassign(row, case, kind="task" if row.kind == TaskKind.HANDLE else "verify")
        for row in connection.execute(_in_order(tables.task, self._unanswered())).all():
            self._escalate(work, row)
        for row in connection.execute(_in_order(tables.task, self._late(tables.task))).all():
            self._task_overdue(work, row)
        for row in connection.execute(_in_order(tables.case, self._late(tables.case))).all():
            row = work.cases.update(row, overdue=True)
            work.ledger.note(row.number, "overdue")
            work.cases.tell(row, "overdue")
        for row in connection.execute(_in_order(tables.case, self._held_enough())).all():
            end_suspension(work.cases, row, self._policy, self._now_ms)
        stage = tables.stage
        for row in connection.execute(_in_order(stage, stage.c.next_ms < self._now_ms, stage.c.next_ms)).all():
            self._climb(work, row)
        unanswered = _in_order(tables.proceeding, tables.proceeding.c.due_ms < self._now_ms)
        for row in connection.execute(unanswered).all():
            work.cases.proceedings.unanswered(row, work.cases.case(row.case))
        for row in connection.execute(_in_order(tables.case, self._unconfirmed())).all():
            work.cases.cancel(row, UNCONFIRMED)
        for number in (
            connection.execute(sa.select(tables.case.c.number).where(self._calm()).order_by(tables.case.c.number))
            .scalars()
            .all()
        ):
            work.cases.settle(number, cleared=False)
        connection.execute(sa.delete(tables.feed).where(self._old_feed()))
        connection.execute(sa.delete(tables.command).where(tables.command.c.at_ms < self._now_ms - _KEYS_KEPT_MS))
        connection.execute(sa.delete(tables.told).where(tables.told.c.at_ms < self._now_ms - self._policy.turn_ms))

    def _late(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.open, ~table.c.overdue, table.c.met_ms.is_(None), table.c.due_ms < self._now_ms)

    def _unconfirmed(self) -> sa.ColumnElement[bool]:
        """Drills whose time is over."""
        table = tables.case
        return sa.and_(table.c.open, table.c.drill, table.c.opened_ms <= self._now_ms - self._policy.drill_ms)

    def _held_enough(self) -> sa.ColumnElement[bool]:
        """Suspensions whose time is over."""
        return sa.and_(tables.case.c.open, tables.case.c.suspended_until_ms <= self._now_ms)

    def _calm(self) -> sa.ColumnElement[bool]:
        """Storms that nobody has begun and that have been quiet for long enough."""
        table, quiet_ms = tables.case, self._now_ms - self._policy.storm_quiet_ms
        waits = table.c.state.in_([state.value for state in NOT_BEGUN])
        return sa.and_(table.c.open, table.c.quiet_ms <= quiet_ms, waits)

    def _unanswered(self) -> sa.ColumnElement[bool]:
        table = tables.task
        waits = table.c.state == TaskState.WAITING.value
        return sa.and_(table.c.open, waits, ~table.c.escalated, table.c.escalate_ms < self._now_ms)

    def _old_feed(self) -> sa.ColumnElement[bool]:
        """Lines older than kept; an hour's worth at a time, so that pruning does not write in every round."""
        head = sa.select(tables.feed_head.c.last).where(tables.feed_head.c.id == 1).scalar_subquery()
        table, inner = tables.feed, tables.feed.alias()
        oldest = sa.select(sa.func.min(inner.c.at_ms)).scalar_subquery()
        before_ms = self._now_ms - self._policy.feed_kept_ms
        return sa.and_(table.c.at_ms < before_ms, table.c.id < head, oldest < before_ms - _PRUNE_EVERY_MS)

    def _orphans(self, connection: sa.Connection) -> list[Any]:
        """Open tasks without an owner, or whose owner is not there any more."""
        table = tables.task
        active = [number for number, person in self._roster.people.items() if person.active]
        nobody = _in_order(table, sa.and_(table.c.open, ~table.c.drill, table.c.owner.is_(None)))
        found = list(connection.execute(nobody)) if active and self._seek_owners else []
        owned = (table.c.open, ~table.c.drill, table.c.owner.is_not(None))
        owners = connection.execute(sa.select(table.c.owner).where(*owned).distinct())
        gone = sorted(set(owners.scalars()) - set(active))
        if gone and active:
            found += connection.execute(_in_order(table, sa.and_(*owned, table.c.owner.in_(gone)), table.c.owner)).all()
        return found

    def _find_owner(self, work: AlarmWork, row: Any) -> None:
        """Give a task without a worker to somebody; if its worker has gone from the middle of it, as if returned."""
        case, handles = work.cases.case(row.case), row.kind == TaskKind.HANDLE
        if handles and case.state in AT_WORK:
            case = work.cases.step(case, Action.RETURN, task=row.number, note=GONE)
        after = work.cases.tasks.reassign(row, case)
        if after.owner is not None and case.state in WAITS_FOR_OWNER:
            work.cases.follow_up(case)

    def _climb(self, work: AlarmWork, row: Any) -> None:
        """A stage takes long: whoever comes next on the ladder hears of it."""
        case = work.cases.case(row.case)
        steps, after = work.cases.tasks.stages.look(row, case)
        task = work.cases.tasks.one(row.task)
        for step in steps:
            self._tell_step(work, after, task, case, step)

    def _tell_step(self, work: AlarmWork, stage: Any, task: Any, case: Any, step: LadderStep) -> None:
        tasks = work.cases.tasks
        told = task.escalated if stage.stage == Stage.ACCEPT else task.overdue
        if step is LadderStep.SUPERVISOR and told:
            return  # they have just heard of it, from the limit of the task itself
        to: tuple[int | None, ...] = (task.owner,)
        if step is LadderStep.ON_DUTY:
            to = (tasks.stand_in(task, case),)
        elif step is LadderStep.SUPERVISOR:
            to = (task.owner, tasks.supervisor(task, case))
        elif step is LadderStep.LEADS:
            to = tasks.heads(task, case)
        people = [person for person in dict.fromkeys(to) if person is not None]
        for person in people:
            tasks.message(task, case, f"{stage.stage}_{step}", person, tasks.announce_ms(Severity(case.severity)))
        names = ", ".join(f"person {person}" for person in people) or "nobody"
        work.ledger.note(case.number, f"ladder_{step}", task=task.number, note=f"{stage.stage}: {names}")
        level = {LadderStep.SUPERVISOR: 1, LadderStep.LEADS: 2}.get(step, 0)
        if case.escalated < level:
            work.cases.tell(work.cases.update(case, escalated=level), "escalated")
        else:
            work.cases.tell(case, f"ladder_{step}")

    def _escalate(self, work: AlarmWork, row: Any) -> None:
        case = work.cases.case(row.case)
        after = work.cases.tasks.update(row, escalated=True)
        above = work.cases.tasks.supervisor(row, case)
        work.cases.tasks.message(after, case, "escalated", above)
        work.ledger.note(case.number, "escalated", task=row.number, note=f"person {above}" if above else "nobody")
        work.cases.tasks.tell(after, case, "escalated")
        if case.escalated < 1:
            work.cases.tell(work.cases.update(case, escalated=1), "escalated")

    def _task_overdue(self, work: AlarmWork, row: Any) -> None:
        case = work.cases.case(row.case)
        after = work.cases.tasks.update(row, overdue=True)
        above = work.cases.tasks.supervisor(row, case)
        for person in dict.fromkeys((row.owner, above)):
            work.cases.tasks.message(after, case, "overdue", person)
        work.ledger.note(case.number, "overdue", task=row.number)
        work.cases.tasks.tell(after, case, "overdue")
        if case.escalated < 2:
            work.cases.tell(work.cases.update(case, escalated=2), "escalated")


def _in_order(table: sa.Table, which: sa.ColumnElement[bool], *first: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Rows that are due, by ``first`` and their number: without that each database has an order of its own."""
    return sa.select(table).where(which).order_by(*first, table.c.number)
