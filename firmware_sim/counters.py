"""A farm of counter devices: every value ever served is different, so loss, doubling and alteration can be counted.

Each device shows one block of holding registers (and the same as input registers) from address 0: `values` values of
one type. Each read of any part of it takes the device's next counter and is written to the ledger before it is
answered (see `firmware_sim.ledger` for the values and the file).

It is a plain asyncio protocol without faults, bus timing and register maps, because it has to outrun the gateway that
it measures: requests that arrive together are answered with one ledger write and one socket write.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Final

from firmware_sim.encoding import DataType
from firmware_sim.ledger import COUNTER_TYPES, LedgerHead, LedgerWriter, counter_limit, pack_record, shown_value
from firmware_sim.modbus.answer import WRITE_FUNCTIONS

_MBAP: Final = struct.Struct(">HHHB")
_READ: Final = struct.Struct(">BHH")
_MAX_PDU: Final = 253
_PACK: Final = {DataType.F32: "f", DataType.U32: "I", DataType.F64: "d", DataType.U64: "Q"}
_FIRST_DEVICE_ADDRESS: Final = IPv4Address("127.0.1.1")


def device_address(device: int) -> str:
    """Loopback address of a device with an address of its own: 127.0.1.1 for device 1, and so on."""
    return str(_FIRST_DEVICE_ADDRESS + (device - 1))


@dataclass(frozen=True, kw_only=True)
class CounterBank:
    """The counter devices of one farm.

    Attributes:
        devices: how many, numbered from 1; up to 247 share a port by unit id, more need an address each.
        values: values per device; their registers must fit one read of 125.
        data_type: f32, u32, f64 or u64.
    """

    devices: int
    values: int = 25
    data_type: DataType = DataType.F32

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= self.devices <= 1000:
            problems.append(f"devices must be 1 to 1000, not {self.devices}")
        if self.data_type not in COUNTER_TYPES:
            problems.append(f"type must be one of {', '.join(COUNTER_TYPES)}, not {self.data_type}")
        elif not 1 <= self.values * self.words_per_value <= 125:
            problems.append(f"values must fit 125 registers, {self.values} of {self.data_type} do not")
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def words_per_value(self) -> int:
        """Registers per value."""
        return 2 if self.data_type in (DataType.F32, DataType.U32) else 4

    @property
    def head(self) -> LedgerHead:
        """The ledger's head for this farm."""
        return LedgerHead(data_type=self.data_type, devices=self.devices, values=self.values)


@dataclass(kw_only=True)
class CounterStats:
    """What the farm saw."""

    reads: int = 0
    exceptions: int = 0
    writes_seen: int = 0
    functions: set[int] = field(default_factory=set)


