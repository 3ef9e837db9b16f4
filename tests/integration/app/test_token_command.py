"""``twingrid token`` as an operator uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.tokens import Tokens
from app.cli import run
from app.settings_file import load
from app.wiring import database
from core.clock import SystemClock
from registry.commands import RegistryCommandsSql
from tests.unit.registry import city


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Settings, the small city, and a login of one of its people whose password is their own."""
    file = tmp_path / "twingrid.yaml"
    file.write_text("data_dir: data\n", "utf-8")
    city.write_city(tmp_path / "reg")
    assert run(["registry", "import", str(tmp_path / "reg"), "--yes", "--config", str(file)]) == 0
    capsys.readouterr()
    return str(file)


def login(config: str, capsys: pytest.CaptureFixture[str], *, changed: bool = True) -> str:
    """The login of the first person of the city."""
    assert run(["login", "list", "--json", "--config", config]) == 0
    capsys.readouterr()
    code = next(line.split("code: ")[1].split(",")[0] for line in _people(config) if "role: maintainer" in line)
    assert run(["login", "give", code, "--json", "--config", config]) == 0
    name = json.loads(capsys.readouterr().out)["username"]
    if changed:
        engine = database(load(Path(config)).settings)
        RegistryCommandsSql(engine).set_password(name, "x", name, SystemClock().now_ms())
        engine.dispose()
    return str(name)


def _people(config: str) -> list[str]:
    return (Path(config).parent / "reg" / "people.yaml").read_text("utf-8").splitlines()


def told(arguments: list[str], config: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command says as JSON."""
    assert run(["token", *arguments, "--json", "--config", config]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_token_is_made_listed_used_and_ended(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The secret is said once; the list knows its beginning, by whom it was made, and that it has ended."""
    name = login(config, capsys)
    made = told(["create", name, "--name", "Grafana", "--scope", "series:read", "--days", "7"], config, capsys)
    engine = database(load(Path(config)).settings)
    found = Tokens(engine).find(made["token"], "127.0.0.1", SystemClock().now_ms())
    engine.dispose()
    assert found is not None
    (listed,) = told(["list", "--of", name], config, capsys)["tokens"]
    assert made["token"] not in str(listed)
    assert (listed["state"], listed["scopes"], listed["used_from"]) == ("serves", ["series:read"], "127.0.0.1")
    assert listed["created_by"].startswith("cli")
    assert told(["end", str(listed["number"])], config, capsys)["state"] == "ended"
    assert told(["list"], config, capsys)["tokens"] == []
    assert [one["state"] for one in told(["list", "--all"], config, capsys)["tokens"]] == ["ended"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_is_said_in_words(language: str, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown login, a scope that the login could not use, no purpose, a one-time password, an unknown number."""
    create, end = ["--lang", language, "token", "create"], ["--config", config]
    name = login(config, capsys, changed=False)
    scope = ["--name", "x", "--scope", "series:read"]
    assert run([*create, name, *scope, *end]) == 1
    assert run([*create, "nobody", *scope, *end]) == 2
    engine = database(load(Path(config)).settings)
    RegistryCommandsSql(engine).set_password(name, "x", name, SystemClock().now_ms())
    engine.dispose()
    assert run([*create, name, "--name", "x", "--scope", "health:read", "--scope", "a:b", *end]) == 2
    assert run([*create, name, "--name", " ", "--scope", "series:read", *end]) == 2
    assert run(["--lang", language, "token", "end", "7", *end]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("health:read") == 1
    assert len(said.err.strip().splitlines()) >= 6


def test_the_scopes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """With the operations that each holds."""
    assert run(["token", "scopes", "--json"]) == 0
    held = json.loads(capsys.readouterr().out)["scopes"]
    assert held["metrics:read"] == ["get_metrics"]
    assert run(["token", "scopes"]) == 0
    assert "series:read" in capsys.readouterr().out
