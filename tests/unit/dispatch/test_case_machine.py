"""People, alarms, the clock and departures in any order against the real dispatch, on SQLite in memory.

Whatever happens, a case moves by its table alone, none is lost and no task without a case, refused steps leave no
trace, and every clock shows what a count of every minute shows.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy.pool import StaticPool

from core.alarms import ChangeKind, Severity
from core.cases import PROCEEDINGS, SYSTEM, Action, Actor, CaseState, Conflict, NotPermitted, TaskKind
from core.errors import Invalid
from core.intake import Event, SourceKind, Verdict
from core.places import Grid, Text
from core.ports.cases import TaskCommand, TaskFilter, TaskRow
from core.ports.intake import IntakeAsk, Ruling
from core.ports.registry import FacilityPlace, PageRequest, Roster, RosterSource
from core.stages import OPEN_PROCEEDINGS, ProceedingKind, Stage, SupervisionLevel
from dispatch import tables
from dispatch.casefind import SELF_CLEARED
from dispatch.database import prepare
from dispatch.desk import SqlDesk, situation
from dispatch.foldwork import FOLDED
from dispatch.intake_desk import SqlIntakes
from dispatch.intake_tables import intake
from dispatch.intakebook import IntakeBook
from dispatch.journal import SqlJournal
from dispatch.lifecycle import CASE_TABLE, allowed
from dispatch.policy import Policy
from dispatch.proceedings import PROCEEDING_TABLE
from dispatch.queries import SqlCaseQueries
from dispatch.worktime import SHANGHAI, WorkCalendar
from registry.classbook import load_classes
from registry.queries import Registry
from tests.unit.dispatch.hall import HOUR, MINUTE, RULES, Hall, change
from tests.unit.dispatch.minutes import MINUTES_IN, SlowClock
from tests.unit.registry.city import City, build_city, other_database

pytestmark = pytest.mark.skipif(bool(other_database()), reason="it keeps its own SQLite in memory")

PEOPLE = ("aa-g1", "aa-g3", "aa-m1", "aa-m2", "aa-m3", "mgr-a", "mgr")
SUPERVISORS = frozenset({"aa-g3", "aa-m3", "mgr-a", "mgr"})
BY_HAND = tuple(action for action in Action if action not in {Action.DISPATCH, Action.CLOSE, Action.REOPEN})
ALARMS = (("high", "aa-sp-01"), ("medium", "aa-sp-02"), ("alone", "aa-sp-01"), ("gas", "aa-ia-01"))
FRIDAY_16 = int(datetime(2026, 9, 18, 16, tzinfo=SHANGHAI).timestamp() * 1000)
"""Before a worked Sunday and a week before a holiday."""
INDEX = st.integers(0, 11)
AT_REST = {CaseState.CLOSED, CaseState.CANCELLED}
BEFORE_HANDLED = set(CaseState) - AT_REST - {CaseState.HANDLED, CaseState.VERIFIED}


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


class CaseMachine(RuleBasedStateMachine):
    """Everything that can happen to four facilities of a community, and what people report there."""

    hall: Hall

    @initialize()
    def begin(self) -> None:
        """A fresh city."""
        with tempfile.TemporaryDirectory() as folder:
            city = in_memory(build_city(Path(folder)))
        self.town = Town(city.registry.roster(), set())
        self.people = {one.code: one.number for one in city.registry.people()}
        self.codes = {number: code for code, number in self.people.items()}
        self.places = {code: city.facility(code) for _, code in ALARMS}
        source: RosterSource = self.town
        self.hall = Hall(
            city=city,
            engine=city.engine,
            journal=SqlJournal(city.engine, rules=RULES.get, source=source),
            desk=SqlDesk(city.engine, rules=RULES.get, source=source),
            queries=SqlCaseQueries(city.engine, source),
        )
        self.intakes = SqlIntakes(city.engine, rules=RULES.get, source=source, policy=GATE)
        self.home = next(one.number for one in city.registry.communities() if one.code == "aa")
        self.now_ms = FRIDAY_16
        self.on: dict[tuple[str, str], int] = {}
        self.seen: dict[str, Any] = {}
        self.steps = 0
        self.late: set[int] = set()
        self.facts: dict[int, object] = {}

    # --- what happens -------------------------------------------------------------------------------------------

    @rule(which=st.sampled_from(ALARMS))
    def alarm(self, which: tuple[str, str]) -> None:
        """An alarm begins, or the one that is on ends."""
        self.steps += 1
        facility = self.places[which[1]]
        start_ms = self.on.pop(which, None)
        if start_ms is None:
            self.on[which] = self.now_ms
            one = change(ChangeKind.OPENED, which[0], facility=facility, start=self.now_ms)
        else:
            one = change(ChangeKind.CLOSED, which[0], facility=facility, start=start_ms, stop=self.now_ms)
        self.hall.apply(one, now_ms=self.now_ms)
        self.now_ms += MINUTE

    @rule(
        key=st.sampled_from(("pump", "pump", "gas", "other")),
        place=st.sampled_from(("", "aa-sp-01", "aa-sp-02", "aa-ia-01")),
        source=st.sampled_from((SourceKind.WORKER, SourceKind.RESIDENT, SourceKind.DEPARTMENT)),
        north=st.sampled_from((None, 0.0, 0.0005, 0.01)),
    )
    def reported(self, key: str, place: str, source: SourceKind, north: float | None) -> None:
        """Somebody reports what an alarm may have said, or something else, here or nearby."""
        self.steps += 1
        self.hall.keys += 1
        ask = IntakeAsk(
            key=f"k{self.hall.keys}",
            actor=Actor(login="somebody"),
            source=source,
            event=key,
            words="there",
            facility=self.places[place] if place else 0,
            community=self.home,
            longitude=None if north is None else 112.105,
            latitude=None if north is None else 31.705 + north,
            department="hb",
            ref="7",
        )
        row = self.intakes.file(ask, self.now_ms)
        assert (row.case is not None) == (row.verdict in {Verdict.ADMIT, Verdict.JOIN})
        assert self.intakes.file(ask, self.now_ms + MINUTE) == row
        self.now_ms += MINUTE

    @rule(which=INDEX, verdict=st.sampled_from((Verdict.ADMIT, Verdict.ADMIT, Verdict.JOIN, Verdict.RETURN)))
    def ruled(self, which: int, verdict: Verdict) -> None:
        """A gatekeeper decides of one that waits; joining what has ended is refused."""
        self.steps += 1
        waits = [row for row in self._rows(intake) if row.verdict == Verdict.WAIT]
        if not waits:
            return
        row, cases = waits[which % len(waits)], self._rows(tables.case)
        case = cases[which % len(cases)] if cases and verdict is Verdict.JOIN else None
        number = None if case is None else case.number
        ruling = Ruling(number=row.number, verdict=verdict, actor=self._actor("mgr"), words="because", case=number)
        try:
            self.intakes.rule(ruling, self.now_ms)
        except Invalid:
            assert verdict is Verdict.JOIN
            assert case is None or not case.open
        self.steps += 1
        self.now_ms += MINUTE

    @rule(minutes=st.sampled_from((1, 4, 13, 47, 60, 180, 600, 1440, 2880)))
    def time(self, minutes: int) -> None:
        """Time passes, and the clock is heard."""
        self.steps += 1
        self.now_ms += minutes * MINUTE
        self.hall.journal.tick(self.now_ms)

    @precondition(lambda self: len(self.town.gone) < 2)
    @rule(code=st.sampled_from(("aa-m1", "aa-m2", "aa-g1")))
    def leaves(self, code: str) -> None:
        """Somebody is not there any more; the clock finds out."""
        self.steps += 1
        self.town.gone.add(self.people[code])
        self.hall.journal.tick(self.now_ms)

    @rule(
        which=INDEX,
        choice=INDEX,
        code=st.sampled_from(("", "", "", "mgr", "aa-m3", *PEOPLE)),
        light=st.sampled_from((SupervisionLevel.GENERAL, SupervisionLevel.KEY)),
    )
    def offered(self, which: int, choice: int, code: str, light: SupervisionLevel) -> None:
        """The owner, or somebody else, does what the page offers, with a fit reason: it must be taken."""
        self.steps += 1
        tasks = self._tasks()
        if not tasks:
            return
        task = tasks[which % len(tasks)]
        actor = self._actor(code or self.codes.get(task.owner or 0) or "mgr")
        found = self.hall.queries.task(task.number, actor, now_ms=self.now_ms)
        assert found is not None
        fit = [one for one in found.actions if one is not Action.TRANSFER]
        if not fit:
            return
        action = fit[choice % len(fit)]
        until_ms = found.extension_until_ms if action in {Action.EXTEND, Action.GRANT} else None
        standing = [one for one in found.proceedings if one.kind is ProceedingKind.SUPERVISION]
        level = SupervisionLevel.LISTED if standing else light
        self._act(task, action, actor, note="because", until_ms=until_ms, level=level)

    @rule(
        which=INDEX,
        code=st.sampled_from(PEOPLE),
        action=st.sampled_from(BY_HAND),
        note=st.sampled_from(("because", "because", "")),
        ahead=st.sampled_from((None, HOUR, 30 * HOUR, -HOUR)),
        level=st.sampled_from((None, *SupervisionLevel)),
        to=st.sampled_from(PEOPLE),
    )
    def anything(
        self,
        which: int,
        code: str,
        action: Action,
        note: str,
        ahead: int | None,
        level: SupervisionLevel | None,
        to: str,
    ) -> None:
        """Anybody tries anything; refused or not, the rest must hold. What is refused leaves no trace."""
        self.steps += 1
        tasks = self._tasks()
        if not tasks:
            return
        task, actor = tasks[which % len(tasks)], self._actor(code)
        before = self._lines()
        until_ms = None if ahead is None else self.now_ms + ahead
        to_person = self.people[to] if action is Action.TRANSFER else None
        found = self.hall.queries.task(task.number, actor, now_ms=self.now_ms)
        assert found is not None
        try:
            self._act(task, action, actor, note=note, until_ms=until_ms, level=level, to_person=to_person)
            taken = True
        except Invalid:
            taken = False  # reason, moment or level missing; the page would have asked for it
        except (Conflict, NotPermitted):
            taken = False
            assert action not in found.actions or action is Action.TRANSFER
        assert taken or self._lines() == before
        assert not taken or action in found.actions

    # --- what must hold -----------------------------------------------------------------------------------------

    @invariant()
    def cases_move_by_their_table(self) -> None:
        """The history of every case is an unbroken chain of steps of the table, from filed to where it stands."""
        for case in self._rows(tables.case):
            verify = {row.number for row in self._rows(tables.task) if row.case == case.number and row.kind == "verify"}
            state = CaseState.FILED
            for line in self._rows(tables.history):
                if line.case != case.number or not _moves_case(line, verify):
                    continue
                assert line.from_state == state, (line, state)
                state = CASE_TABLE[state, Action(line.action)]
                assert line.to_state == state
            assert state == case.state

    @invariant()
    def nothing_is_lost(self) -> None:
        """Open cases have a task that is open and owned by somebody who is there; ended ones have none."""
        open_tasks = [row for row in self._rows(tables.task) if row.open]
        for case in self._rows(tables.case):
            mine = {row.kind: row for row in open_tasks if row.case == case.number}
            state = CaseState(case.state)
            assert case.open == (state not in AT_REST)
            assert bool(mine) == case.open, (case.state, mine)
            if case.open:
                needed = mine[TaskKind.HANDLE if state in BEFORE_HANDLED else TaskKind.VERIFY]
                assert needed.owner is not None
                assert needed.owner not in self.town.gone
                assert self._way_on(case, needed), (case.state, needed.state)
        assert {row.case for row in open_tasks} <= {case.number for case in self._rows(tables.case)}

    @invariant()
    def reports_stay_with_their_case(self) -> None:
        """Each report is in the case it became or joined, waits or was decided; what people saw clears with nothing."""
        rows = self._rows(intake)
        of_case = Counter(row.case for row in rows if row.case is not None)
        for case in self._rows(tables.case):
            assert case.reports == of_case[case.number]
            assert not case.reports or case.note not in {SELF_CLEARED, FOLDED}
        for row in rows:
            assert (row.case is not None) == (row.verdict in {Verdict.ADMIT, Verdict.JOIN})
        opened = {row.opening_alarm for row in self._rows(tables.case) if row.source != SourceKind.ALARM}
        assert opened == {f"report/{row.number}" for row in rows if row.verdict == Verdict.ADMIT}

    @invariant()
    def stages_run_as_their_case_stands(self) -> None:
        """Which clocks run follows from where the case stands; they stand still exactly while it is suspended."""
        for case in self._rows(tables.case):
            state = CaseState(case.state)
            running = {
                Stage(row.stage): row
                for row in self._rows(tables.stage)
                if row.case == case.number and row.ended_ms is None
            }
            assert (Stage.HANDLE in running) == (state in BEFORE_HANDLED), (state, running.keys())
            assert (Stage.VERIFY in running) == (state is CaseState.HANDLED)
            if state in {CaseState.DISPATCHED, CaseState.REWORK, CaseState.ACCEPTED}:
                due = Stage.ARRIVE if state is CaseState.ACCEPTED else Stage.ACCEPT
                assert due in running, (state, running.keys())
            if state in {CaseState.DISPATCHED, CaseState.REWORK}:
                (handling,) = (t for t in self._rows(tables.task) if t.case == case.number and t.kind == "handle")
                assert running[Stage.ACCEPT].started_ms == handling.assigned_ms
            for row in running.values():
                assert (row.paused_since_ms is not None) == (state is CaseState.SUSPENDED)
            handle = running.get(Stage.HANDLE)
            if handle is not None and case.due_ms is not None and case.due_what == "handle" and case.met_ms is None:
                assert handle.limit_ms == case.due_ms

    @invariant()
    def facts_stay(self) -> None:
        """What was late stays late; what an appeal is against never changes; one proceeding of a kind is open."""
        late = {row.number for row in self._rows(tables.stage) if row.late}
        assert self.late <= late
        self.late = late
        appeals = {row.number: row for row in self._rows(tables.proceeding) if row.kind == ProceedingKind.APPEAL}
        facts = {n: (r.fact_due_ms, r.fact_met_ms, r.fact_overdue, r.fact_rejections) for n, r in appeals.items()}
        assert self.facts.items() <= facts.items()
        self.facts = dict(facts)
        excused = {case.number for case in self._rows(tables.case) if case.excused}
        assert excused <= {row.case for row in appeals.values() if row.state == "upheld"}
        for row in self._rows(tables.proceeding):
            assert row.open == (row.state in OPEN_PROCEEDINGS)
            reachable = {after for (kind, _, _), after in PROCEEDING_TABLE.items() if kind == row.kind} | {"lapsed"}
            assert row.state in reachable
            assert row.reason
        for case in self._rows(tables.case):
            granted = [r for r in self._rows(tables.proceeding) if r.case == case.number and r.state == "granted"]
            assert case.extensions == len(granted) <= 2

    def teardown(self) -> None:
        """Every clock against the count of every minute."""
        if not hasattr(self, "hall"):
            return
        calendar = WorkCalendar()
        for row in self._rows(tables.stage):
            if row.extended:
                continue
            slow = SlowClock(row.unit, calendar.is_workday, calendar.windows, calendar.zone)
            pauses = self._pauses(row)
            minutes = round(row.amount * MINUTES_IN[row.unit])
            if minutes <= 2 * 1440 and row.started_ms % MINUTE == 0:
                limit_ms = slow.after(row.started_ms, minutes, pauses)
                if row.paused_since_ms is None and (row.ended_ms is None or not pauses):
                    assert row.limit_ms == limit_ms, (row, pauses)
                at_ms = row.ended_ms if row.ended_ms is not None else self.now_ms
                stood = next((begin for begin, end in pauses if begin <= at_ms < end or end == at_ms), at_ms)
                assert row.late <= (min(at_ms, stood) > limit_ms), (row, pauses)
        self.hall.engine.dispose()

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

    def _way_on(self, case: Any, task: Any) -> bool:
        """Whether whoever owns a task, or somebody above, can do something that moves its case on."""
        roster = self.town.roster()
        codes = (self.codes[task.owner], "mgr", "mgr-a")
        return any(allowed(situation(task, case, self._actor(code), roster)) for code in codes)

    def _pauses(self, stage: Any) -> list[tuple[int, int]]:
        """When the case of a stage was suspended while the stage ran."""
        pauses: list[tuple[int, int]] = []
        end_ms = stage.ended_ms if stage.ended_ms is not None else self.now_ms
        begin_ms: int | None = None
        for line in self._rows(tables.history):
            if line.case != stage.case or not stage.started_ms <= line.at_ms <= end_ms:
                continue
            if line.action == Action.SUSPEND:
                begin_ms = line.at_ms
            elif begin_ms is not None and line.action in {Action.RESUME, Action.CANCEL}:
                pauses.append((begin_ms, line.at_ms))
                begin_ms = None
        return pauses if begin_ms is None else [*pauses, (begin_ms, end_ms)]


def _moves_case(line: Any, verify: set[int]) -> bool:
    """Whether a line of the history is a step of the case, and not of a task or a note."""
    if line.action not in set(Action) or line.action in PROCEEDINGS or not line.from_state:
        return False
    if line.from_state not in set(CaseState) or line.to_state not in set(CaseState):
        return False
    if line.task in verify:
        return line.action in {Action.VERIFY, Action.REJECT}
    follows = line.task is None or line.actor != SYSTEM or line.action in {Action.RETURN, Action.RESUME}
    return follows and (line.action not in {Action.CANCEL, Action.REOPEN} or line.task is None)


CaseMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


TestCaseMachine = pytest.mark.timeout(600)(CaseMachine.TestCase)
