"""Who stands where in a roster: the people of each rung, sorted out once for all tasks that ask. Pure.

A city has hundreds of people and posts; a storm asks thousands of times for those of one cell and community.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

from core.people import Person, Role
from core.places import Grid
from core.ports.registry import Roster
from dispatch.distance import Spot, metres

_KEPT, _KEPT_DAYS = 4, 32


class Directory:
    """The people of a roster, who must not change; every list is in the order of the roster and made when asked for."""

    def __init__(self, roster: Roster) -> None:
        """Nothing is sorted out yet."""
        self.roster = roster
        self._lists: dict[tuple[object, ...], list[Person]] = {}
        self._bases: dict[int, Spot | None] = {}
        self._away: dict[str, frozenset[int]] = {}

    def holders(self, grid: Grid, cell: str) -> Sequence[Person]:
        """Who holds a cell of a grid, whether they are there or not; a volunteer holds none."""
        return self._holders.get((grid, cell), ())

    def workers(self, grid: Grid, community: int) -> Sequence[Person]:
        """Workers of a grid in a community."""
        return self._those(("workers", grid, community), lambda one: is_worker(one) and _in(one, grid, community))

    def volunteers(self, community: int) -> Sequence[Person]:
        """Volunteers of a community."""
        return self._those(("volunteers", community), lambda one: one.volunteer and one.works_in(community))

    def supervisors(self, grid: Grid, community: int) -> Sequence[Person]:
        """Supervisors of a grid in a community."""
        return self._those(("supervisors", grid, community), lambda one: _supervises(one) and _in(one, grid, community))

    def supervising(self, grid: Grid) -> Sequence[Person]:
        """Supervisors of a grid, of whichever community."""
        return self._those(("supervising", grid), lambda one: _supervises(one) and one.grid is grid)

    def managers(self, community: int) -> Sequence[Person]:
        """Managers whose community it is, by name."""
        return self._those(("managers", community), lambda one: _manages(one) and community in one.communities)

    def city(self) -> Sequence[Person]:
        """Managers of the whole city."""
        return self._those(("city",), lambda one: _manages(one) and one.everywhere)

    def any_manager(self) -> Sequence[Person]:
        """Managers of anything."""
        return self._those(("any",), _manages)

    def base(self, person: Person) -> Spot | None:
        """The middle of the first cell somebody holds, else of the communities they work in."""
        if person.number not in self._bases:
            self._bases[person.number] = self._base(person)
        return self._bases[person.number]

    def is_away(self, person: Person, day: str) -> bool:
        """Whether somebody is on leave on an ISO date."""
        if day not in self._away:
            away = frozenset(one.number for one in self.roster.people.values() if one.leave and one.on_leave(day))
            self._away = {day: away} if len(self._away) >= _KEPT_DAYS else {**self._away, day: away}
        return person.number in self._away[day]

    # --- inside -------------------------------------------------------------------------------------------------

    @cached_property
    def _holders(self) -> Mapping[tuple[Grid, str], list[Person]]:
        found: dict[tuple[Grid, str], list[Person]] = {}
        for post in self.roster.posts:
            holder = self.roster.people.get(post.holder) if post.holder is not None else None
            if holder is not None and not holder.volunteer:
                found.setdefault((post.grid, post.cell), []).append(holder)
        return found

    @cached_property
    def _middles(self) -> Mapping[int, Spot]:
        """The middle of the cells of each community."""
        sums: dict[int, tuple[float, float, int]] = {}
        for post in self.roster.posts:
            if (centre := self.roster.centres.get(post.cell)) is not None:
                lon, lat, count = sums.get(post.community, (0.0, 0.0, 0))
                sums[post.community] = lon + centre[0], lat + centre[1], count + 1
        return {community: (lon / count, lat / count) for community, (lon, lat, count) in sums.items()}

    def _base(self, person: Person) -> Spot | None:
        centres = self.roster.centres
        for cell in sorted(person.cells):
            if cell in centres:
                return centres[cell]
        mine = [self._middles[one] for one in sorted(person.communities) if one in self._middles]
        if not mine:
            return None
        return sum(lon for lon, _ in mine) / len(mine), sum(lat for _, lat in mine) / len(mine)

    def _those(self, key: tuple[object, ...], fits: Callable[[Person], bool]) -> Sequence[Person]:
        if key not in self._lists:
            self._lists[key] = [one for one in self.roster.people.values() if one.active and fits(one)]
        return self._lists[key]


_recent: list[Directory] = []


def directory_of(roster: Roster) -> Directory:
    """The directory of a roster; that of one of the last few is not made again."""
    found = next((one for one in _recent if one.roster is roster), None)
    if found is None:
        found = Directory(roster)
        _recent[:] = [found, *_recent[: _KEPT - 1]]
    return found


@lru_cache(maxsize=1 << 14)
def tens_of_metres(one: Spot, other: Spot) -> int:
    """How far two places are apart, to ten metres."""
    return int(round(metres(one, other), -1))


def is_worker(person: Person) -> bool:
    """Whether somebody is neither a supervisor nor a volunteer."""
    return not person.supervisor and not person.volunteer


def _in(person: Person, grid: Grid, community: int) -> bool:
    return person.grid is grid and person.works_in(community)


def _supervises(person: Person) -> bool:
    return person.supervisor and not person.volunteer


def _manages(person: Person) -> bool:
    return person.role in {Role.MANAGER, Role.ADMINISTRATOR} and not person.volunteer
