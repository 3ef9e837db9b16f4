"""Senders against real sockets: each of the ends that a channel can give a message, and what is made of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from core.alarms import Severity
from core.clock import ManualClock
from core.ports.notifications import Channel, Item, Message, Outcome, Preference, Sender
from dispatch import delivery_tables
from dispatch.database import prepare
from dispatch.senders.aliyun_sms import AliyunSms
from dispatch.senders.mail import Mail
from dispatch.senders.robots import DingTalk, Feishu, Robot, WeCom
from dispatch.senders.services import Service
from dispatch.senders.wire import Line
from tests.integration.dispatch.stubs import HttpStub, Reply, http_stub, smtp_stub
from tests.unit.dispatch.hall import MONDAY_9
from tests.unit.dispatch.post_office import PostOffice

NOW = 1_795_000_000_000
LINE = Line(timeout_s=20, private=True)
SHORT = Line(timeout_s=0.4, private=True)
"""For those that never answer; whoever answers late on a busy machine has answered."""
SECRET = "the-secret-of-the-room"
TOKEN = "the-token-of-the-room"
MESSAGE = Message(
    key="app/1/task/41/1",
    items=(Item(title="水泵漏水", body="某小区", link="https://city.example/tasks/41"),),
    severity=Severity.HIGH,
)
TO_ONE = Message(key="k", items=MESSAGE.items, severity=Severity.HIGH, address="13800000001")


def robot(kind: type[Robot], stub: HttpStub, line: Line = LINE) -> Robot:
    return kind(token=TOKEN, secret=SECRET, base=stub.base, line=line)


def sms(stub: HttpStub) -> AliyunSms:
    return AliyunSms(
        key_id="id",
        key_secret=SECRET,
        sign_name="双网格",
        templates={"zh": "SMS_1"},
        parameters={"title": "title"},
        base=stub.base,
        line=LINE,
    )


ROBOTS = [(DingTalk, "errcode"), (WeCom, "errcode"), (Feishu, "code"), (Feishu, "StatusCode")]
HTTP_ENDS = [
    (Reply(status=429, headers={"Retry-After": "30"}), Outcome.LIMITED, 30_000),
    (Reply(status=503), Outcome.BUSY, None),
    (Reply(status=504), Outcome.UNKNOWN, None),
    (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), Outcome.MISCONFIGURED, None),
    (Reply(end="hang"), Outcome.UNKNOWN, None),
    (Reply(end="dribble"), Outcome.UNKNOWN, None),
    (Reply(end="reset"), Outcome.UNKNOWN, None),
    (Reply(end="close"), Outcome.UNKNOWN, None),
    (Reply(body=b"<html>please log in to the hotel</html>"), Outcome.UNKNOWN, None),
    (Reply(body={"errcode": "what?", "code": None, "Code": None}), Outcome.UNKNOWN, None),
]


@pytest.mark.parametrize(("kind", "name"), ROBOTS)
@pytest.mark.parametrize(("reply", "outcome", "wait_ms"), HTTP_ENDS)
def test_every_end_of_a_request_is_told_apart(
    kind: type[Robot], name: str, reply: Reply, outcome: Outcome, wait_ms: int | None
) -> None:
    """Limited, busy, lost after the body was taken, not understood: never taken for sent, never for refused."""
    line = SHORT if reply.end in {"hang", "dribble"} else LINE
    with http_stub(reply) as stub:
        sent = robot(kind, stub, line).send(MESSAGE, NOW)
        assert len(stub.requests) == 1
    assert (sent.outcome, sent.retry_after_ms) == (outcome, wait_ms)
    assert SECRET not in sent.detail + sent.code
    assert TOKEN not in sent.detail + sent.code


CODES: list[tuple[type[Robot], str, int, Outcome]] = [
    (DingTalk, "errcode", 0, Outcome.ACCEPTED),
    (DingTalk, "errcode", 130101, Outcome.LIMITED),
    (DingTalk, "errcode", 310000, Outcome.MISCONFIGURED),
    (DingTalk, "errcode", -1, Outcome.BUSY),
    (DingTalk, "errcode", 430101, Outcome.REFUSED),
    (WeCom, "errcode", 0, Outcome.ACCEPTED),
    (WeCom, "errcode", 45009, Outcome.LIMITED),
    (WeCom, "errcode", 93000, Outcome.MISCONFIGURED),
    (WeCom, "errcode", 40058, Outcome.REFUSED),
    (Feishu, "code", 0, Outcome.ACCEPTED),
    (Feishu, "StatusCode", 0, Outcome.ACCEPTED),
    (Feishu, "code", 11232, Outcome.LIMITED),
    (Feishu, "code", 19021, Outcome.MISCONFIGURED),
    (Feishu, "code", 19002, Outcome.REFUSED),
]


@pytest.mark.parametrize(("kind", "name", "code", "outcome"), CODES)
def test_a_code_inside_a_200_counts(kind: type[Robot], name: str, code: int, outcome: Outcome) -> None:
    """What stands in the body decides; a key that the other side repeats in its words is not handed on."""
    with http_stub(Reply(body={name: code, "errmsg": f"bad {TOKEN}", "msg": f"bad {SECRET}"})) as stub:
        sent = robot(kind, stub).send(MESSAGE, NOW)
    assert sent.outcome is outcome
    assert TOKEN not in sent.detail
    assert SECRET not in sent.detail
    if code == 130101:
        assert sent.retry_after_ms == 600_000


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (200, "OK", Outcome.ACCEPTED),
        (200, "isv.BUSINESS_LIMIT_CONTROL", Outcome.LIMITED),
        (400, "Throttling.User", Outcome.LIMITED),
        (200, "isv.AMOUNT_NOT_ENOUGH", Outcome.MISCONFIGURED),
        (400, "SignatureDoesNotMatch", Outcome.MISCONFIGURED),
        (200, "isp.SYSTEM_ERROR", Outcome.BUSY),
        (200, "isv.MOBILE_NUMBER_ILLEGAL", Outcome.REFUSED),
        (503, "ServiceUnavailable", Outcome.BUSY),
    ],
)
def test_short_messages(status: int, code: str, outcome: Outcome) -> None:
    """Aliyun's codes stand in answers of any status; the number is in the request and in nothing that is kept."""
    with http_stub(Reply(status=status, body={"Code": code, "Message": "13800000001"})) as stub:
        sent = sms(stub).send(TO_ONE, NOW)
        path, headers, body = stub.requests[0]
    assert sent.outcome is outcome
    assert "13800000001" not in sent.detail
    assert "PhoneNumbers=13800000001" in path
    assert "TemplateParam=%7B%22title%22%3A%20%22%E6%B0%B4" in path
    assert headers["x-acs-action"] == "SendSms"
    assert headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=id,")
    assert headers["host"] == stub.base.partition("://")[2]
    assert body == b""


