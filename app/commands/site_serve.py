"""``twingrid site serve``: the technician's page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from app.console import Speaker


def register(group: typer.Typer, speaker: Speaker) -> None:
    """Add the command to the group ``site``."""

    @group.command("serve", help=speaker.say("cmd.site.serve"))
    def serve(
        session: Path = typer.Option(
            Path("site"), "--session", "-s", envvar="TWINGRID_SITE", help=speaker.say("help.session")
        ),
        port: int = typer.Option(8502, min=0, max=65535, help=speaker.say("help.site-port")),
        host: str = typer.Option("127.0.0.1", help=speaker.say("help.site-host")),
        host_name: list[str] = typer.Option([], help=speaker.say("help.host-name")),
        key: Path | None = typer.Option(None, help=speaker.say("help.key")),
        pause: float = typer.Option(20.0, min=0, max=10_000, help=speaker.say("help.pause")),
        gateway: Path | None = typer.Option(None, envvar="TWINGRID_GATEWAY", help=speaker.say("help.drill-gateway")),
        log_level: str = typer.Option("warning", "--log-level"),
    ) -> None:
        from app import process
        from app.site_launch import options, serve_alone

        wanted = options(speaker, folder=session, host=host, port=port, names=host_name, key_file=key)
        wanted = replace(wanted, pause_s=pause / 1000)
        code = process.run(
            "site", lambda stop, ready: serve_alone(speaker, wanted, stop, ready, gateway), level=log_level
        )
        raise typer.Exit(code)
