"""Drills inside a transaction: what a test alarm says, whose rules it is routed by, and how its case ends.

A drill goes the way of a real alarm of its rule, to the same people, and differs where it must: no limits, no
escalation, no weight in anybody's load, one message in the app, and an end of its own, whoever was there or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from core.alarms import AlarmEvent, AlarmKind, AlarmState, Severity
from core.cases import RuleInfo
from core.places import Grid, Text
from core.ports.feed import FeedKind
from dispatch import tables
from dispatch.ledger import Ledger

PREFIX: Final = "test:"
"""Before the id of the rule whose way a test alarm goes; no rule of a rule set has a colon in its id."""
FAMILY: Final = "test:drill"
CHANNELS: Final = ("app",)
UNCONFIRMED: Final = "test-unconfirmed"
"""Why a test case was cancelled that nobody confirmed in time."""
SAY: Final = Text(
    zh="【演练 TEST】测试告警，设备没有故障，请确认收到",
    en="[TEST 演练] Test alarm, nothing is wrong, please confirm that it arrived",
)
DO: Final = (
    Text(zh="这是技术员在现场发起的演练：无需到场", en="A technician on site tests the way of alarms: do not go there"),
    Text(zh="点“确认收到”，现场会看到", en="Press “Received”; the technician sees it"),
)


def drill_info(rules: Callable[[str], RuleInfo | None], rule_id: str) -> RuleInfo:
    """What dispatch must know of a test alarm: routed as the rule behind its prefix, said as what it is.

    ``severity`` is the real rule's, by which people are found; the alarm itself is of the lowest.
    """
    real = rules(rule_id.removeprefix(PREFIX))
    base = real or RuleInfo(
        rule_id=rule_id,
        family=FAMILY,
        severity=Severity.MEDIUM,
        lead=Grid.CONSTRUCTION,
        support=Grid.GOVERNANCE,
        say=SAY,
    )
    return replace(base, rule_id=rule_id, family=FAMILY, say=SAY, do=DO, deadline=None, latching=False)


def is_drill(alarm: Any) -> bool:
    """Whether an alarm row is a test alarm."""
    return bool(alarm.kind == AlarmKind.TEST.value)


def end_alarms(connection: sa.Connection, ledger: Ledger, case: int, now_ms: int) -> None:
    """The case of a drill has ended, so its test alarms are over."""
    table = tables.alarm
    for row in connection.execute(sa.select(table).where(table.c.case == case, table.c.active)).all():
        over = {"active": False, "stop_ms": max(now_ms, row.start_ms + 1), "state": AlarmState.NORMAL.value}
        query = sa.update(table).where(table.c.alarm_id == row.alarm_id).values(over).returning(table)
        after = connection.execute(query).one()
        ledger.note_alarm(after, before=row, change=None, event=AlarmEvent.CLEAR.value)
        ledger.tell(
            FeedKind.ALARM,
            after.alarm_id,
            AlarmEvent.CLEAR.value,
            community=after.community,
            facility=after.facility,
            severity=after.severity,
        )
