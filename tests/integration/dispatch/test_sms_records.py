"""Short messages whose answer got lost: the platform's own records say whether they are sent again."""

from __future__ import annotations

import random
import socket
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from core.alarms import Severity
from core.clock import ManualClock
from core.ports.notifications import Channel, Item, Message, Outcome, Preference
from dispatch import delivery_tables
from dispatch.database import prepare
from dispatch.senders.aliyun_sms import AliyunSms
from dispatch.senders.wire import Line
from tests.integration.dispatch.stubs import HttpStub, Reply, served
from tests.unit.dispatch.hall import MONDAY_9
from tests.unit.dispatch.post_office import PostOffice

MESSAGES, PEOPLE = 60, 6
OK = Reply(body={"Code": "OK"})
FORBIDDEN = Reply(status=403, body={"Code": "Forbidden.RAM", "Message": "no right to look"})
ANSWERS = (
    (OK, 60),
    (Reply(status=429, headers={"Retry-After": "20"}), 8),
    (Reply(status=503, body={"Code": "ServiceUnavailable"}), 8),
    (Reply(body={"Code": "isp.SYSTEM_ERROR"}), 8),
    (Reply(end="reset"), 8),
    (Reply(end="close"), 8),
)
AGAIN = Message(
    key="sms/1/task/41/1",
    items=(Item(title="水泵漏水"),),
    severity=Severity.HIGH,
    address="+8613800000001",
    repeated=True,
)


@dataclass
class Platform(HttpStub):
    """It takes what it answers with OK or not at all, keeps a record of it, and tells its records by number and day.

    Attributes:
        looks: what it answers whoever asks for records; ``None``: the records.
        status: of every record.
    """

    taken: list[dict[str, str]] = field(default_factory=list)
    asked: int = 0
    looks: Reply | None = None
    status: int = 3

    def _reply(self, connection: socket.socket, reply: Reply) -> None:
        path, headers, _ = self.requests[-1]
        values = dict(parse_qsl(urlsplit(path).query))
        if headers["x-acs-action"] == "QuerySendDetails":
            self.asked += 1
            super()._reply(connection, self.looks or self._records(values))
            return
        if reply is OK or reply.end != "answer":
            day = datetime.fromisoformat(headers["x-acs-date"]) + timedelta(hours=8)
            self.taken.append({**values, "day": day.strftime("%Y%m%d")})
        super()._reply(connection, reply)

    def _records(self, values: dict[str, str]) -> Reply:
        found = [
            {"OutId": one["OutId"], "SendStatus": self.status, "PhoneNum": values["PhoneNumber"]}
            for one in self.taken
            if one["PhoneNumbers"].endswith(values["PhoneNumber"]) and one["day"] == values["SendDate"]
        ]
        return Reply(body={"Code": "OK", "TotalCount": len(found), "SmsSendDetailDTOs": {"SmsSendDetailDTO": found}})


def sms(platform: HttpStub) -> AliyunSms:
    return AliyunSms(
        key_id="id",
        key_secret="secret",
        sign_name="双网格",
        templates={"zh": "SMS_1"},
        parameters={"title": "title"},
        base=platform.base,
        line=Line(timeout_s=40, private=True),
    )


@pytest.mark.parametrize("may_look", [True, False])
def test_a_bad_day_doubles_only_where_records_cannot_be_read(may_look: bool) -> None:
    """With the right to look each of 60 messages is taken once, however often answers are lost; else some are twice.

    Without it none is lost either, and every second copy says that it may be one.
    """
    answers, weights = zip(*ANSWERS, strict=True)
    replies = [*random.Random(3).choices(answers, weights, k=2_000), OK]
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare(engine, durable=False)
    delivery_tables.metadata.create_all(engine)
    platform = Platform(replies, looks=None if may_look else FORBIDDEN)
    with served(platform):
        channel = Channel(name="sms", kind="aliyun_sms", sender=sms(platform), personal=True)
        office = PostOffice(engine=engine, clock=ManualClock(MONDAY_9), channels=[channel], routes={"app": ["sms"]})
        for person in range(PEOPLE):
            office.wish(person, Preference(addresses={"sms": f"1380000000{person}"}))
        for number in range(MESSAGES):
            office.tell(number, number % PEOPLE)
        office.run(most=20_000, stride_ms=10_000)
        assert office.states() == {"sent": MESSAGES}
    engine.dispose()
    copies = Counter(one["OutId"] for one in platform.taken)
    first = {one["OutId"]: one for one in reversed(platform.taken)}
    seconds = [one for one in platform.taken if one is not first[one["OutId"]]]
    assert len(copies) == MESSAGES
    assert platform.asked > 0
    assert bool(seconds) is not may_look
    assert all("可能重复" in one["TemplateParam"] for one in seconds)


@pytest.mark.parametrize("hours", [0, 23])
def test_what_stands_in_the_records_is_not_sent_again(hours: int) -> None:
    """Also after midnight in China, and where the number is written with the country's."""
    platform = Platform([OK])
    with served(platform):
        first = sms(platform).send(replace(AGAIN, repeated=False), MONDAY_9)
        second = sms(platform).send(AGAIN, MONDAY_9 + hours * 3_600_000)
    assert [first.outcome, second.outcome] == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert len(platform.taken) == 1


@pytest.mark.parametrize(
    "looks",
    [
        FORBIDDEN,
        Reply(status=503),
        Reply(end="reset"),
        Reply(body=b"<html>"),
        Reply(body=[]),
        Reply(body={"Code": "OK"}),
        Reply(body={"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": [None]}}),
        Reply(body={"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": [{"OutId": "of another"}]}}),
    ],
)
def test_what_nobody_can_tell_is_sent(looks: Reply) -> None:
    """Without the right, without an answer, without a record: once more rather than never, and the text says so."""
    platform = Platform([OK], looks=looks)
    with served(platform):
        sent = sms(platform).send(AGAIN, MONDAY_9)
    assert sent.outcome is Outcome.ACCEPTED
    assert [one["TemplateParam"] for one in platform.taken] == ['{"title": "可能重复：水泵漏水"}']


def test_what_the_carrier_refused_is_sent_again() -> None:
    """A record of a message that did not arrive is no reason to leave it."""
    platform = Platform([OK], status=2)
    with served(platform):
        sms(platform).send(replace(AGAIN, repeated=False), MONDAY_9)
        sms(platform).send(AGAIN, MONDAY_9)
    assert len(platform.taken) == 2


def test_a_first_attempt_asks_nobody() -> None:
    """Records are looked at only where an attempt had no answer."""
    platform = Platform([OK])
    with served(platform):
        sms(platform).send(replace(AGAIN, repeated=False), MONDAY_9)
    assert (platform.asked, len(platform.taken)) == (0, 1)
