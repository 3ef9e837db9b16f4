"""The command line as a person uses it: what it prints and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.unit.registry import city


def twingrid(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **environment}
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_help_lists_every_command_in_both_languages(tmp_path: Path) -> None:
    """All commands are there, in the language that was asked for."""
    english, chinese = (twingrid("--help", "--lang", language, cwd=tmp_path) for language in ("en", "zh"))
    for command in ("demo", "up", "core", "api", "gateway", "check", "doctor", "config", "version"):
        assert f"\n  {command} " in english.stdout
        assert f"\n  {command} " in chinese.stdout
    assert "Look at this machine" in english.stdout
    assert "检查本机" in chinese.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("version",), 0),
        (("nonsense",), 2),
        ((), 2),
        (("gateway",), 2),
        (("check", "--config", "nowhere.yaml"), 1),
        (("core", "--config", "nowhere.yaml"), 78),
        (("gateway", "--config", "nowhere.yaml"), 78),
        (("demo", "--port", "0"), 2),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    """0 fine, 1 a finding, 2 wrong use, 78 wrong configuration; never a traceback."""
    run = twingrid(*arguments, cwd=tmp_path)
    assert run.returncode == code, run.stdout + run.stderr
    assert "Traceback" not in run.stderr


def test_version_for_programs(tmp_path: Path) -> None:
    """JSON where the output is data."""
    assert set(json.loads(twingrid("version", "--json", cwd=tmp_path).stdout)) == {"twingrid", "python", "machine"}


BAD_GATEWAY = """\
group: g
node: gw 1
broker: {host: 127.0.0.1, prot: 1}
spool: {}
buses:
  - {id: b, host: h, units: [{unit: 1, profile: nothing, points: {}}]}
"""
BAD_RULES = "- id: x\n  class: nothing\n  when: level >\n"


SEASONAL_RULE = """\
- id: cold
  class: indoor_air
  when: air_temp < 16 Cel and in season heating
  severity: low
  lead: governance
  say: {zh: 太冷, en: Too cold}
  do: {zh: [看供热], en: [Look at the heating]}
  source: {zh: 测试, en: test}
  evidence: proposal
"""


@pytest.mark.parametrize("season", ["heating", "flood"])
def test_check_says_which_season_is_missing(tmp_path: Path, season: str) -> None:
    """A rule that asks for a season the calendar does not know stays silent: nothing is wrong, but it is said."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(SEASONAL_RULE)
    city.write_city(tmp_path / "registry")
    entry = f"- {{entry: season, name: {season}, first: 11-15, last: 03-15}}\n"
    (tmp_path / "registry" / "calendar.yaml").write_text(entry)
    (tmp_path / "twingrid.yaml").write_text("registry: {folder: registry}\nrules: {book: rules}\n")
    told = {}
    for language, word in (("en", "has no season heating"), ("zh", "没有季节 heating")):
        run = twingrid("check", "--json", "--lang", language, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        told[language] = any(word in notice for notice in json.loads(run.stdout)["notices"])
    assert told == dict.fromkeys(told, season == "flood")


def test_check_reports_everything_at_once(tmp_path: Path) -> None:
    """Gateways, registry and rules are all looked at, and every finding has file, line and fix."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(BAD_RULES)
    (tmp_path / "registry").mkdir()
    (tmp_path / "gw.yaml").write_text(BAD_GATEWAY)
    (tmp_path / "twingrid.yaml").write_text("gateways: [gw.yaml]\nregistry: {folder: registry}\nrules: {book: rules}\n")
    run = twingrid("check", "--json", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    result = json.loads(run.stdout)
    found = {Path(finding["file"]).name or finding["what"][:20] for finding in result["findings"]}
    assert {"gw.yaml", "a.yaml"} <= found
    assert any("communities" in finding["what"] for finding in result["findings"])
    assert all(finding["fix"] for finding in result["findings"])
    assert len([f for f in result["findings"] if f["file"].endswith("gw.yaml")]) >= 4


def test_check_finds_what_the_start_would_find(tmp_path: Path) -> None:
    """`check` and `core` complain about the same line of the settings."""
    (tmp_path / "twingrid.yaml").write_text("api:\n  port: many\n")
    check, core = twingrid("check", cwd=tmp_path), twingrid("core", cwd=tmp_path)
    assert (check.returncode, core.returncode) == (1, 78)
    assert "twingrid.yaml:2:3" in check.stderr
    assert "twingrid.yaml:2:3" in core.stderr


def test_config_show_says_where_values_come_from(tmp_path: Path) -> None:
    """File, variable and default are told apart."""
    (tmp_path / "twingrid.yaml").write_text("api: {port: 1234}\n")
    run = twingrid("config", "show", "--origin", "--json", cwd=tmp_path, TWINGRID_BROKER__PORT="5")
    origins = {row["setting"]: (row["value"], row["origin"]) for row in json.loads(run.stdout)}
    assert origins["api.port"] == ("1234", f"{tmp_path}/twingrid.yaml:1")
    assert origins["broker.port"] == ("5", "$TWINGRID_BROKER__PORT")
    assert origins["broker.host"] == ("127.0.0.1", "default")


def test_doctor_sees_a_busy_port_and_an_open_secret(tmp_path: Path, free_port: int) -> None:
    """What would stop a start is named, with a remedy."""
    secrets = tmp_path / ".twingrid" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "broker.json").write_text("{}")
    (secrets / "broker.json").chmod(0o644)
    with socket.create_server(("127.0.0.1", free_port)):
        run = twingrid("doctor", "--json", cwd=tmp_path, TWINGRID_API__PORT=str(free_port))
    assert run.returncode == 1
    rows = json.loads(run.stdout)
    assert any("is in use" in row["say"] and row["fix"] for row in rows)
    assert any(row["what"] == "secrets" and row["verdict"] == "bad" for row in rows)


def test_up_names_a_busy_port_in_one_line(tmp_path: Path, free_port: int) -> None:
    """Nothing is started when a port is taken, and the line says how to choose another."""
    with socket.create_server(("127.0.0.1", free_port)):
        run = twingrid("up", cwd=tmp_path, TWINGRID_BROKER__PORT=str(free_port))
    assert run.returncode == 69, run.stderr
    assert f"port {free_port} (MQTT broker) is in use" in run.stderr
    assert "broker.port" in run.stderr
    assert not (tmp_path / ".twingrid" / "log").exists()


def test_the_first_start_says_where_the_setup_code_is_and_a_second_one_is_refused(
    tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    """Without an administrator the terminal names the file with the code; the folder lets one installation in."""
    pages, broker = free_ports(2)
    (tmp_path / "twingrid.yaml").write_text(f"api: {{port: {pages}}}\nbroker: {{port: {broker}}}\n")
    with (tmp_path / "out").open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "app", "up", "--lang", "en"],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "COLUMNS": "300"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while "setup-code" not in (said := (tmp_path / "out").read_text()):
            assert running.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        assert "everything is ready" in said
        second = twingrid("up", "--lang", "en", cwd=tmp_path)
        assert second.returncode == 78, second.stderr
        assert f"runs in this folder already (process {running.pid})" in second.stderr
        assert running.poll() is None
    finally:
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
