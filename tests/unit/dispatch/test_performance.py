"""The measures of alarm performance against a reading of their definitions with loops, and against the journal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.alarms import ChangeKind, Severity
from core.places import Text
from core.ports.performance import STILL_ON, Annunciations, Load, Measure, Performance, Source, Verdict
from dispatch.deadbands import deadband
from dispatch.performance import FLOOD_BEGINS, FLOOD_ENDS, TEN_MS, busy_share, flood_spans, measure, trailing
from dispatch.performance_queries import SqlPerformanceQueries
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, change

SECOND = 1_000
DAY = 24 * HOUR
SHANGHAI = 8 * HOUR
moments = st.lists(st.integers(0, 3 * HOUR), max_size=120).map(lambda found: np.array(sorted(found), np.int64))


def annunciations(
    at_ms: Sequence[int],
    stop_ms: Sequence[int] | None = None,
    *,
    severity: int = Severity.MEDIUM,
    source: Sequence[int] | None = None,
    tasks: Sequence[tuple[int, int]] = (),
    to_ms: int = DAY,
) -> Annunciations:
    """Annunciations of one day, by default of one source and a minute long."""
    count = len(at_ms)
    numbers = [0] * count if source is None else list(source)
    return Annunciations(
        from_ms=0,
        to_ms=to_ms,
        at_ms=np.array(at_ms, np.int64),
        stop_ms=np.array([one + MINUTE for one in at_ms] if stop_ms is None else stop_ms, np.int64),
        severity=np.full(count, int(severity), np.int64),
        source=np.array(numbers, np.int64),
        sources=tuple(
            Source(rule_id=f"r{number}", facility=number, say=Text(zh="高", en="high"))
            for number in range(max(numbers, default=-1) + 1)
        ),
        task_owner=np.array([person for person, _ in tasks], np.int64),
        task_ms=np.array([at for _, at in tasks], np.int64),
    )


def report(found: Annunciations, positions: int = 1) -> Performance:
    return measure(found, zone_ms=SHANGHAI, most_a_day=12, most_an_hour=3, positions=positions)


def figure(found: Performance, key: str) -> Measure:
    return next(one for one in found.measures if one.key == key)


def in_flood(at_ms: Sequence[int], moment: int) -> int:
    """How many came within the ten minutes up to a moment, counted one by one."""
    return sum(1 for one in at_ms if moment - TEN_MS < one <= moment)


@given(moments)
@settings(max_examples=300)
def test_floods_are_what_a_scan_through_every_moment_finds(at_ms: np.ndarray) -> None:
    """A flood begins where the trailing ten minutes hold more than 10, and ends where they hold fewer than 5."""
    times = at_ms.tolist()
    edges = sorted({*times, *(one + TEN_MS for one in times)})
    expected: list[tuple[int, int]] = []
    begun: int | None = None
    for moment in edges:
        count = in_flood(times, moment)
        if begun is None and count > FLOOD_BEGINS:
            begun = moment
        elif begun is not None and count < FLOOD_ENDS:
            expected.append((begun, moment))
            begun = None
    found = [(flood.start_ms, flood.stop_ms) for flood in flood_spans(at_ms, DAY)]
    assert found == expected


@given(moments, st.integers(1, HOUR))
def test_trailing_counts_are_counted_one_by_one(at_ms: np.ndarray, width: int) -> None:
    """The count at each alarm is of those within the width before it, itself and those of its millisecond before it."""
    times = at_ms.tolist()
    expected = [sum(1 for other in times[: place + 1] if other > moment - width) for place, moment in enumerate(times)]
    assert trailing(at_ms, width).tolist() == expected


@given(moments)
def test_busy_intervals_are_counted_on_the_clock(at_ms: np.ndarray) -> None:
    """The share is of all ten-minute intervals of the span, also those in which nothing came."""
    slots = 3 * HOUR // TEN_MS + 1
    busy = sum(1 for slot in range(slots) if sum(1 for one in at_ms.tolist() if one // TEN_MS == slot) > FLOOD_BEGINS)
    assert busy_share(at_ms, 0, slots * TEN_MS) == busy / slots


def test_the_border_between_two_intervals_hides_no_flood() -> None:
    """Six alarms before and six after the full ten minutes are a flood, though no interval of the clock holds 11."""
    times = [*range(9 * MINUTE, 10 * MINUTE, 10 * SECOND), *range(10 * MINUTE, 11 * MINUTE, 10 * SECOND)]
    found = report(annunciations(times))
    assert figure(found, "busy_intervals").value == 0
    assert [flood.alarms for flood in found.floods] == [12]
    assert figure(found, "peak").verdict is Verdict.ACT


def test_a_source_that_chatters_gets_the_delay_that_would_have_held_it() -> None:
    """Forty alarms that pause for 15 s each are one alarm with a ``clear_for`` of 30 s, and are named as chattering."""
    starts = [number * 25 * SECOND for number in range(40)]
    found = report(annunciations(starts, [start + 10 * SECOND for start in starts]))
    actor = found.chattering[0]
    assert actor.chattering == 38
    assert actor.hold is not None
    assert (actor.hold.seconds, actor.hold.left) == (30, 1)


def test_a_source_that_flashes_gets_the_delay_that_keeps_it_away() -> None:
    """Alarms of 4 s, an hour apart, are fleeting; a ``for`` of 5 s would have left the one that lasted."""
    starts = [number * HOUR for number in range(10)]
    stops = [start + 4 * SECOND for start in starts[:-1]] + [starts[-1] + 20 * MINUTE]
    actor = report(annunciations(starts, stops)).actors[0]
    assert actor.fleeting == 9
    assert actor.wait is not None
    assert (actor.wait.seconds, actor.wait.left) == (5, 1)
    assert actor.hold is None


def test_shares_of_few_alarms_are_not_judged() -> None:
    """Ninety-nine alarms of one source say nothing about shares; a hundred do."""
    verdicts = [
        figure(report(annunciations(range(0, DAY, DAY // count)[:count])), "top_ten").verdict for count in (99, 100)
    ]
    assert verdicts == [Verdict.FEW, Verdict.ACT]


def test_what_is_on_for_more_than_a_day_is_stale() -> None:
    """An alarm that has not ended is stale after 24 h, one that ended is not, however long it took."""
    found = report(annunciations([0, 1, 2 * DAY], [STILL_ON, 2 * DAY, STILL_ON], to_ms=2 * DAY + HOUR))
    assert [one.since_ms for one in found.stale] == [0]


def test_the_load_has_the_classes_of_eemua_191() -> None:
    """The average of ten minutes decides; twice as many people bear twice as much."""
    times = [number * TEN_MS // 3 for number in range(432)]
    assert report(annunciations(times)).load is Load.DEMANDING
    assert report(annunciations(times), positions=3).load is Load.ACCEPTABLE
    assert report(annunciations([])).load is Load.ACCEPTABLE


def test_a_worker_s_heaviest_day_is_a_day_of_the_local_clock() -> None:
    """Thirteen tasks between 23:00 UTC and 01:00 UTC lie within one day in Shanghai, and four within one hour."""
    times = [23 * HOUR + number * 10 * MINUTE for number in range(13)]
    found = report(annunciations([], tasks=[(7, at) for at in times], to_ms=2 * DAY))
    assert (found.burdens[0].person, found.burdens[0].most_a_day, found.burdens[0].most_an_hour) == (7, 13, 6)
    assert figure(found, "tasks_a_day").verdict is Verdict.ACT


def test_the_deadband_comes_from_the_depth_of_the_dips() -> None:
    """A level that dips 0.03 m below its limit between alarms is to clear that much lower; one alarm is left."""
    time_ms = np.arange(0, 600 * SECOND, SECOND)
    value = np.where((time_ms // (10 * SECOND)) % 2 == 0, 1.02, 0.97)
    starts, stops = time_ms[::20], time_ms[10::20]
    found = deadband(
        time_ms=time_ms,
        value=value,
        limit=1.0,
        above=True,
        at_ms=starts,
        stop_ms=stops,
        measurement="level",
        unit="m",
    )
    assert found is not None
    assert 0.03 <= found.width <= 0.032
    assert found.clear < 0.97
    assert found.left == 1


def test_the_journal_counts_what_asked_for_attention(hall: Hall) -> None:
    """An opening and a return are counted; a repeated change, a shelved return and another community's are not."""
    facility = hall.city.facility("aa-sp-01")
    opened = change(ChangeKind.OPENED, "well-high", facility=facility, start=MONDAY_9)
    hall.apply(opened)
    hall.apply(opened)
    hall.apply(change(ChangeKind.CLOSED, "well-high", facility=facility, start=MONDAY_9, stop=MONDAY_9 + MINUTE))
    queries = SqlPerformanceQueries(hall.engine)
    found = queries.annunciations(0, 2**60)
    assert len(found) == 1
    assert [source.facility for source in found.sources] == [facility]
    assert found.stop_ms.tolist() != [STILL_ON]
    assert len(queries.annunciations(0, 2**60, frozenset())) == 0
    assert len(queries.annunciations(0, 1)) == 0