class CounterFarm:
    """Serves a bank and keeps its ledger; an async context manager that owns its sockets and the file.

    Args:
        bank: the devices.
        ledger: path of the ledger file, continued if it exists.
        port: TCP port.
        host: address for all devices by unit id (`per_device_address` False).
        per_device_address: device n listens on 127.0.1.n and answers any unit id, as devices with their own socket do.
            Up to 247 devices are reachable at `host` by unit id too.

    Raises (on entering):
        LedgerError: the ledger belongs to another farm.
        OSError: an address is in use, or the ledger cannot be written.
    """

    def __init__(
        self, bank: CounterBank, ledger: Path, *, port: int, host: str = "127.0.0.1", per_device_address: bool = False
    ) -> None:
        if bank.devices > 247 and not per_device_address:
            raise ValueError(
                f"{bank.devices} devices cannot share a port (unit ids end at 247): give each its own address"
            )
        self.bank = bank
        self.stats = CounterStats()
        self._path = ledger
        self._endpoints: list[tuple[str, int | None]] = [(host, None)]
        if per_device_address:
            self._endpoints += [(device_address(d), d) for d in range(1, bank.devices + 1)]
        self._port = port
        self._stack = AsyncExitStack()
        self._connections: set[asyncio.Transport] = set()
        self._counters: list[int] = []
        self._writer: LedgerWriter | None = None
        self._limit = counter_limit(bank.data_type, bank.values)
        self._offsets = [
            [shown_value(bank.data_type, bank.values, d, i, 0) for i in range(bank.values)]
            for d in range(bank.devices + 1)
        ]
        self._step = bank.values if bank.data_type in (DataType.F32, DataType.U32) else 1
        self._bodies = [struct.Struct(f">HHHBBB{n}{_PACK[bank.data_type]}") for n in range(bank.values + 1)]

    async def __aenter__(self) -> CounterFarm:
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as opening:
            self._writer = opening.enter_context(LedgerWriter(self._path, self.bank.head))
            self._counters = self._writer.first_counters
            for host, device in self._endpoints:
                factory = partial(_Connection, self, device)
                server = await loop.create_server(factory, host, self._port, backlog=512)
                opening.push_async_callback(server.wait_closed)
                opening.callback(server.close)
            opening.callback(self._abort_connections)
            self._stack = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _abort_connections(self) -> None:
        for transport in list(self._connections):
            transport.abort()

    def connected(self, transport: asyncio.Transport) -> None:
        """A connection was opened."""
        self._connections.add(transport)

    def disconnected(self, transport: asyncio.Transport) -> None:
        """A connection was closed."""
        self._connections.discard(transport)

    def answer(self, frames: Sequence[tuple[int, int, bytes]], only_device: int | None) -> bytes:
        """Answers to (transaction, unit, PDU) frames; their ledger records are written on the way out.

        Args:
            frames: requests in order of arrival.
            only_device: the device of this address, which answers any unit id; None: the unit id says which.
        """
        now_ms = time.time_ns() // 1_000_000
        records: list[bytes] = []
        answers = [self._answer_one(t, unit, pdu, only_device or unit, now_ms, records) for t, unit, pdu in frames]
        if records and self._writer is not None:
            self._writer.append(b"".join(records))
        return b"".join(answers)

    def _answer_one(
        self, transaction: int, unit: int, pdu: bytes, device: int, now_ms: int, records: list[bytes]
    ) -> bytes:
        function = pdu[0]
        self.stats.functions.add(function)
        if function in WRITE_FUNCTIONS:
            self.stats.writes_seen += 1
        if function not in (3, 4):
            return self._refuse(transaction, unit, function, 1)
        if not 1 <= device <= self.bank.devices:
            return self._refuse(transaction, unit, function, 11)
        if len(pdu) != 5:
            return self._refuse(transaction, unit, function, 3)
        _, address, count = _READ.unpack(pdu)
        words = self.bank.words_per_value
        if not 1 <= count <= 125:
            return self._refuse(transaction, unit, function, 3)
        if address % words or count % words or address + count > self.bank.values * words:
            return self._refuse(transaction, unit, function, 2)
        counter = self._counters[device]
        if counter >= self._limit:
            return self._refuse(transaction, unit, function, 4)  # the next value would no longer be unambiguous
        self._counters[device] = counter + 1
        self.stats.reads += 1
        first, last = address // words, (address + count) // words
        records.append(pack_record(now_ms, counter, device, first, last - first, 0))
        base = counter * self._step
        shown = [base + offset for offset in self._offsets[device][first:last]]
        frame: bytes = self._bodies[last - first].pack(transaction, 0, 3 + 2 * count, unit, function, 2 * count, *shown)
        return frame

    def _refuse(self, transaction: int, unit: int, function: int, code: int) -> bytes:
        self.stats.exceptions += 1
        return struct.pack(">HHHBBB", transaction, 0, 3, unit, function & 0x7F | 0x80, code)


class _Connection(asyncio.Protocol):
    """Cuts a byte stream into frames and has them answered together."""

    def __init__(self, farm: CounterFarm, device: int | None) -> None:
        self._farm = farm
        self._device = device
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._farm.connected(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._farm.disconnected(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        buffer = self._rest + data if self._rest else data
        frames: list[tuple[int, int, bytes]] = []
        at = 0
        while len(buffer) - at >= _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(buffer, at)
            if protocol != 0 or not 2 <= length <= _MAX_PDU + 1:
                self._transport.abort()
                return
            end = at + 6 + length
            if end > len(buffer):
                break
            frames.append((transaction, unit, buffer[at + 7 : end]))
            at = end
        self._rest = buffer[at:]
        if frames:
            self._transport.write(self._farm.answer(frames, self._device))
