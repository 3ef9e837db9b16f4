"""Cases and tasks: lists, details, and the steps of a task."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.guard import PREFIX, GuardedRoute
from api.models.base import Page, SeverityName
from api.models.cases import CaseDetail, CaseSummary, TaskAction, TaskDetail, TaskReport, TaskSummary
from api.routes.inputs import Asking, CommunityQuery, Desk, FacilityQuery, IdempotencyKey, NumberInPath, Paging
from core.cases import CaseState
from core.places import Grid

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute)


@router.get("/cases", operation_id="list_cases", tags=["cases"], summary="Cases, newest first")
def list_cases(
    caller: Asking,
    desk: Desk,
    page: Paging,
    community: CommunityQuery = None,
    facility: FacilityQuery = None,
    severity: Annotated[SeverityName | None, Query(description="this severity or worse")] = None,
    state: Annotated[list[CaseState] | None, Query()] = None,
    open: Annotated[bool | None, Query(description="not yet closed, or closed")] = None,  # noqa: A002 - the parameter's public name
    overdue: bool | None = None,
    drill: Annotated[bool, Query(description="test cases (演练) alone instead of real ones")] = False,
) -> Page[CaseSummary]:
    """Cases of the communities one sees."""
    return desk.cases.page(
        caller,
        page,
        community=community,
        facility=facility,
        severity=severity,
        states=frozenset(state or ()),
        is_open=open,
        overdue=overdue,
        drills=drill,
    )


@router.get("/cases/{case}", operation_id="get_case", tags=["cases"], summary="One case")
def get_case(case: NumberInPath, caller: Asking, desk: Desk) -> CaseDetail:
    """With its alarms, tasks, evidence and whole history."""
    return desk.cases.one(caller, case)


@router.get("/tasks", operation_id="list_tasks", tags=["tasks"], summary="Tasks; with mine=true my queue by urgency")
def list_tasks(
    caller: Asking,
    desk: Desk,
    page: Paging,
    mine: Annotated[bool, Query(description="my own queue, most urgent first, whole")] = False,
    community: CommunityQuery = None,
    grid: Grid | None = None,
    open: Annotated[bool | None, Query(description="not yet done, or done")] = None,  # noqa: A002 - the parameter's public name
) -> Page[TaskSummary]:
    """Without ``mine``: all tasks of the communities one sees, newest first."""
    if mine:
        return desk.tasks.queue(caller)
    return desk.tasks.page(caller, page, community=community, grid=grid, is_open=open)


@router.get("/tasks/{task}", operation_id="get_task", tags=["tasks"], summary="One task")
def get_task(task: NumberInPath, caller: Asking, desk: Desk) -> TaskDetail:
    """Why, where, what to do, by when; and the buttons that work now."""
    return desk.tasks.one(caller, task)


@router.post("/tasks/{task}/{action}", operation_id="act_on_task", tags=["tasks"], summary="Take a step")
def act_on_task(
    task: NumberInPath,
    action: TaskAction,
    body: TaskReport,
    key: IdempotencyKey,
    caller: Asking,
    desk: Desk,
) -> TaskDetail:
    """The task after the step. 409 when somebody was faster, or when the step does not fit the task's state."""
    return desk.tasks.act(caller, task, action, body, key)
