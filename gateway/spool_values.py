"""What goes into the spool and comes out of it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import Gap
from core.sparkplug.datatypes import DataType
from gateway.chunk import Chunk


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolOptions:
    """Limits of a spool.

    Attributes:
        budget_bytes: most bytes of readings kept; beyond it the oldest become a gap.
        busy_timeout_s: how long another process may hold the file.
    """

    budget_bytes: int = 256 * 1024 * 1024
    busy_timeout_s: float = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GapRecord:
    """Offsets that were given up.

    Attributes:
        span: the offsets.
        gap: why, and from when to when.
        sent: published at least once; its cut then stays as it is.
    """

    span: OffsetRange
    gap: Gap
    sent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Trim:
    """What may be deleted.

    Attributes:
        epoch: the epoch it speaks of; in another one it deletes nothing.
        settled: what the host says is settled.
        version: the sender's own number for it.
    """

    epoch: int
    settled: Settled
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """What one commit did.

    Attributes:
        chunks: the new chunks, safe on disk.
        evicted: readings that became gap records to make room.
    """

    chunks: tuple[Chunk, ...]
    evicted: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolState:
    """What the spool holds.

    Attributes:
        epoch: see docs/wire.md.
        next_offset: the next reading's offset.
        low: the lowest offset not settled.
        chunks, readings, bytes: what waits.
        gap_readings: readings in gap records that wait.
        oldest_ms: event time of the oldest waiting reading, 0 when none waits.
        unclean: it was not closed properly the last time.
        damaged: records that were found damaged since it was opened.
        replaced: file name of a damaged predecessor, empty when there was none.
    """

    epoch: int
    next_offset: int
    low: int
    chunks: int
    readings: int
    bytes: int
    gap_readings: int
    oldest_ms: int
    unclean: bool
    damaged: int
    replaced: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric that has an alias in this spool."""

    device: str
    name: str
    alias: int
    type: DataType
    unit: str
