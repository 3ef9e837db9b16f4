"""``twingrid check``."""

from pathlib import Path

import typer

from app.console import Speaker, finding_values
from app.exits import Exit


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("check", help=speaker.say("cmd.check"))
    def check(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.checking import check_all

        result = check_all(config)
        if as_json:
            speaker.json({"files": list(result.files), "findings": finding_values(result.findings, speaker.language)})
        elif result.findings:
            speaker.findings(result.findings)
            speaker.note(speaker.say("check.bad", count=len(result.findings)))
        else:
            speaker.out.print(speaker.say("check.good", count=len(result.files)))
        raise typer.Exit(Exit.FINDING if result.findings else Exit.OK)
