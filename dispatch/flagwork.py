"""Flags inside a transaction: raised, moved, lowered, and which of them keep an alarm silent.

A flag is a row of its own, for one alarm, a rule at a facility, or a whole facility. What an alarm shows of its flags
(``shelved_until_ms``, ``suppressed``, ``out_of_service``) is worked out from the rows that cover it and kept on its own
row, so that lists need no join; ``marks`` is the one place where that is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmKind, AlarmState, Severity
from core.cases import THE_SYSTEM, Actor
from core.flags import FlagEvent, FlagKind, FlagState
from core.lifecycle import next_flag
from dispatch import tables
from dispatch.parts import in_parts
from dispatch.policy import Policy

WORST_FIRST = (FlagKind.OUT_OF_SERVICE, FlagKind.SUPPRESSED, FlagKind.SHELVED)
"""The order in which flags are named where there is room for one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How much a flag covers; empty ids mean all of them."""

    facility: int
    community: int
    rule_id: str = ""
    alarm_id: str = ""


class FlagWork:
    """All that happens to flag rows in one transaction."""

    def __init__(self, connection: sa.Connection, policy: Policy, now_ms: int) -> None:
        """Work on ``connection`` at ``now_ms``."""
        self._connection = connection
        self._policy = policy
        self._now_ms = now_ms
        self._standing: dict[int, Sequence[Any]] = {}

    # --- what stands --------------------------------------------------------------------------------------------

    def covering(self, alarm: Any) -> list[Any]:
        """The standing flags that keep an alarm silent."""
        return silencing(self._of(alarm.facility), alarm)

    def shelves(self, alarm: Any) -> list[Any]:
        """The standing shelves that reach an alarm, also those that it has grown too bad for."""
        shelved = [flag for flag in self._of(alarm.facility) if flag.kind == FlagKind.SHELVED]
        return [flag for flag in shelved if _reaches(flag, alarm)]

    def marks(self, alarm: Any) -> dict[str, object]:
        """What an alarm shows of its flags now, as columns of its row."""
        flags = self.covering(alarm)
        shelved = [flag for flag in flags if flag.kind == FlagKind.SHELVED]
        last = max(shelved, key=lambda flag: (flag.until_ms or 0, flag.number), default=None)
        return {
            "shelved_until_ms": last.until_ms if last is not None else None,
            "shelve_reason": last.reason if last is not None else "",
            "suppressed": any(flag.kind == FlagKind.SUPPRESSED for flag in flags),
            "out_of_service": any(flag.kind == FlagKind.OUT_OF_SERVICE for flag in flags),
        }

    def affected(self, flag: Any) -> Sequence[Any]:
        """Alarms that a flag covers, or covered, and to which that means something: not at rest, or marked already."""
        table = tables.alarm
        where = [table.c.facility == flag.facility, ~table.c.retracted, table.c.merged_into == ""]
        where.append(table.c.kind != AlarmKind.TEST.value)
        if flag.rule_id:
            where.append(table.c.rule_id == flag.rule_id)
        if flag.alarm_id:
            where.append(table.c.alarm_id == flag.alarm_id)
        query = sa.select(table).where(*where, matters_clause()).order_by(table.c.start_ms, table.c.alarm_id)
        return self._connection.execute(query).all()

    def flagged(self, number: int) -> str:
        """The kind of flag to be named first of those over the alarms of a case that are not at rest."""
        table = tables.alarm
        stirs = sa.or_(table.c.active, table.c.state != AlarmState.NORMAL.value)
        query = sa.select(table).where(table.c.case == number, ~table.c.retracted, table.c.merged_into == "", stirs)
        shown = {
            kind for alarm in self._connection.execute(query.where(silent_clause())) for kind in flags_shown(alarm)
        }
        return next((kind.value for kind in WORST_FIRST if kind in shown), "")

    def standing(self, *where: sa.ColumnElement[bool]) -> Sequence[Any]:
        """Flags that stand and meet a condition, oldest first."""
        table = tables.flag
        query = sa.select(table).where(table.c.ended_ms.is_(None), *where).order_by(table.c.number)
        return self._connection.execute(query).all()

    def due(self) -> Sequence[Any]:
        """Flags at which the clock must look now."""
        return self.standing(tables.flag.c.due_ms <= self._now_ms)

    # --- steps --------------------------------------------------------------------------------------------------

    def raised(
        self,
        kind: FlagKind,
        reach: Reach,
        *,
        reason: str,
        actor: Actor = THE_SYSTEM,
        until_ms: int | None = None,
        cause: str = "",
        ref: str = "",
        severity: Severity = Severity.CRITICAL,
    ) -> Any:
        """Raise a flag, or move the end of the one that stands for the same; the row."""
        table = tables.flag
        key = {
            "kind": kind.value,
            "facility": reach.facility,
            "rule_id": reach.rule_id,
            "alarm_id": reach.alarm_id,
            "cause": cause,
            "ref": ref,
        }
        found = self.standing(*(table.c[name] == value for name, value in key.items()))
        values: dict[str, object] = {
            "reason": reason[:1000],
            "actor": actor.login,
            "person": actor.person,
            "until_ms": until_ms,
            "due_ms": until_ms,
            "severity": severity.value,
        }
        if found:
            return self._moved(found[0], values, actor, reason)
        state = next_flag(kind, FlagState.DOWN, FlagEvent.RAISE)
        assert state is not None
        values |= key | {"state": state.value, "community": reach.community, "set_ms": self._now_ms, "ended_ms": None}
        row = self._connection.execute(sa.insert(table).returning(table), values).one()
        self._note(row, FlagEvent.RAISE.value, FlagState.DOWN.value, actor, reason)
        self._standing.pop(reach.facility, None)
        return row

    def extended(self, flag: Any, until_ms: int, actor: Actor, reason: str) -> Any:
        """Move the end of a standing flag; its own reason stays."""
        return self._moved(flag, {"until_ms": until_ms, "due_ms": until_ms}, actor, reason)

    def ended(self, flag: Any, event: FlagEvent, actor: Actor = THE_SYSTEM, reason: str = "") -> Any:
        """Lower a flag, or let its time come; the row, which stands no longer unless the table says so."""
        state = next_flag(FlagKind(flag.kind), FlagState(flag.state), event)
        if state is FlagState.DOWN:
            over = {"state": state.value, "ended_ms": self._now_ms, "due_ms": None}
            return self._updated(flag, event.value, actor, reason, over)
        due_ms = self._now_ms + self._policy.remind_every_ms
        if state is None:  # overdue already: one more reminder
            return self._updated(flag, "reminded", actor, reason, {"due_ms": due_ms})
        return self._updated(flag, event.value, actor, reason, {"state": state.value, "due_ms": due_ms})

    def remember(self, facilities: Iterable[int]) -> None:
        """Ask for the standing flags of many facilities at once."""
        for part in in_parts(sorted(set(facilities) - self._standing.keys())):
            found: dict[int, list[Any]] = {}
            for flag in self.standing(tables.flag.c.facility.in_(part)):
                found.setdefault(flag.facility, []).append(flag)
            self._standing.update((facility, found.get(facility, [])) for facility in part)

    # --- inside -------------------------------------------------------------------------------------------------

    def _of(self, facility: int) -> Sequence[Any]:
        if facility not in self._standing:
            self._standing[facility] = self.standing(tables.flag.c.facility == facility)
        return self._standing[facility]

    def _moved(self, flag: Any, values: Mapping[str, object], actor: Actor, reason: str) -> Any:
        """The same flag with other values; nothing is written down where nothing differs."""
        state = next_flag(FlagKind(flag.kind), FlagState(flag.state), FlagEvent.EXTEND) or FlagState(flag.state)
        if all(getattr(flag, name) == value for name, value in values.items() if name != "due_ms"):
            return flag
        return self._updated(flag, FlagEvent.EXTEND.value, actor, reason, {"state": state.value, **values})

    def _updated(self, flag: Any, event: str, actor: Actor, reason: str, values: Mapping[str, object]) -> Any:
        table = tables.flag
        query = sa.update(table).where(table.c.number == sa.bindparam("row_number")).returning(table)
        row = self._connection.execute(query, {"row_number": flag.number, **values}).one()
        self._note(row, event, flag.state, actor, reason)
        self._standing.pop(flag.facility, None)
        return row

    def _note(self, flag: Any, event: str, from_state: str, actor: Actor, reason: str) -> None:
        values = {
            "flag": flag.number,
            "at_ms": self._now_ms,
            "actor": actor.login,
            "person": actor.person,
            "event": event,
            "from_state": from_state,
            "to_state": flag.state,
            "until_ms": flag.until_ms,
            "note": reason[:1000],
        }
        self._connection.execute(sa.insert(tables.flag_history), values)


def silencing(standing: Iterable[Any], alarm: Any) -> list[Any]:
    """Those of its facility's standing flags that keep an alarm silent; a test alarm goes its way whatever stands."""
    if alarm.kind == AlarmKind.TEST.value:
        return []
    return [flag for flag in standing if covers(flag, alarm)]


