"""Aggregates over time in whole rules: what a person would expect of them, and that arrival does not enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

import numpy as np
import pytest

from core.alarms import Interval
from core.places import ClassMembers
from core.quality import GOOD, QualityClass, quality
from core.readings import Readings, readings
from rules.buckets import bucket, duration
from rules.engine.engine import Engine, EngineSettings
from rules.engine.windows import Window
from rules.expression import Derived, Measured, Windowed, WindowedOver
from tests.unit.rules.town import Store, members, rule_set, rule_text

BASE_MS = 1_700_006_400_000
"""A whole multiple of a day, so that slots of every width begin here."""
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
A, B, C = 0, 1, 2
WELLS = 3


def engine_of(
    *conditions: str, stale_ms: int = 7_000, wells: int = 1, only: int | None = None, **settings: int
) -> Engine:
    """An engine with one rule for each condition; every reading holds for ``stale_ms``; of one well if it is said."""
    texts = [rule_text(f"r{number}", when) for number, when in enumerate(conditions)]
    group = members(wells, {"limit": [1.5] * wells, "serviced": [100.0] * wells})
    rows = np.arange(wells) if only is None else np.array([only])
    group = replace(
        group,
        facility=group.facility[rows],
        code=tuple(group.code[row] for row in rows.tolist()),
        point={key: point[rows] for key, point in group.point.items()},
        stale_after_ms={key: np.full(len(rows), stale_ms, np.int64) for key in group.point},
        attribute={name: column[rows] for name, column in group.attribute.items()},
    )
    return Engine(rule_set(*texts), {"well": group}, Store(), EngineSettings(**settings))


def played(
    engine: Engine, point: int, every_ms: int, values: Sequence[float | None]
) -> list[tuple[float, float | None]]:
    """Readings of one point at equal distances (None is not good); the alarms of rule 0, in steps of ``every_ms``."""
    for number, value in enumerate(values):
        at_ms = BASE_MS + number * every_ms
        sound = GOOD if value is not None else quality(QualityClass.BAD)
        engine.ingest(readings(point=[point], time_ms=[at_ms], value=[value or 0.0], quality=[sound]), at_ms)
        engine.advance(at_ms + SECOND_MS)
    engine.advance(BASE_MS + len(values) * every_ms + SECOND_MS)
    return told(engine, every_ms)


def told(engine: Engine, every_ms: int) -> list[tuple[float, float | None]]:
    """Starts and stops of rule 0 at facility 0, counted in steps from the beginning."""
    return [
        ((one.start_ms - BASE_MS) / every_ms, None if one.stop_ms is None else (one.stop_ms - BASE_MS) / every_ms)
        for one in engine.book.of(0)
    ]


def test_running_hours_are_the_time_the_current_flows() -> None:
    """A pump that runs 4 of 6 hours every day has run 100 h after 6 days and an hour: 24 slots a day of 168 min."""
    engine = engine_of("time(a > 2) over 7 d > 100 h", stale_ms=HOUR_MS)
    alarms = played(engine, A, HOUR_MS, [3.0 if hour % 6 < 4 else 0.0 for hour in range(24 * 7)])
    ((start, stop),) = alarms
    assert stop is None
    assert 150 <= start <= 153


def test_starts_per_hour_are_counted_as_they_happen() -> None:
    """Twelve starts an hour are let pass, the thirteenth within an hour is told at the next full minute."""
    cycle = [1.0, 1.0, 0.0, 0.0]
    calm, busy = cycle * 15, [1.0, 0.0, 0.0, 0.0, 0.0]
    engine = engine_of("count(a == 1) over 1 h > 12", stale_ms=MINUTE_MS)
    assert played(engine, A, MINUTE_MS, [0.0, *busy * 24]) == []
    ((start, _),) = played(engine_of("count(a == 1) over 1 h > 12", stale_ms=MINUTE_MS), A, MINUTE_MS, [0.0, *calm])
    assert start == 1 + 12 * 4 + 1


def test_a_counter_is_counted_across_a_reset() -> None:
    """90, 95, then 2, 7: ten and seven litres are seventeen, and a difference of ends would say less than nothing."""
    values = [85.0, 90.0, 95.0, 2.0, 7.0, 7.0, 7.0]
    assert played(engine_of("increase(c) over 5 s > 16"), C, SECOND_MS, values) == [(5.0, 6.0)]
    assert played(engine_of("rate(c) over 5 s > 200 /min"), C, SECOND_MS, values) == [(5.0, 6.0)]
    assert played(engine_of("delta(c) over 4 s < -80"), C, SECOND_MS, values) == [(4.0, 7.0)]


def test_a_trend_is_told_before_the_limit_is_reached() -> None:
    """A level that rises by 1 a second reaches 20 within 5 s from 15 on, and stays told while it is above.

    The straight line through a staircase of n steps is flatter by 1/n²: 15 and 0.96 · 5 s are not yet 20.
    """
    rising = [float(second) for second in range(30)]
    assert played(engine_of("reaches(a, 20) within 5 s"), A, SECOND_MS, rising) == [(16.0, None)]
    falling = [float(30 - second) for second in range(30)]
    assert played(engine_of("falls_to(a, 20) within 5 s over 10 s"), A, SECOND_MS, falling) == [(6.0, None)]
    assert played(engine_of("reaches(a, 20) within 5 s"), A, SECOND_MS, [10.0] * 30) == []


def test_a_value_is_stuck_when_it_stands_still_for_the_whole_window() -> None:
    """Five seconds of one value are stuck for 5 s, but neither four are nor five with a change, nor a fresh start."""
    values = [1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0]
    assert played(engine_of("stuck(a) over 5 s"), A, SECOND_MS, values) == [(6.0, 8.0)]
    assert played(engine_of("stuck(a) over 5 s"), A, SECOND_MS, [2.0] * 4) == []
    gap = [2.0, 2.0, None, 2.0, 2.0, 2.0, 2.0]
    assert played(engine_of("stuck(a) over 5 s"), A, SECOND_MS, gap) == [(5.0, None)]


def test_a_spike_is_what_leaves_the_band_of_its_neighbours_and_returns() -> None:
    """One value of 9 between 1 and 2 leaves their band by 7; a step to 9, a peak of two values and a ramp do not."""
    engine = engine_of("spike(a) over 5 s > 6.9")
    assert played(engine, A, SECOND_MS, [1.0, 1.0, 9.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]) == [(4.0, 7.0)]
    for calm in (
        [1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0],
        [1.0, 4.0, 9.0, 8.9, 4.0, 1.0, 1.0],
        [float(n) for n in range(9)],
    ):
        assert played(engine_of("spike(a) over 5 s > 6.9"), A, SECOND_MS, calm) == []


def test_a_trembling_value_travels_far_in_a_narrow_range() -> None:
    """Up and down by 1 each second is a way of 4 within five seconds, though the range is 1."""
    trembling = [float(second % 2) for second in range(12)]
    assert played(engine_of("travel(a) over 5 s > 3.5"), A, SECOND_MS, trembling) == [(5.0, None)]
    rising = [second / 4 for second in range(12)]
    assert played(engine_of("travel(a) over 5 s > 3.5"), A, SECOND_MS, rising) == []


def test_what_is_missing_lies_between_what_is_known() -> None:
    """Two of ten seconds are a fifth, until the window begins with them; who is new or falls silent misses nothing."""
    engine = engine_of("missing(a) over 10 s > 19 %", stale_ms=1_000)
    values = [1.0] * 10 + [None, None] + [1.0] * 14
    assert played(engine, A, SECOND_MS, values) == [(13.0, 20.0)]
    assert played(engine_of("missing(a) over 10 s > 0 %", stale_ms=1_000), A, SECOND_MS, [1.0] * 12 + [None] * 12) == []


def test_changes_are_counted_over_gaps() -> None:
    """1, unknown, 2 is one change; 1, unknown, 1 is none."""
    assert played(engine_of("changes(a) over 5 s > 0"), A, SECOND_MS, [1.0, None, 1.0, 1.0, 1.0, 1.0]) == []
    assert played(engine_of("changes(a) over 5 s > 0"), A, SECOND_MS, [1.0, None, 2.0, 2.0, 2.0, 2.0]) == [(4.0, 6.0)]


def test_two_of_three_are_enough_though_the_third_is_unknown() -> None:
    """b was never read: with a alone the vote is open, with a and c it is decided."""
    engine = engine_of("at least 2 of (a > 1, b > 1, c > 1)")
    for second, point in ((0, A), (2, C)):
        at_ms = BASE_MS + second * SECOND_MS
        engine.ingest(readings(point=[point], time_ms=[at_ms], value=[2.0]), at_ms)
    engine.advance(BASE_MS + 3 * SECOND_MS)
    assert told(engine, SECOND_MS) == [(2.0, None)]


def test_hours_since_maintenance_are_the_counter_less_what_it_showed_then() -> None:
    """The attribute holds the counter's reading at the service."""
    assert played(engine_of("c - facility.serviced > 50"), C, SECOND_MS, [149.0, 151.0]) == [(1.0, None)]


