"""Late readings that need no re-evaluation, and those that do."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import numpy as np
import pytest

from core.alarms import Interval
from core.readings import Readings, readings
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.engine.windows import Window
from tests.unit.rules.town import members, rule_set, rule_text

BASE_MS = 1_700_000_000_000
WELLS = 4
SECOND_MS = 1_000
WINDOWS = (
    *("mean(a) over 90 s", "min(a) over 90 s", "max(a) over 90 s"),
    *("slope(a) over 90 s", "stddev(a) over 90 s", "changes(a) over 90 s"),
    *("spike(a) over 90 s", "travel(a) over 90 s", "missing(a) over 90 s"),
)


def engine_of(*conditions: str) -> Engine:
    """An engine with one rule for each condition."""
    texts = [rule_text(f"r{number}", when) for number, when in enumerate(conditions)]
    return Engine(rule_set(*texts), {"well": members(WELLS)}, NoHistory())


def one_rule(condition: str, hold_s: int) -> Engine:
    """An engine with one rule whose condition must last."""
    text = rule_text("r0", condition, for_=f"{hold_s} s") if hold_s else rule_text("r0", condition)
    return Engine(rule_set(text), {"well": members(WELLS)}, NoHistory())


def deliver(engine: Engine, everything: Readings, arrival_ms: np.ndarray, until_ms: int) -> None:
    """Second by second, then time enough for what is late."""
    for now_ms in range(BASE_MS + SECOND_MS, until_ms, SECOND_MS):
        engine.ingest(everything.take((arrival_ms >= now_ms - SECOND_MS) & (arrival_ms < now_ms)), now_ms)
        engine.advance(now_ms)
    engine.settle(until_ms)


@pytest.mark.parametrize("begin_ms", [0, 30_000, 61_000])
def test_a_mended_window_is_the_same_to_the_last_bit(begin_ms: int) -> None:
    """Sums of random fractions differ with the order of addition; mended windows hold those of the order of time."""
    rng, count, span_ms = np.random.default_rng(begin_ms), 3_000, 200_000
    time_ms = np.sort(BASE_MS + begin_ms + rng.integers(0, span_ms, count))
    everything = readings(
        point=rng.integers(0, WELLS, count) * 10, time_ms=time_ms, value=rng.random(count), offset=np.arange(count)
    )
    arrival_ms = time_ms + np.where(rng.random(count) < 0.1, rng.integers(1_000, 20_000, count), 0)
    arrival_ms[time_ms < BASE_MS + begin_ms + 50_000] = time_ms[time_ms < BASE_MS + begin_ms + 50_000]
    conditions = [f"{window} > {'500 /s' if 'slope' in window else '500'} or a > 9" for window in WINDOWS]
    until_ms = BASE_MS + begin_ms + span_ms + 50_000
    ordered, late = engine_of(*conditions), engine_of(*conditions)
    deliver(ordered, everything, time_ms, until_ms)
    deliver(late, everything, arrival_ms, until_ms)
    assert ordered.stats.late == 0
    assert late.stats.mended > 20
    for one, other in zip(ordered.live.windows[0], late.live.windows[0], strict=True):
        for name in {*Window.ROW_COLUMNS, *Window.SLOT_COLUMNS} - {"begun"}:
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), f"{one.plan} {name}"


@pytest.mark.parametrize(("value", "judged_again"), [(1.1, 0), (2.5, 1), (float("nan"), 1)])
def test_a_late_reading_between_two_of_its_band_changes_nothing(value: float, judged_again: int) -> None:
    """Behind a change of band a late reading is looked into: among its like it needs no re-evaluation."""
    engine = engine_of("a > 2")
    values = [1.0, 1.0, 1.0, 3.0, 3.0, 3.0]
    for number, known in enumerate(values):
        at_ms = BASE_MS + number * 4 * SECOND_MS
        engine.ingest(readings(point=[0], time_ms=[at_ms], value=[known]), at_ms)
        engine.advance(at_ms)
    now_ms = BASE_MS + 24 * SECOND_MS
    engine.ingest(readings(point=[0], time_ms=[BASE_MS + 6 * SECOND_MS], value=[value]), now_ms)
    engine.settle(now_ms)
    assert (engine.stats.late, engine.stats.reevaluations) == (1, judged_again)
    starts = [interval.start_ms for interval in engine.book.of(0)]
    first = [BASE_MS + 6 * SECOND_MS] if value > 2 else []
    assert starts == [*first, BASE_MS + 12 * SECOND_MS]


@pytest.mark.parametrize(("condition", "hold_s", "judged_again"), [("a > 2", 0, 0), ("not (a > 2)", 30, 1)])
def test_a_late_reading_that_fills_a_gap_is_judged_again_where_time_accumulates(
    condition: str, hold_s: int, judged_again: int
) -> None:
    """Known instead of unknown: nothing to a machine at rest whose condition stays false, time to one that counts."""
    engine, twin = (one_rule(condition, hold_s) for _ in range(2))
    moments = [(0, 0), (4, 4), (20, 20), (24, 24), (10, 26)]
    for engine_of_it, order in ((engine, moments), (twin, sorted(moments, key=lambda moment: moment[0]))):
        for second, arrival_s in order:
            now_ms = BASE_MS + arrival_s * SECOND_MS
            engine_of_it.ingest(readings(point=[0], time_ms=[BASE_MS + second * SECOND_MS], value=[1.0]), now_ms)
            engine_of_it.advance(now_ms)
        engine_of_it.settle(BASE_MS + 26 * SECOND_MS)
        for second in (28, 32, 36, 40):
            now_ms = BASE_MS + second * SECOND_MS
            engine_of_it.ingest(readings(point=[0], time_ms=[now_ms], value=[1.0]), now_ms)
            engine_of_it.advance(now_ms + 2 * SECOND_MS)
    assert engine.stats.reevaluations == judged_again
    assert list(engine.book.of(0)) == list(twin.book.of(0))


@pytest.mark.parametrize(("value", "judged_again"), [(1.5, 0), (2.5, 1)])
def test_a_late_reading_in_another_band_moves_a_machine_or_does_not(value: float, judged_again: int) -> None:
    """Bands are cut at 1.2 and 2: past 1.2 nothing comes true while b is small, past 2 the rule of a alone does."""
    engine = engine_of("a > 2", "a > 1.2 and b > 5")
    for second in (0, 4, 8, 12, 16, 20):
        at_ms = BASE_MS + second * SECOND_MS
        engine.ingest(readings(point=[0, 1], time_ms=[at_ms, at_ms], value=[1.0, 1.0]), at_ms)
        engine.advance(at_ms)
    now_ms = BASE_MS + 22 * SECOND_MS
    engine.ingest(readings(point=[0], time_ms=[BASE_MS + 10 * SECOND_MS], value=[value]), now_ms)
    engine.settle(now_ms)
    assert (engine.stats.late, engine.stats.reevaluations) == (1, judged_again)
    assert [interval.start_ms for interval in engine.book.of(0)] == [BASE_MS + 10 * SECOND_MS] * judged_again


def test_a_second_reading_of_the_same_millisecond_is_judged_again() -> None:
    """Which of two readings of one millisecond holds is not guessed from their neighbours."""
    engine = engine_of("a > 2")
    for number, known in enumerate([1.0, 3.0, 1.0, 1.0, 1.0]):
        at_ms = BASE_MS + number * 4 * SECOND_MS
        engine.ingest(readings(point=[0], time_ms=[at_ms], value=[known], offset=[number]), at_ms)
        engine.advance(at_ms)
    now_ms = BASE_MS + 20 * SECOND_MS
    engine.ingest(readings(point=[0], time_ms=[BASE_MS + 4 * SECOND_MS], value=[1.0], offset=[9]), now_ms)
    engine.settle(now_ms)
    assert list(engine.book.of(0)) == []


def test_two_readings_of_one_millisecond_and_a_later_one_in_a_full_batch() -> None:
    """The first two were both believed where a batch has rows of most cells; the one with the higher offset holds."""
    engine = engine_of("a > 2")
    first_ms, later_ms = BASE_MS, BASE_MS + SECOND_MS
    batch = readings(
        point=[0, 0, 0, 1], time_ms=[first_ms, first_ms, later_ms, later_ms], value=[0.0, 3.0, 0.0, 0.0],
        offset=[5, 1, 6, 7],
    )  # fmt: skip
    engine.ingest(batch, later_ms)
    engine.settle(later_ms)
    assert list(engine.book.of(0)) == []


@pytest.mark.parametrize(("last_b", "judged_again"), [(1.0, 0), (6.0, 1)])
def test_an_operand_that_was_unknown_or_in_its_usual_band_is_certain(last_b: float, judged_again: int) -> None:
    """b falls silent after the late reading of a: its usual band stands for it, unless it has left that since."""
    engine = engine_of("a > 1.2 and b > 5")
    for second, b in ((0, 1.0), (4, 1.0), (8, 1.0), (12, last_b)):
        at_ms = BASE_MS + second * SECOND_MS
        engine.ingest(readings(point=[0, 1], time_ms=[at_ms, at_ms], value=[1.0, b]), at_ms)
        engine.advance(at_ms)
    for second in range(16, 40, 4):
        at_ms = BASE_MS + second * SECOND_MS
        engine.ingest(readings(point=[0], time_ms=[at_ms], value=[1.0]), at_ms)
        engine.advance(at_ms)
    assert np.isnan(engine.live.cells.value[WELLS])
    now_ms = BASE_MS + 38 * SECOND_MS
    engine.ingest(readings(point=[0], time_ms=[BASE_MS + 10 * SECOND_MS], value=[1.5]), now_ms)
    engine.settle(now_ms)
    assert (engine.stats.late, engine.stats.reevaluations) == (1, judged_again)
    assert list(engine.book.of(0)) == []


def test_a_late_reading_of_a_window_holds_until_its_own_end() -> None:
    """The newest reading of a point came behind a closed slot, in its band: the point was given up 3 s too early."""
    engine = engine_of("not (a > 2) and not (mean(a) over 90 s > 50)")
    for second, point in ((0, 0), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)):
        at_ms = BASE_MS + second * SECOND_MS
        engine.ingest(readings(point=[point], time_ms=[at_ms], value=[1.0]), at_ms)
        engine.advance(at_ms)
    now_ms = BASE_MS + 6 * SECOND_MS
    engine.ingest(readings(point=[0], time_ms=[BASE_MS + 3 * SECOND_MS], value=[1.0]), now_ms)
    for second in range(7, 20):
        engine.advance(BASE_MS + second * SECOND_MS)
    assert (engine.stats.late, engine.stats.mended, engine.stats.reevaluations) == (1, 1, 0)
    assert engine.live.cells.since_ms[0] == BASE_MS + 10 * SECOND_MS


def test_after_a_reevaluation_far_back_windows_are_mended_again() -> None:
    """What is older than the saved state begun at is whole too: it took one window's length until it was believed."""
    engine = engine_of("mean(a) over 90 s > 50 or a > 2")
    late = {25: 100, 83: 103}
    for second in range(120):
        now_ms = BASE_MS + second * SECOND_MS
        due = [at for at in range(120) if late.get(at, at) == second]
        value = [3.0 if at == 25 else 1.0 for at in due]
        stamps = [BASE_MS + at * SECOND_MS for at in due]
        engine.ingest(readings(point=[0] * len(due), time_ms=stamps, value=value), now_ms)
        engine.advance(now_ms)
        if second == 102:
            engine.settle(now_ms)
            assert (engine.stats.mended, engine.stats.reevaluations) == (0, 1)
    engine.settle(BASE_MS + 120 * SECOND_MS)
    assert (engine.stats.mended, engine.stats.reevaluations) == (1, 1)


