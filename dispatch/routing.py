"""Who gets a task. Pure and deterministic: the same roster, loads and time give the same person, and say why.

Routing climbs rungs, nearest first, and takes from the first rung with anybody fit the one with the least load, then
the shortest way, then the lowest number: holders of the facility's cell, holders of neighbouring cells (nearest first),
anybody of the grid in the community, volunteers where the class is fit for them, supervisors of the grid, managers of
the community, anybody who supervises the city. Workers must not be on leave, be on shift, have skill and certificate
and be within their burden; supervisors and above must only be there, since somebody must answer, and what is not
urgent waits until they have room (``dispatch.announcing``). If all of those are on leave, the last of them answers all
the same. Everybody looked at is listed with the reason why they were passed over.

What is urgent goes to whoever is there first. Rungs up to the community are looked at together, then workers of other
communities, each with the time they are believed to need (``dispatch.arrival``: urgent work before them, and the way).
It stays with the nearest rung unless somebody beyond is there sooner by more than ``Policy.sooner_ms``, and passes on
from whoever has been told of enough (``dispatch.soonest``); above the workers all is as it is otherwise.

Two other ways (``core.ports.cases.Mode``): what is *claimed* is offered to everybody fit below the supervisors, and
belongs to the nearest of them until somebody has taken it; what *rotates* goes to the one of the community who has had
the fewest tasks lately. ADR 0044, 0050, 0058.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from core.alarms import Severity
from core.people import Person
from core.places import Grid
from core.ports.cases import Candidate, Mode, PassedOver, Rung
from core.ports.registry import Roster
from dispatch.arrival import Load, full_of, last_spot, wait_ms, way_ms
from dispatch.directory import Directory, directory_of, is_worker, tens_of_metres
from dispatch.distance import Spot
from dispatch.policy import Policy
from dispatch.soonest import Field, Judged, Seen, behind, soonest
from dispatch.worktime import MINUTE_MS, WorkCalendar

_UNKNOWN_M = 1_000
"""The way within a community, where nobody knows where somebody is."""
FULL = frozenset({PassedOver.FULL_DAY, PassedOver.FULL_HOUR})
"""Passed over for the burden alone."""
_ABOVE = frozenset({Rung.SUPERVISOR, Rung.CITY})
"""Rungs of people who must only be there."""
_POSTS = frozenset({Rung.CELL, Rung.NEIGHBOUR})
"""Rungs that stand vacant without anybody."""


class Bound(Enum):
    """Whose burden is looked at, for what is not urgent."""

    PATIENT = auto()
    """Everybody's; and where somebody is passed over for it alone, nobody above the supervisors there is asked."""
    EVERYBODY = auto()
    """Everybody's; before the city, whoever supervises the same grid in other communities is asked too."""
    WORKERS = auto()
    """Not that of supervisors and above."""
    NOBODY = auto()


_NOTHING = Load()


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A task looking for somebody.

    Attributes:
        cell: the facility's cell of ``grid``; empty when nobody knows it.
        skill: asked of workers of the construction grid; empty: any.
        at_ms: when the task is announced; shifts are looked up then.
        excluded: people who must not get it, with the reason.
        supervisors_only: begin at the supervisors (verification without a supporting grid).
        bound: whose burden is looked at.
        certificate: asked of workers of the construction grid; empty: none.
        mode: how it finds its owner.
        volunteers: whether volunteers of the community may have it.
        spot: where the facility stands, if that is known.
        elsewhere: whether workers of other communities may have it, if it is urgent.
        keeps: whether what is kept for urgent tasks is left free, if it is not urgent.
    """

    grid: Grid
    community: int
    cell: str
    skill: str
    severity: Severity
    at_ms: int
    excluded: Mapping[int, PassedOver] = field(default_factory=dict)
    supervisors_only: bool = False
    bound: Bound = Bound.WORKERS
    certificate: str = ""
    mode: Mode = Mode.ASSIGN
    volunteers: bool = False
    spot: Spot | None = None
    elsewhere: bool = True
    keeps: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Who got it (``None``: nobody was there) and everybody who was looked at, in order."""

    owner: int | None
    rung: Rung
    candidates: tuple[Candidate, ...]

    @property
    def offered(self) -> tuple[int, ...]:
        """Who may take it, the owner first; empty where nobody else may."""
        others = [one.person for one in self.candidates if one.passed_over is PassedOver.OFFERED]
        mine = [] if self.owner is None or not others else [self.owner]
        return tuple(dict.fromkeys([*mine, *(one for one in others if one is not None)]))


