"""A Modbus TCP line: one port with one device or, as behind a serial gateway, many unit ids.

Why not the server of a library: a line must be able to refuse connections for a while, to hold answers back by the
bus's real pace, to break them in chosen ways and to count what was asked, and a register map with holes must answer
as the product does. What is on the wire is checked against two foreign clients in the tests.

A serial line answers one request at a time: a request waits for the bus, then for its characters (11 bits each, request
and answer) and the device's turnaround. A unit that does not answer keeps the bus for `unit_timeout_s`; then the
gateway answers exception 11, or stays silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

from firmware_sim.clock import Clock
from firmware_sim.devices.base import ModbusDevice
from firmware_sim.faults import AnswerPlan, CutMode, FaultPlan, Malformation
from firmware_sim.modbus.answer import RequestKind, answer_pdu, exception_pdu, kind_of
from firmware_sim.modbus.register_map import TARGET_FAILED, Register
from firmware_sim.signals.base import Signal

logger = logging.getLogger(__name__)

_MBAP: Final = struct.Struct(">HHHB")
_MAX_LENGTH: Final = 254
_BITS_PER_CHARACTER: Final = 11
_RTU_OVERHEAD: Final = 3  # unit id and CRC beside the PDU
_WATCH_S: Final = 0.05
_SPLIT_PAUSE_S: Final = 0.02
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class SerialBus:
    """Timing of a serial line behind a gateway.

    Attributes:
        baud: 8N1 or 8E1, counted as 11 bits a character.
        turnaround_s: time a device takes to answer.
        unit_timeout_s: how long the gateway waits for a unit.
        silent: a unit without answer: True no answer at all, False exception 11.
    """

    baud: int = 9600
    turnaround_s: float = 0.01
    unit_timeout_s: float = 0.3
    silent: bool = False

    def duration_s(self, request: bytes, answer: bytes) -> float:
        """Time on the bus of one exchange (PDUs)."""
        characters = len(request) + len(answer) + 2 * _RTU_OVERHEAD
        return characters * _BITS_PER_CHARACTER / self.baud + self.turnaround_s


@dataclass(kw_only=True)
class LineStats:
    """What a line was asked. `writes_seen` and `foreign_seen` must stay 0: gateways read (1 to 4) and identify (43)."""

    connections: int = 0
    requests: int = 0
    exceptions: int = 0
    unanswered: int = 0
    writes_seen: int = 0
    foreign_seen: int = 0
    bad_frames: int = 0
    functions: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A device on a line with its signals looked up once."""

    device: ModbusDevice
    signals: Mapping[str, Signal]

    @classmethod
    def of(cls, device: ModbusDevice) -> Served:
        """Looks the signals up.

        Raises:
            ValueError: a register of the map has no signal, or a signal no register.
        """
        signals = device.signals()
        differing = {r.name for r in device.PRODUCT.registers} ^ set(signals)
        if differing:
            raise ValueError(f"{device.device_id}: registers and signals differ in {', '.join(sorted(differing))}")
        return cls(device=device, signals=signals)


