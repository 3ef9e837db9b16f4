"""Modbus RTU: unit id, body, CRC-16, and nothing that says where a frame begins.

The silence between frames does not reach a program: USB adapters and serial servers collect bytes and hand them over in
lumps. So frames are found by what they must be: a unit that was asked, the function it was asked for, the byte count
that was asked for, and a CRC that fits. A place where these do not hold is passed over by one byte, so junk before a
frame, echoes of the request and stumps of other frames cost nothing. Only an answer that somebody still owes
(``late``, and the open question itself) is waited for when it is incomplete.

What the CRC is worth: it finds every error of up to 3 bits, of any odd number of bits, and every burst up to 16 bits
(Hamming distance 4 up to 4 kB, generator x^16 + x^15 + x^2 + 1); of all else 1 in 65,536 passes, if it also keeps
unit, function, byte count and length.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.lines.checksum import crc16
from gateway.lines.framer import Framer, Response, Signature
from gateway.lines.pdu import ERROR_BIT, IDENTIFY, MAX_PDU, Query, identity_length

_EXCEPTION = 5
_ENDS = 5
"""Bytes of a response beside its data: unit, function, byte count, CRC."""
_MAX_FRAME = MAX_PDU + 3


class RtuFramer(Framer):
    """RTU frames."""

    def __init__(self) -> None:
        """Begin; no question is open."""
        super().__init__()
        self._known: frozenset[Signature] = frozenset()
        self._asked: frozenset[tuple[int, int]] = frozenset()
        self._head: bytes | None = None
        self._size = 0

    def begin(self, query: Query, late: Collection[Signature] = ()) -> bytes:
        """Open a question."""
        self._buffer.clear()
        own = (query.unit, query.function, query.size)
        self._known = frozenset((own, *late))
        self._asked = frozenset((unit, function) for unit, function, _ in self._known)
        short = query.function < IDENTIFY and 2 + query.size != len(query.pdu)
        self._head = bytes(own) if short and not late else None
        self._size = _ENDS + query.size
        content = bytes((query.unit,)) + query.pdu
        return content + crc16(content).to_bytes(2, "little")

    def whole(self, data: bytes) -> bytes | None:
        """See ``Framer``."""
        head = self._head
        if head is None or len(data) != self._size or self._buffer or not data.startswith(head) or crc16(data):
            return None
        return data[3:-2]

    def _next(self) -> Response | None:
        buffer = self._buffer
        start, end = 0, len(buffer)
        while end - start >= 3:
            size = self._size_at(start)
            if size < 0:
                break
            if 0 < size <= end - start and not crc16(buffer[start : start + size]):
                response = Response(buffer[start], bytes(buffer[start + 1 : start + size - 2]))
                del buffer[: start + size]
                return response
            start += 1
        del buffer[:start]
        return None

    def _size_at(self, start: int) -> int:
        """Length of the frame that may begin at ``start``: 0 if none can, negative if it is worth waiting for."""
        buffer = self._buffer
        unit, function, count = buffer[start : start + 3]
        if (unit, function & ~ERROR_BIT) not in self._asked:
            return 0
        there = len(buffer) - start
        if function & ERROR_BIT:
            return _EXCEPTION if there >= _EXCEPTION else -1
        if function == IDENTIFY:
            length = identity_length(bytes(buffer[start + 1 : start + 1 + _MAX_FRAME]))
            if length == 0:
                return -1 if there < _MAX_FRAME else 0
            size = length + 3
            return 0 if length > MAX_PDU else size if there >= size else -1
        size = _ENDS + count
        if there >= size:
            return size
        return -1 if (unit, function, count) in self._known else 0
