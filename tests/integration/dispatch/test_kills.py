"""A real process, killed between the lines of an attempt, over a real database and a real socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.clock import ManualClock
from core.ports.notifications import Channel, Message, Outcome, Sent
from dispatch import delivery_tables, tables
from dispatch.courier import Courier
from dispatch.database import prepare
from dispatch.outbox import Outbox
from dispatch.preferences import SqlPreferences
from tests.architecture.sources import ROOT
from tests.integration.dispatch.stubs import HttpStub, Reply, http_stub
from tests.unit.dispatch.hall import MONDAY_9
from tests.unit.dispatch.post_office import ZONE, People, PostOffice, Script

MESSAGES = 4


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    """Messages in a file that outlives a process."""
    engine = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'post.sqlite'}"), durable=True)
    delivery_tables.metadata.create_all(engine)
    made = PostOffice(engine=engine, clock=ManualClock(MONDAY_9), channels=[], routes={})
    for number in range(MESSAGES):
        made.tell(number)
    yield made
    engine.dispose()


def _run(office: PostOffice, stub: HttpStub, fault: str, minutes: int) -> int:
    child = str(ROOT / "tests" / "integration" / "dispatch" / "courier_child.py")
    arguments = [sys.executable, child, str(office.engine.url.database), stub.base, str(minutes)]
    environment = {**os.environ, "TWINGRID_FAULT": fault, "PYTHONPATH": str(ROOT)}
    if not fault:
        del environment["TWINGRID_FAULT"]
    return subprocess.run(arguments, env=environment, cwd=ROOT, timeout=60, check=False).returncode


@pytest.mark.parametrize("attempt", [1, 3])
@pytest.mark.parametrize(("point", "copies"), [("notification.begun", 1), ("notification.sent", 2)])
def test_a_process_that_dies_in_an_attempt_loses_nothing(
    office: PostOffice, attempt: int, point: str, copies: int
) -> None:
    """Killed before sending: once. Killed after it: that one twice, the second copy marked; all others once."""
    with http_stub(Reply(body={"errcode": 0})) as stub:
        assert _run(office, stub, f"{point}:{attempt}:kill", 0) == -signal.SIGKILL
        assert office.states()["sending"] == 1
        assert _run(office, stub, "", 10) == 0
        texts = [body["markdown"]["text"] for body in stub.bodies()]
    assert office.states() == {"sent": MESSAGES}
    told = Counter(number for number in range(MESSAGES) for text in texts if f"事 {number}" in text)
    assert sorted(told.values()) == sorted([1] * (MESSAGES - 1) + [copies])
    marked = [text for text in texts if "可能重复" in text]
    assert len(marked) == 1  # whoever was under way: nobody knows whether it had arrived


def test_a_channel_that_hangs_holds_no_other(office: PostOffice) -> None:
    """One lane a channel: while one stands still, another takes what is its own; both end when they are told to."""
    reached, go = threading.Event(), threading.Event()

    class Hanging(Script):
        """Stands still until it may go on."""

        def send(self, message: Message, now_ms: int) -> Sent:
            reached.set()
            go.wait(20)
            return Sent(outcome=Outcome.ACCEPTED)

    mail = Script("mail")
    with office.engine.begin() as connection:
        sms = tables.outbox.c.key.like("%/3/1")
        connection.execute(sa.update(tables.outbox).where(sms).values(channel="sms"))
    courier = Courier(
        Outbox(office.engine),
        SqlPreferences(office.engine),
        channels=[
            Channel(name="room", kind="x", sender=Hanging("room")),
            Channel(name="mail", kind="x", sender=mail),
        ],
        routes={"app": ["room"], "sms": ["mail"]},
        recipients=People(),
        zone=ZONE,
        link=lambda ref: "",
        clock=office.clock,
    )
    courier.step()
    assert reached.wait(20)
    for _ in range(200):
        courier.step()
        if mail.taken:
            break
        threading.Event().wait(0.05)
    assert len(mail.taken) == 1
    go.set()
    courier.close()
    assert office.states()["sending"] == 0
