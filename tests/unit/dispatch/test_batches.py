"""Batches of changes: few statements, and the same rows as change by change."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.alarms import AlarmChange, AlarmKind, ChangeKind, Severity
from core.errors import Unavailable
from core.ports.cases import Mode
from dispatch import batchwork, tables
from dispatch import journal as journal_room
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from tests.unit.dispatch.crowd import FIRST, crowd_of, crowded, statements
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, Hall, build_hall, change, wipe
from tests.unit.dispatch.hall import RULES as RULE_BOOK

RULES = ("medium", "medium", "medium", "medium-2", "high", "low", "lamp", "gas", "critical", "info")


CALM = ("medium", "medium", "medium-2", "low", "lamp", "gas", "info")
"""Rules of which none raises the case of another."""


def opened(count: int) -> list[AlarmChange]:
    return [change(ChangeKind.OPENED, facility=FIRST + at) for at in range(count)]


@pytest.mark.parametrize("count", [40, 80])
def test_a_storm_is_few_statements_whatever_its_size(hall: Hall, count: int) -> None:
    """So many alarms of one cell in one batch are one case; what they ask and write is asked and written together."""
    crowded(hall, count, 10, alike=True)
    with statements(hall) as sent:
        hall.apply(*opened(count))
    assert len(hall.cases()) == 1
    assert hall.count(tables.alarm) == hall.count(tables.record) == count
    assert len(sent) <= 55, "\n".join(one[:100] for one in sent)


def test_a_storm_where_every_facility_has_an_open_case_of_another_family_is_as_few(hall: Hall) -> None:
    """What waits there takes nothing of this family in, and is not asked for facility by facility."""
    crowded(hall, 40, 10, alike=True)
    hall.apply(*(change(ChangeKind.OPENED, "gas", facility=FIRST + at) for at in range(40)))
    with statements(hall) as sent:
        hall.apply(*opened(40))
    assert len(hall.cases()) == 41
    assert len(sent) <= 55, "\n".join(one[:100] for one in sent)


@pytest.mark.parametrize("count", [40, 80])
def test_cases_of_their_own_are_few_statements_whatever_their_number(hall: Hall, count: int) -> None:
    """A case and two tasks with their clocks for every alarm are written together; lines are read once a person."""
    crowded(hall, count, 0)
    with statements(hall) as sent:
        hall.apply(*opened(count))
    assert len(hall.cases()) == count
    assert len(sent) <= 65, "\n".join(one[:100] for one in sent)


def test_numbers_go_on_after_a_batch(hall: Hall) -> None:
    """What is written together and what is written alone afterwards are counted by one count, without a gap."""
    crowded(hall, 6, 0)
    hall.apply(*opened(3))
    hall.apply(*opened(4)[3:])
    hall.apply(*opened(6)[4:])
    assert [case.number for case in hall.cases()] == [1, 2, 3, 4, 5, 6]
    assert [case.code[-6:] for case in hall.cases()] == [f"{number:06d}" for number in range(1, 7)]
    assert sorted(task.number for case in hall.cases() for task in hall.tasks(case.number).values()) == [*range(1, 13)]


def drawn(seed: int, size: int) -> list[tuple[int, list[AlarmChange]]]:
    """Batches with their times: openings, closings, retractions and repetitions in any order."""
    draw = random.Random(seed)
    known: list[tuple[str, int, int]] = []
    now_ms, batches = MONDAY_9, []
    for _ in range(3):
        batch = []
        for _ in range(draw.choice([5, 20, 40])):
            if draw.random() < 0.7 or not known:
                rule, facility = draw.choice(RULES), FIRST + draw.randrange(size)
                start_ms = now_ms - draw.randrange(5) * MINUTE
                stop_ms = start_ms + 1 if draw.random() < 0.1 else None
                late = draw.random() < 0.1
                batch.append(
                    change(ChangeKind.OPENED, rule, facility=facility, start=start_ms, stop=stop_ms, late=late)
                )
                known.append((rule, facility, start_ms))
            else:
                rule, facility, start_ms = draw.choice(known)
                kind = draw.choice([ChangeKind.CLOSED, ChangeKind.CLOSED, ChangeKind.RETRACTED, ChangeKind.OPENED])
                stop_ms = None if kind is ChangeKind.OPENED else now_ms + 1
                batch.append(change(kind, rule, facility=facility, start=start_ms, stop=stop_ms))
        batches.append((now_ms, batch))
        now_ms += draw.choice([1, 20, 700]) * MINUTE
    return batches


def _alone(changes: Sequence[AlarmChange], known: set[str]) -> Iterator[list[AlarmChange]]:
    del known
    return ([one] for one in changes)


def _rows(hall: Hall) -> dict[str, list[tuple[object, ...]]]:
    with hall.engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }


@pytest.mark.parametrize("most", [0, 3, 10])
@pytest.mark.parametrize("seed", range(3))
def test_together_is_the_same_as_one_by_one(
    tmp_path: Path, seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked and written for a whole batch gives the rows, numbers and feed of every change for itself."""
    found = []
    for together in (True, False):
        if not together:
            monkeypatch.setattr(batchwork, "_runs", _alone)
            monkeypatch.setattr(batchwork, "_lone", lambda *_: {})
        folder = tmp_path / str(together)
        folder.mkdir()
        hall = crowded(build_hall(folder), 30, most)
        for now_ms, batch in drawn(seed, 30):
            hall.apply(*batch, now_ms=now_ms)
            hall.journal.tick(now_ms + MINUTE)
        found.append(_rows(hall))
        hall.engine.dispose()
    assert found[0]["dispatch_case"]
    assert found[0] == found[1]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(RULES),
        st.integers(0, 14),
        st.integers(0, 4),
        st.sampled_from(["open", "open", "open", "open", "late", "over", "test", "close", "retract"]),
    ),
    min_size=1,
    max_size=40,
)
POLICIES = st.builds(
    Policy,
    storm_facilities=st.sampled_from([0, 0, 3]),
    modes=st.sampled_from([{}, {Severity.MEDIUM: Mode.CLAIM, Severity.LOW: Mode.ROTATE}]),
)


