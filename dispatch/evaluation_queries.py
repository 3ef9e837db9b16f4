"""What the evaluation is made of, read from cases, tasks, stages and their history, and the evaluation itself."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmKind
from core.cases import Action, CaseState, TaskKind
from core.closure import Outcome
from core.intake import SourceKind
from core.places import Grid
from core.ports.cases import PassedOver
from core.ports.evaluation import (
    BlindFact,
    CaseFact,
    Evaluation,
    Facts,
    ReportFact,
    RevisitFact,
    StageFact,
    StepFact,
    TaskFact,
    WorkerFact,
)
from core.ports.registry import Roster, RosterSource
from core.revisits import RevisitAnswer, RevisitState
from core.stages import Stage
from dispatch import tables
from dispatch.assignment import heard, routing_of
from dispatch.closure_tables import report
from dispatch.database import reading
from dispatch.evaluation import evaluate
from dispatch.flag_queries import seen
from dispatch.intake_tables import intake
from dispatch.parts import in_parts
from dispatch.peers import Bounds
from dispatch.revisit.counting import closings
from dispatch.revisit.tables import revisit

_JUDGED = {CaseState.VERIFIED.value: Action.VERIFY, CaseState.REWORK.value: Action.REJECT}
_TAKEN = (Action.ACCEPT.value, Action.RETURN.value)
_PASSED_ON = frozenset({Action.RETURN.value, Action.TRANSFER.value})
_LOOKED = (Action.ACCEPT.value, Action.ARRIVE.value, Action.HANDLE.value)
_STEPS = (*_LOOKED, *_PASSED_ON, Action.VERIFY.value, Action.REJECT.value)


class SqlEvaluations:
    """Reads and evaluates; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, source: RosterSource, bounds: Bounds | None = None) -> None:
        """Read from ``engine``; ``source`` is the registry."""
        self._engine = engine
        self._source = source
        self._bounds = bounds or Bounds()

    def evaluate(self, from_ms: int, to_ms: int, now_ms: int, communities: frozenset[int] | None = None) -> Evaluation:
        """The evaluation of [from, to) as known at ``now_ms``; ``None`` is every community."""
        return evaluate(self.facts(from_ms, to_ms, now_ms, communities), self._bounds)

    def facts(self, from_ms: int, to_ms: int, now_ms: int, communities: frozenset[int] | None = None) -> Facts:
        """All facts of the span, with every case that one of them names; drills are left out."""
        roster = self._source.roster()
        with reading(self._engine) as connection:
            mine = _Reader(connection, roster, from_ms, to_ms, communities)
            numbers = mine.numbers()
            history = mine.history(numbers)
            reported = mine.reports(numbers)
            return Facts(
                from_ms=from_ms,
                to_ms=to_ms,
                known_ms=now_ms,
                cases=mine.cases(numbers, history, mine.intakes(numbers)),
                stages=mine.stages(numbers, history),
                steps=_steps(history),
                tasks=mine.tasks(numbers),
                reports=_reports(history, reported),
                blind=mine.blind(),
                revisits=mine.revisits(),
                workers=_workers(roster),
            )


