"""The command ``twingrid``: joins the commands, chooses the language, turns errors into exit codes.

Only what a command needs is imported when it runs, so that ``twingrid version`` does not load a database.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import typer

from app.commands import (
    alarms,
    api,
    bundle,
    check,
    config,
    core,
    demo,
    doctor,
    exchange,
    gateway,
    login,
    modbus,
    notify,
    profile,
    registry,
    rule,
    site,
    token,
    up,
    version,
    webhook,
)
from app.console import Speaker
from app.exits import Exit
from app.findings import BUSY_PORT
from app.process import OWNER_ONLY
from app.texts import choose_language, without_language
from app.usage import Program, UsageError, explain
from core.errors import Invalid, TwingridError, Unavailable

log = logging.getLogger(__name__)


def build(speaker: Speaker) -> typer.Typer:
    """The command with all its subcommands, speaking one language."""
    app = Program(
        name="twingrid",
        help=speaker.say("about"),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def top(lang: str = typer.Option("", help=speaker.say("help.lang"))) -> None:
        """``lang`` was looked at before the help texts were made."""

    for part in (
        *(demo, up, core, api, gateway, site, modbus, alarms, notify, check, profile, rule, registry, exchange),
        *(login, token, webhook, doctor, bundle, config, version),
    ):
        part.register(app, speaker)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line of this process and exit; whatever it and its children write is for this user alone."""
    os.umask(OWNER_ONLY)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command line; the exit code."""
    speaker = Speaker.make(choose_language(arguments))
    command = typer.main.get_command(build(speaker))
    try:
        code = command.main(
            without_language(arguments), prog_name="twingrid", standalone_mode=False, obj=speaker.language
        )
    except UsageError as error:
        return explain(error, speaker.language)
    except SystemExit as end:  # a command may end the process itself
        return end.code if isinstance(end.code, int) else Exit.OK
    except typer.Abort:
        return Exit.FINDING
    except Invalid as error:
        speaker.findings(error.findings)
        return Exit.UNAVAILABLE if all(f.code == BUSY_PORT.code for f in error.findings) else Exit.CONFIG
    except Unavailable as error:
        speaker.error(speaker.say("error.unavailable", why=error.in_language(speaker.language)))
        return Exit.UNAVAILABLE
    except TwingridError as error:
        speaker.error(error.in_language(speaker.language))
        return Exit.FINDING
    return code if isinstance(code, int) else Exit.OK


if __name__ == "__main__":
    main()
