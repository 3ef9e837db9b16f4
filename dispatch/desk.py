"""What people do with alarms and tasks: ``core.ports.cases.CaseCommands`` over SQL.

Every command is one transaction. The write lock is taken first, then the present state is read, then the tables of
``dispatch.lifecycle`` decide; so of two people who press the same button one wins and the other is told who did. A
command that is repeated with its key answers as before and does nothing.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.cases import (
    PROCEEDINGS,
    Action,
    Actor,
    CaseState,
    Conflict,
    DeadlineWhat,
    TaskKind,
    TaskState,
    UnknownItem,
)
from core.closure import HandlingReport, Outcome
from core.errors import Invalid
from core.findings import Said
from core.people import Person, Role
from core.places import Grid
from core.ports.cases import TaskCommand, TaskRow
from core.ports.registry import Roster
from dispatch import findings as kinds
from dispatch import photo_proof, tables
from dispatch.alarm_desk import SqlAlarmDesk
from dispatch.alarmwork import AlarmWork
from dispatch.database import writing
from dispatch.fitness import keeps_from_taking, lack_of, with_standing
from dispatch.handover import check_receiver, is_there
from dispatch.lifecycle import Situation, decide
from dispatch.offerwork import may_take
from dispatch.policy import Policy
from dispatch.proceedings import Wish
from dispatch.reports import check, keep
from dispatch.suspension import limits_resumed, tell_the_other, until
from dispatch.taskwork import SourceOnce
from dispatch.verifying import begin_again, call_verifier
from dispatch.views import one_task


class SqlDesk(SqlAlarmDesk):
    """All writing by people, with alarms and with tasks; safe to use from several threads and processes."""

    def act(self, command: TaskCommand, now_ms: int) -> TaskRow:
        """Do something with a task; the task after it.

        Raises:
            UnknownItem: if there is no such task.
            NotPermitted: if it is in somebody else's queue; ``Unfit`` if whoever would have it lacks what it asks.
            Conflict: if its state does not allow the action, or somebody was faster.
            Invalid: if the key or the reason is missing.
        """
        if not 1 <= len(command.key) <= 64:
            raise Invalid([kinds.KEY_MISSING.at()])
        check(command.action, command.report)
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            if not _is_repeat(connection, command):
                query = sa.select(tables.task).where(tables.task.c.number == command.task)
                row = connection.execute(query).one_or_none()
                if row is None:
                    raise UnknownItem(kinds.NO_TASK(task=command.task))
                if command.version is not None and command.version != row.version:
                    raise Conflict("changed", kinds.CHANGED(), row.owner)
                work = self._work(connection, source, now_ms)
                _Turn(connection, work, source.roster(), self._policy, command, now_ms).take(row)
                connection.execute(
                    sa.insert(tables.command).values(
                        actor=command.actor.login,
                        key=command.key,
                        task=command.task,
                        action=command.action.value,
                        at_ms=now_ms,
                    )
                )
                work.ledger.flush()
            return one_task(connection, command.task)


class _Turn:
    """One action on one task, inside its transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        work: AlarmWork,
        roster: Roster,
        policy: Policy,
        command: TaskCommand,
        now_ms: int,
    ) -> None:
        self._connection = connection
        self._cases, self._watches, self._ledger = work.cases, work.watches, work.ledger
        self._roster = roster
        self._policy = policy
        self._command = command
        self._now_ms = now_ms

    def take(self, row: Any) -> None:
        """Decide and do it."""
        command, case = self._command, self._cases.case(row.case)
        if command.action in PROCEEDINGS:
            wish = Wish(note=command.note, until_ms=command.until_ms, level=command.level)
            actor = with_standing(command.actor, case.community, Grid(row.grid), self._roster)
            self._cases.proceedings.take(row, case, actor, command.action, wish)
            return
        found = situation(row, case, command.actor, self._roster, self._policy, self._now_ms)
        step = decide(found, command.action, command.note)
        unfit: Said | None = None
        if command.action is Action.VERIFY:
            self._check_alarms_off(case)
            self._check_photo(case)
        if command.action is Action.TRANSFER:
            unfit = self._check_target(row, case)
        if command.action is Action.CANCEL:
            self._cases.cancel(case, command.note, command.actor)
            return
        before = row.state
        row = self._cases.tasks.update(row, state=step.task, **self._values(row))
        self._note(case, row, before)
        if step.case is not None:
            values = self._case_values(case)
            case = self._cases.step(
                case, command.action, actor=command.actor, task=row.number, note=command.note, **values
            )
        if unfit is not None:
            words = f"{unfit.in_language('zh')} / {unfit.in_language('en')}"
            self._ledger.note(case.number, "unfit", task=row.number, actor=command.actor, note=words)
        self._cases.tasks.tell(row, case, command.action.value)
        self._effects(row, case)

    def _values(self, row: Any) -> dict[str, object]:
        action, values = self._command.action, dict[str, object]()
        if action is Action.ACCEPT:
            values = {"owner": self._command.actor.person, "escalated": True, "not_before_ms": None}
        if action is Action.CONFIRM:
            values = {"owner": self._command.actor.person, "met_ms": self._now_ms}
        if row.met_ms is None and (action in {Action.HANDLE, Action.VERIFY} or _arrives(row, action)):
            values |= {"met_ms": self._now_ms, "overdue": _missed(row, self._now_ms)}
        if action is Action.SUSPEND:
            values["due_ms"] = None
        return values

    def _case_values(self, case: Any) -> dict[str, object]:
        action, values = self._command.action, dict[str, object]()
        if action is Action.HANDLE:
            values["handled_by"] = self._command.actor.person
        if action is Action.SUSPEND:
            suspended = {"suspended_ms": self._now_ms, "suspended_due_ms": case.due_ms, "due_ms": None}
            suspended["suspended_until_ms"] = until(self._command.until_ms, self._now_ms, self._policy)
            values |= {"suspensions": case.suspensions + 1, **suspended}
        if action is Action.VERIFY:
            values["ended_by"] = self._command.actor.login
        if action is Action.CONFIRM:
            values |= {"ended_by": self._command.actor.login, "closed_ms": self._now_ms}
        if case.met_ms is None and (action is Action.HANDLE or _arrives(case, action)):
            values |= {"met_ms": self._now_ms, "overdue": _missed(case, self._now_ms)}
        return values

    def _effects(self, row: Any, case: Any) -> None:
        action = self._command.action
        if action is Action.ACCEPT:
            self._cases.withdraw(row)
        elif action is Action.CONFIRM and not case.open:
            self._cases.confirmed(case)
        elif action is Action.HANDLE:
            self._handled(row, case)
        elif action is Action.REJECT:
            self._watches.overtake(case.number)
            begin_again(self._cases, case, self._command.actor)
        elif action is Action.VERIFY:
            self._watches.overtake(case.number)
        elif action is Action.SUSPEND:
            tell_the_other(self._cases, row, case, "suspended", self._command.actor)
        elif action is Action.RESUME:
            limits_resumed(self._cases, row, case, self._policy, self._now_ms)
            row = self._cases.tasks.one(row.number)  # with its limit
            tell_the_other(self._cases, row, case, "taken_up", self._command.actor)
        elif action is Action.RETURN:
            self._cases.tasks.reassign(row, case, not_again=row.owner)
        elif action is Action.TRANSFER:
            self._cases.tasks.reassign(row, case, owner=self._command.to_person)
        if action in {Action.RETURN, Action.TRANSFER, Action.VERIFY}:
            self._cases.follow_up(self._cases.case(case.number))

    def _handled(self, row: Any, case: Any) -> None:
        """The repair is reported: the sensor observes it, or somebody else looks."""
        report = self._command.report or HandlingReport()
        keep(
            self._connection,
            case=case.number,
            task=row.number,
            actor=self._command.actor,
            report=report,
            now_ms=self._now_ms,
        )
        if report.outcome is not Outcome.REPAIRED or not self._watches.begin(case):
            call_verifier(self._cases.tasks, case)

    def _note(self, case: Any, row: Any, before: str) -> None:
        if row.kind == TaskKind.HANDLE or self._command.action in {Action.VERIFY, Action.REJECT}:
            return  # the case's own step says it
        self._cases.note_task(case, row, self._command.action, self._command.actor, before, self._command.note)

    def _check_alarms_off(self, case: Any) -> None:
        if self._cases.has_active_alarm(case.number) and not self._command.note.strip():
            raise Invalid([kinds.ALARM_STILL_ON.at()])

    def _check_photo(self, case: Any) -> None:
        """What no sensor shows is closed on a photo after the repair, or on words why there is none."""
        if not self._command.note.strip() and photo_proof.missing(self._connection, case):
            raise Invalid([kinds.PHOTO_MISSING.at()])

    def _check_target(self, row: Any, case: Any) -> Said | None:
        """Whether somebody may be given the task; what they lack for it all the same."""
        person = self._roster.people.get(self._command.to_person) if self._command.to_person is not None else None
        if person is None or not is_there(person, case.community):
            raise Invalid([kinds.NOBODY_TO_TRANSFER_TO.at()])
        return check_receiver(person, row, case, self._roster, self._policy, self._now_ms)


