"""The spool: the log in which a reading is safe before anybody hears of it.

A folder of append-only files with a checksum a record (``spool_frames``, ``spool_log``), a small head kept twice, and
an index in memory that is read from the files at the start. When ``commit`` returns, its readings are synced: they
survive the loss of the process and of the power. A commit takes everything that waits (group commit), cuts it into
chunks and numbers them; offsets never repeat within an epoch. What is settled is deleted, and nothing else ever is:
when the byte budget is used up, chunks become *gap records*, which travel to the host like readings, and so do records
that turn out to be damaged. Nothing disappears unsaid.

A failed commit is taken as not having happened: the caller keeps its readings. What was written in vain is declared
void, no file is written again after an error, and what the disk really holds is read anew.

All methods block and belong to one thread.
"""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core import faultpoints
from core.offsets import OffsetRange, Settled
from core.readings import UInt8s
from core.sparkplug.commit import GapReason
from core.sparkplug.datatypes import DataType
from gateway import spool_frames as frames
from gateway import spool_head
from gateway.chunk import COMMON, Batch, Chunk, Traits, cut, dated, sort_out
from gateway.spool_dates import boot_starts
from gateway.spool_disk import Disk
from gateway.spool_files import BALLAST, SpoolFiles
from gateway.spool_frames import Kind
from gateway.spool_gaps import damaged, holes
from gateway.spool_index import Place
from gateway.spool_log import Written
from gateway.spool_old import Old, take_over
from gateway.spool_values import Committed, GapRecord, Metric, SpoolOptions, SpoolState, Trim
from gateway.stamp import CLOCK_SET_MS

log = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Spool(SpoolFiles):
    """One open spool."""

    def __init__(
        self, path: Path, identity: str, now_ms: int, options: SpoolOptions | None = None, disk: Disk | None = None
    ) -> None:
        """Open or create the spool at ``path``; see ``SpoolFiles``. The file of an earlier version is taken over."""
        if disk is None:
            take_over(path, identity, lambda: Spool(path.with_name(f"{path.name}.new"), identity, 0))
        self._codes: UInt8s = np.empty(0, np.uint8)
        super().__init__(path, identity, now_ms, options, disk)

    def value_points(self, traits: Mapping[int, Traits]) -> None:
        """Say by alias what points are worth, and on which of them alarms hang; the rest is common."""
        self._codes = np.full(max(traits, default=-1) + 1, COMMON.code, np.uint8)
        for alias, one in traits.items():
            self._codes[alias] = one.code

    # --- identity -----------------------------------------------------------------------------------------------

    def aliases(self, device: str, metrics: Sequence[tuple[str, DataType, str]]) -> list[int]:
        """The aliases of a device's metrics (name, datatype, unit); new ones are given for ever.

        A metric with another datatype or unit gets a new alias: readings that wait under the old one were read so.

        Raises:
            Unavailable: if the disk cannot be written.
        """
        changed = self._aliases.with_new(device, metrics, self._head.next_alias)
        if changed is not None:
            self._keep_head(replace(self._head, aliases=changed[0], next_alias=changed[1]))
        return self._aliases.of(device, [name for name, _, _ in metrics])

    def retire(self, live: Iterable[int]) -> None:
        """Forget the aliases that are not in ``live``, once nothing of theirs waits; their numbers never come again.

        Raises:
            Unavailable: if the disk cannot be written.
        """
        keep = set(live)
        left = tuple(metric for metric in self._head.aliases if metric.alias in keep)
        if not self._index.total.chunks and left != self._head.aliases:
            self._keep_head(replace(self._head, aliases=left))

    def metrics(self) -> list[Metric]:
        """Every metric that has an alias: those in use, and retired ones whose readings may still wait."""
        return self._aliases.metrics()

    def next_bdseq(self) -> int:
        """The birth/death sequence number of the next CONNECT, durable before it is used: 0 to 255, one up each time.

        Raises:
            Unavailable: if the disk cannot be written.
        """
        number = (self._bdseq + 1) % 256
        with self._guarded():
            self._ready()
            self._log.put(Kind.BDSEQ, frames.encode_pair(number, 0))
            self._log.flush()
        self._bdseq = number
        return number

    # --- readings in --------------------------------------------------------------------------------------------

    def commit(self, groups: Iterable[tuple[Batch, int]], trim: Trim | None = None) -> Committed:
        """Make batches safe; settled chunks are trimmed with them.

        Args:
            groups: (readings of one device, most readings a chunk), each batch in time order.
            trim: what may be deleted.

        Raises:
            Unavailable: if nothing was committed; the caller still owns the readings.
        """
        chunks: list[Chunk] = []
        offset = self._next
        for batch, most in groups:
            for part, traits in sort_out(batch, self._codes, self.options.boot, CLOCK_SET_MS):
                chunks += cut(part, offset, most, self._aliases.types, traits)
                offset += len(part)
        before = self._room.evicted + self._room.thinned
        with self._guarded():
            if trim is None or trim.epoch != self.epoch:
                self._write(chunks)
            else:
                self._write_and_trim(chunks, trim.settled)
        faultpoints.hit("spool.after_commit")
        self._next = offset
        held = sum(len(chunk.span) for chunk in chunks if chunk.boot)
        return Committed(
            chunks=tuple(chunk for chunk in chunks if not chunk.boot),
            evicted=self._room.evicted + self._room.thinned - before,
            held=held,
        )

    def _write_and_trim(self, chunks: Sequence[Chunk], settled: Settled) -> None:
        """Both with one sync; when there is no room, what is settled makes room first."""
        if not chunks or self._room.lacks(sum(len(chunk.metrics) for chunk in chunks)):
            self._trim(settled)
            self._write(chunks)
            return
        faultpoints.hit("spool.before_trim")
        known = settled.clipped(self._next)
        try:
            self._write(chunks, known)
        except OSError as error:
            if error.errno not in _FULL or self._touched:
                raise
            self._trim(settled)
            self._write(chunks)
            return
        self._settled_on_disk(known)

    # --- readings out -------------------------------------------------------------------------------------------

    def load(
        self,
        window: OffsetRange,
        max_bytes: int,
        skip: frozenset[int] = frozenset(),
        *,
        alarms: bool = False,
    ) -> tuple[list[Chunk], int]:
        """Chunks within ``window`` from its beginning, about ``max_bytes`` of them, and how far that went.

        A damaged record is put aside and becomes a gap record; it is not returned, and neither is one that must be
        dated first.

        Args:
            window: offsets to look at.
            max_bytes: stop after this many.
            skip: first offsets of chunks that are not wanted.
            alarms: only those that alarms hang on.

        Raises:
            Unavailable: if the disk cannot be read.
        """
        found: list[Chunk] = []
        damaged: list[Place] = []
        size, reached = 0, window.stop
        with self._guarded():
            for place in self._index.walk(window):
                if place.held or place.span.first in skip or (alarms and not place.alarm):
                    continue
                chunk = self._chunk(place)
                if chunk is None:
                    damaged.append(place)
                    continue
                found.append(chunk)
                size += len(chunk.metrics)
                if size >= max_bytes:
                    reached = place.span.stop
                    break
            if damaged:
                self._put_aside(damaged)
        return found, reached

    def _chunk(self, place: Place) -> Chunk | None:
        """A chunk from the disk; None if its record is damaged."""
        frame = self._log.frame(Written(place.file, place.at, place.size))
        if frame is None or frame.kind != Kind.CHUNK:
            return None
        chunk = frames.decode_chunk(frame.payload)
        return chunk if chunk.span == place.span else None

    def _put_aside(self, damaged: Sequence[Place]) -> None:
        """Keep a copy of the files of damaged records, and put gap records where the records stood."""
        for number in {place.file for place in damaged}:
            self._log.keep_copy(number, self.options.budget_bytes // 8)
        self._touched = True
        self._room.declare(damaged, GapReason.DAMAGED)
        self._touched = False
        self._damaged += len(damaged)
        log.error("spool records are damaged and were put aside", extra={"records": len(damaged)})

    def gaps(self) -> Sequence[GapRecord]:
        """Gap records that are not settled, oldest first; from now on their cut stays."""
        return self._gaps.send()

    def trim(self, trim: Trim) -> None:
        """Delete what is settled, and nothing else.

        Raises:
            Unavailable: if the disk cannot be written; trying again is harmless.
        """
        if trim.epoch != self.epoch:
            return
        with self._guarded():
            self._trim(trim.settled)

    def _trim(self, settled: Settled) -> None:
        faultpoints.hit("spool.before_trim")
        known = settled.clipped(self._next)
        try:
            self._note_settled(known)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self._note_settled_on_full_disk(known)
        self._settled_on_disk(known)

    def _settled_on_disk(self, known: Settled) -> None:
        """What is settled is noted: forget it, and delete the files that nobody needs now."""
        self._settle(known)
        self._touched = True
        self._room.remove_dead()
        self._keep_ballast()
        self._touched = False
        faultpoints.hit("spool.after_trim")

    def _note_settled_on_full_disk(self, settled: Settled) -> None:
        """The note that makes room finds none: delete first. Should it be forgotten, the host says it again."""
        self._settle(settled)
        self._room.remove_dead_but_newest()
        self._disk.remove(BALLAST)
        self._note_settled(settled)

    def _note_settled(self, settled: Settled) -> None:
        self._ready()
        self._log.put(Kind.SETTLED, frames.encode_settled(settled))
        self._log.flush()

    def _settle(self, settled: Settled) -> None:
        self._settled.raise_low(settled.low)
        for island in settled.islands():
            self._settled.add(island)
        self._gaps.shrink(settled)
        self._index.drop(self._index.covered(settled))
        # Below what waits everything is settled: whatever was lost there has been declared.
        self._settled.raise_low(self._low())

    def renumber(self, now_ms: int, settled: Settled, opened: int) -> SpoolState:
        """Begin a new epoch with what waits, because the host knows offsets that this spool has never given.

        That happens when the disk was set back: a tail lost on a broken disk, a machine restored from a copy. Offsets
        from ``opened`` on may then stand for two different readings; under another epoch they no longer do.

        Args:
            now_ms: for the new epoch.
            settled: what the host has of the old epoch.
            opened: the next offset when the spool was opened: below it, old and new readings are the same.

        Raises:
            Unavailable: if the disk cannot be written.
        """
        epoch = max(spool_head.new_epoch(now_ms), self.epoch + 1)
        with self._guarded():
            self._trim(settled.clipped(opened))
            self._head = spool_head.store(self._disk, replace(self._head, epoch=epoch))
            self.epoch = epoch
            self._settled = Settled(self._low())
            with contextlib.suppress(OSError):  # the head says it already; the next write begins a file
                self._begin_file()
        self._unclean = False
        log.error("spool was set back; a new epoch begins", extra={"path": str(self.path), "opened": opened})
        return self.state()

    def adopt(self, old: Old) -> None:
        """Take over what a spool of an earlier version held, under its epoch and offsets.

        Raises:
            Unavailable: if the disk cannot be written.
        """
        with self._guarded():
            self._head = spool_head.store(
                self._disk,
                replace(self._head, epoch=old.epoch, aliases=tuple(old.aliases), next_alias=old.next_alias),
            )
            self._aliases.load(self._head.aliases)
            self.epoch, self._next, self._bdseq = old.epoch, old.next_offset, old.bdseq
            spans = [*(chunk.span for chunk in old.chunks), *(gap.span for gap in old.gaps)]
            self._settled = Settled(min((span.first for span in spans), default=old.next_offset))
            for gap in old.gaps:
                self._gaps.put(gap)
            for span in holes(self._next, self._settled.low, spans, self._settled):
                self._gaps.record(span, damaged(span).gap)
            self._begin_file()
            self._write(old.chunks)

    # --- dates --------------------------------------------------------------------------------------------------

    def date(self, boot_wall_ms: int) -> int:
        """Give readings that were taken before the clock was set their true times.

        Those of this boot get them from the monotonic clock. Those of an earlier boot that never saw a set clock keep
        their doubt: they are placed as late as possible, before the boot that followed, and after what was dated
        before them.

        Args:
            boot_wall_ms: wall-clock time at which this boot's monotonic clock began, now that the clock is set.

        Returns:
            The next offset if there were any: everything below it may travel now. 0 otherwise.

        Raises:
            Unavailable: if the disk failed; trying again is harmless.
        """
        if not self._index.held:
            return 0
        with self._guarded():
            held = [(place, chunk) for place in self._index.holding() if (chunk := self._chunk(place)) is not None]
            sound = {place.span.first for place, _ in held}
            lost = [place for place in self._index.holding() if place.span.first not in sound]
            if lost:
                self._put_aside(lost)
            chunks = [chunk for _, chunk in held]
            starts = boot_starts(chunks, self.options.boot, boot_wall_ms, self._index.newest_before)
            types = self._aliases.types
            fresh = [dated(one, starts[one.boot], types, certain=one.boot == self.options.boot) for one in chunks]
            self._write(fresh)
        log.info("readings have got their dates", extra={"readings": sum(len(chunk.span) for chunk in fresh)})
        return self._next

    # --- state --------------------------------------------------------------------------------------------------

    def state(self) -> SpoolState:
        """What the spool holds.

        Raises:
            Unavailable: if the disk cannot be read.
        """
        total = self._index.total
        oldest_ms, newest_ms = self._index.dated_times()
        with self._guarded():
            used, whole = self._disk.usage()
            copies = self._log.copies()
            size = sum(self._disk.size(name) for name in self._disk.names())
        return SpoolState(
            epoch=self.epoch,
            next_offset=self._next,
            low=self._low(),
            chunks=total.chunks,
            readings=total.readings,
            bytes=total.bytes,
            gap_readings=self._gaps.readings,
            oldest_ms=oldest_ms,
            newest_ms=newest_ms,
            unclean=self._unclean,
            damaged=self._damaged,
            replaced=copies[-1] if copies else "",
            held_readings=self._index.held,
            thinned=self._given_up[0] + self._room.thinned,
            evicted=self._given_up[1] + self._room.evicted,
            disk_bytes=size,
            budget_bytes=self.options.budget_bytes,
            file_system_used=used / whole if whole else 0.0,
        )
