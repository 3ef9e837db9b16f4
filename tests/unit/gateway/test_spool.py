"""The spool: what was committed stays, what is settled goes, and nothing disappears unsaid."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import faultpoints
from core.errors import Invalid, Unavailable
from core.offsets import OffsetRange, Settled
from core.quality import QualityClass, Reason, quality
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.commit import GapReason, checksum
from core.sparkplug.datatypes import DataType
from gateway import spool_head
from gateway.chunk import Batch, Chunk, as_historical, cut, join
from gateway.spool import Spool
from gateway.spool_values import SpoolOptions, Trim

NOW = 1_780_000_000_000
EVERYTHING = OffsetRange(0, 1 << 40)


def batch(n: int, *, device: str = "bus", start_ms: int = NOW, alias: int = 1) -> Batch:
    return Batch(
        device=device,
        alias=np.full(n, alias, np.int64),
        time_ms=np.arange(start_ms, start_ms + n, dtype=np.int64),
        value=np.arange(n, dtype=np.float64),
        quality=np.zeros(n, np.uint8),
    )


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    """Opens the test's spool, again and again; closed at the end."""
    opened: list[Spool] = []

    def open_it(identity: str = "me", now_ms: int = NOW, budget: int = 1 << 30, path: Path | None = None) -> Spool:
        spool = Spool(path or tmp_path / "spool", identity, now_ms, SpoolOptions(budget_bytes=budget))
        opened.append(spool)
        return spool

    yield open_it
    for spool in opened:
        spool.close()


def offsets(chunks: list[Chunk]) -> list[tuple[int, int]]:
    return [(chunk.span.first, chunk.span.stop) for chunk in chunks]


def all_of(spool: Spool) -> list[Chunk]:
    return spool.load(EVERYTHING, 1 << 40)[0]


# --- offsets, cuts, identity ----------------------------------------------------------------------------------------


def test_chunks_are_cut_by_device_and_size_and_numbered_without_holes(open_spool: Callable[..., Spool]) -> None:
    """Two devices in one commit: each chunk holds one device, offsets follow on each other."""
    spool = open_spool()
    done = spool.commit([(batch(450), 200), (batch(30, device="lora", alias=2), 200)])
    assert offsets(list(done.chunks)) == [(0, 200), (200, 400), (400, 450), (450, 480)]
    assert [chunk.device for chunk in done.chunks] == ["bus", "bus", "bus", "lora"]
    assert all_of(spool) == list(done.chunks)


def test_the_same_spool_goes_on_where_it_was(open_spool: Callable[..., Spool]) -> None:
    """Closed and opened again: same epoch, next offset, same chunks bit for bit."""
    spool = open_spool()
    first = spool.commit([(batch(10), 200)]).chunks
    epoch = spool.epoch
    spool.close()
    again = open_spool(now_ms=NOW + 99)
    assert again.epoch == epoch
    assert all_of(again) == list(first)
    assert again.commit([(batch(5), 200)]).chunks[0].span == OffsetRange(10, 15)


def test_an_epoch_is_its_creation_time_and_chance(open_spool: Callable[..., Spool], tmp_path: Path) -> None:
    """Epoch >> 20 is the time of creation, so a later spool has a higher epoch."""
    one = open_spool()
    two = open_spool(path=tmp_path / "other", now_ms=NOW + 1)
    assert one.epoch >> 20 == NOW
    assert two.epoch > one.epoch


def test_a_copied_spool_begins_a_new_epoch(open_spool: Callable[..., Spool]) -> None:
    """On a host with another identity the readings are not sent again, and offsets begin anew."""
    spool = open_spool()
    spool.commit([(batch(10), 200)])
    epoch = spool.epoch
    spool.close()
    clone = open_spool(identity="another machine", now_ms=NOW + 5)
    assert clone.epoch > epoch
    assert all_of(clone) == []
    assert clone.state().next_offset == 0


def test_aliases_are_given_once_and_for_ever(open_spool: Callable[..., Spool]) -> None:
    """A metric keeps its alias over restarts; a changed datatype gets a new one; numbers never come again."""
    spool = open_spool()
    a, b = spool.aliases("bus", [("f/a", DataType.DOUBLE, "V"), ("f/b", DataType.DOUBLE, "V")])
    spool.close()
    spool = open_spool()
    assert spool.aliases("bus", [("f/b", DataType.DOUBLE, "V"), ("f/a", DataType.DOUBLE, "V")]) == [b, a]
    (changed,) = spool.aliases("bus", [("f/a", DataType.INT64, "V")])
    assert changed not in (a, b)
    spool.retire([b])
    (fresh,) = spool.aliases("bus", [("f/c", DataType.DOUBLE, "V")])
    assert fresh > changed
    assert {metric.alias for metric in spool.metrics()} == {b, fresh}


