"""Operands across facilities: groups and parents, against the naive reading of docs/alarms.md."""

from __future__ import annotations

import os

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
