"""Settings: where they come from, and everything wrong with them at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.settings import ENVIRONMENT_PREFIX, SecretSettings, Settings
from app.settings_file import Loaded, find_file, load
from core.errors import Finding, Invalid


def _load(tmp_path: Path, text: str = "", environment: dict[str, str] | None = None) -> Loaded:
    file = tmp_path / "twingrid.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, environment=environment or {}, here=tmp_path)


def _findings(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> list[Finding]:
    with pytest.raises(Invalid) as caught:
        _load(tmp_path, text, environment)
    return list(caught.value.findings)


def test_nothing_is_needed(tmp_path: Path) -> None:
    """Without file and variables every setting has a default, and data go below the current folder."""
    loaded = load(environment={}, here=tmp_path)
    assert loaded.file is None
    assert loaded.settings.data_dir == tmp_path / ".twingrid"
    assert loaded.settings.store_path == tmp_path / ".twingrid" / "store"
    assert loaded.settings.database_url == f"sqlite:///{tmp_path}/.twingrid/twingrid.sqlite"


def test_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """A variable wins over the file, the file over the default, and each value knows where it came from."""
    text = "broker:\n  port: 2000\n  max_connections: 7\napi: {port: 3000}\n"
    loaded = _load(tmp_path, text, {"TWINGRID_BROKER__PORT": "4000", "TWINGRID_API__HOSTS": '["a", "b"]', "PATH": "x"})
    settings = loaded.settings
    assert (settings.broker.port, settings.broker.max_connections, settings.api.port) == (4000, 7, 3000)
    assert settings.api.hosts == ("a", "b")
    origins = {name: str(origin) for name, _, origin in loaded.rows()}
    assert origins["broker.port"] == "$TWINGRID_BROKER__PORT"
    assert origins["api.port"] == f"{tmp_path}/twingrid.yaml:4"
    assert origins["broker.host"] == "default"


def test_the_command_line_beats_all(tmp_path: Path) -> None:
    """What is said on the command line wins over variable and file."""
    loaded = load(environment={"TWINGRID_API__PORT": "1"}, here=tmp_path, overrides={"api": {"port": 2}})
    assert loaded.settings.api.port == 2


def test_relative_paths_belong_to_the_file(tmp_path: Path) -> None:
    """A relative path in a file means a place beside that file, wherever the program was started."""
    loaded = _load(tmp_path, "data_dir: data\ngateways: [gw/a.yaml]\nregistry: {folder: /abs}\n")
    assert loaded.settings.data_dir == tmp_path / "data"
    assert loaded.settings.gateways == (tmp_path / "gw" / "a.yaml",)
    assert loaded.settings.registry.folder == Path("/abs")


BAD = """\
data_dir: here
broker:
  port: 99999
  prot: 1
  kind: rabbit
api:
  port: abc
  port: 12x
  hosts: localhost
time_zone: Mars/Base
language: fr
gateways: 7
log: loud
store:
  raw_days: 0
  engine: victoriametrics
"""


def test_all_errors_are_reported_at_once_with_their_places(tmp_path: Path) -> None:
    """One run names every mistake of file and environment, its line, and what to write instead."""
    environment = {"TWINGRID_RULES__GRACE_S": "-1", "TWINGRID_API__PROT": "3", "TWINGRID_SEED": "1"}
    found = _findings(tmp_path, BAD, environment)
    places = {(finding.file.rsplit("/", 1)[-1], finding.line) for finding in found}
    assert places == {
        *(("twingrid.yaml", line) for line in (3, 4, 5, 8, 9, 10, 11, 12, 13, 15)),
        ("$TWINGRID_RULES__GRACE_S", 0),
        ("$TWINGRID_API__PROT", 0),
    }
    text = "\n".join(map(str, found))
    assert "broker.prot is no setting; did you mean port?" in text
    assert "api.port stands here twice" in text
    assert "'Mars/Base' is no time zone; write one such as Asia/Shanghai" in text
    assert "one of 'nats', 'mosquitto' or 'external'" in text
    assert "did you mean TWINGRID_API__PORT?" in text
    assert all(finding.fix for finding in found)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("broker: {port: 1", 1, "this is no YAML"),
        ("- a\n- b\n", 1, "the file holds no mapping"),
        ("store:\n  engine: victoriametrics\n", 1, "victoriametrics needs store.url"),
        ("store:\n  raw_days: 10\n  minute_days: 5\n", 1, "minute_days is shorter"),
    ],
)
def test_other_mistakes(tmp_path: Path, text: str, line: int, what: str) -> None:
    """Broken YAML and settings that contradict each other have their line too."""
    found = _findings(tmp_path, text)
    assert what in found[0].what
    assert found[0].line in {line, 0}
    assert len(found) == 1


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    """Naming a file that is not there is never silently ignored."""
    with pytest.raises(Invalid, match="cannot be read"):
        load(tmp_path / "nowhere.yaml", environment={}, here=tmp_path)


def test_which_file_counts(tmp_path: Path) -> None:
    """The named file, then TWINGRID_CONFIG, then the current folder."""
    (tmp_path / "twingrid.yaml").write_text("{}")
    assert find_file(Path("a"), {"TWINGRID_CONFIG": "b"}, tmp_path) == Path("a")
    assert find_file(None, {"TWINGRID_CONFIG": "b"}, tmp_path) == Path("b")
    assert find_file(None, {}, tmp_path) == tmp_path / "twingrid.yaml"


def test_settings_do_not_change(tmp_path: Path) -> None:
    """Settings are a value: assigning to one fails."""
    settings = _load(tmp_path).settings
    with pytest.raises(Exception, match="frozen"):
        settings.broker.port = 1  # type: ignore[misc]


def test_every_setting_can_be_a_variable(tmp_path: Path) -> None:
    """Each setting of one level and of two is read from the variable that carries its name."""
    loaded = _load(tmp_path)
    for name, value, _ in loaded.rows():
        variable = ENVIRONMENT_PREFIX + name.upper().replace(".", "__")
        text = value.replace("'", '"') if value.startswith("[") else value
        again = load(environment={variable: text}, here=tmp_path) if value not in {"None", ""} else None
        if again is not None:
            assert str(again.origin(tuple(name.split(".")))) == f"${variable}"


CHANNELS = """
notification:
  base_url: https://city.example
  channels:
    room:
      kind: dingtalk
      token: {file: ding.token}
      secret: {env: DING_SECRET}
    mail: {kind: email, host: smtp.city.example, sender: tg@city.example}
  routes:
    sms: [mail, room]
