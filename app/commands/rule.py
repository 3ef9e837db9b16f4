"""``twingrid rule check | test | explain | new | list | show | reload``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker
from app.usage import Program


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    group = Program(help=speaker.say("cmd.rule"), no_args_is_help=True)
    app.add_typer(group, name="rule")
    _register_check(group, speaker)


def _register_check(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("check", help=speaker.say("cmd.rule.check"))
    def check(
        paths: list[Path] = typer.Argument(None, help=speaker.say("help.rule.paths")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        strict: bool = typer.Option(False, "--strict", help=speaker.say("help.rule.strict")),
        cost: bool = typer.Option(False, "--cost", help=speaker.say("help.rule.cost")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.rule_check import check as run

        options = {"strict": strict, "cost": cost, "json": as_json}
        raise typer.Exit(run(speaker, paths or (), config, options))
