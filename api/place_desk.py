"""Communities and facilities for pages."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection

import numpy as np

from api import views
from api.access import Caller
from api.boards import LatestBoard, StandingBoard, Standings, newest_ms
from api.histories import Histories
from api.models.base import Bilingual, FacilityRef, HealthName, Page, severity_name
from api.models.places import (
    CaseCounts,
    CellRef,
    Cells,
    CellView,
    ClassCount,
    ClassList,
    ClassView,
    CommunityDetail,
    CommunityList,
    CommunityOverview,
    FacilityCounts,
    FacilityDetail,
    FacilitySummary,
    LatestValue,
    PointView,
    SeverityCounts,
)
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.reach import sees_facility
from core.alarms import Severity
from core.errors import Refused
from core.places import Grid
from core.ports.cases import AlarmFilter, CaseFilter
from core.ports.feed import CommunityFigures
from core.ports.registry import Cell, Facility, FacilityFilter, PageRequest, Point
from core.readings import Readings

_OPEN_SHOWN = 100
_SUPPLIED_SHOWN = 200
_PAGES_SCANNED = 20


class PlaceDesk:
    """What people see of places; nobody reaches one outside their communities."""

    def __init__(
        self, ports: ApiPorts, places: PlaceBook, standings: StandingBoard, latest: LatestBoard, histories: Histories
    ) -> None:
        """Join registry, dispatch, store and the boards."""
        self._ports = ports
        self._places = places
        self._standings = standings
        self._latest = latest
        self._histories = histories

    # --- communities ----------------------------------------------------------------------------------------------

    def communities(self, caller: Caller) -> CommunityList:
        """Those the caller sees, worst first."""
        places = self._places.now()
        figures = [one for one in self._ports.cases.overview(caller.horizon) if caller.sees(one.community)]
        newest = self._newest_by_community(places)
        return CommunityList(items=[_overview(one, places, newest) for one in figures if one.community in newest])

    def community(self, caller: Caller, number: int) -> CommunityDetail:
        """One community with its classes and cells."""
        places = self._places.now()
        if not caller.sees(number) or number not in places.communities:
            raise ProblemError(Problems.NOT_FOUND)
        figures = self._ports.cases.overview(frozenset({number}))
        if not figures:
            raise ProblemError(Problems.NOT_FOUND)
        overview = _overview(figures[0], places, self._newest_by_community(places))
        return CommunityDetail(
            **dict(overview),
            classes=_class_counts(number, places, self._standings.now()),
            cells=[_cell_view(cell) for cell in self._ports.registry.cells(number)],
        )

    def _newest_by_community(self, places: Places) -> dict[int, int | None]:
        """Event time of the newest reading per community."""
        latest = self._latest.now()
        points: dict[int, list[np.ndarray]] = defaultdict(list)
        for facility in places.facilities.values():
            points[facility.community].append(self._latest.points_of(facility.number))
        empty = np.empty(0, np.int32)
        return {
            number: newest_ms(latest, np.concatenate(points[number]) if number in points else empty)
            for number in places.communities
        }

    def classes(self) -> ClassList:
        """All classes of facilities."""
        known = sorted(self._places.now().classes.values(), key=lambda one: one.id)
        return ClassList(items=[ClassView(id=one.id, name=Bilingual.of(one.name)) for one in known])

    # --- facilities -----------------------------------------------------------------------------------------------

    def facilities(
        self,
        caller: Caller,
        page: PageRequest,
        *,
        community: int | None,
        class_id: str,
        health: HealthName | None,
        text: str,
        numbers: Collection[int] = (),
    ) -> Page[FacilitySummary]:
        """Facilities by number, of ``numbers`` alone if there are any; pages are scanned until one holds something."""
        standings = self._standings.now()
        asked = frozenset(numbers) or None
        if health not in (None, "ok"):
            ill = standings.with_health(health)
            asked = ill if asked is None else asked & ill
        where = FacilityFilter(
            communities=caller.narrowed(community), class_id=class_id, numbers=asked, text=text.strip()
        )
        places, latest = self._places.now(), self._latest.now()
        items: list[FacilitySummary] = []
        for _ in range(_PAGES_SCANNED):
            try:
                got = self._ports.registry.facilities(where, page)
            except Refused as error:
                raise ProblemError(Problems.BAD_CURSOR) from error
            kept = [one for one in got.items if health is None or standings.of(one.number).health == health]
            items = [self.summary(one, places, standings, latest) for one in kept]
            page = PageRequest(cursor=got.next_cursor, limit=page.limit)
            if items or not page.cursor:
                break
        return Page(items=items, next_cursor=page.cursor or None)

    def facility(self, caller: Caller, number: int) -> FacilityDetail:
        """One facility with all that a page shows."""
        found = self._ports.registry.facility(number)
        if found is None or not sees_facility(caller, self._ports.cases, number, found.facility.community):
            raise ProblemError(Problems.NOT_FOUND)
        one, places, now_ms = found.facility, self._places.now(), self._ports.clock.now_ms()
        values = self.values(found.points, now_ms)
        alarms = self._ports.cases.alarms(
            AlarmFilter(communities=caller.horizon, facility=number, on=True), PageRequest(limit=_OPEN_SHOWN)
        )
        cases = self._ports.cases.cases(
            CaseFilter(communities=caller.horizon, facility=number, open=True), PageRequest(limit=_OPEN_SHOWN)
        )
        return FacilityDetail(
            **dict(self.summary(one, places, self._standings.now(), self._latest.now())),
            latitude=one.latitude,
            longitude=one.longitude,
            address=Bilingual.of(one.address),
            cells=self._cells(one),
            parent=_parent(one, caller, places),
            supplies=self._supplied(one, caller, places),
            redundant_set=one.redundant_set,
            attributes=dict(one.attributes),
            points=[self._point(point, one.class_id, values.get(point.number)) for point in found.points],
            alarms=[
                views.alarm(row, places) for row in sorted(alarms.items, key=lambda row: (-row.severity, -row.start_ms))
            ],
            cases=[
                views.case(row, places, now_ms)
                for row in sorted(cases.items, key=lambda row: (-row.severity, row.opened_ms))
            ],
        )

    def _supplied(self, one: Facility, caller: Caller, places: Places) -> list[FacilityRef]:
        """What hangs on a facility, as far as the caller may see it."""
        where = FacilityFilter(communities=caller.horizon, parent=one.number)
        found = self._ports.registry.facilities(where, PageRequest(limit=_SUPPLIED_SHOWN))
        return [places.ref_of(child) for child in found.items]

    def values(self, points: tuple[Point, ...], now_ms: int) -> dict[int, LatestValue]:
        """Newest readings of points, by number."""
        if not points:
            return {}
        batch = self._ports.store.latest(np.array([point.number for point in points], np.int32))
        return views.latest_values(batch, {one.number: int(one.stale_after_s * 1000) for one in points}, now_ms)

    def summary(self, one: Facility, places: Places, standings: Standings, latest: Readings) -> FacilitySummary:
        """A facility as a line of a list."""
        standing = standings.of(one.number)
        return FacilitySummary(
            **dict(places.ref_of(one)),
            community=places.community_ref(one.community),
            health=standing.health,
            worst=None if standing.worst is None else severity_name(standing.worst),
            open_alarms=standing.alarms,
            open_cases=standing.cases,
            last_reading_ms=newest_ms(latest, self._latest.points_of(one.number)),
            provenance_note=Bilingual.of(one.provenance_note),
        )

    def _cells(self, one: Facility) -> Cells:
        known = {cell.code: cell for cell in self._ports.registry.cells(one.community)}

        def ref(grid: Grid) -> CellRef | None:
            cell = known.get(one.cells.get(grid, ""))
            return None if cell is None else CellRef(code=cell.code, name=Bilingual.of(cell.name))

        return Cells(governance=ref(Grid.GOVERNANCE), construction=ref(Grid.CONSTRUCTION))

    def _point(self, point: Point, class_id: str, latest: LatestValue | None) -> PointView:
        return PointView(
            id=point.number,
            key=point.key,
            name=Bilingual.of(point.name),
            unit=point.unit,
            kind=point.kind,
            low=_finite(point.low),
            high=_finite(point.high),
            normal_low=_finite(point.normal_low),
            normal_high=_finite(point.normal_high),
            interval_s=point.interval_s,
            stale_after_s=point.stale_after_s,
            active=point.active,
            latest=latest,
            limits=self._histories.limits(point, class_id),
        )


def _parent(one: Facility, caller: Caller, places: Places) -> FacilityRef | None:
    """What a facility hangs on; nothing where that stands in a community the caller may not see."""
    parent = None if one.parent is None else places.facility(one.parent)
    return None if parent is None or not caller.sees(parent.community) else places.ref_of(parent)


def _overview(one: CommunityFigures, places: Places, newest: dict[int, int | None]) -> CommunityOverview:
    community = places.communities[one.community]
    return CommunityOverview(
        **dict(places.community_ref(one.community)),
        street=Bilingual.of(community.street),
        facilities=FacilityCounts(total=one.facilities, healthy=one.healthy, alarmed=one.alarmed, unseen=one.unseen),
        alarms=SeverityCounts(**{severity_name(level): one.alarms.get(level, 0) for level in Severity}),
        cases=CaseCounts(open=one.open_cases, overdue=one.overdue_cases),
        waiting_tasks=one.waiting_tasks,
        last_reading_ms=newest.get(one.community),
        latitude=community.latitude,
        longitude=community.longitude,
    )


def _class_counts(community: int, places: Places, standings: Standings) -> list[ClassCount]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in places.facilities.values():
        if one.community == community:
            counts[one.class_id]["total"] += 1
            counts[one.class_id][standings.of(one.number).health] += 1
    return [
        ClassCount(
            class_id=class_id,
            name=places.class_name(class_id),
            total=count["total"],
            fault=count["fault"],
            attention=count["attention"],
            unseen=count["unseen"],
        )
        for class_id, count in sorted(counts.items())
    ]


def _cell_view(cell: Cell) -> CellView:
    return CellView(code=cell.code, grid=cell.grid, name=Bilingual.of(cell.name), polygon=list(cell.polygon))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
