"""The files of the spool's log: written at the end only, read anywhere, deleted whole.

A *write* is a run of frames that is appended and synced together; when ``flush`` returns it is durable. After any error
nobody knows what of it reached the disk (a page whose fsync failed once may "succeed" the second time without being
written), so the file is left for good, and the next one begins by declaring the frames of the failed write void.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from gateway import spool_frames as frames
from gateway.spool_disk import Disk
from gateway.spool_frames import Frame, Kind

log = logging.getLogger(__name__)

SUFFIX = ".log"
_DAMAGED = "damaged-"
_TWICE_BYTES = 16 * 1024
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Written:
    """Where a frame stands."""

    file: int
    at: int
    size: int


class Log:
    """The log of one open spool."""

    def __init__(self, disk: Disk, spool: int, file_bytes: int) -> None:
        """Prepare; ``replay`` comes first, then ``begin``.

        Args:
            disk: where the files are.
            spool: id of the frames.
            file_bytes: a new file is begun when the present one has so many.
        """
        self.sizes: dict[int, int] = {}
        self.current = 0
        self.opening: dict[int, int] = {}
        self.rubbish: dict[int, int] = {}
        self.file_bytes = file_bytes
        self._disk = disk
        self._spool = spool
        self._lsn = 1
        self._pending = bytearray()
        self._pending_lsn = 0
        self._void: list[tuple[int, int]] = []
        self._first_lsn: dict[int, int] = {}

    # --- reading ------------------------------------------------------------------------------------------------

    def replay(self) -> Iterator[tuple[int, Frame]]:
        """(file, frame) of every sound frame, in the order in which they were written; void ones left out.

        Of chunks only what the index wants is kept, so that a full spool does not stand in memory.

        Raises:
            OSError: if a file cannot be read.
        """
        found: list[tuple[int, Frame]] = []
        void = self._void
        self.sizes, self.rubbish, self.current, self._first_lsn = {}, {}, 0, {}
        self._pending.clear()
        for number in self._numbers():
            data = self._readable(number)
            sound, rubbish = frames.scan(data, self._spool)
            self.sizes[number] = len(data)
            if rubbish:
                self.rubbish[number] = rubbish
            for frame in sound:
                if frame.kind == Kind.VOID and (pair := frames.decode_pair(frame.payload)) not in void:
                    void.append(pair)
                self._lsn = max(self._lsn, frame.lsn + 1)
            self._first_lsn[number] = min((frame.lsn for frame in sound), default=self._lsn)
            self.opening[number] = sum(frame.size for frame in sound if frame.kind == Kind.STATE)
            found += [(number, frames.without_metrics(frame)) for frame in sound]
        for number, frame in found:
            if not any(first <= frame.lsn <= last for first, last in void):
                yield number, frame

    def _readable(self, number: int) -> bytes:
        """A file's bytes; zeros where the disk has lost them."""
        name = name_of(number)
        try:
            return self._disk.read(name)
        except OSError as error:
            log.error("spool file cannot be read in one piece", extra={"file": number, "error": str(error)})
        size = self._disk.size(name)
        data = bytearray(size)
        for at in range(0, size, _BLOCK):
            with contextlib.suppress(OSError):
                block = self._disk.read(name, at, min(_BLOCK, size - at))
                data[at : at + len(block)] = block
        return bytes(data)

    def frame(self, place: Written) -> Frame | None:
        """The frame at a place; None if it is damaged.

        Raises:
            OSError: if the file cannot be read.
        """
        try:
            data = self._disk.read(name_of(place.file), place.at, place.size)
        except FileNotFoundError:
            return None
        return frames.decode_at(data, 0, self._spool)

    def _numbers(self) -> list[int]:
        names = [name.removesuffix(SUFFIX) for name in self._disk.names() if name.endswith(SUFFIX)]
        return sorted(int(name) for name in names if name.isdigit())

    # --- writing ------------------------------------------------------------------------------------------------

    @property
    def needs_file(self) -> bool:
        """Whether the next write must be preceded by ``begin``."""
        return not self.current or self.sizes[self.current] - self.opening[self.current] >= self.file_bytes

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for ``flush``."""
        return len(self._pending)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(self.sizes.values())

    def begin(self, state: bytes) -> None:
        """Begin a new file with ``state`` (payload of a STATE), durably.

        Raises:
            OSError: if that failed; nothing has changed then.
        """
        number = max([self.current, *self.sizes, *self._numbers()], default=0) + 1
        self._disk.create(name_of(number))
        # Said again in every file, as long as a file is left that may hold such frames.
        oldest = min((self._first_lsn.get(one, 0) for one in self.sizes), default=self._lsn)
        self.current = number
        self.sizes[number] = self.opening[number] = 0
        void = [run for run in self._void if run[1] >= oldest]
        self._void, self._first_lsn[number] = list(void), self._lsn
        try:
            for _ in range(2 if len(state) <= _TWICE_BYTES else 1):
                self.put(Kind.STATE, state)
            for first, last in self._void:
                self.put(Kind.VOID, frames.encode_pair(first, last))
            self.flush()
        except OSError:
            self.current = 0
            self._void = void
            del self.sizes[number]
            with contextlib.suppress(OSError):
                self._disk.remove(name_of(number))
            raise
        self.opening[number] = self.sizes[number]

    def put(self, kind: Kind, payload: bytes) -> Written:
        """Add a frame to the write; it is durable after ``flush``."""
        if not self._pending:
            self._pending_lsn = self._lsn
        frame = frames.encode(kind, self._spool, self._lsn, payload)
        place = Written(self.current, self.sizes[self.current] + len(self._pending), len(frame))
        self._pending += frame
        self._lsn += 1
        return place

    def flush(self) -> None:
        """Make the write durable.

        Raises:
            OSError: if that failed; the write is void then, and ``begin`` must come next.
        """
        if not self._pending:
            return
        name = name_of(self.current)
        try:
            self._disk.append(name, bytes(self._pending))
            self._disk.sync(name)
        except OSError:
            self.abandon()
            raise
        self.sizes[self.current] += len(self._pending)
        self._pending.clear()

    def abandon(self) -> None:
        """What waits for ``flush`` was in vain, and the present file is not written any more."""
        if not self._pending:
            return
        self._pending.clear()
        if self.current in self.sizes:
            with contextlib.suppress(OSError):
                self._disk.cut(name_of(self.current), self.sizes[self.current])
        self.void(self._pending_lsn, self._lsn - 1)

    def void(self, first: int, last: int) -> None:
        """These frames were in vain; the next file says so."""
        if first <= last:
            self._void.append((first, last))
            self.current = 0

    @property
    def mark(self) -> int:
        """The number of the next frame, for ``void``."""
        return self._lsn

    # --- files --------------------------------------------------------------------------------------------------

    def remove(self, number: int) -> None:
        """Delete a file.

        Raises:
            OSError: if it cannot be deleted.
        """
        self._disk.remove(name_of(number))
        self.sizes.pop(number, None)
        self.rubbish.pop(number, None)

    def keep_copy(self, number: int, most_bytes: int) -> str:
        """Keep a copy of a damaged file for whoever wants to look at it; answers its name, "" if there was no room."""
        copy = f"{_DAMAGED}{number}"
        try:
            names = self._disk.names()
            if copy in names:
                return copy
            kept = {name: self._disk.size(name) for name in names if name.startswith(_DAMAGED)}
            size = self._disk.size(name_of(number))
            for name in sorted(kept, key=lambda name: int(name.removeprefix(_DAMAGED))):
                if size + sum(kept.values()) > most_bytes:
                    self._disk.remove(name)
                    del kept[name]
            if size + sum(kept.values()) > most_bytes:
                return ""
            self._disk.keep_copy(name_of(number), copy)
        except OSError as error:
            log.warning("a damaged spool file cannot be copied", extra={"file": number, "error": str(error)})
            return ""
        return copy

    def copies(self) -> list[str]:
        """Copies of damaged files, oldest first."""
        return [name for name in self._disk.names() if name.startswith(_DAMAGED)]

    def dead(self, live: Mapping[int, int]) -> int:
        """Bytes of chunks in the files (not the present one) that nobody needs, by the live bytes of each file."""
        return sum(
            size - self.opening.get(number, 0) - live.get(number, 0)
            for number, size in self.sizes.items()
            if number != self.current
        )

    def emptiest(self, live: Callable[[int], int]) -> tuple[int, float]:
        """The file (not the present one) with the smallest share of live bytes, and that share; (0, 1.0) if none.

        What a file begins with does not count: closing the file up would only write it again elsewhere.
        """
        shares = [
            (live(number) / max(size - self.opening.get(number, 0), 1), number)
            for number, size in self.sizes.items()
            if number != self.current
        ]
        share, number = min(shares, default=(1.0, 0))
        return number, share


def name_of(number: int) -> str:
    """File name of a log file."""
    return f"{number:012d}{SUFFIX}"
