"""The live stream: one task per process follows the change feed and the newest readings for all its readers.

The follower polls the feed while somebody reads, looks each changed thing up once, and puts it into the outbox of every
reader who may see its community. Readings are looked up twice a second for all points that anybody watches. Readers
send from their own outbox, so a slow one delays nobody; ``api/event_stream.py`` is that side.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access import Caller
from api.entrance import Entrance
from api.event_stream import EventStream, Reader
from api.feed_lookup import FeedLookup
from api.live_values import LiveValues
from api.metrics import Metrics
from api.outbox import Outbox
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.settings import ApiSettings
from core.errors import Unavailable
from core.ports.registry import FacilityDetail

log = logging.getLogger(__name__)

_PAGE = 500
_MOST_RESUMED = 2_000
_AFTER_FAILURE_S = 1.0


@dataclass(eq=False)
class _Watching:
    """A reader with what it watches; ``begun``: it was offered all of that, and since then what changed."""

    reader: Reader
    position: int
    stale_ms: dict[int, int]
    begun: bool = False


class Live:
    """All live readers of this process."""

    def __init__(
        self, ports: ApiPorts, settings: ApiSettings, entrance: Entrance, lookup: FeedLookup, metrics: Metrics
    ) -> None:
        """Nothing runs before ``running`` is entered."""
        self._ports = ports
        self._settings = settings
        self._entrance = entrance
        self._lookup = lookup
        self._metrics = metrics
        self._readers: dict[Reader, _Watching] = {}
        self._opening = asyncio.Lock()
        self._values = LiveValues()
        self._watched_points: dict[int, int] | None = None
        self._followed = 0
        self._wanted = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the follower as long as the application lives."""
        follower = asyncio.create_task(self._follow(), name="api-live-follower")
        try:
            yield
        finally:
            self.close()
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower

    def close(self) -> None:
        """Tell every reader to go; a server that shuts down calls this before it waits for connections."""
        for watching in self._readers.values():
            watching.reader.close()

    def gauges(self) -> dict[str, float]:
        """Values of this moment for the metrics."""
        waiting = sum(len(watching.reader.outbox) for watching in self._readers.values())
        return {"api_stream_readers": len(self._readers), "api_stream_waiting_events": waiting}

    # --- coming and going -----------------------------------------------------------------------------------------

    async def open(
        self, caller: Caller, facilities: Sequence[int], *, since: int | None, last_event_id: str | None
    ) -> Response:
        """A stream for one caller.

        Raises:
            ProblemError: ``TOO_MANY_STREAMS``, or ``NOT_FOUND`` for a facility out of sight.
        """
        self._check_room(caller)
        watched = await run_in_threadpool(self._watched, caller, facilities)
        resume = _resume_id(last_event_id, since)
        reader = Reader(caller=caller, outbox=Outbox(self._settings.stream_backlog))
        async with self._opening:
            if not self._readers:
                self._followed = await run_in_threadpool(self._ports.cases.feed_head)
            self._check_room(caller)
            position = self._followed
            stale_ms = {point.number: int(point.stale_after_s * 1000) for one in watched for point in one.points}
            self._readers[reader] = _Watching(reader=reader, position=position, stale_ms=stale_ms)
            self._watched_points = None
            self._wanted.set()
        if resume is not None and resume != position:
            try:
                await self._catch_up(reader, resume, position)
            except BaseException:
                self._leave(reader)
                raise
        self._metrics.count("api_streams_opened")
        return EventStream(
            reader,
            self._settings,
            still=self._entrance.still,
            followed=lambda: self._followed,
            now_ms=self._ports.clock.now_ms,
            leave=self._leave,
            metrics=self._metrics,
        )

    def _check_room(self, caller: Caller) -> None:
        own = Counter(reader.caller.login.username for reader in self._readers)
        settings = self._settings
        if len(self._readers) >= settings.max_streams or own[caller.login.username] >= settings.max_streams_per_login:
            raise ProblemError(Problems.TOO_MANY_STREAMS, headers={"Retry-After": "10"})

    def _leave(self, reader: Reader) -> None:
        self._readers.pop(reader, None)
        self._watched_points = None
        if not self._readers:
            self._wanted.clear()

    def _watched(self, caller: Caller, facilities: Sequence[int]) -> list[FacilityDetail]:
        found = []
        for number in dict.fromkeys(facilities):
            one = self._ports.registry.facility(number)
            if one is None or not caller.sees(one.facility.community):
                raise ProblemError(Problems.NOT_FOUND)
            found.append(one)
        return found

    async def _catch_up(self, reader: Reader, resume: int, position: int) -> None:
        """Put what happened since ``resume`` into the outbox, or say that it was too much."""
        if resume > position or position - resume > _MOST_RESUMED:
            reader.outbox.reset("too_old" if resume <= position else "unknown_id", position)
            return
        while resume < position:
            seen = await run_in_threadpool(self._lookup.after, resume, _PAGE, reader.caller.horizon)
            for one in seen:
                if one.id <= position:
                    reader.offer(one)
            if len(seen) < _PAGE:
                return
            resume = seen[-1].id

    # --- following ------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        values_due_s = 0.0
        silent = False
        while True:
            await self._wanted.wait()
            try:
                await self._pass_on_changes()
                now_s = self._ports.clock.monotonic_s()
                if now_s >= values_due_s:
                    values_due_s = now_s + self._settings.values_every_s
                    await self._pass_on_values()
                if silent:
                    log.info("live stream goes on")
                silent = False
                pause_s = self._settings.stream_poll_s
            except Unavailable as error:
                if not silent:
                    log.warning("live stream waits", extra={"why": str(error)})
                silent, pause_s = True, _AFTER_FAILURE_S
            except Exception:  # the boundary of this task: logged and counted, readers stay connected
                log.exception("live stream failed; it goes on")
                self._metrics.count("api_stream_failures")
                pause_s = _AFTER_FAILURE_S
            await asyncio.sleep(pause_s)

    async def _pass_on_changes(self) -> None:
        seen = await run_in_threadpool(self._lookup.after, self._followed, _PAGE, None)
        for one in seen:
            self._followed = one.id
            for watching in self._readers.values():
                if one.id > watching.position and watching.reader.caller.sees(one.community):
                    watching.reader.offer(one)

    async def _pass_on_values(self) -> None:
        stale_ms = self._stale_ms()
        if not stale_ms:
            return
        latest = await run_in_threadpool(self._ports.store.latest, np.array(sorted(stale_ms), np.int32))
        fresh = self._values.take(latest, stale_ms, self._ports.clock.now_ms())
        for watching in self._readers.values():
            mine = watching.stale_ms
            if not watching.begun:
                # One who came while the store was being asked may watch points that it was not asked for.
                watching.begun = mine.keys() <= stale_ms.keys()
                offered = self._values.all_of(mine)
            else:
                offered = {point: text for point, text in fresh.items() if point in mine}
            if offered:
                watching.reader.offer_values(offered)

    def _stale_ms(self) -> dict[int, int]:
        """Every point that anybody watches, and how long its readings hold; counted anew when readers change."""
        if self._watched_points is None:
            self._watched_points = {}
            for watching in self._readers.values():
                self._watched_points.update(watching.stale_ms)
        return self._watched_points


def _resume_id(last_event_id: str | None, since: int | None) -> int | None:
    """The id to resume after; the header of a reconnecting browser wins over the address it was opened with."""
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        return int(last_event_id)
    return since
