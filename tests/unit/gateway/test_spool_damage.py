"""Damage costs the records it touches and no other, and what it cost is said (R-15, R-16, R-17, K7)."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from core.errors import Unavailable
from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import GapReason
from core.sparkplug.datatypes import DataType
from gateway import spool_frames as frames
from gateway.chunk import Batch, Chunk
from gateway.spool import Spool
from gateway.spool_frames import Kind
from gateway.spool_index import ChunkIndex
from gateway.spool_values import SpoolOptions, Trim
from tests.unit.gateway.memory_disk import MemoryDisk

NOW = 1_780_000_000_000
EVERYTHING = OffsetRange(0, 1 << 40)
PLACE = Path("spool")


def batch(n: int, start_ms: int = NOW) -> Batch:
    return Batch(
        device="bus",
        alias=np.ones(n, np.int64),
        time_ms=np.arange(start_ms, start_ms + n, dtype=np.int64),
        value=np.arange(n, dtype=np.float64) + 0.25,
        quality=np.zeros(n, np.uint8),
    )


def opened(disk: MemoryDisk, budget: int = 1 << 30) -> Spool:
    return Spool(PLACE, "me", NOW, SpoolOptions(budget_bytes=budget), disk=disk)


def small_spool() -> tuple[MemoryDisk, dict[int, Chunk]]:
    """Twelve chunks in three files, one of them settled, closed in order."""
    disk = MemoryDisk()
    chunks: dict[int, Chunk] = {}
    for part in range(3):
        spool = opened(disk)
        spool.aliases("bus", [("f/a", DataType.DOUBLE, "V")])
        for i in range(4):
            done = spool.commit([(batch(5, NOW + 1_000 * part + 10 * i), 5)])
            chunks |= {chunk.span.first: chunk for chunk in done.chunks}
        if part == 1:
            spool.trim(Trim(epoch=spool.epoch, settled=Settled(0, [OffsetRange(5, 10)])))
            del chunks[5]
        spool.close()
    return disk, chunks


def log_files(disk: MemoryDisk) -> list[str]:
    return [name for name in disk.names() if name.endswith(".log")]


def frames_of(disk: MemoryDisk, name: str) -> list[frames.Frame]:
    owner = frames.owner_of(disk.files[name])
    assert owner is not None
    return frames.scan(disk.files[name], owner)[0]


def check(disk: MemoryDisk, chunks: dict[int, Chunk], most_lost: int) -> int:
    """Open what is left: chunks unaltered, the rest declared, and no more lost than ``most_lost``; how many were."""
    spool = opened(disk)
    found = {chunk.span.first: chunk for chunk in spool.load(EVERYTHING, 1 << 40)[0]}
    declared = Settled()
    for record in spool.gaps():
        assert record.gap.reason is GapReason.DAMAGED
        declared.add(record.span)
    for first, chunk in chunks.items():
        assert found.get(first) == chunk if first in found else declared.covers(chunk.span), first
    assert found.keys() <= chunks.keys() | {5}, "only what the host has already may come back"
    lost = len(chunks.keys() - found.keys())
    assert lost <= most_lost
    assert spool.commit([(batch(1), 5)]).chunks[0].span.first == 60
    return lost


def test_a_flipped_bit_at_every_record_boundary_costs_that_record() -> None:
    """Each byte of each frame's head and the bytes around its end, one bit flipped: at most that one chunk is lost."""
    whole, chunks = small_spool()
    lost = cases = 0
    for name in log_files(whole):
        for frame in frames_of(whole, name):
            edges = [*range(frame.at, frame.at + frames.FRAME_HEAD), frame.at + frame.size - 1]
            for position in edges:
                disk = whole.copied()
                data = bytearray(disk.files[name])
                data[position] ^= 1 << (position % 8)
                disk.files[name] = bytes(data)
                cost = check(disk, chunks, 1)
                assert cost == (frame.kind == Kind.CHUNK and _first(frame) != 5)
                lost, cases = lost + cost, cases + 1
    assert cases > 600
    assert lost > 300


def _first(frame: frames.Frame) -> int:
    return frames.decode_chunk(frame.payload).span.first


def test_a_flipped_bit_anywhere_costs_one_record() -> None:
    """Every third byte of every file, the heads included."""
    whole, chunks = small_spool()
    for name in whole.names():
        for position in range(0, whole.size(name), 3):
            disk = whole.copied()
            data = bytearray(disk.files[name])
            data[position] ^= 1 << (position % 8)
            disk.files[name] = bytes(data)
            check(disk, chunks, 1)


@pytest.mark.parametrize("file", [0, 1, 2])
def test_a_file_cut_at_any_byte_keeps_what_stands_before_the_cut(file: int) -> None:
    """Every truncation of every file: chunks before the cut are served, those behind it are declared."""
    whole, chunks = small_spool()
    name = log_files(whole)[file]
    its = [frame for frame in frames_of(whole, name) if frame.kind == Kind.CHUNK]
    for size in range(whole.size(name)):
        disk = whole.copied()
        disk.files[name] = disk.files[name][:size]
        behind = [_first(frame) for frame in its if frame.at + frame.size > size and _first(frame) in chunks]
        assert check(disk, chunks, len(behind)) == len(behind)


