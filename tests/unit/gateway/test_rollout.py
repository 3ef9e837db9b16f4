"""A pushed configuration is tried, kept or put back, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.sparkplug.configuration import Outcome
from gateway import rollout
from gateway.rollout import Doubt, Event, Evidence, Rollout, State, Verdict, Version

WHY = {"zh": "断电", "en": "power"}
GOOD = Evidence(online=True, acknowledged=True, expected=2, answering=1)


class Machine(RuleBasedStateMachine):
    """One gateway over its life: pushes, proofs, failures, edits on site, and a power cut between any two writes.

    The disk is what was written; the memory is lost at a cut. ``proven`` is the oracle: contents that a trial has shown
    to work, and the gateway's own file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.disk = Rollout()
        self.texts: set[str] = set()
        self.own = "own-0"
        self.memory = self.boot()
        self.proven = {""}
        self.issued = 0
        self.tried: list[tuple[int, str]] = []

    def boot(self) -> Rollout:
        self.memory = rollout.started(self.disk, self.own, WHY)
        self.write(self.memory)
        return self.memory

    def write(self, state: Rollout) -> None:
        self.disk = state
        self.texts &= set(state.wanted)

    def running(self) -> str:
        version = self.memory.in_force
        return version.sha256 if version else self.own

    @rule(content=st.sampled_from(["a", "b", "c"]), late=st.booleans(), cut=st.sampled_from(["no", "text", "state"]))
    def push(self, content: str, late: bool, cut: str) -> None:
        self.issued += 0 if late else 1
        version = Version(number=self.issued, issued_ms=self.issued, sha256=content)
        before = self.memory
        verdict = rollout.verdict(self.memory, version, says_the_same=content == self.running())
        if verdict is not Verdict.TRY:
            assert self.memory is before
            if content == self.running() and before.state is not State.TRIAL and not late:
                assert verdict is Verdict.UNCHANGED
            return
        assert content != self.running()
        assert (version.issued_ms, content) not in self.tried
        self.texts.add(content)
        if cut == "text":
            self.cut()
            return
        self.memory = rollout.accepted(self.memory, version, self.own)
        self.tried.append((version.issued_ms, content))
        self.write(self.memory)
        if cut == "state":
            self.cut()

    @precondition(lambda self: self.memory.state is State.TRIAL)
    @rule(cut=st.booleans())
    def prove(self, cut: bool) -> None:
        done = rollout.proven(self.memory)
        if cut:
            self.cut()
            return
        self.write(done)
        self.memory = done
        self.proven.add(self.running())

    @precondition(lambda self: self.memory.state is State.TRIAL)
    @rule(cut=st.booleans())
    def fail(self, cut: bool) -> None:
        self.memory = rollout.failed(self.memory, WHY)
        if cut:
            self.cut()
            return
        self.write(self.memory)

    @rule()
    def cut(self) -> None:
        self.boot()
        assert self.memory.state is not State.TRIAL

    @rule()
    def edit_on_site(self) -> None:
        self.own = f"own-{int(self.own[4:]) + 1}"
        kept = self.memory.kept is not None
        self.boot()
        assert self.memory.in_force is None or not kept

    @invariant()
    def what_runs_is_on_the_disk(self) -> None:
        version = self.memory.in_force
        assert version is None or version.sha256 in self.texts

    @invariant()
    def only_a_trial_is_unproven(self) -> None:
        if self.memory.state is not State.TRIAL:
            assert (self.memory.kept.sha256 if self.memory.kept else "") in self.proven

    @invariant()
    def a_power_cut_now_would_be_survived(self) -> None:
        found = rollout.started(self.disk, self.own, WHY)
        assert found.state is not State.TRIAL
        assert found.kept is None or (found.kept.sha256 in self.texts and found.kept.sha256 in self.proven)

    @invariant()
    def an_end_is_remembered(self) -> None:
        answer = self.memory.answer
        if self.memory.state is State.ROLLED_BACK:
            assert answer is not None
            assert (answer.outcome, answer.reason) == (Outcome.ROLLED_BACK, WHY)


TestMachine = Machine.TestCase


def test_every_pair_that_the_table_names_leads_somewhere() -> None:
    """Start and own file are met in every state; acceptance in all but a trial; proof and failure in a trial only."""
    for event, states in {
        Event.STARTED: set(State),
        Event.OWN_FILE: set(State),
        Event.ACCEPTED: set(State) - {State.TRIAL},
        Event.PROVEN: {State.TRIAL},
        Event.FAILED: {State.TRIAL},
    }.items():
        assert {state for state, its in rollout.TRANSITIONS if its is event} == states


def test_a_version_that_was_put_back_is_not_tried_again_by_a_late_copy() -> None:
    """The broker may deliver a push twice; only pushing again tries it again."""
    first = Version(number=7, issued_ms=100, sha256="a")
    over = rollout.failed(rollout.accepted(Rollout(), first, "own"), WHY)
    assert rollout.verdict(over, first, says_the_same=False) is Verdict.REPEATED
    assert rollout.verdict(over, replace(first, issued_ms=99), says_the_same=False) is Verdict.STALE
    assert rollout.verdict(over, replace(first, issued_ms=101), says_the_same=False) is Verdict.TRY


@pytest.mark.parametrize(
    ("evidence", "doubt"),
    [
        (replace(GOOD, online=False), Doubt.OFFLINE),
        (replace(GOOD, acknowledged=False), Doubt.NOT_ACKNOWLEDGED),
        (replace(GOOD, answering=0), Doubt.SILENT),
    ],
)
def test_a_trial_fails_at_the_end_of_its_time(evidence: Evidence, doubt: Doubt) -> None:
    """What is missing is waited for until the probation is over, and named then."""
    assert rollout.judge(evidence, 119.9, 120) is None
    assert rollout.judge(evidence, 120, 120) is doubt


def test_a_trial_is_not_confirmed_in_its_first_quarter() -> None:
    """A part that dies after some seconds must still be seen."""
    assert rollout.judge(GOOD, 29.9, 120) is None
    assert rollout.judge(GOOD, 30, 120) is Event.PROVEN
    assert rollout.judge(GOOD, 1, 4) is Event.PROVEN


@given(
    online=st.booleans(),
    acknowledged=st.booleans(),
    expected=st.integers(0, 3),
    answering=st.integers(0, 3),
    elapsed_s=st.floats(0, 1000),
    probation_s=st.floats(1, 500),
)
def test_a_trial_always_ends(
    online: bool, acknowledged: bool, expected: int, answering: int, elapsed_s: float, probation_s: float
) -> None:
    """Once the probation is over there is a verdict, and it is good only if nothing is missing."""
    evidence = Evidence(online=online, acknowledged=acknowledged, expected=expected, answering=answering)
    seen = rollout.judge(evidence, elapsed_s, probation_s)
    if elapsed_s >= probation_s:
        assert seen is not None
    if seen is Event.PROVEN:
        assert online
        assert acknowledged
        assert not expected or answering
