"""Another rule folder for a core that runs: state of unchanged rules goes on, a bad folder changes nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.rules_in_force import in_force_file, keep
from app.settings_file import load
from app.wiring_api import application
from core.sparkplug.topics import NodeId
from tests.architecture.sources import ROOT
from tests.integration.brokers import nats, running
from tests.integration.ingest.test_host import Line, line
from tests.unit.ingest.edge import Edge
from tests.unit.registry.city import write_city

pytestmark = pytest.mark.timeout(240)

WAIT_S = 90.0
HELD_S = 40
RULE = """\
- id: {name}
  class: sewage_pump
  when: {when}
  {rest}
  severity: high
  lead: construction
  say: {{zh: 液位, en: Level}}
  do: {{zh: [看], en: [look]}}
  source: test
  evidence: proposal
  deadline: {{hours: 2, clock: continuous}}
"""
HELD = RULE.format(name="held", when="level > 2 m", rest=f"for: {HELD_S} s")
GONE = RULE.format(name="gone", when="level > 3 m", rest="clear_for: 1 s")
FRESH = RULE.format(name="fresh", when="level > 1 m", rest="clear_for: 1 s")
BAD = RULE.format(name="held", when="levl > 2 m", rest=f"for: {HELD_S} s")


class Installation:
    """A core process with its settings, registry and rule folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        (folder / "registry").mkdir()
        write_city(folder / "registry")
        (folder / "rules").mkdir()
        self.settings = folder / "twingrid.yaml"
        self.settings.write_text(
            f"data_dir: {folder / 'data'}\nbroker: {{kind: external, host: 127.0.0.1, port: {port}}}\n"
            f"registry: {{folder: {folder / 'registry'}}}\nrules: {{book: {folder / 'rules'}}}\n"
        )

    def rules(self, *texts: str) -> None:
        """Replace the rule file."""
        (self.folder / "rules" / "rules.yaml").write_text("".join(texts), encoding="utf-8")

    def twingrid(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        command = [sys.executable, "-m", "app", *words, "--config", str(self.settings)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TWINGRID_LANG": "en"}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)

    @contextlib.contextmanager
    def core(self) -> Iterator[subprocess.Popen[str]]:
        """A core process that is ready, ended with the context."""
        command = [sys.executable, "-m", "app", "core", "--config", str(self.settings)]
        with (self.folder / "core.log").open("a") as log:
            process = subprocess.Popen(
                command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready core\n", (self.folder / "core.log").read_text()
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)

    def explained(self, rule: str, *options: str) -> Mapping[str, Any]:
        """The rule on the pump, as the command sees it."""
        run = self.twingrid("rule", "explain", rule, "--facility", "aa-sp-01", "--json", *options)
        assert run.returncode == 0, run.stderr
        found: Mapping[str, Any] = json.loads(run.stdout)["moment"]
        return found

    def status(self) -> Mapping[str, Any]:
        """What the core says of itself."""
        found: Mapping[str, Any] = json.loads((self.folder / "data" / "run" / "core.json").read_text())
        return found

    def alarms(self) -> dict[str, tuple[int, int, int | None]]:
        """By rule: since, start, stop of its alarm."""
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "twingrid.sqlite")) as connection:
            rows = connection.execute("SELECT rule_id, since_ms, start_ms, stop_ms FROM dispatch_alarm").fetchall()
        return {row[0]: row[1:] for row in rows if not row[0].startswith("sight")}


