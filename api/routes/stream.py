"""The live stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from api.guard import PREFIX, GuardedRoute
from api.routes.inputs import Asking, Desk

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["stream"])

MAX_FACILITIES = 50


@router.get(
    "/stream",
    operation_id="stream",
    summary="Server-sent events",
    response_class=Response,
    responses={
        200: {
            "description": "events `alarm`, `case`, `task`, `flag`, `values`, `ping`, `reset`; the ids of the first "
            "four say where to resume",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def stream(
    caller: Asking,
    desk: Desk,
    facility: Annotated[
        list[Annotated[int, Query(ge=0, le=2_147_483_647)]] | None,
        Query(max_length=MAX_FACILITIES, description="send `values` of these facilities"),
    ] = None,
    since: Annotated[int | None, Query(ge=0, description="id to resume after, where no header can be set")] = None,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=32, description="sent by the browser on reconnection")
    ] = None,
) -> Response:
    """One per browser, please: tabs share it."""
    return await desk.live.open(caller, facility or [], since=since, last_event_id=last_event_id)
