"""Which files and hot tables make up the store at one moment, as immutable values.

A *segment* is one pair of files of one UTC day: the readings and their one-minute roll-ups. The readings go first
(tiers), the roll-ups stay. An *hour file* holds the one-hour roll-ups of a window of 32 days. The manifest in the
database names them all; what it does not name is left over from a crash and is deleted when the store opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from store.aggregates import DAY_MS
from store.segments import SegmentFile

WINDOW_DAYS = 32
WINDOW_MS = WINDOW_DAYS * DAY_MS


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Segment:
    """Readings of one UTC day and their one-minute roll-ups.

    Attributes:
        number: unique for ever; the files carry it in their names.
        day: days since 1970-01-01.
        level: how often it was merged; a closed day's main segment has ``CLOSED``.
        sequence: the newest hot table in it; of two equal readings the one with the higher sequence holds.
        rows: readings.
        from_ms: event time of the oldest reading.
        to_ms: event time of the newest reading.
        written_ms: wall-clock time it was written.
        raw: the readings, ``None`` once their tier has ended.
        minute: the one-minute roll-ups, ``None`` once their tier has ended.
        raw_bytes: size of ``raw``.
        minute_bytes: size of ``minute``.
    """

    number: int
    day: int
    level: int
    sequence: int
    rows: int
    from_ms: int
    to_ms: int
    written_ms: int
    raw: SegmentFile | None
    minute: SegmentFile | None
    raw_bytes: int
    minute_bytes: int

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.raw_bytes + self.minute_bytes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class HourFile:
    """One-hour roll-ups of the window of 32 days that begins at day ``window * 32``."""

    number: int
    window: int
    file: SegmentFile
    rows: int
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """All segments and hour files; ``closed`` are the days whose hours stand in the hour files and are current."""

    segments: tuple[Segment, ...] = ()
    hours: tuple[HourFile, ...] = ()
    closed: frozenset[int] = field(default_factory=frozenset)

    def touching(self, from_ms: int, to_ms: int) -> list[Segment]:
        """Segments with event times in [from_ms, to_ms), older content first."""
        return [segment for segment in self.segments if segment.from_ms < to_ms and segment.to_ms >= from_ms]

    def of_day(self, day: int) -> list[Segment]:
        """Segments of one day, older content first."""
        return [segment for segment in self.segments if segment.day == day]

    def days(self) -> list[int]:
        """Days that have a segment, ascending."""
        return sorted({segment.day for segment in self.segments})

    def size(self) -> int:
        """Bytes of all files."""
        return sum(segment.size for segment in self.segments) + sum(file.size for file in self.hours)

    def paths(self) -> set[Path]:
        """Names of all files."""
        named = [file for segment in self.segments for file in (segment.raw, segment.minute)]
        named += [file.file for file in self.hours]
        return {file.path for file in named if file is not None}

    def changed(self, change: Change) -> Catalog:
        """The catalog after ``change``."""
        gone = {segment.number for segment in change.removed}
        hours_gone = {file.number for file in change.hours_removed}
        segments = [segment for segment in self.segments if segment.number not in gone] + list(change.added)
        return Catalog(
            tuple(sorted(segments, key=lambda segment: (segment.sequence, segment.number))),
            tuple(file for file in self.hours if file.number not in hours_gone) + tuple(change.hours_added),
            (self.closed - change.reopened) | change.closed,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Change:
    """What one switch of the manifest does; a segment that only loses a tier is removed and added under its number."""

    added: tuple[Segment, ...] = ()
    removed: tuple[Segment, ...] = ()
    hours_added: tuple[HourFile, ...] = ()
    hours_removed: tuple[HourFile, ...] = ()
    closed: frozenset[int] = frozenset()
    reopened: frozenset[int] = frozenset()

    def retired_files(self) -> list[SegmentFile]:
        """Files that no segment and no hour file names after the change."""
        kept = {id(file) for segment in self.added for file in (segment.raw, segment.minute)}
        old = [file for segment in self.removed for file in (segment.raw, segment.minute)]
        old += [file.file for file in self.hours_removed]
        return [file for file in old if file is not None and id(file) not in kept]


CLOSED = 99
