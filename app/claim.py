"""One Twingrid a folder: whoever runs in a data folder holds a lock on it until the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app import findings as kinds
from core.errors import Invalid

LOCK: Final = ".lock"


@contextmanager
def claimed(folder: Path, other: str) -> Iterator[None]:
    """Hold the folder, which is made if missing; the lock file stays, so that nobody can lock a file that is gone.

    Args:
        folder: the data folder.
        other: how to choose another one, for the error.

    Raises:
        Invalid: if another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="ascii") as file:  # closed in children, so the lock is ours alone
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            process = file.read().strip() or kinds.UNKNOWN_PROCESS
            raise Invalid([kinds.FOLDER_CLAIMED.at(str(folder), process=process, change=other)]) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
