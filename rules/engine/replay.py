"""Rules over the past: the engine's own plane, fed from the store in order, without anything that late data need.

No saved states, no memory of readings, no second look: the store gives whole stretches of time, sorted, so nothing is
ever late. What is the same as in the running engine is everything that decides: layout, cells, conditions, machines,
intervals, groups; windows are computed stretch by stretch (``looking_back.py``), with the same results.
``tests/unit/rules/test_replay.py`` compares the two on random rules and readings.

Rules whose operands are not known here (new ones), and they alone, are judged by the running engine itself, in short
batches: slower, and right without a word here about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.alarms import AlarmChange, ChangeKind, Interval
from core.calendar import SiteCalendar
from core.places import ClassMembers
from core.readings import Int32s, Readings, concat
from rules.columns import BEGINNING_MS
from rules.damping import damp
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory, PointLookup
from rules.engine.intervals import IntervalBook
from rules.engine.layout import build
from rules.engine.levels import Levels
from rules.engine.reach import reach_of
from rules.engine.replay_plane import ReplayPlane, ReplayPools
from rules.engine.rows import Ranked, firsts
from rules.engine.sieve import OrderedCells, Sieve
from rules.expression import (
    Aged,
    Graded,
    Grouped,
    InForce,
    Measured,
    OfParent,
    OnCalendar,
    Operand,
    Windowed,
    WindowedOver,
    inner_operands,
)
from rules.rule_set import Rule, RuleSet

_SIEVED = (Measured, Windowed, WindowedOver, InForce, OnCalendar, Graded, Aged)
BATCH_MS = 60_000
_NEVER_MS = 1 << 62
"""Longer than all time: no states are saved."""
_GONE = frozenset({ChangeKind.RETRACTED, ChangeKind.MERGED})

Past = tuple[str, int, Interval]
"""Rule, facility, interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundAlarm:
    """An alarm as the rules would have raised it; ``interval.stop_ms`` is ``None`` where it is on at the end."""

    rule: Rule
    facility: int
    interval: Interval


class _Way(Protocol):
    """How a replay judges."""

    @property
    def points(self) -> Int32s: ...

    def take(self, batch: Readings) -> int: ...

    def close(self, until_ms: int) -> None: ...

    def alarms(self) -> Iterator[Past]: ...


class Replay:
    """Judges stretches of the past one after the other."""

    def __init__(
        self,
        rules: RuleSet,
        members: Mapping[str, ClassMembers],
        calendar: SiteCalendar | None = None,
        whole: Mapping[str, ClassMembers] | None = None,
        batch_ms: int = BATCH_MS,
    ) -> None:
        """Begin before every reading.

        Args:
            rules: what is judged.
            members: the facilities by class.
            calendar: of the sites, for the rules that ask for it.
            whole: all facilities, of which ``members`` are some, for the rules that reach across facilities.
            batch_ms: length of the batches that the running engine is fed; the alarms do not depend on it.

        Raises:
            Refused: if a point belongs to two measurements, or its unit cannot be converted.
        """
        self._rules = rules
        self._ways: list[_Way] = []
        for reaching, group in ((False, members), (True, members if whole is None else whole)):
            sieved, other = (
                RuleSet(
                    tuple(
                        rule for rule in rules.rules if (bool(rule.relations), _is_sieved(rule)) == (reaching, known)
                    ),
                    rules.units,
                )
                for known in (True, False)
            )
            if len(sieved):
                self._ways.append(SievedWay(sieved, group, calendar))
            if len(other):
                self._ways.append(EngineWay(other, group, calendar, batch_ms))
        if not self._ways:
            self._ways.append(SievedWay(rules, members, calendar))
        self._facilities = frozenset(number for group in members.values() for number in group.facility.tolist())
        self.readings = 0

    @property
    def points(self) -> Int32s:
        """The points that any rule reads, ascending."""
        point = np.concatenate([way.points for way in self._ways])
        return np.unique(point[point >= 0])

    def take(self, batch: Readings) -> None:
        """Take in readings of some points in the stretch that is open.

        Args:
            batch: sorted by (point, time), one per point and millisecond, later than the last ``close``; each point in
                one batch at most until the next ``close``.
        """
        self.readings += max(way.take(batch) for way in self._ways)

    def close(self, until_ms: int) -> None:
        """Judge everything up to and with ``until_ms``; later batches are later than that."""
        for way in self._ways:
            way.close(until_ms)

    def alarms(self) -> Iterator[FoundAlarm]:
        """All alarms up to the last ``close``."""
        for way in self._ways:
            for rule_id, facility, interval in way.alarms():
                if facility not in self._facilities:
                    continue
                yield FoundAlarm(rule=self._rules.by_id[rule_id], facility=facility, interval=interval)


def _is_sieved(rule: Rule) -> bool:
    return all(_is_known(operand) for operand in rule.operands)


def _is_known(operand: Operand) -> bool:
    match operand:
        case OfParent(operand=inner):
            return _is_known(inner)
        case Grouped(inner=inner):
            return all(_is_known(one) for one in inner_operands(inner))
        case _:
            return isinstance(operand, _SIEVED)


