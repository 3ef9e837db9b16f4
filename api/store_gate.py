"""Keeps a slow or hanging store from taking every thread of the process.

Routes run in a pool of threads. Charts asked for while the core process hangs would fill it, and with them alarms and
tasks, which need no store, would stop. So only some calls wait for the store at once; the next ones are told to come
back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from api.ports import ReadableStore
from core.errors import Unavailable
from core.ports.store import GapRecord, Rollups, StoreCounts
from core.readings import Int32s, Readings

_T = TypeVar("_T")


class StoreGate:
    """A store that refuses instead of queueing without end."""

    def __init__(self, store: ReadableStore, *, at_once: int = 12, patience_s: float = 2.0) -> None:
        """Let ``at_once`` calls wait for ``store``; a further one gives up after ``patience_s``."""
        self._store = store
        self._slots = threading.BoundedSemaphore(at_once)
        self._patience_s = patience_s

    def _through(self, call: Callable[[], _T]) -> _T:
        if not self._slots.acquire(timeout=self._patience_s):
            raise Unavailable("too many questions wait for the store")
        try:
            return call()
        finally:
            self._slots.release()

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms)."""
        return self._through(lambda: self._store.read(points, from_ms, to_ms))

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in buckets of ``step_ms``."""
        return self._through(lambda: self._store.rollup(points, from_ms, to_ms, step_ms))

    def raw_from_ms(self) -> int:
        """From when on no readings were dropped for their age."""
        return self._through(self._store.raw_from_ms)

    def latest(self, points: Int32s | None = None) -> Readings:
        """The newest reading of each point."""
        return self._through(lambda: self._store.latest(points))

    def gaps(self, from_ms: int, to_ms: int) -> Sequence[GapRecord]:
        """Gap records that touch [from_ms, to_ms)."""
        return self._through(lambda: self._store.gaps(from_ms, to_ms))

    def counts(self) -> StoreCounts:
        """Totals and size."""
        return self._through(self._store.counts)

    def durable(self) -> int:
        """The number of the last durable commit."""
        return self._through(self._store.durable)
