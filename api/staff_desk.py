"""Who works where, which posts are empty, and the ground they stand on."""

from __future__ import annotations

from api.access import Caller
from api.models.base import Bilingual
from api.models.registry import (
    CellShape,
    CellShapes,
    CertificateView,
    LeaveView,
    PostView,
    Staff,
    StaffMember,
)
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.today import today_of
from core.people import Person
from core.ports.registry import Cell, Post


class StaffDesk:
    """People, posts and cells of the communities that somebody sees."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join the registry and its book."""
        self._ports = ports
        self._places = places

    def staff(self, caller: Caller, community: int | None) -> Staff:
        """Everybody who works there, those who left included, and every post.

        Raises:
            ProblemError: ``NOT_FOUND`` for a community out of sight.
        """
        if community is not None:
            self._check(caller, community)
        horizon, day = caller.narrowed(community), today_of(self._ports)
        places = self._places.now()
        departments = {one.code: Bilingual.of(one.name) for one in self._ports.book.departments()}
        cells = {one.code: one for one in self._ports.registry.cells()}
        people = self._ports.registry.people(horizon)
        posts = self._ports.book.posts(horizon)
        return Staff(
            day=day,
            people=[_member(one, places, departments, day) for one in people],
            posts=[_post(one, places, cells) for one in posts],
        )

    def cells(self, caller: Caller, community: int) -> CellShapes:
        """The cells of a community, who holds them, and what is wrong with their shapes.

        Raises:
            ProblemError: ``NOT_FOUND`` for a community out of sight.
        """
        self._check(caller, community)
        posts: dict[str, list[Post]] = {}
        for post in self._ports.book.posts(frozenset({community})):
            posts.setdefault(post.cell, []).append(post)
        faults = self._ports.book.cell_faults(community)
        return CellShapes(
            items=[
                CellShape(
                    code=one.code,
                    grid=one.grid,
                    name=Bilingual.of(one.name),
                    ring=[list(corner) for corner in one.polygon],
                    vacant=all(post.holder is None for post in posts.get(one.code, ())),
                )
                for one in self._ports.registry.cells(community)
            ],
            faults=[Bilingual(zh=said.in_language("zh"), en=said.in_language("en")) for said in faults],
        )

    def _check(self, caller: Caller, community: int) -> None:
        if not caller.sees(community) or community not in self._places.now().communities:
            raise ProblemError(Problems.NOT_FOUND)


def _member(one: Person, places: Places, departments: dict[str, Bilingual], day: str) -> StaffMember:
    unnamed = Bilingual(zh=one.department, en=one.department)
    coming = [away for away in one.leave if away.last_day >= day]
    return StaffMember(
        id=one.number,
        code=one.code,
        name=Bilingual.of(one.name),
        role=one.role,
        grid=one.grid,
        communities=[places.community_ref(number) for number in sorted(one.communities)],
        everywhere=one.everywhere,
        supervisor=one.supervisor,
        volunteer=one.volunteer,
        active=one.active,
        department=departments.get(one.department, unnamed) if one.department else None,
        skills=sorted(one.skills),
        cells=sorted(one.cells),
        certificates=[
            CertificateView(name=paper.name, number=paper.number, valid_to=paper.valid_to, standing=paper.standing(day))
            for paper in one.certificates
        ],
        leave=[LeaveView(first_day=away.first_day, last_day=away.last_day) for away in coming],
        away=one.on_leave(day),
    )


def _post(one: Post, places: Places, cells: dict[str, Cell]) -> PostView:
    cell = cells.get(one.cell)
    return PostView(
        code=one.code,
        cell=one.cell,
        cell_name=Bilingual(zh=one.cell, en=one.cell) if cell is None else Bilingual.of(cell.name),
        grid=one.grid,
        community=places.community_ref(one.community),
        holder=places.person_ref(one.holder),
        since=one.since,
    )
