"""A line in memory with units behind it: for commissioning's tests, which are about sessions, not about wires."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.quality import Reason
from gateway.lines.base import Answer, Failure, Frame, Identity, Stamp
from gateway.lines.checksum import crc16
from gateway.lines.pdu import EXCEPTION_REASONS
from gateway.plan import Request
from gateway.transport import SerialTransport, TransactionIds, Transport

Question = tuple[int, int, int, int]
"""Unit, function, address, count."""


@dataclass(slots=True)
class MemoryUnit:
    """A unit: words by function and address; what is not there is refused."""

    words: dict[tuple[int, int], int] = field(default_factory=dict)
    identity: Mapping[int, bytes] = field(default_factory=dict)
    baud: int = 0

    def put(self, function: int, address: int, data: bytes) -> None:
        for index in range(0, len(data), 2):
            self.words[function, address + index // 2] = int.from_bytes(data[index : index + 2], "big")

    def put_f32(self, address: int, value: float, function: int = 4) -> None:
        self.put(function, address, struct.pack(">f", value))


class MemoryBus:
    """Units by id; counts what is asked and can be told to call back before each question."""

    def __init__(self, units: Mapping[int, MemoryUnit]) -> None:
        self.units = dict(units)
        self.asked: list[Question] = []
        self.opened: list[Transport] = []
        self.expected: list[tuple[int, TransactionIds | None, float]] = []
        self.before: Callable[[int], None] = lambda number: None
        self.is_open = True
        self.slow: set[int] = set()
        """Units that answer after two seconds."""
        self.late = b""

    def open(self, transport: Transport, stamp: Stamp) -> MemoryLine:
        self.opened.append(transport)
        return MemoryLine(self, transport, stamp)


class MemoryLine:
    """See ``gateway.lines.base.Line``."""

    def __init__(self, bus: MemoryBus, transport: Transport, stamp: Stamp) -> None:
        self.tap: Callable[[Frame], None] | None = None
        self.connected = False
        self.closed = False
        self.trouble = ""
        self._bus = bus
        self._transport = transport
        self._stamp = stamp

    async def connect(self) -> bool:
        self.connected = self._bus.is_open
        self.trouble = "" if self.connected else "no such port"
        return self.connected

    def close(self) -> None:
        self.connected = False
        self.closed = True

    def expect(self, unit: int, *, transaction_ids: TransactionIds | None = None, guard_s: float = 0.0) -> None:
        self._bus.expected.append((unit, transaction_ids, guard_s))

    async def read(self, unit: int, request: Request, timeout_s: float) -> Answer | Failure:
        question = (unit, request.function, request.address, request.count)
        self._bus.asked.append(question)
        self._bus.before(len(self._bus.asked))
        late, self._bus.late = self._bus.late, b""
        if late:
            self._show(False, late)
        self._show(True, struct.pack(">BBHH", *question))
        found = self._unit(unit)
        if unit in self._bus.slow and timeout_s < 2:
            frame = bytes((unit, 0x80 | request.function, 2))
            self._bus.late = frame + crc16(frame).to_bytes(2, "little")
            return Failure(Reason.TIMEOUT, *self._stamp())
        if found is None:
            return Failure(Reason.TIMEOUT, *self._stamp())
        places = [(request.function, request.address + index) for index in range(request.count)]
        if any(place not in found.words for place in places):
            self._show(False, bytes((unit, 0x80 | request.function, 2)))
            return Failure(EXCEPTION_REASONS[2], *self._stamp(), exception=2)
        data = b"".join(found.words[place].to_bytes(2, "big") for place in places)
        self._show(False, bytes((unit, request.function, len(data))) + data)
        return Answer(data, *self._stamp())

    async def identify(self, unit: int, timeout_s: float) -> Identity | Failure:
        found = self._unit(unit)
        if found is None:
            return Failure(Reason.TIMEOUT, *self._stamp())
        if not found.identity:
            return Failure(EXCEPTION_REASONS[1], *self._stamp(), exception=1)
        return Identity(found.identity, 1, True, self._stamp()[0])

    def _unit(self, unit: int) -> MemoryUnit | None:
        found = self._bus.units.get(unit)
        serial = self._transport if isinstance(self._transport, SerialTransport) else None
        if found is None or (serial is not None and found.baud and found.baud != serial.baud):
            return None
        return found

    def _show(self, sent: bool, data: bytes) -> None:
        if self.tap is not None:
            self.tap(Frame(sent, data, self._stamp()[0]))
