"""Test alarms from the technician's page: each call is followed to its end, whatever else the page does meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from core.clock import Clock
from core.errors import Refused, Unavailable
from gateway.drills import DrillPost
from gateway.site_drill import follow
from gateway.site_session import SiteSession
from gateway.site_survey.drill import NO_GATEWAY, WAITING, DrillStage, DrillState, failed
from gateway.site_survey.state import drill_key

log = logging.getLogger(__name__)

_AGAIN_S = 1.0


class Desk(Protocol):
    """A change of the session at its turn."""

    def __call__(self, change: Callable[[SiteSession], Any], /) -> Awaitable[Any]:
        """Refused while a long step is running."""
        ...


class SiteDrills:
    """The calls of one page; ``now`` holds what is newer than the session."""

    def __init__(self, post: DrillPost | None, desk: Desk, changed: Callable[[], None], clock: Clock) -> None:
        """Nothing is followed yet; ``post`` is None where no gateway was named."""
        self._post = post
        self._desk = desk
        self._changed = changed
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.now: dict[str, DrillState] = {}

    @property
    def possible(self) -> bool:
        """Whether there is a gateway to send calls."""
        return self._post is not None

    async def call(self, unit: int, register: str, by: str) -> DrillState:
        """Make a call, or go on with the one that has not ended.

        Raises:
            Refused: if there is no gateway, no such point, or the unit has no facility.
        """
        if self._post is None:
            raise Refused(NO_GATEWAY())
        state: DrillState = await self._desk(lambda session: session.call_drill(unit, register, by))
        self._follow(self._post, unit, register, state)
        return state

    def resume(self, drills: Mapping[str, DrillState]) -> None:
        """Go on with what a process before this one was waiting for."""
        for key, state in drills.items():
            unit, _, register = key.partition("/")
            if self._post is not None and state.stage in WAITING:
                self._follow(self._post, int(unit), register, state)

    async def close(self) -> None:
        """Stop following; the session says what is known."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self.now.clear()

    def _follow(self, post: DrillPost, unit: int, register: str, state: DrillState) -> None:
        key = drill_key(unit, register)
        running = self._tasks.get(key)
        if running is not None and not running.done():
            return
        self._tasks[key] = asyncio.create_task(self._to_the_end(post, unit, register, state), name=f"drill-{key}")

    async def _to_the_end(self, post: DrillPost, unit: int, register: str, state: DrillState) -> None:
        key = drill_key(unit, register)

        async def keep(found: DrillState) -> None:
            self.now[key] = found
            self._changed()
            await self._keep(unit, register, found)

        try:
            await follow(post, state, keep, self._clock)
        except Unavailable:
            await keep(failed(self.now.get(key, state), DrillStage.OFFLINE, NO_GATEWAY()))

    async def _keep(self, unit: int, register: str, found: DrillState) -> None:
        """Into the session, as soon as a step that is running lets it."""
        while True:
            try:
                await self._desk(lambda session: session.note_drill(unit, register, found))
            except Refused:
                await asyncio.sleep(_AGAIN_S)
            except Unavailable as error:
                log.warning("a test alarm cannot be written down", extra={"why": str(error)})
                return
            else:
                return