def on_shift(person: Person, calendar: WorkCalendar, at_ms: int) -> bool:
    """Whether a person works at ``at_ms``: by their own week, or in the usual working hours when they have none."""
    if not person.shifts:
        return calendar.works_at(at_ms)
    today = calendar.day_of(at_ms)
    minute = (at_ms - calendar.instant(today, 0)) // 60_000
    for shift in person.shifts:
        if shift.weekday == today.weekday() and shift.from_minute <= minute < shift.to_minute:
            return True
        if (shift.weekday + 1) % 7 == today.weekday() and minute < shift.to_minute - 1440:
            return True
    return False


def route(request: Request, roster: Roster, loads: Mapping[int, Load], policy: Policy) -> Assignment:
    """Find the owner of a task."""
    asked = _Asked(request, roster, loads, policy)
    if not (request.supervisors_only or policy.rests_at_night(request.severity)):
        first = soonest(_field(asked))
        if first is not None:
            return Assignment(owner=first.number, rung=first.owner.rung, candidates=first.candidates)
    seen: list[Candidate] = []
    owner: Candidate | None = None
    looked_at: set[int] = set()
    for rung, cell, people in _rungs(request, asked.directory):
        if owner is not None and rung in _ABOVE:
            break  # offered to those who are fit: nobody above them is asked
        if owner is None and request.bound is Bound.PATIENT and _rather_later(rung, seen):
            break
        fresh = [person for person in people if person.number not in looked_at]
        looked_at.update(person.number for person in fresh)
        if not people and rung in _POSTS:
            seen.append(_vacant(rung, cell))
        judged = [asked.judge(person, rung, cell) for person in fresh]
        found = _ranked(judged, offered=owner is not None, rotates=request.mode is Mode.ROTATE)
        seen += found
        owner = owner or next((one for one in found if one.passed_over is None), None)
        if owner is not None and (request.mode is not Mode.CLAIM or rung in _ABOVE):
            break
    if owner is None and not any(one.passed_over in FULL for one in seen):
        owner, seen = _from_leave(seen)
    if owner is None:
        return Assignment(owner=None, rung=Rung.UNSTAFFED, candidates=tuple(seen))
    return Assignment(owner=owner.person, rung=owner.rung, candidates=tuple(seen))


def all_are_full(request: Request, roster: Roster, loads: Mapping[int, Load], policy: Policy) -> bool:
    """Whether ``route`` finds nobody fit and somebody who is full; without asking who is how far, and in which order.

    It is for what is not urgent, and bound to be ``PATIENT`` or for ``EVERYBODY``. False says nothing.
    """
    asked, full = _Asked(request, roster, loads, policy), False
    for rung, person in _everybody(request, asked.directory):
        if rung is Rung.CITY and full and request.bound is Bound.PATIENT:
            break  # as ``_rather_later`` has it
        load = loads.get(person.number, _NOTHING)
        if _full(request, load, policy) is None:
            unskilled = rung not in _ABOVE and _unskilled(person, request)  # soonest known
            if not unskilled and _unfit(person, rung, asked, load) is None:
                return False
        elif not full:
            full = _unfit(person, rung, asked, load) in FULL
    return full


def those_full(request: Request, roster: Roster, loads: Mapping[int, Load], policy: Policy) -> set[int] | None:
    """Whom ``route`` passes over since they are full, if it finds nobody fit; ``None`` where somebody is.

    It is for what is not urgent, and bound to be for ``EVERYBODY``.
    """
    asked, full = _Asked(request, roster, loads, policy), set[int]()
    for rung, person in _everybody(request, asked.directory):
        reason = _unfit(person, rung, asked, loads.get(person.number, _NOTHING))
        if reason is None:
            return None
        if reason in FULL:
            full.add(person.number)
    return full


def _everybody(request: Request, those: Directory) -> Iterator[tuple[Rung, Person]]:
    """Everybody on the rungs in their order, each where they come first."""
    looked_at: set[int] = set()
    for rung, _, people in _rungs(request, those):
        for person in people:
            if person.number not in looked_at:
                looked_at.add(person.number)
                yield rung, person


