"""Rows of the database as the values of ``core.ports.cases``."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmKind, AlarmState, ChangeKind, Severity
from core.cases import CaseState, DeadlineClock, DeadlineWhat, TaskKind, TaskState
from core.evidence import unpack
from core.flags import FlagKind, FlagScope, FlagState
from core.places import Grid, Text
from core.ports.cases import AlarmHistoryRow, AlarmRow, CaseRow, EvidenceValue, HistoryRow, TaskRow
from core.ports.evidence import EvidenceRecord, Occasion
from core.ports.feed import FeedEntry, FeedKind
from core.ports.flags import FlagRow, FlagStep
from dispatch import tables
from dispatch.levelwork import pieces_of, steps_of
from dispatch.storms import is_joint


def task_select() -> sa.Select[Any]:
    """Tasks with what a queue shows of their case."""
    task, case = tables.task, tables.case
    return sa.select(
        task,
        case.c.code.label("case_code"),
        case.c.facility.label("case_facility"),
        case.c.severity.label("case_severity"),
        case.c.say_zh.label("case_say_zh"),
        case.c.say_en.label("case_say_en"),
        case.c.flagged.label("case_flagged"),
        case.c.suspended_until_ms.label("case_suspended_until_ms"),
    ).join(case, case.c.number == task.c.case)


def one_task(connection: sa.Connection, number: int) -> TaskRow:
    """The task of that number; it must exist."""
    return task_row(connection.execute(task_select().where(tables.task.c.number == number)).one())


def task_row(row: Any) -> TaskRow:
    """A row of ``task_select``."""
    return TaskRow(
        number=row.number,
        case=row.case,
        case_code=row.case_code,
        kind=TaskKind(row.kind),
        state=TaskState(row.state),
        grid=Grid(row.grid),
        owner=row.owner,
        cell=row.cell,
        facility=row.case_facility,
        community=row.community,
        severity=Severity(row.case_severity),
        say=Text(zh=row.case_say_zh, en=row.case_say_en),
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
        due_ms=row.due_ms,
        due_what=DeadlineWhat(row.due_what),
        clock=DeadlineClock(row.due_clock),
        overdue=row.overdue,
        not_before_ms=row.not_before_ms,
        offered_until_ms=row.offer_ms,
        ready=row.ready,
        version=row.version,
        drill=row.drill,
        flagged=row.case_flagged,
        put_off_from_ms=_put_off_from_ms(row),
        suspended_until_ms=row.case_suspended_until_ms if row.state == TaskState.SUSPENDED else None,
    )


def _put_off_from_ms(row: Any) -> int | None:
    """When a task would be announced if its owner had room; none if it is, or was, announced then."""
    put_off = row.not_before_ms is not None and row.wanted_ms is not None and row.wanted_ms < row.not_before_ms
    return int(row.wanted_ms) if put_off else None


def case_row(row: Any) -> CaseRow:
    """A row of ``dispatch_case``."""
    return CaseRow(
        number=row.number,
        code=row.code,
        facility=row.facility,
        community=row.community,
        family=row.family,
        state=CaseState(row.state),
        severity=Severity(row.severity),
        lead=Grid(row.lead),
        support=Grid(row.support) if row.support else None,
        say=Text(zh=row.say_zh, en=row.say_en),
        opened_ms=row.opened_ms,
        changed_ms=row.changed_ms,
        due_ms=row.due_ms,
        due_what=DeadlineWhat(row.due_what),
        overdue=row.overdue,
        escalated=row.escalated,
        closed_ms=row.closed_ms,
        note=row.note,
        drill=row.drill,
        flagged=row.flagged,
        storm=row.gathers != "",
        joint=is_joint(row.gathers),
        members=row.members,
        members_on=row.members_on,
        extensions=row.extensions,
        supervised=row.supervised,
        excused=row.excused,
        suspended_until_ms=row.suspended_until_ms if row.state == CaseState.SUSPENDED else None,
    )


def alarm_row(row: Any) -> AlarmRow:
    """A row of ``dispatch_alarm``."""
    return AlarmRow(
        alarm_id=row.alarm_id,
        rule_id=row.rule_id,
        facility=row.facility,
        community=row.community,
        severity=Severity(row.severity),
        kind=AlarmKind(row.kind),
        state=AlarmState(row.state),
        say=Text(zh=row.say_zh, en=row.say_en),
        start_ms=row.start_ms,
        stop_ms=row.stop_ms,
        since_ms=row.since_ms,
        late=row.late,
        retracted=row.retracted,
        latching=row.latching,
        opened_ms=row.opened_ms,
        shelved_until_ms=row.shelved_until_ms,
        shelve_reason=row.shelve_reason,
        suppressed=row.suppressed,
        out_of_service=row.out_of_service,
        merged_into=row.merged_into,
        split_from=row.split_from,
        case=row.case,
        steps=steps_of(row.steps),
        flaps=row.flaps,
        pieces=pieces_of(row.pieces),
    )


def instructions(row: Any) -> tuple[Text, ...]:
    """The frozen instructions of an alarm."""
    pairs: list[list[str]] = json.loads(row.do)
    return tuple(Text(zh=zh, en=en) for zh, en in pairs)


def alarm_history_row(row: Any) -> AlarmHistoryRow:
    """A row of ``dispatch_alarm_history``."""
    return AlarmHistoryRow(
        at_ms=row.at_ms,
        actor=row.actor,
        change=ChangeKind(row.change) if row.change else None,
        event=row.event,
        state=AlarmState(row.state),
        start_ms=row.start_ms,
        stop_ms=row.stop_ms,
        note=row.note,
        severity=None if row.severity is None else Severity(row.severity),
        from_state=AlarmState(row.from_state) if row.from_state else None,
        person=row.person,
        until_ms=row.until_ms,
    )


def history_row(row: Any) -> HistoryRow:
    """A row of ``dispatch_history``."""
    return HistoryRow(
        at_ms=row.at_ms,
        actor=row.actor,
        person=row.person,
        task=row.task,
        action=row.action,
        from_state=row.from_state,
        to_state=row.to_state,
        note=row.note,
    )


def evidence_value(row: Any) -> EvidenceValue:
    """A row of ``dispatch_evidence``."""
    return EvidenceValue(
        point=row.point,
        key=row.key,
        name=Text(zh=row.name_zh, en=row.name_en),
        unit=row.unit,
        time_ms=row.time_ms,
        value=row.value,
        quality=row.quality,
        text=row.text,
    )


def feed_entry(row: Any) -> FeedEntry:
    """A row of ``dispatch_feed``."""
    return FeedEntry(
        id=row.id,
        kind=FeedKind(row.kind),
        ref=row.ref,
        community=row.community,
        at_ms=row.at_ms,
        severity=Severity(row.severity),
        what=row.what,
        facility=row.facility,
        owner=row.owner,
    )


def flag_row(row: Any) -> FlagRow:
    """A row of ``dispatch_flag``."""
    scope = FlagScope.ALARM if row.alarm_id else FlagScope.RULE if row.rule_id else FlagScope.FACILITY
    return FlagRow(
        number=row.number,
        kind=FlagKind(row.kind),
        state=FlagState(row.state),
        scope=scope,
        community=row.community,
        facility=row.facility,
        rule_id=row.rule_id,
        alarm_id=row.alarm_id,
        cause=row.cause,
        ref=row.ref,
        severity=Severity(row.severity),
        reason=row.reason,
        actor=row.actor,
        person=row.person,
        set_ms=row.set_ms,
        until_ms=row.until_ms,
        ended_ms=row.ended_ms,
    )


def flag_step(row: Any) -> FlagStep:
    """A row of ``dispatch_flag_history``."""
    return FlagStep(
        at_ms=row.at_ms,
        actor=row.actor,
        person=row.person,
        event=row.event,
        from_state=FlagState(row.from_state),
        to_state=FlagState(row.to_state),
        until_ms=row.until_ms,
        note=row.note,
    )


def evidence_record(row: Any) -> EvidenceRecord:
    """A row of ``dispatch_record``."""
    return EvidenceRecord(
        occasion=Occasion(row.occasion),
        at_ms=row.at_ms,
        made_ms=row.made_ms,
        from_ms=row.from_ms,
        to_ms=row.to_ms,
        frozen_ms=row.frozen_ms,
        context=row.context,
        series=unpack(row.samples) if row.samples else (),
    )
