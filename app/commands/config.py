"""``twingrid config show``."""

from pathlib import Path

import typer

from app.console import Speaker
from app.settings_file import DEFAULT, Origin, load
from app.usage import Program


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""
    group = Program(help=speaker.say("cmd.config"), no_args_is_help=True)
    app.add_typer(group, name="config")

    @group.callback()
    def top() -> None:
        """A group, also while it has one member only."""

    @group.command("show", help=speaker.say("cmd.config.show"))
    def show(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        origin: bool = typer.Option(False, "--origin", help=speaker.say("help.origin")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        rows = list(load(config).rows())
        if as_json:
            speaker.json([{"setting": n, "value": v, "origin": str(o) if origin else o.kind} for n, v, o in rows])
            return
        columns = [speaker.say("col.setting"), speaker.say("col.value")]
        columns += [speaker.say("col.origin")] if origin else []
        speaker.table(columns, ([n, v, *([_origin(o, speaker)] if origin else [])] for n, v, o in rows))


def _origin(origin: Origin, speaker: Speaker) -> str:
    return speaker.say("default") if origin.kind == DEFAULT else str(origin)
