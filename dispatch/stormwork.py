"""Storms inside a transaction: which alarms gather in one case instead of one each (``docs/alarms.md``, part 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmKind, ChangeKind, Severity
from core.cases import RuleInfo
from core.ports.registry import FacilityPlace, RosterSource
from dispatch import tables
from dispatch.casefind import open_case
from dispatch.casework import CaseWork, has_begun
from dispatch.flagwork import silent_clause
from dispatch.foldwork import FOLDED
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.storms import Group, groups, is_crowd, joint_group, may_gather


class StormWork:
    """Counts who has come lately, opens storms, and lets alarms join them."""

    def __init__(
        self,
        connection: sa.Connection,
        cases: CaseWork,
        *,
        infos: Callable[[str, Severity], RuleInfo],
        source: RosterSource,
        policy: Policy,
        now_ms: int,
    ) -> None:
        """Work on ``connection``; ``infos`` says what is known of a rule at a severity."""
        self._connection = connection
        self._cases = cases
        self._infos = infos
        self._source = source
        self._policy = policy
        self._now_ms = now_ms
        self._expected: list[tuple[str, int, Severity]] = []
        self._crowds: dict[str, set[int]] | None = None
        self._open: dict[str, int] | None = None

    def expect(self, changes: Sequence[AlarmChange]) -> None:
        """What is about to be recorded: a storm that comes in one piece opens no case for the first of it."""
        self._expected += [
            (change.rule_id, change.facility, change.severity)
            for change in changes
            if change.kind is ChangeKind.OPENED and change.alarm_kind is AlarmKind.CONDITION and not change.late
        ]

    def case_for(self, alarm: Any, info: RuleInfo, own: Any | None) -> Any | None:
        """The case of a storm that an alarm belongs to, which it opens if need be; None: it has a case of its own.

        ``own`` is the open case of its facility, which folds into the storm unless somebody has begun it.
        """
        kind, severity = AlarmKind(alarm.kind), Severity(alarm.severity)
        if not may_gather(kind, severity, latching=alarm.latching):
            return None
        place = self._places.get(alarm.facility)
        if place is None or (own is not None and not self._folds(own)):
            return None
        joint = joint_group(place, info)
        if joint is not None:
            return self._joint(joint, alarm, info) if own is None else None
        group = self._narrowest(groups(place, info) if self._policy.storm_facilities else [])
        if group is None:
            return None
        number = self._storms().get(group.key)
        if number is None:
            return self._begin(group, alarm, info)
        if own is not None:
            self._hand_over(own, number)
        return self._cases.join(self._cases.memory.gathering(number), alarm, info)

    def leave(self, alarm: Any, info: RuleInfo) -> Any:
        """An alarm of a storm needs a case of its own: the open one of its facility, the one it had, or a new one."""
        table = tables.case
        had = self._connection.execute(sa.select(table).where(table.c.opening_alarm == alarm.alarm_id)).one_or_none()
        own = open_case(self._connection, alarm.facility, info.family)
        if had is None or own is not None:
            return self._cases.open_or_join(alarm, info, own)
        mine = sa.update(tables.alarm).where(tables.alarm.c.alarm_id == alarm.alarm_id)
        after = self._connection.execute(mine.values(case=had.number).returning(tables.alarm)).one()
        return self._cases.rise(after, info)

    # --- inside -------------------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> Mapping[int, FacilityPlace]:
        """Asked once a transaction: the registry compares its version at every question."""
        return self._source.roster().places

    def _narrowest(self, found: Sequence[Group]) -> Group | None:
        """The first of groups that is a storm, or has become one."""
        for group in found:
            most = self._policy.storm_facilities
            if group.key in self._storms() or is_crowd(len(self._counted().get(group.key, ())), most):
                return group
        return None

    def _folds(self, single: Any) -> bool:
        """Whether a case may become part of a storm's: nobody has begun it, and all in it may gather."""
        if single.severity >= Severity.CRITICAL or single.drill:
            return False
        self._cases.memory.link_now()
        table = tables.alarm
        alone = sa.exists().where(table.c.case == single.number, table.c.latching)
        latching = self._connection.execute(sa.select(alone)).scalar_one()
        return not latching and not has_begun(single, self._cases.tasks)

    def _joint(self, group: Group, alarm: Any, info: RuleInfo) -> Any:
        """The case of a rule that gathers: the open one of the group, or a new one."""
        number = self._storms().get(group.key)
        if number is None:
            return self._opened(group, alarm, info)
        return self._cases.join(self._cases.memory.gathering(number), alarm, info)

    def _opened(self, group: Group, alarm: Any, info: RuleInfo) -> Any:
        row = self._cases.opened(alarm, replace(info, family=group.case_family), group.key)
        self._storms()[group.key] = row.number
        return row

    def _begin(self, group: Group, alarm: Any, info: RuleInfo) -> Any:
        """A storm has come: one case, and those fold into it that may and have no narrower storm."""
        members = self._counted()[group.key]
        row = self._opened(group, alarm, info)
        table = tables.case
        mine = (table.c.open, table.c.family == info.family, table.c.gathers == "")
        self._cases.memory.link_now()
        for part in in_parts(sorted(members)):
            for single in self._connection.execute(sa.select(table).where(*mine, table.c.facility.in_(part))).all():
                place = self._places[single.facility]
                if self._narrowest(groups(place, info)) == group and self._folds(single):
                    self._hand_over(single, row.number)
        return self._cases.case(row.number)

    def _hand_over(self, row: Any, number: int) -> None:
        """A case that nobody has begun ends; its alarms are those of the storm."""
        self._cases.memory.link_now()
        table = tables.alarm
        self._connection.execute(sa.update(table).where(table.c.case == row.number).values(case=number))
        self._cases.cancel(row, FOLDED)

    def _storms(self) -> dict[str, int]:
        if self._open is None:
            table = tables.case
            query = sa.select(table.c.gathers, table.c.number).where(table.c.open, table.c.gathers != "")
            self._open = {str(row.gathers): int(row.number) for row in self._connection.execute(query)}
        return self._open

    def _counted(self) -> dict[str, set[int]]:
        """The facilities by group that lately had an alarm which wants a case."""
        if self._crowds is not None:
            return self._crowds
        crowds: dict[str, set[int]] = {}
        table = tables.alarm
        since_ms = self._now_ms - self._policy.storm_within_ms
        lately = sa.or_(
            sa.and_(table.c.severity > Severity.LOW.value, table.c.opened_ms >= since_ms),
            sa.and_(table.c.severity == Severity.LOW.value, table.c.opened_ms >= since_ms - self._policy.low_after_ms),
        )
        query = sa.select(table.c.rule_id, table.c.facility, table.c.severity).where(
            table.c.opened_ms >= since_ms - self._policy.low_after_ms,
            lately,
            ~table.c.late,
            ~table.c.retracted,
            ~table.c.latching,
            table.c.kind == AlarmKind.CONDITION.value,
            table.c.severity < Severity.CRITICAL.value,
            ~silent_clause(),
        )
        stored = [(row.rule_id, row.facility, Severity(row.severity)) for row in self._connection.execute(query)]
        for rule_id, facility, severity in {*stored, *self._expected}:
            place = self._places.get(facility)
            info = self._infos(rule_id, severity)
            if place is None or not may_gather(info.kind, severity, latching=info.latching):
                continue
            for group in groups(place, info):
                crowds.setdefault(group.key, set()).add(facility)
        self._crowds = crowds
        return crowds
