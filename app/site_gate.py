"""Who may talk to the technician's page: looked at before any route.

* Host: names of this machine, loopback, and literal addresses. A literal address cannot be rebound; any other name is
  refused, so no page of another site can point its own name at the gateway (DNS rebinding).
* Origin: what changes something must come from this page (``Sec-Fetch-Site``, else ``Origin``). There is no CORS.
* Entry: beyond loopback a one-time code, shown where the program runs, becomes a cookie that scripts cannot read and
  that never travels across sites. Each code works once; after ten wrong ones it is replaced.
* Size: a request carries little, but for the files that its route takes.

Source: OWASP ASVS 5.0 3.4 and 3.5; Fetch Metadata Request Headers (W3C).
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request

from api.fetch_metadata import is_own_site
from app import site_findings as say
from app.site_models import EntryView
from app.site_problems import SiteError, answer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API: Final = "/api/v1"
COOKIE: Final = "twingrid-site"
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_BODY_BYTES: Final = 256_000
MOST_FILE_BYTES: Final = 21_000_000
MOST_BROWSERS: Final = 32
WRONG_CODES: Final = 10
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0, 1, I, O: it is read out
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN: Final = frozenset({f"{API}/entry"})
_HEADERS: Final = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(slots=True)
class Entrance:
    """The one-time code and the browsers that have entered it.

    Attributes:
        needed: whether a code is asked for at all.
        announce: told of every new code.
    """

    needed: bool
    announce: Callable[[str], None]
    _code: str = ""
    _wrong: int = 0
    _browsers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the first code."""
        if self.needed:
            self._renew()

    def _renew(self) -> None:
        self._code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        self._wrong = 0
        self.announce(f"{self._code[:4]}-{self._code[4:]}")

    def view(self, cookie: str) -> EntryView:
        """Whether this browser may go on."""
        return EntryView(needed=self.needed, open=self.is_open(cookie))

    def is_open(self, cookie: str) -> bool:
        """Whether a browser has entered."""
        known = [hmac.compare_digest(one.encode(), cookie.encode()) for one in self._browsers]
        return not self.needed or any(known)

    def enter(self, code: str) -> str:
        """A cookie for a code, which is used up.

        Raises:
            SiteError: if it is wrong.
        """
        typed = "".join(code.upper().split()).replace("-", "")
        if not self.needed or not hmac.compare_digest(typed.encode(), self._code.encode()):
            self._wrong += 1
            if self.needed and self._wrong >= WRONG_CODES:
                self._renew()
            raise SiteError(say.WRONG_CODE)
        cookie = secrets.token_urlsafe(32)
        self._browsers = [*self._browsers, cookie][-MOST_BROWSERS:]
        self._renew()
        return cookie


class SiteGate:
    """ASGI middleware around the whole application."""

    def __init__(self, app: App, *, names: Collection[str], entrance: Entrance, failed: Callable[..., None]) -> None:
        """Wrap ``app``.

        Args:
            app: the application.
            names: host names besides loopback and literal addresses.
            entrance: who has entered.
            failed: told of an error nobody foresaw.
        """
        self._app = app
        self._names = frozenset(name.lower() for name in names) | LOOPBACK_NAMES
        self._entrance = entrance
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; websockets are not spoken here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        outgoing = _Outgoing(send)
        try:
            self._check(request)
            await self._app(scope, receive, outgoing)
        except SiteError as error:
            await answer(request, error)(scope, receive, outgoing)
        except Exception as error:  # the last handler: it is logged, and answered without its inside
            self._failed(error)
            if outgoing.begun:
                raise
            await answer(request, error)(scope, receive, outgoing)

    def _check(self, request: Request) -> None:
        if not self._is_ours(request.headers.get("host", "")):
            raise SiteError(say.UNKNOWN_HOST)
        if request.method not in _SAFE and not is_own_site(request.headers):
            raise SiteError(say.CROSS_SITE)
        path = request.url.path
        is_file = path.endswith(("/photos", "/bulk"))
        declared = request.headers.get("content-length", "0")
        most = MOST_FILE_BYTES if is_file else MOST_BODY_BYTES
        chunked = "transfer-encoding" in request.headers and not is_file
        if chunked or not (declared.isascii() and declared.isdecimal()) or int(declared[:20]) > most:
            raise SiteError(say.TOO_LARGE, most=f"{most // 1000} kB")
        guarded = path.startswith("/api/") and path not in _OPEN
        if guarded and not self._entrance.is_open(request.cookies.get(COOKIE, "")):
            raise SiteError(say.NO_ENTRY)

    def _is_ours(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name = "" if parts.username is not None or parts.path or parts.port == 0 else (parts.hostname or "")
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class _Outgoing:
    """``send`` that adds our headers."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = list(message.get("headers", ()))
            there = {name.lower() for name, _ in headers}
            added = {**_HEADERS, "cache-control": "no-store"}
            headers += [(k.encode(), v.encode()) for k, v in added.items() if k.encode() not in there]
            message["headers"] = headers
        await self._send(message)
