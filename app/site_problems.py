"""Errors of the technician's page as answers: problem+json (RFC 9457) in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from app import site_findings as say
from app.site_models import ProblemPart, SiteProblem
from core.errors import Invalid, Refused, TwingridError, Unavailable
from core.findings import Finding, Kind
from core.foreign import pydantic_problem
from core.places import Text

MEDIA_TYPE: Final = "application/problem+json"
STATUS: Final[Mapping[str, int]] = {
    say.UNKNOWN_HOST.code: 421,
    say.CROSS_SITE.code: 403,
    say.NO_ENTRY.code: 401,
    say.WRONG_CODE.code: 401,
    say.TOO_LARGE.code: 413,
    say.WRONG_KIND.code: 415,
    say.NOT_FOUND.code: 404,
    say.MALFORMED.code: 400,
    say.BAD_INPUT.code: 422,
    say.REFUSED.code: 409,
    say.UNAVAILABLE.code: 503,
    say.INTERNAL.code: 500,
    say.NO_SESSION.code: 409,
}


class SiteError(Exception):
    """An error that is worded here; ``values`` fill its sentences."""

    def __init__(self, kind: Kind, /, **values: object) -> None:
        """Keep kind and values."""
        super().__init__(kind.code)
        self.finding = kind.at(**values)


def language_of(request: Request) -> str:
    """``en`` if the page says so, else ``zh``; the page names exactly one language."""
    wanted = request.headers.get("accept-language", "")
    return "en" if wanted.strip().lower().startswith("en") else "zh"


def problem(error: Exception, language: str, instance: str = "") -> SiteProblem:
    """What an error means to the person who asked."""
    kind, detail, parts = _judged(error, language)
    return SiteProblem(
        type=f"urn:twingrid:problem:{kind.code}",
        title=kind.what_in(language),
        status=STATUS[kind.code],
        code=kind.code,
        detail=detail,
        fix=kind.fix_in(language),
        instance=instance,
        errors=parts,
    )


def _judged(error: Exception, language: str) -> tuple[Finding, str, list[ProblemPart]]:
    match error:
        case SiteError():
            return error.finding, "", []
        case Invalid():
            return _invalid(error, language)
        case Unavailable():
            return say.UNAVAILABLE.at(), error.in_language(language), []
        case Refused() | TwingridError():
            return say.REFUSED.at(), error.in_language(language), []
        case RequestValidationError():
            return say.BAD_INPUT.at(), "", _fields(error, language)
        case _:
            return say.INTERNAL.at(), "", []


def _invalid(error: Invalid, language: str) -> tuple[Finding, str, list[ProblemPart]]:
    findings = error.findings
    if len(findings) == 1 and findings[0].code in STATUS:
        return findings[0], "", []
    parts = [
        ProblemPart(
            where=_where(one, language),
            what=one.what_in(language),
            fix=one.fix_in(language),
            row=one.line,
            column=one.column,
        )
        for one in findings
    ]
    return say.BAD_INPUT.at(), "", parts


def _where(finding: Finding, language: str) -> str:
    """Row and column as a person counts them; the name of our own copy of the file says nothing."""
    parts: Sequence[tuple[str, int]] = (
        (("row ", finding.line), ("column ", finding.column))
        if language == "en"
        else (("行 ", finding.line), ("列 ", finding.column))
    )
    return ", ".join(f"{name}{number}" for name, number in parts if number)


def _fields(error: RequestValidationError, language: str) -> list[ProblemPart]:
    """Wrong fields; what was sent is not repeated."""
    parts = []
    for one in error.errors():
        why = pydantic_problem(str(one["type"]), str(one["msg"]), one.get("ctx", {}))
        where = ".".join(str(part) for part in one["loc"] if part != "body")
        parts.append(ProblemPart(where=where, what=why.in_language(language)))
    return parts


def said(error: Exception) -> Text:
    """The reason of a step that ended in an error, in both languages."""
    texts = {}
    for language in ("zh", "en"):
        found = problem(error, language)
        texts[language] = found.detail or "; ".join(part.what for part in found.errors) or found.title
    return Text(zh=texts["zh"], en=texts["en"])


def answer(request: Request, error: Exception) -> JSONResponse:
    """The problem as an HTTP answer."""
    language = language_of(request)
    body = problem(error, language, request.url.path)
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    return JSONResponse(body.model_dump(mode="json"), body.status, headers, MEDIA_TYPE)
