"""Who gets a task. Pure and deterministic: the same roster, loads and time give the same person, and say why.

Routing climbs rungs, nearest first, and takes from the first rung with anybody fit the one with the least load, then
the shortest way, then the lowest number: holders of the facility's cell, holders of neighbouring cells (nearest first),
anybody of the grid in the community, volunteers where the class is fit for them, supervisors of the grid, managers of
the community, anybody who supervises the city. Workers must not be on leave, be on shift, have skill and certificate
and be within their burden; supervisors and above must only be there, since somebody must answer, and what is not
urgent waits until they have room (``dispatch.announcing``). If all of those are on leave, the last of them answers all
the same. Everybody looked at is listed with the reason why they were passed over.

Two other ways (``core.ports.cases.Mode``): what is *claimed* is offered to everybody fit below the supervisors, and
belongs to the nearest of them until somebody has taken it; what *rotates* goes to the one of the community who has had
the fewest tasks lately. ADR 0044.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from math import cos, hypot, radians

from core.alarms import Severity
from core.people import Person, Role
from core.places import Grid
from core.ports.cases import Candidate, Mode, PassedOver, Rung
from core.ports.registry import Roster
from dispatch.policy import Policy
from dispatch.worktime import WorkCalendar

Spot = tuple[float, float]
"""Longitude and latitude."""
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
    """What a person has on their hands.

    Attributes:
        open: tasks; today: tasks of that day; hour: the most of them within one hour of then.
        turns: tasks they were told of lately (``Policy.turn_ms``); counted only for what rotates.
        spot: longitude and latitude of the place they went to last that day, if that is known.
    """

    open: int = 0
    today: int = 0
    hour: int = 0
    turns: int = 0
    spot: Spot | None = None


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
    seen: list[Candidate] = []
    owner: Candidate | None = None
    looked_at: set[int] = set()
    for rung, cell, people in _rungs(request, roster):
        if owner is not None and rung in _ABOVE:
            break  # offered to those who are fit: nobody above them is asked
        if owner is None and request.bound is Bound.PATIENT and _rather_later(rung, seen):
            break
        fresh = [person for person in people if person.number not in looked_at]
        looked_at.update(person.number for person in fresh)
        if not people and rung in {Rung.CELL, Rung.NEIGHBOUR}:
            seen.append(Candidate(rung=rung, cell=cell, person=None, load=0, passed_over=PassedOver.VACANT))
        judged = [_judge(person, rung, cell, request, roster, loads, policy) for person in fresh]
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


@dataclass(frozen=True, slots=True)
class _Judged:
    """Somebody who was looked at; ``reason`` ``None``: fit."""

    candidate: Candidate
    number: int
    load: Load
    reason: PassedOver | None

    def rank(self, *, rotates: bool) -> tuple[float, ...]:
        far = self.candidate.distance_m
        way = float("inf") if far is None else far
        return (self.load.turns, self.load.open, way) if rotates else (self.load.open, way)


def _judge(
    person: Person,
    rung: Rung,
    cell: str,
    request: Request,
    roster: Roster,
    loads: Mapping[int, Load],
    policy: Policy,
) -> _Judged:
    load = loads.get(person.number, Load())
    reason = _unfit(person, rung, request, load, policy)
    seen = Candidate(
        rung=rung,
        cell=cell,
        person=person.number,
        load=load.open,
        passed_over=reason,
        distance_m=_distance_m(load.spot or _post(person, roster), request.spot),
    )
    return _Judged(seen, person.number, load, reason)


def _ranked(judged: Sequence[_Judged], *, offered: bool, rotates: bool) -> list[Candidate]:
    """Those fit first, the best at the head; with what every other one lacks against the best."""
    fit = sorted((one for one in judged if one.reason is None), key=lambda one: (one.rank(rotates=rotates), one.number))
    others = sorted((one for one in judged if one.reason is not None), key=lambda one: (one.load.open, one.number))
    found = []
    for one in fit:
        passed = PassedOver.OFFERED if offered else None
        if one is not fit[0] and not offered:
            passed = _behind(one.rank(rotates=rotates), fit[0].rank(rotates=rotates), rotates=rotates)
        found.append(replace(one.candidate, passed_over=passed))
    return [*found, *(one.candidate for one in others)]


def _behind(mine: tuple[float, ...], best: tuple[float, ...], *, rotates: bool) -> PassedOver:
    """What somebody lacks against the best."""
    reasons = [PassedOver.MORE_LOAD, PassedOver.FARTHER]
    if rotates:
        reasons.insert(0, PassedOver.OTHERS_TURN)
    return next((why for why, one, other in zip(reasons, mine, best, strict=True) if one > other), PassedOver.TIE)


def _from_leave(seen: Sequence[Candidate]) -> tuple[Candidate | None, list[Candidate]]:
    """If everybody above the workers is on leave, the last of them answers: somebody must."""
    away = [at for at, one in enumerate(seen) if one.rung in _ABOVE and one.passed_over is PassedOver.ON_LEAVE]
    if not away:
        return None, list(seen)
    last = replace(seen[away[-1]], passed_over=None)
    return last, [*seen[: away[-1]], last, *seen[away[-1] + 1 :]]


def _post(person: Person, roster: Roster) -> Spot | None:
    """The middle of the first cell they hold."""
    return next((roster.centres[cell] for cell in sorted(person.cells) if cell in roster.centres), None)


def _distance_m(one: Spot | None, other: Spot | None) -> int | None:
    """The line between two places, in tens of metres; good for the width of a city."""
    if one is None or other is None:
        return None
    east = (one[0] - other[0]) * 111_320 * cos(radians((one[1] + other[1]) / 2))
    return int(round(hypot(east, (one[1] - other[1]) * 110_574), -1))


def _unfit(person: Person, rung: Rung, request: Request, load: Load, policy: Policy) -> PassedOver | None:
    if not person.active:
        return PassedOver.INACTIVE
    if person.number in request.excluded:
        return request.excluded[person.number]
    day = policy.calendar.day_of(request.at_ms).isoformat() if person.leave or request.certificate else ""
    if person.leave and person.on_leave(day):
        return PassedOver.ON_LEAVE
    if rung in _ABOVE:
        bounded = request.bound in {Bound.PATIENT, Bound.EVERYBODY}
        return _full(request, load, policy) if bounded else None
    if request.grid is Grid.CONSTRUCTION:
        if request.skill and request.skill not in person.skills:
            return PassedOver.NO_SKILL
        if request.certificate and not person.certified(request.certificate, day):
            return PassedOver.NO_CERTIFICATE
    if not on_shift(person, policy.calendar, request.at_ms):
        return PassedOver.OFF_SHIFT
    return None if request.bound is Bound.NOBODY else _full(request, load, policy)


def _full(request: Request, load: Load, policy: Policy) -> PassedOver | None:
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
        if request.mode is not Mode.ROTATE:
            yield from _cells(request, roster)
        workers = _those(people, lambda one: _in_grid(one, request) and not one.supervisor and not one.volunteer)
        yield Rung.COMMUNITY, "", workers
        if request.volunteers:
            yield Rung.VOLUNTEER, "", _those(people, lambda one: one.volunteer and one.works_in(request.community))
    yield Rung.SUPERVISOR, "", _those(people, lambda one: _supervises(one) and _in_grid(one, request))
    yield Rung.SUPERVISOR, "", _those(people, lambda one: _manages(one) and request.community in one.communities)
    yield Rung.CITY, "", _those(people, lambda one: _manages(one) and one.everywhere)
    yield Rung.CITY, "", _those(people, _manages)


def _cells(request: Request, roster: Roster) -> Iterator[tuple[Rung, str, Sequence[Person]]]:
    """Holders of the cell, and of those that touch it; a volunteer holds none."""
    holders: dict[str, list[Person]] = {}
    for post in roster.posts:
        holder = roster.people.get(post.holder) if post.holder is not None else None
        if post.grid is request.grid and holder is not None and not holder.volunteer:
            holders.setdefault(post.cell, []).append(holder)
    if request.cell:
        yield Rung.CELL, request.cell, holders.get(request.cell, [])
    for cell in roster.neighbours.get(request.cell, ()):
        yield Rung.NEIGHBOUR, cell, holders.get(cell, [])


def _those(people: Iterable[Person], fits: Callable[[Person], bool]) -> list[Person]:
    return [person for person in people if person.active and fits(person)]


def _in_grid(person: Person, request: Request) -> bool:
    return person.grid is request.grid and person.works_in(request.community)


def _supervises(person: Person) -> bool:
    return person.supervisor and not person.volunteer


def _manages(person: Person) -> bool:
    return person.role in {Role.MANAGER, Role.ADMINISTRATOR} and not person.volunteer
