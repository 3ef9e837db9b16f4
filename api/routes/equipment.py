"""All facilities as a list that scrolls, a tree and a file; the views of it that people keep."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.equipment import OrderName, Wanted
from api.equipment_desk import Asked
from api.guard import PREFIX, GuardedRoute
from api.models.base import HealthName
from api.models.equipment import EquipmentList, EquipmentTree, PageName, SavedViews, ViewName, ViewToKeep
from api.routes.inputs import Asking, CommunityQuery, Desk
from core.people import Language

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["equipment"])

_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


def asked_of(
    class_id: Annotated[str, Query(alias="class", max_length=64, description="id of a class")] = "",
    health: HealthName | None = None,
    q: Annotated[str, Query(max_length=80, description="part of a code, name or address")] = "",
    cell: Annotated[str, Query(max_length=64, description="code of a cell of either grid")] = "",
    parent: Annotated[int | None, Query(ge=0, le=2_147_483_647, description="what hangs directly on this one")] = None,
    roots: Annotated[bool, Query(description="what others hang on, and which hangs on nothing")] = False,
    order: OrderName = "health",
    backward: bool = False,
) -> Asked:
    """Filters and order of the list."""
    wanted = Wanted(class_id=class_id, text=q, cell=cell, parent=parent, roots=roots)
    return Asked(wanted=wanted, health=health, order=order, backward=backward)


AskedOf = Annotated[Asked, Depends(asked_of)]


@router.get("/equipment", operation_id="list_equipment", summary="A stretch of the list of all facilities")
def list_equipment(
    caller: Asking,
    desk: Desk,
    asked: AskedOf,
    community: CommunityQuery = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> EquipmentList:
    """By offset, so that a window may show any part of it; the worst first unless told otherwise."""
    return desk.equipment.stretch(caller, asked, community, offset, limit)


@router.get("/equipment/tree", operation_id="get_equipment_tree", summary="Communities with their classes")
def get_equipment_tree(caller: Asking, desk: Desk, community: CommunityQuery = None) -> EquipmentTree:
    """How many of each class stand where, and how they are."""
    return desk.equipment.tree(caller, community)


@router.get(
    "/equipment/file/{form}",
    operation_id="export_equipment",
    summary="The list as a file",
    response_class=Response,
    responses={200: {"content": {kind.partition(";")[0]: _BINARY for kind in _TYPES.values()}}},
)
def export_equipment(
    form: Literal["csv", "xlsx"],
    caller: Asking,
    desk: Desk,
    asked: AskedOf,
    community: CommunityQuery = None,
    language: Annotated[Language | None, Query(description="of the file; that of the login unless told")] = None,
) -> Response:
    """All lines of the list with these filters, in this order."""
    words = (language or caller.login.language).value
    made = desk.equipment.file(caller, asked, community, form, words)
    name = f'attachment; filename="facilities.{form}"'
    return Response(made, headers={"Content-Type": _TYPES[form], "Content-Disposition": name})


@router.get("/saved-views", operation_id="list_saved_views", summary="One's own views of a page")
def list_saved_views(caller: Asking, desk: Desk, page: Annotated[PageName, Query()]) -> SavedViews:
    """By name."""
    return desk.views.of_page(caller, page)


@router.put("/saved-views", operation_id="keep_saved_view", summary="Keep a view")
def keep_saved_view(body: ViewToKeep, caller: Asking, desk: Desk) -> SavedViews:
    """In place of one's own of the same name."""
    return desk.views.keep(caller, body)


@router.delete("/saved-views", operation_id="drop_saved_view", summary="Forget a view")
def drop_saved_view(
    caller: Asking, desk: Desk, page: Annotated[PageName, Query()], name: Annotated[ViewName, Query()]
) -> SavedViews:
    """One that is not there is forgotten already."""
    return desk.views.drop(caller, page, name)
