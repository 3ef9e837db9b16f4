"""The commit header and the acknowledgement as plain values, and the checksum that makes a spool's content checkable.

The checksum is taken over the columns, not over the bytes of the message: the same readings have the same checksum
whether they travel fresh or as backlog, from this version's encoder or the next one's (docs/wire.md, "Checksum").
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from google.protobuf.message import DecodeError

from core.errors import Refused
from core.offsets import OffsetRange, Settled
from core.readings import Float64s, Int64s, UInt8s
from core.sparkplug import commit_pb2

MAX_ISLANDS = 256
"""Most ranges one acknowledgement names; it is cumulative and repeated, so the rest follows with the next."""


class GapReason(IntEnum):
    """Why a gateway gave readings up (docs/wire.md)."""

    SPOOL_FULL = 1
    DAMAGED = 2
    TOO_OLD = 3
    THINNED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Readings that were read and then given up by a declared policy."""

    reason: GapReason
    from_ms: int
    to_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The commit header of a data message: which offsets of which spool it carries.

    Attributes:
        epoch: the spool's epoch, > 0.
        span: offsets of the readings, in the order of the metrics.
        crc32: checksum of the columns (``checksum``); 0 for a gap.
        low: the lowest offset the gateway still answers for, a gap not yet settled included; all below is settled.
        gap: set when the offsets were evicted; the message then has no metrics.
        backlog: sent behind the fresh lane.
    """

    epoch: int
    span: OffsetRange
    crc32: int
    low: int
    gap: Gap | None = None
    backlog: bool = False


def encode_header(header: Header) -> bytes:
    """The header as ``Payload.body``."""
    message = commit_pb2.Header(
        epoch=header.epoch,
        first=header.span.first,
        count=len(header.span),
        crc32=header.crc32,
        low=header.low,
        backlog=header.backlog,
    )
    if header.gap is not None:
        gap = header.gap
        message.gap.CopyFrom(
            commit_pb2.Gap(count=len(header.span), reason=gap.reason, from_ms=gap.from_ms, to_ms=gap.to_ms)
        )
    return message.SerializeToString()


def decode_header(body: bytes) -> Header:
    """Read ``Payload.body``.

    Raises:
        Refused: if it is no commit header, or one that cannot be true.
    """
    try:
        message = commit_pb2.Header.FromString(body)
    except DecodeError:
        raise Refused("the payload's body is no commit header") from None
    if message.epoch == 0 or message.count == 0 or message.first + message.count >= 2**63 or message.epoch >= 2**63:
        raise Refused("the commit header needs an epoch and at least one offset, both below 2**63")
    if message.low > message.first:
        raise Refused(f"the spool's low mark {message.low} lies above the first offset {message.first}")
    gap = None
    if message.HasField("gap"):
        try:
            reason = GapReason(message.gap.reason)
        except ValueError:
            raise Refused(f"unknown gap reason {message.gap.reason}") from None
        gap = Gap(reason=reason, from_ms=message.gap.from_ms, to_ms=message.gap.to_ms)
    return Header(
        epoch=message.epoch,
        span=OffsetRange(message.first, message.first + message.count),
        crc32=message.crc32,
        low=message.low,
        gap=gap,
        backlog=message.backlog,
    )


def encode_committed(epoch: int, settled: Settled) -> bytes:
    """The acknowledgement: what of ``epoch`` is settled, the lowest ``MAX_ISLANDS`` ranges of it."""
    message = commit_pb2.Committed(epoch=epoch, low=settled.low)
    for index, island in enumerate(settled.islands()):
        if index == MAX_ISLANDS:
            break
        message.first.append(island.first)
        message.count.append(len(island))
    return message.SerializeToString()


def decode_committed(body: bytes) -> tuple[int, Settled]:
    """Read an acknowledgement: (epoch, what is settled).

    Raises:
        Refused: if it is malformed; a gateway trims nothing on an answer it cannot read.
    """
    try:
        message = commit_pb2.Committed.FromString(body)
    except DecodeError:
        raise Refused("the acknowledgement is malformed") from None
    if len(message.first) != len(message.count) or message.epoch == 0:
        raise Refused("the acknowledgement's ranges do not pair up, or it names no epoch")
    islands = []
    for first, count in zip(message.first, message.count, strict=True):
        if count == 0 or first + count >= 2**63:
            raise Refused(f"the acknowledgement holds the impossible range {first}+{count}")
        islands.append(OffsetRange(first, first + count))
    return message.epoch, Settled(message.low, islands)


def checksum(alias: Int64s, time_ms: Int64s, value: Float64s, quality: UInt8s, text: Sequence[str] = ()) -> int:
    """CRC-32 of one chunk's columns, little-endian, NaN in its canonical form.

    Args:
        alias: int64[n], Sparkplug aliases.
        time_ms: int64[n], event time.
        value: float64[n].
        quality: uint8[n].
        text: the chunk's texts, in the order of their rows.
    """
    bits = value.astype("<f8", copy=True)
    bits[np.isnan(bits)] = np.nan
    crc = zlib.crc32(alias.astype("<i8", copy=False).tobytes())
    crc = zlib.crc32(time_ms.astype("<i8", copy=False).tobytes(), crc)
    crc = zlib.crc32(bits.tobytes(), crc)
    crc = zlib.crc32(quality.tobytes(), crc)
    for item in text:
        crc = zlib.crc32(item.encode() + b"\0", crc)
    return crc
