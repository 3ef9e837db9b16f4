"""What travels between ``RemoteStore`` and its server: frames, requests and answers.

A frame is two little-endian uint32 (length of the head, length of the body), the head in MessagePack and the body: the
raw bytes of the arrays that the head describes, one after the other. No object is ever revived from the wire except the
types below, every length is checked before memory is taken, and arrays are only given dtypes from a fixed table.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import Refused, Unavailable
from core.offsets import OffsetRange, Settled
from core.ports.store import Chunk, Commit, GapRecord, Maintenance, Quarantined, Rollups, SpoolLedger, StoreCounts
from core.readings import Readings
from core.sparkplug.topics import NodeId
from store.shared_view import CatalogBody

MAX_HEAD = 64 << 20
MAX_BODY = 512 << 20
_LENGTHS = struct.Struct("<II")

_READING_COLUMNS = {"point": "<i4", "time_ms": "<i8", "value": "<f8", "quality": "|u1", "epoch": "<i8", "offset": "<i8"}
_ROLLUP_COLUMNS = {
    "point": "<i4",
    "start_ms": "<i8",
    "count": "<i8",
    "bad": "<i8",
    "minimum": "<f8",
    "maximum": "<f8",
    "mean": "<f8",
    "first": "<f8",
    "last": "<f8",
}


class Table(msgspec.Struct, array_like=True):
    """Columns in the body: how many rows, and the sparse texts."""

    rows: int
    text: dict[int, str] = {}


class CommitRequest(msgspec.Struct, tag="commit", array_like=True):
    """``commit``; the readings are in the body."""

    table: Table
    chunks: list[Chunk]
    gaps: list[GapRecord]
    quarantined: list[Quarantined]
    lows: list[tuple[NodeId, int, int]]


class DurableRequest(msgspec.Struct, tag="durable", array_like=True):
    """``durable``."""


class LedgersRequest(msgspec.Struct, tag="ledgers", array_like=True):
    """``ledgers``."""


class ReadRequest(msgspec.Struct, tag="read", array_like=True):
    """``read``; the points are in the body."""

    points: int
    from_ms: int
    to_ms: int


class RollupRequest(msgspec.Struct, tag="rollup", array_like=True):
    """``rollup``; the points are in the body."""

    points: int
    from_ms: int
    to_ms: int
    step_ms: int


class ViewRequest(msgspec.Struct, tag="view", array_like=True):
    """What is needed to answer ``rollup`` (``read`` if ``step_ms`` is 0) from the files; the points are in the body.

    ``known`` is the stamp of the catalog at the asking end.
    """

    points: int
    from_ms: int
    to_ms: int
    step_ms: int
    known: int


class LatestRequest(msgspec.Struct, tag="latest", array_like=True):
    """``latest``; the points are in the body, -1 of them means all."""

    points: int


class SinceRequest(msgspec.Struct, tag="since", array_like=True):
    """``since``: answered by ``StartAnswer``, one ``CommitAnswer`` a commit, ``EndAnswer``."""

    commit_number: int


class GapsRequest(msgspec.Struct, tag="gaps", array_like=True):
    """``gaps``."""

    from_ms: int
    to_ms: int


class QuarantineRequest(msgspec.Struct, tag="quarantine", array_like=True):
    """``quarantine``."""

    limit: int


class CountsRequest(msgspec.Struct, tag="counts", array_like=True):
    """``counts``."""


class MaintainRequest(msgspec.Struct, tag="maintain", array_like=True):
    """``maintain``."""

    now_ms: int


Request = (
    CommitRequest
    | DurableRequest
    | LedgersRequest
    | ReadRequest
    | RollupRequest
    | ViewRequest
    | LatestRequest
    | SinceRequest
    | GapsRequest
    | QuarantineRequest
    | CountsRequest
    | MaintainRequest
)


class ErrorAnswer(msgspec.Struct, tag="error", array_like=True):
    """The call failed; ``again`` says whether it may be repeated."""

    again: bool
    message: str


class NumberAnswer(msgspec.Struct, tag="number", array_like=True):
    """A commit number."""

    number: int


class ReadingsAnswer(msgspec.Struct, tag="readings", array_like=True):
    """Readings in the body."""

    table: Table


class CommitAnswer(msgspec.Struct, tag="commit", array_like=True):
    """One replayed commit, its readings in the body."""

    number: int
    table: Table


class StartAnswer(msgspec.Struct, tag="start", array_like=True):
    """The replay begins."""


class EndAnswer(msgspec.Struct, tag="end", array_like=True):
    """The replay is complete."""


class RollupsAnswer(msgspec.Struct, tag="rollups", array_like=True):
    """Roll-ups in the body."""

    step_ms: int
    rows: int


class ViewAnswer(msgspec.Struct, tag="view", array_like=True):
    """Hot readings in the body, the catalog if its stamp is not the known one; stamp 0: there are no files to read."""

    stamp: int
    catalog: CatalogBody | None
    table: Table


class LedgersAnswer(msgspec.Struct, tag="ledgers", array_like=True):
    """(spool, epoch, low, islands, recent chunks) of every ledger."""

    ledgers: list[tuple[NodeId, int, int, list[tuple[int, int]], list[Chunk]]]


class GapsAnswer(msgspec.Struct, tag="gaps", array_like=True):
    """Gap records."""

    gaps: list[GapRecord]


class QuarantineAnswer(msgspec.Struct, tag="quarantine", array_like=True):
    """Quarantined items."""

    items: list[Quarantined]


class CountsAnswer(msgspec.Struct, tag="counts", array_like=True):
    """Totals."""

    counts: StoreCounts


class MaintenanceAnswer(msgspec.Struct, tag="maintenance", array_like=True):
    """What a round did."""

    done: Maintenance


Answer = (
    ErrorAnswer
    | NumberAnswer
    | ReadingsAnswer
    | CommitAnswer
    | StartAnswer
    | EndAnswer
    | RollupsAnswer
    | ViewAnswer
    | LedgersAnswer
    | GapsAnswer
    | QuarantineAnswer
    | CountsAnswer
    | MaintenanceAnswer
)

REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
_ENCODER = msgspec.msgpack.Encoder()


class ByteStream(Protocol):
    """The part of a socket that frames need."""

    def sendall(self, data: bytes, /) -> None:
        """Send everything."""
        ...

    def recv_into(self, buffer: memoryview, /) -> int:
        """Receive something."""
        ...


def send_frame(stream: ByteStream, head: Request | Answer, body: bytes = b"") -> None:
    """Send one frame.

    Raises:
        Refused: if it is larger than the other end accepts.
    """
    encoded = _ENCODER.encode(head)
    if len(encoded) > MAX_HEAD or len(body) > MAX_BODY:
        raise Refused(
            f"{len(encoded) + len(body)} bytes are too many for one call to the store: ask for a shorter time"
        )
    stream.sendall(_LENGTHS.pack(len(encoded), len(body)) + encoded + body)


def receive_frame(stream: ByteStream) -> tuple[bytes, bytearray] | None:
    """Head and body of the next frame, ``None`` if the other end has closed between frames.

    Raises:
        Unavailable: if the stream ends inside a frame, or announces more than is allowed.
    """
    lengths = _receive(stream, _LENGTHS.size, may_end=True)
    if lengths is None:
        return None
    head_length, body_length = _LENGTHS.unpack(lengths)
    if head_length > MAX_HEAD or body_length > MAX_BODY:
        raise Unavailable(f"the other end of the store's socket announces {head_length}+{body_length} bytes")
    head, body = _receive(stream, head_length), _receive(stream, body_length)
    return bytes(head or b""), body or bytearray()


def _receive(stream: ByteStream, length: int, *, may_end: bool = False) -> bytearray | None:
    buffer = bytearray(length)
    view, got = memoryview(buffer), 0
    while got < length:
        count = stream.recv_into(view[got:])
        if count == 0:
            if may_end and got == 0:
                return None
            raise Unavailable("the other end of the store's socket has closed inside a frame")
        got += count
    return buffer


def pack_readings(batch: Readings) -> tuple[Table, bytes]:
    """Head and body of a batch."""
    return Table(len(batch), dict(batch.text)), _pack(batch, _READING_COLUMNS)


def unpack_readings(table: Table, body: bytearray) -> Readings:
    """The inverse of ``pack_readings``."""
    return Readings(**_unpack(body, table.rows, _READING_COLUMNS), text=table.text)


def pack_rollups(rollups: Rollups) -> tuple[RollupsAnswer, bytes]:
    """Head and body of roll-ups."""
    return RollupsAnswer(rollups.step_ms, len(rollups.point)), _pack(rollups, _ROLLUP_COLUMNS)


def unpack_rollups(answer: RollupsAnswer, body: bytearray) -> Rollups:
    """The inverse of ``pack_rollups``."""
    return Rollups(step_ms=answer.step_ms, **_unpack(body, answer.rows, _ROLLUP_COLUMNS))


def unpack_points(rows: int, body: bytearray) -> NDArray[np.int32]:
    """Point numbers in a request's body."""
    points: NDArray[np.int32] = _unpack(body, rows, {"point": "<i4"})["point"]
    return points