def intervals_after(condition: str, arrivals: list[tuple[float, float, int, float]]) -> tuple[Engine, list[Interval]]:
    """One rule; readings as (arrival, time, point, value), times in seconds; what comes late is looked into at once."""
    engine = engine_of(condition)
    for arrival_s, together in groupby(arrivals, key=itemgetter(0)):
        now_ms = BASE_MS + int(arrival_s * SECOND_MS)
        _, at_s, point, value = zip(*together, strict=True)
        time_ms = [BASE_MS + int(at * SECOND_MS) for at in at_s]
        engine.ingest(readings(point=point, time_ms=time_ms, value=value), now_ms)
        if min(at_s) < arrival_s:
            engine.settle(now_ms)
    return engine, list(engine.book.of(0))


CALM_A = [(second, second, 0, 1.0) for second in (0.0, 4.0, 8.0, 12.0, 16.0)]


def test_an_operand_that_was_elsewhere_then_is_not_certain() -> None:
    """b is small again by the time the late reading of a comes, but was not when it was read: there was an alarm."""
    b = [(second, second, 1, value) for second, value in ((0.5, 1.0), (8.5, 6.0), (12.5, 1.0))]
    late = (17.0, 9.0, 0, 1.5)
    engine, found = intervals_after("a > 1.2 and b > 5", [*sorted([*CALM_A, *b]), late])
    assert engine.stats.reevaluations == 1
    assert [(one.start_ms - BASE_MS, (one.stop_ms or 0) - BASE_MS) for one in found] == [(9_000, 12_000)]


