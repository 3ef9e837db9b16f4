"""Levels: several machines that make one alarm (``docs/alarms.md`` section 3).

A level is judged and damped like any rule, by a machine of its own; here what is announced of a rule's levels is laid
over one another. The machine of the first level stands for the rule: under its number its alarms are announced.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
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

Damp = Callable[[int, Sequence[Interval], int], Sequence[Interval]]
"""What is announced of a machine and its intervals, which have changed from a moment on; what was over before may be
left out."""


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
        self._damped: dict[int, list[Interval]] = {}
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
        """Whether a machine stands for a rule with levels."""
        return bool(self._of(head))

    def among(self, machine: int) -> bool:
        """Whether a machine is that of a level."""
        if not self._levels:
            return False
        return self._first[bisect_right(self._starts, machine) - 1] in self._levels

    def intervals(self, head: int, book: IntervalBook, from_ms: int, damp: Damp) -> Sequence[Interval]:
        """The alarms of a rule and facility: each level damped by itself, then folded; without levels damped alone.

        Nothing has changed before ``from_ms`` since the last call.
        """
        levels = self._of(head)
        if not levels:
            return damp(head, book.of(head), from_ms)
        of = [(level.severity, self._of_level(level.start, book, from_ms, damp)) for level in levels]
        found = self._folded[head] = folded(of, self._folded.get(head, ()), from_ms)
        return found

    def _of_level(self, machine: int, book: IntervalBook, from_ms: int, damp: Damp) -> list[Interval]:
        """What is announced of a level, all that is remembered of it."""
        known = self._damped.get(machine)
        since_ms = BEGINNING_MS if known is None else from_ms
        fresh = [one for one in damp(machine, book.of(machine), since_ms) if _end(one) >= since_ms]
        found = [*(one for one in known or () if _end(one) < since_ms), *fresh]
        if found:
            self._damped[machine] = found
        else:
            self._damped.pop(machine, None)
        return found

    def forget(self, book: IntervalBook, oldest_ms: int, damp: Damp) -> None:
        """Forget what was over before a moment, with the book."""
        needed = self._needed(book, oldest_ms, damp)
        book.drop_before(oldest_ms, _pieces(book, needed))
        _drop(self._damped, oldest_ms, needed)
        _drop(self._folded, oldest_ms, {})

    def shares(self, head: int, alarm: AnnouncedAlarm) -> list[tuple[int, Interval]]:
        """What an announced alarm says of each level: it was on while the severity was its own or a higher one.

        One of which no severity is known was on at the lowest level. If it is on and flaps, so do the levels that are
        on.
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
                    flaps = interval.flaps if stop_ms is None else 0
                    one = Interval(start_ms=start_ms, stop_ms=stop_ms, since_ms=since_ms, flaps=flaps)
                    found.append((level.start, replace(one, pieces=interval.pieces if flaps else ())))
        return found

    def _needed(self, book: IntervalBook, oldest_ms: int, damp: Damp) -> Mapping[int, Sequence[Interval]]:
        """Intervals of levels, by machine, that are over before a moment, but begin or carry an alarm that goes on.

        One inside that of another level only tells of the severity, which stays as it was announced.
        """
        found: dict[int, Sequence[Interval]] = {}
        for head in self._heads_in(book):
            levels = self._of(head)
            # After a restart nothing may have been folded yet.
            alarms = self._folded.get(head) or self.intervals(head, book, BEGINNING_MS, damp)
            on = next((one for one in alarms if _reaches_over(one, oldest_ms)), None)
            if on is not None:
                told = [(level.start, one) for level in levels for one in self._damped.get(level.start, ())]
                needed = _carrying([(machine, one) for machine, one in told if one.start_ms >= on.start_ms])
                for level in levels:
                    found[level.start] = [one for machine, one in needed if machine == level.start]
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
        start = self._starts[bisect_right(self._starts, head) - 1]
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
            found.append(_interval(of, start_ms, at_ms, since_ms, steps))
            steps = []
            continue
        severity = of[max(on)][0]
        if not steps:
            start_ms, since_ms = at_ms, min(sinces)
        if not steps or steps[-1].severity is not severity:
            steps.append(SeverityStep(at_ms, severity))
    if on:
        found.append(_interval(of, start_ms, None, since_ms, steps))
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
    """The interval with the steps before a moment as they were announced: what made them may be forgotten.

    So is what made one that is over flap.
    """
    steps = interval.steps
    if not steps or interval.start_ms >= past_ms:
        return interval
    told = next((one.interval for one in old if one.interval.start_ms == interval.start_ms), None)
    if told is None:
        return interval
    if interval.stop_ms is not None and interval.stop_ms == told.stop_ms and interval.stop_ms <= past_ms:
        interval = replace(interval, flaps=told.flaps, pieces=told.pieces)
    before = [step for step in told.steps if step.at_ms < past_ms]
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


def _interval(of: Of, start_ms: int, stop_ms: int | None, since_ms: int, steps: Sequence[SeverityStep]) -> Interval:
    """An alarm; it flaps as the least level does that begins it."""
    begun = Interval(start_ms=start_ms, stop_ms=stop_ms, since_ms=since_ms, steps=few(steps))
    for _, intervals in of:
        place = bisect_left(intervals, start_ms, key=attrgetter("start_ms"))
        if place < len(intervals) and intervals[place].start_ms == start_ms:
            first = intervals[place]
            return replace(begun, flaps=first.flaps, pieces=first.pieces) if first.flaps else begun
    return begun


def _reaches_over(interval: Interval, at_ms: int) -> bool:
    return interval.start_ms < at_ms and (interval.stop_ms is None or interval.stop_ms > at_ms)


def _pieces(book: IntervalBook, of: Mapping[int, Sequence[Interval]]) -> Mapping[int, frozenset[int]]:
    """The starts of what announced intervals were made of; of what flaps there are few once they are condensed."""
    return {
        machine: frozenset(
            piece.start_ms
            for piece in book.of(machine)
            if any(one.start_ms <= piece.start_ms <= _end(one) for one in told)
        )
        for machine, told in of.items()
    }


def _drop(known: dict[int, list[Interval]], oldest_ms: int, needed: Mapping[int, Sequence[Interval]]) -> None:
    """Forget what was over before a moment and is not needed."""
    for number, intervals in list(known.items()):
        kept = [one for one in intervals if _end(one) > oldest_ms or one in needed.get(number, ())]
        if kept:
            known[number] = kept
        else:
            del known[number]


def _carrying(pieces: Sequence[tuple[int, Interval]]) -> list[tuple[int, Interval]]:
    """Of the pieces of one alarm, by machine, those that begin it, or lie inside no other one."""
    order = sorted(pieces, key=lambda piece: (piece[1].start_ms, -_end(piece[1]), piece[0]))
    found: list[tuple[int, Interval]] = []
    reached = -math.inf
    for machine, one in order:
        if one.start_ms == order[0][1].start_ms or _end(one) > reached:
            found.append((machine, one))
        reached = max(reached, _end(one))
    return found


def _end(interval: Interval) -> float:
    return math.inf if interval.stop_ms is None else interval.stop_ms
