"""Photos as they come from outside: looked at, and rid of everything that is not the picture.

Where a phone stood, when, whose it is and what it saw before lie in a photo's metadata; none of it is kept. Of a JPEG
only the segments that a decoder needs remain, of a PNG only its critical chunks and those of colour; what follows the
end of the picture goes too. Whether a JPEG must be turned is said in its EXIF; that alone is written anew. Pixels are
not touched, nothing is decoded. Bytes in, bytes out.

Sources: ITU-T T.81 (JPEG), annex B; CIPA DC-008 (EXIF 2.32), 4.5.5 and 4.6.4; W3C PNG, third edition, 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import Invalid
from dispatch import intake_findings as kinds

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
"""A phone of today takes 12 to 50 million; beyond that a small file may take a reader's memory."""

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"

_SOI, _EOI, _SOS, _APP1, _APP14 = 0xD8, 0xD9, 0xDA, 0xE1, 0xEE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF})
_STUFFED = frozenset({0x00, *range(0xD0, 0xD8)})
"""What follows an FF within the coded picture: a stuffed zero, or a restart."""
_PNG_SIGN = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A photo that may be kept: ``data`` holds the picture alone; width and height in pixels, before turning."""

    media_type: str
    data: bytes
    width: int
    height: int


class _BrokenError(Exception):
    """It is not what it says it is."""


def picture_of(data: bytes, most_bytes: int = MOST_BYTES) -> Picture:
    """What may be kept of a photo of at most ``most_bytes``.

    Raises:
        Invalid: if it is too large, neither JPEG nor PNG, or damaged.
    """
    if len(data) > most_bytes:
        raise _too_large(most_bytes)
    try:
        if data[:2] == b"\xff\xd8":
            found = _jpeg(data)
        elif data[:8] == _PNG_SIGN:
            found = _png(data)
        else:
            raise _BrokenError
    except (_BrokenError, struct.error, IndexError) as error:
        raise Invalid([kinds.PHOTO_KIND.at()]) from error
    if found.width * found.height > MOST_PIXELS:
        raise _too_large(most_bytes)
    return found


def _too_large(most_bytes: int) -> Invalid:
    return Invalid([kinds.PHOTO_SIZE.at(megabytes=most_bytes / 1024**2, pixels=MOST_PIXELS / 1e6)])


# --- JPEG -------------------------------------------------------------------------------------------------------


def _jpeg(data: bytes) -> Picture:
    kept, turned, size, scanned = [b"\xff\xd8"], 1, (0, 0), False
    for marker, begin, end in _segments(data):
        body = data[begin:end]
        if marker == _APP1:
            turned = _orientation(body) or turned
        if marker in _FRAMES:
            if size != (0, 0):
                raise _BrokenError  # of two frames the smaller one could speak for the larger
            height, width = struct.unpack_from(">HH", body, 1)
            size = (width, height)
        if marker in _FRAMES | _TABLES | {_SOS} or (marker == _APP14 and body[:5] == b"Adobe"):
            kept.append(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body)
        if marker == _SOS:
            scanned = True
            kept.append(data[end : _scan_end(data, end)])
    if not scanned or 0 in size:
        raise _BrokenError
    if turned != 1:
        kept.insert(1, _turned(turned))
    return Picture(media_type=JPEG, data=b"".join([*kept, b"\xff\xd9"]), width=size[0], height=size[1])


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, begin and end of the body of every segment, up to the end of the picture."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise _BrokenError
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if marker == _EOI:
            return
        if marker in _STUFFED or marker == _SOI:
            raise _BrokenError
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise _BrokenError
        yield marker, at + 4, end
        at = _scan_end(data, end) if marker == _SOS else end


def _scan_end(data: bytes, at: int) -> int:
    """Where the coded picture that begins at ``at`` ends: at the next marker that is none of its own."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise _BrokenError
        if data[at + 1] not in _STUFFED and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _orientation(body: bytes) -> int | None:
    """How an EXIF segment says that the picture is turned, 1 to 8; ``None``: it does not say."""
    tiff = body[6:]
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if body[:6] != b"Exif\x00\x00" or order is None:
        return None
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(min(count, 200)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * entry)
            if tag == 0x0112 and kind == 3:
                return value if 1 <= value <= 8 else None
    except struct.error:
        return None  # the EXIF goes anyway, the picture may be sound
    return None


def _turned(orientation: int) -> bytes:
    """An EXIF segment that says how the picture is turned, and nothing else."""
    directory = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\x00\x00MM\x00*" + struct.pack(">I", 8) + directory
    return struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body


# --- PNG --------------------------------------------------------------------------------------------------------


def _png(data: bytes) -> Picture:
    kept, names, size, at = [_PNG_SIGN], list[bytes](), (0, 0), 8
    while not names or names[-1] != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 12 + length
        if end > len(data):
            raise _BrokenError
        name, body = data[at + 4 : at + 8], data[at + 8 : end - 4]
        (crc,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(name + body) != crc or (not names and name != b"IHDR"):
            raise _BrokenError
        if name == b"IHDR":
            size = struct.unpack_from(">II", body)
        names.append(name)
        if name in _PNG_KEPT:
            kept.append(data[at:end])
        at = end
    if b"IDAT" not in names or 0 in size or names.count(b"IHDR") != 1:
        raise _BrokenError
    return Picture(media_type=PNG, data=b"".join(kept), width=size[0], height=size[1])
