"""Tokens: they read within their scopes, never beyond their login, and end when they should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api import tables
from api.application import routes
from api.guard import GuardedRoute
from api.policy import ANYONE, SELF, load, parse
from api.tokens import BURST, MOST_OF_A_LOGIN, PER_SECOND, Allowance, TokenRates, Tokens, spend
from core.errors import Invalid, Refused
from core.people import Role
from tests.unit.api.test_authorization import ENDLESS, RECIPES
from tests.unit.api.world import NOW_MS, PASSWORD, World

POLICY = load()
DAY_MS = 86_400_000


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def made(world: World, username: str, *scopes: str, days: int = 90) -> str:
    """The secret of a fresh token, made below the API."""
    return Tokens(world.engine).make(username, "test", scopes, days, username, NOW_MS).secret


def asked(client: TestClient, body: Mapping[str, Any]) -> Any:
    return client.post("/api/v1/tokens", json={"name": "Grafana", "password": PASSWORD, **body})


def test_every_scope_only_reads() -> None:
    """What a scope names is a GET behind a permission: never a step, never a login's own page, never open to all."""
    methods = {route.operation_id: route.methods for route in routes() if isinstance(route, GuardedRoute)}
    for names in POLICY.scopes.values():
        for name in names:
            form = name.startswith("prometheus_") and name.endswith("_by_form")
            assert methods[name] == ({"POST"} if form else {"GET"}), name
            assert POLICY.operations[name].permission not in (ANYONE, SELF), name


def test_a_token_reaches_its_scopes_and_nothing_else(world: World) -> None:
    """For every operation and every scope of an administrator: 403 outside, an answer inside."""
    with world.client() as client:
        for scope, names in POLICY.scopes.items():
            secret = made(world, "administrator0", scope)
            for operation, recipe in RECIPES.items():
                entry = POLICY.operations[operation]
                if entry.permission == ANYONE or operation == ENDLESS:
                    continue
                if operation in names and entry.permission not in POLICY.roles[Role.ADMINISTRATOR] | {"machine"}:
                    continue
                client.cookies.clear()
                world.clock.advance(1_000)
                answer = replace(recipe, headers={**recipe.headers, **bearer(secret)}).ask(client, 1)
                code = answer.json().get("code", "") if answer.status_code >= 400 else ""
                assert (code != "TG-4036") is (operation in names), (scope, operation, answer.text)
                assert code not in ("TG-4014", "TG-4030", "TG-4293"), (scope, operation, answer.text)


def test_a_token_sees_what_its_login_sees(world: World) -> None:
    """The horizon is that of the login: other communities do not exist for it."""
    secret = made(world, "maintainer1", "series:read")
    with world.client() as client:
        assert client.get("/api/v1/facilities/10", headers=bearer(secret)).status_code == 200
        assert client.get("/api/v1/facilities/20", headers=bearer(secret)).status_code == 404
        items = client.get("/api/v1/facilities", headers=bearer(secret)).json()["items"]
    assert [one["id"] for one in items] == [10]


def test_a_token_never_does_more_than_its_login_may_now(world: World) -> None:
    """A change of role, community or activity counts with the next request, and back again."""
    secret = made(world, "manager1", "health:read", "series:read")
    login = world.registry.login_by_name["manager1"]
    with world.client() as client:

        def answers(path: str) -> int:
            return int(client.get(f"/api/v1{path}", headers=bearer(secret)).status_code)

        assert answers("/health") == 200
        world.registry.login_by_name["manager1"] = replace(login, role=Role.GRID_WORKER, communities=frozenset({2}))
        assert (answers("/health"), answers("/facilities/10"), answers("/facilities/20")) == (403, 404, 200)
        world.registry.login_by_name["manager1"] = replace(login, active=False)
        assert answers("/health") == 401
        world.registry.login_by_name["manager1"] = replace(login, one_time=True)
        assert answers("/health") == 403
        del world.registry.login_by_name["manager1"]
        assert answers("/health") == 401
        world.registry.login_by_name["manager1"] = login
        assert answers("/health") == 200


