"""Windows over what asks the calendar or the quality of readings: ``share(x > 5 A and occupied) over 24 h``."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from core.quality import GOOD, QualityClass, quality
from core.readings import readings
from rules.engine.engine import Engine
from rules.explanation import Narrator
from tests.unit.rules.reference.judge import Turns
from tests.unit.rules.test_order import Plan, calendars, check, delivery_of, duration, plans, run
from tests.unit.rules.test_surroundings import engine_of
from tests.unit.rules.town import Store, TownCalendar, members, rule_set, rule_text, town_class

BASE_MS = 1_700_006_400_000
HOUR_MS = 3_600_000
ASKED = [
    *("a > 1 and occupied", "a > 1 and not occupied", "a > 1 or occupied", "not (b < 2 or in season flood)"),
    *("b >= facility.limit and occupied and not in season flood", "uncertain(a)", "bad(b) and occupied"),
    *("not_measured(c) or c > 2", "a > 1 and facility.material == 'PE' and occupied"),
]
looking_back = st.builds(
    "{}({}) over {} {} {}".format,
    st.sampled_from(["share", "count"]),
    st.sampled_from(ASKED),
    st.sampled_from(["5 s", "90 s"]),
    st.sampled_from([">", "<", ">="]),
    st.sampled_from(["0", "0.371", "2"]),
) | st.builds(
    "time({}) over {} >= {}".format,
    st.sampled_from(ASKED),
    st.sampled_from(["5 s", "90 s"]),
    st.sampled_from(["1 s", "2500 ms", "0.5 min"]),
)
whole = (
    looking_back | st.builds("({} and occupied)".format, looking_back) | st.builds("({} or a > 2)".format, looking_back)
)


@st.composite
def rules(draw: st.DrawFn) -> list[str]:
    """One or two rules that look back over what the calendar says."""
    return [
        rule_text(f"r{number}", draw(whole), for_=draw(duration), clear_for=draw(duration))
        for number in range(draw(st.integers(1, 2)))
    ]


@settings(
    max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "120")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    rules(),
    plans,
    calendars(),
    st.sampled_from([10, 10_000]),
    st.sampled_from([2_000, 10_000]),
    st.sampled_from([-1, 3, 12]),
)
def test_any_order_gives_the_intervals_of_windows_over_the_calendar(
    texts: list[str], plan: Plan, calendar: TownCalendar, limit: int, save_every_ms: int, restart_at: int
) -> None:
    """Chunks, repetition, late readings and restarts: the intervals are those that the scalar twin gives."""
    delivery = delivery_of(plan)
    engine, journal = run(rule_set(*texts), delivery, limit, save_every_ms, calendar, restart_at)
    incidents = check(engine, journal, delivery.everything, calendar)
    event(f"re-evaluations: {min(engine.stats.reevaluations, 3)}")
    event(f"incidents: {min(incidents, 5)}")
    assert len(journal.alarms) == incidents


def day(open_from_h: float, open_until_h: float) -> TownCalendar:
    """A site that is open from one hour of the day to another."""
    turns = ((BASE_MS + round(open_from_h * HOUR_MS), 1.0), (BASE_MS + round(open_until_h * HOUR_MS), 0.0))
    return TownCalendar({"occupied": [Turns(0.0, turns)] * 4})


@pytest.mark.parametrize(
    ("condition", "hours"),
    [
        ("time(a > 5 and occupied) over 24 h >= 2 h", 10.0),
        ("time(a > 5 and not occupied) over 24 h >= 2 h", 8.0),
        ("share(a > 5 and occupied) over 24 h >= 10 %", 10.4),
    ],
)
def test_time_counts_only_while_the_site_is_open(condition: str, hours: float) -> None:
    """A room that is loud from 6 to 20 in a site that is open from 8 to 18: the hours of both count."""
    engine = engine_of(condition, day(8, 18))
    minute = np.arange(-24 * 60, 24 * 60)
    loud = (minute >= 6 * 60) & (minute < 20 * 60)
    for part in np.array_split(np.arange(len(minute)), 480):
        at_ms = BASE_MS + minute[part] * 60_000
        for begin in (0, 3):  # every reading holds for 7 s: a second one makes the minute whole
            pieces = [at_ms + second * 1000 for second in range(begin, 60, 6)]
            time_ms = np.sort(np.concatenate(pieces))
            value = np.repeat(np.where(loud[part], 9.0, 1.0), len(pieces))
            engine.ingest(readings(point=np.zeros(len(time_ms)), time_ms=time_ms, value=value), int(at_ms[-1]) + 60_000)
        engine.advance(int(at_ms[-1]) + 60_000)
    (opened,) = {change.interval.start_ms for change in engine.changes(BASE_MS + 24 * HOUR_MS)}
    assert abs((opened - BASE_MS) / HOUR_MS - hours) <= 0.41  # slots of 24 h are 24 min wide


def test_a_night_without_readings_is_unknown() -> None:
    """The calendar alone makes no known time: half of the window must have been measured."""
    engine = engine_of("share(a > 5 and occupied) over 60 s < 50 %", day(1, 2))
    for second in range(0, 25, 5):
        engine.ingest(readings(point=[0], time_ms=[BASE_MS + second * 1000], value=[9.0]), BASE_MS + second * 1000)
    engine.advance(BASE_MS + 3 * HOUR_MS)
    assert engine.changes(BASE_MS + 3 * HOUR_MS) == []


def test_a_text_alone_fills_no_window() -> None:
    """One reading holds for 7 s of a window of 20 s: that the well is of steel makes no known time after it.

    A long run over random rules found it: the engine took a text that decides alone for something that was measured.
    """
    rules = rule_set(rule_text("r", "share(a > 1 and facility.material == 'PE') over 20 s < 50 %"))
    engine = Engine(rules, {"well": members(2, texts={"material": ["PE", "steel"]})}, Store())
    engine.ingest(readings(point=[0, 10], time_ms=[BASE_MS] * 2, value=[0.0, 9.0]), BASE_MS)
    engine.advance(BASE_MS + 60_000)
    assert engine.changes(BASE_MS + 60_000) == []


def test_quality_is_looked_back_over() -> None:
    """A sensor of which more than a tenth of an hour's readings are uncertain."""
    engine = engine_of("share(uncertain(a)) over 60 s > 10 %")
    doubtful = quality(QualityClass.UNCERTAIN)
    for second in range(0, 120, 5):
        code = doubtful if second >= 60 else GOOD
        batch = readings(point=[0], time_ms=[BASE_MS + second * 1000], value=[1.0], quality=[code])
        engine.ingest(batch, BASE_MS + second * 1000)
        engine.advance(BASE_MS + second * 1000)
    (change,) = engine.changes(BASE_MS + 121_000)
    assert 66_000 <= change.interval.start_ms - BASE_MS <= 70_000


def test_such_a_window_is_told_in_words() -> None:
    """What ``twingrid rule explain`` says, in both languages."""
    rule = rule_set(rule_text("r", "share(level > 1 m and occupied) over 24 h > 5 %"), level="m").rules[0]
    said = Narrator(town_class(level="m")).truth(rule.when)
    assert "场所处于开放时间" in said.in_language("zh")
    assert "the site is open" in said.in_language("en")
