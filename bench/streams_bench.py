"""500 live streams on one API process with 300 changing points: how late values arrive, memory, one who never reads.

Three processes: a store that changes, the API as the application serves it, and this one with the 500 connections, each
watching all 300 points. A delivery is one point at one reader: from the time of the reading, which is that of its
commit, until the event that carries it is complete at the reader's socket.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Final

import httpx2
import numpy as np

from bench import streams_children as children
from bench.pages_city import LOGINS
from bench.rows import Row
from tests.unit.api.world import PASSWORD

STREAMS: Final = 500
LIMIT_S: Final = 1.0
_SETTLED_S: Final = 10.0
_MEASURED_S: Final = 30.0
_PATIENCE_S: Final = 120.0
_AT_ONCE: Final = 25
_TIMES: Final = re.compile(rb'"time_ms":(\d+)')


@dataclass(eq=False)
class _Reader(asyncio.Protocol):
    """One connection that reads at once; notes the delays of what arrives while ``noting``."""

    request: bytes
    noting: asyncio.Event
    delays_ms: list[np.ndarray] = field(default_factory=list)
    bytes_read: int = 0
    lost: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bytearray = field(default_factory=bytearray)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self.request)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has hung up."""
        self.lost = True

    def data_received(self, data: bytes) -> None:
        """Note what is complete."""
        self.bytes_read += len(data)
        self.begun.set()
        self._open += data
        whole = self._open.rfind(b"\n\n")
        if whole < 0:
            return
        done = bytes(self._open[:whole])
        del self._open[: whole + 2]
        if self.noting.is_set():
            times = np.array(_TIMES.findall(done), np.int64)
            self.delays_ms.append(time.time() * 1000 - times)


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """Delays in ms of all deliveries; memory in MB, processor in seconds a second; when the silent one was let go."""

    delays_ms: np.ndarray
    rss_mb: tuple[float, float, float]
    busy: float
    mb_s: float
    lost: int
    let_go_s: float | None