@pytest.mark.parametrize("secret", ["tga_", "tga_forged", "tga_" + "x" * 5000, "tga_é"])
def test_a_forged_token_is_refused_even_beside_a_good_cookie(secret: str, world: World) -> None:
    """Who sends a token is judged by it alone."""
    with world.client("manager1") as client:
        answer = client.get("/api/v1/health", headers=[(b"authorization", b"Bearer " + secret.encode())])
    assert (answer.status_code, answer.json()["code"]) == (401, "TG-4014")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_metrics_open_to_a_token_of_somebody_who_may_see_health(world: World) -> None:
    """`/metrics` asks a token for its scope and the login for `health.see`."""
    good, worker = made(world, "manager1", "metrics:read"), made(world, "maintainer1", "metrics:read")
    with world.client() as client:
        assert client.get("/metrics", headers=bearer(good)).text.endswith("# EOF\n")
        assert client.get("/metrics", headers=bearer(worker)).json()["code"] == "TG-4030"
        assert client.get("/metrics", headers=bearer(made(world, "manager1", "cases:read"))).status_code == 403


def test_a_worker_makes_a_token_sees_it_once_and_ends_it(world: World) -> None:
    """Made with the password, shown whole once, listed by its beginning, of no use after its end."""
    with world.client("maintainer1") as client:
        answer = asked(client, {"scopes": ["series:read", "cases:read"], "days": 7})
        token = answer.json()
        assert answer.status_code == 201
        assert token["token"].startswith(token["shown"])
        assert token["expires_ms"] == NOW_MS + 7 * DAY_MS
        secret = token["token"]
        assert client.get("/api/v1/facilities/10", headers=bearer(secret)).status_code == 200
        listed = client.get("/api/v1/tokens").json()
        assert secret not in str(listed)
        assert "health:read" not in listed["scopes"]
        one = listed["items"][0]
        assert (one["scopes"], one["used_ms"], one["used_from"]) == (["cases:read", "series:read"], NOW_MS, "127.0.0.1")
        ended = client.post(f"/api/v1/tokens/{one['id']}/end").json()
        assert (ended["serves"], ended["ended_ms"]) == (False, NOW_MS)
        assert client.get("/api/v1/facilities/10", headers=bearer(secret)).json()["code"] == "TG-4014"
    with world.engine.connect() as connection:
        row = connection.execute(sa.select(tables.token)).one()
    assert secret not in str(tuple(row))


def test_nobody_sees_or_ends_the_token_of_another(world: World) -> None:
    """Not even an administrator, over the API; at the server there is the command."""
    made(world, "maintainer1", "series:read")
    with world.client("administrator0") as client:
        assert client.get("/api/v1/tokens").json()["items"] == []
        assert client.post("/api/v1/tokens/1/end").json()["code"] == "TG-4040"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scopes": ["health:read"]}, "TG-4220"),
        ({"scopes": ["series:write"]}, "TG-4220"),
        ({"scopes": []}, "TG-4220"),
        ({"scopes": ["series:read"], "days": 367}, "TG-4220"),
        ({"scopes": ["series:read"], "name": "  "}, "TG-4220"),
        ({"scopes": ["series:read"], "password": "wrong"}, "TG-4011"),
    ],
)
def test_a_token_that_could_not_serve_is_not_made(body: dict[str, Any], code: str, world: World) -> None:
    """Unknown scopes, scopes of no use to this login, too long a life, no purpose, a wrong password."""
    with world.client("maintainer1") as client:
        assert asked(client, body).json()["code"] == code
        assert client.get("/api/v1/tokens").json()["items"] == []


def test_guessing_the_password_here_is_slowed_down_like_at_the_door(world: World) -> None:
    """A stolen session does not become a way to try passwords."""
    with world.client("maintainer1") as client:
        codes = [asked(client, {"scopes": ["series:read"], "password": "no"}).json()["code"] for _ in range(8)]
    assert codes[-1] == "TG-4290"


def test_a_change_of_password_ends_every_token(world: World) -> None:
    """Whoever changes it because somebody else knew it has shut that door too."""
    secret = made(world, "maintainer1", "series:read")
    other = made(world, "maintainer2", "series:read")
    with world.client("maintainer1") as client:
        body = {"current_password": PASSWORD, "new_password": "another long one"}
        assert client.post("/api/v1/session/password", json=body).status_code == 200
        assert client.get("/api/v1/facilities/10", headers=bearer(secret)).json()["code"] == "TG-4014"
        assert client.get("/api/v1/facilities/20", headers=bearer(other)).status_code == 200


