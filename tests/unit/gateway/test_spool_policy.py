"""What a full spool gives up, what overtakes, when readings get their dates, and how an older spool is taken over."""

from __future__ import annotations

import itertools
import sqlite3
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.offsets import OffsetRange, Settled
from core.quality import QualityClass, Reason, quality
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.commit import GapReason, checksum
from core.sparkplug.datatypes import DataType
from gateway.chunk import Batch, Traits, Worth, aliases_and_times, cut, dated, sort_out
from gateway.intake import Intake
from gateway.session import Parcel, Window
from gateway.spool import Spool
from gateway.spool_values import SpoolOptions, Trim
from gateway.stamp import CLOCK_SET_MS, Stamper, boot_began_ms
from tests.unit.gateway.memory_disk import MemoryDisk

NOW = 1_780_000_000_000
EVERYTHING = OffsetRange(0, 1 << 40)
DOUBT = quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED)
LOW, HIGH, ALARM = Traits(worth=Worth.LOW), Traits(worth=Worth.HIGH), Traits(alarm=True)


def batch(aliases: list[int], start_ms: int, *, code: int = 0) -> Batch:
    n = len(aliases)
    return Batch(
        device="bus",
        alias=np.array(aliases, np.int64),
        time_ms=np.full(n, start_ms, np.int64),
        value=np.arange(n, dtype=np.float64),
        quality=np.full(n, code, np.uint8),
    )


def opened(disk: MemoryDisk, budget: int = 1 << 30, boot: str = "") -> Spool:
    spool = Spool(Path("spool"), "me", NOW, SpoolOptions(budget_bytes=budget, boot=boot), disk=disk)
    spool.value_points({1: LOW, 2: Traits(), 3: HIGH, 4: ALARM})
    return spool


# --- worth ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 9)), min_size=1, max_size=40))
def test_sorting_out_keeps_every_reading_and_mixes_no_traits(rows: list[tuple[int, int]]) -> None:
    """Parts hold one kind of points each, alarms come first, each part keeps its order, nothing is lost or doubled."""
    codes = np.array([1, 0, 1, 2, 4], np.uint8)
    whole = Batch(
        device="bus",
        alias=np.array([alias for alias, _ in rows], np.int64),
        time_ms=np.array([NOW + at for _, at in rows], np.int64),
        value=np.arange(len(rows), dtype=np.float64),
        quality=np.zeros(len(rows), np.uint8),
        text={0: "first"},
    )
    parts = list(sort_out(whole, codes, "", CLOCK_SET_MS))
    assert sorted(itertools.chain(*(part.value.tolist() for part, _ in parts))) == whole.value.tolist()
    for part, traits in parts:
        assert {int(codes[alias]) if alias < 5 else 1 for alias in part.alias.tolist()} == {traits.code}
        assert part.value.tolist() == sorted(part.value.tolist())
        assert [part.value[row] for row in part.text] == ([0.0] if 0.0 in part.value else [])
    assert [traits.alarm for _, traits in parts] == sorted((traits.alarm for _, traits in parts), reverse=True)


