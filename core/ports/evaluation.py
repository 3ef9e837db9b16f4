"""How well cases are dealt with, in the manner of GB/T 30428.4: facts in, counts out; every share with its counts.

What counts when stands in ``docs/evaluation.md``: each thing is counted once, in the span in which it was decided, so
that months add up to a year and parts to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.cases import Action
from core.intake import SourceKind
from core.places import Grid
from core.revisits import RevisitAnswer
from core.stages import Stage


class Indicator(StrEnum):
    """What is counted: *part* of *whole*."""

    FILED_IN_TIME = "filed_in_time"
    """Cases opened soon after what they are about began, of cases opened (按时立案)."""
    DISPATCHED_IN_TIME = "dispatched_in_time"
    """Cases whose worker was told without being put off, of cases opened (按期派遣)."""
    DISPATCHED_RIGHT = "dispatched_right"
    """Repairs that nobody gave back or passed on before they were reported, of repairs reported (准确派遣)."""
    ACCEPTED_IN_TIME = "accepted_in_time"
    ARRIVED_IN_TIME = "arrived_in_time"
    HANDLED_IN_TIME = "handled_in_time"
    """按期处置."""
    VERIFIED_IN_TIME = "verified_in_time"
    """按期核查."""
    REWORK = "rework"
    """Repairs rejected, of repairs judged (返工)."""
    FALSE_ALARM = "false_alarm"
    """Reports that nothing was wrong, of reports on cases that alarms opened."""
    RETURNED = "returned"
    """Tasks given back, of tasks taken and given back (回退)."""
    REVISITED = "revisited"
    """Revisits that somebody answered, of those that ended (回访)."""
    SOLVED = "solved"
    """Answers that it is solved, of answers (解决率)."""
    SATISFIED = "satisfied"
    """Answers of 4 or 5, of answers (满意率)."""


SCORES = 5
"""Satisfaction is answered from 1 to this."""
CONTENT_FROM = 4
"""Who answers this or more is satisfied."""
LESS_IS_BETTER = frozenset({Indicator.REWORK, Indicator.FALSE_ALARM, Indicator.RETURNED})


class Part(StrEnum):
    """By what it is counted."""

    COMMUNITY = "community"
    CELL = "cell"
    WORKER = "worker"
    DEPARTMENT = "department"
    """Who employs the worker; empty: the community."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFact:
    """A case.

    Attributes:
        cell: of its handling task; empty: not known.
        skill: asked of who repairs; empty: any.
        begun_ms: when its condition had held long enough, or it was reported; ``None``: not known.
        opened_ms, told_ms: when it was filed, and when its first worker was told; wanted_ms: when they would have been,
            had they had room; ``None``: not told yet.
        looked_ms: when somebody first took it up; ended_ms: when it ended; ``None``: not yet.
        excused: an appeal was upheld.
    """

    number: int
    community: int
    cell: str
    skill: str
    opened_ms: int
    begun_ms: int | None = None
    wanted_ms: int | None = None
    told_ms: int | None = None
    looked_ms: int | None = None
    ended_ms: int | None = None
    excused: bool = False
    source: SourceKind = SourceKind.ALARM


