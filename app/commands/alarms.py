"""``twingrid alarms``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker

LONGEST_D = 366


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    part = typer.Typer(help=speaker.say("cmd.alarms"), no_args_is_help=True)
    app.add_typer(part, name="alarms")

    @part.callback()
    def group() -> None:
        """Keep ``report`` a command of its own, also while it is the only one."""

    @part.command("report", help=speaker.say("cmd.alarms.report"))
    def report(
        days: int = typer.Option(30, "--days", min=1, max=LONGEST_D, help=speaker.say("help.report-days")),
        community: str = typer.Option("", "--community", help=speaker.say("help.report-community")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.performance_view import show

        raise typer.Exit(show(speaker, config, days, community, as_json=as_json))
