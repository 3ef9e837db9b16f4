"""Evidence is frozen: what was so when an alarm opened stays so, whatever changes afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from api.models.evidence import FrozenContext
from app.facility_memory import FacilityMemory
from core.alarms import ChangeKind, alarm_id
from core.errors import Unavailable
from core.evidence import MOST_SAMPLES, Samples
from core.ports.evidence import EvidenceRecord, Occasion, SampleRequest
from core.ports.store import Commit
from core.readings import Int32s, Readings, readings
from dispatch import tables
from store.memory import MemoryStore
from tests.unit.app.frozen import freezer_of, journal_of, level_of, rule_set_of, source_of
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, Hall, build_hall, change

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED
DAY = 24 * HOUR


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A fresh small city with an empty dispatch."""
    made = build_hall(tmp_path)
    yield made
    made.engine.dispose()


def filled(hall: Hall, value: float = 1.0) -> MemoryStore:
    """A store with a level every ten seconds from 20 minutes before the opening to 20 after."""
    store = MemoryStore()
    times = MONDAY_9 + np.arange(-120, 121, dtype=np.int64) * 10_000
    values = value + np.arange(len(times)) / 100
    store.commit(Commit(readings=readings(point=[level_of(hall)] * len(times), time_ms=times, value=values)))
    return store


def opened(hall: Hall, store: MemoryStore, rule: str = "medium") -> str:
    """An alarm that opened, with its context; its id."""
    facility = hall.city.facility("aa-sp-01")
    journal_of(hall, store).apply([change(OPENED, rule, facility=facility)], MONDAY_9)
    return alarm_id(rule, facility, MONDAY_9)


def records(hall: Hall, number: str) -> list[EvidenceRecord]:
    """What was frozen of an alarm."""
    found = hall.queries.evidence(number)
    assert found is not None
    return list(found)


def raw(hall: Hall) -> list[tuple[object, ...]]:
    """Every record as it stands in the database, byte by byte."""
    with hall.engine.connect() as connection:
        query = sa.select(tables.record).order_by(tables.record.c.alarm_id, tables.record.c.occasion)
        return [tuple(row) for row in connection.execute(query)]


def test_the_opening_keeps_rule_limits_place_and_calendar(hall: Hall) -> None:
    """With the alarm stand the rule and its version, attributes, place and calendar in force at its opening."""
    number = opened(hall, filled(hall))
    (record,) = records(hall, number)
    assert (record.occasion, record.at_ms, record.frozen_ms, record.series) == (Occasion.ALARM, MONDAY_9, None, ())
    context = FrozenContext.model_validate_json(record.context)
    rules = rule_set_of(hall)
    assert context.rule is not None
    assert (context.rule.when, context.rule.for_ms) == ("level > 2.2 m and facility.build_year < 2030", 30_000)
    assert (context.rule.version, context.rule.set_version) == (rules.by_id["medium"].fingerprint, rules.version)
    assert [(one.measurement, one.value, one.kind) for one in context.limits] == [("level", 2.2, "high")]
    assert set(context.attributes) == {"build_year"}
    assert context.do[0].en == "Stop the pump"
    assert context.place is not None
    assert (context.place.code, context.place.community, set(context.place.cells)) == (
        "aa-sp-01",
        "aa",
        {"governance", "construction"},
    )
    assert (context.calendar.local, context.calendar.works) == ("2026-11-23T09:00:00.000+08:00", True)


def test_samples_before_at_once_and_after_when_their_time_has_come(hall: Hall) -> None:
    """Ten minutes before the opening are there at once, five after it once they have passed; then it is closed."""
    store = filled(hall)
    number, freezer = opened(hall, store), freezer_of(hall, store)
    assert freezer.step(MONDAY_9) == 1
    (record,) = records(hall, number)
    assert record.frozen_ms is None
    assert freezer.step(MONDAY_9 + 5 * MINUTE) == 0
    assert freezer.step(MONDAY_9 + 6 * MINUTE) == 1
    (record,) = records(hall, number)
    assert record.frozen_ms == MONDAY_9 + 6 * MINUTE
    level = next(one for one in record.series if one.key == "level")
    assert level.time_ms[0] == MONDAY_9 - 10 * MINUTE - 10_000, "the value that held when the window began"
    assert level.time_ms[-1] == MONDAY_9 + 5 * MINUTE - 10_000
    assert len(level.time_ms) == 91
    assert freezer.step(MONDAY_9 + HOUR) == 0


def test_nothing_changes_what_is_frozen(hall: Hall) -> None:
    """Late readings, another rule, another registry and another round leave every byte as it was."""
    store = filled(hall)
    number, freezer = opened(hall, store), freezer_of(hall, store)
    freezer.step(MONDAY_9 + 6 * MINUTE)
    before = raw(hall)
    late = readings(point=[level_of(hall)], time_ms=[MONDAY_9 + 1], value=[4.9])
    store.commit(Commit(readings=late))
    other = rule_set_of(hall, limit=3.5)
    with hall.engine.begin() as connection:
        connection.execute(sa.text("UPDATE registry_facility SET name_en = 'Another name'"))
    facility = hall.city.facility("aa-sp-01")
    journal_of(hall, store, other).apply(
        [change(OPENED, facility=facility), change(ChangeKind.MOVED, facility=facility, opened=MONDAY_9, stop=None)],
        MONDAY_9 + HOUR,
    )
    for later in (HOUR, DAY, 400 * DAY):
        freezer_of(hall, store, other).step(MONDAY_9 + later)
    assert raw(hall) == before
    assert records(hall, number)[0].frozen_ms is not None


