"""Rows of dispatch and the registry as the models that travel. Pure: rows and a snapshot of places in, models out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from api.history_notes import alarm_of, named, of_alarm
from api.models.alarms import (
    AlarmEntry,
    AlarmSummary,
    EvidenceValue,
    LevelView,
    Piece,
    RuleView,
    SeverityStep,
    Shelving,
)
from api.models.base import Bilingual, Light, SeverityName, severity_name
from api.models.cases import Candidate, CaseSummary, Deadline, HistoryEntry, Receiver, ReportSeen, Storm, TaskSummary
from api.models.places import LatestValue
from api.places import Places
from api.ports import RuleText
from api.words import QUALITY_NAMES, RESIDENT, SYSTEM, quality_text, reason_name
from core.alarms import ChangeKind, Severity
from core.cases import OPEN_CASE_STATES, OPEN_TASK_STATES, DeadlineWhat
from core.cases import SYSTEM as SYSTEM_ACTOR
from core.intake import ANYBODY
from core.ports import cases as rows
from core.ports.intake import IntakeRow
from core.ports.receivers import Receiver as ReceiverRow
from core.quality import class_of
from core.readings import Readings
from core.stages import SupervisionLevel

_AMBER_SHARE = 0.75


def alarm(row: rows.AlarmRow, places: Places) -> AlarmSummary:
    """An alarm in a list."""
    shelved = None
    if row.shelved_until_ms is not None:
        shelved = Shelving(until_ms=row.shelved_until_ms, reason=row.shelve_reason)
    return AlarmSummary(
        id=row.alarm_id,
        kind=row.kind,
        rule_id=row.rule_id,
        say=Bilingual.of(row.say),
        severity=severity_name(row.severity),
        worst=severity_name(max((step.severity for step in row.steps), default=row.severity)),
        state=row.state,
        active=row.stop_ms is None and not row.retracted,
        facility=places.facility_ref(row.facility),
        community=places.community_ref(row.community),
        since_ms=row.since_ms,
        start_ms=row.start_ms,
        stop_ms=row.stop_ms,
        late=row.late,
        retracted=row.retracted,
        latching=row.latching,
        shelved=shelved,
        suppressed=row.suppressed,
        out_of_service=row.out_of_service,
        flaps=row.flaps,
        case_id=row.case,
    )


def alarm_entry(row: rows.AlarmHistoryRow, places: Places) -> AlarmEntry:
    """One line of an alarm's history, with names."""
    return AlarmEntry(
        time_ms=row.at_ms,
        what=_what(row),
        severity=None if row.severity is None else severity_name(row.severity),
        from_state=row.from_state,
        state=row.state,
        by=row.actor,
        by_name=who(row.actor, row.person, places),
        start_ms=row.start_ms,
        stop_ms=row.stop_ms,
        until_ms=row.until_ms,
        note=row.note,
    )


def _what(row: rows.AlarmHistoryRow) -> str:
    """What happened: the change of the rules, the event of a person; of a severity its direction, if it has one."""
    if row.change is ChangeKind.SEVERITY and row.event:
        return row.event
    return row.change.value if row.change is not None else row.event


def steps(row: rows.AlarmRow) -> list[SeverityStep]:
    """How the severity of an alarm rose and fell."""
    return [SeverityStep(from_ms=step.at_ms, severity=severity_name(step.severity)) for step in row.steps]


def pieces(row: rows.AlarmRow) -> list[Piece]:
    """When the condition of an alarm that flaps truly held."""
    return [Piece(start_ms=piece.start_ms, stop_ms=piece.stop_ms) for piece in row.pieces]


def who(actor: str, person: int | None, places: Places) -> Bilingual:
    """Who did something: the person's name, else the login, or the system."""
    if actor == SYSTEM_ACTOR:
        return SYSTEM
    if actor == ANYBODY:
        return RESIDENT
    known = places.person_ref(person)
    return known.name if known is not None else Bilingual(zh=actor, en=actor)


def evidence(values: Iterable[rows.EvidenceValue]) -> list[EvidenceValue]:
    """Values at the opening."""
    return [
        EvidenceValue(
            point=one.point,
            key=one.key,
            name=Bilingual.of(one.name),
            unit=one.unit,
            time_ms=one.time_ms,
            value=one.value,
            text=one.text,
            quality=QUALITY_NAMES[class_of(one.quality)],
            reason=reason_name(one.quality),
        )
        for one in values
    ]


def rule(text: RuleText | None) -> RuleView | None:
    """A rule in its author's words."""
    if text is None:
        return None
    return RuleView(
        id=text.info.rule_id,
        say=Bilingual.of(text.info.say),
        when=text.when,
        for_s=text.for_s,
        clear=text.clear,
        severity=severity_name(text.info.severity),
        family=text.info.family,
        lead=text.info.lead,
        support=text.info.support,
        source=Bilingual.of(text.source),
        levels=[
            LevelView(
                severity=severity_name(level.info.severity),
                say=Bilingual.of(level.info.say),
                when=level.when,
                for_s=level.for_s,
                clear=level.clear,
                clear_for_s=level.clear_for_s,
                source=Bilingual.of(level.source),
            )
            for level in text.levels
        ],
    )


def light(created_ms: int, due_ms: int | None, now_ms: int, *, overdue: bool) -> Light:
    """Green; amber once three quarters of the time are used; red when it is over."""
    if overdue:
        return "red"
    if due_ms is None:
        return "green"
    if now_ms >= due_ms:
        return "red"
    return "amber" if now_ms - created_ms >= _AMBER_SHARE * (due_ms - created_ms) else "green"


