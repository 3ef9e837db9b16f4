"""A process that lives only to be killed: it works on a spool, and writes down what it was promised.

The ledger beside the spool gets a line for each chunk after its commit has returned (``c first stop crc``), and for
each chunk that the host settles before the spool is told (``s first stop``). SIGKILL does not lose what ``write`` has
taken, so whatever stands there was promised.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from core.offsets import OffsetRange, Settled
from gateway.chunk import Batch, Traits, Worth
from gateway.spool import Spool
from gateway.spool_values import SpoolOptions, Trim

NOW = 1_780_000_000_000
BUDGET = 64 * 1024
POINTS = 12


def batch(rng: np.random.Generator, n: int, start_ms: int) -> Batch:
    """``n`` readings whose value says where they were read."""
    return Batch(
        device=f"bus{rng.integers(2)}",
        alias=rng.integers(1, POINTS + 1, n),
        time_ms=start_ms + np.arange(n, dtype=np.int64) * 7,
        value=start_ms + np.arange(n, dtype=np.float64),
        quality=np.zeros(n, np.uint8),
    )


class Work:
    """Commits, settles, trims, looks at gaps, opens and closes, by chance, until it is killed; often without a host."""

    def __init__(self, folder: Path, seed: int, steps: int) -> None:
        """Prepare."""
        self._folder = folder
        self._rng = np.random.default_rng(seed)
        self._steps = steps
        self._outage = self._rng.random() < 0.6
        self._ledger = os.open(folder.with_name("ledger"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def run(self) -> None:
        """Work."""
        spool = self._open()
        clock_ms = NOW + spool.state().next_offset * 1_000
        for _ in range(self._steps):
            clock_ms += int(self._rng.integers(1_000, 120_000))
            kind = self._rng.random()
            if kind < 0.70:
                self._commit(spool, clock_ms)
            elif kind < 0.85 and not self._outage:
                self._settle(spool)
            elif kind < 0.90:
                spool.gaps()
            elif kind < 0.96:
                spool.next_bdseq()
            else:
                spool.close()
                spool = self._open()
        spool.close()

    def _open(self) -> Spool:
        spool = Spool(self._folder, "me", NOW, SpoolOptions(budget_bytes=BUDGET))
        spool.value_points({1: Traits(worth=Worth.LOW), 2: Traits(worth=Worth.HIGH), 3: Traits(alarm=True)})
        return spool

    def _commit(self, spool: Spool, clock_ms: int) -> None:
        sizes = self._rng.integers(1, 120, int(self._rng.integers(1, 4))).tolist()
        trim = self._trim(spool) if not self._outage and self._rng.random() < 0.3 else None
        done = spool.commit([(batch(self._rng, size, clock_ms), 50) for size in sizes], trim)
        self._say("".join(f"c {c.span.first} {c.span.stop} {c.crc32}\n" for c in done.chunks))

    def _trim(self, spool: Spool) -> Trim:
        """The host has some of what waits, from the beginning or in the middle."""
        waiting = [chunk.span for chunk in spool.load(OffsetRange(0, 1 << 40), 20_000)[0]]
        taken = [span for span in waiting if self._rng.random() < 0.6]
        self._say("".join(f"s {span.first} {span.stop}\n" for span in taken))
        return Trim(epoch=spool.epoch, settled=Settled(0, taken))

    def _settle(self, spool: Spool) -> None:
        spool.trim(self._trim(spool))

    def _say(self, text: str) -> None:
        if text:
            os.write(self._ledger, text.encode())


if __name__ == "__main__":
    Work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).run()
