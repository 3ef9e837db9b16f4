"""Operands across facilities: groups and parents, against the naive reading of docs/alarms.md."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from tests.unit.rules.test_order import OPERANDS, Plan, calendars, check, comparison, delivery_of, duration, plans, run
from tests.unit.rules.town import KEYS, TownCalendar, rule_set, rule_text

WINDOWS = ["mean(a) over 5 s", "max(b) over 90 s", "min(a) over 90 s", "range(a) over 90 s", "mean(a - b) over 90 s"]
NUMBERS = ["0", "1", "2", "0.5", "2.5"]
COUNTED = [
    *("a > 1", "a > 2 and b < 2", "c in [1, 2]", "a > facility.limit", "not (b > 1)"),
    *("max(a) over 5 s > 2", "share(a > 1) over 90 s > 0.5", "at least 1 of (a > 2, b > 2)"),
]
RELATIONS = ["cell.governance", "community", "parent", "redundant_set", "gateway", "bus"]

counted = st.builds(
    "{}({}) of {}".format, st.sampled_from(["count", "share"]), st.sampled_from(COUNTED), st.sampled_from(RELATIONS)
)
taken = st.builds(
    "{}({}) of {}".format,
    st.sampled_from(["sum", "mean", "min", "max", "median"]),
    st.sampled_from([*KEYS, *KEYS, *OPERANDS, *WINDOWS]),
    st.sampled_from(RELATIONS),
)
of_parent = st.sampled_from(["parent.a", "parent.b", "max(parent.a) over 5 s", "mean(parent.b) over 90 s"])
across = st.builds(
    "{} {} {}".format,
    counted | taken | of_parent | st.builds("abs(a - {})".format, taken) | st.builds("{} - b".format, counted),
    st.sampled_from([">", ">=", "<", "<=", "==", "!="]),
    st.sampled_from([*NUMBERS, *NUMBERS, "facility.limit"]),
)
condition = (
    across
    | st.builds("({} and {})".format, across, comparison)
    | st.builds("({} or {})".format, comparison, across)
    | st.builds("({} and {})".format, across, st.sampled_from(["occupied", "age(a) > 6 s", "not bad(b)", "known(c)"]))
    | st.builds("not ({})".format, across)
)


@st.composite
def rules(draw: st.DrawFn) -> list[str]:
    """One to three random rules, at least one of which reaches across facilities."""
    texts = []
    for number in range(draw(st.integers(1, 3))):
        fields = {"for_": draw(duration), "clear_for": draw(duration)}
        if draw(st.booleans()):
            fields["clear"] = draw(condition | comparison)
        when = draw(condition if number == 0 else condition | comparison)
        texts.append(rule_text(f"r{number}", when, **fields))
    return texts


@settings(
    max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "150")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    rules(),
    plans,
    st.sampled_from([10, 10_000]),
    st.sampled_from([2_000, 10_000]),
    st.sampled_from([-1, 3, 12]),
    st.sampled_from([0, 2_000, 5_000]),
    calendars(),
)
def test_any_order_gives_the_intervals_of_all_members(
    texts: list[str],
    plan: Plan,
    limit: int,
    save_every_ms: int,
    restart_at: int,
    meeting_ms: int,
    calendar: TownCalendar,
) -> None:
    """Whatever member's reading comes late, twice or after a restart: all who depend on it end as the set says."""
    delivery = delivery_of(plan)
    engine, journal = run(rule_set(*texts), delivery, limit, save_every_ms, calendar, restart_at, meeting_ms)
    incidents = check(engine, journal, delivery.everything, calendar)
    event(f"corrected: {min(engine.stats.corrected, 3)}")
    event(f"incidents: {min(incidents, 5)}")
    target(float(incidents), label="incidents")
    assert len(journal.alarms) == incidents


@pytest.mark.parametrize(
    ("seed", "tick_ms", "meeting_ms", "restart_at"),
    [(1, 7_000, 0, 3), (5, 7_000, 2_000, 3), (3, 7_000, 5_000, 3), (6, 3_000, 2_000, 3), (11, 3_000, 5_000, 5)],
)
def test_backlog_after_a_restart_corrected_behind_its_readers(
    seed: int, tick_ms: int, meeting_ms: int, restart_at: int
) -> None:
    """A group runs ahead of who reads it while a backlog is taken in; a correction in between was told to nobody."""
    plan = Plan(
        seed=seed,
        count=90,
        span_ms=20_000,
        grid_ms=250,
        jitter_ms=300,
        tick_ms=tick_ms,
        gap=False,
        clock_ahead=False,
        lull=False,
    )
    delivery, calendar = delivery_of(plan), TownCalendar({})
    mean = rule_set(rule_text("r0", "abs(a - mean(a) of cell.governance) > 0"))
    engine, journal = run(mean, delivery, 10, 2_000, calendar, restart_at, meeting_ms)
    assert check(engine, journal, delivery.everything, calendar) > 0
