"""What every test of the house gets without asking.

* `requires("mosquitto")` as a marker, or the fixture `program`: a test that needs a program of the system is skipped
  where the program is missing. With `TWINGRID_TEST_ALL=1` (continuous integration) it fails instead: a suite that
  silently shrinks proves nothing.
* A leftover check: a test that leaves a thread, an asyncio task or a child process behind fails. Orphaned
  grandchildren count too, because this process adopts them (PR_SET_CHILD_SUBREAPER).
* Log calls are really formatted, down to DEBUG, so a bad format argument fails the test that reaches it.
* Free ports, a seed that can be repeated, and the Hypothesis profiles.
"""

from __future__ import annotations

import asyncio
import asyncio.runners
import ctypes
import logging
import os
import secrets
import shutil
import signal
import socket
import sysconfig
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import hypothesis
import psutil
import pytest

FOLDERS: Final = (
    "core",
    "gateway",
    "ingest",
    "store",
    "rules",
    "registry",
    "dispatch",
    "api",
    "firmware_sim",
    "app",
)  # fmt: skip

# Programs live in sbin for root only on some systems, those of wheels beside the interpreter, which need not be on the
# path; several names mean the same program.
_SEARCH_PATH: Final = os.pathsep.join(
    [os.environ.get("PATH", ""), sysconfig.get_path("scripts"), "/usr/sbin", "/usr/local/sbin"]
)
_ALIASES: Final = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "victoria-metrics": ("victoria-metrics",),
}

_PR_SET_CHILD_SUBREAPER: Final = 36
_LEFTOVER_GRACE_S: Final = 3.0

pytest_plugins = ["tests.databases"]

