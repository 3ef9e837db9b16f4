"""What pages read: ``core.ports.cases.CaseQueries`` over SQL. Each answer is one consistent state of the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmKind, Severity
from core.cases import Action, Actor, TaskState, UnknownItem
from core.places import Grid, Text
from core.ports.cases import (
    AlarmDetail,
    AlarmFilter,
    AlarmRow,
    CaseDetail,
    CaseFilter,
    CaseRow,
    EvidenceValue,
    TaskDetail,
    TaskFilter,
    TaskRow,
)
from core.ports.feed import CommunityFigures, FeedEntry
from core.ports.receivers import Receiver
from core.ports.registry import Page, PageRequest, RosterSource
from dispatch import findings as kinds
from dispatch import proceedings, tables, views
from dispatch.assignment import routing_of
from dispatch.closure_tables import merge
from dispatch.database import reading
from dispatch.desk import situation
from dispatch.fitness import with_standing
from dispatch.flag_queries import SqlFlagQueries, alarm_conditions, covering, limit_of_page, number_of, seen
from dispatch.handover import receivers_of
from dispatch.lifecycle import allowed, decide
from dispatch.offerwork import offered_to
from dispatch.policy import Policy
from dispatch.proceedingwork import matter
from dispatch.stage_queries import proceedings_of, stages_of

_MOST_ALARMS = 500
"""Alarms of a case that are shown."""


class SqlCaseQueries(SqlFlagQueries):
    """All reading of dispatch; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, source: RosterSource, policy: Policy | None = None) -> None:
        """Read from ``engine``; ``source`` is the registry, ``policy`` that of whoever writes."""
        super().__init__(engine)
        self._source = source
        self._policy = policy or Policy()

    def alarms(self, where: AlarmFilter, page: PageRequest) -> Page[AlarmRow]:
        """Alarms, newest start first.

        Raises:
            Refused: if the cursor or the limit is not valid.
        """
        table = tables.alarm
        query = sa.select(table).where(*alarm_conditions(where))
        if page.cursor:
            start_ms, alarm_id = _split_cursor(page.cursor)
            older = sa.and_(table.c.start_ms == start_ms, table.c.alarm_id < alarm_id)
            query = query.where(sa.or_(table.c.start_ms < start_ms, older))
        query = query.order_by(table.c.start_ms.desc(), table.c.alarm_id.desc()).limit(limit_of_page(page) + 1)
        with reading(self._engine) as connection:
            found = [views.alarm_row(row) for row in connection.execute(query)]
        last = found[page.limit - 1] if len(found) > page.limit else None
        return Page(items=tuple(found[: page.limit]), next_cursor=f"{last.start_ms}.{last.alarm_id}" if last else "")

    def alarm(self, alarm_id: str, communities: frozenset[int] | None = None) -> AlarmDetail | None:
        """One alarm."""
        table, history = tables.alarm, tables.alarm_history
        with reading(self._engine) as connection:
            where = (table.c.alarm_id == alarm_id, seen(table.c.community, communities))
            row = connection.execute(sa.select(table).where(*where)).one_or_none()
            if row is None:
                return None
            steps = sa.select(history).where(history.c.alarm_id == alarm_id).order_by(history.c.id)
            return AlarmDetail(
                alarm=views.alarm_row(row),
                history=tuple(views.alarm_history_row(step) for step in connection.execute(steps)),
                evidence=_evidence(connection, [alarm_id]),
                do=views.instructions(row),
                flags=covering(connection, row),
            )

    def works_on(self, person: int, *, alarm_id: str = "", facility: int = 0) -> bool:
        """Whether somebody owns an open task of a case that this alarm, or an alarm of this facility, belongs to.

        A case belongs to its facility, and so do those merged into it. Drills count: whoever has one goes there.
        """
        task, case, alarm, merged = tables.task, tables.case, tables.alarm, tables.case.alias()
        mine = (task.c.owner == person, task.c.open)
        if alarm_id:
            found = sa.exists().where(alarm.c.alarm_id == alarm_id, alarm.c.case == task.c.case, *mine)
        else:
            among = sa.exists().where(alarm.c.case == task.c.case, alarm.c.facility == facility)
            brought = sa.exists().where(
                merge.c.into == task.c.case, merged.c.number == merge.c.case, merged.c.facility == facility
            )
            there = sa.or_(case.c.facility == facility, among, brought) if facility else among
            found = sa.exists().where(case.c.number == task.c.case, there, *mine)
        with reading(self._engine) as connection:
            return bool(connection.execute(sa.select(found)).scalar_one())

    def cases(self, where: CaseFilter, page: PageRequest) -> Page[CaseRow]:
        """Cases, newest number first.

        Raises:
            Refused: if the cursor or the limit is not valid.
        """
        table = tables.case
        query = sa.select(table).where(*_case_conditions(where), _before(table.c.number, page))
        query = query.order_by(table.c.number.desc()).limit(limit_of_page(page) + 1)
        with reading(self._engine) as connection:
            found = [views.case_row(row) for row in connection.execute(query)]
        more = len(found) > page.limit
        return Page(items=tuple(found[: page.limit]), next_cursor=str(found[page.limit - 1].number) if more else "")

    def case(self, number: int, communities: frozenset[int] | None = None) -> CaseDetail | None:
        """One case."""
        table = tables.case
        with reading(self._engine) as connection:
            where = (table.c.number == number, seen(table.c.community, communities))
            row = connection.execute(sa.select(table).where(*where)).one_or_none()
            if row is None:
                return None
            alarms = _alarms_of(connection, number)
            tasks = connection.execute(
                views.task_select().where(tables.task.c.case == number).order_by(tables.task.c.number)
            )
            return CaseDetail(
                case=views.case_row(row),
                alarms=tuple(views.alarm_row(alarm) for alarm in alarms),
                tasks=tuple(views.task_row(task) for task in tasks),
                evidence=_evidence(connection, [alarm.alarm_id for alarm in alarms]),
                do=_instructions(alarms),
                history=_history(connection, number),
                stages=stages_of(connection, number),
                proceedings=proceedings_of(connection, number),
            )

    def tasks(self, where: TaskFilter, page: PageRequest) -> Page[TaskRow]:
        """Tasks, newest number first.

        Raises:
            Refused: if the cursor or the limit is not valid.
        """
        table = tables.task
        query = views.task_select().where(*_task_conditions(where), _before(table.c.number, page))
        query = query.order_by(table.c.number.desc()).limit(limit_of_page(page) + 1)
        with reading(self._engine) as connection:
            found = [views.task_row(row) for row in connection.execute(query)]
        more = len(found) > page.limit
        return Page(items=tuple(found[: page.limit]), next_cursor=str(found[page.limit - 1].number) if more else "")

    def queue(self, person: int, now_ms: int) -> Sequence[TaskRow]:
        """A person's open tasks and those offered to them: ready first, overdue, worse, nearer limit; rest last."""
        table, mine = tables.task, [tables.task.c.owner == person]
        with reading(self._engine) as connection:
            offered = list(offered_to(connection, person))
            if offered:
                mine.append(table.c.number.in_(offered))
            query = views.task_select().where(table.c.open, sa.or_(*mine))
            found = [views.task_row(row) for row in connection.execute(query)]

        def rank(task: TaskRow) -> tuple[bool, bool, bool, int, float, int]:
            return queue_rank(
                ready=task.ready,
                not_before_ms=task.not_before_ms,
                overdue=task.overdue,
                severity=task.severity,
                due_ms=task.due_ms,
                number=task.number,
                now_ms=now_ms,
            )

        return sorted(found, key=rank)

    def task(
        self, number: int, actor: Actor, communities: frozenset[int] | None = None, now_ms: int = 0
    ) -> TaskDetail | None:
        """One task with its why, where, what, by when, and what ``actor`` may do with it at ``now_ms``."""
        table, roster = tables.task, self._source.roster()
        with reading(self._engine) as connection:
            where = (table.c.number == number, seen(table.c.community, communities))
            row = connection.execute(views.task_select().where(*where)).one_or_none()
            if row is None:
                return None
            case = connection.execute(sa.select(tables.case).where(tables.case.c.number == row.case)).one()
            alarms = _alarms_of(connection, row.case)
            stands = with_standing(actor, case.community, Grid(row.grid), roster)
            about = matter(connection, row, case, stands, self._policy, now_ms)
            return TaskDetail(
                task=views.task_row(row),
                case=views.case_row(case),
                alarms=tuple(views.alarm_row(alarm) for alarm in alarms),
                evidence=_evidence(connection, [alarm.alarm_id for alarm in alarms]),
                do=_instructions(alarms),
                history=_history(connection, row.case),
                actions=(
                    *allowed(situation(row, case, actor, roster, self._policy, now_ms)),
                    *proceedings.allowed(about),
                ),
                routing=routing_of(row.routing),
                stages=stages_of(connection, row.case),
                proceedings=proceedings_of(connection, row.case),
                extension_until_ms=about.latest_ms,
            )

    def receivers(self, task: int, actor: Actor, now_ms: int) -> Sequence[Receiver]:
        """Everybody of a task's community but its owner, and whether they may be given it.

        Raises:
            UnknownItem: if there is no such task.
            NotPermitted, Conflict: as the transfer itself would.
        """
        table, roster = tables.task, self._source.roster()
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(table).where(table.c.number == task)).one_or_none()
            if row is None:
                raise UnknownItem(kinds.NO_TASK(task=task))
            case = connection.execute(sa.select(tables.case).where(tables.case.c.number == row.case)).one()
            decide(situation(row, case, actor, roster, self._policy, now_ms), Action.TRANSFER, "asked")
            return receivers_of(connection, row, case, roster, self._policy, now_ms)

    def overview(self, communities: frozenset[int] | None = None) -> Sequence[CommunityFigures]:
        """All communities in sight, worst first (see ``CommunityFigures``); also those without any alarm."""
        alarm, case, task = tables.alarm, tables.case, tables.task
        counts = self._source.facility_counts()
        with reading(self._engine) as connection:
            real = sa.and_(alarm.c.active, alarm.c.kind != AlarmKind.TEST.value)
            severities = _counted(connection, sa.select(alarm.c.community, alarm.c.severity), real)
            facilities = sa.select(alarm.c.community, alarm.c.kind, alarm.c.facility).where(
                real, alarm.c.severity > Severity.INFO.value
            )
            touched = [tuple(row) for row in connection.execute(facilities.distinct())]
            open_case = sa.and_(case.c.open, ~case.c.drill)
            open_cases = _counted(connection, sa.select(case.c.community), open_case)
            overdue = _counted(connection, sa.select(case.c.community), sa.and_(open_case, case.c.overdue))
            waits = sa.and_(task.c.open, task.c.ready, ~task.c.drill, task.c.state == TaskState.WAITING.value)
            waiting = _counted(connection, sa.select(task.c.community), waits)
        found = {key[0] for figures in (severities, open_cases, waiting) for key in figures} | set(counts)
        seen = found if communities is None else found & communities
        figures = []
        for community in sorted(seen):
            mine = [(kind, facility) for place, kind, facility in touched if place == community]
            total = counts.get(community, 0)
            figures.append(
                CommunityFigures(
                    community=community,
                    facilities=total,
                    healthy=max(0, total - len({facility for _, facility in mine})),
                    alarmed=len({facility for kind, facility in mine if kind == AlarmKind.CONDITION}),
                    unseen=len({facility for kind, facility in mine if kind == AlarmKind.SIGHT}),
                    alarms={severity: severities.get((community, severity.value), 0) for severity in Severity},
                    open_cases=open_cases.get((community,), 0),
                    overdue_cases=overdue.get((community,), 0),
                    waiting_tasks=waiting.get((community,), 0),
                )
            )
        return sorted(figures, key=_worst_first)

    def feed(self, after: int, limit: int = 500, communities: frozenset[int] | None = None) -> Sequence[FeedEntry]:
        """Lines with id > ``after``, ascending."""
        table = tables.feed
        query = sa.select(table).where(table.c.id > after, seen(table.c.community, communities))
        query = query.order_by(table.c.id).limit(max(1, min(limit, 5000)))
        with reading(self._engine) as connection:
            return [views.feed_entry(row) for row in connection.execute(query)]

    def feed_head(self) -> int:
        """The newest id, 0 when the feed is empty."""
        head = tables.feed_head
        with reading(self._engine) as connection:
            return int(connection.execute(sa.select(head.c.last).where(head.c.id == 1)).scalar_one_or_none() or 0)