class SievedWay:
    """Whole stretches through a plane, readings sieved run by run."""

    def __init__(
        self, rules: RuleSet, members: Mapping[str, ClassMembers], calendar: SiteCalendar | None = None
    ) -> None:
        """Begin before every reading."""
        self.layout, reach = reach_of(build(rules, members, calendar), rules, members)
        cells = OrderedCells(self.layout)
        self._plane = ReplayPlane(self.layout, cells)
        self._sieve = Sieve(self.layout, cells, PointLookup(self.layout))
        self._pools = None if reach is None else ReplayPools(reach)
        self._members = np.empty(0, np.int32) if reach is None else reach.layout.point
        self._book = IntervalBook()
        self._until_ms = BEGINNING_MS

    @property
    def points(self) -> Int32s:
        """The points that are read, those of groups and parents too; -1 among them."""
        return np.concatenate([self.layout.point, self._members])

    def take(self, batch: Readings) -> int:
        """Sieve; how many a rule reads."""
        own = self._sieve.take(batch)
        return own if self._pools is None else max(own, self._pools.take(batch))

    def close(self, until_ms: int) -> None:
        """Move the plane forward."""
        self._until_ms = until_ms
        fed = None if self._pools is None else self._pools.close(until_ms)
        rows = self._sieve.hand_over()
        self._plane.step(Ranked.alone(rows) if len(rows.cell) else None, until_ms, fed_rows=fed)
        self._book.record(self._plane.take_switches())

    def alarms(self) -> Iterator[Past]:
        """From the book, by rule and facility; the levels of a rule laid over one another, what flaps damped."""
        levels = Levels(self.layout)
        heads = levels.heads(dict.fromkeys(sorted(self._book.machines()), BEGINNING_MS))
        for head in heads:
            facility = int(self.layout.facility[self.layout.machine_facility[head]])
            for interval in levels.intervals(head, self._book, BEGINNING_MS, self._damped):
                yield self._rule_of(head), facility, interval

    def _damped(self, machine: int, pieces: Sequence[Interval], from_ms: int) -> Sequence[Interval]:
        del machine, from_ms
        return damp(pieces, self._until_ms)

    def _rule_of(self, machine: int) -> str:
        one = next(one for one in self.layout.classes if machine < one.machine0 + len(one.rules) * one.size)
        return one.rules[(machine - one.machine0) // one.size].rule.id


class EngineWay:
    """The running engine, fed as if the readings came now."""

    def __init__(
        self,
        rules: RuleSet,
        members: Mapping[str, ClassMembers],
        calendar: SiteCalendar | None = None,
        batch_ms: int = BATCH_MS,
    ) -> None:
        """Begin before every reading."""
        self._batch_ms = batch_ms
        tuned = EngineSettings(grace_ms=0, meeting_ms=0, save_every_ms=_NEVER_MS, memory_readings=1)
        self._engine = Engine(rules, members, NoHistory(), tuned, calendar)
        self._parts: list[Readings] = []
        self._found: dict[str, AlarmChange] = {}
        read = self.points[self.points >= 0]
        self._reads = np.zeros(int(read.max(initial=-1)) + 2, np.bool_)
        self._reads[read] = True

    @property
    def points(self) -> Int32s:
        """The points that are read, those of groups and parents too; -1 among them."""
        pools = self._engine.pools
        own = self._engine.layout.point
        return own if pools is None else np.concatenate([own, pools.reach.layout.point])

    def take(self, batch: Readings) -> int:
        """Keep of a piece of the stretch what a rule reads; how many readings that are."""
        if len(batch):
            head = np.flatnonzero(firsts(batch.point))
            wanted = self._reads.take(batch.point[head], mode="clip") & (batch.point[head] >= 0)
            if not wanted.all():
                batch = batch.take(np.flatnonzero(np.repeat(wanted, np.diff(head, append=len(batch)))))
        if len(batch):
            self._parts.append(batch)
        return len(batch)

    def close(self, until_ms: int) -> None:
        """Feed the stretch batch by batch."""
        every = concat(self._parts)
        self._parts = []
        order = np.argsort(every.time_ms, kind="stable")
        tick = every.time_ms[order] // self._batch_ms
        for rows in np.split(order, np.flatnonzero(np.diff(tick)) + 1) if len(order) else []:
            now_ms = min((int(every.time_ms[rows[0]]) // self._batch_ms + 1) * self._batch_ms - 1, until_ms)
            self._engine.ingest(every.take(rows), now_ms)
            self._engine.advance(now_ms)
        self._engine.advance(until_ms)
        for change in self._engine.changes(until_ms):
            if change.kind in _GONE:
                self._found.pop(change.alarm_id, None)
            else:
                self._found[change.alarm_id] = change

    def alarms(self) -> Iterator[Past]:
        """What was announced in the end."""
        for change in self._found.values():
            yield change.rule_id, change.facility, change.interval
