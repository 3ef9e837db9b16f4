"""When a task is announced, and to whom: what is not urgent waits until its owner has room. Pure and deterministic.

What rests by night and on days off would all be announced when work begins, and whoever has to take what nobody else
can would have it all at once. So a task that is not urgent (``Policy.rests_at_night``) is announced at the first
working instant at which somebody whom routing allows has room under ``most_an_hour`` and ``most_a_day``, at the latest
when ``announce_share`` of its limit is used up; the limit itself does not move. Of the tasks that wait for one owner
the one that may wait least comes first, so the order in which they were made matters only between equals. A task for
which nobody has room in that time is announced all the same, where it is least in the way: the limit counts more than
the burden. As long as it may wait, what is kept for urgent tasks is left free (``Policy.kept_an_hour``, of the three
of an hour). Critical and high tasks never wait. ADR 0040, 0058, 0072.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import gt

from core.alarms import Severity
from core.cases import DeadlineClock
from core.ports.cases import Candidate, PassedOver, Rung
from core.ports.registry import FacilityPlace, Roster
from dispatch.arrival import full_of
from dispatch.deciding import attempts
from dispatch.diary import Diary
from dispatch.policy import Policy
from dispatch.routing import FULL, Assignment, Bound, Request, all_are_full, route, those_full
from dispatch.worktime import HOUR_MS, elapsed

_NEWEST = 1 << 62
"""Stands for the number of a task that has none yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A task that is not urgent and not announced yet.

    Attributes:
        number: breaks ties.
        severity: of its case.
        at_ms: when it is to be announced.
        latest_ms: when it must be; not before ``at_ms``.
    """

    number: int
    severity: Severity
    at_ms: int
    latest_ms: int


class Line(tuple[Waiting, ...]):
    """The tasks of one person that wait, with what is asked of them again and again worked out once."""

    @cached_property
    def latest(self) -> int:
        """When the last of them must be announced; 0 without one."""
        return self.ranks[-1][0] if self.ranks else 0

    @cached_property
    def ranks(self) -> list[tuple[int, int, int]]:
        """Who may wait least first."""
        return sorted(map(_rank, self))

    @cached_property
    def moments(self) -> list[int]:
        """When they are announced, ascending."""
        return sorted([one.at_ms for one in self])


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """Who got a task, when they are told, and what this moves.

    Attributes:
        assignment: who, and everybody who was looked at.
        at_ms: when they are told.
        moved: other tasks of the owner to when they are told now.
    """

    assignment: Assignment
    at_ms: int
    moved: Mapping[int, int] = field(default_factory=dict)


WaitingOf = Callable[[int], Sequence[Waiting]]
"""A person's tasks that are not urgent and not announced yet."""


def latest_ms(base_ms: int, due_ms: int | None, clock: DeadlineClock, policy: Policy) -> int:
    """When a task that would be announced at ``base_ms`` must be; without a limit that lies ahead: then.

    In working time an instant at the end of a stretch stands for the beginning of the next one.
    """
    if due_ms is None or due_ms <= base_ms:
        return base_ms
    wait_ms = int(elapsed(policy.calendar, clock, base_ms, due_ms) * policy.announce_share)
    if clock is DeadlineClock.CONTINUOUS:
        return base_ms + wait_ms
    return policy.calendar.next_start(policy.calendar.add(base_ms, wait_ms))


@dataclass(frozen=True, kw_only=True, slots=True)
class Seeking:
    """A task that seeks its owner, and all that this is decided by.

    Attributes:
        request: the task, to be announced at ``request.at_ms`` if there is room.
        place: where its facility stands.
        latest: when it must be announced (``latest_ms``).
        roster: people and posts.
        diary: when people were told of tasks, and will be.
        waiting: what is not announced yet.
        policy: the numbers.
    """

    request: Request
    place: FacilityPlace | None
    latest: int
    roster: Roster
    diary: Diary
    waiting: WaitingOf
    policy: Policy


