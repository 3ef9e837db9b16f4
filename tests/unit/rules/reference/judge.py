"""docs/alarms.md for one facility, read literally: slow, short, and obviously what the page says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.alarms import Interval, Severity, SeverityStep
from core.calendar import Steps
from core.places import Relation
from rules.expression import (
    Aged,
    Apply,
    Attribute,
    AttributeText,
    Between,
    Compare,
    Connect,
    Const,
    Graded,
    Grouped,
    InForce,
    Known,
    Load,
    Measured,
    Number,
    OfParent,
    OnCalendar,
    Operand,
    Scale,
    Truth,
    Windowed,
    WindowedOver,
    attribute_parts,
    inner_operands,
    measured,
)
from rules.rule_set import Rule
from tests.unit.rules.reference.damping import damped
from tests.unit.rules.reference.operators import GROUP_TWINS, LEARNED_TWINS, TWINS, WINDOW_TWINS, at_least

HOUR_MS = 3_600_000
WEEK_HOURS = 168


@dataclass(frozen=True)
class Reading:
    """One reading; ``value`` None is not good, ``grade`` its quality class."""

    time_ms: int
    value: float | None
    rank: tuple[int, int] = (0, 0)
    grade: int = 0


@dataclass(frozen=True)
class Turns:
    """A step function written down: from each moment on a value, in time order."""

    begin: float
    turns: tuple[tuple[int, float], ...]

    def at(self, at_ms: int) -> float:
        """The value that holds."""
        return [self.begin, *(value for time_ms, value in self.turns if time_ms <= at_ms)][-1]

    def steps(self, from_ms: int, until_ms: int) -> Steps:
        """As the calendar's port asks."""
        found = [(time_ms, value) for time_ms, value in self.turns if from_ms < time_ms <= until_ms]
        times, values = (list(column) for column in zip(*found, strict=True)) if found else ([], [])
        return Steps(self.at(from_ms), np.array(times, np.int64), np.array(values, np.float64))


