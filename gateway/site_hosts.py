"""Looking for Modbus servers among hosts: one connection at a time, one read each, and nothing else."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.clock import SystemClock
from core.errors import Unavailable
from gateway.lines import open_line
from gateway.lines.base import Answer, Line, Stamp
from gateway.site_bus import SiteBus
from gateway.site_survey.scan import PROBE
from gateway.site_survey.state import BusAddress
from gateway.transport import Framing, Transport

MOST_TARGETS: Final = 1024
PROBED_UNITS: Final = (1, 255)
"""Behind a bridge unit 1 is the likeliest; many devices of their own answer to 255."""


@dataclass(frozen=True, slots=True)
class HostFound:
    """A host that accepted a connection, and whether anything there answered a read, with which framing."""

    host: str
    port: int
    answers: bool
    framing: Framing = Framing.TCP


def targets(texts: Sequence[str], ports: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Hosts and ports from names, addresses, networks (``10.0.0.0/28``) and ``host:port``.

    Raises:
        ValueError: with the text that is none, or if there are too many.
    """
    found: dict[tuple[str, int], None] = {}
    for text in texts:
        host, colon, port = text.rpartition(":")
        own = colon and port.isdecimal() and 0 < int(port) < 65536 and host.count(":") == 0
        names = _hosts(host if own else text)
        for name in names:
            found |= dict.fromkeys((name, number) for number in ([int(port)] if own else ports))
        if len(found) > MOST_TARGETS:
            raise ValueError(text)
    return tuple(found)


def _hosts(text: str) -> list[str]:
    if "/" not in text:
        if not text or any(sign.isspace() for sign in text):
            raise ValueError(repr(text))
        return [text]
    network = ipaddress.ip_network(text, strict=False)
    if network.num_addresses > MOST_TARGETS + 2:
        raise ValueError(text)
    return [str(address) for address in network.hosts()]


async def find_hosts(
    wanted: Sequence[tuple[str, int]],
    *,
    timeout_s: float = 0.5,
    pause_s: float = 0.02,
    on_host: Callable[[int, HostFound | None], None] | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> tuple[HostFound, ...]:
    """Try hosts one after the other; Modbus TCP is tried before RTU over TCP.

    Args:
        wanted: hosts and ports.
        timeout_s: for each connection and each read.
        pause_s: between two hosts.
        on_host: told after each host how many were tried.
        sleep: how it waits.

    Returns:
        Those that accepted a connection.
    """
    found = []
    for number, (host, port) in enumerate(wanted, 1):
        one = await _try(host, port, timeout_s)
        if one is not None:
            found.append(one)
        if on_host is not None:
            on_host(number, one)
        await sleep(pause_s)
    return tuple(found)


async def _try(host: str, port: int, timeout_s: float) -> HostFound | None:
    def opener(transport: Transport, stamp: Stamp) -> Line:
        return open_line(transport, stamp, connect_timeout_s=timeout_s)

    for framing in (Framing.TCP, Framing.RTU):
        bus = SiteBus(BusAddress(host=host, port=port, framing=framing), SystemClock(), opener=opener, least_pause_s=0)
        try:
            for unit in PROBED_UNITS:
                outcome = await bus.ask(unit, *PROBE, timeout_s)
                # Also a bridge that says there is no such unit is a Modbus server.
                if isinstance(outcome, Answer) or outcome.exception:
                    return HostFound(host, port, True, framing)
        except Unavailable:
            return None
        finally:
            bus.close()
    return HostFound(host, port, False)
