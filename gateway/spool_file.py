"""Opening the spool's file: checked when it was not closed properly, put aside when it is no longer a database."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from core.errors import TwingridError, Unavailable

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_SMALLEST_DATABASE = 512
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alias (
  alias INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, name TEXT NOT NULL, type INTEGER NOT NULL,
  unit TEXT NOT NULL, crc INTEGER NOT NULL, UNIQUE (device, name));
CREATE TABLE IF NOT EXISTS chunk (
  first INTEGER PRIMARY KEY, count INTEGER NOT NULL, device TEXT NOT NULL, crc32 INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, record_crc INTEGER NOT NULL, metrics BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS damaged (
  first INTEGER PRIMARY KEY, count, device, crc32, from_ms, to_ms, record_crc, metrics);
CREATE TABLE IF NOT EXISTS gap (
  first INTEGER PRIMARY KEY, count INTEGER NOT NULL, reason INTEGER NOT NULL,
  from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, sent INTEGER NOT NULL);
"""


class SpoolDamagedError(TwingridError):
    """The open spool turned out to be damaged; the process has to start again with a new one."""


def open_or_replace(
    path: Path,
    now_ms: int,
    busy_timeout_s: float,
    prepare: Callable[[sqlite3.Connection], None],
    *,
    may_replace: bool = True,
) -> tuple[sqlite3.Connection, str]:
    """Open the file; a damaged one is moved aside and a new one begun.

    Args:
        path: the file.
        now_ms: names the file that is moved aside.
        busy_timeout_s: how long another process may hold it.
        prepare: what the caller does first with the connection; damage that it meets counts, too.
        may_replace: whether a damaged file is moved aside.

    Returns:
        The connection, and the name the damaged file was given (empty when there was none).

    Raises:
        Unavailable: if it cannot be opened for another reason than damage.
        SpoolDamagedError: if it is damaged and may not be replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(path, busy_timeout_s, prepare, check_log=may_replace), ""
    except (sqlite3.DatabaseError, OverflowError, ValueError) as error:
        if _is_damage(error) and not may_replace:
            raise SpoolDamagedError(
                f"the spool {path} is damaged: {error}; it is put aside at the next start"
            ) from error
        if not _is_damage(error):
            raise Unavailable(f"the spool {path} cannot be opened: {error}") from error
        log.error("spool is damaged", extra={"path": str(path), "error": str(error)})
    aside = _move_aside(path, now_ms)
    try:
        return _open(path, busy_timeout_s, prepare, check_log=False), aside
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"the spool {path} cannot be created: {error}") from error


def _open(
    path: Path, busy_timeout_s: float, prepare: Callable[[sqlite3.Connection], None], *, check_log: bool
) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
    try:
        if check_log:
            _check_lost_log(db, path)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=2000")
        db.execute("PRAGMA journal_size_limit=16777216")
        db.executescript(_SCHEMA)
        version = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
        if version and int(version[0]) > SCHEMA_VERSION:
            raise Unavailable(f"the spool {path} was written by a newer version; install that one, or move the file")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"database disk image is malformed: {verdict}")
        prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _closed_cleanly(db: sqlite3.Connection) -> bool:
    row = db.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone()
    return bool(row) and row[0] == "1"


def _check_lost_log(db: sqlite3.Connection, path: Path) -> None:
    """A file that was in use and whose write-ahead log has vanished has lost commits: its offsets may not come again.

    Raises:
        sqlite3.DatabaseError: if that is so.
    """
    size = path.stat().st_size
    if 0 < size < _SMALLEST_DATABASE:
        raise sqlite3.DatabaseError("file is not a database: it is cut off")
    if size == 0 or Path(f"{path}-wal").exists():
        return
    has_meta = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    if has_meta and not _closed_cleanly(db):
        raise sqlite3.DatabaseError("file is not a database: its write-ahead log is missing")


def _is_damage(error: Exception) -> bool:
    if isinstance(error, ValueError | OverflowError):
        return True  # a number in the file that no spool ever wrote
    if isinstance(error, sqlite3.IntegrityError):
        return True
    text = str(error)
    if "no such column" in text:
        return True  # written by an unfinished version
    return "malformed" in text or "not a database" in text or "corrupt" in text


def _move_aside(path: Path, now_ms: int) -> str:
    aside = path.with_name(f"{path.name}.damaged-{now_ms}")
    for suffix in ("", "-wal", "-shm"):
        source = Path(f"{path}{suffix}")
        with contextlib.suppress(FileNotFoundError):
            source.rename(f"{aside}{suffix}")
    return aside.name
