"""The gateway as a whole: builds the parts, joins them, ends them.

Order of the end, with a deadline for each step: drivers stop, so nothing new is read; what was read is committed; the
uplink says goodbye (NDEATH); the spool is closed. A part that dies stops the whole gateway with its error: a gateway
that only looks alive is worse than one that is restarted.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path

from core.clock import Clock
from core.errors import Unavailable
from gateway.adapter import Adapter
from gateway.births import Command
from gateway.boot import boot_id
from gateway.bus import Bus
from gateway.config import GatewayConfig
from gateway.config_file import load_config
from gateway.drills import BIRTH, DrillPost, Drills
from gateway.drills import hear as hear_drill
from gateway.health import BusHealth, Health, Shares, UnitHealth, node_metrics, write_status
from gateway.intake import Intake
from gateway.local_port import serve, socket_of
from gateway.model_memory import ModelMemory
from gateway.naming import Named, name_points, point_name, prepare
from gateway.points import Points
from gateway.prediction import costs, predict
from gateway.records import Records
from gateway.remote import Identity, answering, birth_metrics, hear, identities, report_metrics
from gateway.rollout import Evidence
from gateway.rollouts import Rollouts
from gateway.self_points import HostClock, SelfReport, Vitals
from gateway.session import Link
from gateway.source import Source
from gateway.spool import Spool
from gateway.spool_values import Metric, SpoolOptions, SpoolState
from gateway.stamp import Stamper, boot_began_ms
from gateway.tasks import DRAIN_S, cancel, death_of, raise_first, start, until
from gateway.transport import with_guard
from gateway.unit import Unit
from gateway.uplink import Uplink
from gateway.writer import SpoolThread, Writer

log = logging.getLogger(__name__)

__all__ = ["Gateway", "load_config", "point_name", "run"]

STATUS_S = 5.0
MODELS_FILE = "models.json"
"""What was learned about models, beside the spool."""
DATE_S = 1.0


Guest = Callable[[GatewayConfig, Sequence[Bus], DrillPost], Coroutine[None, None, None]]
"""Somebody who uses the buses beside live polling, such as the technician's page, and may call for test alarms; runs
until it is cancelled."""


async def run(
    config: GatewayConfig,
    *,
    clock: Clock,
    stop: asyncio.Event,
    rollouts: Rollouts | None = None,
    guest: Guest | None = None,
) -> None:
    """Run a gateway until ``stop`` is set.

    Args:
        config: what it reads and whom it tells.
        clock: wall and monotonic time.
        stop: set it to end the gateway in order.
        rollouts: takes other configurations from afar; None: none is taken.
        guest: asks questions in the gaps of polling; begun anew with the drivers when the configuration changes.

    Raises:
        Unavailable: if the spool cannot be opened.
        Invalid: if the spool's folder cannot be written.
    """
    options = SpoolOptions(budget_bytes=config.spool.budget_bytes, boot=boot_id())
    spool = SpoolThread(lambda: Spool(config.spool.path, host_identity(), clock.now_ms(), options))
    async with spool:
        await Gateway(config, clock, spool, rollouts, guest).run(stop)


def host_identity() -> str:
    """Who this machine is, as a hash: a copied spool on another machine must not speak with the same voice."""
    for place in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            text = Path(place).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return hashlib.sha256(text.encode()).hexdigest()[:16]
    return hashlib.sha256(platform.node().encode()).hexdigest()[:16]


class Gateway:
    """One running gateway; it lives within an open spool."""

    def __init__(
        self,
        config: GatewayConfig,
        clock: Clock,
        spool: SpoolThread,
        rollouts: Rollouts | None = None,
        guest: Guest | None = None,
    ) -> None:
        """Prepare; nothing runs yet. Without ``rollouts`` no configuration is taken from afar."""
        self.config = config
        self._rollouts = rollouts
        self._guest = guest
        self._drivers: list[asyncio.Task[None]] = []
        self._expected: frozenset[Identity] = frozenset()
        self._acknowledged = 0
        self._self: SelfReport | None = None
        self._host_clock = HostClock()
        self._drills = Drills(clock)
        self._metrics: frozenset[str] = frozenset()
        self._records = Records(())
        self._clock = clock
        self._spool = spool
        self._stamper = Stamper(clock.now_ms(), clock.monotonic_s())
        self._intake = Intake()
        self._memory = ModelMemory(config.spool.path.with_name(MODELS_FILE))
        self._buses: list[Bus] = []
        self._adapters: list[Adapter] = []
        self._devices = {bus.id: bus.device for bus in config.buses} | {item.id: item.id for item in config.adapters}
        self._up: dict[str, bool] = {}
        self._uplink: Uplink | None = None
        self._writer: Writer | None = None
        self._state: SpoolState | None = None
        self._used = Shares()
        self._fill_level = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Run all parts until ``stop`` is set or one of them dies."""
        named, state, metrics = await self._name_points()
        uplink = self._uplink = Uplink(
            self.config.uplink, self.config.node, self._spool, state, named.points, metrics, self._clock,
            lambda: node_metrics(self.health()), alarms=named.alarms,
        )  # fmt: skip
        self._listen_to(uplink)
        writer = self._writer = Writer(self._intake, self._spool, uplink, self.config.spool.linger_s)
        drained, closed = asyncio.Event(), asyncio.Event()
        chores = [start(self._watch(), "status"), start(self._date(uplink), "dates")]
        chores.append(start(self._report_self(), "self"))
        chores.append(start(self._drills.run(), "drills"))
        chores.append(start(serve(self._drills, socket_of(self.config)), "local-port"))
        writing = start(writer.run(drained), "writer")
        carrying = start(uplink.run(closed), "uplink")
        stopping = start(until(stop), "stop")
        self._start_drivers()
        parts = [*chores, writing, carrying]
        try:
            await self._live([*parts, stopping])
        finally:
            stopping.cancel()
            await cancel([*self._drivers, *chores])
            drained.set()
            await asyncio.wait((writing,), timeout=DRAIN_S)
            closed.set()
            await asyncio.wait((carrying,), timeout=DRAIN_S)
            await cancel([writing, carrying])
        raise_first([*self._drivers, *parts])

    async def _live(self, ends: Sequence[asyncio.Task[None]]) -> None:
        """Until one of ``ends`` or a driver has ended; meanwhile other configurations may come and go."""
        changing = self._next_change()
        try:
            while True:
                await asyncio.wait((*ends, *self._drivers, changing), return_when=asyncio.FIRST_COMPLETED)
                dead = [driver for driver in self._drivers if driver.done()]
                if any(end.done() for end in ends) or (dead and not self._on_trial):
                    return
                if changing.done():
                    await self._reconfigure(changing.result())
                    changing = self._next_change()
                elif dead and self._rollouts is not None:
                    self._rollouts.died(death_of(dead[0]))
                    await cancel(self._drivers)
                    self._drivers = []
        finally:
            changing.cancel()
            await asyncio.wait((changing,))

    # --- configurations from afar -------------------------------------------------------------------------------

    @property
    def _on_trial(self) -> bool:
        return self._rollouts is not None and self._rollouts.on_trial

    def _next_change(self) -> asyncio.Task[GatewayConfig]:
        coming = _never() if self._rollouts is None else self._rollouts.change()
        return asyncio.create_task(coming, name="rollouts")

    def _listen_to(self, uplink: Uplink) -> None:
        """Connect what the host says and hears with what is done about configurations."""
        rollouts = self._rollouts

        def commanded(command: Command) -> None:
            self._host_clock.heard(command.sent_ms, self._clock.now_ms())
            if command.test_alarm and not hear_drill(self._drills, command.test_alarm):
                uplink.counters.bad_commands += 1
            if rollouts is not None:
                hear(rollouts, uplink, command)

        uplink.on_command = commanded
        uplink.birth_metrics = lambda: [BIRTH, *(birth_metrics(rollouts) if rollouts is not None else ())]
        self._drills.tell = uplink.edge.tell
        self._drills.online = lambda: uplink.link is Link.ONLINE
        self._drills.reads = lambda metric: metric in self._metrics
        if rollouts is not None:
            rollouts.told = lambda: uplink.edge.tell(report_metrics(rollouts))
            rollouts.evidence = self._evidence

    async def _reconfigure(self, config: GatewayConfig) -> None:
        """Other drivers over the same spool and uplink: nothing that was read is lost, and aliases stay the same."""
        uplink = self._uplink
        if uplink is None:
            raise RuntimeError("the gateway does not run")
        before = self._answering()
        await cancel(self._drivers)
        self._drivers = []
        self.config = config
        self._devices = {bus.id: bus.device for bus in config.buses} | {item.id: item.id for item in config.adapters}
        self._up.clear()
        named, _, metrics = await self._name_points()
        self._expected = before & identities(config)
        self._acknowledged = uplink.counters.acknowledged
        uplink.alarms = uplink.window.alarms = named.alarms
        uplink.edge.use(named.points, metrics)
        self._start_drivers()
        if self._rollouts is not None:
            self._rollouts.begun()

    def _answering(self) -> frozenset[Identity]:
        return answering(self._buses, self._adapters, self._clock.monotonic_s() - self.config.rollout.probation_s)

    def _evidence(self) -> Evidence:
        if self._uplink is None:
            raise RuntimeError("the gateway does not run")
        return Evidence(
            online=self._uplink.link is Link.ONLINE,
            acknowledged=self._uplink.counters.acknowledged > self._acknowledged,
            expected=len(self._expected),
            answering=len(self._expected & self._answering()),
        )

    # --- the parts ----------------------------------------------------------------------------------------------

    async def _name_points(self) -> tuple[Named, SpoolState, list[Metric]]:
        """Number the points of the configuration, give them aliases, and make their drivers; nothing runs yet."""
        named = name_points(self.config)
        # What waits in the intake still needs its aliases.
        idle = self._intake.waiting == 0
        state = self._state = await self._spool.run(lambda spool: prepare(spool, named, retire=idle))
        self._intake.urgent = named.urgent()
        self._metrics = frozenset(name.metric for name in named.points.names)
        self._buses = self._make_buses(named.points)
        self._records = Records(self._buses)
        await self._records.refresh()
        self._adapters = self._make_adapters(named.points, named.of_buses)
        self._self = SelfReport(named.points, named.of_drivers) if self.config.own else None
        return named, state, await self._spool.run(lambda spool: spool.metrics())

    def _start_drivers(self) -> None:
        self._drivers = [start(bus.run(), f"bus-{bus.config.id}") for bus in self._buses]
        self._drivers += [start(adapter.run(), f"adapter-{adapter.config.id}") for adapter in self._adapters]
        if self._guest is not None:
            self._drivers.append(start(self._guest(self.config, self._buses, self._drills), "guest"))

    def _make_buses(self, points: Points) -> list[Bus]:
        buses: list[Bus] = []
        first = 0
        for config in self.config.buses:
            units: list[Unit] = []
            for unit in config.units:
                scatter = (len(buses) * 7 + len(units)) * 0.618 % 1
                model = partial(self._memory.model, unit.profile.key)
                transport = with_guard(config.transport, unit.profile.guard_s)
                seconds = costs(transport, unit.profile.turnaround_s)
                units.append(Unit(unit, config.device, points, first, scatter, model, seconds))
                first += len(unit.points)
            buses.append(Bus(config, units, self._intake, self._clock, self._stamper, self._link_changed))
            load = predict(config)
            if load.tight:
                log.warning("bus has little room", extra={"bus": config.id, "predicted_percent": round(load.percent)})
        return buses

    def _make_adapters(self, points: Points, first: int) -> list[Adapter]:
        adapters: list[Adapter] = []
        for config in self.config.adapters:
            sources: list[Source] = []
            for source in config.sources:
                sources.append(Source(source, config.id, points, first))
                first += len(source.fields)
            client_id = f"{self.config.node.node}-{config.id}"
            adapters.append(
                Adapter(config, sources, self._intake, self._clock, self._stamper, client_id, self._link_changed)
            )
        return adapters

    def _link_changed(self, link: str, up: bool) -> None:
        """A bus or adapter came or went; a Sparkplug device is lost when the last of its links is."""
        self._up[link] = up
        device = self._devices[link]
        alive = any(self._up.get(other, False) for other, its in self._devices.items() if its == device)
        if self._uplink is not None and alive == up:
            self._uplink.device_up(device, up)

    async def _date(self, uplink: Uplink) -> None:
        """Give the readings of a time without a clock their dates, as soon as the clock is set."""
        while True:
            self._stamper.stamp(self._clock.now_ms(), self._clock.monotonic_s())
            if not self._stamper.unset:
                began_ms = boot_began_ms(self._clock.now_ms(), self._clock.monotonic_s())
                try:
                    done = await self._spool.run(lambda spool, began_ms=began_ms: spool.date(began_ms))  # type: ignore[misc]
                except Unavailable as error:
                    log.error("readings cannot be dated", extra={"error": str(error)})
                else:
                    if done:
                        uplink.dated(done)
            await asyncio.sleep(DATE_S)

    # --- health -------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Refresh what the spool says, and the status file."""
        while True:
            try:
                self._state = await self._spool.run(lambda spool: spool.state())
            except Unavailable as error:
                log.error("spool does not say how it is", extra={"error": str(error)})
            self._watch_disk()
            self._measure_use()
            await self._records.refresh()
            await self._keep_memory()
            if self.config.status_file is not None:
                try:
                    await asyncio.to_thread(write_status, self.config.status_file, self.health())
                except OSError as error:
                    log.warning("status file cannot be written", extra={"error": str(error)})
            await asyncio.sleep(STATUS_S)

    async def _keep_memory(self) -> None:
        """What was learned about models outlives a restart; a disk that refuses costs only that."""
        try:
            await asyncio.to_thread(self._memory.save)
        except OSError as error:
            log.warning("what was learned about models cannot be written", extra={"error": str(error)})

    def _watch_disk(self) -> None:
        """Say so, once a level, before the disk is full and the gateway has to stop reading."""
        level = self.health().fill_level
        if level > self._fill_level:
            log.warning("disk is filling; free some space, or lower budget_mb", extra={"percent": level})
        self._fill_level = level

    def _measure_use(self) -> None:
        now_s = self._clock.monotonic_s()
        for bus in self._buses:
            self._used.look(bus.config.id, now_s, bus.counters.since_s, bus.counters.busy_s)
            for unit in bus.units:
                key = f"{bus.config.id}/{unit.config.name}"
                self._used.look(key, now_s, bus.counters.since_s, unit.counters.busy_s)

    def health(self) -> Health:
        """The state of the gateway now (what the spool holds: as of the last look)."""
        state, uplink, writer = self._state, self._uplink, self._writer
        if state is None or uplink is None:
            raise RuntimeError("the gateway does not run")
        now_ms = self._clock.now_ms()
        counters = [unit.counters for bus in self._buses for unit in bus.units]
        return Health(
            time_ms=now_ms,
            link=uplink.link.value,
            mode=self.config.uplink.mode.value,
            epoch=state.epoch,
            spool_bytes=state.bytes,
            spool_readings=state.readings,
            spool_gap_readings=state.gap_readings,
            spool_oldest_s=max(0.0, (now_ms - state.oldest_ms) / 1000) if state.oldest_ms else 0.0,
            spool_oldest_ms=state.oldest_ms,
            spool_newest_ms=state.newest_ms,
            spool_held_readings=state.held_readings,
            spool_thinned=state.thinned,
            spool_used_percent=100 * state.disk_bytes / state.budget_bytes if state.budget_bytes else 0.0,
            disk_used_percent=100 * state.file_system_used,
            spool_damaged=state.damaged,
            spool_replaced=state.replaced,
            spool_rollbacks=uplink.counters.rollbacks,
            spool_failures=writer.failures if writer else 0,
            in_flight_bytes=uplink.window.in_flight_bytes,
            read=self._intake.accepted,
            committed=writer.committed if writer else 0,
            evicted=uplink.counters.evicted,
            polls_ok=sum(counter.ok for counter in counters),
            polls_failed=sum(counter.failed for counter in counters),
            slots_missed=sum(counter.missed_slots for counter in counters),
            clock_doubtful=self._stamper.doubtful,
            clock_steps=self._stamper.steps,
            adapter_rejected=sum(adapter.rejected for adapter in self._adapters),
            buses=tuple(self._bus_health(bus) for bus in self._buses),
        )

    async def _report_self(self) -> None:
        """Put readings of the gateway's own state with the others."""
        own = self.config.own
        while own is not None:
            if self._self is not None and not self._intake.full:
                stamp = self._stamper.stamp(self._clock.now_ms(), self._clock.monotonic_s())
                self._intake.put(self._self.read(self._vitals(), stamp))
            await asyncio.sleep(own.interval_s)
        await asyncio.Event().wait()

    def _vitals(self) -> Vitals:
        uplink, links = self._uplink, list(self._devices)
        return Vitals(
            health=self.health(),
            clock_offset_s=self._host_clock.take(),
            credit_bytes=self.config.uplink.credit_bytes,
            links=len(links),
            links_down=sum(not self._up.get(link, False) for link in links),
            sessions=uplink.counters.sessions if uplink else 0,
        )

    def _bus_health(self, bus: Bus) -> BusHealth:
        return BusHealth(
            id=bus.config.id,
            connected=self._up.get(bus.config.id, False),
            used_percent=self._used.percent(bus.config.id),
            units_silent=sum(not unit.breaker.polled for unit in bus.units),
            wasted_s=bus.counters.wasted_s,
            units=tuple(
                UnitHealth(
                    name=unit.config.name,
                    unit=unit.config.unit,
                    answering=unit.breaker.state.value,
                    used_percent=self._used.percent(f"{bus.config.id}/{unit.config.name}"),
                    response_ms=1000 * unit.pace.mean_s,
                    polls_ok=unit.counters.ok,
                    polls_failed=unit.counters.failed,
                    slots_missed=unit.counters.missed_slots,
                    registers_missing=unit.lacking,
                    signed=unit.witness is not None,
                    contradictions=unit.witness.contradictions if unit.witness is not None else (),
                )
                for unit in bus.units
            ),
        )


async def _never() -> GatewayConfig:
    await asyncio.Event().wait()
    raise RuntimeError("nobody sets this event")
