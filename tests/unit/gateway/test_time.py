"""Slots, probes and stamps: everything that turns on time, without waiting for any."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.breaker import Answering, Breaker
from gateway.pace import Pace
from gateway.schedule import Job, Missed, Schedule
from gateway.session import reconnect_delay_s
from gateway.stamp import CLOCK_SET_MS, SETTLE_MS, Stamper

NOON = 1_780_000_000_000


# --- schedule -------------------------------------------------------------------------------------------------------


def taken(schedule: Schedule[str], now_ms: int) -> list[Job[str]]:
    """All jobs of one moment, as if each took no time; missed slots are left uncounted."""
    schedule.missed(now_ms)
    return list(iter(lambda: schedule.take(now_ms), None))


def test_slots_are_aligned_and_coincide() -> None:
    """Slots of 10 s and 60 s that begin together are one job, so that they share requests."""
    schedule = Schedule([("m", 10_000), ("m", 60_000)], 1)
    assert schedule.next_ms() == 10_000
    assert taken(schedule, 9_999) == []
    assert taken(schedule, 10_000) == [Job("m", frozenset({10_000}), 20_000)]
    for slot in range(20_000, 60_000, 10_000):
        taken(schedule, slot)
    assert taken(schedule, 60_000) == [Job("m", frozenset({10_000, 60_000}), 70_000)]


def test_the_earliest_deadline_goes_first() -> None:
    """A unit polled every second goes before one polled every minute, whatever their order in the file."""
    schedule = Schedule([("slow", 60_000), ("fast", 1_000)], 0)
    assert [job.unit for job in taken(schedule, 0)] == ["fast", "slow"]


def test_a_fast_unit_never_waits_for_a_whole_round_of_slow_ones() -> None:
    """Thirty slow units at 300 ms a poll: the fast one is polled in each of its slots in between."""
    schedule = Schedule([*((f"slow-{i}", 60_000) for i in range(30)), ("fast", 1_000)], 0)
    now_ms, order = 0, []
    while now_ms < 9_000:
        assert schedule.missed(now_ms) == []
        job = schedule.take(now_ms)
        assert job is not None
        order.append(job.unit)
        now_ms += 300
    assert [order[i : i + 10].count("fast") for i in range(0, 30, 10)] == [3, 3, 3]


def test_missed_slots_are_counted_and_never_fetched_up() -> None:
    """A bus that was away for five slots reports five missed and polls once."""
    schedule = Schedule([("u", 1_000)], 0)
    taken(schedule, 0)
    assert schedule.missed(6_500) == [Missed("u", 1_000, 5)]
    assert schedule.take(6_500) == Job("u", frozenset({1_000}), 7_000)
    assert schedule.missed(6_900) == []
    assert schedule.take(6_900) is None


def test_an_interval_must_be_positive() -> None:
    """An interval of nothing would be an endless loop."""
    with pytest.raises(ValueError, match="must be positive"):
        Schedule([("u", 0)], 0)


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30)), min_size=1, max_size=30),
)
def test_every_slot_is_either_polled_or_missed(intervals: list[int], turns: list[tuple[int, int]]) -> None:
    """However irregularly the bus comes round, and however long a poll takes: begun = polled + missed + still due."""
    schedule = Schedule([(index, interval) for index, interval in enumerate(intervals)], 0)
    seen = dict.fromkeys(range(len(intervals)), 0)
    now = 0
    for wait, poll in turns:
        now += wait
        for gone in schedule.missed(now):
            seen[gone.unit] += gone.count
        job = schedule.take(now)
        if job is not None:
            assert job.deadline_ms > now
            seen[job.unit] += len(job.intervals_ms)
            now += poll
    for gone in schedule.missed(now):
        seen[gone.unit] += gone.count
    while (job := schedule.take(now)) is not None:
        seen[job.unit] += len(job.intervals_ms)
    assert seen == {index: now // interval + 1 for index, interval in enumerate(intervals)}


# --- breaker --------------------------------------------------------------------------------------------------------


def test_one_lost_frame_is_noise_two_are_silence() -> None:
    """The first failure changes nothing; the second one stops the polling and is reported once."""
    breaker = Breaker()
    changes = []
    for now_s in (0, 1, 3):
        changes.append((breaker.failed(now_s), breaker.polled))
    assert changes == [(False, True), (True, False), (False, False)]


def test_probes_come_ever_more_rarely_up_to_a_minute() -> None:
    """1 s, 2 s, 4 s … 60 s."""
    breaker = Breaker()
    breaker.failed(0)
    waits = []
    for _ in range(9):
        breaker.failed(100)
        waits.append(breaker.probe_at_s - 100)
        assert not breaker.probe_due(100)
        assert breaker.probe_due(breaker.probe_at_s)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_an_answer_brings_a_unit_back_at_once() -> None:
    """One answered probe, and every slot is polled again; a later failure starts from the beginning."""
    breaker = Breaker()
    breaker.failed(0)
    breaker.failed(0)
    assert breaker.answered()
    assert breaker.state is Answering.ANSWERING
    assert not breaker.answered()
    assert not breaker.failed(9)


def test_a_dead_unit_costs_no_more_than_its_credit_and_five_percent() -> None:
    """An hour of a unit that never answers, polled every second with a timeout of a second: two timeouts and 5 %."""
    breaker, now_s, wasted_s = Breaker(), 0.0, 0.0
    while now_s < 3600:
        asked = breaker.probe_due(now_s) or (breaker.polled and not breaker.barred(now_s))
        if asked:
            now_s += 1.0
            wasted_s += 1.0
            breaker.failed(now_s, 1.0)
            assert wasted_s <= 2.0 + 0.05 * now_s + 1e-6
        else:
            now_s += 0.25
    assert wasted_s >= 30


def test_a_unit_that_answers_now_and_then_costs_no_more_either() -> None:
    """Every other poll of a second times out: it would never count as silent, and yet it is held to 5 %."""
    breaker, now_s, wasted_s, polls = Breaker(), 0.0, 0.0, 0
    while now_s < 3600:
        now_s += 1.0
        if not breaker.polled or breaker.barred(now_s):
            continue
        polls += 1
        if polls % 2:
            breaker.failed(now_s, 1.0)
            wasted_s += 1.0
        else:
            breaker.answered()
    assert wasted_s <= 2 + 0.05 * 3600
    assert polls > 300


def test_a_probe_waits_no_longer_than_the_unit_takes() -> None:
    """A unit that answers in 30 ms is probed for less than a tenth of its second; every fourth time for all of it."""
    pace = Pace()
    assert pace.probe_timeout_s(1.0, 2) == 1.0
    for _ in range(50):
        pace.took(0.03)
    assert [round(pace.probe_timeout_s(1.0, failures), 2) for failures in (2, 3, 4)] == [0.05, 0.05, 1.0]
    assert pace.probe_timeout_s(0.02, 2) == 0.02


def test_ten_thousand_failures_do_not_overflow() -> None:
    """A unit dead for months is still probed once a minute."""
    breaker = Breaker(scatter=1.0)
    for _ in range(10_000):
        breaker.failed(0)
    assert breaker.probe_at_s == 75


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_reconnects_are_quick_at_first_and_spread_later(attempt: int, chance: float) -> None:
    """The first two tries come within a second, none waits longer than 30 s, later ones differ by chance."""
    delay = reconnect_delay_s(attempt, chance)
    assert 0 < delay <= (1 if attempt < 2 else 30)


# --- stamps ---------------------------------------------------------------------------------------------------------


def test_a_steady_clock_is_believed() -> None:
    """Without steps the stamp is the wall clock, and nothing is flagged."""
    stamper = Stamper(NOON, 5.0)
    assert stamper.stamp(NOON + 250, 5.25) == (NOON + 250, False)


def test_a_forward_step_is_followed_and_flagged_for_a_minute() -> None:
    """After a jump of ten years the new time holds; readings are flagged until it has proved steady."""
    stamper = Stamper(NOON, 0.0)
    ten_years = 10 * 365 * 86_400_000
    assert stamper.stamp(NOON + ten_years, 1.0) == (NOON + ten_years, True)
    assert stamper.stamp(NOON + ten_years + SETTLE_MS - 1, 1.0 + SETTLE_MS / 1000 - 0.001)[1]
    assert not stamper.stamp(NOON + ten_years + SETTLE_MS, 1.0 + SETTLE_MS / 1000)[1]
    assert stamper.steps == 1


def test_a_small_backward_step_never_runs_time_backwards() -> None:
    """Five minutes back: stamps go on, at half speed and flagged, until the wall clock has caught up."""
    stamper = Stamper(NOON, 0.0)
    stamps = [stamper.stamp(NOON + second * 1000 - 300_000, float(second)) for second in range(1, 800)]
    times = [time_ms for time_ms, _ in stamps]
    assert all(a < b for a, b in itertools.pairwise(times))
    assert stamps[10][1]
    assert stamps[-1] == (NOON + 799_000 - 300_000, False)
    assert stamper.era == 0


def test_a_clock_set_years_ahead_is_put_right() -> None:
    """A large backward step is followed: the old time was wrong, and a new era says so."""
    stamper = Stamper(NOON + 10**11, 0.0)
    assert stamper.stamp(NOON, 1.0) == (NOON, True)
    assert stamper.era == 1


def test_a_clock_that_was_never_set_is_flagged() -> None:
    """1970 after power-up: stamps are the monotonic clock, flagged; true and flagged for a minute once it is set."""
    stamper = Stamper(5_000, 0.0)
    assert stamper.stamp(6_000, 1.0) == (1_000, True)
    assert stamper.unset
    assert stamper.stamp(CLOCK_SET_MS - 1, 2.0)[1]
    assert stamper.stamp(NOON, 3.0) == (NOON, True)
    assert (stamper.unset, stamper.era) == (False, 1)
    assert stamper.stamp(NOON + SETTLE_MS, 3.0 + SETTLE_MS / 1000) == (NOON + SETTLE_MS, False)


@given(st.lists(st.tuples(st.integers(1, 5_000), st.integers(-599_000, 599_000)), min_size=1, max_size=40))
def test_within_an_era_stamps_never_go_back(moves: list[tuple[int, int]]) -> None:
    """Any mixture of elapsed time and clock steps: stamps go back only when the era changes."""
    stamper = Stamper(NOON, 0.0)
    wall, mono, last = NOON, 0, NOON
    for elapsed_ms, step_ms in moves:
        mono += elapsed_ms
        wall += elapsed_ms + step_ms
        era = stamper.era
        stamp, _ = stamper.stamp(wall, mono / 1000)
        assert stamp >= last or stamper.era > era
        last = stamp
