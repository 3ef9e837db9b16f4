"""Tasks with a name and an end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence

log = logging.getLogger(__name__)

DRAIN_S = 2.0
"""How long a part may take for its end before it is asked again."""


def start(coroutine: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    """A task of that name."""
    return asyncio.create_task(coroutine, name=name)


async def until(event: asyncio.Event) -> None:
    """Wait for an event."""
    await event.wait()


def death_of(driver: asyncio.Task[None]) -> BaseException:
    """Why a part has ended that was to go on."""
    error = None if driver.cancelled() else driver.exception()
    return error or RuntimeError(f"{driver.get_name()} has ended")


async def cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: a cancellation that a library swallowed is repeated, not waited for in vain."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=DRAIN_S)
        if left:
            log.warning("a part of the gateway does not end", extra={"parts": sorted(t.get_name() for t in left)})
    await asyncio.gather(*tasks, return_exceptions=True)


def raise_first(tasks: Sequence[asyncio.Task[None]]) -> None:
    """A part that ended with an error passes it on."""
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            log.error("a part of the gateway died", extra={"part": task.get_name()})
            raise error
