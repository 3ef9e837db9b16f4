"""A seeded mutator of Modbus responses, and an oracle that says which data a sequence of bytes may stand for.

The oracle shares nothing with the gateway: it has checksums of its own, computed bit by bit, and tries every offset.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pymodbus.framer.rtu import FramerRTU

from gateway.transport import Framing


def crc_by_bits(data: bytes) -> int:
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def wrapped(framing: Framing, unit: int, pdu: bytes, tid: int) -> bytes:
    content = bytes((unit,)) + pdu
    if framing is Framing.TCP:
        return tid.to_bytes(2, "big") + bytes(2) + len(content).to_bytes(2, "big") + content
    if framing is Framing.RTU:
        return content + FramerRTU.compute_CRC(content).to_bytes(2, "big")
    return b":" + (content + bytes((-sum(content) % 256,))).hex().upper().encode() + b"\r\n"


@dataclass(frozen=True)
class Case:
    """One question with its true answer, and what arrives instead.

    Attributes:
        surely_seen: the check of the framing is guaranteed to find what was done to the frame.
        blind: the check is of a kind that overlooks a good part of such damage.
    """

    kind: str
    unit: int
    function: int
    address: int
    count: int
    truth: bytes
    arriving: bytes
    surely_seen: bool
    blind: bool
    pieces: tuple[bytes, ...]

    def stands_for(self, framing: Framing, tid: int) -> set[bytes]:
        """Data of every well-formed answer to the question that lies anywhere in the bytes."""
        size = len(self.truth)
        head = bytes((self.unit, self.function, size))
        data, found = self.arriving, set()
        if framing is Framing.ASCII:
            for start in (i for i, octet in enumerate(data) if octet == 0x3A):
                end = start + 1 + 2 * (size + 4)
                digits = data[start + 1 : end]
                if data[end : end + 2] == b"\r\n" and set(digits) <= set(b"0123456789abcdefABCDEF"):
                    content = bytes.fromhex(digits.decode())
                    if content[:3] == head and sum(content) % 256 == 0:
                        found.add(content[3:-1])
            return found
        prefix = tid.to_bytes(2, "big") + bytes(2) + (size + 3).to_bytes(2, "big") if framing is Framing.TCP else b""
        for start in range(len(data)):
            begin = start + len(prefix) + 3
            if data[start:begin] != prefix + head or len(data) < begin + size:
                continue
            if framing is Framing.TCP or crc_by_bits(data[start : begin + size + 2]) == 0:
                found.add(data[begin : begin + size])
        return found


Mutation = Callable[[random.Random, bytes, Framing], bytes]


def _place(rng: random.Random, frame: bytes, framing: Framing) -> int:
    """Where bytes are changed: on TCP only in the header, because nothing but TCP's own checksum guards the data."""
    return rng.randrange(min(len(frame), 9) if framing is Framing.TCP else len(frame))


def _flip(rng: random.Random, frame: bytes, framing: Framing, bits: int) -> bytes:
    changed = bytearray(frame)
    room = 8 * (9 if framing is Framing.TCP else len(frame))
    for bit in rng.sample(range(room), bits):
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _burst(rng: random.Random, frame: bytes, framing: Framing) -> bytes:
    """Damage within 16 bits on the wire (the lowest bit of a byte travels first)."""
    room = 8 * (9 if framing is Framing.TCP else len(frame))
    start = rng.randrange(room - 15)
    pattern = rng.randrange(1, 1 << 16)
    number = int.from_bytes(frame, "little") ^ pattern << start
    return number.to_bytes(len(frame), "little")


def _insert(rng: random.Random, frame: bytes, framing: Framing) -> bytes:
    place = _place(rng, frame, framing)
    return frame[:place] + rng.randbytes(rng.randrange(1, 4)) + frame[place:]


def _delete(rng: random.Random, frame: bytes, framing: Framing) -> bytes:
    place = _place(rng, frame, framing)
    return frame[:place] + frame[place + rng.randrange(1, 4) :]


