"""Sessions: how they begin, how they end, and what a cookie is worth."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from api import tables
from api.sessions import Sessions
from core.people import Role
from tests.unit.api.world import NOW_MS, PASSWORD, World

ME = "/api/v1/session"


@pytest.fixture
def world(either_world: World) -> World:
    """Every test here runs on both databases."""
    return either_world


def test_login_gives_a_cookie_that_scripts_and_other_sites_cannot_use(world: World) -> None:
    """HttpOnly, SameSite=Strict, for the whole site; over https also Secure with the __Host- prefix."""
    with world.client() as client:
        answer = client.post(ME, json={"username": "Manager1", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("twingrid=tgs_")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie
    world.settings = replace(world.settings, https=True)
    with world.client() as client:
        answer = client.post(ME, json={"username": "manager1", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-twingrid=tgs_")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert "max-age=31536000" in answer.headers["strict-transport-security"]


def test_the_database_holds_no_token(world: World) -> None:
    """A copy of the table opens nothing: it holds hashes."""
    with world.client("manager1") as client:
        token = client.cookies["twingrid"]
        with world.engine.connect() as connection:
            rows = [str(value) for row in connection.execute(sa.select(tables.session)) for value in row]
        assert rows
        assert all(token not in value for value in rows)
        client.cookies.clear()
        client.cookies.set("twingrid", rows[0])
        assert client.get(ME).status_code == 401


@pytest.mark.parametrize(
    ("username", "password"),
    [("manager1", "wrong"), ("nobody", PASSWORD), ("manager9", PASSWORD), ("manager1", PASSWORD + "\0"), ("", "x")],
)
def test_wrong_logins_are_told_nothing(username: str, password: str, world: World) -> None:
    """Wrong password, unknown name and a login that was switched off get the same answer, and no cookie."""
    with world.client() as client:
        answer = client.post(ME, json={"username": username, "password": password})
    assert answer.status_code in (401, 422)
    if username:
        assert answer.json()["code"] == "TG-4011"
    assert "set-cookie" not in answer.headers
    assert password not in answer.text or password in ("x",)


def test_an_unknown_name_costs_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One argon2 verification is done whether the name exists or not."""
    verified: list[str] = []
    from argon2 import PasswordHasher

    original = PasswordHasher.verify

    def counting(self: PasswordHasher, password_hash: str, password: str) -> bool:
        verified.append(password_hash)
        return bool(original(self, password_hash, password))

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    with world.client() as client:
        for username in ("manager1", "nobody", "manager9"):
            client.post(ME, json={"username": username, "password": "wrong"})
    assert len(verified) == 3
    assert len({text.split("$")[3] for text in verified}) == 1


def test_logging_out_ends_the_session_on_the_server(world: World) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    with world.client("manager1") as client:
        token = client.cookies["twingrid"]
        assert client.delete(ME).status_code == 204
        client.cookies.set("twingrid", token)
        assert client.get(ME).status_code == 401


def test_a_session_ends_by_idling_and_by_age(world: World) -> None:
    """Unused for the idle time, or older than the absolute time, it ends; use keeps it alive in between."""
    day_ms = 86_400_000
    with world.client("manager1") as client:
        for _ in range(6):
            world.clock.advance(day_ms - 1000)
            assert client.get(ME).status_code == 200
        world.clock.advance(day_ms - 1000)
        assert client.get(ME).status_code == 200
        world.clock.advance(10_000)
        assert client.get(ME).status_code == 401
    with world.client("manager1") as client:
        world.clock.advance(day_ms)
        assert client.get(ME).status_code == 401


def test_a_session_ends_when_its_login_is_switched_off_or_changed(world: World) -> None:
    """Deactivation and any later change of the login end what was opened before."""
    with world.client("manager1") as client:
        login = world.registry.login_by_name["manager1"]
        world.registry.login_by_name["manager1"] = replace(login, active=False)
        assert client.get(ME).status_code == 401
        world.registry.login_by_name["manager1"] = replace(login, changed_ms=NOW_MS + 1)
        assert client.get(ME).status_code == 401
        world.registry.login_by_name["manager1"] = login
        assert client.get(ME).status_code == 200
        del world.registry.login_by_name["manager1"]
        assert client.get(ME).status_code == 401


def test_every_login_gets_a_new_token(world: World) -> None:
    """A token set before the login (session fixation) is not taken over."""
    with world.client() as client:
        client.cookies.set("twingrid", "tgs_planted")
        World.log_in(client, "manager1")
        first = next(one.value for one in client.cookies.jar if one.value != "tgs_planted")
        client.cookies.clear()
        World.log_in(client, "manager1")
        assert client.cookies["twingrid"] not in ("tgs_planted", first)


def test_too_many_sessions_end_the_one_unused_longest(world: World) -> None:
    """The eleventh session of a login ends the one that was used longest ago, and nobody else's."""
    sessions = Sessions(world.engine, world.settings)
    other = sessions.open("other", "a", NOW_MS)
    opened = [sessions.open("manager1", "a", NOW_MS + n) for n in range(12)]
    alive = [sessions.find(one.token, NOW_MS + 20) is not None for one in opened]
    assert alive == [False, False] + [True] * 10
    assert sessions.find(other.token, NOW_MS) is not None