def situation(row: Any, case: Any, actor: Actor, roster: Roster, policy: Policy, now_ms: int) -> Situation:
    """What decides whether an actor may do something with a task at ``now_ms``."""
    person = roster.people.get(actor.person) if actor.person is not None else None
    lack = None if person is None else lack_of(person, row, case, roster, policy, now_ms)
    unfit = lack.said if person is not None and lack is not None and keeps_from_taking(person, lack) else None
    return Situation(
        case=CaseState(case.state),
        kind=TaskKind(row.kind),
        task=TaskState(row.state),
        actor=with_standing(actor, case.community, Grid(row.grid), roster),
        owner=row.owner,
        colleague=person is not None and _may_take(person, row, case),
        handled_by=case.handled_by,
        suspended_before=case.suspensions > 0,
        drill=case.drill,
        unfit=unfit,
    )


def _may_take(person: Person, row: Any, case: Any) -> bool:
    if not person.active or not person.works_in(case.community):
        return False
    if person.volunteer:
        return may_take(row, person.number)
    if person.role in {Role.MANAGER, Role.ADMINISTRATOR}:
        return True
    if row.kind == TaskKind.VERIFY and not case.support:
        return person.grid is Grid(case.lead).other or (person.supervisor and person.grid is Grid(case.lead))
    return person.grid is Grid(row.grid)


def _arrives(row: Any, action: Action) -> bool:
    return action is Action.ARRIVE and row.due_what == DeadlineWhat.ARRIVE


def _missed(row: Any, now_ms: int) -> bool:
    """A limit that is met exactly at its end is met in time."""
    return bool(row.overdue or (row.due_ms is not None and now_ms > row.due_ms))


def _is_repeat(connection: sa.Connection, command: TaskCommand) -> bool:
    table = tables.command
    key = (table.c.actor == command.actor.login, table.c.key == command.key)
    row = connection.execute(sa.select(table).where(*key)).one_or_none()
    if row is None:
        return False
    if (row.task, row.action) != (command.task, command.action.value):
        raise Conflict("key_reused", kinds.KEY_REUSED())
    return True
