"""Kills of a process that works on a spool, at every fault point and at random moments, one after the other.

The spool lives through all kills of a run. After each one it is opened and compared with what its process was promised:
every reading that was committed is there unaltered, or settled by the host, or within a gap record; offsets never come
twice. A round starts a fresh interpreter by ``fork``, so that several kills a second are possible.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core import faultpoints
from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import GapReason
from gateway.spool import Spool
from gateway.spool_values import SpoolOptions
from tests.faults.spool_child import BUDGET, NOW, Work

POINTS = (
    "spool.before_commit",
    "spool.after_commit",
    "spool.before_trim",
    "spool.after_trim",
    "spool.create",
    "spool.write",
    "spool.sync",
    "spool.replace",
    "spool.remove",
)
STEPS = 60


@dataclass(slots=True)
class Tally:
    """What a run of kills came to, in readings."""

    kills: int = 0
    planned: int = 0
    at_points: dict[str, int] = field(default_factory=dict)
    committed: int = 0
    lost: int = 0
    altered: int = 0
    twice: int = 0
    declared: int = 0
    declared_damaged: int = 0
    torn_writes: int = 0


def _forked(work: Callable[[], None]) -> int:
    """Run ``work`` in a child process; its pid."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def kill_once(folder: Path, seed: int, fault: str, tally: Tally) -> None:
    """One child, killed at ``fault`` or, if that is empty, at a random moment."""

    def work() -> None:
        if fault:
            faultpoints.hit = faultpoints.Faults(faultpoints.parse(fault)).hit
        Work(folder, seed, STEPS).run()

    pid = _forked(work)
    tally.planned += 1
    if not fault:
        time.sleep(random.Random(seed).uniform(0.0, 0.12))
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        tally.kills += 1
        name = fault.partition(":")[0] or "random"
        tally.at_points[name] = tally.at_points.get(name, 0) + 1
    elif os.WEXITSTATUS(status):
        raise AssertionError(f"the child failed by itself: seed {seed}, fault {fault!r}")


class Promises:
    """What the killed processes had been promised so far, and what the host has."""

    def __init__(self, ledger: Path) -> None:
        """Read ``ledger`` from its beginning."""
        self.chunks: dict[int, tuple[int, int]] = {}
        self.settled = Settled()
        self.twice = 0
        self._ledger = ledger
        self._read = 0

    def follow(self) -> None:
        """Take what was added."""
        if not self._ledger.exists():
            return
        text = self._ledger.read_bytes()[self._read :].decode()
        self._read += len(text)
        for line in text.splitlines():
            kind, *numbers = line.split()
            first, stop, *crc = (int(number) for number in numbers)
            if kind == "s":
                self.settled.add(OffsetRange(first, stop))
                self.chunks.pop(first, None)
                continue
            known = self.chunks.get(first)
            self.twice += known is not None or self.settled.covers(OffsetRange(first, stop))
            self.chunks[first] = (stop, crc[0])


def compare(folder: Path, promises: Promises, tally: Tally) -> None:
    """Open the spool as the next start does, and look at every reading that was promised."""
    promises.follow()
    spool = Spool(folder, "me", NOW, SpoolOptions(budget_bytes=BUDGET))
    try:
        found = {chunk.span.first: chunk for chunk in spool.load(OffsetRange(0, 1 << 60), 1 << 60)[0]}
        gaps = Settled()
        for record in spool.gaps():
            gaps.add(record.span)
            tally.declared_damaged += len(record.span) if record.gap.reason is GapReason.DAMAGED else 0
        for first, (stop, crc32) in list(promises.chunks.items()):
            span = OffsetRange(first, stop)
            chunk = found.get(first)
            if chunk is not None:
                tally.altered += (chunk.span.stop, chunk.crc32) != (stop, crc32)
            elif gaps.covers(span):
                tally.declared += len(span)
                del promises.chunks[first]
            else:
                tally.lost += len(span)
                del promises.chunks[first]
        size = sum(path.stat().st_size for path in folder.iterdir())
        assert size <= BUDGET, f"{size} bytes on the disk, {BUDGET} allowed: {spool.state()}"
    finally:
        spool.close()
    tally.twice = promises.twice


def faults(seed: int, rounds: int) -> list[str]:
    """Every fault point in turn at ascending passes, and as many random moments."""
    rng = random.Random(seed)
    planned = [f"{point}:{count}:kill" for count in range(1, rounds + 1) for point in POINTS]
    return [fault for one in planned for fault in ((one, "") if rng.random() < 0.7 else (one,))]


def run(seed: int, rounds: int = 6) -> dict[str, float]:
    """One run: a spool that is killed again and again; its figures."""
    tally = Tally()
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="twingrid-spool-", dir=place) as root:
        folder = Path(root) / "spool"
        promises = Promises(Path(root) / "ledger")
        for number, fault in enumerate(faults(seed, rounds)):
            kill_once(folder, seed + number, fault, tally)
            compare(folder, promises, tally)
        tally.committed = (
            sum(stop - first for first, (stop, _) in promises.chunks.items())
            + sum(len(span) for span in promises.settled.islands())
            + promises.settled.low
            + tally.declared
        )
    points = {f"kills_at_{name}": count for name, count in sorted(tally.at_points.items())}
    return {
        "kills_planned": tally.planned,
        "kills": tally.kills,
        **points,
        "readings_compared": tally.committed,
        "lost": tally.lost,
        "duplicated": tally.twice,
        "altered": tally.altered,
        "given_up_and_declared": tally.declared,
        "declared_damaged": tally.declared_damaged,
    }
