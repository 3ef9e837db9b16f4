"""The application on a real server, and a browser's way of reading its stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi import FastAPI

from api.application import create_app
from api.server import Server, listen, server
from tests.unit.api.world import PASSWORD, World

DEADLINE_S = 30.0


@dataclass
class Event:
    """One server-sent event."""

    kind: str
    id: int | None
    data: Any


@dataclass
class Serving:
    """A running server."""

    app: FastAPI
    server: Server
    port: int
    task: asyncio.Task[None]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def browser(self, username: str) -> AsyncIterator[httpx2.AsyncClient]:
        """A client that is logged in."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=DEADLINE_S) as client:
            answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client

    def readers(self) -> float:
        """How many live readers the process has."""
        return float(self.app.state.services.live.gauges()["api_stream_readers"])


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[Serving]:
    """Serve a world on a free port until the block ends."""
    app = create_app(world.ports(), world.settings)
    listener = listen("127.0.0.1", 0)
    one = server(app)
    task = asyncio.create_task(one.serve(sockets=[listener]), name="server under test")
    try:
        await until(lambda: one.listening.is_set() or task.done())
        yield Serving(app=app, server=one, port=int(listener.getsockname()[1]), task=task)
    finally:
        one.should_exit = True
        await asyncio.wait_for(task, DEADLINE_S)
        listener.close()


@dataclass
class Stream:
    """A live stream that is being read."""

    events: list[Event] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, *kinds: str) -> list[Event]:
        """The events of these kinds so far."""
        return [one for one in self.events if one.kind in kinds]

    async def has(self, kind: str, count: int = 1) -> list[Event]:
        """Wait for this many events of a kind."""
        await until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)


@asynccontextmanager
async def reading(client: httpx2.AsyncClient, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    """Read the live stream until the block ends; it has begun when the first ping is there."""
    stream = Stream()

    async def read() -> None:
        try:
            async with client.stream("GET", f"/api/v1/stream{query}", headers=headers, timeout=None) as answer:
                assert answer.status_code == 200, await answer.aread()
                assert answer.headers["content-type"].startswith("text/event-stream")
                fields: dict[str, str] = {}
                async for line in answer.aiter_lines():
                    if line:
                        name, _, value = line.partition(": ")
                        fields[name] = value
                        continue
                    number = fields.get("id")
                    data = json.loads(fields["data"])
                    stream.events.append(Event(fields["event"], None if number is None else int(number), data))
                    fields = {}
        finally:
            stream.ended.set()

    task = asyncio.create_task(read(), name="reader under test")
    try:
        await until(lambda: stream.of("ping") or task.done())
        if task.done():
            await task
        yield stream
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Wait until something is true.

    Raises:
        TimeoutError: if it does not become true in time.
    """
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(0.005)
