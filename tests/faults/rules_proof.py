"""Random rules through the engine and through the scalar reading of ``docs/alarms.md``: both must agree.

A *town* is one engine with some random rules and random readings: late, repeated, in chunks, with gaps, of every
quality, some of extreme size. Each rule is loaded by itself, within a time; each of its conditions is evaluated on
random columns, within a time and a memory, and compared row by row with the scalar twin; then all rules of the town are
judged by the engine, restarts from snapshots included, and the intervals and alarms of each rule at one of the
facilities are compared.
"""

from __future__ import annotations

import logging
import math
import random
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast
from unittest.mock import patch

import numpy as np

from core.alarms import Interval
from core.places import FacilityClass
from core.readings import Readings
from rules import buckets
from rules.bounds import MAX_NODES, MAX_WINDOWS
from rules.columns import Floats
from rules.cost import cost_of
from rules.damping import damp
from rules.engine import engine as judge_loop
from rules.engine import kept, mending, seasons
from rules.engine.engine import Engine
from rules.expression import (
    Attribute,
    AttributeText,
    Columns,
    Operand,
    Truth,
    Windowed,
    WindowedOver,
    attribute_parts,
    operands,
    truth_function,
)
from rules.language import check
from rules.language.check import Checker
from rules.language.load import class_units, read_rules
from rules.language.parser import parse
from rules.language.tokens import SyntaxFault
from rules.rule_set import Rule, RuleSet
from tests.faults.rule_texts import WHOLE_WEEKS, Words
from tests.unit.rules.reference import judge
from tests.unit.rules.reference.damping import damped
from tests.unit.rules.reference.judge import Facility, Turns, alarms, intervals
from tests.unit.rules.test_order import (
    BASE_MS,
    WELLS,
    Delivery,
    Journal,
    Plan,
    delivery_of,
    references,
    run,
)
from tests.unit.rules.town import KEYS, TownCalendar, town_class

logger = logging.getLogger(__name__)

RULES_A_RUN, EXPRESSIONS_A_RUN = 100, 4_000
SIZES = (1, 2, 3, 5, 10, 20, 40, 80)
"""Rules of a town: the fewer, the more late readings find facilities at rest."""
REFUSED = {"TG-0309", "TG-0311", "TG-0330"}
"""A worse level with the nearer limit, true without a reading, beyond a bound: all that a random rule may be told."""
LOAD_S = 1.0
"""Time to read and check one rule."""
CELL_S = 5e-6
"""Time of one row and node of a condition on columns, the fixed cost of a node aside (``NODE_S``)."""
NODE_S = 2e-3
JUDGE_S = 0.25
"""Time of one rule in one step of the engine, the fixed cost of a step aside."""
NODE_COLUMNS = 12
"""Columns of eight bytes a row that a node may hold while a condition is evaluated."""
OWN_BYTES = 200
ROWS = 24
POOL = (0.0, -0.0, 1.0, 2.0, 2.5, 3.0, 0.5, -1.0, 4.0, 1e15, -1e15, 1e308, -1e308, 5e-324, math.nan, math.nan)
HUGE = ((3.75, 1e308), (-3.25, -1e308), (2.25, 5e-324), (-2.5, -0.0), (4.25, 1e15))
"""In towns without sums some readings are of extreme size."""


