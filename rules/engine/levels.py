"""Levels: several machines that make one alarm (``docs/alarms.md`` section 3).

A level is judged like any rule, by a machine of its own; here the intervals of a rule's levels are laid over one
another. The machine of the first level stands for the rule: under its number the alarms of the rule are announced.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from core.alarms import AnnouncedAlarm, Interval, Severity, SeverityStep
from rules.columns import BEGINNING_MS
from rules.damping import few
from rules.engine.intervals import IntervalBook
from rules.engine.layout import Layout


class _Level(NamedTuple):
    severity: Severity
    start: int
    """The first machine of the level."""


class Levels:
    """Which machines judge levels of one rule, and what they give together."""

    def __init__(self, layout: Layout) -> None:
        """Find the rules with levels; where there are none everything here is as if it were not."""
        self._starts: list[int] = []
        self._first: list[int] = []
        self._levels: dict[int, tuple[_Level, ...]] = {}
        self._folded: dict[int, list[Interval]] = {}
        for one in layout.classes:
            parts = [
                (plan.rule.id, _Level(plan.rule.info.severity, one.machines(number).start))
                for number, plan in enumerate(one.rules)
            ]
            for _, same in groupby(parts, key=lambda part: part[0]):
                levels = tuple(level for _, level in same)
                self._starts += [level.start for level in levels]
                self._first += [levels[0].start] * len(levels)
                if len(levels) > 1:
                    self._levels[levels[0].start] = levels

    def heads(self, changed: Mapping[int, int]) -> Mapping[int, int]:
        """The machines that stand for those that have changed, ascending, and from when on."""
        if not self._levels or not changed:
            return changed
        machines = np.fromiter(changed, np.intp)
        part = np.searchsorted(self._starts, machines, side="right") - 1
        heads = machines - (np.take(self._starts, part) - np.take(self._first, part))
        found: dict[int, int] = {}
        for head, from_ms in sorted(zip(heads.tolist(), changed.values(), strict=True)):
            found.setdefault(head, from_ms)
        return found

    def has(self, head: int) -> bool:
        """Whether a machine is that of a level."""
        return bool(self._of(head))

    def intervals(self, head: int, book: IntervalBook, from_ms: int) -> Sequence[Interval]:
        """The intervals of a rule and facility: as they are, or folded from those of its levels.

        Nothing has changed before ``from_ms`` since the last call.
        """
        levels = self._of(head)
        if not levels:
            return book.of(head)
        of = [(level.severity, book.of(level.start)) for level in levels]
        found = self._folded[head] = folded(of, self._folded.get(head, ()), from_ms)
        return found

    def forget(self, book: IntervalBook, oldest_ms: int) -> None:
        """Forget what was over before a moment, with the book."""
        book.drop_before(oldest_ms, self._needed(book, oldest_ms))
        for head, alarms in list(self._folded.items()):
            self._folded[head] = [one for one in alarms if one.stop_ms is None or one.stop_ms > oldest_ms]
            if not self._folded[head]:
                del self._folded[head]

    def shares(self, head: int, alarm: AnnouncedAlarm) -> list[tuple[int, Interval]]:
        """What an announced alarm says of each level: it was on while the severity was its own or a higher one.

        One of which no severity is known was on at the lowest level.
        """
        levels = self._of(head)
        if not levels:
            return [(head, replace(alarm.interval, steps=()))]
        interval = alarm.interval
        least = levels[0].severity
        steps = interval.steps or (SeverityStep(interval.start_ms, alarm.severity or least),)
        found: list[tuple[int, Interval]] = []
        for level in levels:
            marks = [(step.at_ms, max(step.severity, least) >= level.severity) for step in steps]
            runs = [next(run) for _, run in groupby(marks, key=lambda mark: mark[1])]
            ends: list[int | None] = [at_ms for at_ms, _ in runs[1:]]
            for (start_ms, on), stop_ms in zip(runs, [*ends, interval.stop_ms], strict=True):
                if on:
                    since_ms = min(interval.since_ms, start_ms) if start_ms == interval.start_ms else start_ms
                    found.append((level.start, Interval(start_ms=start_ms, stop_ms=stop_ms, since_ms=since_ms)))
        return found

    def _needed(self, book: IntervalBook, oldest_ms: int) -> Mapping[int, frozenset[int]]:
        """Intervals that are over before a moment, but begin or carry an alarm that goes on: starts by machine.

        One inside that of another level only tells of the severity, which stays as it was announced.
        """
        found: dict[int, frozenset[int]] = {}
        for head in self._heads_in(book):
            levels = self._of(head)
            # After a restart nothing may have been folded yet.
            alarms = self._folded.get(head) or folded([(level.severity, book.of(level.start)) for level in levels])
            on = next((one for one in alarms if _reaches_over(one, oldest_ms)), None)
            if on is not None:
                pieces = [(level.start, one) for level in levels for one in book.of(level.start)]
                needed = _carrying([(machine, one) for machine, one in pieces if one.start_ms >= on.start_ms])
                for level in levels:
                    found[level.start] = frozenset(start_ms for machine, start_ms in needed if machine == level.start)
        return found

    def _heads_in(self, book: IntervalBook) -> Sequence[int]:
        """Of the rules with levels those rows that have intervals."""
        if not self._levels:
            return ()
        heads = self.heads(dict.fromkeys(book.machines(), 0))
        return [head for head in heads if self._of(head)]

    def _of(self, head: int) -> tuple[_Level, ...]:
        """The levels of a rule at the facility of ``head``; empty where it has none."""
        if not self._levels:
            return ()
        start = self._starts[int(np.searchsorted(self._starts, head, side="right")) - 1]
        return tuple(_Level(one.severity, one.start + head - start) for one in self._levels.get(start, ()))


Of = Sequence[tuple[Severity, Sequence[Interval]]]
"""The intervals of the levels of a rule, ascending in severity; those of one level neither overlap nor touch."""


def folded(of: Of, known: Sequence[Interval] = (), from_ms: int = BEGINNING_MS) -> list[Interval]:
    """Intervals of levels laid over one another: on while any is, of the severity of the highest that is on.

    Args:
        of: the intervals of the levels.
        known: what they gave before; they are as they were up to ``from_ms``.
        from_ms: from when on they are looked at.
    """
    found = [one for one in known if one.stop_ms is not None and one.stop_ms < from_ms]
    on, switches = _switches(of, from_ms)
    steps: list[SeverityStep] = []
    start_ms = since_ms = 0
    if on:
        begun = known[len(found)]
        start_ms, since_ms = begun.start_ms, begun.since_ms
        steps = [step for step in begun.steps if step.at_ms < from_ms]
    for at_ms, moment in groupby(switches, key=itemgetter(0)):
        sinces = []
        for _, starts, place, since in moment:
            if starts:
                on.add(place)
                sinces.append(since)
            else:
                on.discard(place)
        if not on:
            found.append(_interval(start_ms, at_ms, since_ms, steps))
            steps = []
            continue
        severity = of[max(on)][0]
        if not steps:
            start_ms, since_ms = at_ms, min(sinces)
        if not steps or steps[-1].severity is not severity:
            steps.append(SeverityStep(at_ms, severity))
    if on:
        found.append(_interval(start_ms, None, since_ms, steps))
    return found


def _switches(of: Of, from_ms: int) -> tuple[set[int], list[tuple[int, bool, int, int]]]:
    """Which levels are on just before a moment, and what switches then and later: (at, starts, level, since)."""
    on: set[int] = set()
    switches: list[tuple[int, bool, int, int]] = []
    for place, (_, intervals) in enumerate(of):
        later = bisect_left(intervals, from_ms, key=attrgetter("start_ms"))
        for one in intervals[max(0, later - 1) :]:
            if one.start_ms >= from_ms:
                switches.append((one.start_ms, True, place, one.since_ms))
            elif one.stop_ms is None or one.stop_ms >= from_ms:
                on.add(place)
            if one.stop_ms is not None and one.stop_ms >= from_ms:
                switches.append((one.stop_ms, False, place, 0))
    switches.sort()
    return on, switches


def as_announced(interval: Interval, old: Sequence[AnnouncedAlarm], past_ms: int) -> Interval:
    """The interval with the steps before a moment as they were announced: what made them may be forgotten."""
    steps = interval.steps
    if not steps or interval.start_ms >= past_ms:
        return interval
    told = next((one.interval.steps for one in old if one.interval.start_ms == interval.start_ms), ())
    before = [step for step in told if step.at_ms < past_ms]
    if not before:
        return interval
    later = [step for step in steps if step.at_ms >= past_ms]
    then = next(step.severity for step in reversed(steps) if step.at_ms <= past_ms)
    between = [] if then is before[-1].severity or later[:1] == [(past_ms, then)] else [SeverityStep(past_ms, then)]
    return replace(interval, steps=few([*before, *between, *later]))


def last_moment(interval: Interval) -> int:
    """The last moment at which something happened to an alarm, as far as it was announced."""
    if interval.stop_ms is not None:
        return interval.stop_ms
    return interval.steps[-1].at_ms if interval.steps else interval.start_ms


def _interval(start_ms: int, stop_ms: int | None, since_ms: int, steps: Sequence[SeverityStep]) -> Interval:
    return Interval(start_ms=start_ms, stop_ms=stop_ms, since_ms=since_ms, steps=few(steps))


def _reaches_over(interval: Interval, at_ms: int) -> bool:
    return interval.start_ms < at_ms and (interval.stop_ms is None or interval.stop_ms > at_ms)


def _carrying(pieces: Sequence[tuple[int, Interval]]) -> list[tuple[int, int]]:
    """Machine and start of the pieces of one alarm that begin it, or lie inside no other one."""
    order = sorted(pieces, key=lambda piece: (piece[1].start_ms, -_end(piece[1]), piece[0]))
    found: list[tuple[int, int]] = []
    reached = -math.inf
    for machine, one in order:
        if one.start_ms == order[0][1].start_ms or _end(one) > reached:
            found.append((machine, one.start_ms))
        reached = max(reached, _end(one))
    return found


def _end(interval: Interval) -> float:
    return math.inf if interval.stop_ms is None else interval.stop_ms
