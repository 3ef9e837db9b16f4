"""What dispatch would have made of alarms of the past: cases and tasks, without a database and without people.

The decisions are those of ``dispatch.deciding``, ``routing`` and ``worktime``, taken in the order of time: which alarm
opens a case and when, which joins, what ends by itself, who gets the task and when they are told. What people do with
a task no policy says: a ``Crew`` is assumed, and every report says so. The roster is today's: no past one is kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from core.alarms import Severity, SeverityStep
from core.cases import RuleInfo, TaskKind
from core.ports.cases import PassedOver, Rung
from core.ports.registry import FacilityPlace, Roster
from dispatch.announcing import announce
from dispatch.crowds import Crowds
from dispatch.deciding import (
    AllOff,
    announce_ms,
    needs_call_out,
    request_for,
    task_limit,
    wait_for_case_ms,
    when_all_off,
)
from dispatch.loads import Announcer, ForeseenTask, Loads
from dispatch.policy import Policy
from dispatch.storms import Group, is_joint
from dispatch.worktime import HOUR_MS, MINUTE_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class PastAlarm:
    """An alarm that was, or would have been.

    Attributes:
        info: its rule.
        facility: registry number.
        severity: of the alarm, at its start.
        start_ms, stop_ms: when it was on; ``stop_ms`` ``None``: still on at the end.
        steps: how its severity rose and fell, the first at the start; empty for one severity throughout.
    """

    info: RuleInfo
    facility: int
    severity: Severity
    start_ms: int
    stop_ms: int | None
    steps: tuple[SeverityStep, ...] = ()

    @property
    def worst(self) -> Severity:
        """The worst it had."""
        return max((step.severity for step in self.steps), default=self.severity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """What is assumed of people, since no policy decides it.

    Attributes:
        accept_ms: a task is accepted so long after it was announced; what clears before is nobody's trip.
        work_ms: the repair takes so long from then on, and at least until all alarms of the case are off.
        verify_ms: the second grid has looked so long after the repair.
    """

    accept_ms: int = 15 * MINUTE_MS
    work_ms: int = HOUR_MS
    verify_ms: int = 30 * MINUTE_MS


class Ending(IntEnum):
    """How a case ended."""

    OPEN = 0
    SELF_CLEARED = 1
    CLOSED = 2
    FOLDED = 3
    """A storm has taken its alarms in."""


@dataclass(slots=True, eq=False)
class ForeseenCase:
    """A case as it would have been opened; ``cleared_ms`` is when all its alarms were off for the first time.

    ``gathers`` is the group of a storm, ``quiet_ms`` since when all its alarms have been off.
    """

    info: RuleInfo
    facility: int
    community: int
    place: FacilityPlace | None
    severity: Severity
    opened_ms: int
    alarms: int = 0
    on: int = 0
    latched: bool = False
    begun: bool = False
    cleared_ms: int | None = None
    repaired_ms: int | None = None
    closed_ms: int | None = None
    ending: Ending = Ending.OPEN
    gathers: str = ""
    quiet_ms: int | None = None
    tasks: list[ForeseenTask] = field(default_factory=list)

    def task(self, kind: TaskKind) -> ForeseenTask | None:
        """Its task of a kind."""
        return next((task for task in self.tasks if task.kind is kind), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """Everything that would have been made, in the order of time.

    Attributes:
        cases: opened in the time.
        unheard: alarms that never needed a case: information, and low ones that were short.
    """

    cases: tuple[ForeseenCase, ...]
    unheard: int


class _What(IntEnum):
    """What happens, in the order in which it is looked at within one millisecond."""

    OFF = 0
    ON = 1
    STEP = 2
    SETTLE = 3
    DUE = 4
    ACCEPTED = 5
    WORKED = 6
    VERIFIED = 7


_Case = ForeseenCase
_Not = Mapping[int, PassedOver]
_STORM = -1
"""Stands for the facility in the key of a storm."""


class Play:
    """Plays the alarms in the order of time; who plays people otherwise overrides what they do."""

    def __init__(self, roster: Roster, policy: Policy, crew: Crew, find: Announcer = announce) -> None:
        """Nothing has happened yet; ``find`` gives out the tasks."""
        self._roster, self._policy, self._crew = roster, policy, crew
        self._loads = Loads(roster, policy, find)
        self._queue: list[tuple[int, int, int, Any, int]] = []
        self._order = 0
        self._open: dict[tuple[int, str], _Case] = {}
        self._crowds = Crowds((), roster.places, policy)
        self._case_of: dict[int, _Case] = {}
        self._cleared: dict[tuple[int, str], tuple[_Case, int]] = {}
        self._on: dict[int, Severity] = {}
        self._begun: dict[int, int] = {}
        self._served: dict[int, _Case] = {}
        self.cases: list[_Case] = []
        self._steps: dict[int, Callable[[int, Any, int], None]] = {
            _What.OFF: self._off,
            _What.ON: self._start,
            _What.STEP: self._step,
            _What.DUE: self._due,
            _What.SETTLE: self._settle,
            _What.ACCEPTED: self._accepted,
            _What.WORKED: self._worked,
            _What.VERIFIED: self._verified,
        }

    def run(self, alarms: Iterable[PastAlarm], from_ms: int, until_ms: int) -> Foreseen:
        """Play everything that happens before ``until_ms``; what began before ``from_ms`` is not told."""
        alarms = tuple(alarms)
        came = ((one.info, one.facility, one.severity, one.start_ms) for one in alarms)
        self._crowds = Crowds(came, self._roster.places, self._policy)
        for alarm in alarms:
            self._later(alarm.start_ms, _What.ON, alarm)
            if alarm.stop_ms is not None:
                self._later(alarm.stop_ms, _What.OFF, alarm)
            for number, step in enumerate(alarm.steps[1:], start=1):
                self._later(step.at_ms, _What.STEP, alarm, number)
        while self._queue and self._queue[0][0] < until_ms:
            at_ms, what, _, subject, turn = heapq.heappop(self._queue)
            self._steps[what](at_ms, subject, turn)
        unheard = [one for one, at_ms in self._begun.items() if at_ms >= from_ms and one not in self._case_of]
        return Foreseen(cases=tuple(case for case in self.cases if case.opened_ms >= from_ms), unheard=len(unheard))

    def _later(self, at_ms: int, what: int, subject: object, turn: int = 0) -> None:
        self._order += 1
        heapq.heappush(self._queue, (at_ms, what, self._order, subject, turn))

    def _start(self, at_ms: int, alarm: PastAlarm, turn: int) -> None:
        del turn
        self._on[id(alarm)] = alarm.severity
        self._begun[id(alarm)] = at_ms
        self._ask_for_case(at_ms, alarm)

    def _ask_for_case(self, at_ms: int, alarm: PastAlarm) -> None:
        """An alarm that is on has no case: it gets one now, later, or never."""
        wait_ms = wait_for_case_ms(self._on[id(alarm)], self._policy)
        if wait_ms is None:
            return
        if wait_ms == 0 or alarm.start_ms + wait_ms <= at_ms:
            self._open_or_join(at_ms, alarm)
        else:
            self._later(alarm.start_ms + wait_ms, _What.DUE, alarm)

    def _step(self, at_ms: int, alarm: PastAlarm, turn: int) -> None:
        """Its severity has changed: a rise takes the case along or asks for one, a fall is a note."""
        before, severity = self._on[id(alarm)], alarm.steps[turn].severity
        self._on[id(alarm)] = severity
        if severity <= before:
            return
        case = self._case_of.get(id(alarm))
        if case is not None and case.gathers and severity >= Severity.CRITICAL:  # seen for itself now
            case.alarms, case.on = case.alarms - 1, case.on - 1
            self._later(at_ms, _What.SETTLE, case)
            case = None
        if case is None:
            self._ask_for_case(at_ms, alarm)
        else:
            self._raised(at_ms, case, alarm)

    def _due(self, at_ms: int, alarm: PastAlarm, turn: int) -> None:
        del turn
        severity = self._on.get(id(alarm), Severity.INFO)
        if id(alarm) not in self._case_of and wait_for_case_ms(severity, self._policy) is not None:
            self._open_or_join(at_ms, alarm)

    def _off(self, at_ms: int, alarm: PastAlarm, turn: int) -> None:
        del turn
        self._on.pop(id(alarm), None)
        case = self._case_of.get(id(alarm))
        if case is not None:
            case.on -= 1
            self._cleared[alarm.facility, alarm.info.rule_id] = case, at_ms
            self._later(at_ms, _What.SETTLE, case)

    def _open_or_join(self, at_ms: int, alarm: PastAlarm) -> None:
        key = (alarm.facility, alarm.info.family)
        own = self._open.get(key)
        case = self._storm(at_ms, alarm) if own is None or _folds(own) else own
        case = case or own or self._again(at_ms, alarm)
        if case is None:
            case = self._open[key] = self._opened(at_ms, alarm)
        else:
            self._raised(at_ms, case, alarm)
        case.quiet_ms = None
        case.alarms += 1
        case.on += 1
        case.latched |= alarm.info.latching
        self._case_of[id(alarm)] = case

    def _storm(self, at_ms: int, alarm: PastAlarm) -> _Case | None:
        """The storm or joint case that an alarm belongs to, which it may begin: ``StormWork.case_for``."""
        own = self._open.get((alarm.facility, alarm.info.family))
        joint = self._crowds.joint(alarm.info, alarm.facility, self._on[id(alarm)])
        if joint is not None:
            return own or self._open.get((_STORM, joint.key)) or self._gathered(at_ms, alarm, joint)
        group = _narrowest(
            self._open, self._crowds, at_ms, self._crowds.groups(alarm.info, alarm.facility, self._on[id(alarm)])
        )
        if group is None:
            return None
        storm = self._open.get((_STORM, group.key))
        if storm is None:
            return self._begin_storm(at_ms, alarm, group)
        if own is not None:
            self._hand_over(at_ms, own, storm)
        return storm

    def _gathered(self, at_ms: int, alarm: PastAlarm, group: Group) -> _Case:
        case = self._open[_STORM, group.key] = self._opened(at_ms, alarm)
        case.gathers = group.key
        return case

    def _begin_storm(self, at_ms: int, alarm: PastAlarm, group: Group) -> _Case:
        storm = self._gathered(at_ms, alarm, group)
        lately = self._crowds.members(group, at_ms)
        mine = [case for case in self._open.values() if case.facility in lately and case.info.family == group.family]
        for single in mine:
            found = self._crowds.groups(alarm.info, single.facility, self._on[id(alarm)])
            if _folds(single) and _narrowest(self._open, self._crowds, at_ms, found) == group:
                self._hand_over(at_ms, single, storm)
        return storm

    def _hand_over(self, at_ms: int, single: _Case, storm: _Case) -> None:
        """A case that nobody has begun ends; its alarms are those of the storm."""
        self._end(at_ms, single, Ending.FOLDED)
        for one, case in self._case_of.items():
            if case is single:
                self._case_of[one] = storm
        storm.alarms, storm.on = storm.alarms + single.alarms, storm.on + single.on

    def _again(self, at_ms: int, alarm: PastAlarm) -> _Case | None:
        """The case that ended by itself when the same alarm cleared, a short while ago, reopened."""
        case, cleared_ms = self._cleared.get((alarm.facility, alarm.info.rule_id), (None, 0))
        if case is None or (case.ending, case.info.family) != (Ending.SELF_CLEARED, alarm.info.family) or case.gathers:
            return None
        if alarm.start_ms - cleared_ms > self._policy.again_within_ms or not self._policy.again_within_ms:
            return None
        case.ending, case.closed_ms, case.cleared_ms = Ending.OPEN, None, None
        case.severity = max(case.severity, self._on[id(alarm)])
        self._open[case.facility, case.info.family] = case
        for task in case.tasks:
            _start_limit(self._loads, self._policy, at_ms, case, task)
            self._route(at_ms, case, task, {})
        return case

    def _opened(self, at_ms: int, alarm: PastAlarm) -> _Case:
        place = self._roster.places.get(alarm.facility)
        case = _Case(
            info=alarm.info.at(self._on[id(alarm)]),
            facility=alarm.facility,
            community=place.community if place else 0,
            place=place,
            severity=self._on[id(alarm)],
            opened_ms=at_ms,
        )
        self.cases.append(case)
        self._give(at_ms, case, TaskKind.HANDLE)
        if case.info.support is not None:
            self._give(at_ms, case, TaskKind.VERIFY)
        return case

    def _raised(self, at_ms: int, case: _Case, alarm: PastAlarm) -> None:
        severity = self._on[id(alarm)]
        if severity <= case.severity:
            return
        case.severity = severity
        tasks, info = tuple(case.tasks), alarm.info.at(severity)
        if case.info.support is None and info.support is not None and info.rule_id == case.info.rule_id:
            case.info = replace(case.info, support=info.support)
            if case.task(TaskKind.VERIFY) is None:
                self._give(at_ms, case, TaskKind.VERIFY)
        for task in tasks:
            if task.kind is TaskKind.HANDLE:
                _start_limit(self._loads, self._policy, at_ms, case, task, nearer=True)
            if not task.open or task.accepted_ms is not None or task.given_ms <= at_ms:
                self._loads.raised(task, severity, case.place)
                continue
            called_out = needs_call_out(case.severity, task.given_ms, at_ms, self._policy)
            if called_out or self._loads.too_late(task):
                task.called_out |= called_out
                self._route(at_ms, case, task, _own_repair(case, task))

    def _settle(self, at_ms: int, case: _Case, turn: int) -> None:
        del turn
        if case.on or case.ending is not Ending.OPEN:
            return
        if case.cleared_ms is None:
            case.cleared_ms = at_ms
        if case.latched and not case.begun:
            return
        if case.gathers and not is_joint(case.gathers) and not case.begun:
            if case.quiet_ms is None:
                case.quiet_ms = at_ms
                self._later(at_ms + self._policy.storm_quiet_ms, _What.SETTLE, case)
            if at_ms - case.quiet_ms < self._policy.storm_quiet_ms:
                return
        if when_all_off(begun=case.begun) is AllOff.SELF_CLEARED:
            self._end(at_ms, case, Ending.SELF_CLEARED)
        else:
            self._worked(at_ms, case, 0)
            self._verified(at_ms, case, 0)

    def _give(self, at_ms: int, case: _Case, kind: TaskKind, excluded: Mapping[int, PassedOver] | None = None) -> None:
        """Make a task, as ``TaskWork.create`` does."""
        grid = case.info.lead if kind is TaskKind.HANDLE or case.info.support is None else case.info.support
        cell = case.place.cells.get(grid, "") if case.place else ""
        task = ForeseenTask(kind, grid, case.severity, at_ms, at_ms, None, Rung.UNSTAFFED, cell)
        case.tasks.append(task)
        self._served[id(task)] = case
        _start_limit(self._loads, self._policy, at_ms, case, task)
        self._route(at_ms, case, task, excluded or {})

    def _route(self, at_ms: int, case: _Case, task: ForeseenTask, excluded: _Not, keep: int | None = None) -> None:
        """Give a task to somebody, or to somebody else, as ``TaskWork.reassign`` does."""
        task.severity, task.accepted_ms = case.severity, None
        request = request_for(
            kind=task.kind,
            grid=task.grid,
            support=case.info.support,
            place=case.place,
            community=case.community,
            severity=case.severity,
            at_ms=announce_ms(case.severity, at_ms, self._policy),
            excluded=excluded,
            policy=self._policy,
        )
        self._moved([task, *self._loads.give(task, request, case.place, at_ms, keep)])

    def _moved(self, tasks: Iterable[ForeseenTask]) -> None:
        """Tasks are announced at another time, so they are accepted at another time."""
        for task in tasks:
            task.turn += 1
            if task.kind is TaskKind.HANDLE and task.owner is not None:
                at_ms = task.given_ms + self._crew.accept_ms
                self._later(at_ms, _What.ACCEPTED, self._served[id(task)], task.turn)

    def _accepted(self, at_ms: int, case: _Case, turn: int) -> None:
        task = case.task(TaskKind.HANDLE)
        if task is None or not task.open or task.turn != turn:
            return
        case.begun, task.accepted_ms = True, at_ms
        self._loads.went(task, case.place, at_ms)
        self._later(at_ms + self._crew.work_ms, _What.WORKED, case)

    def _worked(self, at_ms: int, case: _Case, turn: int) -> None:
        """The repair is done when its time is over and all alarms are off; then the other grid looks."""
        del turn
        task = case.task(TaskKind.HANDLE)
        if task is None or not task.open or task.accepted_ms is None:
            return
        if case.on or at_ms < task.accepted_ms + self._crew.work_ms:
            return
        self._repaired(at_ms, case, task)
        self._later(at_ms + self._crew.verify_ms, _What.VERIFIED, case)

    def _repaired(self, at_ms: int, case: _Case, task: ForeseenTask) -> None:
        """The repair is reported: somebody else is asked to look."""
        case.repaired_ms = at_ms
        self._moved(self._loads.ended(task, at_ms))
        repaired_by = {task.owner: PassedOver.OWN_REPAIR} if task.owner is not None else {}
        verify = case.task(TaskKind.VERIFY)
        if verify is None:
            self._give(at_ms, case, TaskKind.VERIFY, repaired_by)
        else:
            _start_limit(self._loads, self._policy, at_ms, case, verify)
            if verify.owner is None or verify.owner == task.owner:
                self._route(at_ms, case, verify, _own_repair(case, verify))

    def _verified(self, at_ms: int, case: _Case, turn: int) -> None:
        """The other grid has looked; if an alarm is back meanwhile, the case stays until it is off."""
        del turn
        repaired_ms = case.repaired_ms
        if case.ending is not Ending.OPEN or case.on or repaired_ms is None:
            return
        if at_ms >= repaired_ms + self._crew.verify_ms:
            self._end(at_ms, case, Ending.CLOSED)

    def _end(self, at_ms: int, case: _Case, ending: Ending) -> None:
        case.ending, case.closed_ms = ending, at_ms
        for task in case.tasks:
            if ending is Ending.CLOSED and task.open:
                self._loads.went(task, case.place, at_ms)
            self._moved(self._loads.ended(task, at_ms))
        del self._open[(_STORM, case.gathers) if case.gathers else (case.facility, case.info.family)]


def _start_limit(
    loads: Loads, policy: Policy, at_ms: int, case: _Case, task: ForeseenTask, *, nearer: bool = False
) -> None:
    """Start the limit of a task, or only one that is ``nearer`` than what it has."""
    class_id = case.place.class_id if case.place else ""
    repaired = case.repaired_ms is not None
    limit = task_limit(task.kind, case.info, case.severity, policy, class_id, repaired=repaired)
    loads.limit(task, limit, announce_ms(case.severity, at_ms, policy), nearer=nearer)


def _own_repair(case: _Case, task: ForeseenTask) -> Mapping[int, PassedOver]:
    """Nobody looks at their own repair."""
    handle = case.task(TaskKind.HANDLE)
    repaired = task.kind is TaskKind.VERIFY and handle is not None and not handle.open
    return {handle.owner: PassedOver.OWN_REPAIR} if repaired and handle and handle.owner is not None else {}


def _narrowest(
    open_cases: Mapping[tuple[int, str], _Case], crowds: Crowds, at_ms: int, found: Sequence[Group]
) -> Group | None:
    """The first of groups that is a storm, or has become one."""
    return next((one for one in found if (_STORM, one.key) in open_cases or crowds.is_storm(one, at_ms)), None)


def _folds(case: _Case) -> bool:
    """Whether a case may become part of a storm's: nobody has begun it, and all in it may gather."""
    return not (case.gathers or case.begun or case.latched) and case.severity < Severity.CRITICAL


def foresee(
    alarms: Sequence[PastAlarm], roster: Roster, policy: Policy, crew: Crew, from_ms: int, until_ms: int
) -> Foreseen:
    """Play alarms through the policy.

    Args:
        alarms: in any order; those that began before ``from_ms`` open what they open, and are left out of the answer.
        roster: people, posts and places.
        policy: the city's numbers.
        crew: what is assumed of people.
        from_ms: cases opened earlier are not part of the answer.
        until_ms: nothing that happens then or later is looked at.
    """
    ordered = sorted(alarms, key=lambda one: (one.start_ms, one.facility))
    return Play(roster, policy, crew).run(ordered, from_ms, until_ms)
