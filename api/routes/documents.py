"""Documents of facilities."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.document_desk import download_headers
from api.guard import PREFIX, GuardedRoute
from api.models.documents import DocumentRemoval, DocumentView, FacilityDocuments
from api.routes.inputs import Asking, Desk, NumberInPath
from core.ports.documents import ENDINGS

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["documents"])

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: Final[dict[str, Any]] = dict.fromkeys(ENDINGS, _BINARY)
NameQuery = Annotated[str, Query(max_length=400, description="as people call it", examples=["pump manual"])]


@router.get(
    "/facilities/{facility}/documents", operation_id="get_facility_documents", summary="The documents of a facility"
)
def get_facility_documents(facility: NumberInPath, caller: Asking, desk: Desk) -> FacilityDocuments:
    """Those that are there, and who took away what, when and why."""
    return desk.documents.of_facility(caller, facility)


@router.post(
    "/facilities/{facility}/documents",
    operation_id="add_facility_document",
    summary="Add a document to a facility",
    status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": _CONTENT}},
)
async def add_facility_document(
    facility: NumberInPath, name: NameQuery, request: Request, caller: Asking, desk: Desk
) -> DocumentView:
    """The bytes of a PDF, JPEG, PNG, WebP or XLSX, at most 16 MB; of a picture only the picture is kept.

    What it is is told from the bytes. The same bytes once more answer as the first time.
    """
    await run_in_threadpool(desk.documents.check_seen, caller, facility)
    return await run_in_threadpool(desk.documents.add, caller, facility, name, await request.body())


@router.get(
    "/facilities/{facility}/documents/{document}",
    operation_id="get_facility_document",
    summary="A document as a file",
    response_class=Response,
    responses={200: {"content": _CONTENT}},
)
def get_facility_document(facility: NumberInPath, document: NumberInPath, caller: Asking, desk: Desk) -> Response:
    """Always a download: nothing of it is run or shown as a page of ours."""
    one, data = desk.documents.file(caller, facility, document)
    return Response(data, media_type=one.media_type, headers=download_headers(one))


@router.post(
    "/facilities/{facility}/documents/{document}/removal",
    operation_id="remove_facility_document",
    summary="Take a document away",
)
def remove_facility_document(
    facility: NumberInPath, document: NumberInPath, body: DocumentRemoval, caller: Asking, desk: Desk
) -> DocumentView:
    """For good: its bytes are gone. That it was there, who took it away and why stays known."""
    return desk.documents.remove(caller, facility, document, body.reason)
