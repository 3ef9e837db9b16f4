"""``twingrid doctor``."""

from pathlib import Path

import typer

from app.console import Speaker
from app.exits import Exit


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("doctor", help=speaker.say("cmd.doctor"))
    def doctor(
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app.doctor import Verdict, examine
        from app.settings_file import load

        results = examine(load(config).settings)
        language = speaker.language.value
        if as_json:
            speaker.json(
                [
                    {
                        "what": r.what,
                        "verdict": r.verdict.value,
                        "say": r.say.in_language(language),
                        "fix": r.fix.in_language(language),
                    }
                    for r in results
                ]
            )
        else:
            rows = [
                [
                    speaker.say(f"doctor.{r.verdict.value}"),
                    r.label(language),
                    r.say.in_language(language),
                    r.fix.in_language(language),
                ]
                for r in results
            ]
            speaker.table(["", "", "", speaker.say("check.fix")], rows)
        raise typer.Exit(Exit.FINDING if any(r.verdict is Verdict.BAD for r in results) else Exit.OK)
