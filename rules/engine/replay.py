"""Rules over the past: the engine's own plane, fed from the store in order, without anything that late data need.

No saved states, no memory of readings, no second look: the store gives whole stretches of time, sorted, so nothing is
ever late. What is the same as in the running engine is everything that decides: layout, cells, windows, conditions,
machines, intervals. ``tests/unit/rules/test_replay.py`` compares the two on random rules and readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.alarms import Interval
from core.places import ClassMembers
from core.readings import Int32s, Readings
from rules.engine.history import PointLookup
from rules.engine.intervals import IntervalBook
from rules.engine.lanes import replay_window
from rules.engine.layout import build
from rules.engine.plane import Plane
from rules.engine.rows import Ranked
from rules.engine.sieve import OrderedCells, Sieve
from rules.rule_set import Rule, RuleSet


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundAlarm:
    """An alarm as the rules would have raised it; ``interval.stop_ms`` is ``None`` where it is on at the end."""

    rule: Rule
    facility: int
    interval: Interval


class Replay:
    """Judges stretches of the past one after the other."""

    def __init__(self, rules: RuleSet, members: Mapping[str, ClassMembers]) -> None:
        """Begin before every reading.

        Raises:
            Refused: if a point belongs to two measurements, or its unit cannot be converted.
        """
        self.layout = build(rules, members)
        self._plane = Plane(self.layout, OrderedCells(self.layout))
        self._plane.windows = [[replay_window(plan, one.size) for plan in one.windows] for one in self.layout.classes]
        self._sieve = Sieve(self.layout, self._plane.cells, PointLookup(self.layout))  # type: ignore[arg-type]
        self._book = IntervalBook()
        self.readings = 0

    @property
    def points(self) -> Int32s:
        """The points that any rule reads, ascending."""
        return np.unique(self.layout.point[self.layout.point >= 0])

    def take(self, batch: Readings) -> None:
        """Take in readings of some points in the stretch that is open.

        Args:
            batch: sorted by (point, time), one per point and millisecond, later than the last ``close``; each point in
                one batch at most until the next ``close``.
        """
        self.readings += self._sieve.take(batch)

    def close(self, until_ms: int) -> None:
        """Judge everything up to and with ``until_ms``; later batches are later than that."""
        rows = self._sieve.hand_over()
        self._plane.step(Ranked.alone(rows) if len(rows.cell) else None, until_ms)
        self._book.record(self._plane.take_switches())

    def alarms(self) -> Iterator[FoundAlarm]:
        """All alarms up to the last ``close``, by rule and facility."""
        for one in self.layout.classes:
            for number, plan in enumerate(one.rules):
                machines = one.machines(number)
                for row in range(one.size):
                    for interval in self._book.of(machines.start + row):
                        facility = int(self.layout.facility[one.facility0 + row])
                        yield FoundAlarm(rule=plan.rule, facility=facility, interval=interval)
