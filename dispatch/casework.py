"""Cases inside a transaction: opened, joined, raised, cancelled, reopened. Which of these, the alarms decide.

The rules (docs/alarms.md, part 8): an alarm of medium severity or above opens one case or joins the open one of its
facility and rule family; the case takes the worst severity; if all its alarms clear before somebody has begun, it is
cancelled as *self-cleared*, afterwards the clearing is a note; an alarm whose case has ended by itself and that proves
to be on, or comes again soon, reopens that case instead of making a second one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmState, Severity
from core.cases import (
    OPEN_CASE_STATES,
    SYSTEM,
    Action,
    Actor,
    CaseState,
    Common,
    Deadline,
    DeadlineClock,
    RuleInfo,
    TaskKind,
    TaskState,
)
from core.places import Text
from core.ports.feed import FeedKind
from core.ports.registry import RosterSource
from dispatch import tables
from dispatch.casefind import SELF_CLEARED, closed_lately, open_like
from dispatch.casememory import CaseMemory
from dispatch.deciding import AllOff, handling_limit, needs_call_out, when_all_off
from dispatch.drillwork import end_alarms, is_drill
from dispatch.filing import Filing, filed, given_out
from dispatch.foldwork import FOLDED, FoldWork
from dispatch.ledger import Ledger
from dispatch.lifecycle import FOLLOW_UPS, UNSTARTED, next_case
from dispatch.merges import members
from dispatch.newrows import NewRows
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.proceedingwork import ProceedingWork
from dispatch.storms import StormEvent, StormState, group_of, is_joint, next_storm, told
from dispatch.taskwork import TaskWork
from dispatch.worktime import due

RETRACTED = "retracted"
_LATCHED = (AlarmState.LATCHED_UNACKNOWLEDGED.value, AlarmState.LATCHED_ACKNOWLEDGED.value)
NOT_BEGUN = frozenset({CaseState.FILED, CaseState.DISPATCHED, CaseState.RETURNED, CaseState.TRANSFERRED})


class CaseWork:
    """All that happens to case rows in one transaction."""

    def __init__(
        self, connection: sa.Connection, ledger: Ledger, source: RosterSource, policy: Policy, now_ms: int
    ) -> None:
        """Work on ``connection`` at ``now_ms``."""
        self._connection = connection
        self._ledger = ledger
        self._source = source
        self._policy = policy
        self._now_ms = now_ms
        self.rows = NewRows(connection)
        self.tasks = TaskWork(connection, ledger, source, policy, now_ms, self.rows)
        self.proceedings = ProceedingWork(connection, ledger, self.tasks, policy, now_ms)
        self.memory = CaseMemory(connection, policy, self.rows)

    def case(self, number: int) -> Any:
        """The row of a case."""
        waiting = self.rows.waiting(tables.case, number)
        if waiting is not None:
            return waiting
        return self._connection.execute(sa.select(tables.case).where(tables.case.c.number == number)).one()

    def update(self, row: Any, **values: object) -> Any:
        """Change a case row; the row after it."""
        table, values = tables.case, {"changed_ms": self._now_ms, **values}
        self.memory.changed(row)
        waiting = self.rows.change(table, row.number, values)
        if waiting is not None:
            return waiting
        query = sa.update(table).where(table.c.number == sa.bindparam("row_number")).returning(table)
        return self._connection.execute(query, {"row_number": row.number, **values}).one()

    def step(
        self,
        row: Any,
        action: Action,
        *,
        actor: Actor | None = None,
        task: int | None = None,
        note: str = "",
        **values: object,
    ) -> Any:
        """Move a case by its table, with history and feed; the row after it.

        Raises:
            core.cases.Conflict: if the table has no such step.
        """
        before = CaseState(row.state)
        after = next_case(before, action)
        row = self.update(row, state=after.value, open=after in OPEN_CASE_STATES, **values)
        self._ledger.note(
            row.number,
            action.value,
            task=task,
            actor=actor,
            from_state=before.value,
            to_state=after.value,
            note=note,
        )
        self.tasks.stages.step(row, action, task)
        row = self.proceedings.lapse(row, action)
        self.tell(row, action.value)
        return row

    def follow_up(self, row: Any, handle: Any | None = None) -> Any:
        """Let the system do what follows; a dispatch waits until somebody is there.

        ``handle`` is the handling task, where it is known.
        """
        action = FOLLOW_UPS.get(CaseState(row.state))
        if action is Action.DISPATCH:
            handle = handle or self.tasks.tasks(row.number).get(TaskKind.HANDLE)
            if handle is None or handle.owner is None:
                return row
            return self.step(row, action)
        if action is Action.CLOSE:
            return self.step(row, action, closed_ms=self._now_ms)
        return row

    def open_or_join(self, alarm: Any, info: RuleInfo, own: Any | None) -> Any:
        """An alarm's case from now on: ``own``, the open one of its key, or the last one if it comes again."""
        if own is not None:
            return self.join(own, alarm, info)
        last = self.memory.ended_lately(alarm, info)
        if last is None:
            return self.opened(alarm, info)
        self.memory.link(alarm, last.number)
        return self.reopened(last, info, note=alarm.alarm_id, severity=alarm.severity)

    def join(self, row: Any, alarm: Any, info: RuleInfo) -> Any:
        """An alarm joins an open case; of a storm, which has very many, the number of its members is told instead."""
        self.memory.link(alarm, row.number)
        if not row.gathers:
            self._ledger.note(row.number, "joined", note=alarm.alarm_id)
        return self.raised(row, Severity(alarm.severity), info)

    def put_back(self, alarm: Any, info: RuleInfo) -> Any:
        """An alarm that has a case is on again: the case goes on, is reopened, or another open one takes the alarm in.

        A case that a person has cancelled stays cancelled.
        """
        row = self.case(alarm.case)
        if row.open:
            self._ledger.note(row.number, "on_again", note=alarm.alarm_id)
            return self.raised(row, Severity(alarm.severity), info)
        joined = self._open_one_of(row, alarm, info)
        if joined is not None:
            return joined
        if row.state == CaseState.CANCELLED and row.ended_by != SYSTEM:
            return row
        return self.reopened(row, info, note=alarm.alarm_id, severity=alarm.severity)

    def rise(self, alarm: Any, info: RuleInfo) -> Any:
        """The alarm of a case has risen: the case goes along, or is reopened.

        One that a person has cancelled stays so unless it is worse now than what was cancelled.
        """
        row = self.case(alarm.case)
        if row.open and alarm.severity > row.severity:
            return self.raised(row, Severity(alarm.severity), info)
        if row.open:
            self._noted(row, "risen", alarm)
            return row
        if row.state == CaseState.CANCELLED and row.ended_by != SYSTEM and alarm.severity > row.severity:
            joined = self._open_one_of(row, alarm, info)
            return joined or self.reopened(row, info, note=alarm.alarm_id, severity=alarm.severity)
        return self.put_back(alarm, info)

    def fall(self, alarm: Any) -> None:
        """The alarm of a case has fallen: a note. What the case is worth does not fall by itself."""
        row = self.case(alarm.case) if alarm.case is not None else None
        if row is not None and row.open:
            self._noted(row, "fallen", alarm)

    def settle(self, number: int, cleared: bool) -> None:
        """After a batch: a case whose alarms are all off is cancelled if nobody has begun; else its worker is told.

        Args:
            number: of the case.
            cleared: whether something went off in this batch.
        """
        row = self.case(number)
        if row.open and row.gathers:
            before, row = row, gather(self._connection, self, self._source, row, self._now_ms)
            if row.members != before.members:
                self._ledger.note(number, "members", note=str(row.members))
                if row.members > before.members:
                    tell_worker(self.tasks, row)
        if not row.open or self._alarms(number, tables.alarm.c.active) or self._alarms(number, _latched()):
            return
        begun = has_begun(row, self.tasks) or any(one.reports for one in members(self._connection, number))
        storm = row.gathers and not is_joint(row.gathers)
        if storm and not begun and storm_of(row, self._now_ms, self._policy) is not StormState.CALM:
            return
        if when_all_off(begun=begun) is AllOff.SELF_CLEARED:
            standing = self._alarms(number, ~tables.alarm.c.retracted)
            folded = standing and FoldWork(self._connection, self._ledger).all_folded(number)
            self.cancel(row, FOLDED if folded else SELF_CLEARED if standing else RETRACTED)
        elif cleared:
            self._ledger.note(number, "cleared")
            self.tell(row, "cleared")
            for task in self.tasks.tasks(number).values():
                if task.open:
                    self.tasks.message(task, row, "cleared", task.owner)

    def cancel(self, row: Any, note: str, actor: Actor | None = None) -> Any:
        """Cancel a case with all its tasks."""
        self.memory.link_now()
        for task in self.tasks.tasks(row.number).values():
            told = task.state != TaskState.WAITING or actor is not None
            self._ledger.withdraw(task.number)
            after = self.tasks.by_system(task, row, Action.CANCEL, actor, note)
            if after is not None and told:
                self.tasks.message(after, row, "cancelled", after.owner)
        ended_by = actor.login if actor else SYSTEM
        row = self.update(row, note=note, ended_by=ended_by, closed_ms=self._now_ms)
        if row.drill:
            end_alarms(self._connection, self._ledger, row.number, self._now_ms)
        return self.step(row, Action.CANCEL, actor=actor, note=note)

    def confirmed(self, row: Any) -> None:
        """The worker has confirmed a drill: what is still open of it ends with its case."""
        for task in self.tasks.tasks(row.number).values():
            self._ledger.withdraw(task.number)
            if task.open:
                self.tasks.by_system(task, row, Action.CANCEL)
        end_alarms(self._connection, self._ledger, row.number, self._now_ms)

    def tell(self, row: Any, what: str) -> None:
        """A line in the change feed."""
        self._ledger.tell(
            FeedKind.CASE,
            str(row.number),
            what,
            community=row.community,
            facility=row.facility,
            severity=row.severity,
        )

    def withdraw(self, task: Any) -> None:
        """Take back what has not been sent yet about a task."""
        self._ledger.withdraw(task.number)

    def note_task(self, row: Any, task: Any, action: Action, actor: Actor, before: str, note: str) -> None:
        """A line about a task that did not move its case."""
        self._ledger.note(
            row.number,
            action.value,
            task=task.number,
            actor=actor,
            from_state=before,
            to_state=task.state,
            note=note,
        )

    def has_active_alarm(self, number: int) -> bool:
        """Whether an alarm of the case is still on."""
        return self._alarms(number, tables.alarm.c.active)

    def mark(self, number: int, flagged: str) -> None:
        """Let an open case show that flags stand over alarms of it (the kind named first), or no longer (empty)."""
        row = self.case(number)
        flagged = flagged if row.open else ""
        if flagged != row.flagged:
            row = self.update(row, flagged=flagged)
            self._ledger.note(number, "flagged" if flagged else "unflagged", note=flagged)
            self.tell(row, "flagged" if flagged else "unflagged")

    # --- inside -------------------------------------------------------------------------------------------------

    def _noted(self, row: Any, what: str, alarm: Any) -> None:
        self._ledger.note(row.number, what, note=Severity(alarm.severity).name.lower())
        self.tell(row, what)

    def _open_one_of(self, row: Any, alarm: Any, info: RuleInfo) -> Any | None:
        """The open case of an ended one's key, which the alarm joins; None if there is none."""
        found = open_like(self._connection, row)
        return None if found is None else self.join(found, alarm, info)

    def opened(self, alarm: Any, info: RuleInfo, gathers: str = "") -> Any:
        """A new case for an alarm; ``gathers`` is the key of the group whose case it is."""
        severity, drill = Severity(alarm.severity), is_drill(alarm)
        filing = Filing(
            facility=alarm.facility,
            community=alarm.community,
            severity=severity,
            info=info,
            limit=handling_limit(info, severity, self._policy, self.tasks.stages.class_of(alarm.facility)),
            opening=alarm.alarm_id,
            drill=drill,
            gathers=gathers,
        )
        first = drill or gathers or self.memory.is_lone(alarm.facility, info.family)  # a group is never the same again
        row = filed(self, self._ledger, self._policy, filing, self._now_ms)
        last = None if first else closed_lately(self._connection, row, self._policy, self._now_ms)
        if last is not None:
            self._ledger.note(row.number, "relapse", note=last.code)
        self.memory.link(alarm, row.number)
        return given_out(self, self._policy, row, filing)

    def reopened(self, row: Any, info: RuleInfo, *, note: str, severity: int = 0, actor: Actor | None = None) -> Any:
        """An ended case goes on, with fresh limits and at the worst severity; the row after it."""
        severity = Severity(max(row.severity, severity))
        limit = handling_limit(info, severity, self._policy, self.tasks.stages.class_of(row.facility))
        due_ms = self._due(severity, limit)
        row = self.step(
            row,
            Action.REOPEN,
            actor=actor,
            note=note,
            severity=severity.value,
            closed_ms=None,
            due_ms=due_ms,
            due_clock=limit.clock.value,
            due_what=limit.what.value,
            met_ms=None,
            overdue=False,
            escalated=0,
            handled_by=None,
            ended_by="",
        )
        row = self.update(row, note="", **_said(row, info))
        for kind, task in self.tasks.tasks(row.number).items():
            after = self.tasks.by_system(task, row, Action.REOPEN)
            if after is None:
                continue
            own = limit if kind is TaskKind.HANDLE else self._policy.look[severity]
            after = self.tasks.new_limit(after, own, self.tasks.announce_ms(severity))
            after = self.tasks.update(after, ready=kind is TaskKind.HANDLE)
            if kind is TaskKind.HANDLE:
                self.tasks.stages.handling(row, task.number, info.deadline, self.tasks.announce_ms(severity))
            self.tasks.reassign(after, row)
        return self.follow_up(row)

    def raised(self, row: Any, severity: Severity, info: RuleInfo) -> Any:
        """The case after an alarm joined or rose: the worst severity counts, and its limit if that is nearer."""
        if severity <= row.severity:
            self.tell(row, "joined")
            return row
        limit = handling_limit(info, severity, self._policy, self.tasks.stages.class_of(row.facility))
        due_ms = self._due(severity, limit)
        values: dict[str, object] = {"severity": severity.value}
        values |= _said(row, info)
        supported = row.support is None and info.support is not None and info.rule_id == row.rule_id
        if supported and info.support is not None:
            values["support"] = info.support.value
        if row.due_ms is not None and row.met_ms is None and due_ms < row.due_ms:
            values |= {"due_ms": due_ms, "due_clock": limit.clock.value, "due_what": limit.what.value}
        row = self.update(row, **values)
        self.tasks.raised(row.number)
        self._ledger.note(row.number, "raised", note=severity.name.lower())
        self.tell(row, "raised")
        tasks = self.tasks.tasks(row.number)
        if supported and TaskKind.VERIFY not in tasks:
            self.tasks.create(row, TaskKind.VERIFY, self._policy.look[severity], {})
        for kind, task in tasks.items():
            if not task.open:
                continue
            if kind is TaskKind.HANDLE and "due_ms" in values:
                task = self.tasks.new_limit(task, limit, self._now_ms)
                announce_ms = self.tasks.announce_ms(severity)
                self.tasks.stages.handling(row, task.number, info.deadline, announce_ms, ended_by="raised")
            called_out = needs_call_out(severity, task.not_before_ms, self._now_ms, self._policy)
            if called_out or (task.not_before_ms is not None and self.tasks.too_late(task)):
                self.tasks.reassign(task, row)
            else:
                self.tasks.message(task, row, "raised", task.owner)
                self.tasks.tell(task, row, "raised")
        return row

    def _alarms(self, number: int, condition: sa.ColumnElement[bool]) -> bool:
        table = tables.alarm
        query = sa.select(sa.exists().where(table.c.case == number, table.c.merged_into == "", condition))
        return bool(self._connection.execute(query).scalar_one())

    def _due(self, severity: Severity, limit: Deadline) -> int:
        start_ms = self.tasks.announce_ms(severity)
        return due(self._policy.calendar, DeadlineClock(limit.clock), start_ms, limit.hours)


