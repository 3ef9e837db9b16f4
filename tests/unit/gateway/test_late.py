"""Late answers: whatever is late, lost or refused, an answer is only ever given to the question it belongs to."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lines import framer
from gateway.lines.conversation import Conversation
from gateway.lines.late import HORIZON_S, LateAnswers, fence
from gateway.lines.pdu import Data, Exceptional, Query, read_query
from gateway.transport import Framing, TransactionIds
from tests.unit.gateway.mutations import wrapped

UNITS = (1, 2)


class SlowDevices:
    """Units that answer each in their own order, whenever they like; the data say which request they answer."""

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self._waiting: dict[int, deque[tuple[int, Query]]] = {unit: deque() for unit in UNITS}
        self._number = 0

    def request(self, query: Query) -> int:
        """Receives a request; answers its serial number."""
        self._number += 1
        self._waiting[query.unit].append((self._number, query))
        return self._number

    def lose(self, unit: int) -> None:
        """Never heard, or not answered."""
        if self._waiting[unit]:
            self._waiting[unit].popleft()

    def answer(self, unit: int, exception: int = 0) -> bytes:
        """The next answer of a unit; empty if it has none to give."""
        if not self._waiting[unit]:
            return b""
        number, query = self._waiting[unit].popleft()
        if exception:
            return wrapped(self.framing, unit, bytes((query.function | 0x80, exception)), 0)
        data = number.to_bytes(2, "big") * (query.size // 2)
        return wrapped(self.framing, unit, bytes((query.function, query.size)) + data, 0)


_UNIT = st.sampled_from((1, 1, 1, 2))
_ASK = st.tuples(st.just("ask"), _UNIT, st.integers(1, 2))
_ANSWER = st.tuples(st.just("answer"), _UNIT, st.just(0))
_REFUSE = st.tuples(st.just("answer"), _UNIT, st.sampled_from((2, 6, 11)))
_LOSE = st.tuples(st.just("lose"), _UNIT, st.just(0))
# Few kinds of steps, so that a chain of eight which only together go wrong is found.
STEPS = st.lists(st.one_of(_ASK, _ASK, _ANSWER, _ANSWER, _REFUSE, _LOSE), min_size=10, max_size=60)


@pytest.mark.parametrize("framing", Framing)
@given(steps=STEPS)
def test_no_order_of_late_lost_and_refused_answers_makes_a_wrong_value(
    framing: Framing, steps: list[tuple[str, int, int]]
) -> None:
    """Units answer in their own order, at any time, without transaction ids (on TCP: all of them zero)."""
    talk = Conversation(framer(framing, dict.fromkeys(UNITS, TransactionIds.ZERO)))
    devices = SlowDevices(framing)
    open_number, open_is_fence = 0, False
    for moment, (step, unit, detail) in enumerate(steps):
        now_s = moment / 100
        if step == "ask":
            talk.give_up(now_s)
            query = read_query(unit, 3, 10 * moment, detail)
            open_is_fence = talk.late.conflicts(query, now_s)
            query = fence(query) if open_is_fence else query
            talk.ask(query, 0.1)
            open_number = devices.request(query)
        elif step == "lose":
            devices.lose(unit)
        else:
            outcome = talk.receive(devices.answer(unit, detail), now_s)
            if isinstance(outcome, Data) and not open_is_fence:
                assert int.from_bytes(outcome.data[:2], "big") == open_number


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_a_fence_opens_the_way_again(framing: Framing) -> None:
    """After a timeout the like is not asked until a question of another length was answered; then it is."""
    talk = Conversation(framer(framing))
    query = read_query(1, 3, 100, 4)
    talk.ask(query, 0.1)
    talk.give_up(0.1)
    assert talk.late.conflicts(query, 0.2)
    assert not talk.late.conflicts(read_query(1, 3, 100, 5), 0.2)
    assert not talk.late.conflicts(read_query(1, 4, 100, 4), 0.2)
    assert not talk.late.conflicts(read_query(2, 3, 100, 4), 0.2)
    short = fence(query)
    assert short.size == 2
    talk.ask(short, 0.1)
    assert talk.receive(wrapped(framing, 1, b"\x03\x02\0\7", 0), 0.25) == Data(b"\0\7")
    assert not talk.late


def test_a_fence_answered_by_the_late_answer_itself_goes_on_waiting() -> None:
    """The late answer arrives while the fence is out: it is thrown away, and the fence's own answer still counts."""
    talk = Conversation(framer(Framing.RTU))
    query = read_query(1, 3, 100, 4)
    talk.ask(query, 0.1)
    talk.give_up(0.1)
    talk.ask(fence(query), 0.1)
    assert talk.receive(wrapped(Framing.RTU, 1, b"\x03\x08" + bytes(8), 0), 0.2) is None
    assert not talk.late.conflicts(query, 0.2)
    assert talk.receive(wrapped(Framing.RTU, 1, b"\x03\x02\0\7", 0), 0.25) == Data(b"\0\7")


