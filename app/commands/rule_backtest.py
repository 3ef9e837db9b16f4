"""``twingrid rule backtest``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker

_MINUTE_MS = 60_000


def register(group: typer.Typer, speaker: Speaker) -> None:
    """Add the command to its group."""

    @group.command("backtest", help=speaker.say("cmd.rule.backtest"))
    def backtest(
        subject: str = typer.Argument("", help=speaker.say("help.backtest.subject")),
        class_id: str = typer.Option("", "--class", help=speaker.say("help.backtest.class")),
        community: list[str] = typer.Option(
            [], "--community", metavar="CODE", help=speaker.say("help.backtest.community")
        ),
        cell: list[str] = typer.Option([], "--cell", metavar="CODE", help=speaker.say("help.backtest.cell")),
        facility: list[str] = typer.Option(
            [], "--facility", metavar="CODE", help=speaker.say("help.backtest.facility")
        ),
        last: str = typer.Option("90d", "--last", help=speaker.say("help.backtest.last")),
        begin: str = typer.Option("", "--from", help=speaker.say("help.backtest.from")),
        end: str = typer.Option("", "--to", help=speaker.say("help.backtest.to")),
        accept_min: int = typer.Option(15, "--accept-min", min=0, max=1440, help=speaker.say("help.backtest.accept")),
        work_min: int = typer.Option(60, "--work-min", min=0, max=10_080, help=speaker.say("help.backtest.work")),
        config: Path | None = typer.Option(None, help=speaker.say("help.config")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
        events: bool = typer.Option(False, "--events", help=speaker.say("help.backtest.events")),
    ) -> None:
        from app.backtest_run import run
        from app.backtest_scope import Scope
        from dispatch.foreseen import Crew

        scope = Scope(
            subject=subject,
            class_id=class_id,
            communities=tuple(community),
            cells=tuple(cell),
            facilities=tuple(facility),
            last=last,
            begin=begin,
            end=end,
        )
        crew = Crew(accept_ms=accept_min * _MINUTE_MS, work_ms=work_min * _MINUTE_MS)
        raise typer.Exit(run(speaker, config, scope, crew, as_json=as_json, events=events))
