"""Starting the technician's page, alone or beside a running gateway, and what is said while it starts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.version import twingrid_version
from app.console import Speaker
from app.pages import site_root
from core.errors import Unavailable
from core.findings import Sentence
from gateway.local_port import LocalPost, socket_of
from gateway.rollouts import kept_config

if TYPE_CHECKING:
    from app.site_server import SiteOptions
    from gateway.bus import Bus
    from gateway.config import GatewayConfig
    from gateway.drills import DrillPost
    from gateway.service import Guest

NO_PACKAGES = Sentence(
    "缺少页面所需的软件包 {name}；请执行 pip install 'twingrid[site]'",
    "the page needs the package {name}; run pip install 'twingrid[site]'",
)


def options(
    speaker: Speaker, *, folder: Path, host: str, port: int, names: Sequence[str] = (), key_file: Path | None = None
) -> SiteOptions:
    """How the page is served; says so if it was never built.

    Raises:
        Unavailable: if its packages are not installed.
    """
    try:
        from app.site_server import SiteOptions
    except ModuleNotFoundError as error:
        raise Unavailable(NO_PACKAGES(name=error.name or "?")) from None
    pages = site_root()
    if pages is None:
        speaker.note(speaker.say("site.no-page"))
    return SiteOptions(
        folder=folder,
        host=host,
        port=port,
        names=tuple(names),
        pages=pages,
        key_file=key_file,
        program=twingrid_version(),
    )


async def serve_alone(
    speaker: Speaker,
    wanted: SiteOptions,
    stop: asyncio.Event,
    ready: Callable[[], None],
    gateway: Path | None = None,
) -> None:
    """Serve the page until ``stop`` is set; ``gateway`` names the file of the gateway that sends test alarms.

    Raises:
        Unavailable: if its address cannot be had.
    """
    from app import site_server

    def up(address: str) -> None:
        speaker.note(speaker.say("site.page", address=address))
        ready()

    from app.site_shelf import OwnGateway

    config = kept_config(gateway) if gateway is not None else None
    await site_server.run(
        wanted,
        stop,
        up,
        lambda code: speaker.note(speaker.say("site.code", code=code)),
        post=LocalPost(socket_of(config)) if config is not None else None,
        gateway=OwnGateway.of(gateway, config) if gateway is not None and config is not None else None,
    )


def beside(speaker: Speaker, file: Path, host: str, port: int, folder: Path | None) -> Guest:
    """The page as a guest of a running gateway, whose lines it shares.

    Args:
        speaker: says address and codes.
        file: the gateway's.
        host: where it listens.
        port: and at which port.
        folder: of its session; None: beside the spool.
    """

    async def guest(config: GatewayConfig, buses: Sequence[Bus], drills: DrillPost) -> None:
        wanted = options(speaker, folder=folder or config.spool.path.with_name("site"), host=host, port=port)
        from app import site_server
        from app.site_shelf import OwnGateway
        from app.site_work import LiveBus

        node = f"{config.node.group}/{config.node.node}"
        live = [
            LiveBus(id=bus.config.id, gateway=node, transport=bus.config.transport, line=bus.line, pace=bus.gap)
            for bus in buses
        ]
        await site_server.run(
            wanted,
            asyncio.Event(),
            lambda address: speaker.note(speaker.say("site.page", address=address)),
            lambda code: speaker.note(speaker.say("site.code", code=code)),
            live={one.id: one for one in live},
            post=drills,
            gateway=OwnGateway.of(file, config),
        )

    return guest
