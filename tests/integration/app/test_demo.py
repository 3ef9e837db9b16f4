"""The whole demo as a person starts it, with its own ports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.architecture.sources import ROOT
from tests.conftest import find_free_port

START_S = 60.0
PEOPLE = 22
GATEWAYS = ("gw-wtl", "gw-htn", "gw-sqw")


def _block_of_ports(count: int) -> int:
    """The first of `count` neighbouring free ports."""
    while True:
        first = find_free_port()
        if first + count < 65_000 and all(_is_free(first + i) for i in range(count)):
            return first


def _is_free(port: int) -> bool:
    import socket

    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


class Demo:
    """A running demo."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        base = _block_of_ports(5)
        self.port = base
        self.arguments = ("--port", str(base), "--broker-port", str(base + 1), "--modbus-port", str(base + 2), *options)
        self.output = folder.parent / f"demo-{base}.out"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app", "demo", "--lang", "en", "--data", str(self.folder), *self.arguments]
        with self.output.open("ab") as out:
            env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
            return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env, start_new_session=True)

    def text(self) -> str:
        """What it has printed."""
        return self.output.read_text()

    def until(self, condition: Callable[[], object], timeout_s: float = START_S) -> None:
        """Wait for something."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.1)

    def until_ready(self) -> None:
        """Wait for the address."""
        self.until(lambda: "open in a browser" in self.text())

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to it."""
        mine = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = " ".join(process.cmdline())
                ports = str(self.port + 2) in words and "firmware_sim" in words
                if (str(self.folder) in words or ports) and process.status() != psutil.STATUS_ZOMBIE:
                    mine.append(process)
        return mine

    def core(self) -> dict[str, object]:
        """What the core says of itself."""
        with suppress(OSError, ValueError):
            said: dict[str, object] = json.loads((self.folder / "run" / "core.json").read_text())
            return said
        return {}

    def readings(self) -> int:
        """Readings that were committed."""
        counts = self.core().get("counts", {})
        assert isinstance(counts, dict)
        return int(counts.get("readings", 0))

    def gateway(self, name: str) -> dict[str, Any]:
        """What a gateway says of itself."""
        with suppress(OSError, ValueError):
            said: dict[str, Any] = json.loads((self.folder / "run" / f"{name}.json").read_text())
            return said
        return {"read": 0}

    def interrupt(self) -> float:
        """Ctrl-C; how long the end took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        return time.monotonic() - started


@contextmanager
def come_up(folder: Path, *options: str) -> Iterator[Demo]:
    """A demo in a folder whose address is printed; nothing of it is left afterwards."""
    running = Demo(folder, *options)
    try:
        running.until_ready()
        yield running
    finally:
        for process in running.processes():
            with suppress(psutil.Error):
                process.kill()
        running.process.wait(10)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that has come up."""
    started = time.monotonic()
    with come_up(tmp_path_factory.mktemp("demo") / "city") as running:
        running.until(lambda: running.readings() > 300, START_S - (time.monotonic() - started))
        yield running


