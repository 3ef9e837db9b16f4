"""Runs a supervisor in the foreground: progress while it starts, one line per change afterwards, an orderly end."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence

from app.child import ProcessSpec
from app.console import Speaker
from app.exits import Exit
from app.supervisor import ChildFailed, State, Supervisor, SupervisorOptions
from core.findings import Said


def run(
    specs: Sequence[ProcessSpec], options: SupervisorOptions, speaker: Speaker, on_ready: Callable[[], None]
) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code.

    Raises:
        core.errors.Invalid: if ports are in use.
    """
    return asyncio.run(_run(specs, options, speaker, on_ready))


async def _run(
    specs: Sequence[ProcessSpec], options: SupervisorOptions, speaker: Speaker, on_ready: Callable[[], None]
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor(specs, options, _Reporter(speaker, stop))
    try:
        if not await _started(supervisor, stop):
            return Exit.OK
        on_ready()
        await supervisor.run(stop)
    except ChildFailed as error:
        speaker.error(error.in_language(speaker.language))
        return Exit.FINDING
    finally:
        started = time.monotonic()
        speaker.note(speaker.say("up.stopping"))
        await supervisor.stop()
        speaker.note(speaker.say("up.stopped", seconds=time.monotonic() - started))
    return Exit.OK


async def _started(supervisor: Supervisor, stop: asyncio.Event) -> bool:
    """Start everything, but give up at once when the person has had enough."""
    starting = asyncio.create_task(supervisor.__aenter__(), name="start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return False


class _Reporter:
    """Says what changes; silent about the end, which the person asked for."""

    def __init__(self, speaker: Speaker, stop: asyncio.Event) -> None:
        self._speaker = speaker
        self._stop = stop

    def __call__(self, name: str, state: State, why: Said | None) -> None:
        if self._stop.is_set() or state in {State.STOPPED, State.STARTING}:
            return
        tail = f" ({why.in_language(self._speaker.language)})" if why else ""
        self._speaker.note(
            self._speaker.say("up.child", name=name, state=self._speaker.say(f"state.{state.value}")) + tail
        )
