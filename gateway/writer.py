"""The spool on its own thread, and the task that feeds it.

``SpoolThread`` lets coroutines call the blocking spool without blocking the loop; one thread, so one call at a time.
``Writer`` takes whatever waits in the intake, commits it, and only then hands the chunks on. A failed commit is tried
again with the same readings until it succeeds; meanwhile the intake fills and the drivers stop (``gateway.intake``).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, TypeVar

from core.errors import Unavailable
from gateway.chunk import Batch, Chunk, join
from gateway.intake import Intake
from gateway.spool import Spool
from gateway.spool_values import Committed, Trim

log = logging.getLogger(__name__)

T = TypeVar("T")

_RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class SpoolThread:
    """Owns a spool and its thread; an async context manager."""

    def __init__(self, open_spool: Callable[[], Spool]) -> None:
        """Prepare; ``open_spool`` runs in the thread on entering."""
        self._open = open_spool
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._spool: Spool | None = None

    async def __aenter__(self) -> SpoolThread:
        """Open the spool.

        Raises:
            Unavailable: if it cannot be opened.
        """
        try:
            self._spool = await asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the spool and end the thread."""
        if self._spool is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._spool.close)
        self._thread.shutdown(wait=True)

    async def run(self, call: Callable[[Spool], T]) -> T:
        """Call ``call(spool)`` in the thread."""
        if self._spool is None:
            raise RuntimeError("the spool is not open")
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, self._spool)


class Downstream(Protocol):
    """Who gets the chunks once they are safe, and knows what is settled."""

    @property
    def chunk_readings(self) -> int:
        """Most readings a chunk is to have now."""
        ...

    def offer(self, chunks: Sequence[Chunk], evicted: int) -> None:
        """Take chunks that are safe on disk, and how many readings were evicted to make room."""
        ...

    def settled_to_trim(self) -> Trim | None:
        """What may be trimmed with the next commit; None when there is nothing new."""
        ...

    def trimmed(self, version: int) -> None:
        """The trim of this version is durable."""
        ...


class Writer:
    """Moves readings from the intake into the spool."""

    def __init__(self, intake: Intake, spool: SpoolThread, downstream: Downstream, linger_s: float) -> None:
        """Prepare.

        Args:
            intake: where readings wait.
            spool: where they go.
            downstream: who gets the chunks.
            linger_s: longest wait for company.
        """
        self._intake = intake
        self._spool = spool
        self._downstream = downstream
        self._linger_s = linger_s
        self.failures = 0
        self.committed = 0
        self._in_hand: list[Batch] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Commit until ``stop`` is set and nothing waits any more.

        Never cancel it while it commits: the thread would go on, and nobody would know what it did.
        """
        stopping = asyncio.create_task(stop.wait(), name="writer-stop")
        try:
            while not stop.is_set():
                waiting = asyncio.create_task(self._intake.some(self._linger_s), name="writer-wait")
                await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                await self.flush()
            await self.flush()
        finally:
            stopping.cancel()

    async def flush(self) -> None:
        """Commit everything that waits, however often it takes."""
        self._in_hand = [join(batches) for batches in self._intake.take()]
        if not self._in_hand:
            return
        most = self._downstream.chunk_readings
        groups = [(batch, most) for batch in self._in_hand]
        for attempt in itertools.count():
            trim = self._downstream.settled_to_trim()
            try:
                done = await self._spool.run(lambda spool, trim=trim: spool.commit(groups, trim))  # type: ignore[misc]
            except Unavailable as error:
                self.failures += 1
                if attempt == 0:
                    log.error("readings cannot be committed", extra={"error": str(error)})
                await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            else:
                self._passed_on(done, trim)
                return

    def _passed_on(self, done: Committed, trim: Trim | None) -> None:
        readings = sum(len(batch) for batch in self._in_hand)
        self._in_hand = []
        self.committed += readings
        self._intake.done(readings)
        if trim is not None:
            self._downstream.trimmed(trim.version)
        self._downstream.offer(done.chunks, done.evicted)
