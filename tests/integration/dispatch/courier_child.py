"""A process that takes what waits in a database to a room, until nothing waits; ``TWINGRID_FAULT`` may kill it."""

from __future__ import annotations

import sys
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.clock import ManualClock
from core.ports.notifications import Channel
from dispatch.courier import Courier
from dispatch.database import prepare
from dispatch.outbox import Outbox
from dispatch.preferences import SqlPreferences
from dispatch.senders.robots import DingTalk
from dispatch.senders.wire import Line
from tests.unit.dispatch.hall import MONDAY_9
from tests.unit.dispatch.post_office import ZONE, People


def main(database: str, base: str, minutes: int) -> None:
    """Take everything; the clock begins so many minutes after the messages were written."""
    engine = prepare(sa.create_engine(f"sqlite:///{database}"), durable=True)
    clock = ManualClock(MONDAY_9 + minutes * 60_000)
    courier = Courier(
        Outbox(engine),
        SqlPreferences(engine),
        channels=[Channel(name="room", kind="dingtalk", sender=_robot(base))],
        routes={"app": ["room"]},
        recipients=People(),
        zone=ZoneInfo(str(ZONE)),
        link=lambda ref: "",
        clock=clock,
        threads=False,
    )
    for _ in range(5):
        courier.step()
        clock.advance(60_000)
    courier.close()
    engine.dispose()


def _robot(base: str) -> DingTalk:
    return DingTalk(token="t", base=base, line=Line(timeout_s=5, private=True))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
