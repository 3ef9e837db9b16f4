"""``twingrid site test``: a test alarm of a point, from the running gateway to the worker's phone and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer

from app.console import Speaker
from app.exits import Exit
from gateway.site_survey.drill import DrillStage

_EXITS: Final[Mapping[DrillStage, Exit]] = {
    DrillStage.OPEN: Exit.OK,
    DrillStage.CONFIRMED: Exit.OK,
    DrillStage.OFFLINE: Exit.UNAVAILABLE,
    DrillStage.UNANSWERED: Exit.UNAVAILABLE,
}


def register(group: typer.Typer, speaker: Speaker) -> None:
    """Add the command to the group ``site``."""

    @group.command("test", help=speaker.say("cmd.site.test"))
    def test(
        unit: int = typer.Argument(help=speaker.say("help.unit")),
        point: str = typer.Argument(help=speaker.say("help.drill-point")),
        session: Path = typer.Option(
            Path("site"), "--session", "-s", envvar="TWINGRID_SITE", help=speaker.say("help.session")
        ),
        gateway: Path = typer.Option(..., envvar="TWINGRID_GATEWAY", help=speaker.say("help.drill-gateway")),
        by: str = typer.Option("", help=speaker.say("help.by")),
        wait_s: float = typer.Option(0.0, "--wait", min=0.0, max=2400.0, help=speaker.say("help.drill-wait")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        import asyncio

        from app import site_run, site_show
        from core.clock import SystemClock
        from core.errors import Unavailable
        from gateway.local_port import LocalPost, socket_of
        from gateway.rollouts import kept_config
        from gateway.site_drill import follow
        from gateway.site_survey.drill import NO_GATEWAY, DrillState, failed

        post = LocalPost(socket_of(kept_config(gateway)))
        one = site_run.open_session(session)
        begun = one.call_drill(unit, point, by)

        async def keep(state: DrillState) -> None:
            one.note_drill(unit, point, state)
            if not as_json:
                site_show.drill(speaker, state)

        try:
            state = asyncio.run(follow(post, begun, keep, SystemClock(), until_confirmed_s=wait_s))
        except Unavailable:
            latest = one.state.drills.get(f"{unit}/{point}", begun)
            state = one.note_drill(unit, point, failed(latest, DrillStage.OFFLINE, NO_GATEWAY()))
            if not as_json:
                site_show.drill(speaker, state)
        if as_json:
            site_run.show_json(speaker, {"unit": unit, "point": point, "test": state})
        elif state == begun:
            site_show.drill(speaker, state)
        raise typer.Exit(_EXITS.get(state.stage, Exit.FINDING))
