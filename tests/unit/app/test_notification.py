"""Settings made into channels: secrets from their places, limits of the platforms, everything wrong at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.notification import LOG, channel_secrets, channels, linker, routes
from app.settings import Settings
from app.settings_file import load
from core.errors import Invalid

TEXT = """
notification:
  base_url: https://city.example/
  channels:
    room: {kind: dingtalk, token: {file: ding.token}, secret: {env: DING_SECRET}}
    sms:
      kind: aliyun_sms
      key_id: LTAI-id
      key_secret: {env: SMS_SECRET}
      sign_name: 双网格
      templates: {zh: SMS_1}
    mail: {kind: email, host: smtp.city.example, sender: tg@city.example, per_minute: 7}
    other: {kind: apprise, address: {env: OTHER}}
  routes: {sms: [sms, room]}
"""


def test_channels_are_made_with_their_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From file and environment; a platform's own limit holds unless another is set; ways without a route use all."""
    (tmp_path / "ding.token").write_text("ding-token\n")
    monkeypatch.setenv("DING_SECRET", "ding-secret")
    monkeypatch.setenv("SMS_SECRET", "sms-secret")
    monkeypatch.setenv("OTHER", "tgram://123:abc/456")
    settings = _settings(tmp_path, TEXT)
    made = channels(settings)
    assert [(one.name, one.kind, one.personal, one.per_minute) for one in made] == [
        ("room", "dingtalk", False, 20),
        ("sms", "aliyun_sms", True, 1),
        ("mail", "email", True, 7),
        ("other", "apprise", False, 20),
    ]
    assert routes(settings) == {
        "app": ("room", "sms", "mail", "other"),
        "sms": ("sms", "room"),
        "phone": ("room", "sms", "mail", "other"),
    }
    assert {"ding-token", "ding-secret", "sms-secret", "tgram://123:abc/456"} <= set(channel_secrets(settings))
    assert not [one for one in made if "ding-token" in repr(one) or "sms-secret" in repr(one)]
    link = linker(settings)
    assert (link("41"), link("flag-3")) == ("https://city.example/tasks/41", "https://city.example/alarms")
    assert link("intake/7") == "https://city.example/intakes"


def test_everything_wrong_with_channels_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, an unset and an empty variable, a service that is not allowed; no secret is repeated."""
    monkeypatch.delenv("DING_SECRET", raising=False)
    monkeypatch.setenv("SMS_SECRET", " ")
    monkeypatch.setenv("OTHER", "exec://rm-hidden")
    with pytest.raises(Invalid) as caught:
        channels(_settings(tmp_path, TEXT))
    told = [f"{one.place} {one.what}" for one in caught.value.findings]
    assert [line.partition(" ")[0] for line in told] == [
        str(tmp_path / "ding.token"),
        "$DING_SECRET",
        "$SMS_SECRET",
        "",
    ]
    assert "exec:// is not on the list" in told[3]
    assert "hidden" not in "".join(told)


def test_without_channels_the_log_takes_everything(tmp_path: Path) -> None:
    """Nothing is lost before somebody has configured a channel; links need an address of the pages."""
    settings = _settings(tmp_path, "")
    assert [one.name for one in channels(settings)] == [LOG]
    assert set(routes(settings).values()) == {(LOG,)}
    assert linker(settings)("41") == ""


def _settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "twingrid.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, environment={}, here=tmp_path).settings