def test_a_metric_with_another_unit_gets_another_alias(open_spool: Callable[..., Spool]) -> None:
    """Readings that wait were read in the old unit, and stay known under it."""
    spool = open_spool()
    (old,) = spool.aliases("bus", [("f/a", DataType.DOUBLE, "W")])
    (new,) = spool.aliases("bus", [("f/a", DataType.DOUBLE, "kW")])
    assert new != old
    assert {(m.alias, m.name, m.unit) for m in spool.metrics()} == {(old, f"f/a~{old}", "W"), (new, "f/a", "kW")}


def test_aliases_of_waiting_readings_are_not_retired(open_spool: Callable[..., Spool]) -> None:
    """A point taken out of the configuration stays known while its readings wait."""
    spool = open_spool()
    (alias,) = spool.aliases("bus", [("f/a", DataType.DOUBLE, "V")])
    spool.commit([(batch(3, alias=alias), 200)])
    spool.retire([])
    assert [metric.alias for metric in spool.metrics()] == [alias]


def test_bdseq_goes_up_by_one_and_wraps(open_spool: Callable[..., Spool]) -> None:
    """0, 1, 2 … 255, 0: durable over restarts."""
    spool = open_spool()
    assert [spool.next_bdseq() for _ in range(3)] == [0, 1, 2]
    spool.close()
    spool = open_spool()
    assert [spool.next_bdseq() for _ in range(254)][-2:] == [255, 0]


# --- trimming and eviction ------------------------------------------------------------------------------------------


def test_only_what_is_wholly_settled_is_trimmed(open_spool: Callable[..., Spool]) -> None:
    """A chunk of which one reading is not settled stays whole."""
    spool = open_spool()
    spool.commit([(batch(40), 10)])
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(15, [OffsetRange(20, 30), OffsetRange(31, 40)])))
    assert offsets(all_of(spool)) == [(10, 20), (30, 40)]
    assert spool.state().low == 10


def test_an_acknowledgement_beyond_the_spool_trims_nothing_to_come(open_spool: Callable[..., Spool]) -> None:
    """A host that claims to have what was never read does not make later readings disappear."""
    spool = open_spool()
    spool.commit([(batch(10), 10)])
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(1_000_000, [OffsetRange(2_000_000, 3_000_000)])))
    spool.commit([(batch(10), 10)])
    assert offsets(all_of(spool)) == [(10, 20)]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40)), max_size=8),
    st.integers(0, 200),
)
def test_trimming_and_commits_in_any_order_keep_the_rest(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], islands: list[tuple[int, int]], low: int
) -> None:
    """For any settled set: exactly the chunks that it covers are gone, in memory and after reopening."""
    path = tmp_path_factory.mktemp("spool") / "spool"
    spool = Spool(path, "me", NOW)
    chunks = [chunk for size in sizes for chunk in spool.commit([(batch(size), 7)]).chunks]
    total = sum(sizes)
    claimed = Settled(min(low, total), [OffsetRange(a, a + n) for a, n in islands if a + n <= total])
    spool.trim(Trim(epoch=spool.epoch, settled=claimed))
    expected = [chunk for chunk in chunks if not claimed.covers(chunk.span)]
    assert all_of(spool) == expected
    state = spool.state()
    assert (state.chunks, state.readings) == (len(expected), sum(len(chunk.span) for chunk in expected))
    spool.close()
    spool = Spool(path, "me", NOW)
    assert all_of(spool) == expected
    again = spool.state()
    assert (again.chunks, again.readings, again.low, again.next_offset) == (
        state.chunks, state.readings, state.low, state.next_offset,
    )  # fmt: skip
    spool.close()


BUDGET = 64 * 1024


def test_a_full_spool_evicts_the_oldest_into_one_gap(open_spool: Callable[..., Spool]) -> None:
    """Beyond the budget the oldest chunks become gap records that join; newest readings stay; the disk is bounded."""
    spool = open_spool(budget=BUDGET)
    evicted = 0
    for i in range(60):
        evicted += spool.commit([(batch(100, start_ms=NOW + 100 * i), 100)]).evicted
        assert folder_bytes(spool.path) <= BUDGET
    kept = all_of(spool)
    (gap,) = spool.gaps()
    assert gap.span == OffsetRange(0, kept[0].span.first)
    assert gap.gap.reason is GapReason.SPOOL_FULL
    assert (gap.gap.from_ms, gap.gap.to_ms) == (NOW, NOW + gap.span.stop - 1)
    assert kept[-1].span.stop == 6_000
    assert evicted == len(gap.span)
    state = spool.state()
    assert state.disk_bytes == folder_bytes(spool.path)
    assert state.bytes >= BUDGET // 2, "room is not wasted"
    assert state.readings + state.gap_readings == 6_000
    assert state.low == 0


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def fill(spool: Spool, commits: range) -> None:
    for i in commits:
        spool.commit([(batch(100, start_ms=NOW + 100 * i), 100)])