def test_low_worth_is_thinned_first_and_high_worth_never() -> None:
    """Hours of outage in a small spool: each kind keeps what the policy promises, every reading is accounted for."""
    disk, budget = MemoryDisk(), 512 * 1024
    spool = opened(disk, budget)
    seconds = range(0, 4 * 3600, 10)
    for second in seconds:
        spool.commit([(batch([1] * 5 + [2] * 3 + [3, 4], NOW + 1000 * second), 100)])
        assert sum(len(data) for data in disk.files.values()) <= budget
    kept = {traits: set[int]() for traits in ("low", "normal", "high", "alarm")}
    for chunk in spool.load(EVERYTHING, 1 << 40)[0]:
        name = "alarm" if chunk.alarm else chunk.worth.name.lower()
        kept[name] |= {time_ms - NOW for time_ms in aliases_and_times(chunk.metrics)[1]}
    whole = {1000 * second for second in seconds}
    assert kept["high"] == kept["alarm"] == whole
    # Every ten minutes of the whole outage still have a reading of the least valuable points.
    assert {at // 600_000 for at in kept["low"]} == {at // 600_000 for at in whole}
    assert len(kept["low"]) < len(kept["normal"]) < len(whole)
    gaps = spool.gaps()
    assert {record.gap.reason for record in gaps} == {GapReason.THINNED}
    state = spool.state()
    assert state.readings + state.gap_readings == 10 * len(whole)
    assert state.thinned == state.gap_readings
    assert all(NOW <= record.gap.from_ms <= record.gap.to_ms < NOW + 4 * 3_600_000 for record in gaps)


def test_what_is_thinned_keeps_its_neighbours_cut() -> None:
    """Chunks go whole: what is left has the offsets and checksums under which the host may know it (clone rule)."""
    disk = MemoryDisk()
    spool = opened(disk, 128 * 1024)
    cuts: dict[int, tuple[int, int]] = {}
    for second in range(0, 7200, 10):
        done = spool.commit([(batch([1] * 6 + [2] * 6, NOW + 1000 * second), 100)])
        cuts |= {chunk.span.first: (chunk.span.stop, chunk.crc32) for chunk in done.chunks}
    left = spool.load(EVERYTHING, 1 << 40)[0]
    assert 0 < len(left) < len(cuts)
    assert all(cuts[chunk.span.first] == (chunk.span.stop, chunk.crc32) for chunk in left)
    starts = {first for first, _ in cuts.items()} | {spool.state().next_offset}
    assert all(record.span.first in starts and record.span.stop in starts for record in spool.gaps())


def test_high_worth_goes_when_nothing_else_is_left() -> None:
    """A spool of nothing but alarms still keeps its budget: the oldest become a gap."""
    spool = opened(MemoryDisk(), 64 * 1024)
    for second in range(300):
        spool.commit([(batch([4] * 30, NOW + 1000 * second), 100)])
    state = spool.state()
    assert (state.thinned, state.evicted) == (0, state.gap_readings)
    assert state.evicted > 0
    assert state.disk_bytes <= 64 * 1024


# --- lanes ----------------------------------------------------------------------------------------------------------


def test_alarms_overtake_fresh_readings_and_both_the_backlog() -> None:
    """With room for one parcel at a time the order is: fresh alarm, fresh, old alarm, the rest of the backlog."""
    window = Window(epoch=1, credit_bytes=100, settled=Settled(), cursor=0, stop=100, alarms=True)
    window.offer([Parcel(OffsetRange(100, 110), 100), Parcel(OffsetRange(110, 120), 100, alarm=True)])
    order = []
    for _ in range(4):
        sent = list(window.take_fresh(0.0))
        for old_alarm in (True, False):
            wanted = window.alarm_backlog() if old_alarm else window.backlog()
            if wanted is not None:
                parcel = Parcel(OffsetRange(50, 60), 100) if old_alarm else Parcel(OffsetRange(0, 10), 100)
                sent += list(window.take_backlog([parcel], 100, 0.0, alarms=old_alarm))
        order += [parcel.span.first for parcel in sent]
        window.acknowledged(1, Settled(0, [parcel.span for parcel in sent]))
    assert order == [110, 100, 50, 0]


def test_the_spool_finds_old_alarms_without_the_rest() -> None:
    """The alarm lane of the backlog reads its own chunks only."""
    spool = opened(MemoryDisk())
    for second in range(5):
        spool.commit([(batch([1, 2, 4], NOW + second), 100)])
    found, reached = spool.load(EVERYTHING, 1 << 40, alarms=True)
    assert [chunk.span for chunk in found] == [OffsetRange(3 * i, 3 * i + 1) for i in range(5)]
    assert reached == EVERYTHING.stop


async def test_a_reading_that_alarms_hang_on_does_not_wait_for_company() -> None:
    """The writer is woken at once; an ordinary reading lingers."""
    intake = Intake()
    intake.urgent = np.array([False, False, True, False])
    intake.put(batch([1], NOW))
    assert not intake._many.is_set()
    intake.put(batch([1, 2, 99], NOW))
    await intake.some(linger_s=3600.0)


# --- dates ----------------------------------------------------------------------------------------------------------


def test_readings_without_a_clock_are_held_and_dated_once() -> None:
    """1970 at boot, then NTP: nothing leaves before the clock is set; then the true time, without doubt (R-19, K12)."""
    disk = MemoryDisk()
    spool = opened(disk, boot="boot-1")
    stamper = Stamper(5_000, 100.0)
    for second in range(3):
        stamp, doubtful = stamper.stamp(6_000 + 1000 * second, 101.0 + second)
        assert doubtful
        done = spool.commit([(batch([2], stamp, code=DOUBT), 100)])
        assert (done.chunks, done.held) == ((), 1)
    assert spool.load(EVERYTHING, 1 << 40)[0] == []
    spool = opened(disk, boot="boot-1")  # killed and started again within the same boot
    assert spool.state().held_readings == 3
    stamp, _ = stamper.stamp(NOW, 110.0)
    assert not stamper.unset
    fresh = spool.commit([(batch([2], stamp), 100)]).chunks
    assert spool.date(boot_began_ms(NOW, 110.0)) == 4
    chunks = spool.load(EVERYTHING, 1 << 40)[0]
    assert [aliases_and_times(chunk.metrics)[1][0] - NOW for chunk in chunks] == [-9_000, -8_000, -7_000, 0]
    assert not any(
        metric.HasField("properties") for c in chunks for metric in spb.Payload.FromString(c.metrics).metrics
    )
    assert chunks[-1:] == list(fresh)
    assert spool.date(boot_began_ms(NOW + 99_000, 110.0)) == 0, "once"
    assert opened(disk, boot="boot-1").load(EVERYTHING, 1 << 40)[0] == chunks


def test_an_earlier_boot_without_a_clock_stays_doubtful_between_its_neighbours() -> None:
    """Two boots that never saw a set clock: placed in order, after what was dated before, before this boot; flagged."""
    disk = MemoryDisk()
    spool = opened(disk, boot="boot-1")
    spool.commit([(batch([2], NOW), 100)])
    for boot, at in (("boot-2", 50_000), ("boot-3", 20_000)):
        spool = opened(disk, boot=boot)
        spool.commit([(batch([2], at), 100)])
        spool.commit([(batch([2], at + 10_000), 100)])
    spool = opened(disk, boot="boot-4")
    began = NOW + 3_600_000
    spool.date(began)
    chunks = spool.load(EVERYTHING, 1 << 40)[0]
    times = [chunk.from_ms for chunk in chunks]
    assert times == sorted(times)
    assert times[1] > NOW
    assert times[-1] <= began
    assert times[2] - times[1] == times[4] - times[3] == 10_000
    doubts = [metric.properties.values[1].int_value for c in chunks[1:] for metric in _metrics(c.metrics)]
    assert doubts == [DOUBT] * 4


def _metrics(data: bytes) -> list[spb.Payload.Metric]:
    return list(spb.Payload.FromString(data).metrics)


def test_a_dated_chunk_has_the_checksum_of_its_columns() -> None:
    """Text, whole numbers beyond 2**53, null and quality survive the change of times; the host would accept it."""
    rows = Batch(
        device="bus",
        alias=np.array([1, 2, 3, 4, 5], np.int64),
        time_ms=np.arange(1_000, 1_005, dtype=np.int64),
        value=np.array([1.5, np.nan, float(2**53 + 1), 1.0, -7.0]),
        quality=np.array([DOUBT, DOUBT, 0, 0, DOUBT], np.uint8),
        text={2: "9007199254740993"},
    )
    types = {3: DataType.UINT64, 4: DataType.BOOLEAN, 5: DataType.INT64}
    (chunk,) = cut(rows, 0, 10, types, Traits(boot="b"))
    done = dated(chunk, NOW, types, certain=True)
    codes = np.zeros(5, np.uint8)
    assert done.crc32 == checksum(rows.alias, rows.time_ms + NOW, rows.value, codes, ["9007199254740993"])
    assert (done.boot, done.from_ms, done.to_ms, done.span) == ("", NOW + 1_000, NOW + 1_004, chunk.span)


def test_held_readings_that_are_given_up_have_no_dates() -> None:
    """A gap record of readings that never had a date says so by 0 to 0."""
    spool = opened(MemoryDisk(), 64 * 1024, boot="boot-1")
    for second in range(300):
        spool.commit([(batch([2] * 30, 1000 * second), 100)])
    (gap,) = spool.gaps()
    assert (gap.gap.reason, gap.gap.from_ms, gap.gap.to_ms) == (GapReason.SPOOL_FULL, 0, 0)


# --- an earlier version ---------------------------------------------------------------------------------------------

EPOCH = 1_700_000_000_000 << 20
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE alias (alias INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, name TEXT NOT NULL,
  type INTEGER NOT NULL, unit TEXT NOT NULL, crc INTEGER NOT NULL, UNIQUE (device, name));
CREATE TABLE chunk (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, device TEXT NOT NULL, crc32 INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, record_crc INTEGER NOT NULL, metrics BLOB NOT NULL);
CREATE TABLE gap (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, reason INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, sent INTEGER NOT NULL);
"""


def old_spool(path: Path, *, identity: str = "me", damaged: int = -1) -> list[tuple[int, int]]:
    """A spool as version 1 wrote it: a gap, then four chunks; answers (first, crc32) of the sound ones."""
    made = []
    with sqlite3.connect(path) as db:
        db.executescript(SCHEMA)
        meta = {
            "identity": identity,
            "epoch": str(EPOCH),
            "next_offset": "60",
            "version": "1",
            "bdseq": "41",
            "clean": "1",
        }
        db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        db.execute("INSERT INTO alias VALUES (7, 'bus', 'f/a', ?, 'V', 0)", (int(DataType.DOUBLE),))
        db.execute("INSERT INTO gap VALUES (10, 10, 1, 5, 6, 1)")
        for number, chunk in enumerate(cut(batch([7] * 40, NOW), 20, 10, {})):
            head = f"bus\0{chunk.span.first}\0{chunk.span.stop}\0{chunk.crc32}\0{chunk.from_ms}\0{chunk.to_ms}\0"
            crc = zlib.crc32(chunk.metrics, zlib.crc32(head.encode())) ^ (number == damaged)
            row = (chunk.span.first, 10, "bus", chunk.crc32, chunk.from_ms, chunk.to_ms, crc, chunk.metrics)
            db.execute("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            if number != damaged:
                made.append((chunk.span.first, chunk.crc32))
    db.close()
    return made


def test_the_spool_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    """Same epoch, offsets, checksums, aliases, gaps and birth numbers; the host sees one spool that goes on."""
    made = old_spool(tmp_path / "spool")
    spool = Spool(tmp_path / "spool", "me", NOW)
    assert [(chunk.span.first, chunk.crc32) for chunk in spool.load(EVERYTHING, 1 << 40)[0]] == made
    assert (spool.epoch, spool.state().next_offset, spool.state().low) == (EPOCH, 60, 10)
    assert [(gap.span, gap.gap.reason) for gap in spool.gaps()] == [(OffsetRange(10, 20), GapReason.SPOOL_FULL)]
    assert spool.aliases("bus", [("f/a", DataType.DOUBLE, "V"), ("f/b", DataType.DOUBLE, "V")]) == [7, 8]
    assert spool.next_bdseq() == 42
    spool.trim(Trim(epoch=EPOCH, settled=Settled(60)))
    spool.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spool"]


def test_a_damaged_row_of_an_earlier_version_is_declared(tmp_path: Path) -> None:
    """It costs itself."""
    made = old_spool(tmp_path / "spool", damaged=2)
    spool = Spool(tmp_path / "spool", "me", NOW)
    assert [(chunk.span.first, chunk.crc32) for chunk in spool.load(EVERYTHING, 1 << 40)[0]] == made
    assert spool.gaps()[-1].span == OffsetRange(40, 50)
    assert spool.gaps()[-1].gap.reason is GapReason.DAMAGED
    spool.close()


@pytest.mark.parametrize("state", ["half built", "old file moved"])
def test_taking_over_may_be_killed_at_any_moment(tmp_path: Path, state: str) -> None:
    """With the folder half built it begins again; with the old file out of the way it finishes."""
    made = old_spool(tmp_path / "spool")
    if state == "half built":
        (tmp_path / "spool.new").mkdir()
        (tmp_path / "spool.new" / "head-a.json").write_text("half")
    else:
        old_spool(tmp_path / "other")
        Spool(tmp_path / "other", "me", NOW).close()
        (tmp_path / "other").rename(tmp_path / "spool.new")
        (tmp_path / "spool").rename(tmp_path / "spool.old")
    spool = Spool(tmp_path / "spool", "me", NOW)
    assert [(chunk.span.first, chunk.crc32) for chunk in spool.load(EVERYTHING, 1 << 40)[0]] == made
    spool.close()


def test_a_file_that_is_no_spool_is_put_aside(tmp_path: Path) -> None:
    """Kept under another name, and a new spool begins."""
    (tmp_path / "spool").write_bytes(b"not a database at all" * 99)
    spool = Spool(tmp_path / "spool", "me", NOW)
    assert spool.commit([(batch([1], NOW), 10)]).chunks
    spool.close()
    (aside,) = tmp_path.glob("spool.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")
