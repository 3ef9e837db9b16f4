"""Which cell a reported place belongs to, borders and gaps included; and what a case without a facility is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cases import Action, Actor, TaskKind
from core.places import Grid, Text
from core.ports.registry import Cell
from dispatch.intakebook import load_intake
from dispatch.whereabouts import NEAR_M, cell_at
from registry.classbook import load_classes
from registry.geometry import CellMap, CellShape
from tests.unit.dispatch.hall import HOUR, MONDAY_9, Hall
from tests.unit.dispatch.test_reports import send
from tests.unit.registry.city import SIDE, SOUTH, WEST

DAY = "2026-11-23"
M_EAST = 1 / (111_195 * math.cos(math.radians(SOUTH)))
"""Degrees of a metre to the east."""


def cell(code: str, ring: list[tuple[float, float]], grid: Grid = Grid.GOVERNANCE, community: int = 1) -> Cell:
    """A cell with that ring, closed here."""
    polygon = (*ring, ring[0])
    return Cell(code=code, grid=grid, community=community, name=Text(zh=code, en=code), polygon=polygon)


def square(code: str, i: int, j: int, **values: object) -> Cell:
    """A square of the raster of the small city."""
    west, south = WEST + SIDE * i, SOUTH + SIDE * j
    ring = [(west, south), (west + SIDE, south), (west + SIDE, south + SIDE), (west, south + SIDE)]
    return cell(code, ring, **values)  # type: ignore[arg-type]


RASTER = [square(f"g-{i}{j}", i, j) for i in range(2) for j in range(2)]
EDGE = WEST + SIDE, SOUTH + SIDE / 2
CORNER = WEST + SIDE, SOUTH + SIDE
OUTER = WEST, SOUTH + SIDE / 2


@pytest.mark.parametrize(
    ("spot", "code"),
    [
        ((WEST + SIDE / 2, SOUTH + SIDE / 2), "g-00"),
        ((EDGE[0] - 2 * M_EAST, EDGE[1]), "g-00"),
        ((EDGE[0] + 2 * M_EAST, EDGE[1]), "g-10"),
        (EDGE, "g-00"),
        (CORNER, "g-00"),
        ((CORNER[0], CORNER[1] + SIDE / 2), "g-01"),
        (OUTER, "g-00"),
        ((WEST, SOUTH), "g-00"),
        ((OUTER[0] - (NEAR_M - 2) * M_EAST, OUTER[1]), "g-00"),
        ((OUTER[0] - (NEAR_M + 2) * M_EAST, OUTER[1]), ""),
    ],
    ids=["inside", "just west", "just east", "edge", "corner", "edge north", "outer", "outer corner", "near", "far"],
)
def test_a_place_belongs_to_one_cell(spot: tuple[float, float], code: str) -> None:
    """Inside, on a common border the first by code, outside the nearest within 50 m; the order of cells is nothing."""
    assert cell_at(RASTER, Grid.GOVERNANCE, 1, spot) == code
    assert cell_at(RASTER[::-1], Grid.GOVERNANCE, 1, spot) == code


def test_only_cells_of_the_grid_and_the_community_hold_a_place() -> None:
    """The ground is cut twice, and a neighbour's cells are a neighbour's."""
    spot = (WEST + SIDE / 2, SOUTH + SIDE / 2)
    assert cell_at(RASTER, Grid.CONSTRUCTION, 1, spot) == ""
    assert cell_at(RASTER, Grid.GOVERNANCE, 2, spot) == ""
    both = [*RASTER, square("c-0", 0, 0, grid=Grid.CONSTRUCTION), square("b-0", 0, 0, community=2)]
    assert [cell_at(both, Grid.CONSTRUCTION, 1, spot), cell_at(both, Grid.GOVERNANCE, 2, spot)] == ["c-0", "b-0"]


def test_a_bay_of_a_cell_is_not_in_it() -> None:
    """A ring that bends inwards, either way round; an edge that has no length."""
    u = [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 1), (1, 3), (0, 3)]
    ring = [(WEST + x * SIDE, SOUTH + y * SIDE) for x, y in u]
    for shape in (ring, ring[::-1]):
        spots = [(WEST + x * SIDE, SOUTH + 2 * SIDE) for x in (0.5, 1.5, 2.5)]
        assert [cell_at([cell("u", shape)], Grid.GOVERNANCE, 1, spot) for spot in spots] == ["u", "", "u"]


@given(st.integers(-200, 2200), st.integers(-200, 2200))
def test_it_is_the_cell_that_the_registry_would_say(east: int, north: int) -> None:
    """Reports and facilities at one place are of one cell; beyond all cells the registry says none."""
    x, y = east / 1000, north / 1000
    spot = (WEST + SIDE * x, SOUTH + SIDE * y)
    named = {"community": "a", "valid_from": "2020-01-01", "valid_to": ""}
    shapes = [CellShape(code=one.code, grid=one.grid, ring=one.polygon, **named) for one in RASTER]
    known = CellMap(shapes).at(Grid.GOVERNANCE, *spot, DAY)
    found = cell_at(RASTER, Grid.GOVERNANCE, 1, spot)
    if known:
        assert found in known
    else:
        assert found == "" or not (0 < x < 2 and 0 < y < 2)


def test_events_name_classes_that_the_registry_has() -> None:
    """Whose trade an event is, is a class; with several classes and nothing said it is nobody's."""
    events = load_intake().events
    assert {one.trade for one in events.values()} - {""} <= load_classes().keys()
    assert (events["light_lamp"].trade, events["road_water"].trade) == ("street_light", "road_ponding")
    assert events["other"].trade == ""


def test_who_went_to_a_reported_place_is_believed_to_be_there(hall: Hall) -> None:
    """The way to the next case begins where the last one was reported."""
    east, north = WEST + SIDE / 2, SOUTH + SIDE / 2
    send(hall, "road_hole", longitude=east, latitude=north)
    task = hall.tasks()[TaskKind.HANDLE]
    hall.act(task, Action.ACCEPT, Actor(login="owner", person=task.owner))
    send(hall, "road_hole", longitude=east, latitude=north + SIDE, now_ms=MONDAY_9 + HOUR)
    detail = hall.queries.task(hall.tasks()[TaskKind.HANDLE].number, Actor(login="anybody"))
    assert detail is not None
    far = {one.person: one.distance_m for one in detail.routing}
    assert far[task.owner] == pytest.approx(SIDE * 111_195, abs=20)
