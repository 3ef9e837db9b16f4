"""One task per bus: polls what is due, the earliest deadline first, and records what was not had.

How one dead device is kept from delaying another (docs: one timeout at most): a request without an answer ends the
unit's turn, whatever else was due on it; a unit that failed twice is left alone but for probes (``gateway.breaker``);
and probes come after everything that is due, one between two turns.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.clock import Clock
from core.quality import Reason
from gateway.config import BusConfig, Framing
from gateway.intake import Intake
from gateway.modbus import Failure, ModbusLine
from gateway.schedule import Job, Missed, Schedule
from gateway.session import reconnect_delay_s
from gateway.stamp import Stamper
from gateway.unit import Compiled, Unit

log = logging.getLogger(__name__)

SILENT_LIMIT = 4
"""Timeouts in a row, over all units, after which the connection itself is suspected and made anew."""

_NO_ANSWER = frozenset({Reason.TIMEOUT, Reason.CONNECTION_LOST})


@dataclass(slots=True)
class BusCounters:
    """What a bus did."""

    requests: int = 0
    busy_s: float = 0.0
    since_s: float = 0.0
    connects: int = 0
    losses: int = 0
    delayed_s: float = 0.0


class Bus:
    """Polls the units behind one connection."""

    def __init__(
        self,
        config: BusConfig,
        units: Sequence[Unit],
        intake: Intake,
        clock: Clock,
        stamper: Stamper,
        on_link: Callable[[str, bool], None],
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            config: the bus.
            units: its units.
            intake: where readings go.
            clock: wall and monotonic time.
            stamper: gives event times.
            on_link: told when the connection comes (True) and goes.
        """
        self.config = config
        self.units = tuple(units)
        self.counters = BusCounters()
        self._intake = intake
        self._clock = clock
        self._stamper = stamper
        self._on_link = on_link
        self._line = ModbusLine(config.host, config.port, self._stamp, rtu=config.framing is Framing.RTU)
        self._attempts = 0
        self._retry_at_s = 0.0
        self._silent = 0
        self._up = False
        # The schedule runs on the monotonic clock, set to the wall clock once: slots stay aligned and never jump.
        self._origin_ms = clock.now_ms() - clock.monotonic_s() * 1000

    def _stamp(self) -> tuple[int, bool]:
        return self._stamper.stamp(self._clock.now_ms(), self._clock.monotonic_s())

    def _slot_ms(self) -> int:
        return int(self._origin_ms + self._clock.monotonic_s() * 1000)

    async def run(self) -> None:
        """Poll until cancelled."""
        pairs = [(index, interval) for index, unit in enumerate(self.units) for interval in unit.intervals_ms]
        schedule: Schedule[int] = Schedule(pairs, self._slot_ms())
        self.counters.since_s = self._clock.monotonic_s()
        try:
            while True:
                await self._connect_if_due()
                await self._turn(schedule)
                await asyncio.sleep(self._pause_s(schedule))
        finally:
            self._line.close()

    async def _turn(self, schedule: Schedule[int]) -> None:
        """Serve everything that is due, then one probe."""
        while True:
            if self._intake.full:
                log.warning("bus waits for the spool", extra={"bus": self.config.id})
                await self._intake.room()
            jobs, missed = schedule.due(self._slot_ms())
            for gone in missed:
                self._record_missed(gone)
            for job in jobs:
                await self._serve(job)
            if not jobs:
                break
        await self._probe()

    def _pause_s(self, schedule: Schedule[int]) -> float:
        """Time until something is to be done: a slot, a probe, a connection attempt."""
        next_ms = schedule.next_ms()
        pause_s = 1.0 if next_ms is None else (next_ms - self._slot_ms()) / 1000
        now_s = self._clock.monotonic_s()
        if not self._line.connected:
            pause_s = min(pause_s, self._retry_at_s - now_s)
        for unit in self.units:
            if not unit.breaker.polled:
                pause_s = min(pause_s, unit.breaker.probe_at_s - now_s)
        return min(max(pause_s, 0.0005), 1.0)

    # --- the connection -----------------------------------------------------------------------------------------

    async def _connect_if_due(self) -> None:
        if self._line.connected:
            return
        if self._up:
            self._lost()
        if self._clock.monotonic_s() < self._retry_at_s:
            return
        if await self._line.connect():
            self._attempts = 0
            self._silent = 0
            self.counters.connects += 1
            self._up = True
            log.info("bus is connected", extra={"bus": self.config.id})
            self._on_link(self.config.id, True)
            return
        if self._attempts == 0:
            place = f"{self.config.host}:{self.config.port}"
            log.warning("bus cannot connect", extra={"bus": self.config.id, "address": place})
        self._delay_connect()

    def _delay_connect(self) -> None:
        self._retry_at_s = self._clock.monotonic_s() + reconnect_delay_s(self._attempts, random.random())
        self._attempts += 1

    def _lost(self) -> None:
        self._up = False
        self.counters.losses += 1
        self._retry_at_s = self._clock.monotonic_s()
        log.warning("bus lost its connection", extra={"bus": self.config.id})
        self._on_link(self.config.id, False)

    # --- polling ------------------------------------------------------------------------------------------------

    async def _serve(self, job: Job[int]) -> None:
        unit = self.units[job.unit]
        if not self._line.connected:
            self._absent(unit, unit.requests(job.intervals_ms), Reason.CONNECTION_LOST)
            return
        if not unit.breaker.polled:
            self._absent(unit, unit.requests(job.intervals_ms), Reason.TIMEOUT)
            return
        unit.tidy(self._clock.monotonic_s())
        requests = unit.requests(job.intervals_ms)
        for index, compiled in enumerate(requests):
            reason = await self._poll(unit, compiled)
            if reason in _NO_ANSWER:
                self._absent(unit, requests[index:], reason)
                return

    async def _poll(self, unit: Unit, compiled: Compiled) -> Reason:
        """Read one request; readings of an answer (or exception) go out here, of no answer they are the caller's."""
        began_s = self._clock.monotonic_s()
        outcome = await self._line.read(unit.config.unit, compiled.request, unit.config.timeout_s)
        ended_s = self._clock.monotonic_s()
        self.counters.requests += 1
        self.counters.busy_s += ended_s - began_s
        if isinstance(outcome, Failure):
            self._failed(unit, compiled, outcome, ended_s)
            return outcome.reason
        self._silent = 0
        if unit.breaker.answered():
            log.info("unit answers again", extra={"bus": self.config.id, "unit": unit.config.name})
        unit.counters.ok += 1
        batch = unit.read(
            compiled.rows,
            compiled.decoder.decode(outcome.data),
            outcome.time_ms,
            ended_s * 1000,
            doubtful=outcome.clock_doubtful,
            era=self._stamper.era,
        )
        if batch is not None:
            self._intake.put(batch)
        return Reason.NONE

    def _failed(self, unit: Unit, compiled: Compiled, failure: Failure, now_s: float) -> None:
        unit.counters.failed += 1
        reason = failure.reason
        if reason not in _NO_ANSWER:
            # An answer all the same, only without values: the unit lives.
            self._silent = 0
            unit.breaker.answered()
            unit.counters.exceptions += failure.exception != 0
            unit.counters.malformed += reason is Reason.MALFORMED_REPLY
            if reason is Reason.ILLEGAL_ADDRESS:
                unit.refused(compiled, now_s)
            self._put_absent(unit, compiled, reason, failure.time_ms)
            return
        if reason is Reason.TIMEOUT:
            self._silent += 1
            if unit.breaker.failed(now_s):
                log.warning("unit is silent", extra={"bus": self.config.id, "unit": unit.config.name})
            if self._silent >= SILENT_LIMIT:
                # Nobody answers: perhaps the connection is dead and nobody said so.
                self._silent = 0
                self._line.close()

    def _absent(self, unit: Unit, requests: Sequence[Compiled], reason: Reason) -> None:
        time_ms, _ = self._stamp()
        for compiled in requests:
            self._put_absent(unit, compiled, reason, time_ms)

    def _put_absent(self, unit: Unit, compiled: Compiled, reason: Reason, time_ms: int) -> None:
        now_ms = self._clock.monotonic_s() * 1000
        batch = unit.not_measured(compiled.rows, reason, time_ms, now_ms, era=self._stamper.era)
        if batch is not None:
            self._intake.put(batch)

    def _record_missed(self, missed: Missed[int]) -> None:
        unit = self.units[missed.unit]
        unit.counters.missed_slots += missed.count
        reason = Reason.BUS_BUDGET if unit.breaker.polled else Reason.TIMEOUT
        self._absent(unit, unit.requests(frozenset({missed.interval_ms})), reason)

    async def _probe(self) -> None:
        """Ask one silent unit whether it is back: the one that waits longest."""
        now_s = self._clock.monotonic_s()
        waiting = [unit for unit in self.units if unit.breaker.probe_due(now_s)]
        if not waiting or not self._line.connected:
            return
        unit = min(waiting, key=lambda unit: unit.breaker.probe_at_s)
        began_s = now_s
        outcome = await self._line.read(unit.config.unit, unit.probe().request, unit.config.timeout_s)
        now_s = self._clock.monotonic_s()
        self.counters.busy_s += now_s - began_s
        if isinstance(outcome, Failure) and outcome.reason in _NO_ANSWER:
            unit.breaker.failed(now_s)
        elif unit.breaker.answered():
            log.info("unit answers again", extra={"bus": self.config.id, "unit": unit.config.name})
