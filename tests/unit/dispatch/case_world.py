"""The world of the case machine: a small city in memory, its calendar, its sensors, and what is read of it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from sqlalchemy.pool import StaticPool

from core.alarms import Severity
from core.cases import Action, Actor
from core.closure import WatchState
from core.intake import Event, SourceKind
from core.places import Grid, Text
from core.ports.cases import TaskCommand, TaskFilter, TaskRow
from core.ports.preventive import Plan, Trigger, TriggerKind
from core.ports.registry import FacilityPlace, PageRequest, Roster, RosterSource
from dispatch import closure_tables, tables
from dispatch.closure_desk import SqlClosures
from dispatch.database import prepare
from dispatch.desk import SqlDesk, situation
from dispatch.drills import SqlDrills
from dispatch.intake_desk import SqlIntakes
from dispatch.intakebook import IntakeBook
from dispatch.journal import SqlJournal
from dispatch.lifecycle import allowed
from dispatch.observing import Observer
from dispatch.plan_desk import SqlPlans
from dispatch.policy import Policy
from dispatch.queries import SqlCaseQueries
from dispatch.worktime import WorkCalendar
from registry.classbook import load_classes
from registry.queries import Registry
from tests.unit.dispatch.hall import MINUTE, RULES, Hall
from tests.unit.dispatch.sensor import Sensor
from tests.unit.registry.city import City, build_city

PEOPLE = ("aa-g1", "aa-g3", "aa-m1", "aa-m2", "aa-m3", "mgr-a", "mgr")
SUPERVISORS = frozenset({"aa-g3", "aa-m3", "mgr-a", "mgr"})
ALARMS = (
    ("high", "aa-sp-01"),
    ("medium", "aa-sp-02"),
    ("alone", "aa-sp-01"),
    ("gas", "aa-ia-01"),
    ("medium", "aa-sp-01"),
)
SEEN = {name: replace(RULES[name], measurements=("level",)) for name in ("high", "alone")}
"""Rules whose repair a sensor can prove, with and without a second task; the others have none."""
MACHINE_RULES = {**RULES, **SEEN}
STARTS = (
    ("Asia/Shanghai", datetime(2026, 9, 18, 16, tzinfo=UTC)),  # before a worked Sunday and a week before a holiday
    ("Asia/Shanghai", datetime(2026, 2, 13, 15, tzinfo=UTC)),  # before a worked Saturday and the longest holiday
    ("Asia/Urumqi", datetime(2026, 9, 30, 9, tzinfo=UTC)),  # the eve of the national day, by another sun
    ("Europe/Berlin", datetime(2026, 10, 23, 17, tzinfo=UTC)),  # a night with 25 hours lies ahead
    ("America/Sao_Paulo", datetime(2026, 5, 8, 11, tzinfo=UTC)),  # a worked Saturday, half a day behind UTC+8
)
"""Where the city lies and when the machine begins, by the clock there: no arithmetic of limits may depend on either."""


@dataclass
class Town:
    """The registry, from which people may go."""

    whole: Roster
    gone: set[int]

    def roster(self) -> Roster:
        people = {n: replace(one, active=one.active and n not in self.gone) for n, one in self.whole.people.items()}
        return replace(self.whole, people=people)

    def place(self, facility: int) -> FacilityPlace | None:
        return self.whole.places.get(facility)

    def facility_counts(self) -> Mapping[int, int]:
        return {}


def in_memory(city: City) -> City:
    """The same city in a database that lives in memory."""
    lasting = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    with sqlite3.connect(str(city.engine.url.database)) as file:
        file.backup(lasting)
    city.engine.dispose()
    engine = prepare(sa.create_engine("sqlite://", creator=lambda: lasting, poolclass=StaticPool), durable=False)
    return City(engine=engine, registry=Registry(engine, load_classes()), folder=city.folder)


def event(key: str, severity: Severity, lead: Grid = Grid.CONSTRUCTION) -> Event:
    """Something that everybody may report, of the family of the machine's alarms."""
    sources = frozenset({SourceKind.WORKER, SourceKind.RESIDENT, SourceKind.DEPARTMENT})
    say = Text(zh=f"事项 {key}", en=f"Event {key}")
    return Event(key=key, say=say, severity=severity, lead=lead, support=lead.other, sources=sources)


EVENTS = (event("pump", Severity.MEDIUM), event("gas", Severity.HIGH, Grid.GOVERNANCE), event("other", Severity.LOW))
GATE = Policy(intake=IntakeBook(events={one.key: one for one in EVENTS}), admit_per_person=1)


def yearly(facilities: frozenset[int]) -> Plan:
    """Work that comes round every month, so that some is due at any time."""
    return Plan(
        code="pump-month",
        class_id="sewage_pump",
        work=Text(zh="保养", en="Service"),
        triggers=(Trigger(kind=TriggerKind.CALENDAR, every=1),),
        started_day="2025-11-01",
        facilities=facilities,
    )


