"""The technician's page's interface over real sockets: a simulated bus, the served application, and a client."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from app import site_server
from app.site_server import SiteOptions
from app.site_shelf import OwnGateway
from firmware_sim.clock import SimClock
from firmware_sim.serial_bus.display import display_of
from firmware_sim.serial_bus.plan import PLANT_ROOM, build_bus, read_bus
from firmware_sim.serial_bus.ports import TcpPort
from firmware_sim.serial_bus.server import BusServer
from tests.conftest import find_free_port

API: Final = "/api/v1"
DEADLINE_S: Final = 30.0


@dataclass
class SimulatedBus:
    """The plant room's units behind a serial server (RTU frames on TCP), values standing still."""

    port: int
    server: BusServer
    bus: Any
    clock: SimClock

    def display(self, unit: int) -> dict[str, str]:
        """What a unit's display shows, with its units."""
        one = next(one for one in self.bus.units if one.unit_id == unit)
        return {shown.register: f"{shown.text} {shown.unit}" for shown in display_of(one, self.clock.now_ms() / 1000)}


@contextlib.asynccontextmanager
async def simulated_bus() -> AsyncIterator[SimulatedBus]:
    """Serve the bus, its bytes taking no time on the wire."""
    port = find_free_port()
    clock = SimClock.from_wall(0.000001)
    bus = build_bus(read_bus(PLANT_ROOM), clock, seed=1, paced=False)
    async with BusServer(bus, [TcpPort(port)]) as server:
        yield SimulatedBus(port, server, bus, clock)


@dataclass
class SiteService:
    """The served interface, with a client in it."""

    client: httpx2.AsyncClient
    codes: list[str] = field(default_factory=list)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client.get(f"{API}{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, path: str, body: Any = None, *, method: str = "POST", status: int = 200) -> Any:
        answer = await self.client.request(method, f"{API}{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def upload(self, path: str, data: bytes, status: int = 200) -> Any:
        answer = await self.client.post(f"{API}{path}", content=data)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def step(self, path: str, body: Any = None) -> dict[str, Any]:
        """Begin a step on the bus and wait for its end; the state then."""
        begun = await self.send(path, body, status=202)
        async with asyncio.timeout(DEADLINE_S):
            async for name, value in self.events():
                if name == "state" and value["ended"] and value["ended"]["number"] >= begun["number"]:
                    state: dict[str, Any] = value
                    return state
        raise AssertionError("the stream ended")

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        """The live stream."""
        async with self.client.stream("GET", f"{API}/events") as answer:
            name = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))


@contextlib.asynccontextmanager
async def serving(
    folder: Path, *, host: str = "127.0.0.1", language: str = "en", gateway: OwnGateway | None = None
) -> AsyncIterator[SiteService]:
    """Serve the interface on a free port, perhaps for a gateway that keeps profiles."""
    stop, up = asyncio.Event(), asyncio.Queue[str]()
    codes: list[str] = []
    options = SiteOptions(folder=folder, host=host, port=0, program="1.2.3")
    running = site_server.run(options, stop, up.put_nowait, codes.append, gateway=gateway)
    task = asyncio.create_task(running, name="site-under-test")
    try:
        address = await asyncio.wait_for(up.get(), DEADLINE_S)
        url = f"http://127.0.0.1:{address.rpartition(':')[2]}"
        headers = {"accept-language": language}
        async with httpx2.AsyncClient(base_url=url, timeout=DEADLINE_S, headers=headers) as client:
            yield SiteService(client, codes)
    finally:
        stop.set()
        await asyncio.wait_for(task, DEADLINE_S)
