"""Preventive plans over SQL: kept, looked at, and given out to the same queue as everything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

import sqlalchemy as sa

from core.alarms import Severity
from core.cases import SYSTEM, Actor, CaseState, Deadline, DeadlineClock, RuleInfo, UnknownItem
from core.flags import FlagKind
from core.intake import SourceKind
from core.places import Grid, Text
from core.ports.preventive import (
    BETWEEN_LANGUAGES,
    Counters,
    DoneWork,
    DueState,
    DueWork,
    Plan,
    Trigger,
    TriggerKind,
    Upkeep,
    Window,
    family_of,
    plan_of,
)
from core.ports.registry import FacilityPlace, RosterSource
from dispatch import preventive_findings as kinds
from dispatch import tables
from dispatch.alarmwork import AlarmWork
from dispatch.database import reading, writing
from dispatch.filing import Filing, filed, given_out
from dispatch.plan_tables import plan as plan_table
from dispatch.plan_tables import plan_work
from dispatch.policy import Policy
from dispatch.preventive import check_plan, due, since_ms
from dispatch.taskwork import SourceOnce

MOST_A_ROUND = 200
"""Cases that one round files at most, the most overdue first, so that a new plan over a city is spread over rounds."""
_WORK_DAY_H = 8
_URGENCY = (DueState.READY, DueState.OPEN, DueState.HELD, DueState.BLIND, DueState.LATER)


class SqlPlans:
    """Reads, writes and gives out; safe to use from several threads and processes."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        rules: Callable[[str], RuleInfo | None],
        source: RosterSource,
        classes: frozenset[str],
        in_use: Callable[[], frozenset[int]],
        counters: Counters | None = None,
        policy: Policy | None = None,
    ) -> None:
        """Keep in ``engine``.

        ``classes`` are those of facilities, ``in_use`` says which are not retired, ``counters`` what time series know.
        """
        self._engine = engine
        self._rules = rules
        self._source = source
        self._classes = classes
        self._in_use = in_use
        self._counters = counters
        self._policy = policy or Policy()

    def plans(self) -> Sequence[Plan]:
        """All plans, by code."""
        with reading(self._engine) as connection:
            return _plans(connection)

    def keep_plan(self, wanted: Plan, actor: Actor, now_ms: int) -> Plan:
        """Keep a new plan, or change one."""
        with writing(self._engine) as connection:
            others = _plans(connection)
            if wanted.number and wanted.number not in {one.number for one in others}:
                raise UnknownItem(kinds.NO_PLAN(plan=wanted.number))
            check_plan(wanted, others, self._classes)
            values = _values(wanted) | {"changed_ms": now_ms, "changed_by": actor.login}
            if wanted.number:
                connection.execute(sa.update(plan_table).where(plan_table.c.number == wanted.number).values(**values))
                number = wanted.number
            else:
                made = connection.execute(sa.insert(plan_table).returning(plan_table.c.number), values)
                number = int(made.scalar_one())
            row = connection.execute(sa.select(plan_table).where(plan_table.c.number == number)).one()
            return _plan(row)

    def write_down(self, plan: int, facility: int, done_ms: int, note: str, actor: Actor, now_ms: int) -> None:
        """Work that was done outside of all this: it counts from then.

        Raises:
            UnknownItem: if there is no such plan, or it does not concern this facility.
        """
        place = self._source.roster().places.get(facility)
        with writing(self._engine) as connection:
            known = next((one for one in _plans(connection) if one.number == plan), None)
            if known is None:
                raise UnknownItem(kinds.NO_PLAN(plan=plan))
            if place is None or not _concerns(known, place):
                raise UnknownItem(kinds.NOT_OF_PLAN(plan=known.code))
            values = {
                "plan": plan,
                "facility": facility,
                "case": None,
                "at_ms": now_ms,
                "done_ms": min(done_ms, now_ms),
                "actor": actor.login,
                "note": note.strip()[:1000],
            }
            connection.execute(sa.insert(plan_work).values(**values))

    def due(self, now_ms: int, communities: frozenset[int] | None = None, plan: int | None = None) -> Sequence[DueWork]:
        """Where the work of an active plan, or of all (``None``), stands, the most urgent first."""
        in_use = self._in_use()
        places = {number: place for number, place in self._source.roster().places.items() if number in in_use}
        with reading(self._engine) as connection:
            known = _Known(connection)
            plans = [one for one in _plans(connection) if one.active and plan in {None, one.number}]
        zone = self._policy.calendar.zone
        found = [
            due(one, self._upkeep(one, place, known, now_ms, zone), now_ms, zone)
            for one in plans
            for place in places.values()
            if _concerns(one, place) and (communities is None or place.community in communities)
        ]
        return sorted(found, key=lambda one: (_URGENCY.index(one.state), -one.used, one.plan, one.facility))

    def works(self, plan: int | None, most: int, communities: frozenset[int] | None = None) -> Sequence[DoneWork]:
        """What was given out and done, the newest first."""
        case = tables.case
        query = sa.select(plan_work, case.c.state, case.c.met_ms, case.c.closed_ms).outerjoin(
            case, case.c.number == plan_work.c.case
        )
        if plan is not None:
            query = query.where(plan_work.c.plan == plan)
        places = self._source.roster().places
        found: list[DoneWork] = []
        with reading(self._engine) as connection:
            for row in connection.execute(query.order_by(plan_work.c.number.desc())):
                place = places.get(row.facility)
                if place is not None and (communities is None or place.community in communities):
                    found.append(_work(row))
                if len(found) >= most:
                    break
        return found

    def give_out(self, now_ms: int) -> list[int]:
        """One round: file what is to be given out now; numbers of the new cases.

        Safe to repeat at any time: what is open is not filed again, whoever filed it.
        """
        ready = [one for one in self.due(now_ms) if one.state is DueState.READY][:MOST_A_ROUND]
        if not ready:
            return []
        source = SourceOnce(self._source)
        with writing(self._engine) as connection:
            work = AlarmWork(connection, rules=self._rules, source=source, policy=self._policy, now_ms=now_ms)
            plans = {plan.number: plan for plan in _plans(connection) if plan.active}
            made = []
            for one in ready:
                place = source.roster().places.get(one.facility)
                plan = plans.get(one.plan)
                if plan is not None and place is not None and not _is_open(connection, plan, one.facility):
                    made.append(self._file(connection, work, plan, place, now_ms, one))
            work.ledger.flush()
        return made

    # --- inside -----------------------------------------------------------------------------------------------------

    def _upkeep(self, plan: Plan, place: FacilityPlace, known: _Known, now_ms: int, zone: tzinfo) -> Upkeep:
        """What is known of a plan at a facility; of what is open the time series are not asked."""
        upkeep = known.upkeep(plan, place.number)
        counters = self._counters
        if counters is None or upkeep.open_case is not None:
            return upkeep
        begin_ms = since_ms(plan, upkeep, zone)
        counted = {
            at: found
            for at, trigger in enumerate(plan.triggers)
            if trigger.measurement and (found := counters.counted(place.number, trigger, begin_ms, now_ms)) is not None
        }
        return replace(upkeep, counted=counted)

    def _file(
        self, connection: sa.Connection, work: AlarmWork, plan: Plan, place: FacilityPlace, now_ms: int, one: DueWork
    ) -> int:
        values = {
            "plan": plan.number,
            "facility": place.number,
            "case": None,
            "at_ms": now_ms,
            "done_ms": None,
            "actor": SYSTEM,
            "note": BETWEEN_LANGUAGES.join(one.why.in_language(language) for language in ("zh", "en"))[:1000],
        }
        number = connection.execute(sa.insert(plan_work).returning(plan_work.c.number), values).scalar_one()
        limit = Deadline(hours=plan.limit_days * _WORK_DAY_H, clock=DeadlineClock.WORK)
        info = RuleInfo(
            rule_id="",
            family=family_of(plan.number),
            severity=plan.severity,
            lead=plan.lead,
            support=None,
            say=plan.work,
            deadline=limit,
        )
        filing = Filing(
            facility=place.number,
            community=place.community,
            severity=plan.severity,
            info=info,
            limit=limit,
            opening=f"plan/{number}",
            source=SourceKind.PLAN,
        )
        case = filed(work.cases, work.ledger, self._policy, filing, now_ms)
        connection.execute(sa.update(plan_work).where(plan_work.c.number == number).values(case=case.number))
        work.ledger.note(case.number, "planned", note=values["note"])  # type: ignore[arg-type]
        return int(given_out(work.cases, self._policy, case, filing).number)