@pytest.mark.parametrize(("function", "count"), [(1, 1), (1, 8), (1, 9), (2, 2000), (3, 1), (3, 2), (4, 125)])
@pytest.mark.parametrize("address", [0, 65535])
def test_a_fence_differs_in_length_and_stays_a_legal_read(function: int, count: int, address: int) -> None:
    """Whatever is asked, there is a read of another length at its addresses, or one address beside them."""
    query = read_query(7, function, min(address, 65536 - count), count)
    short = fence(query)
    assert (short.unit, short.function) == (7, function)
    assert short.size != query.size


def test_an_exception_with_an_older_question_open_leaves_the_newer_one_owed() -> None:
    """It may have belonged to the older one: it is believed as a failure, and the newer one may still be answered."""
    talk = Conversation(framer(Framing.RTU))
    older, newer = read_query(1, 3, 100, 4), read_query(1, 3, 200, 5)
    talk.ask(older, 0.1)
    talk.give_up(0.1)
    talk.ask(newer, 0.1)
    assert talk.receive(wrapped(Framing.RTU, 1, b"\x83\x02", 0), 0.2) == Exceptional(2)
    assert not talk.late.conflicts(older, 0.3)
    assert talk.late.conflicts(newer, 0.3)


@pytest.mark.parametrize("code", [5, 10, 11])
def test_an_exception_of_who_goes_on_leaves_the_answer_owed(code: int) -> None:
    """Acknowledge (5) and a bridge that found nobody in time (10, 11) do not end the question on the bus behind."""
    talk = Conversation(framer(Framing.TCP))
    query = read_query(1, 3, 100, 4)
    tid = int.from_bytes(talk.ask(query, 0.1)[:2], "big")
    assert talk.receive(wrapped(Framing.TCP, 1, bytes((0x83, code)), tid), 0.05) == Exceptional(code)
    assert talk.late.conflicts(query, 0.1)


def test_what_is_owed_is_forgotten_after_the_horizon() -> None:
    """A unit that was dead for a minute is asked as if nothing had been."""
    late = LateAnswers()
    query = read_query(1, 3, 100, 4)
    late.owe(query, 0.0, 0.1)
    assert late.conflicts(query, HORIZON_S - 0.1)
    assert not late.conflicts(query, HORIZON_S + 0.1)
    assert not late


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_a_repeated_answer_is_not_taken_for_the_next_one(framing: Framing) -> None:
    """A device that answers twice is fenced: its second answer fits the next question of the same length."""
    for together in (True, False):
        talk = Conversation(framer(framing))
        query = read_query(1, 3, 100, 1)
        talk.ask(query, 0.1)
        answer = wrapped(framing, 1, b"\x03\x02\0\7", 0)
        pieces = [answer + answer] if together else [answer, answer]
        outcomes = [talk.receive(piece, 0.05) for piece in pieces]
        assert outcomes[0] == Data(b"\0\7")
        assert talk.late.conflicts(query, 0.1)
