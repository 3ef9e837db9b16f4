"""The report on the alarms themselves: the journal's measures, and the deadbands that readings suggest."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np

from api.ports import RuleDirectory, RuleLimit
from core.errors import Refused, Unavailable
from core.ports.closure import FalseAlarms
from core.ports.performance import Actor, Annunciations, Deadband, Performance, Source
from core.ports.registry import Point, RegistryQueries
from core.quality import QualityClass
from core.readings import Int32s, Readings
from core.units import convert
from dispatch.deadbands import deadband
from dispatch.performance import DAY_MS, hold_of, measure, of_source, wait_of
from dispatch.performance_queries import SqlPerformanceQueries
from dispatch.policy import Policy
from dispatch.review_queries import SqlReviewQueries

log = logging.getLogger(__name__)

MOST_LOOKED_AT = 10
"""For so many of the worst sources the readings are looked at, over the last day on which each was heard."""


class Reads(Protocol):
    """The one thing that is asked of the store."""

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Reports:
    """Makes the report from journal, registry, rules and store.

    Attributes:
        journal: where annunciations come from.
        reports: what those found who went there.
        registry: points and classes.
        rules: limits.
        store: where readings come from.
        policy: the bounds for one worker, and the clock by which days are counted.
    """

    journal: SqlPerformanceQueries
    reports: SqlReviewQueries
    registry: RegistryQueries
    rules: RuleDirectory
    store: Reads
    policy: Policy

    def report(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Performance:
        """The measures of a span, with what the worst sources' readings suggest where the store answers."""
        found = self.journal.annunciations(from_ms, to_ms, communities)
        people = len(np.unique(found.task_owner))
        made = measure(
            found,
            zone_ms=self._zone_ms(from_ms),
            most_a_day=self.policy.most_a_day,
            most_an_hour=self.policy.most_an_hour,
            positions=max(people, 1),
        )
        return replace(made, chattering=self._with_deadbands(found, made.chattering))

    def false_alarms(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None
    ) -> Sequence[FalseAlarms]:
        """Rules that were wrong, with what the readings of their worst facility suggest."""
        rows = self.reports.false_alarms(from_ms, to_ms, communities)
        if not rows:
            return rows
        found = self.journal.annunciations(from_ms, to_ms, communities)
        known = {(source.rule_id, source.facility): source for source in found.sources}
        advised = [self._advised(found, known, row) for row in rows[:MOST_LOOKED_AT]]
        return [*advised, *rows[MOST_LOOKED_AT:]]

    def _advised(self, found: Annunciations, known: Mapping[tuple[str, int], Source], row: FalseAlarms) -> FalseAlarms:
        source = known.get((row.rule_id, next(iter(row.facilities))))
        if source is None:
            return row
        at_ms, stop_ms = of_source(found, source)
        return replace(
            row,
            hold=hold_of(at_ms, stop_ms),
            wait=wait_of(at_ms, stop_ms),
            deadband=self._deadband(found, source),
        )

    def _zone_ms(self, at_ms: int) -> int:
        offset = datetime.fromtimestamp(at_ms / 1000, self.policy.calendar.zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds() * 1000)

    def _with_deadbands(self, found: Annunciations, actors: Sequence[Actor]) -> tuple[Actor, ...]:
        looked_at = actors[:MOST_LOOKED_AT]
        return (
            *(replace(actor, deadband=self._deadband(found, actor.source)) for actor in looked_at),
            *actors[len(looked_at) :],
        )

    def _deadband(self, found: Annunciations, source: Source) -> Deadband | None:
        """What a source's readings suggest; ``None`` where its rule has no single limit, or nothing is kept."""
        detail = self.registry.facility(source.facility)
        if detail is None:
            return None
        limits = [limit for limit in self.rules.limits(detail.facility.class_id) if limit.rule_id == source.rule_id]
        points = {point.key: point for point in detail.points}
        if len(limits) != 1 or limits[0].only_with or limits[0].measurement not in points:
            return None
        try:
            return self._from_readings(found, source, limits[0], points[limits[0].measurement])
        except (Unavailable, Refused) as error:
            log.info("no readings for a deadband", extra={"rule": source.rule_id, "why": str(error)})
            return None

    def _from_readings(self, found: Annunciations, source: Source, limit: RuleLimit, point: Point) -> Deadband | None:
        at_ms, stop_ms = of_source(found, source)
        last = at_ms > at_ms[-1] - DAY_MS
        at_ms, stop_ms = at_ms[last], stop_ms[last]
        read = self.store.read(np.array([point.number], np.int32), int(at_ms[0]), int(at_ms[-1]) + 1)
        good = read.quality >> 6 == QualityClass.GOOD
        return deadband(
            time_ms=read.time_ms,
            value=np.where(good, read.value, np.nan),
            limit=convert(limit.value, limit.unit, point.unit),
            above=limit.kind == "high",
            at_ms=at_ms,
            stop_ms=stop_ms,
            measurement=point.key,
            unit=point.unit,
        )
