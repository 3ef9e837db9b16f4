"""A dispatch over the small city, for tests: journal, desk, queries, a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.alarms import AlarmChange, AlarmKind, ChangeKind, Interval, Severity, SeverityStep, alarm_id
from core.cases import Action, Actor, Common, Deadline, DeadlineClock, LevelInfo, RuleInfo, TaskKind
from core.places import Grid, Text
from core.ports.cases import CaseFilter, CaseRow, TaskCommand, TaskFilter, TaskRow
from core.ports.registry import PageRequest
from core.stages import SupervisionLevel
from dispatch import tables
from dispatch.desk import SqlDesk
from dispatch.journal import SqlJournal
from dispatch.queries import SqlCaseQueries
from tests.databases import Databases
from tests.unit.registry.city import City, build_city

MONDAY_9 = int(datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
MINUTE = 60_000
HOUR = 60 * MINUTE


def rule(rule_id: str, severity: Severity, **changes: object) -> RuleInfo:
    """A rule of the construction grid with the governance grid in support, unless said otherwise."""
    values: dict[str, object] = {
        "rule_id": rule_id,
        "family": "pump",
        "severity": severity,
        "lead": Grid.CONSTRUCTION,
        "support": Grid.GOVERNANCE,
        "say": Text(zh=f"规则 {rule_id}", en=f"Rule {rule_id}"),
        "do": (Text(zh="停泵", en="Stop the pump"),),
    }
    return RuleInfo(**(values | changes))  # type: ignore[arg-type]


LEVELS = (
    LevelInfo(severity=Severity.LOW, alone=True),
    LevelInfo(severity=Severity.MEDIUM),
    LevelInfo(
        severity=Severity.HIGH,
        say=Text(zh="将溢流", en="About to overflow"),
        do=(Text(zh="立即停泵", en="Stop at once"), Text(zh="围挡", en="Fence it off")),
        deadline=Deadline(hours=1, clock=DeadlineClock.CONTINUOUS),
    ),
)
RULES = {
    info.rule_id: info
    for info in (
        rule("critical", Severity.CRITICAL),
        rule("high", Severity.HIGH, deadline=Deadline(hours=2, clock=DeadlineClock.CONTINUOUS)),
        rule("medium", Severity.MEDIUM, deadline=Deadline(hours=8, clock=DeadlineClock.WORK)),
        rule("medium-2", Severity.MEDIUM),
        rule("low", Severity.LOW),
        rule("info", Severity.INFO),
        rule("levels", Severity.HIGH, family="level", levels=LEVELS),
        rule("alone", Severity.MEDIUM, family="alone", support=None),
        rule("lamp", Severity.MEDIUM, family="lamp", support=None, gather=Common.COMMUNITY),
        rule("gas", Severity.HIGH, family="gas", latching=True, lead=Grid.GOVERNANCE, support=Grid.CONSTRUCTION),
    )
}


def change(
    kind: ChangeKind,
    rule_id: str = "medium",
    *,
    facility: int,
    start: int = MONDAY_9,
    stop: int | None = None,
    opened: int | None = None,
    late: bool = False,
    into: str = "",
    steps: Sequence[tuple[int, Severity]] = (),
) -> AlarmChange:
    """A change of the alarm first opened at ``opened`` (by default at ``start``); ``steps`` for rules with levels."""
    interval = Interval(start_ms=start, stop_ms=stop, since_ms=start, steps=tuple(SeverityStep(*one) for one in steps))
    return AlarmChange(
        kind=kind,
        alarm_id=alarm_id(rule_id, facility, start if opened is None else opened),
        rule_id=rule_id,
        facility=facility,
        interval=interval,
        severity=interval.severity(RULES[rule_id].severity if rule_id in RULES else Severity.MEDIUM),
        alarm_kind=AlarmKind.CONDITION,
        late=late,
        into=into,
    )


@dataclass
class Hall:
    """Everything of dispatch, over one database."""

    city: City
    engine: sa.Engine
    journal: SqlJournal
    desk: SqlDesk
    queries: SqlCaseQueries
    keys: int = field(default=0)

    def apply(self, *changes: AlarmChange, now_ms: int = MONDAY_9) -> None:
        """Let the journal record changes."""
        self.journal.apply(changes, now_ms)

    def cases(self, *, open_only: bool | None = None) -> Sequence[CaseRow]:
        """Cases, oldest first."""
        return self.queries.cases(CaseFilter(open=open_only), PageRequest(limit=500)).items[::-1]

    def tasks(self, case: int | None = None) -> dict[TaskKind, TaskRow]:
        """The tasks of a case (the newest one by default) by kind."""
        number = case if case is not None else self.cases()[-1].number
        found = self.queries.tasks(TaskFilter(case=number), PageRequest(limit=500)).items
        return {task.kind: task for task in found}

    def actor(self, code: str, *, supervises: bool = False) -> Actor:
        """A person of the city as an actor."""
        return Actor(login=code, person=self.city.person(code), supervises=supervises)

    def act(
        self,
        task: TaskRow,
        action: Action,
        actor: Actor,
        *,
        note: str = "",
        now_ms: int = MONDAY_9,
        key: str | None = None,
        to_person: int | None = None,
        until_ms: int | None = None,
        level: SupervisionLevel | None = None,
    ) -> TaskRow:
        """Let somebody do something, with a fresh key."""
        self.keys += 1
        command = TaskCommand(
            task=task.number,
            action=action,
            actor=actor,
            key=key or f"key-{self.keys}",
            note=note,
            to_person=to_person,
            until_ms=until_ms,
            level=level,
        )
        return self.desk.act(command, now_ms)

    def code_of(self, person: int | None) -> str:
        """The code of a person, or empty."""
        found = self.city.registry.person(person) if person is not None else None
        return found.code if found else ""

    def count(self, table: sa.Table) -> int:
        """Rows of a table."""
        with self.engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def build_hall(path: Path, databases: Databases | None = None) -> Hall:
    """A fresh small city with an empty dispatch; on SQLite, or on PostgreSQL."""
    city = build_city(path, databases)
    return Hall(
        city=city,
        engine=city.engine,
        journal=SqlJournal(city.engine, rules=RULES.get, source=city.registry),
        desk=SqlDesk(city.engine, rules=RULES.get, source=city.registry),
        queries=SqlCaseQueries(city.engine, city.registry),
    )


def wipe(hall: Hall) -> None:
    """Empty dispatch again, for tests that need many fresh ones."""
    with hall.engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(sa.delete(table))
