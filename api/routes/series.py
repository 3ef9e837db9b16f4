"""Series as files."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from api.guard import PREFIX, GuardedRoute
from api.routes.inputs import Asking, Desk, FacilityQuery, TimeQuery
from api.series_desk import FormName, Wanted
from core.people import Language

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["places"])

_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/series/export/{form}",
    operation_id="export_series",
    summary="Readings or roll-ups as a file",
    response_class=Response,
    responses={200: {"content": {kind.partition(";")[0]: _BINARY for kind in _TYPES.values()}}},
)
def export_series(
    form: FormName,
    caller: Asking,
    desk: Desk,
    facility: FacilityQuery = None,
    point: Annotated[
        list[Annotated[int, Field(ge=0, le=2_147_483_647)]] | None,
        Query(max_length=200, description="numbers of points, instead of a facility"),
    ] = None,
    from_ms: TimeQuery = None,
    to_ms: TimeQuery = None,
    step_ms: Annotated[
        int, Query(ge=0, le=19_353_600_000, description="width of the roll-ups, as charts have it; 0: every reading")
    ] = 0,
    language: Annotated[Language | None, Query(description="of names; that of the login unless told")] = None,
) -> Response:
    """The last 24 h by default, sorted by point and time; a stretch without readings has no rows."""
    wanted = Wanted(
        form=form,
        language=(language or caller.login.language).value,
        facility=facility,
        points=point or (),
        from_ms=from_ms,
        to_ms=to_ms,
        step_ms=step_ms,
    )
    made = desk.series.export(caller, wanted)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Content-Type": _TYPES[form]}
    return StreamingResponse(made.parts, headers=headers)
