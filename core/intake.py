"""Words for what comes in without an alarm: reports and tasks handed down, and what the gate makes of them.

Whatever somebody asks of a community is one *intake* (受理件). The gate (准入) admits it as a case, lets it join one
that is open, returns it, answers it from the case log, or leaves it to a gatekeeper.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.alarms import Severity
from core.places import Grid, Text

MOST_WORDS = 1000
MOST_ASKED_MIN = 100_000
"""Work that one task may be said to ask for, minutes."""


class SourceKind(StrEnum):
    """Where a case comes from."""

    ALARM = "alarm"
    WORKER = "worker"
    """Somebody of the two grids saw it."""
    RESIDENT = "resident"
    """Somebody who lives there, without a login."""
    DEPARTMENT = "department"
    """A task that a department hands down."""
    INSPECTION = "inspection"
    """An inspection or assessment (检查考核): it asks for reports and visits, and is counted as burden."""
    PLAN = "plan"
    """Preventive work that fell due; nobody hands it in."""


BY_THEMSELVES = frozenset({SourceKind.ALARM, SourceKind.PLAN})
"""What is no intake."""

HANDED_DOWN = frozenset({SourceKind.DEPARTMENT, SourceKind.INSPECTION})
"""What is counted as the burden of a department."""


class Verdict(StrEnum):
    """What the gate makes of an intake."""

    ADMIT = "admit"
    """A case of its own."""
    JOIN = "join"
    """It is about what an open case is about."""
    RETURN = "return"
    """Back to whoever asks, with the reason."""
    ANSWER = "answer"
    """What is asked stands in the case log; nobody has to go."""
    WAIT = "wait"
    """A gatekeeper decides."""


class Reason(StrEnum):
    """Why the gate decided so; ``dispatch.intake_findings`` has the sentences."""

    FREE = "free"
    """Nothing speaks against it."""
    URGENT = "urgent"
    """Never held back."""
    SAME_FACILITY = "same_facility"
    """A case of that event is open at that facility."""
    NEAR = "near"
    """A case of that event is open close by, since not long ago."""
    LIKELY = "likely"
    """An open case may be about the same."""
    NOT_THEIR_DUTY = "not_their_duty"
    """The department must do it itself."""
    UNCLEAR_DUTY = "unclear_duty"
    IN_THE_LOG = "in_the_log"
    NO_PLACE = "no_place"
    """Neither a facility nor a place is known."""
    UNCHECKED = "unchecked"
    """A resident's word: somebody looks at it first."""
    CELL_FULL = "cell_full"
    COMMUNITY_FULL = "community_full"
    DEPARTMENT_FULL = "department_full"
    """The department has handed down as much as was agreed."""
    BY_HAND = "by_hand"
    """A gatekeeper decided."""


class Duty(StrEnum):
    """Whose work something is."""

    GRID = "grid"
    DEPARTMENT = "department"
    """Of the department itself; what is a department's duty is not pushed down (派单目录)."""
    LOG = "log"
    """Nobody's: the case log answers it."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that can be reported or asked for.

    Attributes:
        key: its name; also the family of its cases, so that a report and an alarm of one event are one case.
        say: what is wrong, or what is to be done; one clause.
        severity: of its cases.
        lead, support: the grid that handles and the one that looks and verifies.
        sources: who may report it or ask for it.
        classes: facility classes it can concern; empty: any, and what is no facility.
        duty: whose work it is where no row of its department says otherwise.
    """

    key: str
    say: Text
    severity: Severity
    lead: Grid
    support: Grid | None
    sources: frozenset[SourceKind]
    classes: frozenset[str] = frozenset()
    duty: Duty = Duty.GRID

    def concerns(self, class_id: str) -> bool:
        """Whether it can happen at a facility of that class (empty: at no facility)."""
        return not self.classes or class_id in self.classes