def test_a_gap_that_was_sent_keeps_its_cut(open_spool: Callable[..., Spool]) -> None:
    """Later evictions begin a new gap record: the host may have seen the first one."""
    spool = open_spool(budget=BUDGET)
    fill(spool, range(40))
    first = spool.gaps()
    fill(spool, range(40, 60))
    assert spool.gaps()[: len(first)] == first
    assert len(spool.gaps()) == len(first) + 1


def test_a_gap_shrinks_to_what_never_arrived(open_spool: Callable[..., Spool]) -> None:
    """A chunk that reached the host before it was evicted is not called lost."""
    spool = open_spool(budget=BUDGET)
    fill(spool, range(60))
    (gap,) = spool.gaps()
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(0, [OffsetRange(10, 20)])))
    assert [record.span for record in spool.gaps()] == [OffsetRange(0, 10), OffsetRange(20, gap.span.stop)]
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(gap.span.stop)))
    assert not spool.gaps()


def test_a_spool_that_was_set_back_begins_a_later_epoch(open_spool: Callable[..., Spool]) -> None:
    """Below the old end, offsets mean the same and are trimmed; what waits travels under a later epoch."""
    spool = open_spool()
    spool.commit([(batch(30), 10)])
    opened, epoch = 30, spool.epoch
    kept = spool.commit([(batch(20, start_ms=NOW + 100), 10)]).chunks
    state = spool.renumber(NOW + 5, Settled(20, [OffsetRange(30, 90)]), opened)
    assert state.epoch > epoch
    chunks = all_of(spool)
    assert offsets(chunks) == [(20, 30), (30, 40), (40, 50)]
    assert chunks[1:] == list(kept)
    assert (state.low, state.next_offset) == (20, 50)
    spool.trim(Trim(epoch=epoch, settled=Settled(50)))
    assert len(all_of(spool)) == 3, "an answer for the old epoch trims nothing of the new one"
    spool.close()
    again = open_spool()
    assert (again.epoch, all_of(again)) == (state.epoch, chunks)


def test_one_process_at_a_time_holds_the_folder(open_spool: Callable[..., Spool], tmp_path: Path) -> None:
    """A second one is refused with the folder's name instead of writing into the first one's files."""
    open_spool()
    with pytest.raises(Unavailable, match=r"spool is in use by another process"):
        Spool(tmp_path / "spool", "me", NOW, SpoolOptions(busy_timeout_s=0.0))


# --- faults ---------------------------------------------------------------------------------------------------------


