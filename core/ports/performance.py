"""How well the alarms themselves do: the measures of ANSI/ISA-18.2-2016 clause 16.4 and EEMUA 191 as values.

An *annunciation* is a moment at which an alarm asked for somebody's attention: it opened, came back, or fell off the
shelf while it was on. What was shelved, suppressed or out of service asked for nobody and is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from core.alarms import Severity
from core.places import Text
from core.readings import Int64s


class Verdict(StrEnum):
    """A measure beside its target."""

    OK = "ok"
    WATCH = "watch"
    ACT = "act"
    FEW = "few"
    """A share of so few alarms says nothing yet."""


class Load(StrEnum):
    """EEMUA 191: how an average of so many alarms in ten minutes is borne by one operator."""

    ACCEPTABLE = "acceptable"
    MANAGEABLE = "manageable"
    DEMANDING = "demanding"
    OVER_DEMANDING = "over_demanding"
    UNACCEPTABLE = "unacceptable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What alarms come from: a rule at a facility."""

    rule_id: str
    facility: int
    say: Text


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Annunciations:
    """All annunciations of a span as columns, in the order of time.

    Attributes:
        from_ms, to_ms: the span, wall clock.
        at_ms: int64[n], when each was annunciated.
        stop_ms: int64[n], when its condition ended; ``STILL_ON`` while it has not.
        severity: int64[n].
        source: int64[n], index into ``sources``.
        sources: where they came from.
        task_owner, task_ms: int64[m], who was given a task, and when.
    """

    from_ms: int
    to_ms: int
    at_ms: Int64s
    stop_ms: Int64s
    severity: Int64s
    source: Int64s
    sources: tuple[Source, ...]
    task_owner: Int64s
    task_ms: Int64s

    def __len__(self) -> int:
        """Number of annunciations."""
        return len(self.at_ms)


STILL_ON = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """A time in which more came than one person can answer: from more than 10 in ten minutes until fewer than 5."""

    start_ms: int
    stop_ms: int
    alarms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Delay:
    """A delay that would have kept alarms away, and how many would have been left.

    Attributes:
        seconds: ``for`` (of fleeting alarms) or ``clear_for`` (of chattering ones).
        left: annunciations of the source that would have remained.
    """

    seconds: int
    left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadband:
    """A distance between raising and clearing that would have held the alarm through its chatter.

    Attributes:
        width: in ``unit``.
        clear: value at which the alarm would clear, in ``unit``.
        left: annunciations that would have remained.
    """

    measurement: str
    unit: str
    width: float
    clear: float
    left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """One source with its share of the load.

    Attributes:
        alarms: annunciations in the span.
        share: of all annunciations.
        chattering: moments at which it came for the third time within a minute.
        fleeting: annunciations that were over in 10 s and did not return within a minute.
        hold: a ``clear_for`` that would have joined its repetitions; ``None`` if it hardly repeats.
        wait: a ``for`` that would have kept fleeting ones away; ``None`` if it has none.
        deadband: a limit for clearing that its own readings suggest; ``None`` where they suggest none.
    """

    source: Source
    severity: Severity
    alarms: int
    share: float
    chattering: int
    fleeting: int
    hold: Delay | None
    wait: Delay | None
    deadband: Deadband | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stale:
    """An alarm that has been on for more than a day."""

    source: Source
    severity: Severity
    since_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Burden:
    """What one worker was given.

    Attributes:
        person: registry number.
        tasks: in the span.
        most_a_day, most_an_hour: the heaviest day of the time zone's calendar, and the heaviest 60 minutes.
    """

    person: int
    tasks: int
    most_a_day: int
    most_an_hour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One figure beside its target."""

    key: str
    value: float
    target: float
    limit: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Performance:
    """The report.

    Attributes:
        from_ms, to_ms: the span; ISA-18.2 asks for 30 days or more.
        alarms: annunciations.
        load: EEMUA 191 class of the average.
        measures: figures beside their targets.
        by_severity: annunciations of each severity.
        by_hour: annunciations by hour of the day, 24 numbers.
        floods: the worst first.
        actors: sources with the most annunciations first.
        chattering: sources that chatter, the worst first.
        stale: alarms that are on for more than a day, oldest first.
        burdens: workers, the most burdened first.
    """

    from_ms: int
    to_ms: int
    alarms: int
    load: Load
    measures: Sequence[Measure]
    by_severity: Sequence[tuple[Severity, int]]
    by_hour: Sequence[int]
    floods: Sequence[Flood]
    actors: Sequence[Actor]
    chattering: Sequence[Actor]
    stale: Sequence[Stale]
    burdens: Sequence[Burden]


class PerformanceReports(Protocol):
    """Makes the report."""

    def report(self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None) -> Performance:
        """The measures of a span; ``None`` is every community.

        Raises:
            core.errors.Unavailable: if the journal does not answer.
        """
        ...