class CaseWorld(RuleBasedStateMachine):
    """Four facilities of a community, whoever works there, and the time."""

    hall: Hall

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: tuple[str, datetime]) -> None:
        """A fresh city somewhere."""
        with tempfile.TemporaryDirectory() as folder:
            city = in_memory(build_city(Path(folder)))
        self.town = Town(city.registry.roster(), set())
        self.people = {one.code: one.number for one in city.registry.people()}
        self.codes = {number: code for code, number in self.people.items()}
        self.places = {code: city.facility(code) for _, code in ALARMS}
        zone, moment = ZoneInfo(start[0]), start[1]
        self.calendar = WorkCalendar(zone=zone)
        self.now_ms = int(moment.replace(tzinfo=zone).timestamp() * 1000)
        self._open_doors(city, replace(GATE, calendar=self.calendar))
        self.home = next(one.number for one in city.registry.communities() if one.code == "aa")
        self.on: dict[tuple[str, str], int] = {}
        self.rang: list[tuple[str, int, int, int | None]] = []
        self.drafts: list[TaskCommand] = []
        self.seen: dict[str, Any] = {}
        self.steps = 0
        self.late: set[int] = set()
        self.facts: dict[int, object] = {}

    def _open_doors(self, city: City, policy: Policy) -> None:
        """Everything of dispatch over the city."""
        self.policy = policy
        source: RosterSource = self.town
        engine, rules = city.engine, MACHINE_RULES.get
        self.hall = Hall(
            city=city,
            engine=engine,
            journal=SqlJournal(engine, rules=rules, source=source, policy=policy),
            desk=SqlDesk(engine, rules=rules, source=source, policy=policy),
            queries=SqlCaseQueries(engine, source, policy),
        )
        self.intakes = SqlIntakes(engine, rules=rules, source=source, policy=policy)
        self.closures = SqlClosures(engine, rules=rules, source=source, policy=policy)
        self.drills = SqlDrills(engine, rules=rules, source=source, policy=policy)
        self.sensor = Sensor()
        self.observer = Observer(engine, self.sensor, rules=rules, source=source, policy=policy)
        in_use = frozenset(self.places.values())
        self.plans = SqlPlans(
            engine,
            rules=rules,
            source=source,
            classes=frozenset({"sewage_pump"}),
            in_use=lambda: in_use,
            policy=policy,
        )
        pumps = frozenset({self.places["aa-sp-01"], self.places["aa-sp-02"]})
        self.plans.keep_plan(yearly(pumps), Actor(login="clerk"), self.now_ms)

    # --- inside -------------------------------------------------------------------------------------------------

    def _act(self, task: TaskRow, action: Action, actor: Actor, **values: Any) -> None:
        self.hall.keys += 1
        command = TaskCommand(task=task.number, action=action, actor=actor, key=f"k{self.hall.keys}", **values)
        self.hall.desk.act(command, self.now_ms)
        self.now_ms += MINUTE

    def _actor(self, code: str) -> Actor:
        return Actor(login=code, person=self.people[code], supervises=code in SUPERVISORS)

    def _tasks(self) -> list[TaskRow]:
        return list(self.hall.queries.tasks(TaskFilter(), PageRequest(limit=500)).items)[::-1]

    def _rows(self, table: sa.Table) -> list[Any]:
        """All rows as they are now; read once per step."""
        if self.seen.get("at") != self.steps:
            self.seen = {"at": self.steps}
        if table.name not in self.seen:
            query = sa.select(table).order_by(table.primary_key.columns[0])
            with self.hall.engine.connect() as connection:
                self.seen[table.name] = connection.execute(query).all()
        return list(self.seen[table.name])

    def _lines(self) -> tuple[int, ...]:
        every = (tables.history, tables.stage, tables.proceeding, tables.outbox, tables.feed, tables.command)
        return tuple(self.hall.count(table) for table in every)

    def _watched(self) -> dict[int, Any]:
        """The open observation of each case that has one."""
        return {row.case: row for row in self._rows(closure_tables.watch) if row.state == WatchState.WATCHING}

    def _way_on(self, case: Any, task: Any) -> bool:
        """Whether whoever owns a task, or somebody above, can do something that moves its case on."""
        roster = self.town.roster()
        codes = (self.codes[task.owner], "mgr", "mgr-a")
        return any(
            allowed(situation(task, case, self._actor(code), roster, self.policy, self.now_ms)) for code in codes
        )

    def _pauses(self, stage: Any) -> list[tuple[int, int]]:
        """When the case of a stage was suspended while the stage ran."""
        pauses: list[tuple[int, int]] = []
        end_ms = stage.ended_ms if stage.ended_ms is not None else self.now_ms
        begin_ms: int | None = None
        for line in self._rows(tables.history):
            if line.case != stage.case or line.at_ms > end_ms:
                continue
            merged = line.action == Action.MERGE and line.task is None and begin_ms is None
            if merged or line.action == Action.SUSPEND:
                begin_ms = line.at_ms
            elif begin_ms is not None and line.action in {Action.RESUME, Action.CANCEL, Action.UNMERGE}:
                pauses.append((begin_ms, line.at_ms))
                begin_ms = None
        pauses += [] if begin_ms is None else [(begin_ms, end_ms)]
        return [(max(begin, stage.started_ms), end) for begin, end in pauses if max(begin, stage.started_ms) < end]
