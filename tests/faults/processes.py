"""Real processes that are killed on purpose: started in their own session, logged, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from core.faultpoints import VARIABLE

_BOUND = (sys.executable, "-I", "-S", str(Path(__file__).parents[2] / "app" / "launch.py"))
"""Whatever becomes of the test, its processes end with it."""


@dataclass(kw_only=True)
class Victim:
    """One process of the lab.

    Attributes:
        name: for logs and histograms.
        command: how it is started.
        log: where its output goes, appended.
        ready: whether it serves again.
        starter: a thread that outlives the process: Linux takes the end of the starting *thread* for the parent's.
    """

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], bool] = lambda: True
    environment: dict[str, str] = field(default_factory=dict)
    starter: Executor | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self, fault: str = "") -> None:
        """Start it, with a planted fault or without."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TWINGRID_")}
        environment = {**inherited, **self.environment, **({VARIABLE: fault} if fault else {})}
        if self.starter is None:
            self._process = self._spawn(environment)
        else:
            self._process = self.starter.submit(self._spawn, environment).result()

    def _spawn(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            return subprocess.Popen(
                [*_BOUND, str(os.getpid()), *self.command],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)

    def died_by_itself(self, timeout_s: float) -> bool:
        """Wait for a planted fault to strike; whether it did."""
        deadline = time.monotonic() + timeout_s
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.alive

    def stop(self, timeout_s: float = 10.0) -> int:
        """Ask it to end, and insist after a while; its exit code."""
        if self._process is None:
            return 0
        if self.alive:
            self._process.terminate()
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self._process.wait())

    def tail(self, lines: int = 30) -> str:
        """The end of its log, for a failure's message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def until(condition: Callable[[], bool], what: str, timeout_s: float = 60.0, step_s: float = 0.03) -> float:
    """Wait for something to become true; how long that took.

    Raises:
        AssertionError: if it does not.
    """
    begin = time.monotonic()
    while not condition():
        waited = time.monotonic() - begin
        if waited > timeout_s:
            raise AssertionError(f"{what}: not after {waited:.1f} s")
        time.sleep(step_s)
    return time.monotonic() - begin