class Remembering(Facility):
    """The naive facility, asked once for each operand and moment: rules of a town share them."""

    def remember(self) -> None:
        """Begin with nothing; operands are told apart by where they are, and numbered by what they are."""
        self.known: dict[tuple[int, int], float | None] = {}
        self.seen: dict[tuple[int, int], float | None] = {}
        self.turned: dict[int, set[int]] = {}
        self.hours: dict[tuple[int, int], float | None] = {}
        self.number_of: dict[Any, int] = {}
        self.place: dict[int, tuple[int, Any]] = {}

    def _place(self, what: Any) -> int:
        known = self.place.get(id(what))
        if known is None:
            known = self.place[id(what)] = (self.number_of.setdefault(what, len(self.number_of)), what)
        return known[0]

    def operand(self, operand: Operand, at_ms: int) -> float | None:
        """The value of an operand at a moment."""
        key = (self._place(operand), at_ms)
        if key not in self.known:
            self.known[key] = super().operand(operand, at_ms)
        return self.known[key]

    def looked_back(self, operand: Windowed | WindowedOver, at_ms: int) -> float | None:
        """What a window looks back over, at a moment."""
        key = (self._place(operand.key if isinstance(operand, Windowed) else operand.source), at_ms)
        if key not in self.seen:
            self.seen[key] = super().looked_back(operand, at_ms)
        return self.seen[key]

    def changes_of(self, operand: Windowed | WindowedOver) -> set[int]:
        """Every moment at which what a window looks back over may change."""
        key = self._place(operand)
        if key not in self.turned:
            self.turned[key] = super().changes_of(operand)
        return self.turned[key]

    def hour_mean(self, operand: Windowed | WindowedOver, hour: int) -> float | None:
        """The mean of an hour, whatever is learned from it."""
        key = (self._place(operand.key if isinstance(operand, Windowed) else operand.source), hour)
        if key not in self.hours:
            self.hours[key] = super().hour_mean(operand, hour)
        return self.hours[key]


class Given(Facility):
    """A facility at one moment: its operands and attributes are given."""

    def __init__(
        self, values: dict[Operand, float], attributes: dict[str, float], texts: dict[str, str | None]
    ) -> None:
        super().__init__({}, {}, attributes, texts)
        self.values = values

    def operand(self, operand: Operand, at_ms: int) -> float | None:
        """The value that is given."""
        value = self.values[operand]
        return None if math.isnan(value) else value


@dataclass
class Figures:
    """What was shown; those that begin with ``most_`` are maxima, the others add up."""

    counts: dict[str, float]

    @classmethod
    def none(cls) -> Figures:
        """Nothing yet."""
        return cls(defaultdict(float))

    def add(self, name: str, value: float = 1) -> None:
        """Count, or keep the greatest."""
        if name.startswith("most_"):
            self.counts[name] = max(self.counts[name], round(value, 6))
        else:
            self.counts[name] += value


@dataclass(frozen=True)
class Town:
    """Rules, readings and how they arrive, all from one seed."""

    seed: int
    texts: list[str]
    rules: tuple[Rule, ...]
    unit: str
    plan: Plan
    delivery: Delivery
    calendar: TownCalendar


SHORT = {"hour_ms": 1_000, "week": 5}
"""An hour of a second and a week of five hours: then what is learned by the week is known within a town's minute."""


def short(seed: int) -> bool:
    """Whether a town has short weeks; one of four has those of the calendar, of which it sees too little."""
    return seed % 4 > 0


def spans(seed: int) -> tuple[str, ...]:
    """What ``baseline`` and ``deviation`` may look back over."""
    hour_s = SHORT["hour_ms"] // 1_000
    return tuple(f"{weeks * SHORT['week'] * hour_s} s" for weeks in (2, 3, 4)) if short(seed) else WHOLE_WEEKS


@contextmanager
def weeks_of(seed: int) -> Iterator[None]:
    """The weeks of a town: in the language, in the engine and in its twin."""
    hour_ms, week = SHORT.values()
    patched: list[tuple[Any, str, Any]] = [
        (buckets, "_HOUR_MS", hour_ms),
        (check, "LEARNING_MS", tuple(weeks * week * hour_ms for weeks in (2, 3, 4))),
        (buckets, "WEEKLY_REWIND_SLOTS", week + 2),
        (seasons.Season, "REWIND", week + 2),
        (judge, "HOUR_MS", hour_ms),
        *((module, "WEEK_HOURS", week) for module in (buckets, seasons, mending, judge)),
    ]
    with ExitStack() as patches:
        for module, name, value in patched if short(seed) else []:
            patches.enter_context(patch.object(module, name, value))
        yield


def town_of(seed: int, size: int, figures: Figures) -> Town:
    """A random town of ``size`` rules."""
    with weeks_of(seed):
        return _town_of(seed, size, figures)