def test_old_rows_are_forgotten(world: World) -> None:
    """Rows older than 30 days go, and with them the address the login was known at."""
    sessions = Sessions(world.engine, world.settings)
    sessions.open("manager1", "10.0.0.1", NOW_MS)
    assert sessions.knows("manager1", "10.0.0.1", NOW_MS + 1)
    later_ms = NOW_MS + 31 * 86_400_000
    assert not sessions.knows("manager1", "10.0.0.1", later_ms)
    sessions.open("other", "b", later_ms)
    with world.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.session)).scalar_one() == 1


def test_me_says_who_i_am_and_changes_only_the_language(world: World) -> None:
    """Name, role, communities and permissions; the language can be changed, and answers follow it."""
    with world.client("maintainer1") as client:
        me = client.get(ME).json()
        assert me["name"]["en"] == "Worker 1"
        assert me["role"] == "maintainer"
        assert [one["id"] for one in me["communities"]] == [1]
        assert me["permissions"] == ["alarm.acknowledge", "report.file", "see", "task.work"]
        assert client.get("/api/v1/cases/2").json()["title"] == "没有找到"
        assert client.patch(ME, json={"language": "en"}).json()["language"] == "en"
        assert client.get("/api/v1/cases/2").json()["title"] == "Not found"
        assert client.patch(ME, json={"language": "fr"}).status_code == 422


def test_a_one_time_password_opens_nothing_but_its_change(world: World) -> None:
    """Everything is refused until the password is changed; then all is open."""
    with world.client("manager8") as client:
        assert client.get(ME).json()["must_change_password"] is True
        assert client.get("/api/v1/communities").json()["code"] == "TG-4032"
        change = {"current_password": PASSWORD, "new_password": "a quite different one"}
        assert client.post(f"{ME}/password", json=change).json()["must_change_password"] is False
        assert client.get("/api/v1/communities").status_code == 200


def test_changing_the_password_ends_all_other_sessions(world: World) -> None:
    """Only the browser that changed it stays logged in, under a new cookie."""
    with world.client("manager1") as other, world.client("manager1") as client:
        before = client.cookies["twingrid"]
        change = {"current_password": PASSWORD, "new_password": "a quite different one"}
        world.clock.advance(1000)
        assert client.post(f"{ME}/password", json=change).status_code == 200
        assert client.cookies["twingrid"] != before
        assert client.get(ME).status_code == 200
        assert other.get(ME).status_code == 401
        client.cookies.clear()
        assert client.post(ME, json={"username": "manager1", "password": PASSWORD}).status_code == 401
        World.log_in(client, "manager1", "a quite different one")


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [
        ("wrong", "a quite different one", "TG-4011"),
        (PASSWORD, PASSWORD, "TG-4222"),
        (PASSWORD, "password123", "TG-4222"),
        (PASSWORD, "manager1!!", "TG-4222"),
        (PASSWORD, "short", "TG-4220"),
    ],
)
def test_a_new_password_must_be_proven_and_not_guessable(current: str, new: str, code: str, world: World) -> None:
    """The old one is asked for; common, short and unchanged ones are refused; nothing changes then."""
    with world.client("manager1") as client:
        answer = client.post(f"{ME}/password", json={"current_password": current, "new_password": new})
        assert answer.json()["code"] == code
        assert new not in answer.text
        assert client.get(ME).status_code == 200
    assert world.registry.login_by_name["manager1"].changed_ms == 1


@pytest.fixture
def empty_world(world: World) -> World:
    """A world without administrators."""
    names = [name for name, one in world.registry.login_by_name.items() if one.role is Role.ADMINISTRATOR]
    for name in names:
        del world.registry.login_by_name[name]
    return world


def test_first_administrator_needs_the_code_from_the_file(empty_world: World) -> None:
    """The file is for its owner alone; the code works once, in any spelling, and the file goes."""
    world, file = empty_world, empty_world.settings.setup_code_file
    with world.client() as client:
        assert client.get("/api/v1/setup").json() == {"needed": True}
        assert file.stat().st_mode & 0o777 == 0o600
        code = file.read_text().strip()
        body = {"setup_code": "WRONG", "username": "chief", "password": "a quite different one", "language": "en"}
        assert client.post("/api/v1/setup", json=body).json()["code"] == "TG-4012"
        weak = {**body, "setup_code": code, "password": "password123"}
        assert client.post("/api/v1/setup", json=weak).json()["code"] == "TG-4222"
        answer = client.post("/api/v1/setup", json={**body, "setup_code": code.lower().replace("-", " ")})
        assert answer.status_code == 201
        assert answer.json()["role"] == "administrator"
        assert client.get(ME).json()["everywhere"] is True
        assert client.get("/api/v1/setup").json() == {"needed": False}
        assert client.post("/api/v1/setup", json={**body, "setup_code": code}).json()["code"] == "TG-4095"
    assert not file.exists()


def test_setup_code_survives_a_restart_and_is_replaced_when_the_file_is_lost(empty_world: World) -> None:
    """The same code holds until it is used; a lost file gets a new one, and the old one is void."""
    file = empty_world.settings.setup_code_file
    with empty_world.client():
        first = file.read_text()
    with empty_world.client():
        assert file.read_text() == first
    file.unlink()
    with empty_world.client() as client:
        assert file.read_text() != first
        body = {"setup_code": first.strip(), "username": "chief", "password": "a quite different one"}
        assert client.post("/api/v1/setup", json=body).json()["code"] == "TG-4012"


def test_no_setup_code_is_left_where_there_is_an_administrator(world: World) -> None:
    """Starting with an administrator removes a code that was left behind."""
    file = world.settings.setup_code_file
    file.write_text("old")
    with world.client() as client:
        assert client.get("/api/v1/setup").json() == {"needed": False}
    assert not file.exists()
