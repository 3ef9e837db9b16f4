"""A line at work: the conversation joined with a wire, a clock and those who wait.

* One question is out at a time; there is no task and no timer per question (one lazy timer a line).
* A lost connection fails the open question at once. Retries and reconnecting are left to whoever polls.
* Before a request serial lines keep silent for 3.5 characters; after a question that failed, frames without headers
  wait until the bus has been silent, because the rest of an answer may still be coming, but not longer than
  ``MAX_SETTLE_S``.
* On serial the timeout runs from the end of the request, and an answer that has begun may take its time on the wire.
* The stamp is taken when the answer is recognised, before any task waits for its turn.
* A cancellation that meets the answer is repeated: the answer is kept, because it was read, and the next wait ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from core import faultpoints
from core.quality import Reason
from gateway import wiretime
from gateway.lines.base import Answer, Failure, Frame, Identity, Stamp
from gateway.lines.conversation import Conversation
from gateway.lines.framer import Framer
from gateway.lines.late import fence
from gateway.lines.pdu import (
    BASIC,
    EXCEPTION_REASONS,
    EXTENDED,
    UNSETTLED_EXCEPTIONS,
    Data,
    Exceptional,
    Outcome,
    Query,
    identify_query,
    identity_part,
    read_query,
)
from gateway.lines.wire import Listener, Wire
from gateway.plan import Request
from gateway.transport import Framing, SerialTransport, TransactionIds, Transport, with_guard

SETTLED_S = 0.02
"""Silence after which a bus counts as settled when a question on it has failed."""
MAX_SETTLE_S = 0.08
_MAX_FENCES = 3
_MAX_PARTS = 32
_MAX_TAPPED = 4096

Opener = Callable[[Listener], Awaitable[Wire]]


class ModbusLine:
    """One connection or serial port; see ``gateway.lines.base.Line``."""

    def __init__(self, transport: Transport, framer: Framer, opener: Opener, stamp: Stamp) -> None:
        """Prepare; nothing is connected yet.

        Args:
            transport: what it is.
            framer: of its framing.
            opener: makes a wire.
            stamp: called at each arrival.
        """
        self.tap: Callable[[Frame], None] | None = None
        self._transport = transport
        self._opener = opener
        self._stamp = stamp
        self._talk = Conversation(framer)
        self._wire: Wire | None = None
        self._trouble = ""
        self._turn = asyncio.Lock()
        self._queries: dict[tuple[int, int, int, int], Query] = {}
        self._waiting: asyncio.Future[Answer | Failure] | None = None
        self._arrived: Answer | Failure | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline_s = 0.0
        self._grace_s = 0.0
        self._heard = bytearray()
        self._last_byte_s = 0.0
        self._unsettled = False
        serial = isinstance(transport, SerialTransport)
        self._serial = transport if isinstance(transport, SerialTransport) else None
        self._gap_s = _gap_s(transport)
        self._stream = not serial and transport.framing is Framing.TCP
        self._gaps_s: dict[int, float] = {}
        self._asked = 0

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._wire is not None

    @property
    def trouble(self) -> str:
        """Why the last attempt to connect failed; empty if it did not."""
        return self._trouble

    async def connect(self) -> bool:
        """Connect, or open; False if that fails."""
        self.close()
        try:
            self._wire = await self._opener(self)
        except (OSError, ValueError) as error:
            self._trouble = str(error) or type(error).__name__
            return False
        self._trouble = ""
        # Bytes of before may lie in the port or on their way to a serial server.
        self._unsettled = True
        self._last_byte_s = asyncio.get_running_loop().time()
        return True

    def close(self) -> None:
        """Drop the connection; a waiting question fails at once."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._fail(Reason.CONNECTION_LOST)

    def expect(self, unit: int, *, transaction_ids: TransactionIds | None = None, guard_s: float = 0.0) -> None:
        """Know a habit of a unit from now on; see ``Line.expect``."""
        if transaction_ids is not None:
            self._talk.expect(unit, transaction_ids)
        if guard_s > 0:
            guarded = with_guard(self._transport, guard_s)
            self._gaps_s[unit] = _gap_s(guarded)

    # --- asking -------------------------------------------------------------------------------------------------

    async def read(self, unit: int, request: Request, timeout_s: float) -> Answer | Failure:
        """Ask one unit for one block; see ``Line.read``."""
        key = (unit, request.function, request.address, request.count)
        query = self._queries.get(key)
        if query is None:
            query = self._queries[key] = read_query(*key)
        async with self._turn:
            if self._talk.late and self._talk.late.conflicts(query, asyncio.get_running_loop().time()):
                outcome = await self._fenced(query, timeout_s)
            else:
                outcome = await self._ask(query, timeout_s)
        faultpoints.hit("after_read")
        return outcome

    async def identify(self, unit: int, timeout_s: float) -> Identity | Failure:
        """Ask one unit who it is; see ``Line.identify``."""
        async with self._turn:
            objects: dict[int, bytes] = {}
            first = await self._level(unit, BASIC, timeout_s, objects)
            if isinstance(first, Failure):
                return first
            level = min(first & 0x7F, EXTENDED)
            complete = True
            if level > BASIC:
                complete = not isinstance(await self._level(unit, level, timeout_s, objects), Failure)
            return Identity(objects, first, complete, self._stamp()[0])

    async def _level(self, unit: int, code: int, timeout_s: float, objects: dict[int, bytes]) -> int | Failure:
        """Read all objects of one level into ``objects``; answers the conformity level."""
        first = 0
        conformity = 0
        for _ in range(_MAX_PARTS):
            outcome = await self._ask(identify_query(unit, code, first), timeout_s)
            if isinstance(outcome, Failure):
                return outcome
            part = identity_part(outcome.data, first)
            if part is None:
                break
            objects.update(part.objects)
            conformity = part.conformity
            if not part.next_object:
                return conformity
            first = part.next_object
        return Failure(Reason.MALFORMED_REPLY, *self._stamp())

    async def _fenced(self, query: Query, timeout_s: float) -> Answer | Failure:
        """Ask while the unit owes an answer that would fit: settle that first, all within one timeout."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for _ in range(_MAX_FENCES):
            left_s = timeout_s - (loop.time() - began_s)
            if left_s < timeout_s / 2:
                # It answers, but there is no time for the question itself: the next one will go straight.
                return Failure(Reason.BUSY, *self._stamp())
            if not self._talk.late.conflicts(query, loop.time()):
                return await self._ask(query, left_s)
            outcome = await self._ask(fence(query), left_s)
            if isinstance(outcome, Failure) and (outcome.exception == 0 or outcome.exception in UNSETTLED_EXCEPTIONS):
                return outcome
        return Failure(Reason.BUSY, *self._stamp())

    async def _ask(self, query: Query, timeout_s: float) -> Answer | Failure:
        gap_s = self._gap_s
        if self._gaps_s:
            # A transceiver that turns round slowly disturbs the question to it, and the one after its answer.
            gap_s = max(gap_s, self._gaps_s.get(query.unit, 0.0), self._gaps_s.get(self._asked, 0.0))
            self._asked = query.unit
        if gap_s or self._unsettled:
            await self._silence(gap_s)
        wire = self._wire
        if wire is None:
            return Failure(Reason.CONNECTION_LOST, *self._stamp())
        frame = self._talk.ask(query, timeout_s)
        if self._heard:
            self._flush_tap()
        if self.tap is not None:
            self.tap(Frame(True, frame, self._stamp()[0]))
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Answer | Failure] = loop.create_future()
        self._waiting = waiting
        self._set_deadline(loop, query, timeout_s)
        wire.write(frame)
        try:
            return await waiting
        except asyncio.CancelledError:
            if self._waiting is waiting:
                self._waiting = None
                self._end_badly(loop.time())
            if self._arrived is None:
                raise
            _repeat_cancellation()
            return self._arrived
        finally:
            self._arrived = None

    def _set_deadline(self, loop: asyncio.AbstractEventLoop, query: Query, timeout_s: float) -> None:
        deadline_s = loop.time() + timeout_s
        if self._serial is not None:
            character_s = wiretime.character_s(self._serial)
            framing = self._serial.framing
            deadline_s += wiretime.request_length(framing, query.function) * character_s
            body = wiretime.IDENTIFY_BODY if query.function == 43 else 2 + query.size
            self._grace_s = wiretime.frame_length(framing, body) * character_s
        self._deadline_s = deadline_s
        timer = self._timer
        if timer is None or timer.when() > deadline_s:
            if timer is not None:
                timer.cancel()
            self._timer = loop.call_at(deadline_s, self._expire, loop)

    async def _silence(self, silence_s: float) -> None:
        """Wait until nothing has been heard for so long, or for as long as a bus takes to settle."""
        loop = asyncio.get_running_loop()
        settle = self._unsettled and not self._stream
        self._unsettled = False
        gap_s = max(silence_s, SETTLED_S) if settle else silence_s
        latest_s = loop.time() + max(MAX_SETTLE_S, 2 * silence_s)
        wait_s = self._last_byte_s + gap_s - loop.time()
        while wait_s > 0:
            await asyncio.sleep(wait_s)
            wait_s = min(self._last_byte_s + gap_s, latest_s) - loop.time()

    # --- hearing ------------------------------------------------------------------------------------------------

    def received(self, wire: Wire, data: bytes) -> None:
        """Bytes came on the wire."""
        if wire is not self._wire:
            return
        now_s = self._last_byte_s = asyncio.get_running_loop().time()
        if self.tap is not None or self._grace_s:
            self._heard += data[: max(0, _MAX_TAPPED - len(self._heard))]
        outcome = self._talk.receive(data, now_s)
        waiting = self._waiting
        if outcome is None or waiting is None:
            return
        self._waiting = None
        if self._heard:
            self._flush_tap()
        self._arrived = self._result(outcome)
        if not waiting.done():
            waiting.set_result(self._arrived)

    def lost(self, wire: Wire) -> None:
        """The wire ended."""
        if wire is self._wire:
            self._wire = None
            self._fail(Reason.CONNECTION_LOST)

    def _result(self, outcome: Outcome) -> Answer | Failure:
        time_ms, doubtful = self._stamp()
        if type(outcome) is Data:
            return Answer(outcome.data, time_ms, doubtful)
        if isinstance(outcome, Exceptional):
            reason = EXCEPTION_REASONS.get(outcome.code, Reason.DEVICE_EXCEPTION)
            return Failure(reason, time_ms, doubtful, exception=outcome.code)
        self._unsettled = True
        return Failure(Reason.MALFORMED_REPLY, time_ms, doubtful)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """The timer rang: for the open question, or for one long answered."""
        self._timer = None
        if self._waiting is None:
            return
        now_s = loop.time()
        if self._grace_s and self._heard and now_s >= self._deadline_s:
            self._deadline_s = now_s + self._grace_s  # it has begun to answer
            self._grace_s = 0.0
        if now_s < self._deadline_s:
            self._timer = loop.call_at(self._deadline_s, self._expire, loop)
            return
        self._fail(Reason.TIMEOUT)

    def _fail(self, reason: Reason) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        self._end_badly(waiting.get_loop().time())
        if not waiting.done():
            waiting.set_result(Failure(reason, *self._stamp()))

    def _end_badly(self, now_s: float) -> None:
        self._unsettled = True
        self._talk.give_up(now_s)
        self._flush_tap()

    def _flush_tap(self) -> None:
        """Show what was heard since the last question, and forget it."""
        if self._heard:
            data = bytes(self._heard)
            self._heard.clear()
            if self.tap is not None:
                self.tap(Frame(False, data, self._stamp()[0]))


def _gap_s(transport: Transport) -> float:
    """Silence before each request."""
    return wiretime.silence_s(transport) if isinstance(transport, SerialTransport) else transport.guard_s


def _repeat_cancellation() -> None:
    """Cancel this task once more, counted once, so that a time limit around it stays one."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
        task.cancel()
