"""What a day has changed: counts over a span, and time unseen as the union of what several alarms say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import AlarmKind, ChangeKind
from core.ports.changes import CommunityChanges
from dispatch.change_queries import SqlChangeQueries
from dispatch.changes import STILL, Spells, union_ms
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, build_hall, change

DAY = 24 * HOUR
_SPELL = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 40), st.integers(0, 20) | st.none())


def _spells(rows: list[tuple[int, int, int, int | None]]) -> Spells:
    """Spells of rows of community, facility within it, start and length."""
    return Spells(
        community=np.array([place for place, _, _, _ in rows], np.int64),
        facility=np.array([10 * place + facility for place, facility, _, _ in rows], np.int64),
        start_ms=np.array([start for _, _, start, _ in rows], np.int64),
        stop_ms=np.array([STILL if length is None else start + length for _, _, start, length in rows], np.int64),
    )


@given(st.lists(_SPELL, max_size=12), st.integers(0, 30), st.integers(1, 30))
def test_time_unseen_is_that_of_counting_every_millisecond(
    rows: list[tuple[int, int, int, int | None]], begin: int, length: int
) -> None:
    """However spells of one facility overlap, each millisecond of it counts once."""
    naive: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for place, facility, start, lasting in rows:
        stop = begin + length if lasting is None else start + lasting
        naive[place] |= {(facility, at) for at in range(max(start, begin), min(stop, begin + length))}
    expected = {place: len(seen) for place, seen in naive.items() if seen}
    assert union_ms(_spells(rows), begin, begin + length) == expected


def _of(hall: Hall, facility: int, to_ms: int) -> CommunityChanges:
    community = hall.city.registry.facility(facility)
    assert community is not None
    got = SqlChangeQueries(hall.engine).changes(to_ms - DAY, to_ms)
    return next(one for one in got if one.community == community.facility.community)


def test_what_stood_came_and_went(hall: Hall) -> None:
    """An alarm of two days ago stood yesterday; one began and ended since, its case with it, which nobody had begun."""
    first, second = hall.city.facility("aa-sp-01"), hall.city.facility("aa-sp-02")
    old = MONDAY_9 - 30 * HOUR
    hall.apply(change(ChangeKind.OPENED, facility=first, start=old), now_ms=old)
    begin = MONDAY_9 - 2 * HOUR
    hall.apply(change(ChangeKind.OPENED, facility=second, start=begin), now_ms=begin)
    hall.apply(change(ChangeKind.CLOSED, facility=second, start=begin, stop=MONDAY_9 - HOUR), now_ms=MONDAY_9 - HOUR)
    hall.apply(change(ChangeKind.OPENED, "info", facility=second, start=begin), now_ms=begin)
    found = _of(hall, first, MONDAY_9)
    assert (found.alarmed_before, found.alarms_opened, found.alarms_ended) == (1, 1, 1)
    assert (found.cases_before, found.cases_opened, found.cases_closed) == (1, 1, 1)
    assert (found.unseen_ms, found.unseen_before_ms) == (0, 0)


def test_two_sights_of_one_facility_count_once(hall: Hall) -> None:
    """A device and its gateway are silent together for an hour of today, and the device alone for one of yesterday."""
    facility = hall.city.facility("aa-sp-01")
    rows = [("sight.device", 3, 1), ("sight.gateway", 2, 1), ("sight.device", 27, 26)]
    for rule_id, begin, end in rows:
        start, stop = MONDAY_9 - begin * HOUR, MONDAY_9 - end * HOUR
        seen = replace(change(ChangeKind.OPENED, rule_id, facility=facility, start=start), alarm_kind=AlarmKind.SIGHT)
        hall.apply(seen, now_ms=start)
        hall.apply(replace(seen, kind=ChangeKind.CLOSED, interval=replace(seen.interval, stop_ms=stop)), now_ms=stop)
    found = _of(hall, facility, MONDAY_9)
    assert (found.unseen_ms, found.unseen_before_ms) == (2 * HOUR, HOUR)
    assert (found.alarms_opened, found.alarmed_before) == (0, 0)


def test_only_communities_in_sight_are_answered(hall: Hall) -> None:
    """What happens elsewhere stays there."""
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(ChangeKind.OPENED, facility=facility, start=MONDAY_9 - MINUTE), now_ms=MONDAY_9 - MINUTE)
    queries = SqlChangeQueries(hall.engine)
    assert len(queries.changes(MONDAY_9 - DAY, MONDAY_9)) == 1
    assert queries.changes(MONDAY_9 - DAY, MONDAY_9, frozenset({999})) == []
    assert queries.changes(MONDAY_9 - DAY, MONDAY_9, frozenset()) == []


def test_the_journal_is_never_read_whole(tmp_path: Path) -> None:
    """Years of alarms and cases are asked every few minutes: each question goes by an index (plans of SQLite)."""
    hall = build_hall(tmp_path)
    asked: list[tuple[str, Any]] = []
    sa.event.listen(
        hall.engine, "before_cursor_execute", lambda _c, _k, statement, values, *_: asked.append((statement, values))
    )
    SqlChangeQueries(hall.engine).changes(MONDAY_9 - DAY, MONDAY_9, frozenset({1}))
    questions = [one for one in asked if one[0].lstrip().startswith("SELECT")]
    assert len(questions) == 2
    with hall.engine.connect() as connection:
        for statement, values in questions:
            plan = [str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert [line for line in plan if "SCAN" in line] == [], plan
    hall.engine.dispose()
