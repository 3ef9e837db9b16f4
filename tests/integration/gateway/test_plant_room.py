"""The gateway's bus task on the simulated plant room: 32 units of one serial bus, among them dead ones and liars."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import numpy as np

from core.clock import SystemClock
from core.quality import GOOD, QualityClass, Reason, quality
from firmware_sim.clock import ManualClock
from firmware_sim.serial_bus.bus import Bus as SimulatedBus
from firmware_sim.serial_bus.control import Action
from firmware_sim.serial_bus.display import display_of
from firmware_sim.serial_bus.plan import PLANT_ROOM, build_bus, read_bus
from firmware_sim.serial_bus.ports import PtyPort
from firmware_sim.serial_bus.server import BusServer
from gateway.bus import Bus
from gateway.chunk import Batch
from gateway.config import BusConfig, PointConfig, UnitConfig
from gateway.intake import Intake
from gateway.points import Points
from gateway.prediction import costs
from gateway.profile_file import shipped
from gateway.service import point_name
from gateway.stamp import Stamper
from gateway.transport import SerialTransport
from gateway.unit import Unit

DEAD = (16, 27, 32)
LIARS = (7, 14, 23)
SLOW = 31
INTERVAL_MS = 6_000
POINTS = 4


@dataclass(frozen=True)
class Shown:
    """A number on a display, and half of its last digit."""

    value: float
    half: float

    @classmethod
    def of(cls, text: str) -> Shown:
        digits = len(text.partition(".")[2])
        return cls(float(text), 0.5 * 10.0**-digits)


START_MS = 1_780_000_000_000
"""The simulated clock stands still, so that a display and a reading are of one moment."""


class Kept(Intake):
    """An intake that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []

    def put(self, batch: Batch) -> None:
        self.batches.append(batch)


def config(path: str) -> BusConfig:
    profiles = shipped()
    units = []
    for unit in read_bus(PLANT_ROOM).units:
        profile = profiles[unit.product]
        registers = [one for one in profile.quantities if one.function in (3, 4)][:POINTS]
        # The refused register of unit 19 and a neighbour of it.
        registers += [one for one in profile.quantities if unit.unit_id == 19 and one.address in (8, 11)]
        points = tuple(
            PointConfig(metric=f"u{unit.unit_id}/{one.name}", register=one, interval_ms=INTERVAL_MS)
            for one in dict.fromkeys(registers)
        )
        timeout_s = 3.0 if unit.unit_id == SLOW else 0.5
        name = f"u{unit.unit_id}"
        units.append(UnitConfig(name=name, unit=unit.unit_id, profile=profile, timeout_s=timeout_s, points=points))
    transport = SerialTransport(path=path, baud=9600)
    return BusConfig(id="plant", device="plant", transport=transport, units=tuple(units))


@contextlib.asynccontextmanager
async def polled(bus_config: BusConfig, kept: Kept) -> AsyncIterator[tuple[Bus, Points]]:
    clock = SystemClock()
    points = Points([point_name("plant", point) for unit in bus_config.units for point in unit.points])
    points.alias[:] = np.arange(len(points))
    units, first = [], 0
    for unit in bus_config.units:
        units.append(Unit(unit, "plant", points, first, 0.0, costs=costs(bus_config.transport)))
        first += len(unit.points)
    bus = Bus(bus_config, units, kept, clock, Stamper(clock.now_ms(), clock.monotonic_s()), lambda *_: None)
    running = asyncio.create_task(bus.run(), name="bus")
    try:
        yield bus, points
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.1)


def shown(simulated: SimulatedBus, unit: int) -> dict[str, Shown]:
    """What stands on a unit's display: the number, and half of its last digit."""
    (found,) = [one for one in simulated.units if one.unit_id == unit]
    texts = {one.register: one.text for one in display_of(found, START_MS / 1000)}
    return {register: Shown.of(text) for register, text in texts.items() if text != "----"}


async def test_thirty_two_units_on_one_wire() -> None:
    """Living units are read, dead ones are not measured, a hole costs only itself, and who is back is polled again."""
    simulated = build_bus(read_bus(PLANT_ROOM), ManualClock(start_ms=START_MS))
    kept = Kept()
    async with (
        BusServer(simulated, [PtyPort(simulated.settings)]) as server,
        polled(config(server.ports[0].address), kept) as (bus, points),
    ):
        by_name = {name.metric: row for row, name in enumerate(points.names)}
        answered = {f"u{n}" for n in range(1, 33) if n not in (*DEAD, *LIARS)}
        await until(lambda: answered <= {points.names[row].metric.split("/")[0] for row in good(points)})
        dead = [row for metric, row in by_name.items() if metric.split("/")[0] in {f"u{n}" for n in DEAD}]
        await until(lambda: bool((points.quality[dead] >> 6 == QualityClass.NOT_MEASURED).all()))
        assert np.isnan(points.value[dead]).all()
        (refused,) = [row for metric, row in by_name.items() if metric == "u19/voc"]
        missing = quality(QualityClass.NOT_MEASURED, Reason.ILLEGAL_ADDRESS)
        await until(lambda: points.quality[refused] == missing)
        neighbours = [row for metric, row in by_name.items() if metric.startswith("u19/") and row != refused]
        assert (points.quality[neighbours] == GOOD).all()
        agree(simulated, points, by_name)
        await until(lambda: not bus.units[DEAD[0] - 1].breaker.polled)
        Action.parse(f"revive {DEAD[0]}").apply(simulated)
        await until(lambda: bus.units[DEAD[0] - 1].breaker.polled)
    assert set(simulated.sniffer.functions) <= {1, 2, 3, 4, 43}


def good(points: Points) -> list[int]:
    return [int(row) for row in np.flatnonzero(points.quality == GOOD)]


def agree(simulated: SimulatedBus, points: Points, by_name: dict[str, int]) -> None:
    """Units that are what their label says read what stands on their displays."""
    compared = 0
    for unit in range(1, 33):
        displays = {} if unit in (*DEAD, *LIARS) else shown(simulated, unit)
        for register, display in displays.items():
            row = by_name.get(f"u{unit}/{register}")
            if row is not None and points.quality[row] == GOOD:
                compared += 1
                assert abs(points.value[row] - display.value) <= display.half * 1.01, (unit, register)
    assert compared > 30
