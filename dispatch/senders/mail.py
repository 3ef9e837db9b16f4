"""E-mail by SMTP: plain text and HTML, TLS unless the settings say otherwise.

Every attempt at the same content carries the same ``Message-ID``, which mailboxes use to drop a second copy; whether
one does is its own affair.
"""

from __future__ import annotations

import hashlib
import html
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import ClassVar, Literal

from core.ports.notifications import Message, Outcome, Sent
from dispatch.senders.address import NotAllowed, connect
from dispatch.senders.wire import PUBLIC_LINE, Line, problem
from dispatch.senders.wording import OPEN, heading, masked, notes, plain

Security = Literal["tls", "starttls", "none"]
_LOGIN_CODES = frozenset({530, 534, 535, 538})


class _Smtp(smtplib.SMTP):
    """Connects only to addresses that are allowed."""

    def __init__(self, line: Line, host: str, port: int, *, tls: bool, greeting: str) -> None:
        self._line, self._tls = line, ssl.create_default_context() if tls else None
        super().__init__(local_hostname=greeting, timeout=line.timeout_s)
        self._host = host  # the name that certificates are checked against
        code, said = self.connect(host, port)
        if code != 220:
            self.close()
            raise smtplib.SMTPConnectError(code, said)

    def _get_socket(self, host: str, port: int, timeout: float) -> object:
        plain_socket = connect(host, port, private=self._line.private, timeout_s=timeout)
        if self._tls is None:
            return plain_socket
        try:
            return self._tls.wrap_socket(plain_socket, server_hostname=host)
        except BaseException:
            plain_socket.close()
            raise


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail server that takes our messages.

    Attributes:
        security: ``tls`` from the first byte (465), ``starttls`` (587), or ``none``.
        username: empty: no login.
        sender: address that the messages come from.
    """

    host: str
    port: int
    security: Security
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    line: Line = PUBLIC_LINE

    most_items: ClassVar[int] = 200

    def send(self, message: Message, now_ms: int) -> Sent:
        """Try once."""
        try:
            letter = self.letter(message, now_ms)
        except ValueError as error:  # an address with a line break in it
            return Sent(outcome=Outcome.REFUSED, detail=masked(str(error), (message.address,)))
        try:
            server = _Smtp(self.line, self.host, self.port, tls=self.security == "tls", greeting=self._domain)
        except NotAllowed as error:
            return Sent(outcome=Outcome.MISCONFIGURED, detail=str(error))
        except ssl.SSLCertVerificationError as error:
            return Sent(outcome=Outcome.MISCONFIGURED, detail=f"the certificate is not valid: {error.verify_message}")
        except (OSError, smtplib.SMTPException) as error:
            return Sent(outcome=Outcome.UNREACHABLE, detail=f"no connection: {problem(error)}")
        try:
            return self._sent(server, letter, message.address)
        finally:
            server.close()

    def letter(self, message: Message, now_ms: int) -> EmailMessage:
        """The message as mail.

        Raises:
            ValueError: if the address is none.
        """
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self.sender, message.address, heading(message)
        letter["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1000, UTC))
        letter["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:40]}@{self._domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter["Content-Language"] = message.language
        letter.set_content(plain(message))
        letter.add_alternative(_html(message), subtype="html")
        return letter

    def _sent(self, server: smtplib.SMTP, letter: EmailMessage, address: str) -> Sent:
        """Greet, log in, hand over; only after the text has begun to flow can the end be unknown."""
        begun = False
        try:
            server.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self.username:
                server.login(self.username, self.password)
            _expect(server.mail(self.sender.rpartition("<")[2].strip("<> ")), (250,))
            _expect(server.rcpt(address), (250, 251))
            begun = True
            _expect(server.data(letter.as_bytes(policy=letter.policy.clone(linesep="\r\n"))), (250,))
            return Sent(outcome=Outcome.ACCEPTED, code="250")
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
            said = (
                error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            )
            return Sent(outcome=_meaning(code), code=str(code), detail=masked(f"{code} {said}", self._hidden(address)))
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            return Sent(outcome=Outcome.MISCONFIGURED, detail=masked(str(error), self._hidden(address)))
        except (OSError, smtplib.SMTPException) as error:
            if begun:
                return Sent(outcome=Outcome.UNKNOWN, detail=f"sent, but no answer: {problem(error)}")
            return Sent(outcome=Outcome.UNREACHABLE, detail=f"broken off before the text: {problem(error)}")

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2].strip("<> ") or "localhost"

    def _hidden(self, address: str) -> Sequence[str]:
        return (self.password, address)


def _expect(answer: tuple[int, bytes], good: Sequence[int]) -> None:
    code, said = answer
    if code not in good:
        raise smtplib.SMTPResponseException(code, said)


def _meaning(code: int) -> Outcome:
    if code in _LOGIN_CODES:
        return Outcome.MISCONFIGURED
    if code in {450, 451, 452, 421}:
        return Outcome.BUSY
    return Outcome.REFUSED if code >= 500 else Outcome.BUSY


def _html(message: Message) -> str:
    rows = []
    for one in message.items:
        link = f'<p><a href="{html.escape(one.link)}">{OPEN.in_language(message.language)}</a></p>' if one.link else ""
        rows.append(f"<h3>{html.escape(one.title)}</h3><p>{html.escape(one.body)}</p>{link}")
    head = f"<h2>{html.escape(heading(message))}</h2>" if len(message.items) > 1 else ""
    tail = "".join(f"<p><small>{html.escape(note)}</small></p>" for note in notes(message))
    body = f"<body>{head}{''.join(rows)}{tail}</body>"
    return f'<!doctype html><html lang="{message.language}"><meta charset="utf-8">{body}</html>'
