"""The port on VictoriaMetrics: samples in the server, a commit log in SQLite beside it, a durable mark that follows.

VictoriaMetrics answers a write before it has saved it: killed within up to eleven seconds it has forgotten what it
answered 204 to, and ``/internal/force_flush`` makes samples readable, not durable. So a commit is *written* at once
and *durable* later: when ``settle_s`` have passed since its write, the server is still the one that took it (same
start time), and its samples have been read back. Until then it stays in memory, where every query sees it, and in the
SQLite log, from which it is written again if the server was restarted. Writing a sample twice stores it twice there
and reads as once here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, SystemClock
from core.errors import Refused, Unavailable
from core.ports.store import Commit, GapRecord, Maintenance, Quarantined, Rollups, SpoolLedger, StoreCounts
from core.readings import Int32s, Readings, concat
from core.sparkplug.topics import NodeId
from store.aggregates import check_step, of_readings, to_rollups
from store.commit_log import CommitLog, settlement
from store.latest import LatestTable
from store.memory import gap_order
from store.merging import merge
from store.selection import Points
from store.stretches import WholeReads
from store.vm_client import VictoriaMetricsClient
from store.vm_format import lines, parse, point_filter
from store.vm_log import VictoriaMetricsLog

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class VictoriaMetricsSettings:
    """How the adapter treats the server.

    Attributes:
        raw_days: the server must keep samples at least this long, or the store does not open.
        settle_s: from a write to its durability. The server looks every 5 s for parts in memory that are older than
            5 s, so this is 11 s and a margin.
        poll_s: how often the watermark is looked at.
        timeout_s: longest wait for one answer.
        history_s: commits stay replayable by ``since`` at least this long.
        pending_rows_max: readings that may wait for durability; commits wait when there are more.
        recent_chunks: checksums kept per spool.
        quarantine_kept: newest quarantined items kept; all are counted.
    """

    raw_days: int = 90
    settle_s: float = 15.0
    poll_s: float = 1.0
    timeout_s: float = 10.0
    history_s: float = 7200.0
    pending_rows_max: int = 4_000_000
    recent_chunks: int = 4096
    quarantine_kept: int = 10_000


@dataclass(frozen=True, slots=True)
class _Pending:
    number: int
    commit: Commit
    written_s: float
    server: int


class VictoriaMetricsStore(WholeReads):
    """``TimeSeriesStore`` on a single-node VictoriaMetrics."""

    def __init__(
        self, url: str, path: Path, *, settings: VictoriaMetricsSettings | None = None, clock: Clock | None = None
    ) -> None:
        """Open the log in the folder ``path``, check the server, start the watermark thread.

        Raises:
            Unavailable: if the server or the log cannot be reached.
            Refused: if the server keeps samples for a shorter time than needed, or drops samples of equal stamps.
        """
        self._settings = settings or VictoriaMetricsSettings()
        self._clock = clock or SystemClock()
        self._client = VictoriaMetricsClient(url, self._settings.timeout_s)
        try:
            self._check_server(url)
            self._log = VictoriaMetricsLog(path)
        except BaseException:
            self._client.close()
            raise
        self._commits = threading.Condition(threading.RLock())
        self._wake = threading.Event()
        self._open = True
        self._load()
        self._thread = threading.Thread(target=self._run, name="store-watermark", daemon=True)
        self._thread.start()

    def _check_server(self, url: str) -> None:
        state = self._client.state()
        self._server = state.started
        if state.retention_days < self._settings.raw_days:
            raise Refused(
                f"VictoriaMetrics at {url} keeps samples for {state.retention_days:g} days, {self._settings.raw_days} "
                f"are needed: start it with -retentionPeriod={self._settings.raw_days}d or longer"
            )
        if state.deduplicates:
            raise Refused(
                f"VictoriaMetrics at {url} runs with -dedup.minScrapeInterval, which drops readings: start it without"
            )

    def _load(self) -> None:
        self._store = self._log.store
        self._admitted, self._settled = (CommitLog(self._settings.recent_chunks) for _ in range(2))
        gaps = [(gap.node, gap.epoch, gap.span) for gap in self._log.all_gaps()]
        for log in (self._admitted, self._settled):
            log.load(self._log.ledgers(), gaps)
        self._watermark = self._log.number("watermark")
        self._last = self._log.first_and_last()[1]
        self._latest = LatestTable()
        self._latest.update(self._log.latest())
        self._pending: deque[_Pending] = deque()
        for number, _, commit in self._log.commits(self._watermark, self._last):
            self._admitted.apply(settlement(commit))
            self._pending.append(_Pending(number, commit, 0.0, 0))  # server 0 is none: it is written again
            self._latest.update(commit.readings)

    # --- writing ------------------------------------------------------------------------------------------------

    def commit(self, commit: Commit) -> int:
        """Write a commit and return its number; it is durable when ``durable`` has reached it."""
        with self._commits:
            self._check_open()
            self._wait_for_room()
            fresh = self._admitted.fresh(commit)
            number = self._last + 1
            late = self._late(fresh.readings)
            with self._log.transaction():
                self._log.append(number, self._clock.now_ms(), fresh, self._settings.quarantine_kept)
                for key, more in (
                    ("readings", len(fresh.readings)),
                    ("quarantined", sum(item.count for item in fresh.quarantined)),
                    ("evicted", sum(len(gap.span) for gap in fresh.gaps)),
                ):
                    self._log.set_number(key, self._log.number(key) + more)
                self._client.write(lines(fresh.readings, self._store, late))
            self._last = number
            self._admitted.apply(settlement(fresh))
            self._latest.update(fresh.readings)
            self._pending.append(_Pending(number, fresh, time.monotonic(), self._server))
            return number

    def _late(self, batch: Readings) -> NDArray[np.bool_]:
        """Rows not newer than every earlier reading of their point: only these can meet one in their millisecond."""
        late = np.zeros(len(batch), np.bool_)
        if len(batch) == 0:
            return late
        newest = self._latest.get(batch.point)
        seen = np.full(int(batch.point.max()) + 1, np.iinfo(np.int64).min)
        seen[newest.point] = newest.time_ms
        late |= batch.time_ms <= seen[batch.point]
        order = np.lexsort((batch.time_ms, batch.point))
        point, time_ms = batch.point[order], batch.time_ms[order]
        twins = np.flatnonzero((point[1:] == point[:-1]) & (time_ms[1:] == time_ms[:-1]))
        late[order[twins]] = True
        late[order[twins + 1]] = True
        return late

    def _wait_for_room(self) -> None:
        limit = self._settings.pending_rows_max
        room = self._commits.wait_for(
            lambda: sum(len(one.commit.readings) for one in self._pending) < limit, 3 * self._settings.settle_s
        )
        if not room:
            raise Unavailable("VictoriaMetrics does not save readings as fast as they come")

    # --- the watermark ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._wake.wait(self._settings.poll_s):
            try:
                self.advance()
            except Unavailable as error:
                _LOG.warning("the durable watermark cannot move", extra={"error": str(error)})

    def advance(self) -> int:
        """Raise the watermark as far as it can be proved; returns it.

        Raises:
            Unavailable: if the server or the log does not answer.
        """
        server = self._client.state().started
        self._write_again(server)
        with self._commits:
            ripe = [one for one in self._pending if one.written_s + self._settings.settle_s <= time.monotonic()]
        if not ripe:
            return self._watermark
        self._client.flush()
        durable = [one for one in ripe if self._readable(one.commit.readings)]
        if len(durable) < len(ripe) or self._client.state().started != server:
            return self._watermark  # all or none: the watermark speaks for everything below it
        with self._commits, self._log.transaction(synced=True):
            for one in durable:
                self._settled.apply(settlement(one.commit))
            self._log.set_number("watermark", durable[-1].number)
            self._log.set_number("last", self._last)
            self._log.save_ledgers(self._settled.changed())
            self._log.save_latest(self._latest.get())
            before_ms = self._clock.now_ms() - int(self._settings.history_s * 1000)
            self._log.forget_commits(before_ms, durable[-1].number)
        with self._commits:
            self._watermark = durable[-1].number
            while self._pending and self._pending[0].number <= self._watermark:
                self._pending.popleft()
            self._commits.notify_all()
        return self._watermark

    def _write_again(self, server: int) -> None:
        """Give a restarted server what the one before it may have lost."""
        with self._commits:
            self._server = server
            for index, one in enumerate(self._pending):
                if one.server != server:
                    everything = np.ones(len(one.commit.readings), np.bool_)
                    self._client.write(lines(one.commit.readings, self._store, everything))
                    self._pending[index] = _Pending(one.number, one.commit, time.monotonic(), server)

    def _readable(self, batch: Readings) -> bool:
        """Whether the server gives back a reading for every point and millisecond of ``batch``."""
        if len(batch) == 0:
            return True
        wanted = merge(batch).readings
        found = self._export(Points(wanted.point, int(wanted.time_ms.min()), int(wanted.time_ms.max()) + 1))
        have = set(zip(found.point.tolist(), found.time_ms.tolist(), strict=True))
        return have.issuperset(zip(wanted.point.tolist(), wanted.time_ms.tolist(), strict=True))

    def durable(self) -> int:
        """The watermark: the last commit that is proved to be saved, with all before it."""
        self._check_open()
        return self._watermark

    # --- commit log ---------------------------------------------------------------------------------------------

    def ledgers(self) -> Mapping[tuple[NodeId, int], SpoolLedger]:
        """The durable commits by (node, epoch)."""
        with self._commits:
            self._check_open()
            return self._settled.ledgers()

    def since(self, commit_number: int) -> Iterator[tuple[int, Readings]]:
        """Commits after ``commit_number``.

        Raises:
            Refused: if that history is no longer kept, or the store has never reached that number.
        """
        with self._commits:
            self._check_open()
            first, last = self._log.first_and_last()[0], self._last
        if commit_number + 1 < first:
            raise Refused(f"commits before {first} are no longer kept one by one")
        if commit_number > last:
            raise Refused(f"no commit {commit_number}: the store's last one is {last}")
        return self._replay(commit_number, last)

    def _replay(self, after: int, last: int) -> Iterator[tuple[int, Readings]]:
        while after < last:
            with self._commits:
                self._check_open()
                page = self._log.commits(after, min(after + 50, last))
            if not page or page[0][0] != after + 1:
                raise Refused(f"commit {after + 1} has left the kept history while it was being replayed")
            for number, _, commit in page:
                yield number, commit.readings
            after = page[-1][0]

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
        """Readings in [from_ms, to_ms), sorted by (point, time); current to the last commit."""
        self._check_open()
        wanted = Points(points, from_ms, to_ms)
        if from_ms >= to_ms or len(wanted.points) == 0:
            return concat([])
        with self._commits:
            pending = [one.commit.readings for one in self._pending]
        saved = self._export(wanted)
        return merge(concat([part for part in [saved, *map(wanted.select, pending)] if len(part)])).readings

    def _export(self, wanted: Points) -> Readings:
        selector = point_filter(self._store, wanted.points.tolist())
        found = wanted.select(parse(self._client.export(selector, max(wanted.from_ms, 0), wanted.to_ms)))
        with self._commits:
            texts = self._log.texts(wanted.from_ms, wanted.to_ms)
        if not texts:
            return found
        keys = zip(
            *(column.tolist() for column in (found.point, found.time_ms, found.epoch, found.offset)), strict=True
        )
        text = {row: texts[key] for row, key in enumerate(keys) if key in texts}
        return Readings(
            point=found.point,
            time_ms=found.time_ms,
            value=found.value,
            quality=found.quality,
            epoch=found.epoch,
            offset=found.offset,
            text=text,
        )

    def rollup(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> Rollups:
        """Aggregates in whole buckets, computed from readings."""
        check_step(step_ms)
        if from_ms >= to_ms:
            return to_rollups(of_readings(concat([]), step_ms), step_ms)
        first, stop = from_ms // step_ms * step_ms, -(-to_ms // step_ms) * step_ms
        return to_rollups(of_readings(self.read(points, first, stop), step_ms), step_ms)

    def latest(self, points: Int32s | None = None) -> Readings:
        """The newest reading of each point, from memory."""
        with self._commits:
            self._check_open()
            return self._latest.get(points)

    def gaps(self, from_ms: int, to_ms: int) -> Sequence[GapRecord]:
        """Gap records whose event times touch [from_ms, to_ms), by begin."""
        with self._commits:
            self._check_open()
            return sorted(self._log.gaps(from_ms, to_ms), key=gap_order)

    def quarantine(self, limit: int) -> Sequence[Quarantined]:
        """The newest quarantined items, newest first."""
        with self._commits:
            self._check_open()
            return self._log.quarantine(max(limit, 0))

    # --- keeping ------------------------------------------------------------------------------------------------

    def counts(self) -> StoreCounts:
        """Totals; superseded readings are not counted here, and the size is that of the log alone."""
        with self._commits:
            self._check_open()
            return StoreCounts(
                readings=self._log.number("readings"),
                quarantined=self._log.number("quarantined"),
                evicted=self._log.number("evicted"),
                superseded=0,
                bytes_on_disk=self._log.size(),
            )

    def maintain(self, now_ms: int) -> Maintenance:
        """Look at the watermark; merging and retention are the server's business."""
        self._check_open()
        self.advance()
        return Maintenance()

    def close(self) -> None:
        """End the thread and let go; commits above the watermark are written again at the next start; idempotent."""
        with self._commits:
            if not self._open:
                return
            self._open = False
        self._wake.set()
        self._thread.join()
        self._client.close()
        self._log.close()

    def _check_open(self) -> None:
        if not self._open:
            raise Unavailable("the store is closed")
