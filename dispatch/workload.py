"""How much work cases are: counts by place, person, week and hour, and the burden of each worker against its bound.

Pure arithmetic over what was foreseen (``dispatch.foresight``); words for it are made where it is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from core.alarms import Severity
from core.cases import TaskKind
from core.readings import Int64s
from dispatch.foreseen import Ending, Foreseen, ForeseenCase, PastAlarm
from dispatch.loads import ForeseenTask
from dispatch.performance import trailing
from dispatch.policy import Policy
from dispatch.worktime import HOUR_MS, MINUTE_MS, WorkCalendar

SHORT_MS = 10 * MINUTE_MS
"""A case whose alarms were all off so soon would have cleared alone before anybody was there."""
_NIGHT_FROM, _NIGHT_TO = 22, 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Burden:
    """What one person would have had.

    Attributes:
        tasks: all tasks they were told of; what ended before that is none.
        most_a_day, most_an_hour: the most on one local day, and within any hour.
        most_plain_an_hour: the most within any hour of those that could have waited (``Policy.rests_at_night``).
        days_over, hours_over: days beyond the bound, and tasks that came when the hour's bound was reached.
        at_night: tasks announced between 22:00 and 6:00.
    """

    person: int
    tasks: int
    most_a_day: int
    most_an_hour: int
    most_plain_an_hour: int
    days_over: int
    hours_over: int
    at_night: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FacilityWork:
    """What one facility would have caused."""

    facility: int
    cases: int
    alarms: int
    short: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """The figures.

    Attributes:
        alarms: alarms by the worst severity they reached, those without a case included.
        unheard: alarms that never needed a case.
        cases: cases opened; by_severity: by the worst severity they reached.
        at_night: opened between 22:00 and 6:00; off_hours: outside working hours.
        short: would have cleared alone within ten minutes.
        self_cleared: ended before anybody had accepted.
        proven: repairs that the sensor has verified: nobody went there a second time.
        reworks: repairs that the sensor has sent back.
        open_at_end: not ended at the end of the time.
        tasks: tasks given; unstaffed: given to nobody; never_announced: ended before their owner was told, in nobody's
            burden; called_out: given anew in the night because it became urgent.
        by_cell: cell of the leading grid to (cases, at night, short), most first; an empty code is "no cell".
        by_rule: opening rule to cases, most first.
        by_week: Monday of each local week to cases, by date, weeks without any included.
        by_hour: 24 counts by local hour of opening.
        burdens: by person, most tasks first; most_a_day, most_an_hour: the bounds.
        facilities: by cases, most first.
    """

    alarms: Mapping[Severity, int]
    unheard: int
    cases: int
    by_severity: Mapping[Severity, int]
    at_night: int
    off_hours: int
    short: int
    self_cleared: int
    proven: int
    reworks: int
    open_at_end: int
    tasks: int
    unstaffed: int
    never_announced: int
    called_out: int
    by_cell: Sequence[tuple[str, tuple[int, int, int]]]
    by_rule: Sequence[tuple[str, int]]
    by_week: Sequence[tuple[date, int]]
    by_hour: tuple[int, ...]
    burdens: Sequence[Burden]
    most_a_day: int
    most_an_hour: int
    facilities: Sequence[FacilityWork]


def workload(found: Foreseen, alarms: Sequence[PastAlarm], policy: Policy, from_ms: int, until_ms: int) -> Workload:
    """Count what was foreseen for alarms that began in [from_ms, until_ms)."""
    cases, calendar = found.cases, policy.calendar
    tasks = [task for case in cases for task in case.tasks]
    hours = Counter(_local(calendar, case.opened_ms).hour for case in cases)
    return Workload(
        alarms=_by_severity(alarm.worst for alarm in alarms if alarm.start_ms >= from_ms),
        unheard=found.unheard,
        cases=len(cases),
        by_severity=_by_severity(case.severity for case in cases),
        at_night=sum(is_night(calendar, case.opened_ms) for case in cases),
        off_hours=sum(not calendar.works_at(case.opened_ms) for case in cases),
        short=sum(map(is_short, cases)),
        proven=sum(case.proven for case in cases),
        reworks=sum(case.reworks for case in cases),
        self_cleared=sum(case.ending is Ending.SELF_CLEARED for case in cases),
        open_at_end=sum(case.ending is Ending.OPEN for case in cases),
        tasks=len(tasks),
        unstaffed=sum(task.owner is None for task in tasks),
        never_announced=sum(task.owner is not None and not task.heard for task in tasks),
        called_out=sum(task.called_out for task in tasks),
        by_cell=_by_cell(cases, calendar),
        by_rule=Counter(case.info.rule_id for case in cases).most_common(),
        by_week=_by_week(cases, calendar, from_ms, until_ms),
        by_hour=tuple(hours.get(hour, 0) for hour in range(24)),
        burdens=_burdens(tasks, policy),
        most_a_day=policy.most_a_day,
        most_an_hour=policy.most_an_hour,
        facilities=_facilities(cases),
    )


def is_short(case: ForeseenCase) -> bool:
    """Whether all its alarms were off within ten minutes."""
    return case.cleared_ms is not None and case.cleared_ms - case.opened_ms <= SHORT_MS


def is_night(calendar: WorkCalendar, at_ms: int) -> bool:
    """Whether it is between 22:00 and 6:00, local time."""
    hour = _local(calendar, at_ms).hour
    return hour >= _NIGHT_FROM or hour < _NIGHT_TO


def _local(calendar: WorkCalendar, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, calendar.zone)


def _by_severity(severities: Iterable[Severity]) -> Mapping[Severity, int]:
    counts = Counter(severities)
    return {severity: counts.get(severity, 0) for severity in sorted(Severity, reverse=True)}


def _by_cell(cases: Sequence[ForeseenCase], calendar: WorkCalendar) -> list[tuple[str, tuple[int, int, int]]]:
    counts: dict[str, tuple[int, int, int]] = {}
    for case in cases:
        handle = case.task(TaskKind.HANDLE)
        cell = handle.cell if handle else ""
        every, night, short = counts.get(cell, (0, 0, 0))
        counts[cell] = (every + 1, night + is_night(calendar, case.opened_ms), short + is_short(case))
    return sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))


def _by_week(
    cases: Sequence[ForeseenCase], calendar: WorkCalendar, from_ms: int, until_ms: int
) -> list[tuple[date, int]]:
    counts = Counter(_monday(calendar.day_of(case.opened_ms)) for case in cases)
    week, last = _monday(calendar.day_of(from_ms)), calendar.day_of(max(from_ms, until_ms - 1))
    found = []
    while week <= last:
        found.append((week, counts.get(week, 0)))
        week += timedelta(days=7)
    return found


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _burdens(tasks: Sequence[ForeseenTask], policy: Policy) -> list[Burden]:
    given: dict[int, list[ForeseenTask]] = {}
    for task in tasks:
        if task.owner is not None and task.heard:
            given.setdefault(task.owner, []).append(task)
    found = [_burden(person, mine, policy) for person, mine in given.items()]
    return sorted(found, key=lambda burden: (-burden.tasks, burden.person))


def _burden(person: int, tasks: Sequence[ForeseenTask], policy: Policy) -> Burden:
    """The burden of one person from the tasks they were told of."""
    moments = sorted(task.given_ms for task in tasks)
    plain = sorted(task.given_ms for task in tasks if policy.rests_at_night(task.severity))
    days, within = Counter(map(policy.calendar.day_of, moments)), _within_an_hour(moments)
    return Burden(
        person=person,
        tasks=len(moments),
        most_a_day=max(days.values()),
        most_an_hour=int(within.max()),
        most_plain_an_hour=int(_within_an_hour(plain).max(initial=0)),
        days_over=sum(count > policy.most_a_day for count in days.values()),
        hours_over=int(np.count_nonzero(within > policy.most_an_hour)),
        at_night=sum(is_night(policy.calendar, at_ms) for at_ms in moments),
    )


def _within_an_hour(moments: Sequence[int]) -> Int64s:
    return trailing(np.array(moments, np.int64), HOUR_MS)


def _facilities(cases: Sequence[ForeseenCase]) -> list[FacilityWork]:
    mine: dict[int, list[ForeseenCase]] = {}
    for case in cases:
        mine.setdefault(case.facility, []).append(case)
    found = [
        FacilityWork(
            facility=facility,
            cases=len(every),
            alarms=sum(case.alarms for case in every),
            short=sum(map(is_short, every)),
        )
        for facility, every in mine.items()
    ]
    return sorted(found, key=lambda one: (-one.cases, -one.alarms, one.facility))
