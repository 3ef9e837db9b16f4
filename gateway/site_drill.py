"""A test alarm of a commissioning session: begins or goes on with a call, and keeps in the session how it stands."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final

from core.clock import Clock
from gateway.drills import DrillPost
from gateway.site_survey.drill import WAITING, DrillStage, DrillState

_LOOK_S: Final = 20.0

Keep = Callable[[DrillState], Awaitable[None]]
"""Told of every new standing of a call; keeps it."""


async def follow(
    post: DrillPost, state: DrillState, keep: Keep, clock: Clock, *, until_confirmed_s: float = math.inf
) -> DrillState:
    """Make a call, or go on with one, until there is nothing more to wait for.

    Args:
        post: takes it to the server.
        state: the call as it was last known.
        keep: told of each change.
        clock: monotonic time.
        until_confirmed_s: so long the worker's confirmation is waited for once there is a case.

    Raises:
        Unavailable: if the gateway cannot be reached.
    """
    seen = await post.call(state)
    if seen != state:
        await keep(seen)
    began_s = clock.monotonic_s()
    while seen.stage in WAITING:
        left_s = began_s + until_confirmed_s - clock.monotonic_s()
        if seen.stage is DrillStage.OPEN and left_s <= 0:
            break
        wait_s = _LOOK_S if seen.stage is DrillStage.ASKED else min(_LOOK_S, left_s)
        now = await post.look(seen, wait_s)
        if now == seen:
            await asyncio.sleep(0)
            continue
        seen = now
        await keep(seen)
    return seen
