"""The manifest in the database: reading the catalog, and writing a change of it inside a transaction."""

from __future__ import annotations

import duckdb

from store.catalog import Catalog, Change, HourFile, Segment
from store.compaction import SegmentFolder
from store.database import Database


def load(database: Database, folder: SegmentFolder) -> Catalog:
    """The catalog as the manifest says it."""
    segments = [
        Segment(
            number=number,
            day=day,
            level=level,
            sequence=sequence,
            rows=rows,
            from_ms=from_ms,
            to_ms=to_ms,
            written_ms=written_ms,
            raw=folder.file("raw", number, day) if has_raw else None,
            minute=folder.file("minute", number, day) if has_minute else None,
            raw_bytes=raw_bytes,
            minute_bytes=minute_bytes,
        )
        for number, day, level, sequence, rows, from_ms, to_ms, written_ms, raw_bytes, minute_bytes, has_raw, has_minute
        in database.rows("SELECT * FROM segments")
    ]  # fmt: skip
    hours = tuple(
        HourFile(
            number=number,
            window=window,
            file=folder.hours(number, window),
            rows=rows,
            size=size,
        )
        for number, window, rows, size in database.rows("SELECT * FROM hour_files")
    )
    closed = frozenset(day for (day,) in database.rows("SELECT day FROM closed_days"))
    return Catalog((), hours, closed).changed(Change(added=tuple(segments)))


def write(writer: duckdb.DuckDBPyConnection, change: Change) -> None:
    """Apply ``change`` inside the caller's transaction."""
    for segment in change.removed:
        writer.execute("DELETE FROM segments WHERE number = $1", [segment.number])
    for segment in change.added:
        writer.execute(
            "INSERT INTO segments VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            [
                segment.number,
                segment.day,
                segment.level,
                segment.sequence,
                segment.rows,
                segment.from_ms,
                segment.to_ms,
                segment.written_ms,
                segment.raw_bytes,
                segment.minute_bytes,
                segment.raw is not None,
                segment.minute is not None,
            ],
        )
    for file in change.hours_removed:
        writer.execute("DELETE FROM hour_files WHERE number = $1", [file.number])
    for file in change.hours_added:
        writer.execute(
            "INSERT INTO hour_files VALUES ($1, $2, $3, $4)", [file.number, file.window, file.rows, file.size]
        )
    for day in change.reopened:
        writer.execute("DELETE FROM closed_days WHERE day = $1", [day])
    for day in change.closed - change.reopened:
        writer.execute("DELETE FROM closed_days WHERE day = $1", [day])
        writer.execute("INSERT INTO closed_days VALUES ($1)", [day])
