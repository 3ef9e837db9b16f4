"""What every engine behind ``core.ports.store.TimeSeriesStore`` must do; the in-memory twin says what is right."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refused, Unavailable
from core.offsets import OffsetRange, Settled
from core.ports.store import (
    Chunk,
    Commit,
    GapRecord,
    Quarantined,
    QuarantineReason,
    Rollups,
    TimeSeriesStore,
)
from core.quality import QualityClass, Reason, quality
from core.readings import Readings, concat, empty, readings
from core.sparkplug.commit import Gap, GapReason
from core.sparkplug.topics import NodeId
from store.memory import MemoryStore

DAY_MS = 86_400_000
T0_MS = 20_000 * DAY_MS
NODE = NodeId("city-1", "gateway-1")
TIMEOUT = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
SENSOR = quality(QualityClass.BAD, Reason.SENSOR_ERROR)
ALL_POINTS = np.arange(8, dtype=np.int32)

Fresh = Callable[[], Any]


# --- comparing ----------------------------------------------------------------------------------------------------


def assert_same(found: Readings, expected: Readings) -> None:
    for name in ("point", "time_ms", "quality", "epoch", "offset"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert bits(found.value) == bits(expected.value)
    assert dict(found.text) == dict(expected.text)


def bits(values: Any) -> list[int]:
    return list(np.ascontiguousarray(values, np.float64).view(np.int64).tolist())


def assert_same_rollups(found: Rollups, expected: Rollups) -> None:
    assert found.step_ms == expected.step_ms
    for name in ("point", "start_ms", "count", "bad", "minimum", "maximum", "first", "last"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-9, atol=1e-12)


def assert_same_stretch(found: TimeSeriesStore, expected: Readings, begin: int, end: int) -> None:
    """What a replay reads is what ``read`` gives, without ranks and texts; each point is in one piece."""
    pieces = [piece for piece in found.stretch(ALL_POINTS, begin, end, 2) if len(piece)]
    together = concat(pieces)
    assert sum(len(np.unique(piece.point)) for piece in pieces) == len(np.unique(together.point))
    for name in ("point", "time_ms", "quality"):
        np.testing.assert_array_equal(getattr(together, name), getattr(expected, name), err_msg=name)
    assert bits(together.value) == bits(expected.value)


def assert_same_content(found: TimeSeriesStore, expected: TimeSeriesStore) -> None:
    begin, end = T0_MS - 40 * DAY_MS, T0_MS + 40 * DAY_MS
    assert_same(found.read(ALL_POINTS, begin, end), expected.read(ALL_POINTS, begin, end))
    assert_same(found.latest(), expected.latest())
    assert_same_stretch(found, expected.read(ALL_POINTS, begin, end), begin, end)
    for step_ms in (10_000, 60_000, 3_600_000, DAY_MS):
        assert_same_rollups(
            found.rollup(ALL_POINTS, begin, end, step_ms), expected.rollup(ALL_POINTS, begin, end, step_ms)
        )
    assert found.gaps(begin, end) == expected.gaps(begin, end)


# --- building -----------------------------------------------------------------------------------------------------


def chunk(first: int, stop: int, *, epoch: int = 7, crc32: int = 1, node: NodeId = NODE) -> Chunk:
    return Chunk(node=node, epoch=epoch, span=OffsetRange(first, stop), crc32=crc32)


def batch(first: int, *rows: tuple[int, int, float], epoch: int = 7, **columns: Any) -> Readings:
    """Rows of (point, ms after T0, value) with the offsets from ``first`` on."""
    return readings(
        point=[row[0] for row in rows],
        time_ms=[T0_MS + row[1] for row in rows],
        value=[row[2] for row in rows],
        epoch=epoch,
        offset=range(first, first + len(rows)),
        **columns,
    )


def commit(first: int, *rows: tuple[int, int, float], epoch: int = 7, **columns: Any) -> Commit:
    return Commit(
        readings=batch(first, *rows, epoch=epoch, **columns),
        chunks=[chunk(first, first + len(rows), epoch=epoch)],
    )


def gap(first: int, stop: int, begin: int, end: int) -> GapRecord:
    return GapRecord(
        node=NODE,
        epoch=7,
        span=OffsetRange(first, stop),
        gap=Gap(reason=GapReason.SPOOL_FULL, from_ms=T0_MS + begin, to_ms=T0_MS + end),
    )


# --- commits ------------------------------------------------------------------------------------------------------


def test_commits_are_numbered_from_one(engine: Any) -> None:
    """Commits get the numbers 1, 2, 3, an empty one too, and all become durable."""
    numbers = [
        engine.store.commit(commit(0, (1, 0, 1.0))),
        engine.store.commit(Commit(readings=empty())),
        engine.store.commit(commit(1, (1, 5, 2.0))),
    ]
    assert numbers == [1, 2, 3]
    engine.settle()
    assert engine.store.durable() == 3


def test_an_empty_store_answers_with_nothing(engine: Any) -> None:
    """A new store has no readings, roll-ups, latest values, gaps, ledgers or quarantine, and durable is 0."""
    store = engine.store
    assert len(store.read(ALL_POINTS, 0, T0_MS)) == 0
    assert len(store.rollup(ALL_POINTS, 0, T0_MS, 60_000).point) == 0
    assert len(store.latest()) == 0
    assert (list(store.gaps(0, T0_MS)), dict(store.ledgers()), list(store.quarantine(5))) == ([], {}, [])
    assert list(store.since(0)) == []
    assert store.durable() == 0


def test_a_reading_without_a_point_is_refused(engine: Any) -> None:
    """Point -1 is refused, and nothing of the commit is stored."""
    with pytest.raises(Refused):
        engine.store.commit(commit(0, (1, 0, 1.0), (-1, 0, 1.0)))
    assert len(engine.store.read(ALL_POINTS, T0_MS, T0_MS + 1)) == 0


def test_the_same_commit_twice_is_harmless(engine: Any) -> None:
    """A replayed commit takes a number and changes neither content nor counts."""
    first = Commit(
        readings=batch(0, (1, 0, 1.0), (2, 0, 2.0)),
        chunks=[chunk(0, 3)],
        gaps=[gap(3, 9, 5, 6)],
        quarantined=[item(2)],
    )
    engine.store.commit(first)
    before = engine.store.counts()
    assert engine.store.commit(first) == 2
    after = engine.store.counts()
    assert (after.readings, after.quarantined, after.evicted) == (before.readings, before.quarantined, before.evicted)
    assert (before.readings, before.quarantined, before.evicted) == (2, 1, 6)
    assert len(engine.store.read(ALL_POINTS, T0_MS, T0_MS + 10)) == 2
    assert len(engine.store.gaps(T0_MS, T0_MS + 10)) == 1


def item(offset: int, detail: str = "") -> Quarantined:
    return Quarantined(
        node=str(NODE),
        reason=QuarantineReason.UNKNOWN_POINT,
        count=1,
        arrived_ms=T0_MS,
        metric="pump-1/泵 current",
        detail=detail,
        sample=b"\x00\xff",
        epoch=7,
        offset=offset,
    )


# --- reading ------------------------------------------------------------------------------------------------------


def test_read_is_half_open_and_sorted(engine: Any) -> None:
    """[from, to) by (point, time), whatever the order of arrival; unknown points do no harm."""
    engine.store.commit(commit(0, (2, 30, 3.0), (1, 20, 2.0), (2, 10, 1.0), (1, 40, 4.0)))
    found = engine.store.read(np.array([2, 1, 99, -1, 2], np.int32), T0_MS + 10, T0_MS + 40)
    assert found.point.tolist() == [1, 2, 2]
    assert (found.time_ms - T0_MS).tolist() == [20, 10, 30]
    assert found.value.tolist() == [2.0, 1.0, 3.0]


@pytest.mark.parametrize("late_first", [False, True])
def test_of_one_millisecond_the_highest_epoch_and_offset_holds(engine: Any, late_first: bool) -> None:
    """Which of two readings of one millisecond holds does not depend on their order of arrival."""
    commits = [
        commit(5, (1, 0, 5.0)),
        commit(9, (1, 0, 9.0)),
        commit(1, (1, 0, 8.5), epoch=8),
        commit(7, (1, 0, 7.0)),
    ]
    for one in reversed(commits) if late_first else commits:
        engine.store.commit(one)
        engine.store.maintain(engine.clock.now_ms())
    found = engine.store.read(ALL_POINTS, T0_MS, T0_MS + 1)
    assert (found.value.tolist(), found.epoch.tolist(), found.offset.tolist()) == ([8.5], [8], [1])
    assert engine.store.latest().value.tolist() == [8.5]


def test_values_come_back_bit_by_bit(engine: Any) -> None:
    """Decimals, singles, subnormals, infinities, -0, NaN and large numbers survive unchanged, also compacted."""
    values = [21.4, float(np.float32(21.4)), 0.1 + 0.2, 5e-324, -0.0, 0.0, np.inf, -np.inf, np.nan, 2.0**53 + 2, 1e300]
    values += [1 / 3, float(np.float32(1 / 3)), -273.15, 1e-7, 123456789.123456]
    rows = [(index % 3, index * 1000, value) for index, value in enumerate(values)]
    engine.store.commit(commit(0, *rows))
    expected = MemoryStore()
    expected.commit(commit(0, *rows))
    assert_same_content(engine.store, expected)
    settle_far(engine)
    assert_same_content(engine.store, expected)
    engine.reopen()
    assert_same_content(engine.store, expected)


def settle_far(engine: Any) -> None:
    """Let time pass until every day is closed and compacted."""
    engine.settle()
    for _ in range(3):
        engine.clock.advance(10 * DAY_MS)
        engine.store.maintain(engine.clock.now_ms())


def test_bad_and_missing_readings_come_back_as_such(engine: Any) -> None:
    """A time-out is a reading without a value, a bad value keeps its value and reason; roll-ups count both as bad."""
    engine.store.commit(
        commit(0, (1, 0, 1.0), (1, 10, np.nan), (1, 20, 99.0), (1, 30, 3.0), quality=[0, TIMEOUT, SENSOR, 0])
    )
    found = engine.store.read(ALL_POINTS, T0_MS, T0_MS + 100)
    assert found.quality.tolist() == [0, TIMEOUT, SENSOR, 0]
    assert bits(found.value) == bits([1.0, np.nan, 99.0, 3.0])
    bucket = engine.store.rollup(ALL_POINTS, T0_MS, T0_MS + 100, 60_000)
    assert (bucket.count.tolist(), bucket.bad.tolist()) == ([2], [2])
    assert (bucket.minimum[0], bucket.maximum[0], bucket.mean[0], bucket.first[0], bucket.last[0]) == (1, 3, 2, 1, 3)


def test_a_bucket_of_bad_readings_has_no_numbers(engine: Any) -> None:
    """Where nothing is good, count is 0 and every aggregate is NaN."""
    engine.store.commit(commit(0, (1, 0, 5.0), quality=[SENSOR]))
    bucket = engine.store.rollup(ALL_POINTS, T0_MS, T0_MS + 1, 60_000)
    assert (bucket.count.tolist(), bucket.bad.tolist()) == ([0], [1])
    for name in ("minimum", "maximum", "mean", "first", "last"):
        assert np.isnan(getattr(bucket, name)).all(), name


def test_text_comes_back(engine: Any) -> None:
    """Texts stay with their rows through reading, latest, replay, compaction and a restart."""
    one = commit(0, (1, 0, np.nan), (2, 0, 4.0), (1, 10, np.nan), text={0: "故障 E17", 2: "ok"})
    engine.store.commit(one)
    for _ in range(2):
        found = engine.store.read(ALL_POINTS, T0_MS, T0_MS + 100)
        assert dict(found.text) == {0: "故障 E17", 1: "ok"}
        assert dict(engine.store.latest().text) == {0: "ok"}
        settle_far(engine)
        engine.reopen()
    engine.store.commit(commit(3, (1, 20, 1.0)))
    assert dict(engine.store.latest().text) == {}


# --- roll-ups -----------------------------------------------------------------------------------------------------


def test_rollup_buckets_are_whole(engine: Any) -> None:
    """A bucket that the range only touches is computed from all its readings."""
    engine.store.commit(commit(0, (1, 0, 1.0), (1, 59_999, 3.0), (1, 60_000, 9.0), (1, 120_000, 7.0)))
    found = engine.store.rollup(ALL_POINTS, T0_MS + 30_000, T0_MS + 60_001, 60_000)
    assert (found.start_ms - T0_MS).tolist() == [0, 60_000]
    assert found.mean.tolist() == [2.0, 9.0]


def test_rollup_refuses_a_step_of_zero(engine: Any) -> None:
    """A step that is not positive is refused."""
    with pytest.raises(Refused):
        engine.store.rollup(ALL_POINTS, T0_MS, T0_MS + 1, 0)


def test_rollup_is_current_to_the_last_commit(engine: Any) -> None:
    """A commit is in the roll-ups as soon as it has returned, also on a day that was closed long ago."""
    engine.store.commit(commit(0, (1, 0, 1.0), (1, 7_200_000, 5.0)))
    settle_far(engine)
    engine.store.commit(commit(2, (1, 1000, 3.0)))
    for step_ms in (60_000, 3_600_000, DAY_MS):
        found = engine.store.rollup(ALL_POINTS, T0_MS, T0_MS + 60_000, step_ms)
        assert found.maximum[0] >= 3.0, step_ms
        assert found.count[0] == (3 if step_ms == DAY_MS else 2), step_ms


# --- latest -------------------------------------------------------------------------------------------------------


def test_latest_never_moves_backwards(engine: Any) -> None:
    """A late reading does not replace a newer one, not even after a restart."""
    engine.store.commit(commit(0, (1, 100, 1.0)))
    engine.store.commit(commit(1, (1, 50, 2.0), (3, 50, 3.0)))
    for _ in range(2):
        found = engine.store.latest()
        assert (found.point.tolist(), found.value.tolist()) == ([1, 3], [1.0, 3.0])
        assert (found.time_ms - T0_MS).tolist() == [100, 50]
        engine.settle()
        engine.reopen()
    assert engine.store.latest(np.array([3, 5], np.int32)).point.tolist() == [3]


# --- commit log ---------------------------------------------------------------------------------------------------


def test_ledgers_know_what_is_settled(engine: Any) -> None:
    """Chunks, gaps and low marks settle offsets; checksums of recent chunks are kept; a restart changes nothing."""
    store = engine.store
    store.commit(commit(10, (1, 0, 1.0), (1, 1, 1.0)))
    store.commit(Commit(readings=empty(), gaps=[gap(20, 30, 0, 9)]))
    store.commit(Commit(readings=empty(), lows={(NODE, 7): 5, (NodeId("city-1", "other"), 3): 8}))
    store.commit(commit(0, (2, 0, 1.0), epoch=9))
    for _ in range(2):
        engine.settle()
        ledgers = engine.store.ledgers()
        assert ledgers[NODE, 7].settled == Settled(5, [OffsetRange(10, 12), OffsetRange(20, 30)])
        assert ledgers[NODE, 7].recent == {10: chunk(10, 12)}
        assert ledgers[NODE, 9].settled == Settled(1)
        assert ledgers[NodeId("city-1", "other"), 3].settled == Settled(8)
        settle_far(engine)
        engine.reopen()


def test_ledgers_are_copies(engine: Any) -> None:
    """What a caller does to a ledger stays with the caller."""
    engine.store.commit(commit(0, (1, 0, 1.0)))
    engine.settle()
    engine.store.ledgers()[NODE, 7].settled.raise_low(100)
    assert engine.store.ledgers()[NODE, 7].settled == Settled(1)


def test_since_replays_commits_in_order(engine: Any) -> None:
    """Every commit after the given one comes once, in order, with its own readings in their order."""
    sent = [commit(0, (2, 5, 1.0), (1, 3, 2.0)), Commit(readings=empty()), commit(2, (1, 4, 3.0), text={0: "x"})]
    for one in sent:
        engine.store.commit(one)
    engine.settle()
    for _ in range(2):
        found = list(engine.store.since(0))
        assert [number for number, _ in found] == [1, 2, 3]
        for (_, replayed), one in zip(found, sent, strict=True):
            assert_same(replayed, one.readings)
        assert [number for number, _ in engine.store.since(2)] == [3]
        assert list(engine.store.since(3)) == []
        engine.reopen()


def test_since_refuses_the_future(engine: Any) -> None:
    """A commit number the store has never given out is refused at the call, not at the first step."""
    engine.store.commit(commit(0, (1, 0, 1.0)))
    with pytest.raises(Refused):
        engine.store.since(2)


# --- gaps and quarantine ------------------------------------------------------------------------------------------


def test_gaps_are_found_by_event_time(engine: Any) -> None:
    """Every gap that touches the range comes back, with its reason, by begin; also after a restart."""
    engine.store.commit(Commit(readings=empty(), gaps=[gap(50, 60, 500, 600), gap(0, 10, 100, 200)]))
    for _ in range(2):
        assert engine.store.gaps(T0_MS, T0_MS + 1000) == [gap(0, 10, 100, 200), gap(50, 60, 500, 600)]
        assert engine.store.gaps(T0_MS + 200, T0_MS + 500) == [gap(0, 10, 100, 200)]
        assert engine.store.gaps(T0_MS + 201, T0_MS + 500) == []
        engine.settle()
        engine.reopen()
    assert engine.store.counts().evicted == 20


def test_quarantine_gives_the_newest_first(engine: Any) -> None:
    """Quarantined items come back whole, newest first, no more than asked for."""
    engine.store.commit(Commit(readings=empty(), quarantined=[item(0, "one"), item(1, "two")]))
    engine.store.commit(Commit(readings=empty(), quarantined=[item(2, "three")]))
    engine.settle()
    engine.reopen()
    assert list(engine.store.quarantine(2)) == [item(2, "three"), item(1, "two")]
    assert engine.store.quarantine(0) == []
    assert engine.store.counts().quarantined == 3


# --- life ---------------------------------------------------------------------------------------------------------


def test_counts_know_what_was_superseded(engine: Any) -> None:
    """After compaction a reading that lost its millisecond counts as stored and as superseded."""
    engine.store.commit(commit(0, (1, 0, 1.0), (1, 0, 2.0)))
    settle_far(engine)
    engine.store.commit(commit(2, (1, 0, 3.0), (2, 0, 1.0)))
    settle_far(engine)
    counts = engine.store.counts()
    assert counts.readings == 4
    assert counts.superseded == (2 if engine.counts_superseded else 0)


def test_a_closed_store_is_unavailable(engine: Any) -> None:
    """After close, which may be called twice, every call says so instead of answering."""
    engine.store.close()
    engine.store.close()
    with pytest.raises(Unavailable):
        engine.store.latest()
    with pytest.raises(Unavailable):
        engine.store.commit(Commit(readings=empty()))


def test_reads_and_commits_from_many_threads(engine: Any) -> None:
    """Readers always see whole commits: as many readings of point 1 as of point 2, and never fewer than before."""
    store, failures, done = engine.store, [], threading.Event()

    def look() -> None:
        seen = 0
        try:
            while not done.is_set():
                found = store.read(ALL_POINTS, T0_MS, T0_MS + DAY_MS)
                counts = np.bincount(found.point, minlength=3)
                if counts[1] != counts[2] or counts[1] < seen:
                    failures.append(counts.tolist())
                seen = int(counts[1])
        except Unavailable as error:
            failures.append(str(error))

    threads = [threading.Thread(target=look, name=f"reader-{number}") for number in range(3)]
    for thread in threads:
        thread.start()
    for number in range(40):
        store.commit(commit(20 * number, *[(1 + k % 2, 1000 * number + k // 2, float(k)) for k in range(20)]))
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.read(ALL_POINTS, T0_MS, T0_MS + DAY_MS)) == 800


# --- any order ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Story:
    """The same commits as they were meant, and as they arrived, with restarts and maintenance in between."""

    meant: Sequence[Commit]
    arrived: Sequence[Commit]
    events: Sequence[str]


VALUES = st.sampled_from([0.0, -0.0, 1.0, 21.4, 21.5, float(np.float32(21.4)), 1 / 3, np.nan, np.inf, 1e300, -5.25])
TIMES = st.one_of(
    st.integers(0, 40).map(lambda n: n * 10_000),
    st.integers(0, 5 * 24 * 60).map(lambda n: n * 60_000),
    st.integers(-2 * DAY_MS, 5 * DAY_MS),
    st.sampled_from([0, 59_999, 60_000, DAY_MS - 1, DAY_MS]),
)
ROWS = st.tuples(st.integers(0, 4), TIMES, VALUES, st.sampled_from([0, 0, 0, TIMEOUT, SENSOR]))


@st.composite
def stories(draw: st.DrawFn) -> Story:
    meant = []
    for epoch in (7, 8):
        first = 0
        for rows in draw(st.lists(st.lists(ROWS, min_size=1, max_size=12), max_size=6)):
            one = commit(
                first,
                *[(point, at, value) for point, at, value, _ in rows],
                epoch=epoch,
                quality=[code for *_, code in rows],
            )
            meant.append(one)
            first += len(rows)
    again = draw(st.lists(st.sampled_from(meant), max_size=4)) if meant else []
    arrived = draw(st.permutations([*meant, *again]))
    events = draw(
        st.lists(st.sampled_from(["", "", "maintain", "day", "reopen"]), min_size=len(arrived), max_size=len(arrived))
    )
    return Story(meant, arrived, events)


def merged(commits: Sequence[Commit], pair: bool) -> list[Commit]:
    """The same content in larger commits: every two become one."""
    if not pair:
        return list(commits)
    return [
        Commit(
            readings=concat([one.readings for one in commits[index : index + 2]]),
            chunks=[chunk for one in commits[index : index + 2] for chunk in one.chunks],
        )
        for index in range(0, len(commits), 2)
    ]


def test_any_order_chunking_and_repetition_gives_the_same_content(fresh: Fresh, examples: int) -> None:
    """However the same chunks arrive, with restarts and compaction in between, the content is that of the twin."""

    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])
    @given(story=stories(), pair=st.booleans())
    def told(story: Story, pair: bool) -> None:
        with fresh() as engine:
            _tell(engine, story, pair)

    told()


def _tell(engine: Any, story: Story, pair: bool) -> None:
    twin = MemoryStore()
    for one in story.meant:
        twin.commit(one)
    for one, event in zip(merged(story.arrived, pair), story.events, strict=False):
        engine.store.commit(one)
        if event == "reopen":
            engine.settle()
            engine.reopen()
        if event == "day":
            engine.clock.advance(DAY_MS)
        if event:
            engine.store.maintain(engine.clock.now_ms())
    assert_same_content(engine.store, twin)
    engine.settle()
    expected = {spool: ledger.settled for spool, ledger in twin.ledgers().items()}
    assert {spool: ledger.settled for spool, ledger in engine.store.ledgers().items()} == expected
    settle_far(engine)
    assert_same_content(engine.store, twin)
    counts, wanted = engine.store.counts(), twin.counts()
    if engine.counts_superseded:
        assert (counts.readings, counts.superseded) == (wanted.readings, wanted.superseded)
