"""The DuckDB file of the store: hot tables, commit log, manifest, and the small tables beside them.

One writing connection, used under the owner's commit lock; readers take a cursor each. DuckDB appends a commit to its
write-ahead log and calls fdatasync on it before COMMIT returns; what it does not sync is the folder in which it has
created a new log after a checkpoint, so that is done here.

Hot readings stand in one table per *generation* (``hot_7`` and ``text_7``). A generation that has been written to
segments is kept for a while for ``since`` and then dropped as a whole, because deleting rows would never shrink the
file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from core.errors import Refused, Unavailable
from core.readings import Readings
from store.segments import sync_folder
from store.settings import StoreSettings

FORMAT = "1"
FILE_NAME = "twingrid.duckdb"

_TABLES = {
    "meta": "key VARCHAR, value VARCHAR",
    "generations": "generation BIGINT, created_ms BIGINT, first_commit BIGINT, flushed BOOLEAN",
    "commits": """commit_no BIGINT, generation BIGINT, created_ms BIGINT, row_count INTEGER, readings BIGINT,
        quarantined BIGINT, evicted BIGINT, settlement BLOB""",
    "ledgers": '"group" VARCHAR, node VARCHAR, epoch BIGINT, body BLOB',
    "gaps": """"group" VARCHAR, node VARCHAR, epoch BIGINT, first BIGINT, stop BIGINT, reason INTEGER, from_ms BIGINT,
        to_ms BIGINT""",
    "quarantine": """item BIGINT, node VARCHAR, reason VARCHAR, readings BIGINT, arrived_ms BIGINT, metric VARCHAR,
        detail VARCHAR, sample BLOB, epoch BIGINT, "offset" BIGINT""",
    "segments": """number BIGINT, day INTEGER, level INTEGER, sequence BIGINT, row_count BIGINT, from_ms BIGINT,
        to_ms BIGINT, written_ms BIGINT, raw_bytes BIGINT, minute_bytes BIGINT, has_raw BOOLEAN, has_minute BOOLEAN""",
    "hour_files": 'number BIGINT, "window" INTEGER, row_count BIGINT, size BIGINT',
    "closed_days": "day INTEGER",
    "latest": """point INTEGER, time_ms BIGINT, value DOUBLE, quality UTINYINT, epoch BIGINT, "offset" BIGINT,
        text VARCHAR""",
}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what DuckDB, Arrow and the system raise into the port's errors."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise Unavailable(f"the store cannot {doing}: {error}") from error


class Database:
    """One open database file."""

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        """Open or create it.

        Raises:
            Unavailable: if it cannot be opened, for instance because another process owns it.
            Refused: if a later version has written it.
        """
        self._path = folder / FILE_NAME
        self._wal = folder / (FILE_NAME + ".wal")
        self._wal_inode = -1
        with translated(f"open {self._path}"):
            folder.mkdir(parents=True, exist_ok=True)
            self.writer = duckdb.connect(
                self._path,
                config={
                    "threads": settings.threads,
                    "memory_limit": settings.memory_limit,
                    "checkpoint_threshold": settings.checkpoint_wal,
                    "allocator_background_threads": False,
                },
            )
            try:
                self._create()
            except BaseException:
                self.writer.close()
                raise

    def _create(self) -> None:
        with self.transaction():
            for name, columns in _TABLES.items():
                self.writer.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
            found = self.writer.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
            if found is None:
                self.writer.execute("INSERT INTO meta VALUES ('format', $1)", [FORMAT])
            elif found[0] != FORMAT:
                raise Refused(f"{self._path} has format {found[0]}; this version reads format {FORMAT} only")

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing, durable when it ends; the caller holds the commit lock."""
        self.writer.execute("BEGIN")
        try:
            yield self.writer
        except BaseException:
            self._roll_back()
            raise
        self.writer.execute("COMMIT")
        self._sync_folder_of_new_log()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A reader of its own; close it after use."""
        return self.writer.cursor()

    def meta(self, key: str, default: int) -> int:
        """A number kept in ``meta``."""
        found = self.writer.execute("SELECT value FROM meta WHERE key = $1", [key]).fetchone()
        return default if found is None else int(found[0])

    def set_meta(self, key: str, value: int) -> None:
        """Keep a number in ``meta``, inside the caller's transaction."""
        self.writer.execute("DELETE FROM meta WHERE key = $1", [key])
        self.writer.execute("INSERT INTO meta VALUES ($1, $2)", [key, str(value)])

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query on a reader of its own."""
        cursor = self.cursor()
        try:
            return cursor.execute(query, parameters).fetchall()
        finally:
            cursor.close()

    def insert_columns(self, table: str, columns: Mapping[str, Any]) -> None:
        """Append equally long columns to ``table``, inside the caller's transaction."""
        names = ", ".join(f'"{name}"' for name in columns)
        # As an Arrow table, because from NumPy columns the database would take NaN for NULL.
        self.writer.register("incoming", pa.table(dict(columns)))
        self.writer.execute(f"INSERT INTO {table} ({names}) SELECT * FROM incoming")  # noqa: S608 - our own names
        self.writer.unregister("incoming")

    def create_generation(self, generation: int, created_ms: int, first_commit: int) -> None:
        """Tables for the next hot readings, inside the caller's transaction."""
        self.writer.execute(
            f"CREATE TABLE hot_{generation} (commit_no BIGINT, point INTEGER, time_ms BIGINT, value DOUBLE, "
            'quality UTINYINT, epoch BIGINT, "offset" BIGINT)'
        )
        self.writer.execute(f"CREATE TABLE text_{generation} (commit_no BIGINT, row_no INTEGER, text VARCHAR)")
        self.writer.execute(
            "INSERT INTO generations VALUES ($1, $2, $3, false)", [generation, created_ms, first_commit]
        )

    def drop_generation(self, generation: int) -> None:
        """Let go of a generation that is in segments, inside the caller's transaction."""
        self.writer.execute(f"DROP TABLE hot_{generation}")
        self.writer.execute(f"DROP TABLE text_{generation}")
        self.writer.execute("DELETE FROM generations WHERE generation = $1", [generation])
        self.writer.execute("DELETE FROM commits WHERE generation = $1", [generation])

    def insert_hot(self, generation: int, number: int, batch: Readings) -> None:
        """Append one commit's readings, inside the caller's transaction."""
        if len(batch) == 0:
            return
        self.insert_columns(
            f"hot_{generation}",
            {
                "commit_no": np.full(len(batch), number, np.int64),
                "point": _whole(batch.point),
                "time_ms": _whole(batch.time_ms),
                "value": _whole(batch.value),
                "quality": _whole(batch.quality),
                "epoch": _whole(batch.epoch),
                "offset": _whole(batch.offset),
            },
        )
        if batch.text:
            self.writer.executemany(
                f"INSERT INTO text_{generation} VALUES (?, ?, ?)",  # noqa: S608 - our own table name
                [(number, row, text) for row, text in sorted(batch.text.items())],
            )

    def read_hot(self, generation: int, after: int, upto: int) -> Iterator[tuple[int, Readings]]:
        """Commits ``after`` < number <= ``upto`` of one generation that hold readings, ascending."""
        cursor = self.cursor()
        try:
            columns = cursor.execute(
                f"SELECT * FROM hot_{generation} WHERE commit_no > $1 AND commit_no <= $2 ORDER BY rowid",  # noqa: S608
                [after, upto],
            ).fetchnumpy()
            texts: dict[int, dict[int, str]] = {}
            for number, row, text in cursor.execute(
                f"SELECT * FROM text_{generation} WHERE commit_no > $1 AND commit_no <= $2",  # noqa: S608
                [after, upto],
            ).fetchall():
                texts.setdefault(number, {})[row] = text
        finally:
            cursor.close()
        numbers = np.asarray(columns["commit_no"])
        edges = np.concatenate(([0], np.flatnonzero(numbers[1:] != numbers[:-1]) + 1, [len(numbers)]))
        whole = {
            name: np.asarray(columns[name]) for name in ("point", "time_ms", "value", "quality", "epoch", "offset")
        }
        for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if first < stop:
                number = int(numbers[first])
                yield (
                    number,
                    Readings(
                        **{name: column[first:stop] for name, column in whole.items()}, text=texts.get(number, {})
                    ),
                )

    def size(self) -> int:
        """Bytes of the database file and its log."""
        return sum(path.stat().st_size for path in (self._path, self._wal) if path.exists())

    def close(self) -> None:
        """Checkpoint and let go."""
        self.writer.close()

    def _roll_back(self) -> None:
        # the transaction is gone already; the error that led here is the one to report
        with suppress(duckdb.Error):
            self.writer.execute("ROLLBACK")

    def _sync_folder_of_new_log(self) -> None:
        try:
            inode = self._wal.stat().st_ino
        except FileNotFoundError:
            return
        if inode != self._wal_inode:
            sync_folder(self._path.parent)
            self._wal_inode = inode


def _whole(column: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(column)
