"""``twingrid api``."""

from pathlib import Path

import typer

from app.console import Speaker
from app.settings_file import load


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("api", help=speaker.say("cmd.api"))
    def api(config: Path | None = typer.Option(None, help=speaker.say("help.config"))) -> None:
        settings = load(config).settings
        from app import process, wiring_api

        raise typer.Exit(
            process.run("api", lambda stop, ready: wiring_api.run(settings, stop, ready), level=settings.log.level)
        )
