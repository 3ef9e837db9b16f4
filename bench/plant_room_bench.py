"""The plant room: 32 simulated units on one serial bus at 9600 baud, polled by the gateway's own bus task.

The poll interval is set so that the living units, the one that takes 1.5 s to answer included, need 90 % of what the
bus arithmetic allows: characters, silences and the turnarounds that the simulator really has. Three dead units are on
the bus besides. What is counted is slots: each living point must have an answer in each of its slots. Then units
are killed and revived while the others are watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.rows import Row
from core.clock import SystemClock
from core.quality import QualityClass
from firmware_sim.serial_bus.plan import PLANT_ROOM, BusPlan, UnitPlan, read_bus
from gateway.bus import Bus
from gateway.chunk import Batch
from gateway.config import BusConfig, PointConfig, UnitConfig
from gateway.intake import Intake
from gateway.plan import plan
from gateway.points import Points
from gateway.prediction import costs
from gateway.profile import DataType, Profile
from gateway.profile_file import shipped
from gateway.service import point_name
from gateway.stamp import Stamper
from gateway.transport import SerialTransport
from gateway.unit import Unit
from gateway.wiretime import request_s

SHARE = 0.90
WATCH_S = 60.0
WARM_UP_S = 12.0
MOST_POINTS = 8
DEAD, SLOW = frozenset({16, 27, 32}), 31
VICTIMS = (5, 12, 24)
SLOW_S = 1.5


class Watch(Intake):
    """An intake that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []

    def put(self, batch: Batch) -> None:
        """Keep a batch."""
        self.batches.append(batch)


@dataclass(frozen=True)
class Room:
    """The bus as it is configured: its points by unit, and the seconds a round of the living units takes."""

    config: BusConfig
    interval_ms: int
    round_s: float


def _points(profile: Profile, unit: int, interval_ms: int) -> tuple[PointConfig, ...]:
    registers = [
        one for one in profile.quantities if one.function in (3, 4) and one.type not in (DataType.STRING, DataType.ENUM)
    ]
    return tuple(
        PointConfig(metric=f"u{unit}/{one.name}", register=one, interval_ms=interval_ms)
        for one in registers[:MOST_POINTS]
    )


def _unit(profiles: Mapping[str, Profile], unit: UnitPlan, interval_ms: int) -> UnitConfig:
    slow = unit.unit_id == SLOW
    profile = profiles[unit.product]
    return UnitConfig(
        name=f"u{unit.unit_id}",
        unit=unit.unit_id,
        profile=profile,
        timeout_s=3.0 if slow else 0.5,
        points=_points(profile, unit.unit_id, interval_ms),
    )


def room(path: str, described: BusPlan) -> Room:
    """The bus, at an interval at which the living units need ``SHARE`` of it."""
    profiles = shipped()
    transport = SerialTransport(path=path, baud=described.line.baud)
    seconds = 0.0
    for unit in described.units:
        if unit.unit_id in DEAD:
            continue
        config = _unit(profiles, unit, 1)
        registers = {point.register.name: point.register for point in config.points}
        turnaround_s = unit.pace.turnaround_s + unit.pace.jitter_s / 2 + SLOW_S * (unit.unit_id == SLOW)
        for request in plan(config.profile, registers.values(), costs=costs(transport)):
            seconds += request_s(transport, request.function, request.count, turnaround_s)
    interval_ms = round(1000 * seconds / SHARE)
    units = tuple(_unit(profiles, unit, interval_ms) for unit in described.units)
    return Room(BusConfig(id="plant", device="plant", transport=transport, units=units), interval_ms, seconds)


@contextlib.asynccontextmanager
async def simulator(link: Path, control: Path) -> AsyncIterator[None]:
    """The bus in a process of its own."""
    arguments = ("-m", "firmware_sim", "bus", "--link", str(link), "--control", str(control))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def act(control: Path, action: str) -> None:
    """Do something to the bus while it runs."""
    arguments = ("-m", "firmware_sim", "bus-do", str(control), *action.split())
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0, action