"""


EVERY_KIND = """
data_dir: data
time_zone: Asia/Urumqi
notification:
  channels:
    ding: {kind: dingtalk, token: {file: ding.token}, secret: {env: DING_SECRET}}
    room: {kind: wecom, token: {env: WECOM}, private_addresses: true, url: http://127.0.0.1:9}
    letter: {kind: feishu, token: {file: /abs/feishu.token}}
    sms: {kind: aliyun_sms, key_id: k, key_secret: {env: K}, sign_name: 双网格, templates: {zh: SMS_1}}
    mail: {kind: email, host: smtp.city.example, sender: tg@city.example}
    other: {kind: apprise, address: {env: A}}
  routes:
    sms: [sms, mail]
"""


def test_another_process_gets_the_same_settings_with_channels_of_every_kind(tmp_path: Path) -> None:
    """No preview, backtest or import worked where a channel was set up: its defaults were refused on the other side."""
    settings = _load(tmp_path, EVERY_KIND, {"TWINGRID_API__PORT": "4000"}).settings
    again = Settings.model_validate(json.loads(json.dumps(settings.handed_over())))
    assert again == settings
    assert again.notification.channels["ding"].token == SecretSettings(file=tmp_path / "ding.token")
    assert again.data_dir == tmp_path / "data"


def test_channels_hold_places_of_secrets_and_no_secrets(tmp_path: Path) -> None:
    """A file is relative to the settings; what is shown of a channel is where its secret is."""
    loaded = _load(tmp_path, CHANNELS)
    room = loaded.settings.notification.channels["room"]
    assert room.token is not None
    assert room.token.file == tmp_path / "ding.token"
    shown = {name: value for name, value, _ in loaded.rows()}
    assert shown["notification.channels.room.secret.env"] == "DING_SECRET"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels: {r: {kind: dingtalk, token: hunter22}}", "a secret must not stand in the settings"),
        ("channels: {r: {kind: dingtalk, token: {}}}", "it needs either file or env"),
        ("channels: {r: {kind: dingtalk}}", "a dingtalk channel needs token"),
        ("channels: {r: {kind: wecom, token: {env: A}, secret: {env: B}}}", "a wecom channel knows no secret"),
        ("channels: {r: {kind: pigeon}}", "notification.channels.r.kind"),
        ("channels: {R!: {kind: wecom, token: {env: A}}}", "notification.channels.R!"),
        ("channels: {r: {kind: wecom, tokn: {env: A}}}", "did you mean token?"),
        ("routes: {app: [room]}", "app uses unknown channels room"),
        ("routes: {fax: []}", "notification.routes.fax"),
        ("base_url: javascript:alert(1)", "notification.base_url"),
    ],
)
def test_what_is_wrong_with_a_channel_is_said(tmp_path: Path, text: str, said: str) -> None:
    """With its place, and never with the secret that somebody wrote down."""
    findings = _findings(tmp_path, f"notification:\n  {text}\n")
    told = "\n".join(map(str, findings))
    assert said in told
    assert "hunter22" not in told + "".join(one.what_in("zh") + one.fix_in("zh") for one in findings)
    assert all(finding.line == 2 for finding in findings)