@dataclass(frozen=True, kw_only=True, slots=True)
class StageFact:
    """One run of a stage's clock; ``person``: who ended it, or whose it is; ``None``: the system, or nobody."""

    case: int
    stage: Stage
    person: int | None
    limit_ms: int
    ended_ms: int | None = None
    ended_by: str = ""
    paused_ms: int | None = None
    """Since when it stands still."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFact:
    """A step of a task that tells something; ``person``: who took it, of a judgement whose repair it was."""

    case: int
    action: Action
    person: int | None
    at_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFact:
    """A task that was announced to somebody.

    Attributes:
        owner: who; told_ms: when.
        unskilled: people whom routing passed over only because they lack the skill.
    """

    case: int
    owner: int
    told_ms: int
    unskilled: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFact:
    """A report of handling; ``passed_on``: the case was returned or transferred before it."""

    case: int
    person: int | None
    at_ms: int
    false_alarm: bool = False
    passed_on: bool = False
    labour_min: int = 0
    spent_fen: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BlindFact:
    """Time in which a facility's sensor said nothing; ``to_ms`` ``None``: still."""

    community: int
    cell: str
    from_ms: int
    to_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisitFact:
    """A revisit that ended: answered, or nobody was reached or answered in time.

    Attributes:
        cell: of the case's handling task; empty: not known.
        person: who repaired; ``None``: nobody of ours.
        at_ms: when it ended.
        answer: what was said, its comment left out; ``None``: nothing.
    """

    community: int
    cell: str
    person: int | None
    at_ms: int
    answer: RevisitAnswer | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerFact:
    """Somebody who works."""

    person: int
    grid: Grid | None = None
    department: str = ""
    skills: frozenset[str] = frozenset()
    communities: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that is evaluated, of a span [from, to) as it is known at ``known_ms``."""

    from_ms: int
    to_ms: int
    known_ms: int
    cases: Sequence[CaseFact] = ()
    stages: Sequence[StageFact] = ()
    steps: Sequence[StepFact] = ()
    tasks: Sequence[TaskFact] = ()
    reports: Sequence[ReportFact] = ()
    blind: Sequence[BlindFact] = ()
    revisits: Sequence[RevisitFact] = ()
    workers: Mapping[int, WorkerFact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """``part`` of ``whole``; ``excused``: of what speaks against somebody, what an appeal has excused."""

    part: int = 0
    whole: int = 0
    excused: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(self.part + other.part, self.whole + other.whole, self.excused + other.excused)


class Standing(StrEnum):
    """A share beside that of peers with a like load."""

    FEW = "few"
    """Too few to say."""
    ALONE = "alone"
    """Nobody, or too few, have a like load."""
    LIKE = "like"
    """Not told apart from its peers."""
    BETTER = "better"
    WORSE = "worse"


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A tally as a share.

    Attributes:
        value: ``None`` if there was nothing to count.
        low, high: Wilson's interval, 95 %.
        peers: of all peers together; ``None`` without peers.
    """

    indicator: Indicator
    tally: Tally
    value: float | None
    low: float
    high: float
    standing: Standing
    peers: Tally | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One part, or the whole.

    Attributes:
        key: number of a community or person as text, code of a cell or department; empty: not known, or the system.
        cases: opened; ended: ended in the span; tasks: announced; load: tasks per person who works there.
        labour_min, spent_fen: of what was reported.
        waited_ms: all time in the span during which something was wrong and nobody had taken it up.
        blind_ms: all time in the span during which a sensor said nothing.
        scores: answers of 1, 2, 3, 4 and 5 to how content people are.
    """

    key: str
    cases: int
    ended: int
    tasks: int
    load: float
    labour_min: int
    spent_fen: int
    waited_ms: int
    blind_ms: int
    shares: Sequence[Share]
    scores: Sequence[int] = (0,) * SCORES


class TrainingReason(StrEnum):
    """Why training would help."""

    REWORK = "rework"
    RETURNED = "returned"
    LACKING = "lacking"
    """Passed over again and again, only for lack of the skill."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """Whom training in a skill would help.

    Attributes:
        own: rejected of judged repairs, or given back of taken tasks; of a lack: passed over, of tasks looked at.
        peers: the same of everybody else with that skill.
        saved: how many fewer there would have been at the peers' share; of a lack: how many tasks were lost.
    """

    person: int
    skill: str
    reason: TrainingReason
    own: Tally
    peers: Tally
    saved: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """The evaluation of a span."""

    from_ms: int
    to_ms: int
    known_ms: int
    whole: Line
    parts: Mapping[Part, Sequence[Line]]
    trainings: Sequence[Training]


class Evaluations(Protocol):
    """Makes it."""

    def evaluate(self, from_ms: int, to_ms: int, now_ms: int, communities: frozenset[int] | None = None) -> Evaluation:
        """The evaluation of a span; ``None`` is every community.

        Raises:
            core.errors.Unavailable: if the database does not answer.
        """
        ...