def announce(seeking: Seeking) -> Announced:
    """Find the owner of a task and when they are told."""
    request, search = seeking.request, _Search(seeking)
    looked: tuple[Candidate, ...] = ()
    for attempt in attempts(request, seeking.place):
        found = search.run(attempt)
        if found.assignment.owner is not None:
            both = replace(found.assignment, candidates=looked + found.assignment.candidates)
            return replace(found, assignment=both)
        looked += found.assignment.candidates
    return Announced(assignment=Assignment(owner=None, rung=Rung.UNSTAFFED, candidates=looked), at_ms=request.at_ms)


Announcer = Callable[[Seeking], Announced]
"""Who gets a task and when they are told: ``announce``, or what it is compared with."""


def announce_to(keep: int | None, find: Announcer, seeking: Seeking) -> Announced:
    """As ``find`` does; who is to ``keep`` the task has it if they are there, fit, and have room for what is urgent."""
    roster = seeking.roster
    if keep is not None and keep in roster.people and _may_keep(keep, seeking.request, seeking.diary, seeking.policy):
        alone = replace(roster, people={keep: roster.people[keep]})
        found = find(replace(seeking, roster=alone))
        if found.assignment.owner is not None:
            return found
    return find(seeking)


def _may_keep(keep: int, request: Request, diary: Diary, policy: Policy) -> bool:
    """What is not urgent waits until somebody has room; what is urgent is somebody else's if they have none."""
    if policy.rests_at_night(request.severity):
        return True
    load = diary.at(request.at_ms).get(keep)
    return load is None or full_of(load, policy) is None


def moved_up(waiting: Sequence[Waiting], freed_ms: int) -> Mapping[int, int]:
    """What the others of an owner move to when one that was to be announced at ``freed_ms`` need not be any more."""
    line = sorted(waiting, key=_rank)
    moments = sorted([freed_ms, *(one.at_ms for one in waiting)])[: len(line)]
    return {one.number: at_ms for one, at_ms in zip(line, moments, strict=True) if at_ms != one.at_ms}


def _rank(one: Waiting) -> tuple[int, int, int]:
    return one.latest_ms, -one.severity, one.number


def _in_line(new: Waiting, waiting: Sequence[Waiting]) -> Mapping[int, int] | None:
    """The instants of a line with one more, who may wait least first; ``None`` if somebody would wait too long."""
    line = _line(waiting)
    ranks, moments = line.ranks.copy(), line.moments.copy()
    insort(ranks, _rank(new))
    insort(moments, new.at_ms)
    if any(map(gt, moments, (rank[0] for rank in ranks))):
        return None
    return {rank[2]: at_ms for rank, at_ms in zip(ranks, moments, strict=True)}


def _line(waiting: Sequence[Waiting]) -> Line:
    return waiting if isinstance(waiting, Line) else Line(waiting)


