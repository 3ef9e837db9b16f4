"""One child process: started so that it cannot outlive us, its output kept, its end always reached."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app import launch
from app.probes import LineProbe, PortUse, Probe

log = logging.getLogger(__name__)

_KEPT_LINES = 60
_PROBE_EVERY_S = 0.05
_LAST_WORDS_S = 0.5
_FRUGAL = {
    "PYTHONUNBUFFERED": "1",
    "OPENBLAS_NUM_THREADS": "1",  # nothing of ours multiplies matrices; its threads would only hold memory
    "MALLOC_ARENA_MAX": "2",  # glibc keeps an arena per thread otherwise
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessSpec:
    """What to start.

    Attributes:
        name: short and unique; prefix of its log lines and name of its log file.
        command: program and arguments.
        stage: lower stages start earlier and stop later.
        environment: variables beside those of this process.
        ready: how it is seen to be ready.
        ports: what it will listen on; checked before anything starts.
    """

    name: str
    command: tuple[str, ...]
    stage: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Probe = field(default_factory=LineProbe)
    ports: tuple[PortUse, ...] = ()


def python_command(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module with this interpreter."""
    return (sys.executable, "-m", module, *arguments)


class LogFile:
    """The output of a child: a file that is put aside when it grows too large, and the newest lines in memory."""

    def __init__(self, file: Path, *, max_bytes: int, keep: int) -> None:
        """Open the file for appending; its folder is made if missing."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self.tail: deque[str] = deque(maxlen=_KEPT_LINES)
        self._handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=max_bytes, backupCount=keep, encoding="utf-8"
        )
        self._handler.setFormatter(logging.Formatter("%(message)s"))

    def write(self, line: str) -> None:
        """Keep a line. A full disk costs the line, not the child."""
        self.tail.append(line)
        self._handler.emit(logging.makeLogRecord({"msg": line}))

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


class Child:
    """A running child. Made by ``start``; ``stop`` or ``kill`` and ``wait`` end it."""

    def __init__(self, spec: ProcessSpec, process: asyncio.subprocess.Process, output: LogFile) -> None:
        """Take over a process that has just been started."""
        self.spec = spec
        self.pid = process.pid
        self.ready_at: float | None = None
        self._process = process
        self._output = output
        self._pump = asyncio.create_task(self._read_output(), name=f"output-{spec.name}")

    @classmethod
    async def start(cls, spec: ProcessSpec, output: LogFile) -> Child:
        """Start the process in a process group of its own, bound to the life of this process."""
        output.tail.clear()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), *spec.command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**_FRUGAL, **os.environ, **spec.environment},
            process_group=0,  # a Ctrl-C in the terminal reaches us alone, and we end the others in order
        )
        log.debug("started", extra={"child": spec.name, "pid": process.pid})
        return cls(spec, process, output)

    @property
    def returncode(self) -> int | None:
        """How it ended; ``None`` while it runs."""
        return self._process.returncode

    @property
    def tail(self) -> tuple[str, ...]:
        """The newest lines of its output."""
        return tuple(self._output.tail)

    async def wait_ready(self, timeout_s: float) -> bool:
        """Wait until it is ready; ``False`` if it ends before or does not get ready in time."""
        deadline = time.monotonic() + timeout_s
        while self.returncode is None and time.monotonic() < deadline:
            if await self.spec.ready(self.tail):
                self.ready_at = time.monotonic()
                return True
            await asyncio.sleep(_PROBE_EVERY_S)
        return False

    async def wait(self) -> int:
        """Wait for its end and the end of its output; answers its return code."""
        code = await self._process.wait()
        # a grandchild may hold the pipe open; what it says is not waited for
        await asyncio.wait([self._pump], timeout=_LAST_WORDS_S)
        self._pump.cancel()
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its whole process group at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _read_output(self) -> None:
        assert self._process.stdout is not None
        reader = self._process.stdout
        while True:
            try:
                raw = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                raw = error.partial
            except asyncio.LimitOverrunError as error:  # a line longer than the buffer: take it in pieces
                raw = await reader.readexactly(error.consumed)
            if not raw:
                return
            self._output.write(raw.decode("utf-8", errors="replace").rstrip("\r\n"))
