"""``twingrid webhook``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker
from app.usage import Program


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the group."""
    part = Program(help=speaker.say("cmd.webhook"), no_args_is_help=True)
    app.add_typer(part, name="webhook")
    _look(part, speaker)
    _keep(part, speaker)


def _look(part: Program, speaker: Speaker) -> None:
    config_help, json_help = speaker.say("help.config"), speaker.say("help.json")

    @part.command("add", help=speaker.say("cmd.webhook.add"))
    def add(
        url: str = typer.Argument(help=speaker.say("help.webhook.url")),
        name: str = typer.Option(..., "--name", help=speaker.say("help.webhook.name")),
        event: list[str] = typer.Option(..., "--event", help=speaker.say("help.webhook.event")),
        community: list[str] = typer.Option([], "--community", help=speaker.say("help.webhook.community")),
        config: Path | None = typer.Option(None, help=config_help),
        as_json: bool = typer.Option(False, "--json", help=json_help),
    ) -> None:
        from app.webhook_view import add as added

        raise typer.Exit(added(speaker, config, url, name, event, community, as_json=as_json))

    @part.command("list", help=speaker.say("cmd.webhook.list"))
    def list_webhooks(
        every: bool = typer.Option(False, "--all", help=speaker.say("help.webhook.all")),
        config: Path | None = typer.Option(None, help=config_help),
        as_json: bool = typer.Option(False, "--json", help=json_help),
    ) -> None:
        from app.webhook_view import show

        raise typer.Exit(show(speaker, config, every=every, as_json=as_json))

    @part.command("messages", help=speaker.say("cmd.webhook.messages"))
    def messages(
        number: int = typer.Argument(min=0, help=speaker.say("help.webhook.number")),
        config: Path | None = typer.Option(None, help=config_help),
        as_json: bool = typer.Option(False, "--json", help=json_help),
    ) -> None:
        from app.webhook_view import messages as shown

        raise typer.Exit(shown(speaker, config, number, as_json=as_json))

    @part.command("again", help=speaker.say("cmd.webhook.again"))
    def again(
        number: int = typer.Argument(min=0, help=speaker.say("help.webhook.number")),
        message: int = typer.Argument(min=0, help=speaker.say("help.webhook.message")),
        config: Path | None = typer.Option(None, help=config_help),
    ) -> None:
        from app.webhook_view import again as sent_again

        raise typer.Exit(sent_again(speaker, config, number, message))


def _keep(part: Program, speaker: Speaker) -> None:
    config_help, json_help = speaker.say("help.config"), speaker.say("help.json")

    @part.command("test", help=speaker.say("cmd.webhook.test"))
    def test(
        number: int = typer.Argument(min=0, help=speaker.say("help.webhook.number")),
        config: Path | None = typer.Option(None, help=config_help),
    ) -> None:
        from app.webhook_view import test as tested

        raise typer.Exit(tested(speaker, config, number))

    @part.command("rotate", help=speaker.say("cmd.webhook.rotate"))
    def rotate(
        number: int = typer.Argument(min=0, help=speaker.say("help.webhook.number")),
        config: Path | None = typer.Option(None, help=config_help),
        as_json: bool = typer.Option(False, "--json", help=json_help),
    ) -> None:
        from app.webhook_view import rotate as rotated

        raise typer.Exit(rotated(speaker, config, number, as_json=as_json))

    def move(event: str) -> None:
        @part.command(event, help=speaker.say(f"cmd.webhook.{event}"))
        def moved(
            number: int = typer.Argument(min=0, help=speaker.say("help.webhook.number")),
            config: Path | None = typer.Option(None, help=config_help),
        ) -> None:
            from app.webhook_view import move as made

            raise typer.Exit(made(speaker, config, number, event))

    move("pause")
    move("end")

    @part.command("resume", help=speaker.say("cmd.webhook.resume"))
    def resume(
        number: int = typer.Argument(min=0, help=speaker.say("help.webhook.number")),
        skip: bool = typer.Option(False, "--skip", help=speaker.say("help.webhook.skip")),
        config: Path | None = typer.Option(None, help=config_help),
    ) -> None:
        from app.webhook_view import move as made

        raise typer.Exit(made(speaker, config, number, "resume", skip=skip))
