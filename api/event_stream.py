"""One live reader's side: sends from its outbox until somebody goes away.

The stream ends when the browser leaves, when the session ends, when the server shuts down, and when the reader has
taken nothing for ``stream_send_timeout_s``. What waits for it in the meantime is bounded by its outbox.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access import Caller
from api.feed_lookup import Seen
from api.metrics import Metrics
from api.outbox import Outbox, ping
from api.settings import ApiSettings
from core.errors import Unavailable

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Reader:
    """Somebody who reads the live stream."""

    caller: Caller
    outbox: Outbox
    closed: bool = False
    _something: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, seen: Seen) -> None:
        """Let a change wait to be sent."""
        self.outbox.change(seen.as_seen_by(self.caller.login.person))
        self._something.set()

    def offer_values(self, values: Mapping[int, str]) -> None:
        """Let newest readings wait to be sent; see ``Outbox.values``."""
        self.outbox.values(values)
        self._something.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self._something.set()

    async def wait(self) -> None:
        """Until something waits to be sent, or the stream is to end."""
        await self._something.wait()
        self._something.clear()


class EventStream(Response):
    """The answer that never ends by itself."""

    media_type = "text/event-stream"

    def __init__(
        self,
        reader: Reader,
        settings: ApiSettings,
        *,
        still: Callable[[Caller], Caller | None],
        followed: Callable[[], int],
        now_ms: Callable[[], int],
        leave: Callable[[Reader], None],
        metrics: Metrics,
    ) -> None:
        """Join one reader with what it needs to know."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._reader = reader
        self._settings = settings
        self._still = still
        self._followed = followed
        self._now_ms = now_ms
        self._leave = leave
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until somebody goes away."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with anyio.create_task_group() as group:
                group.start_soon(self._until_gone, receive, group.cancel_scope)
                await self._pump(send)
                group.cancel_scope.cancel()
        finally:
            self._leave(self._reader)

    async def _until_gone(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _pump(self, send: Send) -> None:
        reader = self._reader
        ping_at_s = anyio.current_time()
        while not reader.closed:
            chunk = reader.outbox.take()
            if anyio.current_time() >= ping_at_s:
                ping_at_s = anyio.current_time() + self._settings.ping_every_s
                if not await self._still_welcome():
                    break
                chunk += reader.outbox.take() + ping(self._now_ms(), self._followed())
            if chunk and not await self._sent(send, chunk):
                return
            if not reader.outbox:
                with anyio.move_on_after(ping_at_s - anyio.current_time()):
                    await reader.wait()
        await self._sent(send, b"", more=False)

    async def _still_welcome(self) -> bool:
        """Look at the session again; while the database does not answer nobody is thrown out."""
        try:
            caller = await run_in_threadpool(self._still, self._reader.caller)
        except Unavailable:
            return True
        if caller is None or caller.login.one_time or "see" not in caller.permissions:
            return False
        self._reader.caller = caller
        return True

    async def _sent(self, send: Send, chunk: bytes, *, more: bool = True) -> bool:
        """Whether the reader took the chunk in time."""
        with anyio.move_on_after(self._settings.stream_send_timeout_s) as waiting:
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
        if waiting.cancelled_caught:
            log.info("slow reader of the live stream is let go")
            self._metrics.count("api_stream_slow_readers")
            return False
        return True
