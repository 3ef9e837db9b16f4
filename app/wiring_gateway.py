"""The gateway process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from core.clock import SystemClock
from gateway.rollouts import Rollouts
from gateway.service import Guest
from gateway.service import run as run_gateway

_SETTLED_S = 0.2


async def run(file: Path, stop: asyncio.Event, ready: Callable[[], None], guest: Guest | None = None) -> None:
    """Run the gateway that ``file`` describes until ``stop`` is set, with a guest on its buses if there is one.

    Raises:
        core.errors.Invalid: if the file is wrong.
        core.errors.Unavailable: if the spool cannot be opened.
    """
    clock = SystemClock()
    rollouts, config = Rollouts.open(file, clock)
    running = asyncio.create_task(
        run_gateway(config, clock=clock, stop=stop, rollouts=rollouts, guest=guest), name="gateway"
    )
    done, _ = await asyncio.wait([running], timeout=_SETTLED_S)
    if not done:
        ready()
    await running
