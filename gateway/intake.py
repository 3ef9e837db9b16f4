"""Where readings wait for the spool: bounded, and never in silence.

Drivers put batches in; the writer takes all of them at once. Readings that could not be committed stay with the writer
and count as waiting here, so a disk that refuses fills the intake, and a full intake makes the drivers stop polling:
their missed slots are counted, and nothing that was read is dropped.
"""

from __future__ import annotations

import asyncio

import numpy as np
from numpy.typing import NDArray

from gateway.chunk import Batch

BURST_READINGS = 2_000
"""With so many waiting the writer does not wait for more."""


class Intake:
    """Batches between the drivers and the writer."""

    def __init__(self, limit_readings: int = 100_000) -> None:
        """Hold at most about ``limit_readings`` (a driver may put in one more batch each)."""
        self.limit_readings = limit_readings
        self.waiting = 0
        self.accepted = 0
        self.urgent: NDArray[np.bool_] = np.zeros(0, np.bool_)
        """By alias: alarms hang on this point, so the writer does not wait for company once a reading of it is here."""
        self._batches: dict[str, list[Batch]] = {}
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, batch: Batch) -> None:
        """Add readings of one device."""
        self._batches.setdefault(batch.device, []).append(batch)
        self.waiting += len(batch)
        self.accepted += len(batch)
        self._some.set()
        if self.waiting >= BURST_READINGS or self._is_urgent(batch):
            self._many.set()
        if self.waiting >= self.limit_readings:
            self._room.clear()

    def _is_urgent(self, batch: Batch) -> bool:
        if not len(self.urgent):
            return False
        return bool(self.urgent[np.minimum(batch.alias, len(self.urgent) - 1)].any())

    @property
    def full(self) -> bool:
        """Whether drivers must wait."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait until there is room again."""
        await self._room.wait()

    async def some(self, linger_s: float) -> None:
        """Wait for a first reading, then for more: up to ``linger_s``, or until many wait."""
        await self._some.wait()
        try:
            async with asyncio.timeout(linger_s):
                await self._many.wait()
        except TimeoutError:
            return

    def take(self) -> list[list[Batch]]:
        """All batches, one list a device; they go on counting as waiting until ``done``."""
        groups = list(self._batches.values())
        self._batches = {}
        self._some.clear()
        self._many.clear()
        return groups

    def done(self, readings: int) -> None:
        """``readings`` of what was taken are safe."""
        self.waiting -= readings
        if self.waiting < self.limit_readings:
            self._room.set()
