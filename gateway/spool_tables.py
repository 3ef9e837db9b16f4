"""The two tables of the spool that hold offsets: chunks, and gaps where chunks were given up.

Everything here runs in the caller's transaction and keeps no state of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import Gap, GapReason
from gateway.chunk import Chunk
from gateway.spool_values import GapRecord

ROW_OVERHEAD = 96
"""Bytes a chunk's row takes beside its metrics, for the budget."""
_COLUMNS = "first, count, device, crc32, from_ms, to_ms, record_crc, metrics"
_WITHIN = "first >= ? AND first < ? AND first + count <= ?"


@dataclass(frozen=True, slots=True)
class Sum:
    """Chunks, readings and bytes (overhead included)."""

    chunks: int = 0
    readings: int = 0
    bytes: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.chunks + other.chunks, self.readings + other.readings, self.bytes + other.bytes)

    def __sub__(self, other: Sum) -> Sum:
        return Sum(self.chunks - other.chunks, self.readings - other.readings, self.bytes - other.bytes)


def sum_of(chunks: Iterable[Chunk]) -> Sum:
    """What these chunks take."""
    sizes = [(len(chunk.span), len(chunk.metrics) + ROW_OVERHEAD) for chunk in chunks]
    return Sum(len(sizes), sum(count for count, _ in sizes), sum(size for _, size in sizes))


