"""Reading a spool from its files: what is there, what is missing, and what becomes of a folder without a head."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass, replace

from core.offsets import OffsetRange, Settled
from gateway import spool_frames as frames
from gateway.spool_disk import Disk
from gateway.spool_frames import Frame, Kind
from gateway.spool_gaps import GapTable, damaged, holes
from gateway.spool_head import Head
from gateway.spool_index import ChunkIndex
from gateway.spool_log import Log

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What the files say.

    Attributes:
        index: chunks that wait.
        gaps: gap records that wait, among them one for every run of offsets that is missing.
        settled: what the host has.
        epoch, next_offset, bdseq: see ``spool_frames.State``.
        unclean: the spool was not closed in order.
        damaged: runs of offsets that were found missing.
    """

    index: ChunkIndex
    gaps: GapTable
    settled: Settled
    epoch: int
    next_offset: int
    bdseq: int
    unclean: bool
    damaged: int


class _Replay:
    """The state of the spool while its frames are read in the order in which they were written."""

    def __init__(self, head: Head) -> None:
        self.index = ChunkIndex()
        self.gaps = GapTable()
        self.settled = Settled()
        self.epoch = head.epoch
        self.next_offset = head.next_offset
        self.bdseq = -1
        self.clean = True

    def take(self, file: int, frame: Frame) -> None:
        self.clean = frame.kind == Kind.CLEAN
        match frame.kind:
            case Kind.CHUNK:
                chunk = replace(frames.decode_chunk(frame.payload), metrics=b"")
                if chunk.span.stop > self.settled.low and not self.settled.covers(chunk.span):
                    self.index.add(chunk, file, frame.at, frame.size)
                self.next_offset = max(self.next_offset, chunk.span.stop)
            case Kind.GAPS:
                for record in frames.decode_gaps(frame.payload):
                    self._give_up(record.span)
                    self.gaps.record(record.span, record.gap)
            case Kind.SETTLED:
                self._settle(frames.decode_settled(frame.payload))
            case Kind.STATE | Kind.CLEAN:
                self._state(frames.decode_state(frame.payload))
            case Kind.BDSEQ:
                self.bdseq = frames.decode_pair(frame.payload)[0]

    def _give_up(self, span: OffsetRange) -> None:
        self.index.drop(self.index.within(span))
        self.next_offset = max(self.next_offset, span.stop)

    def _settle(self, settled: Settled) -> None:
        self.settled.raise_low(settled.low)
        for island in settled.islands():
            self.settled.add(island)
        self.gaps.shrink(settled)
        self.index.drop(self.index.covered(settled))

    def _state(self, state: frames.State) -> None:
        """What a file begins with holds in place of all that the frames before said of gaps."""
        self.epoch = max(self.epoch, state.epoch)
        self.next_offset = max(self.next_offset, state.next_offset)
        self.bdseq = state.bdseq
        self._settle(state.settled)
        self.gaps = GapTable(state.gaps)
        for record in state.gaps:
            self.index.drop(self.index.within(record.span))


def open_log(store: Log, head: Head, copies_bytes: int) -> Opened:
    """Read all frames; declare what is missing; keep a copy of every file that holds something unreadable.

    Raises:
        OSError: if the disk does not answer.
    """
    opened = replayed(store, head)
    last = max(store.sizes, default=0)
    for file, rubbish in store.rubbish.items():
        if opened.damaged or file != last:
            name = store.keep_copy(file, copies_bytes)
            log.error("spool file is damaged", extra={"file": file, "unreadable_bytes": rubbish, "copy": name})
    return opened


def replayed(store: Log, head: Head) -> Opened:
    """Read all frames, and declare what is missing; nothing is written.

    Raises:
        OSError: if the disk does not answer.
    """
    replay = _Replay(head)
    for file, frame in store.replay():
        try:
            replay.take(file, frame)
        except (ValueError, struct.error, UnicodeDecodeError) as error:
            log.error("spool record makes no sense", extra={"file": file, "error": str(error)})
    found = _missing(replay)
    for span in found:
        replay.gaps.record(span, damaged(span).gap)
    return Opened(
        index=replay.index,
        gaps=replay.gaps,
        settled=replay.settled,
        epoch=replay.epoch,
        next_offset=replay.next_offset,
        bdseq=replay.bdseq,
        unclean=bool(store.sizes) and not replay.clean,
        damaged=len(found),
    )


def _missing(replay: _Replay) -> list[OffsetRange]:
    """Offsets that were given to readings of which nothing is known any more; the host may have some of them."""
    spans = [*replay.index.spans(), *(record.span for record in replay.gaps.all())]
    return holes(replay.next_offset, replay.settled.low, spans, replay.settled)


def set_aside(disk: Disk, now_ms: int) -> None:
    """Give what cannot be understood without its head another name; without log files there is nothing to keep.

    Raises:
        OSError: if the disk does not answer.
    """
    names = [name for name in disk.names() if name.endswith(".log")]
    for name in names:
        disk.keep_copy(name, f"damaged-{now_ms}{int(name.removesuffix('.log')):06d}")
        disk.remove(name)
    if names:
        log.error("spool has lost its head and was put aside", extra={"files": len(names)})