def _town_of(seed: int, size: int, figures: Figures) -> Town:
    rng = random.Random(seed)
    unit, extreme = rng.choice(("", "m")), rng.random() < 0.2
    words = Words(rng, unit, sums=not extreme, weeks=spans(seed))
    classes = {"well": _town_class(unit)}
    texts: list[str] = []
    rules: list[Rule] = []
    while len(rules) < size:
        text = words.rule(f"r{len(rules)}")
        begin = time.process_time()
        read = read_rules({"rules.yaml": text}, classes)
        taken = time.process_time() - begin
        assert taken < LOAD_S, f"{taken} s to read {text}"
        figures.add("most_load_s", taken)
        codes = {finding.code for finding in read.findings}
        assert codes <= REFUSED, f"{codes} of {text}"
        if codes:
            figures.add("refused")
            continue
        texts.append(text)
        rules.append(read.rules[0].rule)
    plan = plan_of(rng)
    delivery = delivery_of(plan)
    if extreme:
        delivery = Delivery(_huge(delivery.everything), [(now_ms, _huge(chunk)) for now_ms, chunk in delivery.chunks])
    return Town(seed, texts, tuple(rules), unit, plan, delivery, calendar_of(rng))


def plan_of(rng: random.Random) -> Plan:
    """Readings of a town and how they arrive."""
    return Plan(
        seed=rng.randrange(2**32),
        count=rng.choice((160, 60, 60, 60, 30, 30, 15, 2)),
        span_ms=rng.choice((60_000, 20_000, 20_000, 2_000)),
        grid_ms=rng.choice((250, 1, 500, 1_000)),
        jitter_ms=rng.choice((300, 1, 1_500)),
        tick_ms=rng.choice((1_000, 4_000, 4_000, 7_000, 7_000, 300)),
        gap=rng.random() < 0.5,
        clock_ahead=rng.random() < 0.3,
        lull=rng.random() < 0.5,
    )


def calendar_of(rng: random.Random) -> TownCalendar:
    """Random steps of the calendar's terms, now and then unknown."""

    def turns() -> Turns:
        times = sorted(rng.sample(range(-20, 260), rng.randrange(7)))
        value = (0.0, 1.0, 1.0, 0.0, math.nan)
        return Turns(rng.choice(value), tuple((BASE_MS + 250 * at, rng.choice(value)) for at in times))

    return TownCalendar({term: [turns() for _ in range(WELLS)] for term in ("occupied", "season flood")})


def _huge(batch: Readings) -> Readings:
    value = batch.value.copy()
    for before, after in HUGE:
        value[batch.value == before] = after
    return replace(batch, value=value)


# --- conditions on columns --------------------------------------------------------------------------------------------


def on_columns(condition: Truth, seed: int, figures: Figures) -> None:
    """One condition on random columns: bounded, and row by row what its scalar twin says."""
    rng = np.random.default_rng(seed)
    loaded = {operand: rng.choice(POOL, ROWS) for operand in operands(condition)}
    asked: dict[Attribute | AttributeText, Floats] = {}
    for part in attribute_parts(condition):
        pool = (0.0, 1.0, math.nan) if isinstance(part, AttributeText) else (1.0, 2.5, 0.0, math.nan)
        asked[part] = rng.choice(pool, ROWS)
    columns = Columns(loaded.__getitem__, asked.__getitem__)
    nodes = sum(1 for _ in _every_node(condition))
    evaluate = truth_function(condition)
    tracemalloc.start()
    begin = time.process_time()
    with np.errstate(all="ignore"):
        found = evaluate(columns)
    taken = time.process_time() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < nodes * (NODE_S + ROWS * CELL_S) + 0.05, f"{taken} s for {nodes} nodes"
    assert peak < nodes * (ROWS * NODE_COLUMNS * 8 + 2_000) + 20_000, f"{peak} bytes for {nodes} nodes"
    figures.add("most_column_us_a_node", taken / nodes * 1e6)
    figures.add("most_column_bytes_a_node_and_row", peak / nodes / ROWS)
    true, false = (np.broadcast_to(column, ROWS) for column in found)
    for row in range(ROWS):
        attributes = {part.name: float(of[row]) for part, of in asked.items() if isinstance(part, Attribute)}
        texts = {
            part.name: _text(part, float(of[row])) for part, of in asked.items() if isinstance(part, AttributeText)
        }
        facility = Given({operand: float(of[row]) for operand, of in loaded.items()}, attributes, texts)
        truth = facility.truth(condition, 0)
        wanted = (truth is True, truth is False)
        assert (bool(true[row]), bool(false[row])) == wanted, (condition, facility.values, attributes, texts)
    figures.add("rows_equal", ROWS)