def queue_rank(
    *,
    ready: bool,
    not_before_ms: int | None,
    overdue: bool,
    severity: Severity,
    due_ms: int | None,
    number: int,
    now_ms: int,
) -> tuple[bool, bool, bool, int, float, int]:
    """The place of a task in its queue: ready ones first, then overdue, worse severity, earlier limit; rest last."""
    rests = not_before_ms is not None and not_before_ms > now_ms
    late = overdue or (due_ms is not None and due_ms < now_ms)
    return (not ready, rests, not late, -severity, float("inf") if due_ms is None else due_ms, number)


def _worst_first(item: CommunityFigures) -> tuple[int, ...]:
    alarms = item.alarms
    return (
        -alarms[Severity.CRITICAL],
        -alarms[Severity.HIGH],
        -item.overdue_cases,
        -alarms[Severity.MEDIUM],
        -item.unseen,
        -alarms[Severity.LOW],
        -item.open_cases,
        item.community,
    )


def _before(column: sa.Column[int], page: PageRequest) -> sa.ColumnElement[bool]:
    return column < number_of(page.cursor) if page.cursor else sa.true()


def _split_cursor(cursor: str) -> tuple[int, str]:
    start, _, alarm_id = cursor.partition(".")
    if not (alarm_id.isascii() and alarm_id.isalnum() and len(alarm_id) <= 64):
        alarm_id = ""  # not one of ours: everything of that millisecond lies behind it
    return number_of(start), alarm_id


