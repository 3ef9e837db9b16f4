"""Documents as they come from outside: told by their bytes, pictures rid of all that is no picture. Bytes in and out.

What a file says of itself, its name or a header of the request, decides nothing. A PDF and a workbook are kept as they
are: nothing of them is run or shown here, they are handed out as downloads. Of pictures only the picture is kept, as of
photos; of a WebP the chunks of pixels, transparency and animation.

Sources: ISO 32000-2, 7.5 (PDF); RFC 9649 (WebP); PKWARE APPNOTE 6.3, 4.3.16 (ZIP); ISO/IEC 29500-2 (packages of XLSX).
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
from typing import Final

from core.errors import Invalid
from core.ports.documents import MOST_DOCUMENT_BYTES, MOST_NAME
from dispatch import document_findings as kinds
from dispatch.photos import picture_of

PDF: Final = "application/pdf"
WEBP: Final = "image/webp"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_PDF_TAIL: Final = 2_048
"""Where a PDF says that it is whole; readers look so far back for it."""
_ZIP_END = struct.Struct("<4s4H2LH")
_MOST_LISTED: Final = 1024 * 1024
"""Of the list of a workbook's parts, bytes: thousands of sheets; more is there to fill a reader's memory."""
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_FLAGS = 0b0001_0010
"""Of a VP8X: transparency and animation; profile, EXIF and XMP are gone, so their flags are too."""


def document_of(data: bytes) -> tuple[str, bytes]:
    """Media type of a document, and what of it may be kept.

    Raises:
        Invalid: if it is too large, damaged, of another kind, or a workbook with macros.
    """
    if len(data) > MOST_DOCUMENT_BYTES:
        raise Invalid([kinds.DOCUMENT_SIZE.at(megabytes=MOST_DOCUMENT_BYTES / 1024**2)])
    if data[:2] == b"\xff\xd8" or data[:8] == b"\x89PNG\r\n\x1a\n":
        picture = picture_of(data, MOST_DOCUMENT_BYTES)
        return picture.media_type, picture.data
    if data[:5] == b"%PDF-" and b"%%EOF" in data[-_PDF_TAIL:]:
        return PDF, data
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP, _webp(data)
    if data[:4] == b"PK\x03\x04":
        _check_workbook(data)
        return XLSX, data
    raise _no_kind()


def name_of(text: str) -> str:
    """A name as it is kept.

    Raises:
        Invalid: if it is empty, too long, or holds what cannot be seen.
    """
    spaced = ("".join(" " if unicodedata.category(one) == "Zs" else one for one in text)).strip()
    name = unicodedata.normalize("NFC", spaced)
    if not 1 <= len(name) <= MOST_NAME or any(unicodedata.category(one)[0] in "CZ" and one != " " for one in name):
        raise Invalid([kinds.DOCUMENT_NAME.at(most=MOST_NAME)])
    return name


def _no_kind() -> Invalid:
    return Invalid([kinds.DOCUMENT_KIND.at()])


def _webp(data: bytes) -> bytes:
    kept, at, (length,) = list[bytes](), 12, struct.unpack_from("<I", data, 4)
    end, pictured = length + 8, False
    if end > len(data):
        raise _no_kind()
    while at < end:
        if at + 8 > end:
            raise _no_kind()
        name, (size,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        body = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
        if len(body) != size or at > end:
            raise _no_kind()
        if name == b"VP8X" and size >= 10:
            body = bytes([body[0] & _WEBP_FLAGS]) + body[1:]
        if name in _WEBP_KEPT:
            pictured = pictured or name in {b"VP8 ", b"VP8L", b"ANMF"}
            kept.append(name + struct.pack("<I", size) + body + bytes(size % 2))
    if not pictured:
        raise _no_kind()
    whole = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def _check_workbook(data: bytes) -> None:
    """Look at the list of parts, nothing is unpacked."""
    if len(data) < _ZIP_END.size or data[-42:-38] == b"PK\x06\x07":
        raise _no_kind()  # ZIP64 holds lists larger than any workbook of this size has
    sign, *_, listed, _, comment = _ZIP_END.unpack(data[-_ZIP_END.size :])
    if sign != b"PK\x05\x06" or comment or listed > _MOST_LISTED:
        raise _no_kind()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            names = set(parts.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise _no_kind() from error
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise _no_kind()
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Invalid([kinds.DOCUMENT_MACROS.at()])
