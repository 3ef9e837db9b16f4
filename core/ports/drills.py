"""Test alarms as the core process opens them: one open test case a facility, the same call answered alike for ever."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.cases import TaskKind
from core.places import Grid


class DrillEnd(StrEnum):
    """How a test case has ended."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    """Nobody confirmed it in time."""
    CANCELLED = "cancelled"
    """By a supervisor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillPost:
    """One task of a test case.

    Attributes:
        person: registry number of whose queue it is in; None if there is nobody.
        kind, grid: what the task asks for, of which grid.
        confirmed_ms: when that person confirmed it, None until then.
    """

    person: int | None
    kind: TaskKind
    grid: Grid
    confirmed_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Drill:
    """A test case as it stands.

    Attributes:
        number, code: of the case.
        joined: another call had opened the case; this one takes part in it.
        opened_ms: when the case was opened.
        ended_ms, end: None while it is open.
        posts: its tasks, the handling one first.
    """

    number: int
    code: str
    joined: bool
    opened_ms: int
    ended_ms: int | None
    end: DrillEnd | None
    posts: tuple[DrillPost, ...]


class DrillBook(Protocol):
    """Where test cases are opened. Methods raise ``core.errors.Unavailable`` if the database does not answer."""

    def find(self, alarm_id: str) -> Drill | None:
        """The test case that this call opened or joined; None if it was never called."""
        ...

    def open(self, alarm_id: str, facility: int, rule_id: str, now_ms: int) -> Drill:
        """Open a test case, or join the open one of the facility; what was called before is only looked up.

        Args:
            alarm_id: of the call, the same whenever it is repeated.
            facility: registry number.
            rule_id: the rule whose alarms go the way that is tested; empty: none is known.
            now_ms: wall clock.
        """
        ...
