"""Is everything here that a gateway read in a stretch of time? What is missing, where is it, and will it come?

Two witnesses answer: the gap records in the store, which say what was given up for good, and what the gateway last
said of its spool, which holds what has not arrived yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.ports.nodes import NodeStatus
from core.ports.store import GapRecord
from core.sparkplug.commit import GapReason
from core.sparkplug.topics import NodeId

WAITING = "Health/Spool readings"
OLDEST = "Health/Spool oldest ms"
HELD = "Health/Spool held readings"


class Verdict(StrEnum):
    """What can be said of a stretch of time."""

    COMPLETE = "complete"
    IN_GATEWAY = "in_gateway"
    """Readings wait in the gateway and will come."""
    LOST = "lost"
    """Readings were given up, and their gap records are here; all others have arrived."""
    UNKNOWN = "unknown"
    """The gateway has not been heard since, or never: it may hold readings of that time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Completeness:
    """The ledger of one gateway for one stretch of time.

    Attributes:
        verdict: what can be said; readings that may still come outweigh those that are lost.
        waiting: readings of any time that wait in the gateway, as it last said; among them some of this stretch if the
            verdict is ``in_gateway``.
        oldest_ms: event time of the oldest of them; 0 if none is dated.
        held: readings that wait for the gateway's clock to be set: their time is not known yet.
        lost: readings given up, by reason; a gap record that touches the stretch counts whole.
        undated: readings given up at a time that nobody knows any more, by reason.
        records: the gap records that were counted, the latest first; those of an unknown time stand last.
        seen_ms: when the gateway was last heard; 0 if never.
    """

    verdict: Verdict
    waiting: int
    oldest_ms: int
    held: int
    lost: Mapping[GapReason, int]
    undated: Mapping[GapReason, int]
    records: Sequence[GapRecord]
    seen_ms: int


def completeness(
    node: NodeId, from_ms: int, to_ms: int, gaps: Iterable[GapRecord], status: NodeStatus | None
) -> Completeness:
    """The ledger of a gateway.

    Args:
        node: the gateway.
        from_ms: begin of the stretch, event time.
        to_ms: its end.
        gaps: gap records of the store, of any node and time.
        status: what the host knows of the gateway now; None if it was never heard.
    """
    lost: Counter[GapReason] = Counter()
    undated: Counter[GapReason] = Counter()
    records: list[GapRecord] = []
    for record in gaps:
        if record.node != node:
            continue
        if record.gap.to_ms <= 0:
            undated[record.gap.reason] += len(record.span)
            records.append(record)
        elif record.gap.from_ms < to_ms and record.gap.to_ms >= from_ms:
            lost[record.gap.reason] += len(record.span)
            records.append(record)
    health = status.health if status else {}
    waiting, oldest_ms, held = (int(health.get(name, 0)) for name in (WAITING, OLDEST, HELD))
    seen_ms = status.seen_ms if status else 0
    return Completeness(
        verdict=_verdict(to_ms, status, oldest_ms, held, bool(lost)),
        waiting=waiting,
        oldest_ms=oldest_ms,
        held=held,
        lost=lost,
        undated=undated,
        records=sorted(records, key=_latest_first),
        seen_ms=seen_ms,
    )


def _latest_first(record: GapRecord) -> tuple[int, int, int]:
    return -record.gap.to_ms, -record.epoch, -record.span.first


def _verdict(to_ms: int, status: NodeStatus | None, oldest_ms: int, held: int, lost: bool) -> Verdict:
    if status is None or not status.seen_ms:
        return Verdict.UNKNOWN
    if held or 0 < oldest_ms < to_ms:
        return Verdict.IN_GATEWAY
    if not status.online and status.seen_ms < to_ms:
        return Verdict.UNKNOWN
    return Verdict.LOST if lost else Verdict.COMPLETE
