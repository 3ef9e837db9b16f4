"""One's own tokens: look, make, end."""

from __future__ import annotations

import logging

from fastapi import Request

from api import findings as kinds
from api.access import Caller
from api.entrance import Entrance
from api.models.tokens import ApiToken, ApiTokenList, ApiTokenRequest, NewApiToken
from api.policy import Policy
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from api.tokens import Token

log = logging.getLogger(__name__)


class TokenDesk:
    """What a person does with the tokens of their login."""

    def __init__(self, ports: ApiPorts, policy: Policy, entrance: Entrance) -> None:
        """Join the tokens with the door, which knows the password."""
        self._clock = ports.clock
        self._policy = policy
        self._entrance = entrance
        self._tokens = entrance.tokens

    def own(self, caller: Caller) -> ApiTokenList:
        """The caller's tokens, ended ones too."""
        now_ms = self._clock.now_ms()
        return ApiTokenList(
            items=[_view(one, now_ms) for one in self._tokens.of(caller.login.username)],
            scopes=list(self._policy.scopes_of(caller.permissions)),
        )

    def make(self, caller: Caller, body: ApiTokenRequest, request: Request) -> NewApiToken:
        """A new token for the right password.

        Raises:
            ProblemError: ``CHANGE_PASSWORD`` with a one-time password, ``WRONG_LOGIN``, ``TOO_MANY_LOGINS``, or
                ``INVALID`` with the scopes that the caller could not use.
            core.errors.Refused: if there are too many already.
        """
        if caller.login.one_time:
            raise ProblemError(Problems.CHANGE_PASSWORD)
        known = self._policy.scopes_of(caller.permissions)
        wrong = [
            WrongField(f"body.scopes.{index}", kinds.NO_SUCH_SCOPE(name=scope, known=", ".join(known)))
            for index, scope in enumerate(body.scopes)
            if scope not in known
        ]
        if wrong:
            raise ProblemError(Problems.INVALID, errors=wrong)
        self._entrance.confirm(caller, body.password, request)
        username, now_ms = caller.login.username, self._clock.now_ms()
        made = self._tokens.make(username, body.name.strip(), body.scopes, body.days, username, now_ms)
        scopes = " ".join(made.token.scopes)
        log.warning("token made", extra={"username": username, "token": made.token.number, "scopes": scopes})
        return NewApiToken(**dict(_view(made.token, now_ms)), token=made.secret)

    def end(self, caller: Caller, number: int) -> ApiToken:
        """End one of the caller's tokens.

        Raises:
            ProblemError: ``NOT_FOUND`` if it is none of theirs.
        """
        username, now_ms = caller.login.username, self._clock.now_ms()
        token = self._tokens.end(number, username, now_ms, username=username)
        if token is None:
            raise ProblemError(Problems.NOT_FOUND)
        log.warning("token ended", extra={"username": username, "token": number})
        return _view(token, now_ms)


def _view(token: Token, now_ms: int) -> ApiToken:
    return ApiToken(
        id=token.number,
        shown=token.shown,
        name=token.name,
        scopes=list(token.scopes),
        created_ms=token.created_ms,
        created_by=token.created_by,
        expires_ms=token.expires_ms,
        used_ms=token.used_ms,
        used_from=token.used_from,
        ended_ms=token.ended_ms,
        serves=token.serves(now_ms),
    )
