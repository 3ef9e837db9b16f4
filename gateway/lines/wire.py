"""The two ends bytes come out of: a TCP connection (with or without TLS) and a serial port.

A wire tells its line of bytes and of its own end, and is never used again after that: connecting makes a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import termios
from collections.abc import Callable
from typing import Protocol, cast

import serial

from gateway.transport import Parity, SerialTransport, TcpTransport, TlsOptions

_PARITIES = {Parity.NONE: serial.PARITY_NONE, Parity.EVEN: serial.PARITY_EVEN, Parity.ODD: serial.PARITY_ODD}
_CHUNK = 4096


class Listener(Protocol):
    """Who is told what happens on a wire."""

    def received(self, wire: Wire, data: bytes) -> None:
        """Bytes came."""
        ...

    def lost(self, wire: Wire) -> None:
        """The wire is dead; told once, and not after ``close``."""
        ...


class Wire(Protocol):
    """A connection that stands."""

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    def close(self) -> None:
        """Drop it; nothing more is heard of it."""
        ...


class TcpWire(asyncio.Protocol):
    """A TCP connection."""

    def __init__(self, listener: Listener) -> None:
        """Tell ``listener``."""
        self._listener: Listener | None = listener
        self._transport: asyncio.Transport | None = None
        self.write: Callable[[bytes], None] = _nowhere

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        self.write = self._transport.write

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        if self._listener is not None:
            self._listener.received(self, data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Called by asyncio."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.lost(self)

    def close(self) -> None:
        """Drop the connection."""
        self._listener = None
        if self._transport is not None:
            self._transport.abort()


def _nowhere(_data: bytes) -> None:
    """Where bytes go before there is a connection."""


async def connect_tcp(transport: TcpTransport, listener: Listener, timeout_s: float) -> Wire:
    """Open a connection.

    Raises:
        OSError: if nobody answers in time, or the certificate is not to be trusted (``ssl.SSLError`` is one).
    """
    context = tls_context(transport.tls) if transport.tls else None
    name = (transport.tls.server_name or transport.host) if transport.tls else None
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        _, wire = await loop.create_connection(
            lambda: TcpWire(listener), transport.host, transport.port, ssl=context, server_hostname=name
        )
    return wire


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """TLS 1.2 or newer, as Modbus/TCP Security (2018) asks for; the server's certificate and name are verified.

    Raises:
        OSError: if a file cannot be read.
    """
    context = ssl.create_default_context(cafile=options.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.cert_file:
        context.load_cert_chain(options.cert_file, options.key_file or None)
    return context


class SerialWire:
    """A serial port, opened for this process alone, read when the loop says that something is there."""

    def __init__(self, transport: SerialTransport, listener: Listener) -> None:
        """Open the port.

        Raises:
            OSError: if there is none, it is in use, or it cannot do what is asked (``SerialException`` is one).
            ValueError: likewise, as pyserial puts some refusals.
        """
        self._listener: Listener | None = listener
        self._loop = asyncio.get_running_loop()
        self._port = serial.Serial(
            transport.path,
            transport.baud,
            bytesize=transport.data_bits,
            parity=_PARITIES[transport.parity],
            stopbits=transport.stop_bits,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
        self._fd: int = self._port.fileno()
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send; a port that does not take a whole frame at once is dead."""
        try:
            if os.write(self._fd, data) == len(data):
                return
        except OSError:
            pass
        self._loop.call_soon(self._end)

    def close(self) -> None:
        """Close the port; what has not been sent is thrown away, because closing would wait for it."""
        self._listener = None
        self._shut()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()  # unplugged: a port never ends otherwise
        elif self._listener is not None:
            self._listener.received(self, data)

    def _end(self) -> None:
        self._shut()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.lost(self)

    def _shut(self) -> None:
        if not self._port.is_open:
            return
        self._loop.remove_reader(self._fd)
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self._fd, termios.TCIOFLUSH)
        with contextlib.suppress(OSError):
            self._port.close()
