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
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock
from core.errors import Unavailable
from core.sparkplug.datatypes import DataType
from gateway.adapter import Adapter
from gateway.boot import boot_id
from gateway.bus import Bus
from gateway.chunk import Traits
from gateway.config import FieldConfig, GatewayConfig, PointConfig
from gateway.config_file import load_config
from gateway.health import BusHealth, Health, Shares, UnitHealth, node_metrics, write_status
from gateway.intake import Intake
from gateway.model_memory import ModelMemory
from gateway.points import PointName, Points
from gateway.prediction import costs, predict
from gateway.profile import DataType as RegisterType
from gateway.source import Source
from gateway.spool import Spool
from gateway.spool_values import SpoolOptions, SpoolState
from gateway.stamp import Stamper, boot_began_ms
from gateway.unit import Unit
from gateway.uplink import Uplink
from gateway.writer import SpoolThread, Writer

log = logging.getLogger(__name__)

__all__ = ["Gateway", "load_config", "run"]

DRAIN_S = 2.0
STATUS_S = 5.0
MODELS_FILE = "models.json"
"""What was learned about models, beside the spool."""
DATE_S = 1.0
_KINDS = {
    RegisterType.U64: DataType.UINT64,
    RegisterType.S64: DataType.INT64,
    RegisterType.BOOL: DataType.BOOLEAN,
    RegisterType.STRING: DataType.STRING,
}


async def run(config: GatewayConfig, *, clock: Clock, stop: asyncio.Event) -> None:
    """Run a gateway until ``stop`` is set.

    Args:
        config: what it reads and whom it tells.
        clock: wall and monotonic time.
        stop: set it to end the gateway in order.

    Raises:
        Unavailable: if the spool cannot be opened.
        Invalid: if the spool's folder cannot be written.
    """
    options = SpoolOptions(budget_bytes=config.spool.budget_bytes, boot=boot_id())
    spool = SpoolThread(lambda: Spool(config.spool.path, host_identity(), clock.now_ms(), options))
    async with spool:
        await Gateway(config, clock, spool).run(stop)


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


def metric_type(register: RegisterType, scaled: bool) -> DataType:
    """The Sparkplug datatype of a register: Double, but Boolean, String and whole 64-bit counters as they are."""
    kind = _KINDS.get(register, DataType.DOUBLE)
    return DataType.DOUBLE if scaled and kind in (DataType.UINT64, DataType.INT64) else kind


def point_name(device: str, point: PointConfig) -> PointName:
    """How a Modbus point is called on the wire."""
    register = point.register
    kind = DataType.DOUBLE if point.site.changes_values else metric_type(register.type, register.scaled)
    unit = "" if kind is DataType.STRING else point.unit
    return PointName(device=device, metric=point.metric, type=kind, unit=unit)


def field_name(device: str, field: FieldConfig) -> PointName:
    """How a field of an MQTT device is called on the wire."""
    return PointName(device=device, metric=field.metric, type=DataType.DOUBLE, unit=field.unit)


class Gateway:
    """One running gateway; it lives within an open spool."""

    def __init__(self, config: GatewayConfig, clock: Clock, spool: SpoolThread) -> None:
        """Prepare; nothing runs yet."""
        self.config = config
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
        names = [point_name(bus.device, p) for bus in self.config.buses for unit in bus.units for p in unit.points]
        of_buses = len(names)
        names += [field_name(a.id, f) for a in self.config.adapters for source in a.sources for f in source.fields]
        points = Points(names)
        traits = [p.traits for bus in self.config.buses for unit in bus.units for p in unit.points]
        traits += [f.traits for a in self.config.adapters for source in a.sources for f in source.fields]
        state = self._state = await self._spool.run(lambda spool: _prepare(spool, points, traits))
        metrics = await self._spool.run(lambda spool: spool.metrics())
        self._intake.urgent = _urgent(points, traits)
        self._buses = self._make_buses(points)
        self._adapters = self._make_adapters(points, of_buses)
        uplink = self._uplink = Uplink(
            self.config.uplink, self.config.node, self._spool, state, points, metrics, self._clock,
            lambda: node_metrics(self.health()), alarms=any(one.alarm for one in traits),
        )  # fmt: skip
        writer = self._writer = Writer(self._intake, self._spool, uplink, self.config.spool.linger_s)
        drained, closed = asyncio.Event(), asyncio.Event()
        drivers = [_task(bus.run(), f"bus-{bus.config.id}") for bus in self._buses]
        drivers += [_task(adapter.run(), f"adapter-{adapter.config.id}") for adapter in self._adapters]
        drivers += [_task(self._watch(), "status"), _task(self._date(uplink), "dates")]
        writing = _task(writer.run(drained), "writer")
        carrying = _task(uplink.run(closed), "uplink")
        stopping = _task(_wait(stop), "stop")
        parts = [*drivers, writing, carrying]
        try:
            await asyncio.wait((*parts, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await _cancel(drivers)
            drained.set()
            await asyncio.wait((writing,), timeout=DRAIN_S)
            closed.set()
            await asyncio.wait((carrying,), timeout=DRAIN_S)
            await _cancel([writing, carrying])
        _raise_first(parts)

    def _make_buses(self, points: Points) -> list[Bus]:
        buses: list[Bus] = []
        first = 0
        for config in self.config.buses:
            units: list[Unit] = []
            for unit in config.units:
                scatter = (len(buses) * 7 + len(units)) * 0.618 % 1
                model = partial(self._memory.model, unit.profile.key)
                seconds = costs(config.transport, unit.profile.turnaround_s)
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
                )
                for unit in bus.units
            ),
        )


def _urgent(points: Points, traits: Sequence[Traits]) -> NDArray[np.bool_]:
    """By alias: alarms hang on this point; one more at the end for every alias beyond. Empty if there is none."""
    if not any(one.alarm for one in traits):
        return np.zeros(0, np.bool_)
    mask = np.zeros(int(points.alias.max()) + 2, np.bool_)
    mask[points.alias] = [one.alarm for one in traits]
    return mask


def _prepare(spool: Spool, points: Points, traits: Sequence[Traits]) -> SpoolState:
    """Give every point its alias, and tell the spool what it is worth."""
    by_device: dict[str, list[int]] = {}
    for row, name in enumerate(points.names):
        by_device.setdefault(name.device, []).append(row)
    for device, rows in by_device.items():
        metrics = [(points.names[row].metric, points.names[row].type, points.names[row].unit) for row in rows]
        points.alias[rows] = spool.aliases(device, metrics)
    spool.retire(points.alias.tolist())
    spool.value_points(dict(zip(points.alias.tolist(), traits, strict=True)))
    return spool.state()


def _task(coroutine: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    return asyncio.create_task(coroutine, name=name)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: a cancellation that a library swallowed is repeated, not waited for in vain."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=DRAIN_S)
        if left:
            log.warning("a part of the gateway does not end", extra={"parts": sorted(t.get_name() for t in left)})
    await asyncio.gather(*tasks, return_exceptions=True)


def _raise_first(tasks: list[asyncio.Task[None]]) -> None:
    """A part that ended with an error passes it on."""
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            log.error("a part of the gateway died", extra={"part": task.get_name()})
            raise error