class Facility:
    """The readings of one facility as step functions."""

    def __init__(
        self,
        readings: Mapping[str, Sequence[Reading]],
        stale_ms: Mapping[str, int],
        attributes: Mapping[str, float],
        texts: Mapping[str, str | None] | None = None,
        calendar: Mapping[str, Turns] | None = None,
    ) -> None:
        self.stale_ms = stale_ms
        self.attributes = attributes
        self.texts = texts or {}
        self.calendar = calendar or {}
        self.parent: Facility | None = None
        self.groups: Mapping[Relation, Sequence[Facility]] = {}
        self.readings: dict[str, list[Reading]] = {}
        self._found: dict[int, tuple[Number | Truth, list[Operand], bool]] = {}
        for key, every in readings.items():
            best: dict[int, Reading] = {}
            for reading in every:
                old = best.get(reading.time_ms)
                if old is None or reading.rank > old.rank:
                    best[reading.time_ms] = reading
            self.readings[key] = sorted(best.values(), key=lambda reading: reading.time_ms)

    def in_force(self, key: str, at_ms: int) -> Reading | None:
        """The reading that holds at a moment."""
        last = None
        for reading in self.readings.get(key, ()):
            if reading.time_ms <= at_ms:
                last = reading
        return None if last is None or at_ms >= last.time_ms + self.stale_ms[key] else last

    def value_at(self, key: str, at_ms: int) -> float | None:
        """The value the measurement holds at a moment."""
        last = self.in_force(key, at_ms)
        return None if last is None else last.value

    def aged(self, operand: Aged, at_ms: int) -> float | None:
        """Whether the last good reading is as old as asked."""
        times = [one.time_ms for one in self.readings.get(operand.key, ()) if one.value is not None]
        past = [time_ms for time_ms in times if time_ms <= at_ms]
        return float(at_ms - max(past) >= operand.limit_ms) if past else None

    def changes(self, key: str) -> set[int]:
        """Every moment at which the measurement may change."""
        times = {reading.time_ms for reading in self.readings.get(key, ())}
        return times | {time_ms + self.stale_ms[key] for time_ms in times}

    def changes_of(self, operand: Windowed | WindowedOver) -> set[int]:
        """Every moment at which what a window looks back over may change."""
        terms = () if isinstance(operand, Windowed) else inner_operands(operand.source.node)
        turns = {at for part in terms if isinstance(part, OnCalendar) for at in self.moments_of(part, 0)}
        return turns.union(*(self.changes(key) for key in measured(operand)))

    def looked_back(self, operand: Windowed | WindowedOver, at_ms: int) -> float | None:
        """What a window looks back over, at a moment."""
        if isinstance(operand, Windowed):
            return self.value_at(operand.key, at_ms)
        node = operand.source.node
        asked, may_be_blind = self._asked(node)
        if may_be_blind and all(self.operand(part, at_ms) is None for part in asked):
            return None  # a calendar or a text alone says nothing of readings
        if isinstance(node, Compare | Between | Connect):
            truth = self.truth(node, at_ms)
            return None if truth is None else float(truth)
        return self.number(node, at_ms)

    def _asked(self, node: Number | Truth) -> tuple[list[Operand], bool]:
        """What an expression asks of readings, and whether it asks the calendar or a text besides; found once."""
        if id(node) not in self._found:
            read = inner_operands(node)
            asked: list[Operand] = [part for part in read if not isinstance(part, OnCalendar)]
            texts = any(isinstance(part, AttributeText) for part in attribute_parts(node))
            self._found[id(node)] = (node, asked, texts or len(asked) < len(read))
        return self._found[id(node)][1:]

    def window(self, operand: Windowed | WindowedOver, at_ms: int) -> float | None:
        """The aggregate that holds at a moment."""
        step_ms, width_ms = slots_of(operand)
        end = at_ms // step_ms * step_ms
        if operand.aggregate.word in LEARNED_TWINS:
            return self.learned(operand, end // step_ms)
        return self.aggregated(operand, end - width_ms, end)

    def aggregated(self, operand: Windowed | WindowedOver, start: int, end: int) -> float | None:
        """The aggregate over a stretch of time; unknown if less than half of it is known."""
        cuts = sorted({start, end} | {cut for cut in self.changes_of(operand) if start < cut < end})
        held = []
        for begin, stop in pairwise(cuts):
            value = self.looked_back(operand, begin)
            if value is not None:
                held.append((value, begin, stop))
        if 2 * sum(stop - begin for _, begin, stop in held) < end - start:
            return None
        return WINDOW_TWINS[operand.aggregate.word](held, start)

    def learned(self, operand: Windowed | WindowedOver, hour: int) -> float | None:
        """What is made when an hour begins: of the hour before it, and of the same hours in the weeks before."""
        about = hour if operand.aggregate.word == "baseline" else hour - 1
        weeks = operand.window_ms // (WEEK_HOURS * HOUR_MS)
        samples = [
            self.hour_mean(operand, about - WEEK_HOURS * week + by) for week in range(1, weeks + 1) for by in (-1, 0, 1)
        ]
        return LEARNED_TWINS[operand.aggregate.word](samples, self.hour_mean(operand, hour - 1))

    def hour_mean(self, operand: Windowed | WindowedOver, hour: int) -> float | None:
        """The mean of an hour, kept in seven digits."""
        mean = self.aggregated(operand, hour * HOUR_MS, (hour + 1) * HOUR_MS)
        return None if mean is None else float(np.float32(mean))

    def operand(self, operand: Operand, at_ms: int) -> float | None:
        """The value of an operand at a moment."""
        if isinstance(operand, Measured):
            return self.value_at(operand.key, at_ms)
        if isinstance(operand, Windowed | WindowedOver):
            return self.window(operand, at_ms)
        if isinstance(operand, OfParent):
            return None if self.parent is None else self.parent.operand(operand.operand, at_ms)
        if isinstance(operand, Grouped):
            return self.group(operand, at_ms)
        if isinstance(operand, Graded):
            last = self.in_force(operand.key, at_ms)
            return None if last is None else float(last.grade)
        if isinstance(operand, Aged):
            return self.aged(operand, at_ms)
        if isinstance(operand, OnCalendar):
            value = self.calendar[operand.term].at(at_ms)
            return None if math.isnan(value) else value
        assert isinstance(operand, InForce)
        begun = operand.from_ms is None or at_ms >= operand.from_ms
        return float(begun and (operand.until_ms is None or at_ms < operand.until_ms))

    def members(self, operand: Grouped) -> list[Facility]:
        """Who has this in common with the facility, and has what is asked."""
        wanted = {part.name for part in attribute_parts(operand.inner)}
        return [
            member
            for member in self.groups.get(operand.relation, ())
            if not any(math.isnan(member.attributes.get(name, math.nan)) for name in wanted)
        ]

    def group(self, operand: Grouped, at_ms: int) -> float | None:
        """The aggregate over the members at a moment."""
        members, known = self.members(operand), []
        for member in members:
            if isinstance(operand.inner, Compare | Between | Connect):
                truth = member.truth(operand.inner, at_ms)
                value = None if truth is None else float(truth)
            else:
                value = member.number(operand.inner, at_ms)
            if value is not None:
                known.append(value)
        if not known or 2 * len(known) < len(members):
            return None
        if operand.aggregate.word == "sum" and len(known) < len(members):
            return None
        return GROUP_TWINS[operand.aggregate.word](known)

    def number(self, node: Number, at_ms: int) -> float | None:
        """The value of an expression at a moment."""
        match node:
            case Const(value):
                return value
            case Load(operand):
                return self.operand(operand, at_ms)
            case Attribute(name):
                known = self.attributes.get(name)
                return None if known is None or math.isnan(known) else known
            case AttributeText(name, text):
                own = self.texts.get(name)
                return None if own is None else float(own == text)
            case Known(operand):
                return float(self.operand(operand, at_ms) is not None)
            case Scale(child, factor, offset):
                inner = self.number(child, at_ms)
                return None if inner is None else inner * factor + offset
            case Apply(operator, args):
                twin = TWINS[type(operator).__name__, operator.word]
                return twin(*(self.number(arg, at_ms) for arg in args))

    def truth(self, node: Truth, at_ms: int) -> bool | None:
        """The truth of a condition at a moment."""
        if isinstance(node, Connect) and node.operator.word.startswith("at least"):
            return at_least(int(node.operator.word.split()[2]), [self.truth(part, at_ms) for part in node.args])
        if isinstance(node, Connect):
            return TWINS["Connective", node.operator.word](*(self.truth(part, at_ms) for part in node.args))
        numbers = (node.left, node.right) if isinstance(node, Compare) else (node.value, node.low, node.high)
        assert isinstance(node, Compare | Between)
        twin = TWINS[type(node.operator).__name__, node.operator.word]
        return twin(*(self.number(number, at_ms) for number in numbers))

    def moments(self, rule: Rule, horizon_ms: int) -> list[int]:
        """Every moment up to the horizon at which a condition of the rule may change."""
        found: set[int] = set()
        for operand in rule.operands:
            found |= self.moments_of(operand, horizon_ms)
        return sorted(moment for moment in found if moment <= horizon_ms)

    def moments_of(self, operand: Operand, horizon_ms: int) -> set[int]:
        """Every moment at which an operand may change."""
        if isinstance(operand, InForce):
            return {date for date in (operand.from_ms, operand.until_ms) if date is not None}
        if isinstance(operand, OfParent):
            return set() if self.parent is None else self.parent.moments_of(operand.operand, horizon_ms)
        if isinstance(operand, Grouped):
            members, read = self.members(operand), inner_operands(operand.inner)
            return {at for member in members for inner in read for at in member.moments_of(inner, horizon_ms)}
        if isinstance(operand, OnCalendar):
            return {time_ms for time_ms, _ in self.calendar[operand.term].turns}
        if isinstance(operand, Aged):
            times = {reading.time_ms for reading in self.readings.get(operand.key, ())}
            return times | {time_ms + operand.limit_ms for time_ms in times}
        changes: set[int] = set().union(*(self.changes(key) for key in measured(operand)))
        if isinstance(operand, Windowed | WindowedOver) and changes:
            step_ms, width_ms = slots_of(operand)
            first = min(changes) // step_ms * step_ms
            return set(range(first, min(horizon_ms, max(changes) + width_ms + step_ms) + 1, step_ms))
        return changes


def slots_of(operand: Windowed | WindowedOver) -> tuple[int, int]:
    """Width of a slot, and of all that a result looks at."""
    if operand.aggregate.word in LEARNED_TWINS:
        return HOUR_MS, operand.window_ms + 2 * HOUR_MS
    return slots(operand.window_ms)


def slots(window_ms: int) -> tuple[int, int]:
    """Width of a slot and of the whole window."""
    step_ms = 1000
    while step_ms * 60 < window_ms:
        step_ms += 1000
    width_ms = step_ms
    while width_ms < window_ms:
        width_ms += step_ms
    return step_ms, width_ms


@dataclass
class _Machine:
    """Normal or active, with the time accumulated."""

    active: bool = False
    spent_ms: int = 0
    since_ms: int | None = None
    start_ms: int = 0


def intervals(facility: Facility, rule: Rule, horizon_ms: int) -> list[Interval]:
    """I(S, H): all intervals of a rule on a facility, cut at the horizon."""
    machine = _Machine()
    found: list[Interval] = []
    moments = facility.moments(rule, horizon_ms)
    for place, moment in enumerate(moments):
        # A timer that ends at the next moment has not fired; one that ends at the horizon has.
        stop = moments[place + 1] if place + 1 < len(moments) else horizon_ms + 1
        when = facility.truth(rule.when, moment)
        clear = TWINS["Connective", "not"](when) if rule.clear is None else facility.truth(rule.clear, moment)
        _run(machine, rule, when, clear, moment, stop, found)
    if machine.active:
        found.append(Interval(start_ms=machine.start_ms, stop_ms=None, since_ms=machine.since_ms or 0))
    return found


def alarms(facility: Facility, rule: Rule, horizon_ms: int) -> list[Interval]:
    """The alarms of a rule, damped; for one with levels what of each is on at every moment at which one switches."""
    if not rule.levels:
        return damped(intervals(facility, rule, horizon_ms), horizon_ms)
    levels = [
        (level.info.severity, damped(intervals(facility, level, horizon_ms), horizon_ms)) for level in rule.levels
    ]
    moments = {moment for _, of in levels for one in of for moment in (one.start_ms, one.stop_ms) if moment is not None}
    found: list[Interval] = []
    course: list[tuple[int, Severity | None]] = []
    for moment in sorted(moments):
        on = [severity for severity, of in levels if any(_is_on(one, moment) for one in of)]
        course.append((moment, max(on, default=None)))
    while course:
        start_ms = course[0][0]
        length = next((place for place, (_, severity) in enumerate(course) if severity is None), len(course))
        steps = [course[0]] + [after for before, after in pairwise(course[:length]) if after[1] is not before[1]]
        first = next(one for _, of in levels for one in of if one.start_ms == start_ms)
        found.append(
            Interval(
                start_ms=start_ms,
                stop_ms=course[length][0] if length < len(course) else None,
                since_ms=min(one.since_ms for _, of in levels for one in of if one.start_ms == start_ms),
                steps=tuple(SeverityStep(at_ms, severity) for at_ms, severity in steps if severity is not None),
                flaps=first.flaps,
                pieces=first.pieces,
            )
        )
        course = course[length + 1 :]
    return found


def _is_on(interval: Interval, moment: int) -> bool:
    return interval.start_ms <= moment and (interval.stop_ms is None or moment < interval.stop_ms)


def _run(
    machine: _Machine,
    rule: Rule,
    when: bool | None,
    clear: bool | None,
    moment: int,
    stop: int,
    found: list[Interval],
) -> None:
    """Both conditions stand from ``moment`` until before ``stop``."""
    while moment < stop:
        if not machine.active:
            if when is False:
                machine.spent_ms, machine.since_ms = 0, None
            if when is not True:
                return
            machine.since_ms = moment if machine.since_ms is None else machine.since_ms
            end = moment + max(0, rule.for_ms - machine.spent_ms)
            if end >= stop:
                machine.spent_ms += stop - moment
                return
            machine.active, machine.spent_ms, machine.start_ms, moment = True, 0, end, end
        else:
            if when is True or clear is False:
                machine.spent_ms = 0
                return
            if clear is not True:
                return
            end = moment + max(0, rule.clear_for_ms - machine.spent_ms)
            if end >= stop:
                machine.spent_ms += stop - moment
                return
            since = machine.since_ms if machine.since_ms is not None else machine.start_ms
            found.append(Interval(start_ms=machine.start_ms, stop_ms=end, since_ms=since))
            machine.active, machine.spent_ms, machine.since_ms, moment = False, 0, None, end