def _get(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.timeout(180)
def test_live_readings_come_within_a_minute(demo: Demo) -> None:
    """All three gateways are read, committed and acknowledged; the pages answer; nothing was quarantined."""
    assert demo.core()["broker"] is True
    assert _get(demo.port, "/-/ready") == 200
    assert _get(demo.port, "/api/v1/communities") == 401
    demo.until(lambda: all(demo.gateway(name).get("link") == "online" for name in GATEWAYS), 15)
    demo.until(lambda: all(demo.gateway(name)["read"] > 50 for name in GATEWAYS), 15)  # written now and then
    counts = demo.core()["counts"]
    assert isinstance(counts, dict)
    assert not {name: n for name, n in counts.items() if "quarantin" in name and n}, counts


def test_everybody_gets_a_one_time_password(demo: Demo) -> None:
    """Everybody from administrator to volunteer is printed once, each with a password."""
    rows = re.findall(r"^(\S+) +([a-z2-9]{12}) ", demo.text(), re.MULTILINE)
    assert len(rows) == PEOPLE
    assert len({password for _, password in rows}) == PEOPLE


def test_a_person_gets_in_and_sees_live_values(demo: Demo) -> None:
    """The one-time password opens nothing but its own change; after it the communities show fresh readings."""
    password = re.findall(r"^admin +(\S+) ", demo.text(), re.MULTILINE)[0]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def ask(path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://localhost:{demo.port}/api/v1{path}", data)
        request.add_header("Content-Type", "application/json")
        with opener.open(request, timeout=5) as answer:
            said: dict[str, Any] = json.load(answer)
            return said

    assert ask("/session", {"username": "admin", "password": password})["must_change_password"] is True
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask("/communities")
    ask("/session/password", {"current_password": password, "new_password": "seven green lanterns"})
    communities = ask("/communities")["items"]
    assert len(communities) == 3
    now_ms = time.time() * 1000
    assert all(now_ms - community["last_reading_ms"] < 30_000 for community in communities)


def _twingrid(demo: Demo, *arguments: str) -> tuple[int, Any]:
    """A command of an operator beside the running demo: exit code and what it says as JSON."""
    command = [sys.executable, "-m", "app", *arguments, "--config", str(demo.folder / "twingrid.yaml"), "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout)


@pytest.mark.timeout(150)
def test_a_configuration_is_pushed_from_afar_and_confirmed(demo: Demo, tmp_path: Path) -> None:
    """What runs is shown; a change is tried and confirmed by the gateway; the same again is no change; a wrong one
    comes back with its line.
    """
    part = tmp_path / "part.yaml"

    def shown() -> bool:
        command = ["gateway", "config", "show", "gw-wtl", "--config", str(demo.folder / "twingrid.yaml")]
        run = subprocess.run(
            [sys.executable, "-m", "app", *command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        part.write_text(run.stdout)
        return run.returncode == 0

    demo.until(shown, 30)
    text = part.read_text()
    assert "password" not in text
    assert "interval_s: 5.0" in text
    part.write_text(text.replace("interval_s: 5.0", "interval_s: 4.0"))
    code, said = _twingrid(demo, "gateway", "config", "push", "gw-wtl", "--file", str(part), "--wait", "80")
    assert (code, said["state"]) == (0, "confirmed"), said
    code, same = _twingrid(
        demo, "gateway", "config", "push", "p-wtl/gw-wtl", "--file", str(part), "--wait", "30", "--note", "again"
    )
    assert (code, same["state"]) == (0, "confirmed"), same
    part.write_text(text.replace("profile:", "profil:", 1))
    code, wrong = _twingrid(demo, "gateway", "config", "push", "gw-wtl", "--file", str(part), "--wait", "30")
    assert (code, wrong["state"]) == (1, "refused"), wrong
    assert wrong["findings"][0]["line"] > 1
    code, listed = _twingrid(demo, "gateway", "config", "list", "gw-wtl")
    assert listed["running"]["version"] == 1
    assert [one["state"] for one in listed["versions"]] == ["refused", "confirmed", "confirmed"]
    code, difference = _twingrid(demo, "gateway", "config", "diff", "gw-wtl", "--version", "3")
    assert "+  interval_s: 5.0" in difference["difference"]


def test_the_bundle_of_a_running_demo_is_whole(demo: Demo, tmp_path: Path) -> None:
    """Every part is there, and none of the passwords that the demo lives on."""
    out = tmp_path / "bundle.zip"
    code, said = _twingrid(demo, "bundle", "--out", str(out))
    assert (code, said["missing"]) == (0, {})
    with zipfile.ZipFile(out) as archive:
        everything = "".join(archive.read(name).decode() for name in archive.namelist())
    known = json.loads((demo.folder / "secrets" / "broker.json").read_text())
    assert known
    assert not [user for user, password in known.items() if password in everything]
    assert "网格员" not in everything


def test_what_it_writes_is_for_its_user_alone(demo: Demo) -> None:
    """Database, spools, logs, settings and secrets: no file or folder can be opened by another user of the machine."""
    open_to_others = [path for path in demo.folder.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert (demo.folder / "twingrid.sqlite").exists()
    assert open_to_others == []


def test_a_second_demo_is_told_which_port_is_taken(demo: Demo, tmp_path: Path) -> None:
    """One clear line a port, and how to choose another; the running demo is not disturbed."""
    command = [sys.executable, "-m", "app", "demo", "--lang", "en", "--data", str(tmp_path / "other"), *demo.arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 69, run.stderr
    assert f"port {demo.port} (pages) is in use" in run.stderr
    assert "--broker-port" in run.stderr
    assert "Traceback" not in run.stderr
    assert demo.process.poll() is None


def test_a_running_demo_keeps_its_folder(demo: Demo) -> None:
    """A second demo in the same folder is refused in one line, also with --fresh and other ports; all stays."""
    first = _block_of_ports(5)
    ports = ("--port", str(first), "--broker-port", str(first + 1), "--modbus-port", str(first + 2))
    command = [sys.executable, "-m", "app", "demo", "--lang", "en", "--data", str(demo.folder), "--fresh", *ports]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 78, run.stderr
    assert f"runs in this folder already (process {demo.process.pid})" in run.stderr
    assert (demo.folder / "twingrid.sqlite").exists()
    assert demo.process.poll() is None


def test_a_folder_that_is_no_demo_is_not_emptied(tmp_path: Path) -> None:
    """--fresh on somebody's own folder is refused, and what lies there stays."""
    (tmp_path / "thesis.txt").write_text("five years")
    first = _block_of_ports(5)
    ports = ("--port", str(first), "--broker-port", str(first + 1), "--modbus-port", str(first + 2))
    command = [sys.executable, "-m", "app", "demo", "--lang", "en", "--data", str(tmp_path), "--fresh", *ports]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 78, run.stderr
    assert "is no demo folder" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_killed_core_is_back_within_ten_seconds(demo: Demo) -> None:
    """SIGKILL of the core process: the supervisor starts it again and readings are committed again."""
    before = next(p for p in demo.processes() if " core " in " ".join(p.cmdline()))
    before.kill()
    started = time.monotonic()
    demo.until(lambda: "core: restarting" in demo.text(), 10)
    (demo.folder / "run" / "core.json").unlink(missing_ok=True)
    demo.until(lambda: demo.readings() > 0, 20)
    assert time.monotonic() - started < 10


def test_ctrl_c_ends_everything_within_five_seconds(demo: Demo) -> None:
    """No process is left, the exit code is 0, and the last line says so."""
    assert len(demo.processes()) >= 8
    took_s = demo.interrupt()
    assert took_s < 5.0, demo.text()
    assert demo.process.returncode == 0, demo.text()
    assert demo.processes() == []
    assert "everything has stopped" in demo.text()


@pytest.mark.timeout(120)
def test_a_killed_demo_leaves_nothing_and_starts_again(demo: Demo) -> None:
    """SIGKILL of the demo itself takes every child along; the next start finds its data and keeps chosen passwords."""
    again = Demo(demo.folder)
    try:
        again.until_ready()
        assert "admin " not in again.text()  # has a password of its own by now
        again.process.kill()
        again.process.wait(5)
        deadline = time.monotonic() + 5
        while again.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert again.processes() == []
    finally:
        for process in again.processes():
            process.kill()
