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
from dispatch.observables import Groups, Part
from dispatch.observation import sight
from dispatch.policy import Policy
from dispatch.taskwork import SourceOnce
from dispatch.watchwork import parts_of

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
        self._sorted = Groups({})

    def step(self, now_ms: int) -> int:
        """Look at what is due; how many observations were looked at.

        Raises:
            core.errors.Unavailable: if database or store do not answer; what is due stays due.
        """
        due = self._due(now_ms)
        if not due:
            return 0
        asked = [(row, at, part) for row, pairs in due for at, parts in enumerate(pairs) for part in parts]
        taken = self._readings.samples([self._request(row, part, now_ms) for row, _, part in asked])
        found: dict[int, list[list[Samples]]] = {row.number: [[] for _ in pairs] for row, pairs in due}
        for (row, at, part), series in zip(asked, taken, strict=True):
            found[row.number][at] += [one for one in series if part.takes(one.key)]
        self._keep([row for row, _ in due], found, now_ms)
        return len(due)

    def _due(self, now_ms: int) -> list[tuple[Any, list[list[Part]]]]:
        """The observations, with the parts of each rule at each facility; none where a person must look by now."""
        table = closure_tables.watch
        query = sa.select(table).where(table.c.look_ms <= now_ms).order_by(table.c.look_ms).limit(_AT_ONCE)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
            groups = self._groups() if rows else Groups({})
            return [(row, parts_of(connection, row.case, self._rules, groups) or []) for row in rows]

    def _groups(self) -> Groups:
        """Who has what in common, sorted once for each roster."""
        places = self._source.roster().places
        if self._sorted.places is not places:
            self._sorted = Groups(places)
        return self._sorted

    def _request(self, row: Any, part: Part, now_ms: int) -> SampleRequest:
        to_ms = max(now_ms, row.seen_ms + 1)
        return SampleRequest(facility=part.facility, keys=part.keys, from_ms=row.seen_ms, to_ms=to_ms, whole=True)

    def _keep(self, due: Sequence[Any], found: Mapping[int, list[list[Samples]]], now_ms: int) -> None:
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
