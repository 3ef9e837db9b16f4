"""What the long-running commands share: one line on standard output, an end by signal, errors for the caller."""

from __future__ import annotations

import asyncio
import signal
import sys


class UsageError(Exception):
    """Something the person who called must change; its text is shown and nothing else."""


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def say(text: str) -> None:
    """Writes a line at once, so that a supervisor sees it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