def test_a_one_time_password_makes_no_token(world: World) -> None:
    """First it is changed."""
    with world.client("manager8") as client:
        assert asked(client, {"scopes": ["series:read"]}).json()["code"] == "TG-4032"


def test_a_token_ends_by_age(either_world: World) -> None:
    """It serves until the last millisecond of its days, in either database."""
    tokens = Tokens(either_world.engine)
    secret = made(either_world, "maintainer1", "series:read", days=1)
    assert tokens.find(secret, "a", NOW_MS + DAY_MS - 1) is not None
    assert tokens.find(secret, "a", NOW_MS + DAY_MS) is None


def test_a_use_is_noted_once_a_minute(either_world: World) -> None:
    """Reading costs no writing; a clock that was set back does not silence the note."""
    tokens = Tokens(either_world.engine)
    secret = made(either_world, "maintainer1", "series:read")

    def used(after_ms: int, address: str) -> tuple[int | None, str]:
        assert tokens.find(secret, address, NOW_MS + after_ms) is not None
        one = tokens.of("maintainer1")[0]
        return one.used_ms, one.used_from

    assert used(0, "a") == (NOW_MS, "a")
    assert used(59_999, "b") == (NOW_MS, "a")
    assert used(60_000, "c") == (NOW_MS + 60_000, "c")
    assert used(-5, "d") == (NOW_MS - 5, "d")


def test_a_login_has_so_many_tokens_at_once_and_no_more(either_world: World) -> None:
    """Ended ones make room; their rows stay."""
    tokens = Tokens(either_world.engine)
    for _ in range(MOST_OF_A_LOGIN):
        made(either_world, "maintainer1", "series:read")
    with pytest.raises(Refused):
        made(either_world, "maintainer1", "series:read")
    tokens.end(1, "somebody", NOW_MS)
    made(either_world, "maintainer1", "series:read")
    assert len(tokens.of()) == MOST_OF_A_LOGIN + 1
    assert tokens.of()[-1].ended_by == "somebody"
    tokens.end(1, "somebody else", NOW_MS + 5)
    assert tokens.of()[-1].ended_by == "somebody"


def test_a_program_that_asks_without_pause_must_wait(world: World) -> None:
    """After the burst 429 with the seconds to wait; another token is served meanwhile."""
    secret, other = made(world, "maintainer1", "series:read"), made(world, "maintainer2", "series:read")
    with world.client() as client:
        codes = [client.get("/api/v1/classes", headers=bearer(secret)).status_code for _ in range(BURST + 1)]
        answer = client.get("/api/v1/classes", headers=bearer(secret))
        assert codes == [200] * BURST + [429]
        assert (answer.json()["code"], answer.headers["retry-after"]) == ("TG-4293", "1")
        assert client.get("/api/v1/classes", headers=bearer(other)).status_code == 200
        world.clock.advance(1_000)
        assert client.get("/api/v1/classes", headers=bearer(secret)).status_code == 200


@given(st.lists(st.floats(0, 30), max_size=600))
def test_no_pattern_of_requests_passes_the_allowance(pauses: list[float]) -> None:
    """Within any time no more get through than the burst and what grows in it; a wait that was kept is enough."""
    allowance, now_s, admitted = Allowance(), 0.0, 0
    for pause in pauses:
        now_s += pause / 100
        allowance, wait_s = spend(allowance, now_s)
        admitted += wait_s == 0
        if wait_s:
            assert spend(allowance, now_s + wait_s + 1e-6)[1] == 0
    assert admitted <= BURST + now_s * PER_SECOND + 1


def test_tallies_of_tokens_are_bounded() -> None:
    """The one that has rested longest is forgotten first."""
    rates = TokenRates()
    for number in range(3_000):
        rates.admit(number, float(number))
    assert len(rates._allowances) == 2_000
    assert 2_999 in rates._allowances


def test_a_scope_of_an_operation_that_is_none_stops_the_server() -> None:
    """A slip in the policy is found at the door, with its name."""
    from importlib import resources

    text = resources.files("api").joinpath("policy.yaml").read_text("utf-8")
    with pytest.raises(Invalid, match="get_helth"):
        parse(text.replace("health:read: [get_health]", "health:read: [get_helth]"))