def tell_worker(tasks: TaskWork, row: Any) -> None:
    """Whoever is at work on a joint case hears that there is more to do; in a storm that would be a flood."""
    task = tasks.tasks(row.number).get(TaskKind.HANDLE)
    begun = task is not None and task.open and TaskState(task.state) not in UNSTARTED
    if task is not None and begun and is_joint(row.gathers):
        tasks.message(task, row, "joined", task.owner, tasks.announce_ms(Severity(row.severity)))


def has_begun(row: Any, tasks: TaskWork) -> bool:
    """Whether somebody has begun to work on a case."""
    begun = any(TaskState(task.state) not in UNSTARTED for task in tasks.tasks(row.number).values())
    seen_by_people = row.handled_by is not None or row.reports > 0  # what people saw does not go with its alarms
    return begun or seen_by_people or CaseState(row.state) not in NOT_BEGUN


def gather(connection: sa.Connection, cases: CaseWork, source: RosterSource, row: Any, now_ms: int) -> Any:
    """A storm keeps its members up to date, and since when it has been quiet; the row after it."""
    table = tables.alarm
    mine = (table.c.case == row.number, table.c.merged_into == "", ~table.c.retracted)
    facility, on = table.c.facility, sa.case((table.c.active, table.c.facility))
    counts = sa.select(sa.func.count(facility.distinct()), sa.func.count(on.distinct())).where(*mine)
    members, members_on = connection.execute(counts).one()
    values: dict[str, object] = {"members": members, "members_on": members_on}
    values["quiet_ms"] = None if members_on else row.quiet_ms or now_ms
    worst = sa.select(table).where(*mine).order_by(table.c.active.desc(), table.c.severity.desc()).limit(1)
    alarm = connection.execute(worst).one_or_none()
    if alarm is not None:
        group = group_of(row.gathers)
        place = source.place(int(group.code)) if group.common is Common.PARENT else None
        say = told(group, members, Text(zh=alarm.say_zh, en=alarm.say_en), place.name if place else None)
        values |= {"say_zh": say.zh[:1000], "say_en": say.en[:1000]}
    if all(getattr(row, name) == value for name, value in values.items()):
        return row
    after = cases.update(row, **values)
    cases.tell(after, "members")
    return after


