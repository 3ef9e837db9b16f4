"""Alarms: lists, one alarm, and what people do with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.guard import PREFIX, GuardedRoute
from api.models.alarms import Acknowledgement, AlarmDetail, AlarmSummary, ShelveRequest
from api.models.base import Page, SeverityName
from api.models.evidence import EvidenceFile
from api.models.flags import AlarmOutOfServiceRequest, CommentRequest, ReturnRequest
from api.models.performance import AlarmPerformance
from api.routes.inputs import AlarmInPath, Asking, CommunityQuery, Desk, FacilityQuery, Paging, TimeQuery
from core.alarms import AlarmState
from core.flags import FlagKind

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["alarms"])


@router.get("/alarms", operation_id="list_alarms", summary="Alarms, newest first")
def list_alarms(
    caller: Asking,
    desk: Desk,
    page: Paging,
    community: CommunityQuery = None,
    facility: FacilityQuery = None,
    severity: Annotated[SeverityName | None, Query(description="this severity or worse")] = None,
    state: Annotated[list[AlarmState] | None, Query()] = None,
    active: Annotated[bool | None, Query(description="on now, or not")] = None,
    attention: Annotated[bool, Query(description="only those that ask for somebody's attention")] = False,
    flag: Annotated[list[FlagKind] | None, Query(description="only those under such a flag")] = None,
    silent: Annotated[bool | None, Query(description="under any flag, or under none")] = None,
    from_ms: TimeQuery = None,
    to_ms: TimeQuery = None,
) -> Page[AlarmSummary]:
    """``from_ms`` and ``to_ms`` choose alarms whose interval touches [from, to)."""
    return desk.alarms.page(
        caller,
        page,
        community=community,
        facility=facility,
        severity=severity,
        states=frozenset(state or ()),
        active=active,
        attention=attention,
        flags=frozenset(flag or ()),
        silent=silent,
        from_ms=from_ms,
        to_ms=to_ms,
    )


@router.get("/alarm-performance", operation_id="get_alarm_performance", summary="How well the alarms do")
def get_alarm_performance(
    caller: Asking, desk: Desk, community: CommunityQuery = None, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> AlarmPerformance:
    """Rates, floods, chatter, stale alarms, burden of workers (ISA-18.2, EEMUA 191); of 30 days by default."""
    return desk.performance.report(caller, community=community, from_ms=from_ms, to_ms=to_ms)


@router.get("/alarms/{alarm}", operation_id="get_alarm", summary="One alarm")
def get_alarm(alarm: AlarmInPath, caller: Asking, desk: Desk) -> AlarmDetail:
    """With its history, evidence, instructions and rule."""
    return desk.alarms.one(caller, alarm)


@router.post("/alarms/{alarm}/acknowledge", operation_id="acknowledge_alarm", summary="I have seen it")
def acknowledge_alarm(alarm: AlarmInPath, body: Acknowledgement, caller: Asking, desk: Desk) -> AlarmDetail:
    """Acknowledging twice changes nothing."""
    return desk.alarms.acknowledge(caller, alarm, body)


@router.post("/alarms/{alarm}/reset", operation_id="reset_alarm", summary="Release a latched alarm")
def reset_alarm(alarm: AlarmInPath, body: Acknowledgement, caller: Asking, desk: Desk) -> AlarmDetail:
    """Only once it has cleared and was acknowledged."""
    return desk.alarms.reset(caller, alarm, body)


@router.post("/alarms/{alarm}/shelve", operation_id="shelve_alarm", summary="Put it aside for a while")
def shelve_alarm(alarm: AlarmInPath, body: ShelveRequest, caller: Asking, desk: Desk) -> AlarmDetail:
    """At most 8 h, high 1 h, critical never."""
    return desk.alarms.shelve(caller, alarm, body)


@router.post("/alarms/{alarm}/unshelve", operation_id="unshelve_alarm", summary="Take it up again")
def unshelve_alarm(alarm: AlarmInPath, caller: Asking, desk: Desk, body: ReturnRequest | None = None) -> AlarmDetail:
    """Ends the silence early."""
    return desk.alarms.unshelve(caller, alarm, body)


@router.post("/alarms/{alarm}/out-of-service", operation_id="take_alarm_out", summary="Take it out of service")
def take_alarm_out(alarm: AlarmInPath, body: AlarmOutOfServiceRequest, caller: Asking, desk: Desk) -> AlarmDetail:
    """The alarm, its rule at its facility, or the whole facility; until somebody returns it."""
    return desk.alarms.take_out(caller, alarm, body)


@router.post("/alarms/{alarm}/comments", operation_id="comment_on_alarm", summary="Write something beside it")
def comment_on_alarm(alarm: AlarmInPath, body: CommentRequest, caller: Asking, desk: Desk) -> AlarmDetail:
    """The same words by the same person right after are written once."""
    return desk.alarms.comment(caller, alarm, body)


@router.get("/alarms/{alarm}/evidence", operation_id="get_evidence", summary="Frozen evidence of an alarm")
def get_evidence(alarm: AlarmInPath, caller: Asking, desk: Desk) -> EvidenceFile:
    """The readings around its opening, and the rule, place and calendar in force then."""
    return desk.evidence.of_alarm(caller, alarm)
