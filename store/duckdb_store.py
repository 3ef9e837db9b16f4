"""The embedded store: DuckDB for what must be durable now, Parquet segments for the rest, arrays for what is read most.

Theory of operation:

* A **commit** is one DuckDB transaction: readings into the hot table, ranges into the commit log, gaps, quarantine.
  It is durable when COMMIT returns. The same readings stand in memory as the blocks they came in (``store/hot.py``),
  and the newest of each point in ``store/latest.py``.
* A **flush** (every hour, or when the hot table is full) sorts the hot readings into one Parquet segment per UTC day,
  with their one-minute roll-ups beside it, and switches them in by one transaction on the manifest. **Merges** keep
  the number of segments of a day small; a day that is over becomes one segment, and its hours are written. Late
  readings are simply a further segment of their day.
* A **query** takes a view (a few references under a lock), reads at most one or two row groups per segment and point,
  and merges what several sources hold; of one millisecond the highest (epoch, offset) holds, wherever it lies.
* **Recovery** is opening the database: what COMMIT has acknowledged is there, what no manifest names is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from core import faultpoints
from core.clock import Clock, SystemClock
from core.errors import Refused, Unavailable
from core.offsets import OffsetRange
from core.ports.store import (
    Commit,
    GapRecord,
    Maintenance,
    Quarantined,
    QuarantineReason,
    Rollups,
    SpoolLedger,
    StoreCounts,
)
from core.readings import Int32s, Readings, empty
from core.sparkplug.commit import Gap, GapReason
from core.sparkplug.topics import NodeId
from store import queries
from store.aggregates import check_step
from store.commit_log import encode_settlement, settlement
from store.database import translated
from store.maintenance import Maintainer
from store.memory import gap_order
from store.selection import Points
from store.settings import StoreSettings
from store.state import StoreState, Totals

_ROOM_WAIT_S = 30.0
_PAGE_ROWS = 200_000
_SAMPLE_BYTES = 1024


class DuckDBStore:
    """``TimeSeriesStore`` in one folder, owned by one process."""

    def __init__(self, path: Path, *, settings: StoreSettings | None = None, clock: Clock | None = None) -> None:
        """Open or create the store in the folder ``path`` and start its flush thread.

        Raises:
            Unavailable: if the files cannot be opened, or another process owns them.
            Refused: if a later version wrote them.
        """
        self.root = path
        self._settings = settings or StoreSettings()
        self._clock = clock or SystemClock()
        with translated(f"open {path}"):
            self._state = StoreState(path, self._settings, self._clock)
        self._maintainer = Maintainer(self._state, self._settings, self._clock)
        self._open = True

    # --- writing ------------------------------------------------------------------------------------------------

    def commit(self, commit: Commit) -> int:
        """Store a commit durably and return its number."""
        state = self._state
        with state.commits:
            self._check_open()
            state.require_sound()
            self._wait_for_room()
            fresh = state.log.fresh(commit)
            number = state.last + 1
            with state.breaking(), translated("commit"):
                faultpoints.hit("store.before_commit")
                totals = self._write(number, fresh)
                faultpoints.hit("store.after_commit")
            state.totals = totals
            state.admit(number, fresh)
        if state.hot_rows() >= self._settings.hot_rows_max:
            self._maintainer.wake()
        return number

    def _write(self, number: int, commit: Commit) -> Totals:
        """The transaction of one commit."""
        state = self._state
        totals = Totals(
            state.totals.readings + len(commit.readings),
            state.totals.quarantined + sum(item.count for item in commit.quarantined),
            state.totals.evicted + sum(len(gap.span) for gap in commit.gaps),
        )
        generation = state.generations[-1].number
        moved = commit.chunks or commit.gaps or commit.lows
        with state.database.transaction() as writer:
            state.database.insert_hot(generation, number, commit.readings)
            writer.execute(
                "INSERT INTO commits VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    number,
                    generation,
                    self._clock.now_ms(),
                    len(commit.readings),
                    totals.readings,
                    totals.quarantined,
                    totals.evicted,
                    encode_settlement(settlement(commit)) if moved else None,
                ],
            )
            if commit.gaps:
                writer.executemany(
                    "INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [_gap_row(gap) for gap in commit.gaps]
                )
            if commit.quarantined:
                self._write_quarantine(commit.quarantined[-self._settings.quarantine_kept :])
        return totals

    def _write_quarantine(self, items: Sequence[Quarantined]) -> None:
        state, first = self._state, self._state.next_item
        state.next_item += len(items)
        objects = {
            "node": [item.node for item in items],
            "reason": [str(item.reason) for item in items],
            "metric": [item.metric for item in items],
            "detail": [item.detail for item in items],
            "sample": [item.sample[:_SAMPLE_BYTES] for item in items],
        }
        numbers = {
            "readings": [item.count for item in items],
            "arrived_ms": [item.arrived_ms for item in items],
            "epoch": [item.epoch for item in items],
            "offset": [item.offset for item in items],
        }
        state.database.insert_columns(
            "quarantine",
            {
                "item": np.arange(first, state.next_item, dtype=np.int64),
                **objects,
                **numbers,
            },
        )
        kept = self._settings.quarantine_kept
        if (first - 1) // kept != (state.next_item - 1) // kept:
            state.database.writer.execute("DELETE FROM quarantine WHERE item < $1", [state.next_item - kept])

    def _wait_for_room(self) -> None:
        """Hold a commit while the flush is far behind, so that memory stays bounded."""
        limit = 3 * self._settings.hot_rows_max
        if self._state.hot_rows() < limit:
            return
        self._maintainer.wake()
        if not self._state.commits.wait_for(lambda: self._state.hot_rows() < limit, _ROOM_WAIT_S):
            raise Unavailable("the store cannot write segments as fast as readings come; see the log for the reason")

    # --- commit log ---------------------------------------------------------------------------------------------

    def durable(self) -> int:
        """The last commit: DuckDB syncs its log before a commit returns."""
        self._check_open()
        return self._state.last

    def ledgers(self) -> Mapping[tuple[NodeId, int], SpoolLedger]:
        """The commit log by (node, epoch)."""
        with self._state.commits:
            self._check_open()
            self._state.require_sound()
            return self._state.log.ledgers()

    def since(self, commit_number: int) -> Iterator[tuple[int, Readings]]:
        """Commits after ``commit_number``, kept as ``StoreSettings.history_s`` says.

        Raises:
            Refused: if that history is no longer kept, or the store has never reached that number.
        """
        self._check_open()
        with self._state.commits:
            first, last = self._state.generations[0].first, self._state.last
        if commit_number + 1 < first:
            raise Refused(f"commits before {first} are in segments and cannot be replayed one by one any longer")
        if commit_number > last:
            raise Refused(f"no commit {commit_number}: the store's last one is {last}")
        return self._replay(commit_number, last)

    def _replay(self, after: int, last: int) -> Iterator[tuple[int, Readings]]:
        while after < last:
            with self._state.commits:
                tables = list(self._state.generations)
            table = next((one for one in tables if one.first <= after + 1 <= one.last), None)
            if table is None:
                raise Refused(f"commit {after + 1} has left the kept history while it was being replayed")
            with translated("read commits"):
                upto = self._page_end(table.number, after, min(table.last, last))
                held = dict(self._state.database.read_hot(table.number, after, upto))
            for number in range(after + 1, upto + 1):
                yield number, held.get(number) or empty()
            after = upto

    def _page_end(self, generation: int, after: int, last: int) -> int:
        """The last commit of a page of at most about ``_PAGE_ROWS`` readings, one commit at least."""
        rows = self._state.database.rows(
            "SELECT commit_no, row_count FROM commits WHERE generation = $1 AND commit_no > $2 AND commit_no <= $3 "
            "ORDER BY commit_no",
            [generation, after, last],
        )
        total = np.cumsum([count for _, count in rows])
        return int(rows[max(int(np.searchsorted(total, _PAGE_ROWS, side="right")) - 1, 0)][0])

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time), one per point and millisecond."""
        self._check_open()
        with translated("read"):
            return queries.read(self._state.view(), Points(points, from_ms, to_ms))

    def stretch(self, points: Int32s, from_ms: int, to_ms: int, points_at_once: int) -> Iterator[Readings]:
        """``PastReadings``: readings in order, values only, some points after the other."""
        self._check_open()
        with translated("read"):
            yield from queries.pieces(self._state.view(), Points(points, from_ms, to_ms), points_at_once)

    def raw_from_ms(self) -> int:
        """``PastReadings``: from when on no readings were dropped for their age."""
        self._check_open()
        return queries.raw_from_ms(self._state.view().catalog)

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in whole buckets; where a tier has ended the answer's ``step_ms`` is wider than asked for."""
        self._check_open()
        check_step(step_ms)
        with translated("read"):
            return queries.rollup(self._state.view(), Points(points, from_ms, to_ms), step_ms)

    def excerpt(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> queries.View:
        """What another process needs to answer ``rollup``, or ``read`` if ``step_ms`` is 0, from the files itself."""
        self._check_open()
        return queries.excerpt(self._state.view(), Points(points, from_ms, to_ms), step_ms)

    def latest(self, points: Int32s | None = None) -> Readings:
        """The newest reading of each point, from memory."""
        self._check_open()
        return self._state.latest(points)

    def gaps(self, from_ms: int, to_ms: int) -> Sequence[GapRecord]:
        """Gap records whose event times touch [from_ms, to_ms), by begin."""
        self._check_open()
        with translated("read gaps"):
            rows = self._state.database.rows("SELECT * FROM gaps WHERE from_ms < $1 AND to_ms >= $2", [to_ms, from_ms])
        found = [
            GapRecord(
                node=NodeId(group, node),
                epoch=epoch,
                span=OffsetRange(first, stop),
                gap=Gap(reason=GapReason(reason), from_ms=begin, to_ms=end),
            )
            for group, node, epoch, first, stop, reason, begin, end in rows
        ]
        return sorted(found, key=gap_order)

    def quarantine(self, limit: int) -> Sequence[Quarantined]:
        """The newest quarantined items, newest first."""
        self._check_open()
        limit = min(max(limit, 0), self._settings.quarantine_kept)
        with translated("read the quarantine"):
            rows = self._state.database.rows("SELECT * FROM quarantine ORDER BY item DESC LIMIT $1", [limit])
        return [
            Quarantined(
                node=node,
                reason=QuarantineReason(reason),
                count=count,
                arrived_ms=arrived_ms,
                metric=metric,
                detail=detail,
                sample=bytes(sample),
                epoch=epoch,
                offset=offset,
            )
            for _, node, reason, count, arrived_ms, metric, detail, sample, epoch, offset in rows
        ]

    # --- keeping ------------------------------------------------------------------------------------------------

    def counts(self) -> StoreCounts:
        """Totals; repetitions and superseded readings are known once compaction has seen both."""
        with self._state.commits:
            self._check_open()
            totals, state = self._state.totals, self._state
            return StoreCounts(
                readings=totals.readings - state.repeated,
                quarantined=totals.quarantined,
                evicted=totals.evicted,
                superseded=state.superseded,
                bytes_on_disk=state.database.size() + state.view().catalog.size(),
            )

    def maintain(self, now_ms: int) -> Maintenance:
        """One round of maintenance: flush, merge, close days, retention."""
        self._check_open()
        return self._maintainer.maintain(now_ms)

    def flush(self) -> Maintenance:
        """Write all hot readings to segments now."""
        self._check_open()
        return self._maintainer.flush(self._clock.now_ms())

    def close(self) -> None:
        """End the thread, fold the log into the database file, let go; idempotent."""
        with self._state.commits:
            if not self._open:
                return
            self._open = False
        self._maintainer.close()
        with self._state.commits:
            self._state.database.close()

    def _check_open(self) -> None:
        if not self._open:
            raise Unavailable("the store is closed")


def _gap_row(gap: GapRecord) -> tuple[object, ...]:
    return (
        gap.node.group,
        gap.node.node,
        gap.epoch,
        gap.span.first,
        gap.span.stop,
        int(gap.gap.reason),
        gap.gap.from_ms,
        gap.gap.to_ms,
    )
