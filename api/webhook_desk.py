"""Webhooks over HTTP, for administrators who see all communities."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TypeVar, cast, get_args

from fastapi import Request
from pydantic import SecretStr

from api import findings as kinds
from api.access import Caller
from api.entrance import Entrance
from api.models.notifications import OutcomeName
from api.models.webhooks import (
    NewWebhookSecret,
    WebhookAttempt,
    WebhookList,
    WebhookMessageList,
    WebhookMessageView,
    WebhookMove,
    WebhookRequest,
    WebhookStepList,
    WebhookStepView,
    WebhookView,
)
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from core.webhooks import Webhook, WebhookEvent, WebhookMessage, WebhookWish

log = logging.getLogger(__name__)

Thing = TypeVar("Thing")
_OUTCOMES = frozenset(get_args(OutcomeName))


class WebhookDesk:
    """What administrators do with webhooks.

    Every method raises ``ProblemError`` ``REFUSED`` for a login that does not see all communities, and ``NOT_FOUND``
    where there is no such webhook (or it has ended).
    """

    def __init__(self, ports: ApiPorts, entrance: Entrance) -> None:
        """Join the webhooks with the door, which knows the password."""
        self._ports, self._entrance = ports, entrance

    def all(self, caller: Caller) -> WebhookList:
        """Newest first."""
        _check(caller)
        return WebhookList(items=[_view(one) for one in self._ports.webhooks.all()])

    def make(self, caller: Caller, body: WebhookRequest, request: Request) -> NewWebhookSecret:
        """A new one, for the right password."""
        wish = self._wish(caller, body, request)
        made, secret = self._ports.webhooks.make(wish, caller.login.username, self._now())
        _logged("made", caller, made.number)
        return NewWebhookSecret(**dict(_view(made)), secret=secret)

    def change(self, caller: Caller, number: int, body: WebhookRequest, request: Request) -> WebhookView:
        """Replace what it is, for the right password."""
        wish = self._wish(caller, body, request)
        made = _found(self._ports.webhooks.change(number, wish, caller.login.username, self._now()))
        _logged("changed", caller, number)
        return _view(made)

    def rotate(self, caller: Caller, number: int, password: SecretStr, request: Request) -> NewWebhookSecret:
        """A new secret, for the right password."""
        _check(caller)
        self._entrance.confirm(caller, password, request)
        made, secret = _found(self._ports.webhooks.rotate(number, caller.login.username, self._now()))
        _logged("rotated", caller, number)
        return NewWebhookSecret(**dict(_view(made)), secret=secret)

    def move(self, caller: Caller, number: int, body: WebhookMove) -> WebhookView:
        """Pause, resume or end it."""
        _check(caller)
        event, skip = WebhookEvent(body.event), body.skip and body.event == "resume"
        made = self._ports.webhooks.step(number, event, caller.login.username, self._now(), skip=skip)
        _logged(body.event, caller, number)
        return _view(_found(made))

    def test(self, caller: Caller, number: int) -> WebhookAttempt:
        """Send a test now."""
        _check(caller)
        sent = _found(self._ports.webhooks.test(number, caller.login.username, self._now()))
        outcome = sent.outcome.value if sent.outcome.value in _OUTCOMES else "unknown"
        return WebhookAttempt(outcome=cast("OutcomeName", outcome), code=sent.code, detail=sent.detail)

    def messages(self, caller: Caller, number: int) -> WebhookMessageList:
        """The newest of one."""
        self._known(caller, number)
        return WebhookMessageList(items=[_message(one) for one in self._ports.webhooks.messages(number)])

    def again(self, caller: Caller, number: int, message: int) -> None:
        """Send what was given up."""
        _check(caller)
        if not self._ports.webhooks.again(number, message, caller.login.username, self._now()):
            raise ProblemError(Problems.NOT_FOUND)

    def steps(self, caller: Caller, number: int) -> WebhookStepList:
        """What was done to one."""
        self._known(caller, number)
        return WebhookStepList(
            items=[WebhookStepView.model_validate(asdict(one)) for one in self._ports.webhooks.steps(number)]
        )

    def _known(self, caller: Caller, number: int) -> None:
        _check(caller)
        _found(self._ports.webhooks.find(number))

    def _wish(self, caller: Caller, body: WebhookRequest, request: Request) -> WebhookWish:
        _check(caller)
        known = {one.number for one in self._ports.registry.communities()}
        wrong = [
            WrongField(f"body.communities.{index}", kinds.NO_SUCH_COMMUNITY(number=number))
            for index, number in enumerate(body.communities)
            if number not in known
        ]
        if wrong:
            raise ProblemError(Problems.INVALID, errors=wrong)
        self._entrance.confirm(caller, body.password, request)
        return WebhookWish(name=body.name, url=body.url, events=tuple(body.events), communities=tuple(body.communities))

    def _now(self) -> int:
        return self._ports.clock.now_ms()


def _check(caller: Caller) -> None:
    if not caller.login.everywhere:
        raise ProblemError(Problems.REFUSED, kinds.WEBHOOKS_OF_ALL())


def _found(one: Thing | None) -> Thing:
    if one is None:
        raise ProblemError(Problems.NOT_FOUND)
    return one


def _logged(what: str, caller: Caller, number: int) -> None:
    log.warning("a webhook was kept", extra={"what": what, "username": caller.login.username, "webhook": number})


def _view(one: Webhook) -> WebhookView:
    values = asdict(one)
    return WebhookView.model_validate({"id": values.pop("number"), **values})


def _message(one: WebhookMessage) -> WebhookMessageView:
    values = asdict(one)
    del values["subject"]
    return WebhookMessageView.model_validate(values)
