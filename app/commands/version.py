"""``twingrid version``."""

import platform
from importlib import metadata

import typer

from app.console import Speaker

UNKNOWN = "0.0.0+source"


def twingrid_version() -> str:
    """The installed version; a checkout that is not installed says so."""
    try:
        return metadata.version("twingrid")
    except metadata.PackageNotFoundError:
        return UNKNOWN


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("version", help=speaker.say("cmd.version"))
    def version(as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json"))) -> None:
        values = {"twingrid": twingrid_version(), "python": platform.python_version(), "machine": platform.machine()}
        if as_json:
            speaker.json(values)
        else:
            speaker.out.print("twingrid {twingrid} · Python {python} · {machine}".format(**values))
