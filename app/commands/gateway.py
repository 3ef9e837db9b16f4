"""``twingrid gateway``."""

from pathlib import Path

import typer

from app.console import Speaker


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("gateway", help=speaker.say("cmd.gateway"))
    def gateway(
        config: Path = typer.Option(..., help=speaker.say("help.gateway-file")),
        log_level: str = typer.Option("info", "--log-level"),
    ) -> None:
        from app import edge

        raise typer.Exit(edge.run(config, log_level))