def test_the_longest_window_gives_a_result_twice_a_day() -> None:
    """30 days are 60 slots of 12 h: 16 days of sun are known to be more than half of what is known after 16 days."""
    engine = engine_of("mean(a) over 30 d > 0.5 and share(b > 0.5) over 30 d > 50 %", stale_ms=2 * DAY_MS)
    for day in range(40):
        at_ms = BASE_MS + day * DAY_MS
        high = float(day >= 10)
        engine.ingest(readings(point=[A, B], time_ms=[at_ms, at_ms], value=[high, high]), at_ms)
        engine.advance(at_ms + 2 * SECOND_MS)
    assert told(engine, DAY_MS) == [(20.5, None)]


CONDITIONS = (
    "time(a > 1 and b > 1) over 90 s > 40 s",
    "count(a > 1 or b > 2.5) over 20 s > 3",
    "mean(a - b) over 90 s > 0.3",
    "slope(a * facility.limit) over 20 s > 0.0137 /s",
    "share(not (a > 1)) over 5 s > 50 %",
    "stddev(a + b) over 90 s > 1.371",
    "reaches(a, 2.4) within 20 s over 5 s",
    "at least 2 of (a > 2, b > 2, changes(a) over 20 s > 5)",
)
BANDED = (
    "time(a > 1 and b > 1) over 90 s > 40 s",
    "count(a > 1 or b > 2.5) over 20 s > 3",
    "share(not (a > 1)) over 5 s > 50 %",
)
"""Windows over conditions alone: most readings are calm, and no rule reads a measurement itself."""


