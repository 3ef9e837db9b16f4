"""Where a case without a facility is: the place that was reported, the cells beneath it, and whose trade its event is.

A cell holds its border. A place on the common border of several is in the one whose code comes first, as where the
registry places facilities; one that no cell of the community holds belongs to the nearest within ``NEAR_M``, since a
phone between houses is so far off, and beyond that to none: then the whole community is asked.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from core.intake import Event
from core.places import Grid, Text
from core.ports.registry import Cell, FacilityPlace, Roster, RosterSource
from dispatch.distance import Spot
from dispatch.intake_tables import intake
from dispatch.intakebook import IntakeBook
from dispatch.parts import in_parts

NEAR_M = 50.0
"""A place outside all cells belongs to the nearest one if that is no farther."""
_BORDER_M = 0.001
"""Closer than that to a border is on it."""
_M_PER_DEGREE = 111_195.0


def cell_at(cells: Iterable[Cell], grid: Grid, community: int, spot: Spot) -> str:
    """The code of the cell of a grid and community that a place belongs to; empty: of none."""
    held: list[str] = []
    near: list[tuple[float, str]] = []
    for cell in cells:
        if cell.grid is not grid or cell.community != community:
            continue
        inside, far_m = _against(cell, spot)
        if inside or far_m <= _BORDER_M:
            held.append(cell.code)
        elif far_m <= NEAR_M:
            near.append((far_m, cell.code))
    return min(held) if held else min(near, default=(0.0, ""))[1]


def place_without(roster: Roster, event: Event | None, community: int, spot: Spot | None) -> FacilityPlace:
    """What routing must know of a case that is about no facility; its number is 0."""
    cells = roster.cells.values()
    class_id = event.trade if event else ""
    return FacilityPlace(
        number=0,
        code="",
        name=event.say if event else Text(zh="", en=""),
        class_id=class_id,
        community=community,
        cells={} if spot is None else {grid: cell_at(cells, grid, community, spot) for grid in Grid},
        skill=roster.skills.get(class_id, ""),
        longitude=None if spot is None else spot[0],
        latitude=None if spot is None else spot[1],
    )


def reported_spots(connection: sa.Connection, numbers: Collection[int]) -> dict[int, Spot]:
    """Where cases were first reported, those left out of which nobody has told."""
    found: dict[int, Spot] = {}
    for part in in_parts(sorted(numbers)):
        query = sa.select(intake.c.case, intake.c.longitude, intake.c.latitude).where(intake.c.case.in_(part))
        rows = connection.execute(query.where(intake.c.longitude.is_not(None)).order_by(intake.c.number.desc()))
        found |= {row.case: (row.longitude, row.latitude) for row in rows}
    return found


class Whereabouts:
    """Places of cases within one transaction."""

    def __init__(self, connection: sa.Connection, source: RosterSource, book: IntakeBook) -> None:
        """Facilities as ``source`` knows them, other places as they were reported."""
        self._connection, self._source, self._book = connection, source, book

    def of(self, case: Any) -> FacilityPlace | None:
        """The place of a case, as routing asks for it; ``None`` where nobody knows anything of it."""
        if case.facility or case.gathers:
            return self._source.place(case.facility)
        spot = reported_spots(self._connection, [case.number]).get(case.number)
        return place_without(self._source.roster(), self._book.events.get(case.family), case.community, spot)

    def spots(self, cases: Mapping[int, int]) -> dict[int, Spot]:
        """The spots of cases (number to facility), those left out of which nobody knows it."""
        places = {number: self._source.place(facility) for number, facility in cases.items() if facility}
        known = {number: place.spot for number, place in places.items() if place is not None}
        lost = [number for number, facility in cases.items() if not facility]
        found = {number: spot for number, spot in known.items() if spot is not None}
        return found | (reported_spots(self._connection, lost) if lost else {})


def _against(cell: Cell, spot: Spot) -> tuple[bool, float]:
    """Whether a place is within a ring (even-odd), and how many metres from its border."""
    east = _M_PER_DEGREE * math.cos(math.radians(spot[1]))
    ring = [((lon - spot[0]) * east, (lat - spot[1]) * _M_PER_DEGREE) for lon, lat in cell.polygon]
    inside, far_m = False, math.inf
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > 0) != (y2 > 0) and x1 - y1 * (x2 - x1) / (y2 - y1) > 0:
            inside = not inside
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        share = 0.0 if length == 0 else max(0.0, min(1.0, -(x1 * (x2 - x1) + y1 * (y2 - y1)) / length))
        far_m = min(far_m, math.hypot(x1 + share * (x2 - x1), y1 + share * (y2 - y1)))
    return inside, far_m