def covers(flag: Any, alarm: Any) -> bool:
    """Whether a standing flag of the alarm's facility keeps it silent; what is worse than it was meant for speaks."""
    return _reaches(flag, alarm) and (flag.kind == FlagKind.OUT_OF_SERVICE or alarm.severity <= flag.severity)


def _reaches(flag: Any, alarm: Any) -> bool:
    return flag.rule_id in ("", alarm.rule_id) and flag.alarm_id in ("", alarm.alarm_id)


SHOWN: Mapping[FlagKind, sa.ColumnElement[bool]] = {
    FlagKind.SHELVED: tables.alarm.c.shelved_until_ms.is_not(None),
    FlagKind.SUPPRESSED: tables.alarm.c.suppressed,
    FlagKind.OUT_OF_SERVICE: tables.alarm.c.out_of_service,
}
"""In SQL, that an alarm's row shows a flag of a kind."""


def silent_clause() -> sa.ColumnElement[bool]:
    """In SQL, that a flag stands at an alarm's row: ``is_silent``."""
    return sa.or_(*SHOWN.values())


def matters_clause() -> sa.ColumnElement[bool]:
    """In SQL, that an alarm is not at rest, or silent; the index on activity and state spares the long past."""
    table = tables.alarm
    return sa.or_(table.c.active, table.c.state != AlarmState.NORMAL.value, silent_clause())


def is_silent(alarm: Any) -> bool:
    """Whether a flag stands at an alarm's row."""
    return bool(flags_shown(alarm))


def flags_shown(alarm: Any) -> list[FlagKind]:
    """The kinds of flags that an alarm's row shows, the one to be named first in front."""
    shown = {
        FlagKind.OUT_OF_SERVICE: alarm.out_of_service,
        FlagKind.SUPPRESSED: alarm.suppressed,
        FlagKind.SHELVED: alarm.shelved_until_ms is not None,
    }
    return [kind for kind in WORST_FIRST if shown[kind]]
