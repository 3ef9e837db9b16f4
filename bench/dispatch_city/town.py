"""Who and what is in the city: communities, two grids over the same ground, facilities, people, vacant posts.

Everything is drawn from one seed. Facilities crowd in three quarters of each community, so cells differ in work as
they do in old cities; construction workers have two or three trades each, lift, gas, air and network are the trades of
a few who serve a street, and by night and on days off one duty worker of each street and grid is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import cos, radians

import numpy as np

from core.people import Certificate, Leave, Person, Role, Shift
from core.places import Grid, Text
from core.ports.registry import FacilityPlace, Post, Roster
from registry.classbook import load_classes

Position = tuple[float, float]
"""Metres east and north of the city's corner."""

COUNTS: Mapping[str, int] = {
    "drain_well": 80,
    "edge_device": 3,
    "electrical_distribution": 30,
    "elevator": 40,
    "ev_charging": 20,
    "fire_hydrant": 60,
    "fire_water": 5,
    "gas_indoor": 20,
    "gas_network": 8,
    "hvac": 8,
    "indoor_air": 8,
    "indoor_leak": 10,
    "old_house": 20,
    "public_toilet": 5,
    "road_ponding": 6,
    "sewage_pump": 8,
    "slope_wall": 4,
    "smoke_fire": 40,
    "street_light": 100,
    "ups_battery": 4,
    "water_network": 14,
    "water_supply_pump": 6,
    "weather": 1,
}
"""Facilities of each class in one community: 500."""
TRADES = ("drainage", "electrical", "plumbing", "pump", "fire", "structure")
"""What most construction workers know; everybody knows three of them."""
STREET_TRADES: Mapping[str, int] = {"lift": 3, "gas": 2, "hvac": 1, "network": 1}
"""Specialists of each street."""
WIDTH_M, HEIGHT_M = 1_200.0, 1_000.0
_CROWDED = 0.6
FIRST_DAY = date(2025, 8, 25)
"""A Monday; with the make-up days of 28 September and 11 October and the holidays between them."""
SEASON_DAYS = 90
LIFT_PAPER = "电梯修理"
"""Asked of whoever repairs a lift; one of three specialists of a street has none."""
_DAY = 24 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How large a city is.

    Attributes:
        communities: in streets of ``street``.
        cells: of each grid in a community, in two rows.
        workers: all but supervisors and managers.
        vacant: share of the posts that nobody holds.
        scale: times ``COUNTS``.
    """

    communities: int = 20
    street: int = 5
    cells: int = 10
    workers: int = 250
    vacant: float = 0.12
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """The city.

    Attributes:
        roster: people, posts and places as dispatch sees them.
        positions: of each facility; homes: where each person begins the day.
        streets: community to its street.
        duty: the duty workers.
    """

    size: Size
    roster: Roster
    positions: Mapping[int, Position]
    homes: Mapping[int, Position]
    streets: Mapping[int, int]
    duty: frozenset[int]


def found(size: Size, seed: int) -> Town:
    """Draw a city."""
    draw = np.random.default_rng((seed, 1))
    places, positions = _places(size, draw)
    codes = [(community, grid, cell) for community in _communities(size) for grid in Grid for cell in range(size.cells)]
    empty = set(draw.choice(len(codes), round(size.vacant * len(codes)), replace=False).tolist())
    held = [code for at, code in enumerate(codes) if at not in empty]
    people = [replace(one, leave=_leave(draw)) if one.code[0] in "wdlghn" else one for one in _people(size, held)]
    holders = {cell: person.number for person in people for cell in person.cells}
    posts = tuple(
        Post(cell=_code(*code), grid=code[1], community=code[0], holder=holders.get(_code(*code))) for code in codes
    )
    middles = {_code(*code): _centre(size, *code) for code in codes}
    roster = Roster(
        version=1,
        centres={code: _spot(*middle) for code, middle in middles.items()},
        people={person.number: person for person in people},
        posts=posts,
        neighbours={_code(*code): _neighbours(size, *code) for code in codes},
        places=places,
    )
    return Town(
        size=size,
        roster=roster,
        positions=positions,
        homes={person.number: _home(person, middles, size) for person in people},
        streets={community: (community - 1) // size.street for community in _communities(size)},
        duty=frozenset(person.number for person in people if person.code.startswith("duty")),
    )


def _communities(size: Size) -> range:
    return range(1, size.communities + 1)


def _corner(community: int) -> Position:
    return ((community - 1) % 5 * WIDTH_M, (community - 1) // 5 * HEIGHT_M)


def _spot(east: float, north: float) -> tuple[float, float]:
    """Longitude and latitude."""
    return 112.2 + east / (111_320 * cos(radians(31.7))), 31.7 + north / 110_574


def _shape(size: Size, grid: Grid) -> tuple[int, int]:
    """Columns and rows of the cells of a grid: the two cut the ground differently."""
    return (size.cells // 2, 2) if grid is Grid.GOVERNANCE else (2, size.cells // 2)


def _cell_at(size: Size, grid: Grid, east: float, north: float) -> int:
    columns, rows = _shape(size, grid)
    column, row = int(east / WIDTH_M * columns), int(north / HEIGHT_M * rows)
    return min(row, rows - 1) * columns + min(column, columns - 1)


def _code(community: int, grid: Grid, cell: int) -> str:
    return f"{grid.value[0].upper()}{community:02d}-{cell:02d}"


def _centre(size: Size, community: int, grid: Grid, cell: int) -> Position:
    columns, rows = _shape(size, grid)
    west, south = _corner(community)
    return (
        west + (cell % columns + 0.5) * WIDTH_M / columns,
        south + (cell // columns + 0.5) * HEIGHT_M / rows,
    )


def _neighbours(size: Size, community: int, grid: Grid, cell: int) -> tuple[str, ...]:
    """The cells of its community that touch it, those with a common side first."""
    columns, rows = _shape(size, grid)
    own = (cell % columns, cell // columns)
    touching = []
    for other in range(columns * rows):
        apart = abs(other % columns - own[0]), abs(other // columns - own[1])
        if other != cell and max(apart) <= 1:
            touching.append((sum(apart), other))
    return tuple(_code(community, grid, other) for _, other in sorted(touching))


def _places(size: Size, draw: np.random.Generator) -> tuple[dict[int, FacilityPlace], dict[int, Position]]:
    book = load_classes()
    places, positions = dict[int, FacilityPlace](), dict[int, Position]()
    for community in _communities(size):
        crowded = draw.uniform((0, 0), (WIDTH_M, HEIGHT_M), (3, 2))
        west, south = _corner(community)
        for class_id, count in COUNTS.items():
            for one in range(max(1, round(count * size.scale))):
                if draw.random() < _CROWDED:
                    drawn = draw.normal(crowded[draw.integers(3)], 90.0)
                    east, north = np.clip(drawn, 0, (WIDTH_M - 1, HEIGHT_M - 1)).tolist()
                else:
                    east, north = draw.uniform((0, 0), (WIDTH_M, HEIGHT_M)).tolist()
                number, spot = len(places) + 1, _spot(west + east, south + north)
                positions[number] = west + east, south + north
                places[number] = FacilityPlace(
                    number=number,
                    code=f"c{community}-{class_id}-{one}",
                    name=Text(zh=f"设施 {number}", en=f"Facility {number}"),
                    class_id=class_id,
                    community=community,
                    cells={grid: _code(community, grid, _cell_at(size, grid, east, north)) for grid in Grid},
                    skill=book[class_id].skill,
                    longitude=spot[0],
                    latitude=spot[1],
                )
    return places, positions


def _people(size: Size, held: Sequence[tuple[int, Grid, int]]) -> Iterator[Person]:
    """Duty workers, specialists, holders of posts, supervisors, managers; numbers from 1 on."""
    streets = sorted({(community - 1) // size.street for community in _communities(size)})
    specialists = len(streets) * sum(STREET_TRADES.values())
    duty = len(streets) * 2 * 3
    at_work = max(4 * size.communities, size.workers - duty - specialists)
    governing = round(at_work * 0.5)
    numbers = iter(range(1, 10 * size.workers))
    for street in streets:
        area = frozenset(one for one in _communities(size) if (one - 1) // size.street == street)
        for grid in Grid:
            for turn in range(3):
                trades = frozenset((*TRADES, *STREET_TRADES))
                papers: tuple[Certificate, ...] = (Certificate(name=LIFT_PAPER),)
                yield _person(next(numbers), "duty", grid, area, skills=trades, shifts=_duty(turn), certificates=papers)
        for trade, count in STREET_TRADES.items():
            for one in range(count):
                papers = (Certificate(name=LIFT_PAPER),) if trade == "lift" and one else ()
                trades = frozenset({trade})
                yield _person(next(numbers), trade, Grid.CONSTRUCTION, area, skills=trades, certificates=papers)
    for grid, people in ((Grid.GOVERNANCE, governing), (Grid.CONSTRUCTION, at_work - governing)):
        yield from _holders(size, grid, people, held, numbers)
    for community in _communities(size):
        for grid in Grid:
            yield _person(next(numbers), "supervisor", grid, frozenset({community}), supervisor=True)
    for _ in range(3):
        number = next(numbers)
        name = Text(zh=f"主管 {number}", en=f"Manager {number}")
        yield Person(number=number, code=f"manager-{number}", name=name, role=Role.MANAGER, everywhere=True)


def _holders(
    size: Size, grid: Grid, people: int, held: Sequence[tuple[int, Grid, int]], numbers: Iterator[int]
) -> Iterator[Person]:
    """Each community's share of people; its held cells are dealt out to them in runs, so that they touch."""
    for community in _communities(size):
        share = people * community // size.communities - people * (community - 1) // size.communities
        cells = [_code(*code) for code in held if code[0] == community and code[1] is grid]
        for one in range(share):
            mine = cells[len(cells) * one // share : len(cells) * (one + 1) // share]
            trades = frozenset(TRADES[(one * 3 + offset) % len(TRADES)] for offset in (0, 1, 2 + one // 2 % 3))
            area = frozenset({community})
            yield _person(next(numbers), "worker", grid, area, skills=trades, cells=frozenset(mine))


def _person(number: int, what: str, grid: Grid, area: frozenset[int], **more: object) -> Person:
    role = Role.MAINTAINER if grid is Grid.CONSTRUCTION else Role.GRID_WORKER
    values: dict[str, object] = {
        "number": number,
        "code": f"{what}-{number}",
        "name": Text(zh=f"人员 {number}", en=f"Person {number}"),
        "role": role,
        "communities": area,
    }
    return Person(**(values | more))  # type: ignore[arg-type]


def _leave(draw: np.random.Generator) -> tuple[Leave, ...]:
    """A week and two single days of the season."""
    starts = draw.integers(0, SEASON_DAYS, 3).tolist()
    days = [(FIRST_DAY + timedelta(days=at), length) for at, length in zip(starts, (7, 1, 1), strict=True)]
    return tuple(
        Leave(first_day=day.isoformat(), last_day=(day + timedelta(days=length - 1)).isoformat())
        for day, length in sorted(days)
    )


def _duty(turn: int) -> tuple[Shift, ...]:
    """Every third day from 8 to 8, and the 24 hours from Sunday at 8 by turns of eight."""
    days = tuple(Shift(weekday=day, from_minute=480, to_minute=480 + _DAY) for day in (turn, turn + 3))
    begin = 480 + turn * 480
    weekday = 6 if begin < _DAY else 0
    return (*days, Shift(weekday=weekday, from_minute=begin % _DAY, to_minute=begin % _DAY + 480))


def _home(person: Person, centres: Mapping[str, Position], size: Size) -> Position:
    """The middle of the cells they hold, else of where they work."""
    if person.cells:
        spots = [centres[cell] for cell in person.cells]
    else:
        area = person.communities or frozenset(_communities(size))
        spots = [(_corner(one)[0] + WIDTH_M / 2, _corner(one)[1] + HEIGHT_M / 2) for one in area]
    return sum(spot[0] for spot in spots) / len(spots), sum(spot[1] for spot in spots) / len(spots)
