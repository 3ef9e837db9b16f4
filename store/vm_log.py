"""The commit log beside VictoriaMetrics, in SQLite: commits as they came, ledgers, gaps, quarantine, texts, latest."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from core.errors import Unavailable
from core.ports.store import Commit, GapRecord, Quarantined
from core.readings import Readings, empty
from core.sparkplug.topics import NodeId
from store.commit_log import Spool
from store.remote_wire import CommitRequest, Table, pack_commit, pack_readings, unpack_commit, unpack_readings

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commits (number INTEGER PRIMARY KEY, created_ms INTEGER, head BLOB, body BLOB);
CREATE TABLE IF NOT EXISTS ledgers (grp TEXT, node TEXT, epoch INTEGER, body BLOB, PRIMARY KEY (grp, node, epoch));
CREATE TABLE IF NOT EXISTS gaps (from_ms INTEGER, to_ms INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS gaps_by_time ON gaps (from_ms);
CREATE TABLE IF NOT EXISTS quarantine (item INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB);
CREATE TABLE IF NOT EXISTS texts (point INTEGER, time_ms INTEGER, epoch INTEGER, offset INTEGER, text TEXT,
    PRIMARY KEY (point, time_ms, epoch, offset)) WITHOUT ROWID;
"""
_T = TypeVar("_T")


