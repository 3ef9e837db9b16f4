"""Real brokers, a model host that keeps the commit contract, and a Modbus server in C speed."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.offsets import OffsetRange, Settled
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.commit import Header, decode_header, encode_committed
from core.sparkplug.datatypes import COMMITTED, EPOCH, REASON, REBIRTH, DataType
from core.sparkplug.topics import MessageType, NodeId, Topic, parse
from gateway.mqtt import BrokerAddress, MqttConnection


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for a condition; the test fails when it does not come true."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.contextmanager
def mosquitto(program: Path, port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A mosquitto on loopback."""
    config = folder / f"mosquitto-{port}.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with _broker([str(program), "-c", str(config)], port) as process:
        yield process


@contextlib.contextmanager
def nats(program: Path, port: int, nats_port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A NATS server as MQTT broker on loopback."""
    config = folder / f"nats-{port}.conf"
    store = folder / f"nats-{port}"
    config.write_text(
        f'server_name: t\nlisten: "127.0.0.1:{nats_port}"\njetstream {{ store_dir: "{store}" }}\n'
        f'mqtt {{ listen: "127.0.0.1:{port}" }}\n'
    )
    with _broker([str(program), "-c", str(config)], port) as process:
        yield process


@contextlib.contextmanager
def _broker(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_port(port)
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_port(port: int) -> None:
    import socket

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nobody listens on {port}")


@dataclass
class Stored:
    """One reading as the host keeps it."""

    metric: str
    time_ms: int
    value: float | None
    quality: int
    historical: bool
    backlog: bool


@dataclass
class ModelHost:
    """A host in a dictionary: decodes, remembers by (epoch, offset), acknowledges.

    Attributes:
        answer: acknowledge what arrives.
        lose: called with a count of data messages; True lets the message get lost.
    """

    address: BrokerAddress
    node: NodeId
    answer: bool = True
    lose: Callable[[int], bool] = lambda _count: False
    stored: dict[tuple[int, int], Stored] = field(default_factory=dict)
    evicted: dict[tuple[int, int], int] = field(default_factory=dict)
    settled: dict[int, Settled] = field(default_factory=dict)
    aliases: dict[int, tuple[str, int]] = field(default_factory=dict)
    births: list[tuple[MessageType, str]] = field(default_factory=list)
    deaths: list[tuple[MessageType, str]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    node_metrics: dict[str, object] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    duplicates: int = 0
    data_messages: int = 0
    headers: list[Header] = field(default_factory=list)
    _crc: dict[tuple[int, int], int] = field(default_factory=dict)
    _connection: MqttConnection | None = None
    _seq: int | None = None
    _born: bool = False
    _asked: bool = False

    @contextlib.asynccontextmanager
    async def online(self) -> AsyncIterator[ModelHost]:
        """Connected to the broker."""
        connection = MqttConnection(self.address, "host", on_message=self._received)
        async with connection:
            self._connection = connection
            self._born = self._asked = False
            # One subscription: between several, a gateway that is there already would be heard in part.
            await connection.subscribe(f"spBv1.0/{self.node.group}/+/{self.node.node}/#")
            yield self
        self._connection = None

    def rebirth(self) -> None:
        """Ask for all births."""
        payload = spb.Payload(timestamp=1)
        payload.metrics.add(name=REBIRTH, datatype=DataType.BOOLEAN, boolean_value=True)
        self.command(payload)

    def acknowledge(self, epoch: int, settled: Settled) -> None:
        """Say what is settled."""
        payload = spb.Payload(timestamp=1)
        payload.metrics.add(name=COMMITTED, datatype=DataType.BYTES, bytes_value=encode_committed(epoch, settled))
        self.command(payload)

    def command(self, payload: spb.Payload) -> None:
        """Send an NCMD."""
        assert self._connection is not None
        self._connection.publish(str(Topic(MessageType.NCMD, self.node)), payload.SerializeToString())

    def _received(self, text: str, payload: bytes, _retained: bool) -> None:
        topic = parse(text)
        if topic.kind in (MessageType.NCMD, MessageType.DCMD):
            return
        message = spb.Payload.FromString(payload)
        if topic.kind is MessageType.NDEATH:
            self.deaths.append((topic.kind, ""))
            self._seq = None
            return
        if self._joined_late(topic):
            return
        if topic.kind in (MessageType.DDATA, MessageType.NDATA) and message.HasField("body"):
            self.data_messages += 1
            if self.lose(self.data_messages):
                self._seq = None
                return
        self._check_seq(topic, message.seq)
        if topic.kind is MessageType.NBIRTH:
            self._nbirth(message)
        elif topic.kind is MessageType.DBIRTH:
            self.births.append((topic.kind, topic.device))
            self.aliases.update({m.alias: (m.name, m.datatype) for m in message.metrics})
        elif topic.kind is MessageType.DDEATH:
            self.deaths.append((topic.kind, topic.device))
        elif message.HasField("body"):
            self._data(decode_header(message.body), message)
        else:
            self.node_metrics.update({m.name: _value(m) for m in message.metrics})

    def _joined_late(self, topic: Topic) -> bool:
        """Whether the births were before our time: they are asked for, and what comes until then is not understood."""
        self._born = self._born or topic.kind is MessageType.NBIRTH
        if not self._born and not self._asked:
            self._asked = True
            self.rebirth()
        return not self._born

    def _check_seq(self, topic: Topic, seq: int) -> None:
        if topic.kind is MessageType.NBIRTH and seq != 0:
            self.problems.append(f"NBIRTH with seq {seq}")
        if self._seq is not None and topic.kind is not MessageType.NBIRTH and seq != (self._seq + 1) % 256:
            self.problems.append(f"{topic.kind} seq {seq} after {self._seq}")
        self._seq = seq

    def _nbirth(self, message: spb.Payload) -> None:
        self.births.append((MessageType.NBIRTH, ""))
        epoch = next(m.long_value for m in message.metrics if m.name == EPOCH)
        self.epochs.append(epoch)
        self.node_metrics.update({m.name: _value(m) for m in message.metrics})
        if self.answer and epoch in self.settled:
            self.acknowledge(epoch, self.settled[epoch])

    def _data(self, header: Header, message: spb.Payload) -> None:
        self.headers.append(header)
        settled = self.settled.setdefault(header.epoch, Settled())
        settled.raise_low(header.low)
        if header.gap is not None:
            for offset in range(header.span.first, header.span.stop):
                if (header.epoch, offset) not in self.stored:
                    self.evicted[header.epoch, offset] = int(header.gap.reason)
        elif settled.covers(header.span):
            self.duplicates += 1
        else:
            self._store(header, message)
        settled.add(OffsetRange(header.span.first, header.span.stop))
        if self.answer:
            self.acknowledge(header.epoch, settled)

    def _store(self, header: Header, message: spb.Payload) -> None:
        if len(message.metrics) != len(header.span):
            self.problems.append(f"{len(message.metrics)} metrics for {header.span}")
        for offset, metric in enumerate(message.metrics, header.span.first):
            key = (header.epoch, offset)
            if metric.alias not in self.aliases:
                self.problems.append(f"unknown alias {metric.alias}")
                continue
            if key in self.stored:
                self.problems.append(f"offset {offset} a second time")
            self.stored[key] = Stored(
                self.aliases[metric.alias][0],
                metric.timestamp,
                _value(metric),  # type: ignore[arg-type]
                _quality(metric),
                metric.is_historical,
                header.backlog,
            )


def _value(metric: spb.Payload.Metric) -> object:
    which = metric.WhichOneof("value")
    return getattr(metric, which) if which and not metric.is_null else None


def _quality(metric: spb.Payload.Metric) -> int:
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=True):
        if key == REASON:
            return int(value.int_value)
    return 0


@dataclass
class CounterServer:
    """Modbus TCP units with 25 floats each, every value served once: value i of read n is n * 32 + i.

    Attributes:
        silent: units that do not answer.
        served: per unit, how many reads were answered.
        functions: function codes seen.
    """

    silent: set[int] = field(default_factory=set)
    served: dict[int, int] = field(default_factory=dict)
    functions: set[int] = field(default_factory=set)
    _connections: set[asyncio.Transport] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def listening(self, port: int, host: str = "127.0.0.1") -> AsyncIterator[CounterServer]:
        """Serves on a port."""
        server = await asyncio.get_running_loop().create_server(lambda: _Served(self), host, port)
        try:
            yield self
        finally:
            server.close()
            for transport in list(self._connections):
                transport.abort()
            await server.wait_closed()

    def made(self) -> None:
        """A connection has begun."""

    def answer(self, request: bytes) -> bytes:
        tid, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", request)
        self.functions.add(function)
        if unit in self.silent:
            return b""
        head = struct.pack(">HHHBBB", tid, 0, 3 + 2 * count, unit, function, 2 * count)
        if count == 1:  # half a float: the gateway settles what the unit owes it (``gateway.lines.late``)
            return head + bytes(2)
        number = self.served[unit] = self.served.get(unit, 0) + 1
        values = [float(number * 32 + i) for i in range(address // 2, (address + count) // 2)]
        return head + struct.pack(f">{len(values)}f", *values)


class _Served(asyncio.Protocol):
    def __init__(self, server: CounterServer) -> None:
        self._server = server
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server._connections.add(transport)
        self._server.made()

    def connection_lost(self, _error: Exception | None) -> None:
        self._server._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 12:
            answer = self._server.answer(self._buffer[:12])
            self._buffer = self._buffer[12:]
            if answer:
                self._transport.write(answer)


def complete(host: ModelHost, server: CounterServer) -> bool:
    """Whether the host has every value of every read that the server answered."""
    values = {(item.metric, item.value) for item in host.stored.values() if item.value is not None}
    return all(
        (f"dev{unit}/value_{i}", float(n * 32 + i)) in values
        for unit, count in server.served.items()
        for n in range(1, count + 1)
        for i in range(25)
    )
