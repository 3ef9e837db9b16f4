"""Whether all text of a request can be kept: PostgreSQL takes no NUL, so nobody gets one as far as a statement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import Request

from api import findings as kinds
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField

_NUL = "\0"
_NEVER_KEPT = frozenset({"cursor", "password", "current_password", "new_password"})
"""A cursor is read back by who made it, a password is kept as its hash: a wrong one is answered as any wrong one is."""
_ESCAPED = b"\\u0000"
"""JSON knows no other way to write one."""


async def refuse_nul(request: Request) -> None:
    """Refuse what no database could keep, before a model reads it.

    Raises:
        ProblemError: ``INVALID`` with the place of each text that holds a NUL.
    """
    named = [(f"path.{name}", value) for name, value in request.path_params.items()]
    named += [(f"query.{name}", one) for name, one in request.query_params.multi_items() if name not in _NEVER_KEPT]
    found = [where for name, value in named for where in _places(value, name)]
    if request.headers.get("content-type", "").partition(";")[0].strip().lower().endswith("json"):
        body = await request.body()  # kept by the request: whoever reads it next finds it
        if _ESCAPED in body:
            found += _places(_parsed(body), "body")
    if found:
        raise ProblemError(Problems.INVALID, errors=[WrongField(where, kinds.HAS_NUL()) for where in found])


def _parsed(body: bytes) -> Any:
    """The value; ``None`` if it is no JSON, which is said by whoever reads it for its own sake."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _places(value: object, where: str) -> Iterator[str]:
    """Where a NUL stands, in depth; a body is at most as deep as its parser lets it be."""
    waiting = [(where, value)]
    while waiting:
        place, one = waiting.pop()
        if isinstance(one, str):
            if _NUL in one:
                yield place
        elif isinstance(one, dict):
            kept = ((key, part) for key, part in one.items() if key not in _NEVER_KEPT)
            waiting += [(f"{place}.{key}".replace(_NUL, ""), part) for key, part in kept]
            if any(_NUL in str(key) for key in one):
                yield place
        elif isinstance(one, list):
            waiting += [(f"{place}.{number}", part) for number, part in enumerate(one)]
