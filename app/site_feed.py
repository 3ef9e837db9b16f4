"""The live stream of the technician's page: newest state, progress and frames, as server-sent events.

Each reader gets the newest of what changed, never a backlog: states replace one another, frames are bounded by what the
bus's ledger keeps. Changes within a tenth of a second travel together.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from pydantic import BaseModel

PING_S: Final = 15.0
TOGETHER_S: Final = 0.1


class Feed:
    """Wakes the readers; may be called from any thread of this process."""

    def __init__(self) -> None:
        """Nobody reads yet."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers: set[asyncio.Event] = set()
        self._closed = False

    def changed(self) -> None:
        """Something changed."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for reader in self._readers:
            reader.set()

    async def read(self, news: Callable[[], list[tuple[str, BaseModel]]]) -> AsyncIterator[bytes]:
        """One reader's stream.

        Args:
            news: what this reader does not have yet, as names and values of events; asked after each change.
        """
        self._loop = asyncio.get_running_loop()
        something = asyncio.Event()
        something.set()
        self._readers.add(something)
        try:
            while not self._closed:
                try:
                    await asyncio.wait_for(something.wait(), PING_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                something.clear()
                for name, value in news():
                    yield b"event: %s\ndata: %s\n\n" % (name.encode(), value.model_dump_json().encode())
                await asyncio.sleep(TOGETHER_S)
        finally:
            self._readers.discard(something)
