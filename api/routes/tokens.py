"""Tokens of programs: look at one's own, make and end them."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.guard import PREFIX, GuardedRoute
from api.models.tokens import ApiToken, ApiTokenList, ApiTokenRequest, NewApiToken
from api.routes.inputs import Asking, Desk, NumberInPath

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["session"])


@router.get("/tokens", operation_id="list_tokens", summary="My tokens")
def list_tokens(caller: Asking, desk: Desk) -> ApiTokenList:
    """Newest first, ended ones too, and the scopes one can choose from."""
    return desk.tokens.own(caller)


@router.post("/tokens", operation_id="create_token", summary="Make a token", status_code=201)
def create_token(body: ApiTokenRequest, request: Request, caller: Asking, desk: Desk) -> NewApiToken:
    """Its secret is shown this once. It reads as far as its scopes and the login's own permissions reach."""
    return desk.tokens.make(caller, body, request)


@router.post("/tokens/{token}/end", operation_id="end_token", summary="End a token")
def end_token(token: NumberInPath, caller: Asking, desk: Desk) -> ApiToken:
    """At once and for good."""
    return desk.tokens.end(caller, token)
