"""Where a master plugs in: a pseudo-terminal, a serial device, or a TCP port of a transparent serial server.

A port hands over bytes as they come and writes bytes as it is told; it knows no frames. Several may be open on one bus:
then all hear everything, as adapters on one wire do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from firmware_sim.serial_bus.wire import LineSettings, Parity

logger = logging.getLogger(__name__)

_READ_BYTES: Final = 4096
_INPUT_FLAGS, _OUTPUT_FLAGS, _CONTROL, _LOCAL, _IN_SPEED, _OUT_SPEED = range(6)

BytesArrive = Callable[[bytes, bool], None]
"""Called with bytes, and whether they were sent at the line's speed."""


def speed_constant(baud: int) -> int | None:
    """The terminal interface's constant for a speed; None: it has none."""
    value: int | None = getattr(termios, f"B{baud}", None)
    return value


class Port(Protocol):
    """A way onto the bus."""

    @property
    def address(self) -> str:
        """What a client opens: a path, or host:port."""
        ...

    async def open(self, arrive: BytesArrive) -> None:
        """Begins; bytes are handed to `arrive`.

        Raises:
            OSError: it cannot be opened.
        """
        ...

    def write(self, data: bytes) -> None:
        """Sends bytes to whoever is there; what nobody takes is lost, as on a wire."""
        ...

    async def close(self) -> None:
        """Ends it."""
        ...


class _Terminal:
    """A file descriptor that asyncio reads and that is written without waiting."""

    def __init__(self) -> None:
        self._fd = -1
        self._arrive: BytesArrive | None = None
        self.dropped = 0

    def _attach(self, fd: int, arrive: BytesArrive) -> None:
        os.set_blocking(fd, False)
        self._fd, self._arrive = fd, arrive
        asyncio.get_running_loop().add_reader(fd, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:  # the other end was taken away: nothing will come any more
            logger.warning("serial port lost", extra={"error": str(error)})
            asyncio.get_running_loop().remove_reader(self._fd)
            return
        if data and self._arrive is not None:
            self._arrive(data, self._speed_fits())

    def _speed_fits(self) -> bool:
        return True

    def write(self, data: bytes) -> None:
        """Sends bytes; what the other end has no room for is lost, as in an overrun."""
        try:
            written = os.write(self._fd, data)
        except OSError:
            written = 0
        self.dropped += len(data) - written

    def _detach(self) -> None:
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


class PtyPort(_Terminal):
    """A pseudo-terminal that a client opens like a serial device.

    A client that has set another speed than the line's is heard as noise. Parity cannot be checked: a Linux
    pseudo-terminal does not keep it.

    Args:
        settings: the line's speed; None: any speed is right.
        link: symbolic link to the pseudo-terminal, replaced if there is one, removed at the end.
    """

    def __init__(self, settings: LineSettings | None = None, link: Path | None = None) -> None:
        super().__init__()
        self._speed = speed_constant(settings.baud) if settings is not None else None
        self._link = link
        self._far_end = -1
        self._path = ""

    @property
    def address(self) -> str:
        """Path of the terminal, or of the link to it."""
        return str(self._link) if self._link is not None else self._path

    async def open(self, arrive: BytesArrive) -> None:
        """Makes the terminal. Its far end stays open, so that clients may come and go."""
        near, self._far_end = os.openpty()
        tty.setraw(self._far_end)
        self._path = os.ttyname(self._far_end)
        if self._link is not None:
            if self._link.is_symlink():
                self._link.unlink()
            self._link.symlink_to(self._path)
        self._attach(near, arrive)

    def _speed_fits(self) -> bool:
        return self._speed is None or bool(termios.tcgetattr(self._fd)[_OUT_SPEED] == self._speed)

    async def close(self) -> None:
        """Takes the terminal away."""
        self._detach()
        if self._far_end >= 0:
            os.close(self._far_end)
            self._far_end = -1
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()


class DevicePort(_Terminal):
    """A serial device that exists: an adapter, or one end of a pair.

    Args:
        path: as `/dev/ttyUSB0`.
        settings: set on opening.
    """

    def __init__(self, path: Path, settings: LineSettings) -> None:
        super().__init__()
        self._path = path
        self._settings = settings

    @property
    def address(self) -> str:
        """Path of the device."""
        return str(self._path)

    async def open(self, arrive: BytesArrive) -> None:
        """Opens and sets it.

        Raises:
            OSError: it is not there, not a terminal, or may not be opened.
        """
        fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            _set(fd, self._settings)
        except (OSError, termios.error) as error:
            os.close(fd)
            raise OSError(f"{self._path}: not a serial device that takes {self._settings.text}: {error}") from None
        self._attach(fd, arrive)

    async def close(self) -> None:
        """Closes it."""
        self._detach()


def _set(fd: int, settings: LineSettings) -> None:
    speed = speed_constant(settings.baud)
    if speed is None:
        raise OSError(f"no terminal knows {settings.baud} baud")
    tty.setraw(fd)
    state = termios.tcgetattr(fd)
    control = state[_CONTROL] & ~(termios.CSIZE | termios.PARENB | termios.PARODD | termios.CSTOPB | termios.CRTSCTS)
    control |= (termios.CS8 if settings.data_bits == 8 else termios.CS7) | termios.CLOCAL | termios.CREAD
    control |= termios.CSTOPB if settings.stop_bits == 2 else 0
    control |= termios.PARENB if settings.parity is not Parity.NONE else 0
    control |= termios.PARODD if settings.parity is Parity.ODD else 0
    state[_CONTROL], state[_IN_SPEED], state[_OUT_SPEED] = control, speed, speed
    termios.tcsetattr(fd, termios.TCSANOW, state)


class TcpPort:
    """A transparent serial server: what any connection sends goes on the wire, what the wire says goes to all.

    Args:
        port, host: where to listen.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._arrive: BytesArrive | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self._host}:{self._port}"

    async def open(self, arrive: BytesArrive) -> None:
        """Listens.

        Raises:
            OSError: the port is in use.
        """
        self._arrive = arrive
        self._server = await asyncio.start_server(self._connected, self._host, self._port, backlog=64)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while data := await reader.read(_READ_BYTES):
                if self._arrive is not None:
                    self._arrive(data, True)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the peer went away, or the port closes: both end this connection and nothing else
        finally:
            del self._connections[task]
            writer.close()

    def write(self, data: bytes) -> None:
        """Sends bytes to every connection."""
        for writer in self._connections.values():
            writer.write(data)

    async def close(self) -> None:
        """Closes every connection and the port."""
        if self._server is None:
            return
        self._server.close()
        for task, writer in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()
        if self._connections:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(list(self._connections))
        await self._server.wait_closed()
        self._server = None
