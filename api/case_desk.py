"""Cases and tasks for pages: lists, details, and the steps of a task."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from api import photo_views, stage_views, views
from api.access import Caller
from api.closure_desk import ClosureDesk, handling
from api.histories import Histories
from api.history_notes import alarm_of
from api.idempotency import bound_key
from api.models.base import Bilingual, Page, SeverityName
from api.models.cases import (
    CaseDetail,
    CaseSummary,
    PlanRef,
    Receivers,
    Series,
    TaskAction,
    TaskDetail,
    TaskPhotoView,
    TaskReport,
    TaskSummary,
    TaskWhere,
    TaskWhy,
)
from api.models.closure import HandlingCorrected, HandlingCorrection
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.cases import REASON_NEEDED, Action, CaseState
from core.closure import PhotoKind
from core.errors import Refused, Unavailable
from core.places import Grid
from core.ports import cases as rows
from core.ports.intake import IntakeFilter, IntakeRow
from core.ports.preventive import plan_of
from core.ports.registry import Facility, PageRequest

log = logging.getLogger(__name__)

_HOUR_MS = 3_600_000
_SERIES = 4
_REPORTS = 20
_ALARMS_LOOKED_UP = 50
_SERIES_POINTS = 240
SUPERVISED = frozenset(
    {
        *(TaskAction.TRANSFER, TaskAction.CANCEL),
        *(TaskAction.GRANT, TaskAction.REFUSE, TaskAction.SUPERVISE, TaskAction.LIFT),
        *(TaskAction.ENDORSE, TaskAction.UPHOLD, TaskAction.DISMISS),
    }
)
"""Steps for which ``task.supervise`` is needed whoever owns the task; dispatch looks again at whose it is."""


class CaseDesk:
    """What people see of cases; nobody reaches a case outside their communities."""

    def __init__(self, ports: ApiPorts, places: PlaceBook, closures: ClosureDesk) -> None:
        """Join dispatch, places and how cases end."""
        self._ports = ports
        self._places = places
        self._closures = closures

    def page(
        self,
        caller: Caller,
        page: PageRequest,
        *,
        community: int | None = None,
        facility: int | None = None,
        severity: SeverityName | None = None,
        states: frozenset[CaseState] = frozenset(),
        is_open: bool | None = None,
        overdue: bool | None = None,
        drills: bool = False,
    ) -> Page[CaseSummary]:
        """Cases, newest first."""
        where = rows.CaseFilter(
            communities=caller.narrowed(community),
            facility=facility,
            states=states,
            open=is_open,
            overdue=overdue,
            minimum=views.severity_of(severity),
            drills=drills,
        )
        try:
            got = self._ports.cases.cases(where, page)
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        places, now_ms = self._places.now(), self._ports.clock.now_ms()
        return Page(items=[views.case(row, places, now_ms) for row in got.items], next_cursor=got.next_cursor or None)

    def one(self, caller: Caller, number: int) -> CaseDetail:
        """One case."""
        found = self._ports.cases.case(number)
        if found is None or not (caller.sees(found.case.community) or any(_owns(caller, row) for row in found.tasks)):
            raise ProblemError(Problems.NOT_FOUND)
        places, now_ms = self._places.now(), self._ports.clock.now_ms()
        return CaseDetail(
            **dict(views.case(found.case, places, now_ms)),
            alarms=[views.alarm(row, places) for row in found.alarms],
            tasks=[views.task(row, places, caller.login.person, now_ms) for row in found.tasks],
            evidence=views.evidence(found.evidence),
            do=[Bilingual.of(text) for text in found.do],
            history=views.history(found.history, places, _told(self._ports, caller, found)),
            stages=[stage_views.stage(row, now_ms) for row in found.stages],
            proceedings=[stage_views.proceeding(row, places) for row in found.proceedings],
            closure=self._closures.of_case(caller, number),
            **photo_views.seen(self._ports.task_photos.of_case(number), places),
            reports=views.reports(_reports(self._ports, number), places),
            plan=self._plan(found.case.family),
        )

    def _plan(self, family: str) -> PlanRef | None:
        number = plan_of(family)
        if number is None:
            return None
        found = next((one for one in self._ports.plans.plans() if one.number == number), None)
        return None if found is None else PlanRef(id=found.number, code=found.code)


class TaskDesk:
    """What people see of tasks and do with them; nobody reaches a task outside their communities that is not theirs."""

    def __init__(self, ports: ApiPorts, places: PlaceBook, histories: Histories, closures: ClosureDesk) -> None:
        """Join dispatch, places, the curves that explain a task and how its case ends."""
        self._ports = ports
        self._closures = closures
        self._places = places
        self._histories = histories

    def queue(self, caller: Caller) -> Page[TaskSummary]:
        """The caller's own open tasks, most urgent first; the whole queue, since its length is bounded."""
        person, now_ms = caller.login.person, self._ports.clock.now_ms()
        found = () if person is None else self._ports.cases.queue(person, now_ms)
        places = self._places.now()
        return Page(items=[views.task(row, places, person, now_ms) for row in found], next_cursor=None)

    def page(
        self, caller: Caller, page: PageRequest, *, community: int | None, grid: Grid | None, is_open: bool | None
    ) -> Page[TaskSummary]:
        """Tasks of the communities the caller sees, newest first."""
        where = rows.TaskFilter(communities=caller.narrowed(community), grid=grid, open=is_open)
        try:
            got = self._ports.cases.tasks(where, page)
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        places, now_ms = self._places.now(), self._ports.clock.now_ms()
        return Page(
            items=[views.task(row, places, caller.login.person, now_ms) for row in got.items],
            next_cursor=got.next_cursor or None,
        )

    def one(self, caller: Caller, number: int) -> TaskDetail:
        """One task: why, where, what to do, by when."""
        found = self._seen(caller, number)
        places, now_ms = self._places.now(), self._ports.clock.now_ms()
        facility = places.facility(found.task.facility)
        text = self._ports.rules.rule(found.alarms[0].rule_id) if found.alarms else None
        reports = _reports(self._ports, found.task.case)
        actions = {action.value for action in found.actions}
        return TaskDetail(
            **dict(views.task(found.task, places, caller.login.person, now_ms)),
            why=TaskWhy(
                alarms=[views.alarm(row, places) for row in found.alarms],
                rule=views.rule(text),
                evidence=views.evidence(found.evidence),
                series=self._series(found, now_ms),
            ),
            where=_where(facility, reports),
            steps=[Bilingual.of(step) for step in found.do],
            actions=[action for action in TaskAction if action.value in actions and _may(caller, action)],
            observation=self._closures.of_task(found.task.case),
            handled=self._closures.handled(caller, number),
            history=views.history(found.history, places, _told(self._ports, caller, found)),
            routing=[views.candidate(one, places) for one in found.routing],
            stages=[stage_views.stage(row, now_ms) for row in found.stages],
            proceedings=[stage_views.proceeding(row, places) for row in found.proceedings],
            extension_until_ms=found.extension_until_ms,
            **photo_views.seen(self._ports.task_photos.of_case(found.task.case), places),
            reports=views.reports(reports, places),
        )

    def act(self, caller: Caller, number: int, action: TaskAction, body: TaskReport, key: str) -> TaskDetail:
        """Take a step; the same key for the same step again answers as the first time."""
        if not _may(caller, action):
            raise ProblemError(Problems.NOT_PERMITTED)
        self._seen(caller, number)
        done = Action(action.value)
        if done in REASON_NEEDED and not body.note.strip():
            raise ProblemError(Problems.REASON_NEEDED)
        command = rows.TaskCommand(
            task=number,
            action=done,
            actor=caller.actor,
            key=bound_key(key, str(number), action.value),
            note=body.note,
            to_person=body.to_person,
            version=body.version,
            until_ms=body.until_ms,
            level=body.level,
            report=handling(body.handling),
        )
        row = self._ports.case_commands.act(command, self._ports.clock.now_ms())
        log.info("task step", extra={"task": number, "action": action.value, "username": caller.login.username})
        return self.one(caller, row.number)

    def correct(self, caller: Caller, number: int, body: HandlingCorrection, key: str) -> HandlingCorrected:
        """Correct what was reported last with a task."""
        self._seen(caller, number)
        done = self._closures.correct(caller, number, body, key)
        log.info("report corrected", extra={"task": number, "username": caller.login.username})
        return done

    def receivers(self, caller: Caller, number: int) -> Receivers:
        """Whom the caller may transfer a task to, and whom not."""
        self._seen(caller, number)
        found = self._ports.cases.receivers(number, caller.actor, self._ports.clock.now_ms())
        places = self._places.now()
        return Receivers(items=[views.receiver(one, places) for one in found])

    # --- photos -------------------------------------------------------------------------------------------------

    def may_attach(self, caller: Caller, number: int, kind: PhotoKind) -> None:
        """Refuse a photo of a task that the caller has not worked on, before it is read."""
        self._seen(caller, number)
        self._ports.task_photos.may_attach(number, kind, caller.actor, self._ports.clock.now_ms())

    def attach(self, caller: Caller, number: int, kind: PhotoKind, key: str, data: bytes) -> TaskPhotoView:
        """Add a photo to a task that the caller has worked on."""
        now_ms = self._ports.clock.now_ms()
        found = self._ports.task_photos.attach(number, kind, caller.actor, photo_views.bound(key), data, now_ms)
        return photo_views.photo(found, self._places.now())

    def photo(self, caller: Caller, number: int, position: int) -> tuple[str, bytes]:
        """Media type and bytes of a photo, for whoever sees the task or its case."""
        task = self._ports.cases.task(number, caller.actor, None, self._ports.clock.now_ms())
        found = None
        if task is not None and self._sees_case(caller, task.task):
            found = self._ports.task_photos.photo(number, position)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _sees_case(self, caller: Caller, task: rows.TaskRow) -> bool:
        if caller.sees(task.community) or _owns(caller, task):
            return True
        case = self._ports.cases.case(task.case)
        return case is not None and any(_owns(caller, row) for row in case.tasks)

    # --- inside -------------------------------------------------------------------------------------------------

    def _seen(self, caller: Caller, number: int) -> rows.TaskDetail:
        found = self._ports.cases.task(number, caller.actor, None, self._ports.clock.now_ms())
        if found is None or not (caller.sees(found.task.community) or _owns(caller, found.task)):
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _series(self, found: rows.TaskDetail, now_ms: int) -> Sequence[Series]:
        """Curves around the opening; a task is shown without them when the store does not answer."""
        if not found.alarms:
            return []
        opening_ms = min(row.since_ms for row in found.alarms)
        begin_ms = max(0, opening_ms - _HOUR_MS)
        end_ms = max(begin_ms + 1, min(now_ms, max(row.start_ms for row in found.alarms) + _HOUR_MS))
        series: list[Series] = []
        try:
            for one in found.evidence[:_SERIES]:
                point = self._ports.registry.point(one.point)
                facility = self._places.now().facility(found.task.facility)
                if point is None or facility is None:
                    continue
                past = self._histories.between(point, facility.class_id, begin_ms, end_ms, _SERIES_POINTS)
                series.append(Series(point=point.number, key=point.key, name=Bilingual.of(point.name), history=past))
        except Unavailable as error:
            log.warning("task without curves", extra={"task": found.task.number, "why": str(error)})
        return series


