"""A merging is taken back: the case is filed anew with its alarms, and its clocks go on with what was left of them.

What becomes of each clock is a table: ``dispatch.stageclocks.AFTER_UNMERGE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import Action, Actor, Conflict, DeadlineClock, TaskKind
from dispatch import closure_tables, tables
from dispatch import findings as kinds
from dispatch.alarmwork import AlarmWork, RuleLookup, info_of
from dispatch.lifecycle import MAY_MERGE
from dispatch.merges import members, present
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.worktime import resumed_due


def take_back(
    connection: sa.Connection,
    work: AlarmWork,
    row: Any,
    *,
    reason: str,
    actor: Actor,
    rules: RuleLookup,
    policy: Policy,
    now_ms: int,
) -> None:
    """Separate a case from the one it went into.

    Raises:
        Conflict: ``wrong_state`` if it is not merged, the other one has been reported as handled or has ended, or
            another case of its facility and family has been opened meanwhile.
    """
    merging = present(connection, row.number)
    if merging is None:
        raise Conflict("wrong_state", kinds.NOT_MERGED())
    heir = work.cases.case(merging.into)
    if heir.state not in MAY_MERGE:
        raise Conflict("wrong_state", kinds.CANNOT_UNMERGE(case=heir.code, state=kinds.CASES[heir.state]))
    _check_alone(connection, row)
    _filed_anew(work, row, heir, reason, actor, policy, merging.at_ms, now_ms)
    ids = _own_alarms(connection, work, row, heir)
    _move(connection, work, row, ids, rules)
    _log(connection, merging, reason, actor, now_ms)
    cases = work.cases
    work.ledger.note(heir.number, "taken_out", actor=actor, note=f"{row.code} {reason}"[:1000])
    cases.tell(cases.case(heir.number), "taken_out")
    handle = cases.tasks.tasks(heir.number).get(TaskKind.HANDLE)
    if handle is not None and handle.open:
        cases.tasks.message(handle, heir, "unmerged", handle.owner)
    for number in (row.number, heir.number):
        cases.settle(number, cleared=False)
        cases.mark(number, work.flags.flagged(number))


def _check_alone(connection: sa.Connection, row: Any) -> None:
    table = tables.case
    key = (table.c.facility == row.facility, table.c.family == row.family, table.c.open, table.c.gathers == "")
    other = connection.execute(sa.select(table).where(*key)).first()
    if other is not None and row.facility:
        raise Conflict("wrong_state", kinds.UNMERGE_TWICE(case=other.code))


def _filed_anew(
    work: AlarmWork, row: Any, heir: Any, reason: str, actor: Actor, policy: Policy, merged_ms: int, now_ms: int
) -> None:
    """The case, its tasks and the clock of handling go on; both tasks wait for somebody."""
    cases, tasks = work.cases, work.cases.tasks
    due_ms, since_ms = row.due_ms, merged_ms
    if row.suspended_ms is not None:
        due_ms, since_ms = row.suspended_due_ms, row.suspended_ms
    if due_ms is not None and row.met_ms is None:
        stood_ms = max(since_ms, tasks.stages.begun_ms(row.number))
        due_ms = resumed_due(policy.calendar, DeadlineClock(row.due_clock), due_ms, stood_ms, now_ms)
    cleared = {"suspended_ms": None, "suspended_due_ms": None, "suspended_until_ms": None, "closed_ms": None}
    note = f"{heir.code} {reason}"[:1000]
    row = cases.step(row, Action.UNMERGE, actor=actor, note=note, due_ms=due_ms, ended_by="", **cleared)
    row = cases.update(row, note="")
    both = tasks.tasks(row.number)
    tasks.stages.taken_back(row, since_ms)
    for kind, task in both.items():
        after = tasks.by_system(task, row, Action.UNMERGE, actor, note)
        if after is None:
            continue
        if kind is TaskKind.HANDLE:
            after = tasks.update(after, due_ms=due_ms)
        else:
            severity = Severity(row.severity)
            after = tasks.new_limit(after, policy.look[severity], tasks.announce_ms(severity))
        owner = after.owner if tasks.is_active(after.owner) else None
        tasks.reassign(after, row, owner=owner, kind="unmerged" if kind is TaskKind.HANDLE else "task")
    cases.follow_up(row)


def _own_alarms(connection: sa.Connection, work: AlarmWork, row: Any, heir: Any) -> Sequence[str]:
    """Alarms that the case brought, and those that have come since at its facilities and families."""
    alarm, brought = tables.alarm, closure_tables.merge_alarm
    query = sa.select(brought.c.alarm_id).join(alarm, alarm.c.alarm_id == brought.c.alarm_id)
    found = list(connection.execute(query.where(brought.c.case == row.number, alarm.c.case == heir.number)).scalars())
    keys = {(one.facility, one.family) for one in (row, *members(connection, row.number))}
    known, fresh = set(found), list[Any]()  # of a storm there may be more than a statement takes
    for part in in_parts(sorted({facility for facility, _ in keys})):
        later = sa.select(alarm).where(alarm.c.case == heir.number, alarm.c.facility.in_(part))
        fresh += [one for one in connection.execute(later) if one.alarm_id not in known]
    return [*found, *(one.alarm_id for one in fresh if (one.facility, work.family_of(one)) in keys)]


def _move(connection: sa.Connection, work: AlarmWork, row: Any, ids: Sequence[str], rules: RuleLookup) -> None:
    table = tables.alarm
    for part in in_parts(ids):
        connection.execute(sa.update(table).where(table.c.alarm_id.in_(part)).values(case=row.number))
    query = sa.select(table).where(table.c.case == row.number, table.c.active)
    for alarm in connection.execute(query.order_by(table.c.start_ms, table.c.alarm_id)).all():
        severity = Severity(alarm.severity)
        work.cases.raised(work.cases.case(row.number), severity, info_of(rules, alarm.rule_id, severity))


def _log(connection: sa.Connection, merging: Any, reason: str, actor: Actor, now_ms: int) -> None:
    """The merging goes into the log of those that were taken back."""
    merge, brought = closure_tables.merge, closure_tables.merge_alarm
    connection.execute(sa.delete(brought).where(brought.c.case == merging.case))
    connection.execute(sa.delete(merge).where(merge.c.case == merging.case))
    values = {
        "case": merging.case,
        "into": merging.into,
        "merged_ms": merging.at_ms,
        "merged_by": merging.actor,
        "merged_why": merging.reason,
        "at_ms": now_ms,
        "actor": actor.login,
        "person": actor.person,
        "reason": reason[:1000],
    }
    connection.execute(sa.insert(closure_tables.unmerge).values(**values))
