"""What devices, bridges and wires do wrong, as data: one row a misbehaviour, for every framing.

The frames are built by hand here, with checksums of pymodbus, so that a mistake of the gateway's framers cannot hide.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from pymodbus.framer.rtu import FramerRTU

from core.quality import Reason
from gateway.transport import Framing

TIMEOUT_S = 0.2
Sending = list[tuple[float, bytes]]
"""What is sent back: (delay before it in seconds, bytes) each."""


@dataclass(frozen=True)
class Asked:
    """One request as a device received it, and the means to answer it rightly or wrongly."""

    framing: Framing
    raw: bytes
    unit: int
    pdu: bytes
    tid: int = 0

    def frame(self, pdu: bytes, *, unit: int | None = None, tid: int | None = None, length: int | None = None) -> bytes:
        unit = self.unit if unit is None else unit
        content = bytes((unit,)) + pdu
        if self.framing is Framing.TCP:
            tid = self.tid if tid is None else tid
            return struct.pack(">HHH", tid % 65536, 0, len(content) if length is None else length) + content
        if self.framing is Framing.RTU:
            return content + FramerRTU.compute_CRC(content).to_bytes(2, "big")
        return b":" + (content + bytes((-sum(content) % 256,))).hex().upper().encode() + b"\r\n"

    @property
    def function(self) -> int:
        return self.pdu[0]

    @property
    def words(self) -> bytes:
        """What an honest device holds: register n holds 1000 + n, so that every answer shows what it answers."""
        address, count = struct.unpack(">HH", self.pdu[1:5])
        return b"".join(struct.pack(">H", (1000 + address + i) % 65536) for i in range(count))

    @property
    def body(self) -> bytes:
        return bytes((self.function, len(self.words))) + self.words

    def answer(self, **changes: int) -> bytes:
        return self.frame(self.body, **changes)


Reply = Callable[[Asked], Sending]
SILENT = {Reason.TIMEOUT}
WRONG = {Reason.MALFORMED_REPLY}
EITHER = SILENT | WRONG
"""A frame that came in one piece is known to be wrong at once, one that came in pieces at the timeout."""


def once(make: Callable[[Asked], bytes]) -> Reply:
    return lambda asked: [(0.0, make(asked))]


def late(factor: float) -> Reply:
    return lambda asked: [(TIMEOUT_S * factor, asked.answer())]


def exception(code: int) -> Reply:
    return once(lambda a: a.frame(bytes((a.function | 0x80, code))))


def flipped(data: bytes, *bits: int) -> bytes:
    changed = bytearray(data)
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def without(data: bytes, index: int) -> bytes:
    return data[:index] + data[index + 1 :]


def swapped(tid: int) -> int:
    """Another id than ``tid``: its bytes the other way round, or, where that is the same, one of them changed."""
    high, low = divmod(tid, 256)
    return low * 256 + (high if high != low else high ^ 1)


def junk(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


EXCEPTIONS = {
    0: Reason.DEVICE_EXCEPTION,
    1: Reason.DEVICE_EXCEPTION,
    2: Reason.ILLEGAL_ADDRESS,
    3: Reason.ILLEGAL_ADDRESS,
    4: Reason.DEVICE_EXCEPTION,
    5: Reason.BUSY,
    6: Reason.BUSY,
    7: Reason.DEVICE_EXCEPTION,
    8: Reason.DEVICE_EXCEPTION,
    9: Reason.DEVICE_EXCEPTION,
    10: Reason.TIMEOUT,
    11: Reason.TIMEOUT,
    255: Reason.DEVICE_EXCEPTION,
}

ANYWHERE: dict[str, tuple[Reply, set[Reason]]] = {
    "nothing": (lambda _: [], SILENT),
    "late by 1.1": (late(1.1), SILENT),
    "late by 1.5": (late(1.5), SILENT),
    "late by 2": (late(2), SILENT),
    "late by 3": (late(3), SILENT),
    "another unit": (once(lambda a: a.answer(unit=9)), SILENT),
    "unit 0": (once(lambda a: a.answer(unit=0)), SILENT),
    "unit 255": (once(lambda a: a.answer(unit=255)), SILENT),
    "function 4 instead": (once(lambda a: a.frame(b"\x04" + a.body[1:])), EITHER),
    "function 1 instead": (once(lambda a: a.frame(b"\x01" + a.body[1:])), EITHER),
    "function 0": (once(lambda a: a.frame(b"\x00" + a.body[1:])), EITHER),
    "a write's answer": (once(lambda a: a.frame(b"\x06\0\0\0\1")), EITHER),
    "a long write's answer": (once(lambda a: a.frame(b"\x10\0\0\0\2")), EITHER),
    "an unknown function": (once(lambda a: a.frame(b"\x64" + a.body[1:])), EITHER),
    "an identity": (once(lambda a: a.frame(b"\x2b\x0e\x01\x01\0\0\1\0\4Acme")), EITHER),
    "no function": (once(lambda a: a.frame(b"")), EITHER),
    "byte count too small": (once(lambda a: a.frame(a.body[:1] + bytes((a.body[1] - 2,)) + a.words[:-2])), EITHER),
    "byte count too large": (once(lambda a: a.frame(a.body[:1] + bytes((a.body[1] + 2,)) + a.words + b"\0\0")), EITHER),
    "byte count beyond the data": (once(lambda a: a.frame(a.body[:1] + b"\x08" + a.words)), EITHER),
    "byte count short of the data": (once(lambda a: a.frame(a.body[:1] + b"\x02" + a.words + b"\0\0")), EITHER),
    "odd byte count": (once(lambda a: a.frame(a.body[:1] + b"\x03" + a.words[:3])), EITHER),
    "byte count zero": (once(lambda a: a.frame(a.body[:1] + b"\0")), EITHER),
    "byte count zero with data": (once(lambda a: a.frame(a.body[:1] + b"\0" + a.words)), EITHER),
    "byte count 255": (once(lambda a: a.frame(a.body[:1] + b"\xff" + a.words)), EITHER),
    "no byte count": (once(lambda a: a.frame(a.body[:1] + a.words)), EITHER),
    "data missing": (once(lambda a: a.frame(a.body[:2])), EITHER),
    "the body twice in a frame": (once(lambda a: a.frame(a.body + a.body)), EITHER),
    "half a frame": (once(lambda a: a.answer()[: len(a.answer()) // 2]), SILENT),
    "all but the last byte": (once(lambda a: a.answer()[:-1]), SILENT),
    "all but the first byte": (once(lambda a: a.answer()[1:]), EITHER),
    "the first byte": (once(lambda a: a.answer()[:1]), SILENT),
    "a byte missing in the header": (once(lambda a: without(a.answer(), 1)), EITHER),
    "a byte too many in the header": (once(lambda a: a.answer()[:1] + b"\x07" + a.answer()[1:]), EITHER),
    "bytes backwards": (once(lambda a: a.answer()[::-1]), SILENT),
    "only the data": (once(lambda a: a.words), SILENT),
    "a stump, and the rest too late": (
        lambda a: [(0, a.answer()[:6]), (TIMEOUT_S * 1.5, a.answer()[6:])],
        SILENT,
    ),
    "slower than the timeout": (
        lambda a: [(TIMEOUT_S / 3, a.answer()[i : i + 2]) for i in range(0, len(a.answer()), 2)],
        SILENT,
    ),
    "two stumps": (once(lambda a: a.answer()[:5] + a.answer()[:7]), EITHER),
    "noise": (once(lambda _: junk(1, 200)), SILENT),
    "one byte of noise": (once(lambda _: b"\xff"), SILENT),
    "endless noise": (lambda _: [(0.01, junk(i, 7)) for i in range(int(TIMEOUT_S * 110))], SILENT),
    "300 zeros": (once(lambda _: bytes(300)), EITHER),
    "300 ones": (once(lambda _: b"\xff" * 300), SILENT),
    "2000 bytes of noise": (once(lambda _: junk(2, 2000)), SILENT),
    "a web server": (once(lambda _: b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), SILENT),
    "its own echo": (once(lambda a: a.raw), EITHER),
    "its own echo twice": (once(lambda a: a.raw * 2), EITHER),
    "exception without a code": (once(lambda a: a.frame(bytes((a.function | 0x80,)))), EITHER),
    "exception with a tail": (once(lambda a: a.frame(bytes((a.function | 0x80, 2, 0, 0)))), EITHER),
    "exception of another function": (once(lambda a: a.frame(b"\x84\x02")), EITHER),
    "exception of another unit": (once(lambda a: a.frame(bytes((a.function | 0x80, 2)), unit=9)), SILENT),
    **{f"exception {code}": (exception(code), {reason}) for code, reason in EXCEPTIONS.items()},
}

ON_TCP: dict[str, tuple[Reply, set[Reason]]] = {
    "transaction id one too high": (once(lambda a: a.answer(tid=a.tid + 1)), SILENT),
    "transaction id one too high, and late": (
        lambda a: [(TIMEOUT_S * 1.2, a.answer(tid=a.tid + 1))],
        SILENT,
    ),
    "transaction id one too low": (once(lambda a: a.answer(tid=a.tid - 1)), SILENT),
    "transaction id zero": (once(lambda a: a.answer(tid=0)), WRONG),
    "transaction id swapped": (once(lambda a: a.answer(tid=swapped(a.tid))), SILENT),
    "length field zero": (once(lambda a: a.answer(length=0)), SILENT),
    "length field one": (once(lambda a: a.answer(length=1)), SILENT),
    "length field one too small": (once(lambda a: a.answer(length=len(a.body))), WRONG),
    "length field one too large": (once(lambda a: a.answer(length=len(a.body) + 2)), SILENT),
    "length field 255": (once(lambda a: a.answer(length=255)), SILENT),
    "length field 65535": (once(lambda a: a.answer(length=65535)), SILENT),
    "protocol id not zero": (once(lambda a: a.raw[:2] + b"\0\1" + a.answer()[4:]), SILENT),
    "a header alone": (once(lambda a: a.answer()[:7]), SILENT),
    "an extra byte in the data": (once(lambda a: a.answer()[:9] + b"\x55" + a.answer()[9:]), WRONG),
    "an RTU frame": (once(lambda a: Asked(Framing.RTU, a.raw, a.unit, a.pdu).answer()), SILENT),
}
ON_RTU: dict[str, tuple[Reply, set[Reason]]] = {
    "no CRC": (once(lambda a: a.answer()[:-2]), SILENT),
    "CRC zero": (once(lambda a: a.answer()[:-2] + b"\0\0"), SILENT),
    "CRC bytes swapped": (once(lambda a: a.answer()[:-2] + a.answer()[:-3:-1]), SILENT),
    "CRC inverted": (once(lambda a: a.answer()[:-2] + bytes(b ^ 255 for b in a.answer()[-2:])), SILENT),
    "a bit flipped in the data": (once(lambda a: flipped(a.answer(), 30)), SILENT),
    "two bits flipped in the data": (once(lambda a: flipped(a.answer(), 30, 43)), SILENT),
    "three bits flipped": (once(lambda a: flipped(a.answer(), 27, 36, 50)), SILENT),
    "a burst in the data": (once(lambda a: flipped(a.answer(), *range(25, 41, 2))), SILENT),
    "a bit flipped in the unit": (once(lambda a: flipped(a.answer(), 3)), SILENT),
    "a bit flipped in the function": (once(lambda a: flipped(a.answer(), 9)), SILENT),
    "an exception's bit flipped in": (once(lambda a: flipped(a.answer(), 15)), SILENT),
    "a TCP frame": (once(lambda a: Asked(Framing.TCP, a.raw, a.unit, a.pdu, 1).answer()), SILENT),
    "words exchanged": (once(lambda a: a.answer()[:3] + a.answer()[5:7] + a.answer()[3:5] + a.answer()[7:]), SILENT),
}
ON_ASCII: dict[str, tuple[Reply, set[Reason]]] = {
    "no LRC": (once(lambda a: a.answer()[:-4] + b"\r\n"), SILENT),
    "LRC zero": (once(lambda a: a.answer()[:-4] + b"00\r\n"), SILENT),
    "LRC one too high": (
        once(lambda a: a.answer()[:-4] + b"%02X\r\n" % ((int(a.answer()[-4:-2], 16) + 1) % 256)),
        SILENT,
    ),
    "no colon": (once(lambda a: a.answer()[1:]), SILENT),
    "no line end": (once(lambda a: a.answer()[:-2]), SILENT),
    "CR alone": (once(lambda a: a.answer()[:-1]), SILENT),
    "LF alone": (once(lambda a: a.answer()[:-2] + b"\n"), SILENT),
    "a digit missing": (once(lambda a: without(a.answer(), 8)), SILENT),
    "a digit that is none": (once(lambda a: a.answer()[:8] + b"G" + a.answer()[9:]), SILENT),
    "a space between digits": (once(lambda a: a.answer()[:7] + b" " + a.answer()[7:]), SILENT),
    "a digit changed": (
        once(lambda a: a.answer()[:8] + b"%X" % (int(a.answer()[8:9], 16) ^ 1) + a.answer()[9:]),
        SILENT,
    ),
    "a colon in the middle": (once(lambda a: a.answer()[:9] + b":" + a.answer()[9:]), SILENT),
    "a byte with the eighth bit": (once(lambda a: a.answer()[:8] + b"\xb1" + a.answer()[9:]), SILENT),
    "an RTU frame": (once(lambda a: Asked(Framing.RTU, a.raw, a.unit, a.pdu).answer()), SILENT),
}
NO_VALUE: dict[Framing, dict[str, tuple[Reply, set[Reason]]]] = {
    Framing.TCP: {**ANYWHERE, **ON_TCP},
    Framing.RTU: {**ANYWHERE, **ON_RTU},
    Framing.ASCII: {**ANYWHERE, **ON_ASCII},
}

CLUMSY: dict[str, Reply] = {
    "one byte at a time": lambda a: [(0.0005, a.answer()[i : i + 1]) for i in range(len(a.answer()))],
    "split in two": lambda a: [(0, a.answer()[:5]), (0.01, a.answer()[5:])],
    "twice": once(lambda a: a.answer() * 2),
    "after one of another unit": once(lambda a: a.answer(unit=77) + a.answer()),
    "after noise": once(lambda a: b"\xff\x00\xaa" + a.answer()),
    "after a stump": once(lambda a: a.answer()[:4] + a.answer()),
    "after the echo": once(lambda a: a.raw + a.answer()),
    "with a spark behind": once(lambda a: a.answer() + b"\0" if a.framing is not Framing.TCP else a.answer()),
}
STILL_RIGHT: dict[Framing, dict[str, Reply]] = {
    Framing.TCP: {
        **{name: reply for name, reply in CLUMSY.items() if name not in ("after a stump", "after the echo")},
        "after one of another transaction": once(lambda a: a.answer(tid=a.tid + 7) + a.answer()),
    },
    Framing.RTU: CLUMSY,
    Framing.ASCII: {**CLUMSY, "in small letters": once(lambda a: a.answer().lower())},
}