class _Asked:
    """One question, with what need be worked out only once."""

    __slots__ = ("_day", "_works", "directory", "loads", "policy", "request", "roster")

    def __init__(self, request: Request, roster: Roster, loads: Mapping[int, Load], policy: Policy) -> None:
        self.request, self.roster, self.loads, self.policy = request, roster, loads, policy
        self.directory = directory_of(roster)
        self._day: str | None = None
        self._works: bool | None = None

    @property
    def day(self) -> str:
        if self._day is None:
            self._day = self.policy.calendar.day_of(self.request.at_ms).isoformat()
        return self._day

    @property
    def works(self) -> bool:
        if self._works is None:
            self._works = self.policy.calendar.works_at(self.request.at_ms)
        return self._works

    def is_away(self, person: Person) -> bool:
        return self.directory.is_away(person, self.day)

    def judge(self, person: Person, rung: Rung, cell: str) -> Judged:
        load = self.loads.get(person.number, _NOTHING)
        reason = _unfit(person, rung, self, load)
        here, there = load.spot or self.directory.base(person), self.request.spot
        far = None if here is None or there is None else tens_of_metres(here, there)
        seen = Candidate(rung=rung, cell=cell, person=person.number, load=load.open, passed_over=reason, distance_m=far)
        return Judged(seen, person.number, load, reason, full=full_of(load, self.policy))

    def timed(self, person: Person, rung: Rung, cell: str) -> Judged:
        """Somebody, with the time they need, if they are fit."""
        judged = self.judge(person, rung, cell)
        if judged.reason is not None:
            return judged
        line, there = judged.load.urgent, self.request.spot
        wait = wait_ms(line, self.request.severity, self.request.at_ms, self.policy)
        last, far = last_spot(line), judged.candidate.distance_m
        if last is not None and there is not None:
            far = tens_of_metres(last, there)
        there_ms = None if far is None else wait + way_ms(far, self.policy)
        shown = None if there_ms is None else round(there_ms / MINUTE_MS)
        seen = replace(judged.candidate, distance_m=far, there_min=shown)
        arrives = there_ms if there_ms is not None else wait + way_ms(_UNKNOWN_M, self.policy)
        return replace(judged, candidate=seen, there_ms=there_ms, wait_ms=wait, arrives_ms=arrives)


def _field(asked: _Asked) -> Field:
    """Who could have an urgent task.

    Somebody whose way nobody knows is asked only where they work, as if it were ``_UNKNOWN_M``.
    """
    request, policy = asked.request, asked.policy
    near: list[list[Seen]] = []
    looked_at: set[int] = set()
    for rung, cell, people in _near(request, asked.directory):
        fresh = [person for person in people if person.number not in looked_at]
        looked_at.update(person.number for person in fresh)
        vacant: list[Seen] = [] if people or rung not in _POSTS else [_vacant(rung, cell)]
        near.append([*vacant, *(asked.timed(person, rung, cell) for person in fresh)])

    def beyond() -> list[Judged]:
        every = asked.roster.people.values() if request.elsewhere else ()
        people = [one for one in every if one.number not in looked_at and _could(one, request)]
        return [asked.timed(person, Rung.ELSEWHERE, "") for person in people]

    def above() -> Iterator[list[Judged]]:
        those, community = asked.directory, request.community
        here = dict.fromkeys((*those.supervisors(request.grid, community), *those.managers(community)))
        yield [asked.judge(one, Rung.SUPERVISOR, "") for one in here]
        if request.elsewhere:
            yield [asked.judge(one, Rung.SUPERVISOR, "") for one in those.supervising(request.grid) if one not in here]

    return Field(
        near=near,
        beyond=beyond,
        above=above,
        sooner_ms=policy.sooner_ms.get(request.severity, 0),
        spare_ms=policy.spare_ms.get(request.severity, 0),
    )