def pack_commit(commit: Commit) -> tuple[CommitRequest, bytes]:
    """Head and body of a commit."""
    table, body = pack_readings(commit.readings)
    lows = [(node, epoch, low) for (node, epoch), low in commit.lows.items()]
    return CommitRequest(table, list(commit.chunks), list(commit.gaps), list(commit.quarantined), lows), body


def unpack_commit(request: CommitRequest, body: bytearray) -> Commit:
    """The inverse of ``pack_commit``."""
    return Commit(
        readings=unpack_readings(request.table, body),
        chunks=request.chunks,
        gaps=request.gaps,
        quarantined=request.quarantined,
        lows={(node, epoch): low for node, epoch, low in request.lows},
    )


def pack_ledgers(ledgers: Mapping[tuple[NodeId, int], SpoolLedger]) -> LedgersAnswer:
    """All ledgers as plain values."""
    return LedgersAnswer(
        [
            (
                node,
                epoch,
                ledger.settled.low,
                [(island.first, island.stop) for island in ledger.settled.islands()],
                list(ledger.recent.values()),
            )
            for (node, epoch), ledger in ledgers.items()
        ]
    )


def unpack_ledgers(answer: LedgersAnswer) -> dict[tuple[NodeId, int], SpoolLedger]:
    """The inverse of ``pack_ledgers``."""
    return {
        (node, epoch): SpoolLedger(
            settled=Settled(low, [OffsetRange(first, stop) for first, stop in islands]),
            recent={chunk.span.first: chunk for chunk in recent},
        )
        for node, epoch, low, islands, recent in answer.ledgers
    }


def _pack(columns: Readings | Rollups, dtypes: Mapping[str, str]) -> bytes:
    return b"".join(getattr(columns, name).astype(dtype, copy=False).tobytes() for name, dtype in dtypes.items())


def _unpack(body: bytearray, rows: int, dtypes: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    sizes: Sequence[int] = [np.dtype(dtype).itemsize * rows for dtype in dtypes.values()]
    if rows < 0 or sum(sizes) != len(body):
        raise Unavailable(f"{len(body)} bytes came over the store's socket where {rows} rows were announced")
    columns, at = {}, 0
    for (name, dtype), size in zip(dtypes.items(), sizes, strict=True):
        columns[name] = np.frombuffer(body, dtype, rows, at)
        at += size
    return columns
