"""The registry for managers: staff and posts, single records, their history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.guard import PREFIX, GuardedRoute
from api.models.base import Page
from api.models.calendars import DaysChange, DaysPreviewView, DaysWish, DaysWritten
from api.models.registry import (
    CellPreviewView,
    CellShapes,
    CellWish,
    KindList,
    NewRecord,
    RecordChange,
    RecordLineView,
    RecordMark,
    RecordView,
    RegistryChanges,
    Staff,
)
from api.routes.inputs import Asking, CommunityQuery, Desk, NumberInPath, Paging

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["registry"])

KindInPath = Annotated[str, Path(min_length=1, max_length=20, pattern="^[a-z]+$", examples=["people"])]
CodeInPath = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:-]+$", examples=["wtl-m1", "wtl:nursery"])
]
_RECORD = "/registry/{kind}/records/{code}"


@router.get("/registry/kinds", operation_id="get_registry_kinds", summary="Kinds of record and their fields")
def get_registry_kinds(desk: Desk) -> KindList:
    """In the order of the files, with what a form needs to know of every field."""
    return desk.registry.kinds()


@router.get("/registry/staff", operation_id="get_staff", summary="People and posts")
def get_staff(caller: Asking, desk: Desk, community: CommunityQuery = None) -> Staff:
    """Who works there or helps, who is away, whose certificates end, and which posts are empty."""
    return desk.staff.staff(caller, community)


@router.get("/registry/changes", operation_id="get_registry_changes", summary="What became of records")
def get_registry_changes(
    caller: Asking,
    desk: Desk,
    kind: Annotated[str, Query(max_length=20, description="kind of record; empty: all")] = "",
    code: Annotated[str, Query(max_length=200, description="of one record")] = "",
    before: Annotated[int | None, Query(ge=0, le=2_147_483_647, description="`before` of the previous page")] = None,
) -> RegistryChanges:
    """Who changed what when, from what to what; whole kinds only for who sees all communities."""
    return desk.registry.changes(caller, kind, code, before)


@router.post(
    "/registry/calendar/preview", operation_id="preview_calendar_days", summary="What a change of days would do"
)
def preview_calendar_days(body: DaysWish, caller: Asking, desk: Desk) -> DaysPreviewView:
    """What each day is and becomes, and which running limits have more or less working time; nothing is written."""
    return desk.calendars.preview(caller, body)


@router.post("/registry/calendar/days", operation_id="change_calendar_days", summary="Fix holidays and make-up days")
def change_calendar_days(body: DaysChange, caller: Asking, desk: Desk) -> DaysWritten:
    """One day or a run of days, as the preview showed it; refused if somebody else has changed one since."""
    return desk.calendars.change(caller, body)


@router.post("/registry/cells/preview", operation_id="preview_cell", summary="What a drawn cell would be")
def preview_cell(body: CellWish, caller: Asking, desk: Desk) -> CellPreviewView:
    """Overlaps, holes and facilities that it would leave outside, before anything is written."""
    return desk.registry.preview_cell(caller, body)


@router.get("/registry/{kind}/records", operation_id="list_registry_records", summary="Records of a kind")
def list_registry_records(
    kind: KindInPath,
    caller: Asking,
    desk: Desk,
    page: Paging,
    community: CommunityQuery = None,
    q: Annotated[str, Query(max_length=100, description="in code or name")] = "",
    ended: Annotated[bool, Query(description="those out of use, too")] = False,
) -> Page[RecordLineView]:
    """By code."""
    return desk.registry.lines(caller, kind, page, community=community, text=q, ended=ended)


@router.post(
    "/registry/{kind}/records",
    operation_id="create_registry_record",
    summary="A record that comes",
    status_code=201,
)
def create_registry_record(kind: KindInPath, body: NewRecord, caller: Asking, desk: Desk) -> RecordView:
    """Checked as an import would; everything wrong comes at once, by field."""
    return desk.registry.create(caller, kind, body)


@router.get(_RECORD, operation_id="get_registry_record", summary="One record")
def get_registry_record(kind: KindInPath, code: CodeInPath, caller: Asking, desk: Desk) -> RecordView:
    """As the texts of its file."""
    return desk.registry.record(caller, kind, code)


@router.patch(_RECORD, operation_id="change_registry_record", summary="Change fields of a record")
def change_registry_record(
    kind: KindInPath, code: CodeInPath, body: RecordChange, caller: Asking, desk: Desk
) -> RecordView:
    """Merged by field with what others changed since, if it says what it was based on.

    Fields that both changed are told as `conflicts` and nothing is written. What changes stands in the history.
    """
    return desk.registry.change(caller, kind, code, body)


@router.post(f"{_RECORD}/end", operation_id="end_registry_record", summary="Take a record out of use")
def end_registry_record(kind: KindInPath, code: CodeInPath, body: RecordMark, caller: Asking, desk: Desk) -> RecordView:
    """A person's posts fall vacant with it, a facility's points end with it; refused while others refer to it."""
    return desk.registry.turn(caller, kind, code, body, active=False)


@router.post(f"{_RECORD}/restore", operation_id="restore_registry_record", summary="Take it into use again")
def restore_registry_record(
    kind: KindInPath, code: CodeInPath, body: RecordMark, caller: Asking, desk: Desk
) -> RecordView:
    """Under its old number."""
    return desk.registry.turn(caller, kind, code, body, active=True)


@router.get("/communities/{community}/cells", operation_id="get_cell_shapes", summary="Cells of a community")
def get_cell_shapes(community: NumberInPath, caller: Asking, desk: Desk) -> CellShapes:
    """Their shapes in both grids, who is missing where, and overlaps and holes."""
    return desk.staff.cells(caller, community)
