"""Flags and the audit of alarms as pages see them, and what people do with alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.alarms import Severity
from core.cases import Actor
from core.flags import FlagKind, FlagScope, FlagState
from core.ports.registry import Page, PageRequest

if TYPE_CHECKING:
    from core.ports.cases import AlarmFilter, AlarmRow


@dataclass(frozen=True, kw_only=True, slots=True)
class FlagRow:
    """What keeps alarms silent, or kept.

    Attributes:
        number: running number.
        scope: how much it covers; rule_id, alarm_id: empty where it covers all of them.
        cause: for suppression by design which logic; ref: what stands for it; else empty.
        severity: of the alarm it was shelved for.
        actor: username, or ``system``; person: registry number.
        until_ms: end of shelving, planned end out of service; ``None``: when the logic says so.
        ended_ms: ``None`` while it stands.
    """

    number: int
    kind: FlagKind
    state: FlagState
    scope: FlagScope
    community: int
    facility: int
    rule_id: str
    alarm_id: str
    cause: str
    ref: str
    severity: Severity
    reason: str
    actor: str
    person: int | None
    set_ms: int
    until_ms: int | None
    ended_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FlagStep:
    """One step of a flag: who, when, from where to where, until when, why. Never changed, never removed."""

    at_ms: int
    actor: str
    person: int | None
    event: str
    from_state: FlagState
    to_state: FlagState
    until_ms: int | None
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FlagDetail:
    """A flag with its history."""

    flag: FlagRow
    steps: tuple[FlagStep, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FlagFilter:
    """Which flags; empty fields do not restrict. ``standing``: True those that stand, False those that have ended."""

    communities: frozenset[int] | None = None
    facility: int | None = None
    kinds: frozenset[FlagKind] = frozenset()
    standing: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmCounts:
    """How many alarms there are of each list, and flags beside them.

    Attributes:
        attention: annunciated; active: on now; unacknowledged: nobody has seen them, and no flag stands.
        shelved, suppressed, out_of_service: alarms under such a flag.
        flags_shelved, flags_out_of_service: flags that stand, also over what is not in alarm.
        overdue: out of service beyond the planned end.
    """

    attention: int
    active: int
    unacknowledged: int
    shelved: int
    suppressed: int
    out_of_service: int
    flags_shelved: int
    flags_out_of_service: int
    overdue: int


class FlagQueries(Protocol):
    """Reading. Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def flags(self, where: FlagFilter, page: PageRequest) -> Page[FlagRow]:
        """Flags, newest first."""
        ...

    def flag(self, number: int, communities: frozenset[int] | None = None) -> FlagDetail | None:
        """One flag with its history."""
        ...

    def alarm_counts(self, where: AlarmFilter) -> AlarmCounts:
        """Counts within a filter by community, facility and severity."""
        ...


class AlarmCommands(Protocol):
    """What people do with alarms; each call is one transaction with history and feed.

    Methods raise ``UnknownItem``, ``Conflict``, ``Invalid`` for a missing reason or an end that is none, or
    ``Unavailable``. While a flag stands an alarm can be neither acknowledged nor reset (``Conflict("silent")``).
    """

    def acknowledge(self, alarm_id: str, actor: Actor, now_ms: int, note: str = "") -> AlarmRow:
        """Somebody has seen the alarm; it says nothing about who works on it. Twice is once; a new note is kept."""
        ...

    def reset(self, alarm_id: str, actor: Actor, now_ms: int, note: str = "") -> AlarmRow:
        """Release a latched, acknowledged alarm."""
        ...

    def comment(self, alarm_id: str, actor: Actor, text: str, now_ms: int) -> AlarmRow:
        """Write something beside an alarm; the same by the same person right after is written once."""
        ...

    def shelve(
        self,
        alarm_id: str,
        actor: Actor,
        until_ms: int,
        reason: str,
        now_ms: int,
        scope: FlagScope = FlagScope.RULE,
    ) -> AlarmRow:
        """Silence for a time: at most 8 h, high 1 h, critical never; the alarm, or its rule at its facility."""
        ...

    def unshelve(self, alarm_id: str, actor: Actor, now_ms: int, reason: str = "") -> AlarmRow:
        """End the silence early."""
        ...

    def take_out(
        self, alarm_id: str, actor: Actor, until_ms: int, reason: str, now_ms: int, scope: FlagScope = FlagScope.RULE
    ) -> FlagRow:
        """Take an alarm, its rule at its facility, or the whole facility out of service, with a planned end."""
        ...

    def take_out_facility(self, facility: int, actor: Actor, until_ms: int, reason: str, now_ms: int) -> FlagRow:
        """Take a facility out of service, whether it is in alarm or not."""
        ...

    def extend(self, flag: int, actor: Actor, until_ms: int, reason: str, now_ms: int) -> FlagRow:
        """Move the planned end of what is out of service."""
        ...

    def put_back(self, flag: int, actor: Actor, reason: str, now_ms: int) -> FlagRow:
        """Return to service; what is still on is annunciated. What is in service already stays so."""
        ...
