"""The spool's folder as the few operations it needs, so that a test can stand in for a disk that loses its power.

Only ``append`` and ``replace`` write, only ``sync``, ``create`` and ``sync_names`` make durable, and a file that exists
is never written in the middle. Names are plain file names within the folder.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import Protocol

from core import faultpoints
from core.errors import Invalid, Unavailable
from core.foreign import system_problem
from gateway import findings

_LOCK = "lock"
_POLL_S = 0.05


class Readable(Protocol):
    """What a reader asks of a folder; every method may raise OSError."""

    def names(self) -> list[str]:
        """All files, ascending."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file."""
        ...

    def read(self, name: str, at: int = 0, size: int = -1) -> bytes:
        """``size`` bytes from ``at`` (all that follow if negative)."""
        ...


class Disk(Readable, Protocol):
    """What the spool asks of a folder; every method may raise OSError."""

    def create(self, name: str) -> None:
        """Begin an empty file, its name durable."""
        ...

    def append(self, name: str, data: bytes) -> None:
        """Add bytes at the end of the file created last; not durable yet."""
        ...

    def sync(self, name: str) -> None:
        """Make what was appended durable."""
        ...

    def cut(self, name: str, size: int) -> None:
        """Shorten the file created last, after a write that failed."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Write a whole file: at any moment the old or the new one; durably the new one after ``sync_names``."""
        ...

    def sync_names(self) -> None:
        """Make names that were replaced durable."""
        ...

    def keep_copy(self, name: str, copy: str) -> None:
        """Copy a file within the folder."""
        ...

    def remove(self, name: str) -> None:
        """Delete a file; it may come back after a loss of power."""
        ...

    def usage(self) -> tuple[int, int]:
        """(bytes used, bytes in all) of the file system, as far as we may use it."""
        ...

    def close(self) -> None:
        """Let go of the folder."""
        ...


class LookingDisk:
    """A real folder, to be read only."""

    def __init__(self, folder: Path) -> None:
        """Look at ``folder``, which need not be there."""
        self.folder = folder

    def names(self) -> list[str]:
        """All files, ascending; drafts and the lock left out."""
        return sorted(one.name for one in os.scandir(self.folder) if one.is_file() and not _is_ours(one.name))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return (self.folder / name).stat().st_size

    def read(self, name: str, at: int = 0, size: int = -1) -> bytes:
        """``size`` bytes from ``at``."""
        with (self.folder / name).open("rb", buffering=0) as file:
            file.seek(at)
            return file.read(size)


class FolderDisk(LookingDisk):
    """A real folder, held by one process."""

    def __init__(self, folder: Path, lock_timeout_s: float) -> None:
        """Create the folder if need be and take its lock.

        Raises:
            Unavailable: if another process holds it, or the disk does not answer.
            Invalid: if it may not be written here.
        """
        super().__init__(folder)
        self._open_name = ""
        self._open = -1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as error:
            problem = findings.SPOOL_FORBIDDEN.at(folder=folder, problem=system_problem(error))
            raise Invalid([problem]) from error
        except (FileExistsError, NotADirectoryError) as error:
            problem = findings.SPOOL_NO_FOLDER.at(folder=folder, problem=system_problem(error))
            raise Invalid([problem]) from error
        except OSError as error:
            if error.errno == errno.EROFS:
                problem = findings.SPOOL_READ_ONLY.at(folder=folder, problem=system_problem(error))
                raise Invalid([problem]) from error
            raise Unavailable(f"the spool {folder} cannot be opened: {error}") from error
        self._take_lock(lock_timeout_s)

    def _take_lock(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(self._lock)
                    raise Unavailable(
                        f"the spool {self.folder} is in use by another process; stop that one, or name another folder"
                    ) from None
                time.sleep(_POLL_S)
            else:
                return

    def create(self, name: str) -> None:
        """Begin an empty file."""
        self._let_go()
        faultpoints.hit("spool.create")
        self._open = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._open_name = name
        self.sync_names()

    def append(self, name: str, data: bytes) -> None:
        """Add bytes at the end."""
        faultpoints.hit("spool.write")
        view = memoryview(data)
        while view:
            view = view[os.write(self._of(name), view) :]

    def sync(self, name: str) -> None:
        """Make what was appended durable."""
        faultpoints.hit("spool.sync")
        os.fdatasync(self._of(name))

    def cut(self, name: str, size: int) -> None:
        """Shorten the file."""
        os.ftruncate(self._of(name), size)

    def replace(self, name: str, data: bytes) -> None:
        """Write a whole file."""
        draft = self.folder / f".{name}.new"
        faultpoints.hit("spool.replace")
        with draft.open("wb", buffering=0) as file:
            file.write(data)
            os.fsync(file.fileno())
        draft.replace(self.folder / name)

    def keep_copy(self, name: str, copy: str) -> None:
        """Copy a file."""
        shutil.copyfile(self.folder / name, self.folder / copy)

    def remove(self, name: str) -> None:
        """Delete a file."""
        faultpoints.hit("spool.remove")
        if name == self._open_name:
            self._let_go()
        with contextlib.suppress(FileNotFoundError):
            (self.folder / name).unlink()

    def usage(self) -> tuple[int, int]:
        """(used, all) bytes of the file system."""
        stat = os.statvfs(self.folder)
        whole = (stat.f_blocks - stat.f_bfree + stat.f_bavail) * stat.f_frsize
        return whole - stat.f_bavail * stat.f_frsize, whole

    def close(self) -> None:
        """Let go of the lock."""
        self._let_go()
        os.close(self._lock)

    def _of(self, name: str) -> int:
        if name != self._open_name:
            raise OSError(f"{name} is not the file that is being written")
        return self._open

    def _let_go(self) -> None:
        if self._open >= 0:
            with contextlib.suppress(OSError):
                os.close(self._open)
        self._open, self._open_name = -1, ""

    def sync_names(self) -> None:
        """Make names durable."""
        place = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def _is_ours(name: str) -> bool:
    return name == _LOCK or name.startswith(".")
