"""Modbus TCP: frames with a header of transaction id, protocol id, length and unit id.

A TCP stream has no checksum of Modbus's own and needs none, but bridges lose and invent bytes. So the stream is not
read by its length fields, of which one wrong one would swallow the rest; the open question's own transaction id is
looked for instead, wherever it stands.

Transaction ids step by ``STEP`` and neither are nor precede 0. Then no id in use is near another one, and neither the
answers of a bridge that adds one to each id nor those of one that answers with 0 can ever fit another question than
their own (where a unit is declared to have that habit, exactly that id is expected). They begin at random, so that a
restarted gateway does not repeat the ids of its predecessor.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Collection, Mapping

from gateway.lines.framer import Framer, Response, Signature
from gateway.lines.pdu import ERROR_BIT, IDENTIFY, MAX_PDU, Query
from gateway.transport import TransactionIds

STEP = 7919
_HEADER = 7
_IDS = 1 << 16
_UNUSED = (0, _IDS - 1)
_pack_request = struct.Struct(">HHHB").pack
_pack_head = struct.Struct(">HHHBBB").pack


class MbapFramer(Framer):
    """MBAP headers."""

    numbered = True

    def __init__(self, habits: Mapping[int, TransactionIds] | None = None) -> None:
        """Begin.

        Args:
            habits: units whose answers carry another transaction id than the request.
        """
        super().__init__()
        self._habits = dict(habits or {})
        self._id = random.randrange(1, _IDS)
        self._head: bytes | None = None
        self._size = 0
        self._mark = b""
        self._again = b""
        self._zero = b""

    def begin(self, query: Query, late: Collection[Signature] = ()) -> bytes:
        """Open a question under the next transaction id."""
        if self._buffer:
            self._buffer.clear()
        number = (self._id + STEP) % _IDS
        if number in _UNUSED:
            number = (number + STEP) % _IDS
        self._id = number
        answered = number
        if self._habits:
            habit = self._habits.get(query.unit, TransactionIds.SAME)
            answered = {TransactionIds.NEXT: (number + 1) % _IDS, TransactionIds.ZERO: 0}.get(habit, number)
            self.numbered = habit is not TransactionIds.ZERO
        unit, function, size = query.unit, query.function, query.size
        head = _pack_head(answered, 0, 3 + size, unit, function, size)
        # What might pass as an echo of the request or belong to an older one, and function 43, take the long way.
        short = function < IDENTIFY and 2 + size != len(query.pdu) and (self.numbered or not late)
        self._head = head if short else None
        self._size = 9 + size
        self._mark = head[:4]
        self._again = head[:_HEADER]
        self._zero = b"\0\0\0\0" + head[4:8] if answered else b""
        return _pack_request(number, 0, 1 + len(query.pdu), unit) + query.pdu

    def expect(self, unit: int, transaction_ids: TransactionIds) -> None:
        """See ``Framer``."""
        self._habits[unit] = transaction_ids

    def whole(self, data: bytes) -> bytes | None:
        """See ``Framer``."""
        head = self._head
        if head is None or len(data) != self._size or self._buffer or not data.startswith(head):
            return None
        if self.numbered and data.find(self._again, _HEADER) >= 0:
            return None
        return data[9:]

    def _next(self) -> Response | None:
        buffer = self._buffer
        position = buffer.find(self._mark)
        while position >= 0:
            if len(buffer) < position + _HEADER:
                break
            length = int.from_bytes(buffer[position + 4 : position + 6], "big")
            if 2 <= length <= 1 + MAX_PDU:
                break
            position = buffer.find(self._mark, position + 1)
        if position < 0:
            return self._zero_numbered()
        del buffer[:position]
        if len(buffer) < _HEADER:
            return None
        end = 6 + int.from_bytes(buffer[4:6], "big")
        again = buffer.find(self._again, _HEADER, end) if self.numbered else -1
        if again > 0:
            del buffer[:again]  # a stump, and the frame once more: data do not look like the whole of its header
            return self._next()
        if len(buffer) < end:
            return None
        response = Response(buffer[6], bytes(buffer[_HEADER:end]))
        del buffer[:end]
        if not self._stream_goes_on():
            return Response(response.unit, b"")
        return response

    def _zero_numbered(self) -> Response | None:
        """An answer that would fit but for its transaction id 0, which no question of ours ever had, is malformed."""
        buffer = self._buffer
        if self._zero and self._zero in buffer:
            unit = self._zero[6]
            buffer.clear()
            return Response(unit, b"")
        # What follows may begin within the last bytes.
        del buffer[: max(0, len(buffer) - _HEADER - 1)]
        return None

    def _stream_goes_on(self) -> bool:
        """Whether what follows a frame could be another one: otherwise the frame's length was not the truth."""
        rest = self._buffer
        if not rest:
            return True
        length = int.from_bytes(rest[4:6], "big")
        return len(rest) >= 6 and rest[2] == rest[3] == 0 and 2 <= length <= 1 + MAX_PDU


def habit(sent: bytes, heard: bytes) -> TransactionIds:
    """With which transaction id a whole answer within ``heard`` came back to the read ``sent``; SAME if there is none.

    For commissioning: a unit whose answers count otherwise is silent to a line that does not know it.
    """
    if len(sent) < _HEADER + 1:
        return TransactionIds.SAME
    number = int.from_bytes(sent[:2], "big")
    for found, answered in ((TransactionIds.NEXT, (number + 1) % _IDS), (TransactionIds.ZERO, 0)):
        start = heard.find(answered.to_bytes(2, "big") + b"\0\0")
        frame = heard[start:] if start >= 0 else b""
        size = int.from_bytes(frame[4:6], "big")
        whole = len(frame) == 6 + size and size >= 3 and frame[6] == sent[6]
        if whole and frame[7] & ~ERROR_BIT == sent[7]:
            return found
    return TransactionIds.SAME