def _length(rng: random.Random, frame: bytes, framing: Framing) -> bytes:
    """Lengths of 0, 65,535 and others that are not the truth."""
    if framing is Framing.TCP:
        return frame[:4] + rng.choice((b"\0\0", b"\xff\xff", b"\0\1", rng.randbytes(2))) + frame[6:]
    place = 2 if framing is Framing.RTU else 5
    new = rng.choice((b"\0", b"\xff", rng.randbytes(1)))
    return frame[:place] + new + frame[place + 1 :]


MUTATIONS: dict[str, Mutation] = {
    "a bit flipped": lambda r, f, k: _flip(r, f, k, 1),
    "two bits flipped": lambda r, f, k: _flip(r, f, k, 2),
    "three bits flipped": lambda r, f, k: _flip(r, f, k, 3),
    "eight bits flipped": lambda r, f, k: _flip(r, f, k, 8),
    "a burst": _burst,
    "truncated": lambda r, f, _: f[: r.randrange(len(f))],
    "head cut off": lambda r, f, _: f[r.randrange(1, len(f)) :],
    "bytes inserted": _insert,
    "bytes deleted": _delete,
    "twice": lambda _r, f, _: f + f,
    "noise before": lambda r, f, _: r.randbytes(r.randrange(1, 40)) + f,
    "noise behind": lambda r, f, _: f + r.randbytes(r.randrange(1, 40)),
    "noise alone": lambda r, f, _: r.randbytes(r.randrange(0, 300)),
    "a lying length": _length,
    "a stump before": lambda r, f, _: f[: r.randrange(1, len(f))] + f,
    "nothing": lambda _r, _f, _k: b"",
    "bytes exchanged": lambda r, f, k: _exchange(r, f, k),
}
_SURE = {
    Framing.TCP: frozenset(MUTATIONS),
    Framing.RTU: frozenset(
        ("a bit flipped", "two bits flipped", "three bits flipped", "a burst", "truncated", "nothing")
    ),
    Framing.ASCII: frozenset(("a bit flipped", "truncated", "nothing")),
}


# A sum does not change when two digits of equal weight change places, or one grows by what another shrinks.
_BLIND_LRC = frozenset(("bytes exchanged", "two bits flipped", "three bits flipped", "a burst"))


def _exchange(rng: random.Random, frame: bytes, framing: Framing) -> bytes:
    one, other = _place(rng, frame, framing), _place(rng, frame, framing)
    changed = bytearray(frame)
    changed[one], changed[other] = changed[other], changed[one]
    return bytes(changed)


def _pieces(rng: random.Random, data: bytes) -> tuple[bytes, ...]:
    style = rng.random()
    if style < 0.6:
        return (data,)
    if style < 0.8:
        return tuple(data[i : i + 1] for i in range(len(data)))
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(1, 5)))
    return tuple(data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True))


def mutated(rng: random.Random, frame: bytes, framing: Framing) -> tuple[str, bytes]:
    """One mutation of a frame, by name."""
    kind = rng.choice(list(MUTATIONS))
    return kind, MUTATIONS[kind](rng, frame, framing)


def cases(framing: Framing, seed: int, count: int, tid: Callable[[int, int, int, int], int]) -> Iterator[Case]:
    """Mutated answers.

    Args:
        framing: of the frames.
        seed: repeats the sequence.
        count: how many.
        tid: asks a question (unit, function, address, count) and answers its transaction id, 0 where there is none.
    """
    rng = random.Random(seed)
    for _ in range(count):
        unit, function, address = rng.randrange(1, 248), rng.choice((1, 2, 3, 4)), rng.randrange(60_000)
        number = rng.randrange(1, 40)
        truth = rng.randbytes(-(-number // 8) if function < 3 else 2 * number)
        pdu = bytes((function, len(truth))) + truth
        kind, arriving = mutated(rng, wrapped(framing, unit, pdu, tid(unit, function, address, number)), framing)
        sure = kind in _SURE[framing]
        pieces = _pieces(rng, arriving)
        if framing is Framing.TCP and kind in ("bytes inserted", "a stump before"):
            pieces = (arriving,)  # in pieces, data that were shifted by a byte are data like any other
        blind = framing is Framing.ASCII and kind in _BLIND_LRC
        yield Case(kind, unit, function, address, number, truth, arriving, sure, blind, pieces)
