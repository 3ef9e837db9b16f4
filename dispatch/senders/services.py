"""The many services of Apprise, behind an allow list; and the log, where nothing is configured.

Apprise can run programs, read files and post to any address. What an installation may use of it is the list below:
services with an address of their own, and a few that people run themselves. It says only whether a message was taken,
so whatever it did not take counts as unknown and may arrive twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from core.ports.notifications import Message, Outcome, Sent
from dispatch.senders.address import NotAllowed, resolve
from dispatch.senders.wire import PUBLIC_LINE, Line
from dispatch.senders.wording import heading, plain

log = logging.getLogger(__name__)

PUBLIC: Final = frozenset(
    {
        *("discord", "gchat", "line", "pover", "pushdeer", "pushed", "pushme", "pushplus"),
        *("schan", "slack", "tgram", "threema", "twilio", "vonage", "webex", "workflows"),
        *("wxpusher", "wxteams", "zulip"),
    }
)
"""Their address is built into Apprise."""
OWN: Final = frozenset(
    {
        *("bark", "barks", "gotify", "gotifys", "matrix", "matrixs", "mmost", "mmosts"),
        *("nctalk", "nctalks", "ntfy", "ntfys", "pushdeers", "rocket", "rockets", "signal"),
        *("signals", "synology", "synologys"),
    }
)
"""Their host stands in the address; it must be public unless the channel allows private ones."""


def schema_of(url: str) -> str:
    """What stands before ``://``, in small letters."""
    return url.partition("://")[0].strip().lower()


def is_allowed(url: str) -> bool:
    """Whether the address is of a service on the list."""
    return "://" in url and schema_of(url) in PUBLIC | OWN


@dataclass(frozen=True, kw_only=True)
class Service:
    """One address of Apprise; the whole address is secret, since it holds keys."""

    url: str = field(repr=False)
    line: Line = PUBLIC_LINE

    most_items: ClassVar[int] = 20

    def send(self, message: Message, now_ms: int) -> Sent:
        """Try once."""
        schema = schema_of(self.url)
        if not is_allowed(self.url):
            return Sent(outcome=Outcome.MISCONFIGURED, detail=f"{schema}:// is not on the list of allowed services")
        try:
            self._look_at_host(schema)
        except NotAllowed as error:
            return Sent(outcome=Outcome.MISCONFIGURED, detail=str(error))
        except OSError:
            return Sent(outcome=Outcome.UNREACHABLE, detail="the name of the host is not known")
        made = self._made()
        if made is None:
            return Sent(outcome=Outcome.MISCONFIGURED, detail=f"Apprise does not understand this {schema}:// address")
        try:
            taken = made.notify(title=heading(message), body=plain(message))
        except Exception as error:  # noqa: BLE001 - a plugin of somebody else may raise anything; the message is kept
            return Sent(outcome=Outcome.UNKNOWN, detail=f"{schema}: {type(error).__name__}")
        if taken:
            return Sent(outcome=Outcome.ACCEPTED, code=schema)
        return Sent(outcome=Outcome.UNKNOWN, code=schema, detail=f"{schema} did not take it, or did not say so")

    def _look_at_host(self, schema: str) -> None:
        """Refuse hosts that are not allowed.

        Raises:
            OSError: if the name is not known or leads to an address that is not allowed.
        """
        host = urlsplit(self.url).hostname
        if schema in OWN and host and not self.line.private:
            resolve(host, 443, private=False)

    def _made(self) -> Any:
        from apprise import Apprise

        made = Apprise.instantiate(self.url, suppress_exceptions=True)
        if made is not None:
            made.request_rate_per_sec = 0  # the limit is kept by whoever calls
            made.redirects = False  # a redirect would lead past the look at the host
            made.socket_connect_timeout = made.socket_read_timeout = self.line.timeout_s
        return made


class LogSender:
    """Writes messages into the log: for demos, and until a channel is configured. Texts stay out of it."""

    most_items: ClassVar[int] = 1

    def send(self, message: Message, now_ms: int) -> Sent:
        """Log it."""
        log.info("notification", extra={"key": message.key, "severity": message.severity.name.lower()})
        return Sent(outcome=Outcome.ACCEPTED, code="log")
