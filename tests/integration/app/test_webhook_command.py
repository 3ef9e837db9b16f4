"""``twingrid webhook`` as an operator uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import run
from tests.integration.dispatch.stubs import Reply, http_stub
from tests.integration.dispatch.test_webhooks import opened
from tests.unit.registry import city


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Settings that allow loopback, and the small city."""
    file = tmp_path / "twingrid.yaml"
    file.write_text('data_dir: data\nwebhooks: {networks: ["127.0.0.0/8"], plain_http: true}\n', "utf-8")
    city.write_city(tmp_path / "reg")
    assert run(["registry", "import", str(tmp_path / "reg"), "--yes", "--config", str(file)]) == 0
    capsys.readouterr()
    return str(file)


def test_made_tested_rotated_and_ended(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The secret is said once and signs the test; the list and the states are in words."""

    def said(*arguments: str, code: int = 0) -> Any:
        assert run(["webhook", *arguments, "--config", config]) == code
        return capsys.readouterr()

    with http_stub(Reply(status=204, body=b""), Reply(status=500)) as stub:
        made = json.loads(said("add", f"{stub.base}/in", "--name", "Duty desk", "--event", "case.opened", "--json").out)
        said("test", str(made["number"]))
        assert opened(made["secret"], stub.requests[0])
        assert json.loads(stub.requests[0][2])["type"] == "webhook.test"
        assert "500" in said("test", str(made["number"]), code=1).err
    (listed,) = json.loads(said("list", "--json").out)["webhooks"]
    assert made["secret"] not in json.dumps(listed)
    assert "Duty desk" in said("list").out
    assert json.loads(said("rotate", "1", "--json").out)["secret"] != made["secret"]
    said("pause", "1")
    said("resume", "1", "--skip")
    assert json.loads(said("messages", "1", "--json").out) == {"messages": []}
    said("again", "1", "5", code=2)
    said("end", "1")
    assert json.loads(said("list", "--json").out) == {"webhooks": []}
    assert "Duty desk" in said("list", "--all").out
    said("test", "1", code=2)


def test_what_is_wrong_is_said_before_anything_is_kept(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown kind of event and an unknown community together; an address of a network that is not allowed."""
    arguments = ["webhook", "add", "https://10.0.0.1/", "--name", "x", "--config", config]
    assert run([*arguments, "--event", "case.all", "--community", "nowhere"]) == 2
    error = capsys.readouterr().err
    assert "case.all" in error
    assert "nowhere" in error
    assert run([*arguments, "--event", "case.opened"]) != 0
    assert "10.0.0.1" in capsys.readouterr().err