def test_evidence_is_there_when_the_raw_readings_have_gone(hall: Hall) -> None:
    """The store forgets; the record has its samples still."""
    store = filled(hall)
    number = opened(hall, store)
    freezer_of(hall, store).step(MONDAY_9 + 6 * MINUTE)
    freezer_of(hall, MemoryStore()).step(MONDAY_9 + DAY)
    (record,) = records(hall, number)
    assert len(next(one for one in record.series if one.key == "level").time_ms) == 91


def test_a_case_that_opens_later_has_evidence_of_its_own(hall: Hall) -> None:
    """A low alarm that lasted, and one that a flag kept silent, are frozen again when their case opens; once."""
    store, facility = filled(hall), hall.city.facility("aa-sp-01")
    low = opened(hall, store, "low")
    boss = hall.actor("mgr", supervises=True)
    medium = opened(hall, store)
    out = hall.desk.take_out_facility(facility, boss, MONDAY_9 + DAY, "overhaul", MONDAY_9)
    other = hall.city.facility("aa-sp-02")
    hall.apply(change(OPENED, "low", facility=other))
    hall.desk.put_back(out.number, boss, "", MONDAY_9 + 20 * MINUTE)
    hall.journal.tick(MONDAY_9 + 31 * MINUTE)
    hall.journal.tick(MONDAY_9 + 32 * MINUTE)
    assert [one.occasion for one in records(hall, low)] == [Occasion.ALARM, Occasion.CASE]
    assert [one.occasion for one in records(hall, medium)] == [Occasion.ALARM]
    case = records(hall, low)[1]
    assert (case.at_ms, case.context) == (MONDAY_9 + 31 * MINUTE, "")
    freezer_of(hall, store).step(MONDAY_9 + 32 * MINUTE)
    assert all(one.context for one in records(hall, low))


def test_a_store_that_does_not_answer_leaves_it_due(hall: Hall) -> None:
    """Nothing is lost and nothing half taken when the store is away; the next round does it."""

    class Away(MemoryStore):
        def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
            raise Unavailable("away")

    store = filled(hall)
    number = opened(hall, store)
    with pytest.raises(Unavailable):
        freezer_of(hall, Away()).step(MONDAY_9)
    assert records(hall, number)[0].series == ()
    assert freezer_of(hall, store).step(MONDAY_9) == 1
    assert records(hall, number)[0].series != ()


def test_samples_stay_as_long_as_the_case_and_else_for_ninety_days(hall: Hall) -> None:
    """Of alarms without a case the samples go after ninety days, the rule and place stay; with a case all stays."""
    store = filled(hall)
    with_case, without = opened(hall, store), opened(hall, store, "low")
    facility = hall.city.facility("aa-sp-01")
    hall.apply(change(CLOSED, "low", facility=facility, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    freezer_of(hall, store).step(MONDAY_9 + 6 * MINUTE)
    freezer_of(hall, store).step(MONDAY_9 + 89 * DAY)
    assert records(hall, without)[0].series != ()
    freezer_of(hall, store).step(MONDAY_9 + 91 * DAY)
    assert records(hall, without)[0].series == ()
    assert records(hall, without)[0].context != ""
    assert records(hall, with_case)[0].series != ()


def test_an_observation_gets_exactly_what_it_asks_for(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of evidence the rule's points and others, as many as are kept; whole: those of the keys, or all."""
    monkeypatch.setattr("app.frozen_evidence.MOST_POINTS", 1)
    facility, source = hall.city.facility("aa-sp-01"), source_of(hall, filled(hall))
    asked = SampleRequest(facility=facility, keys=(), from_ms=MONDAY_9, to_ms=MONDAY_9 + MINUTE, whole=True)
    requests = [asked, replace(asked, keys=("level",)), replace(asked, keys=("none",)), replace(asked, whole=False)]
    every, level, none, kept = source.samples(requests)
    known = FacilityMemory(hall.city.registry).detail(facility)
    assert known is not None
    assert {one.point for one in every} == {point.number for point in known.points}
    assert len(every) > 1
    assert [one.key for one in level] == ["level"]
    assert none == ()
    assert len(kept) == 1


def test_a_flood_is_read_in_few_goes_and_worked_off(hall: Hall) -> None:
    """Requests of one time share a read of the store, and each gets exactly its own window."""
    reads = []

    class Counting(MemoryStore):
        def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
            reads.append((from_ms, to_ms))
            return super().read(points, from_ms, to_ms)

    store = Counting()
    times = MONDAY_9 + np.arange(0, 7200, dtype=np.int64) * 1000
    values = np.arange(len(times), dtype=np.float64)
    store.commit(Commit(readings=readings(point=[level_of(hall)] * len(times), time_ms=times, value=values)))
    facility = hall.city.facility("aa-sp-01")
    starts = [MONDAY_9 + at * MINUTE for at in (5, 0, 90, 20, 6 * 60)]
    asked = [SampleRequest(facility=facility, keys=("level",), from_ms=start, to_ms=start + MINUTE) for start in starts]
    answers = source_of(hall, store).samples(asked)
    assert len(reads) == 2
    for start, series in zip(starts[:4], answers[:4], strict=True):
        level: Samples = series[0]
        assert level.key == "level"
        inside = level.time_ms[level.time_ms >= start]
        assert (inside[0], inside[-1], len(inside)) == (start, start + MINUTE - 1000, 60)
    assert len(answers[4][0].time_ms) == 0
    assert MOST_SAMPLES >= 60
