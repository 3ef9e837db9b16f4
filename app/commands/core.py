"""``twingrid core``."""

from pathlib import Path

import typer

from app.console import Speaker
from app.settings_file import load


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("core", help=speaker.say("cmd.core"))
    def core(config: Path | None = typer.Option(None, help=speaker.say("help.config"))) -> None:
        settings = load(config).settings
        from app import process, wiring_core

        raise typer.Exit(
            process.run("core", lambda stop, ready: wiring_core.run(settings, stop, ready), level=settings.log.level)
        )
