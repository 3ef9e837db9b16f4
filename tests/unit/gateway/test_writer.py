"""The writer and the intake: readings in hand are committed, however often it takes, and RAM is bounded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from core import faultpoints
from core.offsets import Settled
from gateway import writer as writer_module
from gateway.chunk import Batch, Chunk
from gateway.intake import Intake
from gateway.spool import Spool
from gateway.spool_values import Trim
from gateway.writer import SpoolThread, Writer

NOW = 1_780_000_000_000


def batch(n: int, start_ms: int = NOW) -> Batch:
    return Batch(
        device="bus",
        alias=np.ones(n, np.int64),
        time_ms=np.arange(start_ms, start_ms + n, dtype=np.int64),
        value=np.zeros(n),
        quality=np.zeros(n, np.uint8),
    )


class Downstream:
    """Remembers what it is given."""

    chunk_readings = 100

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.trim: Trim | None = None
        self.trimmed_versions: list[int] = []

    def offer(self, chunks: tuple[Chunk, ...], evicted: int) -> None:
        assert evicted == 0
        self.chunks += chunks

    def settled_to_trim(self) -> Trim | None:
        trim, self.trim = self.trim, None
        return trim

    def trimmed(self, version: int) -> None:
        self.trimmed_versions.append(version)


async def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC and EIO at commit: the intake fills and drivers see it; later every reading is safe (K3)."""
    monkeypatch.setattr(writer_module, "_RETRY_S", (0.0,))
    planted = "spool.before_commit:1:raise-once:ENOSPC,spool.before_commit:2:raise-once:EIO"
    faults = faultpoints.Faults(faultpoints.parse(planted))
    monkeypatch.setattr(faultpoints, "hit", faults.hit)
    intake, downstream = Intake(limit_readings=500), Downstream()
    async with SpoolThread(lambda: Spool(tmp_path / "s.sqlite", "me", NOW)) as spool:
        it = Writer(intake, spool, downstream, linger_s=0.0)  # type: ignore[arg-type]
        intake.put(batch(300))
        intake.put(batch(300, NOW + 300))
        full = [intake.full]
        await it.flush()
        full.append(intake.full)
        assert full == [True, False]
        assert it.failures == 2
        assert [chunk.span.first for chunk in downstream.chunks] == [0, 100, 200, 300, 400, 500]
        state = await spool.run(lambda open_spool: open_spool.state())
        assert (state.readings, state.next_offset) == (600, 600)


async def test_the_next_commit_takes_the_trim_along(tmp_path: Path) -> None:
    """What is settled is deleted in the same transaction, and its version is reported durable."""
    intake, downstream = Intake(), Downstream()
    async with SpoolThread(lambda: Spool(tmp_path / "s.sqlite", "me", NOW)) as spool:
        it = Writer(intake, spool, downstream, linger_s=0.0)  # type: ignore[arg-type]
        intake.put(batch(100))
        await it.flush()
        epoch = (await spool.run(lambda open_spool: open_spool.state())).epoch
        downstream.trim = Trim(epoch=epoch, settled=Settled(100), version=7)
        intake.put(batch(10, NOW + 100))
        await it.flush()
        state = await spool.run(lambda open_spool: open_spool.state())
    assert downstream.trimmed_versions == [7]
    assert (state.readings, state.low) == (10, 100)


async def test_stopping_commits_what_was_read(tmp_path: Path) -> None:
    """Readings that came in before the end are safe after it."""
    intake, downstream, stop = Intake(), Downstream(), asyncio.Event()
    async with SpoolThread(lambda: Spool(tmp_path / "s.sqlite", "me", NOW)) as spool:
        task = asyncio.create_task(Writer(intake, spool, downstream, linger_s=0.05).run(stop))  # type: ignore[arg-type]
        intake.put(batch(3))
        stop.set()
        await task
    assert len(downstream.chunks) == 1


async def test_a_full_intake_holds_a_driver_until_there_is_room() -> None:
    """`room` waits while it is full and returns when readings are safe."""
    intake = Intake(limit_readings=10)
    intake.put(batch(10))
    waiting = asyncio.create_task(intake.room())
    intake.take()
    assert not waiting.done()
    intake.done(10)
    await waiting