def _text(part: AttributeText, value: float) -> str | None:
    return None if math.isnan(value) else part.text if value == 1 else f"not {part.text}"


def _every_node(node: Any) -> Iterator[Any]:
    """A condition's nodes; what an operand looks back over is none of them."""
    yield node
    for name in ("args", "left", "right", "value", "low", "high", "child"):
        for child in _as_tuple(getattr(node, name, ())):
            if not isinstance(child, float):
                yield from _every_node(child)


def _as_tuple(child: Any) -> tuple[Any, ...]:
    return child if isinstance(child, tuple) else (child,)


# --- rules in the engine ----------------------------------------------------------------------------------------------


def judged(town: Town, figures: Figures) -> None:
    """All rules of a town: what the engine and its journal say is what the scalar reading says."""
    rng = random.Random(town.seed + 1)
    units = class_units({"well": _town_class(town.unit)})
    how = {
        "limit": rng.choice((10, 10_000)),
        "save_every_ms": rng.choice((2_000, 10_000)),
        "restart_at": rng.choice((-1, 3, 12)),
        "meeting_ms": rng.choice((0, 2_000, 5_000)),
    }
    keep_from_ms = rng.choice((0, kept.KEEP_FROM_MS))
    begin = time.process_time()
    portion = patch.object(judge_loop, "MOST_REPLAYED", rng.choice((1, 100, judge_loop.MOST_REPLAYED)))
    with portion, patch.object(kept, "KEEP_FROM_MS", keep_from_ms), np.errstate(all="ignore"):
        engine, journal = run(
            RuleSet(town.rules, units), town.delivery, calendar=town.calendar, unit=town.unit or "1", **how
        )
    steps = 2 * len(town.delivery.chunks) + 12
    taken = time.process_time() - begin
    assert taken < steps * (JUDGE_S * len(town.rules) + 0.5), f"{taken} s for {len(town.rules)} rules, {steps} steps"
    figures.add("most_judge_ms_a_rule_and_step", taken / steps / len(town.rules) * 1e3)
    _compare(engine, journal, town, figures)


def _compare(engine: Engine, journal: Journal, town: Town, figures: Figures) -> None:
    wells = _remembering(town)
    rng = random.Random(town.seed + 2)
    looked_at = {rule.id: rng.randrange(WELLS) for rule in town.rules}
    known: dict[int, list[Interval]] = {}

    def remembered(facility: Facility, rule: Rule, horizon_ms: int) -> list[Interval]:
        """The same list for the machine of a rule and for its alarms."""
        if id(rule) not in known:
            known[id(rule)] = intervals(facility, rule, horizon_ms)
        return known[id(rule)]

    for one in engine.layout.classes:
        for number, plan in enumerate(one.rules):
            well = looked_at[plan.rule.id]
            horizon_ms = int(engine.live.horizon_ms[well])
            expected = remembered(wells[well], plan.rule, horizon_ms)
            found = list(engine.book.of(one.machines(number).start + well))
            if any(piece.flaps for piece in found):  # pieces of what flaps are condensed
                found, expected = damp(found, horizon_ms), damped(expected, horizon_ms)
            assert found == expected, told(town, plan.rule, well, found, expected)
            figures.add("intervals_equal", len(expected))
    announced: dict[tuple[str, int], list[Interval]] = defaultdict(list)
    for alarm in journal.alarms.values():
        announced[alarm.rule_id, alarm.facility].append(alarm.interval)
    for rule in engine.rules.rules:
        well, horizon_ms = looked_at[rule.id], int(engine.live.horizon_ms[looked_at[rule.id]])
        with patch.object(judge, "intervals", remembered):
            expected = alarms(wells[well], rule, horizon_ms)
        stands = sorted(announced[rule.id, 100 + well], key=lambda interval: interval.start_ms)
        assert [_seen(i) for i in stands] == [_seen(i) for i in expected], told(town, rule, well, stands, expected)
        figures.add("alarms_equal", len(expected))


