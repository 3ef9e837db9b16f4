"""Drives a bus in real time: the event loop's clock is the bus's time, its ports are where masters plug in."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType

from firmware_sim.noise import uniform
from firmware_sim.serial_bus.bus import Bus
from firmware_sim.serial_bus.control import ActionError, Timetable
from firmware_sim.serial_bus.ports import Port

logger = logging.getLogger(__name__)


class BusServer:
    """Serves a bus; an async context manager that owns its ports and its timer.

    `bus` may be changed while it runs (from the same thread): kill units, revive them, look at the sniffer.

    Args:
        bus: the wire and its units.
        ports: at least one.
        timetable: what happens to units when, in seconds after the start.

    Raises (on entering):
        OSError: a port cannot be opened.
    """

    def __init__(self, bus: Bus, ports: Sequence[Port], timetable: Timetable | None = None) -> None:
        self.bus = bus
        self.ports = tuple(ports)
        self.noise_heard = 0
        self._timetable = timetable or Timetable()
        self._stack = AsyncExitStack()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start_s = 0.0

    async def __aenter__(self) -> BusServer:
        self._loop = asyncio.get_running_loop()
        self._start_s = self._loop.time()
        async with AsyncExitStack() as opening:
            for port in self.ports:
                opening.push_async_callback(port.close)
                await port.open(self._arrive)
            self._stack = opening.pop_all()
        self._plan()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._stack.aclose()

    def _arrive(self, data: bytes, speed_fits: bool) -> None:
        now_s = self._now_s()
        if not speed_fits:
            self.noise_heard += len(data)
            data = bytes(b ^ (1 + int(255 * uniform(self.noise_heard, i))) for i, b in enumerate(data))
        self.bus.put(now_s, data)
        self._happen()

    def _now_s(self) -> float:
        assert self._loop is not None
        return self._loop.time()

    def _happen(self) -> None:
        now_s = self._now_s()
        try:
            self._timetable.apply(self.bus, now_s - self._start_s)
        except ActionError as error:  # the others of the timetable go on
            logger.error("timetable", extra={"error": str(error)})
        told = self.bus.advance(now_s)
        if told:
            for port in self.ports:
                port.write(told)
        self._plan()

    def _plan(self) -> None:
        """Sets the timer to what happens next."""
        assert self._loop is not None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_s = self._timetable.next_s()
        dues = [
            due_s
            for due_s in (self.bus.due_s(), None if next_s is None else self._start_s + next_s)
            if due_s is not None
        ]
        if dues:
            self._timer = self._loop.call_at(min(dues), self._happen)


def cpu_share(begin_cpu_s: float, begin_s: float) -> float:
    """Share of one core that this process has used since (`time.process_time()`, `time.monotonic()`)."""
    return (time.process_time() - begin_cpu_s) / max(1e-9, time.monotonic() - begin_s)
