"""The rules' snapshot on disk: replaced whole or not at all, and never believed when damaged.

Layout: magic (8 bytes), commit number (8, little-endian), CRC-32 of number and state (4), state. Written to a temporary
name, synced, renamed, directory synced: after a power cut the old one or the new one is there.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

_MAGIC = b"TGRULES1"
_HEAD = struct.Struct("<8sQI")


def write_snapshot(path: Path, commit_number: int, state: bytes) -> None:
    """Replace the snapshot.

    Raises:
        OSError: if it cannot be written; the old one is still there then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(_HEAD.pack(_MAGIC, commit_number, _checksum(commit_number, state)))
        file.write(state)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_snapshot(path: Path) -> tuple[int, bytes] | None:
    """(commit number, state), or ``None`` if there is none or it is damaged: then the readings are judged again."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) < _HEAD.size:
        return None
    magic, number, crc = _HEAD.unpack_from(data)
    state = data[_HEAD.size :]
    if magic != _MAGIC or _checksum(number, state) != crc:
        return None
    return number, state


def _checksum(number: int, state: bytes) -> int:
    return zlib.crc32(state, zlib.crc32(number.to_bytes(8, "little")))
