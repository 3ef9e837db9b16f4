"""What happens before any route: hosts, sites, sizes, headers, and errors nobody foresaw."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError
from starlette.datastructures import Headers

from api.fetch_metadata import is_own_site
from api.models.base import Problem
from api.problem_kinds import Problems
from api.problems import preferred_language
from core.errors import Unavailable
from core.people import Language
from tests.unit.api.world import PASSWORD, World

SESSION = "/api/v1/session"
LOGIN = {"username": "manager1", "password": PASSWORD}


@pytest.mark.parametrize(
    ("host", "welcome"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("127.0.0.1:1", True),
        ("[::1]:8080", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("localhost@evil.example", False),
        ("evil.example:80#localhost", False),
        ("localhost/x", False),
        ("localhost:http", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_only_known_hosts_are_answered(host: str, welcome: bool, world: World) -> None:
    """A name that is not configured is refused, so that no site can point its own name at us."""
    with world.client() as client:
        answer = client.get("/-/healthy", headers={"Host": host})
    assert answer.status_code == (200 if welcome else 421)
    if not welcome:
        assert answer.json()["code"] == "TG-4210"


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://localhost"}, False),
        ({"origin": "http://localhost"}, True),
        ({"origin": "http://localhost:9"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[::1"}, False),
    ],
)
def test_changes_come_from_our_own_pages(headers: dict[str, str], ours: bool, world: World) -> None:
    """Another site's form or script is refused before anything is done; reading is not affected."""
    assert is_own_site(Headers({"host": "localhost", **headers})) is ours
    with world.client("manager1") as client:
        answer = client.post("/api/v1/alarms/alarm1/acknowledge", json={}, headers=headers)
        assert answer.status_code == (200 if ours else 403)
        if not ours:
            assert answer.json()["code"] == "TG-4031"
        assert client.get(SESSION, headers=headers).status_code == 200


def test_a_form_is_no_json(world: World) -> None:
    """What a plain HTML form can send is not taken for JSON."""
    with world.client() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            body = '{"username": "manager1", "password": "' + PASSWORD + '"}'
            answer = client.post(SESSION, content=body, headers={"Content-Type": kind})
            assert answer.status_code == 422
            assert "set-cookie" not in answer.headers


def test_every_answer_carries_the_protecting_headers(world: World) -> None:
    """Policy, no sniffing, no framing, a request id of its own; also on errors; nothing is cached."""
    ids = set()
    with world.client("manager1") as client:
        for path in (SESSION, "/api/v1/nope", "/-/healthy", "/api/v1/alarms?limit=0"):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"] == "no-store"
            assert "access-control-allow-origin" not in answer.headers
            assert "strict-transport-security" not in answer.headers
            ids.add(answer.headers["x-request-id"])
    assert len(ids) == 4


def test_a_large_body_is_not_read(world: World) -> None:
    """More than the limit is refused, with or without a declared length."""
    with world.client() as client:
        answer = client.post(SESSION, content=b" " * 70_000, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "TG-4130")
        chunks = (b" " * 1000 for _ in range(100))
        answer = client.post(SESSION, content=chunks, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "TG-4130")


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b'"x"', b"\xff\xfe", b"[" * 5000, b'{"a":1e999}'])
def test_malformed_bodies_are_explained(body: bytes, world: World) -> None:
    """Whatever is sent, the answer is a problem with a code, never a 500, and does not echo the input."""
    with world.client() as client:
        answer = client.post(SESSION, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    Problem.model_validate(answer.json())


def test_everything_wrong_is_said_at_once(world: World) -> None:
    """All wrong fields are listed with their place; passwords are not repeated."""
    with world.client() as client:
        body = {"setup_code": "", "username": "a b", "password": "hunter7", "language": "fr", "x": 1}
        answer = client.post("/api/v1/setup", json=body)
    places = {one["where"] for one in answer.json()["errors"]}
    assert places == {"body.setup_code", "body.username", "body.password", "body.language", "body.x"}
    assert "hunter7" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/session",
        "/api/v1//session",
        "/api/v1/session/",
        "/API/v1/session",
        "/api/v1/%73ession/..",
        "/api/v1/.",
    ],
)
def test_no_spelling_of_a_path_gets_around_the_gate(path: str, world: World) -> None:
    """Doubled slashes, dots, capitals and trailing slashes lead nowhere without a session."""
    with world.client() as client:
        assert client.get(path).status_code in (401, 404)


@pytest.mark.parametrize("method", ["PUT", "TRACE", "PROPFIND", "OPTIONS", "HEAD", "CONNECT", "G3T"])
def test_undocumented_methods_are_refused(method: str, world: World) -> None:
    """Only documented methods exist; overriding the method by a header does nothing."""
    with world.client("manager1") as client:
        answer = client.request(method, SESSION)
        assert answer.status_code == 405
        answer = client.post("/api/v1/tasks", headers={"X-HTTP-Method-Override": "GET"})
        assert (answer.status_code, answer.json()["code"]) == (405, "TG-4050")


