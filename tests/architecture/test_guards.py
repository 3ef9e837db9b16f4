"""The guards of tests/conftest.py are tested with tests that break the rules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.sources import ROOT

CASES: Final = """
import asyncio, logging, subprocess, sys, threading
import pytest

def test_thread():
    threading.Thread(target=threading.Event().wait, args=(20,), name="forgotten", daemon=True).start()

def test_process():
    subprocess.Popen(["sleep", "20"])

def test_orphan():
    subprocess.run([sys.executable, "-c", "import subprocess; subprocess.Popen(['sleep', '21'])"], check=True)

async def test_task():
    asyncio.create_task(asyncio.Event().wait(), name="forgotten-task")

def test_log():
    logging.getLogger("gateway.spool").debug("%d readings", "many")

@pytest.mark.requires("no-such-program")
def test_program():
    raise AssertionError("must not run")

def test_seed(seed):
    assert seed < 0

async def test_clean(free_ports):
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(set(free_ports(3))) == 3
"""


def _run(tmp_path: Path, *, everything: bool) -> str:
    guards = (ROOT / "tests" / "conftest.py").read_text()
    (tmp_path / "conftest.py").write_text(guards.replace("_GRACE_S: Final = 3.0", "_GRACE_S: Final = 0.3"))
    (tmp_path / "test_cases.py").write_text(CASES)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode=auto\nasyncio_default_fixture_loop_scope=function\n"
        "markers=\n  requires(*p): x\n  leaves_running: x\n"
    )
    env = {**os.environ, "TWINGRID_TEST_ALL": "1" if everything else "", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", str(tmp_path)]
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100, check=False)
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the rule-breaking tests."""
    return _run(tmp_path_factory.mktemp("guards"), everything=False)


@pytest.mark.parametrize(
    "line",
    [
        "the test left behind: thread 'forgotten'",
        "sleep 20",
        "sleep 21",
        "asyncio task forgotten-task",
        "FAILED test_cases.py::test_log",
        "no-such-program is not installed",
        "repeat with TWINGRID_SEED=",
    ],
)
def test_a_rule_breaker_is_caught(report: str, line: str) -> None:
    """A leftover thread, process, orphan or task, a bad log call and a missing program each have their line."""
    assert line in report


def test_nothing_else_is_caught(report: str) -> None:
    """The well-behaved test passes, and a missing program only skips."""
    assert "2 failed, 5 passed, 1 skipped, 4 errors" in report


def test_nothing_is_skipped_when_everything_must_run(tmp_path: Path) -> None:
    """With TWINGRID_TEST_ALL=1 a missing program is a failure."""
    report = _run(tmp_path, everything=True)
    assert "TWINGRID_TEST_ALL=1 allows no skipping" in report
    assert "skipped" not in report.splitlines()[-1]
