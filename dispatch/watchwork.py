"""Observations inside a transaction: begun with the report of a repair, judged, ended with what follows for the case.

They are judged when alarms come and when readings have been looked at, which ``dispatch.observing`` does outside of
transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.alarms import AlarmKind, Unseen
from core.cases import SYSTEM, Action, CaseState, RuleInfo
from core.closure import CALLS_VERIFIER, REJECTS, WatchState
from core.ports.evidence import Occasion
from core.ports.registry import RosterSource
from dispatch import closure_tables, tables
from dispatch.casework import CaseWork
from dispatch.foldwork import unseen_count, unseen_of
from dispatch.ledger import Ledger
from dispatch.observables import MOST_PARTS, Groups, Part, of_rule, of_sight
from dispatch.observation import Course, Judgement, Sight, Watch, judge, next_look_ms, watched_ms
from dispatch.policy import Policy
from dispatch.recordwork import begin_record
from dispatch.verifying import begin_again, call_verifier, verified_by_sensor, wait_for_sensor

_MOST_FROZEN = 20


class Pair(NamedTuple):
    """What is observed: a rule at a facility."""

    rule_id: str
    facility: int
    element: str = ""
    """Which of several of its facility, of *cannot see now*."""


class WatchWork:
    """All that happens to observations in one transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        cases: CaseWork,
        ledger: Ledger,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        policy: Policy,
        now_ms: int,
    ) -> None:
        """Work on ``connection`` at ``now_ms``."""
        self._connection = connection
        self._cases = cases
        self._ledger = ledger
        self._rules = rules
        self._source = source
        self._policy = policy
        self._now_ms = now_ms

    def begin(self, case: Any) -> bool:
        """Observe a case that has just been reported as handled; false where a person must look."""
        pairs = pairs_of(self._connection, case.number)
        watched = [(self._rules(pair.rule_id), self._class_of(pair.facility)) for pair in pairs]
        window = watched_ms(watched, self._kinds(case.number), drill=case.drill)
        if not window or parts_of(self._connection, case.number, self._rules, self._groups(), pairs) is None:
            return False
        values = {
            "case": case.number,
            "state": WatchState.WATCHING.value,
            "since_ms": self._now_ms,
            "window_ms": window,
            "from_ms": None,
            "seen_ms": self._now_ms,
            "until_ms": None,
            "look_ms": self._now_ms,
            "alarm_id": "",
        }
        self._connection.execute(sa.insert(closure_tables.watch).values(**values))
        self._ledger.note(case.number, "sensor_watches")
        wait_for_sensor(self._cases, case)
        return True

    def overtake(self, number: int) -> None:
        """A person has concluded the verification of a case: whatever observed it ends."""
        for row in self._open([number]):
            self._end(row, Judgement(state=WatchState.OVERTAKEN, until_ms=None))

    def settle(self, numbers: Iterable[int]) -> None:
        """After a batch of alarms: where the condition came back, the repair is rejected."""
        for row in self._open(numbers):
            judged = self._judged(row)
            if judged.state is WatchState.RETURNED:
                self._follow(row, judged)

    def look(self, number: int, seen: Sight) -> None:
        """The readings of an observation have been looked at: remember how far they reach, and let follow what does."""
        table = closure_tables.watch
        row = self._connection.execute(
            sa.select(table).where(table.c.number == number, table.c.ended_ms.is_(None))
        ).one_or_none()
        if row is None:
            return
        from_ms = row.from_ms if row.from_ms is not None else seen.from_ms
        row = self._update(row, from_ms=from_ms, seen_ms=max(row.seen_ms, seen.seen_ms))
        judged = self._judged(row)
        if judged.state is not WatchState.WATCHING:
            self._follow(row, judged)
            return
        look_ms = next_look_ms(self._now_ms, judged.until_ms, self._policy.look_every_ms)
        self._update(row, look_ms=look_ms, until_ms=judged.until_ms)
        if row.until_ms != judged.until_ms:
            self._cases.tell(self._cases.case(row.case), "sensor_watches")

    def blind(self, number: int) -> None:
        """Nothing of what is observed has a sensor."""
        table = closure_tables.watch
        query = sa.select(table).where(table.c.number == number, table.c.ended_ms.is_(None))
        for row in self._connection.execute(query).all():
            self._follow(row, Judgement(state=WatchState.BLIND, until_ms=None, moment_ms=row.since_ms))

    # --- inside -------------------------------------------------------------------------------------------------

    def _open(self, numbers: Iterable[int]) -> Sequence[Any]:
        table = closure_tables.watch
        wanted = (table.c.case.in_(list(numbers)), table.c.ended_ms.is_(None))
        return self._connection.execute(sa.select(table).where(*wanted).order_by(table.c.number)).all()

    def _update(self, row: Any, **values: object) -> Any:
        table = closure_tables.watch
        query = sa.update(table).where(table.c.number == row.number).values(**values).returning(table)
        return self._connection.execute(query).one()

    def _kinds(self, number: int) -> set[AlarmKind]:
        table = tables.alarm
        query = sa.select(table.c.kind).where(table.c.case == number).distinct()
        return {AlarmKind(kind) for kind in self._connection.execute(query).scalars()}

    def _groups(self) -> Groups:
        return Groups(self._source.roster().places)

    def _class_of(self, facility: int) -> str:
        place = self._source.place(facility)
        return place.class_id if place else ""

    def _judged(self, row: Any) -> Judgement:
        pairs = pairs_of(self._connection, row.case)
        watch = Watch(since_ms=row.since_ms, window_ms=row.window_ms, from_ms=row.from_ms, seen_ms=row.seen_ms)
        courses = _courses(self._connection, pairs, row.since_ms)
        silenced = _silenced(self._connection, pairs, row.since_ms)
        return judge(watch, courses, self._now_ms, silenced=silenced, patience_ms=self._policy.blind_ms)

    def _end(self, row: Any, judged: Judgement) -> None:
        self._update(
            row,
            state=judged.state.value,
            look_ms=None,
            ended_ms=self._now_ms,
            until_ms=judged.until_ms,
            moment_ms=judged.moment_ms,
            alarm_id=judged.alarm_id,
        )

    def _follow(self, row: Any, judged: Judgement) -> None:
        """End an observation with what it means for its case."""
        case = self._cases.case(row.case)
        if CaseState(case.state) is not CaseState.HANDLED:
            judged = Judgement(state=WatchState.OVERTAKEN, until_ms=None)
        self._end(row, judged)
        note = judged.state.value
        if judged.state in REJECTS:
            case = self._cases.step(case, Action.REJECT, note=note)
            self._ledger.note(case.number, f"sensor_{note}", note=judged.alarm_id)
            begin_again(self._cases, case)
        elif judged.state in CALLS_VERIFIER:
            self._ledger.note(case.number, f"sensor_{note}")
            self._cases.tell(case, f"sensor_{note}")
            call_verifier(self._cases.tasks, case)
        elif judged.state is WatchState.PROVEN:
            self._ledger.note(case.number, f"sensor_{note}")
            verified_by_sensor(self._cases, case, note, SYSTEM)
            self._freeze(row, judged)

    def _freeze(self, row: Any, judged: Judgement) -> None:
        """Keep the readings of the whole observation, for the newest alarm of each rule and facility."""
        alarm = tables.alarm
        query = sa.select(alarm).where(alarm.c.case == row.case, ~alarm.c.retracted, alarm.c.merged_into == "")
        rows = self._connection.execute(query.order_by(alarm.c.start_ms)).all()
        newest = {(one.rule_id, one.facility): one.alarm_id for one in rows}
        for alarm_id in list(newest.values())[:_MOST_FROZEN]:
            begin_record(
                self._connection,
                alarm_id,
                Occasion.CLOSED,
                at_ms=row.since_ms,
                from_ms=row.since_ms - self._policy.evidence_before_ms,
                to_ms=judged.until_ms or self._now_ms,
                now_ms=self._now_ms,
            )