class ChunkTable:
    """Chunks by their first offset."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on ``db``."""
        self._db = db

    def total(self) -> Sum:
        """Everything that waits."""
        row = self._db.execute("SELECT count(*), total(count), total(length(metrics)) FROM chunk").fetchone()
        return _sum(row)

    def oldest(self) -> tuple[int | None, int]:
        """First offset and oldest event time of the first chunk; (None, 0) if there is none."""
        row = self._db.execute("SELECT first, from_ms FROM chunk ORDER BY first LIMIT 1").fetchone()
        return row or (None, 0)

    def insert(self, chunks: Iterable[Chunk]) -> None:
        """Add new chunks."""
        self._db.executemany(
            f"INSERT INTO chunk ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - names from this file
            [
                (c.span.first, len(c.span), c.device, c.crc32, c.from_ms, c.to_ms, c.record_crc(), c.metrics)
                for c in chunks
            ],
        )

    def read(self, window: OffsetRange, max_bytes: int, skip: frozenset[int]) -> tuple[list[Chunk], list[int], int]:
        """Sound chunks from the window's beginning, first offsets of damaged ones, and how far that went."""
        found: list[Chunk] = []
        damaged: list[int] = []
        size = 0
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM chunk WHERE first >= ? AND first < ? ORDER BY first",  # noqa: S608
            (window.first, window.stop),
        )
        for row in rows:
            if row[0] in skip:
                continue
            chunk = _sound(*row)
            if chunk is None:
                damaged.append(row[0])
                continue
            found.append(chunk)
            size += len(chunk.metrics)
            if size >= max_bytes:
                return found, damaged, chunk.span.stop
        return found, damaged, window.stop

    def delete_settled(self, settled: Settled, stop: int) -> Sum:
        """Delete the chunks that are wholly settled; beyond ``stop`` nothing can be."""
        gone = Sum()
        low = min(settled.low, stop)
        spans = [OffsetRange(0, low)] if low else []
        for span in [*spans, *(island for island in settled.islands() if island.stop <= stop)]:
            place = (span.first, span.stop, span.stop)
            row = self._db.execute(
                f"SELECT count(*), total(count), total(length(metrics)) FROM chunk WHERE {_WITHIN}",  # noqa: S608
                place,
            ).fetchone()
            if row[0]:
                self._db.execute(f"DELETE FROM chunk WHERE {_WITHIN}", place)  # noqa: S608
                gone += _sum(row)
        return gone

    def delete_oldest(self, excess: int) -> tuple[Sum, list[tuple[int, int, int, int]]]:
        """Delete from the oldest on until ``excess`` bytes are free; answers (first, count, from_ms, to_ms) of each."""
        gone = Sum()
        doomed: list[tuple[int, int, int, int]] = []
        for first, count, from_ms, to_ms, size in self._db.execute(
            "SELECT first, count, from_ms, to_ms, length(metrics) FROM chunk ORDER BY first"
        ):
            if gone.bytes >= excess:
                break
            gone += Sum(1, count, size + ROW_OVERHEAD)
            doomed.append((first, count, from_ms, to_ms))
        self._db.executemany("DELETE FROM chunk WHERE first = ?", [(row[0],) for row in doomed])
        return gone, doomed

    def put_aside(self, first: int) -> None:
        """Move a damaged record out of the way, for whoever wants to look at it."""
        self._db.execute("INSERT OR REPLACE INTO damaged SELECT * FROM chunk WHERE first = ?", (first,))
        self._db.execute("DELETE FROM chunk WHERE first = ?", (first,))

    def move(self, first: int, offset: int) -> bool:
        """Give a chunk another first offset; False (and gone) if it is damaged."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM chunk WHERE first = ?", (first,)).fetchone()  # noqa: S608
        chunk = _sound(*row)
        if chunk is None:
            self.put_aside(first)
            return False
        crc = replace(chunk, span=OffsetRange(offset, offset + len(chunk.span))).record_crc()
        self._db.execute("UPDATE chunk SET first = ?, record_crc = ? WHERE first = ?", (offset, crc, first))
        return True


class GapTable:
    """Offsets that were given up, until the host has taken notice."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on ``db``."""
        self._db = db

    def total(self) -> tuple[int | None, int]:
        """First offset and number of readings of all gaps; (None, 0) if there is none."""
        first, readings = self._db.execute("SELECT min(first), total(count) FROM gap").fetchone()
        return first, int(readings)

    def record(self, first: int, count: int, reason: GapReason, from_ms: int, to_ms: int) -> None:
        """Add a gap, joined to its left neighbour while that one has never been sent."""
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
            self._add(first, count, int(reason), from_ms, to_ms, 0)

    def _add(self, first: int, count: int, reason: int, from_ms: int, to_ms: int, sent: int) -> None:
        self._db.execute(
            "INSERT INTO gap (first, count, reason, from_ms, to_ms, sent) VALUES (?, ?, ?, ?, ?, ?)",
            (first, count, reason, from_ms, to_ms, sent),
        )

    def send(self) -> list[GapRecord]:
        """All gaps, oldest first; from now on their cut stays."""
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

    def shrink(self, settled: Settled) -> None:
        """Keep what is not settled: part of a run may have arrived before it was evicted."""
        rows = self._db.execute("SELECT first, count, reason, from_ms, to_ms, sent FROM gap").fetchall()
        for first, count, reason, from_ms, to_ms, sent in rows:
            span = OffsetRange(first, first + count)
            missing = list(settled.missing(span))
            if missing == [span]:
                continue
            self._db.execute("DELETE FROM gap WHERE first = ?", (first,))
            for part in missing:
                self._add(part.first, len(part), reason, from_ms, to_ms, sent)

    def move(self, first: int, offset: int) -> None:
        """Give a gap another first offset; it counts as never sent."""
        self._db.execute("UPDATE gap SET first = ?, sent = 0 WHERE first = ?", (offset, first))


def occupied(db: sqlite3.Connection) -> list[tuple[int, int, bool]]:
    """All (first, count, is_gap) of both tables, ascending."""
    rows = db.execute("SELECT first, count, 0 FROM chunk UNION ALL SELECT first, count, 1 FROM gap").fetchall()
    return sorted((first, count, bool(is_gap)) for first, count, is_gap in rows)


def neighbours(db: sqlite3.Connection, first: int, stop: int) -> tuple[int, int]:
    """Where the record left of ``first`` ends and the one right of it begins, within 0 and ``stop``."""
    both = "(SELECT first, count FROM chunk UNION ALL SELECT first, count FROM gap)"
    (left,) = db.execute(f"SELECT max(first + count) FROM {both} WHERE first < ?", (first,)).fetchone()  # noqa: S608
    (right,) = db.execute(f"SELECT min(first) FROM {both} WHERE first > ?", (first,)).fetchone()  # noqa: S608
    return left or 0, stop if right is None else min(right, stop)


def _sum(row: tuple[int, float, float]) -> Sum:
    return Sum(row[0], int(row[1]), int(row[2]) + ROW_OVERHEAD * row[0])


def _sound(
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
