"""``twingrid exchange``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    part = typer.Typer(help=speaker.say("cmd.exchange"), no_args_is_help=True)
    app.add_typer(part, name="exchange")

    @part.command("import", help=speaker.say("cmd.exchange.import"))
    def import_(
        file: Path = typer.Argument(help=speaker.say("help.exchange.file")),
        partner: str = typer.Option("", "--partner", help=speaker.say("help.exchange.partner")),
        dry_run: bool = typer.Option(False, "--dry-run", help=speaker.say("help.exchange.dry-run")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.exchange_files import import_from

        raise typer.Exit(import_from(speaker, config, partner, file, dry_run=dry_run, as_json=as_json))

    @part.command("export", help=speaker.say("cmd.exchange.export"))
    def export(
        to: Path = typer.Option(..., "--to", help=speaker.say("help.exchange.to")),
        partner: str = typer.Option("", "--partner", help=speaker.say("help.exchange.partner")),
        from_: str = typer.Option("", "--from", help=speaker.say("help.exchange.from")),
        until: str = typer.Option("", "--until", help=speaker.say("help.exchange.until")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
    ) -> None:
        from app.exchange_files import export_to

        raise typer.Exit(export_to(speaker, config, partner, to, from_, until))

    @part.command("show", help=speaker.say("cmd.exchange.show"))
    def show(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.exchange_files import show as shown

        raise typer.Exit(shown(speaker, config, as_json=as_json))