def deadline(
    created_ms: int, due_ms: int | None, what: DeadlineWhat, now_ms: int, *, open_: bool, late: bool
) -> Deadline:
    """By when; what is done keeps red only if it was late."""
    shown = light(created_ms, due_ms if open_ else None, now_ms, overdue=late)
    return Deadline(due_ms=due_ms, what=what, light=shown, overdue=late)


def case(row: rows.CaseRow, places: Places, now_ms: int) -> CaseSummary:
    """A case in a list."""
    is_open = row.state in OPEN_CASE_STATES
    return CaseSummary(
        id=row.number,
        code=row.code,
        say=Bilingual.of(row.say),
        family=row.family,
        state=row.state,
        open=is_open,
        severity=severity_name(row.severity),
        lead=row.lead,
        support=row.support,
        facility=places.facility_ref(row.facility),
        community=places.community_ref(row.community),
        opened_ms=row.opened_ms,
        changed_ms=row.changed_ms,
        closed_ms=row.closed_ms,
        deadline=deadline(row.opened_ms, row.due_ms, row.due_what, now_ms, open_=is_open, late=row.overdue),
        escalated=row.escalated,
        note=row.note,
        drill=row.drill,
        flagged=row.flagged or None,
        storm=Storm(members=row.members, members_on=row.members_on, joint=row.joint) if row.storm else None,
        extensions=row.extensions,
        supervised=SupervisionLevel(row.supervised) if row.supervised else None,
        excused=row.excused,
        suspended_until_ms=row.suspended_until_ms,
    )


def task(row: rows.TaskRow, places: Places, viewer: int | None, now_ms: int) -> TaskSummary:
    """A task in a queue, as the person ``viewer`` sees it."""
    is_open = row.state in OPEN_TASK_STATES
    return TaskSummary(
        id=row.number,
        case_id=row.case,
        case_code=row.case_code,
        say=Bilingual.of(row.say),
        kind=row.kind,
        grid=row.grid,
        state=row.state,
        ready=row.ready,
        severity=severity_name(row.severity),
        facility=places.facility_ref(row.facility),
        community=places.community_ref(row.community),
        cell=row.cell,
        owner=places.person_ref(row.owner),
        mine=viewer is not None and row.owner == viewer,
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
        not_before_ms=row.not_before_ms,
        offered_until_ms=row.offered_until_ms,
        put_off_from_ms=row.put_off_from_ms,
        suspended_until_ms=row.suspended_until_ms,
        deadline=deadline(row.created_ms, row.due_ms, row.due_what, now_ms, open_=is_open, late=row.overdue),
        clock=row.clock,
        version=row.version,
        drill=row.drill,
        flagged=row.flagged or None,
    )


def history(
    entries: Iterable[rows.HistoryRow], places: Places, alarms: Mapping[str, rows.AlarmRow]
) -> list[HistoryEntry]:
    """The history of a case or a task, with names; ``alarms`` by id, those that the reader sees."""
    return [_entry(one, places, alarms) for one in entries]


def _entry(one: rows.HistoryRow, places: Places, alarms: Mapping[str, rows.AlarmRow]) -> HistoryEntry:
    about = alarm_of(one)
    return HistoryEntry(
        time_ms=one.at_ms,
        what=one.action,
        by=who(one.actor, one.person, places),
        task_id=one.task,
        from_state=one.from_state,
        to_state=one.to_state,
        note=of_alarm(alarms.get(about), places) if about else named(one.action, one.note, places),
        alarm_id=about if about in alarms else "",
    )


def reports(entries: Iterable[IntakeRow], places: Places) -> list[ReportSeen]:
    """What people reported of a case, with names."""
    return [
        ReportSeen(
            id=one.number,
            code=one.code,
            source=one.source,
            say=Bilingual.of(one.say),
            words=one.words,
            time_ms=one.at_ms,
            by=who(one.actor, one.person, places),
            department=one.department,
            ref=one.ref,
            longitude=one.longitude,
            latitude=one.latitude,
            photos=[photo.position for photo in one.photos],
        )
        for one in entries
    ]


def candidate(one: rows.Candidate, places: Places) -> Candidate:
    """Somebody routing looked at."""
    return Candidate(
        rung=one.rung,
        cell=one.cell,
        person=places.person_ref(one.person),
        load=one.load,
        passed_over=one.passed_over,
        distance_m=one.distance_m,
        there_min=one.there_min,
    )


def receiver(one: ReceiverRow, places: Places) -> Receiver:
    """Somebody whom a task may be transferred to."""
    return Receiver(
        person=places.person(one.person),
        open_tasks=one.open_tasks,
        refused=None if one.refused is None else Bilingual.of(one.refused),
        lacks=None if one.lacks is None else Bilingual.of(one.lacks),
        on_leave=one.on_leave,
        off_shift=one.off_shift,
    )


def latest_values(batch: Readings, stale_ms: Mapping[int, int], now_ms: int) -> dict[int, LatestValue]:
    """The newest reading of each point, by point; ``stale_ms`` says how long each holds."""
    values: dict[int, LatestValue] = {}
    columns = (batch.point.tolist(), batch.time_ms.tolist(), batch.value.tolist(), batch.quality.tolist())
    for row, (point, time_ms, value, code) in enumerate(zip(*columns, strict=True)):
        values[point] = LatestValue(
            time_ms=time_ms,
            value=value if math.isfinite(value) else None,
            text=batch.text.get(row),
            quality=QUALITY_NAMES[class_of(code)],
            reason=reason_name(code),
            say=quality_text(code),
            stale=now_ms - time_ms > stale_ms.get(point, 0),
        )
    return values


def severity_of(name: SeverityName | None) -> Severity:
    """The severity by its name; info, the lowest, where none was asked for."""
    return Severity.INFO if name is None else Severity[name.upper()]
