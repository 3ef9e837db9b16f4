"""Suppression by design: ``core.flags.SuppressionBook`` over SQL.

Logic says what it wants silent; the flags stand in the database beside those of people, with their own cause, so the
logic may forget everything and say it again after a restart. Flags of another cause, and of people, are never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.flags import Cause, FlagKind, Suppression
from core.ports.registry import RosterSource
from dispatch import tables
from dispatch.alarmwork import AlarmWork, RuleLookup
from dispatch.database import reading, writing
from dispatch.policy import Policy
from dispatch.silence import lower_flag, suppress
from dispatch.taskwork import SourceOnce

_Key = tuple[int, str, str, str]


class SqlSuppression:
    """Sets and lifts flags by design; safe to use from several threads."""

    def __init__(
        self, engine: sa.Engine, *, rules: RuleLookup, source: RosterSource, policy: Policy | None = None
    ) -> None:
        """Write to ``engine``; the arguments are those of ``dispatch.journal.SqlJournal``."""
        self._engine = engine
        self._rules = rules
        self._source = source
        self._policy = policy or Policy()

    def hold(self, cause: Cause, wanted: Sequence[Suppression], now_ms: int) -> None:
        """From now on exactly ``wanted`` is suppressed for this cause; see the port."""
        keys = {_key(one) for one in wanted}
        with reading(self._engine) as connection:
            standing = {_key_of(row): row for row in _standing(connection, cause)}
        add = [one for one in wanted if _differs(standing.get(_key(one)), one)]
        if not add and standing.keys() <= keys:
            return
        self._write(cause, add, standing.keys() - keys, now_ms)

    def change(self, cause: Cause, add: Sequence[Suppression], end: Sequence[Suppression], now_ms: int) -> None:
        """``end`` falls, ``add`` stands; see the port."""
        if add or end:
            self._write(cause, add, {_key(one) for one in end} - {_key(one) for one in add}, now_ms)

    def _write(self, cause: Cause, add: Sequence[Suppression], end: set[_Key], now_ms: int) -> None:
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
            # First what is to stand, then what falls: what is covered by both is not annunciated in between.
            for one in add:
                suppress(work, cause, one, source.place(one.facility))
            for row in _standing(connection, cause):
                if _key_of(row) in end:
                    lower_flag(work, row)
            work.settle()
            work.ledger.flush()


def _standing(connection: sa.Connection, cause: Cause) -> Sequence[Any]:
    table = tables.flag
    mine = (table.c.kind == FlagKind.SUPPRESSED.value, table.c.cause == cause.value, table.c.ended_ms.is_(None))
    return connection.execute(sa.select(table).where(*mine).order_by(table.c.number)).all()


def _key(one: Suppression) -> _Key:
    return one.facility, one.rule_id, one.alarm_id, one.ref


def _key_of(row: Any) -> _Key:
    return row.facility, row.rule_id, row.alarm_id, row.ref


def _differs(row: Any, wanted: Suppression) -> bool:
    return row is None or (row.until_ms, row.reason) != (wanted.until_ms, wanted.reason[:1000])