def _batch(drawn_now: list[tuple[str, int, int, str]], now_ms: int) -> list[AlarmChange]:
    batch = []
    for rule, at, minutes, what in drawn_now:
        start_ms = MONDAY_9 - minutes * MINUTE
        stop_ms = now_ms + 1 if what in {"over", "close"} else None
        kind = {"close": ChangeKind.CLOSED, "retract": ChangeKind.RETRACTED}.get(what, ChangeKind.OPENED)
        one = change(kind, rule, facility=FIRST + at, start=start_ms, stop=stop_ms, late=what == "late")
        batch.append(replace(one, alarm_kind=AlarmKind.TEST) if what == "test" else one)
    return batch


def _anew(hall: Hall) -> None:
    """Dispatch is empty and counts from one again."""
    wipe(hall)
    with hall.engine.begin() as connection:
        if hall.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name LIKE 'dispatch_%'")
        else:
            names = ", ".join(table.name for table in tables.metadata.sorted_tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(batches=st.lists(CHANGES, min_size=1, max_size=3), policy=POLICIES)
def test_any_batches_together_are_the_same_as_one_by_one(
    hall: Hall, batches: list[list[tuple[str, int, int, str]]], policy: Policy
) -> None:
    """Cases, tasks with their candidates, clocks, histories, notifications, numbers and feed, in both databases."""
    found, source = [], crowd_of(hall, 15)
    for together in (True, False):
        _anew(hall)
        journal = SqlJournal(hall.engine, rules=RULE_BOOK.get, source=source, policy=policy)
        with ExitStack() as alone:
            if not together:
                alone.enter_context(mock.patch.object(batchwork, "_runs", _alone))
                alone.enter_context(mock.patch.object(batchwork, "_lone", return_value={}))
            for at, batch in enumerate(batches):
                now_ms = MONDAY_9 + at * 20 * MINUTE
                journal.apply(_batch(batch, now_ms), now_ms)
                journal.tick(now_ms + MINUTE)
        found.append(_rows(hall))
    assert found[0] == found[1]


@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(
    openings=st.lists(st.tuples(st.sampled_from(CALM), st.integers(0, 14)), min_size=2, max_size=40),
    most=st.integers(1, 12),
    policy=POLICIES,
)
def test_smaller_transactions_decide_the_same(
    hall: Hall, openings: list[tuple[str, int]], most: int, policy: Policy
) -> None:
    """How many alarms open in a transaction changes neither cases nor who gets which task: a storm is seen whole."""
    found, source = [], crowd_of(hall, 15)
    kept = ("dispatch_case", "dispatch_task", "dispatch_stage", "dispatch_offer", "dispatch_alarm", "dispatch_record")
    for portion in (most, 1_000):
        _anew(hall)
        journal = SqlJournal(hall.engine, rules=RULE_BOOK.get, source=source, policy=policy)
        with mock.patch.object(journal_room, "_MOST_OPENINGS", portion):
            journal.apply(_batch([(rule, at, 0, "open") for rule, at in openings], MONDAY_9), MONDAY_9)
        rows = _rows(hall)
        found.append({name: rows[name] for name in kept})
    assert found[0] == found[1]


def test_a_batch_that_was_interrupted_goes_on(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the transactions before a failure have written is not written again, not even as a line of history."""
    crowded(hall, 30, 0)
    monkeypatch.setattr(journal_room, "_MOST_OPENINGS", 10)
    batch = [
        one
        for at in range(30)
        for one in (opened(at + 1)[-1], change(ChangeKind.CLOSED, facility=FIRST + at, stop=MONDAY_9 + 1))
    ]
    times = iter(range(9))

    def fails_in_the_second(*given: Any) -> None:
        if next(times) == 1:
            raise Unavailable("gone")
        batchwork.record_all(*given)

    with mock.patch.object(journal_room, "record_all", fails_in_the_second), pytest.raises(Unavailable):
        hall.apply(*batch)
    assert hall.count(tables.alarm) == 10
    hall.apply(*batch)
    assert hall.count(tables.alarm) == len(hall.cases()) == 30
    assert hall.count(tables.alarm_history) == 60
