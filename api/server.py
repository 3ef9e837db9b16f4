"""Runs the application under uvicorn with the settings it needs.

Forwarded headers are believed only from proxies that are named, because the login throttle counts by address. At
shutdown live readers are let go first, since a server that waits for them would wait for ever. A peer that takes
nothing any more is dropped by the kernel (``TCP_USER_TIMEOUT``), also while something is still in its send buffer. What
the kernel holds unsent is bounded (``TCP_NOTSENT_LOWAT``), so that one who reads nothing is noticed soon, not after
megabytes; what is under way is not, so that distant readers are as fast as before.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from fastapi import FastAPI

from api.services import Services

_PEER_TIMEOUT_MS = 30_000
_MOST_UNSENT = 64 * 1024
_DRAIN_S = 2
_BACKLOG = 256


class Server(uvicorn.Server):
    """A uvicorn server that lets live readers go when it shuts down and leaves signals to the frame of the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Prepare; ``listening`` is set when requests are answered."""
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the live streams, then wait for what is still being answered."""
        app = self.config.loaded_app
        while app is not None and not isinstance(app, FastAPI):
            app = getattr(app, "app", None)
        if isinstance(app, FastAPI):
            services: Services = app.state.services
            services.live.close()
        await super().shutdown(sockets)


def server(app: FastAPI, *, trusted_proxies: Sequence[str] = ()) -> Server:
    """A server for ``app``; give it the socket of ``listen`` with ``await server.serve(sockets=[…])``.

    Args:
        app: of ``create_app``.
        trusted_proxies: addresses whose ``X-Forwarded-For`` and ``-Proto`` are believed.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=_DRAIN_S,
        timeout_keep_alive=30,
        lifespan="on",
        http="h11",
        ws="none",
        h11_max_incomplete_event_size=32 * 1024,
    )
    return Server(config)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OSError: if the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio switches Nagle's algorithm off only where it is, and with it every answer in
    # two writes waits 40 ms for a delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _PEER_TIMEOUT_MS)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.set_inheritable(True)
    except OSError:
        listener.close()
        raise
    return listener
