"""Cases and tasks: lists, details, and the steps of a task."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.guard import PREFIX, GuardedRoute
from api.models.base import Page, SeverityName
from api.models.cases import (
    CaseDetail,
    CaseSummary,
    Receivers,
    TaskAction,
    TaskDetail,
    TaskPhotoView,
    TaskReport,
    TaskSummary,
)
from api.models.closure import HandlingCorrected, HandlingCorrection
from api.routes.inputs import (
    PHOTO_BODY,
    PHOTO_HEADERS,
    Asking,
    CommunityQuery,
    Desk,
    FacilityQuery,
    IdempotencyKey,
    NumberInPath,
    Paging,
    PositionInPath,
)
from core.cases import CaseState
from core.closure import PhotoKind
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


@router.get(
    "/tasks/{task}/receivers",
    operation_id="get_receivers",
    tags=["tasks"],
    summary="Whom a task may be transferred to",
)
def get_receivers(task: NumberInPath, caller: Asking, desk: Desk) -> Receivers:
    """Everybody of its community but its owner; of whoever may not have it, why."""
    return desk.tasks.receivers(caller, task)


@router.post(
    "/tasks/{task}/photos",
    operation_id="attach_task_photo",
    tags=["tasks"],
    summary="Add a photo to a task one works on",
    status_code=201,
    openapi_extra=PHOTO_BODY,
)
async def attach_task_photo(
    task: NumberInPath, kind: PhotoKind, request: Request, key: IdempotencyKey, caller: Asking, desk: Desk
) -> TaskPhotoView:
    """The bytes of a JPEG or PNG, at most 4 MB, a key for each; only the picture itself is kept.

    Of a repair `before` and `after`, of a verification `before` and `verification`; until a day after the last step.
    """
    await run_in_threadpool(desk.tasks.may_attach, caller, task, kind)
    return await run_in_threadpool(desk.tasks.attach, caller, task, kind, key, await request.body())


@router.get(
    "/tasks/{task}/photos/{position}",
    operation_id="get_task_photo",
    tags=["tasks"],
    summary="A photo of a task",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "image/png": {}}}},
)
def get_task_photo(task: NumberInPath, position: PositionInPath, caller: Asking, desk: Desk) -> Response:
    """Its bytes; it never changes. For whoever sees the task or its case."""
    media_type, data = desk.tasks.photo(caller, task, position)
    return Response(data, media_type=media_type, headers=PHOTO_HEADERS)


@router.patch(
    "/tasks/{task}/handling",
    operation_id="correct_handling",
    tags=["tasks"],
    summary="Correct what was reported with a task",
)
def correct_handling(
    task: NumberInPath, body: HandlingCorrection, key: IdempotencyKey, caller: Asking, desk: Desk
) -> HandlingCorrected:
    """By whoever reported it until the case ends, by a supervisor at any time.

    It is merged by field with what others corrected since. Fields that both changed are told as `conflicts` and nothing
    is written. Every field stands in the history.
    """
    return desk.tasks.correct(caller, task, body, key)


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
