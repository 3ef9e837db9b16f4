"""Question and answer on one line, as a machine without I/O and clock: bytes in, outcomes out.

Joins a framer (what is a frame), ``judge`` (does it fit) and ``LateAnswers`` (could it belong to an older question).
Adapters feed it whatever arrives; whatever that is, the outcome is the right data, a failure, or nothing yet.
"""

from __future__ import annotations

from gateway.lines.framer import Framer, Response
from gateway.lines.late import LateAnswers
from gateway.lines.pdu import UNSETTLED_EXCEPTIONS, Data, Malformed, Outcome, Query, judge
from gateway.transport import TransactionIds

_REPEATED = 4
"""Bytes behind an answer from which on they count as the begin of a repetition, not as noise of the wiring."""


class Conversation:
    """One question at a time."""

    def __init__(self, framer: Framer) -> None:
        """Begin without a question."""
        self.late = LateAnswers()
        self._framer = framer
        self._open: Query | None = None
        self._answered: Query | None = None
        self._timeout_s = 0.0

    def expect(self, unit: int, transaction_ids: TransactionIds) -> None:
        """Know with which transaction ids a unit answers."""
        self._framer.expect(unit, transaction_ids)

    def ask(self, query: Query, timeout_s: float) -> bytes:
        """Open a question; answers the frame to send."""
        self._open = query
        self._timeout_s = timeout_s
        late = self.late
        return self._framer.begin(query, late.signatures() if late else ())

    def receive(self, data: bytes, now_s: float) -> Outcome | None:
        """Take bytes.

        Args:
            data: what arrived, whole or in pieces.
            now_s: monotonic time.

        Returns:
            How the open question ended, or None while it is open (or there is none).
        """
        query = self._open
        if query is None:
            self._unasked(data, now_s)
            return None
        whole = self._framer.whole(data)
        if whole is not None:
            self._close(query)
            return Data(whole)
        for response in self._framer.feed(data):
            outcome = self._judged(query, response, now_s)
            if outcome is not None:
                return outcome
        return None

    def give_up(self, now_s: float) -> None:
        """The open question ends without an answer."""
        if self._open is not None:
            self.late.owe(self._open, now_s, self._timeout_s)
            self._open = self._answered = None

    def _close(self, query: Query) -> None:
        """The answer is there, and nothing else can have been meant by it."""
        self._open, self._answered = None, query
        if self.late:
            self.late.settle(query.unit)

    def _judged(self, query: Query, response: Response, now_s: float) -> Outcome | None:
        if response.unit != query.unit:
            self.late.credit(response.unit, response.pdu)
            return None
        if response.pdu == query.pdu and not self._framer.numbered:
            return None  # an RS-485 adapter hears itself
        outcome = judge(query, response.pdu)
        if isinstance(outcome, Data):
            self._fits(query, response, now_s)
            return outcome
        credited = self.late.credit(response.unit, response.pdu)
        numbered = self._framer.numbered
        if isinstance(outcome, Malformed):
            if credited and not numbered:
                return None  # an older question's answer; ours is still to come
            still_owed = credited or not numbered
        else:
            still_owed = outcome.code in UNSETTLED_EXCEPTIONS or (credited and not numbered)
        if still_owed:
            self.give_up(now_s)
        self._open = self._answered = None
        return outcome

    def _fits(self, query: Query, response: Response, now_s: float) -> None:
        if not self._framer.numbered and self.late.conflicts(query, now_s):
            # Only a fence may be sent while the unit owes its like: this may be the older one's answer.
            self.late.credit(response.unit, response.pdu)
            self.give_up(now_s)
            return
        self._close(query)
        if not self._framer.numbered:
            repeated = any(more.unit == query.unit for more in self._framer.feed(b""))
            if repeated or len(self._framer.rest) >= _REPEATED:
                self.late.owe(query, now_s, self._timeout_s)

    def _unasked(self, data: bytes, now_s: float) -> None:
        """Bytes that nobody waits for: late answers, or repetitions of the last one."""
        for response in self._framer.feed(data):
            if self.late.credit(response.unit, response.pdu) or self._framer.numbered:
                continue
            if self._answered is not None and response.unit == self._answered.unit:
                self.late.owe(self._answered, now_s, self._timeout_s)
