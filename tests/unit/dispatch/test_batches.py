"""Batches of changes: few statements, and the same rows as change by change."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.alarms import AlarmChange, ChangeKind
from dispatch import batchwork, tables
from tests.unit.dispatch.crowd import FIRST, crowded, statements
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, Hall, build_hall, change

RULES = ("medium", "medium", "medium", "medium-2", "high", "low", "lamp", "gas", "critical", "info")


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
def test_cases_of_their_own_are_few_statements_each(hall: Hall, count: int) -> None:
    """A case and two tasks with their clocks for every alarm; where announcements move they are written once."""
    crowded(hall, count, 0)
    with statements(hall) as sent:
        hall.apply(*opened(count))
    assert len(hall.cases()) == count
    assert len(sent) <= 12 * count, "\n".join(one[:100] for one in sent)


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
