"""How cases end: merging, faults that recur, and rules that were wrong."""

from __future__ import annotations

from fastapi import APIRouter

from api.guard import PREFIX, GuardedRoute
from api.models.cases import CaseDetail
from api.models.closure import FalseAlarmReview, LastingRequest, Limits, MergeRequest, RecurringFaults, UnmergeRequest
from api.routes.inputs import Asking, CommunityQuery, Desk, NumberInPath, TimeQuery

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.post("/cases/{case}/merge", operation_id="merge_case", tags=["cases"], summary="Merge a case into another")
def merge_case(case: NumberInPath, body: MergeRequest, caller: Asking, desk: Desk) -> CaseDetail:
    """Both have one root cause: this case ends, its alarms are the other's; both histories stay. The other case."""
    desk.closures.merge(caller, case, body)
    return desk.cases.one(caller, body.into)


@router.post(
    "/cases/{case}/unmerge", operation_id="unmerge_case", tags=["cases"], summary="Take the merging of a case back"
)
def unmerge_case(case: NumberInPath, body: UnmergeRequest, caller: Asking, desk: Desk) -> CaseDetail:
    """While the other case is open: this one is filed anew with its alarms, its limit goes on. The case itself."""
    desk.closures.unmerge(caller, case, body)
    return desk.cases.one(caller, case)


@router.get("/recurring-faults", operation_id="list_recurring_faults", tags=["cases"], summary="Faults that recur")
def list_recurring_faults(caller: Asking, desk: Desk, community: CommunityQuery = None) -> RecurringFaults:
    """Three cases or more of one facility and family in 90 days, with what they cost: a lasting repair is proposed."""
    return desk.closures.recurring(caller, community)


@router.get("/false-alarms", operation_id="review_false_alarms", tags=["alarms"], summary="Rules that were wrong")
def review_false_alarms(
    caller: Asking, desk: Desk, community: CommunityQuery = None, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> FalseAlarmReview:
    """What workers reported as false alarms, by rule and cause, for the review of limits; of 30 days by default."""
    return desk.closures.review(caller, community=community, from_ms=from_ms, to_ms=to_ms)


@router.post(
    "/facilities/{facility}/lasting-repair",
    operation_id="decide_lasting_repair",
    tags=["cases"],
    summary="Decide about a lasting repair",
)
def decide_lasting_repair(facility: NumberInPath, body: LastingRequest, caller: Asking, desk: Desk) -> RecurringFaults:
    """Accept: a case is filed for it, or a project named; decline: nobody is asked until as many cases more."""
    return desk.closures.decide_lasting(caller, facility, body)


@router.get("/limits", operation_id="get_limits", tags=["cases"], summary="The limits in force")
def get_limits(desk: Desk) -> Limits:
    """Which table of limits by class and event is in force, the escalation ladder, and what is only proposed."""
    return desk.closures.limits()
