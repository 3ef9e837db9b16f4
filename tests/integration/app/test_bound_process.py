"""A child outlives the thread that asked for it, and not the process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.bound_process import Process, Starter

PATIENCE_S = 30.0
ASKER = """
import sys, threading
from app.bound_process import Starter
starter = Starter()
found = []
one = threading.Thread(target=lambda: found.append(starter.start("timeit", ["-n", "1", "-r", "1", "input()"])))
one.start()
one.join()
print(found[0].pid, flush=True)
sys.stdin.read()
"""


def until(true: Callable[[], bool]) -> bool:
    """Whether it became true in time."""
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_a_backtest_outlives_the_idle_thread_that_started_it() -> None:
    """A pool ended its idle thread after ten seconds, and the kernel killed the backtest which it had started."""
    found: list[Process] = []
    starter = Starter()
    asker = threading.Thread(target=lambda: found.append(starter.start("timeit", ["-n", "1", "-r", "1", "input()"])))
    asker.start()
    asker.join()
    said, _ = found[0].communicate(b"still here\n", timeout=PATIENCE_S)
    assert b"1 loop" in said
    assert found[0].returncode == 0
    starter.close()


def test_a_child_ends_with_its_process() -> None:
    """Killed without a word, it takes its child along."""
    parent = subprocess.Popen([sys.executable, "-c", ASKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.communicate(timeout=PATIENCE_S)
    assert until(lambda: not alive(child))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked how does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
