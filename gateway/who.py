"""Asks a polled unit who it is, in the words of its record: a question or two, and none after one without an answer."""

from __future__ import annotations

from core.quality import Reason
from gateway.config import UnitConfig
from gateway.lines.base import Failure, Line
from gateway.site_bus import words_of
from gateway.site_survey.words import Observation
from gateway.witness import Witness

_NO_ANSWER = frozenset({Reason.TIMEOUT, Reason.CONNECTION_LOST})


async def ask_who(line: Line, unit: UnitConfig, witness: Witness) -> tuple[Observation, bool]:
    """What the unit says now; the second value is whether everything was answered or refused.

    Args:
        line: of its bus.
        unit: whom to ask.
        witness: knows the questions.
    """
    seen, complete = Observation(), True
    if witness.asks_identity:
        who = await line.identify(unit.unit, unit.timeout_s)
        if not isinstance(who, Failure):
            seen.asked_identity = True
            seen.identity = {number: who.text(number) for number in who.objects}
        elif who.reason in _NO_ANSWER:
            return seen, False
        else:
            complete = False
    for request in witness.questions:
        outcome = await line.read(unit.unit, request, unit.timeout_s)
        if not isinstance(outcome, Failure):
            seen.answered(request.function, request.address, words_of(outcome.data))
        elif outcome.reason is Reason.ILLEGAL_ADDRESS:
            seen.failed(request.function, request.address, request.count, refused=True)
        elif outcome.reason in _NO_ANSWER:
            return seen, False
        else:
            complete = False
    return seen, complete