def plant(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(faultpoints, "hit", faultpoints.Faults(faultpoints.parse(text)).hit)


@pytest.mark.parametrize("code", ["ENOSPC", "EIO"])
def test_a_commit_that_fails_is_seen_and_loses_nothing(
    open_spool: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A full or broken disk at commit: the caller hears of it, and the same readings go in at the next try (K3)."""
    spool = open_spool()
    spool.commit([(batch(10), 10)])
    plant(monkeypatch, f"spool.before_commit:1:raise-once:{code}")
    with pytest.raises(Unavailable, match="planted"):
        spool.commit([(batch(10), 10)])
    assert offsets(all_of(spool)) == [(0, 10)]
    assert offsets(list(spool.commit([(batch(10), 10)]).chunks)) == [(10, 20)]
    assert offsets(all_of(spool)) == [(0, 10), (10, 20)]


def test_a_sync_that_fails_is_not_tried_again_on_the_same_file(
    open_spool: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """EIO at fsync: the commit did not happen, its file is left, what it wrote is void after a crash, too (R-15)."""
    spool = open_spool()
    spool.commit([(batch(10), 10)])
    monkeypatch.setattr("gateway.spool_disk.os.ftruncate", refuse)
    plant(monkeypatch, "spool.sync:1:raise-once:EIO")
    with pytest.raises(Unavailable, match="planted"):
        spool.commit([(batch(10, start_ms=NOW + 500), 10)])
    retried = spool.commit([(batch(7, start_ms=NOW + 900), 7), (batch(4, device="lora"), 4)]).chunks
    assert offsets(list(retried)) == [(10, 17), (17, 21)]
    again = open_spool(path=damaged_copy(spool.path, spool.path.with_name("copy")))
    assert offsets(all_of(again)) == [(0, 10), (10, 17), (17, 21)]
    assert all_of(again)[1:] == list(retried)
    assert not again.gaps()


def refuse(*_: object) -> None:
    raise OSError(errno.EIO, "no")


def test_a_file_that_cannot_be_deleted_does_not_undo_a_commit(
    open_spool: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The readings are safe and were trimmed with; the caller must not hear of a failure and commit them again."""
    spool = open_spool()
    spool.commit([(batch(10), 10)])
    spool.close()
    spool = open_spool()
    plant(monkeypatch, "spool.remove:1:raise-once:EIO")
    trim = Trim(epoch=spool.epoch, settled=Settled(10))
    assert offsets(list(spool.commit([(batch(10), 10)], trim).chunks)) == [(10, 20)]
    assert offsets(list(spool.commit([(batch(10), 10)]).chunks)) == [(20, 30)]
    assert offsets(all_of(spool)) == [(10, 20), (20, 30)]


def test_a_large_commit_is_whole_or_absent(open_spool: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that takes several writes and fails in the last one leaves nothing of it behind."""
    spool = open_spool(budget=BUDGET)
    spool.commit([(batch(10), 10)])
    plant(monkeypatch, "spool.sync:3:raise-once:EIO")
    with pytest.raises(Unavailable, match="planted"):
        spool.commit([(batch(1_000, start_ms=NOW + 50), 100)])
    assert offsets(all_of(spool)) == [(0, 10)]
    spool.commit([(batch(5, start_ms=NOW + 70), 5)])
    again = open_spool(path=damaged_copy(spool.path, spool.path.with_name("copy")), budget=BUDGET)
    assert offsets(all_of(again)) == [(0, 10), (10, 15)]


def test_a_kill_at_every_fault_point_keeps_what_was_committed(tmp_path: Path) -> None:
    """SIGKILL before the commit: the readings are not there. After it: they are. Offsets never repeat."""
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, '.')\n"
        "from tests.unit.gateway.test_spool import batch, NOW, Spool, Settled, Trim\n"
        "spool = Spool(Path(sys.argv[1]), 'me', NOW)\n"
        "for i in range(4):\n"
        "    print(spool.commit([(batch(10), 10)]).chunks[0].span.first, flush=True)\n"
        "spool.trim(Trim(epoch=spool.epoch, settled=Settled(20))); print('trimmed', flush=True)\n"
    )
    expected = {
        "spool.before_commit:3:kill": (["0", "10"], [0, 10]),
        "spool.after_commit:3:kill": (["0", "10"], [0, 10, 20]),
        "spool.before_trim:1:kill": (["0", "10", "20", "30"], [0, 10, 20, 30]),
        "spool.after_trim:1:kill": (["0", "10", "20", "30"], [20, 30]),
    }
    for number, (fault, (printed, kept)) in enumerate(expected.items()):
        path = tmp_path / f"spool{number}"
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)],
            env={**os.environ, "TWINGRID_FAULT": fault},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert done.stdout.split() == printed
        spool = Spool(path, "me", NOW)
        assert [chunk.span.first for chunk in all_of(spool)] == kept, fault
        assert spool.commit([(batch(1), 10)]).chunks[0].span.first == max(kept) + 10
        spool.close()


def damaged_copy(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    return shutil.copytree(source, target)


def test_a_vanished_log_is_declared(tmp_path: Path) -> None:
    """All files of the log deleted: the head still knows how far offsets went; nothing is used twice (R-17)."""
    spool = Spool(tmp_path / "spool", "me", NOW)
    spool.commit([(batch(10), 10)])
    epoch = spool.epoch
    spool.close()
    for path in (tmp_path / "spool").glob("*.log"):
        path.unlink()
    spool = Spool(tmp_path / "spool", "me", NOW + 1)
    assert spool.epoch == epoch
    assert [(gap.span, gap.gap.reason) for gap in spool.gaps()] == [(OffsetRange(0, 10), GapReason.DAMAGED)]
    assert spool.commit([(batch(1), 10)]).chunks[0].span.first == 10
    spool.close()


def test_a_lost_head_puts_the_log_aside(open_spool: Callable[..., Spool], tmp_path: Path) -> None:
    """Without both copies of the head nobody knows what the aliases mean: kept for a look, and a new epoch begins."""
    spool = open_spool()
    spool.commit([(batch(10), 10)])
    epoch = spool.epoch
    spool.close()
    for name in ("head-a.json", "head-b.json"):
        (tmp_path / "spool" / name).write_bytes(b"rubbish")
    spool = open_spool(now_ms=NOW + 1)
    assert spool.epoch > epoch
    assert (tmp_path / "spool" / spool.state().replaced).stat().st_size > 0
    assert spool.commit([(batch(1), 10)]).chunks


def test_one_copy_of_the_head_is_enough(open_spool: Callable[..., Spool], tmp_path: Path) -> None:
    """Either copy may be damaged."""
    spool = open_spool()
    (alias,) = spool.aliases("bus", [("f/a", DataType.DOUBLE, "V")])
    spool.close()
    for name in ("head-a.json", "head-b.json"):
        (tmp_path / "spool" / name).write_bytes(b"")
        spool = open_spool()
        assert [metric.alias for metric in spool.metrics()] == [alias]
        spool.close()


def test_a_path_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    """No right to write: refused as a configuration error with path and remedy, nothing is created elsewhere (R-18)."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match=r"file/spool cannot be opened: Not a directory.*name a folder"):
        Spool(tmp_path / "file" / "spool", "me", NOW)


def test_a_read_only_file_system_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EROFS at the start is a configuration error (exit 78) that says what to do (R-18)."""

    def read_only(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("gateway.spool_disk.os.open", read_only)
    with pytest.raises(Invalid, match="mount the file system writable"):
        Spool(tmp_path / "spool", "me", NOW)


def test_a_spool_of_a_newer_version_is_left_alone(
    open_spool: Callable[..., Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A downgrade is refused; the folder is not replaced."""
    monkeypatch.setattr(spool_head, "VERSION", 99)
    open_spool().close()
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="newer version"):
        open_spool()


def test_the_planted_errno_is_what_the_caller_would_see() -> None:
    """The fault used above is a real OSError with the named errno."""
    with pytest.raises(OSError, match="planted") as caught:
        faultpoints.Faults(faultpoints.parse("x:1:raise:ENOSPC")).hit("x")
    assert caught.value.errno == errno.ENOSPC


# --- what a chunk holds ---------------------------------------------------------------------------------------------


def test_a_chunk_says_what_was_read() -> None:
    """Values, times, qualities, null and text stand in the metrics as docs/wire.md says, and the checksum is theirs."""
    out_of_range = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
    timeout = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
    rows = Batch(
        device="bus",
        alias=np.array([1, 2, 3, 4, 5], np.int64),
        time_ms=np.arange(NOW, NOW + 5, dtype=np.int64),
        value=np.array([230.5, 110.0, np.nan, 1.0, float(2**53 + 1)]),
        quality=np.array([0, out_of_range, timeout, 0, 0], np.uint8),
        text={4: "9007199254740993"},
    )
    types = {4: DataType.BOOLEAN, 5: DataType.UINT64}
    (chunk,) = cut(rows, 100, 10, types)
    assert chunk.span == OffsetRange(100, 105)
    assert (chunk.from_ms, chunk.to_ms) == (NOW, NOW + 4)
    assert chunk.crc32 == checksum(rows.alias, rows.time_ms, rows.value, rows.quality, ["9007199254740993"])
    good, outside, absent, flag, counter = spb.Payload.FromString(chunk.metrics).metrics
    assert (good.alias, good.timestamp, good.double_value) == (1, NOW, 230.5)
    assert not good.HasField("properties")
    assert outside.double_value == 110.0
    assert list(outside.properties.keys) == ["Quality", "twingridQuality"]
    assert [value.int_value for value in outside.properties.values] == [0, out_of_range]
    assert absent.is_null
    assert absent.WhichOneof("value") is None
    assert [value.int_value for value in absent.properties.values] == [0, timeout]
    assert flag.boolean_value is True
    assert counter.long_value == 9007199254740993
    late = spb.Payload.FromString(as_historical(chunk.metrics))
    assert all(metric.is_historical for metric in late.metrics)


def test_joined_batches_are_in_time_order_and_keep_their_text() -> None:
    """Readings with a time of their own arrive in any order; a message has them in time order."""
    early, late = batch(2, start_ms=NOW), batch(2, start_ms=NOW + 10)
    text = Batch(
        device="bus",
        alias=np.array([9], np.int64),
        time_ms=np.array([NOW + 5], np.int64),
        value=np.array([np.nan]),
        quality=np.zeros(1, np.uint8),
        text={0: "between"},
    )
    joined = join([late, early, text])
    assert joined.time_ms.tolist() == [NOW, NOW + 1, NOW + 5, NOW + 10, NOW + 11]
    assert joined.text == {2: "between"}
