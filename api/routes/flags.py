"""Flags: what keeps alarms silent, and what people do with what is out of service."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.guard import PREFIX, GuardedRoute
from api.models.base import Page, SeverityName
from api.models.flags import AlarmTally, FlagDetail, FlagView, OutOfServiceRequest, ReturnRequest
from api.routes.inputs import Asking, CommunityQuery, Desk, FacilityQuery, NumberInPath, Paging
from core.flags import FlagKind

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["flags"])


@router.get("/flags", operation_id="list_flags", summary="What keeps alarms silent, newest first")
def list_flags(
    caller: Asking,
    desk: Desk,
    page: Paging,
    community: CommunityQuery = None,
    facility: FacilityQuery = None,
    kind: Annotated[list[FlagKind] | None, Query()] = None,
    standing: Annotated[bool | None, Query(description="those that stand, or those that have ended")] = True,
) -> Page[FlagView]:
    """Shelved, suppressed by design, out of service; also over what is not in alarm."""
    kinds = frozenset(kind or ())
    return desk.flags.page(caller, page, community=community, facility=facility, kinds=kinds, standing=standing)


@router.get("/flags/{flag}", operation_id="get_flag", summary="One flag")
def get_flag(flag: NumberInPath, caller: Asking, desk: Desk) -> FlagDetail:
    """With its history: who raised, moved and ended it, when and why."""
    return desk.flags.one(caller, flag)


@router.get("/alarm-counts", operation_id="count_alarms", summary="How many alarms each list holds")
def count_alarms(
    caller: Asking,
    desk: Desk,
    community: CommunityQuery = None,
    facility: FacilityQuery = None,
    severity: Annotated[SeverityName | None, Query(description="this severity or worse")] = None,
) -> AlarmTally:
    """For the tabs of the list of alarms."""
    return desk.flags.tally(caller, community=community, facility=facility, severity=severity)


@router.post(
    "/facilities/{facility}/out-of-service",
    operation_id="take_facility_out",
    summary="Take a facility out of service",
)
def take_facility_out(facility: NumberInPath, body: OutOfServiceRequest, caller: Asking, desk: Desk) -> FlagView:
    """Until somebody returns it; after the planned end a reminder comes every day."""
    return desk.flags.take_out_facility(caller, facility, body)


@router.post("/flags/{flag}/extend", operation_id="extend_out_of_service", summary="Move the planned end")
def extend_out_of_service(flag: NumberInPath, body: OutOfServiceRequest, caller: Asking, desk: Desk) -> FlagDetail:
    """Of what is out of service."""
    return desk.flags.extend(caller, flag, body)


@router.post("/flags/{flag}/return", operation_id="return_to_service", summary="Return to service")
def return_to_service(flag: NumberInPath, body: ReturnRequest, caller: Asking, desk: Desk) -> FlagDetail:
    """What is still on is annunciated, and opens its case."""
    return desk.flags.put_back(caller, flag, body)
