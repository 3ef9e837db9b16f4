"""Cases of other platforms: taken by signed requests, looked after by managers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from api.entrance import address_of
from api.guard import PREFIX, GuardedRoute
from api.models.base import Page
from api.models.exchange import ForeignLinkView, OutgoingView, PartnerList, ReceivedList
from api.routes.inputs import Asking, Desk, NumberInPath, Paging

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["exchange"])

PartnerInPath = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$", examples=["city"])]
PartnerQuery = Annotated[str, Query(max_length=40, description="name of a partner; all of them without")]
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}


@router.post(
    "/exchange/{partner}/cases",
    operation_id="receive_cases",
    summary="Take cases of a partner",
    openapi_extra=_BODY,
)
async def receive_cases(
    partner: PartnerInPath,
    request: Request,
    desk: Desk,
    time: Annotated[str, Header(alias="X-Twingrid-Timestamp", max_length=20, description="Unix seconds")] = "",
    seal: Annotated[
        str,
        Header(
            alias="X-Twingrid-Signature",
            max_length=100,
            description="`v1=` and the hex HMAC-SHA256 of time, full stop and body under the partner's secret",
        ),
    ] = "",
) -> ReceivedList:
    """One case or `{"cases": [...]}` of at most 100, signed; all of them or none. Sent again a case changes nothing."""
    body, address = await request.body(), address_of(request)
    return await run_in_threadpool(desk.exchange.take, partner, time, seal, body, address)


@router.get("/exchange", operation_id="list_partners", summary="How things are with other platforms")
def list_partners(caller: Asking, desk: Desk) -> PartnerList:
    """What waits at the gate and to be sent, what contradicts, what was given up, of the communities one sees.

    The last files are about the whole city: whoever sees all of it is shown them.
    """
    return desk.exchange.partners(caller)


@router.get("/exchange/numbers", operation_id="list_foreign_numbers", summary="What partners' numbers stand for")
def list_foreign_numbers(
    caller: Asking,
    desk: Desk,
    page: Paging,
    partner: PartnerQuery = "",
    conflicts: Annotated[bool, Query(description="those alone on which the two sides contradict each other")] = False,
    waits: Annotated[bool, Query(description="those alone on which a gatekeeper has to decide")] = False,
    case: Annotated[int | None, Query(ge=0, le=2_147_483_647, description="of this case")] = None,
) -> Page[ForeignLinkView]:
    """Newest first, with reason, distance and time; both states as each side has them."""
    return desk.exchange.links(caller, page, partner=partner, conflicts=conflicts, waits=waits, case=case)


@router.get("/exchange/messages", operation_id="list_partner_messages", summary="What partners hear")
def list_partner_messages(
    caller: Asking,
    desk: Desk,
    page: Paging,
    partner: PartnerQuery = "",
    delivery: Annotated[str, Query(max_length=20, description="`waiting`, `given_up`, …")] = "",
) -> Page[OutgoingView]:
    """Newest first, about the communities one sees."""
    return desk.exchange.outgoing(caller, page, partner=partner, delivery=delivery)


@router.post(
    "/exchange/messages/{message}/retry",
    operation_id="retry_partner_message",
    summary="Send once more what was given up",
    status_code=204,
)
def retry_partner_message(message: NumberInPath, caller: Asking, desk: Desk) -> None:
    """It begins anew, with the same key."""
    desk.exchange.try_again(caller, message)


@router.post(
    "/exchange/messages/{message}/dismiss",
    operation_id="dismiss_partner_message",
    summary="Let be what was given up",
    status_code=204,
)
def dismiss_partner_message(message: NumberInPath, caller: Asking, desk: Desk) -> None:
    """Somebody has seen to it."""
    desk.exchange.dismiss(caller, message)
