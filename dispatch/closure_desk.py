"""What people do about the end of cases beside the steps of their tasks: cases of one root cause become one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, Actor, Conflict, NotPermitted, RuleInfo, TaskState, UnknownItem
from core.errors import Invalid
from core.findings import Sentence
from core.merging import FieldMoved
from core.places import Grid
from core.ports.closure import Correction
from core.ports.registry import Roster, RosterSource
from dispatch import closure_tables, tables
from dispatch import findings as kinds
from dispatch.alarmwork import AlarmWork, info_of
from dispatch.closure_queries import SqlClosureQueries
from dispatch.correcting import ACTION, correct, is_repeat
from dispatch.database import writing
from dispatch.fitness import with_standing
from dispatch.lastingwork import has_project, is_filed, write_down
from dispatch.lifecycle import MAY_MERGE
from dispatch.policy import Policy
from dispatch.taskwork import SourceOnce
from dispatch.unmerging import take_back


class SqlClosures(SqlClosureQueries):
    """``core.ports.closure``: reading and merging; safe to use from several threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        policy: Policy | None = None,
    ) -> None:
        """Write to ``engine`` (prepared by ``dispatch.database.prepare``)."""
        super().__init__(engine, source, policy)
        self._rules = rules

    def merge(self, number: int, into: int, reason: str, actor: Actor, now_ms: int) -> None:
        """Let a case go into another of the same cause: its alarms, present and to come, are that one's from now on.

        Merging the same once more changes nothing.

        Raises:
            UnknownItem: if there is no such case.
            NotPermitted: if the actor does not supervise.
            Conflict: ``wrong_state`` if one of them may not be merged.
            Invalid: if the reason is missing.
        """
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            row, heir = _case(connection, number), _case(connection, into)
            _check_asked(kinds.ACTIONS[Action.MERGE.value], reason, actor, source.roster(), row, heir)
            if _is_done(connection, number, into):
                return
            _check_pair(row, heir)
            work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
            brought = self._hand_over(connection, work, row, heir)
            self._end(work, row, heir, reason.strip(), actor, now_ms)
            values = {"case": number, "into": into, "at_ms": now_ms, "actor": actor.login, "person": actor.person}
            connection.execute(sa.insert(closure_tables.merge).values(**values, reason=reason.strip()[:1000]))
            if brought:
                rows = [{"case": number, "alarm_id": alarm_id} for alarm_id in brought]
                connection.execute(sa.insert(closure_tables.merge_alarm), rows)
            work.cases.mark(into, work.flags.flagged(into))
            work.ledger.flush()

    def correct(self, ask: Correction, now_ms: int) -> tuple[FieldMoved[str], ...]:
        """Correct the newest report of a task; see ``dispatch.correcting``. The same key again does nothing.

        Raises:
            UnknownItem, NotPermitted, Diverged, Invalid: as ``core.ports.closure`` says; Conflict: ``key_reused``.
        """
        if not 1 <= len(ask.key) <= 64:
            raise Invalid([kinds.KEY_MISSING.at()])
        if not ask.reason.strip():
            raise Invalid([kinds.REASON_MISSING.at(action=kinds.ACTIONS[ACTION])])
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            if is_repeat(connection, ask):
                return ()
            moved, told = correct(connection, ask, now_ms)
            values = {"actor": ask.actor.login, "key": ask.key, "task": ask.task, "action": ACTION, "at_ms": now_ms}
            connection.execute(sa.insert(tables.command).values(values))
            if told:
                work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
                row = work.cases.tasks.one(ask.task)
                work.ledger.note(row.case, "corrected", task=ask.task, actor=ask.actor, note=told)
                work.cases.tasks.tell(row, work.cases.case(row.case), "corrected")
                work.ledger.flush()
            return moved

    def unmerge(self, number: int, reason: str, actor: Actor, now_ms: int) -> None:
        """Take a merging back: the case goes on by itself with its alarms; see ``dispatch.unmerging``.

        Raises:
            UnknownItem: if there is no such case.
            NotPermitted: if the actor does not supervise.
            Conflict: ``wrong_state`` if it is not merged, or the merging can no longer be taken back.
            Invalid: if the reason is missing.
        """
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            row = _case(connection, number)
            _check_asked(kinds.ACTIONS[Action.UNMERGE.value], reason, actor, source.roster(), row)
            work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
            take_back(
                connection,
                work,
                row,
                reason=reason.strip(),
                actor=actor,
                rules=self._rules,
                policy=self._policy,
                now_ms=now_ms,
            )
            work.ledger.flush()

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
            UnknownItem: if no such fault came again, or its community has no such project.
            NotPermitted: if the actor does not supervise.
            Conflict: ``decided`` if it is not to be decided now.
            Invalid: if the reason is missing.
        """
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            table = tables.case
            mine = [table.c.facility == facility, table.c.family == family]
            fault = next(iter(self._recurring(connection, now_ms, mine)), None)
            if fault is None:
                _check_there(facility, reason, actor, source.roster())
                raise UnknownItem(kinds.NO_RECURRING(facility=facility))
            newest = _case(connection, fault.cases[0].number)
            _check_asked(kinds.DECIDING_LASTING, reason, actor, source.roster(), newest)
            if project is not None and not has_project(connection, project, fault.community):
                raise UnknownItem(kinds.NO_SUCH_PROJECT(project=project))
            if not fault.asks or is_filed(connection, facility, family):
                raise Conflict("decided", kinds.LASTING_DECIDED())
            work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
            number = write_down(
                connection,
                work,
                newest=newest,
                counted=len(fault.cases),
                accepted=accept,
                project_number=project if accept else None,
                reason=reason.strip(),
                actor=actor,
                policy=self._policy,
                now_ms=now_ms,
            )
            work.ledger.flush()
            return number

    def _hand_over(self, connection: sa.Connection, work: AlarmWork, row: Any, heir: Any) -> list[str]:
        """The alarms of one case join the other, which takes the worst severity; their ids."""
        table = tables.alarm
        query = sa.select(table).where(table.c.case == row.number).order_by(table.c.start_ms, table.c.alarm_id)
        alarms = connection.execute(query).all()
        for alarm in alarms:
            info = info_of(self._rules, alarm.rule_id, Severity(alarm.severity))
            heir = work.cases.join(work.cases.case(heir.number), alarm, info)
        return [alarm.alarm_id for alarm in alarms]

    def _end(self, work: AlarmWork, row: Any, heir: Any, reason: str, actor: Actor, now_ms: int) -> None:
        """The case that went ends with its tasks; both histories say so, and whoever was at work on it is told."""
        cases, note = work.cases, f"{heir.code} {reason}"[:1000]
        for task in cases.tasks.tasks(row.number).values():
            cases.withdraw(task)
            after = cases.tasks.by_system(task, row, Action.CANCEL, actor, note)
            if after is not None and task.state != TaskState.WAITING:
                cases.tasks.message(after, row, "merged", after.owner)
        row = cases.update(row, note=note, ended_by=actor.login, closed_ms=now_ms, flagged="")
        cases.step(row, Action.MERGE, actor=actor, note=note)
        work.ledger.note(heir.number, "merged_in", actor=actor, note=f"{row.code} {reason}")
        cases.tell(cases.case(heir.number), "merged_in")


def _check_asked(action: Sentence, reason: str, actor: Actor, roster: Roster, *cases: Any) -> None:
    """Only whoever supervises the leading grid of every case, and never without a reason."""
    leads = all(with_standing(actor, one.community, Grid(one.lead), roster).supervises for one in cases)
    _check(action, reason, leads=leads)


def _check_there(facility: int, reason: str, actor: Actor, roster: Roster) -> None:
    """As ``_check_asked`` where there is no case yet: whoever supervises neither grid there learns nothing of it."""
    place = roster.places.get(facility)
    there = [] if place is None else [with_standing(actor, place.community, grid, roster) for grid in Grid]
    _check(kinds.DECIDING_LASTING, reason, leads=any(one.supervises for one in (actor, *there)))


def _check(action: Sentence, reason: str, *, leads: bool) -> None:
    if not leads:
        raise NotPermitted(kinds.NOT_IN_QUEUE(action=action))
    if not reason.strip():
        raise Invalid([kinds.REASON_MISSING.at(action=action)])


def _case(connection: sa.Connection, number: int) -> Any:
    row = connection.execute(sa.select(tables.case).where(tables.case.c.number == number)).one_or_none()
    if row is None:
        raise UnknownItem(kinds.NO_CASE(case=number))
    return row


def _is_done(connection: sa.Connection, number: int, into: int) -> bool:
    table = closure_tables.merge
    query = sa.select(sa.exists().where(table.c.case == number, table.c.into == into))
    return bool(connection.execute(query).scalar_one())


def _check_pair(row: Any, heir: Any) -> None:
    """Refuse what may not be merged."""
    if row.number == heir.number:
        raise Conflict("wrong_state", kinds.MERGE_WITH_ITSELF())
    for one in (row, heir):
        if one.state not in MAY_MERGE or one.drill or one.gathers:
            raise Conflict("wrong_state", kinds.CANNOT_MERGE(case=one.code, state=kinds.CASES[one.state]))
