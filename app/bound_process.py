"""Starts programs that cannot outlive this process, from whatever thread.

Linux sends the signal of ``PR_SET_PDEATHSIG`` when the *thread* ends that started the child (``prctl(2)``), and a pool
of threads ends those that had nothing to do for some seconds: a child started from one of them would die in the middle
of its work. So a thread of its own starts them, which lives as long as its owner.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from app import launch

Process = subprocess.Popen[bytes]


class Starter:
    """Starts children for one owner; whoever closes it ends those that still run."""

    def __init__(self) -> None:
        """No thread before the first child."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")

    def start(self, module: str, arguments: Sequence[str] = (), output: int | IO[bytes] = subprocess.PIPE) -> Process:
        """Start ``python -m module arguments`` in a process group of its own, with a pipe to its standard input.

        Args:
            module: its name.
            arguments: what follows it.
            output: where its standard output goes; what it says on the standard error is dropped.

        Raises:
            OSError: if it cannot be started.
            RuntimeError: after ``close``.
        """
        bound = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
        return self._thread.submit(_start, [*bound, sys.executable, "-m", module, *arguments], output).result()

    def close(self) -> None:
        """End the thread, and with it, where the system is Linux, every child that still runs."""
        self._thread.shutdown()


def _start(command: Sequence[str], output: int | IO[bytes]) -> Process:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL, process_group=0)
