"""From bytes to responses and back, for one framing: fed with whatever arrives, in whatever pieces. No I/O, no clock.

A framer knows the question that is open, and uses it: only bytes that could answer it (or an older question, see
``gateway.lines.late``) are waited for. So junk never swallows what follows it, no length field is believed beyond what
was asked for, and nothing waits longer than the question does.

``begin`` opens a question and forgets every byte before it. ``whole`` is the short way of nearly all answers: the data
of exactly the right frame, in one piece. ``feed`` is the long way, and finds every frame there is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from typing import NamedTuple

from gateway.lines.pdu import Query
from gateway.transport import TransactionIds

Signature = tuple[int, int, int]
"""Unit, function and data bytes: all that tells two answers apart where there are no transaction ids."""


class Response(NamedTuple):
    """One frame that arrived whole.

    Attributes:
        unit: who answers.
        pdu: function code and what follows it; empty if the frame is ours but its inside makes no sense.
    """

    unit: int
    pdu: bytes


class Framer(ABC):
    """One framing."""

    numbered = False
    """Whether a response names the request it answers."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @abstractmethod
    def begin(self, query: Query, late: Collection[Signature] = ()) -> bytes:
        """Open a question.

        Args:
            query: the question.
            late: answers that older questions may still get.

        Returns:
            The frame to send.
        """

    def expect(self, _unit: int, _transaction_ids: TransactionIds) -> None:
        """Know with which transaction ids a unit answers; nothing where frames have none."""
        return

    def whole(self, _data: bytes) -> bytes | None:
        """The data bytes, if ``data`` is exactly the right answer and nothing came before it; None otherwise."""
        return None

    def feed(self, data: bytes) -> Iterator[Response]:
        """Take bytes; every frame that is complete with them, in their order."""
        self._buffer += data
        while (response := self._next()) is not None:
            yield response

    @abstractmethod
    def _next(self) -> Response | None:
        """Take the next frame out of the buffer, and all that cannot become one before it."""

    @property
    def rest(self) -> bytes:
        """What has arrived behind the last frame."""
        return bytes(self._buffer)

    def forget(self) -> None:
        """Drop what has arrived."""
        self._buffer.clear()
