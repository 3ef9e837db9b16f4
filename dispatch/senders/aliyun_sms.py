"""Short messages by Aliyun: ``SendSms`` with the V3 signature (ACS3-HMAC-SHA256).

Texts are templates that the carrier has approved; what we send are their variables. A digest is one short message that
says how many things wait and names the worst. Aliyun has no idempotency key for ``SendSms``, but it keeps a record of
what it sent to a number, with our ``OutId``: where an earlier attempt may have arrived, ``QuerySendDetails`` is asked
first, and what stands there is not sent again. Without that right, or without a record, it is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from urllib.parse import quote

from core.places import Text
from core.ports.notifications import Message, Outcome, Sent
from dispatch.senders.wire import PUBLIC_LINE, Answer, Line, exchange
from dispatch.senders.wording import AGAIN, MORE, masked

_ALGORITHM = "ACS3-HMAC-SHA256"
_NOTHING = hashlib.sha256(b"").hexdigest()
_SEND, _LOOK, _VERSION = "SendSms", "QuerySendDetails", "2017-05-25"
_CHINA = timezone(timedelta(hours=8))
"""Records are kept by the days of China."""
_RECORDS = 30
"""Asked for of a day; fifty with texts of full length might not fit into an answer (``MOST_ANSWER_BYTES``)."""
_ON_ITS_WAY = frozenset({"1", "3"})
"""``SendStatus``: waiting for the carrier, arrived. What the carrier refused (2) is sent again."""
FIELDS = ("title", "body", "ref", "count")
"""What a template's variable may be filled with."""
_MEND = frozenset(
    {
        *("isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE"),
        *("isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL", "isv.SMS_TEMPLATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL"),
        *("isv.TEMPLATE_MISSING_PARAMETERS", "isv.SMS_SIGN_ILLEGAL", "isp.RAM_PERMISSION_DENY", "isv.DENY_IP_RANGE"),
        *("SignatureDoesNotMatch", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "Forbidden.RAM"),
        *(
            "InvalidTimeStamp.Expired",
            "IncompleteSignature",
            "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
            "isv.DAY_LIMIT_CONTROL",
        ),
    }
)
_LIMITED = frozenset({"isv.BUSINESS_LIMIT_CONTROL", "Throttling", "Throttling.User", "Throttling.Api"})
_BUSY = frozenset({"isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "ServiceUnavailable", "InternalError"})
_SPOKEN = frozenset({200, 400, 403, 404})
_LIMIT_MS = 3_600_000
"""The flow control of one number counts by the minute, the hour and the day and does not say which was hit."""


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Sorted and percent-encoded as RFC 3986 has it."""
    return "&".join(f"{quote(name, safe='~')}={quote(parameters[name], safe='~')}" for name in sorted(parameters))


def signed_headers(
    *,
    host: str,
    action: str,
    version: str,
    date: str,
    nonce: str,
    query: str,
    key_id: str,
    key_secret: str,
) -> Mapping[str, str]:
    """The headers of an RPC-style call without a body, the signature among them."""
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": _NOTHING,
        "x-acs-date": date,
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n{query}\n{lines}\n{names}\n{_NOTHING}"
    to_sign = f"{_ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return {
        **headers,
        "Authorization": f"{_ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}",
    }


@dataclass(frozen=True, kw_only=True)
class AliyunSms:
    """An account of Aliyun's short message service.

    Attributes:
        key_id, key_secret: of a RAM user that may ``SendSms`` and ``QuerySendDetails`` and nothing else.
        sign_name: the approved signature (签名).
        templates: code of the approved template by language.
        parameters: the template's variables and which of ``FIELDS`` fills each.
        length: characters that a variable may have.
    """

    key_id: str
    key_secret: str = field(repr=False)
    sign_name: str
    templates: Mapping[str, str]
    parameters: Mapping[str, str]
    length: int = 35
    base: str = "https://dysmsapi.aliyuncs.com"
    line: Line = PUBLIC_LINE

    most_items: ClassVar[int] = 100

    def send(self, message: Message, now_ms: int) -> Sent:
        """Try once; what an earlier attempt has brought there counts as taken."""
        out_id = hashlib.sha256(message.key.encode()).hexdigest()[:32]
        line = self.line
        if message.repeated:  # all requests together keep to the time limit
            line = replace(line, timeout_s=line.timeout_s / 2)
            if self._arrived(message, out_id, now_ms):
                return Sent(outcome=Outcome.ACCEPTED, code="OK", detail="an earlier attempt had been taken")
        parameters = {
            "PhoneNumbers": message.address,
            "SignName": self.sign_name,
            "TemplateCode": self.templates.get(message.language) or next(iter(self.templates.values())),
            "TemplateParam": json.dumps(self._values(message), ensure_ascii=False),
            "OutId": out_id,
        }
        answer = self._asked(_SEND, parameters, f"{message.key}/{now_ms}", now_ms, line)
        sent = _read(answer) if isinstance(answer, Answer) else answer
        detail = masked(sent.detail, (self.key_secret, message.address))
        return Sent(outcome=sent.outcome, code=sent.code, detail=detail, retry_after_ms=sent.retry_after_ms)

    def _arrived(self, message: Message, out_id: str, now_ms: int) -> bool:
        """Whether a record says so: of today or yesterday, since no message is tried for longer than a day."""
        line = replace(self.line, timeout_s=self.line.timeout_s / 4)
        today = datetime.fromtimestamp(now_ms / 1000, _CHINA)
        for day in (today, today - timedelta(days=1)):
            parameters = {
                "PhoneNumber": _number(message.address),
                "SendDate": day.strftime("%Y%m%d"),
                "PageSize": str(_RECORDS),
                "CurrentPage": "1",
            }
            nonce = f"{message.key}/{now_ms}/{parameters['SendDate']}"
            answer = self._asked(_LOOK, parameters, nonce, now_ms, line)
            if isinstance(answer, Answer) and _stands_in(answer, out_id):
                return True
        return False

    def _asked(self, action: str, parameters: Mapping[str, str], nonce: str, now_ms: int, line: Line) -> Answer | Sent:
        """One request. A nonce is good for one within 15 minutes; no attempt runs twice in one millisecond."""
        query = canonical_query(parameters)
        headers = signed_headers(
            host=self.base.partition("://")[2].partition("/")[0],
            action=action,
            version=_VERSION,
            date=datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            nonce=hashlib.sha256(nonce.encode()).hexdigest()[:32],
            query=query,
            key_id=self.key_id,
            key_secret=self.key_secret,
        )
        return exchange(line, f"{self.base}/?{query}", b"", headers, now_ms, spoken=_SPOKEN)

    def _values(self, message: Message) -> Mapping[str, str]:
        first, count = message.items[0], len(message.items)
        many = MORE.in_language(message.language).format(count=count)
        told = Text(zh=f"{many}：{first.title}", en=f"{many}: {first.title}").in_language(message.language)
        again = AGAIN.in_language(message.language) if message.repeated else ""
        values = {
            "title": again + (first.title if count == 1 else told),
            "body": first.body,
            "ref": first.link.rpartition("/")[2],
            "count": str(count),
        }
        return {name: values[field_][: self.length] or "-" for name, field_ in self.parameters.items()}


def _number(address: str) -> str:
    """As records name it: 11 digits in China, elsewhere country and number."""
    digits = address.removeprefix("+").removeprefix("00")
    return digits.removeprefix("86") if len(digits) == 13 else digits


def _stands_in(answer: Answer, out_id: str) -> bool:
    """Whether the records of a day hold it; what is not understood says no."""
    try:
        told = json.loads(answer.body)
        records = told["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        return told["Code"] == "OK" and any(
            one["OutId"] == out_id and str(one["SendStatus"]) in _ON_ITS_WAY for one in records if "OutId" in one
        )
    except (ValueError, KeyError, TypeError):
        return False


def _read(answer: Answer) -> Sent:
    """What the body says; Aliyun puts most codes into a 200, some into a 400 or 403."""
    try:
        code = str(json.loads(answer.body)["Code"])
        said = str(json.loads(answer.body).get("Message", ""))
    except (ValueError, KeyError, TypeError):
        return Sent(outcome=Outcome.UNKNOWN, code=str(answer.status), detail="the answer is none of this platform")
    if code == "OK":
        return Sent(outcome=Outcome.ACCEPTED, code=code)
    detail = f"{code}: {said}"
    if code in _LIMITED:
        wait_ms = _LIMIT_MS if code.startswith("isv.") else None
        return Sent(outcome=Outcome.LIMITED, code=code, detail=detail, retry_after_ms=wait_ms)
    if code in _MEND:
        return Sent(outcome=Outcome.MISCONFIGURED, code=code, detail=detail)
    outcome = Outcome.BUSY if code in _BUSY else Outcome.REFUSED
    return Sent(outcome=outcome, code=code, detail=detail)
