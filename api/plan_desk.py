"""Preventive plans, for pages."""

from __future__ import annotations

from typing import cast

from api import views
from api.access import Caller
from api.funds_desk import said
from api.models import plans as models
from api.models.base import Bilingual, severity_name
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.alarms import Severity
from core.places import Text
from core.ports import preventive as rows

_EARLIEST_MS, _LATEST_MS = 0, 253_402_300_799_999


class PlanDesk:
    """What people see and keep of preventive work; nobody plans for communities they do not see."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join plans and places."""
        self._ports = ports
        self._places = places

    def plans(self) -> models.Plans:
        """All of them; a plan names nobody and nothing secret."""
        return models.Plans(items=[_plan(one) for one in self._ports.plans.plans()])

    def keep(self, caller: Caller, number: int, form: models.PlanForm) -> models.PlanDetail:
        """A new plan (0), or a changed one."""
        if number:
            before = next((one for one in self._ports.plans.plans() if one.number == number), None)
            if before is None:
                raise ProblemError(Problems.NOT_FOUND)
            self._check_sight(caller, before.communities)
        self._check_sight(caller, frozenset(form.communities))
        wanted = rows.Plan(
            number=number,
            code=form.code,
            class_id=form.class_id,
            work=Text(zh=form.work_zh, en=form.work_en),
            triggers=tuple(
                rows.Trigger(
                    kind=one.kind, every=one.every, measurement=one.measurement, above=one.above, below=one.below
                )
                for one in form.triggers
            ),
            started_day=form.started_day,
            communities=frozenset(form.communities),
            facilities=frozenset(form.facilities),
            window=rows.Window(months=frozenset(form.months), weekdays=frozenset(form.weekdays)),
            lead_days=form.lead_days,
            limit_days=form.limit_days,
            severity=Severity[form.severity.upper()],
            lead=form.lead,
            active=form.active,
        )
        return _plan(self._ports.plans.keep_plan(wanted, caller.actor, self._ports.clock.now_ms()))

    def due(self, caller: Caller, number: int | None, community: int | None, limit: int) -> models.DueWorks:
        """Where the work of a plan, or of all, stands."""
        found = self._ports.plans.due(self._ports.clock.now_ms(), caller.narrowed(community), number)
        plans = {one.number: one for one in self._ports.plans.plans()}
        places = self._places.now()
        items = [
            models.DueWork(
                plan=one.plan,
                code=plans[one.plan].code,
                work=Bilingual.of(plans[one.plan].work),
                facility=places.facility_ref(one.facility),
                state=one.state,
                due_ms=None if one.due_ms is None else min(max(one.due_ms, _EARLIEST_MS), _LATEST_MS),
                used=one.used,
                case=one.case,
                why=said(one.why),
            )
            for one in found[:limit]
            if one.plan in plans
        ]
        return models.DueWorks(items=items, total=len(found))

    def done(self, caller: Caller, number: int | None, community: int | None, most: int) -> models.DoneWorks:
        """What was given out and done of a plan, or of all."""
        found = self._ports.plans.works(number, most, caller.narrowed(community))
        plans = {one.number: one for one in self._ports.plans.plans()}
        places = self._places.now()
        return models.DoneWorks(
            items=[
                models.DoneWork(
                    plan=one.plan,
                    code=plans[one.plan].code,
                    work=Bilingual.of(plans[one.plan].work),
                    facility=places.facility_ref(one.facility),
                    time_ms=one.at_ms,
                    done_ms=one.done_ms,
                    case=one.case,
                    state=one.state,
                    by=views.who(one.actor, None, places),
                    note=one.note,
                    why=None if one.why is None else Bilingual.of(one.why),
                )
                for one in found
                if one.plan in plans
            ]
        )

    def write_down(self, caller: Caller, number: int, form: models.DoneForm) -> None:
        """Work that was done outside of all this; the caller must see the facility."""
        place = self._places.now().facility(form.facility)
        if place is None or not caller.sees(place.community):
            raise ProblemError(Problems.NOT_FOUND)
        now_ms = self._ports.clock.now_ms()
        self._ports.plans.write_down(number, form.facility, form.done_ms, form.note, caller.actor, now_ms)

    @staticmethod
    def _check_sight(caller: Caller, communities: frozenset[int]) -> None:
        """Who does not see everything plans for the communities they see, by name."""
        if not all(caller.sees(one) for one in communities):
            raise ProblemError(Problems.NOT_FOUND)
        if not communities and caller.horizon is not None:
            raise ProblemError(Problems.NOT_PERMITTED)


def _plan(one: rows.Plan) -> models.PlanDetail:
    return models.PlanDetail(
        id=one.number,
        code=one.code,
        class_id=one.class_id,
        work_zh=one.work.zh,
        work_en=one.work.en,
        triggers=[
            models.Trigger(
                kind=each.kind, every=each.every, measurement=each.measurement, above=each.above, below=each.below
            )
            for each in one.triggers
        ],
        started_day=one.started_day,
        communities=sorted(one.communities),
        facilities=sorted(one.facilities),
        months=sorted(one.window.months),
        weekdays=sorted(one.window.weekdays),
        lead_days=one.lead_days,
        limit_days=one.limit_days,
        severity=cast("models.PlanSeverity", severity_name(one.severity)),
        lead=one.lead,
        active=one.active,
    )
