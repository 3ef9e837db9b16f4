"""Answers that may still come: what keeps a late one from being taken for the answer to a later question. No I/O.

Where frames carry no transaction ids (RTU, ASCII, and bridges that number wrongly) two answers of a unit differ by
function and byte count only, their *signature*. A question that timed out may be answered at any later moment, and then
would answer the next question of the same signature, with the values of other registers. No waiting time makes that
impossible, since no device promises an upper bound. What can be relied on is order:

    A unit handles one request after the other and answers in the order in which it was asked. So an answer that can
    only belong to a later question proves that all earlier ones have been answered or never will be.

Hence the rules:

1. A question that ended without its answer is *owed*: it is noted by unit, with its signature, in the order sent.
2. A response of a unit is credited to the first owed question it fits; that one and all before it are settled.
3. A question is sent only if its unit owes no answer of the same signature, so that its answer can fit nothing else.
   Otherwise a *fence* goes first: a short read of another length from the same addresses. Its answer, by rule 2,
   settles what came before it, and its values are thrown away. A unit that stays silent costs the fence's timeout
   instead of the question's, so the bus loses nothing.
4. An answer that fits its question settles everything that the unit owes.
5. An exception fits every question of its function. It is believed as a failure (never a value), credited to the
   first that it fits, and the question that was open stays owed if there was one before it.
6. Exceptions 5, 10 and 11 settle nothing: the device, or a bridge's bus, goes on and may still answer.
7. Connecting anew settles nothing either: serial servers hand what comes late to whoever is connected.

On Modbus TCP the transaction id settles to which question an answer belongs; the rules hold there all the same, against
bridges that hand a late answer of their bus to the next request with that request's id.

What is owed is forgotten after ``HORIZON_S``, or ten timeouts if that is longer. Outside these rules lies what no
master can tell from the truth: a repeated answer that arrives only after the next question of the same signature went
out. Repetitions that come with the answer are seen, and count as owed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gateway.lines.framer import Signature
from gateway.lines.pdu import ERROR_BIT, IDENTIFY, UNSETTLED_EXCEPTIONS, Query, read_query

HORIZON_S = 60.0
_TIMEOUTS = 10


@dataclass(slots=True)
class _Owed:
    function: int
    size: int
    count: int
    until_s: float


class LateAnswers:
    """What the units of one line owe."""

    def __init__(self) -> None:
        """Nothing is owed."""
        self._units: dict[int, list[_Owed]] = {}

    def __bool__(self) -> bool:
        """Whether anybody owes an answer."""
        return bool(self._units)

    def owe(self, query: Query, now_s: float, timeout_s: float) -> None:
        """The question ended without its answer."""
        until_s = now_s + max(HORIZON_S, _TIMEOUTS * timeout_s)
        owed = self._units.setdefault(query.unit, [])
        if owed and (owed[-1].function, owed[-1].size) == (query.function, query.size):
            owed[-1].count += 1
            owed[-1].until_s = until_s
        else:
            owed.append(_Owed(query.function, query.size, 1, until_s))

    def settle(self, unit: int) -> None:
        """The unit has answered the open question: nothing older will come."""
        self._units.pop(unit, None)

    def credit(self, unit: int, pdu: bytes) -> bool:
        """A response of ``unit`` arrived; whether it fits something owed (it is settled then)."""
        owed = self._units.get(unit)
        if not owed or not pdu or (pdu[0] & ERROR_BIT and pdu[1:2] and pdu[1] in UNSETTLED_EXCEPTIONS):
            return False
        for index, entry in enumerate(owed):
            if not _fits(entry, pdu):
                continue
            entry.count -= 1
            del owed[: index + (entry.count == 0)]
            if not owed:
                del self._units[unit]
            return True
        return False

    def conflicts(self, query: Query, now_s: float) -> bool:
        """Whether the unit owes an answer that could pass for the one to ``query``."""
        owed = self._units.get(query.unit)
        if not owed:
            return False
        owed[:] = [entry for entry in owed if entry.until_s > now_s]
        if not owed:
            del self._units[query.unit]
        # An identity's parts name what they answer, and are the same at every asking.
        return query.function != IDENTIFY and any(
            (entry.function, entry.size) == (query.function, query.size) for entry in owed
        )

    def signatures(self) -> Collection[Signature]:
        """All that is owed."""
        return [(unit, entry.function, entry.size) for unit, owed in self._units.items() for entry in owed]


def fence(query: Query) -> Query:
    """A short read whose answer cannot be taken for that to ``query``.

    It stays within the addresses of the question, unless that reads a single register or byte of bits: then it reads
    one more, after it or, at the end of the address space, before it.
    """
    bits = query.function in (1, 2)
    count = 1 if query.size != (1 if bits else 2) else (9 if bits else 2)
    address = int.from_bytes(query.pdu[1:3], "big")
    return read_query(query.unit, query.function, min(address, 65536 - count), count)


def _fits(entry: _Owed, pdu: bytes) -> bool:
    if pdu[0] & ERROR_BIT:
        return pdu[0] & ~ERROR_BIT == entry.function
    if pdu[0] != entry.function:
        return False
    return entry.function == IDENTIFY or (len(pdu) == 2 + entry.size and pdu[1] == entry.size)
