"""How cases end, read: ``core.ports.closure.ClosureQueries`` over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.alarms import AlarmKind
from core.cases import Actor, CaseState
from core.closure import Outcome, WatchState
from core.places import Text
from core.ports.closure import CaseRef, Closure, Cost, Handled, LastingDecision, Merged, Recurring, Similar, WatchRow
from core.ports.registry import FacilityPlace, RosterSource
from dispatch import closure_tables, tables
from dispatch.correcting import may_correct
from dispatch.database import reading
from dispatch.lastingwork import asks, newest_decisions
from dispatch.lifecycle import MAY_MERGE
from dispatch.observation import why
from dispatch.parts import in_parts
from dispatch.policy import Policy
from dispatch.reports import cost_of, costs, of_case, of_task
from dispatch.similarity import Side, likeness, metres

_MOST_SIMILAR = 20
_MOST_RECURRING = 200
_MERGEABLE = [state.value for state in MAY_MERGE]


class SqlClosureQueries:
    """Reads reports, observations, merged cases; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, source: RosterSource, policy: Policy | None = None) -> None:
        """Read from ``engine``; ``source`` is the registry."""
        self._engine = engine
        self._source = source
        self._policy = policy or Policy()

    def watch(self, number: int) -> WatchRow | None:
        """The newest observation of a case."""
        with reading(self._engine) as connection:
            return self._watch(connection, number)

    def handled(self, task: int, actor: Actor) -> Handled | None:
        """What was reported last with a task, and whether ``actor`` may correct it."""
        with reading(self._engine) as connection:
            row = of_task(connection, task)
            if row is None:
                return None
            query = sa.select(tables.case.c.state).join(tables.task, tables.task.c.case == tables.case.c.number)
            state = connection.execute(query.where(tables.task.c.number == task)).scalar_one()
        may = may_correct(actor.person, row.person, state, supervises=actor.supervises)
        return Handled(row=row, may_correct=may)

    def closure(self, number: int, now_ms: int) -> Closure:
        """How a case ends or ended; of a case that does not exist, nothing."""
        case = tables.case
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(case).where(case.c.number == number)).one_or_none()
            if row is None:
                return Closure()
            reports = of_case(connection, number)
            found = self._recurring(connection, now_ms, [case.c.facility == row.facility, case.c.family == row.family])
            merge = closure_tables.merge
            into = _merged(connection, merge.c.case == number, merge.c.into)
            return Closure(
                watch=self._watch(connection, number),
                reports=reports,
                cost=cost_of(reports),
                into=into[0] if into else None,
                merged=_merged(connection, merge.c.into == number, merge.c.case),
                similar=self._similar(connection, row),
                recurring=found[0] if found else None,
            )

    def recurring(self, now_ms: int, communities: frozenset[int] | None = None) -> Sequence[Recurring]:
        """Faults that came again often lately: what is to be decided first, then the most expensive."""
        table = tables.case
        where = [] if communities is None else [table.c.community.in_(communities)]
        with reading(self._engine) as connection:
            found = self._recurring(connection, now_ms, where)

        def rank(one: Recurring) -> tuple[bool, int, int, int, str]:
            return (
                not one.asks,
                -one.cost.contractor_fen - one.cost.parts_fen,
                -len(one.cases),
                one.facility,
                one.family,
            )

        return sorted(found, key=rank)

    # --- inside -------------------------------------------------------------------------------------------------

    def _watch(self, connection: sa.Connection, number: int) -> WatchRow | None:
        table, case = closure_tables.watch, tables.case
        query = sa.select(table, case.c.facility).join(case, case.c.number == table.c.case)
        row = connection.execute(
            query.where(table.c.case == number).order_by(table.c.number.desc()).limit(1)
        ).one_or_none()
        if row is None:
            return None
        place = self._source.place(row.facility)
        alarm = tables.alarm
        dark = sa.exists().where(alarm.c.case == number, alarm.c.kind == AlarmKind.SIGHT.value)
        unseen = bool(connection.execute(sa.select(dark)).scalar_one())
        return WatchRow(
            state=WatchState(row.state),
            since_ms=row.since_ms,
            window_ms=row.window_ms,
            from_ms=row.from_ms,
            seen_ms=row.seen_ms,
            until_ms=row.until_ms,
            ended_ms=row.ended_ms,
            moment_ms=row.moment_ms,
            alarm_id=row.alarm_id,
            why=why(place.class_id if place else "", unseen=unseen),
        )

    def _similar(self, connection: sa.Connection, row: Any) -> tuple[Similar, ...]:
        """Open cases with likenesses to an open one."""
        if row.state not in _MERGEABLE or row.drill or row.gathers:
            return ()
        places, table = self._source.roster().places, tables.case
        here = places.get(row.facility)
        if here is None:
            return ()
        mine = Side(row.family, row.opened_ms, here)
        query = sa.select(table).where(
            table.c.open, ~table.c.drill, table.c.gathers == "", table.c.number != row.number
        )
        found: list[tuple[int, float, Any, tuple[Any, ...], float | None]] = []
        for other in connection.execute(query.where(table.c.state.in_(_MERGEABLE))):
            there: FacilityPlace | None = places.get(other.facility)
            if there is None:
                continue
            reasons = likeness(mine, Side(other.family, other.opened_ms, there), self._policy)
            if reasons:
                apart = metres(here, there)
                found.append((-len(reasons), apart if apart is not None else float("inf"), other, reasons, apart))
        found.sort(key=lambda one: (one[0], one[1], one[2].number))
        chosen = found[:_MOST_SIMILAR]
        refs = _refs(connection, [other for _, _, other, _, _ in chosen])
        return tuple(
            Similar(case=ref, reasons=reasons, metres=apart)
            for ref, (_, _, _, reasons, apart) in zip(refs, chosen, strict=True)
        )

    def _recurring(
        self, connection: sa.Connection, now_ms: int, where: Sequence[sa.ColumnElement[bool]]
    ) -> list[Recurring]:
        table, since_ms = tables.case, now_ms - self._policy.recurring_ms
        counted = [
            *where,
            table.c.opened_ms >= since_ms,
            ~table.c.drill,
            table.c.gathers == "",
            table.c.facility != 0,
            table.c.state != CaseState.CANCELLED.value,
        ]
        often = (
            sa.select(table.c.facility, table.c.family)
            .where(*counted)
            .group_by(table.c.facility, table.c.family)
            .having(sa.func.count() >= self._policy.recurring_cases)
            .order_by(sa.func.count().desc(), table.c.facility, table.c.family)
            .limit(_MOST_RECURRING)
        )
        keys = [(row.facility, row.family) for row in connection.execute(often)]
        chosen = often.subquery()
        same = sa.and_(chosen.c.facility == table.c.facility, chosen.c.family == table.c.family)
        query = sa.select(table).join(chosen, same).where(*counted).order_by(table.c.number.desc())
        rows = connection.execute(query).all()
        by_key: dict[tuple[int, str], list[tuple[Any, CaseRef]]] = {}
        for row, ref in zip(rows, _refs(connection, rows), strict=True):
            if not ref.outcome_false:
                by_key.setdefault((row.facility, row.family), []).append((row, ref))
        found, decisions = [], newest_decisions(connection, keys)
        for facility, family in keys:
            mine = by_key.get((facility, family), [])
            if len(mine) < self._policy.recurring_cases:
                continue
            refs = [ref for _, ref in mine]
            decided = decisions.get((facility, family))
            found.append(
                Recurring(
                    facility=facility,
                    community=mine[0][0].community,
                    family=family,
                    say=refs[0].say,
                    since_ms=since_ms,
                    cases=tuple(refs),
                    cost=sum((one.cost for one in refs), Cost()),
                    asks=asks([ref.number for ref in refs], decided[1] if decided else None, self._policy),
                    decision=None if decided is None else _decision(decided[0]),
                )
            )
        return found


