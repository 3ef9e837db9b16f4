"""The pages of a department: what it handed down, what was referred to it, and its burden. Nothing of anybody else."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.guard import PREFIX, GuardedRoute
from api.models.base import Page
from api.models.departments import OwnIntake, OwnList, OwnTask, ReferralAnswer
from api.models.intakes import BurdenReport, EventList, PhotoView
from api.routes.inputs import (
    PHOTO_BODY,
    Asking,
    CommunityQuery,
    Desk,
    IdempotencyKey,
    NumberInPath,
    Paging,
    PositionInPath,
    TimeQuery,
)
from core.intake import SourceKind

router = APIRouter(prefix=f"{PREFIX}/department", route_class=GuardedRoute, tags=["departments"])

Show = Annotated[OwnList, Query(description="what it handed down, or what was referred to it")]


@router.get("/events", operation_id="list_own_events", summary="What a department may ask for")
def list_own_events(desk: Desk, source: SourceKind = SourceKind.DEPARTMENT) -> EventList:
    """`department` or `inspection`."""
    return desk.departments.events(source)


@router.post("/handed-down", operation_id="hand_down_own", summary="Hand down a task of one's own", status_code=201)
def hand_down_own(body: OwnTask, caller: Asking, desk: Desk, key: IdempotencyKey) -> OwnIntake:
    """For the department of the login; the gate answers at once, and it is counted in any case."""
    return desk.departments.hand_down(caller, body, key)


@router.get("/intakes", operation_id="list_own_intakes", summary="What the department handed down or was given")
def list_own_intakes(
    caller: Asking, desk: Desk, page: Paging, show: Show = OwnList.HANDED, community: CommunityQuery = None
) -> Page[OwnIntake]:
    """Newest first, with what became of each: verdict, reasons, how far the case is, the answer from the log."""
    return desk.departments.page(caller, page, show, community)


@router.get("/intakes/{intake}", operation_id="get_own_intake", summary="One of them")
def get_own_intake(intake: NumberInPath, caller: Asking, desk: Desk) -> OwnIntake:
    """What another department handed down and was not referred to this one is not found."""
    return desk.departments.one(caller, intake)


@router.post("/intakes/{intake}/referral", operation_id="answer_referral", summary="Take what was referred, or not")
def answer_referral(intake: NumberInPath, body: ReferralAnswer, caller: Asking, desk: Desk) -> OwnIntake:
    """Once; given back with a reason it waits at the gate again, and is no longer found here."""
    return desk.departments.answer(caller, intake, body)


@router.post(
    "/intakes/{intake}/photos",
    operation_id="attach_own_photo",
    summary="Add a photo to what one has handed down",
    status_code=201,
    openapi_extra=PHOTO_BODY,
)
async def attach_own_photo(
    intake: NumberInPath, request: Request, caller: Asking, desk: Desk, key: IdempotencyKey
) -> PhotoView:
    """Within a day, with the key of the task; only the picture itself is kept."""
    await run_in_threadpool(desk.departments.may_attach, caller, intake, key)
    return await run_in_threadpool(desk.departments.attach, caller, intake, key, await request.body())


@router.get(
    "/intakes/{intake}/photos/{position}",
    operation_id="get_own_photo",
    summary="A photo of one of them",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "image/png": {}}}},
)
def get_own_photo(intake: NumberInPath, position: PositionInPath, caller: Asking, desk: Desk) -> Response:
    """Its bytes; kept by no cache, since the department may give it back."""
    media_type, data = desk.departments.photo(caller, intake, position)
    return Response(data, media_type=media_type, headers={"content-disposition": "inline", "cache-control": "no-store"})


@router.get("/burden", operation_id="get_own_burden", summary="What the department asks of communities")
def get_own_burden(
    caller: Asking, desk: Desk, community: CommunityQuery = None, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> BurdenReport:
    """The same figures that the gate's page has of it; of 30 days by default."""
    return desk.departments.burden(caller, community, from_ms, to_ms)
