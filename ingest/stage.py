"""The vectorized half of ingest: staged columns in, accepted readings and quarantine out.

One NumPy pass over all messages of a batch: aliases become points, checksums are compared, impossible times and unknown
points are set aside with their reason, values outside the plausible range keep their value and become *bad*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.ports.store import Quarantined, QuarantineReason
from core.quality import QualityClass, Reason, quality
from core.readings import Int32s, Int64s, Readings
from core.sparkplug.commit import Header, checksum
from core.sparkplug.topics import NodeId
from ingest import directory
from ingest.decode import ColumnBuilder
from ingest.nodes import Nodes

EARLIEST_MS = 946_684_800_000
"""2000-01-01 UTC: no sensor of ours is older, a stamp before it is a clock that was never set (``docs/wire.md``)."""
FUTURE_MS = 600_000

_OUT_OF_RANGE = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
_IMPOSSIBLE_TIME = -10
_CHECKSUM = -11

_REASONS: dict[int, tuple[QuarantineReason, str]] = {
    directory.UNKNOWN_ALIAS: (QuarantineReason.UNKNOWN_ALIAS, "no birth explains this alias"),
    directory.UNKNOWN_POINT: (QuarantineReason.UNKNOWN_POINT, "the registry has no such point at this gateway"),
    directory.WRONG_UNIT: (QuarantineReason.WRONG_UNIT, "the birth announces another unit than the registry"),
    directory.WRONG_TYPE: (QuarantineReason.WRONG_TYPE, "the birth announces another type than the registry"),
    _IMPOSSIBLE_TIME: (QuarantineReason.IMPOSSIBLE_TIME, "the time stamp lies before 2000 or in the future"),
    _CHECKSUM: (QuarantineReason.CHECKSUM, "the content does not match the checksum of its header"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Staged:
    """One data message within the sheet: its rows begin at ``start``; ``header`` is ``None`` for foreign nodes."""

    node: NodeId
    header: Header | None
    start: int
    base: int
    length: int


@dataclass(slots=True)
class Sheet:
    """Columns of several messages, with the messages they belong to."""

    columns: ColumnBuilder = field(default_factory=ColumnBuilder)
    staged: list[Staged] = field(default_factory=list)

    def add(self, message: Staged) -> None:
        """Close one message: its rows are those from ``message.start`` to the end."""
        self.staged.append(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What a sheet came to."""

    readings: Readings
    quarantined: list[Quarantined]
    counts: Counter[str]


def finish(sheet: Sheet, nodes: Nodes, now_ms: int) -> Finished:
    """Validate a sheet.

    Args:
        sheet: columns and messages.
        nodes: whose alias table gives points and ranges.
        now_ms: host wall-clock time.
    """
    alias, time_ms, value, codes = sheet.columns.columns()
    starts = np.array([message.start for message in sheet.staged], np.int64)
    lengths = np.diff(starts, append=len(alias))
    base = np.repeat(np.array([message.base for message in sheet.staged], np.int64), lengths)
    limit = np.repeat(np.array([message.length for message in sheet.staged], np.int64), lengths)
    rows = np.where((alias >= 0) & (alias < limit), alias + base, -1)
    point = nodes.table.points(rows)
    outside = nodes.table.out_of_range(rows, value) & (codes >> 6 != QualityClass.NOT_MEASURED)
    point[(time_ms < EARLIEST_MS) | (time_ms > now_ms + FUTURE_MS)] = _IMPOSSIBLE_TIME
    damaged = _damaged(sheet, alias, time_ms, value, codes, lengths)
    point[damaged] = _CHECKSUM
    codes = np.where(outside, np.uint8(_OUT_OF_RANGE), codes)
    epoch, offset = _places(sheet.staged, lengths)
    counts: Counter[str] = Counter()
    quarantined: list[Quarantined] = []
    text = sheet.columns.text
    readings = Readings(point=point, time_ms=time_ms, value=value, quality=codes, epoch=epoch, offset=offset, text=text)
    refused = point < 0
    if refused.any():
        quarantined = list(_quarantine(sheet, nodes, point, alias, offset, starts, now_ms))
        readings = readings.take(~refused)
        for item in quarantined:
            counts[item.reason] += item.count
    counts["out_of_range"] += int(np.count_nonzero(outside & ~refused))
    return Finished(readings=readings, quarantined=quarantined, counts=counts)


def _places(staged: Iterable[Staged], lengths: NDArray[np.int64]) -> tuple[Int64s, Int64s]:
    """(epoch, offset) of every row: consecutive from the header's first offset; 0, row for foreign nodes."""
    epochs = np.array([message.header.epoch if message.header else 0 for message in staged], np.int64)
    firsts = np.array([message.header.span.first if message.header else 0 for message in staged], np.int64)
    begins = np.cumsum(lengths) - lengths
    within = np.arange(int(lengths.sum()), dtype=np.int64) - np.repeat(begins, lengths)
    return np.repeat(epochs, lengths), np.repeat(firsts, lengths) + within


def _damaged(
    sheet: Sheet,
    alias: Int64s,
    time_ms: Int64s,
    value: NDArray[np.float64],
    codes: NDArray[np.uint8],
    lengths: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Mask of the rows of messages whose columns do not match their header's checksum."""
    mask = np.zeros(len(alias), np.bool_)
    text = sheet.columns.text
    for message, length in zip(sheet.staged, lengths.tolist(), strict=True):
        if message.header is None:
            continue
        rows = slice(message.start, message.start + length)
        texts = [text[row] for row in range(message.start, message.start + length) if row in text] if text else ()
        if checksum(alias[rows], time_ms[rows], value[rows], codes[rows], texts) != message.header.crc32:
            mask[rows] = True
    return mask


def _quarantine(
    sheet: Sheet, nodes: Nodes, point: Int32s, alias: Int64s, offset: Int64s, starts: Int64s, now_ms: int
) -> Iterable[Quarantined]:
    """One item per message, metric and reason, with the number of readings it stands for."""
    bad = np.flatnonzero(point < 0)
    owner = np.searchsorted(starts, bad, side="right") - 1
    keys = np.stack([owner, point[bad].astype(np.int64), alias[bad]], axis=1)
    unique, first, count = np.unique(keys, axis=0, return_index=True, return_counts=True)
    for (index, code, number), at, times in zip(unique.tolist(), first.tolist(), count.tolist(), strict=True):
        message = sheet.staged[index]
        reason, detail = _REASONS[code]
        yield Quarantined(
            node=str(message.node),
            reason=reason,
            count=times,
            arrived_ms=now_ms,
            metric=nodes.name(message.node, number) or f"alias {number}",
            detail=detail,
            epoch=message.header.epoch if message.header else 0,
            offset=int(offset[bad[at]]) if message.header else -1,
        )
