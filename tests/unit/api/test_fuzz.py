"""Whatever is sent to whichever operation: an answer that the document describes, never a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.documentation import COMMITTED
from api.models.base import Problem
from api.settings import ApiSettings
from tests.unit.api.world import COST, World, engine_in

DOCUMENT = json.loads(COMMITTED.read_text(encoding="utf-8"))
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    # The stream does not end by itself, and logging in or out would change who asks.
    if operation["operationId"] not in ("stream", "log_in", "log_out", "create_first_administrator", "change_password")
]
ROLES = ("manager1", "maintainer1", "grid_worker1", "technician1", "administrator0")

JUNK = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.sampled_from(
        ["", "1", "2", "10", "101", "alarm1", "true", "null", "accept", "return", "high", "%00", "../..", "'--"]
    ),
    st.text(max_size=30),
)
BODY = st.one_of(
    st.none(),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "note": st.text(max_size=30),
            "minutes": st.integers(-5, 1000),
            "reason": st.text(max_size=10),
            "language": st.sampled_from(["zh", "en", "fr"]),
            "version": st.integers(-(2**40), 2**70),
            "to_person": st.integers(-1, 2**40),
        },
    ),
)


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, TestClient]]:
    """A browser per role on one world, kept for all examples."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    engine = engine_in(folder)
    world = World(settings=ApiSettings(version="1", setup_code_file=folder / "code", password_cost=COST), engine=engine)
    with ExitStack() as stack:
        yield {name: stack.enter_context(world.client(name)) for name in ROLES}
    engine.dispose()


@pytest.mark.leaves_running
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_input_breaks_an_operation(browsers: dict[str, TestClient], data: Any) -> None:
    """The status is one the operation knows, and an error is a complete problem."""
    answer, operation = ask(browsers, data)
    check(answer, operation)


def ask(browsers: Mapping[str, TestClient], data: Any) -> tuple[Any, Mapping[str, Any]]:
    """Ask one operation as somebody, with whatever Hypothesis thinks of."""
    method, path, operation = data.draw(st.sampled_from(OPERATIONS))
    client = browsers[data.draw(st.sampled_from(sorted(browsers)))]
    query: list[tuple[str, str | int | float | bool | None]] = []
    headers: dict[str, str] = {}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", quote(data.draw(JUNK), safe="") or "x")
        elif parameter["in"] == "query" and data.draw(st.booleans()):
            query.append((parameter["name"], data.draw(JUNK)))
        elif parameter["in"] == "header" and data.draw(st.booleans()):
            headers[parameter["name"]] = data.draw(st.from_regex(r"[!-~]{1,20}", fullmatch=True))
    body = data.draw(BODY)
    content = None if method == "GET" or body is None else json.dumps(body)
    if content is not None:
        headers["Content-Type"] = "application/json"
    return client.request(method, path, params=query, content=content, headers=headers), operation


def check(answer: Any, operation: Mapping[str, Any]) -> None:
    """The answer is one that the document describes."""
    assert answer.status_code < 500, answer.text
    declared = operation["responses"].get(str(answer.status_code), {}).get("content", {})
    if answer.status_code >= 400 and answer.headers["content-type"] in declared:
        assert answer.json()["errorType"] in ("bad_data", "execution")
    elif answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert Problem.model_validate(answer.json()).status == answer.status_code
    else:
        assert str(answer.status_code) in operation["responses"]