hypothesis.settings.register_profile("dev", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
hypothesis.settings.register_profile("long", deadline=None, print_blob=True, max_examples=2000)


def _profile() -> str:
    return os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")


def _all_must_run() -> bool:
    return os.environ.get("TWINGRID_TEST_ALL") == "1"


# --- programs of the system -------------------------------------------------------------------------------------


def find_program(name: str) -> Path | None:
    """Path of a program by one of its names, or None."""
    for candidate in _ALIASES.get(name, (name,)):
        found = shutil.which(candidate, path=_SEARCH_PATH)
        if found:
            return Path(found)
    return None


def require_program(name: str) -> Path:
    """Path of a program; skips the running test when it is missing, fails it when everything must run."""
    found = find_program(name)
    if found is not None:
        return found
    if _all_must_run():
        pytest.fail(f"{name} is not installed, and TWINGRID_TEST_ALL=1 allows no skipping", pytrace=False)
    pytest.skip(f"{name} is not installed")


def require_library(name: str) -> ctypes.CDLL:
    """A shared library of the system; skips or fails the running test like `require_program` when it is missing."""
    try:
        return ctypes.CDLL(name, use_errno=True)
    except OSError:
        if _all_must_run():
            pytest.fail(f"{name} is not installed, and TWINGRID_TEST_ALL=1 allows no skipping", pytrace=False)
        pytest.skip(f"{name} is not installed")


@pytest.fixture
def library() -> Callable[[str], ctypes.CDLL]:
    """`library("libmodbus.so.5")` answers the loaded library, skips, or fails when everything must run."""
    return require_library


@pytest.fixture
def program() -> Callable[[str], Path]:
    """`program("mosquitto")` answers the path, skips, or fails when everything must run."""
    return require_program


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Applies the marker `requires`."""
    for marker in item.iter_markers("requires"):
        for name in marker.args:
            require_program(str(name))


# --- what is left behind ----------------------------------------------------------------------------------------


class TaskLedger:
    """Asyncio tasks that were still pending when their loop was closed.

    `asyncio.Runner` cancels such tasks silently; this notes their names on the way, so that a test can fail for them.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._original = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

    def install(self) -> None:
        asyncio.runners._cancel_all_tasks = self._note_and_cancel  # type: ignore[attr-defined]

    def uninstall(self) -> None:
        asyncio.runners._cancel_all_tasks = self._original  # type: ignore[attr-defined]

    def take(self) -> list[str]:
        names, self.names = self.names, []
        return names

    def _note_and_cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        self.names += [f"{task.get_name()} ({task.get_coro()!r})" for task in asyncio.all_tasks(loop)]
        self._original(loop)


_TASKS: Final = TaskLedger()


def child_pids() -> set[int]:
    """Process ids of the running (not merely unreaped) children of this process."""
    pids: set[int] = set()
    listings = list(Path("/proc/self/task").glob("*/children"))
    if not listings:  # a kernel without CONFIG_PROC_CHILDREN: slower, the same answer
        return {child.pid for child in psutil.Process().children() if not _is_zombie(child.pid)}
    for listing in listings:
        try:
            pids.update(int(pid) for pid in listing.read_text().split())
        except OSError:  # the thread ended meanwhile
            continue
    return {pid for pid in pids if not _is_zombie(pid)}


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


def leftovers(threads_before: set[threading.Thread], children_before: set[int], grace_s: float) -> list[str]:
    """Describes threads and child processes that were not there before and do not end within the grace time."""
    deadline = time.monotonic() + grace_s
    while True:
        threads = [t for t in threading.enumerate() if t not in threads_before and t.is_alive()]
        children = child_pids() - children_before
        if not (threads or children) or time.monotonic() >= deadline:
            break
        time.sleep(0.02)
    found = [f"thread {t.name!r}" for t in threads]
    for pid in children:
        found.append(f"process {pid}: {_command(pid)}")
        os.kill(pid, signal.SIGKILL)
    return found


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves a thread, an asyncio task or a child process behind."""
    threads, children = set(threading.enumerate()), child_pids()
    _TASKS.take()
    yield
    if request.node.get_closest_marker("leaves_running"):
        return
    found = leftovers(threads, children, _LEFTOVER_GRACE_S) + [f"asyncio task {name}" for name in _TASKS.take()]
    if found:
        pytest.fail("the test left behind: " + "; ".join(found), pytrace=False)


# --- logs, ports, seeds -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def logs_are_formatted() -> Iterator[None]:
    """Lets every log call of ours reach pytest's handler, which raises when the arguments do not fit the format."""
    loggers = [logging.getLogger(name) for name in FOLDERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


PORTS = range(15_000, 32_000)
"""Below those that the system gives to connections: a port that was free is not taken by somebody's connection."""


def find_free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on right now."""
    for _ in range(1000):
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    pytest.fail("no free port")


@pytest.fixture
def free_port() -> int:
    """One free TCP port on the loopback interface."""
    return find_free_port()


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """`free_ports(3)` answers three different free TCP ports on the loopback interface."""

    def take(count: int) -> list[int]:
        ports: set[int] = set()
        while len(ports) < count:
            ports.add(find_free_port())
        return sorted(ports)

    return take


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed that is the same at every run of this test, or `TWINGRID_SEED`; it is printed with a failure."""
    chosen = int(os.environ.get("TWINGRID_SEED", zlib.crc32(request.node.nodeid.encode())))
    request.node.add_report_section("setup", "seed", f"repeat with TWINGRID_SEED={chosen}")
    return chosen


# --- session ----------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Adopts orphans, notes pending tasks and loads the Hypothesis profile."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _TASKS.install()
    if not config.getoption("--hypothesis-profile", default=None):
        hypothesis.settings.load_profile(_profile())


def pytest_unconfigure() -> None:
    """Takes the task ledger out again."""
    _TASKS.uninstall()


def pytest_report_header() -> list[str]:
    """Says under which conditions this run stands."""
    randomness = "derandomized" if _profile() == "ci" else "random; a failure prints its blob"
    everything = "on: nothing may be skipped for a missing program" if _all_must_run() else "off"
    return [f"hypothesis: profile {_profile()} ({randomness})", f"TWINGRID_TEST_ALL: {everything}"]