def flow(seed: int, count: int = 700, span_ms: int = 140_000) -> Readings:
    """Random readings of all wells in order of time; a tenth of them bad."""
    rng = np.random.default_rng(seed)
    time_ms = np.sort(BASE_MS + rng.integers(0, span_ms // 250, count) * 250)
    codes = np.where(rng.random(count) < 0.1, quality(QualityClass.BAD), GOOD)
    point = rng.integers(0, WELLS, count) * 10 + rng.integers(0, 2, count)
    value = rng.choice([0.0, 1.5, 3.0, 0.1, 0.7], count)
    every = readings(point=point, time_ms=time_ms, value=value, quality=codes, offset=np.arange(count))
    return every.one_per_millisecond()


def deliver(engine: Engine, everything: Readings, arrival_ms: np.ndarray, tick_ms: int) -> Engine:
    """In chunks of ``tick_ms`` of arrival, then time enough for all that is late."""
    store = engine.memory._history
    assert isinstance(store, Store)
    end_ms = BASE_MS + 200_000
    for now_ms in range(BASE_MS + tick_ms, end_ms + tick_ms, tick_ms):
        chunk = everything.take((arrival_ms >= now_ms - tick_ms) & (arrival_ms < now_ms))
        store.batches.append(chunk)
        engine.ingest(chunk, now_ms)
        engine.advance(now_ms)
    engine.settle(end_ms)
    engine.advance(BASE_MS + 220_000)
    return engine


def state(engine: Engine, *but: str) -> list[bytes]:
    """Every bit of the windows, but how far back they can be set, and of what they look back over.

    Of a result the engine keeps one of its band, which need not be the last.
    """
    columns = [name for name in (*Window.ROW_COLUMNS, *Window.SLOT_COLUMNS) if name not in {"begun", *but}]
    windows = [window for windows in engine.live.windows for window in windows]
    (one,) = engine.layout.classes
    values = [
        engine.live.cells.value[one.cells(column)].tobytes()
        for column, operand in enumerate(one.operands)
        if isinstance(operand, Measured | Derived)
    ]
    return [getattr(window, name).tobytes() for window in windows for name in columns] + values


def intervals(engine: Engine) -> list[list[Interval]]:
    """All alarms by machine."""
    return [list(engine.book.of(machine)) for machine in range(len(engine.layout.machine_facility))]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_events_bring_about_is_the_same_in_any_chunks(seed: int) -> None:
    """A window over an expression holds the same bits whether its operands came one by one or all at once."""
    everything = flow(seed)
    alone, *others = (
        deliver(engine_of(*CONDITIONS, wells=WELLS), everything, everything.time_ms, tick_ms)
        for tick_ms in (500, 7_000, 100_000)
    )
    for chunks in others:
        assert state(chunks) == state(alone)
        assert intervals(chunks) == intervals(alone)
        assert alone.stats.reevaluations == chunks.stats.reevaluations == 0
    assert sum(len(found) for found in intervals(alone)) > 20


@pytest.mark.parametrize("conditions", [CONDITIONS, BANDED], ids=["any", "banded"])
@pytest.mark.parametrize(("seed", "memory"), [(4, 100), (5, 100_000)])
def test_what_comes_late_ends_in_the_same_bits(seed: int, memory: int, conditions: tuple[str, ...]) -> None:
    """Ten per cent up to a minute late, judged again from memory or the store: the windows of the order of time."""
    everything, rng = flow(seed), np.random.default_rng(seed)
    count = len(everything.time_ms)
    arrival_ms = everything.time_ms + np.where(rng.random(count) < 0.1, rng.integers(1_000, 60_000, count), 0)
    ordered = deliver(engine_of(*conditions, wells=WELLS), everything, everything.time_ms, 1_000)
    tuned = {"memory_readings": memory, "save_every_ms": 5_000}
    late = deliver(engine_of(*conditions, wells=WELLS, **tuned), everything, arrival_ms, 1_000)
    assert late.stats.reevaluations > 0
    assert state(late) == state(ordered)
    assert intervals(late) == intervals(ordered)


def test_workers_with_a_part_of_the_facilities_give_the_alarms_of_one() -> None:
    """Three engines with a well each, fed with what concerns them, end where one with all of them does."""
    everything = flow(7)
    whole = deliver(engine_of(*CONDITIONS, wells=WELLS), everything, everything.time_ms, 1_000)
    for well in range(WELLS):
        part = engine_of(*CONDITIONS, wells=WELLS, only=well)
        deliver(
            part,
            everything.take(everything.point // 10 == well),
            everything.time_ms[everything.point // 10 == well],
            1_000,
        )
        machines = np.flatnonzero(whole.layout.machine_facility == well).tolist()
        assert intervals(part) == [list(whole.book.of(machine)) for machine in machines]


def after_late(condition: str, late_s: int, arrival_s: int) -> tuple[Engine, Engine]:
    """Two engines over two minutes of a = 0, swept every second, with one a = 3 among them: late, and in time."""
    engines = (engine_of(condition), engine_of(condition))
    for engine, due_s in zip(engines, (arrival_s, late_s), strict=True):
        for second in range(120):
            now_ms = BASE_MS + second * SECOND_MS
            at_s = [second] if second % 5 == 0 else []
            at_s += [late_s] if second == due_s else []
            value = [3.0 if at == late_s else 0.0 for at in at_s]
            time_ms = [BASE_MS + at * SECOND_MS for at in at_s]
            engine.ingest(readings(point=[A] * len(at_s), time_ms=time_ms, value=value), now_ms)
            engine.advance(now_ms + SECOND_MS)
        engine.settle(BASE_MS + 121 * SECOND_MS)
    return engines


@pytest.mark.parametrize(("late_s", "arrival_s"), [(41, 44), (42, 47), (42, 60)])
def test_a_late_reading_is_not_fed_into_a_slot_that_has_closed(late_s: int, arrival_s: int) -> None:
    """Newer than everything that happened, even the newest of its point, but not than the last result: judged again."""
    late, ordered = after_late("time(a > 1) over 90 s > 2 s", late_s, arrival_s)
    assert (ordered.stats.reevaluations, late.stats.reevaluations) == (0, 1)
    assert state(late) == state(ordered)
    assert intervals(late) == intervals(ordered)
    assert sum(len(found) for found in intervals(ordered)) == 1


def test_a_slot_stays_closed_after_a_reevaluation() -> None:
    """A slot of 6 min has closed at 18, b of 12 comes late, then a of 17: newer than all that happened, and late."""
    in_time = [(0, 0, A, 0.0), (0, 0, B, 0.0), (10, 10, A, 3.0), (10, 10, B, 3.0), (16, 16, A, 3.0), (16, 16, B, 0.0)]
    behind = [(19, 12, B, 0.0), (20, 17, A, 0.0), (21, 17, B, 3.0)]
    late, ordered = (
        engine_of("time(a > 1 and b > 1) over 6 h > 1 h", stale_ms=HOUR_MS, save_every_ms=DAY_MS) for _ in range(2)
    )
    for engine, place in ((late, itemgetter(0)), (ordered, itemgetter(1))):
        for arrival, together in groupby(sorted([*in_time, *behind], key=place), key=place):
            now_ms = BASE_MS + arrival * MINUTE_MS
            _, minute, point, value = zip(*together, strict=True)
            time_ms = [BASE_MS + one * MINUTE_MS for one in minute]
            engine.advance(now_ms)
            engine.ingest(readings(point=point, time_ms=time_ms, value=value), now_ms)
            engine.settle(now_ms)
        engine.advance(BASE_MS + 40 * MINUTE_MS)
    assert late.stats.reevaluations == 3
    assert state(late) == state(ordered)


def test_a_calm_reading_under_a_condition_is_no_event() -> None:
    """While a stays on one side of the limit the window is not fed, and a late reading there changes nothing."""
    engine = engine_of("time(a > 1) over 90 s > 40 s")
    for second in range(0, 60, 2):
        at_ms = BASE_MS + second * SECOND_MS
        engine.ingest(readings(point=[A], time_ms=[at_ms], value=[2.0 + second]), at_ms)
        engine.advance(at_ms)
    engine.ingest(readings(point=[A], time_ms=[BASE_MS + 31 * SECOND_MS], value=[7.0]), BASE_MS + 59 * SECOND_MS)
    engine.settle(BASE_MS + 59 * SECOND_MS)
    (window,) = engine.live.windows[0]
    assert int(window.until_ms[0]) > BASE_MS + DAY_MS
    assert (engine.stats.late, engine.stats.reevaluations) == (0, 0)


@pytest.mark.parametrize(
    "condition", ["mean(a) over 10 min > 1", "slope(a) over 30 d > 1 /d", "time(a > 1) over 90 s > 1 s"]
)
def test_what_a_bucket_says_it_keeps_is_what_is_kept(condition: str) -> None:
    """Bytes per facility as declared: the columns of the window, its cell and that of its expression."""
    engine = engine_of(condition, wells=WELLS)
    (window,) = engine.live.windows[0]
    operand = next(one for one in engine.layout.classes[0].operands if isinstance(one, Windowed | WindowedOver))
    kept = sum(getattr(window, name).nbytes for name in (*Window.ROW_COLUMNS, *Window.SLOT_COLUMNS))
    cells = engine.live.cells
    cell = sum(getattr(cells, name).itemsize for name in cells.COLUMNS)
    own = bucket(operand)
    assert own.state_bytes * WELLS == kept + WELLS * (
        window._rows.itemsize + cell * (1 + isinstance(operand, WindowedOver))
    )
    assert (own.step_ms, own.slots) == (window.plan.step_ms, window.plan.slots)
    assert duration(own.step_ms) in str(own.told())
    assert duration(own.window_ms) in own.told().in_language("zh")


def test_history_is_not_asked_where_nothing_is_late() -> None:
    """In order a window over an expression needs no reading a second time."""
    everything = flow(9)
    engine = deliver(engine_of(*CONDITIONS, wells=WELLS), everything, everything.time_ms, 1_000)
    assert isinstance(engine.memory._history, Store)
    assert engine.memory._history.reads == 0


class Asked(Store):
    """Remembers from which moment on it was asked."""

    earliest_ms = BASE_MS + 100 * DAY_MS

    def read(self, points: np.ndarray, from_ms: int, to_ms: int) -> Readings:
        """Readings as of the store."""
        self.earliest_ms = min(self.earliest_ms, from_ms)
        return super().read(points, from_ms, to_ms)


LONG = ("time(a > 1 and b < facility.limit) over 7 d > 30 h", "slope(a) over 30 d > 0.0137 /d", "mean(b) over 6 h > 1")


def restored_after(days: int, limit: float, stale_ms: int) -> tuple[Engine, Engine, Asked]:
    """An engine after some days of readings every 20 min, and what its snapshot becomes."""
    texts = [rule_text(f"r{number}", when) for number, when in enumerate(LONG)]
    store, rng = Asked(), np.random.default_rng(days)
    tuned = EngineSettings(memory_readings=50)
    first = Engine(rule_set(*texts), {"well": members_of(1.5, HOUR_MS)}, store, tuned)
    now_ms = BASE_MS
    while now_ms < BASE_MS + days * DAY_MS:
        now_ms += 20 * MINUTE_MS
        value = rng.choice([0.0, 1.3, 3.0], 2 * WELLS)
        point = np.array([10 * well + key for well in range(WELLS) for key in (A, B)])
        batch = readings(point=point, time_ms=np.full(2 * WELLS, now_ms - SECOND_MS), value=value)
        store.batches.append(batch)
        first.ingest(batch, now_ms)
        first.advance(now_ms + 2 * SECOND_MS)
    store.earliest_ms = now_ms
    again = Engine.restore(first.snapshot(), rule_set(*texts), {"well": members_of(limit, stale_ms)}, store, tuned)
    return first, again, store


def members_of(limit: float, stale_ms: int) -> ClassMembers:
    """Wells with one limit and one time of expiry."""
    group = members(WELLS, {"limit": [limit] * WELLS})
    return replace(group, stale_after_ms={key: np.full(WELLS, stale_ms, np.int64) for key in group.point})


@pytest.mark.parametrize("days", [3, 12, 34])
def test_a_restart_needs_no_month_of_history(days: int) -> None:
    """Long windows come back from the snapshot to the last bit; only the open slot is read again."""
    first, again, store = restored_after(days, 1.5, HOUR_MS)
    assert state(again) == state(first)
    assert store.earliest_ms >= BASE_MS + days * DAY_MS - 14 * HOUR_MS


@pytest.mark.parametrize(("limit", "stale_ms"), [(2.0, HOUR_MS), (1.5, 2 * HOUR_MS)])
def test_a_window_made_from_something_else_is_computed_anew(limit: float, stale_ms: int) -> None:
    """Another limit or another time of expiry gives other shares: then the history is read as far as the window."""
    _, again, store = restored_after(12, limit, stale_ms)
    assert store.earliest_ms <= BASE_MS + 12 * DAY_MS - 7 * DAY_MS
    fresh = Engine(again.rules, {"well": members_of(limit, stale_ms)}, store)
    for batch in store.batches:
        now_ms = int(batch.time_ms[0]) + SECOND_MS
        fresh.ingest(batch, now_ms)
        fresh.advance(now_ms + 2 * SECOND_MS)
    # Behind the window the rings hold more of what was never forgotten.
    assert state(again, "share_ring", "known_ring") == state(fresh, "share_ring", "known_ring")
