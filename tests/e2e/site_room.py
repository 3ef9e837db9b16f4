"""A plant room with a simulated bus behind a serial server, and the technician's page served beside it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import find_free_port
from tests.e2e.worlds import ROOT, WEB

LINE: Final = "115200 8N1"
Words = Callable[..., str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteRoom:
    """A running room.

    Attributes:
        url: of the page.
        bus_port: TCP port of the serial server (RTU frames).
        control: socket of the simulator.
        folder: of the session.
        log: what the page's program says.
    """

    url: str
    bus_port: int
    control: Path
    folder: Path
    log: Path

    @property
    def code(self) -> str:
        """The newest access code."""
        return re.findall(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", self.log.read_text(encoding="utf-8"))[-1]

    def displays(self) -> dict[int, dict[str, str]]:
        """What every unit's display shows now, by quantity, with its unit."""
        tell = [sys.executable, "-m", "firmware_sim", "bus-do", str(self.control), "display"]
        found: dict[int, dict[str, str]] = {}
        said = subprocess.run(tell, cwd=ROOT, check=True, capture_output=True, text=True, timeout=20).stdout
        for line in said.splitlines():
            unit, name, value, ucum = line.split()
            found.setdefault(int(unit), {})[name] = f"{value} {ucum}"
        return found


@contextlib.contextmanager
def room(folder: Path, host: str = "127.0.0.1", gateway: Path | None = None) -> Iterator[SiteRoom]:
    """Start the simulator and the page, perhaps for a gateway, and end both; beyond loopback it asks for a code."""
    if not (WEB / "dist-site" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    bus_port, control, session = find_free_port(), folder / "control", folder / "site"
    bus = [sys.executable, "-m", "firmware_sim", "bus", "--no-pty", "--tcp", str(bus_port), "--line", LINE]
    bus += ["--speed", "0.000001", "--control", str(control)]
    log = folder / "page.log"
    with _started(bus, "ready bus", folder / "bus.log"), serving(session, log, host, gateway) as url:
        yield SiteRoom(url=url, bus_port=bus_port, control=control, folder=session, log=log)


@contextlib.contextmanager
def serving(session: Path, log: Path, host: str = "127.0.0.1", gateway: Path | None = None) -> Iterator[str]:
    """The page on the session in a folder, perhaps beside a running gateway; its address."""
    if not (WEB / "dist-site" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    port = find_free_port()
    page = [sys.executable, "-m", "app", "site", "serve", "--session", str(session), "--port", str(port)]
    page += ["--gateway", str(gateway)] if gateway else []
    with _started([*page, "--host", host, "--pause", "2"], "ready site", log):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _started(command: list[str], ready: str, log: Path) -> Iterator[None]:
    with (
        log.open("w") as said,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(ready)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=10)


def words(language: str) -> Words:
    """The page's own texts: ``words("en")("find.drop", unit=7)``."""
    source = (WEB / "site" / "i18n" / f"{language}.ts").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    space = ""
    for line in source.splitlines():
        if match := re.match(r"  (\w+): \{$", line):
            space = match[1]
        for name, text in re.findall(r'(\w+): "((?:[^"\\]|\\.)*)"', line):
            inner = re.match(r"  (\w+): \{ ", line)
            found[f"{inner[1] if inner else space}.{name}"] = text

    def say(key: str, **values: object) -> str:
        return found[key].format(**values)

    return say


def spaces() -> set[str]:
    """First parts of the page's keys."""
    source = (WEB / "site" / "i18n" / "en.ts").read_text(encoding="utf-8")
    return set(re.findall(r"^  (\w+): \{", source, re.MULTILINE))