@contextlib.asynccontextmanager
async def polled(it: Room, watch: Watch) -> AsyncIterator[tuple[Bus, Points]]:
    """The gateway's bus task at work."""
    clock = SystemClock()
    points = Points([point_name("plant", point) for unit in it.config.units for point in unit.points])
    points.alias[:] = np.arange(len(points))
    units, first = [], 0
    for config in it.config.units:
        units.append(Unit(config, "plant", points, first, 0.0, costs=costs(it.config.transport)))
        first += len(config.points)
    bus = Bus(it.config, units, watch, clock, Stamper(clock.now_ms(), clock.monotonic_s()), lambda *_: None)
    running = asyncio.create_task(bus.run(), name="bus")
    try:
        yield bus, points
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def on_schedule(it: Room, points: Points, batches: list[Batch], from_ms: int, to_ms: int, spared: set[int]) -> float:
    """Share of the slots of living points with an answer, from one moment to another.

    Points that a unit does not have (holes) and the units ``spared`` do not count. A value out of range is an answer,
    too: one unit is a clone with swapped words.
    """
    alias = np.concatenate([batch.alias for batch in batches])
    time_ms = np.concatenate([batch.time_ms for batch in batches])
    good = np.concatenate([batch.quality for batch in batches]) >> 6 != QualityClass.NOT_MEASURED
    unit = np.array([int(name.metric.split("/")[0][1:]) for name in points.names])
    ever = np.zeros(len(points), np.bool_)
    ever[alias[good]] = True
    counted = ever & ~np.isin(unit, [*DEAD, *spared])
    first, last = -(-from_ms // it.interval_ms), to_ms // it.interval_ms
    had = np.unique(np.stack([alias[good], time_ms[good] // it.interval_ms]), axis=1)
    inside = (had[1] >= first) & (had[1] < last) & counted[had[0]]
    return float(inside.sum()) / (int(counted.sum()) * (last - first))


async def measured() -> list[Row]:
    """The two phases: undisturbed, then with units killed and revived."""
    described = read_bus(PLANT_ROOM)
    with tempfile.TemporaryDirectory() as folder:
        link, control = Path(folder) / "bus", Path(folder) / "control"
        async with simulator(link, control):
            it, watch, clock = room(str(link), described), Watch(), SystemClock()
            async with polled(it, watch) as (bus, points):
                await asyncio.sleep(WARM_UP_S)
                begin_ms, busy_s, begin_s = clock.now_ms(), bus.counters.busy_s, clock.monotonic_s()
                await asyncio.sleep(WATCH_S)
                calm_ms = clock.now_ms()
                used = (bus.counters.busy_s - busy_s) / (clock.monotonic_s() - begin_s)
                for unit in VICTIMS:
                    await act(control, f"kill {unit}")
                await asyncio.sleep(WATCH_S / 2)
                for unit in VICTIMS:
                    await act(control, f"revive {unit}")
                await asyncio.sleep(WATCH_S / 2)
                end_ms = clock.now_ms()
                back = sum(bus.units[unit - 1].breaker.polled for unit in VICTIMS)
    calm = on_schedule(it, points, watch.batches, begin_ms, calm_ms, set())
    disturbed = on_schedule(it, points, watch.batches, calm_ms, end_ms, set(VICTIMS))
    load = f"interval {it.interval_ms / 1000:.2f} s: the living need {100 * SHARE:.0f} % of the bus arithmetic"
    cores = f"load {os.getloadavg()[0]:.1f}"
    return [
        Row(
            name="plant_room_on_schedule_pct",
            value=100 * calm,
            unit="% of slots",
            against="limit 90 % of what the arithmetic allows",
            ratio=calm * SHARE / 0.9,
            note=f"32 units at 9600 baud, 3 dead, 1 slow, 1 with a hole; {load}; busy {100 * used:.0f} %; {cores}",
        ),
        Row(
            name="plant_room_disturbed_pct",
            value=100 * disturbed,
            unit="% of slots",
            against="limit 95 %: silence costs the others 5 %",
            ratio=disturbed / 0.95,
            note=f"{len(VICTIMS)} killed for {WATCH_S / 2:.0f} s and revived, {back} of them back; slots of the others",
        ),
    ]


def rows() -> list[Row]:
    """Both rows."""
    return asyncio.run(measured())
