"""``twingrid registry``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker
from app.usage import Program

MOST_LINES = 1000


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    part = Program(help=speaker.say("cmd.registry"), no_args_is_help=True)
    app.add_typer(part, name="registry")

    @part.command("import", help=speaker.say("cmd.registry.import"))
    def import_(
        source: Path = typer.Argument(help=speaker.say("help.registry.source")),
        dry_run: bool = typer.Option(False, "--dry-run", help=speaker.say("help.registry.dry-run")),
        yes: bool = typer.Option(False, "--yes", "-y", help=speaker.say("help.registry.yes")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.registry_files import import_from

        raise typer.Exit(import_from(speaker, config, source, dry_run=dry_run, yes=yes, as_json=as_json))

    @part.command("export", help=speaker.say("cmd.registry.export"))
    def export(
        to: Path = typer.Option(..., "--to", help=speaker.say("help.registry.to")),
        replace: bool = typer.Option(False, "--replace", help=speaker.say("help.registry.replace")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
    ) -> None:
        from app.registry_files import export_to

        raise typer.Exit(export_to(speaker, config, to, replace=replace))

    @part.command("history", help=speaker.say("cmd.registry.history"))
    def history(
        kind: str = typer.Argument("", help=speaker.say("help.registry.kind")),
        code: str = typer.Argument("", help=speaker.say("help.registry.code")),
        last: int = typer.Option(50, "--last", min=1, max=MOST_LINES, help=speaker.say("help.registry.last")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.registry_files import show_history

        raise typer.Exit(show_history(speaker, config, kind, code, last, as_json=as_json))
