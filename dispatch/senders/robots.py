"""Robots of DingTalk, WeCom and Feishu: signed cards into a room. All three put error codes into an HTTP 200.

A room's robot reaches whoever reads the room; with a person's number or id of that platform it calls them by it.
None of the three robots has an idempotency key, so an attempt without an answer may arrive twice; the text says so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

from core.alarms import Severity
from core.ports.notifications import Message, Outcome, Sent
from dispatch.senders.wire import PUBLIC_LINE, Line, exchange
from dispatch.senders.wording import OPEN, cut, heading, inert, markdown, masked, notes

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_MINUTE_MS = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a code in the answer means; ``retry_ms`` where the platform's rule is known."""

    outcome: Outcome
    retry_ms: int | None = None


_LIMITED, _MEND = Verdict(outcome=Outcome.LIMITED), Verdict(outcome=Outcome.MISCONFIGURED)
_BUSY, _NEVER = Verdict(outcome=Outcome.BUSY), Verdict(outcome=Outcome.REFUSED)


@dataclass(frozen=True, kw_only=True)
class Robot(ABC):
    """What the three have in common.

    Attributes:
        token: of the room's webhook; secret: of its signature, empty: it is not signed.
        base: of the platform's address, for private installations and tests.
    """

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)
    base: str = ""
    line: Line = PUBLIC_LINE

    most_items: ClassVar[int] = 20
    codes: ClassVar[Mapping[int, Verdict]] = {}
    code_names: ClassVar[tuple[str, ...]] = ("errcode",)
    message_name: ClassVar[str] = "errmsg"

    def send(self, message: Message, now_ms: int) -> Sent:
        """Try once."""
        body = json.dumps(self.payload(message, now_ms), ensure_ascii=False).encode()
        answer = exchange(self.line, self.url(now_ms), body, _JSON, now_ms)
        sent = answer if isinstance(answer, Sent) else self._read(answer.body)
        return Sent(
            outcome=sent.outcome,
            code=sent.code,
            detail=masked(sent.detail, (self.token, self.secret)),
            retry_after_ms=sent.retry_after_ms,
        )

    @abstractmethod
    def url(self, now_ms: int) -> str:
        """Where to, with token and, where it stands there, signature."""

    @abstractmethod
    def payload(self, message: Message, now_ms: int) -> Mapping[str, Any]:
        """The body."""

    def _read(self, body: bytes) -> Sent:
        """What an answer with status 200 says."""
        try:
            answer = json.loads(body)
            code = next(int(answer[name]) for name in self.code_names if name in answer)
        except (ValueError, TypeError, StopIteration):
            return Sent(outcome=Outcome.UNKNOWN, code="200", detail="the answer is none of this platform")
        if code == 0:
            return Sent(outcome=Outcome.ACCEPTED, code="0")
        verdict = self.codes.get(code, _NEVER)
        detail = f"{self.code_names[0]} {code}: {answer.get(self.message_name, '')}"
        return Sent(outcome=verdict.outcome, code=str(code), detail=detail, retry_after_ms=verdict.retry_ms)


def dingtalk_signature(secret: str, timestamp_ms: int) -> str:
    """Base64 of HMAC-SHA256 under the secret over time, line feed and secret; not yet URL-encoded."""
    text = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


@dataclass(frozen=True, kw_only=True)
class DingTalk(Robot):
    """A custom robot of DingTalk; 20 messages a minute, then nothing for ten.

    Somebody with a number is called by it in a markdown message, since an action card calls nobody.
    """

    base: str = "https://oapi.dingtalk.com"
    codes: ClassVar[Mapping[int, Verdict]] = {
        -1: _BUSY,
        130101: Verdict(outcome=Outcome.LIMITED, retry_ms=10 * _MINUTE_MS),
        410100: _LIMITED,
        90018: _LIMITED,
        90002: _LIMITED,
        310000: _MEND,  # keyword, signature or address
        300001: _MEND,
        400101: _MEND,
        400102: _MEND,  # robot switched off
        400013: _MEND,  # room dissolved
        400014: _MEND,
        40014: _MEND,
        88: _MEND,
    }

    def url(self, now_ms: int) -> str:
        """With the signature of this moment; it holds for an hour."""
        url = f"{self.base}/robot/send?access_token={quote(self.token, safe='')}"
        if not self.secret:
            return url
        return f"{url}&timestamp={now_ms}&sign={quote(dingtalk_signature(self.secret, now_ms), safe='')}"

    def payload(self, message: Message, now_ms: int) -> Mapping[str, Any]:
        """An action card, or a message that calls somebody."""
        link, title = message.items[0].link, cut(heading(message), 200)
        is_card = bool(link) and not message.address and len(message.items) == 1
        text = markdown(message, 15_000, links=not is_card)
        if message.address:
            called = f"{text}\n\n@{inert(message.address)}"
            return {
                "msgtype": "markdown",
                "markdown": {"title": title, "text": called},
                "at": {"atMobiles": [message.address], "isAtAll": False},
            }
        if not is_card:
            return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
        card = {"title": title, "text": text, "singleTitle": OPEN.in_language(message.language), "singleURL": link}
        return {"msgtype": "actionCard", "actionCard": card}


