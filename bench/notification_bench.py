"""A thousand messages through a bad day: a room and a mail server on loopback that answer as channels do at worst.

A seeded draw decides each answer: taken, 429, 503, an error code in a 200, a reset or silence after the body was taken.
Measured is what the two really took, against the outbox. A run fails if a message is neither taken nor given up, or if
one came twice without an attempt before it that had no answer.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections import Counter
from email import message_from_bytes
from email.policy import default
from typing import Final

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from bench.rows import Row
from core.alarms import Severity
from core.clock import ManualClock
from core.ports.notifications import Channel, Preference
from dispatch import delivery_tables
from dispatch.database import prepare
from dispatch.senders.mail import Mail
from dispatch.senders.robots import DingTalk
from dispatch.senders.wire import Line
from tests.integration.dispatch.stubs import Reply, http_stub, smtp_stub
from tests.unit.dispatch.hall import MONDAY_9
from tests.unit.dispatch.post_office import PostOffice

MESSAGES: Final = 1_000
SEED: Final = 1
_THING = re.compile(r"事 (\d+)")
_MARK: Final = "可能重复"
_LINE = Line(timeout_s=0.2, private=True)
TAKEN = Reply(body={"errcode": 0})
ANSWERS: Final[tuple[tuple[Reply, int], ...]] = (
    (TAKEN, 60),
    (Reply(status=429, headers={"Retry-After": "20"}), 8),
    (Reply(status=503), 8),
    (Reply(body={"errcode": 130101, "errmsg": "send too fast"}), 6),
    (Reply(body={"errcode": -1, "errmsg": "system busy"}), 6),
    (Reply(end="reset"), 5),
    (Reply(end="close"), 2),
    (Reply(end="hang"), 1),
    (Reply(body={"errcode": 430101, "errmsg": "unsafe"}), 4),
)


def run(per_minute: int) -> dict[str, float]:
    """One day; ``per_minute``: the room's limit, 0 for none."""
    logging.getLogger("dispatch.courier").setLevel(logging.ERROR)  # it warns of every failed attempt
    draw = random.Random(SEED)
    answers, weights = zip(*ANSWERS, strict=True)
    replies = [*draw.choices(answers, weights, k=6_000), TAKEN]
    planned = list(replies)
    engine = prepare(
        sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}), durable=False
    )
    delivery_tables.metadata.create_all(engine)
    begun_s = time.monotonic()
    with http_stub(*replies) as room, smtp_stub() as mailbox:
        channels = [
            Channel(name="room", kind="dingtalk", sender=_robot(room.base), per_minute=per_minute),
            Channel(name="mail", kind="email", sender=_mail(mailbox.port), personal=True),
        ]
        office = PostOffice(
            engine=engine, clock=ManualClock(MONDAY_9), channels=channels, routes={"app": ["room", "mail"]}
        )
        for person in range(50):
            office.wish(person, Preference(addresses={"mail": f"p{person}@city.example"}))
        for number in range(MESSAGES):
            office.tell(number, number % 50, severity=draw.choice(list(Severity)))
        office.run(hours=30, most=20_000, stride_ms=10_000)
        states, unheard_of = office.states(), _unheard(engine)
        texts = [body["markdown" if "markdown" in body else "actionCard"]["text"] for body in room.bodies()]
        letters = [_letter(raw) for raw in mailbox.letters]
    engine.dispose()
    unheard = [reply.end in {"reset", "close", "hang"} for reply in planned[: len(texts)]]
    took = [reply.body == {"errcode": 0} or silent for reply, silent in zip(planned, unheard, strict=False)]
    taken = [text for text, yes in zip(texts, took, strict=True) if yes] + letters
    copies = Counter(int(number) for text in taken for number in set(_THING.findall(text)))
    unmarked = Counter(int(number) for text in taken if _MARK not in text for number in set(_THING.findall(text)))
    return {
        "attempts": len(texts) + len(letters),
        "unheard": unheard_of,
        "sent": states["sent"],
        "given_up": states["given_up"],
        "lost": MESSAGES - len(copies) - states["given_up"],
        "twice": sum(count > 1 for count in copies.values()),
        "twice_unmarked": sum(count > 1 for count in unmarked.values()),
        "seconds": time.monotonic() - begun_s,
    }


def rows() -> list[Row]:
    """Both days.

    Raises:
        ValueError: if a message was lost, or doubled without saying so.
    """
    made: list[Row] = []
    for per_minute in (0, 20):
        found = run(per_minute)
        if (
            found["twice"] > found["unheard"]
            or found["lost"]
            or found["twice_unmarked"]
            or found["sent"] + found["given_up"] != MESSAGES
        ):
            raise ValueError(f"lost or doubled: {found}")
        against = (
            f"{found['twice']:.0f} came twice and said so, after attempts without an answer at {found['unheard']:.0f}; "
            f"{found['given_up']:.0f} given up"
        )
        note = f"{MESSAGES} messages, {found['attempts']:.0f} attempts, limit {per_minute} a minute, seed {SEED}"
        name = f"notification_lost_limit_{per_minute}"
        made.append(Row(name=name, value=found["lost"], unit="messages", against=against, ratio=None, note=note))
    return made


def _unheard(engine: sa.Engine) -> int:
    """Messages in attempts whose end nobody knows."""
    table = delivery_tables.attempt
    query = sa.select(sa.func.sum(table.c.messages)).where(table.c.outcome == "unknown")
    with engine.connect() as connection:
        return int(connection.execute(query).scalar() or 0)


def _robot(base: str) -> DingTalk:
    return DingTalk(token="t", secret="s", base=base, line=_LINE)


def _mail(port: int) -> Mail:
    return Mail(host="127.0.0.1", port=port, security="none", sender="tg@city.example", line=_LINE)


def _letter(raw: bytes) -> str:
    body = message_from_bytes(raw.removesuffix(b".\r\n"), policy=default).get_body(("plain",))
    return "" if body is None else str(body.get_content())
