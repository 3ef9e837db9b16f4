"""Test alarms with every process real: broker, gateway, core, database; what is killed makes no second case."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.datatypes import TEST_ALARM
from core.sparkplug.drill import DrillCall, encode_call
from gateway.site_session import SiteSession
from gateway.site_survey.record import Placement
from gateway.site_survey.state import BusAddress, PointState
from tests.architecture.sources import ROOT
from tests.integration.app.test_demo import Demo, come_up

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(420)]

WAIT_S = 90.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose gateways are heard."""
    with come_up(tmp_path_factory.mktemp("demo") / "city") as running:
        running.until(lambda: running.gateway("gw-wtl").get("link") == "online")
        running.until(lambda: running.readings() > 100)
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A session with points that the demo's gateway reads, and one that the server does not know."""
    folder = tmp_path / "site"
    session = SiteSession(folder, BusAddress(id="wtl-bus", host="127.0.0.1", port=1))
    session.add(2)
    session.choose_profile(2, "xy-md02")
    points = {"temperature": "air_temp", "humidity": "rh"}
    session.select(2, [PointState(register=name, measurement=one) for name, one in points.items()])
    session.place(2, Placement(facility="wtl-ia-02"))
    return folder


def ask(demo: Demo, site: Path, quantity: str = "temperature", *options: str) -> tuple[int, dict[str, Any]]:
    """``twingrid site test``; exit code and how the test stands."""
    command = [sys.executable, "-m", "app", "site", "test", "2", quantity, "--session", str(site), "--json"]
    command += ["--gateway", str(demo.folder / "gateways" / "gw-wtl.yaml"), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TWINGRID_LANG": "en"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["test"]
    return done.returncode, found


def rows(demo: Demo, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database holds."""
    with contextlib.closing(sqlite3.connect(demo.folder / "twingrid.sqlite")) as connection:
        return connection.execute(query, values).fetchall()


def cases(demo: Demo) -> list[tuple[Any, ...]]:
    """Code and state of every test case."""
    return rows(demo, "SELECT code, state FROM dispatch_case WHERE drill ORDER BY number")


def kill(demo: Demo, *words: str) -> None:
    """SIGKILL for the process whose command line has these words; its supervisor starts it again."""
    for process in demo.processes():
        with suppress(psutil.Error):
            line = process.cmdline()
            if all(any(word in part for part in line) for word in words):
                process.send_signal(signal.SIGKILL)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what is promised, as long as a slow machine needs."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_kills_and_repeats_make_no_second_case(demo: Demo, site: Path) -> None:
    """Asked, gateway killed, core killed, asked again and again, and replayed on the wire: one case, one answer."""
    before = len(cases(demo))
    code, first = ask(demo, site)
    assert (code, first["stage"], first["joined"]) == (0, "open", False)
    assert first["took_s"] < WAIT_S
    assert all(one["name"]["zh"] for one in first["recipients"])
    started = demo.gateway("gw-wtl").get("time_ms", 0)
    kill(demo, "gateway", "gw-wtl.yaml")
    kill(demo, "app", "core")
    until(lambda: demo.gateway("gw-wtl").get("time_ms", 0) > started + 1000 and _online(demo))
    until(lambda: ask(demo, site)[1]["stage"] == "open")
    again = ask(demo, site)[1]
    assert (again["id"], again["case"]) == (first["id"], first["case"])
    replay(demo, first["id"], times=5)
    code, second = ask(demo, site, "humidity")
    assert (code, second["case"], second["joined"]) == (0, first["case"], True)
    assert len(cases(demo)) == before + 1


def test_a_test_is_no_alarm(demo: Demo, site: Path) -> None:
    """While it is open it has no limit, no escalation, and stands in nobody's figures."""
    ask(demo, site)
    found = rows(demo, "SELECT due_ms, overdue, escalated, severity FROM dispatch_case WHERE drill AND open")
    assert found == [(None, 0, 0, 0)]
    assert {row[0] for row in rows(demo, "SELECT kind FROM dispatch_alarm WHERE rule_id LIKE 'test:%'")} == {"test"}


def test_what_cannot_be_tested_says_why(demo: Demo, site: Path) -> None:
    """A point that the gateway does not read; then no gateway at all: each with what to do, and no case."""
    before = cases(demo)
    session = SiteSession(site)
    session.select(2, [PointState(register="temperature", measurement="no_such")])
    code, state = ask(demo, site)
    assert (code, state["stage"]) == (1, "refused")
    assert "site config" in state["problem"]["en"]
    socket_file = demo.folder / "spool" / "gw-wtl.sock"
    socket_file.rename(socket_file.with_suffix(".aside"))
    try:
        session = SiteSession(site)
        session.select(2, [PointState(register="humidity", measurement="rh")])
        code, state = ask(demo, site, "humidity")
    finally:
        socket_file.with_suffix(".aside").rename(socket_file)
    assert (code, state["stage"]) == (69, "offline")
    assert state["problem"]["zh"] != state["problem"]["en"]
    assert cases(demo) == before


def _online(demo: Demo) -> bool:
    return demo.gateway("gw-wtl").get("link") == "online"


def replay(demo: Demo, call_id: str, times: int) -> None:
    """Send the gateway's call again, as a broker might, by the gateway's own account."""
    secret = (demo.folder / "gateways" / "gw-wtl.secret").read_text(encoding="utf-8").strip()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="replay")
    client.username_pw_set("p-wtl.gw-wtl", secret)
    client.connect("127.0.0.1", demo.port + 1)
    client.loop_start()
    try:
        for _ in range(times):
            payload = spb.Payload(timestamp=int(time.time() * 1000), seq=7)
            call = encode_call(DrillCall(id=call_id, metric="wtl-ia-02/air_temp", age_s=1.0))
            payload.metrics.add(name=TEST_ALARM, string_value=call)
            client.publish("spBv1.0/p-wtl/NDATA/gw-wtl", payload.SerializeToString(), qos=1).wait_for_publish(10)
    finally:
        client.disconnect()
        client.loop_stop()
