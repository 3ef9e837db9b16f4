"""What dispatch is compared with: the nearest worker, and everybody by turns.

Both know the grid, the trade, the paper and who is there, since without these half of the tasks would come back;
neither knows how much somebody has on their hands, whose cell it is, or a bound. Where nobody is there, a supervisor
answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import dist

from bench.dispatch_city.work import CityPlay
from core.people import Person, Role
from core.places import Grid
from core.ports.cases import Rung
from core.ports.registry import FacilityPlace
from dispatch.announcing import Announced, Announcer, Seeking, announce
from dispatch.routing import Assignment, Request, on_shift

Choose = Callable[[Request, FacilityPlace, Sequence[Person]], Person]


def ours(play: CityPlay) -> Announcer:
    """Dispatch itself."""
    del play
    return announce


def nearest(play: CityPlay) -> Announcer:
    """The worker who is nearest now, in the whole city."""

    def choose(request: Request, place: FacilityPlace, people: Sequence[Person]) -> Person:
        del request
        spot = play.town.positions[place.number]
        return min(people, key=lambda one: (dist(play.workers[one.number].at, spot), one.number))

    return _finder(choose)


def by_turns(play: CityPlay) -> Announcer:
    """The worker of the community who has had the fewest tasks from there."""
    del play
    had: Counter[tuple[int, Grid, int]] = Counter()

    def choose(request: Request, place: FacilityPlace, people: Sequence[Person]) -> Person:
        del place
        local = [one for one in people if one.works_in(request.community)] or people
        chosen = min(local, key=lambda one: (had[request.community, request.grid, one.number], one.number))
        had[request.community, request.grid, chosen.number] += 1
        return chosen

    return _finder(choose)


def _finder(choose: Choose) -> Announcer:
    known: dict[tuple[Grid, str, int], list[Person]] = {}

    def find(seeking: Seeking) -> Announced:
        request, place, roster, policy = seeking.request, seeking.place, seeking.roster, seeking.policy
        day = policy.calendar.day_of(request.at_ms).isoformat()
        works = policy.calendar.works_at(request.at_ms)
        alone = next(iter(roster.people)) if len(roster.people) == 1 else 0
        key = request.grid, request.skill if request.grid is Grid.CONSTRUCTION else "", alone
        if key not in known:
            known[key] = [one for one in roster.people.values() if _knows(one, *key[:2])]
        asked = [] if request.supervisors_only else known[key]
        able = [
            one
            for one in asked
            if one.number not in request.excluded
            and not (one.leave and one.on_leave(day))
            and not (request.certificate and not one.certified(request.certificate, day))
            and (on_shift(one, policy.calendar, request.at_ms) if one.shifts else works)
        ]
        people = [one for one in roster.people.values() if one.number not in request.excluded] if not able else []
        supervisors = [one for one in people if one.supervisor and one.grid is request.grid]
        managers = [one for one in people if one.role is Role.MANAGER]
        there = able or [one for one in supervisors if one.works_in(request.community)] or supervisors or managers
        if place is None or not there:
            return Announced(assignment=Assignment(owner=None, rung=Rung.UNSTAFFED, candidates=()), at_ms=request.at_ms)
        rung = Rung.COMMUNITY if able else Rung.SUPERVISOR
        found = Assignment(owner=choose(request, place, there).number, rung=rung, candidates=())
        return Announced(assignment=found, at_ms=request.at_ms)

    return find


def _knows(person: Person, grid: Grid, skill: str) -> bool:
    return person.grid is grid and not person.supervisor and (not skill or skill in person.skills)