def _case_conditions(where: CaseFilter) -> list[sa.ColumnElement[bool]]:
    table = tables.case
    found = [seen(table.c.community, where.communities), table.c.severity >= where.minimum.value]
    found.append(table.c.drill if where.drills else ~table.c.drill)
    if where.facility is not None:
        found.append(table.c.facility == where.facility)
    if where.states:
        found.append(table.c.state.in_(sorted(state.value for state in where.states)))
    if where.open is not None:
        found.append(table.c.open if where.open else ~table.c.open)
    if where.overdue is not None:
        found.append(table.c.overdue if where.overdue else ~table.c.overdue)
    return found


def _task_conditions(where: TaskFilter) -> list[sa.ColumnElement[bool]]:
    table = tables.task
    found = [seen(table.c.community, where.communities)]
    if where.drills is not None:
        found.append(table.c.drill if where.drills else ~table.c.drill)
    if where.owner is not None:
        found.append(table.c.owner == where.owner)
    if where.grid is not None:
        found.append(table.c.grid == where.grid.value)
    if where.open is not None:
        found.append(table.c.open if where.open else ~table.c.open)
    if where.case is not None:
        found.append(table.c.case == where.case)
    return found


def _alarms_of(connection: sa.Connection, case: int) -> Sequence[Any]:
    """The alarms of a case in the order of time; of a storm those that are on and the newest of the others."""
    table = tables.alarm
    order = (table.c.active.desc(), table.c.severity.desc(), table.c.start_ms.desc(), table.c.alarm_id)
    found = connection.execute(sa.select(table).where(table.c.case == case).order_by(*order).limit(_MOST_ALARMS)).all()
    return sorted(found, key=lambda row: row.start_ms)


