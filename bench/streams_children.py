"""The processes of ``bench.streams_bench``: a store whose points change, and an API process in front of it.

They run as the application runs them: the store is served at a socket, the API reads it through ``store.remote`` and is
served by ``api.server``. Registry, cases and sessions are those of ``bench.pages_city``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.synchronize import Event as Told
from typing import Final

import numpy as np

from api.application import create_app
from api.server import listen, server
from bench.pages_city import POINTS, city
from core.clock import SystemClock
from core.ports.store import Commit
from core.readings import Float64s, Int32s, readings
from store.memory import MemoryStore
from store.remote import RemoteStore
from store.remote_server import RemoteServer

FACILITIES: Final = 50
"""As many as one stream may watch: 300 points."""
FIRST: Final = 20
GROUPS: Final = 10
"""Points change in ten groups, a tenth of a second apart, so that changes lie anywhere between two looks of the API."""


def points() -> Int32s:
    """Numbers of the points that change."""
    return np.array([10 * one + at for one in range(FIRST, FIRST + FACILITIES) for at in range(POINTS)], np.int32)


def source(address: str, ready: Told, end: Told) -> None:
    """Serve a store in which every point changes once a second; the time of a reading is that of its commit."""
    store, numbers = MemoryStore(), points()
    draw, clock = np.random.default_rng(1), SystemClock()
    due_s, group = time.monotonic(), 0
    with RemoteServer(store, address):
        while not end.is_set():
            mine = numbers[group::GROUPS]
            values: Float64s = draw.uniform(0.5, 4.5, len(mine)).round(3)
            now = np.full(len(mine), clock.now_ms(), np.int64)
            store.commit(Commit(readings=readings(point=mine, time_ms=now, value=values)))
            ready.set()
            group, due_s = (group + 1) % GROUPS, due_s + 1 / GROUPS
            end.wait(max(0.0, due_s - time.monotonic()))


def api(address: str, tell: Callable[[int], None], end: Told) -> None:
    """Serve the pages' API until ``end`` is set; ``tell`` is given the port."""
    with city(FACILITIES) as world:
        # The limits of the application, with room for one more than is measured: the one who never reads.
        settings = replace(world.settings, max_streams=501, stream_send_timeout_s=20.0)
        ports = replace(world.ports(), store=RemoteStore(address), clock=SystemClock())
        listener = listen("127.0.0.1", 0)

        async def serve() -> None:
            one = server(create_app(ports, settings))
            serving = asyncio.create_task(one.serve(sockets=[listener]), name="http")
            await one.listening.wait()
            tell(int(listener.getsockname()[1]))
            await asyncio.to_thread(end.wait)
            one.should_exit = True
            await serving

        asyncio.run(serve())
