"""Errors as answers: problem+json (RFC 9457) in the reader's language.

Routes and services raise ``ProblemError``; errors of the ports are translated once, here. Nothing of an exception that
we did not word ourselves reaches a client: the log has it, under the request id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from api import findings as kinds
from api.models.base import FieldConflict, FieldProblem, PersonRef, Problem
from api.problem_kinds import Problems
from core import merging
from core.cases import Conflict, NotPermitted, Unfit, UnknownItem
from core.errors import Invalid, Refused, Unavailable
from core.findings import Said, Speaks
from core.foreign import pydantic_problem

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class WrongField:
    """One field of a request that is wrong, with its place in it."""

    where: str
    what: Speaks


class ProblemError(Exception):
    """An error that becomes an answer."""

    def __init__(
        self,
        problem: Problems,
        detail: Speaks | None = None,
        *,
        errors: Sequence[WrongField] = (),
        headers: Mapping[str, str] | None = None,
        owner: int | None = None,
        conflicts: Sequence[merging.FieldConflict[str]] = (),
    ) -> None:
        """Keep what the answer says; ``detail`` must hold nothing a stranger may not read."""
        super().__init__(f"{problem.value.code} {detail or ''}")
        self.problem = problem
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.owner = owner
        self.conflicts = tuple(conflicts)


_CONFLICTS: Mapping[str, Problems] = {
    "taken": Problems.TAKEN,
    "wrong_state": Problems.WRONG_STATE,
    "own_repair": Problems.OWN_REPAIR,
    "not_handled_yet": Problems.NOT_HANDLED_YET,
    "changed": Problems.CHANGED,
    "shelving": Problems.SHELVE_REFUSED,
    "suspended_before": Problems.SUSPENDED_BEFORE,
    "silent": Problems.SILENT,
    "key_reused": Problems.KEY_REUSED,
    "too_late": Problems.TOO_LATE,
    "own_request": Problems.OWN_DECISION,
    "reviewed_it": Problems.OWN_DECISION,
}


def translate(error: Exception) -> ProblemError:
    """An error of a port as the problem it means to the person who asked."""
    match error:
        case ProblemError():
            return error
        case UnknownItem():
            return ProblemError(Problems.NOT_FOUND)
        case Unfit():
            return ProblemError(Problems.UNFIT, error)
        case NotPermitted():
            return ProblemError(Problems.NOT_YOURS, error)
        case merging.Diverged():
            return ProblemError(Problems.DIVERGED, error, conflicts=error.conflicts)
        case Conflict():
            return ProblemError(_CONFLICTS.get(error.code, Problems.WRONG_STATE), error, owner=error.owner)
        case Invalid():
            fields = [WrongField("body", finding.kind.what(**finding.values)) for finding in error.findings]
            return ProblemError(Problems.INVALID, error, errors=fields)
        case Refused():
            return ProblemError(Problems.REFUSED, error)
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
        detail="" if error.detail is None else error.detail.in_language(language),
        fix=kind.fix.in_language(language),
        instance=request.url.path,
        request_id=str(getattr(request.state, "request_id", "")),
        errors=[FieldProblem(where=one.where, what=one.what.in_language(language)) for one in error.errors],
        owner=owner,
        conflicts=[_conflict(one) for one in error.conflicts],
    )
    headers = {"Content-Language": language, "Cache-Control": "no-store", **error.headers}
    return JSONResponse(body.model_dump(mode="json"), kind.status, headers, MEDIA_TYPE)


def _conflict(one: merging.FieldConflict[str]) -> FieldConflict:
    return FieldConflict(
        field=one.field,
        base=one.base,
        mine=one.mine,
        theirs=one.theirs,
        together=list(one.together),
        by=one.by,
        time_ms=one.at_ms,
    )


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
        return ProblemError(Problems.MALFORMED, kinds.NO_JSON)
    fields = [WrongField(".".join(map(str, one["loc"])), _problem(one)) for one in found]
    return ProblemError(Problems.INVALID, errors=fields)


def _problem(details: Mapping[str, Any]) -> Said:
    return pydantic_problem(str(details["type"]), str(details["msg"]), details.get("ctx", {}))
