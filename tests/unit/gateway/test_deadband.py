"""Report on change: agrees with its scalar twin, and slow drift is not lost."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadband import ALWAYS, Deadband, Report


def selected(deadband: Deadband, now_ms: float, value: float, code: int = 0) -> bool:
    mask = deadband.select(np.array([0]), now_ms, np.array([value]), np.array([code], np.uint8))
    return mask is None or bool(mask[0])


def test_small_changes_are_kept_until_they_add_up() -> None:
    """Drift in steps below the deadband is reported once it has moved that far from the last report."""
    deadband = Deadband([Report(absolute=0.5)])
    assert [selected(deadband, 0, value) for value in (10.0, 10.3, 10.5, 10.6, 10.7)] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_percent_is_of_the_last_report() -> None:
    """Ten percent of 200 are 20."""
    deadband = Deadband([Report(percent=10)])
    assert [selected(deadband, 0, value) for value in (200.0, 220.0, 220.1, 199.0)] == [True, False, True, False]


def test_the_longest_silence_ends_by_itself() -> None:
    """Without any change a value is reported once the silence is over."""
    deadband = Deadband([Report(absolute=1, max_silence_s=60)])
    assert [selected(deadband, t, 5.0) for t in (0, 59_999, 60_000, 60_001)] == [True, False, True, False]


def test_a_change_of_quality_is_a_change() -> None:
    """A device that stops answering is reported once, and so is its return, at the same value."""
    deadband = Deadband([Report(absolute=1)])
    assert [selected(deadband, 0, v, q) for v, q in ((5, 0), (math.nan, 193), (math.nan, 193), (5, 0))] == [
        True,
        True,
        False,
        True,
    ]


def test_without_a_deadband_everything_is_reported() -> None:
    """The default reports every poll, without computing anything."""
    assert Deadband([ALWAYS, ALWAYS]).select(np.array([0]), 0, np.array([1.0]), np.zeros(1, np.uint8)) is None


class ScalarDeadband:
    """One point, the plain way."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.last: tuple[float, int, float] | None = None

    def step(self, now_ms: float, value: float, code: int) -> bool:
        report = self.report
        if self.last is None or report.always:
            chosen = True
        else:
            old, old_code, old_ms = self.last
            change = abs(value - old)
            chosen = (
                code != old_code
                or math.isnan(value) != math.isnan(old)
                or (not math.isnan(report.absolute) and change > report.absolute)
                or (not math.isnan(report.percent) and change > report.percent / 100 * abs(old))
                or now_ms - old_ms >= report.max_silence_s * 1000
            )
        if chosen:
            self.last = (value, code, now_ms)
        return chosen


reports = st.builds(
    Report,
    absolute=st.sampled_from([math.nan, 0.0, 0.5, 3.0]),
    percent=st.sampled_from([math.nan, 5.0]),
    max_silence_s=st.sampled_from([math.inf, 1.0]),
)
values = st.sampled_from([0.0, -1.0, 0.4, 0.5, 1.0, 100.0, 104.0, math.nan])


@given(
    st.lists(reports, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), values, st.sampled_from([0, 64, 193]), st.integers(0, 700)), max_size=60),
)
def test_columns_agree_with_the_scalar_twin(points: list[Report], steps: list[tuple[int, float, int, int]]) -> None:
    """Random deadbands, values, qualities and times: the mask is what the plain loop decides."""
    columns, twins = Deadband(points), [ScalarDeadband(report) for report in points]
    now = 0
    for row, value, code, wait in steps:
        now += wait
        row %= len(points)
        mask = columns.select(np.array([row]), now, np.array([value]), np.array([code], np.uint8))
        assert (mask is None or bool(mask[0])) == twins[row].step(now, value, code)


def test_a_text_is_reported_when_it_is_another() -> None:
    """A text has no distance: the same one is kept back, another one is reported, beside numbers as ever."""
    deadband = Deadband([Report(absolute=1), Report(absolute=1)])
    nan = math.nan

    def chosen(number: float, text: str) -> list[bool]:
        mask = deadband.select(np.array([0, 1]), 0, np.array([number, nan]), np.zeros(2, np.uint8), {1: text})
        assert mask is not None
        return mask.tolist()

    assert chosen(5, "A") == [True, True]
    assert chosen(5, "A") == [False, False]
    assert chosen(5, "B") == [False, True]
    assert chosen(9, "B") == [True, False]


def test_the_digits_of_a_large_counter_are_no_text() -> None:
    """Beyond 2**53 a counter carries its digits; its deadband still speaks of the number."""
    deadband = Deadband([Report(absolute=1e6)])
    for value, text, expected in ((2.0**60, "a", True), (2.0**60 + 1024, "b", False), (2.0**60 + 2e6, "c", True)):
        mask = deadband.select(np.array([0]), 0, np.array([value]), np.zeros(1, np.uint8), {0: text})
        assert mask is not None
        assert mask.tolist() == [expected]