def test_nothing_is_sent_where_nothing_may_be_reached() -> None:
    """A private address without permission, plain http, a closed port: known not to be sent, and why."""
    with http_stub(Reply(body={"errcode": 0})) as stub:
        closed = DingTalk(token=TOKEN, base=stub.base, line=Line(timeout_s=0.4))
        assert closed.send(MESSAGE, NOW).outcome is Outcome.MISCONFIGURED
        private = DingTalk(token=TOKEN, base=f"https://127.0.0.1:{stub.port}", line=Line(timeout_s=0.4))
        sent = private.send(MESSAGE, NOW)
        assert (sent.outcome, "not public" in sent.detail) == (Outcome.MISCONFIGURED, True)
        own = Service(url=f"gotify://127.0.0.1:{stub.port}/token", line=Line(timeout_s=0.4))
        assert own.send(MESSAGE, NOW).outcome is Outcome.MISCONFIGURED
        base = stub.base
    assert stub.requests == []
    assert DingTalk(token=TOKEN, base=base, line=LINE).send(MESSAGE, NOW).outcome is Outcome.UNREACHABLE
    nowhere = DingTalk(token=TOKEN, base="https://nowhere.invalid", line=LINE).send(MESSAGE, NOW)
    assert nowhere.outcome is Outcome.UNREACHABLE


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Any) -> None:
    """TLS to a stranger ends before anything of the message has left."""
    from tests.integration.dispatch.certificate import self_signed

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with http_stub(Reply(body={"errcode": 0}), tls=context) as stub:
        sender = DingTalk(token=TOKEN, base=f"https://127.0.0.1:{stub.port}", line=LINE)
        assert sender.send(MESSAGE, NOW).outcome is Outcome.MISCONFIGURED
    assert stub.requests == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("status", "outcome"), [(200, Outcome.ACCEPTED), (500, Outcome.UNKNOWN), (302, Outcome.UNKNOWN)]
)
def test_a_service_of_apprise(status: int, outcome: Outcome) -> None:
    """It says yes or no; a no may be anything, and a redirect is not followed."""
    with http_stub(Reply(status=status, body={"id": 1}, headers={"Location": "http://127.0.0.1:1/"})) as stub:
        sender = Service(url=f"gotify://127.0.0.1:{stub.port}/token-{TOKEN}", line=LINE)
        sent = sender.send(MESSAGE, NOW)
        assert len(stub.requests) == 1
        assert "水泵漏水" in stub.bodies()[0]["title"]
    assert sent.outcome is outcome
    assert TOKEN not in sent.detail


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({}, Outcome.ACCEPTED),
        ({"AUTH": "535 no"}, Outcome.MISCONFIGURED),
        ({"RCPT": "550 no such user 13800000001"}, Outcome.REFUSED),
        ({"RCPT": "450 later"}, Outcome.BUSY),
        ({"MAIL": "421 closing"}, Outcome.BUSY),
        ({"TEXT": "451 later"}, Outcome.BUSY),
        ({"TEXT": "554 spam"}, Outcome.REFUSED),
        ({"TEXT": "reset"}, Outcome.UNKNOWN),
        ({"RCPT": "reset"}, Outcome.UNREACHABLE),
        ({"EHLO": "reset"}, Outcome.UNREACHABLE),
    ],
)
def test_letters(answers: dict[str, str], outcome: Outcome) -> None:
    """Only where the text had gone and no answer came does nobody know."""
    with smtp_stub(**answers) as stub:
        mail = Mail(
            host="127.0.0.1",
            port=stub.port,
            security="none",
            sender="tg@city.example",
            username="tg",
            password=SECRET,
            line=LINE,
        )
        sent = mail.send(TO_ONE, NOW)
    assert sent.outcome is outcome
    assert SECRET not in sent.detail
    assert "13800000001" not in sent.detail
    if outcome is Outcome.ACCEPTED:
        assert b"multipart/alternative" in stub.letters[0]
        assert b"Message-ID: <" in stub.letters[0]


