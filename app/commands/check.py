"""``twingrid check``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.console import Speaker, finding_values
from app.exits import Exit

if TYPE_CHECKING:
    from app.checking import PredictedLoad

MOST_BUSES = 20
"""Buses that are listed one by one; all of them stand in the JSON."""


def load_values(predicted: PredictedLoad) -> dict[str, object]:
    """A predicted load as JSON."""
    load = predicted.load
    units = [{"unit": one.name, "percent": one.percent, "requests_per_s": one.requests_per_s} for one in load.units]
    return {
        "file": predicted.file,
        "bus": predicted.bus,
        "percent": load.percent,
        "round_s": load.round_s,
        "tight": load.tight,
        "units": units,
    }


def _print_loads(speaker: Speaker, loads: Sequence[PredictedLoad]) -> None:
    """The busiest buses, a line each."""
    busiest = sorted((one for one in loads if one.load.units), key=lambda one: -one.load.percent)
    for one in busiest[:MOST_BUSES]:
        most = max(one.load.units, key=lambda unit: unit.percent)
        text = "check.bus-tight" if one.load.tight else "check.bus"
        line = speaker.say(
            text,
            bus=one.bus,
            percent=one.load.percent,
            unit=most.name,
            share=most.percent,
            seconds=one.load.round_s,
        )
        speaker.out.print(line)


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
            told = [notice.in_language(speaker.language) for notice in result.notices]
            loads = [load_values(load) for load in result.loads]
            findings = finding_values(result.findings, speaker.language)
            speaker.json({"files": list(result.files), "findings": findings, "buses": loads, "notices": told})
        elif result.findings:
            speaker.findings(result.findings)
            speaker.note(speaker.say("check.bad", count=len(result.findings)))
        else:
            _print_loads(speaker, result.loads)
            for notice in result.notices:
                speaker.note(notice.in_language(speaker.language))
            speaker.out.print(speaker.say("check.good", count=len(result.files)))
        raise typer.Exit(Exit.FINDING if result.findings else Exit.OK)