def _ranked(judged: Sequence[Judged], *, offered: bool, rotates: bool) -> list[Candidate]:
    """Those fit first, the best at the head; with what every other one lacks against the best."""
    fit = sorted((one for one in judged if one.reason is None), key=lambda one: (one.rank(rotates=rotates), one.number))
    others = sorted((one for one in judged if one.reason is not None), key=lambda one: (one.load.open, one.number))
    found = []
    for one in fit:
        passed = PassedOver.OFFERED if offered else None
        if one is not fit[0] and not offered:
            passed = behind(one.rank(rotates=rotates), fit[0].rank(rotates=rotates), rotates=rotates)
        found.append(one.candidate if passed is None else replace(one.candidate, passed_over=passed))
    return [*found, *(one.candidate for one in others)]


def _vacant(rung: Rung, cell: str) -> Candidate:
    return Candidate(rung=rung, cell=cell, person=None, load=0, passed_over=PassedOver.VACANT)


def _from_leave(seen: Sequence[Candidate]) -> tuple[Candidate | None, list[Candidate]]:
    """If everybody above the workers is on leave, the last of them answers: somebody must."""
    away = [at for at, one in enumerate(seen) if one.rung in _ABOVE and one.passed_over is PassedOver.ON_LEAVE]
    if not away:
        return None, list(seen)
    last = replace(seen[away[-1]], passed_over=None)
    return last, [*seen[: away[-1]], last, *seen[away[-1] + 1 :]]


def _unfit(person: Person, rung: Rung, asked: _Asked, load: Load) -> PassedOver | None:
    request, policy = asked.request, asked.policy
    if not person.active:
        return PassedOver.INACTIVE
    if person.number in request.excluded:
        return request.excluded[person.number]
    if person.leave and asked.is_away(person):
        return PassedOver.ON_LEAVE
    if rung in _ABOVE:
        bounded = request.bound in {Bound.PATIENT, Bound.EVERYBODY}
        return _full(request, load, policy) if bounded else None
    if _unskilled(person, request):
        return PassedOver.NO_SKILL
    certificate = request.certificate if request.grid is Grid.CONSTRUCTION else ""
    if certificate and not person.certified(certificate, asked.day):
        return PassedOver.NO_CERTIFICATE
    if not (on_shift(person, policy.calendar, request.at_ms) if person.shifts else asked.works):
        return PassedOver.OFF_SHIFT
    return None if request.bound is Bound.NOBODY else _full(request, load, policy)


def _unskilled(person: Person, request: Request) -> bool:
    return request.grid is Grid.CONSTRUCTION and bool(request.skill) and request.skill not in person.skills


def _full(request: Request, load: Load, policy: Policy) -> PassedOver | None:
    if not policy.rests_at_night(request.severity):
        return None
    return full_of(load, policy, keeps=request.keeps)


def _rather_later(rung: Rung, seen: Sequence[Candidate]) -> bool:
    """Whether somebody will have room who is nearer than this rung."""
    full = [one.rung for one in seen if one.passed_over in FULL]
    return Rung.SUPERVISOR in full or (rung is Rung.CITY and bool(full))


def _rungs(request: Request, those: Directory) -> Iterator[tuple[Rung, str, Sequence[Person]]]:
    grid, community = request.grid, request.community
    if not request.supervisors_only:
        yield from _near(request, those)
        if request.volunteers:
            yield Rung.VOLUNTEER, "", those.volunteers(community)
    yield Rung.SUPERVISOR, "", those.supervisors(grid, community)
    yield Rung.SUPERVISOR, "", those.managers(community)
    if request.bound is Bound.EVERYBODY:
        yield Rung.SUPERVISOR, "", those.supervising(grid)
    yield Rung.CITY, "", those.city()
    yield Rung.CITY, "", those.any_manager()


def _near(request: Request, those: Directory) -> Iterator[tuple[Rung, str, Sequence[Person]]]:
    """Workers by cell and community: holders of the cell, and of those that touch it, then anybody."""
    grid = request.grid
    if request.mode is not Mode.ROTATE:
        if request.cell:
            yield Rung.CELL, request.cell, those.holders(grid, request.cell)
        for cell in those.roster.neighbours.get(request.cell, ()):
            yield Rung.NEIGHBOUR, cell, those.holders(grid, cell)
    yield Rung.COMMUNITY, "", those.workers(grid, request.community)


def _could(person: Person, request: Request) -> bool:
    """Whether somebody of elsewhere is of use."""
    skilled = request.grid is not Grid.CONSTRUCTION or not request.skill or request.skill in person.skills
    return person.active and is_worker(person) and person.grid is request.grid and skilled