class _Known:
    """What the database says of all plans at all facilities, read at once."""

    def __init__(self, connection: sa.Connection) -> None:
        case, flag = tables.case, tables.flag
        self._done: dict[tuple[int, int], int] = {}
        self._cancelled: dict[tuple[int, int], int] = {}
        done_ms = sa.case(
            (plan_work.c.case.is_(None), plan_work.c.done_ms),
            (
                case.c.state == CaseState.CLOSED.value,
                sa.func.coalesce(case.c.met_ms, case.c.closed_ms, plan_work.c.at_ms),
            ),
        )
        cancelled_ms = sa.case(
            (case.c.state == CaseState.CANCELLED.value, sa.func.coalesce(case.c.closed_ms, plan_work.c.at_ms))
        )
        # Years of work come down to one row for each plan and facility, in the database.
        query = (
            sa.select(plan_work.c.plan, plan_work.c.facility, sa.func.max(done_ms), sa.func.max(cancelled_ms))
            .outerjoin(case, case.c.number == plan_work.c.case)
            .group_by(plan_work.c.plan, plan_work.c.facility)
        )
        for plan, facility, done, cancelled in connection.execute(query):
            if done is not None:
                self._done[plan, facility] = done
            if cancelled is not None:
                self._cancelled[plan, facility] = cancelled
        self._open: dict[int, dict[str, int]] = {}
        open_cases = sa.select(case.c.facility, case.c.family, case.c.number).where(case.c.open, ~case.c.drill)
        for row in connection.execute(open_cases):
            self._open.setdefault(row.facility, {})[row.family] = row.number
        out = sa.select(flag.c.facility).where(
            flag.c.kind == FlagKind.OUT_OF_SERVICE.value, flag.c.rule_id == "", flag.c.ended_ms.is_(None)
        )
        self._out = set(connection.execute(out).scalars())

    def upkeep(self, plan: Plan, facility: int) -> Upkeep:
        """Of one plan at one facility, without what the time series say."""
        key = plan.number, facility
        mine = self._open.get(facility, {})
        others = [number for family, number in mine.items() if plan_of(family) is None]
        done_ms, cancelled_ms = self._done.get(key), self._cancelled.get(key)
        stale = done_ms is not None and cancelled_ms is not None and cancelled_ms <= done_ms
        return Upkeep(
            facility=facility,
            done_ms=done_ms,
            open_case=mine.get(family_of(plan.number)),
            other_case=min(others, default=None),
            out_of_service=facility in self._out,
            cancelled_ms=None if stale else cancelled_ms,
        )