def _may(caller: Caller, action: TaskAction) -> bool:
    return action not in SUPERVISED or "task.supervise" in caller.permissions


def _owns(caller: Caller, task: rows.TaskRow) -> bool:
    """Whoever has a task sees it, and its case, wherever it is."""
    return caller.login.person is not None and task.owner == caller.login.person


def _reports(ports: ApiPorts, case: int) -> Sequence[IntakeRow]:
    """What people reported of a case that the caller has been found to see."""
    return ports.intakes.intakes(IntakeFilter(case=case), PageRequest(limit=_REPORTS)).items


def _where(facility: Facility | None, reports: Sequence[IntakeRow]) -> TaskWhere:
    """Where to go: to the facility, else to where it was first reported."""
    if facility is not None:
        address = Bilingual.of(facility.address)
        return TaskWhere(latitude=facility.latitude, longitude=facility.longitude, address=address)
    placed = [one for one in reports if one.latitude is not None]
    return TaskWhere(
        latitude=placed[-1].latitude if placed else None,
        longitude=placed[-1].longitude if placed else None,
        address=Bilingual(zh="", en=""),
    )


def _told(ports: ApiPorts, caller: Caller, found: rows.CaseDetail | rows.TaskDetail) -> Mapping[str, rows.AlarmRow]:
    """The alarms that a history names, by id: of the case, and of the others that the caller sees the last 50."""
    known = {row.alarm_id: row for row in found.alarms}
    about = (alarm_of(one) for one in reversed(found.history))
    for alarm_id in list(dict.fromkeys(one for one in about if one and one not in known))[:_ALARMS_LOOKED_UP]:
        detail = ports.cases.alarm(alarm_id, caller.horizon)
        if detail is not None:
            known[alarm_id] = detail.alarm
    return known
