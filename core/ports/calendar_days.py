"""Single days of the site calendar that people fix: holidays and make-up days that the notice has otherwise.

Who changes a run of days sees first what each day is, what it would become, and which open limits in working time run
over it. What is written is bound to that by a mark: whoever is overtaken is told and nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.holidays import DayKind

MAX_DAYS = 366
"""A run of days is at most a year."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DaysWish:
    """What somebody wants of a run of days.

    Attributes:
        first, last: ISO dates, both included.
        kind: what the days shall be; ``None``: what the notice or the week says, own days are taken back.
    """

    first: str
    last: str
    kind: DayKind | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DayChange:
    """What a day is and becomes; ``own_before``: whether somebody had fixed it."""

    day: str
    before: DayKind
    after: DayKind
    own_before: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TouchedLimit:
    """A running limit whose time left changes: by so much, milliseconds of work, less where negative."""

    case: str
    facility: int
    stage: str
    limit_ms: int
    change_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitEffect:
    """What a change of days does to limits in working time that run now; they keep their dates.

    Attributes:
        less, more: how many have less, or more, working time left until their limit.
        first: the first of them by their limit.
    """

    less: int
    more: int
    first: Sequence[TouchedLimit]


NO_EFFECT = LimitEffect(less=0, more=0, first=())


@dataclass(frozen=True, kw_only=True, slots=True)
class DaysPreview:
    """What a wish would do.

    Attributes:
        mark: changes whenever one of these days becomes another.
        days: those that somebody's word changes; empty: all are so already.
        limits: what it does to limits that run.
    """

    mark: str
    days: Sequence[DayChange]
    limits: LimitEffect


class CalendarDays(Protocol):
    """Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def preview(self, wish: DaysWish, now_ms: int) -> DaysPreview:
        """What would change; nothing is written.

        Raises:
            Invalid: with everything that is wrong; a finding's value ``field`` is its field.
        """
        ...

    def apply(self, wish: DaysWish, mark: str, actor: str, now_ms: int) -> int:
        """Write it and return how many days changed.

        Raises:
            Invalid: as ``preview``.
            core.cases.Conflict: ``changed`` if a day is not what the preview showed.
        """
        ...
