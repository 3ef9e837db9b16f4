"""Options that most of ``twingrid site …`` have."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker

FOLDER = Path("site")


def session_option(speaker: Speaker) -> Path:
    """The folder of the session."""
    option: Path = typer.Option(FOLDER, "--session", "-s", envvar="TWINGRID_SITE", help=speaker.say("help.session"))
    return option


def json_option(speaker: Speaker) -> bool:
    """Whether the answer is for programs."""
    option: bool = typer.Option(False, "--json", help=speaker.say("help.json"))
    return option
