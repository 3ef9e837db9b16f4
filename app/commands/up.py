"""``twingrid up``."""

from pathlib import Path

import typer

from app.console import Speaker
from app.settings_file import load


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("up", help=speaker.say("cmd.up"))
    def up(config: Path | None = typer.Option(None, help=speaker.say("help.config"))) -> None:
        loaded = load(config)
        from app import runner
        from app.claim import claimed
        from app.installation import options, processes

        settings = loaded.settings
        address = f"http://{settings.api.host}:{settings.api.port}"

        def ready() -> None:
            speaker.out.print(speaker.say("up.ready", address=address))
            if settings.setup_code_file.exists():
                speaker.note(speaker.say("up.setup", file=settings.setup_code_file))

        with claimed(settings.data_dir, "data_dir"):
            raise typer.Exit(runner.run(processes(settings, loaded.file), options(settings), speaker, ready))
