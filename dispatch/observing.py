"""Looks at the readings of everything that is observed after a repair, and lets follow what does.

The readings are read before the transaction, so that no lock waits for the store. Each look goes on where the last one
ended; what a gateway delivers late is seen by the next look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.cases import RuleInfo
from core.evidence import Samples
from core.ports.evidence import FrozenSource, SampleRequest
from core.ports.registry import RosterSource
from dispatch import closure_tables
from dispatch.alarmwork import AlarmWork
from dispatch.database import reading, writing
from dispatch.observation import sight
from dispatch.policy import Policy
from dispatch.taskwork import SourceOnce
from dispatch.watchwork import Pair, pairs_of

_AT_ONCE = 20
"""Observations in one round."""


class Observer:
    """Looks at observations; one owner at a time."""

    def __init__(
        self,
        engine: sa.Engine,
        readings: FrozenSource,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        policy: Policy | None = None,
    ) -> None:
        """Write to ``engine`` what ``readings`` show; ``rules`` says what is read."""
        self._engine = engine
        self._readings = readings
        self._rules = rules
        self._source = source
        self._policy = policy or Policy()

    def step(self, now_ms: int) -> int:
        """Look at what is due; how many observations were looked at.

        Raises:
            core.errors.Unavailable: if database or store do not answer; what is due stays due.
        """
        due = self._due(now_ms)
        if not due:
            return 0
        requests = [(row, self._request(row, pair, now_ms)) for row, pairs in due for pair in pairs]
        taken = self._readings.samples([request for _, request in requests])
        found: dict[int, list[tuple[Samples, ...]]] = {row.number: [] for row, _ in due}
        for (row, request), series in zip(requests, taken, strict=True):
            found[row.number].append(tuple(one for one in series if one.key in request.keys))
        self._keep([row for row, _ in due], found, now_ms)
        return len(due)

    def _due(self, now_ms: int) -> list[tuple[Any, list[Pair]]]:
        table = closure_tables.watch
        query = sa.select(table).where(table.c.look_ms <= now_ms).order_by(table.c.look_ms).limit(_AT_ONCE)
        with reading(self._engine) as connection:
            return [(row, pairs_of(connection, row.case)) for row in connection.execute(query).all()]

    def _request(self, row: Any, pair: Pair, now_ms: int) -> SampleRequest:
        info = self._rules(pair.rule_id)
        keys = info.measurements if info is not None else ()
        return SampleRequest(facility=pair.facility, keys=keys, from_ms=row.seen_ms, to_ms=max(now_ms, row.seen_ms + 1))

    def _keep(self, due: Sequence[Any], found: Mapping[int, list[tuple[Samples, ...]]], now_ms: int) -> None:
        source = SourceOnce(self._source)
        for row in due:
            with writing(self._engine) as connection:
                work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
                series = found[row.number]
                if not series or not all(series):
                    work.watches.blind(row.number)
                else:
                    together = [one for part in series for one in part]
                    end_ms = max(now_ms, row.seen_ms)
                    work.watches.look(row.number, sight(together, row.seen_ms, end_ms, begun=row.from_ms is not None))
                work.ledger.flush()