def _is_open(connection: sa.Connection, plan: Plan, facility: int) -> bool:
    case = tables.case
    query = sa.select(case.c.number).where(
        case.c.open, case.c.facility == facility, case.c.family == family_of(plan.number)
    )
    return connection.execute(query).first() is not None


def _concerns(plan: Plan, place: FacilityPlace) -> bool:
    return (
        place.class_id == plan.class_id
        and (not plan.communities or place.community in plan.communities)
        and (not plan.facilities or place.number in plan.facilities)
    )


# --- rows -------------------------------------------------------------------------------------------------------------


def _plans(connection: sa.Connection) -> list[Plan]:
    return [_plan(row) for row in connection.execute(sa.select(plan_table).order_by(plan_table.c.code))]


def _work(row: Any) -> DoneWork:
    state = None if row.case is None else CaseState(row.state)
    closed_ms = row.met_ms if row.met_ms is not None else row.closed_ms
    zh, _, en = row.note.partition(BETWEEN_LANGUAGES)
    return DoneWork(
        plan=row.plan,
        facility=row.facility,
        at_ms=row.at_ms,
        done_ms=row.done_ms if row.case is None else closed_ms if state is CaseState.CLOSED else None,
        case=row.case,
        state=state,
        actor=row.actor,
        note=row.note if row.case is None else "",
        why=None if row.case is None else Text(zh=zh, en=en or zh),
    )


def _values(plan: Plan) -> dict[str, object]:
    document = {
        "triggers": [
            {
                "kind": trigger.kind.value,
                "every": trigger.every,
                "measurement": trigger.measurement,
                "above": trigger.above,
                "below": trigger.below,
            }
            for trigger in plan.triggers
        ],
        "started_day": plan.started_day,
        "communities": sorted(plan.communities),
        "facilities": sorted(plan.facilities),
        "months": sorted(plan.window.months),
        "weekdays": sorted(plan.window.weekdays),
        "lead_days": plan.lead_days,
        "limit_days": plan.limit_days,
        "severity": plan.severity.value,
        "lead": plan.lead.value,
    }
    return {
        "code": plan.code.strip(),
        "class_id": plan.class_id,
        "work_zh": plan.work.zh.strip()[:1000],
        "work_en": plan.work.en.strip()[:1000],
        "document": json.dumps(document),
        "active": plan.active,
    }


def _plan(row: Any) -> Plan:
    document: Mapping[str, Any] = json.loads(row.document)
    return Plan(
        number=row.number,
        code=row.code,
        class_id=row.class_id,
        work=Text(zh=row.work_zh, en=row.work_en),
        triggers=tuple(Trigger(**(one | {"kind": TriggerKind(one["kind"])})) for one in document["triggers"]),
        started_day=document["started_day"],
        communities=frozenset(document["communities"]),
        facilities=frozenset(document["facilities"]),
        window=Window(months=frozenset(document["months"]), weekdays=frozenset(document["weekdays"])),
        lead_days=document["lead_days"],
        limit_days=document["limit_days"],
        severity=Severity(document["severity"]),
        lead=Grid(document["lead"]),
        active=row.active,
    )
