"""The outermost layer: every request gets an id and is looked at before any route, every answer gets its headers.

* Host: only names of the settings; a page of another site cannot point its own name at us (DNS rebinding).
* Origin: a request that changes something must come from our own pages (``Sec-Fetch-Site``, else ``Origin``); programs
  send neither and are judged by their cookie alone, which browsers never attach across sites (SameSite=Strict).
* Size: no more of a body is read than the settings allow.
* Headers: content security policy without inline scripts or styles, no sniffing, no framing, no referrer to others.
* The last handler: an error nobody foresaw becomes TG-5000 with a request id; its trace goes to the log only.

Source: OWASP ASVS 5.0 3.4 and 3.5; Fetch Metadata Request Headers (W3C).
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.fetch_metadata import is_own_site
from api.guard import GuardedRoute
from api.metrics import Metrics
from api.problem_kinds import Problems
from api.problems import ProblemError, answer, translate
from api.settings import ApiSettings

log = logging.getLogger(__name__)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KNOWN_METHODS = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; worker-src 'self'; manifest-src 'self'"
)
_COMMON = {
    "content-security-policy": _PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(self), microphone=(self), payment=(), usb=()",
}
_EXCHANGE = re.compile(r"/api/v1/exchange/[a-z0-9-]{1,40}/cases")
_PHOTOS = re.compile(r"/api/v1/(?:intakes|public/reports|tasks|department/intakes)/[0-9]{1,10}/photos")
_DOCUMENTS = re.compile(r"/api/v1/facilities/[0-9]{1,10}/documents")
_IMPORTS = "/api/v1/registry/imports"
_HSTS = "max-age=31536000"


class Perimeter:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: ApiSettings, metrics: Metrics) -> None:
        """Wrap ``app``."""
        self._app = app
        self._settings = settings
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; websockets and the like are not spoken here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        request.state.request_id = secrets.token_hex(8)
        outgoing = _Outgoing(send, self._settings, request.state.request_id)
        started_s = time.perf_counter()
        try:
            self._check(request)
            await self._app(scope, _Incoming(receive, self._most_bytes(request)), outgoing)
        except ClientDisconnect:
            log.debug("client went away")
        except Exception as error:  # noqa: BLE001 - the last handler: logged with its request id, answered as TG-5000
            await self._failed(request, error, outgoing, receive)
        finally:
            self._note(request, outgoing.status, time.perf_counter() - started_s)

    def _most_bytes(self, request: Request) -> int:
        """How much a body may have: photos, documents, files and many cases of a partner; everything else is small."""
        path = request.url.path if request.method == "POST" else ""
        if _PHOTOS.fullmatch(path) is not None:
            return self._settings.max_photo_bytes
        if _DOCUMENTS.fullmatch(path) is not None:
            return self._settings.max_document_bytes
        if path == _IMPORTS:
            return self._settings.max_import_bytes
        if _EXCHANGE.fullmatch(path) is not None:
            return self._settings.max_exchange_bytes
        return self._settings.max_body_bytes

    def _check(self, request: Request) -> None:
        headers = request.headers
        if _host_name(headers.get("host", "")) not in self._settings.hosts:
            raise ProblemError(Problems.UNKNOWN_HOST)
        if request.method not in _SAFE and not is_own_site(headers):
            raise ProblemError(Problems.CROSS_SITE)
        declared = headers.get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()) or int(declared[:20]) > self._most_bytes(request):
            raise ProblemError(Problems.BODY_TOO_LARGE)

    async def _failed(self, request: Request, error: Exception, outgoing: _Outgoing, receive: Receive) -> None:
        problem = translate(error)
        if problem.problem is Problems.INTERNAL:
            self._metrics.count("api_internal_errors")
            log.error("request failed", exc_info=error, extra={"request_id": request.state.request_id})
        if outgoing.status:
            raise error
        await answer(request, problem)(request.scope, receive, outgoing)

    def _note(self, request: Request, status: int, seconds: float) -> None:
        route = request.scope.get("route")
        operation = (route.operation_id or "") if isinstance(route, GuardedRoute) else ""
        method = request.method if request.method in _KNOWN_METHODS else "other"
        if operation != "stream":
            self._metrics.request(operation, method, status or 499, seconds)
        log.debug(
            "request",
            extra={
                "request_id": request.state.request_id,
                "operation": operation,
                "method": method,
                "status": status,
                "seconds": round(seconds, 4),
            },
        )


class _Incoming:
    """``receive`` that stops reading a body that is too large, whatever length it declared."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            # The framework passes its own kind of error on, any other it would take for malformed JSON.
            raise HTTPException(413)
        return message


class _Outgoing:
    """``send`` that adds our headers and remembers the status."""

    def __init__(self, send: Send, settings: ApiSettings, request_id: str) -> None:
        self._send = send
        self._https = settings.https
        self._request_id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in _COMMON.items():
                headers.setdefault(name, value)
            if self._https:
                headers["strict-transport-security"] = _HSTS
            headers["x-request-id"] = self._request_id
            headers.setdefault("cache-control", "no-store")
        await self._send(message)


def _host_name(host: str) -> str:
    """The name in a Host header, without port and brackets, in lower case; empty when it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        # Reading the port makes urlsplit check it.
        return "" if parts.username is not None or parts.path or parts.port == 0 else (parts.hostname or "")
    except ValueError:
        return ""
