"""Modbus ASCII: a colon, two hexadecimal digits a byte, an LRC, CR and LF.

The frame shows where it begins and ends, so finding it is easy: a colon restarts it, and anything but hexadecimal
digits in it spoils it. Its check is weak: an LRC is a sum, so it finds every single changed byte, but two changes that
cancel out, or two bytes exchanged, pass; of random damage 1 in 256. What passes must still have the unit, the function,
the byte count and the length that were asked for. Where a device offers RTU, RTU is the better choice.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.lines.checksum import lrc
from gateway.lines.framer import Framer, Response, Signature
from gateway.lines.pdu import MAX_PDU, Query

_DIGITS = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_END = b"\r\n"
_MAX_FRAME = 1 + 2 * (1 + MAX_PDU + 1) + 2


class AsciiFramer(Framer):
    """ASCII frames."""

    def begin(self, query: Query, late: Collection[Signature] = ()) -> bytes:
        """Open a question."""
        self._buffer.clear()
        content = bytes((query.unit,)) + query.pdu
        return b":" + (content + bytes((lrc(content),))).hex().upper().encode() + _END

    def _next(self) -> Response | None:
        buffer = self._buffer
        while True:
            end = buffer.find(_END)
            if end < 0:
                break
            start = buffer.rfind(b":", 0, end)
            digits = bytes(buffer[start + 1 : end]) if start >= 0 else b""
            del buffer[: end + len(_END)]
            if len(digits) > _MAX_FRAME or not _DIGITS.fullmatch(digits):
                continue
            content = bytes.fromhex(digits.decode())
            if len(content) >= 4 and not lrc(content):
                return Response(content[0], content[1:-1])
        start = buffer.rfind(b":")
        if start < 0 or len(buffer) - start > _MAX_FRAME:
            buffer.clear()
        else:
            del buffer[:start]
        return None
