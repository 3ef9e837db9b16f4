"""Inputs that many routes share."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Path, Query, Request
from pydantic import Field

from api.access import Caller
from api.services import Services
from core.ports.registry import PageRequest

_INT32_MAX = 2_147_483_647
_TIME_MAX = 253_402_300_799_999


def services_of(request: Request) -> Services:
    """What the application was built from."""
    return cast("Services", request.app.state.services)


def caller_of(request: Request) -> Caller:
    """Who asks; the guard has put it there before anything else of the request was looked at."""
    return cast("Caller", request.state.caller)


def page_of(
    cursor: Annotated[str, Query(max_length=512, description="`next_cursor` of the previous page")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PageRequest:
    """Which stretch of a list."""
    return PageRequest(cursor=cursor, limit=limit)


Desk = Annotated[Services, Depends(services_of)]
Asking = Annotated[Caller, Depends(caller_of)]
Paging = Annotated[PageRequest, Depends(page_of)]
NumberInPath = Annotated[int, Path(ge=0, le=_INT32_MAX, examples=[17])]
AlarmInPath = Annotated[str, Path(min_length=1, max_length=64, pattern="^[a-z0-9]+$", examples=["k3j5t7m2p4q6r2s4"])]
PositionInPath = Annotated[int, Path(ge=0, le=999)]
CommunityQuery = Annotated[int | None, Query(ge=0, le=_INT32_MAX, description="number of a community")]
FacilityQuery = Annotated[int | None, Query(ge=0, le=_INT32_MAX, description="number of a facility")]
NumbersQuery = Annotated[
    list[Annotated[int, Field(ge=0, le=_INT32_MAX)]] | None,
    Query(alias="id", max_length=200, description="of these numbers alone"),
]
TimeQuery = Annotated[int | None, Query(ge=0, le=_TIME_MAX, description="UTC milliseconds")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="a fresh random text per step; the same one again answers as the first time, without effect",
        examples=["5f0c1e0e-6c1b-4a53-8a1b-2d7f1f0f9a11"],
    ),
]

PHOTO_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in ("image/jpeg", "image/png")},
    }
}
PHOTO_HEADERS: Final = {"content-disposition": "inline", "cache-control": "private, max-age=86400, immutable"}
"""Of a photo that is asked for: it never changes."""
