"""What can be said of a stretch of time, from gap records and from what the gateway last said."""

from __future__ import annotations

import pytest

from core.completeness import HELD, OLDEST, WAITING, Verdict, completeness
from core.offsets import OffsetRange
from core.ports.nodes import NodeStatus
from core.ports.store import GapRecord
from core.sparkplug.commit import Gap, GapReason
from core.sparkplug.topics import NodeId

NODE, OTHER = NodeId("g", "gw1"), NodeId("g", "gw2")
NOON = 1_780_000_000_000
HOUR = 3_600_000


def status(*, online: bool = True, seen_ms: int = NOON + 2 * HOUR, **health: float) -> NodeStatus:
    names = {"waiting": WAITING, "oldest_ms": OLDEST, "held": HELD}
    return NodeStatus(
        node=NODE,
        online=online,
        since_ms=0,
        seen_ms=seen_ms,
        health={names[key]: value for key, value in health.items()},
    )


def gap(count: int, from_ms: int, to_ms: int, reason: GapReason, node: NodeId = NODE) -> GapRecord:
    return GapRecord(
        node=node, epoch=1, span=OffsetRange(0, count), gap=Gap(reason=reason, from_ms=from_ms, to_ms=to_ms)
    )


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (None, Verdict.UNKNOWN),
        (status(seen_ms=0), Verdict.UNKNOWN),
        (status(), Verdict.COMPLETE),
        (status(waiting=5, oldest_ms=NOON + 2 * HOUR), Verdict.COMPLETE),
        (status(waiting=5, oldest_ms=NOON + 1), Verdict.IN_GATEWAY),
        (status(waiting=5, oldest_ms=NOON - HOUR), Verdict.IN_GATEWAY),
        (status(waiting=5, held=5), Verdict.IN_GATEWAY),
        (status(online=False), Verdict.COMPLETE),
        (status(online=False, seen_ms=NOON + HOUR // 2), Verdict.UNKNOWN),
    ],
)
def test_the_verdict_is_the_worst_that_may_be_true(state: NodeStatus | None, verdict: Verdict) -> None:
    """Complete only if nothing older waits and the gateway was heard after the stretch."""
    assert completeness(NODE, NOON, NOON + HOUR, [], state).verdict is verdict


def test_what_was_given_up_is_counted_by_reason() -> None:
    """Records of this gateway that touch the stretch; those without a date apart; others not at all."""
    records = [
        gap(10, NOON - HOUR, NOON, GapReason.SPOOL_FULL),
        gap(20, NOON + HOUR - 1, NOON + 9 * HOUR, GapReason.SPOOL_FULL),
        gap(30, NOON + 5, NOON + 6, GapReason.THINNED),
        gap(40, NOON + HOUR, NOON + HOUR, GapReason.THINNED),
        gap(50, 0, 0, GapReason.DAMAGED),
        gap(60, NOON + 5, NOON + 6, GapReason.THINNED, OTHER),
    ]
    found = completeness(NODE, NOON, NOON + HOUR, records, status())
    assert found.lost == {GapReason.SPOOL_FULL: 30, GapReason.THINNED: 30}
    assert found.undated == {GapReason.DAMAGED: 50}
    assert found.verdict is Verdict.LOST
    assert [len(one.span) for one in found.records] == [20, 30, 10, 50]  # the latest first, undated ones last
