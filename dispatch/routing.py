"""Who gets a task. Pure and deterministic: the same roster, loads and time give the same person, and say why.

Routing climbs rungs, nearest first, and takes from the first rung with anybody fit the one with the least load (ties by
number): holders of the facility's cell, holders of neighbouring cells (nearest first), anybody of the grid in the
community, supervisors of the grid, managers of the community, anybody who supervises the city. Workers must be on
shift, have the skill and be within their burden; supervisors and above must only be there, since somebody must
answer, and what is not urgent waits until they have room (``dispatch.announcing``). Everybody looked at is listed with
the reason why they were passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from core.alarms import Severity
from core.people import Person, Role
from core.places import Grid
from core.ports.cases import Candidate, PassedOver, Rung
from core.ports.registry import Roster
from dispatch.policy import Policy
from dispatch.worktime import WorkCalendar

FULL = frozenset({PassedOver.FULL_DAY, PassedOver.FULL_HOUR})
"""Passed over for the burden alone."""
_ABOVE = frozenset({Rung.SUPERVISOR, Rung.CITY})
"""Rungs of people who must only be there."""


class Bound(Enum):
    """Whose burden is looked at, for what is not urgent."""

    PATIENT = auto()
    """Everybody's; and where somebody is passed over for it alone, nobody above the supervisors there is asked."""
    EVERYBODY = auto()
    WORKERS = auto()
    """Not that of supervisors and above."""
    NOBODY = auto()


@dataclass(frozen=True, slots=True)
class Load:
    """What a person has on their hands: open tasks, tasks of that day, and the most of them within one hour of then."""

    open: int = 0
    today: int = 0
    hour: int = 0


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Who got it (``None``: nobody was there) and everybody who was looked at, in order."""

    owner: int | None
    rung: Rung
    candidates: tuple[Candidate, ...]


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
    seen: list[Candidate] = []
    looked_at: set[int] = set()
    for rung, cell, people in _rungs(request, roster):
        if request.bound is Bound.PATIENT and _rather_later(rung, seen):
            break
        fresh = [person for person in people if person.number not in looked_at]
        looked_at.update(person.number for person in fresh)
        if not people and rung in {Rung.CELL, Rung.NEIGHBOUR}:
            vacant = Candidate(rung=rung, cell=cell, person=None, load=0, passed_over=PassedOver.VACANT)
            seen.append(vacant)
        judged = [
            (person, loads.get(person.number, Load()), _unfit(person, rung, request, loads, policy)) for person in fresh
        ]
        fit = sorted((load.open, person.number) for person, load, reason in judged if reason is None)
        chosen = fit[0][1] if fit else None
        for person, load, reason in sorted(
            judged, key=lambda item: (item[2] is not None, item[1].open, item[0].number)
        ):
            passed = reason or (None if person.number == chosen else PassedOver.MORE_LOAD)
            seen.append(Candidate(rung=rung, cell=cell, person=person.number, load=load.open, passed_over=passed))
        if chosen is not None:
            return Assignment(owner=chosen, rung=rung, candidates=tuple(seen))
    return Assignment(owner=None, rung=Rung.UNSTAFFED, candidates=tuple(seen))


def _unfit(
    person: Person, rung: Rung, request: Request, loads: Mapping[int, Load], policy: Policy
) -> PassedOver | None:
    if not person.active:
        return PassedOver.INACTIVE
    if person.number in request.excluded:
        return request.excluded[person.number]
    if rung in _ABOVE:
        bounded = request.bound in {Bound.PATIENT, Bound.EVERYBODY}
        return _full(person, request, loads, policy) if bounded else None
    if request.skill and request.grid is Grid.CONSTRUCTION and request.skill not in person.skills:
        return PassedOver.NO_SKILL
    if not on_shift(person, policy.calendar, request.at_ms):
        return PassedOver.OFF_SHIFT
    return None if request.bound is Bound.NOBODY else _full(person, request, loads, policy)


def _full(person: Person, request: Request, loads: Mapping[int, Load], policy: Policy) -> PassedOver | None:
    load = loads.get(person.number, Load())
    if not policy.rests_at_night(request.severity):
        return None
    if load.today >= policy.most_a_day:
        return PassedOver.FULL_DAY
    return PassedOver.FULL_HOUR if load.hour >= policy.most_an_hour else None


def _rather_later(rung: Rung, seen: Sequence[Candidate]) -> bool:
    """Whether somebody will have room who is nearer than this rung."""
    full = [one.rung for one in seen if one.passed_over in FULL]
    return Rung.SUPERVISOR in full or (rung is Rung.CITY and bool(full))


def _rungs(request: Request, roster: Roster) -> Iterator[tuple[Rung, str, Sequence[Person]]]:
    people = roster.people.values()
    if not request.supervisors_only:
        holders: dict[str, list[Person]] = {}
        for post in roster.posts:
            if post.grid is request.grid and post.holder is not None and post.holder in roster.people:
                holders.setdefault(post.cell, []).append(roster.people[post.holder])
        if request.cell:
            yield Rung.CELL, request.cell, holders.get(request.cell, [])
        for cell in roster.neighbours.get(request.cell, ()):
            yield Rung.NEIGHBOUR, cell, holders.get(cell, [])
        yield Rung.COMMUNITY, "", _those(people, lambda person: _in_grid(person, request) and not person.supervisor)
    yield Rung.SUPERVISOR, "", _those(people, lambda person: person.supervisor and _in_grid(person, request))
    local = _those(people, lambda person: _manages(person) and request.community in person.communities)
    yield Rung.SUPERVISOR, "", local
    yield Rung.CITY, "", _those(people, lambda person: _manages(person) and person.everywhere)
    yield Rung.CITY, "", _those(people, _manages)


def _those(people: Iterable[Person], fits: Callable[[Person], bool]) -> list[Person]:
    return [person for person in people if person.active and fits(person)]


def _in_grid(person: Person, request: Request) -> bool:
    return person.grid is request.grid and person.works_in(request.community)


def _manages(person: Person) -> bool:
    return person.role in {Role.MANAGER, Role.ADMINISTRATOR}
