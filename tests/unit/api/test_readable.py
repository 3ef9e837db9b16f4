"""No NUL reaches a statement: PostgreSQL refuses it, and answered 500 where SQLite kept it."""

from __future__ import annotations

import pytest

from tests.unit.api.world import World

PUBLIC = "/api/v1/public/reports"
KEY = {"Idempotency-Key": "nul-nul-nul-1"}


def places(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return sorted(one["where"] for one in answer["errors"])


def test_a_body_with_a_nul_is_refused_with_its_places(world: World) -> None:
    """All of them at once, whatever their depth, in the names of keys too; nothing is said twice."""
    body = {"code": "a\0", "deep": [{"words": "x"}, {"words": "\0"}], "na\0me": 1}
    with world.client() as client:
        answer = client.post(PUBLIC, json=body, headers=KEY)
    assert answer.status_code == 422
    assert places(answer.json()) == ["body", "body.code", "body.deep.1.words"]


@pytest.mark.parametrize("query", ["code=a%00b", "code=a%00&code=b"])
def test_a_query_with_a_nul_is_refused(world: World, query: str) -> None:
    """Before its model reads it."""
    with world.client() as client:
        answer = client.get(f"/api/v1/public/places/pump-1?{query}")
    assert answer.status_code == 422
    assert places(answer.json()) == ["query.code"]


def test_a_path_with_a_nul_is_refused(world: World) -> None:
    """By the name of its parameter."""
    with world.client() as client:
        answer = client.get("/api/v1/public/places/pump%001")
    assert answer.status_code == 422
    assert places(answer.json()) == ["path.code"]


def test_who_writes_of_a_nul_is_understood(world: World) -> None:
    """A backslash and the letters after it are text like any other: the model is what refuses this body."""
    with world.client() as client:
        answer = client.post(
            PUBLIC, content=rb'{"words": "of \\\\u0000, in words"}', headers=KEY | {"content-type": "application/json"}
        )
    assert answer.status_code == 422
    assert "body.words" not in places(answer.json())


def test_a_body_too_deep_to_read_is_no_crash(world: World) -> None:
    """The parser gives up; so does the answer, in order."""
    deep = b"[" * 20_000 + b'"\\u0000"' + b"]" * 20_000
    with world.client() as client:
        answer = client.post(PUBLIC, content=deep, headers=KEY | {"content-type": "application/json"})
    assert answer.status_code in (400, 422)
