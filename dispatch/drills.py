"""Test cases over SQL: ``core.ports.drills.DrillBook``.

A call has the id of its alarm. Whoever repeats it, after whatever crash, finds that alarm and its case; a second call
for a facility with an open test case joins it: the database allows one open case of a facility and family.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmKind, ChangeKind, Interval, Severity
from core.cases import SYSTEM, CaseState, TaskKind
from core.errors import Unavailable
from core.places import Grid
from core.ports.cases import EvidenceSource, EvidenceValue
from core.ports.drills import Drill, DrillEnd, DrillPost
from core.ports.registry import RosterSource
from dispatch import tables
from dispatch.alarmwork import AlarmWork, RuleLookup
from dispatch.database import reading, writing
from dispatch.drillwork import PREFIX, drill_info
from dispatch.policy import Policy
from dispatch.taskwork import SourceOnce

logger = logging.getLogger(__name__)


class SqlDrills:
    """Opens and finds test cases; safe to use from several threads."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rules: RuleLookup,
        source: RosterSource,
        policy: Policy | None = None,
        evidence: EvidenceSource | None = None,
    ) -> None:
        """Write to ``engine``; the arguments are those of ``dispatch.journal.SqlJournal``."""
        self._engine = engine
        self._rules = rules
        self._source = source
        self._policy = policy or Policy()
        self._evidence = evidence

    def find(self, alarm_id: str) -> Drill | None:
        """The test case of a call, None if it was never called."""
        with reading(self._engine) as connection:
            return _drill(connection, alarm_id)

    def open(self, alarm_id: str, facility: int, rule_id: str, now_ms: int) -> Drill:
        """Open a test case, or join the open one of the facility; see the port."""
        change = AlarmChange(
            kind=ChangeKind.OPENED,
            alarm_id=alarm_id,
            rule_id=f"{PREFIX}{rule_id}",
            facility=facility,
            interval=Interval(start_ms=now_ms, stop_ms=None, since_ms=now_ms),
            severity=Severity.INFO,
            alarm_kind=AlarmKind.TEST,
        )
        evidence, source = self._values(change), SourceOnce(self._source)
        with writing(self._engine) as connection:
            found = _drill(connection, alarm_id)
            if found is not None:
                return found
            work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
            work.record(change, evidence)
            work.settle()
            work.ledger.flush()
            opened = _drill(connection, alarm_id)
        if opened is None:
            raise RuntimeError("a test alarm was recorded without a case")
        return opened

    def _values(self, change: AlarmChange) -> tuple[EvidenceValue, ...]:
        """What the facility reads now, so that the worker sees that the values come through as well."""
        if self._evidence is None:
            return ()
        keys = drill_info(self._rules, change.rule_id).measurements
        try:
            return tuple(self._evidence.evidence(change.facility, change.interval.start_ms, keys))
        except Unavailable:
            logger.warning("a test alarm without values: the store does not answer", extra={"alarm": change.alarm_id})
            return ()


def _drill(connection: sa.Connection, alarm_id: str) -> Drill | None:
    alarm, case, task = tables.alarm, tables.case, tables.task
    called = sa.select(alarm).where(alarm.c.alarm_id == alarm_id, alarm.c.kind == AlarmKind.TEST.value)
    row = connection.execute(called).one_or_none()
    if row is None or row.case is None:
        return None
    found = connection.execute(sa.select(case).where(case.c.number == row.case)).one()
    tasks = connection.execute(sa.select(task).where(task.c.case == row.case).order_by(task.c.number)).all()
    return Drill(
        number=found.number,
        code=found.code,
        joined=found.opening_alarm != alarm_id,
        opened_ms=found.opened_ms,
        ended_ms=found.closed_ms,
        end=_end(found),
        posts=tuple(
            DrillPost(
                person=one.owner,
                kind=TaskKind(one.kind),
                grid=Grid(one.grid),
                confirmed_ms=one.met_ms,
            )
            for one in tasks
        ),
    )


def _end(case: Any) -> DrillEnd | None:
    if case.open:
        return None
    if case.state == CaseState.CLOSED.value:
        return DrillEnd.CONFIRMED
    return DrillEnd.UNCONFIRMED if case.ended_by == SYSTEM else DrillEnd.CANCELLED
