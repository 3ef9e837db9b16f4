"""Import into the registry and export of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from api.guard import PREFIX, GuardedRoute
from api.models.imports import ImportChanges, ImportToken, ImportView
from api.routes.inputs import Asking, Desk

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["registry"])

ImportInPath = Annotated[str, Path(min_length=16, max_length=16, pattern="^[0-9a-f]+$")]
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
    "geojson": "application/geo+json",
}
_NAMES = {"xlsx": "registry.xlsx", "zip": "registry.zip", "geojson": "cells.geojson"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/registry/imports",
    operation_id="start_import",
    summary="Read a file and compare it with the registry",
    status_code=202,
    openapi_extra=_BODY,
)
async def start_import(
    request: Request,
    caller: Asking,
    desk: Desk,
    name: Annotated[str, Query(min_length=1, max_length=200, description="of the file", examples=["city.xlsx"])],
) -> ImportView:
    """The bytes of a workbook, a CSV file or the cells as GeoJSON, at most 32 MB; nothing is written yet."""
    desk.imports.check(caller)
    return await run_in_threadpool(desk.imports.start, caller, name, await request.body())


@router.get("/registry/imports/{job}", operation_id="get_import", summary="How far an import is")
def get_import(job: ImportInPath, caller: Asking, desk: Desk) -> ImportView:
    """Everything that is wrong, or how many records would come, change and end."""
    return desk.imports.job(caller, job)


@router.get("/registry/imports/{job}/changes", operation_id="get_import_changes", summary="What an import would do")
def get_import_changes(
    job: ImportInPath,
    caller: Asking,
    desk: Desk,
    kind: Annotated[str, Query(max_length=20)] = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ImportChanges:
    """Record by record, a hundred at a time."""
    return desk.imports.changes(caller, job, kind, offset)


@router.post("/registry/imports/{job}/apply", operation_id="apply_import", summary="Apply what was shown")
def apply_import(job: ImportInPath, body: ImportToken, caller: Asking, desk: Desk) -> ImportView:
    """Exactly that, in one transaction; if the registry has changed meanwhile nothing is written and that is told."""
    return desk.imports.apply(caller, job, body.token)


@router.get(
    "/registry/export/{form}",
    operation_id="export_registry",
    summary="The whole registry as a file",
    response_class=Response,
    responses={200: {"content": {media: {} for media in _MEDIA.values()}}},
)
def export_registry(form: Literal["xlsx", "zip", "geojson"], caller: Asking, desk: Desk) -> Response:
    """A workbook, the cells as GeoJSON, or CSV files in a ZIP; imported again it changes nothing."""
    path = desk.imports.export(caller, form)
    return FileResponse(
        path,
        media_type=_MEDIA[form],
        filename=_NAMES[form],
        headers={"cache-control": "no-store"},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
