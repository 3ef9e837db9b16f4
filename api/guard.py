"""The one gate in front of every route: first who asks and whether they may, only then anything else of the request.

A route of another class than ``GuardedRoute``, or one without an entry in the policy, stops the server at start; should
one slip through all the same, the gate refuses it.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from api import findings as kinds
from api.policy import ANYONE, MACHINE, SELF, Entry, Policy
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.readable import refuse_nul
from api.tokens import TOKEN_PREFIX
from core.errors import Invalid

if TYPE_CHECKING:
    from api.services import Services

log = logging.getLogger(__name__)

PREFIX = "/api/v1"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route that asks the policy before it reads the request's body."""

    def get_route_handler(self) -> Handler:
        """The route's handler behind the gate."""
        inner = super().get_route_handler()
        operation = self.operation_id or ""

        async def handle(request: Request) -> Response:
            await _admit(request, operation)
            await refuse_nul(request)
            return await inner(request)

        return handle


async def _admit(request: Request, operation: str) -> None:
    """Let the request in, with the caller in ``request.state.caller`` where one is needed.

    Raises:
        ProblemError: ``NO_SESSION``, ``NO_TOKEN``, ``OUT_OF_SCOPE``, ``TOO_MANY_REQUESTS``, ``CHANGE_PASSWORD`` or
            ``NOT_PERMITTED``.
    """
    services = cast("Services", request.app.state.services)
    entry = services.policy.operations.get(operation)
    if entry is None:
        raise ProblemError(Problems.NOT_PERMITTED)
    if entry.permission == ANYONE:
        return
    secret = _bearer(request)
    if secret is not None:
        await run_in_threadpool(_admit_token, services, request, secret, entry)
        return
    if entry.permission == MACHINE:
        if not _is_machine(request, services.settings.metrics_token):
            raise ProblemError(Problems.NOT_PERMITTED)
        return
    caller = await run_in_threadpool(services.entrance.caller, request)
    if caller is None:
        raise ProblemError(Problems.NO_SESSION)
    request.state.caller = caller
    if caller.login.one_time and entry.permission != SELF:
        raise ProblemError(Problems.CHANGE_PASSWORD)
    if not services.policy.allows(caller.permissions, entry):
        log.warning("not permitted", extra={"operation": operation, "username": caller.login.username})
        raise ProblemError(Problems.NOT_PERMITTED)


def _bearer(request: Request) -> str | None:
    """The secret of a token that the request carries; a cookie beside it does not count then."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    return secret if scheme.lower() == "bearer" and secret.startswith(TOKEN_PREFIX) else None


def _admit_token(services: Services, request: Request, secret: str, entry: Entry) -> None:
    """Let a program in that carries a token: as far as its scopes reach, and never further than its login."""
    found = services.entrance.bearer(secret, request)
    if found is None:
        raise ProblemError(Problems.NO_TOKEN, headers={"WWW-Authenticate": "Bearer"})
    token, caller = found
    request.state.caller = caller
    wait_s = services.token_rates.admit(token.number, services.ports.clock.monotonic_s())
    if wait_s:
        raise ProblemError(Problems.TOO_MANY_REQUESTS, headers={"Retry-After": str(math.ceil(wait_s))})
    if caller.login.one_time:
        raise ProblemError(Problems.CHANGE_PASSWORD)
    if not services.policy.reached(token.scopes, entry.operation):
        raise ProblemError(Problems.OUT_OF_SCOPE)
    if not services.policy.allows_token(caller.permissions, entry):
        extra = {"operation": entry.operation, "username": caller.login.username, "token": token.number}
        log.warning("not permitted", extra=extra)
        raise ProblemError(Problems.NOT_PERMITTED)


def _is_machine(request: Request, token: str) -> bool:
    """Whether the request comes from this machine or carries the token."""
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def check_routes(routes: Sequence[BaseRoute], policy: Policy) -> None:
    """Refuse to start with a route that nobody guards.

    Raises:
        Invalid: naming every route that is not guarded, has no operation id of its own, or has no entry.
    """
    findings = [
        kinds.NOT_GUARDED.at(path=getattr(route, "path", route))
        for route in routes
        if not (isinstance(route, GuardedRoute) and route.operation_id)
    ]
    names = [route.operation_id for route in routes if isinstance(route, GuardedRoute) and route.operation_id]
    findings += [
        kinds.OPERATION_TWICE.at(name=name) for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if findings:
        raise Invalid(findings)
    policy.check_covers(names)
