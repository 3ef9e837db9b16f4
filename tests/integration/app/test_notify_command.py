"""``twingrid notify`` against a room on loopback, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import run
from tests.integration.dispatch.stubs import Reply, http_stub


def _settings(folder: Path, base: str) -> str:
    (folder / "token").write_text("a-token-of-a-room")
    file = folder / "twingrid.yaml"
    file.write_text(
        f"""
notification:
  channels:
    room: {{kind: dingtalk, token: {{file: token}}, url: "{base}", private_addresses: true, timeout_s: 2}}
    mail: {{kind: email, host: 127.0.0.1, sender: a@b.example}}
"""
    )
    return str(file)


def test_a_channel_is_tested_and_its_result_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Taken: exit 0; refused: exit 1 with what to do; both stand in the list afterwards; no secret is printed."""
    bad = Reply(body={"errcode": 310000, "errmsg": "sign not match, a-token-of-a-room"})
    with http_stub(Reply(body={"errcode": 0}), bad) as stub:
        config = _settings(tmp_path, stub.base)
        assert run(["--lang", "zh", "notify", "test", "room", "--config", config]) == 0
        assert "渠道 room：已接收" in capsys.readouterr().out
        assert run(["--lang", "en", "notify", "test", "room", "--config", config]) == 1
        shown = capsys.readouterr()
        assert "room: wrongly set up" in shown.out
        assert "look at key, signature" in shown.err
        assert "a-token-of-a-room" not in shown.out + shown.err
    assert "测试通知" in json.dumps(stub.bodies()[0], ensure_ascii=False)
    assert run(["notify", "list", "--json", "--config", config]) == 0
    listed = json.loads(capsys.readouterr().out)["channels"]
    assert [(one["name"], one["last_outcome"]) for one in listed] == [("room", "misconfigured"), ("mail", None)]
    assert run(["--lang", "zh", "notify", "list", "--config", config]) == 0
    assert "设置有误" in capsys.readouterr().out


def test_what_cannot_be_tested_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No such channel, no address, an unreadable secret."""
    config = _settings(tmp_path, "http://127.0.0.1:1")
    assert run(["--lang", "en", "notify", "test", "pigeon", "--config", config]) == 1
    assert "there is no channel 'pigeon'" in capsys.readouterr().err
    assert run(["--lang", "zh", "notify", "test", "mail", "--config", config]) == 1
    assert "需要收件地址" in capsys.readouterr().err
    (tmp_path / "token").unlink()
    assert run(["--lang", "zh", "notify", "list", "--config", config]) == 78
    assert "渠道 room 的 token 无法读取" in capsys.readouterr().err
    assert run(["--lang", "zh", "check", "--config", config]) == 1
    assert "渠道 room 的 token 无法读取" in capsys.readouterr().err