@dataclass(frozen=True, kw_only=True)
class WeCom(Robot):
    """A room's robot of WeCom (企业微信); 20 messages a minute; the key is its only secret."""

    base: str = "https://qyapi.weixin.qq.com"
    most_items: ClassVar[int] = 12
    codes: ClassVar[Mapping[int, Verdict]] = {
        -1: _BUSY,
        45009: Verdict(outcome=Outcome.LIMITED, retry_ms=_MINUTE_MS),
        45033: _LIMITED,
        93000: _MEND,  # key
        93004: _MEND,  # robot switched off
        93008: _MEND,  # not in the room
        40014: _MEND,
        60020: _MEND,
    }

    def url(self, now_ms: int) -> str:
        """With the key."""
        return f"{self.base}/cgi-bin/webhook/send?key={quote(self.token, safe='')}"

    def payload(self, message: Message, now_ms: int) -> Mapping[str, Any]:
        """A card that opens the task; as markdown where somebody is called or many things are said."""
        first = message.items[0]
        if message.address or len(message.items) > 1 or not first.link:
            called = f"\n\n<@{inert(message.address)}>" if message.address else ""
            return {"msgtype": "markdown", "markdown": {"content": markdown(message, 4_000) + called}}
        card = {
            "card_type": "text_notice",
            "main_title": {"title": cut(inert(first.title), 100), "desc": ""},
            "sub_title_text": cut("\n".join([inert(first.body), *notes(message)]), 330),
            "card_action": {"type": 1, "url": first.link},
        }
        return {"msgtype": "template_card", "template_card": card}


def feishu_signature(secret: str, timestamp_s: int) -> str:
    """Base64 of HMAC-SHA256 over nothing, under time, line feed and secret: the other way round than DingTalk's."""
    return base64.b64encode(hmac.new(f"{timestamp_s}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


_COLOURS: Mapping[Severity, str] = {
    Severity.CRITICAL: "red",
    Severity.HIGH: "orange",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
    Severity.INFO: "grey",
}


@dataclass(frozen=True, kw_only=True)
class Feishu(Robot):
    """A room's robot of Feishu or Lark; 100 messages a minute and 5 a second."""

    base: str = "https://open.feishu.cn"
    code_names: ClassVar[tuple[str, ...]] = ("code", "StatusCode")
    message_name: ClassVar[str] = "msg"
    codes: ClassVar[Mapping[int, Verdict]] = {
        11232: Verdict(outcome=Outcome.LIMITED, retry_ms=_MINUTE_MS),
        11233: _LIMITED,
        9499: _LIMITED,
        99991400: _LIMITED,
        11247: _BUSY,
        19001: _MEND,  # token
        19021: _MEND,  # signature or clock
        19022: _MEND,  # address not on the list
        19024: _MEND,  # keyword
        19007: _MEND,  # robot switched off
    }

    def url(self, now_ms: int) -> str:
        """With the token; the signature stands in the body."""
        return f"{self.base}/open-apis/bot/v2/hook/{quote(self.token, safe='')}"

    def payload(self, message: Message, now_ms: int) -> Mapping[str, Any]:
        """A card with a coloured head and a button."""
        called = f"\n\n<at id={inert(message.address)}></at>" if message.address else ""
        link, single = message.items[0].link, len(message.items) == 1
        text = markdown(message, 18_000, links=not single) + called
        elements: list[Mapping[str, Any]] = [{"tag": "div", "text": {"tag": "lark_md", "content": text}}]
        if link and single:
            label = {"tag": "plain_text", "content": OPEN.in_language(message.language)}
            elements.append(
                {"tag": "action", "actions": [{"tag": "button", "text": label, "type": "primary", "url": link}]}
            )
        title = {"tag": "plain_text", "content": cut(heading(message), 200)}
        card = {
            "config": {"wide_screen_mode": True},
            "header": {"title": title, "template": _COLOURS[message.severity]},
            "elements": elements,
        }
        body: dict[str, Any] = {"msg_type": "interactive", "card": card}
        if self.secret:
            seconds = now_ms // 1000
            body |= {"timestamp": str(seconds), "sign": feishu_signature(self.secret, seconds)}
        return body
