"""Records of facilities, completeness of communities."""

from __future__ import annotations

from fastapi import APIRouter

from api.guard import PREFIX, GuardedRoute
from api.models.records import Completeness, FacilityRecord
from api.routes.inputs import Asking, Desk, NumberInPath

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["places"])


@router.get("/facilities/{facility}/record", operation_id="get_facility_record", summary="Record of one facility")
def get_facility_record(facility: NumberInPath, caller: Asking, desk: Desk) -> FacilityRecord:
    """Whose it is, how old, where in three systems, and who changed what when, from what to what."""
    return desk.records.facility(caller, facility)


@router.get(
    "/communities/{community}/completeness", operation_id="get_completeness", summary="A community against the standard"
)
def get_completeness(community: NumberInPath, caller: Asking, desk: Desk) -> Completeness:
    """What a complete community should have, and what this one has, lacks, or has in which state."""
    return desk.records.completeness(caller, community)
