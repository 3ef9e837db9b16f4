"""How much working time comes or goes with days that become worked or free."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calendar_effects import work_change
from dispatch.worktime import HOUR_MS, WorkCalendar, monday_to_friday

MONDAY = date(2027, 2, 1)
CALENDAR = WorkCalendar(is_workday=monday_to_friday)
START = CALENDAR.instant(MONDAY, 0)
SPAN = 30 * 24 * HOUR_MS
moments = st.integers(0, SPAN).map(lambda ms: START + ms)


@given(
    st.sets(st.integers(0, 29)),
    st.lists(st.tuples(moments, moments), min_size=1, max_size=8),
)
def test_the_change_is_the_difference_of_both_calendars(turned: set[int], spans: list[tuple[int, int]]) -> None:
    """Against the plain calendar asked before and after, limit by limit."""
    days = {MONDAY + timedelta(days=ahead) for ahead in turned}
    after = WorkCalendar(is_workday=lambda day: monday_to_friday(day) != (day in days))
    changes = {day: not monday_to_friday(day) for day in days}
    begin, end = (np.array(side, np.int64) for side in zip(*spans, strict=True))
    wanted = [after.between(a, b) - CALENDAR.between(a, b) if a < b else 0 for a, b in spans]
    assert work_change(CALENDAR, changes, begin, end).tolist() == wanted


def test_a_holiday_takes_the_hours_of_its_windows() -> None:
    """A Tuesday that becomes free takes eight hours from a limit on Wednesday, two from one at ten that day."""
    tuesday = MONDAY + timedelta(days=1)
    limits = [CALENDAR.instant(MONDAY + timedelta(days=2), 600), CALENDAR.instant(tuesday, 600), START]
    change = work_change(CALENDAR, {tuesday: False}, np.full(3, START, np.int64), np.array(limits, np.int64))
    assert change.tolist() == [-8 * HOUR_MS, -2 * HOUR_MS, 0]
