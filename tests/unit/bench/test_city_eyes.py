"""Instruments that lie and outages: drawn from the seed, the same however readings are asked for, judged apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.city.counting import Said, judge_eyes, true_of_instruments
from bench.city.eyes import INSTRUMENTS, Blindness, Eyes, Ill, Lie, Outage, chance, draw, told
from bench.city.town import plan
from core.alarms import Severity
from registry.classbook import load_classes
from registry.queries import STALE_INTERVALS

HOUR_MS = 3_600_000
TIMES = np.arange(0, 24 * HOUR_MS, 60_000)
TRUTH = np.linspace(20.0, 30.0, len(TIMES))


def ill(lie: Lie) -> Ill:
    """Wrong from the second to the tenth hour."""
    instrument = next(one for one in INSTRUMENTS if one.lie is lie)
    return Ill(facility="a", instrument=instrument, start_ms=2 * HOUR_MS, stop_ms=10 * HOUR_MS)


def said(rule: str, at_ms: int, *, sensor: bool, reads: str = "") -> Said:
    """An alarm of an hour."""
    return Said(
        rule=rule,
        class_id="x",
        facility="a",
        reads=frozenset({reads}),
        severity=Severity.LOW,
        since_ms=at_ms,
        start_ms=at_ms,
        stop_ms=at_ms + HOUR_MS,
        sensor=sensor,
    )


def test_every_instrument_is_of_a_class() -> None:
    """And every way of going wrong is drawn."""
    classes = load_classes()
    for one in INSTRUMENTS:
        assert one.measurement in classes[one.class_id].facility_class.measurements
    assert {one.lie for one in INSTRUMENTS} == set(Lie)


def test_draws_keep_away_from_what_happens_and_from_each_other() -> None:
    """The same seed gives the same; a lie never meets a fault, an outage of its facility or another lie."""
    places = plan(2)
    heard = frozenset(place.code for place in places)
    busy = {place.code: [(100_000.0, 400_000.0)] for place in places[::2]}
    eyes = draw(places, heard, busy, seed=3, begin_s=0.0, days=14)
    assert eyes == draw(places, heard, busy, seed=3, begin_s=0.0, days=14)
    assert len(eyes.ills) > 5
    assert {one.what for one in eyes.outages} == set(Blindness)
    assert len({one.facility for one in eyes.ills}) == len(eyes.ills)
    for one in eyes.ills:
        assert all(one.stop_ms / 1000 < begin or one.start_ms / 1000 > end for begin, end in busy.get(one.facility, ()))
        assert all(
            outage.stop_ms < one.start_ms or one.stop_ms < outage.start_ms for outage in eyes.outages_of(one.facility)
        )


@pytest.mark.parametrize("lie", list(Lie))
def test_a_lie_is_told_while_it_lasts_in_whatever_pieces(lie: Lie) -> None:
    """Before and after is the truth; one stretch or two give the same."""
    wrong = ill(lie)
    value, there = told(wrong, TIMES, TRUTH, 21.0, 7)
    during = (wrong.start_ms <= TIMES) & (wrong.stop_ms > TIMES)
    assert np.array_equal(value[~during], TRUTH[~during])
    assert there[~during].all()
    late, late_there = told(wrong, TIMES[300:], TRUTH[300:], 21.0, 7)
    assert np.array_equal(late, value[300:])
    assert np.array_equal(late_there, there[300:])
    changed = {
        Lie.STUCK: np.all(value[during] == 21.0),
        Lie.SPIKES: 5 < np.count_nonzero(value != TRUTH) < 40,
        Lie.DROPOUT: 0.3 < 1 - there[during].mean() < 0.7,
        Lie.DRIFT: value[during][-1] - TRUTH[during][-1] == pytest.approx(wrong.instrument.strength, rel=0.01),
    }
    assert changed[lie]


@pytest.mark.parametrize("share", sorted({one.strength for one in INSTRUMENTS if one.lie is Lie.DROPOUT}))
def test_single_readings_that_get_lost_leave_the_cube_of_their_share_unknown(share: float) -> None:
    """A value holds for three intervals, so the rule on gaps sees p³ of the time: beneath its limits for all drawn."""
    row = next(one for one in INSTRUMENTS if one.lie is Lie.DROPOUT and one.strength == share)
    whole = Ill(facility="c1", instrument=row, start_ms=0, stop_ms=1 << 40)
    time_ms = np.arange(300_000, dtype=np.int64) * 60_000
    _, there = told(whole, time_ms, np.zeros(len(time_ms)), 0.0, seed=5)
    pauses = np.diff(time_ms[there])
    unknown = np.maximum(pauses - STALE_INTERVALS * 60_000, 0).sum() / pauses.sum()
    assert unknown == pytest.approx(share**3, rel=0.1)
    limit = {"gas_indoor": 0.1, "sewage_pump": 0.1}.get(row.class_id, 0.2)
    assert unknown < limit


def test_chances_are_even() -> None:
    """A tenth of the moments lies below a tenth, whatever the seed."""
    for seed in (0, 1, 2**62):
        assert np.mean(chance(seed, TIMES) < 0.1) == pytest.approx(0.1, abs=0.03)


def test_instruments_and_outages_have_their_own_verdicts() -> None:
    """A rule on the instrument tells of the lie, sight of the outage; what the process says of either is made by it."""
    wrong = ill(Lie.SPIKES)
    key = wrong.instrument.measurement
    outage = Outage(
        what=Blindness.DEVICE,
        community="c",
        facilities=frozenset({"a"}),
        start_ms=12 * HOUR_MS,
        stop_ms=13 * HOUR_MS,
    )
    eyes = Eyes(ills=(wrong,), outages=(outage, replace(outage, facilities=frozenset({"b"}))))
    sensor = said("spike", 3 * HOUR_MS, sensor=True, reads=key)
    other = said("spike", 20 * HOUR_MS, sensor=True, reads=key)
    process = [
        said("too-hot", 4 * HOUR_MS, sensor=False, reads=key),
        said("blind", 12 * HOUR_MS + 60_000, sensor=False, reads="z"),
        said("plain", 20 * HOUR_MS, sensor=False, reads=key),
    ]
    assert true_of_instruments(eyes, [sensor, other, *process]) == {sensor}
    sight = [("a", 12 * HOUR_MS + 900_000), ("a", 12 * HOUR_MS + 950_000), ("c", 12 * HOUR_MS)]
    seen = judge_eyes(eyes, [sensor, other], sight, process)
    assert seen.lies == {wrong: HOUR_MS}
    assert list(seen.outages.values()) == [900_000, None]
    assert (seen.told_again, seen.false_sight) == (1, 1)
    assert [one.rule for one in seen.made] == ["too-hot", "blind"]