def _history(connection: sa.Connection, case: int) -> tuple[Any, ...]:
    table = tables.history
    query = sa.select(table).where(table.c.case == case).order_by(table.c.id)
    return tuple(views.history_row(row) for row in connection.execute(query))


def _evidence(connection: sa.Connection, alarm_ids: Sequence[str]) -> tuple[EvidenceValue, ...]:
    table = tables.evidence
    query = sa.select(table).where(table.c.alarm_id.in_(alarm_ids[:100])).order_by(table.c.time_ms, table.c.position)
    return tuple(views.evidence_value(row) for row in connection.execute(query))


def _instructions(alarms: Iterable[Any]) -> tuple[Text, ...]:
    """What to do, of the worst alarm first, nothing twice."""
    ranked = sorted(alarms, key=lambda row: -row.severity)
    return tuple(dict.fromkeys(text for row in ranked for text in views.instructions(row)))


def _counted(
    connection: sa.Connection, query: sa.Select[Any], condition: sa.ColumnElement[bool]
) -> Mapping[tuple[int, ...], int]:
    """Rows that meet a condition, by the columns of ``query``."""
    columns = list(query.selected_columns)
    counted = query.add_columns(sa.func.count()).where(condition).group_by(*columns)
    return {tuple(row[:-1]): int(row[-1]) for row in connection.execute(counted)}
