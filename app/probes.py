"""How the supervisor learns that a process is ready, and that a port is free."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import psutil

from app import findings as kinds
from core.findings import Finding, Said
from core.foreign import plain, system_problem, translated

_PATIENCE_S = 1.0


class Probe(Protocol):
    """Asks a process whether it is ready."""

    async def __call__(self, output: Sequence[str]) -> bool:
        """Whether it is ready; ``output`` holds the lines it has printed so far (the newest ones)."""
        ...


@dataclass(frozen=True, slots=True)
class LineProbe:
    """Ready when it prints a line that begins so; what our own processes do."""

    prefix: str = "ready"

    async def __call__(self, output: Sequence[str]) -> bool:
        """Look at the lines."""
        return any(line.startswith(self.prefix) for line in output)


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """Ready when the port accepts a connection."""

    host: str
    port: int

    async def __call__(self, output: Sequence[str]) -> bool:
        """Try to connect."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                _, writer = await asyncio.open_connection(self.host, self.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Ready when GET answers 200."""

    host: str
    port: int
    path: str

    async def __call__(self, output: Sequence[str]) -> bool:
        """Ask, and read the status line."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection(self.host, self.port)
                writer.write(f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
        except (OSError, TimeoutError):
            return False
        writer.close()
        return b" 200 " in status


@dataclass(frozen=True, kw_only=True, slots=True)
class PortUse:
    """A port that somebody of ours is going to listen on.

    Attributes:
        host, port: where.
        what: for whom, in words for people.
        change: how to choose another one.
    """

    host: str
    port: int
    what: Said | str
    change: Said | str


def busy_ports(uses: Sequence[PortUse]) -> list[Finding]:
    """One finding for each port that cannot be listened on now."""
    return [finding for use in uses if (finding := _busy(use))]


def _busy(use: PortUse) -> Finding | None:
    try:
        family, _, _, _, address = socket.getaddrinfo(use.host, use.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        values = {"port": use.port, "user": use.what, "change": use.change}
        if error.errno == errno.EADDRINUSE:
            return kinds.BUSY_PORT.at(owners=_by_whom(use.port), **values)
        return kinds.CLOSED_PORT.at(host=use.host, problem=system_problem(error), **values)
    return None


def _by_whom(port: int) -> Said:
    try:
        connections = psutil.net_connections(kind="tcp")
        owners = {c.pid for c in connections if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN}
        names = sorted((psutil.Process(pid).name(), pid) for pid in owners if pid)
    except (psutil.Error, OSError):  # without the right to look, the port alone must do
        return plain("")
    programs = [kinds.PROGRAM(program=name, process=pid) for name, pid in names]
    chinese, english = ("; ".join(one.in_language(language) for one in programs) for language in ("zh", "en"))
    return kinds.OWNED_BY(programs=translated(chinese, english)) if programs else plain("")