def test_a_zeroed_page_costs_the_records_on_it() -> None:
    """512 zeros at any place: what stands elsewhere is served."""
    whole, chunks = small_spool()
    for name in log_files(whole):
        its = frames_of(whole, name)
        for begin in range(0, whole.size(name), 128):
            disk = whole.copied()
            data = bytearray(disk.files[name])
            stop = min(begin + 512, len(data))
            data[begin:stop] = bytes(stop - begin)
            disk.files[name] = bytes(data)
            hit = sum(f.kind == Kind.CHUNK and f.at < stop and f.at + f.size > begin for f in its)
            check(disk, chunks, hit)


def test_a_damaged_file_is_kept_for_a_look() -> None:
    """The file with the damage is copied once, and health names the copy."""
    disk, _ = small_spool()
    name = log_files(disk)[0]
    damaged = bytearray(disk.files[name])
    damaged[-200] ^= 4
    disk.files[name] = bytes(damaged)
    spool = opened(disk)
    assert spool.state().damaged == 1
    copy = spool.state().replaced
    assert disk.files[copy] == bytes(damaged)
    spool.close()
    again = opened(disk)
    assert (again.state().damaged, again.state().replaced) == (0, copy)


def test_a_record_that_rots_while_the_spool_is_open_is_declared() -> None:
    """Found at reading: put aside, declared with its exact offsets, and the neighbours travel."""
    disk, chunks = small_spool()
    spool = opened(disk)
    name = log_files(disk)[1]
    frame = next(frame for frame in frames_of(disk, name) if frame.kind == Kind.CHUNK)
    data = bytearray(disk.files[name])
    data[frame.at + frame.size - 3] ^= 1
    disk.files[name] = bytes(data)
    found = [chunk.span.first for chunk in spool.load(EVERYTHING, 1 << 40)[0]]
    assert set(found) == chunks.keys() - {_first(frame)}
    (gap,) = spool.gaps()
    assert (gap.span, gap.gap.reason) == (chunks[_first(frame)].span, GapReason.DAMAGED)
    assert spool.state().damaged == 1


@pytest.mark.parametrize("seed", [*range(150), 410, 941, 954])
def test_no_loss_of_power_costs_what_was_committed(seed: int) -> None:
    """Any work, any moment, unsynced bytes lost or torn, names old or new, syncs that fail: all promises hold."""
    rng = np.random.default_rng(seed)
    disk = MemoryDisk()
    promised: dict[int, Chunk] = {}
    settled = Settled()
    clock_ms = NOW
    for _ in range(6):
        spool = opened(disk, 64 * 1024)
        compare(spool, promised, settled)
        for _ in range(int(rng.integers(1, 25))):
            clock_ms += int(rng.integers(1, 60_000))
            disk.fail_sync = int(rng.random() < 0.1)
            try:
                work(spool, rng, clock_ms, promised, settled)
            except Unavailable:
                assert disk.fail_sync == 0
            disk.fail_sync = 0
        if rng.random() < 0.3:
            spool.close()
        elif rng.random() < 0.5:
            # the power goes within a commit whose caller never hears of it
            disk.append(max(log_files(disk)), rng.bytes(50))
        disk = disk.after_power_loss(rng)
    compare(opened(disk, 64 * 1024), promised, settled)


def work(spool: Spool, rng: np.random.Generator, clock_ms: int, promised: dict[int, Chunk], settled: Settled) -> None:
    """One call, and what it promised."""
    match int(rng.integers(0, 8)):
        case 0:
            taken = [span for span in (c.span for c in spool.load(EVERYTHING, 4_000)[0]) if rng.random() < 0.7]
            for span in taken:
                settled.add(span)
                promised.pop(span.first, None)
            spool.trim(Trim(epoch=spool.epoch, settled=Settled(0, taken)))
        case 1:
            spool.next_bdseq()
        case 2:
            spool.aliases("bus", [(f"f/{rng.integers(6)}", DataType.DOUBLE, "V")])
        case _:
            trim = None
            if rng.random() < 0.3:
                taken = [c.span for c in spool.load(EVERYTHING, 4_000)[0] if rng.random() < 0.7]
                for span in taken:
                    settled.add(span)
                    promised.pop(span.first, None)
                trim = Trim(epoch=spool.epoch, settled=Settled(0, taken))
            done = spool.commit([(batch(int(rng.integers(1, 400)), clock_ms), 50)], trim)
            for chunk in done.chunks:
                assert chunk.span.first not in promised
                assert not settled.covers(chunk.span)
                promised[chunk.span.first] = chunk


def compare(spool: Spool, promised: dict[int, Chunk], settled: Settled) -> None:
    """Everything promised is there unaltered, or declared because the spool was full; nothing is called damaged."""
    found = {chunk.span.first: chunk for chunk in spool.load(EVERYTHING, 1 << 40)[0]}
    gaps = Settled()
    for record in spool.gaps():
        if record.gap.reason is not GapReason.DAMAGED:
            gaps.add(record.span)
    for first, chunk in list(promised.items()):
        if first in found:
            assert found[first] == chunk
        else:
            assert gaps.covers(chunk.span), first
            del promised[first]


