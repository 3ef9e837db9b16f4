"""The records of the spool's log, and how they are found again in a file that is no longer whole.

Every record is a *frame*: a magic, a small head and a payload under one CRC-32. Nothing else says where a frame begins,
so a reader that meets bytes that fit no checksum looks for the next magic and goes on: a flipped bit, a zeroed page or
a torn tail costs the frames it touches and no other. Frames carry a log sequence number (of two that speak of the same
offsets the later one holds) and the id of their spool (what an older file left behind on the disk is not ours).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import Gap, GapReason
from gateway.chunk import Chunk, Worth
from gateway.spool_values import GapRecord

MAGIC = b"\xf7Tg\x1a"
_HEAD = struct.Struct("<4sBxxxIQQ")
_CRC = struct.Struct("<I")
FRAME_HEAD = _HEAD.size + _CRC.size
MAX_PAYLOAD = 1 << 26
_CHUNK = struct.Struct("<QIIqqBBBB")
_GAP_COLUMNS = 5
_SPAN = struct.Struct("<QQ")
_STATE = struct.Struct("<QQqQII")
_LOW = struct.Struct("<QI")
_ALARM = 1
_HELD = 2


class Kind(IntEnum):
    """What a frame says."""

    CHUNK = 1
    GAPS = 2
    """These offsets were given up; chunks among them are no longer there."""
    SETTLED = 3
    """The host has these offsets."""
    STATE = 4
    """Everything that is not a chunk; stands at the beginning of each file, so that older files can go."""
    VOID = 5
    """Frames that were written in vain: their commit failed, and was told so to its caller."""
    CLEAN = 6
    """The spool was closed in order."""
    BDSEQ = 7


@dataclass(frozen=True, slots=True)
class Frame:
    """One sound frame of a file: its kind, number, place (first byte and bytes) and payload."""

    kind: int
    lsn: int
    at: int
    size: int
    payload: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What a file begins with.

    Attributes:
        epoch: see docs/wire.md.
        next_offset: the next reading's offset.
        bdseq: the last birth/death number given, -1 before the first.
        settled: what the host has.
        gaps: gap records that wait.
    """

    epoch: int
    next_offset: int
    bdseq: int
    settled: Settled
    gaps: tuple[GapRecord, ...]


def encode(kind: Kind, spool: int, lsn: int, payload: bytes) -> bytes:
    """One frame."""
    head = _HEAD.pack(MAGIC, kind, len(payload), spool, lsn)
    return head + _CRC.pack(zlib.crc32(payload, zlib.crc32(head))) + payload


def decode_at(data: bytes, at: int, spool: int | None) -> Frame | None:
    """The frame that begins at ``at``; None if none does, or one of another spool."""
    if len(data) - at < FRAME_HEAD:
        return None
    magic, kind, length, owner, lsn = _HEAD.unpack_from(data, at)
    begin = at + FRAME_HEAD
    if magic != MAGIC or length > MAX_PAYLOAD or begin + length > len(data):
        return None
    payload = bytes(data[begin : begin + length])
    (crc,) = _CRC.unpack_from(data, at + _HEAD.size)
    if crc != zlib.crc32(payload, zlib.crc32(data[at : at + _HEAD.size])):
        return None
    if spool is not None and owner != spool:
        return None
    return Frame(kind, lsn, at, FRAME_HEAD + length, payload)


def owner_of(data: bytes) -> int | None:
    """The spool that the first sound frame belongs to."""
    at = data.find(MAGIC)
    while at >= 0:
        if decode_at(data, at, None) is not None:
            return int(_HEAD.unpack_from(data, at)[3])
        at = data.find(MAGIC, at + 1)
    return None


def scan(data: bytes, spool: int) -> tuple[list[Frame], int]:
    """All sound frames of a file, in order, and how many bytes belong to none."""
    frames: list[Frame] = []
    at = rubbish = 0
    while at < len(data):
        frame = decode_at(data, at, spool)
        if frame is not None:
            frames.append(frame)
            at += frame.size
            continue
        found = data.find(MAGIC, at + 1)
        stop = len(data) if found < 0 else found
        rubbish += stop - at
        at = stop
    return frames, rubbish


# --- payloads -------------------------------------------------------------------------------------------------------


def encode_chunk(chunk: Chunk) -> bytes:
    """A chunk as payload."""
    device, boot = chunk.device.encode(), chunk.boot.encode()
    flags = (_ALARM if chunk.alarm else 0) | (_HELD if boot else 0)
    head = _CHUNK.pack(
        chunk.span.first, len(chunk.span), chunk.crc32, chunk.from_ms, chunk.to_ms,
        chunk.worth, flags, len(device), len(boot),
    )  # fmt: skip
    return head + device + boot + chunk.metrics


