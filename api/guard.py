"""The one gate in front of every route: first who asks and whether they may, only then anything else of the request.

A route of another class than ``GuardedRoute``, or one without an entry in the policy, stops the server at start; should
one slip through all the same, the gate refuses it.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from api import findings as kinds
from api.policy import ANYONE, MACHINE, SELF, Policy
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.readable import refuse_nul
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
        ProblemError: ``NO_SESSION``, ``CHANGE_PASSWORD`` or ``NOT_PERMITTED``.
    """
    services = cast("Services", request.app.state.services)
    entry = services.policy.operations.get(operation)
    if entry is None:
        raise ProblemError(Problems.NOT_PERMITTED)
    if entry.permission == ANYONE:
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
