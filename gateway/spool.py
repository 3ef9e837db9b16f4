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
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core import faultpoints
from core.errors import Unavailable
from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import Gap, GapReason
from core.sparkplug.datatypes import DataType
from gateway.chunk import Batch, Chunk, cut
from gateway.spool_file import SCHEMA_VERSION, open_or_replace

log = logging.getLogger(__name__)

_COLUMNS = "first, count, device, crc32, from_ms, to_ms, record_crc, metrics"
ROW_OVERHEAD = 96
"""Bytes a chunk's row takes beside its metrics, for the budget."""


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


@dataclass(slots=True)
class _Tally:
    """Sums over the chunk table, kept in step with each committed transaction."""

    chunks: int = 0
    readings: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Removed:
    """What a transaction takes away, applied to the tally once it is committed."""

    chunks: int = 0
    readings: int = 0
    bytes: int = 0
    evicted: int = 0


@dataclass(slots=True)
class _Aliases:
    """Aliases of this spool and what is behind them."""

    by_name: dict[tuple[str, str], int] = field(default_factory=dict)
    types: dict[int, DataType] = field(default_factory=dict)
    units: dict[int, str] = field(default_factory=dict)


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
        self._tally = _Tally()
        self._aliases = _Aliases()
        self._closed = False
        self._unclean = False
        self._db, self._replaced = open_or_replace(
            path, now_ms, self.options.busy_timeout_s, lambda db: self._start(db, now_ms)
        )

    def _start(self, db: sqlite3.Connection, now_ms: int) -> None:
        """Take over an open file: check its seal, begin a new epoch where that is due."""
        self._db = db
        with self._transaction():
            if self._meta("identity") and self._meta("seal") != self._seal():
                raise sqlite3.DatabaseError("database disk image is malformed: its head does not fit its seal")
            self._unclean = self._meta("clean") == "0"
            if self._meta("identity") != self._identity:
                self._forget(now_ms)
            self._set_meta("clean", "0")
        # "In use" must stand in the file itself: it is what tells a lost write-ahead log from a clean end.
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._load()

    def _seal(self) -> str:
        """Checksum of the head: an epoch or offset with a fallen bit would make offsets come twice."""
        head = "|".join(self._meta(key) for key in ("identity", "epoch", "next_offset", "version"))
        return f"{zlib.crc32(head.encode()):08x}"

    def _forget(self, now_ms: int) -> None:
        """Begin a new epoch: the file is new, or came from another host and its readings are that host's to send."""
        for table in ("chunk", "gap"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from this line
        self._set_meta("identity", self._identity)
        self._set_meta("epoch", str((now_ms << 20) | secrets.randbits(20)))
        self._set_meta("next_offset", "0")
        self._set_meta("version", str(SCHEMA_VERSION))
        self._set_meta("seal", self._seal())
        log.info("spool begins a new epoch", extra={"path": str(self.path)})

    def _load(self) -> None:
        self.epoch = int(self._meta("epoch"))
        self._next = int(self._meta("next_offset"))
        row = self._db.execute("SELECT count(*), total(count), total(length(metrics)) FROM chunk").fetchone()
        self._tally = _Tally(int(row[0]), int(row[1]), int(row[2]) + ROW_OVERHEAD * int(row[0]))
        self._aliases = _Aliases()
        rows = self._db.execute("SELECT alias, device, name, type, unit, crc FROM alias")
        for alias, device, name, data_type, unit, crc in rows:
            if crc != _alias_crc(alias, device, name, data_type, unit):
                raise sqlite3.DatabaseError(
                    f"database disk image is malformed: alias {alias} does not fit its checksum"
                )
            self._aliases.by_name[device, name] = alias
            self._aliases.types[alias] = DataType(data_type)
            self._aliases.units[alias] = unit

    # --- identity -----------------------------------------------------------------------------------------------

    def aliases(self, device: str, metrics: Sequence[tuple[str, DataType, str]]) -> list[int]:
        """The aliases of a device's metrics (name, datatype, unit); new ones are given for ever.

        A metric with another datatype or unit gets a new alias: readings that wait under the old one were read so.

        Raises:
            Unavailable: if the file cannot be written.
        """
        known = self._aliases
        fresh = [
            metric
            for metric in metrics
            if (alias := known.by_name.get((device, metric[0]))) is None
            or (known.types[alias], known.units[alias]) != metric[1:]
        ]
        if fresh:
            with self._guarded(), self._transaction():
                for name, kind, unit in fresh:
                    self._give_alias(device, name, kind, unit)
            self._load()
        return [self._aliases.by_name[device, metric[0]] for metric in metrics]

    def _give_alias(self, device: str, name: str, kind: DataType, unit: str) -> None:
        old = self._aliases.by_name.get((device, name))
        if old is not None:
            retired = f"{name}~{old}"
            crc = _alias_crc(old, device, retired, self._aliases.types[old], self._aliases.units[old])
            self._db.execute("UPDATE alias SET name = ?, crc = ? WHERE alias = ?", (retired, crc, old))
        added = self._db.execute(
            "INSERT INTO alias (device, name, type, unit, crc) VALUES (?, ?, ?, ?, 0)", (device, name, int(kind), unit)
        )
        crc = _alias_crc(added.lastrowid or 0, device, name, kind, unit)
        self._db.execute("UPDATE alias SET crc = ? WHERE alias = ?", (crc, added.lastrowid))

    def retire(self, live: Iterable[int]) -> None:
        """Forget the aliases that are not in ``live``, once nothing of theirs waits; their numbers never come again.

        Raises:
            Unavailable: if the file cannot be written.
        """
        if self._tally.chunks:
            return
        gone = self._aliases.types.keys() - set(live)
        with self._guarded(), self._transaction():
            self._db.executemany("DELETE FROM alias WHERE alias = ?", [(alias,) for alias in gone])
        self._load()

    def metrics(self) -> list[Metric]:
        """Every metric that has an alias: those in use, and retired ones whose readings may still wait."""
        types, units = self._aliases.types, self._aliases.units
        return [
            Metric(device=device, name=name, alias=alias, type=types[alias], unit=units[alias])
            for (device, name), alias in self._aliases.by_name.items()
        ]

    def next_bdseq(self) -> int:
        """The birth/death sequence number of the next CONNECT, durable before it is used: 0 to 255, one up each time.

        Raises:
            Unavailable: if the file cannot be written.
        """
        with self._guarded(), self._transaction():
            number = (int(self._meta("bdseq") or "-1") + 1) % 256
            self._set_meta("bdseq", str(number))
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
        added = sum(len(chunk.metrics) + ROW_OVERHEAD for chunk in chunks)
        try:
            with self._guarded(), self._transaction():
                removed = _Removed()
                if trim is not None:
                    faultpoints.hit("spool.before_trim")
                    removed = self._trim(trim)
                evicted = self._evict(self._tally.bytes - removed.bytes + added - self.options.budget_bytes)
                self._insert(chunks)
                self._set_meta("next_offset", str(offset))
                self._set_meta("seal", self._seal())
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
        self._next = offset
        self._settle(removed)
        self._settle(evicted)
        self._tally.chunks += len(chunks)
        self._tally.readings += sum(len(chunk.span) for chunk in chunks)
        self._tally.bytes += added
        return Committed(chunks=tuple(chunks), evicted=evicted.evicted)

    def _settle(self, removed: _Removed) -> None:
        self._tally.chunks -= removed.chunks
        self._tally.readings -= removed.readings
        self._tally.bytes -= removed.bytes

    def _insert(self, chunks: Iterable[Chunk]) -> None:
        self._db.executemany(
            "INSERT INTO chunk (first, count, device, crc32, from_ms, to_ms, record_crc, metrics)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (c.span.first, len(c.span), c.device, c.crc32, c.from_ms, c.to_ms, c.record_crc(), c.metrics)
                for c in chunks
            ],
        )

    def _evict(self, excess: int) -> _Removed:
        """Turn the oldest chunks into gap records until ``excess`` bytes are free."""
        if excess <= 0:
            return _Removed()
        freed = chunks = readings = 0
        query = "SELECT first, count, from_ms, to_ms, length(metrics) FROM chunk ORDER BY first"
        doomed: list[tuple[int, int, int, int]] = []
        for first, count, from_ms, to_ms, size in self._db.execute(query):
            if freed >= excess:
                break
            freed += size + ROW_OVERHEAD
            chunks, readings = chunks + 1, readings + count
            doomed.append((first, count, from_ms, to_ms))
        for first, count, from_ms, to_ms in doomed:
            self._db.execute("DELETE FROM chunk WHERE first = ?", (first,))
            self._record_gap(first, count, GapReason.SPOOL_FULL, from_ms, to_ms)
        return _Removed(chunks, readings, freed, readings)

    def _record_gap(self, first: int, count: int, reason: GapReason, from_ms: int, to_ms: int) -> None:
        """Add a gap record, joined to its left neighbour while that one has never been sent."""
        left = self._db.execute(
            "SELECT first, count, from_ms, to_ms FROM gap WHERE first + count = ? AND reason = ? AND sent = 0",
            (first, int(reason)),
        ).fetchone()
        if left:
            self._db.execute(
                "UPDATE gap SET count = ?, from_ms = ?, to_ms = ? WHERE first = ?",
                (left[1] + count, min(left[2], from_ms), max(left[3], to_ms), left[0]),
            )
        else:
            self._db.execute(
                "INSERT INTO gap (first, count, reason, from_ms, to_ms, sent) VALUES (?, ?, ?, ?, ?, 0)",
                (first, count, int(reason), from_ms, to_ms),
            )

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
        found: list[Chunk] = []
        damaged: list[int] = []
        reached, size = window.first, 0
        query = (
            f"SELECT {_COLUMNS} FROM chunk"  # noqa: S608 - names from this file
            " WHERE first >= ? AND first < ? ORDER BY first"
        )
        with self._guarded():
            for first, count, device, crc32, from_ms, to_ms, crc, metrics in self._db.execute(
                query, (window.first, window.stop)
            ):
                reached = first + count
                if first in skip:
                    continue
                chunk = _checked(first, count, device, crc32, from_ms, to_ms, crc, metrics)
                if chunk is None:
                    damaged.append(first)
                    continue
                found.append(chunk)
                size += len(chunk.metrics)
                if size >= max_bytes:
                    break
            else:
                reached = window.stop
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
                self._db.execute("INSERT OR REPLACE INTO damaged SELECT * FROM chunk WHERE first = ?", (first,))
                self._db.execute("DELETE FROM chunk WHERE first = ?", (first,))
                left, right = self._neighbours(first)
                if left < right:
                    self._record_gap(left, right - left, GapReason.DAMAGED, 0, 0)
                self._damaged += 1
                log.error("spool record is damaged and was put aside", extra={"first": first})
        self._load()

    def _neighbours(self, first: int) -> tuple[int, int]:
        """Where the record left of ``first`` ends and the one right of it begins."""
        both = "(SELECT first, count FROM chunk UNION ALL SELECT first, count FROM gap)"
        (left,) = self._db.execute(f"SELECT max(first + count) FROM {both} WHERE first < ?", (first,)).fetchone()  # noqa: S608
        (right,) = self._db.execute(f"SELECT min(first) FROM {both} WHERE first > ?", (first,)).fetchone()  # noqa: S608
        return left or 0, self._next if right is None else min(right, self._next)

    def gaps(self) -> list[GapRecord]:
        """Gap records that are not settled, oldest first; from now on their cut stays.

        Raises:
            Unavailable: if the file cannot be read or written.
        """
        with self._guarded(), self._transaction():
            self._db.execute("UPDATE gap SET sent = 1 WHERE sent = 0")
            rows = self._db.execute("SELECT first, count, reason, from_ms, to_ms FROM gap ORDER BY first").fetchall()
        return [
            GapRecord(
                span=OffsetRange(first, first + count),
                gap=Gap(reason=GapReason(reason), from_ms=from_ms, to_ms=to_ms),
                sent=True,
            )
            for first, count, reason, from_ms, to_ms in rows
        ]

    def trim(self, trim: Trim) -> None:
        """Delete what is settled, and nothing else.

        Raises:
            Unavailable: if the file cannot be written; trying again is harmless.
        """
        with self._guarded(), self._transaction():
            faultpoints.hit("spool.before_trim")
            removed = self._trim(trim)
        faultpoints.hit("spool.after_trim")
        self._settle(removed)

    def _trim(self, trim: Trim) -> _Removed:
        total = _Removed()
        if trim.epoch != self.epoch:
            return total
        settled = trim.settled
        low = min(settled.low, self._next)
        spans = [OffsetRange(0, low)] if low else []
        spans += [island for island in settled.islands() if island.stop <= self._next]
        for span in spans:
            chunks, readings, size = self._db.execute(
                "SELECT count(*), total(count), total(length(metrics)) FROM chunk"
                " WHERE first >= ? AND first + count <= ?",
                (span.first, span.stop),
            ).fetchone()
            if chunks:
                self._db.execute("DELETE FROM chunk WHERE first >= ? AND first + count <= ?", (span.first, span.stop))
                total = _Removed(
                    total.chunks + chunks,
                    total.readings + int(readings),
                    total.bytes + int(size) + ROW_OVERHEAD * chunks,
                )
        self._trim_gaps(settled)
        return total

    def _trim_gaps(self, settled: Settled) -> None:
        """Shrink gap records to what is not settled: part of an evicted run may have arrived before it was evicted."""
        rows = self._db.execute("SELECT first, count, reason, from_ms, to_ms, sent FROM gap").fetchall()
        for first, count, reason, from_ms, to_ms, sent in rows:
            span = OffsetRange(first, first + count)
            missing = list(settled.missing(span))
            if missing == [span]:
                continue
            self._db.execute("DELETE FROM gap WHERE first = ?", (first,))
            self._db.executemany(
                "INSERT INTO gap (first, count, reason, from_ms, to_ms, sent) VALUES (?, ?, ?, ?, ?, ?)",
                [(part.first, len(part), reason, from_ms, to_ms, sent) for part in missing],
            )

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
            self._set_meta("next_offset", str(self._renumber_rows()))
            self._set_meta("epoch", str(max((now_ms << 20) | secrets.randbits(20), self.epoch + 1)))
            self._set_meta("seal", self._seal())
        self._load()
        self._unclean = False
        log.error("spool was set back; a new epoch begins", extra={"path": str(self.path), "opened": opened})
        return self.state()

    def _renumber_rows(self) -> int:
        """Give all rows offsets from 0 on, in their order; ascending, so that no two ever meet."""
        rows = self._db.execute(
            "SELECT first, count, 0 FROM chunk UNION ALL SELECT first, count, 1 FROM gap"
        ).fetchall()
        offset = 0
        for first, count, is_gap in sorted(rows):
            if is_gap:
                self._db.execute("UPDATE gap SET first = ?, sent = 0 WHERE first = ?", (offset, first))
            elif not self._renumber_chunk(first, offset):
                self._record_gap(offset, count, GapReason.DAMAGED, 0, 0)
            offset += count
        return offset

    def _renumber_chunk(self, first: int, offset: int) -> bool:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM chunk WHERE first = ?", (first,)).fetchone()  # noqa: S608
        chunk = _checked(*row)
        if chunk is None:
            self._db.execute("DELETE FROM chunk WHERE first = ?", (first,))
            self._damaged += 1
            return False
        moved = replace(chunk, span=OffsetRange(offset, offset + len(chunk.span)))
        self._db.execute(
            "UPDATE chunk SET first = ?, record_crc = ? WHERE first = ?", (offset, moved.record_crc(), first)
        )
        return True

    # --- state --------------------------------------------------------------------------------------------------

    def types(self) -> Mapping[int, DataType]:
        """Datatype by alias."""
        return self._aliases.types

    def state(self) -> SpoolState:
        """What the spool holds.

        Raises:
            Unavailable: if the file cannot be read.
        """
        with self._guarded():
            row = self._db.execute("SELECT first, from_ms FROM chunk ORDER BY first LIMIT 1").fetchone()
            first_chunk, oldest = row or (None, 0)
            first_gap, lost = self._db.execute("SELECT min(first), total(count) FROM gap").fetchone()
        waiting = [first for first in (first_chunk, first_gap) if first is not None]
        return SpoolState(
            epoch=self.epoch,
            next_offset=self._next,
            low=min(waiting, default=self._next),
            chunks=self._tally.chunks,
            readings=self._tally.readings,
            bytes=self._tally.bytes,
            gap_readings=int(lost),
            oldest_ms=oldest,
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
            self._set_meta("clean", "1")
        self._db.close()

    # --- SQLite -------------------------------------------------------------------------------------------------

    def _meta(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def _set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

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
        self._db = db
        self._load()

    def _reopen(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        try:
            open_or_replace(self.path, 0, self.options.busy_timeout_s, self._resume, may_replace=False)
        except (sqlite3.OperationalError, Unavailable, OSError) as error:
            log.error("spool cannot be opened again", extra={"path": str(self.path), "error": str(error)})


def _alias_crc(alias: int, device: str, name: str, kind: int, unit: str) -> int:
    return zlib.crc32(f"{alias}\0{device}\0{name}\0{int(kind)}\0{unit}".encode())


def _checked(
    first: int, count: int, device: object, crc32: int, from_ms: int, to_ms: int, crc: int, metrics: object
) -> Chunk | None:
    """The chunk of a row, or None if the row is damaged."""
    if not isinstance(device, str) or not isinstance(metrics, bytes) or first < 0 or count < 1:
        return None
    chunk = Chunk(
        device=device,
        span=OffsetRange(first, first + count),
        crc32=crc32,
        from_ms=from_ms,
        to_ms=to_ms,
        metrics=metrics,
    )
    return chunk if chunk.record_crc() == crc else None
