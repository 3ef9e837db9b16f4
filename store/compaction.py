"""From hot readings to segments, from small segments to large ones, from closed days to hours.

Everything here writes new files and returns what the manifest should say; nothing is visible, and nothing old is
touched, until the caller switches in one database transaction. Merges walk through the points in pieces, so a day of
43 million readings takes the memory of ``merge_rows``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from core.readings import Readings, concat
from store.aggregates import DAY_MS, HOUR_MS, MINUTE_MS, combine, of_readings
from store.catalog import WINDOW_DAYS, WINDOW_MS, HourFile, Segment
from store.merging import Merged, merge
from store.segments import FooterCache, SegmentFile, SegmentWriter, WrittenFile, run_heads
from store.selection import PointRange, split_points
from store.settings import StoreSettings

_GROUPS_AT_ONCE = 8
TIERS = ("raw", "minute", "hour")


class SegmentFolder:
    """Where the files lie: ``segments/raw``, ``segments/minute`` and ``segments/hour``."""

    def __init__(self, root: Path, footers: FooterCache) -> None:
        """Name the folders below ``root``; nothing is created yet."""
        self._root = root / "segments"
        self._footers = footers

    def create(self) -> None:
        """Create the folders that are missing."""
        for tier in TIERS:
            (self._root / tier).mkdir(parents=True, exist_ok=True)

    def path(self, tier: str, number: int, day: int) -> Path:
        """Name of a file: the first day in it and its number."""
        begin = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")
        return self._root / tier / f"{begin}_{number:08d}.parquet"

    def file(self, tier: str, number: int, day: int) -> SegmentFile:
        """An existing file."""
        return SegmentFile(self.path(tier, number, day), self._footers)

    def hours(self, number: int, window: int) -> SegmentFile:
        """An existing file of hours."""
        return self.file("hour", number, window * WINDOW_DAYS)

    def delete_strangers(self, known: set[Path]) -> int:
        """Delete every file that is not ``known``: leftovers of a crash. Returns how many."""
        strangers = [path for tier in TIERS for path in (self._root / tier).iterdir() if path not in known]
        for path in strangers:
            path.unlink()
        return len(strangers)


@dataclass(frozen=True, slots=True, eq=False)
class Compacted:
    """New segments, and what merging them left out."""

    segments: tuple[Segment, ...]
    superseded: int = 0
    repeated: int = 0


class Compactor:
    """Writes segments. One at a time; its owner holds the maintenance lock."""

    def __init__(self, folder: SegmentFolder, settings: StoreSettings, next_number: int) -> None:
        """Number new files from ``next_number`` on."""
        self._folder = folder
        self._settings = settings
        self._next = next_number

    def flush(self, blocks: Sequence[Readings], sequence: int, now_ms: int) -> Compacted:
        """Hot readings to one segment per UTC day."""
        batch = concat(blocks)
        days = batch.time_ms // DAY_MS
        segments, superseded, repeated = [], 0, 0
        present = np.unique(days).tolist()
        for day in present:
            merged = merge(batch if len(present) == 1 else batch.take(days == day))
            superseded, repeated = superseded + merged.superseded, repeated + merged.repeated
            pieces = by_points(merged.readings, self._settings.row_group_rows * _GROUPS_AT_ONCE)
            segments.append(self._write(day, 0, sequence, now_ms, pieces, bool(merged.readings.text)))
        return Compacted(tuple(segments), superseded, repeated)

    def merge_day(self, old: Sequence[Segment], level: int, now_ms: int) -> Compacted:
        """Segments of one day, older content first, to one."""
        day, sequence = old[0].day, max(segment.sequence for segment in old)
        raws = [segment.raw for segment in old if segment.raw is not None]
        if len(raws) < len(old):
            return Compacted((self._merge_minutes(old, level, sequence, now_ms),))
        tally = [0, 0]

        def pieces() -> Iterator[Readings]:
            for wanted in self._pieces(raws):
                merged: Merged = merge(concat([raw.read_readings(wanted) for raw in raws]))
                tally[0] += merged.superseded
                tally[1] += merged.repeated
                yield merged.readings

        segment = self._write(day, level, sequence, now_ms, pieces(), any(raw.has_text() for raw in raws))
        return Compacted((segment,), tally[0], tally[1])

    def build_hours(
        self, window: int, old: HourFile | None, days: Sequence[Segment], known: set[int]
    ) -> HourFile | None:
        """The hours of one window: the rebuilt days from their minutes, the other days as ``old`` has them.

        Args:
            window: which 32 days.
            old: the window's present file.
            days: segments of the days to rebuild.
            known: numbers of all days to rebuild, also those without a segment.
        """
        minutes = [segment.minute for segment in days if segment.minute is not None]
        sources = minutes + ([old.file] if old is not None else [])
        if not sources:
            return None
        number = self._number()
        writer = self._writer("hour", number, window * WINDOW_DAYS)
        rebuilt = np.array(sorted(known), np.int64)
        try:
            for wanted in self._pieces(sources):
                parts = [combine([minute.read_partials(wanted)], HOUR_MS) for minute in minutes]
                if old is not None:
                    held = old.file.read_partials(wanted)
                    parts.append(held.take(~np.isin(held.start_ms // DAY_MS, rebuilt)))
                writer.write_partials(combine(parts, HOUR_MS))
            written = writer.finish()
        except BaseException:
            writer.abandon()
            raise
        if written is None:
            return None
        return HourFile(
            number=number,
            window=window,
            file=self._folder.hours(number, window),
            rows=written.rows,
            size=written.size,
        )

    def _write(
        self, day: int, level: int, sequence: int, now_ms: int, batches: Iterator[Readings], with_text: bool
    ) -> Segment:
        """Readings and their minutes side by side."""
        number = self._number()
        raw = self._writer("raw", number, day, level=level, with_text=with_text)
        minute = self._writer("minute", number, day)
        from_ms, to_ms = (day + 1) * DAY_MS, day * DAY_MS
        try:
            for batch in batches:
                if len(batch):
                    raw.write_readings(batch)
                    minute.write_partials(of_readings(batch, MINUTE_MS))
                    from_ms = min(from_ms, int(batch.time_ms.min()))
                    to_ms = max(to_ms, int(batch.time_ms.max()))
            files = _finished(raw), _finished(minute)
        except BaseException:
            raw.abandon()
            minute.abandon()
            raise
        return Segment(
            number=number,
            day=day,
            level=level,
            sequence=sequence,
            rows=files[0].rows,
            from_ms=from_ms,
            to_ms=to_ms,
            written_ms=now_ms,
            raw=self._folder.file("raw", number, day),
            minute=self._folder.file("minute", number, day),
            raw_bytes=files[0].size,
            minute_bytes=files[1].size,
        )

    def _merge_minutes(self, old: Sequence[Segment], level: int, sequence: int, now_ms: int) -> Segment:
        """Where readings are gone, minutes are added to minutes."""
        minutes = [segment.minute for segment in old if segment.minute is not None]
        number, day = self._number(), old[0].day
        writer = self._writer("minute", number, day)
        try:
            for wanted in self._pieces(minutes):
                writer.write_partials(combine([minute.read_partials(wanted) for minute in minutes], MINUTE_MS))
            written = _finished(writer)
        except BaseException:
            writer.abandon()
            raise
        return Segment(
            number=number,
            day=day,
            level=level,
            sequence=sequence,
            rows=sum(segment.rows for segment in old),
            from_ms=min(segment.from_ms for segment in old),
            to_ms=max(segment.to_ms for segment in old),
            written_ms=now_ms,
            raw=None,
            minute=self._folder.file("minute", number, day),
            raw_bytes=0,
            minute_bytes=written.size,
        )

    def _pieces(self, files: Sequence[SegmentFile]) -> list[PointRange]:
        groups = max(1, self._settings.merge_rows // self._settings.row_group_rows)
        return split_points([file.row_groups() for file in files], groups)

    def _writer(self, tier: str, number: int, day: int, *, level: int = 0, with_text: bool = False) -> SegmentWriter:
        # Smaller groups decode quicker, larger ones cost less: a chart wants 1,440 roll-ups, which are wide rows, and
        # of a fresh segment only a few readings.
        small = tier != "raw" or level == 0
        rows = max(1, self._settings.row_group_rows // 4) if small else self._settings.row_group_rows
        return SegmentWriter(self._folder.path(tier, number, day), rows, with_text=with_text)

    def _number(self) -> int:
        self._next += 1
        return self._next - 1


def by_points(batch: Readings, rows: int) -> Iterator[Readings]:
    """Sorted readings in pieces of about ``rows``, cut between two points so that no bucket is cut."""
    heads = run_heads(batch.point)
    cuts = heads[np.searchsorted(heads, np.arange(rows, len(batch), rows)).clip(max=len(heads) - 1)]
    edges = [0, *np.unique(cuts[cuts > 0]).tolist(), len(batch)]
    for first, stop in pairwise(edges):
        yield batch.take(slice(first, stop))


def window_of(day: int) -> int:
    """The window of 32 days that ``day`` belongs to."""
    return day * DAY_MS // WINDOW_MS


def _finished(writer: SegmentWriter) -> WrittenFile:
    written = writer.finish()
    if written is None:
        raise RuntimeError("a segment without any reading was about to be written")
    return written
