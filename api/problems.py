"""Errors as answers: problem+json (RFC 9457) in the reader's language.

Routes and services raise ``ProblemError``; errors of the ports are translated once, here. Nothing of an exception that
we did not word ourselves reaches a client: the log has it, under the request id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from api.models.base import FieldProblem, PersonRef, Problem
from api.problem_kinds import Problems
from core.cases import Conflict, NotPermitted, UnknownItem
from core.errors import Invalid, Refused, Unavailable

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """An error that becomes an answer."""

    def __init__(
        self,
        problem: Problems,
        detail: str = "",
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
        owner: int | None = None,
    ) -> None:
        """Keep what the answer says; ``detail`` must hold nothing a stranger may not read."""
        super().__init__(f"{problem.value.code} {detail}")
        self.problem = problem
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.owner = owner


_CONFLICTS: Mapping[str, Problems] = {
    "taken": Problems.TAKEN,
    "wrong_state": Problems.WRONG_STATE,
    "own_repair": Problems.OWN_REPAIR,
    "not_handled_yet": Problems.NOT_HANDLED_YET,
    "changed": Problems.CHANGED,
    "shelving": Problems.SHELVE_REFUSED,
    "suspended_before": Problems.SUSPENDED_BEFORE,
    "key_reused": Problems.KEY_REUSED,
}


def translate(error: Exception) -> ProblemError:
    """An error of a port as the problem it means to the person who asked."""
    match error:
        case ProblemError():
            return error
        case UnknownItem():
            return ProblemError(Problems.NOT_FOUND)
        case NotPermitted():
            return ProblemError(Problems.NOT_YOURS, str(error))
        case Conflict():
            return ProblemError(_CONFLICTS.get(error.code, Problems.WRONG_STATE), str(error), owner=error.owner)
        case Invalid():
            fields = [FieldProblem(where="body", what=finding.what) for finding in error.findings]
            return ProblemError(Problems.INVALID, str(error), errors=fields)
        case Refused():
            return ProblemError(Problems.REFUSED, str(error))
        case Unavailable() | OperationalError():
            return ProblemError(Problems.UNAVAILABLE, headers={"Retry-After": "2"})
        case _:
            return ProblemError(Problems.INTERNAL)


def language_of(request: Request) -> str:
    """The reader's language: of the login, else the better liked one of ``Accept-Language``, else Chinese."""
    caller = getattr(request.state, "caller", None)
    if caller is not None:
        return str(caller.login.language)
    return preferred_language(request.headers.get("accept-language", ""))


def preferred_language(header: str) -> str:
    """``zh`` or ``en`` by the weights of an ``Accept-Language`` header; Chinese when it says nothing useful."""
    best, best_weight = "zh", 0.0
    for part in header.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if language in ("zh", "en") and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def answer(request: Request, error: ProblemError, owner: PersonRef | None = None) -> Response:
    """The problem as an HTTP answer."""
    kind, language = error.problem.value, language_of(request)
    body = Problem(
        type=f"urn:twingrid:problem:{kind.code}",
        title=kind.title.in_language(language),
        status=kind.status,
        code=kind.code,
        detail=error.detail,
        fix=kind.fix.in_language(language),
        instance=request.url.path,
        request_id=str(getattr(request.state, "request_id", "")),
        errors=list(error.errors),
        owner=owner,
    )
    headers = {"Content-Language": language, "Cache-Control": "no-store", **error.headers}
    return JSONResponse(body.model_dump(mode="json"), kind.status, headers, MEDIA_TYPE)


_BY_STATUS: Mapping[int, Problems] = {
    400: Problems.MALFORMED,
    404: Problems.NOT_FOUND,
    405: Problems.NO_SUCH_METHOD,
    413: Problems.BODY_TOO_LARGE,
    415: Problems.WRONG_MEDIA,
}


def of_http(error: Exception) -> ProblemError:
    """An error of the framework (no such route, no such method, too large a body) as a problem."""
    if not isinstance(error, HTTPException):
        return ProblemError(Problems.INTERNAL)
    unexpected = Problems.INTERNAL if error.status_code >= 500 else Problems.MALFORMED
    return ProblemError(_BY_STATUS.get(error.status_code, unexpected), headers=error.headers)


def of_validation(error: Exception) -> ProblemError:
    """Everything wrong with the inputs, at once; what was sent is not repeated, since it may be a password."""
    if not isinstance(error, RequestValidationError):
        return ProblemError(Problems.INTERNAL)
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return ProblemError(Problems.MALFORMED, "the body is no JSON")
    fields = [FieldProblem(where=".".join(str(part) for part in one["loc"]), what=str(one["msg"])) for one in found]
    return ProblemError(Problems.INVALID, errors=fields)
