"""What a line is to those who use it: one question at a time, answered by data or by the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.quality import Reason
from gateway.plan import Request
from gateway.transport import TransactionIds

Stamp = Callable[[], tuple[int, bool]]
"""The event time of this moment (UTC ms), and whether the clock is to be doubted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Data bytes of a response, and when it arrived."""

    data: bytes
    time_ms: int
    clock_doubtful: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable response: why, and when that was known; the exception code if there was one."""

    reason: Reason
    time_ms: int
    clock_doubtful: bool
    exception: int = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says of itself (function 43/14).

    Attributes:
        objects: object id to its bytes as they came; 0 maker, 1 product code, 2 revision, 3 URL, 4 product, 5 model.
        conformity: conformity level (0x01 basic … 0x83 extended, each object alone).
        complete: whether all levels that the device claims were read.
        time_ms: when the last part arrived.
    """

    objects: Mapping[int, bytes]
    conformity: int
    complete: bool
    time_ms: int

    def text(self, number: int) -> str:
        """An object as text, without the padding that some makers add; empty if there is none."""
        return self.objects.get(number, b"").decode("utf-8", "replace").strip("\0 ")


class Frame(NamedTuple):
    """Raw bytes that went out, or that came until the question was settled.

    Attributes:
        sent: whether the gateway sent it.
        data: the bytes.
        time_ms: when.
    """

    sent: bool
    data: bytes
    time_ms: int


class Line(Protocol):
    """One connection or serial port. One question at a time; whoever asks meanwhile waits for its turn."""

    tap: Callable[[Frame], None] | None
    """Told of every raw frame."""

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as is known."""
        ...

    @property
    def trouble(self) -> str:
        """Why the last attempt to connect failed; empty if it did not."""
        ...

    async def connect(self) -> bool:
        """Connect, or open; False if that fails."""
        ...

    def close(self) -> None:
        """Drop the connection; a waiting question fails at once."""
        ...

    def expect(self, unit: int, *, transaction_ids: TransactionIds | None = None, guard_s: float = 0.0) -> None:
        """Know a habit of a unit from now on.

        Args:
            unit: which.
            transaction_ids: those of its answers on Modbus TCP; None: as before.
            guard_s: silence before it is asked and after it was, beyond the 3.5 characters; not on Modbus TCP.
        """
        ...

    async def read(self, unit: int, request: Request, timeout_s: float) -> Answer | Failure:
        """Ask one unit for one block.

        Args:
            unit: unit id, 0 to 255.
            request: what to read.
            timeout_s: longest wait; on serial from the end of the request to the begin of the answer.

        Raises:
            Refused: if the function code is not a read.
        """
        ...

    async def identify(self, unit: int, timeout_s: float) -> Identity | Failure:
        """Ask one unit who it is (function 43/14); the timeout holds for each of the questions this takes."""
        ...
