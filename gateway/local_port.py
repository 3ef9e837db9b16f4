"""The running gateway's own door on its machine: a socket file through which a site command asks for test alarms.

One line of JSON a question, one line an answer; only the user of the gateway may open it. Whoever has the page served
by the gateway itself needs no door. What cannot be read ends the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from core.errors import Unavailable
from gateway.config import GatewayConfig
from gateway.drills import DrillPost
from gateway.site_survey.drill import NO_GATEWAY, DrillState

log = logging.getLogger(__name__)

MOST_BYTES: Final = 64 * 1024
MOST_WAIT_S: Final = 60.0
_ANSWER_S: Final = 10.0
_MOST_NAME: Final = 100
"""The system takes 107 bytes for the name of a socket; longer ones are reached through their open folder."""


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question: send this call, or wait until it stands otherwise."""

    state: DrillState
    wait_s: float = 0.0
    look: bool = False


def socket_of(config: GatewayConfig) -> Path:
    """Where the gateway of this configuration is asked: beside its spool."""
    return config.spool.path.with_name(f"{config.node.node}.sock")


async def serve(drills: DrillPost, path: Path) -> None:
    """Answer until cancelled; a place that cannot be had costs the site commands, not the gateway."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _conversation(drills, reader, writer)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            log.info("a site command was not understood", extra={"why": str(error)})
        finally:
            writer.close()

    try:
        with _short(path) as place:
            before = os.umask(0o077)
            try:
                server = await asyncio.start_unix_server(talk, place, limit=MOST_BYTES)
            finally:
                os.umask(before)
    except OSError as error:
        log.warning("site commands cannot reach this gateway", extra={"socket": str(path), "why": str(error)})
        await asyncio.Event().wait()
        return
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        _remove(path)


async def _conversation(drills: DrillPost, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        ask = msgspec.json.decode(line, type=Ask)
        if ask.look:
            found = await drills.look(ask.state, min(ask.wait_s, MOST_WAIT_S))
        else:
            found = await drills.call(ask.state)
        writer.write(msgspec.json.encode(found) + b"\n")
        await writer.drain()


class LocalPost:
    """The running gateway as a site command sees it: ``gateway.drills.DrillPost`` through its door."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet."""
        self._path = path

    async def call(self, state: DrillState) -> DrillState:
        """Send a call.

        Raises:
            Unavailable: if the gateway does not run.
        """
        return await self._ask(Ask(state=state), _ANSWER_S)

    async def look(self, state: DrillState, wait_s: float) -> DrillState:
        """How a call stands, once it differs.

        Raises:
            Unavailable: if the gateway does not run.
        """
        wait_s = min(wait_s, MOST_WAIT_S)
        return await self._ask(Ask(state=state, wait_s=wait_s, look=True), wait_s + _ANSWER_S)

    async def _ask(self, ask: Ask, patience_s: float) -> DrillState:
        try:
            async with asyncio.timeout(patience_s):
                with _short(self._path) as place:
                    reader, writer = await asyncio.open_unix_connection(place, limit=MOST_BYTES)
                with contextlib.closing(writer):
                    writer.write(msgspec.json.encode(ask) + b"\n")
                    return msgspec.json.decode(await reader.readline(), type=DrillState)
        except (OSError, TimeoutError, ValueError, msgspec.MsgspecError):
            raise Unavailable(NO_GATEWAY()) from None


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """The path, as short as a socket's name must be."""
    if len(os.fsencode(path)) <= _MOST_NAME:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
