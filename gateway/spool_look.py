"""Looking into a spool from outside, while its gateway runs or after it has ended; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from core.errors import Unavailable
from core.offsets import OffsetRange
from gateway import spool_head
from gateway.spool_disk import Disk, LookingDisk
from gateway.spool_file import replayed
from gateway.spool_log import Log


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What waits in a spool.

    Attributes:
        epoch: see docs/wire.md.
        next_offset: the next reading's offset.
        low: the lowest offset that is not settled.
        chunks: offsets of the chunks that wait.
        gaps: offsets in gap records that wait.
    """

    epoch: int
    next_offset: int
    low: int
    chunks: tuple[OffsetRange, ...]
    gaps: tuple[OffsetRange, ...]

    @property
    def readings(self) -> int:
        """How many readings wait."""
        return sum(len(span) for span in self.chunks)


def look(folder: Path) -> Look:
    """What waits in the spool at ``folder``.

    Raises:
        Unavailable: if there is none, or it cannot be read just now.
    """
    disk = LookingDisk(folder)
    try:
        head = spool_head.load(disk)
        if head is None:
            raise Unavailable(f"there is no spool at {folder}")
        opened = replayed(Log(cast(Disk, disk), head.spool, 1), head)  # a replay only reads
    except OSError as error:
        raise Unavailable(f"the spool {folder} cannot be read: {error}") from error
    gaps = tuple(record.span for record in opened.gaps.all())
    chunks = tuple(opened.index.spans())
    low = min([span.first for span in (*chunks, *gaps)], default=opened.next_offset)
    return Look(epoch=opened.epoch, next_offset=opened.next_offset, low=low, chunks=chunks, gaps=gaps)
