"""Order does not matter: the engine against the naive reading of docs/alarms.md."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from core.alarms import AlarmChange, AnnouncedAlarm, ChangeKind, Interval
from core.calendar import WORDS, season_term
from core.findings import Kind
from core.places import Relation
from core.quality import GOOD, QualityClass, quality
from core.readings import Readings, readings
from rules import damping
from rules.damping import damp
from rules.engine import conditions, flapping, frames, kept
from rules.engine.engine import Engine, EngineSettings
from rules.expression import operands
from rules.language.alone import true_by_itself
from rules.language.check import Checker
from rules.language.parser import parse
from rules.rule_set import RuleSet
from tests.unit.rules.reference import damping as twin
from tests.unit.rules.reference.damping import damped
from tests.unit.rules.reference.judge import Facility, Reading, Turns, alarms, intervals
from tests.unit.rules.town import KEYS, STALE_MS, Store, TownCalendar, members, rule_set, rule_text, town_class

BASE_MS = 1_700_000_000_000
WELLS = 3
ATTRIBUTES = {"limit": [1.0, 2.5, float("nan")]}
TEXTS = {"material": ["PE", "steel", None]}
GROUP = {
    Relation.GOVERNANCE_CELL: ("g", "g", "h"),
    Relation.CONSTRUCTION_CELL: ("", "k", "k"),
    Relation.COMMUNITY: ("c", "c", "c"),
    Relation.PARENT: ("", "well-0", "well-0"),
    Relation.REDUNDANT_SET: ("", "r", "r"),
    Relation.BUS: ("p/g/b", "p/g/b", ""),
}

TERMS = ("occupied", season_term("flood"), *(term for term in WORDS if term != "occupied"))
"""Every term of the calendar."""

NUMBERS = ["0", "1", "2", "2.5", "3"]
OPERANDS = [*KEYS, "abs(a)", "min(a, b)", "max(b, c)", "a - b", "b / c", "-a", "c * 2"]
NUMBER_WINDOWS = ("mean", "min", "max", "avg", "range", "delta", "changes", "spike")
LOOKED_BACK = ["a", "b", "a", "b", "a - b", "abs(a) + c", "min(a, b)", "a * facility.limit"]
HELD_TRUE = [
    *("a > 1", "a > 1 and b > 2", "not (a > 1 or b < 2.5)", "b >= facility.limit", "a outside [1, 2] or c == 2"),
    *("a > 1 and occupied", "not (b < 2 or in season flood)", "a > 1 or occupied", "b > 1 and uncertain(a)", "bad(c)"),
    *("a > 1 and (holiday or weekend) and not workday", "b > 1 and night and not planned_work"),
]
WIDTHS = ["5 s", "90 s"]

window = st.builds(
    "{}({}) over {}".format, st.sampled_from(NUMBER_WINDOWS), st.sampled_from(LOOKED_BACK), st.sampled_from(WIDTHS)
)
measured_window = st.builds(
    "{}({}) over {}".format, st.sampled_from(NUMBER_WINDOWS), st.sampled_from(["a", "b"]), st.sampled_from(WIDTHS)
)
counted = st.builds(
    "{}({}) over {}".format, st.sampled_from(["share", "count"]), st.sampled_from(HELD_TRUE), st.sampled_from(WIDTHS)
)
# Results that are rounded are never compared with what they may hit exactly.
rounded = st.builds(
    "{}({}) over {} {} {}".format,
    st.sampled_from(["stddev", "slope", "travel", "missing"]),
    st.sampled_from(LOOKED_BACK),
    st.sampled_from(WIDTHS),
    st.sampled_from([">", "<"]),
    st.sampled_from(["0.0137", "0.371", "-0.0411"]),
).map(lambda text: text if "slope" not in text else text + " /s") | st.builds(
    "rate(c) over {} > {} /min".format, st.sampled_from(WIDTHS), st.sampled_from(["1.137", "11.37"])
)
counter = st.builds("increase(c) over {}".format, st.sampled_from(WIDTHS))
timed = st.builds(
    "time({}) over {} >= {}".format,
    st.sampled_from(HELD_TRUE),
    st.sampled_from(WIDTHS),
    st.sampled_from(["1 s", "2500 ms", "0.5 min"]),
)
stuck = st.builds("stuck({}) over {}".format, st.sampled_from(LOOKED_BACK), st.sampled_from(["2 s", *WIDTHS]))
forecast = st.builds(
    "{}({}, {}) within {}".format,
    st.sampled_from(["reaches", "falls_to"]),
    st.sampled_from(["a", "a - b"]),
    st.sampled_from(["2.371", "0.137", "facility.limit"]),
    st.sampled_from(["5 s", "10 s over 5 s", "90 s"]),
)
over_time = rounded | timed | stuck | forecast

comparison = st.builds(
    "{} {} {}".format,
    st.sampled_from([*KEYS, *KEYS, *OPERANDS]) | measured_window | st.one_of(window, counted, counter),
    st.sampled_from([">", ">=", "<", "<=", "==", "!="]),
    st.sampled_from([*NUMBERS, *NUMBERS, "facility.limit"]),
)
in_range = st.builds("{} {} [1, 2]".format, st.sampled_from(KEYS), st.sampled_from(["in", "outside"]))
SURROUNDINGS = [
    *("occupied", "not occupied", "in season flood", "facility.material == 'PE'", "facility.material != 'PE'"),
    *("holiday", "weekend", "not workday", "(holiday or weekend) and not workday", "night and not planned_work"),
    *("not night", "planned_work"),
    *("age(a) > 2 s", "age(a) >= 8 s", "age(b) < 3 s", "age(b) <= 15 s", "3 s < age(c)"),
    *("known(a)", "not known(b)", "known(c)", "uncertain(a)", "bad(b)", "not bad(c)", "not_measured(a)"),
]
surroundings = st.sampled_from(SURROUNDINGS)
condition = st.recursive(
    comparison | comparison | in_range | over_time | surroundings,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("not ({})".format, inner)
        | st.builds("at least 2 of ({}, {}, {})".format, inner, inner, inner)
    ),
    max_leaves=3,
)
# Rules that read nothing but a window over a condition: then most readings are calm, and late ones easily let pass.
held = timed | st.builds("{} {} {}".format, counted, st.sampled_from([">", "<"]), st.sampled_from(["0", "0.371", "2"]))
duration = st.sampled_from(["0 s", "0 s", "1 s", "2500 ms", "6 s"])


@st.composite
def rules(draw: st.DrawFn) -> list[str]:
    """One to three random rules; some with dates."""
    texts = []
    kind = draw(st.sampled_from([condition, condition, condition, held]))
    for number in range(draw(st.integers(1, 3))):
        fields = {"for_": draw(duration), "clear_for": draw(duration)}
        if draw(st.booleans()):
            fields["clear"] = draw(kind)
        if draw(st.integers(0, 5)) == 0:
            fields["from"] = "2023-11-14T22:13:35+00:00"
            fields["until"] = "2023-11-14T22:13:55.500+00:00"
        texts.append(rule_text(f"r{number}", draw(kind.filter(needs_readings)), **fields))
    return texts


def needs_readings(text: str) -> bool:
    """Whether the language allows the condition: not those that the calendar, say, makes true alone."""
    found: list[Kind] = []
    node = Checker(town_class(), lambda at, kind, values: found.append(kind)).condition(parse(text))
    assert node is not None, found
    return bool(operands(node)) and not true_by_itself(node)


@st.composite
def calendars(draw: st.DrawFn) -> TownCalendar:
    """Random step functions of every term, unknown for a while here and there; some wells keep the same."""
    values = st.sampled_from([0.0, 1.0, 1.0, 0.0, float("nan")])

    def turns() -> Turns:
        times = sorted(draw(st.sets(st.integers(-20, 260), max_size=6)))
        return Turns(draw(values), tuple((BASE_MS + 250 * time, draw(values)) for time in times))

    own = {term: [turns() for _ in range(WELLS)] for term in TERMS[:2]}
    kept = st.sampled_from([*own[TERMS[0]], *own[TERMS[1]], turns(), turns()])
    return TownCalendar({**own, **{term: [draw(kept) for _ in range(WELLS)] for term in TERMS[2:]}})


@dataclass(frozen=True)
class Delivery:
    """Readings in the order and chunks in which they arrive, with the wall clock of each chunk."""

    everything: Readings
    chunks: list[tuple[int, Readings]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What kind of readings, and how they arrive; small, so that a failure can be read."""

    seed: int
    count: int
    span_ms: int
    grid_ms: int
    jitter_ms: int
    tick_ms: int
    gap: bool
    clock_ahead: bool
    lull: bool


