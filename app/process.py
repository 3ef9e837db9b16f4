"""The frame of our own long-running processes: signals set an event, ``ready`` is printed, errors become exit codes.

Standard output carries nothing but the ``ready`` line, which is what ``twingrid up`` waits for.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from app import logs
from app.exits import Exit
from core.errors import Invalid, TwingridError, Unavailable

log = logging.getLogger(__name__)

OWNER_ONLY = 0o077
"""The umask of every process of ours: databases, spools and logs name people and places and are nobody else's."""
Body = Callable[[asyncio.Event, Callable[[], None]], Awaitable[None]]
"""A process: runs until the event is set, and calls the second argument once when it is ready."""
NewLoop = Callable[[], asyncio.AbstractEventLoop]


def run(name: str, body: Body, *, level: str = "info", loop: NewLoop | None = None) -> int:
    """Run a process until SIGTERM or SIGINT; its exit code.

    Args:
        name: for the log and the ready line.
        body: the process.
        level: of the log.
        loop: makes the event loop; None: asyncio's own.
    """
    logs.set_up(level)
    log.info("process starts", extra={"part": name, "pid": os.getpid()})
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(_framed(name, body))
    except Invalid as error:
        for finding in error.findings:
            log.error("configuration is wrong", extra={"finding": str(finding)})
        return Exit.CONFIG
    except Unavailable as error:
        log.error("a neighbour does not answer", extra={"why": str(error)})
        return Exit.UNAVAILABLE
    except TwingridError as error:
        log.error("refused", extra={"why": str(error)})
        return Exit.FINDING
    except Exception as error:  # the outermost frame: whatever it was must be in the log
        log.critical("process died", exc_info=error)
        return Exit.SOFTWARE
    log.info("process ended", extra={"part": name})
    return Exit.OK


async def _framed(name: str, body: Body) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def ready() -> None:
        # What is loaded by now stays for good. Walking it in every full collection would stop all threads for 0.1 s.
        gc.collect()
        gc.freeze()
        sys.stdout.write(f"ready {name}\n")
        sys.stdout.flush()

    await body(stop, ready)