class _Reader:
    """The rows of one span in one transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        roster: Roster,
        from_ms: int,
        to_ms: int,
        communities: frozenset[int] | None,
    ) -> None:
        self._connection = connection
        self._roster = roster
        self._from_ms, self._to_ms = from_ms, to_ms
        self._communities = communities

    def numbers(self) -> list[int]:
        """Cases that were open at some moment of the span, or whose limits or tasks reach into it."""
        case = tables.case
        query = sa.select(case.c.number).where(
            ~case.c.drill,
            case.c.opened_ms < self._to_ms,
            sa.or_(case.c.open, case.c.closed_ms.is_(None), case.c.closed_ms >= self._from_ms),
        )
        if self._communities is not None:
            query = query.where(case.c.community.in_(self._communities))
        return list(self._connection.execute(query.order_by(case.c.number)).scalars())

    def history(self, numbers: Sequence[int]) -> dict[int, list[Any]]:
        """Steps of each case, in order."""
        table = tables.history
        found: dict[int, list[Any]] = {}
        for row in self._in_parts(
            numbers, table.c.case, sa.select(table).where(table.c.action.in_(_STEPS)).order_by(table.c.id)
        ):
            found.setdefault(row.case, []).append(row)
        return found

    def reports(self, numbers: Sequence[int]) -> dict[tuple[int, int], Any]:
        """Reports by case and moment."""
        query = sa.select(report).order_by(report.c.number)
        return {(row.case, row.at_ms): row for row in self._in_parts(numbers, report.c.case, query)}

    def intakes(self, numbers: Sequence[int]) -> dict[int, Any]:
        """The first intake of each case that has one."""
        query = sa.select(intake).order_by(intake.c.number.desc())
        return {row.case: row for row in self._in_parts(numbers, intake.c.case, query)}

    def cases(
        self, numbers: Sequence[int], history: Mapping[int, Sequence[Any]], intakes: Mapping[int, Any]
    ) -> list[CaseFact]:
        """The cases, with the cell of their handling task and the beginning of the alarm that opened them."""
        case, task, alarm = tables.case, tables.task, tables.alarm
        query = (
            sa.select(
                case,
                task.c.cell,
                task.c.assigned_ms,
                task.c.wanted_ms,
                alarm.c.start_ms.label("begun_ms"),
                alarm.c.late,
            )
            .outerjoin(task, sa.and_(task.c.case == case.c.number, task.c.kind == TaskKind.HANDLE.value))
            .outerjoin(alarm, alarm.c.alarm_id == case.c.opening_alarm)
        )
        return [
            self._case(row, history.get(row.number, ()), intakes.get(row.number))
            for row in self._in_parts(numbers, case.c.number, query)
        ]

    def _case(self, row: Any, history: Sequence[Any], asked: Any) -> CaseFact:
        place = self._roster.places.get(row.facility)
        skill = place.skill if place is not None and row.lead == Grid.CONSTRUCTION.value else ""
        looked = [one.at_ms for one in history if one.action in _LOOKED and one.person is not None]
        told_ms = row.assigned_ms
        return CaseFact(
            number=row.number,
            community=row.community,
            cell=row.cell or "",
            skill=skill,
            opened_ms=row.opened_ms,
            begun_ms=row.begun_ms if asked is None or row.begun_ms is not None else asked.at_ms,
            wanted_ms=row.wanted_ms if row.wanted_ms is not None else told_ms,
            told_ms=told_ms,
            looked_ms=min(looked, default=None),
            ended_ms=row.closed_ms,
            excused=row.excused,
            source=SourceKind(row.source),
        )

    def stages(self, numbers: Sequence[int], history: Mapping[int, Sequence[Any]]) -> list[StageFact]:
        """Runs of clocks, each with whoever ended it, else with whose task it is."""
        stage, task = tables.stage, tables.task
        query = sa.select(stage, task.c.owner).join(task, task.c.number == stage.c.task).order_by(stage.c.number)
        return [self._stage(row, history.get(row.case, ())) for row in self._in_parts(numbers, stage.c.case, query)]

    @staticmethod
    def _stage(row: Any, history: Sequence[Any]) -> StageFact:
        did = [one for one in history if one.at_ms == row.ended_ms and one.action == row.ended_by]
        person = did[0].person if did else row.owner
        return StageFact(
            case=row.case,
            stage=Stage(row.stage),
            person=person,
            limit_ms=row.limit_ms,
            ended_ms=row.ended_ms,
            ended_by=row.ended_by,
            paused_ms=row.paused_since_ms,
        )

    def tasks(self, numbers: Sequence[int]) -> list[TaskFact]:
        """Tasks announced in the span, with those whom routing passed over for lack of the skill."""
        table = tables.task
        told = (table.c.assigned_ms >= self._from_ms, table.c.assigned_ms < self._to_ms)
        query = sa.select(table.c.case, table.c.owner, table.c.assigned_ms, table.c.routing).where(
            table.c.owner.is_not(None), *told, heard()
        )
        return [
            TaskFact(
                case=row.case,
                owner=row.owner,
                told_ms=row.assigned_ms,
                unskilled=tuple(
                    one.person
                    for one in routing_of(row.routing)
                    if one.passed_over is PassedOver.NO_SKILL and one.person is not None
                ),
            )
            for row in self._in_parts(numbers, table.c.case, query)
        ]

    def blind(self) -> list[BlindFact]:
        """Times in which nothing could be seen of a facility: its alarms of sight, one upon the other counted once."""
        table = tables.alarm
        query = sa.select(table.c.facility, table.c.community, table.c.start_ms, table.c.stop_ms).where(
            table.c.kind == AlarmKind.SIGHT.value,
            ~table.c.retracted,
            table.c.merged_into == "",
            table.c.start_ms < self._to_ms,
            sa.or_(table.c.stop_ms.is_(None), table.c.stop_ms > self._from_ms),
        )
        if self._communities is not None:
            query = query.where(table.c.community.in_(self._communities))
        rows = self._connection.execute(query.order_by(table.c.facility, table.c.start_ms)).all()
        return list(_united(rows, self._roster))

    def revisits(self) -> list[RevisitFact]:
        """Closings whose last revisit ended in the span; their cases may have been closed before it."""
        inside = (revisit.c.done_ms >= self._from_ms, revisit.c.done_ms < self._to_ms)
        lately = sa.select(revisit.c.line).where(*inside)
        one, task = (
            closings(revisit.c.line.in_(lately), seen(revisit.c.community, self._communities)).subquery(),
            tables.task,
        )
        query = (
            sa.select(one, task.c.cell)
            .outerjoin(task, sa.and_(task.c.case == one.c.case, task.c.kind == TaskKind.HANDLE.value))
            .where(one.c.open == 0, one.c.done_ms >= self._from_ms, one.c.done_ms < self._to_ms)
        )
        return [_revisit(row) for row in self._connection.execute(query.order_by(one.c.line))]

    def _in_parts(self, numbers: Sequence[int], column: sa.ColumnElement[int], query: sa.Select[Any]) -> Iterable[Any]:
        for part in in_parts(numbers):
            yield from self._connection.execute(query.where(column.in_(part)))


def _steps(history: Mapping[int, Sequence[Any]]) -> list[StepFact]:
    """Judgements, each with whose repair it was, and tasks taken and given back."""
    found: set[tuple[int, str, int | None, int, int | None]] = set()
    made: list[StepFact] = []
    for case, rows in history.items():
        repaired: int | None = None
        for row in rows:
            if row.action == Action.HANDLE.value and row.to_state == CaseState.HANDLED.value:
                repaired = row.person
            judged = _JUDGED.get(row.to_state)
            if judged is not None and judged.value == row.action:
                made.append(StepFact(case=case, action=judged, person=repaired, at_ms=row.at_ms))
            key = case, row.action, row.person, row.at_ms, row.task
            if row.action in _TAKEN and row.person is not None and key not in found:
                found.add(key)
                made.append(StepFact(case=case, action=Action(row.action), person=row.person, at_ms=row.at_ms))
    return made


def _reports(history: Mapping[int, Sequence[Any]], reported: Mapping[tuple[int, int], Any]) -> list[ReportFact]:
    """Every time a case was reported as handled, with what was reported, if anything was."""
    made = []
    for case, rows in history.items():
        passed = sorted(row.at_ms for row in rows if row.action in _PASSED_ON)
        for row in rows:
            if row.action != Action.HANDLE.value or row.to_state != CaseState.HANDLED.value:
                continue
            said = reported.get((case, row.at_ms))
            made.append(
                ReportFact(
                    case=case,
                    person=row.person,
                    at_ms=row.at_ms,
                    false_alarm=said is not None and said.outcome == Outcome.FALSE_ALARM.value,
                    passed_on=bisect.bisect_right(passed, row.at_ms) > 0,
                    labour_min=0 if said is None else said.labour_min,
                    spent_fen=0 if said is None else said.parts_fen + said.contractor_fen,
                )
            )
    return made


def _revisit(row: Any) -> RevisitFact:
    said = None
    if row.state == RevisitState.ANSWERED.value:
        said = RevisitAnswer(solved=bool(row.solved), satisfaction=row.satisfaction)
    return RevisitFact(
        community=row.community,
        cell=row.cell or "",
        person=row.person,
        at_ms=row.done_ms,
        answer=said,
    )


def _united(rows: Sequence[Any], roster: Roster) -> Iterable[BlindFact]:
    """The alarms of each facility as times that do not overlap; the rows are in the order of facility and start."""
    facility: int | None = None
    covered_ms: int | None = 0
    for row in rows:
        if row.facility != facility:
            facility, covered_ms = row.facility, row.start_ms
        if covered_ms is None:
            continue
        begin_ms = max(row.start_ms, covered_ms)
        if row.stop_ms is None or row.stop_ms > begin_ms:
            place = roster.places.get(row.facility)
            cell = "" if place is None else place.cells.get(Grid.CONSTRUCTION, "")
            yield BlindFact(community=row.community, cell=cell, from_ms=begin_ms, to_ms=row.stop_ms)
            covered_ms = row.stop_ms


def _workers(roster: Roster) -> dict[int, WorkerFact]:
    return {
        person.number: WorkerFact(
            person=person.number,
            grid=person.grid,
            department=person.department,
            skills=person.skills,
            communities=person.communities,
        )
        for person in roster.people.values()
    }