def pairs_of(connection: sa.Connection, number: int) -> list[Pair]:
    """The rules and facilities whose alarms a case holds, those that proved wrong left out."""
    table, element = tables.alarm, _element()
    query = sa.select(table.c.rule_id, table.c.facility, element).select_from(_with_folds())
    query = query.where(table.c.case == number, ~table.c.retracted, table.c.merged_into == "")
    found = connection.execute(query.distinct().order_by(table.c.rule_id, table.c.facility, element))
    return [Pair(row.rule_id, row.facility, row.element) for row in found]


def parts_of(
    connection: sa.Connection,
    number: int,
    rules: Callable[[str], RuleInfo | None],
    groups: Groups,
    pairs: Sequence[Pair] | None = None,
) -> list[list[Part]] | None:
    """Whose readings prove the repair of a case, for each of its ``pairs``; ``None``: a person must look."""
    found, count = list[list[Part]](), 0
    known = [(pair, rules(pair.rule_id)) for pair in (pairs_of(connection, number) if pairs is None else pairs)]
    dark = any(info is not None and info.kind is AlarmKind.SIGHT for _, info in known)
    unseen = _unseen(connection, number) if dark else {}
    for pair, info in known:
        if info is None:
            return None
        if info.kind is AlarmKind.SIGHT:
            parts = of_sight(*pair, *unseen.get(pair, (None, 0)))
        else:
            parts = of_rule(info, pair.facility, groups)
        count += len(parts or ())
        if parts is None or count > MOST_PARTS:
            return None
        found.append(parts)
    return found


