"""Alarms beside labels: what is true, false, found, and over how much time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.replay_match import (
    DAY_MS,
    FOR_EVER_MS,
    Fault,
    Raised,
    Recording,
    Scoring,
    Verdict,
    by_kind,
    count,
    gaps_told,
    match,
    observed_ms,
    runs,
    sparse,
)

MIN_MS = 60_000
AIR = frozenset({"air_temp"})


def fault(start_min: int, stop_min: int, kind: str = "noise", only: frozenset[str] = frozenset()) -> Fault:
    """A fault between two minutes."""
    return Fault(start_ms=start_min * MIN_MS, stop_ms=stop_min * MIN_MS, kind=kind, only=only)


def alarm(start_min: int, stop_min: int | None, rule_id: str = "r", reads: frozenset[str] = AIR) -> Raised:
    """An alarm between two minutes; ``None``: on at the end."""
    stop_ms = FOR_EVER_MS if stop_min is None else stop_min * MIN_MS
    return Raised(rule_id=rule_id, start_ms=start_min * MIN_MS, stop_ms=stop_ms, measurements=reads)


@pytest.mark.parametrize(
    ("start_min", "verdict"),
    [
        (9, Verdict.FALSE),
        (10, Verdict.TRUE),
        (29, Verdict.TRUE),
        (34, Verdict.TRUE),
        (35, Verdict.FALSE),
        (100, Verdict.LEFT_OUT),
        (110, Verdict.FALSE),
    ],
)
def test_an_alarm_is_true_if_it_begins_in_a_fault_or_within_the_tolerance_after(
    start_min: int, verdict: Verdict
) -> None:
    """The fault lasts from 10 to 30, the tolerance is 5 minutes, 100 to 110 is left out of scoring."""
    scoring = Scoring(tolerance_ms=5 * MIN_MS, left_out=((100 * MIN_MS, 110 * MIN_MS),))
    matched = match([alarm(start_min, start_min + 1)], [fault(10, 30)], scoring)
    assert matched.verdicts == (verdict,)
    assert (matched.delay_ms[0] is not None) == (verdict is Verdict.TRUE)


def test_an_alarm_that_was_on_before_the_fault_finds_nothing() -> None:
    """Whoever cries all the time has not found anything."""
    matched = match([alarm(0, None)], [fault(10, 30)], Scoring(tolerance_ms=5 * MIN_MS))
    assert matched.verdicts == (Verdict.FALSE,)
    assert matched.delay_ms == (None,)


def test_one_alarm_finds_every_fault_over_which_it_stays_on() -> None:
    """The delay is from the start of a fault, and none where the alarm is on already."""
    matched = match([alarm(12, 50)], [fault(10, 11), fault(40, 41), fault(60, 61)], Scoring(tolerance_ms=5 * MIN_MS))
    assert matched.verdicts == (Verdict.TRUE,)
    assert matched.delay_ms == (2 * MIN_MS, 0, None)


def test_an_alarm_of_another_measurement_is_false() -> None:
    """While the light sensor is at fault, that of the temperature is healthy."""
    only = frozenset({"illuminance"})
    matched = match([alarm(12, 20)], [fault(10, 30, only=only)], Scoring(tolerance_ms=0))
    assert matched.verdicts == (Verdict.FALSE,)
    both = match([alarm(12, 20, reads=only | AIR)], [fault(10, 30, only=only)], Scoring(tolerance_ms=0))
    assert both.verdicts == (Verdict.TRUE,)


def test_what_the_labels_do_not_speak_of_is_neither_true_nor_false() -> None:
    """Gaps are in the recording, whether or not it was labelled for them; within a fault they are true like others."""
    scoring = Scoring(tolerance_ms=0, unlabelled=("sensor-gaps",))
    alarms = [alarm(0, 1, "sensor-gaps.room"), alarm(12, 13, "sensor-gaps.room"), alarm(0, 1, "sensor-spike.room")]
    matched = match(alarms, [fault(10, 30)], scoring)
    assert matched.verdicts == (Verdict.UNLABELLED, Verdict.TRUE, Verdict.FALSE)
    assert matched.delay_ms == (2 * MIN_MS,)


def test_counting_one_rule_alone_counts_its_finds_alone() -> None:
    """With only some rules in force, a fault that another one found is not found."""
    alarms = (alarm(12, 20, "early"), alarm(15, 20, "late"), alarm(50, 55, "late"))
    faults = (fault(10, 30), fault(80, 90, kind="drift"))
    matched = match(alarms, faults, Scoring(tolerance_ms=0))
    recording = Recording(
        points=2,
        observed_ms=DAY_MS,
        healthy_point_ms=2 * DAY_MS,
        alarms=alarms,
        faults=faults,
        matched=matched,
    )
    every = count([recording], 0)
    assert (every.alarms, every.true, every.false, every.faults, every.found) == (3, 2, 1, 2, 1)
    assert every.delay_s == 120
    assert every.false_per_100_points == 50
    assert every.alarms_a_day == 3
    late = count([recording], 0, frozenset({"late"}))
    assert (late.alarms, late.false, late.found, late.delay_s) == (2, 1, 1, 300)
    assert count([recording], 0, frozenset()).found == 0
    assert by_kind([recording]) == {"drift": (1, 0, None), "noise": (1, 1, 120.0)}


def test_nothing_observed_gives_no_rate() -> None:
    """Without a reading there is no day to divide by."""
    none = count([], 0)
    assert (none.alarms_a_day, none.false_a_day, none.false_per_100_points, none.delay_s) == (0, 0, 0, None)


def test_a_day_of_its_own_for_each_day_at_fault() -> None:
    """A fault that is imposed for whole days is one each day, the last row holds as long as a reading may."""
    time_ms = np.array([DAY_MS - 2 * MIN_MS, DAY_MS - MIN_MS, DAY_MS, 5 * DAY_MS], np.int64)
    code = np.array([1, 1, 1, 1])
    assert runs(time_ms, code, 3 * MIN_MS) == [(1, DAY_MS - 2 * MIN_MS, 5 * DAY_MS + 3 * MIN_MS)]
    assert runs(time_ms, code, 3 * MIN_MS, whole_days=True) == [
        (1, DAY_MS - 2 * MIN_MS, DAY_MS),
        (1, DAY_MS, DAY_MS + 3 * MIN_MS),
        (1, 5 * DAY_MS, 5 * DAY_MS + 3 * MIN_MS),
    ]


ROWS = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 2)), max_size=30)


@given(rows=ROWS, hold_ms=st.integers(1, 10))
def test_runs_are_those_of_a_walk_row_by_row(rows: list[tuple[int, int]], hold_ms: int) -> None:
    """The columns and a loop agree."""
    time_ms = np.cumsum([step for step, _ in rows]).astype(np.int64) if rows else np.empty(0, np.int64)
    walked: list[tuple[int, int, int]] = []
    before = 0
    for at, (_, code) in enumerate(rows):
        now = int(time_ms[at])
        stop = min(int(time_ms[at + 1]), now + hold_ms) if at + 1 < len(rows) else now + hold_ms
        if code and code == before:
            walked[-1] = (code, walked[-1][1], stop)
        elif code:
            walked.append((code, now, stop))
        before = code
    assert runs(time_ms, np.array([code for _, code in rows], np.int64), hold_ms) == walked


@given(rows=ROWS, pause_ms=st.integers(1, 10), cut=st.integers(0, 300))
def test_time_observed_is_parted_by_what_is_left_out(rows: list[tuple[int, int]], pause_ms: int, cut: int) -> None:
    """Before and after a moment together make the whole, which the readings and their longest hold bound."""
    time_ms = np.cumsum([step for step, _ in rows]).astype(np.int64) if rows else np.empty(0, np.int64)
    whole = observed_ms(time_ms, pause_ms)
    before = observed_ms(time_ms, pause_ms, [(cut, FOR_EVER_MS)])
    after = observed_ms(time_ms, pause_ms, [(0, cut)])
    assert before + after == whole
    assert 0 <= whole <= pause_ms * len(rows)


def test_gaps_are_found_in_the_time_stamps_alone() -> None:
    """More than a fifth of two hours missing; nothing before two hours are recorded, near ones are one."""
    minute = 60_000
    whole = np.arange(0, 600, 5) * minute
    assert sparse(whole, 5 * minute, 120 * minute, 0.2) == ()
    assert sparse(whole[:10], 5 * minute, 120 * minute, 0.2) == ()
    holed = whole[(whole < 300 * minute) | (whole >= 340 * minute)]
    ((start_ms, stop_ms),) = sparse(holed, 5 * minute, 120 * minute, 0.2)
    assert 310 * minute <= start_ms <= 340 * minute
    assert 420 * minute <= stop_ms <= 460 * minute
    twice = whole[
        ((whole < 200 * minute) | (whole >= 240 * minute)) & ((whole < 450 * minute) | (whole >= 490 * minute))
    ]
    assert len(sparse(twice, 5 * minute, 120 * minute, 0.2)) == 2
    assert len(sparse(twice, 5 * minute, 120 * minute, 0.2, join_ms=1440 * minute)) == 1


def test_an_alarm_on_a_gap_finds_no_labelled_fault() -> None:
    """It is a gap of its own, also while a fault lasts; without a gap it is judged as any other."""
    fault = Fault(start_ms=0, stop_ms=100, kind="offset")
    alarm = Raised(rule_id="sensor-gaps.x", start_ms=50, stop_ms=200, measurements=frozenset())
    scoring = Scoring(tolerance_ms=0, gap_rule="sensor-gaps", gaps=((40, 60), (500, 600)))
    found = match([alarm], [fault], scoring)
    assert (found.verdicts, found.delay_ms) == ((Verdict.GAP,), (None,))
    assert gaps_told([alarm], scoring) == 1
    plain = match([alarm], [fault], Scoring(tolerance_ms=0, gap_rule="sensor-gaps", gaps=((500, 600),)))
    assert plain.verdicts == (Verdict.TRUE,)
