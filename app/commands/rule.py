"""``twingrid rule``: the group of its commands."""

from __future__ import annotations

import typer

from app.commands import rule_backtest, rule_tools
from app.console import Speaker
from app.usage import Program


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    group = Program(help=speaker.say("cmd.rule"), no_args_is_help=True)
    app.add_typer(group, name="rule")
    rule_tools.register(group, speaker)
    rule_backtest.register(group, speaker)
