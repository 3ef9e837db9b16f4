"""A unit on the bus: its answers, its pace, and what is wrong with it at the moment."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from firmware_sim.modbus.answer import answer_pdu, exception_pdu
from firmware_sim.modbus.register_map import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Product, Register
from firmware_sim.noise import derive_seed, uniform
from firmware_sim.serial_bus.framing import Framing, frame_of
from firmware_sim.signals.base import Signal

BUSY: Final = 6
_READ: Final = struct.Struct(">BHH")
_READS: Final = frozenset({1, 2, 3, 4})
_REGISTER_READS: Final = frozenset({3, 4})


class Instrument(Protocol):
    """What answers the requests of a unit."""

    def names(self) -> Collection[str]:
        """Names of its registers, for offsets."""
        ...

    def answer(self, pdu: bytes, time_s: float, offsets: Mapping[str, float]) -> bytes:
        """The answer PDU at simulated time `time_s`; `offsets` are added to registers by name."""
        ...


@dataclass(frozen=True, kw_only=True)
class ProductInstrument:
    """A maker's product (or a variant of it) with a signal for every register.

    Raises:
        ValueError: a register of the map has no signal, or a signal no register.
    """

    product: Product
    signals: Mapping[str, Signal]

    def __post_init__(self) -> None:
        differing = {r.name for r in self.product.registers} ^ set(self.signals)
        if differing:
            raise ValueError(f"{self.product.key}: registers and signals differ in {', '.join(sorted(differing))}")

    def names(self) -> Collection[str]:
        """Names of its registers, for offsets."""
        return self.signals.keys()

    def value(self, register: str, time_s: float, offsets: Mapping[str, float]) -> float:
        """Engineering value of a register."""
        value = self.signals[register].value(time_s)
        return value + offsets[register] if register in offsets else value  # adding 0 would lose the sign of -0.0

    def answer(self, pdu: bytes, time_s: float, offsets: Mapping[str, float]) -> bytes:
        """The answer PDU at simulated time `time_s`; `offsets` are added to registers by name."""

        def value_of(register: Register) -> float:
            return self.value(register.name, time_s, offsets)

        return answer_pdu(self.product, pdu, value_of)


@dataclass(kw_only=True)
class UnitFaults:
    """What is wrong with a unit now; changed while it runs.

    Attributes:
        dead: no power: nothing is heard and nothing said.
        delay_s: added to the turnaround of every answer.
        late_s: added to the turnaround of the next answer only.
        crc_rate: share of answers whose check bytes are wrong.
        noise_bytes: random bytes on the wire right before the answer.
        wrong_unit: answers carry the next unit id.
        truncated: answers stop in the middle.
        exception: code answered to every request.
        limit: most registers per request; more is exception 3.
        holes: (table, address) answered with exception 2.
        offsets: added to registers by name.
    """

    dead: bool = False
    delay_s: float = 0.0
    late_s: float = 0.0
    crc_rate: float = 0.0
    noise_bytes: int = 0
    wrong_unit: bool = False
    truncated: bool = False
    exception: int | None = None
    limit: int | None = None
    holes: set[tuple[int, int]] = field(default_factory=set)
    offsets: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a unit answers.

    Attributes:
        turnaround_s: from the end of a request to the start of its answer; never less than the line's silence.
        jitter_s: up to so much more, evenly spread.
    """

    turnaround_s: float = 0.012
    jitter_s: float = 0.004


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer on its way: what goes on the wire, and how long after the end of the request."""

    wait_s: float
    data: bytes
    pdu: bytes


class BusUnit:
    """One address on the bus.

    Args:
        unit_id: 1 to 247.
        instrument: what answers.
        pace: how fast.
        seed: fixes jitter, noise and wrong checks.
    """

    def __init__(self, unit_id: int, instrument: Instrument, *, pace: Pace | None = None, seed: int = 0) -> None:
        if not 1 <= unit_id <= 247:
            raise ValueError(f"a unit id is 1 to 247, not {unit_id}")
        self.unit_id = unit_id
        self.instrument = instrument
        self.pace = pace or Pace()
        self.faults = UnitFaults()
        self.answered = 0
        self._seed = derive_seed(seed, f"unit {unit_id}")

    def revive(self) -> None:
        """Ends everything that is wrong with the unit."""
        self.faults = UnitFaults()

    def reply(self, pdu: bytes, time_s: float, framing: Framing) -> Reply | None:
        """What the unit answers to a request of its own; None: nothing.

        Args:
            pdu: the request.
            time_s: simulated time at which values are taken.
            framing: transmission mode of the line.
        """
        faults = self.faults
        if faults.dead:
            return None
        self.answered += 1
        answer = self._answer(pdu, time_s)
        frame = frame_of(framing, (self.unit_id + faults.wrong_unit) & 0xFF, answer)
        if faults.truncated:
            frame = frame[: len(frame) // 2]
        if self._luck(1) < faults.crc_rate:
            frame = _with_wrong_check(frame, framing)
        wait_s = self.pace.turnaround_s + self.pace.jitter_s * self._luck(2) + faults.delay_s + faults.late_s
        faults.late_s = 0.0
        noise = bytes(int(256 * self._luck(16 + i)) for i in range(faults.noise_bytes))
        return Reply(wait_s=wait_s, data=noise + frame, pdu=answer)

    def _luck(self, use: int) -> float:
        return uniform(self._seed, self.answered * 1024 + use)

    def _answer(self, pdu: bytes, time_s: float) -> bytes:
        faults, function = self.faults, pdu[0]
        if faults.exception is not None:
            return exception_pdu(function, faults.exception)
        if function in _READS and len(pdu) == _READ.size:
            _, address, count = _READ.unpack(pdu)
            if faults.limit is not None and function in _REGISTER_READS and count > faults.limit:
                return exception_pdu(function, ILLEGAL_VALUE)
            if any(table == function and address <= hole < address + count for table, hole in faults.holes):
                return exception_pdu(function, ILLEGAL_ADDRESS)
        return self.instrument.answer(pdu, time_s, faults.offsets)


def _with_wrong_check(frame: bytes, framing: Framing) -> bytes:
    """The same frame with check bytes that do not fit."""
    if framing is Framing.RTU:
        return frame[:-1] + bytes((frame[-1] ^ 0x55,))
    digit = b"0" if frame[-3:-2] != b"0" else b"1"
    return frame[:-3] + digit + frame[-2:]
