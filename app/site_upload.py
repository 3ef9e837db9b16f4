"""Files from the page: photos and tables, judged by their bytes and never by their names."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from app import site_findings as say
from core.errors import Invalid, Refused
from gateway.site_store import MOST_PHOTO_BYTES

MOST_TABLE_BYTES: Final = 2_000_000
MOST_UNPACKED_BYTES: Final = 40_000_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"


async def received(stream: AsyncIterator[bytes], most_bytes: int) -> bytes:
    """The body of a request.

    Raises:
        Invalid: if it is larger than that.
    """
    data = bytearray()
    async for chunk in stream:
        data += chunk
        if len(data) > most_bytes:
            raise Invalid([say.TOO_LARGE.at(most=f"{most_bytes // 1_000_000} MB")])
    return bytes(data)


def photo_kind(data: bytes) -> str:
    """Suffix of a photo.

    Raises:
        Invalid: if it is none that browsers show.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if data.startswith(_PNG):
        return ".png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    raise Invalid([say.WRONG_KIND.at(known="JPEG, PNG, WebP")])


PHOTO_TYPES: Final = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


def keep_photo(data: bytes, folder: Path) -> Path:
    """Write a photo as it is under a name of ours.

    Raises:
        Invalid: if it is none, or too large.
    """
    if len(data) > MOST_PHOTO_BYTES:
        raise Invalid([say.TOO_LARGE.at(most=f"{MOST_PHOTO_BYTES // 1_000_000} MB")])
    path = folder / f"photo{photo_kind(data)}"
    path.write_bytes(data)
    return path


def keep_table(data: bytes, folder: Path) -> Path:
    """Write a table, CSV or XLSX by its content.

    Raises:
        Refused: if a workbook would be huge once unpacked.
    """
    if not data.startswith(b"PK"):
        path = folder / "table.csv"
        path.write_bytes(data)
        return path
    path = folder / "table.xlsx"
    path.write_bytes(data)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        return path  # who reads it says what is wrong
    if unpacked > MOST_UNPACKED_BYTES:
        raise Refused(say.BOMB)
    return path
