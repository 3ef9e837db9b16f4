"""A subset of the Prometheus query interface, as Grafana asks it: parameters in the address, or in a form."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from api.guard import GuardedRoute
from api.prometheus.desk import Answer, Parameters
from api.routes.inputs import Asking, Desk

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 200
_TEXTS: Final = {
    "query": "expression",
    "time": "seconds or RFC 3339; now without it",
    "start": "seconds or RFC 3339",
    "end": "seconds or RFC 3339",
    "step": "duration, or seconds",
    "match[]": "selector, may be repeated",
    "limit": "so many at most",
    "metric": "of this metric alone",
}
_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["status", "errorType", "error"],
    "properties": {
        "status": {"const": "error"},
        "errorType": {"enum": ["bad_data", "execution", "unavailable"]},
        "error": {"type": "string"},
    },
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {"schema": {"type": "object", "required": ["status", "data"]}}}},
    **{
        status: {"description": why, "content": {"application/json": {"schema": _ERROR}}}
        for status, why in (
            (400, "The query is wrong"),
            (503, "The store does not answer"),
        )
    },
}


def _described(*names: str, form: bool = False) -> dict[str, Any]:
    """How the parameters stand in the document."""
    if form:
        fields = {name: {"type": "string", "description": _TEXTS[name]} for name in names}
        return {"requestBody": {"content": {_FORM: {"schema": {"type": "object", "properties": fields}}}}}
    return {
        "parameters": [
            {"name": name, "in": "query", "description": _TEXTS[name], "schema": {"type": "string"}} for name in names
        ]
    }


async def _given(request: Request) -> Parameters:
    """All parameters of a request."""
    every = request.query_params.multi_items()
    if request.method == "POST" and request.headers.get("content-type", "").partition(";")[0].strip() == _FORM:
        try:
            text = (await request.body()).decode()
            every += parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            every = []
    return Parameters(every)


def _sent(answer: Answer) -> Response:
    return Response(answer.text, answer.status, media_type="application/json")


async def query(request: Request, caller: Asking, desk: Desk) -> Response:
    """A scalar or a vector, in the shape of Prometheus; what the subset lacks is refused by name."""
    return _sent(await run_in_threadpool(desk.prometheus.query, caller, await _given(request)))


async def query_range(request: Request, caller: Asking, desk: Desk) -> Response:
    """A matrix. Where a warning says so, values were taken from aggregates."""
    return _sent(await run_in_threadpool(desk.prometheus.query_range, caller, await _given(request)))


async def series(request: Request, caller: Asking, desk: Desk) -> Response:
    """Of what one sees, whenever it was read: `start` and `end` change nothing."""
    return _sent(await run_in_threadpool(desk.prometheus.series, caller, await _given(request)))


async def labels(request: Request, caller: Asking, desk: Desk) -> Response:
    """All labels that series have."""
    return _sent(await run_in_threadpool(desk.prometheus.labels, caller, await _given(request)))


_BOTH: Final = (
    (query, "query", "Values at one moment", ("query", "time")),
    (query_range, "query_range", "Values at many moments", ("query", "start", "end", "step")),
    (series, "series", "Label sets of series", ("match[]", "limit")),
    (labels, "labels", "Names of labels", ("match[]",)),
)


def _router() -> APIRouter:
    """What is asked in the address and in a form alike."""
    made = APIRouter(prefix="/prometheus/api/v1", route_class=GuardedRoute, tags=["prometheus"])
    for asked, name, summary, names in _BOTH:
        for method, suffix in (("GET", ""), ("POST", "_by_form")):
            made.add_api_route(
                f"/{name}",
                asked,
                methods=[method],
                operation_id=f"prometheus_{name}{suffix}",
                summary=summary,
                response_class=Response,
                responses=_ANSWERS,
                openapi_extra=_described(*names, form=bool(suffix)),
            )
    return made


router = _router()


@router.get(
    "/label/{label}/values",
    operation_id="prometheus_label_values",
    summary="Values of a label",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra=_described("match[]"),
)
async def label_values(
    label: Annotated[str, Path(min_length=1, max_length=80, examples=["facility"])],
    request: Request,
    caller: Asking,
    desk: Desk,
) -> Response:
    """Such as the facilities one sees."""
    return _sent(await run_in_threadpool(desk.prometheus.label_values, caller, label, await _given(request)))


@router.get(
    "/metadata",
    operation_id="prometheus_metadata",
    summary="What metrics mean",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra=_described("metric"),
)
async def metadata(request: Request, caller: Asking, desk: Desk) -> Response:
    """Meaning and UCUM unit of each metric."""
    return _sent(await run_in_threadpool(desk.prometheus.metadata, caller, await _given(request)))


@router.get(
    "/status/buildinfo",
    operation_id="prometheus_build",
    summary="Which Prometheus this answers like",
    response_class=Response,
    responses=_ANSWERS,
)
async def build(desk: Desk) -> Response:
    """Readers choose by it what to ask."""
    return _sent(desk.prometheus.build())
