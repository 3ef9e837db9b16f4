"""Counting alarms of the simulated city against its script."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.city.counting import Said, a_day_and_100, by_class, judge, median
from bench.city.script import Fault, Reach
from core.alarms import Severity

HOUR_MS = 3_600_000
LEVEL = frozenset({"level", "pump_fault"})
TRIP = Fault(
    name="pump_trip",
    class_id="sewage_pump",
    facility="p1",
    start_ms=10 * HOUR_MS,
    stop_ms=12 * HOUR_MS,
    reaches=(Reach(facility="p1", disturbs=LEVEL, until_ms=13 * HOUR_MS),),
)
ALARM = Said(
    rule="pump-fault",
    class_id="sewage_pump",
    facility="p1",
    reads=frozenset({"pump_fault"}),
    severity=Severity.HIGH,
    since_ms=10 * HOUR_MS,
    start_ms=10 * HOUR_MS + 20_000,
    stop_ms=12 * HOUR_MS,
)


def test_an_alarm_of_a_disturbed_measurement_is_true_and_finds_the_fault() -> None:
    """The delay is from the beginning of the fault to the start of its first alarm."""
    later = replace(ALARM, rule="pump-level-high", reads=frozenset({"level"}), start_ms=11 * HOUR_MS)
    verdict = judge([later, ALARM], [TRIP])
    assert verdict.true == (ALARM, later)
    assert verdict.false == ()
    assert verdict.found == {TRIP: 20_000}
    assert verdict.missed == ()


@pytest.mark.parametrize(
    "alarm",
    [
        replace(ALARM, facility="p2"),
        replace(ALARM, reads=frozenset({"seal_leak"})),
        replace(ALARM, since_ms=13 * HOUR_MS, start_ms=13 * HOUR_MS, stop_ms=14 * HOUR_MS),
        replace(ALARM, since_ms=8 * HOUR_MS, start_ms=9 * HOUR_MS, stop_ms=10 * HOUR_MS),
    ],
    ids=["elsewhere", "another measurement", "after it", "before it"],
)
def test_what_a_fault_does_not_disturb_is_false(alarm: Said) -> None:
    """Another facility, another measurement, or another time: false, and the fault is missed."""
    verdict = judge([alarm], [TRIP])
    assert (verdict.true, verdict.false) == ((), (alarm,))
    assert verdict.missed == (TRIP,)


def test_what_follows_from_a_fault_is_explained_by_it() -> None:
    """An alarm that begins while the plant recovers is true; the fault was found by the one before."""
    after = replace(ALARM, since_ms=12 * HOUR_MS, start_ms=12 * HOUR_MS + 600_000, stop_ms=None)
    verdict = judge([ALARM, after], [TRIP])
    assert len(verdict.true) == 2
    assert verdict.found == {TRIP: 20_000}


def test_a_fault_is_not_found_by_an_alarm_that_was_on_before() -> None:
    """It overlaps, so it is not false, but it tells nobody of the fault."""
    before = replace(ALARM, since_ms=9 * HOUR_MS, start_ms=9 * HOUR_MS, stop_ms=None)
    verdict = judge([before], [TRIP])
    assert verdict.true == (before,)
    assert verdict.missed == (TRIP,)


def test_an_outage_is_found_at_what_hangs_on_it() -> None:
    """A fault reaches several facilities, each with its own measurements and its own end."""
    outage = replace(
        TRIP,
        name="outage",
        class_id="electrical_distribution",
        facility="b1",
        reaches=(
            Reach(facility="b1", disturbs=frozenset({"u_a"}), until_ms=12 * HOUR_MS),
            Reach(facility="p1", disturbs=LEVEL, until_ms=13 * HOUR_MS),
        ),
    )
    assert judge([ALARM], [outage]).found == {outage: 20_000}
    assert judge([replace(ALARM, facility="b1")], [outage]).missed == (outage,)


def test_a_rule_that_reaches_across_is_explained_by_what_it_reaches() -> None:
    """A group's alarm stands at one member for what happened at another."""
    group = replace(ALARM, facility="p9", within=frozenset({"p1", "p9"}))
    assert judge([group], [TRIP]).true == (group,)
    assert judge([replace(group, within=frozenset({"p9"}))], [TRIP]).false != ()


def test_the_table_counts_each_class_by_itself() -> None:
    """Faults by where they begin, alarms by the class of the rule, false ones a day and 100 points."""
    verdict = judge([ALARM, replace(ALARM, facility="p2")], [TRIP, replace(TRIP, facility="p3", reaches=())])
    (line,) = by_class(verdict, {"sewage_pump": (3, 50, 4)}, days=2.0)
    assert (line.faults, line.found, line.alarms, line.false) == (2, 1, 2, 1)
    assert line.median_delay_s == 20.0
    assert line.false_a_day_100 == 1.0


def test_rates_and_medians() -> None:
    """Nothing measured gives no rate; the middle of two is between them."""
    assert a_day_and_100(7, 700, 7.0) == pytest.approx(0.1428, abs=1e-3)
    assert a_day_and_100(0, 0, 7.0) == 0.0
    assert median([5, 1, 3]) == 3.0
    assert median([1, 4]) == 2.5
    with pytest.raises(ValueError, match="no values"):
        median([])
