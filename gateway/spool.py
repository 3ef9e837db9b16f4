"""The spool: the log in which a reading is safe before anybody hears of it.

One SQLite file, WAL, ``synchronous=FULL``: when ``commit`` returns, its readings survive the loss of the process and of
the power. A commit takes everything that waits (group commit), cuts it into chunks and numbers them; offsets never
repeat within an epoch. What is settled is deleted, and nothing else ever is: when the byte budget is used up, the
oldest chunks become *gap records*, which travel to the host like readings, so that nothing disappears unsaid.

A failed commit is taken as not having happened: the caller keeps its readings. The file is closed and opened again
before the next attempt, because after an I/O error nobody knows what the operating system still holds (the fsync of a
page that failed once may "succeed" the second time without writing it). Whether the failed transaction reached the disk
after all is then read from the file itself: every commit carries a number.

All methods block and belong to one thread.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from core import faultpoints
from core.errors import Unavailable
from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import GapReason
from core.sparkplug.datatypes import DataType
from gateway.chunk import Batch, Chunk, cut
from gateway.spool_file import SCHEMA_VERSION, open_or_replace
from gateway.spool_head import AliasTable, Head
from gateway.spool_tables import ChunkTable, GapTable, Sum, neighbours, occupied, sum_of
from gateway.spool_values import Committed, GapRecord, Metric, SpoolOptions, SpoolState, Trim

log = logging.getLogger(__name__)


class Spool:
    """One open spool."""

    def __init__(self, path: Path, identity: str, now_ms: int, options: SpoolOptions | None = None) -> None:
        """Open or create the spool at ``path``.

        Args:
            path: the SQLite file.
            identity: who this host is; another one means that the file was copied, and begins a new epoch.
            now_ms: for the epoch of a new spool.
            options: limits.

        Raises:
            Unavailable: if the file can neither be opened nor replaced (permissions, full disk).
        """
        self.path = path
        self.options = options or SpoolOptions()
        self._identity = identity
        self._damaged = 0
        self._closed = False
        self._unclean = False
        self._db, self._replaced = open_or_replace(
            path, now_ms, self.options.busy_timeout_s, lambda db: self._start(db, now_ms)
        )

    def _start(self, db: sqlite3.Connection, now_ms: int) -> None:
        """Take over an open file: check its seal, begin a new epoch where that is due."""
        self._use(db)
        with self._transaction():
            self._head.check()
            self._unclean = self._head["clean"] == "0"
            if self._head["identity"] != self._identity:
                self._forget(now_ms)
            self._head["clean"] = "0"
        # "In use" must stand in the file itself: it is what tells a lost write-ahead log from a clean end.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._load()

    def _use(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._head = Head(db)
        self._chunks = ChunkTable(db)
        self._gaps = GapTable(db)
        self._aliases = AliasTable(db)

    def _forget(self, now_ms: int) -> None:
        """Begin a new epoch: the file is new, or came from another host and its readings are that host's to send."""
        for table in ("chunk", "gap"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from this line
        self._head["identity"] = self._identity
        self._head["epoch"] = str((now_ms << 20) | secrets.randbits(20))
        self._head["next_offset"] = "0"
        self._head["version"] = str(SCHEMA_VERSION)
        self._head.seal()
        log.info("spool begins a new epoch", extra={"path": str(self.path)})

    def _load(self) -> None:
        """Take what the file says into memory."""
        self.epoch = int(self._head["epoch"])
        self._next = int(self._head["next_offset"])
        self._tally = self._chunks.total()
        self._aliases.load()

    # --- identity -----------------------------------------------------------------------------------------------

    def aliases(self, device: str, metrics: Sequence[tuple[str, DataType, str]]) -> list[int]:
        """The aliases of a device's metrics (name, datatype, unit); new ones are given for ever.

        A metric with another datatype or unit gets a new alias: readings that wait under the old one were read so.

        Raises:
            Unavailable: if the file cannot be written.
        """
        fresh = self._aliases.fresh(device, metrics)
        if fresh:
            with self._guarded(), self._transaction():
                for name, kind, unit in fresh:
                    self._aliases.give(device, name, kind, unit)
            self._aliases.load()
        return self._aliases.of(device, [name for name, _, _ in metrics])

    def retire(self, live: Iterable[int]) -> None:
        """Forget the aliases that are not in ``live``, once nothing of theirs waits; their numbers never come again.

        Raises:
            Unavailable: if the file cannot be written.
        """
        if self._tally.chunks:
            return
        with self._guarded(), self._transaction():
            self._aliases.retire(live)
        self._aliases.load()

    def metrics(self) -> list[Metric]:
        """Every metric that has an alias: those in use, and retired ones whose readings may still wait."""
        return self._aliases.metrics()

    def next_bdseq(self) -> int:
        """The birth/death sequence number of the next CONNECT, durable before it is used: 0 to 255, one up each time.

        Raises:
            Unavailable: if the file cannot be written.
        """
        with self._guarded(), self._transaction():
            number = (int(self._head["bdseq"] or "-1") + 1) % 256
            self._head["bdseq"] = str(number)
        return number

    # --- readings in --------------------------------------------------------------------------------------------

    def commit(self, groups: Iterable[tuple[Batch, int]], trim: Trim | None = None) -> Committed:
        """Make batches safe in one transaction; settled chunks are trimmed in the same one.

        Args:
            groups: (readings of one device, most readings a chunk), each batch in time order.
            trim: what may be deleted in the same transaction.

        Raises:
            Unavailable: if nothing was committed; the caller still owns the readings.
        """
        chunks: list[Chunk] = []
        offset = self._next
        for batch, most in groups:
            chunks += cut(batch, offset, most, self._aliases.types)
            offset += len(batch)
        tally, evicted = self._tally, 0
        try:
            with self._guarded(), self._transaction():
                if trim is not None:
                    faultpoints.hit("spool.before_trim")
                    tally -= self._trim(trim)
                tally += sum_of(chunks)
                gone = self._evict(tally.bytes - self.options.budget_bytes)
                tally, evicted = tally - gone, gone.readings
                self._chunks.insert(chunks)
                self._head["next_offset"] = str(offset)
                self._head.seal()
                faultpoints.hit("spool.before_commit")
        except Unavailable:
            if self._next != offset:
                raise
            # The transaction reached the disk although its commit failed; reopening has found it there.
            log.warning("spool commit was durable although it failed", extra={"next_offset": offset})
            return Committed(chunks=tuple(chunks))
        faultpoints.hit("spool.after_commit")
        if trim is not None:
            faultpoints.hit("spool.after_trim")
        self._next, self._tally = offset, tally
        return Committed(chunks=tuple(chunks), evicted=evicted)

    def _evict(self, excess: int) -> Sum:
        """Turn the oldest chunks into gap records until ``excess`` bytes are free."""
        if excess <= 0:
            return Sum()
        gone, doomed = self._chunks.delete_oldest(excess)
        for first, count, from_ms, to_ms in doomed:
            self._gaps.record(first, count, GapReason.SPOOL_FULL, from_ms, to_ms)
        return gone

    # --- readings out -------------------------------------------------------------------------------------------

    def load(self, window: OffsetRange, max_bytes: int, skip: frozenset[int] = frozenset()) -> tuple[list[Chunk], int]:
        """Chunks within ``window`` from its beginning, about ``max_bytes`` of them, and how far that went.

        A damaged record is put aside and becomes a gap record; it is not returned.

        Args:
            window: offsets to look at.
            max_bytes: stop after this many.
            skip: first offsets of chunks that are not wanted.

        Raises:
            Unavailable: if the file cannot be read.
        """
        with self._guarded():
            found, damaged, reached = self._chunks.read(window, max_bytes, skip)
        if damaged:
            self._quarantine(damaged)
        return found, reached

    def _quarantine(self, damaged: Iterable[int]) -> None:
        """Put damaged records aside, and a gap record where they stood.

        Nothing in a damaged record can be believed, its offsets included; so the gap reaches from its left neighbour to
        its right one. What of that is settled already, the host's acknowledgement takes off again.
        """
        with self._guarded(), self._transaction():
            for first in damaged:
                self._chunks.put_aside(first)
                left, right = neighbours(self._db, first, self._next)
                if left < right:
                    self._gaps.record(left, right - left, GapReason.DAMAGED, 0, 0)
                self._damaged += 1
                log.error("spool record is damaged and was put aside", extra={"first": first})
        self._load()

    def gaps(self) -> list[GapRecord]:
        """Gap records that are not settled, oldest first; from now on their cut stays.

        Raises:
            Unavailable: if the file cannot be read or written.
        """
        with self._guarded(), self._transaction():
            return self._gaps.send()

    def trim(self, trim: Trim) -> None:
        """Delete what is settled, and nothing else.

        Raises:
            Unavailable: if the file cannot be written; trying again is harmless.
        """
        with self._guarded(), self._transaction():
            faultpoints.hit("spool.before_trim")
            gone = self._trim(trim)
        faultpoints.hit("spool.after_trim")
        self._tally -= gone

    def _trim(self, trim: Trim) -> Sum:
        if trim.epoch != self.epoch:
            return Sum()
        self._gaps.shrink(trim.settled)
        return self._chunks.delete_settled(trim.settled, self._next)

    def renumber(self, now_ms: int, settled: Settled, opened: int) -> SpoolState:
        """Begin a new epoch with what waits, because the host knows offsets that this file has never given.

        That happens when the file was set back: a tail lost on a broken disk, a machine restored from a copy. Offsets
        from ``opened`` on may then stand for two different readings, so everything that waits gets new ones.

        Args:
            now_ms: for the new epoch.
            settled: what the host has of the old epoch.
            opened: the next offset when the file was opened: below it, old and new numbers mean the same readings.

        Raises:
            Unavailable: if the file cannot be written.
        """
        known = Settled(min(settled.low, opened), [span for span in settled.islands() if span.stop <= opened])
        with self._guarded(), self._transaction():
            self._trim(Trim(epoch=self.epoch, settled=known))
            self._head["next_offset"] = str(self._renumber_rows())
            self._head["epoch"] = str(max((now_ms << 20) | secrets.randbits(20), self.epoch + 1))
            self._head.seal()
        self._load()
        self._unclean = False
        log.error("spool was set back; a new epoch begins", extra={"path": str(self.path), "opened": opened})
        return self.state()

    def _renumber_rows(self) -> int:
        """Give all rows offsets from 0 on, in their order; ascending, so that no two ever meet."""
        offset = 0
        for first, count, is_gap in occupied(self._db):
            if is_gap:
                self._gaps.move(first, offset)
            elif not self._chunks.move(first, offset):
                self._damaged += 1
                self._gaps.record(offset, count, GapReason.DAMAGED, 0, 0)
            offset += count
        return offset

    # --- state --------------------------------------------------------------------------------------------------

    def state(self) -> SpoolState:
        """What the spool holds.

        Raises:
            Unavailable: if the file cannot be read.
        """
        with self._guarded():
            first_chunk, oldest_ms = self._chunks.oldest()
            first_gap, gap_readings = self._gaps.total()
        waiting = [first for first in (first_chunk, first_gap) if first is not None]
        return SpoolState(
            epoch=self.epoch,
            next_offset=self._next,
            low=min(waiting, default=self._next),
            chunks=self._tally.chunks,
            readings=self._tally.readings,
            bytes=self._tally.bytes,
            gap_readings=gap_readings,
            oldest_ms=oldest_ms,
            unclean=self._unclean,
            damaged=self._damaged,
            replaced=self._replaced,
        )

    def close(self) -> None:
        """Close the file; everything committed stays."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(sqlite3.Error, OSError), self._transaction():
            self._head["clean"] = "1"
        self._db.close()

    # --- SQLite -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Translate what SQLite and the operating system say, and open the file anew after any error."""
        if self._closed:
            raise Unavailable(f"the spool {self.path} is closed")
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            log.error("spool failed", extra={"path": str(self.path), "error": str(error)})
            self._reopen()
            raise Unavailable(f"the spool {self.path} failed: {error}") from error

    def _resume(self, db: sqlite3.Connection) -> None:
        """Go on with the file that was opened again."""
        self._use(db)
        self._load()

    def _reopen(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        try:
            open_or_replace(self.path, 0, self.options.busy_timeout_s, self._resume, may_replace=False)
        except (sqlite3.OperationalError, Unavailable, OSError) as error:
            log.error("spool cannot be opened again", extra={"path": str(self.path), "error": str(error)})