@pytest.fixture
def installation(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[tuple[Installation, Line]]:
    """A broker, an installation on it, and a line to play a gateway."""
    port, other = free_ports(2)
    with running(nats(port, other, tmp_path), port, tmp_path / "broker.log"), line(port) as wire:
        yield Installation(tmp_path, port), wire


def until(condition: Callable[[], object]) -> None:
    """Wait for what is promised, as long as a slow machine needs."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_reload_keeps_what_did_not_change(installation: tuple[Installation, Line]) -> None:
    """An alarm half-way through its ``for`` begins when it would have, a removed rule's alarm ends, a bad folder
    changes nothing, a signal reloads too, and a start with a bad folder goes on with the rules in force."""
    city, wire = installation
    city.rules(HELD, GONE)
    edge = Edge(node=NodeId("city", "gw-aa"), metrics=("aa-sp-01/level",), units={"aa-sp-01/level": "m"})
    with city.core() as process:
        until(wire.host_is_online)
        wet_ms = time.time_ns() // 1_000_000
        wire.send(*edge.births(), edge.chunk(0, [(0, wet_ms, 3.5)]))
        until(lambda: "gone" in city.alarms())
        before = city.status()["rules_version"]

        city.rules(BAD)
        refused = city.twingrid("rule", "reload")
        assert refused.returncode == 1, refused.stderr
        assert "rules.yaml:3:9 TG-0311 class 'sewage_pump' has no measurement 'levl'" in refused.stderr
        assert "did you mean 'level'?" in refused.stderr
        assert f"the 2 rules before (version {before}) stay in force" in refused.stderr
        until(lambda: "levl" in city.status()["rules_refused"].get("zh", ""))
        assert city.status()["rules_version"] == before
        assert city.status()["counts"]["rule_reloads_refused"] == 1

        city.rules(HELD, FRESH)
        done = city.twingrid("rule", "reload", "--json")
        reloaded_ms = time.time_ns() // 1_000_000
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["accepted"]
        assert {name: list(ids) for name, ids in answer["changes"].items()} == {
            "kept": ["held"], "changed": [], "added": ["fresh"], "removed": ["gone"],
        }  # fmt: skip
        now = city.explained("held")
        assert "held" not in city.alarms(), "the machine was too slow to reload half-way"
        assert reloaded_ms > wet_ms
        assert (now["state"], now["since_ms"], now["due_ms"]) == ("pending", wet_ms, wet_ms + HELD_S * 1000)
        assert [one["value"] for one in now["operands"]] == [3.5]
        until(lambda: city.alarms()["gone"][2] is not None)
        until(lambda: "held" in city.alarms())
        assert city.alarms()["held"] == (wet_ms, wet_ms + HELD_S * 1000, None)
        until(lambda: city.status()["rules_refused"] == {})
        until(lambda: "fresh" in city.alarms())

        city.rules(HELD)
        process.send_signal(signal.SIGHUP)
        until(lambda: city.status()["counts"]["rule_reloads"] == 2)
    then = city.explained("held", "--at", datetime.fromtimestamp(wet_ms / 1000 + HELD_S + 1, UTC).isoformat())
    assert (then["state"], then["start_ms"], then["due_ms"]) == ("on", wet_ms + HELD_S * 1000, None)
    city.rules(BAD)
    with city.core():
        until(lambda: "levl" in city.status()["rules_refused"].get("en", ""))
        assert city.alarms()["held"] == (wet_ms, wet_ms + HELD_S * 1000, None)
        city.rules(HELD)
        assert city.twingrid("rule", "reload").returncode == 0
        until(lambda: city.status()["rules_refused"] == {})


def test_without_a_core_nobody_answers(tmp_path: Path) -> None:
    """The command says that no core runs, and exits with 69."""
    settings = tmp_path / "twingrid.yaml"
    settings.write_text(f"data_dir: {tmp_path / 'data'}\n")
    command = [sys.executable, "-m", "app", "rule", "reload", "--lang", "zh", "--config", str(settings)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 69
    assert "没有运行中的核心进程" in run.stderr


def test_the_api_goes_by_the_rules_in_force(tmp_path: Path) -> None:
    """What the core has taken is what the pages show, at a start and after a reload; the folder alone does nothing."""
    city = Installation(tmp_path, 1)
    city.rules(HELD)
    settings = load(city.settings).settings
    with application(settings) as (app, refresh):
        rules = app.state.services.ports.rules
        assert rules.rule("held") is not None
        city.rules(FRESH)
        refresh()
        assert rules.rule("fresh") is None
        keep(in_force_file(settings), {"rules.yaml": FRESH})
        refresh()
        assert rules.rule("fresh") is not None
        assert rules.rule("held") is None
        assert [limit.rule_id for limit in rules.limits("sewage_pump")] == ["fresh"]
    city.rules(BAD)
    with application(settings) as (app, _):
        assert app.state.services.ports.rules.rule("fresh") is not None
