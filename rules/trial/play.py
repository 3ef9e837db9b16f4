"""A scenario through the engine itself, in several orders of arrival: the alarms must not depend on the order.

The first order is the one written: each reading arrives at its time, or as much later as the scenario says. The others
hand over the same readings when all is over: in one piece, shuffled in pieces, the newest first, twice, and one
measurement after the other, those of the parent and of the members of its groups too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.alarms import AlarmChange, ChangeKind, Interval, Severity
from core.findings import Sentence
from core.places import FacilityClass
from core.readings import Readings
from rules.columns import NEVER_MS, Indices
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.engine.machines import UNSET_MS
from rules.rule_set import RuleSet
from rules.trial.cast import FACILITY, Cast, cast_of
from rules.trial.scenario import Scenario
from rules.trial.timeline import PlayedCalendar

_FURTHEST: Final = ("normal", "pending", "clearing", "on")
_GONE: Final = frozenset({ChangeKind.RETRACTED, ChangeKind.MERGED})
_PIECES: Final = 7
_LOOK_MS: Final = 30_000
"""How often time passes between readings where it is asked what is announced late."""

AS_WRITTEN = Sentence("按书写的到达顺序", "in the order written")
AT_ONCE = Sentence("一次全部到达", "all at once")
SHUFFLED = Sentence("打乱后分几批到达", "shuffled, in pieces")
NEWEST_FIRST = Sentence("最新的先到", "the newest first")
TWICE = Sentence("每个读数到达两次", "every reading twice")
BY_MEASUREMENT = Sentence("逐个测量项到达", "one measurement after the other")


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """An alarm as it stands at the end of a run; times are milliseconds after the start of the series."""

    rule_id: str
    severity: Severity
    since_ms: int
    start_ms: int
    stop_ms: int | None
    late: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What one order of arrival led to.

    Attributes:
        order: which one.
        raised: the alarms at the end, by rule and start.
        states: state by rule at each moment of the scenario; empty for all orders but the one written.
    """

    order: Sentence
    raised: tuple[Raised, ...]
    states: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Arrivals:
    """The readings of a scenario and when each arrives: int64[n], UTC milliseconds."""

    readings: Readings
    arrival_ms: np.ndarray[tuple[int], np.dtype[np.int64]]


def play(scenario: Scenario, rules: RuleSet, classes: Mapping[str, FacilityClass]) -> tuple[Run, ...]:
    """Run a scenario in every order, the one written first; rules that it does not look at are left out.

    Args:
        scenario: what happens.
        rules: the rules of the class under test.
        classes: that of the scenario and that of its parent, by name.
    """
    rules = _looked_at(scenario, rules)
    cast = cast_of(scenario, classes)
    arrivals = _arrivals(scenario, cast)
    end_ms = scenario.start_ms + scenario.until_ms
    arrivals = _cut(arrivals, end_ms)
    calendar = PlayedCalendar(scenario.calendar, scenario.start_ms)

    def engine() -> Engine:
        return Engine(rules, cast.members, NoHistory(), EngineSettings(grace_ms=0, meeting_ms=0), calendar)

    runs = [_written(engine(), scenario, arrivals)]
    for order, pieces in _ORDERS:
        one, changes = engine(), list[AlarmChange]()
        for piece in pieces(scenario, arrivals):
            one.ingest(arrivals.readings.take(piece), end_ms)
            one.advance(end_ms)
            changes += one.changes(end_ms)
        runs.append(Run(order=order, raised=_finished(one, changes, scenario, end_ms)))
    return tuple(runs)


def _looked_at(scenario: Scenario, rules: RuleSet) -> RuleSet:
    """The rules under test, and those whose state is asked for: rules do not know of one another."""
    if not scenario.only:
        return rules
    named = {*scenario.only, *(rule for moment in scenario.moments for rule in moment.states)}
    return RuleSet(tuple(rule for rule in rules.rules if rule.id in named), rules.units)


def _written(engine: Engine, scenario: Scenario, arrivals: _Arrivals) -> Run:
    """Each reading when it arrives, with the moments looked at in between."""
    looks = sorted({scenario.start_ms + moment.at_ms for moment in scenario.moments})
    end_ms = scenario.start_ms + scenario.until_ms
    changes: list[AlarmChange] = []
    seen: dict[int, Mapping[str, str]] = {}
    between = (
        range(scenario.start_ms, end_ms, _LOOK_MS) if any(one.late is not None for one in scenario.expected) else ()
    )
    at = np.unique(np.concatenate([arrivals.arrival_ms, np.array([*looks, *between, end_ms], np.int64)]))
    for now_ms in at[at <= end_ms].tolist():
        mine = np.flatnonzero(arrivals.arrival_ms == now_ms)
        if len(mine):
            engine.ingest(arrivals.readings.take(mine), now_ms)
        engine.advance(now_ms)
        changes += engine.changes(now_ms)
        if now_ms in looks:
            engine.settle(now_ms)
            changes += engine.changes(now_ms)
            seen[now_ms] = _states(engine)
    raised = _finished(engine, changes, scenario, end_ms)
    states = tuple(seen.get(scenario.start_ms + moment.at_ms, {}) for moment in scenario.moments)
    return Run(order=AS_WRITTEN, raised=raised, states=states)


