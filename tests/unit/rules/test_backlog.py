"""What arrives hours after it was read: in pieces, in any order, and as if it had come in time."""

from __future__ import annotations

import os
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from core.readings import Readings, readings
from rules.engine import reevaluation, suspects
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.rule_set import RuleSet
from tests.unit.rules.reference.judge import Turns
from tests.unit.rules.test_order import BASE_MS, Delivery, Plan, calendars, check, delivery_of, plans, rules, run
from tests.unit.rules.town import TownCalendar, members, rule_set, rule_text

ORDERS = ("time", "point", "newest first", "mixed")
MINUTE_MS = 60_000


def backlog(everything: Readings, order: str, pieces: int, every_ms: int, end_ms: int) -> Delivery:
    """Time passes without a reading until ``end_ms``; then all come in pieces, ``every_ms`` apart."""
    rng, count = np.random.default_rng(pieces), len(everything)
    rows = {
        "time": np.argsort(everything.time_ms, kind="stable"),
        "point": np.lexsort((everything.time_ms, everything.point)),
        "newest first": np.argsort(-everything.time_ms, kind="stable"),
        "mixed": rng.permutation(count),
    }[order]
    empty = everything.take(np.empty(0, np.intp))
    chunks = [(now_ms, empty) for now_ms in range(BASE_MS, end_ms, every_ms)]
    for number, part in enumerate(np.array_split(rows, pieces)):
        chunks.append((end_ms + number * every_ms, everything.take(part)))
    return Delivery(everything, chunks)


@settings(
    max_examples=int(os.environ.get("TWINGRID_BACKLOG_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    rules(),
    plans,
    calendars(),
    st.sampled_from(ORDERS),
    st.sampled_from([2, 5, 9]),
    st.sampled_from([1_000, 6_000]),
    st.sampled_from([0, 5, 100]),
    st.sampled_from([0, 2_000]),
    st.sampled_from([-1, 8]),
)
def test_a_backlog_gives_the_intervals_of_the_set(
    texts: list[str],
    plan: Plan,
    calendar: TownCalendar,
    order: str,
    pieces: int,
    every_ms: int,
    many: int,
    pause_ms: int,
    restart_at: int,
) -> None:
    """Whatever is looked into or judged again at once, and wherever a re-evaluation pauses."""
    everything = delivery_of(plan).everything
    late = backlog(everything, order, pieces, every_ms, BASE_MS + plan.span_ms + 3_000)
    with (
        patch.object(suspects, "MANY", many),
        patch.object(reevaluation, "PAUSE_MS", pause_ms),
        patch.object(reevaluation, "LONG_AGO_MS", 3_000),
    ):
        engine, journal = run(rule_set(*texts), late, 10_000, 2_000, calendar, restart_at)
        incidents = check(engine, journal, everything, calendar)
    event(f"incidents: {min(incidents, 5)}")
    assert len(journal.alarms) == incidents


def _hours(minutes: int, wells: int) -> Readings:
    """One reading of each point every 3 s: waves that leave their bands now and then."""
    rng = np.random.default_rng(minutes)
    rounds, points = minutes * 20, np.arange(wells * 3)
    phase = rng.uniform(0, 6.28, len(points))
    value = 2 + 2 * np.sin(np.arange(rounds)[:, None] / 50 + phase) + rng.normal(0, 0.1, (rounds, len(points)))
    time_ms = BASE_MS + np.arange(rounds)[:, None] * 3_000 + rng.integers(0, 3_000, len(points))
    point = np.tile(points // 3 * 10 + points % 3, rounds)
    order = np.argsort(time_ms.ravel(), kind="stable")
    return readings(
        point=point[order], time_ms=time_ms.ravel()[order], value=value.ravel()[order], offset=np.arange(len(order))
    )


def _engine(rules_in_force: RuleSet, wells: int) -> Engine:
    tuned = EngineSettings(memory_readings=1_000_000)
    return Engine(rules_in_force, {"well": members(wells)}, NoHistory(), tuned)


@pytest.mark.parametrize("order", ORDERS)
def test_the_pieces_of_a_backlog_are_judged_once(order: str) -> None:
    """In the order of time no piece costs more than itself; in every order the alarms are those of the hours."""
    wells, every = 5, _hours(minutes=120, wells=5)
    text = [rule_text("r0", "a > 3", for_="60 s"), rule_text("r1", "mean(b) over 10 min > 2.5 or c < 1 and a < 2")]
    ordered, late = (_engine(rule_set(*text), wells) for _ in range(2))
    end_ms = BASE_MS + 120 * MINUTE_MS
    for rows in np.array_split(np.arange(len(every)), 120):
        now_ms = int(every.time_ms[rows[-1]])
        ordered.ingest(every.take(rows), now_ms)
        ordered.advance(now_ms)
    for now_ms, chunk in backlog(every, order, 80, 1_000, end_ms).chunks:
        late.ingest(chunk, now_ms)
        late.advance(now_ms)
    for engine in (ordered, late):
        engine.advance(end_ms + 10 * MINUTE_MS)
        engine.settle(end_ms + 10 * MINUTE_MS)
    machines = range(len(late.layout.machine_facility))
    assert sum(len(ordered.book.of(machine)) for machine in machines) > 20
    for machine in machines:
        assert list(late.book.of(machine)) == list(ordered.book.of(machine))
    if order == "time":
        assert late.stats.replayed < 1.2 * len(every)


def test_after_a_backlog_a_cell_holds_its_newest_value() -> None:
    """Readings that stay in their band are not judged, but the last of them is what the point reads now."""
    engine = _engine(rule_set(rule_text("r0", "a > 2")), 1)
    for now_s in range(61):
        engine.advance(BASE_MS + now_s * 1_000)
    second = np.arange(50, 60)
    value = np.array([1.0, 1.1, 3.0, 3.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7])
    batch = readings(point=np.zeros(10), time_ms=BASE_MS + second * 1_000 - 500, value=value)
    engine.ingest(batch, BASE_MS + 60_000)
    engine.settle(BASE_MS + 60_000)
    assert engine.stats.reevaluations == 1
    assert engine.live.cells.value[0] == 1.7


def test_a_calendar_begins_with_the_first_reading_of_a_backlog() -> None:
    """What is certain of the calendar is so from the first reading on, not from the last of its batch."""
    turn_ms = BASE_MS + 30_000
    calendar = TownCalendar({"occupied": [Turns(1.0, ((turn_ms, 0.0),))]})
    engine = Engine(
        rule_set(rule_text("r0", "a > 2 and not occupied")), {"well": members(1)}, NoHistory(), None, calendar
    )
    for now_s in (100, 110, 120):
        engine.advance(BASE_MS + now_s * 1_000)
    time_ms = BASE_MS + np.arange(0, 61, 3) * 1_000
    engine.ingest(readings(point=np.zeros(21), time_ms=time_ms, value=np.full(21, 3.0)), BASE_MS + 120_000)
    engine.settle(BASE_MS + 120_000)
    assert [(one.start_ms, one.stop_ms) for one in engine.book.of(0)] == [(turn_ms, None)]
