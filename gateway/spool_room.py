"""Keeps the spool within its budget: deletes files nobody needs, closes up half-empty ones, gives readings up.

What is given up is declared in the log before the file that held it is deleted; the order of giving up is
``gateway.thinning``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import numpy as np

from core.readings import Int64s
from core.sparkplug.commit import Gap, GapReason
from gateway import spool_frames as frames
from gateway.chunk import aliases_and_times
from gateway.spool_frames import Kind
from gateway.spool_gaps import GapTable
from gateway.spool_index import ChunkIndex, Place
from gateway.spool_log import Log, Written
from gateway.spool_values import GapRecord
from gateway.thinning import PROTECTED_MS, STEPS, Step, Thinner

log = logging.getLogger(__name__)

_SLICE = 256
_CLOSE_UP = 0.6
"""A file with at most this share of live bytes is closed up before readings are given up; so is the emptiest one when
all together hold more dead bytes than two files."""


class Room:
    """Makes room in one spool."""

    def __init__(
        self, store: Log, index: ChunkIndex, gaps: GapTable, ready: Callable[[], None], budget_bytes: int
    ) -> None:
        """Work on these parts.

        Args:
            store: the log.
            index: its chunks.
            gaps: its gap records.
            ready: makes sure that the log has a file to write to.
            budget_bytes: most bytes of the log's files.
        """
        self.thinned = 0
        self.evicted = 0
        self.budget_bytes = budget_bytes
        self._log = store
        self._index = index
        self._gaps = gaps
        self._ready = ready
        self._thinners = {step: Thinner(step) for step in STEPS}

    def lacks(self, need: int) -> bool:
        """Whether ``need`` more bytes pass the budget."""
        return self._log.size + need > self.budget_bytes

    def make(self, need: int) -> None:
        """Make room for ``need`` bytes, as far as there is anything to give up.

        Raises:
            OSError: if the disk failed; the log has to be read again then.
        """
        while self.lacks(need):
            if self.remove_dead():
                continue
            number, share = self._log.emptiest(lambda one: self._index.live_bytes.get(one, 0))
            if number and (share <= _CLOSE_UP or self._log.dead(self._index.live_bytes) > 2 * self._log.file_bytes):
                self._close_up(number)
            elif not self._give_up(need):
                return

    def remove_dead(self) -> bool:
        """Delete the files that hold no chunk that waits; whether there was one."""
        live = self._index.live_bytes
        dead = [number for number in self._log.sizes if number != self._log.current and not live.get(number, 0)]
        if not self._log.current:
            return False  # what the dead ones say beside chunks must first stand in a newer file
        return self._delete(dead)

    def remove_dead_but_newest(self) -> None:
        """The same while there is no file to write to; the newest file says what older ones say beside chunks."""
        newest = max(self._log.sizes, default=0)
        dead = [number for number in self._log.sizes if not self._index.live_bytes.get(number, 0) and number != newest]
        self._delete(dead)

    def _delete(self, files: Iterable[int]) -> bool:
        """Delete files nobody needs; whether one is gone. One that cannot be deleted is tried again the next time."""
        gone = False
        for number in files:
            try:
                self._log.remove(number)
            except OSError as error:
                log.warning("spool file cannot be deleted", extra={"file": number, "error": str(error)})
                continue
            self._index.live_bytes.pop(number, None)
            gone = True
        return gone

    def close_up_most(self, files: int) -> None:
        """Join small files until there are at most ``files``.

        Raises:
            OSError: if the disk failed.
        """
        self.remove_dead()
        while len(self._log.sizes) > files:
            others = [(size, number) for number, size in self._log.sizes.items() if number != self._log.current]
            self._close_up(min(others)[1])

    def _close_up(self, number: int) -> None:
        """Copy what still waits in a file to the end of the log, and delete the file."""
        self._ready()
        moved: list[tuple[int, Written]] = []
        damaged: list[Place] = []
        for place in list(self._index.in_file(number)):
            frame = self._log.frame(Written(place.file, place.at, place.size))
            if frame is None:
                damaged.append(place)
            else:
                moved.append((place.span.first, self._log.put(Kind.CHUNK, frame.payload)))
        self._log.flush()
        for first, place_now in moved:
            self._index.move(first, place_now.file, place_now.at)
        if damaged:
            self.declare(damaged, GapReason.DAMAGED)
        self._log.remove(number)
        self._index.live_bytes.pop(number, None)

    # --- giving up ----------------------------------------------------------------------------------------------

    def _give_up(self, need: int) -> bool:
        """Give up a slice of what the policy names next; False when nothing is left."""
        newest_ms = self._index.dated_times()[1]
        for step in STEPS:
            rows = self._index.candidates(step.worth, step.level, newest_ms - PROTECTED_MS, _SLICE)
            if len(rows):
                self._thin(step, rows)
                return True
        rows = self._index.oldest(False, _SLICE)
        if not len(rows):
            rows = self._index.oldest(True, _SLICE)
        excess = self._log.size + need - self.budget_bytes
        victims: list[Place] = []
        for row in rows.tolist():
            place = self._index.place(row)
            victims.append(place)
            excess -= place.size
            if excess <= 0:
                break
        if victims:
            self.evicted += self.declare(victims, GapReason.SPOOL_FULL)
        return bool(victims)

    def _thin(self, step: Step, rows: Int64s) -> None:
        spared: list[int] = []
        victims: list[Place] = []
        damaged: list[Place] = []
        for row in rows.tolist():
            place = self._index.place(row)
            frame = self._log.frame(Written(place.file, place.at, place.size))
            if frame is None:
                damaged.append(place)
            elif self._thinners[step].keeps(*aliases_and_times(frames.decode_chunk(frame.payload).metrics)):
                spared.append(row)
            else:
                victims.append(place)
        self._index.spared(np.array(spared, np.int64), step.level)
        if victims:
            self.thinned += self.declare(victims, GapReason.THINNED)
        if damaged:
            self.declare(damaged, GapReason.DAMAGED)

    def declare(self, places: Iterable[Place], reason: GapReason) -> int:
        """Put gap records in the place of chunks, durably; answers how many readings that were.

        Raises:
            OSError: if the disk failed.
        """
        records = [
            GapRecord(
                span=place.span,
                gap=Gap(
                    reason=reason,
                    from_ms=0 if place.held else place.from_ms,
                    to_ms=0 if place.held else place.to_ms,
                ),
            )
            for place in places
        ]
        self._ready()
        self._log.put(Kind.GAPS, frames.encode_gaps(records))
        self._log.flush()
        for record in records:
            self._index.drop(self._index.within(record.span))
            self._gaps.record(record.span, record.gap)
        return sum(len(record.span) for record in records)
