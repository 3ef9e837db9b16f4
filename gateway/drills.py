"""Test alarms of a running gateway: sends calls over its own session, hears the answers, tells whoever waits.

What follows from what is decided in ``gateway.site_survey.drill``; here are the clock and the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from core.clock import Clock
from core.errors import Refused
from core.sparkplug.datatypes import TEST_ALARM, DataType
from core.sparkplug.drill import DrillCall, decode_answer, encode_call
from gateway.births import NodeMetric
from gateway.site_survey.drill import (
    ENDED,
    NOT_READ,
    OFFLINE,
    WAITING,
    DrillStage,
    DrillState,
    answered,
    failed,
    pause_s,
    silent,
)

log = logging.getLogger(__name__)

LOOK_S: Final = 0.25
KEPT: Final = 50
BIRTH: Final = NodeMetric(name=TEST_ALARM, type=DataType.STRING, value="")
"""What NBIRTH says: calls come under this name, and answers are taken."""


class DrillPost(Protocol):
    """Whoever takes calls to the server: the running gateway, or the way to it."""

    async def call(self, state: DrillState) -> DrillState:
        """Send a call, or go on with the one of this id; how it stands."""
        ...

    async def look(self, state: DrillState, wait_s: float) -> DrillState:
        """How a call stands, once that is another than ``state``, at the latest after ``wait_s``."""
        ...


@dataclass(slots=True)
class _Open:
    state: DrillState
    since_s: float
    sent: int = 0
    sent_s: float = 0.0


class Drills:
    """The calls of one gateway process; those that are over are kept a while for whoever asks."""

    def __init__(self, clock: Clock) -> None:
        """Nothing was asked for; the gateway fills in the three ways out."""
        self._clock = clock
        self._calls: dict[str, _Open] = {}
        self._news = asyncio.Event()
        self._due = asyncio.Event()
        self.tell: Callable[[Sequence[NodeMetric]], None] = lambda _metrics: None
        self.online: Callable[[], bool] = lambda: False
        self.reads: Callable[[str], bool] = lambda _metric: False

    async def call(self, state: DrillState) -> DrillState:
        """Send a call; the same id again goes on where it stands, or is tried again where it got no further."""
        known = self._calls.get(state.id)
        if known is not None and (known.state.stage in WAITING or known.state.stage in ENDED):
            return known.state
        fresh = replace(state, problem=None, stage=DrillStage.OPEN if state.case else DrillStage.ASKED)
        if not self.reads(state.metric):
            fresh = failed(fresh, DrillStage.REFUSED, NOT_READ(metric=state.metric))
        elif not self.online():
            fresh = failed(fresh, DrillStage.OFFLINE, OFFLINE())
        self._calls.pop(state.id, None)
        self._calls[state.id] = _Open(fresh, self._clock.monotonic_s())
        self._forget()
        self._due.set()
        return fresh

    async def look(self, state: DrillState, wait_s: float) -> DrillState:
        """How a call stands; a call this process does not know is taken up again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while True:
                    known = self._calls.get(state.id)
                    if known is None:
                        return await self.call(state)
                    if known.state != state:
                        return known.state
                    await self._news.wait()
        known = self._calls.get(state.id)
        return known.state if known is not None else state

    def hear(self, text: str) -> None:
        """What the host says of a call.

        Raises:
            Refused: if it cannot be read.
        """
        answer = decode_answer(text)
        known = self._calls.get(answer.id)
        if known is not None:
            waited_s = self._clock.monotonic_s() - known.since_s
            self._put(known, answered(known.state, answer, waited_s))

    async def run(self) -> None:
        """Send what is due, for as long as the gateway lives."""
        while True:
            self._due.clear()
            waits = False
            for known in list(self._calls.values()):
                self._turn(known)
                waits = waits or known.state.stage in WAITING
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if waits else None):
                    await self._due.wait()

    def _turn(self, known: _Open) -> None:
        now_s = self._clock.monotonic_s()
        waited_s = now_s - known.since_s
        self._put(known, silent(known.state, waited_s))
        pause = pause_s(known.state, known.sent, waited_s)
        if pause is None or (known.sent and now_s - known.sent_s < pause) or not self.online():
            return
        age_s = max(0.0, (self._clock.now_ms() - known.state.asked_ms) / 1000)
        call = DrillCall(id=known.state.id, metric=known.state.metric, age_s=age_s)
        self.tell((NodeMetric(name=TEST_ALARM, type=DataType.STRING, value=encode_call(call)),))
        known.sent, known.sent_s = known.sent + 1, now_s

    def _put(self, known: _Open, state: DrillState) -> None:
        if state == known.state:
            return
        log.info("test alarm", extra={"metric": state.metric, "stage": state.stage.value, "case": state.case})
        known.state = state
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _forget(self) -> None:
        over = [one for one, known in self._calls.items() if known.state.stage not in WAITING]
        for one in over[: max(0, len(self._calls) - KEPT)]:
            del self._calls[one]


def hear(drills: Drills, text: str) -> bool:
    """Let ``drills`` hear an answer; whether it was understood."""
    try:
        drills.hear(text)
    except Refused as error:
        log.warning("answer to a test alarm is not understood", extra={"error": str(error)})
        return False
    return True
