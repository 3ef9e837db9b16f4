"""``twingrid site sign | verify | recheck | config``: the record of a session, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import typer

from app.commands.site_options import json_option, session_option
from app.console import Speaker
from app.exits import Exit
from gateway.site_survey.configuration import record_name


def register(group: typer.Typer, speaker: Speaker) -> None:
    """Add the commands to the group ``site``."""
    for part in (_sign, _verify, _config):
        part(group, speaker)


def _sign(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("sign", help=speaker.say("cmd.site.sign"))
    def sign(
        by: str = typer.Option(help=speaker.say("help.by")),
        session: Path = session_option(speaker),
        key: Path | None = typer.Option(None, help=speaker.say("help.key")),
        into: Path | None = typer.Option(None, help=speaker.say("help.sign-into")),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run
        from app.commands.version import twingrid_version

        one = site_run.open_session(session)
        signed = one.sign(by, key_file=key, version=twingrid_version())
        if into is not None:
            copy = into / record_name(one.state.bus.id)
            write(copy, signed.file.read_bytes())
            speaker.note(speaker.say("site.written", file=copy))
        unproven = signed.record.unproven
        if as_json:
            site_run.show_json(speaker, {"signed": signed.state, "file": str(signed.file), "unproven": unproven})
        else:
            text = speaker.say(
                "site.signed", file=signed.file, digest=signed.state.digest, fingerprint=signed.state.key
            )
            speaker.out.print(text, markup=False, soft_wrap=True)
        if unproven:
            speaker.note(speaker.say("site.unproven", names=", ".join(unproven)))
        raise typer.Exit(Exit.FINDING if unproven else Exit.OK)


def _verify(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("verify", help=speaker.say("cmd.site.verify"))
    def verify(
        record: Path = typer.Argument(help=speaker.say("help.record")), as_json: bool = json_option(speaker)
    ) -> None:
        from app import site_run
        from gateway import site_sign

        found = site_sign.verify(site_sign.read(record), str(record))
        if as_json:
            values = {"holds": found.holds, "intact": found.intact, "genuine": found.genuine}
            site_run.show_json(speaker, values | {"sha256": found.digest, "key": found.key})
        elif found.holds:
            speaker.out.print(speaker.say("site.holds", fingerprint=found.key))
        if not found.intact:
            speaker.error(speaker.say("site.altered"))
        elif not found.genuine:
            speaker.error(speaker.say("site.not-genuine"))
        raise typer.Exit(Exit.OK if found.holds else Exit.FINDING)

    @group.command("recheck", help=speaker.say("cmd.site.recheck"))
    def recheck(
        record: Path = typer.Argument(help=speaker.say("help.record")),
        session: Path = session_option(speaker),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run, site_show
        from gateway import site_sign

        content = site_sign.verify(site_sign.read(record), str(record)).content
        one = site_run.open_session(session)
        found, _ = site_run.run(one, lambda: one.recheck(content))
        if as_json:
            site_run.show_json(speaker, found)
        else:
            site_show.contradictions(speaker, found.contradictions, found.unheard)
        raise typer.Exit(Exit.FINDING if found.contradictions or found.unheard else Exit.OK)


def _config(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("config", help=speaker.say("cmd.site.config"))
    def config(
        session: Path = session_option(speaker),
        into: Path | None = typer.Option(None, help=speaker.say("help.into")),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run
        from gateway.site_desk import RECORD_FILE

        found = site_run.open_session(session).configuration()
        if into is not None:
            files = {"buses.yaml": found.buses} | {f"profiles/{name}": text for name, text in found.profiles.items()}
            if found.record:
                files[found.record] = (session / RECORD_FILE).read_text(encoding="utf-8")
            for name, text in files.items():
                write(into / name, text.encode())
                speaker.note(speaker.say("site.written", file=into / name))
        if as_json:
            site_run.show_json(speaker, found)
        elif into is None:
            speaker.out.print(found.buses, markup=False, soft_wrap=True)
            for name, text in found.profiles.items():
                speaker.out.print(f"# profiles/{name}\n{text}", markup=False, soft_wrap=True)


def write(path: Path, data: bytes) -> None:
    """Write a file whole, with its folders."""
    from gateway.site_store import SiteStore

    SiteStore(path.parent).write(path.name, data)
