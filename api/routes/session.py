"""First administrator, login, the own session."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.guard import PREFIX, GuardedRoute
from api.models.sessions import LoginRequest, Me, PasswordChange, SessionPatch, SetupRequest, SetupState
from api.routes.inputs import Asking, Desk

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.get("/setup", operation_id="get_setup", tags=["session"], summary="Is the first administrator missing?")
def get_setup(desk: Desk) -> SetupState:
    """Anyone may ask: the pages show the setup instead of the login while it is needed."""
    return SetupState(needed=desk.setup.needed())


@router.post(
    "/setup", operation_id="create_first_administrator", tags=["session"], summary="Create it", status_code=201
)
def create_first_administrator(body: SetupRequest, request: Request, response: Response, desk: Desk) -> Me:
    """Needs the one-time setup code from the file that the server's log names; logs the administrator in."""
    return desk.entrance.set_up(body, request, response)


@router.post("/session", operation_id="log_in", tags=["session"], summary="Log in")
def log_in(body: LoginRequest, request: Request, response: Response, desk: Desk) -> Me:
    """Gives a session cookie. Too many wrong passwords are slowed down (429) per account and address."""
    return desk.entrance.log_in(body, request, response)


@router.get("/session", operation_id="get_session", tags=["session"], summary="Who am I?")
def get_session(caller: Asking, desk: Desk) -> Me:
    """The person behind the cookie, and what they may do."""
    return desk.entrance.me(caller)


@router.delete("/session", operation_id="log_out", tags=["session"], summary="Log out", status_code=204)
def log_out(response: Response, caller: Asking, desk: Desk) -> None:
    """Ends this session on the server."""
    desk.entrance.log_out(caller, response)


@router.patch("/session", operation_id="change_session", tags=["session"], summary="Change my language")
def change_session(body: SessionPatch, caller: Asking, desk: Desk) -> Me:
    """The language of pages and notifications."""
    return desk.entrance.change(caller, body)


@router.post("/session/password", operation_id="change_password", tags=["session"], summary="Change my password")
def change_password(body: PasswordChange, request: Request, response: Response, caller: Asking, desk: Desk) -> Me:
    """All other sessions of the login end; this one goes on under a new cookie."""
    return desk.entrance.change_password(caller, body, request, response)
