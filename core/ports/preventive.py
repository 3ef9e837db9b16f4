"""Preventive work: plans by running hours, cycles, calendar or condition, and what is due of them.

What falls due is filed as a case like any other and goes to the same queue (``docs/preventive.md``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.alarms import Severity
from core.cases import Actor, CaseState
from core.findings import Said
from core.places import Grid, Text


class TriggerKind(StrEnum):
    """By what work falls due."""

    HOURS = "hours"
    """Running hours since it was last done."""
    CYCLES = "cycles"
    """Starts, strokes, journeys since it was last done."""
    CALENDAR = "calendar"
    """Months since it was last done."""
    CONDITION = "condition"
    """A measured value beyond a limit for so many days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """One way for a plan to fall due.

    Attributes:
        every: hours, cycles or months; of a condition days on which it must hold, one after the other.
        measurement: key of the counter, or of the value; empty for a calendar.
        above, below: limit of a condition, in the unit of its readings; exactly one of them.
    """

    kind: TriggerKind
    every: float
    measurement: str = ""
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """When work may be given out: months of the year and days of the week; empty: any.

    Attributes:
        months: 1 to 12; weekdays: 0 Monday to 6 Sunday.
    """

    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Preventive work for all facilities of a class, or for some of them.

    Attributes:
        number: 0 before it is kept; code: unique, as people know it.
        class_id: whose facilities; communities: empty: all; facilities: empty: all of the class.
        work: what is to be done, one clause.
        triggers: whichever comes first.
        lead_days: so many days before it is due it may be given out.
        limit_days: working days within which it must be done, from when it is given out.
        started_day: ISO date from which it counts where it has never been done.
        active: still wanted.
    """

    code: str
    class_id: str
    work: Text
    triggers: tuple[Trigger, ...]
    started_day: str
    communities: frozenset[int] = frozenset()
    facilities: frozenset[int] = frozenset()
    window: Window = field(default_factory=Window)
    lead_days: int = 14
    limit_days: int = 10
    severity: Severity = Severity.LOW
    lead: Grid = Grid.CONSTRUCTION
    active: bool = True
    number: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What a counter, or a condition, says of a facility since the work was last done.

    Attributes:
        amount: hours or cycles since then; of a condition days up to now on which it held, one after the other.
        a_day: hours or cycles per day lately; ``None``: too little seen.
        seen_ms: the newest good reading; ``None``: none.
    """

    amount: float
    a_day: float | None = None
    seen_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Upkeep:
    """What is known of a plan at a facility.

    Attributes:
        done_ms: when it was last done; ``None``: never.
        counted: by place of the trigger in the plan.
        open_case: of this plan; ``None``: none.
        other_case: open at the facility for another reason.
        out_of_service: the facility is.
        cancelled_ms: when somebody last cancelled a case of this plan there, since it was last done.
    """

    facility: int
    done_ms: int | None = None
    counted: Mapping[int, Counted] = field(default_factory=dict)
    open_case: int | None = None
    other_case: int | None = None
    out_of_service: bool = False
    cancelled_ms: int | None = None


class DueState(StrEnum):
    """Where work stands."""

    LATER = "later"
    READY = "ready"
    """It is to be given out now."""
    HELD = "held"
    """It would be, but for the window, a repair that is open, or because the facility is out of service."""
    OPEN = "open"
    """It is in somebody's queue."""
    BLIND = "blind"
    """Its counters say nothing, and no calendar stands in for them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DueWork:
    """A plan at a facility, now.

    Attributes:
        due_ms: when it is, or was, due, as things go; ``None``: nobody can say.
        used: share of the interval that is used; above 1: overdue.
        trigger: place in the plan of the one that decides; ``None``: none can.
        case: that is open for it.
        why: in words.
    """

    plan: int
    facility: int
    state: DueState
    due_ms: int | None
    used: float
    trigger: int | None
    case: int | None
    why: Said


_FAMILY = "plan/"


def family_of(plan: int) -> str:
    """The family of a plan's cases: one of them at a facility is open at a time."""
    return f"{_FAMILY}{plan}"


def plan_of(family: str) -> int | None:
    """The number of the plan whose cases have this family; ``None``: it is no plan's."""
    number = family.removeprefix(_FAMILY)
    return int(number) if number != family and number.isascii() and number.isdigit() else None


BETWEEN_LANGUAGES = " / "
"""Between the Chinese and the English of what is kept as one note."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneWork:
    """Work of a plan that was given out as a case, or was done elsewhere and written down.

    Attributes:
        at_ms: when it was given out, or written down; done_ms: when it was done; ``None``: not, or not yet.
        case: ``None`` where it was written down; state: of that case.
        actor: login of whoever wrote it down; note: what they wrote; why: it was given out.
    """

    plan: int
    facility: int
    at_ms: int
    done_ms: int | None
    case: int | None
    state: CaseState | None
    actor: str
    note: str
    why: Text | None


class PreventivePlans(Protocol):
    """Plans and what is due. Methods raise ``core.errors.Unavailable`` if the database does not answer."""

    def plans(self) -> Sequence[Plan]:
        """All plans, retired ones too."""
        ...

    def keep_plan(self, plan: Plan, actor: Actor, now_ms: int) -> Plan:
        """Keep a new plan (number 0), or change one.

        Raises:
            core.cases.UnknownItem: if there is no such plan.
            core.errors.Invalid: with everything that is wrong in it.
        """
        ...

    def write_down(self, plan: int, facility: int, done_ms: int, note: str, actor: Actor, now_ms: int) -> None:
        """Work that was done outside of all this: it counts from then.

        Raises:
            core.cases.UnknownItem: if there is no such plan, or it does not concern this facility.
        """
        ...

    def due(self, now_ms: int, communities: frozenset[int] | None = None, plan: int | None = None) -> Sequence[DueWork]:
        """Where the work of an active plan, or of all (``None``), stands, the most urgent first."""
        ...

    def works(self, plan: int | None, most: int, communities: frozenset[int] | None = None) -> Sequence[DoneWork]:
        """What was given out and done of a plan, or of all (``None``), the newest first, so many at most."""
        ...


class Counters(Protocol):
    """What the time series say of facilities; ``app`` joins it with the store."""

    def counted(self, facility: int, trigger: Trigger, since_ms: int, now_ms: int) -> Counted | None:
        """Of one facility since a moment; ``None`` where it has no such measurement."""
        ...