class _Search:
    """Looks for room for one task."""

    def __init__(self, seeking: Seeking) -> None:
        self.request, self.latest, self.waiting = seeking.request, seeking.latest, seeking.waiting
        self.roster, self.diary, self.policy = seeking.roster, seeking.diary, seeking.policy

    def run(self, attempt: Request) -> Announced:
        """At once or later short of the bounds, then within them, above the local supervisors, then beyond them."""
        if not self.policy.rests_at_night(attempt.severity):
            return Announced(assignment=self._route(attempt, Bound.WORKERS), at_ms=attempt.at_ms)
        patient, first = self._patient(replace(attempt, keeps=True))
        if patient is None:
            patient, first = self._patient(attempt)
        if patient is not None:
            return patient
        later = self._above(attempt)
        if later is not None:
            found, at_ms = later
            return self._settled(_after(first, found), at_ms)
        for bound in (Bound.WORKERS, Bound.NOBODY):
            found = self._route(attempt, bound)
            if found.owner is not None:
                return self._settled(_after(first, found), self._calmest(found.owner, attempt.at_ms))
        return Announced(assignment=first, at_ms=attempt.at_ms)

    def _patient(self, attempt: Request) -> tuple[Announced | None, Assignment]:
        """At once, or at the first instant at which somebody has room, if there is one; and who was asked at first."""
        first = self._route(attempt, Bound.PATIENT)
        full = {one.person for one in first.candidates if one.passed_over in FULL and one.person is not None}
        if first.owner is not None or not full:
            return self._settled(first, attempt.at_ms), first
        later = self._later(attempt, full, Bound.PATIENT)
        return None if later is None else self._settled(_after(first, later[0]), later[1]), first

    def _above(self, attempt: Request) -> tuple[Assignment, int] | None:
        """Somebody above the local supervisors who has room: now, else as soon as anybody has it within the limit."""
        asked = replace(attempt, bound=Bound.EVERYBODY)
        full = those_full(asked, self.roster, self.diary.at(attempt.at_ms), self.policy)
        if not full:
            found = self._route(asked, Bound.EVERYBODY)
            return None if found.owner is None else (found, attempt.at_ms)
        return self._later(attempt, full, Bound.EVERYBODY) if full else None

    def _route(self, attempt: Request, bound: Bound) -> Assignment:
        asked = attempt if attempt.bound is bound else replace(attempt, bound=bound)
        return route(asked, self.roster, self.diary.at(attempt.at_ms), self.policy)

    def _settled(self, found: Assignment, at_ms: int) -> Announced:
        """The owner's line with the task in it."""
        if found.owner is None:
            return Announced(assignment=found, at_ms=at_ms)
        waiting = self.waiting(found.owner)
        line = _in_line(self._new(at_ms), waiting)
        if line is None:
            return Announced(assignment=found, at_ms=at_ms)
        moved = {one.number: line[one.number] for one in waiting if line[one.number] != one.at_ms}
        return Announced(assignment=found, at_ms=line[_NEWEST], moved=moved)

    def _new(self, at_ms: int) -> Waiting:
        return Waiting(number=_NEWEST, severity=self.request.severity, at_ms=at_ms, latest_ms=self.latest)

    def _later(self, attempt: Request, full: Collection[int], bound: Bound) -> tuple[Assignment, int] | None:
        """The first instant at which somebody has room and nobody in their line waits too long for it."""
        slack = (_line(self.waiting(person)).latest for person in full)
        for at_ms in self._instants(full, attempt.at_ms, max([self.latest, *slack])):
            then = replace(attempt, at_ms=at_ms, bound=bound)
            if all_are_full(then, self.roster, self.diary.at(at_ms), self.policy):
                continue
            excluded = dict(attempt.excluded)
            while True:
                found = self._route(replace(then, excluded=excluded) if excluded else then, bound)
                if found.owner is None:
                    break
                if _in_line(self._new(at_ms), self.waiting(found.owner)) is not None:
                    return found, at_ms
                excluded[found.owner] = PassedOver.FULL_HOUR
        return None

    def _instants(self, full: Collection[int], from_ms: int, to_ms: int) -> Iterator[int]:
        """Working instants in (from_ms, to_ms] at which somebody's hour or day is over, ascending."""
        calendar = self.policy.calendar
        begins = calendar.beginnings(from_ms, to_ms)
        told = (self.diary.after(person, from_ms - HOUR_MS, to_ms - HOUR_MS) for person in full)
        over = {at_ms + HOUR_MS for moments in told for at_ms in moments}
        instants = {*begins, *(calendar.next_start(at_ms) for at_ms in over)}
        return iter(sorted(at_ms for at_ms in instants if from_ms < at_ms <= to_ms))

    def _calmest(self, owner: int, from_ms: int) -> int:
        """When one more is least in the way of somebody who is full throughout, not later than it must be."""
        calendar, found, at_ms = self.policy.calendar, [], from_ms
        while at_ms <= max(self.latest, from_ms):
            load = self.diary.at(at_ms)[owner]
            found.append((load.today >= self.policy.most_a_day, load.hour, at_ms))
            at_ms = calendar.next_start(at_ms + HOUR_MS)
        return min(found)[-1]


def _after(first: Assignment, found: Assignment) -> Assignment:
    """Who was looked at first and had no room, and then who got it."""
    chosen = tuple(one for one in found.candidates if one.passed_over is None)
    return replace(found, candidates=first.candidates + chosen)
