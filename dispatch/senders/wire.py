"""One HTTP request, and what its end says of the message: not sent, answered, or nobody knows.

No redirects are followed and no proxy of the environment is used, so that a request goes where the settings say and
nowhere else. The whole exchange has one time limit, also against a peer that sends a byte now and then.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from core.ports.notifications import Outcome, Sent
from dispatch.senders.address import Networks, NotAllowed, connect

MOST_ANSWER_BYTES = 64 * 1024
_OK = frozenset({200})


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """How a sender reaches its channel.

    Attributes:
        timeout_s: of the whole exchange.
        private: addresses that are not public, and plain http, are allowed.
        networks: addresses in these are allowed though they are not public.
        plain: plain http is allowed.
    """

    timeout_s: float = 10.0
    private: bool = False
    networks: Networks = ()
    plain: bool = False


PUBLIC_LINE = Line()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(
    line: Line, url: str, body: bytes, headers: Mapping[str, str], now_ms: int, *, spoken: frozenset[int] = _OK
) -> Answer | Sent:
    """POST a body; the answer, or what its absence or status means. The body of a ``spoken`` status says more."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or (parts.scheme == "http" and not (line.private or line.plain))
    ):
        return Sent(outcome=Outcome.MISCONFIGURED, detail="the address must begin with https://")
    try:
        opened = _opened(line, host, port, secure=parts.scheme == "https")
    except NotAllowed as error:
        return Sent(outcome=Outcome.MISCONFIGURED, detail=str(error))
    except ssl.SSLCertVerificationError as error:
        return Sent(outcome=Outcome.MISCONFIGURED, detail=f"the certificate is not valid: {error.verify_message}")
    except OSError as error:
        return Sent(outcome=Outcome.UNREACHABLE, detail=f"no connection: {problem(error)}")
    connection = http.client.HTTPConnection(host, port, timeout=line.timeout_s)
    connection.sock = opened
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        with _limited(opened, line.timeout_s):
            connection.request("POST", path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            read = answer.read(MOST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Sent(outcome=Outcome.UNKNOWN, detail=f"sent, but no answer: {problem(error)}")
    finally:
        connection.close()
    received = Answer(status=answer.status, headers={k.lower(): v for k, v in answer.getheaders()}, body=read)
    return received if answer.status in spoken else meaning(received, now_ms)


def meaning(answer: Answer, now_ms: int) -> Sent:
    """What a status other than 200 says of the message."""
    status = answer.status
    if status == 429:
        outcome = Outcome.LIMITED
    elif status in {502, 504} or 200 < status < 300:
        # A relay lost the answer of whoever it passed the message to; a 2xx that is no answer of this interface.
        outcome = Outcome.UNKNOWN
    elif status >= 500 or status == 408:
        outcome = Outcome.BUSY
    elif status in {400, 413, 415, 422}:
        outcome = Outcome.REFUSED
    else:  # redirects are not followed; 401, 403, 404: key or address are wrong
        outcome = Outcome.MISCONFIGURED
    return Sent(outcome=outcome, code=str(status), detail=f"HTTP {status}", retry_after_ms=retry_after(answer, now_ms))


def retry_after(answer: Answer, now_ms: int) -> int | None:
    """``Retry-After``, seconds or a date, in milliseconds from now; ``None`` if absent or not readable."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text) * 1000
    try:
        return max(0, round(parsedate_to_datetime(text).timestamp() * 1000) - now_ms)
    except (ValueError, OverflowError):
        return None


def problem(error: BaseException) -> str:
    """What went wrong, without anything of the request."""
    if isinstance(error, TimeoutError):
        return "time limit"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if isinstance(error, OSError) and error.args else type(error).__name__


def _opened(line: Line, host: str, port: int, *, secure: bool) -> socket.socket:
    plain = connect(host, port, private=line.private, timeout_s=line.timeout_s, networks=line.networks)
    if not secure:
        return plain
    try:
        with _limited(plain, line.timeout_s):
            return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


@contextmanager
def _limited(opened: socket.socket, timeout_s: float) -> Iterator[None]:
    """End a conversation that lasts too long, however busy it looks."""
    ended = threading.Event()

    def end() -> None:
        ended.set()
        try:
            opened.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself

    timer = threading.Timer(timeout_s, end)
    timer.name = "notification-limit"
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        if ended.is_set():
            raise TimeoutError("time limit") from error
        raise
    finally:
        timer.cancel()
        timer.join()