@pytest.mark.parametrize("arrival_s", [17.0, 17.5])
@pytest.mark.parametrize("known_b", [[(0.5, 1.0), (8.5, 1.0), (14.5, 1.0)], [(0.5, 1.0), (8.5, 1.0)]])
def test_two_late_readings_that_only_together_move_a_machine(
    known_b: list[tuple[float, float]], arrival_s: float
) -> None:
    """The first is let pass, but not forgotten: the second meets it, be it behind other readings of b or the newest."""
    b = [(second, second, 1, value) for second, value in known_b]
    late = [(17.0, 10.0, 0, 1.5), (arrival_s, 10.5, 1, 6.0)]
    engine, found = intervals_after("a > 1.2 and b > 5", [*sorted([*CALM_A, *b]), *late])
    assert engine.stats.reevaluations == 1
    assert [(one.start_ms - BASE_MS, (one.stop_ms or 0) - BASE_MS) for one in found] == [(10_500, 12_000)]


def test_a_late_reading_still_in_force_is_what_the_next_event_meets() -> None:
    """The newest reading of a point is let pass late; the rule must know it when the other operand changes."""
    before = [(0.0, 0.0, 0, 1.0), (0.5, 0.5, 1, 1.0), (1.0, 1.0, 2, 0.0), (8.5, 8.5, 1, 1.0), (11.0, 11.0, 2, 2.0)]
    late, after = (12.0, 10.0, 0, 1.5), (13.0, 13.0, 1, 6.0)
    engine, found = intervals_after("a > 1.2 and b > 5 or c > 1 and a > 9", [*before, late, after])
    assert (engine.stats.late, engine.stats.reevaluations) == (1, 0)
    assert [one.start_ms - BASE_MS for one in found] == [13_000]
