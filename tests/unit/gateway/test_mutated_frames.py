"""A hundred thousand damaged frames a framing: what is believed is the truth, or a frame the wire cannot tell."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from gateway.lines import framer
from gateway.lines.conversation import Conversation
from gateway.lines.pdu import Data, read_query
from gateway.transport import Framing
from tests.unit.gateway.mutations import cases, wrapped

CASES = 100_000
HANG_S = 0.1
MAY_PASS = {Framing.TCP: 0.0, Framing.RTU: 2.0**-16, Framing.ASCII: 2.0**-8}
"""The part of damaged frames that a framing's check cannot find, of those it gives no guarantee for."""


class Asking:
    """A conversation whose open question's transaction id can be seen."""

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self.talk = Conversation(framer(framing))
        self.tid = 0

    def ask(self, unit: int, function: int, address: int, count: int) -> int:
        self.talk.late.settle(unit)  # as if fenced
        raw = self.talk.ask(read_query(unit, function, address, count), 1.0)
        self.tid = int.from_bytes(raw[:2], "big") if self.framing is Framing.TCP else 0
        return self.tid


@pytest.mark.parametrize("framing", Framing)
def test_a_damaged_frame_is_the_truth_or_nothing(framing: Framing, seed: int) -> None:
    """No exception, no hang, and no value but the true one, save where the frame on the wire is a valid one."""
    asking = Asking(framing)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    eligible, slowest_s = 0, 0.0
    for number, case in enumerate(cases(framing, seed, CASES, asking.ask)):
        begin_s = time.thread_time()
        outcome = None
        for piece in case.pieces:
            outcome = outcome or asking.talk.receive(piece, float(number))
        slowest_s = max(slowest_s, time.thread_time() - begin_s)
        asking.talk.give_up(float(number))
        eligible += not (case.surely_seen or case.blind)
        if not isinstance(outcome, Data):
            counts["nothing"] += 1
        elif outcome.data == case.truth:
            counts["truth"] += 1
        elif outcome.data in case.stands_for(framing, asking.tid) and not case.surely_seen:
            counts["overlooked by the sum" if case.blind else "valid by chance"] += 1
        else:
            wrong.append(f"{case.kind}: {case.arriving.hex()} gave {outcome.data.hex()} for {case.truth.hex()}")
    assert not wrong, wrong[:10]
    assert slowest_s < HANG_S
    expected = eligible * MAY_PASS[framing]
    assert counts["valid by chance"] <= expected + 5 * expected**0.5, (counts, expected)
    assert counts["overlooked by the sum"] < CASES / 50, counts
    assert counts["truth"] > CASES / 10, counts
    assert counts["nothing"] > CASES / 3, counts


@pytest.mark.parametrize("framing", Framing)
def test_after_any_damage_the_next_good_frame_is_read(framing: Framing, seed: int) -> None:
    """A new question forgets what was heard before it, so damage never lasts."""
    asking = Asking(framing)
    for number, case in enumerate(cases(framing, seed, 2_000, asking.ask)):
        for piece in case.pieces:
            asking.talk.receive(piece, float(number))
        asking.talk.give_up(float(number))
        tid = asking.ask(case.unit, case.function, case.address, case.count)
        pdu = bytes((case.function, len(case.truth))) + case.truth
        outcome = asking.talk.receive(wrapped(framing, case.unit, pdu, tid), float(number))
        assert outcome == Data(case.truth), case
