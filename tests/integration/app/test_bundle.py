"""The bundle of an installation full of planted secrets holds none of them (S-10)."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

import app
import registry.tables as tables
from app.bundle import write_bundle
from app.database import migrate, open_database
from app.settings_file import load

CANARY = "kR7canary"
PHONE = "13800138000"


def planted(name: str) -> str:
    return f"{CANARY}-{name}-9Qx"


def newest_schema() -> str:
    """The number of the newest migration, as its file's name says it."""
    return max(path.name for path in (Path(app.__file__).parent / "migrations" / "versions").glob("0*.py"))[:4]


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """Settings, secrets, a gateway, a database with people, and logs that have seen all of it."""
    data = tmp_path / "data"
    for folder in ("secrets", "log", "run"):
        (data / folder).mkdir(parents=True)
    (data / "secrets" / "broker.json").write_text(json.dumps({"gw": planted("broker"), "host": planted("host")}))
    (data / "secrets" / "setup-code").write_text(planted("setup") + "\n")
    (tmp_path / "metrics").write_text(planted("metrics"))
    (tmp_path / "broker.secret").write_text(planted("external"))
    (tmp_path / "gw.secret").write_text(planted("file"))
    gateway = tmp_path / "gw.yaml"
    gateway.write_text(
        f"group: g\nnode: gw\nbroker: {{host: h, user: {planted('user')}, password_file: gw.secret}}\n"
        f"spool: {{path: s.sqlite, budget_mb: 64}}\nstatus_file: status.json\n# {planted('comment')}\n"
        f"adapters: [{{id: m, broker: {{host: h, user: u, password: {planted('inline')}}}, sources: []}}]\n"
    )
    status = {
        "link": "online",
        "spool_bytes": 7,
        "note": planted("status"),
        "buses": [{"id": "b", "x": planted("bus")}],
    }
    (tmp_path / "status.json").write_text(json.dumps(status))
    settings = tmp_path / "twingrid.yaml"
    settings.write_text(
        f"data_dir: {data}\ngateways: [{gateway}]\n"
        f"broker: {{kind: external, username: {planted('mqtt')}, password_file: {tmp_path / 'broker.secret'}}}\n"
        f"store: {{engine: victoriametrics, url: 'http://vm:{planted('vm')}@127.0.0.1:1'}}\n"
        f"api: {{metrics_token_file: {tmp_path / 'metrics'}}}\n"
    )
    _people(load(settings, environment={}).settings.database_url)
    head = "2026-01-02T03:04:05.678Z WARNING app.x something happened"
    lines = [
        f"{head} error={planted('broker')} bus=b-1",
        f'{head} why="mqtt://u:{planted("url")}@h/" username={planted("name")}',
        f'{head} error="password={planted("word")} cookie: __Host-twingrid={planted("cookie")}" phone={PHONE}',
        f'{head} error="{PHONE} 王小明 wangxm"',
        f"{head} error={planted('file')} why={planted('metrics')} path={planted('setup')}",
        "Traceback (most recent call last):",
        f'  File "/home/{planted("home")}/gateway/bus.py", line 3, in run',
        f"    connect({planted('source')!r})",
        f"ValueError: {planted('error')}",
        f"[1] broker says {planted('nats')}",
    ]
    (data / "log" / "core.log").write_text("\n".join(lines) + "\n")
    (data / "run" / "core.json").write_text(
        json.dumps(
            {
                "at_ms": 1,
                "broker": True,
                "waiting_bytes": 0,
                "waiting_readings": 0,
                "journal_waits": False,
                "counts": {},
            }
        )
    )
    return settings


def _people(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    with engine.begin() as connection:
        row = {
            "number": 1,
            "code": "w1",
            "role": "maintainer",
            "everywhere": False,
            "supervisor": False,
            "active": True,
        }
        connection.execute(sa.insert(tables.person).values(name_zh="王小明", name_en="Wang Xiaoming", **row))
        login = {"role": "maintainer", "language": "zh", "everywhere": False, "one_time": False, "active": True}
        connection.execute(
            sa.insert(tables.login).values(
                folded="wangxm", username="wangxm", password_hash=planted("hash"), changed_ms=1, **login
            )
        )
    engine.dispose()


def test_no_planted_secret_is_in_the_bundle(installation: Path, tmp_path: Path) -> None:
    """Neither in a part nor in a name nor in the raw bytes; what helps is there."""
    settings = load(installation, environment={}).settings
    done = write_bundle(tmp_path / "bundle.zip", settings, settings.gateways, [])
    assert done.missing == {}
    with zipfile.ZipFile(done.file) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    everything = "\n".join([*parts, *parts.values()])
    for hidden in (CANARY, PHONE, "王小明", "Wang Xiaoming", "wangxm"):
        assert hidden not in everything, hidden
    assert CANARY.encode() not in done.file.read_bytes()
    assert json.loads(parts["database.json"])["schema"] == newest_schema()
    assert json.loads(parts["database.json"])["rows"]["registry_person"] == 1
    assert json.loads(parts["gateways/gw.json"])["status"]["spool_bytes"] == 7
    assert json.loads(parts["gateways/gw.json"])["spool"] == {"budget_mb": 64}
    assert parts["gateways/gw.yaml"] == "adapters:\n- id: m\n  sources: []\n"
    assert "something happened" in parts["logs/core.log"]
    assert "bus=b-1" in parts["logs/core.log"]
    assert "bus.py:3 run" in parts["logs/core.log"]
    assert "store.raw_days" in parts["settings.json"]


def test_an_address_with_a_user_and_no_password_is_no_obstacle(installation: Path, tmp_path: Path) -> None:
    """``user@host:port`` looked like a user and a password, and the bundle was not written at all."""
    text = installation.read_text().replace(f"vm:{planted('vm')}@127.0.0.1:1", "reader@127.0.0.1:1")
    installation.write_text(text)
    settings = load(installation, environment={}).settings
    done = write_bundle(tmp_path / "bundle.zip", settings, settings.gateways, [])
    assert done.missing == {}
    assert "settings.json" in done.parts


def test_the_command_says_what_it_wrote(installation: Path, tmp_path: Path) -> None:
    """For programs as JSON; a machine that is only a gateway needs no settings; what is missing is a finding."""
    out = tmp_path / "b.zip"
    command = [sys.executable, "-m", "app", "bundle", "--json", "--out", str(out)]
    done = subprocess.run(
        [*command, "--gateway", str(installation.parent / "gw.yaml")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said["parts"]) == {"versions.json", "gateways/gw.yaml", "gateways/gw.json"}
    assert CANARY not in done.stdout
    done = subprocess.run(
        [*command, "--config", str(installation), "--log", str(tmp_path / "gone.log")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["missing"] == {"logs/gone.log": "FileNotFoundError"}