def storm_of(row: Any, now_ms: int, policy: Policy) -> StormState:
    """Where the storm of a case stands."""
    if row.quiet_ms is None:
        return StormState.RAGING
    lasted = now_ms - row.quiet_ms >= policy.storm_quiet_ms
    return next_storm(StormState.QUIET, StormEvent.LASTED) if lasted else StormState.QUIET


def _said(row: Any, info: RuleInfo) -> dict[str, object]:
    """What a case says goes with the level of the rule that opened it, not with other rules."""
    plain = info.rule_id == row.rule_id and not row.gathers
    return {"say_zh": info.say.zh, "say_en": info.say.en} if plain else {}


def _latched() -> sa.ColumnElement[bool]:
    return tables.alarm.c.state.in_(_LATCHED)


def settle_all(cases: CaseWork, connection: sa.Connection, touched: Mapping[int, bool]) -> None:
    """After a batch: ``settle`` every case (number to ``cleared``); of most an alarm is on, and nothing follows."""
    goes_on = _going_on(connection, touched)
    for number, cleared in touched.items():
        if number not in goes_on:
            cases.settle(number, cleared)


def _going_on(connection: sa.Connection, numbers: Collection[int]) -> set[int]:
    """Those that gather nothing and have an alarm that is on or latched: asked once for all."""
    alarm, case = tables.alarm, tables.case
    on = (alarm.c.merged_into == "", case.c.gathers == "", sa.or_(alarm.c.active, _latched()))
    query = sa.select(alarm.c.case).join(case, case.c.number == alarm.c.case).where(*on).distinct()
    found = set[int]()
    for part in in_parts(sorted(numbers)):
        found.update(connection.execute(query.where(alarm.c.case.in_(part))).scalars())
    return found