def _finished(engine: Engine, changes: list[AlarmChange], scenario: Scenario, end_ms: int) -> tuple[Raised, ...]:
    """Let everything be judged that waits, and give what the journal would hold."""
    engine.advance(end_ms)
    engine.settle(end_ms)
    changes += engine.changes(end_ms)
    journal: dict[str, tuple[AlarmChange, Interval, bool]] = {}
    for change in changes:
        if change.facility != FACILITY:
            continue
        if change.kind in _GONE:
            journal.pop(change.alarm_id, None)
        else:
            _, _, late = journal.get(change.alarm_id, (change, change.interval, change.late))
            journal[change.alarm_id] = (change, change.interval, late)
    zero = scenario.start_ms
    found = [
        Raised(
            rule_id=change.rule_id,
            severity=change.severity,
            since_ms=interval.since_ms - zero,
            start_ms=interval.start_ms - zero,
            stop_ms=None if interval.stop_ms is None else interval.stop_ms - zero,
            late=late,
        )
        for change, interval, late in journal.values()
    ]
    return tuple(sorted(found, key=lambda one: (one.rule_id, one.start_ms)))


def _states(engine: Engine) -> Mapping[str, str]:
    """The state of each rule's machine on the facility under test; of levels that of the one that is furthest."""
    machines = engine.live.machines
    states: dict[str, str] = {}
    for one in engine.layout.classes:
        row = int(np.flatnonzero(engine.layout.facility[one.facilities] == FACILITY)[0])  # no other class has rules
        for number, plan in enumerate(one.rules):
            machine = one.machines(number).start + row
            timed = machines.spent_ms[machine] > 0 or machines.deadline_ms[machine] < NEVER_MS
            if machines.on[machine]:
                state = "clearing" if timed else "on"
            else:
                state = "pending" if machines.since_ms[machine] != UNSET_MS else "normal"
            states[plan.rule.id] = max(state, states.get(plan.rule.id, "normal"), key=_FURTHEST.index)
    return states


# --- readings -----------------------------------------------------------------------------------------------------


def _arrivals(scenario: Scenario, cast: Cast) -> _Arrivals:
    """All readings, those of the facility under test first."""
    samples = [sample for _, part in cast.series for sample in part]
    point = [number for number, part in cast.series for _ in part]
    time_ms = np.array([sample.at_ms for sample in samples], np.int64) + scenario.start_ms
    readings = Readings(
        point=np.array(point, np.int32),
        time_ms=time_ms,
        value=np.array([sample.value for sample in samples], np.float64),
        quality=np.array([sample.quality for sample in samples], np.uint8),
        epoch=np.zeros(len(samples), np.int64),
        offset=np.arange(len(samples), dtype=np.int64),
    )
    return _Arrivals(readings, time_ms + np.array([sample.late_ms for sample in samples], np.int64))


def _cut(arrivals: _Arrivals, end_ms: int) -> _Arrivals:
    """What has arrived by the end: the other orders know no more than the one written."""
    inside = np.flatnonzero(arrivals.arrival_ms <= end_ms)
    return _Arrivals(arrivals.readings.take(inside), arrivals.arrival_ms[inside])


Pieces = Callable[[Scenario, _Arrivals], Iterator[Indices]]


def _all(scenario: Scenario, arrivals: _Arrivals) -> Iterator[Indices]:
    del scenario
    yield np.arange(len(arrivals.readings))


def _shuffled(scenario: Scenario, arrivals: _Arrivals) -> Iterator[Indices]:
    order = np.random.default_rng(zlib.crc32(scenario.name.encode())).permutation(len(arrivals.readings))
    yield from np.array_split(order, _PIECES)


def _newest_first(scenario: Scenario, arrivals: _Arrivals) -> Iterator[Indices]:
    del scenario
    yield from np.array_split(np.argsort(-arrivals.readings.time_ms, kind="stable"), _PIECES)


def _twice(scenario: Scenario, arrivals: _Arrivals) -> Iterator[Indices]:
    del scenario
    for piece in np.array_split(np.argsort(arrivals.readings.time_ms, kind="stable"), _PIECES):
        yield piece
        yield piece


def _by_measurement(scenario: Scenario, arrivals: _Arrivals) -> Iterator[Indices]:
    del scenario
    for point in np.unique(arrivals.readings.point).tolist():
        yield np.flatnonzero(arrivals.readings.point == point)


_ORDERS: Final[tuple[tuple[Sentence, Pieces], ...]] = (
    (AT_ONCE, _all),
    (SHUFFLED, _shuffled),
    (NEWEST_FIRST, _newest_first),
    (TWICE, _twice),
    (BY_MEASUREMENT, _by_measurement),
)
