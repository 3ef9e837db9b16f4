"""Logging in and out, the first administrator, and what a person may change of the own login."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import replace
from http import HTTPStatus

from fastapi import Request, Response
from pydantic import SecretStr

from api.access import Caller
from api.models.base import Bilingual, CommunityRef
from api.models.sessions import LoginRequest, Me, PasswordChange, SessionPatch, SetupRequest
from api.passwords import Passwords, is_guessable
from api.policy import Policy
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.sessions import OpenedSession, Session, Sessions
from api.settings import ApiSettings
from api.setup import Setup
from api.throttle import Attempt, LoginThrottle
from api.tokens import Token, Tokens
from core.errors import Refused
from core.people import Login
from core.ports.registry import Owner, OwnerKind

log = logging.getLogger(__name__)

_SETUP_ACCOUNT = " setup"
"""In the tallies; no name has a space, and PostgreSQL keeps no NUL."""


class Entrance:
    """The door: everything that makes or ends a session, and who stands behind a token."""

    def __init__(self, ports: ApiPorts, settings: ApiSettings, policy: Policy, setup: Setup) -> None:
        """Join sessions, passwords and throttle."""
        self._ports = ports
        self._settings = settings
        self._policy = policy
        self._setup = setup
        self._throttle = LoginThrottle(ports.engine)
        self._passwords = Passwords(settings.password_cost)
        self.sessions = Sessions(ports.engine, settings)
        self.tokens = Tokens(ports.engine)

    # --- who asks -------------------------------------------------------------------------------------------------

    def caller(self, request: Request) -> Caller | None:
        """Who stands behind the cookie of a request, read afresh; ``None`` without a session that still serves."""
        token = request.cookies.get(self._settings.cookie_name, "")
        return self._caller(self.sessions.find(token, self._ports.clock.now_ms()))

    def bearer(self, secret: str, request: Request) -> tuple[Token, Caller] | None:
        """The token with this secret and who stands behind it, read afresh; ``None`` if either serves no more."""
        token = self.tokens.find(secret, address_of(request), self._ports.clock.now_ms())
        login = None if token is None else self._ports.registry.login(token.username)
        if token is None or login is None or not login.active:
            return None
        caller = Caller(
            login=login,
            permissions=self._policy.permissions_of(login),
            supervises=self._policy.supervises(login.role),
            session="",
            expires_ms=token.expires_ms,
        )
        return token, caller

    def still(self, caller: Caller) -> Caller | None:
        """The same caller as they stand now, for connections that stay open; ``None`` when the session ended."""
        return self._caller(self.sessions.still_alive(caller.session, self._ports.clock.now_ms()))

    def _caller(self, session: Session | None) -> Caller | None:
        if session is None:
            return None
        login = self._ports.registry.login(session.username)
        if login is None or not session.serves(login):
            return None
        return Caller(
            login=login,
            permissions=self._policy.permissions_of(login),
            supervises=self._policy.supervises(login.role),
            session=session.key,
            expires_ms=session.expires_ms,
        )

    # --- coming in ------------------------------------------------------------------------------------------------

    def log_in(self, body: LoginRequest, request: Request, response: Response) -> Me:
        """Open a session for the right password."""
        now_ms = self._ports.clock.now_ms()
        login = self._ports.registry.login(body.username)
        attempt = self._admitted(login.username if login else body.username.casefold(), request, now_ms)
        usable = login if login is not None and login.active else None
        password = body.password.get_secret_value()
        if not self._passwords.verify(usable.password_hash if usable else None, password) or usable is None:
            log.warning("login failed", extra={"address": attempt.address})
            raise ProblemError(Problems.WRONG_LOGIN)
        self._throttle.succeeded(attempt)
        log.info("login", extra={"username": usable.username, "address": attempt.address})
        return self._opened(usable, request, response, now_ms)

    def set_up(self, body: SetupRequest, request: Request, response: Response) -> Me:
        """Create the first administrator and log them in."""
        now_ms = self._ports.clock.now_ms()
        if not self._setup.needed():
            raise ProblemError(Problems.SET_UP_ALREADY)
        attempt = self._admitted(_SETUP_ACCOUNT, request, now_ms)
        if not self._setup.accepts(body.setup_code.get_secret_value()):
            raise ProblemError(Problems.WRONG_SETUP_CODE)
        self._throttle.succeeded(attempt)
        password = body.password.get_secret_value()
        _refuse_guessable(password, body.username)
        try:
            login = self._ports.registry_commands.create_first_administrator(
                body.username, self._passwords.hash(password), body.language, now_ms
            )
        except Refused as error:
            if self._setup.needed():
                raise  # nobody was faster: it is the name that is refused
            raise ProblemError(Problems.SET_UP_ALREADY) from error
        self._setup.finished()
        log.warning("first administrator created", extra={"username": login.username})
        return self._opened(login, request, response, now_ms)

    def _admitted(self, account: str, request: Request, now_ms: int) -> Attempt:
        """Count the attempt, or refuse to look at it.

        Raises:
            ProblemError: ``TOO_MANY_LOGINS``, with the seconds to wait.
        """
        address = address_of(request)
        known = self.sessions.knows(account, address, now_ms)
        attempt = Attempt(account=account, address=address, known=known)
        wait_ms = self._throttle.admit(attempt, now_ms)
        if wait_ms:
            raise ProblemError(Problems.TOO_MANY_LOGINS, headers={"Retry-After": str(-(-wait_ms // 1000))})
        return attempt

    def _opened(self, login: Login, request: Request, response: Response, now_ms: int) -> Me:
        opened = self.sessions.open(login.username, address_of(request), now_ms)
        self._set_cookie(response, opened)
        caller = Caller(
            login=login,
            permissions=self._policy.permissions_of(login),
            supervises=self._policy.supervises(login.role),
            session=opened.session.key,
            expires_ms=opened.session.expires_ms,
        )
        return self.me(caller)

    def _set_cookie(self, response: Response, opened: OpenedSession) -> None:
        response.set_cookie(
            self._settings.cookie_name,
            opened.token,
            max_age=self._settings.absolute_timeout_s,
            path="/",
            secure=self._settings.https,
            httponly=True,
            samesite="strict",
        )

    # --- inside ---------------------------------------------------------------------------------------------------

    def me(self, caller: Caller) -> Me:
        """The caller as pages see them."""
        login = caller.login
        person = None if login.person is None else self._ports.registry.person(login.person)
        name = Bilingual.of(person.name) if person else Bilingual(zh=login.username, en=login.username)
        return Me(
            username=login.username,
            person=login.person,
            name=name,
            role=login.role,
            department=self._department(login.department) if login.department else None,
            language=login.language,
            communities=[
                CommunityRef(id=one.number, code=one.code, name=Bilingual.of(one.name))
                for one in self._ports.registry.communities()
                if caller.sees(one.number)
            ],
            everywhere=login.everywhere,
            permissions=sorted(caller.permissions),
            must_change_password=login.one_time,
            expires_ms=caller.expires_ms,
        )

    def _department(self, code: str) -> Bilingual:
        return Bilingual.of(self._ports.book.owner_name(Owner(kind=OwnerKind.DEPARTMENT, code=code)))

    def log_out(self, caller: Caller, response: Response) -> None:
        """End this session and take the cookie back."""
        self.sessions.end(caller.session, self._ports.clock.now_ms())
        response.status_code = HTTPStatus.NO_CONTENT
        response.delete_cookie(
            self._settings.cookie_name, path="/", secure=self._settings.https, httponly=True, samesite="strict"
        )

    def change(self, caller: Caller, body: SessionPatch) -> Me:
        """Change the language; nothing else of the login."""
        now_ms = self._ports.clock.now_ms()
        self._ports.registry_commands.set_language(caller.login.username, body.language, now_ms)
        return self.me(replace(caller, login=replace(caller.login, language=body.language)))

    def confirm(self, caller: Caller, password: SecretStr, request: Request) -> None:
        """Ask once more for the caller's password.

        Raises:
            ProblemError: ``WRONG_LOGIN``, or ``TOO_MANY_LOGINS`` as at the login itself.
        """
        attempt = self._admitted(caller.login.username, request, self._ports.clock.now_ms())
        if not self._passwords.verify(caller.login.password_hash, password.get_secret_value()):
            raise ProblemError(Problems.WRONG_LOGIN)
        self._throttle.succeeded(attempt)

    def change_password(self, caller: Caller, body: PasswordChange, request: Request, response: Response) -> Me:
        """Give the login a new password; only this browser stays logged in, and no token goes on reading."""
        now_ms = self._ports.clock.now_ms()
        login = caller.login
        self.confirm(caller, body.current_password, request)
        password = body.new_password.get_secret_value()
        _refuse_guessable(password, login.username)
        if password == body.current_password.get_secret_value():
            raise ProblemError(Problems.WEAK_PASSWORD)
        self._ports.registry_commands.set_password(
            login.username, self._passwords.hash(password), login.username, now_ms
        )
        self.sessions.end_all(login.username, now_ms)
        self.tokens.end_all(login.username, login.username, now_ms)
        log.info("password changed", extra={"username": login.username})
        return self._opened(self._ports.registry.login(login.username) or login, request, response, now_ms)


def _refuse_guessable(password: str, username: str) -> None:
    if is_guessable(password, username):
        raise ProblemError(Problems.WEAK_PASSWORD)


def address_of(request: Request) -> str:
    """Where the request comes from, as the server saw it; headers that anybody can write are not believed.

    An IPv6 peer counts by its /64, because a single household commands all addresses of one.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
