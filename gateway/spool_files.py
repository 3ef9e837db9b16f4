"""The spool's foundation: its folder opened, read, written and, after an error, read again.

What the spool means (offsets, trimming, gaps, dates) stands in ``gateway.spool``; here is how it stays whole.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from core import faultpoints
from core.errors import Unavailable
from core.offsets import Settled
from gateway import spool_frames as frames
from gateway import spool_head
from gateway.chunk import Chunk
from gateway.spool_disk import Disk, FolderDisk
from gateway.spool_file import Opened, open_log, set_aside
from gateway.spool_frames import Kind
from gateway.spool_head import AliasTable, Head
from gateway.spool_log import Log
from gateway.spool_room import Room
from gateway.spool_values import SpoolOptions

log = logging.getLogger(__name__)

FILES = 16
"""Into so many files the budget is divided."""
RESERVED_FILES = 2
"""Room that is never planned with: a file that is being closed up stands in two places, and so do gap records."""
FILE_BYTES = 4 * 1024 * 1024
LEAST_FILE_BYTES = 4096
MOST_FILES = 256
BALLAST = "ballast"
"""Bytes thrown overboard when the disk is full, so that there is room to note what may be deleted."""


class SpoolFiles:
    """An open folder with its log, index and head; memory and disk agree, or the next call reads the disk first."""

    def __init__(
        self, path: Path, identity: str, now_ms: int, options: SpoolOptions | None = None, disk: Disk | None = None
    ) -> None:
        """Open or create the spool at ``path``.

        Args:
            path: its folder; the one file of an earlier version is taken over.
            identity: who this host is; another one means that the spool was copied, and begins a new epoch.
            now_ms: for the epoch of a new spool.
            options: limits.
            disk: stands in for the folder, in tests.

        Raises:
            Unavailable: if another process holds it, or the disk does not answer.
            Invalid: if the folder cannot be written here.
        """
        self.path = path
        self.options = options or SpoolOptions()
        self._identity = identity
        self._closed = False
        self._damaged = 0
        self._given_up = (0, 0)
        self._touched = False
        self._stale = False
        self._disk: Disk = FolderDisk(path, self.options.busy_timeout_s) if disk is None else disk
        try:
            self._open(now_ms)
        except OSError as error:
            self._disk.close()
            raise Unavailable(f"the spool {path} cannot be opened: {error}") from error
        except BaseException:
            self._disk.close()
            raise

    def _open(self, now_ms: int) -> None:
        head = spool_head.load(self._disk)
        if head is None:
            set_aside(self._disk, now_ms)
        if head is None or head.identity != self._identity:
            head = self._forget(head, now_ms)
        self._head = head
        self._aliases = AliasTable(head.aliases)
        self._log = Log(
            self._disk, head.spool, max(min(self.options.budget_bytes // FILES, FILE_BYTES), LEAST_FILE_BYTES)
        )
        self._read()
        self._begin_file()
        self._keep_ballast()
        self._room.close_up_most(MOST_FILES)
        self._room.make(0)

    def _forget(self, old: Head | None, now_ms: int) -> Head:
        """Begin a new epoch: the folder is new, or came from another host and its readings are that host's to send."""
        fresh = Head(spool=secrets.randbits(63), identity=self._identity, epoch=spool_head.new_epoch(now_ms))
        if old is not None:
            fresh = replace(fresh, aliases=old.aliases, next_alias=old.next_alias, writes=old.writes)
        fresh = spool_head.store(self._disk, fresh)
        for name in self._disk.names():
            if name.endswith(".log"):
                self._disk.remove(name)  # its frames are of another spool now, so they would not be read either
        log.info("spool begins a new epoch", extra={"path": str(self.path)})
        return fresh

    def _read(self) -> None:
        """Read everything that is on the disk."""
        opened: Opened = open_log(self._log, self._head, self.options.budget_bytes // 8)
        self.epoch, self._next, self._bdseq = opened.epoch, opened.next_offset, opened.bdseq
        self._index, self._gaps, self._settled = opened.index, opened.gaps, opened.settled
        self._unclean = opened.unclean
        self._damaged += opened.damaged
        kept = sum(self._disk.size(name) for name in self._disk.names() if not name.endswith(".log"))
        budget = max(self.options.budget_bytes - kept - RESERVED_FILES * self._log.file_bytes, 2 * self._log.file_bytes)
        self._room = Room(self._log, self._index, self._gaps, self._ready, budget)
        self._touched = self._stale = False

    def _keep_head(self, head: Head) -> None:
        with self._guarded():
            self._head = spool_head.store(self._disk, head)
        self._aliases.load(self._head.aliases)

    def _write(self, chunks: Iterable[Chunk], settled: Settled | None = None) -> None:
        """Write chunks, durably; all or none of them. What is settled is noted with the last of them.

        It must not be noted earlier: a file that is begun between the two would not know of it.

        Raises:
            OSError: if none of them was written.
        """
        written: list[tuple[int, int]] = []
        try:
            portions = list(frames.portions(chunks, self._log.file_bytes))
            for portion in portions:
                need = sum(len(payload) + frames.FRAME_HEAD for _, payload in portion)
                if self._room.lacks(need):
                    self._touched = True
                    self._room.make(need)
                self._ready()
                begun = self._log.mark
                if settled is not None and portion is portions[-1]:
                    self._log.put(Kind.SETTLED, frames.encode_settled(settled))
                places = [self._log.put(Kind.CHUNK, payload) for _, payload in portion]
                faultpoints.hit("spool.before_commit")
                self._log.flush()
                self._touched = True
                written.append((begun, self._log.mark - 1))
                for (chunk, _), place in zip(portion, places, strict=True):
                    self._index.add(chunk, place.file, place.at, place.size)
        except OSError:
            self._log.abandon()
            for first, last in written:
                self._log.void(first, last)
            raise
        self._touched = False

    def _keep_ballast(self) -> None:
        """See that the ballast is aboard, if there is room for it."""
        try:
            if BALLAST not in self._disk.names():
                self._disk.replace(BALLAST, b"\xff" * LEAST_FILE_BYTES)
        except OSError as error:
            log.warning("there is no room to spare on the spool's disk", extra={"error": str(error)})

    def _ready(self) -> None:
        """See that there is a file to write to."""
        if self._log.needs_file:
            self._begin_file()

    def _begin_file(self) -> None:
        self._log.begin(self._state_frame())

    def _state_frame(self) -> bytes:
        return frames.encode_state(
            frames.State(
                epoch=self.epoch,
                next_offset=self._next,
                bdseq=self._bdseq,
                settled=self._settled,
                gaps=self._gaps.all(),
            )
        )

    def _low(self) -> int:
        waiting = [first for first in (self._index.first(), self._gaps.first()) if first is not None]
        return min(waiting, default=self._next)

    def close(self) -> None:
        """Let go of the folder; everything committed stays."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._ready()
            self._log.put(Kind.CLEAN, self._state_frame())
            self._log.flush()
            self._head = spool_head.store(self._disk, replace(self._head, next_offset=self._next, epoch=self.epoch))
        self._disk.close()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Translate what the operating system says; what memory and disk may no longer agree on is read anew."""
        if self._closed:
            raise Unavailable(f"the spool {self.path} is closed")
        try:
            if self._stale:
                self._read()
            yield
        except OSError as error:
            log.error("spool failed", extra={"path": str(self.path), "error": str(error)})
            self._recover()
            raise Unavailable(f"the spool {self.path} failed: {error}") from error

    def _recover(self) -> None:
        """After an error: what was changed in memory ahead of the disk is taken from the disk again."""
        if not self._touched and not self._stale:
            return
        self._stale = True
        given_up = (self._given_up[0] + self._room.thinned, self._given_up[1] + self._room.evicted)
        try:
            self._read()
        except OSError as error:
            log.error("spool cannot be read again", extra={"path": str(self.path), "error": str(error)})
            return
        self._given_up = given_up
