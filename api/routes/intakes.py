"""Reports, tasks handed down, and what residents report without a login."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.entrance import address_of
from api.guard import PREFIX, GuardedRoute
from api.models.base import Page
from api.models.intakes import (
    BurdenReport,
    DepartmentList,
    EventList,
    HandedDownRequest,
    IntakeView,
    KnownCases,
    LogAnswerView,
    PhotoView,
    PublicPlace,
    PublicReceipt,
    PublicReport,
    PublicState,
    ReportRequest,
    RulingRequest,
)
from api.models.revisits import RevisitAnswerRequest
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
    TimeQuery,
)
from core.intake import SourceKind, Verdict
from core.people import Language

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["intakes"])

EventName = Annotated[str, Query(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$", examples=["light_lamp"])]
CodeInPath = Annotated[str, Path(min_length=1, max_length=64, examples=["wtl-sp-01"])]


@router.get("/events", operation_id="list_events", summary="What can be reported or asked for")
def list_events(caller: Asking, desk: Desk, source: SourceKind, facility: FacilityQuery = None) -> EventList:
    """By who asks; at a facility what its class knows, and what can be wrong anywhere."""
    return desk.intakes.events(caller, source, facility)


@router.post("/reports", operation_id="file_report", summary="Report what one has seen", status_code=201)
def file_report(body: ReportRequest, caller: Asking, desk: Desk, key: IdempotencyKey) -> IntakeView:
    """It becomes a case, joins the open one about the same, or waits for a gatekeeper; the answer says which."""
    return desk.intakes.report(caller, body, key)


@router.get("/known-cases", operation_id="find_known_cases", summary="Open cases that a report may be about")
def find_known_cases(
    caller: Asking,
    desk: Desk,
    event: EventName,
    source: SourceKind = SourceKind.WORKER,
    facility: FacilityQuery = None,
    community: CommunityQuery = None,
    longitude: Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)] = None,
    latitude: Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)] = None,
) -> KnownCases:
    """By event and place, before anything is handed in; the same that the gate would find now."""
    spot = None if longitude is None or latitude is None else (longitude, latitude)
    return desk.intakes.known(caller, event, source, facility or 0, community or 0, spot)


@router.post("/handed-down", operation_id="hand_down", summary="Hand a task down to a community", status_code=201)
def hand_down(body: HandedDownRequest, caller: Asking, desk: Desk, key: IdempotencyKey) -> IntakeView:
    """The gate asks whose duty it is, whether it is asked already, and who can bear it; it is counted in any case."""
    return desk.intakes.hand_down(caller, body, key)


@router.get("/intakes", operation_id="list_intakes", summary="Reports and tasks handed down")
def list_intakes(
    caller: Asking,
    desk: Desk,
    page: Paging,
    community: CommunityQuery = None,
    verdict: Verdict | None = None,
    source: SourceKind | None = None,
    department: Annotated[str, Query(max_length=64)] = "",
    case: Annotated[int | None, Query(ge=0, le=2_147_483_647, description="of this case")] = None,
    referred: Annotated[str, Query(max_length=64, description="to this department")] = "",
) -> Page[IntakeView]:
    """Newest first; `verdict=wait` is what a gatekeeper has to decide, `verdict=refer` what departments have."""
    return desk.intakes.page(
        caller,
        page,
        community=community,
        verdict=verdict,
        source=source,
        department=department,
        case=case,
        referred=referred,
    )


@router.get("/intakes/{intake}", operation_id="get_intake", summary="One of them")
def get_intake(intake: NumberInPath, caller: Asking, desk: Desk) -> IntakeView:
    """With the reasons of the gate, the figures behind them, and the answer from the case log if there is one."""
    return desk.intakes.one(caller, intake)


@router.post("/intakes/{intake}/ruling", operation_id="rule_intake", summary="Decide of one that waits or was referred")
def rule_intake(intake: NumberInPath, body: RulingRequest, caller: Asking, desk: Desk) -> IntakeView:
    """Once; of two who decide at the same time one wins, the other is told."""
    return desk.intakes.rule(caller, intake, body)


@router.post(
    "/intakes/{intake}/photos",
    operation_id="attach_photo",
    summary="Add a photo to one's own report",
    status_code=201,
    openapi_extra=PHOTO_BODY,
)
async def attach_photo(
    intake: NumberInPath, request: Request, caller: Asking, desk: Desk, key: IdempotencyKey
) -> PhotoView:
    """The bytes of a JPEG or PNG, at most 4 MB, with the key of the report; only the picture itself is kept."""
    await run_in_threadpool(desk.intakes.may_attach, caller, intake, key)
    return await run_in_threadpool(desk.intakes.attach, caller, intake, key, await request.body())


@router.get(
    "/intakes/{intake}/photos/{position}",
    operation_id="get_photo",
    summary="A photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "image/png": {}}}},
)
def get_photo(intake: NumberInPath, position: PositionInPath, caller: Asking, desk: Desk) -> Response:
    """Its bytes; it never changes."""
    media_type, data = desk.intakes.photo(caller, intake, position)
    return Response(data, media_type=media_type, headers=PHOTO_HEADERS)


@router.get("/burden", operation_id="get_burden", summary="What departments ask of communities")
def get_burden(
    caller: Asking, desk: Desk, community: CommunityQuery = None, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> BurdenReport:
    """Asked and what became of it, the tasks and minutes it cost; of 30 days by default."""
    return desk.intakes.burden(caller, community, from_ms, to_ms)


@router.get("/communities/{community}/case-log", operation_id="get_case_log", summary="What the case log says")
def get_case_log(
    community: NumberInPath, caller: Asking, desk: Desk, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> LogAnswerView:
    """The counts that inspections ask for, so that nobody writes them once more."""
    return desk.intakes.case_log(caller, community, from_ms, to_ms)


@router.get(
    "/communities/{community}/labels.pdf",
    operation_id="get_labels",
    summary="Signs with QR codes to print",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_labels(
    community: NumberInPath,
    request: Request,
    caller: Asking,
    desk: Desk,
    facility: FacilityQuery = None,
    part: Annotated[int, Query(ge=1, le=1000, description="of 500 signs each")] = 1,
    language: Annotated[Language | None, Query(description="that comes first; that of the login")] = None,
) -> Response:
    """Ten on a sheet of A4; whoever scans one reports without a login. They lead to the host that was asked here."""
    words = (language or caller.login.language).value
    made = desk.intakes.labels(caller, str(request.base_url), community, facility, part, words)
    headers = {"Content-Disposition": 'attachment; filename="labels.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


@router.get("/departments", operation_id="list_departments", summary="Departments of the city")
def list_departments(desk: Desk) -> DepartmentList:
    """By code."""
    return desk.intakes.departments()


@router.get("/public/places/{code}", operation_id="get_public_place", summary="What a QR stands for")
def get_public_place(code: CodeInPath, desk: Desk) -> PublicPlace:
    """Without a login: the name of a facility and what may be reported of it, and nothing else."""
    return desk.public.place(code)


@router.post("/public/reports", operation_id="file_public_report", summary="Report without a login", status_code=201)
def file_public_report(body: PublicReport, request: Request, desk: Desk, key: IdempotencyKey) -> PublicReceipt:
    """What is urgent goes out at once, the rest is looked at first. Too many reports are slowed down (429)."""
    return desk.public.report(body, key, address_of(request))


@router.get("/public/reports/{intake}", operation_id="get_public_report", summary="What became of a report")
def get_public_report(intake: NumberInPath, desk: Desk, key: IdempotencyKey) -> PublicState:
    """For whoever has the key of the report, and nobody else; no names, no numbers of cases."""
    return desk.public.state(intake, key)


@router.post(
    "/public/reports/{intake}/revisit",
    operation_id="answer_public_report",
    summary="Say whether what one reported is solved",
)
def answer_public_report(
    intake: NumberInPath, body: RevisitAnswerRequest, request: Request, desk: Desk, key: IdempotencyKey
) -> PublicState:
    """With the key of the report, once for each time its case is closed; too many are slowed down (429)."""
    return desk.public.answer(intake, key, body, address_of(request))


@router.post(
    "/public/reports/{intake}/photos",
    operation_id="attach_public_photo",
    summary="Add a photo to a report without a login",
    status_code=201,
    openapi_extra=PHOTO_BODY,
)
async def attach_public_photo(intake: NumberInPath, request: Request, desk: Desk, key: IdempotencyKey) -> PhotoView:
    """Within a day, with the key of the report; only the picture itself is kept."""
    await run_in_threadpool(desk.public.may_attach, intake, key)
    return await run_in_threadpool(desk.public.attach, intake, key, await request.body())
