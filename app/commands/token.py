"""``twingrid token``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker
from app.usage import Program


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    part = Program(help=speaker.say("cmd.token"), no_args_is_help=True)
    app.add_typer(part, name="token")

    @part.command("create", help=speaker.say("cmd.token.create"))
    def create(
        username: str = typer.Argument(help=speaker.say("help.token.username")),
        name: str = typer.Option(..., "--name", help=speaker.say("help.token.name")),
        scope: list[str] = typer.Option(..., "--scope", help=speaker.say("help.token.scope")),
        days: int = typer.Option(90, "--days", min=1, max=366, help=speaker.say("help.token.days")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.tokens import create as make

        raise typer.Exit(make(speaker, config, username, name, scope, days, as_json=as_json))

    @part.command("list", help=speaker.say("cmd.token.list"))
    def list_tokens(
        username: str = typer.Option("", "--of", help=speaker.say("help.token.of")),
        every: bool = typer.Option(False, "--all", help=speaker.say("help.token.all")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.tokens import show

        raise typer.Exit(show(speaker, config, username, every=every, as_json=as_json))

    @part.command("scopes", help=speaker.say("cmd.token.scopes"))
    def scopes(as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json"))) -> None:
        from app.tokens import scopes as show_scopes

        raise typer.Exit(show_scopes(speaker, as_json=as_json))

    @part.command("end", help=speaker.say("cmd.token.end"))
    def end(
        number: int = typer.Argument(min=0, help=speaker.say("help.token.number")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.tokens import end as ended

        raise typer.Exit(ended(speaker, config, number, as_json=as_json))
