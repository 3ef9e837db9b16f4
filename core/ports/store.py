"""The port of the time series and of the commit log beside it.

A commit is one transaction: readings *and* the offset ranges they came from. The port never says "written", it says
"durable up to": a store that is durable at once returns the commit's own number, a store with delayed durability
(VictoriaMetrics) a lower one, and ingest acknowledges only what ``durable()`` has reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.offsets import OffsetRange, Settled
from core.readings import Float64s, Int32s, Int64s, Readings
from core.sparkplug.commit import Gap
from core.sparkplug.topics import NodeId


class QuarantineReason(StrEnum):
    """Why something that arrived was not stored."""

    MALFORMED = "malformed"
    UNKNOWN_NODE = "unknown_node"
    FOREIGN_TOPIC = "foreign_topic"
    UNKNOWN_POINT = "unknown_point"
    UNKNOWN_ALIAS = "unknown_alias"
    WRONG_TYPE = "wrong_type"
    WRONG_UNIT = "wrong_unit"
    IMPOSSIBLE_TIME = "impossible_time"
    CHECKSUM = "checksum"
    CLONED_GATEWAY = "cloned_gateway"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """One spool chunk as it was committed: the unit of de-duplication and of clone detection."""

    node: NodeId
    epoch: int
    span: OffsetRange
    crc32: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GapRecord:
    """Readings a gateway evicted; drawn on the chart, counted for INV-3."""

    node: NodeId
    epoch: int
    span: OffsetRange
    gap: Gap


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """Readings or a message that were refused, with the reason and a sample to look at.

    Attributes:
        node: where it came from, as text (it may be no valid id).
        reason: why.
        count: readings it stood for; 0 if it could not be decoded.
        arrived_ms: wall-clock time of arrival.
        metric: metric name, where one is to blame.
        detail: one clause for people.
        sample: the first bytes of the payload.
        epoch: the spool's epoch, 0 when the reading has none.
        offset: its offset; -1 when it has none.
    """

    node: str
    reason: QuarantineReason
    count: int
    arrived_ms: int
    metric: str = ""
    detail: str = ""
    sample: bytes = b""
    epoch: int = 0
    offset: int = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What one transaction stores. Every offset of ``chunks`` is among the readings or quarantined."""

    readings: Readings
    chunks: Sequence[Chunk] = ()
    gaps: Sequence[GapRecord] = ()
    quarantined: Sequence[Quarantined] = ()
    lows: Mapping[tuple[NodeId, int], int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolLedger:
    """What the store knows of one spool: settled offsets, and the checksums of its recent chunks by first offset."""

    settled: Settled
    recent: Mapping[int, Chunk]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rollups:
    """Aggregates of good readings in buckets of one width; a bucket without any reading has no row.

    Attributes:
        step_ms: width of a bucket.
        point: int32[n]; start_ms: int64[n], begin of the bucket (a multiple of step_ms).
        count: int64[n], good readings; bad: int64[n], readings that were not good.
        minimum, maximum, mean, first, last: float64[n], of the good readings; NaN where count is 0.
    """

    step_ms: int
    point: Int32s
    start_ms: Int64s
    count: Int64s
    bad: Int64s
    minimum: Float64s
    maximum: Float64s
    mean: Float64s
    first: Float64s
    last: Float64s


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreCounts:
    """Totals since the store was created, and its size now."""

    readings: int
    quarantined: int
    evicted: int
    superseded: int
    bytes_on_disk: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Maintenance:
    """What one round of maintenance did."""

    segments_written: int = 0
    readings_compacted: int = 0
    segments_dropped: int = 0
    bytes_freed: int = 0


class PastReadings(Protocol):
    """The readings of the past as a replay wants them: in order, much at once, values only."""

    def stretch(self, points: Int32s, from_ms: int, to_ms: int, points_at_once: int) -> Iterator[Readings]:
        """Readings in [from_ms, to_ms), some points after the other, each point in one piece.

        A piece is sorted by (point, time), one reading per point and millisecond; epoch and offset mean nothing, and
        texts are left out.

        Raises:
            core.errors.Unavailable: if the store cannot answer now; also while pieces are taken.
        """
        ...

    def raw_from_ms(self) -> int:
        """From when on no readings were dropped for their age; 0 if none ever were."""
        ...


class TimeSeriesStore(PastReadings, Protocol):
    """A store of readings. Methods are called from any thread; a commit is atomic against every read.

    All methods raise ``core.errors.Unavailable`` if the engine cannot answer now and the call may be repeated.
    """

    def commit(self, commit: Commit) -> int:
        """Store a commit and return its number (1, 2, …)."""
        ...

    def durable(self) -> int:
        """The number of the last commit that survives a power cut, with all before it."""
        ...

    def ledgers(self) -> Mapping[tuple[NodeId, int], SpoolLedger]:
        """The commit log by (node, epoch), durable commits only; ingest loads it at start."""
        ...

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time), one per point and millisecond."""
        ...

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in buckets of ``step_ms``, sorted by (point, start); current to the last commit."""
        ...

    def latest(self, points: Int32s | None = None) -> Readings:
        """The newest reading of each point (all points when ``None``), sorted by point; never from the disk."""
        ...

    def since(self, commit_number: int) -> Iterator[tuple[int, Readings]]:
        """Commits after ``commit_number`` in order, for the rules' recovery.

        Raises:
            core.errors.Refused: if that history is no longer kept.
        """
        ...

    def gaps(self, from_ms: int, to_ms: int) -> Sequence[GapRecord]:
        """Gap records whose event times touch [from_ms, to_ms)."""
        ...

    def quarantine(self, limit: int) -> Sequence[Quarantined]:
        """The newest quarantined items, newest first."""
        ...

    def counts(self) -> StoreCounts:
        """Totals and size."""
        ...

    def maintain(self, now_ms: int) -> Maintenance:
        """Compact what is old enough, apply retention and disk budget; safe to kill at any moment."""
        ...

    def close(self) -> None:
        """Make everything durable and let go of files and connections; idempotent."""
        ...


def no_rollups(step_ms: int) -> Rollups:
    """An empty answer."""
    ints: NDArray[np.int64] = np.empty(0, np.int64)
    floats: NDArray[np.float64] = np.empty(0, np.float64)
    return Rollups(
        step_ms=step_ms,
        point=np.empty(0, np.int32),
        start_ms=ints,
        count=ints,
        bad=ints,
        minimum=floats,
        maximum=floats,
        mean=floats,
        first=floats,
        last=floats,
    )