class ModbusLine:
    """Serves one port; an async context manager that owns its socket, its connections and its watcher.

    Args:
        line_id: name in fault scripts and logs.
        units: device by unit id.
        clock: simulated time.
        host, port: where to listen.
        bus: serial timing; None: devices with their own network interface, answered at once and in parallel.
        faults: what goes wrong.

    Raises (on entering):
        OSError: the port is in use.
    """

    def __init__(
        self,
        line_id: str,
        units: Mapping[int, ModbusDevice],
        clock: Clock,
        *,
        port: int,
        host: str = "127.0.0.1",
        bus: SerialBus | None = None,
        faults: FaultPlan | None = None,
    ) -> None:
        self.line_id = line_id
        self.stats = LineStats()
        self._units = {unit: Served.of(device) for unit, device in units.items()}
        self._clock = clock
        self._host, self._port = host, port
        self._bus = bus
        self._bus_free = asyncio.Lock()
        self._faults = faults or FaultPlan()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> ModbusLine:
        if self._faults.cut(self.line_id, self._clock.now_ms() / 1000) is not CutMode.REFUSE:
            await self._listen()
        self._watcher = asyncio.create_task(self._watch(), name=f"modbus line {self.line_id} watcher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        await self._unlisten()

    async def run(self) -> None:
        """Waits for the watcher, so that its failure ends the service; never returns otherwise."""
        assert self._watcher is not None
        await asyncio.shield(self._watcher)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, self._host, self._port, backlog=256)

    async def _unlisten(self) -> None:
        if self._server is not None:
            self._server.close()
        for task, writer in list(self._connections.items()):
            _reset(writer)
            task.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections))
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def _watch(self) -> None:
        """Opens and closes the port as the fault plan says."""
        while True:
            await asyncio.sleep(_WATCH_S)
            refused = self._faults.cut(self.line_id, self._clock.now_ms() / 1000) is CutMode.REFUSE
            if refused and self._server is not None:
                logger.info("line cut", extra={"line": self.line_id})
                await self._unlisten()
            elif not refused and self._server is None:
                try:
                    await self._listen()
                except OSError as error:  # somebody took the port meanwhile: keep trying, the line stays cut
                    logger.warning("line cannot be restored", extra={"line": self.line_id, "error": str(error)})
                else:
                    logger.info("line restored", extra={"line": self.line_id})

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        self.stats.connections += 1
        try:
            await self._converse(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the peer went away, or the line was cut: both end this conversation and nothing else
        finally:
            del self._connections[task]
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            transaction, protocol, length, unit = _MBAP.unpack(await reader.readexactly(_MBAP.size))
            if protocol != 0 or not 2 <= length <= _MAX_LENGTH:
                self.stats.bad_frames += 1
                return
            pdu = await reader.readexactly(length - 1)
            if self._faults.cut(self.line_id, self._clock.now_ms() / 1000) is CutMode.RESET:
                _reset(writer)
                return
            self._count(unit, pdu)
            answer, plan = await self._exchange(unit, pdu)
            if answer is None:
                self.stats.unanswered += 1
                continue
            self.stats.exceptions += answer[0] >= 0x80
            for piece in _frames(transaction, unit, answer, plan.malformation):
                writer.write(piece)
                await writer.drain()
                if plan.malformation is Malformation.SPLIT:
                    await asyncio.sleep(_SPLIT_PAUSE_S)

    def _count(self, unit: int, pdu: bytes) -> None:
        function = pdu[0]
        self.stats.requests += 1
        self.stats.functions[function] = self.stats.functions.get(function, 0) + 1
        kind = kind_of(function)
        if kind is RequestKind.ALLOWED:
            return
        if kind is RequestKind.WRITE:
            self.stats.writes_seen += 1
        else:
            self.stats.foreign_seen += 1
        logger.error("request that is no read", extra={"line": self.line_id, "unit": unit, "function": function})

    async def _exchange(self, unit: int, pdu: bytes) -> tuple[bytes | None, AnswerPlan]:
        if self._bus is None:
            return await self._ask(unit, pdu, None)
        async with self._bus_free:
            return await self._ask(unit, pdu, self._bus)

    async def _ask(self, unit: int, pdu: bytes, bus: SerialBus | None) -> tuple[bytes | None, AnswerPlan]:
        """The answer of a unit after its time on the bus; None when there is none."""
        served = self._units.get(unit)
        time_s = self._clock.now_ms() / 1000
        plan = self._faults.answer(served.device.device_id, time_s) if served else AnswerPlan(drop=True)
        if served is None or plan.drop:
            if bus is None:
                return None, plan
            await asyncio.sleep(bus.unit_timeout_s)
            return None if bus.silent else exception_pdu(pdu[0], TARGET_FAILED), plan
        answer = self._answer(served, pdu, plan, time_s)
        delay_s = plan.delay_s + (bus.duration_s(pdu, answer) if bus else 0.0)
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        return answer, plan

    def _answer(self, served: Served, pdu: bytes, plan: AnswerPlan, time_s: float) -> bytes:
        if plan.exception_code is not None:
            return exception_pdu(pdu[0], plan.exception_code)

        def value_of(register: Register) -> float:
            return self._faults.value(served.device.device_id, register.name, served.signals[register.name], time_s)

        return answer_pdu(served.device.PRODUCT, pdu, value_of)


def _frames(transaction: int, unit: int, answer: bytes, malformation: Malformation | None) -> list[bytes]:
    """The answer's bytes in the pieces in which they are written."""
    if malformation is Malformation.WRONG_TRANSACTION:
        transaction = (transaction + 1) & 0xFFFF
    if malformation is Malformation.WRONG_UNIT:
        unit = (unit + 1) & 0xFF
    if malformation is Malformation.WRONG_FUNCTION:
        answer = bytes((answer[0] ^ 0x01,)) + answer[1:]
    frame = _MBAP.pack(transaction, 0, len(answer) + 1, unit) + answer
    if malformation is Malformation.TRUNCATED:
        return [frame[: len(frame) // 2]]
    if malformation is Malformation.SPLIT:
        return [frame[i : i + 1] for i in range(len(frame))]
    if malformation is Malformation.JUNK_BEFORE:
        return [b"\xff\x00\xff" + frame]
    return [frame]


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with a TCP reset."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
