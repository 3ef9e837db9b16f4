"""``twingrid login`` as a person uses it: people of the registry get in, and somebody of a department as such."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.passwords import Passwords
from api.settings import PasswordCost
from app.cli import run
from app.settings_file import load
from app.wiring import database
from core.people import Role
from registry.classbook import load_classes
from registry.queries import Registry
from tests.unit.registry import city

CLERK = """
- {code: clerk, name: {zh: 科员, en: Clerk}, role: department, department: hb, communities: [aa]}
"""


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Settings, and the small city with a department and somebody of it."""
    file = tmp_path / "twingrid.yaml"
    file.write_text("data_dir: data\n", "utf-8")
    folder = tmp_path / "reg"
    city.write_city(folder)
    (folder / "departments.yaml").write_text("- {code: hb, name: {zh: 生态环境局, en: Environment}}\n", "utf-8")
    people = folder / "people.yaml"
    people.write_text(people.read_text("utf-8").rstrip() + CLERK, "utf-8")
    assert run(["registry", "import", str(folder), "--yes", "--config", str(file)]) == 0
    capsys.readouterr()
    return str(file)


@contextmanager
def closed_at_the_end(config: str) -> Iterator[sa.Engine]:
    """The database of the settings."""
    engine = database(load(Path(config)).settings)
    yield engine
    engine.dispose()


def listed(config: str, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    """All logins by name."""
    assert run(["login", "list", "--json", "--config", config]) == 0
    return {one["username"]: one for one in json.loads(capsys.readouterr().out)["logins"]}


def test_somebody_of_a_department_gets_a_login_of_that_department(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Role, department and communities are those of the record; the password is shown once, and serves once."""
    assert run(["--lang", "zh", "login", "give", "clerk", "--config", config]) == 0
    said = capsys.readouterr()
    assert "部门人员" in said.err + said.out
    assert listed(config, capsys)["clerk"] == {
        "username": "clerk",
        "role": "department",
        "department": "hb",
        "person": "clerk",
        "communities": ["aa"],
        "active": True,
    }
    assert run(["login", "give", "clerk", "--json", "--config", config]) == 0
    given = json.loads(capsys.readouterr().out)
    with closed_at_the_end(config) as engine:
        login = Registry(engine, load_classes()).login("clerk")
    assert login is not None
    assert (login.role, login.one_time) == (Role.DEPARTMENT, True)
    assert Passwords(PasswordCost()).verify(login.password_hash, given["password"])
    assert given["password"] not in login.password_hash


def test_a_login_is_ended_and_given_again(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has no department has none in the login; a name of somebody else's is not taken over."""
    assert run(["login", "give", "aa-g1", "--username", "grid.one", "--config", config]) == 0
    assert run(["login", "end", "grid.one", "--config", config]) == 0
    capsys.readouterr()
    assert run(["--lang", "en", "login", "list", "--config", config]) == 0
    assert "ended" in capsys.readouterr().out
    assert listed(config, capsys)["grid.one"]["active"] is False
    assert run(["login", "give", "clerk", "--username", "grid.one", "--config", config]) == 1
    assert run(["login", "give", "aa-g1", "--username", "grid.one", "--config", config]) == 0
    capsys.readouterr()
    found = listed(config, capsys)["grid.one"]
    assert (found["active"], found["department"], found["role"]) == (True, "", "grid_worker")


def test_what_cannot_be_given_is_told(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody of that code, no such login, a name with a blank; in the reader's language."""
    assert run(["--lang", "zh", "login", "give", "nobody", "--config", config]) == 2
    assert "没有在岗人员 nobody" in capsys.readouterr().err
    assert run(["--lang", "zh", "login", "end", "nobody", "--config", config]) == 2
    assert "没有账号 nobody" in capsys.readouterr().err
    assert run(["--lang", "zh", "login", "give", "clerk", "--username", "a b", "--config", config]) != 0
    assert "不含空格" in capsys.readouterr().err
    assert listed(config, capsys) == {}
