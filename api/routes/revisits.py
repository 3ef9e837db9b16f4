"""Revisits: calls by workers, answers by QR without a login, counts for managers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.entrance import address_of
from api.guard import PREFIX, GuardedRoute
from api.models.revisits import (
    PhoneView,
    PublicRevisit,
    RevisitAnswerRequest,
    RevisitList,
    RevisitView,
    SatisfactionView,
    TokenView,
)
from api.routes.inputs import Asking, CommunityQuery, Desk, NumberInPath, TimeQuery
from core.people import Language

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["revisits"])

TokenInPath = Annotated[str, Path(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get("/revisits/calls", operation_id="list_revisit_calls", summary="Whom to call after a case was closed")
def list_revisit_calls(caller: Asking, desk: Desk) -> RevisitList:
    """Due, with a number, not called today; the longest due first, 200 at most."""
    return desk.revisits.calls(caller)


@router.get("/cases/{case}/revisits", operation_id="list_case_revisits", summary="What was answered about a case")
def list_case_revisits(case: NumberInPath, caller: Asking, desk: Desk) -> RevisitList:
    """Newest first; one for each time that it was closed."""
    return desk.revisits.of_case(caller, case)


@router.post("/revisits/{revisit}/phone", operation_id="show_revisit_phone", summary="The number to call")
def show_revisit_phone(revisit: NumberInPath, caller: Asking, desk: Desk) -> PhoneView:
    """That it was shown, and to whom, stands in the history of the case."""
    return desk.revisits.phone(caller, revisit)


@router.get("/revisits/{revisit}/token", operation_id="get_revisit_token", summary="What goes into the QR")
def get_revisit_token(revisit: NumberInPath, caller: Asking, desk: Desk) -> TokenView:
    """It opens the one answer without a login, until its time is over."""
    return desk.revisits.token(caller, revisit)


@router.get(
    "/revisits/{revisit}/card.svg",
    operation_id="get_revisit_card",
    summary="The QR to show at the door or to print",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
def get_revisit_card(
    revisit: NumberInPath,
    request: Request,
    caller: Asking,
    desk: Desk,
    language: Annotated[Language | None, Query(description="that comes first; that of the login")] = None,
) -> Response:
    """While it is asked; it holds the token. It leads to the host that was asked here."""
    words = (language or caller.login.language).value
    made = desk.revisits.card(caller, revisit, str(request.base_url), words)
    return Response(made, media_type="image/svg+xml", headers={"cache-control": "no-store"})


@router.post("/revisits/{revisit}/answer", operation_id="answer_revisit", summary="Write down what was said")
def answer_revisit(revisit: NumberInPath, body: RevisitAnswerRequest, caller: Asking, desk: Desk) -> RevisitView:
    """Once. Not solved: the case goes on with a fresh limit."""
    return desk.revisits.answer(caller, revisit, body)


@router.post("/revisits/{revisit}/not-reached", operation_id="miss_revisit", summary="Nobody answered the phone")
def miss_revisit(revisit: NumberInPath, caller: Asking, desk: Desk) -> RevisitView:
    """The third day on which nobody answers ends it, unless the settings say otherwise."""
    return desk.revisits.not_reached(caller, revisit)


@router.get("/satisfaction", operation_id="get_satisfaction", summary="How content people are")
def get_satisfaction(
    caller: Asking, desk: Desk, community: CommunityQuery = None, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> SatisfactionView:
    """Of the cases that were closed in a time, with the counts; of 30 days by default."""
    return desk.revisits.satisfaction(caller, community, from_ms, to_ms)


@router.get("/public/revisits/{token}", operation_id="get_public_revisit", summary="What one is asked about")
def get_public_revisit(token: TokenInPath, desk: Desk) -> PublicRevisit:
    """Without a login: which case, what it was about, until when an answer is taken."""
    return desk.revisits.public(token)


@router.post("/public/revisits/{token}", operation_id="answer_public_revisit", summary="Answer without a login")
def answer_public_revisit(
    token: TokenInPath, body: RevisitAnswerRequest, request: Request, desk: Desk
) -> PublicRevisit:
    """Once; too many are slowed down (429)."""
    return desk.revisits.answer_public(token, body, address_of(request))
