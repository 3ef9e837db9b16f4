"""One task per bus: polls what is due, the earliest deadline first, and records what was not had.

How one dead device is kept from delaying another (docs: one timeout at most): a request without an answer ends the
unit's turn, whatever else was due on it; a unit that failed twice is left alone but for probes (``gateway.breaker``);
and probes come after everything that is due, one between two turns, within a purse that all units of the bus share. A
unit alone on its bus has no neighbours to spare: its silence costs nothing. Products that are known to lose a request
after a pause, or to be silent where others refuse, are asked once more before they count as silent (two timeouts).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock
from core.quality import Reason
from gateway.breaker import PROBES_SHARE, Debt
from gateway.config import BusConfig
from gateway.intake import Intake
from gateway.lines import open_line
from gateway.lines.base import Answer, Failure, Line
from gateway.schedule import Job, Missed, Schedule
from gateway.session import reconnect_delay_s
from gateway.stamp import Stamper
from gateway.unit import Compiled, Unit
from gateway.who import ask_who
from gateway.witness import Witness

log = logging.getLogger(__name__)

SILENT_LIMIT = 4
"""Timeouts in a row, over all units, after which the connection itself is suspected and made anew."""

PURSE_S = 0.6
"""Up to this the purse of probes lends: a long probe of a unit that never answered does not keep short ones out."""
PATIENCE_S = 30.0
"""So long a probe waits for a gap between two slots in which it fits."""

GAP_S = 0.05
"""With so much left of a pause of polling a guest may ask."""
GUEST_S = 2.0
"""A bus without such pauses is asked once in this time all the same, so that commissioning goes on, slowly."""

_NO_ANSWER = frozenset({Reason.TIMEOUT, Reason.CONNECTION_LOST})


@dataclass(slots=True)
class BusCounters:
    """What a bus did."""

    requests: int = 0
    busy_s: float = 0.0
    wasted_s: float = 0.0
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
        ids = {unit.config.unit: unit.config.transaction_ids for unit in units}
        guards_s = {unit.config.unit: unit.config.profile.guard_s for unit in units}
        self._line = open_line(config.transport, self._stamp, transaction_ids=ids, guards_s=guards_s)
        self._attempts = 0
        self._retry_at_s = 0.0
        self._silent = 0
        self._up = False
        self._probing = Debt(PROBES_SHARE)
        self._resting = asyncio.Event()
        self._rest_until_s = 0.0
        # The schedule runs on the monotonic clock, set to the wall clock once: slots stay aligned and never jump.
        self._origin_ms = clock.now_ms() - clock.monotonic_s() * 1000

    def _stamp(self) -> tuple[int, bool]:
        return self._stamper.stamp(self._clock.now_ms(), self._clock.monotonic_s())

    def _slot_ms(self) -> int:
        return int(self._origin_ms + self._clock.monotonic_s() * 1000)

    @property
    def line(self) -> Line:
        """The line, for a guest who asks in the gaps."""
        return self._line

    async def gap(self) -> None:
        """Wait for a pause of polling with time left in it; when there is none for long, return all the same."""
        latest_s = self._clock.monotonic_s() + GUEST_S
        while (left_s := latest_s - self._clock.monotonic_s()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._resting.wait(), left_s)
            if self._rest_until_s - self._clock.monotonic_s() >= GAP_S:
                return
            await asyncio.sleep(min(GAP_S, left_s))

    async def run(self) -> None:
        """Poll until cancelled."""
        pairs = [(index, interval) for index, unit in enumerate(self.units) for interval in unit.intervals_ms]
        schedule: Schedule[int] = Schedule(pairs, self._slot_ms())
        self.counters.since_s = self._clock.monotonic_s()
        try:
            while True:
                await self._connect_if_due()
                await self._turn(schedule)
                pause_s = self._pause_s(schedule)
                self._rest_until_s = self._clock.monotonic_s() + pause_s
                if pause_s >= GAP_S:
                    self._resting.set()
                await asyncio.sleep(pause_s)
                self._resting.clear()
        finally:
            self._line.close()

    async def _turn(self, schedule: Schedule[int]) -> None:
        """Serve everything that is due, then one probe."""
        while True:
            if self._intake.full:
                log.warning("bus waits for the spool", extra={"bus": self.config.id})
                await self._intake.room()
            now_ms = self._slot_ms()
            for gone in schedule.missed(now_ms):
                self._record_missed(gone)
            job = schedule.take(now_ms)
            if job is None:
                break
            await self._serve(job)
        await self._probe(schedule)

    def _pause_s(self, schedule: Schedule[int]) -> float:
        """Time until something is to be done: a slot, a probe, a connection attempt."""
        next_ms = schedule.next_ms()
        pause_s = 1.0 if next_ms is None else (next_ms - self._slot_ms()) / 1000
        now_s = self._clock.monotonic_s()
        if not self._line.connected:
            pause_s = min(pause_s, self._retry_at_s - now_s)
        for unit in self.units:
            if not unit.breaker.polled:
                probe_at_s = max(unit.breaker.probe_at_s, self._probing.free_at_s(now_s, 0.0))
                pause_s = min(pause_s, probe_at_s - now_s)
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
            for unit in self.units:
                _returned(unit)
            self._up = True
            log.info("bus is connected", extra={"bus": self.config.id})
            self._on_link(self.config.id, True)
            return
        if self._attempts == 0:
            place = str(self.config.transport)
            detail = {"bus": self.config.id, "address": place, "cause": self._line.trouble}
            log.warning("bus cannot connect", extra=detail)
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
        now_s = self._clock.monotonic_s()
        if not unit.breaker.polled or unit.breaker.barred(now_s):
            self._absent(unit, unit.requests(job.intervals_ms), Reason.TIMEOUT)
            return
        if unit.witness is not None:
            await self._recognise(unit, unit.witness)
        retries = unit.retries(job.intervals_ms, now_s)
        asked = {row for compiled in retries for row in compiled.rows.tolist()}
        gone = [row for row in unit.missing(job.intervals_ms).tolist() if row not in asked]
        self._put_absent(unit, np.array(gone, np.intp), Reason.ILLEGAL_ADDRESS, self._stamp()[0])
        left = deque((*unit.requests(job.intervals_ms), *retries))
        while left:
            compiled = left.popleft()
            reason, parts = await self._poll(unit, compiled)
            left.extendleft(reversed(parts))
            if reason in _NO_ANSWER:
                self._absent(unit, (compiled, *left), reason)
                return

    async def _poll(self, unit: Unit, compiled: Compiled) -> tuple[Reason, Sequence[Compiled]]:
        """Read one request; returns why there was no answer, and parts to be read in its place.

        Readings of an answer or exception go out here; where there was no answer, or parts are returned, they are the
        caller's.
        """
        began_s = self._clock.monotonic_s()
        outcome = await self._ask(unit, compiled, unit.config.timeout_s)
        if isinstance(outcome, Failure) and outcome.reason is Reason.TIMEOUT:
            outcome = await self._doubted(unit, compiled, outcome)
        ended_s = self._clock.monotonic_s()
        self.counters.requests += 1
        self.counters.busy_s += ended_s - began_s
        unit.counters.busy_s += ended_s - began_s
        if isinstance(outcome, Failure):
            parts = self._failed(unit, compiled, outcome, began_s, ended_s)
            return outcome.reason, parts
        self._silent = 0
        unit.pace.took(ended_s - began_s)
        unit.answered(compiled, ended_s)
        if unit.breaker.answered():
            self._revived(unit)
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
        return Reason.NONE, ()

    async def _ask(self, unit: Unit, compiled: Compiled, timeout_s: float) -> Answer | Failure:
        """One question; once more at once where the product is known to lose the first after a pause."""
        drowsy = unit.is_drowsy(self._clock.monotonic_s())
        outcome = await self._line.read(unit.config.unit, compiled.request, timeout_s)
        if drowsy and isinstance(outcome, Failure) and outcome.reason is Reason.TIMEOUT:
            outcome = await self._line.read(unit.config.unit, compiled.request, timeout_s)
        return outcome

    async def _doubted(self, unit: Unit, compiled: Compiled, silence: Failure) -> Failure:
        """What a silence means: of a product that does not answer illegal addresses it may be a refusal.

        It is one if the unit answers another question right after it.
        """
        control = unit.control(compiled)
        if control is None:
            return silence
        outcome = await self._line.read(unit.config.unit, control.request, unit.config.timeout_s)
        if isinstance(outcome, Failure):
            unit.unheard()
            return silence
        unit.answered(control, self._clock.monotonic_s())
        return replace(silence, reason=Reason.ILLEGAL_ADDRESS)

    async def _recognise(self, unit: Unit, witness: Witness) -> None:
        """Hold the unit against its record, and ask it who it is if that is due: one or two short reads an hour."""
        began_s = self._clock.monotonic_s()
        witness.lacks(unit.missing(unit.intervals_ms).tolist(), began_s)
        if not witness.identity_due(began_s):
            return
        seen, complete = await ask_who(self._line, unit.config, witness)
        ended_s = self._clock.monotonic_s()
        self.counters.busy_s += ended_s - began_s
        unit.counters.busy_s += ended_s - began_s
        witness.heard(seen, ended_s, complete=complete)

    def _revived(self, unit: Unit) -> None:
        log.info("unit answers again", extra={"bus": self.config.id, "unit": unit.config.name})
        _returned(unit)

    def _failed(
        self, unit: Unit, compiled: Compiled, failure: Failure, began_s: float, now_s: float
    ) -> Sequence[Compiled]:
        unit.counters.failed += 1
        reason = failure.reason
        if reason not in _NO_ANSWER:
            # An answer all the same, only without values: the unit lives.
            self._silent = 0
            unit.heard(now_s)
            unit.breaker.answered()
            unit.counters.exceptions += failure.exception != 0
            unit.counters.malformed += reason is Reason.MALFORMED_REPLY
            parts = unit.refused(compiled, now_s) if reason is Reason.ILLEGAL_ADDRESS else ()
            if not failure.exception:
                parts = ()  # refused by silence: each such part costs a timeout, so it is read at the next slot
            if not parts:
                self._put_absent(unit, compiled.rows, reason, failure.time_ms)
            return parts
        if reason is Reason.TIMEOUT:
            self._silent += 1
            if unit.breaker.failed(now_s, self._waste(now_s - began_s)):
                log.warning("unit is silent", extra={"bus": self.config.id, "unit": unit.config.name})
            if self._silent >= SILENT_LIMIT:
                # Nobody answers: perhaps the connection is dead and nobody said so.
                self._silent = 0
                self._line.close()
        return ()

    def _waste(self, seconds: float) -> float:
        """What a silence cost the neighbours."""
        self.counters.wasted_s += seconds
        return seconds if len(self.units) > 1 else 0.0

    def _absent(self, unit: Unit, requests: Sequence[Compiled], reason: Reason) -> None:
        time_ms, _ = self._stamp()
        for compiled in requests:
            self._put_absent(unit, compiled.rows, reason, time_ms)

    def _put_absent(self, unit: Unit, rows: NDArray[np.intp], reason: Reason, time_ms: int) -> None:
        if not len(rows):
            return
        now_ms = self._clock.monotonic_s() * 1000
        batch = unit.not_measured(rows, reason, time_ms, now_ms, era=self._stamper.era)
        if batch is not None:
            self._intake.put(batch)

    def _record_missed(self, missed: Missed[int]) -> None:
        unit = self.units[missed.unit]
        unit.counters.missed_slots += missed.count
        reason = Reason.BUS_BUDGET if unit.breaker.polled else Reason.TIMEOUT
        self._put_absent(unit, unit.rows(frozenset({missed.interval_ms})), reason, self._stamp()[0])

    async def _probe(self, schedule: Schedule[int]) -> None:
        """Ask one silent unit whether it is back: the one that waits longest, of those that can wait no longer or fit.

        A probe fits if it is over before the next slot begins; what never fits is asked all the same after a while.
        """
        now_s = self._clock.monotonic_s()
        owed_s = self._probing.owed_s(now_s)
        if not self._line.connected:
            return
        next_ms = schedule.next_ms()
        gap_s = math.inf if next_ms is None else (next_ms - self._slot_ms()) / 1000
        waiting = [
            (unit.breaker.probe_at_s, index)
            for index, unit in enumerate(self.units)
            if unit.breaker.probe_due(now_s)
            and (not owed_s or owed_s + self._probe_timeout_s(unit) <= PURSE_S)
            and (self._probe_timeout_s(unit) <= gap_s or now_s - unit.breaker.probe_at_s > PATIENCE_S)
        ]
        if not waiting:
            return
        unit = self.units[min(waiting)[1]]
        compiled = unit.probe()
        if compiled is None:
            return
        timeout_s = self._probe_timeout_s(unit)
        began_s = now_s
        outcome = await self._ask(unit, compiled, timeout_s)
        now_s = self._clock.monotonic_s()
        self.counters.busy_s += now_s - began_s
        unit.counters.busy_s += now_s - began_s
        if isinstance(outcome, Failure) and outcome.reason in _NO_ANSWER:
            wasted_s = self._waste(now_s - began_s)
            self._probing.spend(now_s, wasted_s)
            unit.breaker.failed(now_s, wasted_s)
            unit.unheard()
            return
        unit.heard(now_s)
        if not isinstance(outcome, Failure):
            unit.answered(compiled, now_s)
        if unit.breaker.answered():
            self._revived(unit)

    @staticmethod
    def _probe_timeout_s(unit: Unit) -> float:
        return unit.pace.probe_timeout_s(unit.config.timeout_s, unit.breaker.failures)


def _returned(unit: Unit) -> None:
    """The unit or its line was away."""
    if unit.witness is not None:
        unit.witness.returned()