def test_a_mail_server_without_tls_is_not_talked_to_where_tls_is_asked_for() -> None:
    """STARTTLS that is not offered is an error of the settings, not a reason to send in clear."""
    with smtp_stub() as stub:
        mail = Mail(host="127.0.0.1", port=stub.port, security="starttls", sender="a@b.example", line=LINE)
        assert mail.send(TO_ONE, NOW).outcome is Outcome.MISCONFIGURED
    assert "RCPT" not in stub.verbs


@contextmanager
def post(*channels: tuple[str, Sender, bool]) -> Iterator[PostOffice]:
    """The whole way from the outbox to real sockets."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare(engine, durable=False)
    delivery_tables.metadata.create_all(engine)
    made = [Channel(name=name, kind="x", sender=sender, personal=personal) for name, sender, personal in channels]
    yield PostOffice(
        engine=engine,
        clock=ManualClock(MONDAY_9),
        channels=made,
        routes={"app": [one.name for one in made]},
    )
    engine.dispose()


def test_from_the_outbox_through_a_bad_hour_to_the_room() -> None:
    """429, 5xx, an error code in a 200, a reset after the body, then it works: each message is in the room.

    Twice is only the one whose first attempt had no answer, and its second copy says that it may be one.
    """
    bad = [
        Reply(status=429, headers={"Retry-After": "5"}),
        Reply(status=500),
        Reply(body={"errcode": 130101, "errmsg": "send too fast"}),
        Reply(end="reset"),
        Reply(body={"errcode": 0}),
    ]
    with http_stub(*bad) as stub, post(("room", robot(DingTalk, stub), False)) as office:
        for number in range(5):
            office.tell(number)
        office.run()
        assert office.states() == {"sent": 5}
        told = [body.get("actionCard", {}).get("text", "") for body in stub.bodies()]
    taken = told[3:]  # the reset came after the body
    for number in range(5):
        copies = [text for text in taken if f"事 {number}" in text]
        assert len(copies) == (2 if "可能重复" in copies[-1] else 1)
    assert sum("可能重复" in text for text in taken) == 1


def test_the_next_channel_takes_over() -> None:
    """The room's robot hangs: a critical message is mailed after two attempts."""
    with http_stub(Reply(end="hang")) as stub, smtp_stub() as mailbox:
        line = Line(timeout_s=0.1, private=True)
        ding = DingTalk(token=TOKEN, base=stub.base, line=line)
        mail = Mail(host="127.0.0.1", port=mailbox.port, security="none", sender="tg@city.example", line=LINE)
        with post(("ding", ding, False), ("mail", mail, True)) as office:
            office.wish(1, Preference(addresses={"mail": "worker@city.example"}))
            office.tell(1, severity=Severity.CRITICAL)
            office.run()
            assert [(row.state, row.via) for row in office.rows()] == [("sent", "mail")]
    assert len(mailbox.letters) == 1
    assert b"worker@city.example" in mailbox.letters[0]
