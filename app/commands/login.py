"""``twingrid login``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker
from app.usage import Program


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    part = Program(help=speaker.say("cmd.login"), no_args_is_help=True)
    app.add_typer(part, name="login")

    @part.command("list", help=speaker.say("cmd.login.list"))
    def list_logins(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.logins import show

        raise typer.Exit(show(speaker, config, as_json=as_json))

    @part.command("give", help=speaker.say("cmd.login.give"))
    def give(
        code: str = typer.Argument(help=speaker.say("help.login.code")),
        username: str = typer.Option("", "--username", help=speaker.say("help.login.username")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.logins import give as given

        raise typer.Exit(given(speaker, config, code, username, as_json=as_json))

    @part.command("end", help=speaker.say("cmd.login.end"))
    def end(
        username: str = typer.Argument(help=speaker.say("help.login.ended")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
    ) -> None:
        from app.logins import end as ended

        raise typer.Exit(ended(speaker, config, username))
