"""Cells as polygons: are they sound, do they overlap, leave holes, and which one holds a point.

Computed on a local plane in metres (equirectangular around the city's mean latitude), which over a city is exact to far
below the tolerance of one square metre. Requirements: unit grids are closed polygons without gaps or overlaps
(division principles of the urban grid standards).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians

import numpy as np
import shapely
from shapely import Point, Polygon, STRtree
from shapely.validation import explain_validity

from core.findings import Kind, Said, Sentence
from core.places import Grid
from registry import findings as kinds

TOLERANCE_M2 = 1.0
TOLERANCE_M = 1.0
FAR_M = 5_000.0
"""A community is walked through in ten minutes: no cell of it reaches further."""
_M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CellShape:
    """A cell as geometry sees it."""

    code: str
    grid: Grid
    community: str
    ring: tuple[tuple[float, float], ...]
    valid_from: str
    valid_to: str

    def overlaps_in_time(self, other: CellShape) -> bool:
        """Whether both are valid on a common day."""
        return (not self.valid_to or other.valid_from < self.valid_to) and (
            not other.valid_to or self.valid_from < other.valid_to
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something wrong with cell number ``index``."""

    index: int
    kind: Kind
    values: Mapping[str, object]


class CellMap:
    """All cells of an import on one plane."""

    def __init__(self, cells: Sequence[CellShape]) -> None:
        """Project the cells; unsound polygons are reported by ``faults`` and otherwise left out."""
        self._cells = tuple(cells)
        latitudes = [latitude for cell in cells for _, latitude in cell.ring]
        self._scale = cos(radians(float(np.mean(latitudes)))) if latitudes else 1.0
        self._polygons = [Polygon([self._plane(*corner) for corner in cell.ring]) for cell in self._cells]
        self._sound = [bool(polygon.is_valid) for polygon in self._polygons]
        self._tree = STRtree(self._polygons)

    @property
    def cells(self) -> tuple[CellShape, ...]:
        """The cells, as they were given."""
        return self._cells

    def area_m2(self, index: int) -> float:
        """How large a cell is."""
        return float(self._polygons[index].area)

    def faults(self) -> Iterator[Fault]:
        """Unsound polygons, overlaps within a grid, holes within a community."""
        for index, polygon in enumerate(self._polygons):
            if not self._sound[index]:
                reason = explain_validity(polygon).split("[")[0].strip()
                cell = self._cells[index].code
                yield Fault(index=index, kind=kinds.UNSOUND_POLYGON, values={"cell": cell, "reason": _said(reason)})
        yield from self._overlaps()
        yield from self._holes()

    def at(self, grid: Grid, longitude: float, latitude: float, day: str) -> list[str]:
        """Codes of the cells of ``grid`` valid on ``day`` that hold the place, ascending (two on a common border)."""
        place = Point(self._plane(longitude, latitude))
        found = self._tree.query(place, predicate="intersects")
        return sorted(self._cells[i].code for i in found if self._usable(int(i), grid, day))

    def is_far(self, longitude: float, latitude: float) -> bool:
        """Whether a place lies further from every sound cell than a cell that could not be read would reach."""
        sound = [polygon for polygon, good in zip(self._polygons, self._sound, strict=True) if good]
        if not sound:
            return False
        place = Point(self._plane(longitude, latitude))
        return bool(shapely.distance(np.array(sound), place).min() > FAR_M)

    def neighbours(self, day: str) -> dict[str, tuple[str, ...]]:
        """Cell code to the codes of cells of the same grid within one metre, nearest centre first."""
        answer: dict[str, tuple[str, ...]] = {}
        for index, cell in enumerate(self._cells):
            if not self._usable(index, cell.grid, day):
                continue
            centre = self._polygons[index].centroid
            near = self._tree.query(self._polygons[index], predicate="dwithin", distance=TOLERANCE_M)
            others = [int(i) for i in near if i != index and self._usable(int(i), cell.grid, day)]
            ranked = sorted((centre.distance(self._polygons[i].centroid), self._cells[i].code) for i in others)
            answer[cell.code] = tuple(code for _, code in ranked)
        return answer

    def _usable(self, index: int, grid: Grid, day: str) -> bool:
        cell = self._cells[index]
        in_time = cell.valid_from <= day and (not cell.valid_to or day < cell.valid_to)
        return self._sound[index] and cell.grid is grid and in_time

    def _overlaps(self) -> Iterator[Fault]:
        if not self._polygons:
            return
        left, right = self._tree.query(self._polygons, predicate="intersects")
        for i, j in zip(left.tolist(), right.tolist(), strict=True):
            one, two = self._cells[i], self._cells[j]
            if i >= j or one.grid is not two.grid or not (self._sound[i] and self._sound[j]):
                continue
            area = self._polygons[i].intersection(self._polygons[j]).area
            if area > TOLERANCE_M2 and one.overlaps_in_time(two):
                values = {"cell": two.code, "other": one.code, "area": area}
                yield Fault(index=j, kind=kinds.OVERLAP, values=values)

    def _holes(self) -> Iterator[Fault]:
        groups: dict[tuple[Grid, str], list[int]] = {}
        for index, cell in enumerate(self._cells):
            if self._sound[index] and not cell.valid_to:
                groups.setdefault((cell.grid, cell.community), []).append(index)
        for (grid, community), members in groups.items():
            joined = shapely.union_all([self._polygons[i] for i in members])
            parts = getattr(joined, "geoms", [joined])
            holes = [Polygon(ring) for part in parts for ring in part.interiors]
            for hole in holes:
                if hole.area > TOLERANCE_M2:
                    longitude, latitude = self._globe(hole.representative_point())
                    values = {"community": community, "grid": kinds.GRIDS[grid.value], "area": hole.area}
                    values |= {"longitude": longitude, "latitude": latitude}
                    yield Fault(index=members[0], kind=kinds.HOLE, values=values)

    def _plane(self, longitude: float, latitude: float) -> tuple[float, float]:
        return longitude * self._scale * _M_PER_DEGREE, latitude * _M_PER_DEGREE

    def _globe(self, place: Point) -> tuple[float, float]:
        return place.x / self._scale / _M_PER_DEGREE, place.y / _M_PER_DEGREE


def _said(reason: str) -> Said:
    return Sentence("{zh}", "{en}")(zh=kinds.POLYGON_FAULTS.get(reason, kinds.OTHER_POLYGON_FAULT), en=reason)
