"""Taking over the spool of an earlier version: one SQLite file in place of the folder.

Its readings go into a new folder under their old offsets and epoch, so the host sees one spool that goes on. The folder
is built beside the file and takes its name when it is complete and synced; killed at any moment, the next start either
begins again or finishes.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Unavailable
from core.offsets import OffsetRange
from core.sparkplug.commit import Gap, GapReason
from core.sparkplug.datatypes import DataType
from gateway.chunk import Chunk
from gateway.spool_values import GapRecord, Metric

if TYPE_CHECKING:
    from gateway.spool import Spool

log = logging.getLogger(__name__)

_VERSION = 1


@dataclass(slots=True)
class Old:
    """What the file holds; ``identity`` is empty if it is not one of ours."""

    identity: str = ""
    epoch: int = 0
    next_offset: int = 0
    bdseq: int = -1
    next_alias: int = 1
    aliases: list[Metric] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    gaps: list[GapRecord] = field(default_factory=list)


def take_over(path: Path, identity: str, begin: Callable[[], Spool]) -> None:
    """Turn the file at ``path`` into a folder, if it is a file.

    Args:
        path: where the spool is.
        identity: who this host is; a file of another host is put aside, its readings are that host's.
        begin: opens a new spool at ``<path>.new``.

    Raises:
        Unavailable: if the disk does not answer, or a newer version wrote the file.
    """
    draft, done = path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.old")
    try:
        if not path.exists() and done.is_file() and draft.is_dir():
            draft.rename(path)
        if not path.is_file():
            return
        shutil.rmtree(draft, ignore_errors=True)
        old = _read(path)
        if old.identity == identity:
            with contextlib.closing(begin()) as spool:
                spool.adopt(old)
            path.rename(done)
            draft.rename(path)
            log.info("spool was taken over from an earlier version", extra={"readings": _count(old)})
        else:
            path.rename(path.with_name(f"{path.name}.damaged-{int(path.stat().st_mtime)}"))
            log.error("the file in the spool's place is none of this host's and was put aside")
        for rest in (done, Path(f"{path}-wal"), Path(f"{path}-shm")):
            rest.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"the spool {path} cannot be taken over: {error}") from error


def _count(old: Old) -> int:
    return sum(len(chunk.span) for chunk in old.chunks)


def _read(path: Path) -> Old:
    """Read what can be read; a damaged row becomes a gap by being missing.

    Raises:
        Unavailable: if a newer version wrote the file, or another process holds it.
    """
    old = Old()
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5.0, isolation_level=None)) as db:
            meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
            if int(meta.get("version", "0")) > _VERSION:
                raise Unavailable(f"the spool {path} was written by a newer version; install that one, or move it")
            old.identity, old.epoch = meta["identity"], int(meta["epoch"])
            old.next_offset, old.bdseq = int(meta["next_offset"]), int(meta.get("bdseq", "-1"))
            for alias, device, name, kind, unit in db.execute("SELECT alias, device, name, type, unit FROM alias"):
                old.aliases.append(Metric(device=device, name=name, alias=alias, type=DataType(kind), unit=unit))
            old.next_alias = _next_alias(db, old.aliases)
            _rows(db, old)
    except (sqlite3.DatabaseError, KeyError, ValueError) as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise Unavailable(f"the spool {path} is in use by another process") from error
        log.error("spool of an earlier version is damaged", extra={"path": str(path), "error": str(error)})
    return old


def _next_alias(db: sqlite3.Connection, aliases: list[Metric]) -> int:
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'alias'").fetchone()
    return max([row[0] if row else 0, *(metric.alias for metric in aliases)]) + 1


def _rows(db: sqlite3.Connection, old: Old) -> None:
    for first, count, reason, from_ms, to_ms in db.execute("SELECT first, count, reason, from_ms, to_ms FROM gap"):
        gap = Gap(reason=GapReason(reason), from_ms=from_ms, to_ms=to_ms)
        old.gaps.append(GapRecord(span=OffsetRange(first, first + count), gap=gap))
    columns = "first, count, device, crc32, from_ms, to_ms, record_crc, metrics"
    for first, count, device, crc32, from_ms, to_ms, crc, metrics in db.execute(
        f"SELECT {columns} FROM chunk ORDER BY first"  # noqa: S608 - names from the line above
    ):
        head = f"{device}\0{first}\0{first + count}\0{crc32}\0{from_ms}\0{to_ms}\0"
        if not isinstance(metrics, bytes) or zlib.crc32(metrics, zlib.crc32(head.encode())) != crc:
            continue
        span = OffsetRange(first, first + count)
        old.chunks.append(Chunk(device=device, span=span, crc32=crc32, from_ms=from_ms, to_ms=to_ms, metrics=metrics))
