"""Where the bytes of photos and documents lie: a folder, under the name of their hash, with one bound for all of them.

A file is written whole before its row: a row without its file cannot be, a file without a row is harmless and is found
again when the same photo comes. No name from outside is ever part of a path.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from core.errors import Invalid, Unavailable
from core.foreign import system_problem
from core.ports.documents import ENDINGS
from dispatch import intake_findings as kinds
from dispatch.closure_tables import task_photo
from dispatch.document_tables import document
from dispatch.intake_tables import photo

MOST_PHOTOS: Final = 4
"""That go together: of one report; of one kind, of one task, from one report of the repair to the next."""
_MB: Final = 1024 * 1024
MOST_BYTES: Final = 10 * 1024 * _MB


class PhotoFolder:
    """Files by the hash of their bytes; safe to use from several threads and processes."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Keep at most ``most_bytes`` under ``folder``, which is made when the first photo comes."""
        self._folder = folder
        self._most_bytes = most_bytes

    def check_room(self, connection: sa.Connection, size: int) -> None:
        """Nothing, if there is room for a photo of so many bytes.

        Raises:
            Invalid: if not, with the figures.
        """
        full = self.full(connection, size)
        if full is not None:
            raise Invalid([kinds.PHOTO_ROOM.at(used_mb=full[0], most_mb=full[1])])

    def full(self, connection: sa.Connection, size: int) -> tuple[float, float] | None:
        """Nothing, if so many bytes more fit beside all photos and documents; else what is used and what may be, MB."""
        sums = [sa.select(sa.func.sum(table.c.size)) for table in (photo, task_photo)]
        sums.append(sa.select(sa.func.sum(document.c.size)).where(document.c.removed_ms.is_(None)))
        used = sum(int(connection.execute(query).scalar_one() or 0) for query in sums)
        return None if used + size <= self._most_bytes else (used / _MB, self._most_bytes / _MB)

    def read(self, digest: str, media_type: str) -> bytes:
        """The bytes of a photo.

        Raises:
            Unavailable: if it cannot be read now.
        """
        try:
            return self._path(digest, media_type).read_bytes()
        except OSError as error:
            raise Unavailable(system_problem(error)) from error

    def write(self, digest: str, media_type: str, data: bytes) -> None:
        """Write a file so that it is there whole, or not at all, whatever happens meanwhile.

        Raises:
            Unavailable: if it cannot be written now.
        """
        path = self._path(digest, media_type)
        if path.exists():
            return
        scratch = path.with_name(f".{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
            _sync(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
            raise Unavailable(system_problem(error)) from error

    def drop(self, digest: str, media_type: str) -> None:
        """Remove a file; one that is not there, or cannot be removed now, does no harm."""
        with contextlib.suppress(OSError):
            self._path(digest, media_type).unlink(missing_ok=True)

    def _path(self, digest: str, media_type: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.{ENDINGS[media_type]}"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
