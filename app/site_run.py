"""What ``site`` and ``modbus`` have in common: reading what was typed, opening a session, running a step."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import typer

from app.console import Speaker
from app.unit_ids import unit_ids as parsed
from gateway.site_session import SiteSession
from gateway.site_survey.scan import Setting
from gateway.site_survey.state import BusAddress, place_of, plain
from gateway.transport import Framing

DEFAULT_FOLDER: Final = Path("site")
_T = TypeVar("_T")


def bus_address(
    speaker: Speaker, host: str, port: int, framing: str, serial: str, bus_id: str, node: str
) -> BusAddress | None:
    """The bus that was named; None if none was.

    Raises:
        typer.BadParameter: if the framing is none.
    """
    if not host and not serial:
        return None
    try:
        frames = Framing(framing or ("rtu" if serial else "tcp"))
    except ValueError:
        raise typer.BadParameter(speaker.say("modbus.usage.mode")) from None
    return BusAddress(id=bus_id, host=host, port=port, framing=frames, serial=serial, gateway=node)


def open_session(folder: Path, bus: BusAddress | None = None, pause_ms: float = 20.0) -> SiteSession:
    """The session in a folder, or a new one of this bus.

    Raises:
        Refused: if there is none and no bus was named, or it is another bus's.
        Unavailable: if it cannot be written.
    """
    return SiteSession(folder, bus, least_pause_s=pause_ms / 1000)


def run(session: SiteSession, step: Callable[[], Coroutine[Any, Any, _T]]) -> tuple[_T, bool]:
    """Run one step; Ctrl-C ends it after the question that is out.

    Returns:
        What the step gave, and whether it was stopped.
    """

    async def work() -> tuple[_T, bool]:
        try:
            with interrupted(session.stop) as stopped:
                return await step(), bool(stopped)
        finally:
            await session.close()

    return asyncio.run(work())


@contextlib.contextmanager
def interrupted(stop: Callable[[], None]) -> Iterator[list[bool]]:
    """Let Ctrl-C call ``stop``; the list has an entry for each time."""
    loop = asyncio.get_running_loop()
    times: list[bool] = []

    def heard() -> None:
        times.append(True)
        stop()

    loop.add_signal_handler(signal.SIGINT, heard)
    try:
        yield times
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def unit_ids(speaker: Speaker, text: str) -> tuple[int, ...]:
    """Unit ids from ``1-32,40`` or ``1:5``; empty for an empty text.

    Raises:
        typer.BadParameter: if it is none.
    """
    try:
        return parsed(text)
    except ValueError:
        raise typer.BadParameter(speaker.say("site.usage.units", text=repr(text))) from None


def settings(speaker: Speaker, texts: Sequence[str]) -> tuple[Setting, ...]:
    """Settings from ``9600-8N1``.

    Raises:
        typer.BadParameter: if one is none.
    """
    found = []
    for text in texts:
        try:
            found.append(Setting.of(text))
        except ValueError:
            raise typer.BadParameter(speaker.say("site.usage.setting", text=repr(text))) from None
    return tuple(found)


def pairs(speaker: Speaker, texts: Sequence[str]) -> dict[str, str]:
    """What was typed as ``quantity=value``.

    Raises:
        typer.BadParameter: if one lacks its sign.
    """
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise typer.BadParameter(speaker.say("site.usage.pair", text=repr(text)))
        found[name.strip()] = value.strip()
    return found


def place(speaker: Speaker, text: str) -> tuple[int, int]:
    """Function and address from ``4:12`` (or ``4:0x0C``).

    Raises:
        typer.BadParameter: if it is none.
    """
    match = re.fullmatch(r"(?:([34]):)?(0[xX][0-9a-fA-F]{1,4}|\d{1,5})", text)
    if match is None:
        raise typer.BadParameter(speaker.say("site.usage.place", text=repr(text)))
    return place_of(f"{match[1] or 3}:{int(match[2], 0)}")


def show_json(speaker: Speaker, value: object) -> None:
    """A result for programs."""
    speaker.json(plain(value))
