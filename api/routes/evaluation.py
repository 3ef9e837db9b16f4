"""The evaluation of cases: as data, as a workbook, on paper."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.guard import PREFIX, GuardedRoute
from api.models.evaluation import CaseEvaluation
from api.routes.inputs import Asking, CommunityQuery, Desk, TimeQuery
from core.people import Language

router = APIRouter(prefix=PREFIX, route_class=GuardedRoute, tags=["evaluation"])

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PDF = "application/pdf"
LanguageQuery = Annotated[Language | None, Query(description="of the file; that of the login unless told otherwise")]


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/evaluation", operation_id="get_evaluation", summary="How well cases are dealt with")
def get_evaluation(
    caller: Asking, desk: Desk, community: CommunityQuery = None, from_ms: TimeQuery = None, to_ms: TimeQuery = None
) -> CaseEvaluation:
    """By community, cell, worker and department, every share with its counts; of 30 days by default."""
    return desk.evaluations.report(caller, community=community, from_ms=from_ms, to_ms=to_ms)


@router.get(
    "/evaluation.xlsx",
    operation_id="get_evaluation_workbook",
    summary="The evaluation as an Excel workbook",
    response_class=Response,
    responses=_file(_EXCEL),
)
def get_evaluation_workbook(
    caller: Asking,
    desk: Desk,
    language: LanguageQuery = None,
    community: CommunityQuery = None,
    from_ms: TimeQuery = None,
    to_ms: TimeQuery = None,
) -> Response:
    """Every table with every count."""
    words = (language or caller.login.language).value
    made = desk.evaluations.workbook(caller, words, community=community, from_ms=from_ms, to_ms=to_ms)
    return _download(made, _EXCEL, "evaluation.xlsx")


@router.get(
    "/evaluation.pdf",
    operation_id="get_evaluation_paper",
    summary="The evaluation as a PDF",
    response_class=Response,
    responses=_file(_PDF),
)
def get_evaluation_paper(
    caller: Asking,
    desk: Desk,
    language: LanguageQuery = None,
    community: CommunityQuery = None,
    from_ms: TimeQuery = None,
    to_ms: TimeQuery = None,
) -> Response:
    """The same on paper; of long lists the beginning, the workbook has all."""
    words = (language or caller.login.language).value
    made = desk.evaluations.paper(caller, words, community=community, from_ms=from_ms, to_ms=to_ms)
    return _download(made, _PDF, "evaluation.pdf")


def _download(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
