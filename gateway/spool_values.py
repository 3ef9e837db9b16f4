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
        budget_bytes: most bytes on the disk, everything in the spool's folder included; beyond it the least valuable
            and oldest readings are given up.
        busy_timeout_s: how long another process may hold the folder.
        boot: this boot of the machine, see ``gateway.boot``; empty: readings are never held for a date.
    """

    budget_bytes: int = 256 * 1024 * 1024
    busy_timeout_s: float = 5.0
    boot: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GapRecord:
    """Offsets that were given up.

    Attributes:
        span: the offsets.
        gap: why, and from when to when; 0 to 0 where that is not known.
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
        chunks: the new chunks that may travel, safe on disk.
        evicted: readings that became gap records to make room, thinned ones included.
        held: readings among the new ones that must be dated first.
    """

    chunks: tuple[Chunk, ...]
    evicted: int = 0
    held: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolState:
    """What the spool holds.

    Attributes:
        epoch: see docs/wire.md.
        next_offset: the next reading's offset.
        low: the lowest offset not settled.
        chunks, readings, bytes: what waits.
        gap_readings: readings in gap records that wait.
        oldest_ms, newest_ms: event times of the readings that wait and are dated, 0 when none waits.
        unclean: it was not closed properly the last time.
        damaged: records that were found damaged since it was opened.
        replaced: file name of the newest copy of a damaged file, empty when there is none.
        held_readings: readings that wait for the clock to be set.
        thinned, evicted: readings given up since it was opened, because the spool was full.
        disk_bytes, budget_bytes: bytes the spool's folder takes, and may take.
        file_system_used: share of the file system in use, 0 to 1; 0 when it is not known.
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
    newest_ms: int = 0
    held_readings: int = 0
    thinned: int = 0
    evicted: int = 0
    disk_bytes: int = 0
    budget_bytes: int = 0
    file_system_used: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A metric that has an alias in this spool."""

    device: str
    name: str
    alias: int
    type: DataType
    unit: str
