"""The technician's page: one page and a small local HTTP interface over one commissioning session.

Served by the gateway or by ``twingrid site serve``; needs no server and no network beyond the plant room. It listens on
loopback, or, with a one-time code, where a phone can reach it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from app import site_findings as say
from app.site_gate import API, App, Entrance, SiteGate
from app.site_models import SiteProblem
from app.site_problems import SiteError, answer
from app.site_profile_routes import profile_routes
from app.site_routes import entry_routes, session_routes, unit_routes
from app.site_sheet_routes import sheet_routes
from app.site_shelf import OwnGateway, SiteShelf
from app.site_work import PAUSE_S, LiveBus, SiteWork
from core.clock import Clock, SystemClock
from core.errors import TwingridError, Unavailable
from core.findings import Kind, Sentence
from core.foreign import system_problem
from gateway.drills import DrillPost
from gateway.profile import Profile
from gateway.profile_file import shipped
from gateway.site_ports import serial_ports

log = logging.getLogger(__name__)

DEFAULT_PORT: Final = 8502
LOOPBACK: Final = "127.0.0.1"
_DRAIN_S: Final = 2
NO_ADDRESS: Final = Sentence(
    "{host}:{port} 无法监听：{why}；请换一个端口或地址", "{host}:{port} cannot be had: {why}; choose another port"
)
_BY_STATUS: Final[Mapping[int, Kind]] = {400: say.MALFORMED, 404: say.NOT_FOUND, 405: say.NOT_FOUND}


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteOptions:
    """How the page is served.

    Attributes:
        folder: of the session.
        host, port: where it listens; port 0 takes a free one.
        names: host names by which it may be called besides loopback and literal addresses.
        pages: folder of the built page; None: only the interface.
        key_file: key that signs records; None: one in the session's folder.
        program: version, for the page and the record.
        pause_s: least silence before each question.
    """

    folder: Path
    host: str = LOOPBACK
    port: int = DEFAULT_PORT
    names: Collection[str] = ()
    pages: Path | None = None
    key_file: Path | None = None
    program: str = ""
    pause_s: float = PAUSE_S

    @property
    def open_to_others(self) -> bool:
        """Whether anybody but this machine can reach it."""
        return self.host not in ("127.0.0.1", "::1", "localhost")


def create_app(work: SiteWork, entrance: Entrance, options: SiteOptions, shelf: SiteShelf) -> FastAPI:
    """The application, without its gate."""
    app = FastAPI(
        title="Twingrid: commissioning on site",
        description="The local interface of the technician's page.",
        version=options.program,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": SiteProblem, "description": "why it was not done (application/problem+json)"}},
    )
    app.state.work = work
    app.include_router(entry_routes(entrance))
    app.include_router(session_routes(work, serial_ports, options.key_file, options.program))
    app.include_router(unit_routes(work))
    app.include_router(sheet_routes(work))
    app.include_router(profile_routes(work, shelf))
    for kind in (TwingridError, SiteError, RequestValidationError):
        app.add_exception_handler(kind, _failed)
    for status in _BY_STATUS:
        app.add_exception_handler(status, _of_framework)
    if options.pages is not None:
        _serve_pages(app, options.pages)
    return app


def guarded(app: App, entrance: Entrance, options: SiteOptions) -> SiteGate:
    """The application behind its gate."""
    names = {*options.names, socket.gethostname(), f"{socket.gethostname()}.local"} if options.open_to_others else ()
    return SiteGate(app, names=names, entrance=entrance, failed=_unforeseen)


def _unforeseen(error: Exception) -> None:
    log.error("request failed", exc_info=error)


async def _failed(request: Request, error: Exception) -> JSONResponse:
    return answer(request, error)


async def _of_framework(request: Request, error: Exception) -> JSONResponse:
    return answer(request, SiteError(_BY_STATUS[int(getattr(error, "status_code", 404))]))


def _serve_pages(app: FastAPI, pages: Path) -> None:
    app.mount("/assets", StaticFiles(directory=pages / "assets"))

    @app.get("/", include_in_schema=False)
    async def index() -> FileResponse:
        return FileResponse(pages / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/favicon.svg", include_in_schema=False)
    async def icon() -> FileResponse:
        return FileResponse(pages / "favicon.svg")


class _Server(uvicorn.Server):
    """Leaves signals to the frame of the process, and lets live readers go at the end."""

    def __init__(self, config: uvicorn.Config, work: SiteWork) -> None:
        super().__init__(config)
        self._work = work

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._work.feed.close()
        await super().shutdown(sockets)


async def run(
    options: SiteOptions,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    announce: Callable[[str], None],
    *,
    live: Mapping[str, LiveBus] | None = None,
    profiles: Mapping[str, Profile] | None = None,
    clock: Clock | None = None,
    post: DrillPost | None = None,
    gateway: OwnGateway | None = None,
) -> None:
    """Serve until ``stop`` is set.

    Args:
        options: how.
        stop: ends it.
        ready: told of the page's address once it answers.
        announce: told of every access code; not called on loopback.
        live: buses that this process polls, by id.
        profiles: by key; None: those that the gateway knows, or that are shipped.
        clock: None: the machine's.
        post: takes test alarms to the server; None: there is no gateway that could.
        gateway: keeps profiles of its own; None: there is none.

    Raises:
        Unavailable: if the address cannot be had.
        Refused: if the folder holds something that is no session.
    """
    listener = listen(options.host, options.port)
    port = int(listener.getsockname()[1])
    known = await asyncio.to_thread(gateway.profiles) if gateway is not None else shipped()
    clock = clock or SystemClock()
    work = SiteWork(
        options.folder,
        profiles=profiles if profiles is not None else known,
        clock=clock,
        program=options.program,
        live=live,
        pause_s=options.pause_s,
        post=post,
    )
    work.drills.resume(work.all_drills())
    entrance = Entrance(options.open_to_others, announce)
    app = guarded(create_app(work, entrance, options, SiteShelf(work, gateway, clock)), entrance, options)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
        lifespan="off",
        http="h11",
        ws="none",
    )
    server = _Server(config, work)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="site-page")
    stopping = asyncio.create_task(stop.wait(), name="site-page-stop")
    try:
        ready(f"http://{_shown(options.host)}:{port}")
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await asyncio.gather(serving, stopping, return_exceptions=True)
        await work.close()
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        Unavailable: if the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio switches Nagle's algorithm off.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise Unavailable(NO_ADDRESS(host=host, port=port, why=system_problem(error))) from None
    return listener


def _shown(host: str) -> str:
    """An address that a browser can open."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - only compared, to be shown by the machine's name
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