plans = st.builds(
    Plan,
    seed=st.integers(0, 2**32 - 1),
    count=st.sampled_from([160, 90, 30, 5, 1]),
    span_ms=st.sampled_from([60_000, 20_000, 2_000]),
    grid_ms=st.sampled_from([250, 1, 500, 1_000]),
    jitter_ms=st.sampled_from([300, 1, 1_500]),
    tick_ms=st.sampled_from([1_000, 100, 7_000]),
    gap=st.booleans(),
    clock_ahead=st.booleans(),
    lull=st.booleans(),
)


def delivery_of(plan: Plan) -> Delivery:
    """Random readings; about a tenth late, whole gaps late, repeated, with equal stamps and bad quality.

    In a lull most values of a point are the same, as those of real points are: then most late readings move nothing.
    """
    rng, count = np.random.default_rng(plan.seed), plan.count
    point = rng.integers(0, WELLS, count) * 10 + rng.integers(0, 3, count)
    time_ms = BASE_MS + rng.integers(0, plan.span_ms // plan.grid_ms + 1, count) * plan.grid_ms
    value = np.where(rng.random(count) < 0.7, rng.integers(-1, 5, count), rng.integers(-4, 20, count) / 4).astype(float)
    if plan.lull:
        usual = rng.integers(-1, 5, (WELLS, 10)).astype(float)[point // 10, point % 10]
        value = np.where(rng.random(count) < 0.85, usual, value)
    value[rng.random(count) < 0.04] = np.nan
    value[rng.random(count) < 0.02] = np.inf
    codes = np.where(rng.random(count) < 0.08, quality(QualityClass.BAD), GOOD)
    codes[rng.random(count) < 0.03] = quality(QualityClass.UNCERTAIN)
    epoch, offset = rng.integers(1, 3, count), rng.permutation(count)
    everything = readings(point=point, time_ms=time_ms, value=value, quality=codes, epoch=epoch, offset=offset)
    arrival = time_ms + rng.integers(0, plan.jitter_ms, count)
    arrival[rng.random(count) < 0.1] += rng.integers(0, 30_000)
    if plan.gap:
        third = plan.span_ms // 3
        gap = (point // 10 == 1) & (time_ms > BASE_MS + third) & (time_ms < BASE_MS + 2 * third)
        arrival[gap] = BASE_MS + plan.span_ms + rng.integers(0, 3_000)
    if plan.clock_ahead:
        arrival -= 3_000
    again = np.flatnonzero(rng.random(count) < 0.05)
    rows = np.concatenate([np.arange(count), again])
    arrival = np.concatenate([arrival, arrival[again] + rng.integers(0, 9_000, len(again))])
    order = np.argsort(arrival, kind="stable")
    tick = arrival[order] // plan.tick_ms
    chunks = [
        (int((number + 1) * plan.tick_ms), everything.take(rows[order[tick == number]]))
        for number in np.unique(tick).tolist()
    ]
    return Delivery(everything, chunks)


HASTY = {
    "FLAPS": 2,
    "WITHIN_MS": 60_000,
    "HOLD_MS": 8_000,
    "FIFTH": 2,
    "TEN_MIN_MS": 60_000,
    "FIVE_MIN_MS": 8_000,
    "MARGIN_MS": 68_000,
    "_FEW": 2,
}
"""Damping in the measure of these readings: in ``rules.damping``, its twin and the engine."""


class Journal:
    """Applies changes as a journal would, and refuses what the table does not allow."""

    def __init__(self) -> None:
        self.alarms: dict[str, AlarmChange] = {}
        self.opened = 0
        self.moved = 0

    def apply(self, changes: list[AlarmChange]) -> None:
        """One batch of changes, in order."""
        for change in changes:
            old = self.alarms.get(change.alarm_id)
            self._check(change, old)
            if change.kind in {ChangeKind.RETRACTED, ChangeKind.MERGED}:
                del self.alarms[change.alarm_id]
            else:
                self.alarms[change.alarm_id] = change
            self.opened += change.kind is ChangeKind.OPENED
            self.moved += change.kind not in {ChangeKind.OPENED, ChangeKind.CLOSED}

    def _check(self, change: AlarmChange, old: AlarmChange | None) -> None:
        new = change.interval
        match change.kind:
            case ChangeKind.OPENED:
                assert old is None
                assert new.stop_ms is None
            case ChangeKind.SPLIT:
                assert old is None
                assert change.into in self.alarms
            case ChangeKind.CLOSED:
                assert old is not None
                assert old.interval.stop_ms is None
                assert new.stop_ms is not None
                assert new.start_ms == old.interval.start_ms
            case ChangeKind.REOPENED:
                assert old is not None
                assert old.interval.stop_ms is not None
                assert new.stop_ms is None
            case ChangeKind.MOVED:
                assert old is not None
                assert old.interval != new
            case ChangeKind.SEVERITY:
                assert old is not None
                assert (old.interval.start_ms, old.interval.stop_ms) == (new.start_ms, new.stop_ms)
                assert old.interval.steps != new.steps
            case ChangeKind.FLAPPED:
                assert old is not None
                assert replace(old.interval, flaps=new.flaps, pieces=new.pieces, since_ms=new.since_ms) == new
                assert (old.interval.flaps, old.interval.pieces) != (new.flaps, new.pieces)
            case ChangeKind.MERGED:
                assert old is not None
                assert change.into in self.alarms
                assert change.into != change.alarm_id
            case ChangeKind.RETRACTED:
                assert old is not None

    def announced(self) -> list[AnnouncedAlarm]:
        """As a journal gives it back at the start."""
        return [
            AnnouncedAlarm(
                alarm_id=one.alarm_id,
                rule_id=one.rule_id,
                facility=one.facility,
                interval=one.interval,
                severity=one.severity,
            )
            for one in self.alarms.values()
        ]

    def intervals(self, rule_id: str, facility: int) -> list[Interval]:
        """What stands in the journal for one rule and facility."""
        mine = [alarm for alarm in self.alarms.values() if (alarm.rule_id, alarm.facility) == (rule_id, facility)]
        found = [alarm.interval for alarm in mine]
        return sorted(found, key=lambda interval: interval.start_ms)


@contextmanager
def hasty_damping() -> Iterator[None]:
    """What comes twice within a minute flaps until it has been quiet for eight seconds."""
    with ExitStack() as patches:
        for module in (damping, flapping, twin):
            for name, value in HASTY.items():
                if hasattr(module, name):
                    patches.enter_context(patch.object(module, name, value))
        yield


def references(everything: Readings, calendar: TownCalendar) -> list[Facility]:
    """All naive facilities, with what they have in common."""
    town = [reference(everything, well, calendar) for well in range(WELLS)]
    code = {f"well-{well}": facility for well, facility in enumerate(town)}
    for well, facility in enumerate(town):
        facility.parent = code.get(GROUP[Relation.PARENT][well])
        facility.groups = {
            relation: [town[other] for other, name in enumerate(names) if name == names[well]] if names[well] else []
            for relation, names in GROUP.items()
        }
    return town


def reference(everything: Readings, well: int, calendar: TownCalendar) -> Facility:
    """The naive facility with all readings of one well."""
    found: dict[str, list[Reading]] = {key: [] for key in KEYS}
    for row in range(len(everything)):
        point = int(everything.point[row])
        if point // 10 == well:
            sound = everything.quality[row] == GOOD and np.isfinite(everything.value[row])
            value = float(everything.value[row]) if sound else None
            rank = (int(everything.epoch[row]), int(everything.offset[row]))
            grade = int(everything.quality[row]) >> 6
            grade = int(QualityClass.BAD) if value is None and grade == 0 else grade
            found[KEYS[point % 10]].append(Reading(int(everything.time_ms[row]), value, rank, grade))
    return Facility(
        found,
        STALE_MS,
        {name: values[well] for name, values in ATTRIBUTES.items()},
        {name: values[well] for name, values in TEXTS.items()},
        {term: every[well] for term, every in calendar.terms.items()},
    )


def check(engine: Engine, journal: Journal, everything: Readings, calendar: TownCalendar) -> int:
    """The engine, the journal and the reference agree on every rule and facility; returns the number of incidents."""
    incidents = 0
    town = references(everything, calendar)
    for one in engine.layout.classes:
        for number, plan in enumerate(one.rules):
            for well in range(WELLS):
                facility = town[well]
                horizon_ms = int(engine.live.horizon_ms[well])
                expected = intervals(facility, plan.rule, horizon_ms)
                machine = one.machines(number).start + well
                told = f"{plan.rule.when_text} | {plan.rule.clear_text} | well {well}"
                computed = list(engine.book.of(machine))
                if any(piece.flaps for piece in computed):  # pieces of what flaps are condensed
                    computed, expected = damp(computed, horizon_ms), damped(expected, horizon_ms)
                assert computed == expected, told
        for rule in engine.rules.of_class(one.class_id):
            for well in range(WELLS):
                horizon_ms = int(engine.live.horizon_ms[well])
                expected = alarms(town[well], rule, horizon_ms)
                announced = journal.intervals(rule.id, 100 + well)
                told = f"{[part.when_text for part in rule.parts]} | well {well}"
                assert [_announced(i) for i in announced] == [_announced(i) for i in expected], told
                incidents += len(expected)
    return incidents


def _announced(interval: Interval) -> tuple[object, ...]:
    """What is announced of an interval; ``since`` alone is no difference."""
    return (interval.start_ms, interval.stop_ms, interval.steps, interval.flaps, interval.pieces)


def run(
    rule_set: RuleSet,
    delivery: Delivery,
    limit: int,
    save_every_ms: int,
    calendar: TownCalendar,
    restart_at: int = -1,
    meeting_ms: int = 2_000,
    unit: str = "1",
) -> tuple[Engine, Journal]:
    """Deliver everything, with time passing in between, and let the last re-evaluations have their turn.

    ``restart_at`` is the chunk after which the engine is taken down, two chunks after its last snapshot.
    """
    store = Store()
    tuned = EngineSettings(save_every_ms=save_every_ms, memory_readings=limit, meeting_ms=meeting_ms)
    town = {"well": members(WELLS, ATTRIBUTES, TEXTS, GROUP, unit)}
    engine, journal = Engine(rule_set, town, store, tuned, calendar), Journal()
    now_ms = BASE_MS - 60_000
    data, since = b"", 0
    for number, (now_ms, chunk) in enumerate(delivery.chunks):
        store.batches.append(chunk)
        engine.ingest(chunk, now_ms)
        journal.apply(engine.changes(now_ms))
        engine.advance(now_ms)
        journal.apply(engine.changes(now_ms))
        if number == restart_at - 2:
            data, since = engine.snapshot(), number + 1
        if number == restart_at and data:
            engine = Engine.restore(data, rule_set, town, store, tuned, calendar)
            engine.announce(journal.announced())
            for _, again in delivery.chunks[since : number + 1]:
                engine.ingest(again, now_ms)
            journal.apply(engine.changes(now_ms))
    for _ in range(12):
        now_ms += 5_000
        engine.advance(now_ms)
        journal.apply(engine.changes(now_ms))
    assert engine.changes(now_ms) == []
    return engine, journal


@pytest.mark.parametrize("drawn", [SURROUNDINGS, HELD_TRUE], ids=["at once", "over time"])
def test_every_term_of_the_calendar_is_drawn(drawn: list[str]) -> None:
    """What is not drawn is not proven."""
    words = {word for text in drawn for word in re.findall(r"in season \w+|\w+", text)}
    assert {term if term in WORDS else f"in {term}" for term in TERMS} <= words


@contextmanager
def small_portions() -> Iterator[None]:
    """Let portions of cells and events be small, and operands be carried on one by one, as in a large installation."""
    with (
        patch.object(frames, "_BLOCK", 2),
        patch.object(conditions, "MOST_EVENTS", 2),
        patch.object(conditions, "_MOST_TOGETHER", -1),
    ):
        yield


@settings(
    max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "150")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    rules(),
    plans,
    calendars(),
    st.sampled_from([10, 10_000]),
    st.sampled_from([2_000, 10_000]),
    st.sampled_from([-1, 3, 12]),
    st.sampled_from([0, kept.KEEP_FROM_MS]),
    st.booleans(),
    st.sampled_from([-1, 4_096]),
    st.booleans(),
)
def test_any_order_gives_the_intervals_of_the_set(
    texts: list[str],
    plan: Plan,
    calendar: TownCalendar,
    limit: int,
    save_every_ms: int,
    restart_at: int,
    keep_from_ms: int,
    hasty: bool,
    near: int,
    in_portions: bool,
) -> None:
    """Any chunking, repetition, arrival order and restart end in the intervals that the naive reading gives, damped."""
    delivery = delivery_of(plan)
    with ExitStack() as patches:
        patches.enter_context(patch.object(kept, "KEEP_FROM_MS", keep_from_ms))
        patches.enter_context(patch.object(frames, "_NEAR", near))
        patches.enter_context(small_portions() if in_portions else nullcontext())
        patches.enter_context(hasty_damping() if hasty else nullcontext())
        engine, journal = run(rule_set(*texts), delivery, limit, save_every_ms, calendar, restart_at)
        incidents = check(engine, journal, delivery.everything, calendar)
    event(f"flapping: {min(sum(one.interval.flaps > 0 for one in journal.alarms.values()), 3)}")
    event(f"re-evaluations: {min(engine.stats.reevaluations, 3)}")
    event(f"incidents: {min(incidents, 5)}")
    target(float(incidents), label="incidents")
    # A final journal entry for each incident and not one more: splits and merges balance openings.
    assert len(journal.alarms) == incidents
