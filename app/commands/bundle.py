"""``twingrid bundle``."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from app.console import Speaker
from app.exits import Exit


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("bundle", help=speaker.say("cmd.bundle"))
    def bundle(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        gateway: list[Path] = typer.Option([], metavar="<path>", help=speaker.say("help.bundle-gateway")),
        log: list[Path] = typer.Option([], metavar="<path>", help=speaker.say("help.bundle-log")),
        out: Path | None = typer.Option(None, help=speaker.say("help.bundle-out")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.bundle import write_bundle
        from app.settings_file import load
        from core.errors import Unavailable
        from core.foreign import system_problem

        settings = None if gateway and config is None else load(config).settings
        gateways = [*gateway, *(settings.gateways if settings else ())]
        file = out or Path(time.strftime("twingrid-%Y%m%d-%H%M%S.zip"))
        try:
            done = write_bundle(file, settings, gateways, log)
        except OSError as error:
            raise Unavailable(system_problem(error)) from error
        if as_json:
            said = {"file": str(done.file), "parts": list(done.parts), "missing": dict(done.missing)}
            speaker.json({**said, "taken_out": done.taken})
        else:
            speaker.out.print(speaker.say("bundle.done", file=done.file, parts=len(done.parts)), markup=False)
            for name, why in done.missing.items():
                speaker.note(speaker.say("bundle.missing", name=name, why=why))
        raise typer.Exit(Exit.FINDING if done.missing else Exit.OK)
