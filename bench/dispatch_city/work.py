"""People at work: cases as dispatch makes them, tasks as it gives them, done by workers who have but two hands.

Alarms, joining, storms, limits, announcements and routing are those of dispatch (``dispatch.foresight.Play`` asks
``deciding``, ``routing``, ``storms`` and ``worktime``), the order of a queue is that of the worker's page. What is
assumed here is what people do: the way there, how long a repair takes, that urgent work interrupts other work, that a
task is now and then given back, and that now and then a repair does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from math import dist, log

import numpy as np

from bench.dispatch_city.script import Script
from bench.dispatch_city.town import Position, Town
from core.alarms import Severity
from core.cases import DeadlineWhat, TaskKind
from core.people import Person
from core.places import Grid
from core.ports.cases import PassedOver
from dispatch.announcing import Announced, Announcer, Seeking
from dispatch.deciding import announce_ms, handling_limit
from dispatch.foreseen import Crew, Ending, ForeseenCase, PastAlarm
from dispatch.foresight import Play
from dispatch.loads import ForeseenTask
from dispatch.policy import Policy
from dispatch.queries import queue_rank
from dispatch.routing import Assignment, on_shift
from dispatch.worktime import HOUR_MS, MINUTE_MS, WorkCalendar, due

METRES_A_MINUTE = 10_000 / 60 / 1.3
"""10 km/h on a way 1.3 times the line of sight."""
REPAIR_MIN: Mapping[Severity, float] = {
    Severity.CRITICAL: 20.0,
    Severity.HIGH: 35.0,
    Severity.MEDIUM: 50.0,
    Severity.LOW: 45.0,
    Severity.INFO: 45.0,
}
"""Medians on site; of the worst until the danger is gone."""
GOVERN_MIN, LOOK_MIN, VERIFY_MIN, FOUND_WELL_MIN, MEMBER_MIN = 20.0, 6.0, 10.0, 10.0, 8.0
RETURNED, REJECTED = 0.02, 0.04
_LONGEST_MIN = 300.0


class What(IntEnum):
    """What a worker does; further steps of the play."""

    QUEUE = 100
    DONE = 101


class Job(IntEnum):
    """What is done for a task."""

    REPAIR = 0
    LOOK = 1
    VERIFY = 2


@dataclass(slots=True, eq=False)
class Clock:
    """The limit of a case's handling: from its announcement after the night's rest, whoever was free then."""

    due_ms: int
    what: DeadlineWhat
    met_ms: int | None = None
    missed: bool = False

    def meet(self, at_ms: int) -> None:
        """What it asks for has happened; the first time counts."""
        if self.met_ms is None:
            self.met_ms, self.missed = at_ms, self.missed or at_ms > self.due_ms


@dataclass(slots=True, eq=False)
class Doing:
    """What somebody is at."""

    case: ForeseenCase
    task: ForeseenTask
    job: Job
    until_ms: int


@dataclass(slots=True, eq=False)
class Worker:
    """A person at work."""

    person: Person
    at: Position
    queue: list[tuple[ForeseenCase, ForeseenTask]] = field(default_factory=list)
    doing: Doing | None = None
    turn: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class Given:
    """A task as it was given to somebody; ``given_ms`` ``None``: they were not told before it was taken back."""

    case: ForeseenCase
    task: ForeseenTask
    owner: int
    severity: Severity
    found: Assignment
    given_ms: int | None = None


Begin = Callable[["CityPlay"], Announcer]


class CityPlay(Play):
    """The season."""

    def __init__(self, town: Town, policy: Policy, script: Script, seed: int, begin: Begin) -> None:
        """Nobody has anything to do yet; ``begin`` answers who gives out the tasks."""
        super().__init__(town.roster, policy, Crew(), self._ask)
        self.town, self._script, self._seed = town, script, seed
        self.workers = {number: Worker(one, town.homes[number]) for number, one in town.roster.people.items()}
        self._given: list[Given] = []
        self._current: dict[int, Given] = {}
        self.unowned = 0
        self.late_accepts = 0
        self.looks: list[bool] = []
        self.clocks: dict[int, Clock] = {}
        self._alarms: dict[int, list[PastAlarm]] = {}
        self._left_ms: dict[tuple[int, Job], int] = {}
        self._done: set[tuple[int, Job]] = set()
        self._odd: set[int] = set()
        self._numbers: dict[int, int] = {}
        self._finder = begin(self)
        self._last: Assignment | None = None
        self._steps |= {What.QUEUE: self._look_at_queue, What.DONE: self._finish}

    def _ask(self, seeking: Seeking) -> Announced:
        found = self._finder(seeking)
        self._last = found.assignment
        return found

    # --- cases: dispatch decides, limits are noted -----------------------------------------------------------------

    def _opened(self, at_ms: int, alarm: PastAlarm) -> ForeseenCase:
        case = super()._opened(at_ms, alarm)
        self.clocks[id(case)] = self._clock(at_ms, case)
        self._alarms[id(case)] = []
        return case

    def _open_or_join(self, at_ms: int, alarm: PastAlarm) -> None:
        super()._open_or_join(at_ms, alarm)
        self._alarms[id(self._case_of[id(alarm)])].append(alarm)

    def _raised(self, at_ms: int, case: ForeseenCase, alarm: PastAlarm) -> None:
        before = case.severity
        super()._raised(at_ms, case, alarm)
        if case.severity > before:
            clock, nearer = self.clocks[id(case)], self._clock(at_ms, case)
            if clock.met_ms is None and nearer.due_ms < clock.due_ms:
                clock.due_ms, clock.what = nearer.due_ms, nearer.what

    def _hand_over(self, at_ms: int, single: ForeseenCase, storm: ForeseenCase) -> None:
        super()._hand_over(at_ms, single, storm)
        self._alarms[id(storm)] += self._alarms[id(single)]

    def _again(self, at_ms: int, alarm: PastAlarm) -> ForeseenCase | None:
        case = super()._again(at_ms, alarm)
        if case is not None:
            self.clocks[id(case)] = self._clock(at_ms, case)
        return case

    def _off(self, at_ms: int, alarm: PastAlarm, turn: int) -> None:
        if id(alarm) in self._on:  # a repair may have ended it before its time
            super()._off(at_ms, alarm, turn)

    def _worked(self, at_ms: int, case: ForeseenCase, turn: int) -> None:
        """Clearing repairs nothing: the worker who has begun goes and looks."""

    def _verified(self, at_ms: int, case: ForeseenCase, turn: int) -> None:
        """Somebody must have been there."""

    def _clock(self, at_ms: int, case: ForeseenCase, missed: bool = False) -> Clock:
        limit = handling_limit(case.info, case.severity, self._policy)
        begin_ms = announce_ms(case.severity, at_ms, self._policy)
        return Clock(due(self._policy.calendar, limit.clock, begin_ms, limit.hours), limit.what, None, missed)

    # --- tasks: given, told, taken in the order of the queue --------------------------------------------------------

    def _route(
        self,
        at_ms: int,
        case: ForeseenCase,
        task: ForeseenTask,
        excluded: Mapping[int, PassedOver],
        keep: int | None = None,
    ) -> None:
        before = self._current.pop(id(task), None)
        if before is not None and task.given_ms <= at_ms:
            before.given_ms = task.given_ms
        super()._route(at_ms, case, task, excluded, keep)
        if task.owner is None or self._last is None:
            self.unowned += 1
            return
        self._numbers.setdefault(id(task), len(self._numbers))
        given = Given(case=case, task=task, owner=task.owner, severity=case.severity, found=self._last)
        self._current[id(task)] = given
        self._given.append(given)
        self.workers[task.owner].queue.append((case, task))

    def _moved(self, tasks: Iterable[ForeseenTask]) -> None:
        """People are told of tasks then, and look at their queues."""
        for task in tasks:
            task.turn += 1
            if task.owner is not None:
                self._later(task.given_ms, What.QUEUE, self.workers[task.owner])

    def given(self) -> list[Given]:
        """The tasks that people were told of, in the order in which they were given out."""
        for one in self._current.values():
            if one.task.heard:
                one.given_ms = one.task.given_ms
        return [one for one in self._given if one.given_ms is not None]

    def _look_at_queue(self, at_ms: int, worker: Worker, turn: int) -> None:
        """Begin the first job, or leave what is less urgent for one that cannot wait."""
        del turn
        worker.queue = [one for one in worker.queue if one[1].open and one[1].owner == worker.person.number]
        waiting = [one for one in worker.queue if one[1].given_ms <= at_ms and self._job(*one) is not None]
        if not waiting:
            return
        case, task = min(waiting, key=lambda one: self._rank(at_ms, *one))
        urgent = case.severity >= Severity.HIGH
        doing = worker.doing
        if doing is not None:
            if doing.case.severity >= Severity.HIGH or not urgent or doing.task is task:
                return
            self._left_ms[id(doing.task), doing.job] = max(0, doing.until_ms - at_ms)
            worker.doing = None
        if not urgent and not _there(worker.person, self._policy.calendar, at_ms):
            self._later(_next_on(worker.person, self._policy.calendar, at_ms), What.QUEUE, worker)
            return
        self._take(at_ms, worker, case, task)

    def _take(self, at_ms: int, worker: Worker, case: ForeseenCase, task: ForeseenTask) -> None:
        job = self._job(case, task)
        if job is None:
            return
        case.begun = True
        self._loads.went(task, case.place, at_ms)
        if task.accepted_ms is None:
            task.accepted_ms = at_ms
            hours = self._policy.accept_ms[case.severity] / HOUR_MS
            clock = self._policy.accept_clock(case.severity)
            self.late_accepts += at_ms > due(self._policy.calendar, clock, task.given_ms, hours)
        left_ms = self._left_ms.pop((id(task), job), None)
        if left_ms is None:
            left_ms = round(_minutes(self._seed, case, job) * MINUTE_MS)
        spot = self.town.positions[case.facility]
        way_ms = round((2 + dist(worker.at, spot) / METRES_A_MINUTE) * MINUTE_MS)
        worker.at, worker.turn = spot, worker.turn + 1
        if job is Job.REPAIR and self.clocks[id(case)].what is DeadlineWhat.ARRIVE:
            self.clocks[id(case)].meet(at_ms + way_ms)
        worker.doing = Doing(case, task, job, at_ms + way_ms + left_ms)
        self._later(worker.doing.until_ms, What.DONE, worker, worker.turn)

    def _finish(self, at_ms: int, worker: Worker, turn: int) -> None:
        doing = worker.doing
        if doing is None or turn != worker.turn:
            return
        worker.doing = None
        case, task = doing.case, doing.task
        if task.open and task.owner == worker.person.number:
            self._done.add((id(task), doing.job))
            if doing.job is Job.LOOK:
                limit = self._policy.look[case.severity]
                self.looks.append(at_ms <= due(self._policy.calendar, limit.clock, task.given_ms, limit.hours))
            elif doing.job is Job.REPAIR:
                self._repair(at_ms, case, task)
            else:
                self._verify(at_ms, case, task)
        self._look_at_queue(at_ms, worker, 0)

    def _repair(self, at_ms: int, case: ForeseenCase, task: ForeseenTask) -> None:
        if _chance(self._seed, case, 1) < RETURNED and id(case) not in self._odd and task.owner is not None:
            self._odd.add(id(case))
            self._done.discard((id(task), Job.REPAIR))
            self._route(at_ms, case, task, {task.owner: PassedOver.RETURNED_IT})
            return
        for alarm in self._alarms[id(case)]:
            if self._case_of.get(id(alarm)) is case:
                self._off(at_ms, alarm, 0)
        self.clocks[id(case)].meet(at_ms)
        self._repaired(at_ms, case, task)
        verify = case.task(TaskKind.VERIFY)
        if verify is not None and verify.owner is not None:
            self._later(max(at_ms, verify.given_ms), What.QUEUE, self.workers[verify.owner])

    def _verify(self, at_ms: int, case: ForeseenCase, task: ForeseenTask) -> None:
        handle = case.task(TaskKind.HANDLE)
        if case.ending is not Ending.OPEN or handle is None or handle.owner is None:
            return
        again = _chance(self._seed, case, 2) < REJECTED and id(case) not in self._odd
        if not (again or case.on):
            self._end(at_ms, case, Ending.CLOSED)
            return
        self._odd.add(id(case))
        self._done -= {(id(task), Job.VERIFY), (id(handle), Job.REPAIR)}
        case.repaired_ms = None
        self.clocks[id(case)] = self._clock(at_ms, case, self.clocks[id(case)].missed)
        begin_ms = announce_ms(case.severity, at_ms, self._policy)
        self._loads.limit(handle, self._policy.handle[case.severity], begin_ms, nearer=False)
        self._route(at_ms, case, handle, {}, handle.owner)

    # --- people -----------------------------------------------------------------------------------------------------

    def _job(self, case: ForeseenCase, task: ForeseenTask) -> Job | None:
        """What there is to do for a task now."""
        if task.kind is TaskKind.HANDLE:
            return Job.REPAIR
        if case.repaired_ms is not None:
            return Job.VERIFY
        return None if (id(task), Job.LOOK) in self._done else Job.LOOK

    def _rank(self, at_ms: int, case: ForeseenCase, task: ForeseenTask) -> tuple[bool, bool, bool, int, float, int]:
        clock = self.clocks[id(case)]
        return queue_rank(
            ready=task.kind is TaskKind.HANDLE or case.repaired_ms is not None,
            not_before_ms=task.given_ms,
            overdue=clock.missed,
            severity=case.severity,
            due_ms=clock.due_ms,
            number=self._numbers[id(task)],
            now_ms=at_ms,
        )


def _minutes(seed: int, case: ForeseenCase, job: Job) -> float:
    """How long a job takes on site."""
    if job is not Job.REPAIR:
        return LOOK_MIN if job is Job.LOOK else VERIFY_MIN
    if not case.on:
        return FOUND_WELL_MIN
    usual = REPAIR_MIN[case.severity] if case.info.lead is Grid.CONSTRUCTION else GOVERN_MIN
    drawn = float(_draw(seed, case, 0).lognormal(log(usual), 0.6))
    return min(_LONGEST_MIN, drawn + MEMBER_MIN * (case.on - 1))


def _draw(seed: int, case: ForeseenCase, what: int) -> np.random.Generator:
    """The same for a case whoever gets it, so that what is compared is the routing alone."""
    return np.random.default_rng((seed, what, case.facility, case.opened_ms // 1000))


def _chance(seed: int, case: ForeseenCase, what: int) -> float:
    return float(_draw(seed, case, what).random())


def _there(person: Person, calendar: WorkCalendar, at_ms: int) -> bool:
    """Whether somebody is at work."""
    away = bool(person.leave) and person.on_leave(calendar.day_of(at_ms).isoformat())
    return not away and on_shift(person, calendar, at_ms)


def _next_on(person: Person, calendar: WorkCalendar, at_ms: int) -> int:
    """When somebody who is not there now is there again, to the half hour."""
    step_ms = 30 * MINUTE_MS
    begin_ms = at_ms // step_ms * step_ms
    later = range(begin_ms + step_ms, begin_ms + 40 * 24 * HOUR_MS, step_ms)
    return next(at for at in later if _there(person, calendar, at))
