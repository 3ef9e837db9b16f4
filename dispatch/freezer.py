"""Freezing evidence: what is begun in the transaction that opens an alarm is completed here, soon after and once.

A record is begun with its context (the rule in force, the place, the calendar), gathered before the transaction. The
samples follow, and what the rule read of parents and groups, whose readings have to be asked for: those before the
opening at once, so that a page shows them, and all of them when the time after it has passed. Then the record is closed
and nothing changes it any more: neither late readings nor a changed rule.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from core.cases import RuleInfo
from core.errors import Unavailable
from core.evidence import Samples, pack, with_around
from core.ports.evidence import AroundRequest, FrozenSource, SampleRequest
from dispatch import tables
from dispatch.database import reading, writing
from dispatch.policy import Policy
from dispatch.worktime import HOUR_MS, MINUTE_MS

logger = logging.getLogger(__name__)

_AT_ONCE = 100
"""Records in one round: a flood is worked off without holding the store or the database."""
_SETTLE_MS = MINUTE_MS // 2
"""So long after the window's end its last readings may still be on their way."""
_PRUNE_EVERY_MS = HOUR_MS


class Freezer:
    """Completes records; one owner at a time."""

    def __init__(
        self,
        engine: sa.Engine,
        source: FrozenSource,
        rules: Callable[[str], RuleInfo | None],
        policy: Policy | None = None,
    ) -> None:
        """Write to ``engine`` what ``source`` has; ``rules`` says which measurements come first."""
        self._engine = engine
        self._source = source
        self._rules = rules
        self._policy = policy or Policy()
        self._pruned_ms = -_PRUNE_EVERY_MS

    def step(self, now_ms: int) -> int:
        """Take what is due; the number of records that were worked on.

        Raises:
            Unavailable: if database or store do not answer; what is due stays due.
        """
        due = self._due(now_ms)
        if due:
            taken = self._source.samples([self._request(row) for row in due])
            around = self._source.around(
                [AroundRequest(rule_id=row.rule_id, facility=row.facility, at_ms=row.at_ms) for row in due]
            )
            contexts = [row.context or self._source.context(row.rule_id, row.facility, row.at_ms) for row in due]
            self._keep(due, taken, list(map(with_around, contexts, around)), now_ms)
        if now_ms - self._pruned_ms >= _PRUNE_EVERY_MS:
            self._pruned_ms = now_ms
            self._prune(now_ms)
        return len(due)

    def _due(self, now_ms: int) -> Sequence[Any]:
        record, alarm = tables.record, tables.alarm
        query = (
            sa.select(record, alarm.c.rule_id, alarm.c.facility)
            .join(alarm, alarm.c.alarm_id == record.c.alarm_id)
            .where(record.c.due_ms <= now_ms)
            .order_by(record.c.due_ms, record.c.from_ms)
            .limit(_AT_ONCE)
        )
        with reading(self._engine) as connection:
            return connection.execute(query).all()

    def _request(self, row: Any) -> SampleRequest:
        info = self._rules(row.rule_id)
        keys = info.measurements if info is not None else ()
        above = info.elsewhere if info is not None else ()
        return SampleRequest(
            facility=row.facility,
            keys=keys,
            from_ms=row.from_ms,
            to_ms=row.to_ms,
            of_parent=tuple(sorted({key for one in above if one.parent for key in one.keys})),
        )

    def _keep(
        self, due: Sequence[Any], taken: Sequence[tuple[Samples, ...]], contexts: Sequence[str], now_ms: int
    ) -> None:
        table = tables.record
        with writing(self._engine) as connection:
            for row, series, context in zip(due, taken, contexts, strict=True):
                complete = now_ms >= row.to_ms + _SETTLE_MS
                values: dict[str, object] = {
                    "samples": pack(series),
                    "context": context,
                    "frozen_ms": now_ms if complete else None,
                    "due_ms": None if complete else row.to_ms + _SETTLE_MS,
                }
                # What is frozen stays as it is, whoever came between.
                where = (table.c.alarm_id == row.alarm_id, table.c.occasion == row.occasion)
                connection.execute(sa.update(table).where(*where, table.c.frozen_ms.is_(None)).values(**values))

    def _prune(self, now_ms: int) -> None:
        """Give up the samples of old alarms that made no case; with a case they stay as long as it does."""
        table, alarm = tables.record, tables.alarm
        without = sa.select(alarm.c.alarm_id).where(alarm.c.case.is_(None))
        old = (table.c.made_ms < now_ms - self._policy.evidence_kept_ms, table.c.frozen_ms.is_not(None))
        query = sa.select(table.c.alarm_id).where(*old, table.c.samples.is_not(None), table.c.alarm_id.in_(without))
        with reading(self._engine) as connection:
            found = list(connection.execute(query.limit(500)).scalars())
        if not found:
            return
        with writing(self._engine) as connection:
            gone = sa.update(table).where(table.c.alarm_id.in_(found), *old, table.c.alarm_id.in_(without))
            connection.execute(gone.values(samples=None))


def context_of(source: FrozenSource | None, rule_id: str, facility: int, at_ms: int) -> str:
    """The context of an alarm that is about to be recorded; empty if it cannot be had now: it is taken up later."""
    if source is None:
        return ""
    try:
        return source.context(rule_id, facility, at_ms)
    except Unavailable:
        logger.warning("evidence without its context for now", extra={"rule": rule_id, "facility": facility})
        return ""