def _remembering(town: Town) -> list[Facility]:
    """The naive facilities of a town, each with its memory."""
    wells = references(town.delivery.everything, town.calendar)
    for facility in wells:
        facility.__class__ = Remembering
        cast(Remembering, facility).remember()
    return wells


def _seen(interval: Interval) -> tuple[object, ...]:
    return (interval.start_ms, interval.stop_ms, interval.steps, interval.flaps, interval.pieces)


def told(town: Town, rule: Rule, well: int, found: list[Interval], expected: list[Interval]) -> str:
    """What differs, with what is needed to see it again."""
    written = f"{[part.when_text for part in rule.parts]} clear {[part.clear_text for part in rule.parts]}"
    return f"town {town.seed} of {len(town.rules)} rules, {rule.id} at well {well}: {written}\n{found}\n{expected}"


def town_run(seed: int, size: int, figures: Figures) -> None:
    """One town, from its rules to its alarms."""
    with weeks_of(seed):
        _town_run(seed, size, figures)


def _town_run(seed: int, size: int, figures: Figures) -> None:
    town = _town_of(seed, size, figures)
    for number, rule in enumerate(town.rules):
        for part in rule.parts:
            cost = cost_of(part)
            # The bound is on what is written; with dates a rule without ``clear`` is judged by its ``when`` twice.
            assert cost.nodes <= (2 * MAX_NODES + 20 if rule.dates else MAX_NODES)
            assert len(cost.windows) <= MAX_WINDOWS
            assert cost.own_bytes <= OWN_BYTES
            figures.add("most_own_bytes", cost.own_bytes)
            figures.add("most_shared_bytes", cost.shared_bytes)
        for place, condition in enumerate(rule.conditions):
            on_columns(condition, seed + 7 * number + place, figures)
            figures.add("expressions")
            figures.add("expressions_judged")
    judged(town, figures)
    figures.add("rules", len(town.rules))
    figures.add("readings", len(town.delivery.everything))
    figures.add("towns")


def expression_run(seed: int, figures: Figures) -> None:
    """One random expression: parsed and checked within a time, and compared on columns."""
    rng = random.Random(seed)
    unit = rng.choice(("", "m"))
    text = Words(rng, unit).condition(rng.choice((2, 3, 4)))
    begin = time.process_time()
    found: list[int] = []
    condition = None
    with suppress(SyntaxFault):  # beyond a bound
        checker = Checker(_town_class(unit), lambda at, kind, values: found.append(at), {"well": _town_class(unit)})
        condition = checker.condition(parse(text))
        assert condition is not None, f"seed {seed}: {text} at {found}"
    taken = time.process_time() - begin
    assert taken < LOAD_S, f"{taken} s to read {text}"
    if condition is None:
        figures.add("refused")
        return
    on_columns(condition, seed, figures)
    figures.add("expressions")


@cache
def _town_class(unit: str) -> FacilityClass:
    return town_class(**dict.fromkeys(KEYS, unit or "1"))


def proof_run(seed: int, rules: int = RULES_A_RUN, expressions: int = EXPRESSIONS_A_RUN) -> dict[str, float]:
    """So many expressions on columns, then towns of so many rules; the figures.

    What differs is said, with its seed, and counted as ``unequal``.
    """
    rng, figures = random.Random(seed), Figures.none()
    for _ in range(expressions):
        expression_seed = rng.randrange(2**31)
        try:
            expression_run(expression_seed, figures)
        except AssertionError:
            logger.exception("the expression from seed %d differs", expression_seed)
            figures.add("unequal")
    figures.add("unequal", 0)
    while figures.counts["rules"] < rules:
        town_seed, size = rng.randrange(2**31), rng.choice(SIZES)
        try:
            town_run(town_seed, size, figures)
        except AssertionError:
            logger.exception("a town of %d rules from seed %d differs", size, town_seed)
            figures.add("unequal")
    return dict(figures.counts)
