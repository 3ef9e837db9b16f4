"""Backtests: stored readings through the rules and the dispatch policy, from the files to the cases.

Two installations are written: one of 5,000 points, all measurements of the classes of the shipped rule book read every
10 s for a day, and one of a single class over 90 days. Values keep within the usual band of their measurement with a
daily wave and noise; states rest; a few points an hour leave their band for a while, so that alarms open and close. One
run is what ``twingrid rule backtest`` does, less opening the database: read, judge, foresee.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.backtest import Answer, Backtest, Question
from app.wiring import rule_sources
from bench.rows import Row
from core.clock import ManualClock
from core.places import ClassMembers, FacilityClass, PointKind
from core.ports.registry import Roster
from core.ports.store import Commit
from core.readings import readings
from dispatch.foreseen import Crew, PastAlarm
from dispatch.foresight import foresee
from dispatch.policy import Policy
from registry.classbook import load_classes
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from store.duckdb_store import DuckDBStore
from store.settings import StoreSettings

DAY_MS, INTERVAL_MS = 86_400_000, 10_000
START_MS = 20_000 * DAY_MS
POINTS = 5_000
DAYS = 90
PUMPS = 50
_A_DAY = DAY_MS // INTERVAL_MS
_AT_ONCE = 400

WINDOWED = """
- id: bench-level-rise
  class: sewage_pump
  when: level - min(level) over 10 min > 0.5 m
  clear: level - min(level) over 10 min < 0.2 m
  severity: medium
  lead: construction
  say: {zh: 液位上升, en: "The level rises"}
  do: {zh: [查看], en: [look]}
  source: bench
  evidence: proposal
