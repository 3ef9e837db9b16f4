"""The in-memory twin: what a store *means*, in the plainest code that says it.

No arrays, no indices, no cleverness: a dictionary from (point, time) to the reading that holds. Every engine must give
the same answers (``tests/contract/store``). It is exact and slow, and for tests and small experiments that is enough.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import Refused, Unavailable
from core.ports.store import (
    Commit,
    GapRecord,
    Maintenance,
    Quarantined,
    Rollups,
    SpoolLedger,
    StoreCounts,
    no_rollups,
)
from core.quality import QualityClass, class_of
from core.readings import Int32s, Readings, readings
from core.sparkplug.topics import NodeId
from store.aggregates import check_step, from_rows
from store.commit_log import CommitLog, settlement
from store.stretches import WholeReads


@dataclass(frozen=True, slots=True)
class _Row:
    value: float
    quality: int
    epoch: int
    offset: int
    text: str | None


class MemoryStore(WholeReads):
    """``TimeSeriesStore`` in dictionaries; lives as long as the process."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.RLock()
        self._open = True
        self._log = CommitLog()
        self._commits: list[Readings] = []
        self._rows: dict[tuple[int, int], _Row] = {}
        self._seen: set[tuple[int, int, int, int]] = set()
        self._latest: dict[int, tuple[int, _Row]] = {}
        self._gaps: list[GapRecord] = []
        self._quarantine: list[Quarantined] = []

    def commit(self, commit: Commit) -> int:
        """Store a commit and return its number."""
        with self._lock:
            self._check_open()
            fresh = self._log.fresh(commit)
            batch = fresh.readings
            for index in range(len(batch)):
                self._store(batch, index)
            self._commits.append(batch)
            self._gaps += fresh.gaps
            self._quarantine += fresh.quarantined
            self._log.apply(settlement(fresh))
            return len(self._commits)

    def _store(self, batch: Readings, index: int) -> None:
        point, time_ms = int(batch.point[index]), int(batch.time_ms[index])
        row = _Row(
            float(batch.value[index]),
            int(batch.quality[index]),
            int(batch.epoch[index]),
            int(batch.offset[index]),
            batch.text.get(index),
        )
        self._seen.add((point, time_ms, row.epoch, row.offset))
        held = self._rows.get((point, time_ms))
        if held is None or (row.epoch, row.offset) >= (held.epoch, held.offset):
            self._rows[point, time_ms] = row
        newest = self._latest.get(point)
        if newest is None or (time_ms, row.epoch, row.offset) >= (newest[0], newest[1].epoch, newest[1].offset):
            self._latest[point] = (time_ms, row)

    def durable(self) -> int:
        """The last commit; memory has nothing more durable to offer."""
        with self._lock:
            self._check_open()
            return len(self._commits)

    def ledgers(self) -> Mapping[tuple[NodeId, int], SpoolLedger]:
        """The commit log by (node, epoch)."""
        with self._lock:
            self._check_open()
            return self._log.ledgers()

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time)."""
        with self._lock:
            self._check_open()
            wanted = set(points.tolist())
            found = sorted(
                (point, time_ms) for point, time_ms in self._rows if point in wanted and from_ms <= time_ms < to_ms
            )
            return _columns([(point, time_ms, self._rows[point, time_ms]) for point, time_ms in found])

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in whole buckets of ``step_ms``."""
        check_step(step_ms)
        first, stop = from_ms // step_ms * step_ms, -(-to_ms // step_ms) * step_ms
        batch = self.read(points, first, stop) if from_ms < to_ms else self.read(points, 0, 0)
        buckets: dict[tuple[int, int], list[int]] = {}
        for index in range(len(batch)):
            key = (int(batch.point[index]), int(batch.time_ms[index]) // step_ms * step_ms)
            buckets.setdefault(key, []).append(index)
        rows = [(*key, *_aggregate(batch, indices)) for key, indices in sorted(buckets.items())]
        return from_rows(step_ms, rows) if rows else no_rollups(step_ms)

    def latest(self, points: Int32s | None = None) -> Readings:
        """The newest reading of each point, sorted by point."""
        with self._lock:
            self._check_open()
            wanted = sorted(self._latest) if points is None else sorted(set(points.tolist()))
            return _columns([(point, *self._latest[point]) for point in wanted if point in self._latest])

    def since(self, commit_number: int) -> Iterator[tuple[int, Readings]]:
        """Commits after ``commit_number``.

        Raises:
            Refused: if the store has never reached that number.
        """
        with self._lock:
            self._check_open()
            if not 0 <= commit_number <= len(self._commits):
                raise Refused(f"no commit {commit_number}: the store's last one is {len(self._commits)}")
            found = list(enumerate(self._commits, start=1))[commit_number:]
        return iter(found)

    def gaps(self, from_ms: int, to_ms: int) -> Sequence[GapRecord]:
        """Gap records whose event times touch [from_ms, to_ms), by begin."""
        with self._lock:
            self._check_open()
            touching = [gap for gap in self._gaps if gap.gap.from_ms < to_ms and gap.gap.to_ms >= from_ms]
        return sorted(touching, key=gap_order)

    def quarantine(self, limit: int) -> Sequence[Quarantined]:
        """The newest quarantined items, newest first."""
        with self._lock:
            self._check_open()
            return [replace(item) for item in self._quarantine[::-1][: max(limit, 0)]]

    def counts(self) -> StoreCounts:
        """Totals; nothing is on disk."""
        with self._lock:
            self._check_open()
            return StoreCounts(
                readings=len(self._seen),
                quarantined=sum(item.count for item in self._quarantine),
                evicted=sum(len(gap.span) for gap in self._gaps),
                superseded=len(self._seen) - len(self._rows),
                bytes_on_disk=0,
            )

    def maintain(self, now_ms: int) -> Maintenance:
        """Nothing to do."""
        with self._lock:
            self._check_open()
            return Maintenance()

    def close(self) -> None:
        """Forget nothing, answer nothing more."""
        with self._lock:
            self._open = False

    def _check_open(self) -> None:
        if not self._open:
            raise Unavailable("the store is closed")


def gap_order(gap: GapRecord) -> tuple[int, int, str, int, int]:
    """Sort key of gap records: begin, end, then the spool."""
    return (gap.gap.from_ms, gap.gap.to_ms, str(gap.node), gap.epoch, gap.span.first)


def _columns(rows: list[tuple[int, int, _Row]]) -> Readings:
    return readings(
        point=[point for point, _, _ in rows],
        time_ms=[time_ms for _, time_ms, _ in rows],
        value=[row.value for _, _, row in rows],
        quality=[row.quality for _, _, row in rows],
        epoch=[row.epoch for _, _, row in rows],
        offset=[row.offset for _, _, row in rows],
        text={index: row.text for index, (_, _, row) in enumerate(rows) if row.text is not None},
    )


def _aggregate(batch: Readings, indices: list[int]) -> tuple[int, int, float, float, float, float, float]:
    """(count, bad, minimum, maximum, mean, first, last) of one bucket."""
    good = [float(batch.value[i]) for i in indices if class_of(int(batch.quality[i])) is QualityClass.GOOD]
    numbers = [value for value in good if not math.isnan(value)]
    return (
        len(good),
        len(indices) - len(good),
        min(numbers, default=math.nan),
        max(numbers, default=math.nan),
        sum(good) / len(good) if good else math.nan,
        good[0] if good else math.nan,
        good[-1] if good else math.nan,
    )
