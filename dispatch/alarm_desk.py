"""What people do with alarms: ``core.ports.flags.AlarmCommands`` over SQL.

Every command is one transaction: the write lock first, then the present state, then the tables of ``core.lifecycle``
decide. What is asked twice is done once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmEvent, AlarmKind, AlarmState, Severity
from core.cases import Actor, Conflict, UnknownItem
from core.errors import Invalid
from core.flags import FlagKind, FlagScope, FlagState
from core.lifecycle import next_state
from core.ports.cases import AlarmRow
from core.ports.flags import FlagRow
from core.ports.registry import RosterSource
from dispatch import findings as kinds
from dispatch import tables
from dispatch.alarmwork import AlarmWork, RuleLookup
from dispatch.database import writing
from dispatch.flagwork import Reach, flags_shown, is_silent
from dispatch.policy import Policy
from dispatch.silence import extend_flag, lower_flag, raise_flag
from dispatch.taskwork import SourceOnce
from dispatch.views import alarm_row, flag_row
from dispatch.worktime import HOUR_MS

_COMMENT = "comment"
_DAY_MS = 24 * HOUR_MS


class SqlAlarmDesk:
    """All writing about alarms by people; safe to use from several threads and processes."""

    def __init__(
        self, engine: sa.Engine, *, rules: RuleLookup, source: RosterSource, policy: Policy | None = None
    ) -> None:
        """Write to ``engine`` (prepared by ``dispatch.database.prepare``)."""
        self._engine = engine
        self._rules = rules
        self._source = source
        self._policy = policy or Policy()

    def acknowledge(self, alarm_id: str, actor: Actor, now_ms: int, note: str = "") -> AlarmRow:
        """Somebody has seen the alarm. Acknowledging what is acknowledged changes nothing; a new note is kept.

        Raises:
            Conflict: ``silent`` while a flag stands.
        """
        with self._writing(now_ms) as (connection, work):
            row = _alarm(connection, alarm_id)
            target = next_state(AlarmState(row.state), AlarmEvent.ACKNOWLEDGE, latching=row.latching)
            if target is not None:
                _check_annunciated(row)
                row = _moved(work, row, target, AlarmEvent.ACKNOWLEDGE, actor, note)
            elif note.strip():
                _commented(connection, work, row, actor, note)
            return alarm_row(row)

    def reset(self, alarm_id: str, actor: Actor, now_ms: int, note: str = "") -> AlarmRow:
        """Release a latched, acknowledged alarm.

        Raises:
            Conflict: ``wrong_state`` if it is still on or has not been acknowledged; ``silent`` while a flag stands.
        """
        with self._writing(now_ms) as (connection, work):
            row = _alarm(connection, alarm_id)
            target = next_state(AlarmState(row.state), AlarmEvent.RESET, latching=row.latching)
            if target is None:
                event = kinds.ALARM_EVENTS[AlarmEvent.RESET.value]
                raise Conflict("wrong_state", kinds.ALARM_STATE(state=kinds.ALARMS[row.state], event=event))
            _check_annunciated(row)
            row = _moved(work, row, target, AlarmEvent.RESET, actor, note)
            if row.case is not None:
                work.cases.settle(row.case, cleared=False)
            return alarm_row(row)

    def comment(self, alarm_id: str, actor: Actor, text: str, now_ms: int) -> AlarmRow:
        """Write something beside an alarm; the same by the same person right after is written once.

        Raises:
            Invalid: if it says nothing.
        """
        _check_reason(text, _COMMENT)
        with self._writing(now_ms) as (connection, work):
            row = _alarm(connection, alarm_id)
            _commented(connection, work, row, actor, text)
            return alarm_row(row)

    def shelve(
        self,
        alarm_id: str,
        actor: Actor,
        until_ms: int,
        reason: str,
        now_ms: int,
        scope: FlagScope = FlagScope.RULE,
    ) -> AlarmRow:
        """Silence an alarm, or its rule at its facility, for a time: at most 8 h, high 1 h, critical never.

        The time counts from when it was shelved first: nobody keeps an alarm silent by shelving it again and again.

        Raises:
            Conflict: ``shelving`` if the severity does not allow it or the time is too long.
            Invalid: without a reason.
        """
        _check_reason(reason, "shelving")
        with self._writing(now_ms) as (connection, work):
            row = _real_alarm(connection, alarm_id)
            severity, reach = Severity(row.severity), _reach(row, scope)
            begun_ms = min((flag.set_ms for flag in work.flags.shelves(row)), default=now_ms)
            most_ms = self._policy.shelve_most_ms.get(severity, 0)
            if until_ms <= now_ms or until_ms - begun_ms > most_ms or scope is FlagScope.FACILITY:
                raise Conflict("shelving", kinds.SHELVED_TOO_LONG(hours=most_ms / HOUR_MS))
            raise_flag(work, FlagKind.SHELVED, reach, reason=reason, actor=actor, until_ms=until_ms, severity=severity)
            return alarm_row(_alarm(connection, alarm_id))

    def unshelve(self, alarm_id: str, actor: Actor, now_ms: int, reason: str = "") -> AlarmRow:
        """End the silence early; what is not shelved stays as it is."""
        with self._writing(now_ms) as (connection, work):
            for flag in work.flags.shelves(_alarm(connection, alarm_id)):
                lower_flag(work, flag, actor, reason)
            return alarm_row(_alarm(connection, alarm_id))

    def take_out(
        self, alarm_id: str, actor: Actor, until_ms: int, reason: str, now_ms: int, scope: FlagScope = FlagScope.RULE
    ) -> FlagRow:
        """Take an alarm, its rule at its facility, or the whole facility out of service.

        Raises:
            Invalid: without a reason, or with a planned end that is past or too far away.
        """
        self._check_stretch(until_ms, reason, now_ms)
        with self._writing(now_ms) as (connection, work):
            reach = _reach(_real_alarm(connection, alarm_id), scope)
            return flag_row(_taken_out(work, reach, actor, until_ms, reason))

    def take_out_facility(self, facility: int, actor: Actor, until_ms: int, reason: str, now_ms: int) -> FlagRow:
        """Take a facility out of service, whether it is in alarm or not.

        Raises:
            UnknownItem: if there is no such facility.
            Invalid: as in ``take_out``.
        """
        self._check_stretch(until_ms, reason, now_ms)
        place = self._source.place(facility)
        if place is None:
            raise UnknownItem(kinds.NO_FACILITY(facility=facility))
        reach = Reach(facility=facility, community=place.community)
        with self._writing(now_ms) as (_, work):
            return flag_row(_taken_out(work, reach, actor, until_ms, reason))

    def extend(self, flag: int, actor: Actor, until_ms: int, reason: str, now_ms: int) -> FlagRow:
        """Move the planned end of what is out of service.

        Raises:
            UnknownItem: if there is no such flag.
            Conflict: ``wrong_state`` if it is in service again.
            Invalid: as in ``take_out``.
        """
        self._check_stretch(until_ms, reason, now_ms)
        with self._writing(now_ms) as (connection, work):
            row = _out_of_service(connection, flag)
            if row.state == FlagState.DOWN:
                raise Conflict("wrong_state", kinds.IN_SERVICE())
            return flag_row(extend_flag(work, row, until_ms, actor, reason))

    def put_back(self, flag: int, actor: Actor, reason: str, now_ms: int) -> FlagRow:
        """Return to service; what is still on is annunciated. What is in service already stays so.

        Raises:
            UnknownItem: if there is no such flag.
        """
        with self._writing(now_ms) as (connection, work):
            row = _out_of_service(connection, flag)
            if row.state != FlagState.DOWN:
                row = lower_flag(work, row, actor, reason)
            return flag_row(row)

    # --- inside -------------------------------------------------------------------------------------------------

    def _work(self, connection: sa.Connection, source: RosterSource, now_ms: int) -> AlarmWork:
        return AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)

    @contextmanager
    def _writing(self, now_ms: int) -> Iterator[tuple[sa.Connection, AlarmWork]]:
        """One transaction; what was done in it reaches cases, histories, feed and outbox at its end."""
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            work = self._work(connection, source, now_ms)
            yield connection, work
            work.settle()
            work.ledger.flush()

    def _check_stretch(self, until_ms: int, reason: str, now_ms: int) -> None:
        most_ms = self._policy.out_of_service_most_ms
        found = [] if reason.strip() else [kinds.REASON_MISSING.at(action=kinds.ACTIONS["taking_out"])]
        if not 0 < until_ms - now_ms <= most_ms:
            found.append(kinds.OUT_TOO_LONG.at(days=most_ms / _DAY_MS))
        if found:
            raise Invalid(found)


def _taken_out(work: AlarmWork, reach: Reach, actor: Actor, until_ms: int, reason: str) -> Any:
    return raise_flag(work, FlagKind.OUT_OF_SERVICE, reach, reason=reason, actor=actor, until_ms=until_ms)


def _moved(work: AlarmWork, row: Any, target: AlarmState, event: AlarmEvent, actor: Actor, note: str) -> Any:
    after = work.update(row, state=target.value)
    work.ledger.note_alarm(after, before=row, change=None, event=event.value, actor=actor, note=note)
    work.tell(after, event.value)
    return after


def _commented(connection: sa.Connection, work: AlarmWork, row: Any, actor: Actor, text: str) -> None:
    """A line beside the alarm, unless it is the last that this person wrote there."""
    table = tables.alarm_history
    mine = (table.c.alarm_id == row.alarm_id, table.c.actor == actor.login, table.c.note != "")
    last = sa.select(table.c.note).where(*mine).order_by(table.c.id.desc()).limit(1)
    if connection.execute(last).scalar_one_or_none() == text[:1000]:
        return
    work.ledger.note_alarm(row, before=row, change=None, event=_COMMENT, actor=actor, note=text)
    work.tell(row, _COMMENT)


def _check_annunciated(row: Any) -> None:
    """Under a flag nothing is annunciated, so there is nothing to acknowledge or reset."""
    if is_silent(row):
        raise Conflict("silent", kinds.SILENT(flag=kinds.FLAGS[flags_shown(row)[0].value]))


def _reach(row: Any, scope: FlagScope) -> Reach:
    return Reach(
        facility=row.facility,
        community=row.community,
        rule_id="" if scope is FlagScope.FACILITY else row.rule_id,
        alarm_id=row.alarm_id if scope is FlagScope.ALARM else "",
    )


def _alarm(connection: sa.Connection, alarm_id: str) -> Any:
    row = connection.execute(sa.select(tables.alarm).where(tables.alarm.c.alarm_id == alarm_id)).one_or_none()
    if row is None:
        raise UnknownItem(kinds.NO_ALARM(alarm=alarm_id[:64]))
    return row


def _real_alarm(connection: sa.Connection, alarm_id: str) -> Any:
    """An alarm that may be kept silent: a test alarm may not, it ends by itself."""
    row = _alarm(connection, alarm_id)
    if row.kind == AlarmKind.TEST.value:
        raise Conflict("wrong_state", kinds.ONLY_A_DRILL())
    return row


def _out_of_service(connection: sa.Connection, number: int) -> Any:
    table = tables.flag
    where = (table.c.number == number, table.c.kind == FlagKind.OUT_OF_SERVICE.value)
    row = connection.execute(sa.select(table).where(*where)).one_or_none()
    if row is None:
        raise UnknownItem(kinds.NO_FLAG(flag=number))
    return row


def _check_reason(reason: str, what: str) -> None:
    if not reason.strip():
        raise Invalid([kinds.REASON_MISSING.at(action=kinds.ACTIONS[what])])