def decode_chunk(payload: bytes) -> Chunk:
    """A chunk; the frame's checksum has been compared already."""
    first, count, crc32, from_ms, to_ms, worth, flags, device, boot = _CHUNK.unpack_from(payload)
    begin = _CHUNK.size
    return Chunk(
        device=payload[begin : begin + device].decode(),
        span=OffsetRange(first, first + count),
        crc32=crc32,
        from_ms=from_ms,
        to_ms=to_ms,
        metrics=payload[begin + device + boot :],
        worth=Worth(worth),
        alarm=bool(flags & _ALARM),
        boot=payload[begin + device : begin + device + boot].decode(),
    )


def without_metrics(frame: Frame) -> Frame:
    """A chunk's frame as small as ``decode_chunk`` still reads it, without its metrics; other frames as they are."""
    if frame.kind != Kind.CHUNK or len(frame.payload) < _CHUNK.size:
        return frame
    *_, device, boot = _CHUNK.unpack_from(frame.payload)
    return Frame(frame.kind, frame.lsn, frame.at, frame.size, frame.payload[: _CHUNK.size + device + boot])


def portions(chunks: Iterable[Chunk], most_bytes: int) -> Iterator[list[tuple[Chunk, bytes]]]:
    """Chunks with their payloads, in runs of about ``most_bytes``."""
    portion: list[tuple[Chunk, bytes]] = []
    size = 0
    for chunk in chunks:
        payload = encode_chunk(chunk)
        if portion and size + len(payload) > most_bytes:
            yield portion
            portion, size = [], 0
        portion.append((chunk, payload))
        size += len(payload)
    if portion:
        yield portion


def encode_gaps(gaps: Iterable[GapRecord]) -> bytes:
    """Gap records as payload: columns of differences, packed; after thinning there are thousands, all alike."""
    rows = np.array(
        [
            (g.span.first, len(g.span), g.gap.from_ms, g.gap.to_ms - g.gap.from_ms, g.gap.reason * 2 + g.sent)
            for g in gaps
        ],
        np.int64,
    ).reshape(-1, _GAP_COLUMNS)
    return zlib.compress(np.diff(rows, axis=0, prepend=0).T.tobytes(), 1)


def decode_gaps(payload: bytes) -> tuple[GapRecord, ...]:
    """Gap records.

    Raises:
        ValueError: if the payload is none of ``encode_gaps``.
    """
    try:
        columns = np.frombuffer(zlib.decompress(payload), np.int64).reshape(_GAP_COLUMNS, -1)
    except zlib.error as error:
        raise ValueError("the gap records cannot be unpacked") from error
    rows: list[list[int]] = np.cumsum(columns, axis=1).T.tolist()
    return tuple(
        GapRecord(
            span=OffsetRange(first, first + count),
            gap=Gap(reason=GapReason(flags // 2), from_ms=from_ms, to_ms=from_ms + length_ms),
            sent=bool(flags % 2),
        )
        for first, count, from_ms, length_ms, flags in rows
    )


def encode_settled(settled: Settled) -> bytes:
    """What the host has, as payload."""
    islands = list(settled.islands())
    return _LOW.pack(settled.low, len(islands)) + _spans(islands)


def decode_settled(payload: bytes) -> Settled:
    """What the host has."""
    low, count = _LOW.unpack_from(payload)
    return Settled(low, _islands(payload, _LOW.size, count))


def encode_state(state: State) -> bytes:
    """Everything but the chunks, as payload."""
    islands = list(state.settled.islands())
    head = _STATE.pack(
        state.epoch, state.next_offset, state.bdseq, state.settled.low, len(islands), len(state.gaps)
    )  # fmt: skip
    return head + _spans(islands) + encode_gaps(state.gaps)


def decode_state(payload: bytes) -> State:
    """Everything but the chunks."""
    epoch, next_offset, bdseq, low, islands, _ = _STATE.unpack_from(payload)
    return State(
        epoch=epoch,
        next_offset=next_offset,
        bdseq=bdseq,
        settled=Settled(low, _islands(payload, _STATE.size, islands)),
        gaps=decode_gaps(payload[_STATE.size + islands * _SPAN.size :]),
    )


def encode_pair(one: int, two: int) -> bytes:
    """Two numbers (a void run of frames: first and last; a birth/death number: itself and 0)."""
    return _SPAN.pack(one, two)


def decode_pair(payload: bytes) -> tuple[int, int]:
    """Two numbers."""
    one, two = _SPAN.unpack(payload)
    return one, two


def _spans(spans: Iterable[OffsetRange]) -> bytes:
    return b"".join(_SPAN.pack(span.first, span.stop) for span in spans)


def _islands(payload: bytes, begin: int, count: int) -> list[OffsetRange]:
    return [OffsetRange(*_SPAN.unpack_from(payload, begin + index * _SPAN.size)) for index in range(count)]