def rows() -> list[Row]:
    """One run."""
    with tempfile.TemporaryDirectory(prefix="twingrid-streams-") as folder, _processes(folder) as (url, pid):
        found = asyncio.run(_measure(url, pid))
    before, begin, end = found.rss_mb
    p50, p95, p99 = (float(one) / 1000 for one in np.percentile(found.delays_ms, (50, 95, 99)))
    note = (
        f"{STREAMS} streams of {len(children.points())} points, each changing once a second, {_MEASURED_S:.0f} s, "
        f"{len(found.delays_ms):,} deliveries, {found.mb_s:.1f} MB/s; {found.lost} streams lost; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    let_go = found.let_go_s
    return [
        Row(
            name="streams_delivery_p95_s",
            value=p95,
            unit="s",
            against=f"limit {LIMIT_S:.0f} s; p50 {p50:.2f} s, p99 {p99:.2f} s",
            ratio=p95 / LIMIT_S,
            note=note,
        ),
        Row(
            name="streams_api_busy",
            value=found.busy,
            unit="processors",
            against="one process, one interpreter: 1",
            ratio=found.busy,
            note=note,
        ),
        Row(
            name="streams_memory_growth_mb",
            value=end - begin,
            unit="MB",
            against=f"{begin:.0f} MB with all streams open, {before:.0f} MB before the first",
            ratio=end / begin,
            note=f"resident memory of the API over {_MEASURED_S:.0f} s and until the silent one was let go",
        ),
        Row(
            name="streams_silent_let_go_s",
            value=-1.0 if let_go is None else let_go,
            unit="s",
            against=f"patience of this bench {_PATIENCE_S:.0f} s; -1: never",
            ratio=None,
            note="one who reads nothing, from its request until the server holds nothing for it any more",
        ),
    ]


@contextmanager
def _processes(folder: str) -> Iterator[tuple[str, int]]:
    """Store and API; address and process number of the API."""
    context = multiprocessing.get_context("spawn")
    ready, end = context.Event(), context.Event()
    ports: SimpleQueue[int] = context.SimpleQueue()
    address = str(Path(folder) / "store.sock")
    store = context.Process(target=children.source, args=(address, ready, end), name="store")
    api = context.Process(target=children.api, args=(address, ports.put, end), name="api")
    try:
        store.start()
        if not ready.wait(30):
            raise RuntimeError("the store did not come up")
        api.start()
        yield f"http://127.0.0.1:{ports.get()}", api.pid or 0
    finally:
        end.set()
        for one in (api, store):
            if one.pid is not None:
                one.join(15)
                one.kill()


async def _measure(url: str, pid: int) -> _Measured:
    port = int(url.rpartition(":")[2])
    before_mb = _rss_mb(pid)
    cookies = await _cookies(url)
    noting = asyncio.Event()
    readers = [_Reader(_request(port, cookies[at % (len(cookies) - 1)]), noting) for at in range(STREAMS)]
    silent, asked_s = await _silent(port, cookies[-1]), time.monotonic()
    try:
        transports = await _connected(port, readers)
        await asyncio.sleep(_SETTLED_S)
        begin_mb, begin_cpu_s = _rss_mb(pid), _cpu_s(pid)
        read = sum(one.bytes_read for one in readers)
        noting.set()
        await asyncio.sleep(_MEASURED_S)
        noting.clear()
        busy = (_cpu_s(pid) - begin_cpu_s) / _MEASURED_S
        mb_s = (sum(one.bytes_read for one in readers) - read) / _MEASURED_S / 1e6
        lost = sum(one.lost for one in readers)
        let_go_s = await _until_gone(port, silent, asked_s)
        end_mb = _rss_mb(pid)
        for one in transports:
            one.close()
    finally:
        silent.close()
    return _Measured(
        delays_ms=np.concatenate([part for one in readers for part in one.delays_ms]),
        rss_mb=(before_mb, begin_mb, end_mb),
        busy=busy,
        mb_s=mb_s,
        lost=lost,
        let_go_s=let_go_s,
    )


async def _cookies(url: str) -> list[str]:
    """One session of each login."""
    found = []
    for number in range(LOGINS):
        async with httpx2.AsyncClient(base_url=f"{url}/api/v1", timeout=30) as client:
            answer = await client.post("/session", json={"username": f"reader{number}", "password": PASSWORD})
            answer.raise_for_status()
            found.append("; ".join(f"{name}={value}" for name, value in client.cookies.items()))
    return found


def _request(port: int, cookie: str) -> bytes:
    wanted = "&".join(f"facility={children.FIRST + at}" for at in range(children.FACILITIES))
    head = f"GET /api/v1/stream?{wanted} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
    return head.encode()


async def _connected(port: int, readers: list[_Reader]) -> list[asyncio.BaseTransport]:
    loop, transports = asyncio.get_running_loop(), list[asyncio.BaseTransport]()
    for begin in range(0, len(readers), _AT_ONCE):
        part = readers[begin : begin + _AT_ONCE]
        for one in part:
            transport, _ = await loop.create_connection(partial(_same, one), "127.0.0.1", port)
            transports.append(transport)
        async with asyncio.timeout(60):
            await asyncio.gather(*(one.begun.wait() for one in part))
    return transports


def _same(reader: _Reader) -> _Reader:
    return reader


async def _silent(port: int, cookie: str) -> socket.socket:
    """A connection that has asked and reads nothing."""
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(_request(port, cookie))
    await asyncio.sleep(0)
    return one


async def _until_gone(port: int, silent: socket.socket, asked_s: float) -> float | None:
    """Seconds until the server's kernel has no such connection any more; the client's own may never be told."""
    there = silent.getsockname()[1]
    while time.monotonic() - asked_s < _PATIENCE_S:
        if not _held(port, there):
            return time.monotonic() - asked_s
        await asyncio.sleep(0.25)
    return None


def _held(port: int, there: int) -> bool:
    """Whether the side of a local connection that listens at ``port`` exists; ``there`` is the port of the other."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    ends = (line.split()[1:3] for line in lines[1:])
    return any(local.endswith(f":{port:04X}") and remote.endswith(f":{there:04X}") for local, remote in ends)


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def _cpu_s(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
