"""A test alarm as the gateway decides it: stages, repetition, and nothing that is known for good taken back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.errors import Refused, Unavailable
from core.sparkplug.drill import (
    DrillAnswer,
    DrillCall,
    DrillOutcome,
    Recipient,
    decode_answer,
    decode_call,
    encode_answer,
    encode_call,
)
from gateway.births import NodeMetric
from gateway.drills import Drills
from gateway.local_port import LocalPost, serve
from gateway.site_drill import follow
from gateway.site_survey.drill import (
    ENDED,
    LIVES_S,
    PATIENCE_S,
    WAITING,
    DrillStage,
    DrillState,
    answered,
    pause_s,
    silent,
)

CALL = DrillState(id="0123456789abcdef", metric="wtl-pm-01/power", asked_ms=1_000)
WHO = Recipient(zh="李", en="Li", task="handle", grid="construction", confirmed_ms=None)
OPEN = DrillAnswer(id=CALL.id, outcome=DrillOutcome.OPEN, case="C-1", opened_ms=5_000, recipients=(WHO,))
CONFIRMED = replace(
    OPEN, outcome=DrillOutcome.CONFIRMED, ended_ms=12_000, recipients=(replace(WHO, confirmed_ms=12_000),)
)


def answer_to(state: DrillState, outcome: DrillOutcome) -> DrillAnswer:
    return DrillAnswer(id=state.id, outcome=outcome)


def test_the_way_of_a_call() -> None:
    """Asked, open after the measured time, confirmed with the seconds between; the first time stays."""
    seen = answered(CALL, OPEN, 0.31)
    assert (seen.stage, seen.case, seen.took_s, seen.problem) == (DrillStage.OPEN, "C-1", 0.31, None)
    seen = answered(seen, CONFIRMED, 9.0)
    assert (seen.stage, seen.took_s, seen.confirmed_s) == (DrillStage.CONFIRMED, 0.31, 7.0)
    assert answered(seen, OPEN, 10.0) == seen


@pytest.mark.parametrize("outcome", [DrillOutcome.NO_POINT, DrillOutcome.NO_FACILITY, DrillOutcome.TOO_OLD])
def test_what_cannot_be_says_so_in_both_languages(outcome: DrillOutcome) -> None:
    """A refusal names the point and what to do."""
    seen = answered(CALL, answer_to(CALL, outcome), 1.0)
    assert seen.stage is DrillStage.REFUSED
    assert seen.problem is not None
    assert seen.problem.zh
    assert seen.problem.en
    assert seen.problem.zh != seen.problem.en


def test_a_case_without_anybody_is_said() -> None:
    """An unstaffed cell is not silence: the case is there and the technician reads that nobody gets it."""
    nobody = replace(OPEN, recipients=(replace(WHO, zh="", en=""),))
    seen = answered(CALL, nobody, 1.0)
    assert seen.stage is DrillStage.OPEN
    assert seen.problem is not None
    assert "nobody" in seen.problem.en


def test_silence_has_an_end_and_an_open_case_is_asked_about_as_long_as_it_can_live() -> None:
    """Without an answer the call gives up after its patience; repetitions slow down and stop."""
    assert silent(CALL, PATIENCE_S - 0.1) == CALL
    assert silent(CALL, PATIENCE_S).stage is DrillStage.UNANSWERED
    assert pause_s(CALL, 0, 0.0) == 0.0
    assert [pause_s(CALL, sent, 1.0) for sent in (1, 2, 3, 4, 9)] == [1, 2, 4, 5, 5]
    opened = answered(CALL, OPEN, 1.0)
    assert pause_s(opened, 5, 10.0) == 2
    assert pause_s(opened, 50, 600.0) == 10
    assert pause_s(opened, 500, LIVES_S) is None


@given(st.lists(st.sampled_from([OPEN, CONFIRMED, answer_to(CALL, DrillOutcome.TOO_OLD)]), max_size=8))
def test_what_has_ended_stays_whatever_comes_late(answers: list[DrillAnswer]) -> None:
    """In any order of answers, once ended it is ended; another call's answer changes nothing."""
    state = CALL
    for answer in answers:
        after = answered(state, answer, 1.0)
        assert answered(after, replace(answer, id="somebody-else"), 1.0) == after
        if state.stage in ENDED:
            assert after == state
        state = after


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"0123456789abcdef","point":"a/b","age_s":1%s}' % ("0" * 400),
        '{"id":"0123456789abcdef","point":"a/b","age_s":1e999}',
        '{"id":"0123456789abcdef","point":"a/\\udfff","age_s":1}',
    ],
    ids=["four hundred digits", "infinite", "half a character"],
)
def test_a_call_that_nothing_can_take_is_refused(text: str) -> None:
    """It would have ended the step that answers all gateways."""
    with pytest.raises(Refused):
        decode_call(text)


