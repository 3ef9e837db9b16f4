"""The OpenAPI document, made from the routes and the policy; ``api/openapi.json`` is its committed copy.

``python -m api.documentation`` rewrites the copy, and the page of error codes beside the other documents. A test
compares both, so a change of the interface is always seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from api.models import stream as events
from api.models.base import Problem
from api.policy import Entry, Policy
from api.problem_kinds import Problems
from api.problems import MEDIA_TYPE

TITLE = "Twingrid"
VERSION = "1"
COMMITTED = Path(__file__).with_name("openapi.json")

PROBLEMS_PAGE = Path(__file__).parents[1] / "docs" / "problems.md"
_PROBLEMS_HEAD = """# Problems

What the HTTP interface answers when something is wrong: `application/problem+json` (RFC 9457) with one of these codes,
a title and a remedy in the reader's language, every wrong field, and a request id that stands in the server's log too.
Made from `api/problem_kinds.py` by `python -m api.documentation`.

| code | status | 中文 | English |
|---|---|---|---|"""

_TAGS: Sequence[Mapping[str, str]] = (
    {"name": "session", "description": "Setup, login, the own session"},
    {"name": "notifications", "description": "How people are told, and what could not be delivered"},
    {"name": "places", "description": "Communities, facilities, histories"},
    {"name": "prometheus", "description": "A subset of the Prometheus query interface over measurements"},
    {"name": "alarms", "description": "Alarms and what people do with them"},
    {"name": "cases", "description": "Cases"},
    {"name": "exchange", "description": "Cases of other platforms: their requests, what their numbers stand for"},
    {"name": "webhooks", "description": "Other programs are told of alarms and cases"},
    {"name": "revisits", "description": "People are asked after the end of a case"},
    {"name": "intakes", "description": "Reports, tasks handed down, the gate, the burden of departments"},
    {"name": "departments", "description": "What a department handed down, what was referred to it, its own burden"},
    {"name": "flags", "description": "What keeps alarms silent"},
    {"name": "tasks", "description": "Tasks and their steps"},
    {"name": "rules", "description": "Backtests of rules"},
    {"name": "system", "description": "Gateways, health, probes, metrics"},
    {"name": "stream", "description": "The live stream"},
)
EVENTS = (
    events.AlarmEvent,
    events.CaseEvent,
    events.TaskEvent,
    events.FlagEvent,
    events.ValuesEvent,
    events.PingEvent,
    events.ResetEvent,
)
"""What the live stream carries."""
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def document(routes: Sequence[BaseRoute], policy: Policy) -> dict[str, Any]:
    """The OpenAPI 3.1 document of ``routes``."""
    made = get_openapi(
        title=TITLE,
        version=VERSION,
        summary="Communities, facilities, alarms, cases and tasks of a city's two grids",
        description="Times are UTC milliseconds; texts that people read come in Chinese and English; errors are "
        "problem+json with stable codes. Requests that change something carry the session cookie and come from the "
        "same site; programs that read carry a token.",
        routes=routes,
        tags=[dict(tag) for tag in _TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas: dict[str, Any] = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Problem, *EVENTS):
        _add_schema(schemas, model)
    made["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-twingrid", "description": "`twingrid` on http"},
        "token": {"type": "http", "scheme": "bearer", "description": "a token with one of the operation's `x-scopes`"},
    }
    for operation in _operations(made):
        name = operation["operationId"]
        scopes = sorted(scope for scope, names in policy.scopes.items() if name in names)
        _finish(operation, policy.operations[name], scopes)
    made["components"]["schemas"] = {name: schemas[name] for name in sorted(schemas)}
    return made


def _add_schema(schemas: dict[str, Any], model: type[Any]) -> None:
    schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    for name, part in schema.pop("$defs", {}).items():
        schemas.setdefault(name, part)
    schemas[model.__name__] = schema


def _operations(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in made["paths"].values() for method, operation in path.items() if method in _METHODS]


def _finish(operation: dict[str, Any], entry: Entry, scopes: Sequence[str]) -> None:
    """Say how it fails, who may use it, and which tokens reach it."""
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "A problem",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    operation["x-permission"] = entry.permission
    if not entry.open_to_all:
        operation["security"] = [{"session": []}]
    if scopes:
        operation["x-scopes"] = list(scopes)
        operation["security"] = [*operation.get("security", [{}]), {"token": []}]
    stream = operation["responses"].get("200", {}).get("content", {}).get("text/event-stream")
    if stream is not None:
        stream["schema"] = {
            "type": "string",
            "description": "`event:` names the kind, `data:` holds its JSON",
            "x-events": {event_name(model): {"$ref": f"#/components/schemas/{model.__name__}"} for model in EVENTS},
        }


def event_name(model: type[Any]) -> str:
    """The word after ``event:`` in the live stream."""
    return re.sub("Event$", "", model.__name__).lower()


def as_text(made: Mapping[str, Any]) -> str:
    """The document as it is committed."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def problems_page() -> str:
    """The catalogue of errors as a page, so that a code somebody quotes can be looked up."""
    rows = [
        f"| {kind.code} | {kind.status} | {kind.title.zh}。{kind.fix.zh} | {kind.title.en}. {kind.fix.en} |"
        for kind in sorted((problem.value for problem in Problems), key=lambda kind: kind.code)
    ]
    return "\n".join([_PROBLEMS_HEAD, *rows, ""])


def main() -> None:
    """Rewrite the committed copies."""
    from api.application import routes
    from api.policy import load

    COMMITTED.write_text(as_text(document(routes(), load())), encoding="utf-8")
    PROBLEMS_PAGE.write_text(problems_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