class VictoriaMetricsLog:
    """One SQLite file. Not thread-safe; its owner holds the commit lock."""

    def __init__(self, folder: Path) -> None:
        """Open or create it.

        Raises:
            Unavailable: if the file cannot be opened.
        """
        self._path = folder / "commits.sqlite"
        with self.translated("open"):
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            # FULL only when the watermark moves: a commit above it is not promised yet.
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('store', ?)", [secrets.token_hex(8)])

    @property
    def store(self) -> str:
        """The label that tells this store's series from others' on the same server."""
        return str(self._db.execute("SELECT value FROM meta WHERE key = 'store'").fetchone()[0])

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Turn SQLite's errors into the port's."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"the commit log {self._path} cannot {doing}: {error}") from error

    @contextmanager
    def transaction(self, *, synced: bool = False) -> Iterator[None]:
        """All or nothing; ``synced`` makes it and everything before it survive a power cut."""
        with self.translated("be written"):
            if synced:
                self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            if synced:
                self._db.execute("PRAGMA synchronous=NORMAL")

    def number(self, key: str) -> int:
        """A number kept in ``meta``; 0 if there is none."""
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return 0 if found is None else int(found[0])

    def set_number(self, key: str, value: int) -> None:
        """Keep a number in ``meta``, inside the caller's transaction."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])

    def append(self, number: int, created_ms: int, commit: Commit, quarantine_kept: int) -> None:
        """One commit, inside the caller's transaction."""
        head, body = pack_commit(commit)
        self._db.execute(
            "INSERT INTO commits VALUES (?, ?, ?, ?)", [number, created_ms, msgspec.msgpack.encode(head), body]
        )
        self._db.executemany(
            "INSERT INTO gaps VALUES (?, ?, ?)",
            [(gap.gap.from_ms, gap.gap.to_ms, msgspec.msgpack.encode(gap)) for gap in commit.gaps],
        )
        self._db.executemany(
            "INSERT INTO quarantine (body) VALUES (?)", [(msgspec.msgpack.encode(item),) for item in commit.quarantined]
        )
        if commit.quarantined:
            self._db.execute(
                "DELETE FROM quarantine WHERE item <= (SELECT max(item) FROM quarantine) - ?", [quarantine_kept]
            )
        batch = commit.readings
        self._db.executemany(
            "INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?, ?)",
            [
                (int(batch.point[row]), int(batch.time_ms[row]), int(batch.epoch[row]), int(batch.offset[row]), text)
                for row, text in batch.text.items()
            ],
        )

    def commits(self, after: int, upto: int) -> list[tuple[int, int, Commit]]:
        """(number, created_ms, commit) with ``after`` < number <= ``upto``."""
        with self.translated("be read"):
            rows = self._db.execute(
                "SELECT * FROM commits WHERE number > ? AND number <= ? ORDER BY number", [after, upto]
            ).fetchall()
        return [
            (number, created_ms, unpack_commit(msgspec.msgpack.decode(head, type=CommitRequest), bytearray(body)))
            for number, created_ms, head, body in rows
        ]

    def first_and_last(self) -> tuple[int, int]:
        """Numbers of the oldest and the newest commit kept; (last + 1, last) when none is."""
        first, last = self._db.execute("SELECT min(number), max(number) FROM commits").fetchone()
        known = self.number("last")
        return (known + 1, known) if first is None else (int(first), max(int(last), known))

    def forget_commits(self, before_ms: int, watermark: int) -> None:
        """Drop durable commits older than ``before_ms``, inside the caller's transaction."""
        self._db.execute("DELETE FROM commits WHERE number <= ? AND created_ms < ?", [watermark, before_ms])

    def save_ledgers(self, bodies: Iterable[tuple[Spool, bytes]]) -> None:
        """Keep encoded ledgers, inside the caller's transaction."""
        self._db.executemany(
            "INSERT OR REPLACE INTO ledgers VALUES (?, ?, ?, ?)",
            [(node.group, node.node, epoch, body) for (node, epoch), body in bodies],
        )

    def ledgers(self) -> list[tuple[Spool, bytes]]:
        """Encoded ledgers."""
        rows = self._db.execute("SELECT grp, node, epoch, body FROM ledgers").fetchall()
        return [((NodeId(group, node), epoch), body) for group, node, epoch, body in rows]

    def save_latest(self, newest: Readings) -> None:
        """Keep the newest readings, inside the caller's transaction."""
        table, body = pack_readings(newest)
        packed = msgspec.msgpack.encode((table, body))
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('latest', ?)", [packed])

    def latest(self) -> Readings:
        """The newest readings as they were kept last."""
        found = self._db.execute("SELECT value FROM meta WHERE key = 'latest'").fetchone()
        if found is None:
            return empty()
        table, body = msgspec.msgpack.decode(found[0], type=tuple[Table, bytes])
        return unpack_readings(table, bytearray(body))

    def gaps(self, from_ms: int, to_ms: int) -> list[GapRecord]:
        """Gap records that touch [from_ms, to_ms)."""
        with self.translated("be read"):
            rows = self._db.execute(
                "SELECT body FROM gaps WHERE from_ms < ? AND to_ms >= ?", [to_ms, from_ms]
            ).fetchall()
        return _decoded(rows, GapRecord)

    def all_gaps(self) -> list[GapRecord]:
        """Every gap on record."""
        return _decoded(self._db.execute("SELECT body FROM gaps").fetchall(), GapRecord)

    def quarantine(self, limit: int) -> list[Quarantined]:
        """The newest items, newest first."""
        with self.translated("be read"):
            rows = self._db.execute("SELECT body FROM quarantine ORDER BY item DESC LIMIT ?", [limit]).fetchall()
        return _decoded(rows, Quarantined)

    def texts(self, from_ms: int, to_ms: int) -> dict[tuple[int, int, int, int], str]:
        """Texts in [from_ms, to_ms) by (point, time, epoch, offset)."""
        with self.translated("be read"):
            rows = self._db.execute(
                "SELECT * FROM texts WHERE time_ms >= ? AND time_ms < ?", [from_ms, to_ms]
            ).fetchall()
        return {(point, time_ms, epoch, offset): text for point, time_ms, epoch, offset, text in rows}

    def size(self) -> int:
        """Bytes of the file and its log."""
        return sum(path.stat().st_size for path in self._path.parent.glob(self._path.name + "*"))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _decoded(rows: Sequence[tuple[bytes]], kind: type[_T]) -> list[_T]:
    decoder = msgspec.msgpack.Decoder(kind)
    return [decoder.decode(body) for (body,) in rows]
