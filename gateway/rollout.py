"""The life of a pushed configuration, as a table: on trial, then confirmed or put back. No I/O, no clock.

============ ============= ============
state        event         next
============ ============= ============
running      accepted      trial
confirmed    accepted      trial
rolled-back  accepted      trial
trial        proven        confirmed
trial        failed        rolled-back
trial        started       rolled-back
any other    started       the same
any          own file      running
============ ============= ============

*started* is the start of the process: whoever finds a trial then was killed during it, and does not try again. *own
file* means that somebody changed the device part of the gateway's own file since the last push (the person on site has
the last word), or that the kept text cannot be used any more. What is proven is never overwritten; a trial only stands
beside it, so every step back is one write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from core.sparkplug.configuration import Answer, Outcome

DEFAULT_PROBATION_S = 120.0
SETTLE_SHARE = 4
LONGEST_SETTLE_S = 30.0
"""A trial is not confirmed before a quarter of the probation, this long at most: a part needs time to die."""


class State(StrEnum):
    """Where the gateway stands."""

    RUNNING = "running"
    TRIAL = "trial"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled-back"


class Event(StrEnum):
    """What moves it."""

    ACCEPTED = "accepted"
    PROVEN = "proven"
    FAILED = "failed"
    STARTED = "started"
    OWN_FILE = "own-file"


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.RUNNING, Event.ACCEPTED): State.TRIAL,
    (State.CONFIRMED, Event.ACCEPTED): State.TRIAL,
    (State.ROLLED_BACK, Event.ACCEPTED): State.TRIAL,
    (State.TRIAL, Event.PROVEN): State.CONFIRMED,
    (State.TRIAL, Event.FAILED): State.ROLLED_BACK,
    (State.TRIAL, Event.STARTED): State.ROLLED_BACK,
    **{(state, Event.STARTED): state for state in State if state is not State.TRIAL},
    **{(state, Event.OWN_FILE): State.RUNNING for state in State},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A pushed configuration: the server's number for it, when it was pushed, and the hash of its text."""

    number: int
    issued_ms: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """What the state file holds.

    Attributes:
        state: see the table.
        kept: what is proven; None: the gateway's own file.
        trial: what is on trial.
        own_sha256: hash of what the own file's device part said when the last push was accepted.
        answer: to the last push that was tried.
    """

    state: State = State.RUNNING
    kept: Version | None = None
    trial: Version | None = None
    own_sha256: str = ""
    answer: Answer | None = None

    @property
    def in_force(self) -> Version | None:
        """What runs; None: the gateway's own file."""
        return self.trial if self.state is State.TRIAL else self.kept

    @property
    def wanted(self) -> frozenset[str]:
        """The texts that must stay on the disk."""
        return frozenset(version.sha256 for version in (self.kept, self.trial) if version is not None)


class Verdict(StrEnum):
    """What a push means to a gateway in a state."""

    TRY = "try"
    UNCHANGED = "unchanged"
    REPEATED = "repeated"
    BUSY = "busy"
    STALE = "stale"


def verdict(rollout: Rollout, pushed: Version, *, says_the_same: bool) -> Verdict:
    """What to do about a push.

    Args:
        rollout: how things stand.
        pushed: what was pushed.
        says_the_same: it says what runs now.
    """
    answer = rollout.answer
    if answer is not None and pushed.issued_ms < answer.issued_ms:
        return Verdict.STALE
    if answer is not None and (pushed.issued_ms, pushed.number) == (answer.issued_ms, answer.version):
        return Verdict.REPEATED
    if rollout.state is State.TRIAL:
        return Verdict.BUSY
    return Verdict.UNCHANGED if says_the_same else Verdict.TRY


def accepted(rollout: Rollout, pushed: Version, own_sha256: str) -> Rollout:
    """The push is put on trial.

    Raises:
        KeyError: if a trial runs already.
    """
    answer = Answer(version=pushed.number, issued_ms=pushed.issued_ms, outcome=Outcome.TRIAL)
    state = TRANSITIONS[rollout.state, Event.ACCEPTED]
    return replace(rollout, state=state, trial=pushed, own_sha256=own_sha256, answer=answer)


def proven(rollout: Rollout) -> Rollout:
    """The trial has shown that it works.

    Raises:
        KeyError: if there is none.
    """
    state = TRANSITIONS[rollout.state, Event.PROVEN]
    return replace(rollout, state=state, kept=rollout.trial, trial=None, answer=_ended(rollout, Outcome.CONFIRMED, {}))


def failed(rollout: Rollout, reason: Mapping[str, str]) -> Rollout:
    """The trial has not; what was proven before is in force again.

    Raises:
        KeyError: if there is none.
    """
    state = TRANSITIONS[rollout.state, Event.FAILED]
    return replace(rollout, state=state, trial=None, answer=_ended(rollout, Outcome.ROLLED_BACK, reason))


def started(rollout: Rollout, own_sha256: str, reason: Mapping[str, str]) -> Rollout:
    """The process starts.

    Args:
        rollout: what the disk says.
        own_sha256: hash of the own file's device part as it is now.
        reason: why a trial that is found is put back.
    """
    found = rollout
    if found.state is State.TRIAL:
        answer = _ended(rollout, Outcome.ROLLED_BACK, reason)
        found = replace(found, state=TRANSITIONS[found.state, Event.STARTED], trial=None, answer=answer)
    if found.kept is not None and found.own_sha256 != own_sha256:
        found = replace(found, state=TRANSITIONS[found.state, Event.OWN_FILE], kept=None, own_sha256=own_sha256)
    return found


def own_file(rollout: Rollout, own_sha256: str, reason: Mapping[str, str]) -> Rollout:
    """What was kept cannot be used: the gateway's own file is in force."""
    state = TRANSITIONS[rollout.state, Event.OWN_FILE]
    answer = _ended(rollout, Outcome.ROLLED_BACK, reason)
    return Rollout(state=state, own_sha256=own_sha256, answer=answer)


def _ended(rollout: Rollout, outcome: Outcome, reason: Mapping[str, str]) -> Answer | None:
    return None if rollout.answer is None else replace(rollout.answer, outcome=outcome, reason=reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What was seen of a trial so far.

    Attributes:
        online: the uplink is connected.
        acknowledged: the host has acknowledged something since the trial began.
        expected: devices that answered before and are still to be read.
        answering: how many of them, or any devices if none was expected, have answered since.
    """

    online: bool
    acknowledged: bool
    expected: int
    answering: int


class Doubt(StrEnum):
    """What a trial has failed to show in its time."""

    OFFLINE = "offline"
    NOT_ACKNOWLEDGED = "not-acknowledged"
    SILENT = "silent"


def judge(evidence: Evidence, elapsed_s: float, probation_s: float) -> Event | Doubt | None:
    """Whether a trial is over: proven, failed for a reason, or to be watched on.

    Args:
        evidence: what was seen.
        elapsed_s: since it began.
        probation_s: how long it has at most.
    """
    doubt = _doubt(evidence)
    if doubt is None:
        return Event.PROVEN if elapsed_s >= min(probation_s / SETTLE_SHARE, LONGEST_SETTLE_S) else None
    return doubt if elapsed_s >= probation_s else None


def _doubt(evidence: Evidence) -> Doubt | None:
    if not evidence.online:
        return Doubt.OFFLINE
    if not evidence.acknowledged:
        return Doubt.NOT_ACKNOWLEDGED
    return Doubt.SILENT if evidence.expected and not evidence.answering else None
