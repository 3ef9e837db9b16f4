"""The words for what keeps an alarm silent: flags beside its state, beneath which the state goes on.

Source: ANSI/ISA-18.2 (shelved, suppressed by design, out of service), OPC UA Part 9 (``SuppressedOrShelved``); the
theory stands in ``docs/alarms.md``, part 7; the table of their steps in ``core.lifecycle``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.alarms import Severity


class FlagKind(StrEnum):
    """Why an alarm is silent."""

    SHELVED = "shelved"
    """By a person, for a short time; ends by itself."""
    SUPPRESSED = "suppressed"
    """By design: logic knows that it says nothing new (a parent has failed, work is planned, a storm)."""
    OUT_OF_SERVICE = "out_of_service"
    """By permit, with a planned end; only a person ends it, and is reminded."""


class FlagState(StrEnum):
    """Where a flag stands."""

    STANDING = "standing"
    OVERDUE = "overdue"
    """Out of service beyond its planned end: it still stands, and somebody is reminded."""
    DOWN = "down"
    """It has ended; kept for the record."""


class FlagEvent(StrEnum):
    """What moves a flag."""

    RAISE = "raise"
    EXTEND = "extend"
    """Its end is moved."""
    LOWER = "lower"
    """A person, or the logic that set it, takes it away."""
    EXPIRE = "expire"
    """Its time has come."""


class FlagScope(StrEnum):
    """How much one flag keeps silent, narrowest first."""

    ALARM = "alarm"
    RULE = "rule"
    """Every alarm of a rule at a facility, also one that opens meanwhile."""
    FACILITY = "facility"


class Cause(StrEnum):
    """Which logic suppresses."""

    TOPOLOGY = "topology"
    """An element above has failed, and its own alarm says so."""
    PLANNED_WORK = "planned_work"
    STORM = "storm"
    """Many of a kind at once are one group alarm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """What some logic wants silent.

    Attributes:
        facility: registry number.
        rule_id: empty: every rule of the facility; alarm_id: empty: every alarm of the rule.
        ref: what stands for it, such as the id of the parent's alarm or of the planned work.
        reason: for people, in the log's language.
        until_ms: when it ends by itself; ``None``: when the logic says so.
        severity: what is worse than that speaks all the same.
    """

    facility: int
    rule_id: str = ""
    alarm_id: str = ""
    ref: str = ""
    reason: str = ""
    until_ms: int | None = None
    severity: Severity = Severity.CRITICAL


class SuppressionBook(Protocol):
    """How logic keeps alarms silent. Both methods are idempotent and survive a restart: what stands is in the journal.

    Raises ``core.errors.Unavailable`` if the database does not answer; nothing was changed then.
    """

    def hold(self, cause: Cause, wanted: Sequence[Suppression], now_ms: int) -> None:
        """From now on exactly ``wanted`` is suppressed for this cause: the rest of its flags fall.

        What is still on when its last flag falls is annunciated and opens its case in the same transaction.
        """
        ...

    def change(self, cause: Cause, add: Sequence[Suppression], end: Sequence[Suppression], now_ms: int) -> None:
        """The same as a difference: ``end`` falls, ``add`` stands; what is there (or gone) already stays so."""
        ...