def test_an_unforeseen_error_says_nothing_about_the_inside(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets TG-5000 and a request id, the log the trace under the same id."""
    world.cases.broken = ZeroDivisionError("secret inside")
    with world.client("manager1", raise_errors=False) as client:
        answer = client.get("/api/v1/alarms")
    assert (answer.status_code, answer.json()["code"]) == (500, "TG-5000")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    logged = [one for one in caplog.records if one.exc_info]
    assert [vars(one)["request_id"] for one in logged] == [answer.json()["request_id"]]


@pytest.mark.parametrize(
    "error",
    [Unavailable("the case database does not answer: /var/lib/x"), OperationalError("SELECT 1", {}, Exception("x"))],
)
def test_a_silent_neighbour_is_503(error: Exception, world: World) -> None:
    """The client is told to come back, and nothing about databases and paths."""
    with world.client("manager1") as client:
        world.cases.broken = error
        answer = client.get("/api/v1/alarms")
    assert (answer.status_code, answer.json()["code"]) == (503, "TG-5030")
    assert answer.headers["retry-after"]
    assert "var/lib" not in answer.text
    assert "SELECT" not in answer.text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr,zh-CN;q=0.5,en;q=0.4", "zh"),
        ("zh;q=0,en;q=0.1", "en"),
        ("en;q=x,zh;q=0.1", "zh"),
        (";;;,=,q=1", "zh"),
    ],
)
def test_errors_come_in_the_readers_language(header: str, language: str, world: World) -> None:
    """By Accept-Language before the login, by the login's language afterwards."""
    assert preferred_language(header) == language
    with world.client() as client:
        answer = client.get(SESSION, headers={"Accept-Language": header})
        assert answer.headers["content-language"] == language
        assert answer.json()["title"] == ("Please log in" if language == "en" else "请先登录")
    with world.client("administrator0") as client:
        assert client.get("/api/v1/cases/9", headers={"Accept-Language": "zh"}).json()["title"] == "Not found"


@pytest.mark.parametrize(("language", "what"), [("zh", "应为整数"), ("en", "Input should be a valid integer")])
def test_wrong_fields_are_explained_in_the_readers_language(language: str, what: str, world: World) -> None:
    """What is wrong with a field is said in the language of the title."""
    known = world.registry.login_by_name
    known["manager1"] = replace(known["manager1"], language=Language(language))
    with world.client("manager1") as client:
        answer = client.post("/api/v1/alarms/alarm1/shelve", json={"minutes": "x", "reason": "y"})
    (problem,) = answer.json()["errors"]
    assert problem["where"] == "body.minutes"
    assert problem["what"].startswith(what)


def test_every_problem_is_complete() -> None:
    """Codes are unique, statuses are errors, title and remedy exist in both languages."""
    kinds = [one.value for one in Problems]
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert 400 <= kind.status <= 599
        # All ten of 409 are taken; nothing here answers 410, whose codes go on with them.
        assert int(kind.code[3:]) // 10 in ({409, 410} if kind.status == 409 else {kind.status} - {410})
        assert all((kind.title.zh, kind.title.en, kind.fix.zh, kind.fix.en))


def test_metrics_are_for_this_machine_or_the_token(world: World) -> None:
    """Another address is refused; with a token configured only the token opens, from anywhere."""
    from starlette.testclient import TestClient

    from api.application import create_app

    def ask(address: str, authorization: str = "") -> int:
        app = create_app(world.ports(), world.settings)
        headers = {"Authorization": authorization} if authorization else {}
        with TestClient(app, base_url="http://localhost", client=(address, 1)) as client:
            return int(client.get("/metrics", headers=headers).status_code)

    assert ask("127.0.0.1") == 200
    assert ask("::1") == 200
    assert ask("192.0.2.1") == 403
    assert ask("nonsense") == 403
    world.settings = replace(world.settings, metrics_token="scrape-me")
    assert ask("192.0.2.1", "Bearer scrape-me") == 200
    assert ask("127.0.0.1", "Bearer other") == 403
    assert ask("127.0.0.1") == 403


def test_nothing_secret_is_logged_or_measured(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither passwords, nor tokens, nor the setup code stand in the log or in the metrics."""
    with world.client("manager1") as client:
        token = client.cookies["twingrid"]
        client.post(SESSION, json={**LOGIN, "password": "canary-password"})
        client.post("/api/v1/setup", json={"setup_code": "canary-code", "username": "a", "password": "canary-new-one"})
        measured = client.get("/metrics").text
    written = "\n".join(f"{one.getMessage()} {vars(one)}" for one in caplog.records)
    assert written
    for secret in (token, PASSWORD, "canary", "$argon2"):
        assert secret not in written
        assert secret not in measured
