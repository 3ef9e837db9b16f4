"""Stages of a case, the clocks they run on, and what goes on beside a case's state: words and small values.

The four kinds of time are those of urban grid management (GB/T 30428 as written in municipal handling tables): urgent
hours run day and night, working hours and working days in working time, natural days by the calendar of 24 h.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.cases import Deadline, DeadlineClock, DeadlineWhat
from core.places import Text


class Stage(StrEnum):
    """What a clock waits for."""

    ACCEPT = "accept"
    """From the announcement of the handling task until somebody takes it."""
    ARRIVE = "arrive"
    """From taking it until somebody is there; where a rule says by when, from the announcement."""
    HANDLE = "handle"
    """From the announcement until the repair is reported: the limit of the standards (处置时限)."""
    VERIFY = "verify"
    """From that report until the other side has judged."""


class LimitUnit(StrEnum):
    """How a limit is written."""

    URGENT_HOUR = "urgent_hour"
    """紧急工作时: day and night, holidays too."""
    WORK_HOUR = "work_hour"
    """工作时: inside working hours of working days."""
    WORK_DAY = "work_day"
    """工作日: 8 working hours."""
    NATURAL_DAY = "natural_day"
    """自然日, 天: 24 h of the clock on the wall, holidays too."""

    @property
    def hours(self) -> int:
        """Hours of its clock in one unit."""
        return _HOURS[self]

    @property
    def clock(self) -> DeadlineClock:
        """The clock that counts them."""
        continuous = self in {LimitUnit.URGENT_HOUR, LimitUnit.NATURAL_DAY}
        return DeadlineClock.CONTINUOUS if continuous else DeadlineClock.WORK


_HOURS = {LimitUnit.URGENT_HOUR: 1, LimitUnit.WORK_HOUR: 1, LimitUnit.WORK_DAY: 8, LimitUnit.NATURAL_DAY: 24}


class Basis(StrEnum):
    """Where a limit comes from."""

    RULE = "rule"
    """The rule states it."""
    STANDARD = "standard"
    """The table of limits by class and event (``dispatch/limits.yaml``)."""
    SEVERITY = "severity"
    """The default of the severity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StageLimit:
    """A limit of a stage: so many of a unit; ``standard``: the words of the standard, as far as one is known."""

    amount: float
    unit: LimitUnit
    basis: Basis = Basis.SEVERITY
    standard: Text | None = None

    def __post_init__(self) -> None:
        """Refuse limits that never or at once run out.

        Raises:
            ValueError: if it is not positive or a year or longer.
        """
        if not 0 < self.amount * self.unit.hours < 24 * 365:
            raise ValueError(f"a limit must be positive and shorter than a year, got {self.amount} {self.unit}")

    @property
    def hours(self) -> float:
        """Hours of its clock."""
        return self.amount * self.unit.hours

    def deadline(self, what: DeadlineWhat) -> Deadline:
        """The same as a deadline."""
        return Deadline(hours=self.hours, clock=self.unit.clock, what=what)


class StageLight(StrEnum):
    """How a stage stands."""

    GREEN = "green"
    AMBER = "amber"
    """80 % of the time are used."""
    RED = "red"
    """All of it, and a moment more."""


class LadderStep(StrEnum):
    """Who hears of a stage that takes long, in this order."""

    PERSON = "person"
    """Whose task it is."""
    ON_DUTY = "on_duty"
    """The next one on shift who could take it."""
    SUPERVISOR = "supervisor"
    LEADS = "leads"
    """The heads of both grids."""


class ProceedingKind(StrEnum):
    """What goes on beside a case's state."""

    EXTENSION = "extension"
    SUPERVISION = "supervision"
    APPEAL = "appeal"


class ProceedingState(StrEnum):
    """Where a proceeding stands."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    STANDING = "standing"
    ANSWERED = "answered"
    LIFTED = "lifted"
    ENDORSED = "endorsed"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"
    """Its case has ended, or was handled, before it was decided."""


OPEN_PROCEEDINGS = frozenset(
    {ProceedingState.ASKED, ProceedingState.STANDING, ProceedingState.ANSWERED, ProceedingState.ENDORSED}
)


class SupervisionLevel(StrEnum):
    """How much weight a supervision has, lightest first."""

    GENERAL = "general"
    """一般督办."""
    KEY = "key"
    """重点督办."""
    LISTED = "listed"
    """挂牌督办."""

    @property
    def rank(self) -> int:
        """0 for the lightest."""
        return list(SupervisionLevel).index(self)
