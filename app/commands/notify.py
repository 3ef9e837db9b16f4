"""``twingrid notify``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker
from app.usage import Program


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    part = Program(help=speaker.say("cmd.notify"), no_args_is_help=True)
    app.add_typer(part, name="notify")

    @part.command("list", help=speaker.say("cmd.notify.list"))
    def list_channels(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.notification_view import show

        show(speaker, config, as_json=as_json)

    @part.command("test", help=speaker.say("cmd.notify.test"))
    def test(
        channel: str = typer.Argument(..., help=speaker.say("help.notify-channel")),
        to: str = typer.Option("", "--to", help=speaker.say("help.notify-to")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.notification_view import test as sent

        raise typer.Exit(sent(speaker, config, channel, to, as_json=as_json))