def _decision(row: Any) -> LastingDecision:
    return LastingDecision(
        accepted=row.accepted,
        at_ms=row.at_ms,
        actor=row.actor,
        person=row.person,
        reason=row.reason,
        case=row.case,
        project=row.project,
    )


def _refs(connection: sa.Connection, rows: Sequence[Any]) -> list[CaseRef]:
    """Cases by name, with what they cost and whether they were false."""
    numbers = [row.number for row in rows]
    cost, false = costs(connection, numbers), _false(connection, numbers)
    return [
        CaseRef(
            number=row.number,
            code=row.code,
            say=Text(zh=row.say_zh, en=row.say_en),
            facility=row.facility,
            state=CaseState(row.state),
            opened_ms=row.opened_ms,
            cost=cost.get(row.number, Cost()),
            outcome_false=row.number in false,
        )
        for row in rows
    ]


def _false(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    """Cases whose newest report says that nothing was wrong."""
    table = closure_tables.report
    newest: dict[int, str] = {}
    for part in in_parts(numbers):
        query = sa.select(table.c.case, table.c.outcome).where(table.c.case.in_(part))
        newest |= {row.case: row.outcome for row in connection.execute(query.order_by(table.c.number))}
    return {case for case, outcome in newest.items() if outcome == Outcome.FALSE_ALARM.value}


def _merged(
    connection: sa.Connection, where: sa.ColumnElement[bool], shown: sa.ColumnElement[int]
) -> tuple[Merged, ...]:
    merge, case = closure_tables.merge, tables.case
    rows = connection.execute(sa.select(merge, shown.label("shown")).where(where).order_by(merge.c.at_ms)).all()
    query = sa.select(case).where(case.c.number.in_([row.shown for row in rows]))
    refs = {ref.number: ref for ref in _refs(connection, connection.execute(query).all())}
    return tuple(
        Merged(case=refs[row.shown], at_ms=row.at_ms, actor=row.actor, person=row.person, reason=row.reason)
        for row in rows
    )
