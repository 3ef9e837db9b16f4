"""A TCP proxy in the line between gateway and broker: it can cut, freeze, and lose messages like a broker that drops.

It understands just enough MQTT to lose whole QoS 0 PUBLISH packets from the client, so that what is lost is what a
broker with a full queue loses, and the session goes on as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_PUBLISH = 3


@dataclass
class Line:
    """The state of the line; changed from any thread.

    Attributes:
        cut: refuse and end every connection.
        frozen: keep connections, move nothing (half-open).
        loss: share of the client's QoS 0 messages that vanish.
        lost: how many did.
    """

    cut: bool = False
    frozen: bool = False
    loss: float = 0.0
    lost: int = 0
    random: random.Random = field(default_factory=lambda: random.Random(0))


class Proxy:
    """Listens on ``port`` and forwards to ``target`` on loopback; a context manager with its own loop in a thread."""

    def __init__(self, port: int, target: int, seed: int = 0) -> None:
        """Prepare; nothing listens before the context is entered."""
        self.line = Line(random=random.Random(seed))
        self._port, self._target = port, target
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="chaos-proxy", daemon=True)

    def __enter__(self) -> Proxy:
        """Listen."""
        self._thread.start()
        self._started.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up and stop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        self.line.cut = True
        self._loop.call_soon_threadsafe(self._hang_up)

    def mend(self) -> None:
        """Let everything through again."""
        self.line.cut = self.line.frozen = False

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._started.set()
        await self._stop.wait()
        server.close()
        self._hang_up()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    def _hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._connected(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if not self.line.cut:
                await self._join(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(up_writer)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, up_writer, lossy=True))
                group.create_task(self._forward(up_reader, writer, lossy=False))
        except* (OSError, EOFError):
            pass
        finally:
            self._writers.discard(up_writer)
            up_writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, lossy: bool) -> None:
        packets = Packets()
        while data := await reader.read(65536):
            while self.line.frozen:
                await asyncio.sleep(0.05)
            if not lossy:
                writer.write(data)
            else:
                for packet in packets.feed(data):
                    if self._loses(packet):
                        self.line.lost += 1
                    else:
                        writer.write(packet)
            await writer.drain()
        raise EOFError("the other end has hung up")

    def _loses(self, packet: bytes) -> bool:
        is_data = packet[0] >> 4 == _PUBLISH and not packet[0] & 0x06
        return is_data and self.line.random.random() < self.line.loss


class Packets:
    """Cuts a byte stream into MQTT control packets."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that are complete now."""
        self._rest += data
        while (size := self._size()) is not None and len(self._rest) >= size:
            packet, self._rest = self._rest[:size], self._rest[size:]
            yield packet

    def _size(self) -> int | None:
        count, shift = 0, 0
        for at in range(1, 5):
            if at >= len(self._rest):
                return None
            digit = self._rest[at]
            count |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return 1 + at + count
        return None
