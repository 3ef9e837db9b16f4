"""People, alarms, the clock, sensors and departures in any order against the real dispatch, on SQLite in memory.

Whatever happens, a case moves by its table alone, none is lost and no task without a case, refused steps leave no
trace, and every clock shows what a count of every minute shows. The world is in ``case_world``, what can happen in it
in ``case_doings``; here is what must hold.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import invariant

from core.cases import PROCEEDINGS, SYSTEM, Action, CaseState, TaskKind
from core.closure import WatchState
from core.intake import SourceKind, Verdict
from core.ports.evidence import Occasion
from core.stages import OPEN_PROCEEDINGS, ProceedingKind, Stage
from dispatch import closure_tables, tables
from dispatch.casefind import SELF_CLEARED
from dispatch.foldwork import FOLDED
from dispatch.intake_tables import intake
from dispatch.lifecycle import CASE_TABLE
from dispatch.proceedings import PROCEEDING_TABLE
from tests.unit.dispatch.case_doings import CaseDoings
from tests.unit.dispatch.hall import MINUTE
from tests.unit.dispatch.minutes import MINUTES_IN, SlowClock
from tests.unit.dispatch.sensor import STALE

AT_REST = {CaseState.CLOSED, CaseState.CANCELLED}
BEFORE_HANDLED = set(CaseState) - AT_REST - {CaseState.HANDLED, CaseState.VERIFIED}


class CaseMachine(CaseDoings):
    """What must hold, whatever happens."""

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
        open_tasks, watched = [row for row in self._rows(tables.task) if row.open], self._watched()
        for case in self._rows(tables.case):
            mine = {row.kind: row for row in open_tasks if row.case == case.number}
            state = CaseState(case.state)
            assert case.open == (state not in AT_REST)
            if case.number in watched and not mine:
                continue  # the sensor observes; a verifier is called if it cannot prove
            assert bool(mine) == case.open, (case.state, mine)
            if case.drill:
                continue  # ends by itself, whoever is there
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
        by_itself = {SourceKind.ALARM, SourceKind.PLAN}
        opened = {row.opening_alarm for row in self._rows(tables.case) if row.source not in by_itself}
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
            if case.drill:
                assert not running
                continue
            assert (Stage.HANDLE in running) == (state in BEFORE_HANDLED), (state, running.keys())
            assert (Stage.VERIFY in running) == (state is CaseState.HANDLED and case.number not in self._watched())
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

    @invariant()
    def sensors_say_what_was_so(self) -> None:
        """What the machine itself knows of alarms and gaps agrees with every verdict of an observation."""
        cases = {case.number: case for case in self._rows(tables.case)}
        for watch in self._rows(closure_tables.watch):
            assert (watch.state == WatchState.WATCHING) == (watch.ended_ms is None) == (watch.look_ms is not None)
            if watch.ended_ms is None:
                assert cases[watch.case].state == CaseState.HANDLED
            elif watch.state == WatchState.PROVEN:
                self._was_proven(watch)
            elif watch.state == WatchState.RETURNED:
                assert watch.moment_ms in {start for _, _, start, _ in self.rang}
                assert watch.moment_ms > watch.since_ms

    def _was_proven(self, watch: Any) -> None:
        """Quiet and seen for a whole window, closed by the system, the readings kept."""
        alarms = [row for row in self._rows(tables.alarm) if row.case == watch.case]
        pairs = {(row.rule_id, row.facility) for row in alarms}
        quiet_ms = watch.until_ms - watch.window_ms
        for rule_id, facility, start_ms, stop_ms in self.rang:
            if (rule_id, facility) in pairs:
                over = stop_ms is not None and stop_ms <= quiet_ms
                assert over or start_ms > watch.until_ms, (rule_id, start_ms, stop_ms)
        dark = [min(stop, watch.until_ms) - max(start, quiet_ms) for start, stop in self.sensor.gaps]
        assert max(dark, default=0) <= STALE
        lines = [line for line in self._rows(tables.history) if line.case == watch.case and line.actor == SYSTEM]
        assert {"sensor_proven", Action.VERIFY, Action.CLOSE} <= {line.action for line in lines}
        kept = {row.alarm_id for row in self._rows(tables.record) if row.occasion == Occasion.CLOSED}
        assert kept & {row.alarm_id for row in alarms}

    @invariant()
    def what_was_merged_went_whole(self) -> None:
        """A merged case has ended and holds no alarm; an alarm that is on is in a case that somebody looks after."""
        cases = {case.number: case for case in self._rows(tables.case)}
        into = {row.case: row.into for row in self._rows(closure_tables.merge)}
        for number, heir in into.items():
            assert cases[number].state == CaseState.CANCELLED
            while heir in into:
                heir = into[heir]
            assert not cases[number].reports or cases[heir].note not in {SELF_CLEARED, FOLDED}
        brought = {(row.case, row.alarm_id) for row in self._rows(closure_tables.merge_alarm)}
        assert {number for number, _ in brought} <= into.keys()
        for alarm in self._rows(tables.alarm):
            assert alarm.case not in into
            if alarm.active and alarm.case is not None:
                case = cases[alarm.case]
                assert case.open or case.ended_by != SYSTEM or case.state == CaseState.CLOSED, (alarm, case)

    @invariant()
    def one_of_a_kind_is_open(self) -> None:
        """At a facility one case of a family is open; so preventive work never comes twice at once."""
        open_ones = Counter(
            (case.facility, case.family) for case in self._rows(tables.case) if case.open and case.facility
        )
        assert max(open_ones.values(), default=1) == 1

    def teardown(self) -> None:
        """Every clock against the count of every minute."""
        if not hasattr(self, "hall"):
            return
        calendar = self.calendar
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


PHASES = set(Phase) - ({Phase.shrink} if "TWINGRID_MACHINE_EXAMPLES" in os.environ else set())
EXAMPLES, STEPS = int(os.environ.get("TWINGRID_MACHINE_EXAMPLES", "30")), 30
"""A long run: ``TWINGRID_MACHINE_EXAMPLES=2000``."""
CaseMachine.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, phases=PHASES)


TestCaseMachine = pytest.mark.timeout(600)(CaseMachine.TestCase)