@given(st.text(max_size=60), st.floats(0, 1e8))
def test_calls_and_answers_come_back_as_they_were(metric: str, age_s: float) -> None:
    """What goes out is read as it was; what is none is refused and nothing else is raised."""
    call = DrillCall(id=CALL.id, metric=metric or "a/b", age_s=round(age_s, 1))
    assert decode_call(encode_call(call)) == call
    assert decode_answer(encode_answer(CONFIRMED)) == CONFIRMED
    for decode in (decode_call, decode_answer):
        with pytest.raises(Refused):
            decode(metric)


class Line:
    """A gateway's session that can be cut, and a host that answers when told to."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.drills = Drills(self.clock)
        self.sent: asyncio.Queue[DrillCall] = asyncio.Queue()
        self.online = True
        self.drills.tell = self._tell
        self.drills.online = lambda: self.online
        self.drills.reads = lambda metric: metric == CALL.metric

    def _tell(self, metrics: object) -> None:
        for metric in metrics:  # type: ignore[attr-defined]
            assert isinstance(metric, NodeMetric)
            self.sent.put_nowait(decode_call(str(metric.value)))


async def test_a_call_is_sent_once_however_often_it_is_asked_for() -> None:
    """The same id goes on where it stands; a second asker waits for the same answer."""
    line = Line()
    running = asyncio.create_task(line.drills.run())
    try:
        assert (await line.drills.call(CALL)).stage is DrillStage.ASKED
        assert (await line.drills.call(CALL)).stage is DrillStage.ASKED
        assert (await line.sent.get()).id == CALL.id
        looking = [asyncio.create_task(line.drills.look(CALL, 30.0)) for _ in range(2)]
        line.drills.hear(encode_answer(OPEN))
        assert {(await one).case for one in looking} == {"C-1"}
        assert line.sent.empty()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_stops_a_call_is_said_at_once_and_can_be_asked_again() -> None:
    """No connection and a point that is not read; once that is mended the same call goes out."""
    line = Line()
    line.online = False
    state = await line.drills.call(CALL)
    assert state.stage is DrillStage.OFFLINE
    strange = await line.drills.call(replace(CALL, id="another-call", metric="x/y"))
    assert (strange.stage, line.sent.empty()) == (DrillStage.REFUSED, True)
    line.online = True
    assert (await line.drills.call(state)).stage is DrillStage.ASKED


async def test_a_gateway_that_was_started_again_takes_an_open_call_up() -> None:
    """The session knows the case, the process does not: looking at it goes on asking."""
    line = Line()
    known = answered(CALL, OPEN, 0.3)
    assert (await line.drills.look(known, 0.0)).stage in WAITING
    line.drills.hear(encode_answer(CONFIRMED))
    ended = await line.drills.look(known, 0.0)
    assert (ended.stage, ended.took_s) == (DrillStage.CONFIRMED, 0.3)


async def test_through_the_door_as_within_the_process(tmp_path: Path) -> None:
    """A site command is answered like the page, also where the folder's name is longer than a socket's may be."""
    line, folder = Line(), tmp_path / ("long" * 30)
    folder.mkdir()
    path = folder / "gw.sock"
    with pytest.raises(Unavailable):
        await LocalPost(path).call(CALL)
    serving = asyncio.create_task(serve(line.drills, path))
    sending = asyncio.create_task(line.drills.run())
    seen: asyncio.Queue[DrillState] = asyncio.Queue()

    try:
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(path.exists):
                continue
            following = asyncio.create_task(follow(LocalPost(path), CALL, seen.put, line.clock))
            await line.sent.get()
            assert path.stat().st_mode & 0o077 == 0
            line.drills.hear(encode_answer(OPEN))
            assert (await seen.get()).stage is DrillStage.OPEN
            line.drills.hear(encode_answer(CONFIRMED))
            assert (await following).stage is DrillStage.CONFIRMED
    finally:
        for task in (serving, sending):
            task.cancel()
        await asyncio.gather(serving, sending, return_exceptions=True)
    assert not path.exists()
