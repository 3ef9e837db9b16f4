"""The alarm journal: ``core.ports.journal.AlarmJournal`` over SQL.

One batch of changes is one transaction: alarms, cases, tasks, notifications and the change feed alter together or not
at all, wherever the process dies. Applying a batch again alters nothing (see ``dispatch.alarmwork``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmKind, AnnouncedAlarm, ChangeKind, Interval, Severity
from core.errors import Unavailable
from core.ports.cases import EvidenceSource, EvidenceValue
from core.ports.evidence import FrozenSource
from core.ports.registry import RosterSource
from dispatch import tables
from dispatch.alarmwork import AlarmWork, RuleLookup, info_of
from dispatch.batchwork import first_portion, record_all
from dispatch.database import reading, writing
from dispatch.freezer import context_of
from dispatch.levelwork import pieces_of, steps_of
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.taskwork import SourceOnce
from dispatch.ticking import Rounds
from dispatch.worktime import MINUTE_MS

logger = logging.getLogger(__name__)

_SEEK_EVERY_MS = 5 * MINUTE_MS
_TOGETHER = 500
"""Changes that are looked at together: how many facilities make a storm is counted among them, written or not."""
_MOST_OPENINGS = 170
"""Alarms that open in one transaction, which may each have a case of their own: so long people's actions wait
(``bench queue``, ``storm_ungathered_…_longest_s``)."""
_SHOWN = frozenset({ChangeKind.OPENED, ChangeKind.SPLIT})


class SqlJournal:
    """The journal; safe to use from several threads, meant for one process."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rules: RuleLookup,
        source: RosterSource,
        policy: Policy | None = None,
        evidence: EvidenceSource | None = None,
        frozen: FrozenSource | None = None,
    ) -> None:
        """Write to ``engine``.

        Args:
            engine: prepared by ``dispatch.database.prepare``; the tables exist.
            rules: what is known of a rule; ``None`` for one that has left the rule set.
            source: the registry, for places and people.
            policy: the city's numbers.
            evidence: where the values at the opening of an alarm come from.
            frozen: where the rule, the place and the calendar at its opening come from.
        """
        self._engine = engine
        self._rules = rules
        self._source = source
        self._policy = policy or Policy()
        self._evidence = evidence
        self._frozen = frozen
        self._sought = (-1, 0)

    def announced(self, since_ms: int) -> Sequence[AnnouncedAlarm]:
        """Alarms that are on, or were on at or after ``since_ms`` (event time); retracted and merged ones excluded."""
        table = tables.alarm
        query = (
            sa.select(table, tables.fold.c.element)
            .outerjoin(tables.fold)
            .where(
                ~table.c.retracted,
                table.c.kind != AlarmKind.TEST.value,
                table.c.merged_into == "",
                sa.or_(table.c.stop_ms.is_(None), table.c.stop_ms >= since_ms),
            )
        )
        with reading(self._engine) as connection:
            return [_announced(row) for row in connection.execute(query.order_by(table.c.start_ms, table.c.alarm_id))]

    def apply(self, changes: Sequence[AlarmChange], now_ms: int) -> None:
        """Record changes in order and let cases, tasks and notifications follow.

        A flood is several transactions, so that people's actions come in between.

        Raises:
            core.errors.Unavailable: if the database does not answer; what was not recorded then is recorded when the
                same changes are applied again.
        """
        for together in in_parts(changes, _TOGETHER):
            self._apply(together, now_ms)

    def _apply(self, changes: Sequence[AlarmChange], now_ms: int) -> None:
        evidence, contexts = self._gathered(changes), self._contexts(changes)
        source = SourceOnce(self._source)
        fresh: Sequence[AlarmChange] | None = None
        left: Sequence[AlarmChange] = ()
        while fresh is None or left:
            with writing(self._engine) as connection:
                work = self._work(connection, source, now_ms)
                if fresh is None:
                    fresh = left = work.unapplied(changes)
                portion, left = first_portion(left, _MOST_OPENINGS)
                work.storms.expect(fresh)
                record_all(work, connection, self._policy, now_ms, portion, evidence, contexts)
                work.settle()
                work.ledger.flush()

    def tick(self, now_ms: int) -> None:
        """Let time pass: deadlines, escalation, low alarms that have lasted, flags that end, posts that changed."""
        source = SourceOnce(self._source)
        rounds = Rounds(self._policy, source.roster(), now_ms, seek_owners=self._seek_owners(source, now_ms))
        with reading(self._engine) as connection:
            if not rounds.anything_due(connection):
                return
        with writing(self._engine) as connection:
            work = self._work(connection, source, now_ms)
            rounds.run(connection, work)
            work.ledger.flush()

    def _work(self, connection: sa.Connection, source: RosterSource, now_ms: int) -> AlarmWork:
        return AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)

    def _seek_owners(self, source: RosterSource, now_ms: int) -> bool:
        """Whether tasks without an owner are tried again: when the roster has changed, and every five minutes."""
        version, tried_ms = self._sought
        if source.roster().version == version and 0 <= now_ms - tried_ms < _SEEK_EVERY_MS:
            return False
        self._sought = (source.roster().version, now_ms)
        return True

    def _gathered(self, changes: Sequence[AlarmChange]) -> dict[str, Sequence[EvidenceValue]]:
        """Evidence is read before the transaction, so that no lock waits for it."""
        if self._evidence is None:
            return {}
        found: dict[str, Sequence[EvidenceValue]] = {}
        for change in changes:
            if change.kind in _SHOWN and change.severity > Severity.INFO:
                keys = info_of(self._rules, change.rule_id, change.severity).measurements
                try:
                    values = self._evidence.evidence(change.facility, change.interval.start_ms, keys)
                except Unavailable:
                    logger.warning(
                        "no evidence for an alarm: the store does not answer", extra={"alarm": change.alarm_id}
                    )
                    return found
                found[change.alarm_id] = values
        return found

    def _contexts(self, changes: Sequence[AlarmChange]) -> dict[str, str]:
        """What is frozen beside the values; a context that cannot be had now is taken up by the freezer."""
        shown = [change for change in changes if change.kind in _SHOWN and change.severity > Severity.INFO]
        return {
            change.alarm_id: context_of(self._frozen, change.rule_id, change.facility, change.interval.start_ms)
            for change in shown
        }


def _announced(row: Any) -> AnnouncedAlarm:
    return AnnouncedAlarm(
        alarm_id=row.alarm_id,
        rule_id=row.rule_id,
        facility=row.facility,
        element=row.element or "",
        interval=Interval(
            start_ms=row.start_ms,
            stop_ms=row.stop_ms,
            since_ms=row.since_ms,
            steps=steps_of(row.steps),
            flaps=row.flaps,
            pieces=pieces_of(row.pieces),
        ),
        severity=Severity(row.severity),
    )
