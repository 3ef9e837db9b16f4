"""Communities, facilities, the history of a point."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.guard import PREFIX, GuardedRoute
from api.models.base import HealthName, Page
from api.models.history import History
from api.models.places import (
    ClassList,
    CommunityChanges,
    CommunityDetail,
    CommunityList,
    FacilityDetail,
    FacilitySummary,
)
from api.routes.inputs import Asking, CommunityQuery, Desk, NumberInPath, NumbersQuery, Paging, TimeQuery

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["places"])


@router.get("/communities", operation_id="list_communities", summary="Overview, worst first")
def list_communities(caller: Asking, desk: Desk) -> CommunityList:
    """How the communities one sees stand."""
    return desk.places.communities(caller)


@router.get("/community-changes", operation_id="list_community_changes", summary="What changed since yesterday")
def list_community_changes(caller: Asking, desk: Desk) -> CommunityChanges:
    """The last 24 h against the 24 h before, for every community one sees."""
    return desk.changes.last_day(caller)


@router.get("/communities/{community}", operation_id="get_community", summary="One community")
def get_community(community: NumberInPath, caller: Asking, desk: Desk) -> CommunityDetail:
    """With its classes and the cells of both grids."""
    return desk.places.community(caller, community)


@router.get("/classes", operation_id="list_classes", summary="Classes of facilities")
def list_classes(desk: Desk) -> ClassList:
    """For filters and legends."""
    return desk.places.classes()


@router.get("/facilities", operation_id="list_facilities", summary="Facilities by number")
def list_facilities(
    caller: Asking,
    desk: Desk,
    page: Paging,
    community: CommunityQuery = None,
    class_id: Annotated[str, Query(alias="class", max_length=64, description="id of a class")] = "",
    health: HealthName | None = None,
    q: Annotated[str, Query(max_length=80, description="part of a code, name or address")] = "",
    numbers: NumbersQuery = None,
) -> Page[FacilitySummary]:
    """A page may hold fewer items than ``limit``; there are more as long as ``next_cursor`` is not null."""
    return desk.places.facilities(
        caller, page, community=community, class_id=class_id, health=health, text=q, numbers=numbers or ()
    )


@router.get("/facilities/{facility}", operation_id="get_facility", summary="One facility")
def get_facility(facility: NumberInPath, caller: Asking, desk: Desk) -> FacilityDetail:
    """With its points, their newest values and limits, its open alarms and cases."""
    return desk.places.facility(caller, facility)


@router.get("/points/{point}/history", operation_id="get_history", summary="History of a point")
def get_history(
    point: NumberInPath,
    caller: Asking,
    desk: Desk,
    from_ms: TimeQuery = None,
    to_ms: TimeQuery = None,
    max_points: Annotated[int, Query(ge=10, le=4000, description="rows the chart can show")] = 720,
) -> History:
    """The last 24 h by default. Raw readings when they are few, else buckets; gaps and limits beside them."""
    return desk.histories.of_point(caller, point, from_ms=from_ms, to_ms=to_ms, max_points=max_points)