def _unseen(connection: sa.Connection, number: int) -> dict[Pair, tuple[Unseen | None, int]]:
    """What could not be seen because of the newest alarm of each pair, and how many facilities that were."""
    table, fold = tables.alarm, tables.fold
    query = sa.select(table.c.rule_id, table.c.facility, _element(), fold.c.unseen).select_from(_with_folds())
    query = query.where(table.c.case == number, ~table.c.retracted, table.c.kind == AlarmKind.SIGHT.value)
    rows = connection.execute(query.order_by(table.c.start_ms)).all()
    return {
        Pair(row.rule_id, row.facility, row.element): (unseen_of(row.unseen or ""), unseen_count(row.unseen or ""))
        for row in rows
    }


def _element() -> sa.ColumnElement[str]:
    return sa.func.coalesce(tables.fold.c.element, "").label("element")


def _with_folds() -> sa.FromClause:
    return tables.alarm.outerjoin(tables.fold, tables.fold.c.alarm_id == tables.alarm.c.alarm_id)


def _courses(connection: sa.Connection, pairs: Sequence[Pair], since_ms: int) -> list[Course]:
    """All alarms of the pairs that touch the time from a moment on, whatever case they are in."""
    table = tables.alarm
    query = sa.select(table, _element()).select_from(_with_folds())
    query = query.where(
        table.c.facility.in_({pair.facility for pair in pairs}),
        table.c.rule_id.in_({pair.rule_id for pair in pairs}),
        ~table.c.retracted,
        table.c.merged_into == "",
        table.c.kind != AlarmKind.TEST.value,
        sa.or_(table.c.stop_ms.is_(None), table.c.stop_ms > since_ms),
    )
    wanted = set(pairs)
    rows = connection.execute(query).all()
    return [
        Course(row.alarm_id, row.start_ms, row.stop_ms)
        for row in rows
        if Pair(row.rule_id, row.facility, row.element) in wanted
    ]


def _silenced(connection: sa.Connection, pairs: Sequence[Pair], since_ms: int) -> bool:
    """Whether a flag has stood over one of the pairs since a moment."""
    table = tables.flag
    query = sa.select(table.c.facility, table.c.rule_id).where(
        table.c.facility.in_({pair.facility for pair in pairs}),
        sa.or_(table.c.ended_ms.is_(None), table.c.ended_ms > since_ms),
    )
    wanted = {(pair.rule_id, pair.facility) for pair in pairs}
    facilities = {pair.facility for pair in pairs}
    return any(
        row.facility in facilities if not row.rule_id else (row.rule_id, row.facility) in wanted
        for row in connection.execute(query)
    )
