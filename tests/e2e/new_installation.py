"""An installation just started for the first time: broker, core, pages, and a gateway that nobody has enrolled."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import find_free_port, require_program
from tests.e2e.worlds import ROOT, WEB
from tests.integration.brokers import running

LINE: Final = "115200 8N1"
GATEWAY: Final = "gw-01"
FACILITY: Final = "sp-01"
_UNITS: Final = ({"unit": 1, "product": "qdy30a"}, {"unit": 2, "product": "invt-gd200a"})
"""A level transmitter in the sump and the pump's drive."""
_READY_WITHIN_S: Final = 180.0


@dataclass(frozen=True, kw_only=True, slots=True)
class NewInstallation:
    """What somebody finds who has just started it.

    Attributes:
        base_url: where the pages are.
        code_file: holds the setup code until there is an administrator.
    """

    base_url: str
    code_file: Path


@contextlib.contextmanager
def new_installation(folder: Path, notification: Mapping[str, Any]) -> Iterator[NewInstallation]:
    """`twingrid up` with Mosquitto in an empty folder; its gateway reads a simulated bus and has an account.

    Args:
        folder: of everything.
        notification: that part of the settings.
    """
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    mosquitto = require_program("mosquitto")
    bus, broker, pages = (find_free_port() for _ in range(3))
    file = _write(folder, bus, broker, pages, notification)
    plan = folder / "bus.yaml"
    plan.write_text(yaml.safe_dump({"id": "sump", "line": LINE, "units": list(_UNITS)}), encoding="utf-8")
    simulator = [sys.executable, "-m", "firmware_sim", "bus", "--no-pty", "--tcp", str(bus), "--plan", str(plan)]
    path = f"{mosquitto.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with running(simulator, bus, folder / "bus.log"), _up(file, folder, path):
        yield NewInstallation(base_url=f"http://127.0.0.1:{pages}", code_file=folder / "data/secrets/setup-code")


def _write(folder: Path, bus: int, broker: int, pages: int, notification: Mapping[str, Any]) -> Path:
    """The two files that somebody writes: the gateway's, and the settings."""
    units = [
        {"name": "sump", "unit": 1, "profile": "qdy30a", "points": {"level_m": f"{FACILITY}/level"}},
        {
            "name": "drive",
            "unit": 2,
            "profile": "invt-gd200a",
            "points": {"output_current": f"{FACILITY}/pump_current"},
        },
    ]
    gateway = {
        "group": "g1",
        "node": GATEWAY,
        "broker": {"host": "127.0.0.1", "port": broker, "user": f"g1.{GATEWAY}", "password": "a word of the gateway"},
        "spool": {"path": str(folder / "spool.sqlite"), "budget_mb": 16},
        "buses": [
            {"id": "sump", "host": "127.0.0.1", "port": bus, "framing": "rtu", "interval_s": 1.0, "units": units}
        ],
    }
    settings = {
        "data_dir": str(folder / "data"),
        "gateways": [str(folder / "gateway.yaml")],
        "broker": {"kind": "mosquitto", "port": broker},
        "api": {"port": pages},
        "notification": dict(notification),
        "supervisor": {"start_timeout_s": 120},
    }
    (folder / "gateway.yaml").write_text(yaml.safe_dump(gateway), encoding="utf-8")
    file = folder / "twingrid.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


@contextlib.contextmanager
def _up(file: Path, folder: Path, path: str) -> Iterator[None]:
    """All processes of it, from ready to ended."""
    log = folder / "up.log"
    environment = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "300"}
    command = [sys.executable, "-m", "app", "up", "--lang", "en", "--config", str(file)]
    with (
        log.open("wb") as said,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT) as process,
    ):
        try:
            deadline = time.monotonic() + _READY_WITHIN_S
            while "everything is ready" not in log.read_text(encoding="utf-8"):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