def test_a_chunk_that_is_moved_while_the_index_grows_stays_findable() -> None:
    """Found by loss of power, seed 410: the place was looked up before the table was renewed."""
    index = ChunkIndex()
    chunks = [
        Chunk(device="bus", span=OffsetRange(5 * i, 5 * i + 5), crc32=0, from_ms=NOW, to_ms=NOW, metrics=b"")
        for i in range(64)
    ]
    for i, chunk in enumerate(chunks):
        index.add(chunk, 1, i, 1)
    index.drop(index.covered(Settled(100)))
    index.add(chunks[30], 2, 0, 1)
    assert [place.span for place in index.walk(EVERYTHING)] == [chunk.span for chunk in chunks[20:]]
    assert [place.file for place in index.walk(chunks[30].span)] == [2]


def test_a_void_write_stays_void_after_the_file_that_said_so_is_gone() -> None:
    """A failed write whose bytes stayed on the disk must not come back when later files are deleted."""
    disk = MemoryDisk()
    spool = opened(disk)
    spool.commit([(batch(5), 5)])
    disk.cut = lambda name, size: None  # type: ignore[method-assign]
    disk.fail_sync = 1
    with pytest.raises(Unavailable):
        spool.commit([(batch(9, NOW + 50), 9)])
    for part in range(3):
        spool.commit([(batch(4, NOW + 100 + part), 4)])
        spool.close()
        spool = opened(disk)
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(0, [OffsetRange(5, 17)])))
    spool.close()
    spool = opened(disk)
    assert [chunk.span for chunk in spool.load(EVERYTHING, 1 << 40)[0]] == [OffsetRange(0, 5)]


def test_a_full_disk_recovers_by_itself_when_the_host_has_taken_something() -> None:
    """Even the note that makes room finds none: what is settled is deleted first, then commits go on (R-14)."""
    disk = MemoryDisk(capacity=40_000)
    spool = opened(disk, 64 * 1024)
    promised: dict[int, Chunk] = {}
    number = 0
    with contextlib.suppress(Unavailable):
        for number in range(100):
            promised |= {c.span.first: c for c in spool.commit([(batch(100, NOW + 100 * number), 50)]).chunks}
    assert 5 < number < 99
    disk.capacity = sum(len(data) for data in disk.files.values())  # others take the rest
    with pytest.raises(Unavailable):
        spool.commit([(batch(100), 50)])
    taken = [chunk.span for chunk in list(promised.values())[: len(promised) // 2]]
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(0, taken)))
    for span in taken:
        del promised[span.first]
    promised |= {c.span.first: c for c in spool.commit([(batch(50, NOW + 99_999), 50)]).chunks}
    disk.capacity = 1 << 40
    for again in (spool, opened(disk.after_power_loss(np.random.default_rng(1)), 64 * 1024)):
        assert {c.span.first: c for c in again.load(EVERYTHING, 1 << 40)[0]} == promised
        assert not again.gaps()


def test_a_disk_smaller_than_one_file_recovers_by_its_ballast() -> None:
    """The only file is full and settled, and no byte is left to say so: the ballast goes overboard, then the file."""
    disk = MemoryDisk(capacity=30_000)
    spool = opened(disk)
    chunks: list[Chunk] = []
    with contextlib.suppress(Unavailable):
        for number in range(100):
            chunks += spool.commit([(batch(20, NOW + 100 * number), 50)]).chunks
    disk.capacity = sum(len(data) for data in disk.files.values())
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(chunks[-1].span.stop)))
    assert spool.state().disk_bytes < 10_000
    fresh = list(spool.commit([(batch(20, NOW + 99_999), 50)]).chunks)
    assert opened(disk).load(EVERYTHING, 1 << 40)[0] == fresh


def test_what_is_settled_with_a_large_commit_is_not_called_damaged_later() -> None:
    """Found by kills, seed 907354514: a file begun within the commit did not know what the commit had settled."""
    disk = MemoryDisk()
    spool = opened(disk, 64 * 1024)
    (first,) = spool.commit([(batch(50), 50)]).chunks
    spool.close()
    spool = opened(disk, 64 * 1024)
    (second,) = spool.commit([(batch(50, NOW + 500), 50)]).chunks
    spool.close()
    spool = opened(disk, 64 * 1024)
    files = set(log_files(disk))
    trim = Trim(epoch=spool.epoch, settled=Settled(0, [second.span]))
    fresh = spool.commit([(batch(400, NOW + 1_000), 50)], trim).chunks
    assert set(log_files(disk)) - files, "the commit began a file"
    spool.trim(Trim(epoch=spool.epoch, settled=Settled(0, [chunk.span for chunk in fresh[:-1]])))
    again = opened(disk.copied(), 64 * 1024)
    assert again.load(EVERYTHING, 1 << 40)[0] == [first, fresh[-1]]
    assert not again.gaps()
