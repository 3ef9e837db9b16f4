"""A device at the other end of a socket or a pseudo terminal, which answers as a row of the table says.

It handles one request after the other, as every Modbus device does: while one is being answered, the next waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

from gateway.transport import Framing, SerialTransport, TcpTransport, Transport
from tests.integration.gateway.misbehaviour import Asked, Reply, Sending

Send = Callable[[bytes], None]


class Device:
    """Answers the first ``bad`` requests by the reply under test, later ones honestly; notes what was asked."""

    def __init__(self, framing: Framing, bad: int, reply: Reply) -> None:
        self.framing, self._bad, self._reply = framing, bad, reply
        self.asked: list[Asked] = []
        self.sound = asyncio.Event()
        self._buffer = b""
        self._queue: asyncio.Queue[tuple[int, Asked]] = asyncio.Queue()

    def received(self, data: bytes) -> None:
        self._buffer += data
        while (asked := self._take()) is not None:
            self.asked.append(asked)
            self._queue.put_nowait((len(self.asked), asked))

    def forget(self) -> None:
        """What it was asked and has not answered."""
        self._queue = asyncio.Queue()

    def _take(self) -> Asked | None:
        buffer = self._buffer
        if self.framing is Framing.ASCII:
            raw, end, rest = buffer.partition(b"\r\n")
            if not end:
                return None
            self._buffer = rest
            content = bytes.fromhex(raw[1:].decode())
            assert raw[:1] == b":"
            assert sum(content) % 256 == 0
            return Asked(self.framing, raw + end, content[0], content[1:-1])
        # A request for identification is one byte shorter than a read.
        head = 7 if self.framing is Framing.TCP else 1
        if len(buffer) <= head:
            return None
        size = head + (4 if buffer[head] == 43 else 5) + (2 if self.framing is Framing.RTU else 0)
        if len(buffer) < size:
            return None
        raw, self._buffer = buffer[:size], buffer[size:]
        if self.framing is Framing.TCP:
            return Asked(self.framing, raw, raw[6], raw[7:], int.from_bytes(raw[:2], "big"))
        return Asked(self.framing, raw, raw[0], raw[1:-2])

    async def work(self, send: Send) -> None:
        while True:
            number, asked = await self._queue.get()
            bad = number <= self._bad
            for delay_s, data in self._reply(asked) if bad else [(0.0, asked.answer())]:
                if delay_s:
                    await asyncio.sleep(delay_s)
                send(data)
            if number == self._bad:
                self.sound.set()


class _Served(asyncio.Protocol):
    def __init__(self, device: Device, sends: list[asyncio.Transport]) -> None:
        self._device, self._sends = device, sends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sends[:] = [cast("asyncio.Transport", transport)]

    def data_received(self, data: bytes) -> None:
        self._device.received(data)


@contextlib.asynccontextmanager
async def on_tcp(device: Device, tls: ssl.SSLContext | None = None) -> AsyncIterator[Transport]:
    """The device behind a TCP server; what it sends late goes to whoever is connected then."""
    connections: list[asyncio.Transport] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Served(device, connections), "127.0.0.1", 0, ssl=tls)

    def send(data: bytes) -> None:
        if connections and not connections[0].is_closing():
            connections[0].write(data)

    worker = asyncio.create_task(device.work(send))
    try:
        yield TcpTransport(host="127.0.0.1", port=server.sockets[0].getsockname()[1], framing=device.framing)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        server.close()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def on_pty(device: Device) -> AsyncIterator[Transport]:
    """The device behind a pseudo terminal."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, lambda: device.received(os.read(master, 4096)))

    def send(data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # a full terminal loses bytes, as a wire would
            os.write(master, data)

    worker = asyncio.create_task(device.work(send))
    try:
        yield SerialTransport(path=os.ttyname(slave), baud=115_200, framing=device.framing)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)


WAYS: dict[str, tuple[Framing, Callable[[Device], contextlib.AbstractAsyncContextManager[Transport]]]] = {
    "TCP": (Framing.TCP, on_tcp),
    "RTU over TCP": (Framing.RTU, on_tcp),
    "RTU on a pty": (Framing.RTU, on_pty),
    "ASCII on a pty": (Framing.ASCII, on_pty),
}


def honest(asked: Asked) -> Sending:
    """The reply of a sound device."""
    return [(0, asked.answer())]


class Adapter:
    """A pseudo terminal that can be unplugged and comes back under another name, as USB adapters do."""

    def __init__(self, by_id: Path) -> None:
        self.by_id = by_id
        self.device = Device(Framing.RTU, 0, honest)
        self.names: list[str] = []
        self._master = -1

    def plug(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.names.append(os.ttyname(slave))
        self.by_id.symlink_to(self.names[-1])
        self._slave = slave
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        self.by_id.unlink()

    def _readable(self) -> None:
        self.device.received(os.read(self._master, 4096))

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """The device behind it works."""
        worker = asyncio.create_task(self.device.work(self._send))
        try:
            yield
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # unplugged
            os.write(self._master, data)
