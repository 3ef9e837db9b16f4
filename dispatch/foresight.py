"""What dispatch would have made of alarms of the past: cases and tasks, without a database and without people.

The decisions are those of ``dispatch.deciding``, ``routing``, ``observation`` and ``worktime``, taken in the order of
time: which alarm opens a case and when, which joins, what ends by itself, who gets the task and when they are told,
whether a sensor verifies. What people do with a task no policy says: a ``Crew`` is assumed, and every report says so.
The roster is today's: no past one is kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.alarms import Severity
from core.cases import TaskKind
from core.ports.registry import Roster
from dispatch.announcing import announce
from dispatch.crowds import Crowds
from dispatch.deciding import AllOff, needs_call_out, wait_for_case_ms, when_all_off
from dispatch.foreseen import Crew, Ending, Foreseen, ForeseenCase, PastAlarm
from dispatch.foresight_tasks import What, own_repair, start_limit
from dispatch.foresight_watch import ALWAYS_SEEN, Sensors, WatchPlay
from dispatch.loads import Announcer, ForeseenTask
from dispatch.policy import Policy
from dispatch.storms import Group, is_joint

_Case = ForeseenCase
_STORM = -1
"""Stands for the facility in the key of a storm."""


class Play(WatchPlay):
    """Plays the alarms in the order of time; who plays people otherwise overrides what they do."""

    def __init__(
        self, roster: Roster, policy: Policy, crew: Crew, find: Announcer = announce, sensors: Sensors | None = None
    ) -> None:
        """Nothing has happened yet; ``find`` gives out the tasks, ``sensors`` observe repairs: none, if left out."""
        super().__init__(roster, policy, crew, find, sensors)
        self._open: dict[tuple[int, str], _Case] = {}
        self._crowds = Crowds((), roster.places, policy)
        self._case_of: dict[int, _Case] = {}
        self._cleared: dict[tuple[int, str, str], tuple[_Case, int]] = {}
        self._on: dict[int, Severity] = {}
        self._begun: dict[int, int] = {}
        self.cases: list[_Case] = []
        self._steps: dict[int, Callable[[int, Any, int], None]] = {
            What.OFF: self._off,
            What.ON: self._start,
            What.STEP: self._step,
            What.JUDGE: self._judge,
            What.DUE: self._due,
            What.SETTLE: self._settle,
            What.LOOK: self._look,
            What.ACCEPTED: self._accepted,
            What.WORKED: self._worked,
            What.VERIFIED: self._verified,
        }

    def run(self, alarms: Iterable[PastAlarm], from_ms: int, until_ms: int) -> Foreseen:
        """Play everything that happens before ``until_ms``; what began before ``from_ms`` is not told."""
        alarms = tuple(alarms)
        came = ((one.info, one.facility, one.severity, one.start_ms) for one in alarms)
        self._crowds = Crowds(came, self._roster.places, self._policy)
        for alarm in alarms:
            self._later(alarm.start_ms, What.ON, alarm)
            if alarm.stop_ms is not None:
                self._later(alarm.stop_ms, What.OFF, alarm)
            for number, step in enumerate(alarm.steps[1:], start=1):
                self._later(step.at_ms, What.STEP, alarm, number)
        while self._queue and self._queue[0][0] < until_ms:
            at_ms, what, _, subject, turn = heapq.heappop(self._queue)
            self._steps[what](at_ms, subject, turn)
        unheard = [one for one, at_ms in self._begun.items() if at_ms >= from_ms and one not in self._case_of]
        return Foreseen(cases=tuple(case for case in self.cases if case.opened_ms >= from_ms), unheard=len(unheard))

    def _start(self, at_ms: int, alarm: PastAlarm, turn: int) -> None:
        del turn
        self._on[id(alarm)] = alarm.severity
        self._begun[id(alarm)] = at_ms
        self._came(alarm)
        self._ask_for_case(at_ms, alarm)
        self._unjoined(at_ms, alarm)

    def _ask_for_case(self, at_ms: int, alarm: PastAlarm) -> None:
        """An alarm that is on has no case: it gets one now, later, or never."""
        wait_ms = wait_for_case_ms(self._on[id(alarm)], self._policy)
        if wait_ms is None:
            return
        if wait_ms == 0 or alarm.start_ms + wait_ms <= at_ms:
            self._open_or_join(at_ms, alarm)
        else:
            self._later(alarm.start_ms + wait_ms, What.DUE, alarm)

    def _step(self, at_ms: int, alarm: PastAlarm, turn: int) -> None:
        """Its severity has changed: a rise takes the case along or asks for one, a fall is a note."""
        before, severity = self._on[id(alarm)], alarm.steps[turn].severity
        self._on[id(alarm)] = severity
        if severity <= before:
            return
        case = self._case_of.get(id(alarm))
        if case is not None and case.gathers and severity >= Severity.CRITICAL:  # seen for itself now
            case.alarms, case.on = case.alarms - 1, case.on - 1
            case.members.remove(alarm)
            self._later(at_ms, What.SETTLE, case)
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
            self._cleared[alarm.facility, alarm.info.rule_id, alarm.element] = case, at_ms
            self._later(at_ms, What.SETTLE, case)

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
        case.members.append(alarm)
        self._case_of[id(alarm)] = case
        self._joined(at_ms, case)

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
        storm.members += single.members
        single.members = []

    def _again(self, at_ms: int, alarm: PastAlarm) -> _Case | None:
        """The case that ended by itself when the same alarm cleared, a short while ago, reopened."""
        case, cleared_ms = self._cleared.get((alarm.facility, alarm.info.rule_id, alarm.element), (None, 0))
        if case is None or (case.ending, case.info.family) != (Ending.SELF_CLEARED, alarm.info.family) or case.gathers:
            return None
        if alarm.start_ms - cleared_ms > self._policy.again_within_ms or not self._policy.again_within_ms:
            return None
        case.ending, case.closed_ms, case.cleared_ms = Ending.OPEN, None, None
        case.severity = max(case.severity, self._on[id(alarm)])
        self._open[case.facility, case.info.family] = case
        for task in case.tasks:
            start_limit(self._loads, self._policy, at_ms, case, task)
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
                start_limit(self._loads, self._policy, at_ms, case, task, nearer=True)
            if not task.open or task.accepted_ms is not None or task.given_ms <= at_ms:
                self._loads.raised(task, severity, case.place)
                continue
            called_out = needs_call_out(case.severity, task.given_ms, at_ms, self._policy)
            if called_out or self._loads.too_late(task):
                task.called_out |= called_out
                self._route(at_ms, case, task, own_repair(case, task.kind))

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
                self._later(at_ms + self._policy.storm_quiet_ms, What.SETTLE, case)
            if at_ms - case.quiet_ms < self._policy.storm_quiet_ms:
                return
        if when_all_off(begun=case.begun) is AllOff.SELF_CLEARED:
            self._end(at_ms, case, Ending.SELF_CLEARED)
        else:
            self._worked(at_ms, case, 0)
            self._verified(at_ms, case, 0)

    def _accepted(self, at_ms: int, case: _Case, turn: int) -> None:
        task = case.task(TaskKind.HANDLE)
        if task is None or not task.open or task.turn != turn:
            return
        case.begun, task.accepted_ms = True, at_ms
        self._loads.went(task, case.place, at_ms)
        self._later(at_ms + self._crew.work_ms, What.WORKED, case)

    def _worked(self, at_ms: int, case: _Case, turn: int) -> None:
        """The repair is done when its time is over and all alarms are off; then the other grid looks."""
        del turn
        task = case.task(TaskKind.HANDLE)
        if task is None or not task.open or task.accepted_ms is None:
            return
        if case.on or at_ms < task.accepted_ms + self._crew.work_ms:
            return
        self._repaired(at_ms, case, task)

    def _repaired(self, at_ms: int, case: _Case, task: ForeseenTask) -> None:
        """The repair is reported: the sensor observes it, or somebody else is asked to look."""
        case.repaired_ms, case.handled_by = at_ms, task.owner
        self._moved(self._loads.ended(task, at_ms))
        if not self._observed(at_ms, case):
            self._call_verifier(at_ms, case)

    def _verified(self, at_ms: int, case: _Case, turn: int) -> None:
        """The other grid has looked; if an alarm is back meanwhile, the case stays until it is off."""
        del turn
        called_ms = case.called_ms
        if case.ending is not Ending.OPEN or case.on or called_ms is None:
            return
        if at_ms >= called_ms + self._crew.verify_ms:
            self._end(at_ms, case, Ending.CLOSED)

    def _end(self, at_ms: int, case: _Case, ending: Ending) -> None:
        case.ending, case.closed_ms = ending, at_ms
        for task in case.tasks:
            if ending is Ending.CLOSED and task.open and not case.proven:
                self._loads.went(task, case.place, at_ms)
            self._moved(self._loads.ended(task, at_ms))
        del self._open[(_STORM, case.gathers) if case.gathers else (case.facility, case.info.family)]


def _narrowest(
    open_cases: Mapping[tuple[int, str], _Case], crowds: Crowds, at_ms: int, found: Sequence[Group]
) -> Group | None:
    """The first of groups that is a storm, or has become one."""
    return next((one for one in found if (_STORM, one.key) in open_cases or crowds.is_storm(one, at_ms)), None)


def _folds(case: _Case) -> bool:
    """Whether a case may become part of a storm's: nobody has begun it, and all in it may gather."""
    return not (case.gathers or case.begun or case.latched) and case.severity < Severity.CRITICAL


def foresee(
    alarms: Sequence[PastAlarm],
    roster: Roster,
    policy: Policy,
    crew: Crew,
    from_ms: int,
    until_ms: int,
    sensors: Sensors | None = ALWAYS_SEEN,
) -> Foreseen:
    """Play alarms through the policy.

    Args:
        alarms: in any order; those that began before ``from_ms`` open what they open, and are left out of the answer.
        roster: people, posts and places.
        policy: the city's numbers.
        crew: what is assumed of people.
        from_ms: cases opened earlier are not part of the answer.
        until_ms: nothing that happens then or later is looked at.
        sensors: how far what is observed after a repair was seen; ``None``: a person verifies every repair.
    """
    ordered = sorted(alarms, key=lambda one: (one.start_ms, one.facility))
    return Play(roster, policy, crew, sensors=sensors).run(ordered, from_ms, until_ms)