"""


def classes() -> Mapping[str, FacilityClass]:
    """The shipped classes."""
    return {name: entry.facility_class for name, entry in load_classes().items()}


def town(per_class: Mapping[str, int], keys: frozenset[str] | None = None) -> dict[str, ClassMembers]:
    """So many facilities of each class with all measurements (or some), the points of a facility side by side."""
    members, point, facility = {}, 0, 1
    for class_id, size in per_class.items():
        known = classes()[class_id].measurements
        chosen = [key for key in known if keys is None or key in keys]
        index = np.arange(size)
        members[class_id] = ClassMembers(
            class_id=class_id,
            facility=(facility + index).astype(np.int32),
            code=tuple(f"{class_id}-{number}" for number in range(size)),
            point={
                key: (point + index * len(chosen) + chosen.index(key) if key in chosen else np.full(size, -1)).astype(
                    np.int32
                )
                for key in known
            },
            stale_after_ms={key: np.full(size, 3 * INTERVAL_MS, np.int64) for key in known},
            unit={key: one.unit for key, one in known.items()},
        )
        point += size * len(chosen)
        facility += size
    return members


def series(rng: np.random.Generator, class_id: str, key: str, size: int) -> np.ndarray:
    """A day of one measurement of ``size`` facilities: float64[size, a day], decimals as sensors give them."""
    entry = load_classes()[class_id]
    known, (low, high) = entry.facility_class.measurements[key], entry.normal[key]
    if known.kind is not PointKind.GAUGE:
        value = np.full((size, _A_DAY), low)
        blips, other = 0.2, min(known.high, low + 1)
    else:
        phase = np.arange(_A_DAY) / _A_DAY * 6.28 + rng.uniform(0, 6.28, size)[:, None]
        value = (low + high) / 2 + (high - low) * (0.2 * np.sin(phase) + 0.02 * rng.standard_normal((size, _A_DAY)))
        blips, other = 0.3, high + 0.2 * (min(known.high, high + (high - low)) - high)
        if rng.random() < 0.5:
            other = low - 0.8 * (low - max(known.low, low - (high - low)))
    for row in np.flatnonzero(rng.random(size) < blips).tolist():
        begin, length = int(rng.integers(0, _A_DAY)), int(rng.integers(6, 400))
        value[row, begin : begin + length] = other
    return np.round(value, 2)


def batches(members: Mapping[str, ClassMembers], days: int) -> Iterator[tuple[int, str, str, np.ndarray]]:
    """Day, class, measurement and points of each commit, day by day."""
    for day in range(days):
        for class_id, group in members.items():
            measured = ((key, points) for key, points in group.point.items() if points[0] >= 0)
            yield from (
                (day, class_id, key, points[begin : begin + _AT_ONCE])
                for key, points in measured
                for begin in range(0, len(points), _AT_ONCE)
            )


def fill(store: DuckDBStore, members: Mapping[str, ClassMembers], days: int) -> None:
    """Write readings of ``days`` days."""
    rng, today = np.random.default_rng(7), 0
    for day, class_id, key, points in batches(members, days):
        if day != today:
            store.flush()
            store.maintain(START_MS + (day + 1) * DAY_MS)
            today = day
        value = series(rng, class_id, key, len(points))
        first = START_MS + day * DAY_MS + rng.integers(0, INTERVAL_MS, len(points))
        stamp = first[:, None] + np.arange(_A_DAY) * INTERVAL_MS
        store.commit(
            Commit(readings=readings(point=np.repeat(points, _A_DAY), time_ms=stamp.ravel(), value=value.ravel()))
        )
    store.flush()
    store.maintain(START_MS + (days + 1) * DAY_MS)


@contextmanager
def installation(members: Mapping[str, ClassMembers], days: int) -> Iterator[DuckDBStore]:
    """A store full of readings, in a folder that goes away."""
    folder = Path(tempfile.mkdtemp(prefix="twingrid-backtest-"))
    settings = StoreSettings(hot_rows_max=60_000_000, memory_limit="2GB", raw_days=400, minute_days=400)
    store = DuckDBStore(folder, settings=settings, clock=ManualClock(START_MS))
    try:
        fill(store, members, days)
        yield store
    finally:
        store.close()
        shutil.rmtree(folder)


def run(store: DuckDBStore, rules: RuleSet, members: Mapping[str, ClassMembers], days: int) -> tuple[Answer, int]:
    """One backtest: the answer, and the cases."""
    of_rules = {name: group for name, group in members.items() if rules.of_class(name)}
    end_ms = START_MS + days * DAY_MS
    question = Question(rules=rules, in_force=None, members=of_rules, from_ms=START_MS, to_ms=end_ms)
    answer = Backtest(question, store).run(lambda progress: None)
    alarms = [
        PastAlarm(
            info=one.rule.info,
            facility=one.facility,
            severity=one.interval.steps[0].severity if one.interval.steps else one.rule.info.severity,
            start_ms=one.interval.start_ms,
            stop_ms=one.interval.stop_ms,
            steps=one.interval.steps,
        )
        for one in answer.alarms
    ]
    nobody = Roster(version=1, people={}, posts=(), neighbours={})
    found = foresee(alarms, nobody, Policy(), Crew(), START_MS, end_ms)
    return answer, len(found.cases)


def timed(store: DuckDBStore, rules: RuleSet, members: Mapping[str, ClassMembers], days: int) -> tuple[float, str]:
    """Seconds of one core in the faster of two runs, and what was done; a busy machine takes longer by the clock."""
    best, told = float("inf"), ""
    for _ in range(2):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        answer, cases = run(store, rules, members, days)
        spent, wall = time.process_time() - begin_cpu, time.perf_counter() - begin
        if spent < best:
            best, what = spent, f"{answer.readings:,} readings of {answer.points} points, {len(answer.alarms)} alarms"
            told = f"{what}, {cases} cases; {wall:.1f} s by the clock"
    return best, told


def rows() -> list[Row]:
    """The figures against their limits."""
    book = load_rules(rule_sources(None), classes())
    of_book = {rule.class_id for rule in book.rules}
    each = sum(len(classes()[name].measurements) for name in of_book)
    members = town(dict.fromkeys(sorted(of_book), POINTS // each))
    with installation(members, 1) as store:
        whole_s, whole = timed(store, book, members, 1)
    pumps = town({"sewage_pump": PUMPS}, frozenset({"level", "pump_current"}))
    one = RuleSet((book.by_id["pump-dry-run"],), book.units)
    windowed = load_rules({"bench.yaml": WINDOWED}, classes())
    with installation(pumps, DAYS) as store:
        one_s, one_told = timed(store, one, pumps, DAYS)
        window_s, window_told = timed(store, windowed, pumps, DAYS)
    factor = DAY_MS / 1000 / whole_s
    return [
        Row(
            name="backtest_book_times_real_time",
            value=factor,
            unit="× real time",
            against="goal 5,000",
            ratio=factor / 5_000,
            note=f"{len(book)} rules, {POINTS // each * each} points every 10 s for a day, one core: {whole}",
        ),
        Row(
            name="backtest_rule_90_days_s",
            value=one_s,
            unit="s of one core",
            against="goal 60 s",
            ratio=one_s / 60,
            note=f"pump-dry-run over {PUMPS} pumps, {DAYS} days at 10 s: {one_told}",
        ),
        Row(
            name="backtest_window_90_days_s",
            value=window_s,
            unit="s of one core",
            against="goal 60 s",
            ratio=window_s / 60,
            note=f"a window of 10 min over {PUMPS} pumps, {DAYS} days at 10 s: {window_told}",
        ),
    ]
