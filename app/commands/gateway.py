"""``twingrid gateway`` and ``twingrid gateway config …``."""

from __future__ import annotations

from pathlib import Path

import typer

from app.console import Speaker
from app.exits import Exit
from app.usage import Program, UsageError


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command and its group."""
    group = Program(help=speaker.say("cmd.gateway"), no_args_is_help=True)
    app.add_typer(group, name="gateway", invoke_without_command=True)

    @group.callback(invoke_without_command=True)
    def gateway(
        context: typer.Context,
        config: Path | None = typer.Option(None, help=speaker.say("help.gateway-file")),
        site_port: int | None = typer.Option(None, min=0, max=65535, help=speaker.say("help.gateway-site-port")),
        site_host: str = typer.Option("127.0.0.1", help=speaker.say("help.gateway-site-host")),
        site_folder: Path | None = typer.Option(None, help=speaker.say("help.gateway-site-folder")),
        log_level: str = typer.Option("info", "--log-level"),
    ) -> None:
        if context.invoked_subcommand is not None:
            return
        if config is None:
            raise UsageError("Missing option '--config'.", context)
        from app import edge

        if site_port is None:
            raise typer.Exit(edge.run(config, log_level))
        from app.site_launch import beside

        raise typer.Exit(edge.run(config, log_level, beside(speaker, config, site_host, site_port, site_folder)))

    _register_config(group, speaker)


def _register_config(group: typer.Typer, speaker: Speaker) -> None:
    part = Program(help=speaker.say("cmd.gateway.config"), no_args_is_help=True)
    group.add_typer(part, name="config")
    which = typer.Argument(..., help=speaker.say("help.gateway"))
    settings_file = typer.Option(None, "--config", help=speaker.say("help.config"))
    json_flag = typer.Option(False, "--json", help=speaker.say("help.json"))

    @part.command("list", help=speaker.say("cmd.gateway.config.list"))
    def list_versions(gateway: str = which, config: Path | None = settings_file, as_json: bool = json_flag) -> None:
        from app import configuration_view as view

        raise typer.Exit(view.list_versions(speaker, config, gateway, as_json=as_json))

    @part.command("show", help=speaker.say("cmd.gateway.config.show"))
    def show(
        gateway: str = which,
        version: int = typer.Option(0, min=0, help=speaker.say("help.version-shown")),
        config: Path | None = settings_file,
    ) -> None:
        from app import configuration_view as view

        raise typer.Exit(view.show(speaker, config, gateway, version))

    @part.command("diff", help=speaker.say("cmd.gateway.config.diff"))
    def diff(
        gateway: str = which,
        version: int = typer.Option(..., min=1, help=speaker.say("help.version")),
        config: Path | None = settings_file,
        as_json: bool = json_flag,
    ) -> None:
        from app import configuration_view as view

        raise typer.Exit(view.diff(speaker, config, gateway, version, as_json=as_json))

    @part.command("push", help=speaker.say("cmd.gateway.config.push"))
    def push(
        gateway: str = which,
        file: Path | None = typer.Option(None, help=speaker.say("help.configuration-file")),
        version: int = typer.Option(0, min=0, help=speaker.say("help.version")),
        note: str = typer.Option("", help=speaker.say("help.config.note")),
        wait_s: float = typer.Option(0.0, "--wait", min=0.0, help=speaker.say("help.wait")),
        config: Path | None = settings_file,
        as_json: bool = json_flag,
    ) -> None:
        from app import configuration_view as view

        if (file is None) == (version == 0):
            speaker.error(speaker.say("config.file-or-version"))
            raise typer.Exit(Exit.USAGE)
        what = file if file is not None else version
        raise typer.Exit(view.push(speaker, config, gateway, what, note, wait_s, as_json=as_json))
